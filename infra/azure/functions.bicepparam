using 'functions.bicep'

param prefix = 'qmoi'
param databasePassword = readEnvironmentVariable('QMOI_DATABASE_PASSWORD')
param secrets = {
  GITHUB_APP_PRIVATE_KEY: readEnvironmentVariable('GITHUB_APP_PRIVATE_KEY', '')
  GITHUB_TOKEN: readEnvironmentVariable('GITHUB_TOKEN', '')
  GITHUB_WEBHOOK_SECRET: readEnvironmentVariable('GITHUB_WEBHOOK_SECRET', '')
  GITLAB_TOKEN: readEnvironmentVariable('GITLAB_TOKEN', '')
  GITLAB_WEBHOOK_SECRET: readEnvironmentVariable('GITLAB_WEBHOOK_SECRET', '')
  GITLAB_WEBHOOK_SIGNING_TOKEN: readEnvironmentVariable('GITLAB_WEBHOOK_SIGNING_TOKEN', '')
  QMOI_ADMIN_TOKEN: readEnvironmentVariable('QMOI_ADMIN_TOKEN', '')
}
param settings = {
  QMOI__Work__HandlerTimeout: '00:15:00'
}

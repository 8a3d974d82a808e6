using 'container-apps.bicep'

param prefix = 'qmoi'
param image = readEnvironmentVariable('QMOI_IMAGE')
param registry = readEnvironmentVariable('QMOI_REGISTRY', '')
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

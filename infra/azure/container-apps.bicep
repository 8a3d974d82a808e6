// The bot on Azure Container Apps: a web app that receives and a worker app that works, one image, PostgreSQL. Tools are off there (no user namespaces);
// text fixers stay on.
//   az deployment group create -g qmoi -f infra/azure/container-apps.bicep -p infra/azure/container-apps.bicepparam
@description('Begins every name; 3 to 11 lower-case letters and digits')
@minLength(3)
@maxLength(11)
param prefix string = 'qmoi'

param location string = resourceGroup().location

@description('The image of infra/container/Dockerfile, by digest or by a tag that never moves')
param image string

@description('Name of the Azure Container Registry in this resource group that holds it; empty: a public one')
param registry string = ''

@secure()
@minLength(20)
param databasePassword string

param databaseSku string = 'Standard_B2s'

@allowed(['Burstable', 'GeneralPurpose', 'MemoryOptimized'])
param databaseTier string = 'Burstable'

@minValue(7)
@maxValue(35)
param backupDays int = 14

param isDatabaseRedundant bool = false

@secure()
@description('GITHUB_TOKEN or GITHUB_APP_PRIVATE_KEY, GITHUB_WEBHOOK_SECRET, GITLAB_TOKEN, GITLAB_WEBHOOK_SECRET or GITLAB_WEBHOOK_SIGNING_TOKEN, QMOI_ADMIN_TOKEN')
param secrets object

@description('Settings that are no secret, by the names of docs/settings.md')
param settings object = {}

@description('Where traces and metrics go; empty: nowhere')
param otlpEndpoint string = ''

@minValue(1)
param maxWebs int = 4

@minValue(1)
param maxWorkers int = 10

module shared 'shared.bicep' = {
  name: 'shared'
  params: {
    prefix: prefix
    location: location
    databasePassword: databasePassword
    databaseSku: databaseSku
    databaseTier: databaseTier
    backupDays: backupDays
    isDatabaseRedundant: isDatabaseRedundant
    secrets: secrets
  }
}

var identityId = resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', '${prefix}-identity')

resource images 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = if (!empty(registry)) {
  name: empty(registry) ? 'none' : registry
}

// AcrPull
resource mayPull 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(registry)) {
  name: guid(resourceGroup().id, prefix, registry, 'acr-pull')
  scope: images
  properties: {
    principalId: shared.outputs.identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
  }
}

resource surroundings 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: '${prefix}-environment'
  location: location
  properties: {
    appLogsConfiguration: { destination: 'azure-monitor' }
    vnetConfiguration: { infrastructureSubnetId: shared.outputs.programSubnetId }
    workloadProfiles: [{ name: 'Consumption', workloadProfileType: 'Consumption' }]
  }
}

resource toLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: surroundings
  properties: {
    workspaceId: shared.outputs.logsId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
  }
}

// Workers are scaled by processor: what they mostly wait for is the forge, so the age of the queue is the better measure where Prometheus can be asked.
var roles = [
  { name: 'web', cpu: '0.5', memory: '1Gi', min: 2, max: maxWebs, rule: { name: 'requests', http: { metadata: { concurrentRequests: '100' } } } }
  { name: 'worker', cpu: '1', memory: '2Gi', min: 1, max: maxWorkers, rule: { name: 'processor', custom: { type: 'cpu', metadata: { type: 'Utilization', value: '60' } } } }
]

resource apps 'Microsoft.App/containerApps@2024-03-01' = [for role in roles: {
  name: '${prefix}-${role.name}'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    environmentId: surroundings.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: role.name == 'web' ? { external: true, targetPort: 8080, transport: 'auto', allowInsecure: false } : null
      registries: empty(registry) ? [] : [{ server: '${registry}.azurecr.io', identity: identityId }]
      secrets: map(shared.outputs.vaultSettings, each => { name: each.secret, keyVaultUrl: each.url, identity: identityId })
    }
    template: {
      terminationGracePeriodSeconds: 75
      containers: [
        {
          name: 'qmoi'
          image: image
          args: ['serve', '--role', role.name, '--urls', 'http://0.0.0.0:8080']
          resources: { cpu: json(role.cpu), memory: role.memory }
          env: concat(
            map(shared.outputs.vaultSettings, each => { name: each.setting, secretRef: each.secret }),
            map(items(settings), each => { name: each.key, value: string(each.value) }),
            empty(otlpEndpoint) ? [] : [{ name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: otlpEndpoint }],
            [{ name: 'QMOI__Data', value: '/data' }])
          probes: [
            { type: 'Startup', httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 2, failureThreshold: 30 }
            { type: 'Liveness', httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 }
            { type: 'Readiness', httpGet: { path: '/readyz', port: 8080 }, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 2 }
          ]
          volumeMounts: [
            { volumeName: 'data', mountPath: '/data' }
            { volumeName: 'tmp', mountPath: '/tmp' }
          ]
        }
      ]
      scale: { minReplicas: role.min, maxReplicas: role.max, rules: [role.rule] }
      volumes: [
        { name: 'data', storageType: 'EmptyDir' }
        { name: 'tmp', storageType: 'EmptyDir' }
      ]
    }
  }
  dependsOn: [mayPull]
}]

output webhooks string = 'https://${apps[0].properties.configuration.ingress.fqdn}/webhooks/'

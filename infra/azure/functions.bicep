// The bot as an Azure Functions app: Flex Consumption, custom handler, PostgreSQL. Tools are off there (no user namespaces); text fixers stay on.
//   az deployment group create -g qmoi -f infra/azure/functions.bicep -p infra/azure/functions.bicepparam
@description('Begins every name; 3 to 11 lower-case letters and digits')
@minLength(3)
@maxLength(11)
param prefix string = 'qmoi'

@description('One that "az functionapp list-flexconsumption-locations" names')
param location string = resourceGroup().location

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

@description('Where traces and metrics go; empty: nowhere. The host itself reports to Application Insights')
param otlpEndpoint string = ''

@description('Memory of an instance, in MB')
@allowed([512, 2048, 4096])
param instanceMemory int = 2048

@minValue(1)
@maxValue(1000)
param maxInstances int = 40

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

var suffix = uniqueString(resourceGroup().id, prefix)
var packages = 'packages'

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: take('${prefix}${suffix}', 24)
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    supportsHttpsTrafficOnly: true
  }

  resource blobs 'blobServices' = {
    name: 'default'

    resource container 'containers' = {
      name: packages
    }
  }
}

// What the Functions host keeps there: Storage Blob Data Owner, Storage Queue Data Contributor, Storage Table Data Contributor
var storageRoles = ['b7e6dc6d-f1e8-4753-8033-0f276bb0955b', '974c5e8b-45b9-4653-ba55-5f855dd0fb88', '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3']

resource mayStore 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in storageRoles: {
  name: guid(storage.id, prefix, role)
  scope: storage
  properties: {
    principalId: shared.outputs.identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}]

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: '${prefix}-plan'
  location: location
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

var identityId = resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', '${prefix}-identity')

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: '${prefix}-${suffix}'
  location: location
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: shared.outputs.programSubnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packages}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      runtime: { name: 'custom', version: '1.0' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemory
        maximumInstanceCount: maxInstances
        // A delivery is answered after its commit; one instance is always there, so that the first one does not wait for a start.
        alwaysReady: [{ name: 'http', instanceCount: 1 }]
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      http20Enabled: true
    }
  }
  dependsOn: [mayStore, storage::blobs::container]

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(
      toObject(shared.outputs.vaultSettings, each => each.setting, each => '@Microsoft.KeyVault(SecretUri=${each.url})'),
      settings,
      empty(otlpEndpoint) ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint },
      {
        AzureWebJobsStorage__accountName: storage.name
        AzureWebJobsStorage__credential: 'managedidentity'
        AzureWebJobsStorage__clientId: shared.outputs.identityClientId
        APPLICATIONINSIGHTS_CONNECTION_STRING: shared.outputs.insightsConnection
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${shared.outputs.identityClientId};Authorization=AAD'
      })
  }
}

output webhooks string = 'https://${app.properties.defaultHostName}/webhooks/'
output appName string = app.name

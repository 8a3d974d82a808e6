// What both ways of hosting need: an identity, a vault with the secrets, logs, a network, and the PostgreSQL database.
@description('Begins every name; 3 to 11 lower-case letters and digits')
@minLength(3)
@maxLength(11)
param prefix string

param location string

@description('Name of the database admin')
param databaseAdmin string = 'qmoi'

@secure()
@minLength(20)
param databasePassword string

@description('Compute of the database, such as Standard_B2s (Burstable) or Standard_D2ds_v5 (GeneralPurpose)')
param databaseSku string

@allowed(['Burstable', 'GeneralPurpose', 'MemoryOptimized'])
param databaseTier string

@minValue(7)
@maxValue(35)
@description('Days that the database can be restored to any second of')
param backupDays int

@description('A standby in another zone; not with Burstable')
param isDatabaseRedundant bool

@description('What is delegated the subnet of the program: both hostings want this one')
param delegation string = 'Microsoft.App/environments'

@secure()
@description('Names of settings and their values; each becomes a secret. Empty ones are left out')
param secrets object

var suffix = uniqueString(resourceGroup().id, prefix)
var given = filter(items(secrets), secret => !empty(secret.value))
// Key Vault allows no underscores in names.
var names = map(given, secret => { setting: secret.key, secret: replace(toLower(secret.key), '_', '-') })

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${prefix}-identity'
  location: location
}

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: '${prefix}-logs'
  location: location
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 30
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: '${prefix}-insights'
  location: location
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: logs.id
    DisableLocalAuth: true
  }
}

resource network 'Microsoft.Network/virtualNetworks@2024-01-01' = {
  name: '${prefix}-network'
  location: location
  properties: {
    addressSpace: { addressPrefixes: ['10.40.0.0/16'] }
    subnets: [
      {
        name: 'program'
        properties: {
          addressPrefix: '10.40.0.0/23'
          delegations: [{ name: 'program', properties: { serviceName: delegation } }]
        }
      }
      {
        name: 'database'
        properties: {
          addressPrefix: '10.40.2.0/28'
          delegations: [{ name: 'database', properties: { serviceName: 'Microsoft.DBforPostgreSQL/flexibleServers' } }]
        }
      }
    ]
  }

  resource program 'subnets' existing = {
    name: 'program'
  }

  resource database 'subnets' existing = {
    name: 'database'
  }
}

resource zone 'Microsoft.Network/privateDnsZones@2020-06-01' = {
  name: '${prefix}-${suffix}.private.postgres.database.azure.com'
  location: 'global'

  resource link 'virtualNetworkLinks' = {
    name: 'network'
    location: 'global'
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: network.id }
    }
  }
}

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' = {
  name: '${prefix}-${suffix}'
  location: location
  sku: {
    name: databaseSku
    tier: databaseTier
  }
  properties: {
    version: '17'
    administratorLogin: databaseAdmin
    administratorLoginPassword: databasePassword
    storage: { storageSizeGB: 32, autoGrow: 'Enabled' }
    backup: { backupRetentionDays: backupDays, geoRedundantBackup: 'Disabled' }
    highAvailability: { mode: isDatabaseRedundant ? 'ZoneRedundant' : 'Disabled' }
    network: {
      delegatedSubnetResourceId: network::database.id
      privateDnsZoneArmResourceId: zone.id
    }
  }
  dependsOn: [zone::link]

  resource database 'databases' = {
    name: 'qmoi'
  }
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: '${prefix}-${take(suffix, 12)}'
  location: location
  properties: {
    tenantId: subscription().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    enablePurgeProtection: true
  }
}

resource stored 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = [for name in names: {
  parent: vault
  name: name.secret
  properties: { value: secrets[name.setting] }
}]

resource databaseUrl 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'database-url'
  properties: {
    value: 'postgres://${uriComponent(databaseAdmin)}:${uriComponent(databasePassword)}@${server.properties.fullyQualifiedDomainName}:5432/${server::database.name}?sslmode=require'
  }
}

// Key Vault Secrets User
resource mayRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identity.id, 'secrets-user')
  scope: vault
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')
  }
}

// Monitoring Metrics Publisher
resource mayReport 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, identity.id, 'metrics-publisher')
  scope: insights
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '3913510d-42f4-4e42-8a64-420c390055eb')
  }
}

output identityClientId string = identity.properties.clientId
output identityPrincipalId string = identity.properties.principalId
output insightsConnection string = insights.properties.ConnectionString
output logsId string = logs.id
output programSubnetId string = network::program.id
@description('Settings whose values lie in the vault: { setting, url }')
output vaultSettings array = concat(
  map(names, name => { setting: name.setting, secret: name.secret, url: '${vault.properties.vaultUri}secrets/${name.secret}' }),
  [{ setting: 'DATABASE_URL', secret: 'database-url', url: '${vault.properties.vaultUri}secrets/database-url' }])

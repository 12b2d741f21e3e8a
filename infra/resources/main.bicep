// Step 2, by somebody with a subscription. Neither identity made here gets a role on anything but this deployment's own
// storage, telemetry and vault.
targetScope = 'subscription'

@minLength(1)
@description('Names the resource group, and with it the deployment')
param environmentName string

param location string

@description('Name of the function app; it must be free in all of Azure, for it is a host name too')
@minLength(2)
@maxLength(60)
param functionAppName string

@description('Public origin of the server, the same as in step 1')
param publicUrl string

@description('SERVER_CLIENT_ID of step 1')
param serverClientId string

@description('APPLICATION_ID_URI of step 1')
param applicationIdUri string

@description('How the server proves to Entra ID who it is. docs/set-up.md says which to choose.')
@allowed(['certificate', 'certificate-in-vault', 'federated'])
param credential string = 'certificate'

@description('Name of the certificate in the vault')
param certificateName string = 'mcp-cost-server-obo'

@description('Object id of who creates and renews the certificate; empty: nobody may yet')
param certificateOfficerPrincipalId string = ''

@description('Who reads the alerts; empty: they are raised and sent to nobody')
param alertEmail string = ''

@description('How long the audit can be asked')
@minValue(365)
@maxValue(730)
param retentionInDays int = 365

@description('How long an exchanged token may be used again, and so how long a revocation may take')
@minValue(60)
@maxValue(1800)
param oboCacheTtlSeconds int = 1800

@minValue(1)
@maxValue(10000000)
param oboCacheCapacity int = 10000

@description('Months of cost data that one person may ask for in an hour')
@minValue(12)
@maxValue(1000000)
param callerQueryBudget int = 300

@description('Comma list of client ids that may call; empty: any client of the tenant')
param allowedClientIds string = ''

@description('Comma list of web origins that may call; empty: no browser')
param allowedOrigins string = ''

@description('Comma list of tools to take away')
param disabledTools string = ''

@description('Log filter; never silences the audit')
param logFilter string = 'info'

@allowed([512, 2048, 4096])
param instanceMemoryMB int = 512

@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Calls that an instance has at once before another one is started')
@minValue(1)
@maxValue(1000)
param perInstanceConcurrency int = 100

@description('Instances that never sleep; each costs something also when nobody asks')
@minValue(0)
@maxValue(40)
param alwaysReadyInstances int = 0

var token = uniqueString(subscription().id, environmentName, location)
var tags = { 'azd-env-name': environmentName }
var usesVault = credential != 'federated'

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identities 'identities.bicep' = {
  name: 'identities'
  scope: group
  params: { location: location, tags: tags, token: token }
}

module storage 'storage.bicep' = {
  name: 'storage'
  scope: group
  params: { location: location, tags: tags, token: token, hostPrincipalId: identities.outputs.hostPrincipalId }
}

module monitoring 'monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    retentionInDays: retentionInDays
    hostPrincipalId: identities.outputs.hostPrincipalId
  }
}

module vault 'vault.bicep' = if (usesVault) {
  name: 'vault'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    signsInVault: credential == 'certificate-in-vault'
    appPrincipalId: identities.outputs.appPrincipalId
    certificateOfficerPrincipalId: certificateOfficerPrincipalId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module function 'function.bicep' = {
  name: 'function'
  scope: group
  params: {
    location: location
    tags: tags
    functionAppName: functionAppName
    hostIdentityId: identities.outputs.hostIdentityId
    hostClientId: identities.outputs.hostClientId
    appIdentityId: identities.outputs.appIdentityId
    blobEndpoint: storage.outputs.blobEndpoint
    packageContainer: storage.outputs.packageContainer
    telemetryConnection: monitoring.outputs.connection
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    perInstanceConcurrency: perInstanceConcurrency
    alwaysReadyInstances: alwaysReadyInstances
    allowedOrigins: allowedOrigins
    serverSettings: union(
      {
        AZURE_TENANT_ID: tenant().tenantId
        AZURE_CLIENT_ID: serverClientId
        APP_ID_URI: applicationIdUri
        PUBLIC_URL: publicUrl
        AZURE_AUTHORITY_HOST: environment().authentication.loginEndpoint
        AZURE_RESOURCE_MANAGER_URL: environment().resourceManager
        OBO_CACHE_TTL_SECONDS: string(oboCacheTtlSeconds)
        OBO_CACHE_CAPACITY: string(oboCacheCapacity)
        CALLER_QUERY_BUDGET: string(callerQueryBudget)
        ALLOWED_CLIENT_IDS: allowedClientIds
        ALLOWED_ORIGINS: allowedOrigins
        DISABLED_TOOLS: disabledTools
        RUST_LOG: logFilter
      },
      usesVault
        ? {
            KEY_VAULT_URL: vault!.outputs.url
            OBO_CERTIFICATE_NAME: certificateName
            KEY_VAULT_IDENTITY: identities.outputs.appClientId
          }
        : { OBO_FEDERATED_IDENTITY_CLIENT_ID: identities.outputs.appClientId }
    )
  }
}

module alerts 'alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: { location: location, tags: tags, applicationInsightsId: monitoring.outputs.applicationInsightsId, alertEmail: alertEmail }
}

module workbook 'workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: { location: location, tags: tags, applicationInsightsId: monitoring.outputs.applicationInsightsId }
}

output RESOURCE_GROUP string = group.name
output FUNCTION_APP_NAME string = functionAppName
output CREDENTIAL string = credential
output CERTIFICATE_NAME string = usesVault ? certificateName : ''
output KEY_VAULT_NAME string = usesVault ? vault!.outputs.name : ''
output APP_IDENTITY_PRINCIPAL_ID string = usesVault ? '' : identities.outputs.appPrincipalId

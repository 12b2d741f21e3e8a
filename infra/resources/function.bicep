// The function app: a custom handler on Flex Consumption. The platform's own authentication stays off: it would answer 401
// and the protected resource metadata before the handler, which does both itself, tool by tool.
param location string
param tags object
param functionAppName string
param hostIdentityId string
param hostClientId string
param appIdentityId string
param blobEndpoint string
param packageContainer string
param telemetryConnection string
param instanceMemoryMB int
param maximumInstanceCount int
param perInstanceConcurrency int
param alwaysReadyInstances int
param allowedOrigins string

@description('What the handler reads: names and values as in the README')
param serverSettings object

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'plan-${functionAppName}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource site 'Microsoft.Web/sites@2024-11-01' = {
  name: functionAppName
  location: location
  tags: union(tags, { 'azd-service-name': 'server' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${hostIdentityId}': {}, '${appIdentityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    functionAppConfig: {
      runtime: { name: 'custom', version: '1.0' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobEndpoint}${packageContainer}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: hostIdentityId }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        // a call waits for Azure nearly all of its time: the platform's default would start an instance for every few
        triggers: { http: { perInstanceConcurrency: perInstanceConcurrency } }
        alwaysReady: alwaysReadyInstances == 0 ? [] : [{ name: 'http', instanceCount: alwaysReadyInstances }]
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      // the platform answers preflight requests itself, so it must know the origins too
      cors: { allowedOrigins: empty(allowedOrigins) ? [] : split(allowedOrigins, ',') }
    }
  }
}

resource settings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: site
  name: 'appsettings'
  properties: union(serverSettings, {
    AzureWebJobsStorage__blobServiceUri: blobEndpoint
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: hostClientId
    AzureWebJobsDisableHomepage: 'true'
    APPLICATIONINSIGHTS_CONNECTION_STRING: telemetryConnection
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${hostClientId};Authorization=AAD'
  })
}

resource noPasswordsForFtp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: site
  name: 'ftp'
  properties: { allow: false }
}

resource noPasswordsForDeployment 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: site
  name: 'scm'
  properties: { allow: false }
}

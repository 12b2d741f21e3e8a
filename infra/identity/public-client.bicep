// One registration for the tools of people that bring none: device code and loopback redirects, no secret, cost.read only.
// cost.export is asked for when a tool needs it, and an administrator must have consented.
extension microsoftGraphV1

targetScope = 'subscription'

param uniqueName string
param redirectUris array
param serverClientId string
param costReadId string

resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: uniqueName
  displayName: uniqueName
  description: 'MCP clients of people that ask for Azure costs.'
  signInAudience: 'AzureADMyOrg'
  // the device code flow has no redirect address that would say so
  isFallbackPublicClient: true
  publicClient: {
    redirectUris: redirectUris
  }
  requiredResourceAccess: [
    {
      resourceAppId: serverClientId
      resourceAccess: [{ id: costReadId, type: 'Scope' }]
    }
  ]
}

resource servicePrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: application.appId
}

output clientId string = application.appId

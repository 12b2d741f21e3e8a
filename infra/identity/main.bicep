// Step 1, by somebody who may register applications. Creates objects in Entra ID only: no Azure resource, no Azure role.
targetScope = 'subscription'

@description('Public origin of the server, without a path: https://costs.contoso.example')
param publicUrl string

@description('Prefix of the full scope names; empty: api://<tenant id>/mcp-cost-server. On a verified domain: the endpoint itself, for clients that send an RFC 8707 resource.')
param applicationIdUri string = ''

@description('Immutable name by which the registrations are found again')
param uniqueName string = 'mcp-cost-server'

@description('Applications whose users are not asked before cost.read is used: Visual Studio Code')
param preAuthorizedClientIds array = ['aebc6443-996d-45c2-90f0-388ff96faa56']

@description('Where the tools of people may receive the answer of a sign-in; Entra ID ignores the port of a loopback address')
param publicClientRedirectUris array = [
  'http://localhost'
  'http://localhost/callback'
  'http://localhost/oauth/callback'
  'http://127.0.0.1'
  'http://127.0.0.1/callback'
]

@description('Object (principal) id of the user-assigned identity to trust in place of a certificate; step 2 prints it')
param federatedIdentityPrincipalId string = ''

var scopePrefix = empty(applicationIdUri) ? 'api://${tenant().tenantId}/mcp-cost-server' : applicationIdUri

module server 'server.bicep' = {
  name: 'server-registration'
  params: {
    publicUrl: publicUrl
    applicationIdUri: scopePrefix
    uniqueName: uniqueName
    preAuthorizedClientIds: preAuthorizedClientIds
  }
}

module publicClient 'public-client.bicep' = {
  name: 'public-client-registration'
  params: {
    uniqueName: '${uniqueName}-clients'
    redirectUris: publicClientRedirectUris
    serverClientId: server.outputs.clientId
    costReadId: server.outputs.costReadId
  }
}

module federatedCredential 'federated-credential.bicep' = if (!empty(federatedIdentityPrincipalId)) {
  name: 'federated-credential'
  params: {
    applicationUniqueName: uniqueName
    identityPrincipalId: federatedIdentityPrincipalId
  }
  dependsOn: [server]
}

@description('AZURE_TENANT_ID of the server')
output AZURE_TENANT_ID string = tenant().tenantId

@description('AZURE_CLIENT_ID of the server')
output SERVER_CLIENT_ID string = server.outputs.clientId

@description('APP_ID_URI of the server')
output APPLICATION_ID_URI string = scopePrefix

@description('What people enter as client id where their tool has no registration of its own')
output PUBLIC_CLIENT_ID string = publicClient.outputs.clientId

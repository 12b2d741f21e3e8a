// Two identities, because two duties: the Functions host stores and reports, the server proves who it is. Neither can do
// the other's work by its roles, although one process could ask for both.
param location string
param tags object
param token string

@description('The Functions host: its storage and its telemetry')
resource host 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-host-${token}'
  location: location
  tags: tags
}

@description('The server: its certificate in the vault, or nothing at all where the registration trusts it')
resource app 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-app-${token}'
  location: location
  tags: tags
}

output hostIdentityId string = host.id
output hostClientId string = host.properties.clientId
output hostPrincipalId string = host.properties.principalId
output appIdentityId string = app.id
output appClientId string = app.properties.clientId
output appPrincipalId string = app.properties.principalId

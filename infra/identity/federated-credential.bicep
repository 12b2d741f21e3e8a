// The server's registration trusts one user-assigned identity of its own tenant: no certificate, no secret, no vault.
extension microsoftGraphV1

targetScope = 'subscription'

param applicationUniqueName string
param identityPrincipalId string

var audiences = {
  AzureCloud: 'api://AzureADTokenExchange'
  AzureUSGovernment: 'api://AzureADTokenExchangeUSGov'
  AzureChinaCloud: 'api://AzureADTokenExchangeChina'
}
var audience = audiences[environment().name]

resource application 'Microsoft.Graph/applications@v1.0' existing = {
  uniqueName: applicationUniqueName
}

resource credential 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = {
  name: '${application.uniqueName}/server-identity'
  description: 'The identity of the function app signs the exchange.'
  audiences: [audience]
  issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
  subject: identityPrincipalId
}

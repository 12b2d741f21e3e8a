// The server's registration: the audience of the callers' tokens and the client of the On-Behalf-Of exchange. It has no
// application permission, no secret, and no certificate until one is registered or an identity is trusted.
extension microsoftGraphV1

targetScope = 'subscription'

param publicUrl string
param applicationIdUri string
param uniqueName string
param preAuthorizedClientIds array

var costReadId = guid(tenant().tenantId, uniqueName, 'cost.read')
var costExportId = guid(tenant().tenantId, uniqueName, 'cost.export')
var diagnosticsReadId = guid(tenant().tenantId, uniqueName, 'Diagnostics.Read')

var azureServiceManagement = {
  clientId: '797f4846-ba00-4fd7-ba43-dac1f8f63013'
  userImpersonation: '41094075-9dad-400e-a0bd-54e686782033'
}
var microsoftGraph = {
  clientId: '00000003-0000-0000-c000-000000000000'
  userRead: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d'
}

resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: uniqueName
  displayName: uniqueName
  description: 'Reads Azure costs as the person who asks. It has no permission of its own.'
  signInAudience: 'AzureADMyOrg'
  identifierUris: union(['api://${tenant().tenantId}/mcp-cost-server'], [applicationIdUri])
  api: {
    // tokens of version 1.0 carry another issuer and another audience: the server refuses them
    requestedAccessTokenVersion: 2
    oauth2PermissionScopes: [
      {
        id: costReadId
        value: 'cost.read'
        type: 'User'
        isEnabled: true
        userConsentDisplayName: 'Read Azure costs as you'
        userConsentDescription: 'Shows the costs of the subscriptions whose costs you may read.'
        adminConsentDisplayName: 'Read Azure costs as the signed-in user'
        adminConsentDescription: 'Shows users the costs of the subscriptions whose costs they may read.'
      }
      {
        id: costExportId
        value: 'cost.export'
        type: 'Admin'
        isEnabled: true
        userConsentDisplayName: 'Export Azure costs as you'
        userConsentDescription: 'Hands out the costs that you may read as a file.'
        adminConsentDisplayName: 'Export Azure costs as the signed-in user'
        adminConsentDescription: 'Hands out the costs that a user may read as a file, which can leave the organisation.'
      }
    ]
    preAuthorizedApplications: [
      for clientId in preAuthorizedClientIds: {
        appId: clientId
        delegatedPermissionIds: [costReadId]
      }
    ]
  }
  appRoles: [
    {
      id: diagnosticsReadId
      value: 'Diagnostics.Read'
      allowedMemberTypes: ['Application']
      isEnabled: true
      displayName: 'Read the health of the server'
      description: 'For monitoring: keys, credential, cache and exchanges of an instance. Nothing about people or costs.'
    }
  ]
  optionalClaims: {
    accessToken: [
      // tells a service from a person
      { name: 'idtyp' }
      // tells that the client can answer a claims challenge
      { name: 'xms_cc' }
    ]
  }
  requiredResourceAccess: [
    {
      resourceAppId: azureServiceManagement.clientId
      resourceAccess: [{ id: azureServiceManagement.userImpersonation, type: 'Scope' }]
    }
    {
      resourceAppId: microsoftGraph.clientId
      resourceAccess: [{ id: microsoftGraph.userRead, type: 'Scope' }]
    }
  ]
  web: {
    // where a person lands after consenting; nothing is read there
    redirectUris: ['${publicUrl}/consented']
    implicitGrantSettings: {
      enableAccessTokenIssuance: false
      enableIdTokenIssuance: false
    }
  }
}

resource servicePrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: application.appId
}

output clientId string = application.appId
output costReadId string = costReadId

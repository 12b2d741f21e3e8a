using './main.bicep'

// none of these may be an output of step 2: azd would see the two steps wait for each other
param publicUrl = readEnvironmentVariable('PUBLIC_URL')
param applicationIdUri = readEnvironmentVariable('APP_ID_URI', '')
param federatedIdentityPrincipalId = readEnvironmentVariable('FEDERATED_IDENTITY_PRINCIPAL_ID', '')

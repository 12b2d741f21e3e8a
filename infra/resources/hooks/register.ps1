# After the resources are there: makes the certificate if there is none, tells Entra ID its public half, and prints what
# people need. Safe to run again. Reads what azd provides, or what `az deployment sub show` printed; no secret passes here.
# The same as register.sh.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

foreach ($name in 'AZURE_TENANT_ID', 'SERVER_CLIENT_ID', 'PUBLIC_URL', 'APPLICATION_ID_URI', 'PUBLIC_CLIENT_ID', 'CREDENTIAL') {
  if (-not [Environment]::GetEnvironmentVariable($name)) { throw "$name is not set" }
}

function Get-CertificateVersion {
  $id = az keyvault certificate show --vault-name $env:KEY_VAULT_NAME --name $env:CERTIFICATE_NAME --query id --output tsv 2>$null
  if ($LASTEXITCODE -ne 0) { return $null }
  return $id.Split('/')[-1]
}

function New-Certificate {
  # Key Vault fixes at creation whether a key may ever leave
  $exportable = ($env:CREDENTIAL -eq 'certificate').ToString().ToLower()
  $policy = (Get-Content -Raw "$PSScriptRoot/certificate-policy.json") -replace '"exportable": true', "`"exportable`": $exportable"
  $file = New-TemporaryFile
  Set-Content -Path $file -Value $policy
  Write-Output "Making the certificate $env:CERTIFICATE_NAME in $env:KEY_VAULT_NAME"
  # a role assigned a moment ago may take minutes to count
  foreach ($wait in 10, 20, 40, 60, 60, 60, 0) {
    az keyvault certificate create --vault-name $env:KEY_VAULT_NAME --name $env:CERTIFICATE_NAME --policy "@$file" --output none
    if ($LASTEXITCODE -eq 0) { return }
    Start-Sleep -Seconds $wait
  }
  throw "The vault does not let you make a certificate: you need Key Vault Certificates Officer on $env:KEY_VAULT_NAME"
}

function Register-Certificate {
  $version = Get-CertificateVersion
  $registered = az ad app credential list --id $env:SERVER_CLIENT_ID --cert --query "[?displayName=='$version'] | length(@)" --output tsv 2>$null
  if ($LASTEXITCODE -eq 0 -and $registered -ne '0') {
    Write-Output "Entra ID knows version $version of the certificate"
    return
  }
  az ad app credential reset --id $env:SERVER_CLIENT_ID --append --keyvault $env:KEY_VAULT_NAME --cert $env:CERTIFICATE_NAME --display-name $version --output none
  if ($LASTEXITCODE -eq 0) {
    Write-Output "Registered version $version of the certificate"
    return
  }
  Write-Output @"
You may not change the registration. Send somebody who may the public half of the certificate, which is no secret:
  az keyvault certificate download --vault-name $env:KEY_VAULT_NAME --name $env:CERTIFICATE_NAME --encoding PEM --file $version.pem
and ask them to run
  az ad app credential reset --id $env:SERVER_CLIENT_ID --append --cert @$version.pem --display-name $version
"@
}

if ($env:CREDENTIAL -eq 'federated') {
  # remembered for step 1, where azd is in use
  if (Get-Command azd -ErrorAction SilentlyContinue) {
    azd env set FEDERATED_IDENTITY_PRINCIPAL_ID $env:APP_IDENTITY_PRINCIPAL_ID
  }
  Write-Output @"
The registration must trust the identity of the app. Whoever did step 1 repeats it once (azd provision identity) with
  FEDERATED_IDENTITY_PRINCIPAL_ID=$env:APP_IDENTITY_PRINCIPAL_ID
"@
}
else {
  if (-not (Get-CertificateVersion)) { New-Certificate }
  Register-Certificate
}

$login = "https://login.microsoftonline.com/$env:AZURE_TENANT_ID"
Write-Output @"

MCP endpoint:  $env:PUBLIC_URL/mcp
Client id for tools that ask for one:  $env:PUBLIC_CLIENT_ID

Visual Studio Code, .vscode/mcp.json:
  { "servers": { "azure-costs": { "type": "http", "url": "$env:PUBLIC_URL/mcp" } } }

Consent, once, by an administrator, so that nobody is asked whether this server may read Azure for them:
  $login/adminconsent?client_id=$env:SERVER_CLIENT_ID
or by each person:
  $login/oauth2/v2.0/authorize?client_id=$env:SERVER_CLIENT_ID&response_type=code&redirect_uri=$env:PUBLIC_URL/consented&scope=https://management.azure.com/.default
Exports are for those whose client an administrator has granted them:
  az ad app permission grant --id $env:PUBLIC_CLIENT_ID --api $env:SERVER_CLIENT_ID --scope "cost.read cost.export"
"@

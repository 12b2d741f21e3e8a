#!/bin/sh
# After the resources are there: makes the certificate if there is none, tells Entra ID its public half, and prints what
# people need. Safe to run again. Reads what azd provides, or what `az deployment sub show` printed; no secret passes here.
set -eu

: "${AZURE_TENANT_ID:?is the tenant}" "${SERVER_CLIENT_ID:?is an output of step 1}" "${PUBLIC_URL:?is where the server is}"
: "${APPLICATION_ID_URI:?is an output of step 1}" "${PUBLIC_CLIENT_ID:?is an output of step 1}" "${CREDENTIAL:?is an output of step 2}"
hooks=$(cd "$(dirname "$0")" && pwd)

certificate_version() {
  az keyvault certificate show --vault-name "$KEY_VAULT_NAME" --name "$CERTIFICATE_NAME" --query id --output tsv 2>/dev/null
}

make_certificate() {
  # Key Vault fixes at creation whether a key may ever leave
  exportable=true
  [ "$CREDENTIAL" = certificate ] || exportable=false
  policy=$(sed "s/\"exportable\": true/\"exportable\": $exportable/" "$hooks/certificate-policy.json")
  echo "Making the certificate $CERTIFICATE_NAME in $KEY_VAULT_NAME"
  # a role assigned a moment ago may take minutes to count
  for wait in 10 20 40 60 60 60 0; do
    az keyvault certificate create --vault-name "$KEY_VAULT_NAME" --name "$CERTIFICATE_NAME" --policy "$policy" \
      --output none && return
    sleep "$wait"
  done
  echo "The vault does not let you make a certificate: you need Key Vault Certificates Officer on $KEY_VAULT_NAME" >&2
  exit 1
}

register_certificate() {
  version=$(basename "$(certificate_version)")
  registered=$(az ad app credential list --id "$SERVER_CLIENT_ID" --cert --query "[?displayName=='$version'] | length(@)" \
    --output tsv 2>/dev/null || echo 0)
  if [ "$registered" != 0 ]; then
    echo "Entra ID knows version $version of the certificate"
  elif az ad app credential reset --id "$SERVER_CLIENT_ID" --append --keyvault "$KEY_VAULT_NAME" --cert "$CERTIFICATE_NAME" \
    --display-name "$version" --output none; then
    echo "Registered version $version of the certificate"
  else
    cat <<TEXT
You may not change the registration. Send somebody who may the public half of the certificate, which is no secret:
  az keyvault certificate download --vault-name $KEY_VAULT_NAME --name $CERTIFICATE_NAME --encoding PEM --file $version.pem
and ask them to run
  az ad app credential reset --id $SERVER_CLIENT_ID --append --cert @$version.pem --display-name $version
TEXT
  fi
}

case $CREDENTIAL in
  federated)
    : "${APP_IDENTITY_PRINCIPAL_ID:?is an output of step 2}"
    # remembered for step 1, where azd is in use
    ! command -v azd >/dev/null || azd env set FEDERATED_IDENTITY_PRINCIPAL_ID "$APP_IDENTITY_PRINCIPAL_ID" || true
    cat <<TEXT
The registration must trust the identity of the app. Whoever did step 1 repeats it once (azd provision identity) with
  FEDERATED_IDENTITY_PRINCIPAL_ID=$APP_IDENTITY_PRINCIPAL_ID
TEXT
    ;;
  *)
    : "${KEY_VAULT_NAME:?is an output of step 2}" "${CERTIFICATE_NAME:?is an output of step 2}"
    certificate_version >/dev/null || make_certificate
    register_certificate
    ;;
esac

login=https://login.microsoftonline.com/$AZURE_TENANT_ID
cat <<TEXT

MCP endpoint:  $PUBLIC_URL/mcp
Client id for tools that ask for one:  $PUBLIC_CLIENT_ID

Visual Studio Code, .vscode/mcp.json:
  { "servers": { "azure-costs": { "type": "http", "url": "$PUBLIC_URL/mcp" } } }

Consent, once, by an administrator, so that nobody is asked whether this server may read Azure for them:
  $login/adminconsent?client_id=$SERVER_CLIENT_ID
or by each person:
  $login/oauth2/v2.0/authorize?client_id=$SERVER_CLIENT_ID&response_type=code&redirect_uri=$PUBLIC_URL/consented&scope=https://management.azure.com/.default
Exports are for those whose client an administrator has granted them:
  az ad app permission grant --id $PUBLIC_CLIENT_ID --api $SERVER_CLIENT_ID --scope "cost.read cost.export"
TEXT

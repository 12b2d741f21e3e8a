"""Proves that every rule can fail: each row breaks one sentence of the repository, and the named rule must say so.

A row whose sentence is no longer there fails too: it would prove nothing.
"""

from __future__ import annotations

import sys

from bicep import ROOT, Repository
from policy import RULES, problems

MAIN = "infra/resources/main.bicep"
VAULT = "infra/resources/vault.bicep"
STORAGE = "infra/resources/storage.bicep"
MONITORING = "infra/resources/monitoring.bicep"
FUNCTION = "infra/resources/function.bicep"
ALERTS = "infra/resources/alerts.bicep"
SERVER = "infra/identity/server.bicep"
CLIENT = "infra/identity/public-client.bicep"
FEDERATED = "infra/identity/federated-credential.bicep"
LIVE = ".github/workflows/live.yml"
HANDLER = "handler/src/settings.rs"
PERMISSION = "handler/identity/src/caller/permission.rs"

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
COST_READER = f"""
resource appSeesCosts 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid(vault.id, '{READER}')
  properties: {{
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{READER}')
  }}
}}
"""
LOOPED = COST_READER.replace("= {", "= [for role in ['x']: {", 1).rstrip()[:-1] + "}]\n"

SCRIPT = """
resource script 'Microsoft.Resources/deploymentScripts@2023-08-01' = {
  name: 'script'
  kind: 'AzureCLI'
  properties: { scriptContent: 'az role assignment create' }
}
"""

# rule, file, what stands there, what stands there instead
MUTATIONS = [
    ("roles", VAULT, "output name string", f"{COST_READER}\noutput name string"),
    ("roles", VAULT, "output name string", f"{LOOPED}\noutput name string"),
    ("roles", VAULT, "= if (signsInVault) {", "= {"),
    ("roles", VAULT, "= if (signsInVault) {", "= if (!signsInVault) {"),
    ("roles", VAULT, "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba", "00482a5a-887f-4fb3-b363-3b7fe8e74483"),
    (
        "roles",
        VAULT,
        "  scope: vault\n  properties: {\n    principalId: appPrincipalId",
        "  properties: {\n    principalId: appPrincipalId",
    ),
    (
        "roles",
        MAIN,
        "hostPrincipalId: identities.outputs.hostPrincipalId }",
        "hostPrincipalId: identities.outputs.appPrincipalId }",
    ),
    (
        "roles",
        MAIN,
        "appPrincipalId: identities.outputs.appPrincipalId",
        "appPrincipalId: identities.outputs.hostPrincipalId",
    ),
    (
        "roles",
        "infra/resources/identities.bicep",
        "output hostPrincipalId string = host.",
        "output hostPrincipalId string = app.",
    ),
    ("roles", MAIN, "= if (usesVault) {", "= {"),
    ("nothing_else", VAULT, "output name", f"{SCRIPT}output name"),
    ("nothing_else", VAULT, "'Microsoft.Insights/diagnosticSettings@", "'Microsoft.KeyVault/vaults/accessPolicies@"),
    ("no_permission_of_its_own", SERVER, "userImpersonation, type: 'Scope'", "userImpersonation, type: 'Role'"),
    (
        "no_permission_of_its_own",
        SERVER,
        "output clientId",
        "resource granted 'Microsoft.Graph/appRoleAssignedTo@v1.0' = { principalId: 'x', appRoleId: 'y', resourceId: 'z' }\noutput clientId",
    ),
    (
        "identities",
        MAIN,
        "KEY_VAULT_IDENTITY: identities.outputs.appClientId",
        "KEY_VAULT_IDENTITY: identities.outputs.hostClientId",
    ),
    (
        "identities",
        FUNCTION,
        "AzureWebJobsStorage__clientId: hostClientId",
        "AzureWebJobsStorage__clientId: appIdentityId",
    ),
    ("identities", FUNCTION, "type: 'UserAssigned'", "type: 'SystemAssigned, UserAssigned'"),
    ("known_settings", MAIN, "PUBLIC_URL: publicUrl", "PUBLIC_URI: publicUrl"),
    ("known_settings", MAIN, "AZURE_CLIENT_ID: serverClientId\n", ""),
    ("known_settings", MAIN, "APP_ID_URI: applicationIdUri", "APP_ID_URI: ''"),
    ("known_settings", MAIN, "OBO_CERTIFICATE_NAME: certificateName\n", ""),
    ("known_settings", MAIN, "RUST_LOG: logFilter", "RUST_LOG: logFilter\n        AZURE_CERT_PATH: '/x'"),
    ("known_settings", HANDLER, '"DISABLED_TOOLS"', '"TOOLS_TO_DISABLE"'),
    ("known_settings", MAIN, "param logFilter string = 'info'", "param logFilter string = 'off'"),
    ("no_secrets", MAIN, "RUST_LOG: logFilter", "RUST_LOG: logFilter\n        CLIENT_SECRET: 'x'"),
    ("no_secrets", FUNCTION, "AzureWebJobsDisableHomepage: 'true'", "AzureWebJobsDisableHomepage: 'AccountKey=abc'"),
    (
        "no_secrets",
        FUNCTION,
        "AzureWebJobsDisableHomepage: 'true'",
        "AzureWebJobsStorage: '@Microsoft.KeyVault(SecretUri=x)'",
    ),
    (
        "no_secrets",
        FUNCTION,
        "AzureWebJobsDisableHomepage: 'true'",
        "AzureWebJobsDisableHomepage: plan.properties.anything",
    ),
    (
        "no_secrets",
        FUNCTION,
        "AzureWebJobsDisableHomepage: 'true'",
        "AzureWebJobsDisableHomepage: listKeys(plan.id, '2024-11-01')",
    ),
    ("no_secrets", MAIN, "@description('Log filter;", "@secure()\n@description('Log filter;"),
    ("no_secrets", MONITORING, "DisableLocalAuth: true", "DisableLocalAuth: false"),
    ("no_secrets", SERVER, "signInAudience:", "passwordCredentials: [{ displayName: 'x' }]\n  signInAudience:"),
    ("scopes_and_roles", SERVER, "value: 'cost.export'", "value: 'cost.Export'"),
    ("scopes_and_roles", SERVER, "type: 'Admin'", "type: 'User'"),
    ("scopes_and_roles", SERVER, "['Application']", "['Application', 'User']"),
    ("scopes_and_roles", SERVER, "uniqueName, 'cost.export')", "uniqueName, 'cost.read')"),
    ("scopes_and_roles", PERMISSION, '=> "cost.read"', '=> "costs.read"'),
    ("scopes_and_roles", PERMISSION, '=> "Diagnostics.Read"', '=> "Diagnostics.Read.All"'),
    ("consent", SERVER, "delegatedPermissionIds: [costReadId]", "delegatedPermissionIds: [costReadId, costExportId]"),
    ("consent", SERVER, "output costReadId string = costReadId", "output costReadId string = costExportId"),
    ("registration", SERVER, "requestedAccessTokenVersion: 2", "requestedAccessTokenVersion: 1"),
    ("registration", SERVER, "      { name: 'xms_cc' }\n", ""),
    ("registration", SERVER, "797f4846-ba00-4fd7-ba43-dac1f8f63013", "797f4846-ba00-4fd7-ba43-dac1f8f63014"),
    ("registration", "handler/identity/src/exchange/advice.rs", "41094075-9dad", "41094075-9dae"),
    ("registration", SERVER, "/consented'", "/callback'"),
    ("registration", SERVER, "enableIdTokenIssuance: false", "enableIdTokenIssuance: true"),
    ("registration", CLIENT, "'AzureADMyOrg'", "'AzureADMultipleOrgs'"),
    ("registration", "infra/identity/main.bicep", "/mcp-cost-server' :", "/costs' :"),
    (
        "federated_credential",
        FEDERATED,
        "AzureCloud: 'api://AzureADTokenExchange'",
        "AzureCloud: 'api://AzureADTokenExchangeX'",
    ),
    ("federated_credential", FEDERATED, "TokenExchangeChina", "TokenExchangeCN"),
    ("federated_credential", FEDERATED, "subject: identityPrincipalId", "subject: applicationUniqueName"),
    ("federated_credential", MAIN, "'' : identities.outputs.appPrincipalId", "'' : identities.outputs.hostPrincipalId"),
    ("audit_is_kept", MAIN, "@minValue(365)", "@minValue(30)"),
    ("audit_is_kept", MAIN, "param retentionInDays int = 365", "param retentionInDays int = 90"),
    ("audit_is_kept", MONITORING, "SamplingPercentage: 100", "SamplingPercentage: 50"),
    ("audit_is_kept", MONITORING, "features: {", "workspaceCapping: { dailyQuotaGb: 1 }\n    features: {"),
    ("audit_is_kept", MONITORING, "name: 'AppTraces'", "name: 'AppRequests'"),
    ("audit_is_kept", MONITORING, "plan: 'Analytics'", "plan: 'Basic'"),
    ("audit_is_kept", MONITORING, "WorkspaceResourceId: workspace.id", "WorkspaceResourceId: traces.id"),
    ("audit_is_kept", "host.json", "Exception;Trace", "Exception"),
    ("audit_is_kept", "host.json", '"Host.Function.Console": "Information"', '"Host.Function.Console": "Warning"'),
    ("ranges", MAIN, "@maxValue(1800)", "@maxValue(3600)"),
    ("ranges", MAIN, "param oboCacheTtlSeconds int = 1800", "param oboCacheTtlSeconds int = 600"),
    ("ranges", HANDLER, "LONGEST_CACHE_TTL: u64 = 1800", "LONGEST_CACHE_TTL: u64 = 900"),
    ("ranges", MAIN, "string(callerQueryBudget)", "string(oboCacheCapacity)"),
    ("hardening", FUNCTION, "httpsOnly: true", "httpsOnly: false"),
    ("hardening", FUNCTION, "    minTlsVersion: '1.2'", "    minTlsVersion: '1.0'"),
    ("hardening", FUNCTION, "'Disabled'", "'AllAllowed'"),
    (
        "hardening",
        FUNCTION,
        "name: 'scm'\n  properties: { allow: false }",
        "name: 'scm'\n  properties: { allow: true }",
    ),
    ("hardening", FUNCTION, "name: 'appsettings'", "name: 'authsettingsV2'"),
    ("hardening", FUNCTION, "empty(allowedOrigins) ? []", "empty(allowedOrigins) ? ['*']"),
    (
        "hardening",
        FUNCTION,
        "userAssignedIdentityResourceId: hostIdentityId",
        "userAssignedIdentityResourceId: appIdentityId",
    ),
    ("hardening", STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"),
    ("hardening", STORAGE, "publicAccess: 'None'", "publicAccess: 'Blob'"),
    ("hardening", VAULT, "enablePurgeProtection: true", "enablePurgeProtection: false"),
    ("hardening", VAULT, "sku: {", "accessPolicies: [{ objectId: appPrincipalId }]\n    sku: {"),
    ("alerts", ALERTS, "name: 'latency'", "name: 'slow'"),
    ("alerts", ALERTS, "queries/latency.kql", "queries/operator-faults.kql"),
    ("alerts", ALERTS, "enabled: true\n      scopes", "enabled: false\n      scopes"),
    ("alerts", ALERTS, "threshold: 15000", "threshold: 30000"),
    ("alerts", ALERTS, "measure: 'denied'", "measure: 'subscriptions'"),
    ("alerts", ALERTS, "severity: 1", "severity: 3"),
    (
        "alerts",
        MAIN,
        "applicationInsightsId: monitoring.outputs.applicationInsightsId, alertEmail",
        "applicationInsightsId: monitoring.outputs.workspaceId, alertEmail",
    ),
    ("alerts", "infra/queries/README.md", "| `latency.kql` | 3 |", "| `latency.kql` | 2 |"),
    ("parameter_files", "infra/resources/main.bicepparam", "param publicUrl", "param publicUri"),
    ("parameter_files", "infra/identity/main.bicepparam", "param publicUrl", "// param publicUrl"),
    (
        "parameter_files",
        "infra/identity/main.bicepparam",
        "'FEDERATED_IDENTITY_PRINCIPAL_ID'",
        "'APP_IDENTITY_PRINCIPAL_ID'",
    ),
    ("explained", "infra/README.md", "`Microsoft.KeyVault/vaults`", "`Microsoft.KeyVault`"),
    ("explained", "infra/README.md", "`OBO_CACHE_TTL_SECONDS`", "the cache's life"),
    ("azure_yaml", "azure.yaml", "path: infra/identity", "path: infra/resources"),
    ("azure_yaml", "azure.yaml", "      dependsOn: [identity]\n", ""),
    ("azure_yaml", "azure.yaml", "  server:", "  mcp:"),
    ("azure_yaml", "azure.yaml", "hooks/register.sh", "../hooks/register.sh"),
    ("azure_yaml", "azure.yaml", "prepackage:", "predeploy:"),
    ("azure_yaml", "azure.yaml", "dist: dist/package", "dist: dist"),
    ("live_pipeline", LIVE, "id-token: write", "id-token: none"),
    ("live_pipeline", LIVE, "client-id: ${{ vars.PIPELINE_CLIENT_ID }}", "creds: ${{ secrets.AZURE_CREDENTIALS }}"),
    ("live_pipeline", LIVE, "sign_in BOB_EXPORT_TOKEN", "sign_in BOBS_TOKEN"),
    ("live_pipeline", LIVE, "uses: azure/login@v2", "uses: azure/login@v2\n      - uses: somebody/action@main"),
]


def main() -> int:
    failed = 0
    # what fails already proves nothing about a mutation
    before = problems(Repository())
    for rule, file, old, new in MUTATIONS:
        text = (ROOT / file).read_text(encoding="utf-8")
        found = [it for it in problems(Repository({file: text.replace(old, new)}))[rule] if it not in before[rule]]
        if old not in text:
            complaint = "is no longer there"
        elif not found:
            complaint = "was not noticed"
        else:
            continue
        failed += 1
        print(f"{rule}: {file}: {old!r} → {new!r} {complaint}")
    for rule in sorted(RULES.keys() - {rule for rule, *_ in MUTATIONS}):
        failed += 1
        print(f"{rule}: no mutation proves that it can fail")
    print(f"{len(MUTATIONS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

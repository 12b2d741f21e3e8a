"""What infra/ may be, as rules over the deployment that it describes, for each of the three credentials.

The rules know no scope, role or setting of their own where the handler has it: they read the handler's source. Each rule is
proven able to fail by mutations.py. What Azure makes of the deployment, only a live one shows.

    python policy.py             every rule, then every mutation
"""

from __future__ import annotations

import json
import posixpath
import re
import sys
from collections.abc import Callable, Iterator

import yaml
from bicep import BicepError, Reference, Repository
from world import OFFICER, World

# built-in roles of Azure, by https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
STORAGE_BLOB_DATA_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
MONITORING_METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
KEY_VAULT_CERTIFICATE_USER = "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba"
KEY_VAULT_CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
KEY_VAULT_CERTIFICATES_OFFICER = "a4417e6f-fecd-4de8-b567-7b0420556985"

HOST = "identities.host.properties.principalId"
APP = "identities.app.properties.principalId"

# settings of the Functions host, https://learn.microsoft.com/azure/azure-functions/functions-app-settings
HOST_SETTINGS = {
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsDisableHomepage",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
}
GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
YEAR = 365

Problems = Iterator[str]
RULES: dict[str, Callable[[World], Problems]] = {}


def rule(check: Callable[[World], Problems]) -> Callable[[World], Problems]:
    RULES[check.__name__] = check
    return check


@rule
def roles(world: World) -> Problems:
    """The app identity has one role, on the vault (two to sign there, none without a vault); nobody has any other."""
    hosts = {
        (HOST, STORAGE_BLOB_DATA_OWNER, "storage.account"),
        (HOST, MONITORING_METRICS_PUBLISHER, "monitoring.applicationInsights"),
    }
    officer = {(OFFICER, KEY_VAULT_CERTIFICATES_OFFICER, "vault.vault")}
    reads = {(APP, KEY_VAULT_CERTIFICATE_USER, "vault.vault")}
    signs = {(APP, KEY_VAULT_CRYPTO_USER, "vault.vault")}
    allowed = {
        "certificate": hosts | officer | reads,
        "certificate-in-vault": hosts | officer | reads | signs,
        "federated": hosts,
    }
    for credential, deployment in world.deployments.items():
        assigned = set()
        for it in deployment.resources:
            if it.type != "Microsoft.Authorization/roleAssignments":
                continue
            scope = it.body.get("scope")
            assigned.add(
                (
                    it.property("principalId"),
                    it.property("roleDefinitionId"),
                    scope.path if scope else "the whole group",
                )
            )
        for principal, role, scope in sorted(assigned - allowed[credential]):
            yield f"{credential}: {principal} must not have the role {role} on {scope}"
        for principal, role, scope in sorted(allowed[credential] - assigned):
            yield f"{credential}: {principal} lacks the role {role} on {scope}"


@rule
def nothing_else(world: World) -> Problems:
    """There are these kinds of resources and no other: a script, a lock's owner or an access policy could undo the rest."""
    kinds = {
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.Insights/actionGroups",
        "Microsoft.Insights/components",
        "Microsoft.Insights/diagnosticSettings",
        "Microsoft.Insights/scheduledQueryRules",
        "Microsoft.Insights/workbooks",
        "Microsoft.KeyVault/vaults",
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "Microsoft.OperationalInsights/workspaces",
        "Microsoft.OperationalInsights/workspaces/tables",
        "Microsoft.Resources/resourceGroups",
        "Microsoft.Storage/storageAccounts",
        "Microsoft.Storage/storageAccounts/blobServices",
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        "Microsoft.Web/serverfarms",
        "Microsoft.Web/sites",
        "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
        "Microsoft.Web/sites/config",
    }
    for credential, it in world.resources():
        if it.type not in kinds:
            yield f"{credential}: {it.place}: {it.type} has no place here"


@rule
def no_permission_of_its_own(world: World) -> Problems:
    """The registrations ask for delegated permissions only, and nothing is granted or assigned to them."""
    for it in world.identity.resources:
        if it.type not in (
            "Microsoft.Graph/applications",
            "Microsoft.Graph/servicePrincipals",
            "Microsoft.Graph/applications/federatedIdentityCredentials",
        ):
            yield f"{it.place}: {it.type} has no place here"
        for access in it.body.get("requiredResourceAccess", []):
            for permission in access["resourceAccess"]:
                if permission["type"] != "Scope":
                    yield f"{it.place}: {permission['id']} is an application permission"


@rule
def identities(world: World) -> Problems:
    """The host's storage and telemetry are reached as the one identity, the vault or the exchange as the other."""
    host, app = "identities.host.properties.clientId", "identities.app.properties.clientId"
    both = {"type": "UserAssigned", "userAssignedIdentities": {"identities.host.id": {}, "identities.app.id": {}}}
    for credential, it in world.of_type("Microsoft.Web/sites"):
        if it.body["identity"] != both:
            yield f"{credential}: {it.place}: has other identities than the two"
    for credential, settings in world.settings():
        expected = {
            "AzureWebJobsStorage__clientId": host,
            "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": f"ClientId={host};Authorization=AAD",
            "KEY_VAULT_IDENTITY": None if credential == "federated" else app,
            "OBO_FEDERATED_IDENTITY_CLIENT_ID": app if credential == "federated" else None,
        }
        for name, value in expected.items():
            if settings.get(name) != value:
                yield f"{credential}: {name} is {settings.get(name)}, not {value}"


@rule
def known_settings(world: World) -> Problems:
    """Every app setting is one that the handler or the host reads; what the handler demands is there, with one credential."""
    known = world.handler_settings() | HOST_SETTINGS
    for credential, settings in world.settings():
        for name in sorted(settings.keys() - known):
            yield f"{credential}: nothing reads the setting {name}"
        for name in world.required_settings():
            if not settings.get(name):
                yield f"{credential}: the handler demands {name}"
        vault = {"KEY_VAULT_URL", "OBO_CERTIFICATE_NAME"} <= settings.keys()
        federated = "OBO_FEDERATED_IDENTITY_CLIENT_ID" in settings
        if "AZURE_CERT_PATH" in settings or vault == federated or vault is not (credential != "federated"):
            yield f"{credential}: its settings configure another credential, or two"
        if settings.get("RUST_LOG") != "info":
            yield f"{credential}: RUST_LOG is not what the handler has as default"


@rule
def no_secrets(world: World) -> Problems:
    """No setting holds a secret: each is a constant, a parameter, or an address or id of something that is made here."""
    harmless = re.compile(
        r"(tenantId|serverClientId|applicationIdUri|publicUrl"
        r"|vault\.vault\.properties\.vaultUri|storage\.account\.properties\.primaryEndpoints\.blob"
        r"|monitoring\.applicationInsights\.properties\.ConnectionString"
        r"|(ClientId=)?identities\.\w+\.properties\.clientId(;Authorization=AAD)?)"
    )
    suspicious = re.compile(
        r"AccountKey=|SharedAccess|@Microsoft\.KeyVault|PRIVATE KEY|[?&]sig=|Password=", re.IGNORECASE
    )
    named = re.compile(r"SECRET|PASSWORD|_KEY$|TOKEN|__?ACCOUNT_?KEY|PFX", re.IGNORECASE)
    for credential, settings in world.settings():
        for name, value in settings.items():
            if named.search(name) or suspicious.search(str(value)):
                yield f"{credential}: {name} looks like a secret"
            if isinstance(value, Reference) and not harmless.fullmatch(value):
                yield f"{credential}: {name} is {value}, of which nobody has said that it is no secret"
    for template in (*world.deployments.values(), world.identity):
        for name, parameter in template.parameters.items():
            if "secure" in parameter.decorators or named.search(name):
                yield f"{template.path}: parameter {name} takes a secret"
    for it in world.identity.resources:
        if "passwordCredentials" in it.body or "keyCredentials" in it.body:
            yield f"{it.place}: holds a credential"
    for credential, it in world.of_type("Microsoft.Insights/components"):
        if it.property("DisableLocalAuth") is not True:
            yield f"{credential}: {it.place}: the connection string alone lets anybody write telemetry"


@rule
def scopes_and_roles(world: World) -> Problems:
    """Scopes and app roles are the handler's, cost.export needs an administrator, services alone get the app role."""
    it = world.registration("server")
    scopes = {scope["value"]: scope for scope in it.body["api"]["oauth2PermissionScopes"]}
    if sorted(scopes) != sorted(world.permissions("Scope")):
        yield f"{it.place}: scopes are {sorted(scopes)}, the handler's {sorted(world.permissions('Scope'))}"
    for name, scope in scopes.items():
        kind = "User" if name == "cost.read" else "Admin"
        if scope["type"] != kind or scope["isEnabled"] is not True:
            yield f"{it.place}: {name} must be enabled, and of type {kind}"
    app_roles = {role["value"]: role for role in it.body["appRoles"]}
    if sorted(app_roles) != sorted(world.permissions("AppRole")):
        yield f"{it.place}: app roles are {sorted(app_roles)}, the handler's {sorted(world.permissions('AppRole'))}"
    for name, role in app_roles.items():
        if role["allowedMemberTypes"] != ["Application"] or role["isEnabled"] is not True:
            yield f"{it.place}: {name} must be enabled, and for applications only"
    ids = [permission["id"] for permission in (*scopes.values(), *app_roles.values())]
    if len(set(ids)) != len(ids):
        yield f"{it.place}: two permissions share an id"


@rule
def consent(world: World) -> Problems:
    """Nobody skips the consent to cost.export, and the clients of people ask for cost.read alone."""
    it = world.registration("server")
    read = [scope["id"] for scope in it.body["api"]["oauth2PermissionScopes"] if scope["value"] == "cost.read"]
    for client in it.body["api"]["preAuthorizedApplications"]:
        if client["delegatedPermissionIds"] != read:
            yield f"{it.place}: {client['appId']} is pre-authorised for more than cost.read"
    it = world.registration("public-client")
    asked = [
        permission["id"] for access in it.body["requiredResourceAccess"] for permission in access["resourceAccess"]
    ]
    if asked != read:
        yield f"{it.place}: asks for more than cost.read"


@rule
def registration(world: World) -> Problems:
    """Tokens are as the validator demands them, and the exchange may ask for Resource Manager, by the handler's own ids."""
    it = world.registration("server")
    if it.body["api"].get("requestedAccessTokenVersion") != 2:
        yield f"{it.place}: requestedAccessTokenVersion must be 2"
    claims = {claim["name"] for claim in it.body.get("optionalClaims", {}).get("accessToken", [])}
    if claims != {"idtyp", "xms_cc"}:
        yield f"{it.place}: optional claims of access tokens are {sorted(claims)}"
    advice = re.sub(r"\\\n\s*", "", world.read("handler/identity/src/exchange/advice.rs"))
    azure = re.search(rf"--api ({GUID}) --api-permissions ({GUID})=Scope", advice)
    graph = re.search(
        rf'MICROSOFT_GRAPH: .*?"({GUID})"', world.read("handler/identity/src/caller/outline.rs"), re.DOTALL
    )
    if not azure or not graph:
        raise BicepError("the ids of Microsoft's applications are not where they were in the handler")
    # User.Read, the same in every tenant
    user_read = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
    wanted = {azure[1]: [azure[2]], graph[1]: [user_read]}
    access = {
        it["resourceAppId"]: [one["id"] for one in it["resourceAccess"]] for it in it.body["requiredResourceAccess"]
    }
    if access != wanted:
        yield f"{it.place}: required access is {access}, not {wanted}"
    if it.body["web"] != {
        "redirectUris": ["publicUrl/consented"],
        "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
    }:
        yield f"{it.place}: web must be the consented page without implicit grants"
    for file in ("server", "public-client"):
        if world.registration(file).body.get("signInAudience") != "AzureADMyOrg":
            yield f"{file}: signInAudience must be this tenant"
    if "api://tenantId/mcp-cost-server" not in it.body["identifierUris"]:
        yield f"{it.place}: identifierUris lack the default"
    if world.identity.outputs["APPLICATION_ID_URI"] != "api://tenantId/mcp-cost-server":
        yield "infra/identity/main.bicep: the default of applicationIdUri is not what the documents say"


@rule
def federated_credential(world: World) -> Problems:
    """The audience is the one that the handler asks its identity's token for, and the subject is the app identity."""
    it = world.registration("federated-credential", "Microsoft.Graph/applications/federatedIdentityCredentials")
    handler = world.read("handler/identity/src/exchange/credential/federated.rs")
    [public] = re.findall(r'PUBLIC_CLOUD_AUDIENCE: &str = "([^"]+)"', handler)
    expected = {
        "audiences": [public],
        "issuer": "https://login.microsoftonline.com/tenantId/v2.0",
        "subject": "identity",
    }
    for name, value in expected.items():
        if it.body.get(name) != value:
            yield f"{it.place}: {name} is {it.body.get(name)}, not {value}"
    for audience in re.findall(r"'(api://AzureADTokenExchange\w+)'", world.read(it.file)):
        if f'"{audience}"' not in handler:
            yield f"{it.place}: the handler does not know {audience}"
    if world.deployments["federated"].outputs["APP_IDENTITY_PRINCIPAL_ID"] != APP:
        yield "infra/resources/main.bicep: APP_IDENTITY_PRINCIPAL_ID is not the app identity's"
    if [it.place for it in world.deployments["federated"].resources if it.type.startswith("Microsoft.KeyVault/")]:
        yield "federated: there is a vault"


@rule
def audit_is_kept(world: World) -> Problems:
    """No audit line is sampled, capped or forgotten within a year."""
    for credential, deployment in world.deployments.items():
        retention = deployment.parameters["retentionInDays"]
        if retention.decorators.get("minValue", 0) < YEAR:
            yield f"{credential}: retentionInDays may be less than a year"
        for it in deployment.resources:
            if it.type == "Microsoft.OperationalInsights/workspaces":
                if (it.property("retentionInDays") or 0) < YEAR:
                    yield f"{credential}: {it.place}: keeps less than a year"
                if it.property("workspaceCapping") is not None or it.property("features.immediatePurgeDataOn30Days"):
                    yield f"{credential}: {it.place}: a cap or a purge loses lines"
            if it.type == "Microsoft.Insights/components":
                if it.property("SamplingPercentage") not in (None, 100) or it.property("ImmediatePurgeDataOn30Days"):
                    yield f"{credential}: {it.place}: samples or purges"
                if it.property("WorkspaceResourceId") != "monitoring.workspace.id":
                    yield f"{credential}: {it.place}: its lines are not in the workspace"
        traces = [it for it in deployment.resources if it.body.get("name") == "AppTraces"]
        if not traces or any((it.property("retentionInDays") or 0) < YEAR for it in traces):
            yield f"{credential}: AppTraces, where the audit is, has no retention of a year of its own"
        if [it for it in traces if it.property("plan") != "Analytics"]:
            yield f"{credential}: AppTraces can't be asked as the alerts do"
    host = json.loads(world.read("host.json"))["logging"]
    sampling = host.get("applicationInsights", {}).get("samplingSettings", {})
    if sampling.get("isEnabled", True) and "Trace" not in sampling.get("excludedTypes", "").split(";"):
        yield "host.json: traces are sampled"
    if host["logLevel"].get("Host.Function.Console") not in ("Information", "Debug", "Trace"):
        yield "host.json: the handler's lines are not recorded"


@rule
def ranges(world: World) -> Problems:
    """What the handler would refuse at its start can't be deployed, and what it has as default is the default."""
    main = world.deployments["certificate"]
    for setting, (default, least, most) in world.ranges().items():
        name = re.sub(r"_(\w)", lambda letter: letter[1].upper(), setting.lower())
        parameter = main.parameters.get(name)
        if parameter is None:
            yield f"{main.path}: has no parameter {name}"
            continue
        found = (parameter.default, parameter.decorators.get("minValue"), parameter.decorators.get("maxValue"))
        if found != (default, least, most):
            yield f"{main.path}: {name} is {found}, the handler's {setting} {(default, least, most)}"
        if next(world.settings())[1].get(setting) != str(default):
            yield f"{main.path}: {setting} is not set from {name}"


@rule
def hardening(world: World) -> Problems:
    """HTTPS and TLS 1.2 only, no publishing password, no storage key, no public blob; the vault forgets nothing."""
    expected = {
        "Microsoft.Web/sites": {
            "httpsOnly": True,
            "siteConfig.minTlsVersion": "1.2",
            "siteConfig.scmMinTlsVersion": "1.2",
            "siteConfig.ftpsState": "Disabled",
            "functionAppConfig.runtime.name": "custom",
            "functionAppConfig.deployment.storage.authentication.type": "UserAssignedIdentity",
            "functionAppConfig.deployment.storage.authentication.userAssignedIdentityResourceId": "identities.host.id",
        },
        "Microsoft.Web/sites/basicPublishingCredentialsPolicies": {"allow": False},
        "Microsoft.Storage/storageAccounts": {
            "allowSharedKeyAccess": False,
            "allowBlobPublicAccess": False,
            "minimumTlsVersion": "TLS1_2",
            "supportsHttpsTrafficOnly": True,
        },
        "Microsoft.Storage/storageAccounts/blobServices/containers": {"publicAccess": "None"},
        "Microsoft.KeyVault/vaults": {
            "enableRbacAuthorization": True,
            "enablePurgeProtection": True,
            "enableSoftDelete": True,
            "softDeleteRetentionInDays": 90,
            "accessPolicies": None,
        },
    }
    for kind, properties in expected.items():
        for credential, it in world.of_type(kind):
            for name, value in properties.items():
                if it.property(name) != value:
                    yield f"{credential}: {it.place}: {name} must be {value}"
    policies = {it.body["name"] for _, it in world.of_type("Microsoft.Web/sites/basicPublishingCredentialsPolicies")}
    if policies != {"ftp", "scm"}:
        yield f"publishing with a password is off for {sorted(policies)} only"
    for credential, it in world.of_type("Microsoft.Web/sites/config"):
        if it.body["name"] != "appsettings":
            yield f"{credential}: {it.place}: {it.body['name']} would stand before the handler"
    for credential, it in world.of_type("Microsoft.Web/sites"):
        if "*" in it.property("siteConfig.cors.allowedOrigins"):
            yield f"{credential}: {it.place}: every web page may ask"


@rule
def alerts(world: World) -> Problems:
    """Each row of queries/README.md is an alert with these figures, over the query of its name; the workbook is there."""
    row = r"^\| `([\w-]+)\.kql` \| (\d) \| (\w+) \| (\w+) \| (?:rows|`(\w+)`), `(\w+)` \| > (\d+) \| (?:all|each `(\w+)`) \|$"
    rows = re.findall(row, world.read("infra/queries/README.md"), re.MULTILINE)
    expected = {name: (int(severity), window, every, *rest) for name, severity, window, every, *rest in rows}
    if len(expected) < 5:
        yield f"infra/queries/README.md: only {sorted(expected)} can be read as alerts"
    for credential, deployment in world.deployments.items():
        found = {}
        for it in deployment.resources:
            if it.type != "Microsoft.Insights/scheduledQueryRules":
                continue
            [asked] = it.property("criteria")["allOf"]
            dimensions = [dimension["name"] for dimension in asked["dimensions"]]
            times = (it.property("severity"), it.property("windowSize"), it.property("evaluationFrequency"))
            measure = (asked["metricMeasureColumn"] or "", asked["timeAggregation"], str(asked["threshold"]))
            name = it.body["name"]
            found[name] = (*times, *measure, "".join(dimensions))
            if it.property("enabled") is not True or asked["operator"] != "GreaterThan":
                yield f"{it.place}: {name} is off, or asks for less"
            if asked["query"] != f"infra/queries/{name}.kql" or not world.read(asked["query"]).strip():
                yield f"{it.place}: {name} asks {asked['query']}"
            if it.property("scopes") != ["monitoring.applicationInsights.id"]:
                yield f"{it.place}: {name} asks {it.property('scopes')}, where the queries' table is not"
        for name in sorted(expected.keys() | found.keys()):
            if expected.get(name) != found.get(name):
                yield f"{credential}: alert {name} is {found.get(name)}, the table has {expected.get(name)}"
    json.loads(world.read("infra/workbook.json"))


@rule
def parameter_files(world: World) -> Problems:
    """The parameter files name parameters that there are, and every one that has no default; step 1 needs nothing of step 2."""
    waits = re.findall(r"readEnvironmentVariable\('(\w+)'", world.read(f"{world.identity.path}param"))
    for name in sorted(world.deployments["certificate"].outputs.keys() & set(waits)):
        yield f"{world.identity.path}param: {name} is an output of step 2, which waits for step 1"
    for template in (world.deployments["certificate"], world.identity):
        given = set(re.findall(r"^param (\w+) =", world.read(f"{template.path}param"), re.MULTILINE))
        for name in sorted(given - template.parameters.keys()):
            yield f"{template.path}param: there is no parameter {name}"
        for name, parameter in template.parameters.items():
            if parameter.required and name not in given:
                yield f"{template.path}param: {name} is missing"


@rule
def explained(world: World) -> Problems:
    """infra/README.md has a row for every resource, and names every parameter, setting and output."""
    text = world.read("infra/README.md")
    resources = {(it.file, it.type) for _, it in world.resources()} | {
        (it.file, it.type) for it in world.identity.resources
    }
    for file, kind in sorted(resources):
        row = re.compile(rf"^\| `{re.escape(file.removeprefix('infra/'))}` \|.*`{re.escape(kind)}`", re.MULTILINE)
        if not row.search(text):
            yield f"infra/README.md: no row for {kind} of {file}"
    templates = (*world.deployments.values(), world.identity)
    names = {name for it in templates for name in (*it.parameters, *it.outputs)}
    names |= {name for _, settings in world.settings() for name in settings}
    for name in sorted(names):
        if f"`{name}`" not in text:
            yield f"infra/README.md: {name} is not explained"


@rule
def azure_yaml(world: World) -> Problems:
    """azd deploys both steps in order, packages before, and finds its hooks; the service is the one that the site is tagged as."""
    project = yaml.safe_load(world.read("azure.yaml"))
    layers = [(layer["name"], layer["path"]) for layer in project["infra"]["layers"]]
    if layers != [("identity", "infra/identity"), ("resources", "infra/resources")]:
        yield f"azure.yaml: layers are {layers}"
    if project["infra"]["layers"][-1].get("dependsOn") != ["identity"]:
        yield "azure.yaml: step 2 must wait for step 1"
    services = {name: (it["host"], it["language"], it["dist"]) for name, it in project["services"].items()}
    tags = {it.body["tags"]["azd-service-name"] for _, it in world.of_type("Microsoft.Web/sites")}
    if services != {tag: ("function", "custom", "dist/package") for tag in tags}:
        yield f"azure.yaml: services are {services}, the site is {tags}"
    holders = [(".", it.get("hooks", {})) for it in (project, *project["services"].values())]
    holders += [(layer["path"], layer.get("hooks", {})) for layer in project["infra"]["layers"]]
    ran = set()
    for folder, hooks in holders:
        for event, hook in hooks.items():
            ran.add(event)
            for system, shell in (("posix", "sh"), ("windows", "pwsh")):
                script = hook.get(system, {})
                if script.get("shell") != shell:
                    yield f"azure.yaml: {event} has no {shell} for {system}"
                    continue
                run = script["run"]
                if run.startswith(".."):
                    yield f"azure.yaml: {event}: azd refuses a script outside of {folder}"
                if re.fullmatch(r"[./\w-]+\.(sh|ps1)", run):
                    try:
                        world.read(posixpath.normpath(posixpath.join(folder, run)))
                    except BicepError as error:
                        yield f"azure.yaml: {event}: {error}"
    if not {"prepackage", "postprovision"} <= ran:
        yield "azure.yaml: hooks are missing"


@rule
def live_pipeline(world: World) -> Problems:
    """The live test signs in to Azure without a stored secret, and gives the two-user test all that it reads."""
    path = ".github/workflows/live.yml"
    text = world.read(path)
    workflow = yaml.safe_load(text)
    if workflow["permissions"].get("id-token") != "write" or "azure/login@" not in text:
        yield f"{path}: does not sign in with OIDC"
    secrets = set(re.findall(r"secrets\.(\w+)", text))
    allowed = {"ALICE_PASSWORD", "BOB_PASSWORD"}
    if not secrets <= allowed:
        yield f"{path}: {sorted(secrets - allowed)} are secrets beyond the two test users'"
    for name in re.findall(r'(?:variable|given)\("([A-Z_]+)"', world.read("tests/two_users.rs")):
        if name not in text:
            yield f"{path}: tests/two_users.rs reads {name}"
    for used in re.findall(r"uses: (\S+)", text):
        if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used) and not used.startswith(("actions/", "azure/", "Azure/")):
            yield f"{path}: {used} is somebody's, and not pinned to a commit"


def problems(repository: Repository) -> dict[str, list[str]]:
    """By rule. A repository that can't be read fails every rule: nothing is known of it."""
    try:
        world = World(repository)
    except BicepError as error:
        return {name: [str(error)] for name in RULES}
    found = {}
    for name, check in RULES.items():
        try:
            found[name] = list(dict.fromkeys(check(world)))
        except (BicepError, KeyError, ValueError, TypeError, AttributeError) as error:
            found[name] = [f"can't be judged: {type(error).__name__} {error}"]
    return found


def main() -> int:
    failed = 0
    for name, found in problems(Repository()).items():
        print(f"{'FAILED' if found else 'ok':6} {name}: {RULES[name].__doc__}")
        for problem in found:
            print(f"         {problem}")
        failed += bool(found)
    print(f"\n{len(RULES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

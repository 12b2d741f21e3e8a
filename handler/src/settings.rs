//! Every setting, read once and validated once.
//!
//! All problems are collected and reported together, each with the variable, what is wrong and the fix, because an
//! operator who must redeploy for every mistake gives up. Nothing here touches the network or a file.

mod reader;
#[cfg(test)]
mod tests;
mod values;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use identity::{
    Authority, ClientId, TenantId,
    caller::ValidatorSettings,
    exchange::{
        ExchangeSettings,
        credential::{KeyVaultCertificate, VaultIdentity},
    },
};
pub use reader::Problem;
use reader::Reader;
use url::Url;
use values::{
    application_id_uri, browser_origin, certificate_name, cloud_address, guid, is_loopback_authority, public_origin,
    tracing_filter, vault_address, within,
};

use crate::{
    azure::Units,
    tools::{ToolName, UnknownTool},
};

/// The default of [`Settings::authority`]'s host.
const PUBLIC_CLOUD_AUTHORITY: &str = "https://login.microsoftonline.com";
/// The default of [`Settings::resource_manager`].
const PUBLIC_CLOUD_RESOURCE_MANAGER: &str = "https://management.azure.com";
/// Longer than this, an Azure token would outlive a revocation noticeably.
const LONGEST_CACHE_TTL: u64 = 1800;

/// What the operator decided.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `AZURE_TENANT_ID` at `AZURE_AUTHORITY_HOST`.
    pub authority: Authority,
    /// `AZURE_CLIENT_ID`: the audience of accepted tokens and the client of the exchange.
    pub client: ClientId,
    /// `APP_ID_URI`: the prefix of full scope names, without a trailing slash.
    pub application: String,
    /// `PUBLIC_URL`: this server's origin as clients see it, without a trailing slash.
    pub public_url: String,
    /// How this server proves to Entra that it is the registered client.
    pub credential: CredentialSettings,
    /// `AZURE_RESOURCE_MANAGER_URL`.
    pub resource_manager: Url,
    /// `OBO_CACHE_TTL_SECONDS`.
    pub cache_ttl: Duration,
    /// `OBO_CACHE_CAPACITY`, in entries.
    pub cache_capacity: u64,
    /// `CALLER_QUERY_BUDGET`: what one person may ask of Azure in an hour.
    pub caller_budget: Units,
    /// `ALLOWED_CLIENT_IDS`; empty means any client.
    pub allowed_clients: Vec<ClientId>,
    /// `ALLOWED_ORIGINS`; empty means no browser origin.
    pub allowed_origins: Vec<String>,
    /// `DISABLED_TOOLS`; never all there are.
    pub disabled_tools: Vec<ToolName>,
    /// Who starts this process, and where it listens.
    pub platform: Platform,
    /// `RUST_LOG`, a valid filter.
    pub log_filter: String,
    /// What works but will surprise somebody; logged at the start.
    pub warnings: Vec<String>,
}

/// The one credential that is configured.
#[derive(Debug, Clone)]
pub enum CredentialSettings {
    /// `KEY_VAULT_URL` and `OBO_CERTIFICATE_NAME`.
    KeyVault(KeyVaultCertificate),
    /// `OBO_FEDERATED_IDENTITY_CLIENT_ID`, the client id of a user-assigned identity.
    FederatedIdentity(ClientId),
    /// `AZURE_CERT_PATH`.
    PemFile(PathBuf),
}

/// Who starts this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// The Functions host, which proxies from this machine.
    Functions(SocketAddr),
    /// AWS Lambda, which is asked for requests and listens nowhere.
    Lambda,
    /// A container platform, or a person.
    Container(SocketAddr),
}

impl Settings {
    /// Reads every variable through `lookup`. On failure: every problem, never only the first.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(lookup);
        let tenant = reader.required(
            "AZURE_TENANT_ID",
            guid::<TenantId>,
            "set it to the tenant's GUID: az account show --query tenantId",
        );
        let client = reader.required(
            "AZURE_CLIENT_ID",
            guid::<ClientId>,
            "set it to the application (client) id of the app registration; v2.0 tokens carry it as their audience, \
             never the application id URI",
        );
        let application = reader.required(
            "APP_ID_URI",
            application_id_uri,
            "set it to the Application ID URI of the app registration, for example api://<tenant id>/mcp-cost-server",
        );
        let authority_host = reader.or_default(
            "AZURE_AUTHORITY_HOST",
            PUBLIC_CLOUD_AUTHORITY,
            cloud_address,
            "use https://login.microsoftonline.com or the authority host of your sovereign cloud",
        );
        let resource_manager = reader.or_default(
            "AZURE_RESOURCE_MANAGER_URL",
            PUBLIC_CLOUD_RESOURCE_MANAGER,
            cloud_address,
            "use https://management.azure.com or the Resource Manager address of your sovereign cloud",
        );
        let cache_ttl = reader.or_default(
            "OBO_CACHE_TTL_SECONDS",
            "1800",
            |text| within(text, 60, LONGEST_CACHE_TTL),
            "use 60 to 1800 seconds: longer, a revoked person could go on for longer",
        );
        let cache_capacity = reader.or_default(
            "OBO_CACHE_CAPACITY",
            "10000",
            |text| within(text, 1, 10_000_000),
            "use the number of signed-in sessions an instance should remember, 1 to 10000000",
        );
        let caller_budget = reader.or_default(
            "CALLER_QUERY_BUDGET",
            "300",
            |text| within(text, 12, 1_000_000),
            "use the months of cost data one person may query in an hour, 12 to 1000000; Azure gives the whole tenant 600",
        );
        let allowed_clients = reader.list(
            "ALLOWED_CLIENT_IDS",
            guid::<ClientId>,
            "list application (client) id GUIDs, separated by commas, or leave it unset to allow any client",
        );
        let allowed_origins = reader.list(
            "ALLOWED_ORIGINS",
            browser_origin,
            "list exact origins such as https://inspector.contoso.example, separated by commas; a wildcard is not served",
        );
        let disabled_tools = disabled_tools(&mut reader);
        let log_filter = reader.or_default(
            "RUST_LOG",
            "info",
            tracing_filter,
            "use a tracing filter such as info or identity=debug,info",
        );
        let public_url = public_url(&mut reader);
        let credential = credential(&mut reader);
        let platform = platform(&mut reader);
        check_credential_on_lambda(&mut reader, credential.as_ref(), platform);

        let settings = || {
            let (application, public_url) = (application?, public_url?);
            Some(Self {
                warnings: warnings(&application, &public_url),
                authority: Authority::new(authority_host?, tenant?),
                client: client?,
                application,
                public_url,
                credential: credential?,
                resource_manager: resource_manager?,
                cache_ttl: Duration::from_secs(cache_ttl?),
                cache_capacity: cache_capacity?,
                caller_budget: Units(caller_budget?),
                allowed_clients: allowed_clients?,
                allowed_origins: allowed_origins?,
                disabled_tools: disabled_tools?,
                platform: platform?,
                log_filter: log_filter?,
            })
        };
        reader.finish(settings())
    }

    /// What the exchange asks Entra for: whatever this person may do at Azure Resource Manager.
    #[must_use]
    pub fn azure_scope(&self) -> String {
        format!("{}.default", self.resource_manager)
    }

    /// For the exchange.
    #[must_use]
    pub fn exchange(&self) -> ExchangeSettings {
        ExchangeSettings {
            authority: self.authority.clone(),
            client: self.client,
            scope: self.azure_scope(),
            cache_ttl: self.cache_ttl,
            cache_capacity: self.cache_capacity,
        }
    }

    /// For the validator of tokens.
    #[must_use]
    pub fn validator(&self) -> ValidatorSettings {
        ValidatorSettings {
            authority: self.authority.clone(),
            audience: self.client,
            allowed_clients: self.allowed_clients.clone(),
        }
    }
}

/// `DISABLED_TOOLS`. A misspelt name would leave a tool in place that the operator believes to be gone, so it is refused.
fn disabled_tools(reader: &mut Reader<'_>) -> Option<Vec<ToolName>> {
    const VARIABLE: &str = "DISABLED_TOOLS";
    const FIX: &str = "list the names of the tools to take away, separated by commas, or leave it unset to offer all";
    let disabled = reader.list(VARIABLE, |text| text.parse().map_err(|error: UnknownTool| error.to_string()), FIX)?;
    if !disabled.is_empty() && ToolName::all().all(|name| disabled.contains(&name)) {
        reader.problem(VARIABLE, "takes every tool away, and a server without tools serves nobody".into(), FIX);
        return None;
    }
    Some(disabled)
}

/// `PUBLIC_URL`, else what the platform calls this site. Never from a request header: a caller could forge it.
fn public_url(reader: &mut Reader<'_>) -> Option<String> {
    const FIX: &str =
        "set it to this server's public origin, for example https://costs.contoso.example, without a path";
    if reader.is_set("PUBLIC_URL") {
        return reader.required("PUBLIC_URL", public_origin, FIX);
    }
    let Some(host) = reader.text("WEBSITE_HOSTNAME") else {
        reader.problem("PUBLIC_URL", "is not set, and WEBSITE_HOSTNAME does not say where this site is".into(), FIX);
        return None;
    };
    let scheme = if is_loopback_authority(&host) { "http" } else { "https" };
    let origin = public_origin(&format!("{scheme}://{host}"));
    if origin.is_err() {
        reader.problem(
            "WEBSITE_HOSTNAME",
            "is not a host name".into(),
            "set PUBLIC_URL to this server's public origin",
        );
    }
    origin.ok()
}

/// The one credential that is configured. Two are refused: which of them proves who this server is, must not be a guess.
fn credential(reader: &mut Reader<'_>) -> Option<CredentialSettings> {
    const FIX: &str =
        "set KEY_VAULT_URL and OBO_CERTIFICATE_NAME, or OBO_FEDERATED_IDENTITY_CLIENT_ID, or AZURE_CERT_PATH";
    let vault = ["KEY_VAULT_URL", "OBO_CERTIFICATE_NAME"].into_iter().find(|name| reader.is_set(name));
    let others = ["OBO_FEDERATED_IDENTITY_CLIENT_ID", "AZURE_CERT_PATH"];
    let configured: Vec<&'static str> =
        vault.into_iter().chain(others.into_iter().filter(|name| reader.is_set(name))).collect();
    match configured.as_slice() {
        [] => {
            reader.problem(
                "KEY_VAULT_URL",
                "is not set, nor is any other credential: this server can't prove to Entra who it is".into(),
                FIX,
            );
            None
        }
        ["OBO_FEDERATED_IDENTITY_CLIENT_ID"] => reader
            .required(
                "OBO_FEDERATED_IDENTITY_CLIENT_ID",
                guid::<ClientId>,
                "set it to the client id of a user-assigned identity: az identity show --query clientId",
            )
            .map(CredentialSettings::FederatedIdentity),
        ["AZURE_CERT_PATH"] => reader.text("AZURE_CERT_PATH").map(PathBuf::from).map(CredentialSettings::PemFile),
        // the vault's: of its two variables, the one that is missing is named
        [_] => key_vault(reader),
        [first @ .., last] => {
            let beside = format!("is set beside {}: exactly one credential must be configured", first.join(" and "));
            reader.problem(last, beside, FIX);
            None
        }
    }
}

/// Needs both variables.
fn key_vault(reader: &mut Reader<'_>) -> Option<CredentialSettings> {
    let url = reader.required(
        "KEY_VAULT_URL",
        vault_address,
        "set it to the vault's address, for example https://contoso.vault.azure.net",
    );
    let name = reader.required(
        "OBO_CERTIFICATE_NAME",
        certificate_name,
        "set it to the name of the certificate in the vault: az keyvault certificate list --vault-name <vault>",
    );
    let identity = vault_identity(reader);
    Some(CredentialSettings::KeyVault(KeyVaultCertificate { vault: url?, name: name?, identity: identity? }))
}

/// As whom the vault is read.
fn vault_identity(reader: &mut Reader<'_>) -> Option<VaultIdentity> {
    match reader.text("KEY_VAULT_IDENTITY").as_deref() {
        None => Some(VaultIdentity::SystemAssigned),
        Some("developer") => {
            // in Azure and on Lambda nobody is signed in, and a forgotten setting must not fail late
            let deployed = ["WEBSITE_INSTANCE_ID", "AWS_LAMBDA_RUNTIME_API"].iter().any(|name| reader.is_set(name));
            if deployed {
                reader.problem(
                    "KEY_VAULT_IDENTITY",
                    "is developer, but this is not a developer's machine".into(),
                    "set it to the client id of a user-assigned identity, or unset it for the system-assigned one",
                );
                return None;
            }
            Some(VaultIdentity::Developer)
        }
        Some(_) => reader
            .required(
                "KEY_VAULT_IDENTITY",
                guid::<ClientId>,
                "set it to the client id of a user-assigned identity, or leave it unset for the system-assigned one",
            )
            .map(VaultIdentity::UserAssigned),
    }
}

/// The first platform that has left its mark; without any, a person's own machine.
fn platform(reader: &mut Reader<'_>) -> Option<Platform> {
    let port = |text: &str| within(text, 1, u16::MAX);
    if reader.is_set("FUNCTIONS_CUSTOMHANDLER_PORT") {
        return reader
            .required("FUNCTIONS_CUSTOMHANDLER_PORT", port, "the Functions host sets it; do not set it yourself")
            .map(|port| Platform::Functions(SocketAddr::from(([127, 0, 0, 1], port))));
    }
    if reader.is_set("AWS_LAMBDA_RUNTIME_API") {
        return lambda(reader);
    }
    if reader.is_set("PORT") {
        return reader
            .required("PORT", port, "set it to the port to listen on, 1 to 65535")
            .map(|port| Platform::Container(SocketAddr::from(([0, 0, 0, 0], port))));
    }
    Some(Platform::Container(SocketAddr::from(([127, 0, 0, 1], 8080))))
}

/// Lambda's runtime library reads these variables by itself, and panics where they are not as Lambda sets them.
fn lambda(reader: &mut Reader<'_>) -> Option<Platform> {
    const FIX: &str = "Lambda sets it; elsewhere, unset AWS_LAMBDA_RUNTIME_API";
    let address = |text: &str| match text.parse::<http::Uri>() {
        Ok(uri) if uri.authority().is_some() => Ok(()),
        _ => Err("is not an address".to_owned()),
    };
    let any = |_: &str| Ok(());
    let megabytes = |text: &str| within(text, 1, i32::MAX).map(|_| ());
    let set = [
        reader.required("AWS_LAMBDA_RUNTIME_API", address, FIX),
        reader.required("AWS_LAMBDA_FUNCTION_NAME", any, FIX),
        reader.required("AWS_LAMBDA_FUNCTION_VERSION", any, FIX),
        reader.required("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", megabytes, FIX),
    ];
    set.iter().all(Option::is_some).then_some(Platform::Lambda)
}

/// Managed identities are Azure's: on Lambda, the start would find out slowly that there is none.
fn check_credential_on_lambda(
    reader: &mut Reader<'_>,
    credential: Option<&CredentialSettings>,
    platform: Option<Platform>,
) {
    let variable = match (platform, credential) {
        (Some(Platform::Lambda), Some(CredentialSettings::KeyVault(_))) => "KEY_VAULT_URL",
        (Some(Platform::Lambda), Some(CredentialSettings::FederatedIdentity(_))) => "OBO_FEDERATED_IDENTITY_CLIENT_ID",
        _ => return,
    };
    let wrong = "needs a managed identity, and there is none on AWS Lambda".into();
    reader.problem(variable, wrong, "unset it, and set AZURE_CERT_PATH to a PEM file with key and certificate");
}

/// What works, but not for every client.
fn warnings(application: &str, public_url: &str) -> Vec<String> {
    let endpoint = format!("{public_url}/mcp");
    if application == endpoint {
        return Vec::new();
    }
    vec![format!(
        "APP_ID_URI is {application} and not {endpoint}: clients that send an RFC 8707 resource parameter will be refused \
         by Entra with AADSTS9010010. For them, register {endpoint} as the Application ID URI (on a verified domain of the \
         tenant) and set APP_ID_URI to it."
    )]
}

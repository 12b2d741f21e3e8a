//! Proves which settings are accepted and what an operator reads otherwise. Only a live tenant could prove that a GUID
//! names an existing registration.

use std::collections::BTreeMap;

use super::{CredentialSettings, Platform, Settings, VaultIdentity};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const CLIENT: &str = "99999999-8888-7777-6666-555555555555";

#[derive(Clone)]
struct Environment(BTreeMap<&'static str, String>);

fn complete() -> Environment {
    Environment(BTreeMap::new())
        .with("AZURE_TENANT_ID", TENANT)
        .with("AZURE_CLIENT_ID", CLIENT)
        .with("APP_ID_URI", "api://contoso/mcp-cost-server")
        .with("PUBLIC_URL", "https://costs.contoso.example")
        .with("KEY_VAULT_URL", "https://contoso.vault.azure.net/")
        .with("OBO_CERTIFICATE_NAME", "obo")
}

impl Environment {
    fn with(mut self, variable: &'static str, value: &str) -> Self {
        self.0.insert(variable, value.to_owned());
        self
    }

    fn without(mut self, variable: &str) -> Self {
        self.0.remove(variable);
        self
    }

    #[track_caller]
    fn accepted(&self) -> Settings {
        match self.read() {
            Ok(settings) => settings,
            Err(problems) => panic!("refused: {problems}"),
        }
    }

    #[track_caller]
    fn refused(&self) -> String {
        match self.read() {
            Ok(settings) => panic!("accepted: {settings:?}"),
            Err(problems) => problems,
        }
    }

    fn read(&self) -> Result<Settings, String> {
        Settings::read(&|variable| self.0.get(variable).cloned())
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }
}

#[test]
fn the_required_settings_are_enough() {
    let settings = complete().accepted();
    assert_eq!(settings.authority.issuer(), format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
    assert_eq!(settings.resource_manager.as_str(), "https://management.azure.com/");
    assert_eq!((settings.cache_ttl.as_secs(), settings.cache_capacity), (1800, 10_000));
    assert_eq!(settings.platform, Platform::Container(([127, 0, 0, 1], 8080).into()));
    assert!(settings.allowed_clients.is_empty() && settings.allowed_origins.is_empty());
}

#[test]
fn all_problems_are_reported_at_once() {
    let environment = Environment(BTreeMap::new())
        .with("AZURE_CLIENT_ID", "api://contoso/mcp-cost-server")
        .with("OBO_CACHE_TTL_SECONDS", "3600")
        .with("ALLOWED_CLIENT_IDS", &format!("{CLIENT}, vscode"))
        .with("AZURE_AUTHORITY_HOST", "http://login.microsoftonline.com")
        .with("RUST_LOG", "identity=loud");
    insta::assert_snapshot!(environment.refused(), @r"
    AZURE_TENANT_ID is not set; set it to the tenant's GUID: az account show --query tenantId
    AZURE_CLIENT_ID is an address, not a GUID; set it to the application (client) id of the app registration; v2.0 tokens carry it as their audience, never the application id URI
    APP_ID_URI is not set; set it to the Application ID URI of the app registration, for example api://<tenant id>/mcp-cost-server
    AZURE_AUTHORITY_HOST must begin with https:// (http:// only for a loopback host); use https://login.microsoftonline.com or the authority host of your sovereign cloud
    OBO_CACHE_TTL_SECONDS is not a whole number from 60 to 1800; use 60 to 1800 seconds: longer, a revoked person could go on for longer
    ALLOWED_CLIENT_IDS entry 2 is not a GUID such as 0b1f6471-1bf0-4dda-aec3-cb9272f09590; list application (client) id GUIDs, separated by commas, or leave it unset to allow any client
    RUST_LOG is not a tracing filter; use a tracing filter such as info or identity=debug,info
    PUBLIC_URL is not set, and WEBSITE_HOSTNAME does not say where this site is; set it to this server's public origin, for example https://costs.contoso.example, without a path
    KEY_VAULT_URL is not set, nor is any other credential: this server can't prove to Entra who it is; set KEY_VAULT_URL and OBO_CERTIFICATE_NAME, or OBO_FEDERATED_IDENTITY_CLIENT_ID, or AZURE_CERT_PATH
    ");
}

#[test]
fn each_bad_value_is_refused_by_its_variable() {
    let cases = [
        ("AZURE_TENANT_ID", "common"),
        ("AZURE_TENANT_ID", "{11111111-2222-3333-4444-555555555555}"),
        ("AZURE_CLIENT_ID", "11111111222233334444555555555555"),
        ("APP_ID_URI", "contoso"),
        ("APP_ID_URI", "api://"),
        ("APP_ID_URI", "http://costs.contoso.example/mcp"),
        ("APP_ID_URI", "api://contoso/\"quoted"),
        ("PUBLIC_URL", "costs.contoso.example"),
        ("PUBLIC_URL", "http://costs.contoso.example"),
        ("PUBLIC_URL", "https://costs.contoso.example/mcp"),
        ("PUBLIC_URL", "https://user@costs.contoso.example"),
        ("PUBLIC_URL", "https://costs.contoso.example=\"quoted"),
        ("KEY_VAULT_URL", "http://localhost:8443"),
        ("KEY_VAULT_URL", "https://contoso.vault.azure.net/secrets/obo"),
        ("OBO_CERTIFICATE_NAME", "obo/../other"),
        ("KEY_VAULT_IDENTITY", "my-identity"),
        ("AZURE_CERT_PATH", "/certificates/obo.pem"),
        ("OBO_FEDERATED_IDENTITY_CLIENT_ID", CLIENT),
        ("AZURE_RESOURCE_MANAGER_URL", "http://management.azure.com"),
        ("AZURE_RESOURCE_MANAGER_URL", "https://management.azure.com/subscriptions"),
        ("OBO_CACHE_TTL_SECONDS", "59"),
        ("OBO_CACHE_TTL_SECONDS", "1801"),
        ("OBO_CACHE_TTL_SECONDS", "half an hour"),
        ("OBO_CACHE_CAPACITY", "0"),
        ("CALLER_QUERY_BUDGET", "11"),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_ORIGINS", "https://*.contoso.example"),
        ("ALLOWED_ORIGINS", "https://inspector.contoso.example/path"),
        ("DISABLED_TOOLS", "cost_export, cost_exprot"),
        ("DISABLED_TOOLS", "Cost_Export"),
        ("DISABLED_TOOLS", "*"),
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "0"),
        ("PORT", "65536"),
    ];
    for (variable, value) in cases {
        let problems = complete().with(variable, value).refused();
        assert!(problems.starts_with(variable), "{variable}={value}: {problems}");
        assert_eq!(problems.lines().count(), 1, "{variable}={value}: {problems}");
    }
}

#[test]
fn tools_are_taken_away_by_name_but_never_all_of_them() {
    let disabled = |list: &str| complete().with("DISABLED_TOOLS", list);
    let two = ["cost_export", "whoami"].map(|name| name.parse().unwrap());
    assert_eq!(disabled(" cost_export,whoami, ").accepted().disabled_tools, two);
    assert!(complete().accepted().disabled_tools.is_empty());
    let misspelt = disabled("whoami,cost_exprot").refused();
    assert!(misspelt.starts_with("DISABLED_TOOLS entry 2 is not the name of a tool; there are cost_budgets, "));
    let (_, names) = misspelt.split_once("there are ").unwrap();
    let (names, _) = names.split_once(';').unwrap();
    insta::assert_snapshot!(disabled(names).refused(), @"DISABLED_TOOLS takes every tool away, and a server without tools serves nobody; list the names of the tools to take away, separated by commas, or leave it unset to offer all");
}

#[test]
fn an_international_domain_becomes_what_dns_and_clients_know() {
    for domain in ["kösten.contoso.example", "KÖSTEN.contoso.example", "xn--ksten-jua.contoso.example"] {
        let settings = complete().with("PUBLIC_URL", &format!("https://{domain}")).accepted();
        assert_eq!(settings.public_url, "https://xn--ksten-jua.contoso.example");
    }
}

#[test]
fn slashes_at_the_end_and_the_case_of_guids_do_not_matter() {
    let settings = complete()
        .with("AZURE_TENANT_ID", "ABCDEF01-2222-3333-4444-555555555555")
        .with("APP_ID_URI", "api://contoso/mcp-cost-server/")
        .with("PUBLIC_URL", "https://Costs.Contoso.Example/")
        .with("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/")
        .accepted();
    assert_eq!(settings.application, "api://contoso/mcp-cost-server");
    assert_eq!(settings.public_url, "https://costs.contoso.example");
    assert_eq!(
        settings.authority.token_endpoint(),
        "https://login.microsoftonline.us/abcdef01-2222-3333-4444-555555555555/oauth2/v2.0/token"
    );
}

#[test]
fn the_public_url_follows_from_the_site_name() {
    for (site, expected) in [
        ("contoso-costs.azurewebsites.net", "https://contoso-costs.azurewebsites.net"),
        ("localhost:7071", "http://localhost:7071"),
        ("127.0.0.1:7071", "http://127.0.0.1:7071"),
        ("localhost.contoso.example", "https://localhost.contoso.example"),
    ] {
        let settings = complete().without("PUBLIC_URL").with("WEBSITE_HOSTNAME", site).accepted();
        assert_eq!(settings.public_url, expected);
    }
}

#[test]
fn an_application_id_uri_that_some_clients_cannot_use_is_warned_of() {
    assert!(complete().accepted().warnings[0].contains("AADSTS9010010"));
    let settings = complete().with("APP_ID_URI", "https://costs.contoso.example/mcp").accepted();
    assert!(settings.warnings.is_empty());
}

#[test]
fn each_credential_is_read() {
    let CredentialSettings::KeyVault(vault) = complete().with("KEY_VAULT_IDENTITY", CLIENT).accepted().credential
    else {
        panic!("not the vault")
    };
    assert_eq!(vault.identity, VaultIdentity::UserAssigned(CLIENT.parse().unwrap()));
    let file = complete()
        .without("KEY_VAULT_URL")
        .without("OBO_CERTIFICATE_NAME")
        .with("AZURE_CERT_PATH", "/certificates/obo.pem")
        .accepted();
    assert!(
        matches!(file.credential, CredentialSettings::PemFile(path) if path.as_os_str() == "/certificates/obo.pem")
    );
}

#[test]
fn exactly_one_credential_must_be_configured() {
    let none = complete().without("KEY_VAULT_URL").without("OBO_CERTIFICATE_NAME");
    for vault in [false, true] {
        for federated in [false, true] {
            for file in [false, true] {
                let mut environment = if vault { complete() } else { none.clone() };
                if federated {
                    environment = environment.with("OBO_FEDERATED_IDENTITY_CLIENT_ID", CLIENT);
                }
                if file {
                    environment = environment.with("AZURE_CERT_PATH", "/certificates/obo.pem");
                }
                let read = environment.read();
                match (vault, federated, file) {
                    (true, false, false) => {
                        assert!(matches!(read.unwrap().credential, CredentialSettings::KeyVault(_)));
                    }
                    (false, true, false) => {
                        let credential = read.unwrap().credential;
                        assert!(
                            matches!(credential, CredentialSettings::FederatedIdentity(id) if id.to_string() == CLIENT)
                        );
                    }
                    (false, false, true) => {
                        assert!(matches!(read.unwrap().credential, CredentialSettings::PemFile(_)));
                    }
                    _ => {
                        let problems = read.unwrap_err();
                        assert_eq!(problems.lines().count(), 1, "{problems}");
                        let expected = if vault || federated || file { "exactly one" } else { "nor is any other" };
                        assert!(problems.contains(expected), "{problems}");
                    }
                }
            }
        }
    }
    let three = complete().with("OBO_FEDERATED_IDENTITY_CLIENT_ID", CLIENT).with("AZURE_CERT_PATH", "/obo.pem");
    insta::assert_snapshot!(three.refused(), @"AZURE_CERT_PATH is set beside KEY_VAULT_URL and OBO_FEDERATED_IDENTITY_CLIENT_ID: exactly one credential must be configured; set KEY_VAULT_URL and OBO_CERTIFICATE_NAME, or OBO_FEDERATED_IDENTITY_CLIENT_ID, or AZURE_CERT_PATH");
    let no_guid = none.with("OBO_FEDERATED_IDENTITY_CLIENT_ID", "my-identity").refused();
    assert!(no_guid.starts_with("OBO_FEDERATED_IDENTITY_CLIENT_ID is not a GUID"), "{no_guid}");
}

#[test]
fn a_developers_sign_in_is_for_developers_machines() {
    let laptop = complete().with("KEY_VAULT_IDENTITY", "developer");
    assert!(matches!(
        laptop.accepted().credential,
        CredentialSettings::KeyVault(vault) if vault.identity == VaultIdentity::Developer
    ));
    let refused = laptop.with("WEBSITE_INSTANCE_ID", "0123").refused();
    assert!(refused.starts_with("KEY_VAULT_IDENTITY is developer"), "{refused}");
}

/// What Lambda sets, and the one credential that can be there.
fn on_lambda() -> Environment {
    complete()
        .without("KEY_VAULT_URL")
        .without("OBO_CERTIFICATE_NAME")
        .with("AZURE_CERT_PATH", "/opt/obo.pem")
        .with("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
        .with("AWS_LAMBDA_FUNCTION_NAME", "mcp-cost-server")
        .with("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .with("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
}

#[test]
fn there_is_no_managed_identity_and_no_developer_on_lambda() {
    let vault = on_lambda()
        .without("AZURE_CERT_PATH")
        .with("KEY_VAULT_URL", "https://contoso.vault.azure.net")
        .with("OBO_CERTIFICATE_NAME", "obo");
    let federated = on_lambda().without("AZURE_CERT_PATH").with("OBO_FEDERATED_IDENTITY_CLIENT_ID", CLIENT);
    insta::assert_snapshot!(vault.refused(), @"KEY_VAULT_URL needs a managed identity, and there is none on AWS Lambda; unset it, and set AZURE_CERT_PATH to a PEM file with key and certificate");
    insta::assert_snapshot!(federated.refused(), @"OBO_FEDERATED_IDENTITY_CLIENT_ID needs a managed identity, and there is none on AWS Lambda; unset it, and set AZURE_CERT_PATH to a PEM file with key and certificate");
    let developer = vault.with("KEY_VAULT_IDENTITY", "developer").refused();
    assert!(developer.starts_with("KEY_VAULT_IDENTITY is developer"), "{developer}");
}

#[test]
fn half_a_lambda_is_refused() {
    let somewhere = on_lambda().with("AWS_LAMBDA_RUNTIME_API", "http://127.0.0.1:9000/.rt/handler").accepted();
    assert_eq!(somewhere.platform, Platform::Lambda);
    for (variable, value) in [
        ("AWS_LAMBDA_RUNTIME_API", "/2018-06-01"),
        ("AWS_LAMBDA_RUNTIME_API", "not an address"),
        ("AWS_LAMBDA_FUNCTION_NAME", ""),
        ("AWS_LAMBDA_FUNCTION_VERSION", ""),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", ""),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "large"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "2147483648"),
        ("PUBLIC_URL", ""),
    ] {
        let refused = on_lambda().with(variable, value).refused();
        assert!(refused.starts_with(variable) && refused.lines().count() == 1, "{variable}={value}: {refused}");
    }
}

#[test]
fn half_a_vault_names_the_other_half() {
    let refused = complete().without("OBO_CERTIFICATE_NAME").refused();
    assert!(refused.starts_with("OBO_CERTIFICATE_NAME is not set"), "{refused}");
    let refused = complete().without("KEY_VAULT_URL").refused();
    assert!(refused.starts_with("KEY_VAULT_URL is not set"), "{refused}");
}

#[test]
fn the_platform_decides_where_to_listen() {
    let functions = complete().with("FUNCTIONS_CUSTOMHANDLER_PORT", "4321").with("PORT", "80").accepted();
    assert_eq!(functions.platform, Platform::Functions(([127, 0, 0, 1], 4321).into()));
    let lambda = on_lambda().with("PORT", "80").accepted();
    assert_eq!(lambda.platform, Platform::Lambda);
    let container = complete().with("PORT", "80").accepted();
    assert_eq!(container.platform, Platform::Container(([0, 0, 0, 0], 80).into()));
}

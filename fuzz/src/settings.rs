//! Settings: what is accepted is safe by a reading of its own, and who repairs all that was reported is done.
//!
//! The input is an environment: lines of `NAME=value`, in which `\n` stands for a line's end.

use std::collections::BTreeMap;

use handler::settings::{CredentialSettings, Platform, Problem, Settings};
use identity::exchange::credential::VaultIdentity;
use url::Url;

/// Every setting that has no default, and none that has one.
pub const COMPLETE: &str = "\
AZURE_TENANT_ID=11111111-1111-4111-8111-111111111111
AZURE_CLIENT_ID=33333333-3333-4333-8333-333333333333
APP_ID_URI=api://contoso/mcp-cost-server
PUBLIC_URL=https://costs.contoso.example
AZURE_CERT_PATH=/run/secrets/obo.pem";

const CREDENTIALS: [&str; 5] = [
    "KEY_VAULT_URL",
    "OBO_CERTIFICATE_NAME",
    "KEY_VAULT_IDENTITY",
    "OBO_FEDERATED_IDENTITY_CLIENT_ID",
    "AZURE_CERT_PATH",
];

const PLATFORMS: [&str; 6] = [
    "FUNCTIONS_CUSTOMHANDLER_PORT",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "PORT",
];

type Environment = BTreeMap<String, String>;

/// Whether the settings are accepted.
pub fn judge(input: &[u8]) -> bool {
    let environment = environment(&String::from_utf8_lossy(input));
    match read_all(&environment) {
        Ok(settings) => {
            assert_safe(&settings, &environment);
            true
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "refused, and nobody knows why");
            for problem in &problems {
                assert!(!problem.to_string().contains(char::is_control), "{problem}");
            }
            let rest = read_all(&repaired(environment, &problems)).err().unwrap_or_default();
            assert!(rest.is_empty(), "of {problems:?} and {rest:?} only the former were reported");
            false
        }
    }
}

/// The settings that these lines make, if they do.
#[must_use]
pub fn read(lines: &str) -> Option<Settings> {
    read_all(&environment(lines)).ok()
}

fn environment(lines: &str) -> Environment {
    let pairs = lines.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.replace("\\n", "\n"))).collect()
}

fn read_all(environment: &Environment) -> Result<Settings, Vec<Problem>> {
    Settings::read(&|name| environment.get(name).cloned())
}

fn assert_safe(settings: &Settings, environment: &Environment) {
    let is_set = |name: &str| environment.get(name).is_some_and(|value| !value.trim().is_empty());

    for address in [settings.authority.issuer(), settings.resource_manager.to_string(), settings.public_url.clone()] {
        let url = Url::parse(&address).unwrap();
        assert!(url.scheme() == "https" || url.host_str().is_some_and(identity::is_loopback), "{address}");
        assert!(url.username().is_empty() && url.password().is_none() && url.query().is_none(), "{address}");
    }
    assert_eq!(settings.authority.tenant().to_string(), environment["AZURE_TENANT_ID"].trim().to_lowercase());
    assert_eq!(settings.client.to_string(), environment["AZURE_CLIENT_ID"].trim().to_lowercase());
    assert!(settings.application.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\'));
    assert!((60..=1800).contains(&settings.cache_ttl.as_secs()) && settings.cache_capacity > 0);
    for origin in &settings.allowed_origins {
        let url = Url::parse(origin).unwrap();
        assert_eq!(url.origin().ascii_serialization(), *origin);
        assert!(!origin.contains('*'), "{origin} is no one's origin");
    }

    let configured = [&CREDENTIALS[..2], &CREDENTIALS[3..4], &CREDENTIALS[4..]];
    assert_eq!(configured.iter().filter(|names| names.iter().any(|name| is_set(name))).count(), 1);
    match &settings.credential {
        CredentialSettings::KeyVault(vault) => {
            assert_eq!(vault.vault.scheme(), "https");
            assert!(vault.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{}", vault.name);
            let is_deployed = is_set("WEBSITE_INSTANCE_ID") || is_set("AWS_LAMBDA_RUNTIME_API");
            assert!(!is_deployed || !matches!(vault.identity, VaultIdentity::Developer));
            assert_ne!(settings.platform, Platform::Lambda);
        }
        CredentialSettings::FederatedIdentity(_) => assert_ne!(settings.platform, Platform::Lambda),
        CredentialSettings::PemFile(path) => assert!(!path.as_os_str().is_empty()),
    }
    match settings.platform {
        Platform::Functions(address) => assert!(address.ip().is_loopback() && address.port() > 0),
        Platform::Container(address) => assert!(address.ip().is_loopback() || is_set("PORT")),
        Platform::Lambda => assert!(is_set("AWS_LAMBDA_RUNTIME_API") && !is_set("FUNCTIONS_CUSTOMHANDLER_PORT")),
    }
}

/// The environment after somebody did something about each problem: what has a default is unset, the rest is as in
/// [`COMPLETE`]. Credentials are chosen anew together, and so is the platform.
fn repaired(mut environment: Environment, problems: &[Problem]) -> Environment {
    let complete = self::environment(COMPLETE);
    for problem in problems {
        let alone = [problem.variable];
        let group = [&CREDENTIALS[..], &PLATFORMS[..]].into_iter().find(|group| group.contains(&problem.variable));
        for name in group.unwrap_or(&alone) {
            environment.remove(*name);
            environment.extend(complete.get_key_value(*name).map(|(name, value)| (name.clone(), value.clone())));
        }
        if problem.variable == "WEBSITE_HOSTNAME" {
            environment.insert("PUBLIC_URL".to_owned(), complete["PUBLIC_URL"].clone());
        }
    }
    environment
}

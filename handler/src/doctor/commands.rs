//! Commands to paste, with this deployment's own names in them.

use identity::Scope;

use crate::{
    http::Face,
    settings::{CredentialSettings, Settings},
};

/// Writes commands for one deployment.
pub(super) struct Commands<'a> {
    pub(super) settings: &'a Settings,
}

impl<'a> Commands<'a> {
    pub(super) fn new(settings: &'a Settings) -> Self {
        Self { settings }
    }

    /// A scope as a client asks for it.
    pub(super) fn full_scope(&self, scope: Scope) -> String {
        format!("{}/{}", self.settings.application, scope.name())
    }

    /// Signs in for a scope of this server.
    pub(super) fn sign_in(&self, scope: Scope) -> String {
        format!(
            "az account get-access-token --tenant {} --scope {} --query accessToken --output tsv",
            self.settings.authority.tenant(),
            self.full_scope(scope)
        )
    }

    /// Compares what is registered with what this server uses, then registers that.
    pub(super) fn register_certificate(&self) -> String {
        let client = self.settings.client;
        let reset = format!("az ad app credential reset --id {client} --append");
        let register = if let CredentialSettings::KeyVault(vault) = &self.settings.credential {
            let name = vault_name(vault.vault.host_str().unwrap_or_default());
            format!("{reset} --keyvault {name} --cert {}", vault.name)
        } else if let CredentialSettings::PemFile(path) = &self.settings.credential {
            format!("openssl x509 -in {} -out certificate.pem && {reset} --cert @certificate.pem", path.display())
        } else {
            format!("az ad app federated-credential list --id {client}")
        };
        format!("see what is registered: az ad app credential list --id {client} --cert; register this one: {register}")
    }

    /// Lets the registration's tokens be version 2.0.
    pub(super) fn ask_for_version_2(&self) -> String {
        self.patch(r#"{"api":{"requestedAccessTokenVersion":2}}"#)
    }

    /// Adds the claims that tell users from services, and what a client can do.
    pub(super) fn add_optional_claims(&self) -> String {
        self.patch(r#"{"optionalClaims":{"accessToken":[{"name":"idtyp"},{"name":"xms_cc"}]}}"#)
    }

    /// Consents for everybody in the tenant.
    pub(super) fn admin_consent(&self) -> String {
        format!(
            "az ad app permission admin-consent --id {}, or as an administrator open {}",
            self.settings.client,
            Face::of(self.settings).admin_consent_url()
        )
    }

    /// Makes the MCP endpoint's address an identifier of the registration.
    pub(super) fn add_identifier(&self) -> String {
        let Settings { client, application, public_url, .. } = self.settings;
        format!("az ad app update --id {client} --identifier-uris {application} {public_url}/mcp")
    }

    /// Whether anything answers where the keys should be.
    pub(super) fn try_authority(&self) -> String {
        format!("curl --verbose {}", self.settings.authority.keys())
    }

    /// A text with `<AZURE_CLIENT_ID>` and the like, with this deployment's values in their place.
    pub(super) fn filled(&self, text: &str) -> String {
        text.replace("<AZURE_CLIENT_ID>", &self.settings.client.to_string())
    }

    fn patch(&self, body: &str) -> String {
        format!(
            "az rest --method patch --url \"https://graph.microsoft.com/v1.0/applications(appId='{}')\" --body '{body}'",
            self.settings.client
        )
    }
}

/// `contoso.vault.azure.net` → `contoso`, as `az` wants it.
fn vault_name(host: &str) -> &str {
    host.split('.').next().unwrap_or(host)
}

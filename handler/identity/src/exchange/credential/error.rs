//! Why the credential can't be used: the setting, the cause and the fix in one sentence each, for the operator.

use std::{fmt, path::PathBuf};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{UnixTime, exchange::certificate::CertificateFault};

/// Where a certificate was loaded from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// The file that `AZURE_CERT_PATH` names.
    File,
    /// The certificate `OBO_CERTIFICATE_NAME` of the vault `KEY_VAULT_URL`.
    Vault {
        /// The vault's host.
        host: String,
        /// The certificate's name.
        name: String,
    },
}

/// Why this server can't authenticate. Its operator must act on every one; the text names the setting and the fix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// `OBO_CERTIFICATE_NAME` is no name that Key Vault allows; nothing was asked.
    #[error(
        "OBO_CERTIFICATE_NAME: not a certificate's name; use 1 to 127 letters, digits and hyphens, without the vault's \
         address or a version"
    )]
    InvalidName,
    /// The vault has no such certificate.
    #[error(
        "OBO_CERTIFICATE_NAME: the vault {host} has no certificate {name}; see what it has: az keyvault certificate \
         list --vault-name {} --output table",
        vault_name(host)
    )]
    NotFound {
        /// The vault's host.
        host: String,
        /// The certificate's name.
        name: String,
    },
    /// The vault refuses this server's identity, or the certificate is disabled.
    #[error(
        "KEY_VAULT_URL: the vault {host} refuses to hand out {name} ({code}); {}",
        forbidden_fix(host, code, "read it", "Key Vault Certificate User")
    )]
    Forbidden {
        /// The vault's host.
        host: String,
        /// The certificate's name.
        name: String,
        /// What the vault said, for example `ForbiddenByRbac`.
        code: String,
    },
    /// No connection to the vault, or no answer in time.
    #[error(
        "KEY_VAULT_URL: the vault {host} can't be reached ({cause}); check the address and the network path: az \
         keyvault show --name {} --query properties.vaultUri",
        vault_name(host)
    )]
    Unreachable {
        /// The vault's host.
        host: String,
        /// The error of the connection.
        cause: String,
    },
    /// The vault answered what Key Vault does not answer, or with an error that says nothing.
    #[error(
        "KEY_VAULT_URL: the answer of {host} is not one of Key Vault ({cause}); check the address, and HTTPS_PROXY if \
         requests leave through a proxy"
    )]
    UnexpectedAnswer {
        /// The vault's host.
        host: String,
        /// What was wrong with it.
        cause: String,
    },
    /// The managed identity gave no token for the vault.
    #[error(
        "KEY_VAULT_IDENTITY: no token of the identity for the vault ({cause}); assign the identity to this app (az \
         functionapp identity assign), or name its client id in KEY_VAULT_IDENTITY if it is a user-assigned one"
    )]
    IdentityFailed {
        /// What the identity endpoint said.
        cause: String,
    },
    /// The developer's sign-in gave no token for the vault.
    #[error(
        "KEY_VAULT_IDENTITY: no token of this machine's developer sign-in for the vault ({cause}); sign in with az login \
         or azd auth login, as somebody with the role Key Vault Certificate User on the vault"
    )]
    DeveloperFailed {
        /// What `az` and `azd` said.
        cause: String,
    },
    /// The vault hands out the certificate, but refuses this server's identity the use of its key.
    #[error(
        "KEY_VAULT_URL: the vault {host} refuses to sign with the key of {name} ({code}); {}",
        forbidden_fix(host, code, "sign", "Key Vault Crypto User")
    )]
    SigningForbidden {
        /// The vault's host.
        host: String,
        /// The certificate's name.
        name: String,
        /// What the vault said, for example `ForbiddenByRbac`.
        code: String,
    },
    /// The user-assigned identity gave no token that stands for this server's registration.
    #[error(
        "OBO_FEDERATED_IDENTITY_CLIENT_ID: no token of the identity for {audience} ({cause}); assign the user-assigned \
         identity to this app (az functionapp identity assign --identities <its resource id>) and set its client id, not \
         its principal id"
    )]
    FederatedIdentityFailed {
        /// For whom the token would have been.
        audience: &'static str,
        /// What the identity endpoint said.
        cause: String,
    },
    /// The file can't be read.
    #[error("AZURE_CERT_PATH: {} can't be read ({cause}); set it to a PEM file that this process may read", path.display())]
    UnreadableFile {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        cause: String,
    },
    /// The secret of the certificate came in another format than the one that was asked for.
    #[error(
        "OBO_CERTIFICATE_NAME: the vault {host} hands out {name} as {found} instead of application/x-pem-file; make a \
         version whose policy has secretProperties.contentType application/x-pem-file"
    )]
    WrongContentType {
        /// The vault's host.
        host: String,
        /// The certificate's name.
        name: String,
        /// The content type.
        found: String,
    },
    /// No certificate or no key in the text, or neither can be parsed.
    #[error(
        "{certificate}: {cause}; it must hold an unencrypted RSA private key (PKCS#8 or PKCS#1) and its certificate, both \
         in PEM"
    )]
    UnreadablePem {
        /// Where it came from.
        certificate: CertificateSource,
        /// What is missing or broken. Holds nothing of the text.
        cause: &'static str,
    },
    /// The private key is not the certificate's.
    #[error("{certificate}: the private key does not belong to the certificate; {}", certificate.replace())]
    KeyMismatch {
        /// Where it came from.
        certificate: CertificateSource,
    },
    /// The certificate's key is not an RSA key.
    #[error("{certificate}: the certificate's key is not an RSA key, which Entra requires; {}", certificate.replace())]
    NotRsa {
        /// Where it came from.
        certificate: CertificateSource,
    },
    /// The certificate's key is shorter than 2048 bits.
    #[error("{certificate}: the certificate's key has {bits} bits, at least 2048 are needed; {}", certificate.replace())]
    TooShort {
        /// Where it came from.
        certificate: CertificateSource,
        /// The length of the modulus.
        bits: usize,
    },
    /// The certificate's validity begins in the future.
    #[error("{certificate}: the certificate is not valid before {}; check this machine's clock, or wait", date(*from))]
    NotYetValid {
        /// Where it came from.
        certificate: CertificateSource,
        /// `notBefore`.
        from: UnixTime,
    },
    /// The certificate's validity has ended.
    #[error("{certificate}: the certificate expired on {}; {}", date(*since), certificate.replace())]
    Expired {
        /// Where it came from.
        certificate: CertificateSource,
        /// `notAfter`.
        since: UnixTime,
    },
    /// The key did not sign, or what a vault answered is not this certificate's signature.
    #[error("{certificate}: the private key does not sign; {}", certificate.replace())]
    SigningFailed {
        /// Where it came from.
        certificate: CertificateSource,
    },
}

impl CredentialError {
    /// Whether the vault or the identity failed, whatever was asked of it: nothing is said about this certificate.
    pub(super) fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::UnexpectedAnswer { .. }
                | Self::IdentityFailed { .. }
                | Self::DeveloperFailed { .. }
        )
    }

    /// The same, where the request was for a signature.
    pub(super) fn of_signing(self) -> Self {
        match self {
            Self::Forbidden { host, name, code } => Self::SigningForbidden { host, name, code },
            other => other,
        }
    }
}

impl CertificateSource {
    /// The error of this source for a fault of its certificate.
    pub(in crate::exchange) fn error(&self, fault: CertificateFault) -> CredentialError {
        let certificate = self.clone();
        match fault {
            CertificateFault::Unreadable(cause) => CredentialError::UnreadablePem { certificate, cause },
            CertificateFault::NotRsa => CredentialError::NotRsa { certificate },
            CertificateFault::TooShort { bits } => CredentialError::TooShort { certificate, bits },
            CertificateFault::KeyMismatch => CredentialError::KeyMismatch { certificate },
            CertificateFault::NotYetValid { from } => CredentialError::NotYetValid { certificate, from },
            CertificateFault::Expired { since } => CredentialError::Expired { certificate, since },
        }
    }

    /// How to get another certificate, and to register it.
    fn replace(&self) -> String {
        match self {
            Self::File => "make another and register it: az ad app credential reset --id <AZURE_CLIENT_ID> \
                           --create-cert --append"
                .to_owned(),
            Self::Vault { host, name } => {
                let vault = vault_name(host);
                format!(
                    "make another version and register it: az ad app credential reset --id <AZURE_CLIENT_ID> \
                     --create-cert --keyvault {vault} --cert {name} --append"
                )
            }
        }
    }
}

impl fmt::Display for CertificateSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => formatter.write_str("AZURE_CERT_PATH"),
            Self::Vault { host, name } => write!(formatter, "OBO_CERTIFICATE_NAME ({name} in {host})"),
        }
    }
}

/// `contoso.vault.azure.net` → `contoso`, as `az` wants it.
fn vault_name(host: &str) -> &str {
    host.split('.').next().unwrap_or(host)
}

fn forbidden_fix(host: &str, code: &str, action: &str, role: &str) -> String {
    let vault = vault_name(host);
    match code {
        "ForbiddenByFirewall" => {
            format!("let this app's addresses or network in: az keyvault network-rule add --name {vault}")
        }
        "ForbiddenByConnection" => {
            format!(
                "the vault allows private connections only; give this app one, or: az keyvault update --name {vault} --public-network-access Enabled"
            )
        }
        "CertificateDisabled" | "SecretDisabled" | "KeyDisabled" => {
            format!(
                "enable it: az keyvault certificate set-attributes --vault-name {vault} --enabled true --name <OBO_CERTIFICATE_NAME>"
            )
        }
        _ => format!(
            "let the identity of KEY_VAULT_IDENTITY {action}: az role assignment create --role \"{role}\" \
             --assignee-principal-type ServicePrincipal --assignee-object-id <the identity's principal id> --scope \
             <the vault's resource id>"
        ),
    }
}

fn date(time: UnixTime) -> String {
    OffsetDateTime::from_unix_timestamp(time.0)
        .ok()
        .and_then(|date| date.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("{} s after 1970", time.0))
}

//! Is the client who it says it is? A signed assertion with a registered certificate, or a federated credential.
//!
//! Source: <https://learn.microsoft.com/entra/identity-platform/certificate-credentials>. What Microsoft's libraries
//! send in different ways (padded thumbprints, moments as fractions or strings, one `jti` for many requests) Entra
//! takes, and so does this; everything else is refused with the number Entra gives.

use serde_json::Value;

use super::{
    Entra, EntraError,
    form::{Form, malformed},
};
use crate::{
    certificate::Certificate,
    jwt::Jwt,
    keys::Algorithm,
    people::{MCP_CLIENT_ID, MONITOR_CLIENT_ID, SERVER_CLIENT_ID},
    world,
};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far a client's clock may be off, in seconds.
const SKEW: i64 = 300;

/// How the server's registration is recognised.
#[derive(Default)]
pub(super) struct Registration {
    /// `keyCredentials`.
    pub(super) certificates: Vec<Certificate>,
    /// `federatedIdentityCredentials`.
    pub(super) federated: Vec<FederatedCredential>,
}

/// A token of somebody else that counts as the client's own assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederatedCredential {
    /// `iss` of the token.
    pub issuer: String,
    /// `sub` of the token: the object id of the managed identity, case-sensitive.
    pub subject: String,
    /// `aud` of the token.
    pub audience: String,
}

/// Authenticates the client of a token request.
pub(super) fn authenticate(entra: &Entra, form: &Form) -> Result<(), EntraError> {
    let client_id = form.required("client_id")?;
    if [MCP_CLIENT_ID, MONITOR_CLIENT_ID].contains(&client_id) {
        let message = "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.";
        return Err(EntraError::invalid_client(700_025, message));
    }
    if client_id != SERVER_CLIENT_ID {
        let message = format!(
            "Application with identifier '{client_id}' was not found in the directory 'Contoso'. This can happen if \
             the application has not been installed by the administrator of the tenant or consented to by any user in \
             the tenant. You may have sent your authentication request to the wrong tenant."
        );
        return Err(EntraError::unauthorized_client(700_016, message));
    }
    let assertion = match (form.get("client_secret"), form.get("client_assertion")) {
        (Some(_), Some(_)) => return Err(malformed()),
        (Some(_), None) => {
            let message = "Invalid client secret provided. Ensure the secret being sent in the request is the client \
                           secret value, not the client secret ID.";
            return Err(EntraError::invalid_client(7_000_215, message));
        }
        (None, Some(assertion)) if form.required("client_assertion_type")? == ASSERTION_TYPE => assertion,
        (None, _) => {
            let message =
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            return Err(EntraError::invalid_client(7_000_218, message));
        }
    };
    let assertion = Jwt::parse(assertion).ok_or_else(|| invalid_token("JWT token is invalid or malformed."))?;
    let thumbprint = assertion.header("x5t#S256").or_else(|| assertion.header("x5t"));
    match thumbprint {
        Some(thumbprint) => certificate_assertion(entra, &assertion, thumbprint.trim_end_matches('=')),
        None if assertion.header("kid").is_some() => federated_assertion(entra, form, &assertion),
        None => {
            let message = "Invalid JWT token. No certificate thumbprint specified in token header.";
            Err(EntraError::invalid_client(5_002_723, message))
        }
    }
}

fn certificate_assertion(entra: &Entra, assertion: &Jwt, thumbprint: &str) -> Result<(), EntraError> {
    let certificate = entra
        .registered(|certificate| {
            certificate.thumbprint() == thumbprint || certificate.legacy_thumbprint() == thumbprint
        })
        .ok_or_else(|| {
            let message = format!(
                "The certificate with identifier used to sign the client assertion is not registered on application. \
                 [Reason - The key was not found., Thumbprint of key used by client: '{thumbprint}']"
            );
            EntraError::invalid_client(700_027, message)
        })?;
    let name = assertion.header("alg").unwrap_or_default();
    let algorithm = Algorithm::named(name).ok_or_else(|| {
        let message = format!("Invalid JWT token. '{name}' is not a supported signature algorithm.");
        EntraError::invalid_client(5_002_738, message)
    })?;
    if !certificate.is_valid_at(world::now()) {
        let message = "The provided certificate is not within its specified validity period.";
        return Err(EntraError::invalid_client(1_000_502, message));
    }
    if !assertion.is_signed_by(certificate.public_key(), algorithm) {
        let message = format!(
            "Client assertion failed signature validation. [Reason - The key was found, but use of the key to verify \
             the signature failed., Thumbprint of key used by client: '{thumbprint}']"
        );
        return Err(EntraError::invalid_client(700_027, message));
    }
    judge_time(assertion)?;
    judge_parties(entra, assertion)?;
    // one id for many requests is accepted: Microsoft's own libraries reuse an assertion until it expires
    let id = assertion.claim("jti").ok_or_else(|| invalid_token("Invalid JWT token. The 'jti' claim is missing."))?;
    entra.saw_client_assertion(id);
    Ok(())
}

fn judge_time(assertion: &Jwt) -> Result<(), EntraError> {
    let now = world::unix_now();
    let expires = assertion.moment("exp");
    let begins = assertion.moment("nbf").unwrap_or(i64::MIN);
    if expires.is_some_and(|expires| now < expires.saturating_add(SKEW)) && begins <= now + SKEW {
        return Ok(());
    }
    let message = format!(
        "Client assertion is not within its valid time range. Current time: {}, expiry time of assertion {}.",
        world::stamp(world::now()),
        expires.map_or_else(|| "unspecified".to_owned(), |expires| expires.to_string()),
    );
    Err(EntraError::invalid_client(700_024, message))
}

fn judge_parties(entra: &Entra, assertion: &Jwt) -> Result<(), EntraError> {
    let (issuer, subject) = (assertion.claim("iss"), assertion.claim("sub"));
    if issuer != subject || issuer.is_none() {
        let message = "Subject mismatches Issuer claim in the client assertion.";
        return Err(EntraError::invalid_client(50_048, message));
    }
    if issuer != Some(SERVER_CLIENT_ID) {
        let message = "Client assertion application identifier doesn't match 'client_id' parameter.";
        return Err(EntraError::invalid_client(700_021, message));
    }
    match assertion.claims.get("aud") {
        Some(Value::Array(_)) => Err(invalid_token("JWT token is invalid or malformed.")),
        Some(Value::String(audience))
            if *audience == entra.issuer.token_endpoint() || *audience == entra.issuer.issuer() =>
        {
            Ok(())
        }
        _ => Err(EntraError::invalid_client(700_023, "Client assertion audience claim does not match Realm issuer.")),
    }
}

/// Source:
/// <https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity>.
fn federated_assertion(entra: &Entra, form: &Form, assertion: &Jwt) -> Result<(), EntraError> {
    let mismatch = |code, what: &str, value: &str| {
        let message = format!("No matching federated identity record found for presented assertion {what} '{value}'.");
        Err(EntraError::invalid_client(code, message))
    };
    let [issuer, subject, audience] = ["iss", "sub", "aud"].map(|name| assertion.claim(name).unwrap_or_default());
    let mut candidates = entra.federated_credentials();
    candidates.retain(|candidate| candidate.issuer == issuer);
    if candidates.is_empty() {
        return mismatch(700_211, "issuer", issuer);
    }
    candidates.retain(|candidate| candidate.subject == subject);
    if candidates.is_empty() {
        return mismatch(700_213, "subject", subject);
    }
    candidates.retain(|candidate| candidate.audience == audience);
    if candidates.is_empty() {
        return mismatch(700_212, "audience", audience);
    }
    if entra.issuer.recognise(form.required("client_assertion")?).is_none() {
        return Err(EntraError::invalid_client(50_013, "Assertion failed signature validation."));
    }
    if assertion.claim("scp").is_some() {
        let message = "Only app-only tokens can be used as Federated Identity Credentials for AAD issuer.";
        return Err(EntraError::invalid_client(700_229, message));
    }
    judge_time(assertion)
}

fn invalid_token(message: &str) -> EntraError {
    EntraError::invalid_client(50_027, message)
}

//! Minting and recognising Entra's tokens: what Entra, the managed identity endpoint, the vault and Resource Manager
//! share.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::Request;
use serde_json::{Value, json};

use super::{EntraError, keys::SigningKeys};
use crate::{
    journal::{Identity, Presented, PrincipalKind},
    jwt::{self, Jwt},
    keys::Algorithm,
    people::TENANT_ID,
    secrets::Secrets,
    server, world,
};

/// Entra dates its tokens five minutes back, for receivers whose clocks are late.
pub(crate) const BACKDATED: i64 = 300;

/// Signs tokens of the tenant.
pub(crate) struct Issuer {
    /// The origin of the authority, without a slash at the end.
    pub(crate) authority: String,
    pub(crate) keys: SigningKeys,
    pub(crate) secrets: Secrets,
}

impl Issuer {
    /// `iss` of v2.0 tokens.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/{TENANT_ID}/v2.0", self.authority)
    }

    /// `iss` of v1.0 tokens, which Azure's own services receive.
    pub(crate) fn legacy_issuer() -> String {
        format!("https://sts.windows.net/{TENANT_ID}/")
    }

    /// Where tokens are requested.
    pub(crate) fn token_endpoint(&self) -> String {
        format!("{}/{TENANT_ID}/oauth2/v2.0/token", self.authority)
    }

    /// Signs `claims` with the key in use.
    pub(crate) fn mint(&self, claims: &Value) -> Result<String, EntraError> {
        let key = self.keys.current();
        let header = json!({ "typ": "JWT", "alg": "RS256", "kid": key.id() });
        let token = jwt::sign(&key, Algorithm::Rs256, &header, claims).map_err(|_| EntraError::internal())?;
        self.secrets.remember(&token);
        Ok(token)
    }

    /// The token, if this Entra signed it; nothing else about it is judged.
    pub(crate) fn recognise(&self, token: &str) -> Option<Jwt> {
        let token = Jwt::parse(token)?;
        let key = self.keys.find(token.header("kid")?)?;
        let signed = token.header("alg") == Some("RS256") && token.is_signed_by(key.public_key(), Algorithm::Rs256);
        signed.then_some(token)
    }

    /// Whose bearer token a request carries.
    pub(crate) fn presented(&self, request: &Request<bytes::Bytes>) -> Presented {
        server::bearer(request).map_or(Presented::Nothing, |token| self.presented_token(token))
    }

    /// Whose token this is.
    pub(crate) fn presented_token(&self, token: &str) -> Presented {
        self.secrets.remember(token);
        let Some(token) = self.recognise(token) else { return Presented::Unverified };
        let kind = if token.claim("scp").is_some() { PrincipalKind::User } else { PrincipalKind::Service };
        let text = |name| token.claim(name).unwrap_or_default().to_owned();
        Presented::Verified(Identity { object_id: text("oid"), kind, audience: text("aud"), token_id: text("uti") })
    }
}

/// `uti` and `rh`: 22 characters nobody can guess.
pub(crate) fn token_id() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(world::guid().as_bytes())
}

/// The claims of a v1.0 token for one of Azure's own services.
pub(crate) struct AzureClaims<'a> {
    pub(crate) audience: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) object_id: &'a str,
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
}

impl AzureClaims<'_> {
    pub(crate) fn value(&self) -> Value {
        json!({
            "aud": self.audience,
            "iss": Issuer::legacy_issuer(),
            "iat": self.issued_at,
            "nbf": self.issued_at,
            "exp": self.expires_at,
            "appid": self.client_id,
            "appidacr": "2",
            "idp": Issuer::legacy_issuer(),
            "oid": self.object_id,
            "sub": self.object_id,
            "tid": TENANT_ID,
            "uti": token_id(),
            "ver": "1.0",
        })
    }
}

/// Shared, because everybody recognises Entra's tokens.
pub(crate) type SharedIssuer = Arc<Issuer>;

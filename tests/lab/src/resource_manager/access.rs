//! Who asks Resource Manager.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::Request;
use serde_json::json;

use super::{ResourceManager, errors::ArmError};
use crate::{entra::Issuer, jwt::Jwt, people::TENANT_ID, server, world};

/// The principal a valid token names.
pub(super) struct Caller {
    pub(super) object_id: String,
    pub(super) name: String,
}

impl ResourceManager {
    /// Judges the token: signature, audience, issuer, tenant, lifetime, and revocation for those who can be told of it.
    pub(super) fn authenticate(&self, request: &Request<Bytes>) -> Result<Caller, ArmError> {
        let Some(token) = server::bearer(request) else {
            let message = "Authentication failed. The 'Authorization' header is missing.";
            return Err(self.invalid("AuthenticationFailed", message));
        };
        let token = self
            .issuer
            .recognise(token)
            .ok_or_else(|| self.invalid("InvalidAuthenticationToken", "The access token is invalid."))?;
        self.judge(&token)?;
        let text = |name| token.claim(name).unwrap_or_default().to_owned();
        Ok(Caller { object_id: text("oid"), name: token.claim("upn").map_or_else(|| text("appid"), str::to_owned) })
    }

    fn judge(&self, token: &Jwt) -> Result<(), ArmError> {
        let audience = token.claim("aud").unwrap_or_default();
        if audience.trim_end_matches('/') != self.url {
            let message = format!(
                "The access token has been obtained for wrong audience or resource '{audience}'. It should exactly \
                 match with one of the allowed audiences '{0}','{0}/'.",
                self.url
            );
            return Err(self.invalid("InvalidAuthenticationTokenAudience", &message));
        }
        let issuer = token.claim("iss").unwrap_or_default();
        if issuer != Issuer::legacy_issuer() {
            let message = format!(
                "The access token is from the wrong issuer '{issuer}'. It must match the tenant '{}' associated with \
                 this subscription.",
                Issuer::legacy_issuer()
            );
            return Err(self.invalid("InvalidAuthenticationTokenTenant", &message));
        }
        let expires_at = token.moment("exp").unwrap_or_default();
        if expires_at <= world::unix_now() {
            let message = format!("The access token expiry UTC time '{expires_at}' is earlier than current UTC time.");
            return Err(self.invalid("ExpiredAuthenticationToken", &message));
        }
        self.judge_revocation(token)
    }

    /// Continuous access evaluation: only a bearer that declared `cp1` is told, any other keeps its token to the end.
    fn judge_revocation(&self, token: &Jwt) -> Result<(), ArmError> {
        let valid_from = self.entra.sessions_valid_from(token.claim("oid").unwrap_or_default());
        let issued_at = token.moment("iat").unwrap_or_default();
        if !token.lists("xms_cc", "cp1") || valid_from <= issued_at {
            return Ok(());
        }
        let claims = json!({ "access_token": { "nbf": { "essential": true, "value": valid_from.to_string() } } });
        let challenge = format!(
            "Bearer realm=\"\", authorization_uri=\"{}/common/oauth2/authorize\", error_description=\"Continuous \
             access evaluation resulted in challenge\", error=\"insufficient_claims\", claims=\"{}\"",
            self.issuer.authority,
            BASE64_STANDARD.encode(claims.to_string())
        );
        let message = "Continuous access evaluation resulted in claims challenge with result: InteractionRequired and \
                       code: TokenIssuedBeforeRevocationTimestamp.";
        Err(ArmError::unauthorized("InvalidAuthenticationToken", message, challenge))
    }

    fn invalid(&self, code: &'static str, message: &str) -> ArmError {
        let challenge = format!(
            "Bearer authorization_uri=\"{}/{TENANT_ID}\", error=\"invalid_token\", error_description=\"{message}\"",
            self.issuer.authority
        );
        ArmError::unauthorized(code, message, challenge)
    }
}

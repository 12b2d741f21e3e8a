//! Who asks the vault, and may they?
//!
//! Source: <https://learn.microsoft.com/azure/key-vault/general/rest-error-codes>. The vault judges the token first,
//! before it looks at anything else of the request.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::Request;

use super::{KeyVault, answers::Refusal};
use crate::{entra::Issuer, jwt::Jwt, people::TENANT_ID, server, world, world::lock};

/// The audience of tokens for any vault of the public cloud, and the resource a challenge names.
const RESOURCE: &str = "https://vault.azure.net";

impl KeyVault {
    pub(super) fn authenticate(&self, request: &Request<Bytes>) -> Result<Jwt, Refusal> {
        let refuse = |message: String| {
            let authority = &self.issuer.authority;
            let challenge = format!("Bearer authorization=\"{authority}/{TENANT_ID}\", resource=\"{RESOURCE}\"");
            Err(Refusal::unauthorized(message, challenge))
        };
        let Some(token) = server::bearer(request) else {
            return refuse("AKV10000: Request is missing a Bearer or PoP token.".to_owned());
        };
        let Some(token) = self.issuer.recognise(token) else {
            return refuse("[BearerReadAccessTokenFailed] Error validating token: invalid signature.".to_owned());
        };
        let issuer = token.claim("iss").unwrap_or_default();
        if issuer != Issuer::legacy_issuer() {
            return refuse(format!(
                "AKV10032: Invalid issuer. Expected one of {}, found {issuer}.",
                Issuer::legacy_issuer()
            ));
        }
        let audience = token.claim("aud").unwrap_or_default();
        if audience != RESOURCE {
            return refuse(format!("AKV10022: Invalid audience. Expected {RESOURCE}, found: {audience}."));
        }
        if token.moment("exp").is_none_or(|expires_at| expires_at <= world::unix_now()) {
            return refuse("[TokenExpired] Error validating token: 'S2S12086'.".to_owned());
        }
        Ok(token)
    }

    pub(super) fn authorize(&self, caller: &Jwt, object: &str, action: &str) -> Result<(), Refusal> {
        let object_id = caller.claim("oid").unwrap_or_default();
        let forbidden = action == "sign" && self.signing_forbidden.load(Ordering::Relaxed);
        if !forbidden && lock(&self.permitted).contains(object_id) {
            return Ok(());
        }
        let action = match (object, action) {
            ("secrets", "list") => "secrets/readMetadata/action",
            ("secrets", _) => "secrets/getSecret/action",
            ("certificates", _) => "certificates/read",
            (_, "sign") => "keys/sign/action",
            _ => "keys/read",
        };
        let (client_id, issuer) = (caller.claim("appid").unwrap_or_default(), caller.claim("iss").unwrap_or_default());
        Err(Refusal::forbidden_by_rbac(format!(
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role \
             definitions were changed recently, please observe propagation time.\r\nCaller: \
             appid={client_id};oid={object_id};iss={issuer}\r\nAction: \
             'Microsoft.KeyVault/vaults/{action}'\r\nAssignment: (not found)\r\nDenyAssignmentId: \
             null\r\nDecisionReason: null\r\nVault: lab;location=westeurope\r\n"
        )))
    }
}

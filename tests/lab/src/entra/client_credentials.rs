//! The server as itself: a token for Resource Manager that belongs to no user and has no role there.
//!
//! Source: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>. No consent is needed
//! for a token without app roles.

use serde_json::{Value, json};

use super::{
    Entra, EntraError, client_authentication,
    form::Form,
    issuer::{AzureClaims, BACKDATED},
    on_behalf_of, scope,
};
use crate::{
    people::{SERVER_CLIENT_ID, SERVER_OBJECT_ID},
    world,
};

pub(super) const GRANT_TYPE: &str = "client_credentials";

/// Seconds.
const LIFETIME: i64 = 3_600;

/// The body of the answer.
pub(super) fn granted(entra: &Entra, tenant: &str, form: &Form) -> Result<Value, EntraError> {
    on_behalf_of::judge_tenant(tenant)?;
    client_authentication::authenticate(entra, form)?;
    let asked = form.required("scope")?;
    let wanted = scope::read(entra, asked)?;
    if !asked.ends_with("/.default") {
        let message = format!(
            "The provided value for scope {asked} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier (application ID URI)."
        );
        return Err(EntraError::invalid_scope(1_002_012, message));
    }
    let mut token = AzureClaims {
        audience: wanted.resource,
        client_id: SERVER_CLIENT_ID,
        object_id: SERVER_OBJECT_ID,
        issued_at: world::unix_now() - BACKDATED,
        expires_at: world::unix_now() + LIFETIME,
    }
    .value();
    token["idtyp"] = "app".into();
    let lifetime = LIFETIME - 1;
    Ok(json!({
        "token_type": "Bearer",
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "access_token": entra.issuer.mint(&token)?,
    }))
}

//! The exchange: a user's token for this server becomes a token for Resource Manager, as that user.
//!
//! Source: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow>. What a real tenant
//! decides after a revocation when the request carries an `nbf` demand is not documented; here it is
//! `interaction_required` with that demand, and without the demand AADSTS50133.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{
    Entra, EntraError, assertion, client_authentication, client_credentials,
    errors::token_headers,
    form::{Form, malformed},
    issuer::{AzureClaims, token_id},
    policy, scope,
};
use crate::{
    jwt::Jwt,
    people::{Person, SERVER_CLIENT_ID, TENANT_ID},
    server, world,
};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Seconds a token lives whose bearer can't be told of a revocation.
const LIFETIME: i64 = 3_900;

/// Seconds a token lives whose bearer can (`cp1`).
const REVOCABLE_LIFETIME: i64 = 24 * 3_600;

/// Answers a token request.
pub(super) fn exchange(entra: &Entra, tenant: &str, form: &Form, correlation_id: &str) -> Response<Bytes> {
    let granted = match form.get("grant_type") {
        Some(client_credentials::GRANT_TYPE) => client_credentials::granted(entra, tenant, form),
        _ => granted(entra, tenant, form),
    };
    match granted {
        Ok(body) => {
            let response = server::json(StatusCode::OK, &body);
            token_headers(response, correlation_id, &world::guid().to_string())
        }
        Err(error) => error.response(correlation_id),
    }
}

fn granted(entra: &Entra, tenant: &str, form: &Form) -> Result<Value, EntraError> {
    judge_tenant(tenant)?;
    judge_grant_type(form)?;
    client_authentication::authenticate(entra, form)?;
    let wanted = scope::read(entra, form.required("scope")?)?;
    let claims: Value = serde_json::from_str(form.get("claims").unwrap_or("{}")).map_err(|_| malformed())?;
    let (person, assertion) = assertion::judge(entra, form.required("assertion")?)?;
    judge_session(entra, &person, &assertion, &claims)?;
    scope::judge_registration(entra, &wanted)?;
    entra.judge_consent(&person)?;
    judge_policies(entra, &assertion, &claims)?;

    let revocable = requests(&claims, "xms_cc", "cp1");
    let lifetime = if revocable { REVOCABLE_LIFETIME } else { LIFETIME };
    let mut token = AzureClaims {
        audience: wanted.resource,
        client_id: SERVER_CLIENT_ID,
        object_id: &person.object_id,
        issued_at: entra.issued_at(&person),
        expires_at: world::unix_now() + lifetime,
    }
    .value();
    token["scp"] = "user_impersonation".into();
    token["upn"] = person.user_principal_name.clone().into();
    token["name"] = person.display_name.clone().into();
    if revocable {
        token["xms_cc"] = json!(["cp1"]);
    }
    let mut body = json!({
        "token_type": "Bearer",
        "scope": wanted.granted(),
        "expires_in": lifetime - 1,
        "ext_expires_in": lifetime - 1,
        "access_token": entra.issuer.mint(&token)?,
    });
    if revocable {
        body["refresh_in"] = (lifetime / 2).into();
    }
    if wanted.refresh_token {
        let refresh_token = format!("1.{}{}", token_id(), token_id());
        entra.issuer.secrets.remember(&refresh_token);
        body["refresh_token"] = refresh_token.into();
    }
    if form.get("client_info") == Some("1") {
        body["client_info"] = client_info(&person).into();
    }
    if wanted.id_token {
        body["id_token"] = entra.issuer.mint(&id_token(entra, &person))?.into();
    }
    Ok(body)
}

pub(super) fn judge_tenant(tenant: &str) -> Result<(), EntraError> {
    match tenant {
        TENANT_ID => Ok(()),
        "common" | "organizations" | "consumers" => {
            let message = format!(
                "Application '{SERVER_CLIENT_ID}'(mcp-cost-server) is not configured as a multi-tenant application. \
                 Usage of the /{tenant} endpoint is not supported for such apps."
            );
            Err(EntraError::invalid_request(50_194, message))
        }
        _ => Err(tenant_not_found(tenant)),
    }
}

pub(super) fn tenant_not_found(tenant: &str) -> EntraError {
    let message = format!(
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the \
         correct cloud. Check with your subscription administrator, this may happen if there are no active \
         subscriptions for the tenant."
    );
    EntraError::invalid_request(90_002, message)
}

fn judge_grant_type(form: &Form) -> Result<(), EntraError> {
    let grant_type = form.required("grant_type")?;
    if grant_type != GRANT_TYPE {
        let message = format!("The app requested an unsupported grant type '{grant_type}'.");
        return Err(EntraError::unsupported_grant_type(70_003, message));
    }
    form.required("assertion")?;
    if form.required("requested_token_use")? != "on_behalf_of" {
        return Err(malformed());
    }
    Ok(())
}

/// Whether the sign-in behind the assertion was revoked since.
fn judge_session(entra: &Entra, person: &Person, assertion: &Jwt, claims: &Value) -> Result<(), EntraError> {
    let signed_in = assertion.moment("iat").unwrap_or_default();
    if let Some(demand) = requested(claims, "nbf") {
        let value = demand.get("value").cloned().unwrap_or_default();
        let not_before = value.as_i64().or_else(|| value.as_str()?.parse().ok()).ok_or_else(malformed)?;
        if signed_in < not_before {
            let message = "The user must sign in again: the presented session is older than the resource accepts.";
            let claims = json!({ "access_token": { "nbf": { "essential": true, "value": not_before.to_string() } } });
            return Err(EntraError::interaction_required(50_173, message).suberror("basic_action").claims(claims));
        }
    }
    if signed_in < entra.sessions_valid_from(&person.object_id) {
        let message = "The session is not valid due to password expiration or recent password change.";
        return Err(EntraError::invalid_grant(50_133, message));
    }
    Ok(())
}

fn judge_policies(entra: &Entra, assertion: &Jwt, claims: &Value) -> Result<(), EntraError> {
    entra.policies().iter().try_for_each(|policy| policy.judge(assertion))?;
    if requests(claims, "acrs", "p1") && !policy::has_mfa(assertion) {
        let claims = json!({ "access_token": { "acrs": { "essential": true, "values": ["p1"] } } });
        return Err(policy::mfa_required().claims(claims));
    }
    Ok(())
}

/// What a claims request demands of the access token under `name`.
fn requested<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    claims.get("access_token")?.get(name)
}

/// Whether the values demanded under `name` include `value`.
fn requests(claims: &Value, name: &str, value: &str) -> bool {
    let values = requested(claims, name).and_then(|demand| demand.get("values")?.as_array());
    values.is_some_and(|values| values.iter().any(|each| each == value))
}

/// Under what MSAL keeps the tokens of a person: it asks for this with `client_info=1`.
fn client_info(person: &Person) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json!({ "uid": person.object_id, "utid": TENANT_ID }).to_string())
}

fn id_token(entra: &Entra, person: &Person) -> Value {
    json!({
        "aud": SERVER_CLIENT_ID,
        "iss": entra.issuer.issuer(),
        "iat": entra.issued_at(person),
        "nbf": entra.issued_at(person),
        "exp": world::unix_now() + LIFETIME,
        "name": person.display_name,
        "oid": person.object_id,
        "preferred_username": person.user_principal_name,
        "sub": person.object_id,
        "tid": TENANT_ID,
        "uti": token_id(),
        "ver": "2.0",
    })
}

//! The managed identity endpoint of App Service and Functions, protocol version 2019-08-01.
//!
//! Source: <https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference>.

use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::json;

use crate::{
    entra::{AzureClaims, BACKDATED, EntraError, SharedIssuer},
    fault::Faults,
    journal::{Presented, ServiceName},
    people::{
        SYSTEM_IDENTITY_CLIENT_ID, SYSTEM_IDENTITY_OBJECT_ID, TENANT_ID, USER_ASSIGNED_IDENTITY_CLIENT_ID,
        USER_ASSIGNED_IDENTITY_OBJECT_ID,
    },
    server::{self, Service},
    world,
};

const API_VERSION: &str = "2019-08-01";

/// Tokens for it count as an assertion of an app registration that trusts the identity.
const TOKEN_EXCHANGE: &str = "api://AzureADTokenExchange";

/// Seconds a managed identity's token lives, unless [`ManagedIdentity::set_lifetime`] says otherwise.
const LIFETIME: i64 = 24 * 3_600;

/// The endpoint, with a system-assigned and a user-assigned identity.
pub struct ManagedIdentity {
    issuer: SharedIssuer,
    address: String,
    header: String,
    resources: Vec<String>,
    lifetime: AtomicI64,
    faults: Faults,
}

struct Assigned {
    client_id: &'static str,
    object_id: &'static str,
}

const SYSTEM: Assigned = Assigned { client_id: SYSTEM_IDENTITY_CLIENT_ID, object_id: SYSTEM_IDENTITY_OBJECT_ID };
const USER_ASSIGNED: Assigned =
    Assigned { client_id: USER_ASSIGNED_IDENTITY_CLIENT_ID, object_id: USER_ASSIGNED_IDENTITY_OBJECT_ID };

impl ManagedIdentity {
    pub(crate) fn new(issuer: SharedIssuer, origin: &str, resource_manager: &str) -> Self {
        let header = world::guid().to_string();
        issuer.secrets.remember(&header);
        let resources = ["https://vault.azure.net", TOKEN_EXCHANGE, resource_manager].map(str::to_owned).to_vec();
        Self {
            issuer,
            address: format!("{origin}/msi/token"),
            header,
            resources,
            lifetime: AtomicI64::new(LIFETIME),
            faults: Faults::default(),
        }
    }

    /// The address, for `IDENTITY_ENDPOINT`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The value every request must carry as `X-IDENTITY-HEADER`, for `IDENTITY_HEADER`. A secret.
    #[must_use]
    pub fn header(&self) -> &str {
        &self.header
    }

    /// How many seconds the next tokens live: a day at first. Clients ask anew in the last five minutes of one.
    pub fn set_lifetime(&self, seconds: i64) {
        self.lifetime.store(seconds, Ordering::Relaxed);
    }

    /// Faults of the endpoint.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    fn token(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let presented = request.headers().get("x-identity-header").map(http::HeaderValue::as_bytes);
        if presented != Some(self.header.as_bytes()) {
            return refusal(StatusCode::UNAUTHORIZED, "The request is not authorized.");
        }
        if server::parameter(request, "api-version").as_deref() != Some(API_VERSION) {
            return refusal(StatusCode::BAD_REQUEST, "The api-version is missing or not supported.");
        }
        let Some(identity) = identity(request) else {
            let message =
                "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.";
            return refusal(StatusCode::BAD_REQUEST, message);
        };
        let resource = server::parameter(request, "resource").unwrap_or_default();
        if resource.is_empty() {
            return refusal(StatusCode::BAD_REQUEST, "The parameter 'resource' is missing.");
        }
        let audience = resource.trim_end_matches('/');
        if !self.resources.iter().any(|known| known == audience) {
            let message = format!(
                "AADSTS500011: The resource principal named {resource} was not found in the tenant named Contoso."
            );
            return refusal(StatusCode::INTERNAL_SERVER_ERROR, &message);
        }
        match self.mint(&identity, audience) {
            Ok((token, expires_at)) => {
                let body = json!({
                    "access_token": token,
                    // a string, unlike everywhere else
                    "expires_on": expires_at.to_string(),
                    "resource": resource,
                    "token_type": "Bearer",
                    "client_id": identity.client_id,
                });
                server::json(StatusCode::OK, &body)
            }
            Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.message),
        }
    }

    fn mint(&self, identity: &Assigned, audience: &str) -> Result<(String, i64), EntraError> {
        let now = world::unix_now();
        let expires_at = now + self.lifetime.load(Ordering::Relaxed);
        let mut claims = AzureClaims {
            audience,
            client_id: identity.client_id,
            object_id: identity.object_id,
            issued_at: now - BACKDATED,
            expires_at,
        }
        .value();
        claims["idtyp"] = "app".into();
        claims["xms_mirid"] = format!("/identities/{}", identity.client_id).into();
        if audience == TOKEN_EXCHANGE {
            claims["iss"] = self.issuer.issuer().into();
            claims["ver"] = "2.0".into();
        }
        Ok((self.issuer.mint(&claims)?, expires_at))
    }
}

/// Which identity is asked for: by client id or object id, else the system-assigned one.
fn identity(request: &Request<Bytes>) -> Option<Assigned> {
    let client_id = server::parameter(request, "client_id");
    let object_id = server::parameter(request, "principal_id").or_else(|| server::parameter(request, "object_id"));
    if client_id.is_none() && object_id.is_none() {
        return Some(SYSTEM);
    }
    let matches = |wanted: Option<&String>, actual| wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(actual));
    [SYSTEM, USER_ASSIGNED].into_iter().find(|identity| {
        matches(client_id.as_ref(), identity.client_id) && matches(object_id.as_ref(), identity.object_id)
    })
}

fn refusal(status: StatusCode, message: &str) -> Response<Bytes> {
    let correlation_id = world::guid().to_string();
    let body = json!({ "statusCode": status.as_u16(), "message": message, "correlationId": correlation_id });
    server::json(status, &body)
}

impl Service for ManagedIdentity {
    const NAME: ServiceName = ServiceName::ManagedIdentity;

    fn presented(&self, _: &Request<Bytes>) -> Presented {
        Presented::Nothing
    }

    fn faults(&self, _: &Request<Bytes>) -> &Faults {
        &self.faults
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        match (request.method(), server::segments(request).as_slice()) {
            (&Method::GET, ["msi", "token"]) => self.token(request),
            _ => refusal(StatusCode::NOT_FOUND, "Not found."),
        }
    }

    fn failure(&self, _: &Request<Bytes>, status: StatusCode) -> Response<Bytes> {
        refusal(status, &format!("Tenant {TENANT_ID} can't be served now."))
    }
}

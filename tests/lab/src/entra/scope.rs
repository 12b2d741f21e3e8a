//! Which resource a token request is for.

use super::{Entra, EntraError, consent::USER_IMPERSONATION};
use crate::people::SERVER_CLIENT_ID;

/// Scopes that name no resource.
const OPENID_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// Resources that exist in the tenant, but that the server's registration does not list.
const UNLISTED: [&str; 2] = ["https://graph.microsoft.com", "https://vault.azure.net"];

/// What was asked for, understood.
pub(super) struct Requested<'a> {
    /// Resource Manager, with a slash at the end if the scope had two.
    pub(super) resource: &'a str,
    pub(super) id_token: bool,
    pub(super) refresh_token: bool,
}

impl Requested<'_> {
    /// `scope` of the answer: the scopes granted and, as Entra does, the `.default` that was asked for.
    pub(super) fn granted(&self) -> String {
        format!("{0}/{USER_IMPERSONATION} {0}/.default", self.resource)
    }
}

/// Reads the form field `scope`.
pub(super) fn read<'a>(entra: &Entra, scope: &'a str) -> Result<Requested<'a>, EntraError> {
    let mut resource = None;
    for each in scope.split_ascii_whitespace().filter(|each| !OPENID_SCOPES.contains(each)) {
        // a scope without a resource is Microsoft Graph's
        let (named, name) = each.rsplit_once('/').unwrap_or(("https://graph.microsoft.com", each));
        if resource.is_some_and(|other| other != named) {
            let message = "The provided value for the input parameter 'scope' is not valid because it contains more \
                           than one resource.";
            return Err(EntraError::invalid_request(700_022, message));
        }
        judge_resource(entra, named)?;
        if ![".default", USER_IMPERSONATION].contains(&name) {
            let message = format!(
                "The provided value for the input parameter 'scope' is not valid. The scope '{each}' is not valid."
            );
            return Err(EntraError::invalid_scope(70_011, message));
        }
        resource = Some(named);
    }
    let resource = resource.ok_or_else(|| unlisted("https://graph.microsoft.com"))?;
    let asks = |wanted| scope.split_ascii_whitespace().any(|each| each == wanted);
    Ok(Requested { resource, id_token: asks("openid"), refresh_token: asks("offline_access") })
}

/// Whether the server's registration asks for the resource in the names of users.
pub(super) fn judge_registration(entra: &Entra, wanted: &Requested<'_>) -> Result<(), EntraError> {
    if entra.asks_for_azure() { Ok(()) } else { Err(unlisted(wanted.resource)) }
}

fn judge_resource(entra: &Entra, resource: &str) -> Result<(), EntraError> {
    let resource = resource.trim_end_matches('/');
    if resource == entra.resource_manager {
        return Ok(());
    }
    if UNLISTED.contains(&resource) {
        return Err(unlisted(resource));
    }
    let message = format!(
        "The resource principal named {resource} was not found in the tenant named Contoso. This can happen if the \
         application has not been installed by the administrator of the tenant or consented to by any user in the \
         tenant. You might have sent your authentication request to the wrong tenant."
    );
    Err(EntraError::invalid_resource(500_011, message))
}

fn unlisted(resource: &str) -> EntraError {
    let message = format!(
        "Invalid resource. The client has requested access to a resource which is not listed in the requested \
         permissions in the client's application registration. Client app ID: {SERVER_CLIENT_ID}. Resource value from \
         request: {resource}."
    );
    EntraError::invalid_resource(650_057, message)
}

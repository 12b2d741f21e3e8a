//! Is the user's assertion a token of this tenant, for this server, of a person, and still good?

use super::{Entra, EntraError};
use crate::{
    jwt::Jwt,
    people::{Person, SERVER_CLIENT_ID, TENANT_ID},
    world,
};

/// Judges the assertion; returns the person and the token.
pub(super) fn judge(entra: &Entra, assertion: &str) -> Result<(Person, Jwt), EntraError> {
    let malformed = || EntraError::invalid_request(50_027, "JWT token is invalid or malformed.");
    Jwt::parse(assertion).ok_or_else(malformed)?;
    let assertion = entra.issuer.recognise(assertion).ok_or_else(|| {
        let message = "Assertion failed signature validation. [Reason - The key was not found.]";
        EntraError::invalid_grant(50_013, message)
    })?;
    if assertion.claim("scp").is_none() && assertion.claim("idtyp") != Some("app") {
        let message = "Input id_token cannot be used as 'urn:ietf:params:oauth:grant-type:jwt-bearer' grant.";
        return Err(EntraError::invalid_request(240_002, message));
    }
    judge_time(&assertion)?;
    judge_audience(entra, &assertion)?;
    if assertion.claim("scp").is_none() {
        let message =
            format!("Application '{SERVER_CLIENT_ID}' is not allowed to make application on-behalf-of calls.");
        return Err(EntraError::invalid_grant(7_000_114, message));
    }
    let person = entra.person(&assertion)?;
    Ok((person, assertion))
}

fn judge_time(assertion: &Jwt) -> Result<(), EntraError> {
    let expires = assertion.moment("exp").unwrap_or_default();
    if world::unix_now() < expires {
        return Ok(());
    }
    let message = format!(
        "Assertion is not within its valid time range. Ensure that the access token is not expired before using it for \
         user assertion, or request a new token. Current time: {}, expiry time of assertion {expires}.",
        world::stamp(world::now()),
    );
    Err(EntraError::invalid_grant(500_133, message))
}

fn judge_audience(entra: &Entra, assertion: &Jwt) -> Result<(), EntraError> {
    let audience = assertion.claim("aud").unwrap_or_default();
    if audience == SERVER_CLIENT_ID || audience.trim_end_matches('/') == entra.app_id_uri {
        return Ok(());
    }
    let message = format!(
        "Assertion audience does not match the Client app presenting the assertion. The audience in the assertion was \
         '{audience}' and the expected audience is '{SERVER_CLIENT_ID}' or one of the Application Uris of this \
         application with App ID '{SERVER_CLIENT_ID}'(mcp-cost-server)."
    );
    Err(EntraError::invalid_grant(500_131, message))
}

impl Entra {
    /// The person an assertion names, if they may sign in.
    fn person(&self, assertion: &Jwt) -> Result<Person, EntraError> {
        let name = assertion.claim("preferred_username").or_else(|| assertion.claim("upn")).unwrap_or_default();
        if assertion.claim("tid") != Some(TENANT_ID) {
            let message = format!(
                "User account '{name}' from identity provider does not exist in tenant 'Contoso' and cannot access the \
                 application '{SERVER_CLIENT_ID}'(mcp-cost-server) in that tenant."
            );
            return Err(EntraError::invalid_grant(50_020, message));
        }
        let object_id = assertion.claim("oid").unwrap_or_default();
        let person = self.people.iter().find(|person| person.object_id == object_id).ok_or_else(|| {
            let message = format!("The user account {name} does not exist in the {TENANT_ID} directory.");
            EntraError::invalid_grant(50_034, message)
        })?;
        self.judge_account(person)?;
        Ok(person.clone())
    }
}

//! The rules a token must meet, in one place.
//!
//! In the order of what may be believed: structure and header with no key at all, then the key, then the signature,
//! then the claims of the verified payload. The first rule that fails is the refusal, and every doubt is one.

use std::{sync::Arc, time::Duration};

use super::{BearerToken, Caller, CallerKind, SigningKeys, TokenRefusal, claims::Claims, jws::Jws};
use crate::{Authority, ClientId, Clock, TenantId, UnixTime};

/// How far this server's clock and Entra's may differ.
pub(super) const LEEWAY: Duration = Duration::from_mins(1);

/// Entra's longest access tokens, those with continuous access evaluation, last up to 28 hours.
const MAX_LIFETIME_SECONDS: i64 = 29 * 60 * 60;

/// What a token is judged against.
#[derive(Clone, Debug)]
pub struct ValidatorSettings {
    /// The only tenant.
    pub authority: Authority,
    /// `aud` of v2.0 tokens: the client id of this server's registration, never the application id URI.
    pub audience: ClientId,
    /// Clients (`azp`) that may call; empty means any.
    pub allowed_clients: Vec<ClientId>,
}

/// Turns bearer tokens into [`Caller`]s.
pub struct Validator {
    issuer: String,
    tenant: TenantId,
    audience: ClientId,
    allowed_clients: Vec<ClientId>,
    keys: Arc<SigningKeys>,
    clock: Arc<dyn Clock>,
}

impl Validator {
    /// Judges tokens against `settings` with `keys`.
    #[must_use]
    pub fn new(settings: ValidatorSettings, keys: Arc<SigningKeys>, clock: Arc<dyn Clock>) -> Self {
        let ValidatorSettings { authority, audience, allowed_clients } = settings;
        Self { issuer: authority.issuer(), tenant: authority.tenant(), audience, allowed_clients, keys, clock }
    }

    /// Checks every rule; the first that fails is the refusal.
    ///
    /// Waits for the network only when the token's key is unknown, and then only for a fetch that all such callers
    /// share.
    pub async fn validate(&self, token: BearerToken) -> Result<Caller, TokenRefusal> {
        let jws = Jws::parse(token.secret())?;
        let key = self.keys.find(jws.key_id()).await?;
        let claims = Claims::read(&jws.verify(&key)?)?;

        self.check_origin(&claims)?;
        let expires_at = self.check_lifetime(&claims)?;
        if claims.cnf.0 {
            return Err(TokenRefusal::KeyBound);
        }
        if claims.is_id_token() {
            return Err(TokenRefusal::IdToken);
        }
        let client = guid("azp", claims.azp.as_deref())?;
        let object = guid("oid", claims.oid.as_deref())?;
        let handles_claims_challenges = claims.declares_cp1();
        let kind = kind(claims.scp.as_deref(), claims.idtyp.as_deref(), claims.roles)?;
        if !self.allowed_clients.is_empty() && !self.allowed_clients.contains(&client) {
            return Err(TokenRefusal::ClientNotAllowed { client });
        }

        Ok(Caller {
            kind,
            tenant: self.tenant,
            object,
            client,
            name: [claims.preferred_username, claims.upn]
                .into_iter()
                .find_map(printable)
                .unwrap_or_else(|| object.to_string()),
            token_id: printable(claims.uti),
            expires_at,
            handles_claims_challenges,
            token,
        })
    }

    /// Issued by this tenant's v2.0 endpoint, for this server. The version comes first, because a version 1.0 token
    /// differs in the other claims too and only this refusal names the cause.
    fn check_origin(&self, claims: &Claims) -> Result<(), TokenRefusal> {
        if claims.ver.as_deref() != Some("2.0") {
            return Err(TokenRefusal::WrongVersion);
        }
        if claims.iss.as_ref() != Some(&self.issuer) {
            return Err(TokenRefusal::WrongIssuer { expected: self.issuer.clone() });
        }
        if claims.tid.as_deref().and_then(|tenant| tenant.parse().ok()) != Some(self.tenant) {
            return Err(TokenRefusal::WrongTenant { expected: self.tenant });
        }
        if claims.aud.as_deref().and_then(|audience| audience.parse().ok()) != Some(self.audience) {
            return Err(TokenRefusal::WrongAudience { expected: self.audience });
        }
        Ok(())
    }

    /// Valid now, for a plausible time. `exp` is exclusive.
    fn check_lifetime(&self, claims: &Claims) -> Result<UnixTime, TokenRefusal> {
        let expires_at = claims.exp.map(UnixTime).ok_or(TokenRefusal::MissingClaim { claim: "exp" })?;
        let not_before = claims.nbf.map(UnixTime).ok_or(TokenRefusal::MissingClaim { claim: "nbf" })?;
        let now = self.clock.now();
        if now >= expires_at.plus(LEEWAY) {
            return Err(TokenRefusal::Expired);
        }
        let latest_beginning = now.plus(LEEWAY);
        if not_before > latest_beginning || claims.iat.map(UnixTime) > Some(latest_beginning) {
            return Err(TokenRefusal::NotYetValid);
        }
        match expires_at.0.checked_sub(not_before.0) {
            Some(1..=MAX_LIFETIME_SECONDS) => Ok(expires_at),
            _ => Err(TokenRefusal::ImplausibleLifetime),
        }
    }
}

/// A user's token has scopes; a service's says that it is one and has none. There is no third kind.
///
/// `idtyp` is what tells them apart; `roles` can't, because user tokens and ID tokens carry them too:
/// <https://learn.microsoft.com/entra/identity-platform/optional-claims-reference>.
fn kind(scp: Option<&str>, idtyp: Option<&str>, roles: Vec<String>) -> Result<CallerKind, TokenRefusal> {
    match (scp, idtyp) {
        (Some(scp), None | Some("user")) => {
            let scopes: Vec<String> = scp.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
            if scopes.is_empty() { Err(TokenRefusal::NeitherUserNorApp) } else { Ok(CallerKind::User { scopes }) }
        }
        (None, Some("app")) => Ok(CallerKind::App { roles }),
        _ => Err(TokenRefusal::NeitherUserNorApp),
    }
}

/// A claim that must be there and be a GUID.
fn guid<T: std::str::FromStr>(claim: &'static str, value: Option<&str>) -> Result<T, TokenRefusal> {
    value.ok_or(TokenRefusal::MissingClaim { claim })?.parse().map_err(|_| TokenRefusal::ClaimsMalformed)
}

/// A claim for people and logs. One that could break a line or hide in it is passed over: guests bring their own names.
fn printable(claim: Option<String>) -> Option<String> {
    /// Of an e-mail address (RFC 5321 §4.5.3.1.3); user principal names are shorter.
    const MAX_LENGTH: usize = 254;
    claim.filter(|text| {
        (1..=MAX_LENGTH).contains(&text.len())
            && text.chars().all(|character| character.is_alphanumeric() || character.is_ascii_punctuation())
    })
}

#[cfg(test)]
mod tests;

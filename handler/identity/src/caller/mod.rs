//! Who calls: from the bytes of a bearer token to a [`Caller`], or to a refusal with a reason.

mod bearer;
mod claims;
#[cfg(test)]
mod for_tests;
mod jws;
mod keys;
mod outline;
mod permission;
mod refusal;
mod strict;
#[cfg(test)]
pub(crate) mod testing;
mod validator;
#[cfg(test)]
mod wycheproof;

pub use bearer::BearerToken;
pub use keys::{KeysFailure, KeysStatus, SigningKeys};
pub use outline::{Audience, Kind, Lifetime, Permissions, TokenOutline, Version};
pub use permission::{AppGrant, AppRole, PermissionRefusal, Scope, UserGrant};
pub use refusal::TokenRefusal;
pub use validator::{Validator, ValidatorSettings};

use crate::{ClientId, ObjectId, TenantId, UnixTime};

/// Proof that this request carries a valid token of this tenant for this server. Made only by [`Validator`].
///
/// It keeps the token itself, because the exchange presents it as the assertion; hence no `Debug` and no `Clone`.
pub struct Caller {
    kind: CallerKind,
    tenant: TenantId,
    object: ObjectId,
    client: ClientId,
    /// `preferred_username`, else `upn`, else the object id: for display and logs, never for a decision.
    name: String,
    /// `uti`, Entra's id of this very token; logged instead of the token.
    token_id: Option<String>,
    expires_at: UnixTime,
    /// The client declared `cp1` (`xms_cc`): it can act on a claims challenge.
    handles_claims_challenges: bool,
    token: BearerToken,
}

/// What kind of principal the token was issued to.
enum CallerKind {
    /// A person through a client: the delegated scopes of `scp`.
    User { scopes: Vec<String> },
    /// A service as itself: the app roles of `roles`.
    App { roles: Vec<String> },
}

impl Caller {
    /// The tenant (`tid`).
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The person's or service's object id (`oid`).
    #[must_use]
    pub fn object(&self) -> ObjectId {
        self.object
    }

    /// The client application (`azp`).
    #[must_use]
    pub fn client(&self) -> ClientId {
        self.client
    }

    /// How to name the caller to a person: `preferred_username`, else `upn`, else the object id. Letters, digits and
    /// punctuation only.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Entra's id of this token (`uti`).
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.token_id.as_deref()
    }

    /// When the token ends (`exp`).
    #[must_use]
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// Whether the client declared that it can act on a claims challenge (`xms_cc` has `cp1`).
    #[must_use]
    pub fn handles_claims_challenges(&self) -> bool {
        self.handles_claims_challenges
    }

    /// A person, not a service.
    #[must_use]
    pub fn is_user(&self) -> bool {
        matches!(self.kind, CallerKind::User { .. })
    }

    /// The permission names the token carries: `scp` of a user, `roles` of a service, as they came.
    #[must_use]
    pub fn permissions(&self) -> &[String] {
        match &self.kind {
            CallerKind::User { scopes } => scopes,
            CallerKind::App { roles } => roles,
        }
    }

    /// The token itself, which the exchange presents as the assertion.
    pub(crate) fn token(&self) -> &BearerToken {
        &self.token
    }
}

//! Callers for the tests of the other rooms, which have no token to validate.

use super::{BearerToken, Caller, CallerKind};
use crate::{ClientId, ObjectId, TenantId, UnixTime};

impl Caller {
    /// A user of `tenant` who presented `token` and holds every scope.
    pub(crate) fn for_tests(tenant: TenantId, object: ObjectId, token: &str, expires_at: UnixTime) -> Self {
        Self {
            kind: CallerKind::User { scopes: vec!["cost.read".to_owned(), "cost.export".to_owned()] },
            tenant,
            object,
            client: "00000000-0000-4000-8000-00000000c11e".parse::<ClientId>().expect("a GUID"),
            name: "alice@contoso.example".to_owned(),
            token_id: None,
            expires_at,
            handles_claims_challenges: true,
            token: BearerToken::new(token.to_owned()),
        }
    }
}

//! Access tokens for the server, as a client would get them after a sign-in, and tokens it must refuse.

use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{
    Entra, EntraError,
    issuer::{BACKDATED, Issuer, token_id},
};
use crate::{
    jwt,
    keys::Algorithm,
    people::{MCP_CLIENT_ID, MONITOR_CLIENT_ID, MONITOR_OBJECT_ID, Person, SERVER_CLIENT_ID, TENANT_ID},
    world,
};

/// A sign-in for the server, told step by step and ended by [`Self::issue`].
#[must_use]
pub struct TokenRequest<'lab> {
    entra: &'lab Entra,
    subject: Subject,
    form: Form,
    client: String,
    lifetime: i64,
    unknown_key: bool,
    claims: Vec<(String, Option<Value>)>,
    header: Vec<(String, Value)>,
}

enum Subject {
    Person { person: Person, scopes: Vec<String>, mfa: bool },
    Service { roles: Vec<String> },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Access,
    Legacy,
    Id,
    Graph,
}

impl<'lab> TokenRequest<'lab> {
    fn new(entra: &'lab Entra, subject: Subject, client: &str) -> Self {
        Self {
            entra,
            subject,
            form: Form::Access,
            client: client.to_owned(),
            lifetime: 4_500,
            unknown_key: false,
            claims: Vec::new(),
            header: Vec::new(),
        }
    }

    pub(crate) fn of_person(entra: &'lab Entra, person: &Person) -> Self {
        let subject = Subject::Person { person: person.clone(), scopes: Vec::new(), mfa: false };
        Self::new(entra, subject, MCP_CLIENT_ID)
    }

    pub(crate) fn of_service(entra: &'lab Entra, roles: &[&str]) -> Self {
        let roles = roles.iter().map(|&role| role.to_owned()).collect();
        Self::new(entra, Subject::Service { roles }, MONITOR_CLIENT_ID)
    }

    /// Asks for a scope, by its name or in full. At least one is needed; services have none.
    pub fn scope(mut self, scope: &str) -> Self {
        let name = scope.strip_prefix(&format!("{}/", self.entra.app_id_uri)).unwrap_or(scope).to_owned();
        if let Subject::Person { scopes, .. } = &mut self.subject {
            scopes.push(name);
        }
        self
    }

    /// The sign-in was multi-factor, and the token says so.
    pub fn with_mfa(mut self) -> Self {
        if let Subject::Person { mfa, .. } = &mut self.subject {
            *mfa = true;
        }
        self
    }

    /// The client declared that it can act on a claims challenge (`cp1`).
    pub fn with_claims_capability(self) -> Self {
        self.claim("xms_cc", json!(["cp1"]))
    }

    /// The client that asks (`azp`).
    pub fn client(mut self, client_id: &str) -> Self {
        client_id.clone_into(&mut self.client);
        self
    }

    /// Seconds from now until the token expires; negative: it has expired. 75 minutes otherwise.
    pub fn lifetime(mut self, seconds: i64) -> Self {
        self.lifetime = seconds;
        self
    }

    /// Expired an hour ago.
    pub fn expired(self) -> Self {
        self.lifetime(-3_600)
    }

    /// A version 1.0 token: what a registration without `requestedAccessTokenVersion` 2 gets.
    pub fn version_1(mut self) -> Self {
        self.form = Form::Legacy;
        self
    }

    /// An ID token instead of an access token.
    pub fn id_token(mut self) -> Self {
        self.form = Form::Id;
        self
    }

    /// A token of Microsoft Graph: a `nonce` in the header, over which the signature can't be verified by others.
    pub fn for_graph(mut self) -> Self {
        self.form = Form::Graph;
        self
    }

    /// For somebody else.
    pub fn audience(self, audience: &str) -> Self {
        self.claim("aud", audience)
    }

    /// Of another tenant of the same cloud, hence signed with the same keys.
    pub fn tenant(self, tenant_id: &str) -> Self {
        let issuer = format!("{}/{tenant_id}/v2.0", self.entra.authority());
        self.claim("tid", tenant_id).claim("iss", issuer)
    }

    /// Signed with a key that Entra never had.
    pub fn signed_by_unknown_key(mut self) -> Self {
        self.unknown_key = true;
        self
    }

    /// Sets a claim to whatever value; Entra signs it.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.push((name.to_owned(), Some(value.into())));
        self
    }

    /// Leaves a claim out.
    pub fn without_claim(mut self, name: &str) -> Self {
        self.claims.push((name.to_owned(), None));
        self
    }

    /// Sets a member of the header to whatever value.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.push((name.to_owned(), value.into()));
        self
    }

    /// Signs in. Refused as Entra would refuse: a disabled account, an unknown scope, a missing consent.
    pub fn issue(self) -> Result<String, EntraError> {
        let mut claims = match &self.subject {
            Subject::Person { person, scopes, mfa } => {
                self.entra.judge_account(person)?;
                if scopes.is_empty() {
                    return Err(EntraError::missing("scope"));
                }
                scopes.iter().try_for_each(|scope| self.entra.sign_in(person, &self.client, scope))?;
                self.of_user(person, scopes, *mfa)
            }
            Subject::Service { roles } => self.of_app(roles),
        };
        match self.form {
            Form::Access => {}
            Form::Legacy => self.make_legacy(&mut claims),
            Form::Id => Self::make_id_token(&mut claims),
            Form::Graph => set(&mut claims, json!({ "aud": "00000003-0000-0000-c000-000000000000" })),
        }
        for (name, value) in &self.claims {
            match value {
                Some(value) => claims.insert(name.clone(), value.clone()),
                None => claims.remove(name),
            };
        }
        let token = self.sign(&claims.into()).map_err(|_| EntraError::internal())?;
        self.entra.issuer.secrets.remember(&token);
        Ok(token)
    }

    fn of_user(&self, person: &Person, scopes: &[String], mfa: bool) -> Map<String, Value> {
        let mut claims = self.common(&person.object_id, self.entra.issued_at(person));
        let pairwise = format!("{}{SERVER_CLIENT_ID}", person.object_id);
        let pairwise = digest::digest(&digest::SHA256, pairwise.as_bytes());
        set(
            &mut claims,
            json!({
                "azpacr": "0",
                "name": person.display_name,
                "preferred_username": person.user_principal_name,
                "scp": scopes.join(" "),
                "sub": BASE64_URL_SAFE_NO_PAD.encode(pairwise),
            }),
        );
        if mfa {
            set(&mut claims, json!({ "amr": ["pwd", "mfa"], "acrs": ["p1"] }));
        }
        claims
    }

    fn of_app(&self, roles: &[String]) -> Map<String, Value> {
        let mut claims = self.common(MONITOR_OBJECT_ID, world::unix_now() - BACKDATED);
        set(&mut claims, json!({ "azpacr": "2", "idtyp": "app", "sub": MONITOR_OBJECT_ID }));
        if !roles.is_empty() {
            set(&mut claims, json!({ "roles": roles }));
        }
        claims
    }

    fn common(&self, object_id: &str, issued_at: i64) -> Map<String, Value> {
        let expires_at = world::unix_now() + self.lifetime;
        let issued_at = issued_at.min(expires_at - 1);
        let mut claims = Map::new();
        set(
            &mut claims,
            json!({
                "aud": SERVER_CLIENT_ID,
                "iss": self.entra.issuer.issuer(),
                "iat": issued_at,
                "nbf": issued_at,
                "exp": expires_at,
                "azp": self.client,
                "oid": object_id,
                "rh": format!("1.{}.", token_id()),
                "tid": TENANT_ID,
                "uti": token_id(),
                "ver": "2.0",
            }),
        );
        claims
    }

    fn make_legacy(&self, claims: &mut Map<String, Value>) {
        for (new, old) in [("azp", "appid"), ("azpacr", "appidacr"), ("preferred_username", "upn")] {
            if let Some(value) = claims.remove(new) {
                claims.insert(old.to_owned(), value);
            }
        }
        set(claims, json!({ "aud": self.entra.app_id_uri, "iss": Issuer::legacy_issuer(), "ver": "1.0" }));
    }

    fn make_id_token(claims: &mut Map<String, Value>) {
        for name in ["scp", "azp", "azpacr", "idtyp"] {
            claims.remove(name);
        }
        set(claims, json!({ "nonce": token_id(), "c_hash": token_id() }));
    }

    fn sign(&self, claims: &Value) -> Result<String, crate::LabError> {
        let keys = &self.entra.issuer.keys;
        let key = if self.unknown_key { keys.foreign()? } else { keys.current() };
        let mut header = Map::new();
        set(&mut header, json!({ "typ": "JWT", "alg": "RS256", "kid": key.id() }));
        for (name, value) in &self.header {
            header.insert(name.clone(), value.clone());
        }
        if self.form == Form::Graph {
            let nonce = token_id();
            let hashed = BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, nonce.as_bytes()));
            header.insert("nonce".to_owned(), hashed.into());
            let token = jwt::sign(&key, Algorithm::Rs256, &header.clone().into(), claims)?;
            header.insert("nonce".to_owned(), nonce.into());
            return Ok(jwt::with_header(&token, &header.into()));
        }
        jwt::sign(&key, Algorithm::Rs256, &header.into(), claims)
    }
}

fn set(claims: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        claims.extend(more);
    }
}

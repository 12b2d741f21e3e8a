//! Microsoft Entra ID: one tenant, its signing keys, and the exchange On-Behalf-Of.
//!
//! Everything a tenant's administrator can change is state here and may change while a test runs: consents, policies,
//! accounts, sessions, certificates, keys.

mod assertion;
mod client_authentication;
mod client_credentials;
mod consent;
mod errors;
mod form;
mod issuer;
mod keys;
mod on_behalf_of;
mod policy;
mod scope;
mod tokens;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
pub use client_authentication::FederatedCredential;
use client_authentication::Registration;
use consent::{Consents, USER_IMPERSONATION};
pub use errors::EntraError;
use form::Form;
use http::{Method, Request, Response, StatusCode};
pub(crate) use issuer::{AzureClaims, BACKDATED, Issuer, SharedIssuer};
use keys::CONSUMER_TENANT_ID;
pub use keys::HeldKey;
pub(crate) use keys::SigningKeys;
use policy::{Demand, Policy};
use serde_json::json;
pub use tokens::TokenRequest;

use crate::{
    LabError,
    certificate::Certificate,
    fault::Faults,
    journal::{Journal, Presented, ServiceName},
    people::{MCP_CLIENT_ID, Person, SERVER_CLIENT_ID, TENANT_ID},
    server::{self, Service},
    world::{self, lock},
};

/// Microsoft Entra ID of the tenant [`TENANT_ID`].
pub struct Entra {
    issuer: SharedIssuer,
    people: Vec<Person>,
    app_id_uri: String,
    resource_manager: String,
    directory: Mutex<Directory>,
    faults: Faults,
    keys_faults: Faults,
    journal: Journal,
}

struct Directory {
    registration: Registration,
    consents: Consents,
    policies: Vec<Policy>,
    disabled: HashSet<String>,
    sessions_valid_from: HashMap<String, i64>,
    client_assertions: BTreeSet<String>,
    /// `requiredResourceAccess` has Resource Manager.
    asks_for_azure: bool,
}

impl Entra {
    pub(crate) fn new(
        issuer: SharedIssuer,
        people: Vec<Person>,
        app_id_uri: &str,
        resource_manager: &str,
        journal: Journal,
    ) -> Self {
        let directory = Directory {
            registration: Registration::default(),
            consents: Consents::new(),
            policies: Vec::new(),
            disabled: HashSet::new(),
            sessions_valid_from: HashMap::new(),
            client_assertions: BTreeSet::new(),
            asks_for_azure: true,
        };
        Self {
            issuer,
            people,
            app_id_uri: app_id_uri.to_owned(),
            resource_manager: resource_manager.to_owned(),
            directory: Mutex::new(directory),
            faults: Faults::default(),
            keys_faults: Faults::default(),
            journal,
        }
    }

    /// The origin of the authority, for `AZURE_AUTHORITY_HOST`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.issuer.authority
    }

    /// Where tokens are requested.
    #[must_use]
    pub fn token_endpoint(&self) -> String {
        self.issuer.token_endpoint()
    }

    /// `iss` of the tenant's v2.0 tokens.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.issuer.issuer()
    }

    /// An administrator consents to `scope` for everybody, at the usual client.
    pub fn admin_consents(&self, scope: &str) {
        self.admin_consents_for(MCP_CLIENT_ID, scope);
    }

    /// An administrator consents to `scope` for everybody at `client`.
    pub fn admin_consents_for(&self, client: &str, scope: &str) {
        lock(&self.directory).consents.grant(None, client, scope);
    }

    /// An administrator withdraws every consent to `scope`. Tokens already issued keep it.
    pub fn withdraw_consent(&self, scope: &str) {
        lock(&self.directory).consents.withdraw(scope);
    }

    /// Whether users may consent to scopes that need no administrator; they may at first.
    pub fn let_users_consent(&self, allowed: bool) {
        lock(&self.directory).consents.let_users_consent(allowed);
    }

    /// An administrator withdraws every consent to the server's reading Azure (AADSTS65001 from then on).
    pub fn withdraw_azure_consent(&self) {
        self.withdraw_consent(USER_IMPERSONATION);
    }

    /// Takes Resource Manager's `user_impersonation` out of the server's registration (AADSTS650057 from then on).
    pub fn remove_azure_permission(&self) {
        lock(&self.directory).asks_for_azure = false;
    }

    /// `person` alone consents to the server's reading Azure in their name.
    pub fn consents_to_azure(&self, person: &Person) {
        lock(&self.directory).consents.grant(Some(&person.object_id), SERVER_CLIENT_ID, USER_IMPERSONATION);
    }

    /// A policy: Resource Manager only after multi-factor authentication (AADSTS50076). Returns the policy's id.
    pub fn require_mfa(&self) -> String {
        self.add_policy(Demand::Mfa)
    }

    /// A policy: Resource Manager for nobody (AADSTS53003). Returns the policy's id.
    pub fn block_access(&self) -> String {
        self.add_policy(Demand::Block)
    }

    /// Ends all policies.
    pub fn remove_policies(&self) {
        lock(&self.directory).policies.clear();
    }

    /// Ends all sign-ins of `person` so far: their tokens can't be exchanged, and Resource Manager demands newer ones
    /// from a client that declared `cp1`.
    pub fn revoke(&self, person: &Person) {
        let mut directory = lock(&self.directory);
        let valid_from = directory.sessions_valid_from.entry(person.object_id.clone()).or_default();
        // later than any token issued until now, however short ago
        *valid_from = (world::unix_now() - BACKDATED).max(*valid_from) + 1;
    }

    /// Disables the account (AADSTS50057).
    pub fn disable(&self, person: &Person) {
        lock(&self.directory).disabled.insert(person.object_id.clone());
    }

    /// Enables the account again.
    pub fn enable(&self, person: &Person) {
        lock(&self.directory).disabled.remove(&person.object_id);
    }

    /// Signs with a new key from now on; the old ones stay published.
    pub fn roll_over_keys(&self) -> Result<(), LabError> {
        self.issuer.keys.roll_over(true)
    }

    /// Signs with a new key from now on, which is not published before [`Self::publish_keys`].
    pub fn roll_over_keys_unpublished(&self) -> Result<(), LabError> {
        self.issuer.keys.roll_over(false)
    }

    /// Publishes all keys.
    pub fn publish_keys(&self) {
        self.issuer.keys.publish(true);
    }

    /// Answers an empty set of keys until [`Self::publish_keys`]. For an outage see [`Self::keys_faults`].
    pub fn unpublish_keys(&self) {
        self.issuer.keys.publish(false);
    }

    /// Every signing key: first the one in use, last one that Entra never had.
    pub fn held_keys(&self) -> Result<Vec<HeldKey>, LabError> {
        self.issuer.keys.held()
    }

    /// Registers a certificate of the server.
    pub fn register(&self, certificate: &Certificate) {
        lock(&self.directory).registration.certificates.push(certificate.clone());
    }

    /// Removes a certificate of the server (AADSTS700027 from then on).
    pub fn unregister(&self, certificate: &Certificate) {
        lock(&self.directory).registration.certificates.retain(|known| known != certificate);
    }

    /// Trusts a token of somebody else as the server's own assertion.
    pub fn trust(&self, credential: FederatedCredential) {
        lock(&self.directory).registration.federated.push(credential);
    }

    /// Faults of the token endpoint.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Faults of the keys' address.
    #[must_use]
    pub fn keys_faults(&self) -> &Faults {
        &self.keys_faults
    }

    /// How often an exchange was asked for with a token of `person`, whatever the answer.
    #[must_use]
    pub fn exchanges(&self, person: &Person) -> usize {
        self.journal.of(ServiceName::Entra).iter().filter(|entry| entry.is_of(&person.object_id)).count()
    }

    /// How many different client assertions authenticated the server.
    #[must_use]
    pub fn client_assertions(&self) -> usize {
        lock(&self.directory).client_assertions.len()
    }

    fn add_policy(&self, demand: Demand) -> String {
        let id = world::guid().to_string();
        lock(&self.directory).policies.push(Policy { id: id.clone(), demand });
        id
    }

    fn policies(&self) -> Vec<Policy> {
        lock(&self.directory).policies.clone()
    }

    fn registered(&self, is_wanted: impl Fn(&Certificate) -> bool) -> Option<Certificate> {
        let directory = lock(&self.directory);
        directory.registration.certificates.iter().find(|certificate| is_wanted(certificate)).cloned()
    }

    fn federated_credentials(&self) -> Vec<FederatedCredential> {
        lock(&self.directory).registration.federated.clone()
    }

    fn saw_client_assertion(&self, id: &str) {
        lock(&self.directory).client_assertions.insert(id.to_owned());
    }

    fn judge_account(&self, person: &Person) -> Result<(), EntraError> {
        if lock(&self.directory).disabled.contains(&person.object_id) {
            return Err(EntraError::invalid_grant(50_057, "The user account is disabled."));
        }
        Ok(())
    }

    fn judge_consent(&self, person: &Person) -> Result<(), EntraError> {
        lock(&self.directory).consents.exchange(&person.object_id)
    }

    fn asks_for_azure(&self) -> bool {
        lock(&self.directory).asks_for_azure
    }

    fn sign_in(&self, person: &Person, client: &str, scope: &str) -> Result<(), EntraError> {
        lock(&self.directory).consents.sign_in(&person.object_id, client, scope)
    }

    /// The earliest `iat` that still counts for the person `object_id`.
    pub(crate) fn sessions_valid_from(&self, object_id: &str) -> i64 {
        lock(&self.directory).sessions_valid_from.get(object_id).copied().unwrap_or(i64::MIN)
    }

    /// `iat` of a token issued to `person` now: dated back, but not behind the last revocation.
    fn issued_at(&self, person: &Person) -> i64 {
        (world::unix_now() - BACKDATED).max(self.sessions_valid_from(&person.object_id))
    }

    /// What anybody may read about the tenant, or about `common` and its like, which are no tenants.
    fn published(&self, tenant: &str, document: &[&str]) -> Result<Response<Bytes>, EntraError> {
        let issuing = match tenant {
            TENANT_ID => TENANT_ID,
            "common" | "organizations" => "{tenantid}",
            "consumers" => CONSUMER_TENANT_ID,
            _ => return Err(on_behalf_of::tenant_not_found(tenant)),
        };
        Ok(match document {
            ["discovery", "v2.0", "keys"] => server::json(StatusCode::OK, &self.issuer.keys.document()),
            ["v2.0", ".well-known", "openid-configuration"] => self.metadata(tenant, issuing),
            _ => server::json(StatusCode::NOT_FOUND, &json!({})),
        })
    }

    fn metadata(&self, tenant: &str, issuing: &str) -> Response<Bytes> {
        let base = format!("{}/{tenant}", self.issuer.authority);
        let metadata = json!({
            "issuer": format!("{}/{issuing}/v2.0", self.issuer.authority),
            "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
            "token_endpoint": format!("{base}/oauth2/v2.0/token"),
            "jwks_uri": format!("{base}/discovery/v2.0/keys"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "subject_types_supported": ["pairwise"],
            "cloud_instance_name": "microsoftonline.com",
        });
        server::json(StatusCode::OK, &metadata)
    }
}

/// The id a request gave itself: Python's MSAL sends it as a header, Node's in the body.
fn correlation_id(request: &Request<Bytes>) -> String {
    let header = request.headers().get("client-request-id").and_then(|value| value.to_str().ok().map(str::to_owned));
    let field = || {
        let mut fields = url::form_urlencoded::parse(request.body());
        fields.find(|(name, _)| name == "client-request-id").map(|(_, value)| value.into_owned())
    };
    header.or_else(field).unwrap_or_else(|| world::guid().to_string())
}

impl Service for Entra {
    const NAME: ServiceName = ServiceName::Entra;

    fn presented(&self, request: &Request<Bytes>) -> Presented {
        let mut presented = Presented::Nothing;
        for (name, value) in url::form_urlencoded::parse(request.body()) {
            match &*name {
                "assertion" => presented = self.issuer.presented_token(&value),
                "client_assertion" | "client_secret" => self.issuer.secrets.remember(&value),
                _ => {}
            }
        }
        presented
    }

    fn faults(&self, request: &Request<Bytes>) -> &Faults {
        if request.method() == Method::GET { &self.keys_faults } else { &self.faults }
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let correlation_id = correlation_id(request);
        match (request.method(), server::segments(request).as_slice()) {
            (&Method::GET, [tenant, document @ ..]) => {
                self.published(tenant, document).unwrap_or_else(|error| error.response(&correlation_id))
            }
            (&Method::POST, [tenant, "oauth2", "v2.0", "token"]) => match Form::parse(request.body()) {
                Ok(form) => on_behalf_of::exchange(self, tenant, &form, &correlation_id),
                Err(error) => error.response(&correlation_id),
            },
            _ => server::json(StatusCode::NOT_FOUND, &json!({})),
        }
    }

    fn failure(&self, request: &Request<Bytes>, status: StatusCode) -> Response<Bytes> {
        let error = if status == StatusCode::TOO_MANY_REQUESTS {
            let message = "The server is terminating the request because it has received too many requests.";
            EntraError::temporarily_unavailable(90_055, message)
        } else {
            EntraError::temporarily_unavailable(90_033, "A transient error has occurred. Please try again.")
        };
        let mut response = error.response(&correlation_id(request));
        *response.status_mut() = status;
        response
    }
}

/// Shared, because the journal's reader and the server both hold it.
pub(crate) type SharedEntra = Arc<Entra>;

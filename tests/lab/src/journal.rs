//! Who asked what of which service, and with whose token.
//!
//! An identity stands here only if the lab's Entra signed the token: a test that reads "Bob's token reached Resource
//! Manager" reads what was proven, not what was claimed.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header::AUTHORIZATION};

use crate::world::lock;

/// A part of the local Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServiceName {
    /// Microsoft Entra ID.
    Entra,
    /// Azure Key Vault.
    KeyVault,
    /// The managed identity endpoint of the Functions host.
    ManagedIdentity,
    /// Azure Resource Manager, with Cost Management behind it.
    ResourceManager,
}

/// What kind of principal a token was issued to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PrincipalKind {
    /// A person.
    User,
    /// A service or a managed identity, as itself.
    Service,
}

/// Whom a verified token names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// `oid`.
    pub object_id: String,
    /// A person, or a service as itself.
    pub kind: PrincipalKind,
    /// `aud`: for whom the token was issued.
    pub audience: String,
    /// `uti`: which token it was.
    pub token_id: String,
}

/// The token a request carried: as bearer, or as the assertion of an exchange.
///
/// Verified means that the lab's Entra signed it. Whether it was expired or for another audience is what the service
/// judged, and its status tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Presented {
    /// No token.
    Nothing,
    /// A token that the lab's Entra did not sign.
    Unverified,
    /// A token that the lab's Entra signed.
    Verified(Identity),
}

impl Presented {
    /// The identity, if it is verified.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Verified(identity) => Some(identity),
            Self::Nothing | Self::Unverified => None,
        }
    }
}

/// One request, and what became of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who was asked.
    pub service: ServiceName,
    /// The method.
    pub method: Method,
    /// The path, as it came.
    pub path: String,
    /// The query, without the question mark; empty if there was none.
    pub query: String,
    /// The headers, without `Authorization` and without the managed identity header.
    pub headers: HeaderMap,
    /// The body of a request to Resource Manager; empty elsewhere, where bodies hold secrets.
    pub body: Bytes,
    /// Whose token it carried.
    pub presented: Presented,
    /// The answer's status; `None` while there is no answer, and if there never was one.
    pub status: Option<StatusCode>,
}

impl Entry {
    /// A header's value; empty if it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Whether the request carried a verified token of `object_id`.
    #[must_use]
    pub fn is_of(&self, object_id: &str) -> bool {
        self.presented.identity().is_some_and(|identity| identity.object_id == object_id)
    }
}

/// Every request of one lab, in the order of arrival.
#[derive(Clone, Default)]
pub struct Journal(Arc<Mutex<Vec<Entry>>>);

impl Journal {
    /// All requests so far.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        lock(&self.0).clone()
    }

    /// The requests to one service so far.
    #[must_use]
    pub fn of(&self, service: ServiceName) -> Vec<Entry> {
        lock(&self.0).iter().filter(|entry| entry.service == service).cloned().collect()
    }

    /// Forgets all requests. Requests still without an answer stay without.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }

    /// Writes down a request at its arrival: one that is never answered is in the journal too.
    pub(crate) fn arrived(&self, service: ServiceName, request: &Request<Bytes>, presented: Presented) -> Ticket {
        let mut headers = request.headers().clone();
        headers.remove(AUTHORIZATION);
        headers.remove("x-identity-header");
        let body = if service == ServiceName::ResourceManager { request.body().clone() } else { Bytes::new() };
        let mut entries = lock(&self.0);
        entries.push(Entry {
            service,
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            headers,
            body,
            presented,
            status: None,
        });
        Ticket(entries.len() - 1)
    }

    /// Adds the answer's status.
    pub(crate) fn answered(&self, ticket: &Ticket, status: StatusCode) {
        if let Some(entry) = lock(&self.0).get_mut(ticket.0) {
            entry.status = Some(status);
        }
    }
}

/// Finds an entry again.
pub(crate) struct Ticket(usize);

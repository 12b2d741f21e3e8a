//! A bad network, or an impostor, between the handler and one of its dependencies, switched while both run.
//!
//! A proxy passes bytes on and knows of HTTP only where a request begins and what it asks for. It ends TLS itself, with the
//! lab's certificate or with a wrong one, so that a fault can begin with one request of a connection that others share.

mod connection;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::{LabError, azure::Listeners, certificate::TlsCertificates, journal::ServiceName, server::Running};

/// What goes wrong between the handler and a dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Connections are reset: new ones in their handshake, open ones with their next request.
    Reset,
    /// Nothing comes back any more: connections are accepted, and no byte is answered.
    Silence,
    /// New connections are shown this certificate, and the open ones are closed.
    Certificate(WrongCertificate),
    /// The proper answer, so much later.
    Late(Duration),
    /// Half of the proper answer, then the end of the connection, without the farewell of TLS.
    CutOff,
    /// The proper answer byte by byte, with this pause after each.
    Drip(Duration),
    /// 307 to this address: whoever follows sends there what was meant for the dependency.
    Redirect(String),
    /// An answer of [`HUGE`] bytes, sent as fast as it is taken.
    Huge(Length),
}

/// A certificate that must not be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongCertificate {
    /// For the right name, by an authority nobody trusts.
    OfUnknownAuthority,
    /// By the lab's authority, for another host.
    OfAnotherName,
    /// By the lab's authority, for the right name, until 2020.
    Expired,
}

/// Whether an answer says how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// In `Content-Length`.
    Announced,
    /// No: in chunks.
    Unknown,
}

/// The bytes of a huge answer's body: one GiB.
pub const HUGE: u64 = 1 << 30;

/// The proxies of one lab, each before one service. They end when this is dropped.
pub struct Proxies {
    entra: Proxy,
    key_vault: Proxy,
    managed_identity: Proxy,
    resource_manager: Proxy,
}

/// The way to one service.
pub struct Proxy {
    way: Arc<Way>,
    _running: Running,
}

/// What the connections of a proxy share.
struct Way {
    service: SocketAddr,
    tls: Option<Tls>,
    trouble: watch::Sender<Option<Trouble>>,
    met: AtomicU64,
    sent: AtomicU64,
}

/// A fault, and whom it hits.
#[derive(Clone)]
struct Trouble {
    fault: Fault,
    /// Only requests with this in their path; otherwise whole connections.
    only: Option<&'static str>,
}

/// How a proxy shows itself.
#[derive(Clone)]
struct Tls {
    proper: TlsAcceptor,
    unknown_authority: TlsAcceptor,
    another_name: TlsAcceptor,
    expired: TlsAcceptor,
}

impl Proxies {
    pub(crate) fn start(fronts: Listeners, services: &Listeners, tls: &TlsCertificates) -> Result<Self, LabError> {
        let tls = Tls::of(tls)?;
        Ok(Self {
            entra: Proxy::start(fronts.entra, &services.entra, Some(tls.clone()))?,
            key_vault: Proxy::start(fronts.key_vault, &services.key_vault, Some(tls.clone()))?,
            managed_identity: Proxy::start(fronts.managed_identity, &services.managed_identity, None)?,
            resource_manager: Proxy::start(fronts.resource_manager, &services.resource_manager, Some(tls))?,
        })
    }

    /// The way to `service`.
    #[must_use]
    pub fn to(&self, service: ServiceName) -> &Proxy {
        match service {
            ServiceName::Entra => &self.entra,
            ServiceName::KeyVault => &self.key_vault,
            ServiceName::ManagedIdentity => &self.managed_identity,
            ServiceName::ResourceManager => &self.resource_manager,
        }
    }
}

impl Proxy {
    fn start(front: TcpListener, service: &TcpListener, tls: Option<Tls>) -> Result<Self, LabError> {
        let way = Arc::new(Way {
            service: service.local_addr()?,
            tls,
            trouble: watch::Sender::new(None),
            met: AtomicU64::new(0),
            sent: AtomicU64::new(0),
        });
        let running = Running(tokio::spawn(accept(front, Arc::clone(&way))));
        Ok(Self { way, _running: running })
    }

    /// From now on `fault` hits everything.
    pub fn fails(&self, fault: Fault) {
        self.way.trouble.send_replace(Some(Trouble { fault, only: None }));
    }

    /// From now on `fault` hits the requests with `part` in their path, and nothing else.
    pub fn fails_at(&self, part: &'static str, fault: Fault) {
        self.way.trouble.send_replace(Some(Trouble { fault, only: Some(part) }));
    }

    /// The fault is over. Whoever met it is not rescued: a connection that fell silent stays silent.
    pub fn recovers(&self) {
        self.way.trouble.send_replace(None);
    }

    /// How many connections and requests have met a fault so far.
    #[must_use]
    pub fn met(&self) -> u64 {
        self.way.met.load(Ordering::Relaxed)
    }

    /// How many bytes of the bodies of huge answers this proxy got rid of so far: what was read of them, and what the
    /// buffers of connections hold.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.way.sent.load(Ordering::Relaxed)
    }
}

impl Way {
    /// What a new connection meets, before a byte of it is understood.
    fn at_connection(&self) -> Option<Fault> {
        let trouble = self.trouble.borrow().clone()?;
        let hits = matches!(trouble.fault, Fault::Reset | Fault::Silence | Fault::Certificate(_));
        (hits && trouble.only.is_none()).then(|| self.meet(trouble.fault))
    }

    /// Whether open connections are closed, so that new ones are shown another certificate.
    fn ends_connections(&self) -> bool {
        let trouble = self.trouble.borrow().clone();
        let ends = trouble.filter(|trouble| matches!(trouble.fault, Fault::Certificate(_)));
        ends.map(|trouble| self.meet(trouble.fault)).is_some()
    }

    /// What a request for `path` meets.
    fn at_request(&self, path: &str) -> Option<Fault> {
        let trouble = self.trouble.borrow().clone()?;
        trouble.only.is_none_or(|part| path.contains(part)).then(|| self.meet(trouble.fault))
    }

    fn meet(&self, fault: Fault) -> Fault {
        self.met.fetch_add(1, Ordering::Relaxed);
        fault
    }
}

impl Tls {
    fn of(certificates: &TlsCertificates) -> Result<Self, LabError> {
        let acceptor = |config| TlsAcceptor::from(Arc::new(config));
        Ok(Self {
            proper: acceptor(certificates.server()?),
            unknown_authority: acceptor(TlsCertificates::issue_by_a_stranger()?.server()?),
            another_name: acceptor(certificates.server_of_another_name()?),
            expired: acceptor(certificates.expired_server()?),
        })
    }

    fn wrong(&self, certificate: WrongCertificate) -> &TlsAcceptor {
        match certificate {
            WrongCertificate::OfUnknownAuthority => &self.unknown_authority,
            WrongCertificate::OfAnotherName => &self.another_name,
            WrongCertificate::Expired => &self.expired,
        }
    }
}

async fn accept(front: TcpListener, way: Arc<Way>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((client, _)) = front.accept().await else { continue };
        let _ = client.set_nodelay(true);
        // whatever ends a connection, the client sees its end, and that is all it is to learn
        let way = Arc::clone(&way);
        connections.spawn(async move { connection::serve(client, &way).await });
    }
}

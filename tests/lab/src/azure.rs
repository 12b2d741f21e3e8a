//! The local Azure as a whole.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{
    certificate::{TlsCertificates, private_key_pem},
    chaos::Proxies,
    entra::{Entra, FederatedCredential, Issuer, SharedEntra, SharedIssuer, SigningKeys, TokenRequest},
    journal::Journal,
    key_vault::{CERTIFICATE_NAME, KeyVault},
    keys::KeySource,
    managed_identity::ManagedIdentity,
    people::{Person, SERVER_CLIENT_ID, TENANT_ID, USER_ASSIGNED_IDENTITY_CLIENT_ID, USER_ASSIGNED_IDENTITY_OBJECT_ID},
    resource_manager::{ResourceManager, Role, SHOP_PROD},
    secrets::Secrets,
    server::{self, Running},
    world,
};

/// Why the lab could not do something of its own.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// A port is taken, or the temporary directory can't be written.
    #[error("the lab can't listen or write its files: {0}")]
    Io(#[from] io::Error),
    /// An RSA key could not be made or used.
    #[error("an RSA key could not be made or used")]
    Key,
    /// A certificate could not be issued.
    #[error("a certificate could not be issued: {0}")]
    Certificate(#[from] rcgen::Error),
    /// What was given as a certificate is none.
    #[error("this is not a certificate")]
    CertificateForm,
    /// The vault holds no certificate any more.
    #[error("the vault holds no certificate")]
    NoCertificate,
    /// Entra and the vault can't speak TLS.
    #[error("the lab's TLS could not be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The lab's own client could not be made.
    #[error("the lab's client could not be made: {0}")]
    Client(#[from] reqwest::Error),
}

/// On which ports of 127.0.0.1 the lab listens; 0 means any free one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// Microsoft Entra ID.
    pub entra: u16,
    /// Key Vault.
    pub key_vault: u16,
    /// The managed identity endpoint.
    pub managed_identity: u16,
    /// Resource Manager.
    pub resource_manager: u16,
}

/// How a lab is to be started.
#[derive(Clone, Debug, Default)]
pub struct LabBuilder {
    ports: Ports,
    app_id_uri: Option<String>,
    people: Vec<Person>,
}

/// A running local Azure. It ends when this is dropped.
pub struct Lab {
    entra: SharedEntra,
    key_vault: Arc<KeyVault>,
    managed_identity: Arc<ManagedIdentity>,
    resource_manager: Arc<ResourceManager>,
    journal: Journal,
    secrets: Secrets,
    alice: Person,
    bob: Person,
    app_id_uri: String,
    client: reqwest::Client,
    files: TempDir,
    _servers: Vec<Running>,
}

impl LabBuilder {
    /// Chooses the ports.
    #[must_use]
    pub fn ports(mut self, ports: Ports) -> Self {
        self.ports = ports;
        self
    }

    /// Chooses the application id URI; `api://<tenant>/mcp-cost-server` otherwise.
    #[must_use]
    pub fn app_id_uri(mut self, uri: &str) -> Self {
        self.app_id_uri = Some(uri.to_owned());
        self
    }

    /// One more person of the tenant, without any role.
    #[must_use]
    pub fn person(mut self, person: &Person) -> Self {
        self.people.push(person.clone());
        self
    }

    /// Starts the lab: Alice is Cost Management Reader on [`SHOP_PROD`], Bob has no role, the vault's certificate is
    /// registered, and the user-assigned identity is trusted as a federated credential.
    pub async fn start(self) -> Result<Lab, LabError> {
        let listeners = Listeners::open(self.ports).await?;
        let addresses = Addresses::direct(&listeners)?;
        let tls = TlsCertificates::issue()?;
        let acceptor = TlsAcceptor::from(Arc::new(tls.server()?));
        self.assemble(&addresses, listeners, Some(acceptor), &tls)
    }

    /// Starts the lab behind proxies that can be told to misbehave. Its addresses are theirs, and Resource Manager is
    /// asked over TLS too.
    pub async fn start_behind_proxies(self) -> Result<(Lab, Proxies), LabError> {
        let (fronts, services) = (Listeners::open(self.ports).await?, Listeners::open(Ports::default()).await?);
        let addresses = Addresses::behind_proxies(&fronts)?;
        let tls = TlsCertificates::issue()?;
        let proxies = Proxies::start(fronts, &services, &tls)?;
        // TLS ends at the proxies
        Ok((self.assemble(&addresses, services, None, &tls)?, proxies))
    }

    fn assemble(
        self,
        addresses: &Addresses,
        listeners: Listeners,
        acceptor: Option<TlsAcceptor>,
        tls: &TlsCertificates,
    ) -> Result<Lab, LabError> {
        let app_id_uri = self.app_id_uri.unwrap_or_else(|| format!("api://{TENANT_ID}/mcp-cost-server"));
        let (journal, secrets, keys) = (Journal::default(), Secrets::default(), Arc::new(KeySource::default()));
        let authority = addresses.entra.clone();
        let issuer: SharedIssuer =
            Arc::new(Issuer { keys: SigningKeys::new(&authority, keys.clone())?, authority, secrets: secrets.clone() });
        let arm_url = addresses.resource_manager.clone();
        let (alice, bob) = (Person::alice(), Person::bob());
        let people = [vec![alice.clone(), bob.clone()], self.people].concat();
        let entra = Arc::new(Entra::new(issuer.clone(), people, &app_id_uri, &arm_url, journal.clone()));
        let key_vault = Arc::new(KeyVault::new(issuer.clone(), addresses.key_vault.clone(), keys, secrets.clone())?);
        let managed_identity = Arc::new(ManagedIdentity::new(issuer.clone(), &addresses.managed_identity, &arm_url));
        let resource_manager = Arc::new(ResourceManager::new(issuer.clone(), entra.clone(), arm_url));

        resource_manager.assign_role(&alice, SHOP_PROD, Role::CostManagementReader);
        if let Some(certificate) = key_vault.certificate() {
            entra.register(&certificate);
        }
        entra.trust(FederatedCredential {
            issuer: issuer.issuer(),
            subject: USER_ASSIGNED_IDENTITY_OBJECT_ID.to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
        });

        let files = tempfile::tempdir()?;
        std::fs::write(files.path().join(AUTHORITY_FILE), tls.authority_pem())?;
        if let Some((key, certificate)) = key_vault.key_and_certificate() {
            let pem = format!("{}{}", private_key_pem(&key), certificate.pem());
            std::fs::write(files.path().join(CERTIFICATE_FILE), pem)?;
        }
        let servers = vec![
            server::serve(listeners.entra, acceptor.clone(), entra.clone(), journal.clone()),
            server::serve(listeners.key_vault, acceptor, key_vault.clone(), journal.clone()),
            server::serve(listeners.managed_identity, None, managed_identity.clone(), journal.clone()),
            server::serve(listeners.resource_manager, None, resource_manager.clone(), journal.clone()),
        ];
        let client = world::client(tls.authority_der())?;
        Ok(Lab {
            entra,
            key_vault,
            managed_identity,
            resource_manager,
            journal,
            secrets,
            alice,
            bob,
            app_id_uri,
            client,
            files,
            _servers: servers,
        })
    }
}

/// One listener for each service.
pub(crate) struct Listeners {
    pub(crate) entra: TcpListener,
    pub(crate) key_vault: TcpListener,
    pub(crate) managed_identity: TcpListener,
    pub(crate) resource_manager: TcpListener,
}

impl Listeners {
    async fn open(ports: Ports) -> io::Result<Self> {
        Ok(Self {
            entra: listen(ports.entra).await?,
            key_vault: listen(ports.key_vault).await?,
            managed_identity: listen(ports.managed_identity).await?,
            resource_manager: listen(ports.resource_manager).await?,
        })
    }
}

/// As whom the services know themselves: origins, without a trailing slash.
struct Addresses {
    entra: String,
    key_vault: String,
    managed_identity: String,
    resource_manager: String,
}

impl Addresses {
    /// Entra and the vault speak TLS.
    fn direct(listeners: &Listeners) -> io::Result<Self> {
        Ok(Self {
            entra: format!("https://{}", listeners.entra.local_addr()?),
            key_vault: format!("https://localhost:{}", listeners.key_vault.local_addr()?.port()),
            managed_identity: format!("http://{}", listeners.managed_identity.local_addr()?),
            resource_manager: format!("http://{}", listeners.resource_manager.local_addr()?),
        })
    }

    /// All but the managed identity speak TLS.
    fn behind_proxies(fronts: &Listeners) -> io::Result<Self> {
        let resource_manager = format!("https://{}", fronts.resource_manager.local_addr()?);
        Ok(Self { resource_manager, ..Self::direct(fronts)? })
    }
}

const AUTHORITY_FILE: &str = "authority.pem";

const CERTIFICATE_FILE: &str = "obo.pem";

async fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port)).await
}

impl Lab {
    /// Starts a lab on free ports.
    pub async fn start() -> Result<Self, LabError> {
        Self::builder().start().await
    }

    /// Says how a lab is to be started.
    #[must_use]
    pub fn builder() -> LabBuilder {
        LabBuilder::default()
    }

    /// Alice, who may see the costs of [`SHOP_PROD`].
    #[must_use]
    pub fn alice(&self) -> &Person {
        &self.alice
    }

    /// Bob, who may not.
    #[must_use]
    pub fn bob(&self) -> &Person {
        &self.bob
    }

    /// A sign-in of `person` for the server.
    pub fn token(&self, person: &Person) -> TokenRequest<'_> {
        TokenRequest::of_person(&self.entra, person)
    }

    /// A sign-in of the monitoring service for the server, as itself, with app `roles`.
    pub fn service_token(&self, roles: &[&str]) -> TokenRequest<'_> {
        TokenRequest::of_service(&self.entra, roles)
    }

    /// Microsoft Entra ID.
    #[must_use]
    pub fn entra(&self) -> &Entra {
        &self.entra
    }

    /// The vault.
    #[must_use]
    pub fn key_vault(&self) -> &KeyVault {
        &self.key_vault
    }

    /// The managed identity endpoint.
    #[must_use]
    pub fn managed_identity(&self) -> &ManagedIdentity {
        &self.managed_identity
    }

    /// Resource Manager.
    #[must_use]
    pub fn resource_manager(&self) -> &ResourceManager {
        &self.resource_manager
    }

    /// Every request so far.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Everything secret the lab minted, made or saw: tokens, client assertions, private keys (as PEM and as base64 in
    /// one line), the managed identity header. None of it may be in a log.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.secrets.all()
    }

    /// A client that trusts the lab's certificate authority.
    #[must_use]
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// The prefix of full scope names.
    #[must_use]
    pub fn app_id_uri(&self) -> &str {
        &self.app_id_uri
    }

    /// The handler's settings, with the certificate in the vault read by the system-assigned identity.
    #[must_use]
    pub fn settings(&self) -> Vec<(String, String)> {
        let mut settings = self.common_settings();
        settings.extend(self.identity_settings());
        settings.extend(owned([("KEY_VAULT_URL", self.key_vault.url()), ("OBO_CERTIFICATE_NAME", CERTIFICATE_NAME)]));
        settings
    }

    /// The handler's settings, with the certificate in a file.
    #[must_use]
    pub fn settings_with_file(&self) -> Vec<(String, String)> {
        let mut settings = self.common_settings();
        settings.extend(owned([("AZURE_CERT_PATH", &*self.pem_certificate().to_string_lossy())]));
        settings
    }

    /// The handler's settings, with a federated credential and no certificate at all.
    #[must_use]
    pub fn settings_with_federated_identity(&self) -> Vec<(String, String)> {
        let mut settings = self.common_settings();
        settings.extend(self.identity_settings());
        settings.extend(owned([("OBO_FEDERATED_IDENTITY_CLIENT_ID", USER_ASSIGNED_IDENTITY_CLIENT_ID)]));
        settings
    }

    /// A file with the private key and the certificate the lab started with, for `AZURE_CERT_PATH`.
    #[must_use]
    pub fn pem_certificate(&self) -> PathBuf {
        self.files.path().join(CERTIFICATE_FILE)
    }

    /// A file with the certificate authority of Entra and the vault, for `SSL_CERT_FILE`.
    #[must_use]
    pub fn certificate_authority(&self) -> PathBuf {
        self.files.path().join(AUTHORITY_FILE)
    }

    /// A directory that lives as long as the lab.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.files.path()
    }

    fn common_settings(&self) -> Vec<(String, String)> {
        owned([
            ("AZURE_TENANT_ID", TENANT_ID),
            ("AZURE_CLIENT_ID", SERVER_CLIENT_ID),
            ("APP_ID_URI", &self.app_id_uri),
            ("AZURE_AUTHORITY_HOST", self.entra.authority()),
            ("AZURE_RESOURCE_MANAGER_URL", self.resource_manager.url()),
            ("SSL_CERT_FILE", &*self.certificate_authority().to_string_lossy()),
        ])
    }

    fn identity_settings(&self) -> Vec<(String, String)> {
        owned([
            ("IDENTITY_ENDPOINT", self.managed_identity.address()),
            ("IDENTITY_HEADER", self.managed_identity.header()),
        ])
    }
}

fn owned<const N: usize>(settings: [(&str, &str); N]) -> Vec<(String, String)> {
    settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

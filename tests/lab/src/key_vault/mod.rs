//! Azure Key Vault: one vault with one certificate, over TLS.
//!
//! The certificate's own policy decides how its key may be used, as in Azure: exportable, and the secret holds it; not
//! exportable, and the vault signs. A secret is kept as PKCS#12 or PEM, as the policy says, and converted to PEM on demand
//! (`outContentType`, since 2025-07-01). Versions are listed in one page, whatever `maxresults` says.

mod answers;
mod authorization;
mod pkcs12;
mod store;

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
pub use store::ContentType;
use store::{Store, Version};
use time::OffsetDateTime;

use self::answers::Refusal;
use crate::{
    LabError,
    certificate::Certificate,
    entra::SharedIssuer,
    fault::Faults,
    journal::{Presented, ServiceName},
    keys::{KeySource, RsaKey},
    people::{SYSTEM_IDENTITY_OBJECT_ID, USER_ASSIGNED_IDENTITY_OBJECT_ID},
    secrets::Secrets,
    server::{self, Service},
    world::lock,
};

/// The certificate's name, for `OBO_CERTIFICATE_NAME`.
pub const CERTIFICATE_NAME: &str = "mcp-cost-server-obo";

/// Versions of the API that are served, and ignore `outContentType`.
const EARLY_VERSIONS: [&str; 7] = ["7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6"];

/// Versions of the API that understand `outContentType`.
const CONVERTING_VERSIONS: [&str; 2] = ["2025-07-01", LATEST_VERSION];

const LATEST_VERSION: &str = "2026-04-01";

/// A vault.
pub struct KeyVault {
    issuer: SharedIssuer,
    url: String,
    store: Mutex<Store>,
    /// Object ids with a role on the vault.
    permitted: Mutex<HashSet<String>>,
    signing_forbidden: AtomicBool,
    faults: Faults,
}

impl KeyVault {
    pub(crate) fn new(
        issuer: SharedIssuer,
        url: String,
        keys: Arc<KeySource>,
        secrets: Secrets,
    ) -> Result<Self, LabError> {
        let vault = Self {
            issuer,
            url,
            store: Mutex::new(Store::new(keys, secrets)?),
            permitted: Mutex::default(),
            signing_forbidden: AtomicBool::new(false),
            faults: Faults::default(),
        };
        vault.permit();
        Ok(vault)
    }

    /// The vault's address, for `KEY_VAULT_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The newest version of the certificate; `None` after [`Self::remove_certificate`].
    #[must_use]
    pub fn certificate(&self) -> Option<Certificate> {
        lock(&self.store).newest().map(|version| version.certificate.clone())
    }

    /// The newest version with its key.
    pub(crate) fn key_and_certificate(&self) -> Option<(Arc<RsaKey>, Certificate)> {
        lock(&self.store).newest().map(|version| (version.key.clone(), version.certificate.clone()))
    }

    /// Adds a version with a new key, as automatic renewal would. Entra does not know it before it is registered.
    pub fn rotate(&self) -> Result<Certificate, LabError> {
        lock(&self.store).rotate()
    }

    /// Issues the newest version again, for the same key, to end at `not_after`. It is another certificate to Entra.
    pub fn set_expiry(&self, not_after: OffsetDateTime) -> Result<Certificate, LabError> {
        lock(&self.store).reissue(not_after)
    }

    /// Whether the newest version's key may leave the vault; it may at first.
    pub fn set_exportable(&self, exportable: bool) {
        lock(&self.store).change_newest(|version| version.exportable = exportable);
    }

    /// Whether the newest version is enabled; it is at first.
    pub fn set_enabled(&self, enabled: bool) {
        lock(&self.store).change_newest(|version| version.enabled = enabled);
    }

    /// In which form the newest version's secret is kept; PKCS#12 at first, as in a new vault.
    pub fn set_content_type(&self, content_type: ContentType) {
        lock(&self.store).change_newest(|version| version.content_type = content_type);
    }

    /// Deletes the certificate with its key and its secret.
    pub fn remove_certificate(&self) {
        lock(&self.store).remove_all();
    }

    /// Removes every role assignment on the vault: 403 `ForbiddenByRbac` from then on.
    pub fn forbid(&self) {
        lock(&self.permitted).clear();
    }

    /// Takes the role to sign from everybody; reading stays allowed until [`Self::forbid`].
    pub fn forbid_signing(&self) {
        self.signing_forbidden.store(true, Ordering::Relaxed);
    }

    /// Gives both managed identities of the host the roles they need; they have them at first.
    pub fn permit(&self) {
        let identities = [SYSTEM_IDENTITY_OBJECT_ID, USER_ASSIGNED_IDENTITY_OBJECT_ID];
        self.signing_forbidden.store(false, Ordering::Relaxed);
        lock(&self.permitted).extend(identities.map(str::to_owned));
    }

    /// Faults of the vault.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    fn operate(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, Refusal> {
        let caller = self.authenticate(request)?;
        let api_version = server::parameter(request, "api-version").unwrap_or_default();
        if api_version.is_empty() {
            return Err(Refusal::bad_parameter("api-version must be specified"));
        }
        let converts = CONVERTING_VERSIONS.contains(&api_version.as_str());
        if !converts && !EARLY_VERSIONS.contains(&api_version.as_str()) {
            let message = format!(
                "The specified version ({api_version}) is not recognized. Consider using the latest supported version \
                 ({LATEST_VERSION})."
            );
            return Err(Refusal::bad_parameter(message));
        }
        let path = server::segments(request);
        let (object, action) = match (request.method(), path.as_slice()) {
            (&Method::GET, [object @ ("certificates" | "secrets" | "keys"), _, "versions"]) => (*object, "list"),
            (&Method::GET, [object @ ("certificates" | "secrets" | "keys"), _, version @ ..]) if version.len() < 2 => {
                (*object, "get")
            }
            (&Method::POST, ["keys", _, _, "sign"]) => ("keys", "sign"),
            _ => return Err(Refusal::not_found_path()),
        };
        self.authorize(&caller, object, action)?;
        let name = path.get(1).copied().unwrap_or_default();
        let store = lock(&self.store);
        if action == "list" {
            // a name that nobody used has no versions, and that is no error
            return Ok(answers::versions(&self.url, object, store.all(name)));
        }
        let version = store.find(name, path.get(2).copied()).ok_or_else(|| Refusal::no_object(object, name))?;
        if !version.enabled {
            return Err(Refusal::disabled(object, action));
        }
        match (object, action) {
            ("certificates", _) => Ok(answers::certificate(&self.url, version)),
            _ if version.is_expired() => Err(Refusal::expired(object, action)),
            ("secrets", _) => {
                let wanted = server::parameter(request, "outContentType");
                let content_type = answers::content_type(version, wanted.filter(|_| converts).as_deref())?;
                let value = version.secret(content_type);
                self.issuer.secrets.remember(&value);
                Ok(answers::secret(&self.url, version, content_type, &value))
            }
            (_, "sign") => answers::signature(&self.url, version, request.body()),
            _ => Ok(answers::key(&self.url, version)),
        }
    }
}

impl Service for KeyVault {
    const NAME: ServiceName = ServiceName::KeyVault;

    fn presented(&self, request: &Request<Bytes>) -> Presented {
        self.issuer.presented(request)
    }

    fn faults(&self, _: &Request<Bytes>) -> &Faults {
        &self.faults
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        answers::finish(self.operate(request).unwrap_or_else(Refusal::response))
    }

    fn failure(&self, _: &Request<Bytes>, status: StatusCode) -> Response<Bytes> {
        answers::finish(Refusal::unavailable(status).response())
    }
}

//! The versions of the vault's certificate, oldest first.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use super::{CERTIFICATE_NAME, pkcs12};
use crate::{
    LabError,
    certificate::{Certificate, private_key_pem},
    keys::{KeySource, RsaKey},
    secrets::Secrets,
    world,
};
use base64::{Engine, prelude::BASE64_STANDARD};

/// In which form a certificate's secret is kept (`secret_props.contentType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// `application/x-pkcs12`.
    Pkcs12,
    /// `application/x-pem-file`.
    Pem,
}

impl ContentType {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pkcs12 => "application/x-pkcs12",
            Self::Pem => "application/x-pem-file",
        }
    }
}

/// One version.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) id: String,
    pub(super) key: Arc<RsaKey>,
    pub(super) certificate: Certificate,
    pub(super) enabled: bool,
    pub(super) exportable: bool,
    pub(super) content_type: ContentType,
    pub(super) created: OffsetDateTime,
}

impl Version {
    pub(super) fn is_expired(&self) -> bool {
        self.certificate.not_after() <= world::now()
    }

    /// The value of the secret: the certificate, and the key if the policy lets it out.
    pub(super) fn secret(&self, content_type: ContentType) -> String {
        let key = self.exportable.then_some(&self.key);
        match content_type {
            ContentType::Pem => {
                format!("{}{}", key.map(|key| private_key_pem(key)).unwrap_or_default(), self.certificate.pem())
            }
            ContentType::Pkcs12 => {
                let key = key.map(|key| key.pkcs8());
                BASE64_STANDARD.encode(pkcs12::file(key, self.certificate.der(), self.id.as_bytes()))
            }
        }
    }
}

/// All versions.
pub(super) struct Store {
    keys: Arc<KeySource>,
    secrets: Secrets,
    versions: Vec<Version>,
}

impl Store {
    /// With one version, good for a year.
    pub(super) fn new(keys: Arc<KeySource>, secrets: Secrets) -> Result<Self, LabError> {
        let mut store = Self { keys, secrets, versions: Vec::new() };
        store.rotate()?;
        Ok(store)
    }

    pub(super) fn rotate(&mut self) -> Result<Certificate, LabError> {
        let key = self.keys.next()?;
        self.secrets.remember_key(&key);
        let certificate = issue(&key, world::now() + Duration::days(365))?;
        let newest = self.versions.last();
        self.versions.push(Version {
            id: world::guid().simple().to_string(),
            key,
            certificate: certificate.clone(),
            enabled: true,
            exportable: newest.is_none_or(|newest| newest.exportable),
            content_type: newest.map_or(ContentType::Pkcs12, |newest| newest.content_type),
            created: world::now(),
        });
        Ok(certificate)
    }

    pub(super) fn reissue(&mut self, not_after: OffsetDateTime) -> Result<Certificate, LabError> {
        let newest = self.versions.last_mut().ok_or(LabError::NoCertificate)?;
        newest.certificate = issue(&newest.key, not_after)?;
        Ok(newest.certificate.clone())
    }

    pub(super) fn newest(&self) -> Option<&Version> {
        self.versions.last()
    }

    pub(super) fn change_newest(&mut self, change: impl FnOnce(&mut Version)) {
        if let Some(newest) = self.versions.last_mut() {
            change(newest);
        }
    }

    pub(super) fn remove_all(&mut self) {
        self.versions.clear();
    }

    /// All versions of the certificate `name`.
    pub(super) fn all(&self, name: &str) -> &[Version] {
        if name.eq_ignore_ascii_case(CERTIFICATE_NAME) { &self.versions } else { &[] }
    }

    /// A version by its id; without one the newest that is enabled, else the newest.
    pub(super) fn find(&self, name: &str, version: Option<&str>) -> Option<&Version> {
        let versions = self.all(name);
        match version {
            Some(id) => versions.iter().find(|version| version.id == id),
            None => versions.iter().rev().find(|version| version.enabled).or_else(|| versions.last()),
        }
    }
}

fn issue(key: &RsaKey, not_after: OffsetDateTime) -> Result<Certificate, LabError> {
    Certificate::self_signed(key, "mcp-cost-server", not_after)
}

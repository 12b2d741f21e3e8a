//! Which fault of which dependency, and when.

use std::time::Duration;

use lab::{
    chaos::{Fault, Length, WrongCertificate},
    journal::ServiceName,
};

/// What the handler needs of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dependency {
    SigningKeys,
    TokenEndpoint,
    ManagedIdentity,
    Certificate,
    PrivateKey,
    Signature,
    ResourceManager,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Start,
    Run,
}

/// A row of the document.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) dependency: Dependency,
    pub(super) phase: Phase,
    /// The fault in words.
    pub(super) name: &'static str,
    pub(super) fault: Fault,
}

const DEPENDENCIES: [Dependency; 7] = [
    Dependency::SigningKeys,
    Dependency::TokenEndpoint,
    Dependency::ManagedIdentity,
    Dependency::Certificate,
    Dependency::PrivateKey,
    Dependency::Signature,
    Dependency::ResourceManager,
];

/// Where a redirect leads is put in its place.
pub(super) const ELSEWHERE: &str = "elsewhere";

impl Dependency {
    pub(super) fn service(self) -> ServiceName {
        match self {
            Self::SigningKeys | Self::TokenEndpoint => ServiceName::Entra,
            Self::ManagedIdentity => ServiceName::ManagedIdentity,
            Self::Certificate | Self::PrivateKey | Self::Signature => ServiceName::KeyVault,
            Self::ResourceManager => ServiceName::ResourceManager,
        }
    }

    /// What is in the paths of the requests that fail, where they are not the first of their connection.
    pub(super) fn part(self) -> Option<&'static str> {
        match self {
            Self::PrivateKey => Some("/secrets/"),
            Self::Signature => Some("/sign"),
            _ => None,
        }
    }

    /// The faults that it can have: what is never asked for has one that proves it; who speaks no TLS has no certificate,
    /// and who is not the first to be asked on a connection has it checked already.
    fn faults(self, phase: Phase) -> Vec<(&'static str, Fault)> {
        let mut faults = faults();
        match (self, phase) {
            (Self::TokenEndpoint | Self::ResourceManager, Phase::Start) => {
                vec![("nothing is answered", Fault::Silence)]
            }
            (Self::ManagedIdentity | Self::PrivateKey | Self::Signature, _) => {
                faults.retain(|(_, fault)| !matches!(fault, Fault::Certificate(_)));
                faults
            }
            _ => faults,
        }
    }

    /// The heading of its table, what is asked of it and when, and how long whoever waits for it waits at most.
    pub(super) fn section(self, phase: Phase) -> (&'static str, &'static str, Duration) {
        let (heading, text, seconds) = match (self, phase) {
            (Self::SigningKeys, Phase::Start) => (
                "Signing keys, at the start",
                "Fetched beside the credential, given up after 5 seconds, and asked for again every 5 seconds while there \
                 are none. Without them the server starts, and a caller gets:",
                15,
            ),
            (Self::SigningKeys, Phase::Run) => (
                "Signing keys, while it runs",
                "Asked for every hour, and when a token names a key that is not known, at most once in five minutes; given \
                 up after 5 seconds. Tokens of known keys go on to be accepted for a day. A caller with a token of a new \
                 key gets:",
                5,
            ),
            (Self::TokenEndpoint, Phase::Start) => {
                ("Token endpoint, at the start", "Not asked. A call after the fault is over gets:", 15)
            }
            (Self::TokenEndpoint, Phase::Run) => (
                "Token endpoint, while it runs",
                "Asked once for each sign-in of a caller, and once more after a connection that failed; 10 seconds a try.",
                21,
            ),
            (Self::ManagedIdentity, Phase::Start) => (
                "Managed identity, at the start",
                "Asked for the token of a federated credential (`OBO_FEDERATED_IDENTITY_CLIENT_ID`); 6 seconds with all \
                 tries.",
                15,
            ),
            (Self::ManagedIdentity, Phase::Run) => (
                "Managed identity, while it runs",
                "Asked when its token has less than five minutes left, once a day; 6 seconds with all tries. A caller at \
                 that moment gets:",
                6,
            ),
            (Self::Certificate, Phase::Start) => {
                ("Key Vault: certificate, at the start", "Read first; 12 seconds with all tries.", 15)
            }
            (Self::Certificate, Phase::Run) => (
                "Key Vault: certificate, while it runs",
                "Read again a few times a day, which no caller notices, and when Entra refuses the certificate, at most \
                 once in five minutes; 12 seconds with all tries. A caller at that moment gets:",
                12,
            ),
            (Self::PrivateKey, Phase::Start) => (
                "Key Vault: private key, at the start",
                "Read as a secret where the policy lets it leave the vault, within the 12 seconds of its certificate.",
                15,
            ),
            (Self::PrivateKey, Phase::Run) => (
                "Key Vault: private key, while it runs",
                "Read again with its certificate. The caller whose certificate Entra refused gets:",
                12,
            ),
            (Self::Signature, Phase::Start) => (
                "Key Vault: signature, at the start",
                "Asked for where the key stays in the vault; 8 seconds with all tries.",
                15,
            ),
            (Self::Signature, Phase::Run) => (
                "Key Vault: signature, while it runs",
                "Asked for every 8 minutes, and with a new version of the certificate; 8 seconds with all tries. A caller \
                 at that moment gets:",
                8,
            ),
            (Self::ResourceManager, Phase::Start) => {
                ("Resource Manager, at the start", "Not asked. A call after the fault is over gets:", 15)
            }
            (Self::ResourceManager, Phase::Run) => (
                "Resource Manager, while it runs",
                "Asked in each call, as its caller; 30 seconds a request, 50 seconds the whole call.",
                30,
            ),
        };
        (heading, text, Duration::from_secs(seconds))
    }
}

fn faults() -> Vec<(&'static str, Fault)> {
    let certificate = Fault::Certificate;
    vec![
        ("the connection is reset", Fault::Reset),
        ("nothing is answered", Fault::Silence),
        ("a certificate of an unknown authority", certificate(WrongCertificate::OfUnknownAuthority)),
        ("a certificate for another host", certificate(WrongCertificate::OfAnotherName)),
        ("an expired certificate", certificate(WrongCertificate::Expired)),
        ("the answer comes half a second late", Fault::Late(Duration::from_millis(500))),
        ("the answer is cut off", Fault::CutOff),
        ("the answer drips, ten bytes a second", Fault::Drip(Duration::from_millis(100))),
        ("a redirect to another host", Fault::Redirect(ELSEWHERE.to_owned())),
        ("an answer of 1 GiB", Fault::Huge(Length::Announced)),
        ("an answer of 1 GiB that does not say so", Fault::Huge(Length::Unknown)),
    ]
}

impl Case {
    pub(super) fn heading(&self) -> &'static str {
        self.dependency.section(self.phase).0
    }

    /// Whether `cargo test` plays it too: what takes no seconds, and of what is alike one.
    pub(super) fn is_quick(&self) -> bool {
        match self.fault {
            Fault::Redirect(_) | Fault::Huge(Length::Unknown) => true,
            Fault::Reset | Fault::CutOff | Fault::Certificate(WrongCertificate::OfAnotherName) => {
                self.phase == Phase::Run
                    && matches!(self.dependency, Dependency::TokenEndpoint | Dependency::ResourceManager)
            }
            _ => false,
        }
    }
}

/// Every row, in the order of the document.
pub(super) fn all() -> Vec<Case> {
    let sections = DEPENDENCIES.iter().flat_map(|dependency| [(*dependency, Phase::Start), (*dependency, Phase::Run)]);
    sections
        .flat_map(|(dependency, phase)| {
            let faults = dependency.faults(phase).into_iter();
            faults.map(move |(name, fault)| Case { dependency, phase, name, fault })
        })
        .collect()
}

//! The corpus: each class of attack in its variations (RFC 8725, and the advisories on libraries that confused types,
//! algorithms or spellings), with the refusal it must meet.

mod claims;
mod encodings;
mod forge;
mod headers;
mod permissions;
mod signatures;

use std::fmt::Display;

pub(crate) use forge::{Forge, decode, encode, parts, siblings};
use lab::Lab;

/// What an attacker tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Algorithm,
    HmacWithPublicKey,
    Signature,
    ForeignKey,
    KeyId,
    HeaderMember,
    HeaderForm,
    Encoding,
    Form,
    ClaimType,
    MissingClaim,
    DuplicateClaim,
    ClaimsForm,
    Version,
    Issuer,
    Tenant,
    Audience,
    Time,
    Kind,
    Binding,
    Client,
    Permission,
}

/// How a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// By the validator, with this reason.
    Token(&'static str),
    /// By the check of the permission to read costs: the token is genuine and does not hold it.
    Permission(&'static str),
}

/// One token of the corpus.
pub(crate) struct Hostile {
    pub(crate) class: Class,
    pub(crate) variation: String,
    pub(crate) token: String,
    pub(crate) refusal: Refusal,
}

/// Everything an attacker tries, against a server that lets [`lab::people::MCP_CLIENT_ID`] call and the monitoring
/// service.
pub(crate) fn corpus(lab: &Lab) -> Vec<Hostile> {
    let forge = Forge::new(lab);
    let mut corpus = Corpus(Vec::new());
    signatures::add(&mut corpus, &forge);
    headers::add(&mut corpus, &forge);
    encodings::add(&mut corpus, &forge);
    claims::add(&mut corpus, &forge);
    permissions::add(&mut corpus, &forge);
    corpus.0
}

struct Corpus(Vec<Hostile>);

impl Corpus {
    /// A token that the validator must refuse with `reason`.
    fn add(&mut self, class: Class, variation: impl Display, token: String, reason: &'static str) {
        let (variation, refusal) = (variation.to_string(), Refusal::Token(reason));
        self.0.push(Hostile { class, variation, token, refusal });
    }

    /// A token that is genuine, and of no use for costs.
    fn add_powerless(&mut self, variation: impl Display, token: String, reason: &'static str) {
        let (variation, refusal) = (variation.to_string(), Refusal::Permission(reason));
        self.0.push(Hostile { class: Class::Permission, variation, token, refusal });
    }
}

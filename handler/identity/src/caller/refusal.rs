//! Why a token is not accepted.

use std::time::Duration;

use super::jws::MAX_TOKEN_BYTES;
use crate::{ClientId, TenantId};

/// A refusal of a bearer token: one variant per rule.
///
/// [`Self::reason`] is the stable code for logs and bodies, the `Display` text the sentence for the person who must
/// act. Neither contains any part of the token; the one exception is the client id of [`Self::ClientNotAllowed`], a
/// GUID of a token that is otherwise valid. The texts fit an `error_description` (RFC 6750 §3: ASCII, no quotes, no
/// backslash).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// No signing key is known, or the token's key is unknown and the last fetch failed. Says nothing about the token,
    /// so it is never a 401. Cause: Entra or the network. Nobody must act unless it lasts; then the operator, whose log
    /// has a `signing_keys` event with the reason.
    #[error("the tenant's signing keys are not available; try again in {} seconds", .retry_after.as_secs())]
    KeysUnavailable {
        /// When the keys may be fetched next.
        retry_after: Duration,
    },

    /// Larger than any real token. Cause: not a token, or hundreds of group claims, which an administrator can limit.
    #[error("the token is larger than {MAX_TOKEN_BYTES} bytes; an administrator can limit the group claims in it")]
    TooLarge,
    /// Not three parts of unpadded base64url. Cause: truncated, wrapped, encrypted or not a JWT. The client must act.
    #[error("the token is not a signed JWT; send the access token exactly as Microsoft Entra issued it")]
    Malformed,
    /// The header is no JSON object, repeats a member, or has one of a wrong type. Entra issues none such: the client
    /// sent something else.
    #[error("the token's header is not well-formed; send the access token exactly as Microsoft Entra issued it")]
    HeaderMalformed,
    /// The header brings a key along or changes what is signed. Entra issues none such: likely an attack.
    #[error("the token's header has `{member}`, which is never accepted; send an access token of Microsoft Entra")]
    HeaderNotAllowed {
        /// One of this server's list of refused members.
        member: &'static str,
    },
    /// The header has `nonce`, as tokens for Microsoft Graph do; only Graph can verify them. The client asked for the
    /// wrong scope.
    #[error("the token is for Microsoft Graph, not for this server; ask for a token with this server's scope")]
    GraphToken,
    /// `alg` is absent or not RS256. Entra signs with RS256 only: likely an attack.
    #[error("the token is not signed with RS256; send an access token of Microsoft Entra")]
    WrongAlgorithm,
    /// No `kid`. Entra always names its key: the client sent something else.
    #[error("the token does not name its signing key; send an access token of Microsoft Entra")]
    MissingKeyId,
    /// `kid` is empty, longer than 128 characters or not printable. Likely an attack.
    #[error("the token names its signing key in a way Microsoft Entra never does; send an access token of it")]
    InvalidKeyId,
    /// This tenant publishes no such key. Cause: a token of another tenant or cloud, or a forged one. The client must
    /// sign in to the right tenant.
    #[error("the token is signed with a key that this server's tenant does not publish; sign in to that tenant")]
    UnknownKey,
    /// The signature does not belong to these bytes and this key. Cause: an altered or forged token.
    #[error("the token's signature is wrong; send the access token exactly as Microsoft Entra issued it")]
    BadSignature,

    /// The claims are no JSON object, repeat a member, or have one of a wrong type. Entra issues none such.
    #[error("the token's claims are not well-formed; send an access token of Microsoft Entra")]
    ClaimsMalformed,
    /// `ver` is not 2.0. Cause: this server's registration still asks for version 1.0 (an administrator must act), or
    /// the token is for another resource.
    #[error(
        "token is version 1.0: set `requestedAccessTokenVersion` to 2 in this server's app registration, if the token \
         was issued for it"
    )]
    WrongVersion,
    /// `iss` is not this tenant's v2.0 issuer. The client must sign in to that tenant.
    #[error("the token is not issued by {expected}; sign in there")]
    WrongIssuer {
        /// The only issuer accepted.
        expected: String,
    },
    /// `tid` is not this tenant. Cannot happen with a matching issuer, and is checked nevertheless.
    #[error("the token is not of tenant {expected}; sign in to that tenant")]
    WrongTenant {
        /// The only tenant accepted.
        expected: TenantId,
    },
    /// `aud` is another resource. The client asked for the wrong scope, or `AZURE_CLIENT_ID` is not this server's
    /// registration.
    #[error("the token is not for this server, whose audience is {expected}; ask for a token with this server's scope")]
    WrongAudience {
        /// The only audience accepted: this server's client id.
        expected: ClientId,
    },
    /// A claim that every v2.0 access token has is absent. The client sent something else.
    #[error("the token has no `{claim}` claim; send a version 2.0 access token of Microsoft Entra")]
    MissingClaim {
        /// The name of the claim.
        claim: &'static str,
    },
    /// `exp` has passed. The client must renew its token.
    #[error("the token has expired; renew it")]
    Expired,
    /// `nbf` or `iat` is in the future. Cause: this server's clock is slow, or a forged token.
    #[error("the token is not valid yet; try again, and if that does not help have the server's clock checked")]
    NotYetValid,
    /// It ends before it begins or lasts longer than 29 hours. Entra issues none such (the longest, with continuous
    /// access evaluation, last 28).
    #[error("the token's lifetime is not one that Microsoft Entra issues; renew it")]
    ImplausibleLifetime,
    /// `cnf`: bound to a key whose possession this server cannot check. The client must ask for a plain bearer token.
    #[error("the token is bound to a key of the client, which this server cannot check; ask for a plain bearer token")]
    KeyBound,
    /// An ID token, which tells a client who signed in and opens nothing. The client must send the access token.
    #[error("this is an ID token; send the access token")]
    IdToken,
    /// Neither a user's token (`scp`, and `idtyp` absent or `user`) nor a service's (`idtyp` is `app`, and no `scp`).
    /// Cause: an ID token, or an administrator has not added the optional claim `idtyp` to this server's registration.
    #[error(
        "the token is neither a user's (`scp`) nor a service's (`idtyp` is app, no `scp`); send an access token, and \
         for services add the optional claim `idtyp` to this server's app registration"
    )]
    NeitherUserNorApp,
    /// The client application (`azp`) is not in `ALLOWED_CLIENT_IDS`. The operator decides.
    #[error("client {client} is not allowed to call this server; ask its operator to add it to ALLOWED_CLIENT_IDS")]
    ClientNotAllowed {
        /// `azp` of the validated token.
        client: ClientId,
    },
}

impl TokenRefusal {
    /// The stable code, for example `expired` or `wrong_audience`.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::KeysUnavailable { .. } => "keys_unavailable",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::HeaderMalformed => "header_malformed",
            Self::HeaderNotAllowed { .. } => "header_not_allowed",
            Self::GraphToken => "graph_token",
            Self::WrongAlgorithm => "wrong_algorithm",
            Self::MissingKeyId => "missing_key_id",
            Self::InvalidKeyId => "invalid_key_id",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::ClaimsMalformed => "claims_malformed",
            Self::WrongVersion => "wrong_version",
            Self::WrongIssuer { .. } => "wrong_issuer",
            Self::WrongTenant { .. } => "wrong_tenant",
            Self::WrongAudience { .. } => "wrong_audience",
            Self::MissingClaim { .. } => "missing_claim",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::ImplausibleLifetime => "implausible_lifetime",
            Self::KeyBound => "key_bound",
            Self::IdToken => "id_token",
            Self::NeitherUserNorApp => "neither_user_nor_app",
            Self::ClientNotAllowed { .. } => "client_not_allowed",
        }
    }
}

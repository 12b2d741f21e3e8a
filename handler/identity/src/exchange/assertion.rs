//! The client assertion: a short-lived JWT by which this server proves to Entra that it holds the registered key.
//!
//! Sources: RFC 7523, sections 2.2 and 3; "Microsoft identity platform application authentication certificate
//! credentials".

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{certificate::Thumbprint, credential::ClientAssertion};
use crate::{ClientId, UnixTime};

/// From `nbf` to `exp`: the longest that Microsoft advises.
const LIFETIME: Duration = Duration::from_mins(10);

#[derive(Serialize)]
struct Header {
    alg: &'static str,
    typ: &'static str,
    #[serde(rename = "x5t#S256")]
    thumbprint: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: String,
    nbf: i64,
    iat: i64,
    exp: i64,
}

/// An assertion without its signature. What signs it, a key here or one in a vault, need not know what it says.
pub(super) struct UnsignedAssertion {
    message: String,
    signer: Thumbprint,
}

impl UnsignedAssertion {
    /// Of `client` for the token endpoint `audience`, to be signed by the key of the certificate `signer`.
    pub(super) fn new(signer: Thumbprint, client: ClientId, audience: &str, jti: Uuid, now: UnixTime) -> Option<Self> {
        let thumbprint = URL_SAFE_NO_PAD.encode(signer.bytes());
        let header = Header { alg: "PS256", typ: "JWT", thumbprint };
        let client = client.to_string();
        let claims = Claims {
            aud: audience,
            iss: &client,
            sub: &client,
            jti: jti.to_string(),
            nbf: now.0,
            iat: now.0,
            exp: now.plus(LIFETIME).0,
        };
        Some(Self { message: format!("{}.{}", encode(&header)?, encode(&claims)?), signer })
    }

    /// What is signed.
    pub(super) fn message(&self) -> &[u8] {
        self.message.as_bytes()
    }

    /// The whole, with the signature over [`Self::message`].
    pub(super) fn signed(self, signature: &[u8]) -> ClientAssertion {
        let jwt = Zeroizing::new(format!("{}.{}", self.message, URL_SAFE_NO_PAD.encode(signature)));
        ClientAssertion::signed_by(self.signer, jwt)
    }
}

fn encode(part: &impl Serialize) -> Option<String> {
    serde_json::to_vec(part).ok().map(|json| URL_SAFE_NO_PAD.encode(json))
}

#[cfg(test)]
mod tests {
    //! Proves the assertion against the published form and with an independent verification of the signature. That
    //! Entra takes it, only a live tenant can show.

    use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;
    use crate::exchange::testing::{CLIENT, NOW, TestCertificate};

    #[test]
    fn an_assertion_is_the_documented_jwt_signed_by_the_certificates_key() {
        let test = TestCertificate::shared();
        let audience = "https://login.example/t/oauth2/v2.0/token";
        let certificate = test.client_certificate();
        let thumbprint = certificate.public().thumbprint();
        let unsigned = UnsignedAssertion::new(thumbprint, CLIENT.parse().unwrap(), audience, Uuid::nil(), NOW).unwrap();
        let signature = certificate.sign_ps256(unsigned.message()).unwrap();
        let assertion = unsigned.signed(&signature);
        let parts: Vec<&str> = assertion.secret().split('.').collect();
        let [header, claims, signature] = parts[..] else { panic!("three parts") };
        let decode = |part| URL_SAFE_NO_PAD.decode(part).unwrap();

        let header = String::from_utf8(decode(header)).unwrap().replace(&test.x5t_s256(), "<thumbprint>");
        insta::assert_snapshot!(header, @r#"{"alg":"PS256","typ":"JWT","x5t#S256":"<thumbprint>"}"#);
        insta::assert_snapshot!(String::from_utf8(decode(claims)).unwrap(), @r#"{"aud":"https://login.example/t/oauth2/v2.0/token","iss":"c0ffee00-0000-4000-8000-000000000001","sub":"c0ffee00-0000-4000-8000-000000000001","jti":"00000000-0000-0000-0000-000000000000","nbf":1700000000,"iat":1700000000,"exp":1700000600}"#);

        let signed = assertion.secret().rsplit_once('.').unwrap().0;
        UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, test.public_key())
            .verify(signed.as_bytes(), &decode(signature))
            .expect("the signature verifies");
    }
}

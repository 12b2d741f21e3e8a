//! A client of the lab, written from the documentation, with another JWT library than the lab's own.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use lab::{
    Lab,
    certificate::Certificate,
    people::{SERVER_CLIENT_ID, TENANT_ID},
};
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::{Value, json};

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(crate) async fn lab() -> Lab {
    Lab::start().await.unwrap()
}

/// What a service answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Self { status, headers, text, body }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Entra granted a token.
    #[track_caller]
    pub(crate) fn token(&self) -> &str {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.body["access_token"].as_str().unwrap()
    }

    /// Entra refused, with this number.
    #[track_caller]
    pub(crate) fn is_refused(&self, status: u16, error: &str, code: u32) {
        let actual = (self.status.as_u16(), self.body["error"].as_str(), &self.body["error_codes"]);
        assert_eq!(actual, (status, Some(error), &json!([code])), "{}", self.text);
    }

    /// Azure refused, with this code.
    #[track_caller]
    pub(crate) fn is_error(&self, status: u16, code: &str) {
        let actual = (self.status.as_u16(), self.body["error"]["code"].as_str());
        assert_eq!(actual, (status, Some(code)), "{}", self.text);
    }
}

/// An assertion of the server itself.
#[derive(Clone)]
pub(crate) struct ClientAssertion {
    header: Header,
    claims: Value,
    key: String,
}

impl ClientAssertion {
    /// With the certificate in the lab's file, as it should be.
    pub(crate) fn new(lab: &Lab) -> Self {
        let pem = std::fs::read_to_string(lab.pem_certificate()).unwrap();
        Self::with_pem(lab, &pem)
    }

    /// With the key and the certificate of a PEM text.
    pub(crate) fn with_pem(lab: &Lab, pem: &str) -> Self {
        let (key, certificate) = pem.split_at(pem.find("-----BEGIN CERTIFICATE-----").unwrap());
        Self::signed_with(lab, key, &Certificate::from_der(&der(certificate)).unwrap())
    }

    pub(crate) fn signed_with(lab: &Lab, key: &str, certificate: &Certificate) -> Self {
        let mut header = Header::new(Algorithm::PS256);
        header.x5t_s256 = Some(certificate.thumbprint());
        let now = jsonwebtoken::get_current_timestamp();
        let claims = json!({
            "aud": lab.entra().token_endpoint(), "iss": SERVER_CLIENT_ID, "sub": SERVER_CLIENT_ID,
            "nbf": now, "iat": now, "exp": now + 600, "jti": "1f7c8a52-0000-4000-8000-000000000001",
        });
        Self { header, claims, key: key.to_owned() }
    }

    pub(crate) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    pub(crate) fn without_claim(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self
    }

    pub(crate) fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.header.alg = algorithm;
        self
    }

    pub(crate) fn thumbprint(mut self, thumbprint: Option<&str>) -> Self {
        self.header.x5t_s256 = thumbprint.map(str::to_owned);
        self
    }

    pub(crate) fn padded(mut self) -> Self {
        self.header.x5t_s256 = self.header.x5t_s256.map(|thumbprint| thumbprint + "=");
        self
    }

    pub(crate) fn legacy_thumbprint(mut self, lab: &Lab) -> Self {
        self.header.x5t_s256 = None;
        self.header.x5t = Some(lab.key_vault().certificate().unwrap().legacy_thumbprint());
        self
    }

    pub(crate) fn sign(&self) -> String {
        let key = match self.header.alg {
            Algorithm::HS256 => EncodingKey::from_secret(self.key.as_bytes()),
            // the library wants PKCS#1, which in PKCS#8 of a 2048-bit key begins after 26 bytes
            _ => EncodingKey::from_rsa_der(&der(&self.key)[26..]),
        };
        jsonwebtoken::encode(&self.header, &self.claims, &key).unwrap()
    }
}

/// An exchange On-Behalf-Of, field by field.
pub(crate) struct Exchange<'lab> {
    lab: &'lab Lab,
    tenant: String,
    fields: Vec<(String, String)>,
    correlation_id: Option<String>,
}

impl<'lab> Exchange<'lab> {
    pub(crate) fn of(lab: &'lab Lab, assertion: &str) -> Self {
        let exchange = Self { lab, tenant: TENANT_ID.to_owned(), fields: Vec::new(), correlation_id: None };
        exchange
            .field("grant_type", GRANT_TYPE)
            .field("client_id", SERVER_CLIENT_ID)
            .field("client_assertion_type", ASSERTION_TYPE)
            .field("client_assertion", &ClientAssertion::new(lab).sign())
            .field("assertion", assertion)
            .field("requested_token_use", "on_behalf_of")
            .field("scope", &format!("{}/.default", lab.resource_manager().url()))
    }

    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn twice(mut self, name: &str) -> Self {
        let field = self.fields.iter().find(|(known, _)| known == name).unwrap().clone();
        self.fields.push(field);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn client(self, assertion: &ClientAssertion) -> Self {
        self.field("client_assertion", &assertion.sign())
    }

    /// Declares `cp1`, beside whatever `claims` demand.
    pub(crate) fn claims(self, mut claims: Value) -> Self {
        claims["access_token"]["xms_cc"] = json!({ "values": ["cp1"] });
        self.field("claims", &claims.to_string())
    }

    pub(crate) fn tenant(mut self, tenant: &str) -> Self {
        tenant.clone_into(&mut self.tenant);
        self
    }

    pub(crate) fn correlation_id(mut self, id: &str) -> Self {
        self.correlation_id = Some(id.to_owned());
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let url = format!("{}/{}/oauth2/v2.0/token", self.lab.entra().authority(), self.tenant);
        let mut request = self.lab.client().post(url).form(&self.fields);
        if let Some(id) = &self.correlation_id {
            request = request.header("client-request-id", id);
        }
        Answer::of(request).await
    }
}

/// Alice's or Bob's token for Resource Manager, declared `cp1`.
pub(crate) async fn arm_token(lab: &Lab, person: &lab::people::Person) -> String {
    let assertion = lab.token(person).scope("cost.read").with_mfa().issue().unwrap();
    Exchange::of(lab, &assertion).claims(json!({})).send().await.token().to_owned()
}

/// A token of the host's system-assigned identity.
pub(crate) async fn identity_token(lab: &Lab, resource: &str) -> String {
    let identity = lab.managed_identity();
    let request = lab
        .client()
        .get(format!("{}?api-version=2019-08-01&resource={resource}", identity.address()))
        .header("X-IDENTITY-HEADER", identity.header());
    Answer::of(request).await.token().to_owned()
}

/// What a token says, unverified.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

pub(crate) fn header(token: &str) -> Value {
    part(token, 0)
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The DER of the first block of a PEM text.
pub(crate) fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().skip(1).take_while(|line| !line.starts_with("-----")).collect();
    base64::prelude::BASE64_STANDARD.decode(body).unwrap()
}

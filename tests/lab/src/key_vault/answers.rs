//! What the vault says, and what it says instead.
//!
//! Shapes: <https://learn.microsoft.com/rest/api/keyvault/>.

use aws_lc_rs::digest;
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{CERTIFICATE_NAME, ContentType, Version};
use crate::{
    jwt::BASE64_URL,
    keys::Algorithm,
    server::{self, with_header},
    world,
};

/// Why an operation is not done.
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    inner: Option<&'static str>,
    challenge: Option<String>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), inner: None, challenge: None }
    }

    fn forbidden(inner: &'static str, message: impl Into<String>) -> Self {
        Self { inner: Some(inner), ..Self::new(StatusCode::FORBIDDEN, "Forbidden", message) }
    }

    pub(super) fn unauthorized(message: String, challenge: String) -> Self {
        Self { challenge: Some(challenge), ..Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", message) }
    }

    pub(super) fn forbidden_by_rbac(message: String) -> Self {
        Self::forbidden("ForbiddenByRbac", message)
    }

    pub(super) fn bad_parameter(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadParameter", message)
    }

    pub(super) fn not_found_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFound", "Resource not found")
    }

    pub(super) fn no_object(object: &str, name: &str) -> Self {
        let (code, kind) = match object {
            "certificates" => ("CertificateNotFound", "certificate"),
            "secrets" => ("SecretNotFound", "secret"),
            _ => ("KeyNotFound", "key"),
        };
        let message = format!(
            "A {kind} with (name/id) {name} was not found in this key vault. If you recently deleted this {kind} you \
             may be able to recover it using the correct recovery command. For help resolving this issue, please see \
             https://go.microsoft.com/fwlink/?linkid=2125182"
        );
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(super) fn disabled(object: &str, action: &str) -> Self {
        let (inner, kind) = match object {
            "certificates" => ("CertificateDisabled", "certificate"),
            "secrets" => ("SecretDisabled", "secret"),
            _ => ("KeyDisabled", "key"),
        };
        Self::forbidden(inner, format!("Operation {action} is not allowed on a disabled {kind}."))
    }

    pub(super) fn expired(object: &str, action: &str) -> Self {
        let (inner, kind) = if object == "secrets" { ("SecretExpired", "secret") } else { ("KeyExpired", "key") };
        Self::forbidden(inner, format!("Operation {action} is not allowed on an expired {kind}."))
    }

    pub(super) fn unavailable(status: StatusCode) -> Self {
        if status == StatusCode::TOO_MANY_REQUESTS {
            let message = "Request was not processed because too many requests were received. Reason: \
                           VaultRequestTypeLimitReached";
            Self::new(status, "Throttled", message)
        } else {
            Self::new(status, "ServiceUnavailable", "The service is temporarily unavailable.")
        }
    }

    pub(super) fn response(self) -> Response<Bytes> {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(inner) = self.inner {
            error["innererror"] = json!({ "code": inner });
        }
        let response = server::json(self.status, &json!({ "error": error }));
        match self.challenge {
            Some(challenge) => with_header(response, "www-authenticate", &challenge),
            None => response,
        }
    }
}

/// The headers of every answer.
pub(super) fn finish(response: Response<Bytes>) -> Response<Bytes> {
    let response = with_header(response, "x-ms-keyvault-region", "westeurope");
    let response = with_header(response, "x-ms-keyvault-service-version", "1.9.0.0");
    with_header(response, "x-ms-request-id", &world::guid().to_string())
}

fn id(vault: &str, object: &str, version: &Version) -> String {
    format!("{vault}/{object}/{CERTIFICATE_NAME}/{}", version.id)
}

fn attributes(version: &Version) -> Value {
    json!({
        "enabled": version.enabled,
        "nbf": version.certificate.not_before().unix_timestamp(),
        "exp": version.certificate.not_after().unix_timestamp(),
        "created": version.created.unix_timestamp(),
        "updated": version.created.unix_timestamp(),
        "recoveryLevel": "Recoverable+Purgeable",
        "recoverableDays": 90,
    })
}

/// `GET /certificates/{name}`: no private key, whatever the policy.
pub(super) fn certificate(vault: &str, version: &Version) -> Response<Bytes> {
    let body = json!({
        "id": id(vault, "certificates", version),
        "kid": id(vault, "keys", version),
        "sid": id(vault, "secrets", version),
        "x5t": version.certificate.legacy_thumbprint(),
        "cer": BASE64_STANDARD.encode(version.certificate.der()),
        "attributes": attributes(version),
        "policy": {
            "id": format!("{vault}/certificates/{CERTIFICATE_NAME}/policy"),
            "key_props": { "exportable": version.exportable, "kty": "RSA", "key_size": 2048, "reuse_key": false },
            "secret_props": { "contentType": version.content_type.name() },
            "x509_props": {
                "subject": "CN=mcp-cost-server",
                "ekus": ["1.3.6.1.5.5.7.3.2"],
                "key_usage": ["digitalSignature"],
                "validity_months": 12,
            },
            "issuer": { "name": "Self" },
            "attributes": { "enabled": true },
        },
    });
    server::json(StatusCode::OK, &body)
}

/// `GET /{object}/{name}/versions`: what is known of each without reading it.
pub(super) fn versions(vault: &str, object: &str, versions: &[Version]) -> Response<Bytes> {
    let items = versions.iter().map(|version| {
        let id = id(vault, object, version);
        let attributes = attributes(version);
        match object {
            "certificates" => json!({
                "id": id,
                "x5t": version.certificate.legacy_thumbprint(),
                "subject": "",
                "attributes": attributes,
            }),
            "secrets" => json!({
                "id": id,
                "contentType": version.content_type.name(),
                "managed": true,
                "attributes": attributes,
            }),
            _ => json!({ "kid": id, "managed": true, "attributes": attributes }),
        }
    });
    server::json(StatusCode::OK, &json!({ "value": items.collect::<Vec<_>>(), "nextLink": null }))
}

/// In which form the secret is to be given: as it is kept, or `wanted`.
pub(super) fn content_type(version: &Version, wanted: Option<&str>) -> Result<ContentType, Refusal> {
    match wanted {
        None => Ok(version.content_type),
        Some(name) if name == ContentType::Pem.name() => Ok(ContentType::Pem),
        Some(name) => Err(Refusal::bad_parameter(format!("The outContentType '{name}' is not supported."))),
    }
}

/// `GET /secrets/{name}`.
pub(super) fn secret(vault: &str, version: &Version, content_type: ContentType, value: &str) -> Response<Bytes> {
    let body = json!({
        "value": value,
        "contentType": content_type.name(),
        "id": id(vault, "secrets", version),
        "managed": true,
        "kid": id(vault, "keys", version),
        "attributes": attributes(version),
    });
    server::json(StatusCode::OK, &body)
}

/// `GET /keys/{name}`: the public half.
pub(super) fn key(vault: &str, version: &Version) -> Response<Bytes> {
    let body = json!({
        "key": {
            "kid": id(vault, "keys", version),
            "kty": "RSA",
            "key_ops": ["sign", "verify"],
            "n": version.key.modulus(),
            "e": version.key.exponent(),
        },
        "attributes": attributes(version),
        "managed": true,
    });
    server::json(StatusCode::OK, &body)
}

/// `POST /keys/{name}/{version}/sign`: the vault signs a digest.
pub(super) fn signature(vault: &str, version: &Version, body: &[u8]) -> Result<Response<Bytes>, Refusal> {
    let body: Value = serde_json::from_slice(body).map_err(|_| Refusal::bad_parameter("The body is not JSON."))?;
    let algorithm = body.get("alg").and_then(Value::as_str).and_then(Algorithm::named);
    let hash = body.get("value").and_then(Value::as_str).and_then(|text| BASE64_URL.decode(text).ok());
    let (Some(algorithm), Some(hash)) = (algorithm, hash) else {
        return Err(Refusal::bad_parameter("Property alg or value has an invalid value."));
    };
    if hash.len() != digest::SHA256_OUTPUT_LEN {
        return Err(Refusal::bad_parameter(format!("Invalid length of 'value': {} bytes.", hash.len())));
    }
    let signature = version.key.sign_digest(algorithm, &hash);
    let signature = signature.map_err(|_| Refusal::unavailable(StatusCode::INTERNAL_SERVER_ERROR))?;
    let body = json!({ "kid": id(vault, "keys", version), "value": BASE64_URL_SAFE_NO_PAD.encode(signature) });
    Ok(server::json(StatusCode::OK, &body))
}

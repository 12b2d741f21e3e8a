"""azure-keyvault-certificates, -secrets and -keys: reading, signing, rotation, and what a vault refuses."""

import base64
import hashlib
from importlib.metadata import version

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import CertificateCredential, ManagedIdentityCredential
from azure.keyvault.certificates import CertificateClient
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys.crypto import CryptographyClient, SignatureAlgorithm
from azure.keyvault.secrets import SecretClient
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from lab import check, done, equal, order, raises, settings, start

start()
NAME, VAULT = settings["OBO_CERTIFICATE_NAME"], settings["KEY_VAULT_URL"]
identity = ManagedIdentityCredential()
# the challenge names vault.azure.net, and this vault is elsewhere
ELSEWHERE = {"verify_challenge_resource": False, "retry_total": 0}


def client(kind, **more):
    return kind(VAULT, identity, **{**ELSEWHERE, **more})


certificates, secrets, keys = client(CertificateClient), client(SecretClient), client(KeyClient)


def refused(call, status, code, inner=None):
    failure = raises(HttpResponseError, call)
    equal((failure.status_code, failure.error.code), (status, code))
    if inner:
        equal(failure.error.innererror["code"], inner)
    return failure


# the challenge: who verifies it as by default does not send a token here
raises(ValueError, lambda: CertificateClient(VAULT, identity).get_certificate(NAME), "does not match")

# the certificate
first = certificates.get_certificate(NAME)
public = x509.load_der_x509_certificate(bytes(first.cer))
equal(bytes(first.properties.x509_thumbprint), public.fingerprint(SHA1()))
equal((first.policy.exportable, first.policy.content_type), (True, "application/x-pkcs12"))
equal(first.properties.expires_on, public.not_valid_after_utc)
equal(certificates.get_certificate_version(NAME, first.properties.version).cer, first.cer)

# the secret, in both forms
kept = secrets.get_secret(NAME)
equal((kept.properties.content_type, kept.properties.managed), ("application/x-pkcs12", True))
key, holder, others = pkcs12.load_key_and_certificates(base64.b64decode(kept.value), None)
equal((holder, key.public_key(), others), (public, public.public_key(), []))
app = CertificateCredential(
    settings["AZURE_TENANT_ID"],
    settings["AZURE_CLIENT_ID"],
    certificate_data=base64.b64decode(kept.value),
    disable_instance_discovery=True,
)
check(app.get_token(settings["AZURE_RESOURCE_MANAGER_URL"] + "/.default").token)
order("vault pem")
kept = secrets.get_secret(NAME, version=secrets.get_secret(NAME).properties.version)
equal(kept.properties.content_type, "application/x-pem-file")
equal(load_pem_private_key(kept.value.encode(), None).public_key(), public.public_key())
equal(x509.load_pem_x509_certificate(kept.value[kept.value.index("-----BEGIN CERT") :].encode()), public)

# a key that stays in the vault
order("vault not-exportable")
equal(certificates.get_certificate(NAME).policy.exportable, False)
check("PRIVATE" not in secrets.get_secret(NAME).value)
order("vault pkcs12")
key, holder, others = pkcs12.load_key_and_certificates(base64.b64decode(secrets.get_secret(NAME).value), None)
equal((key, holder or others[0]), (None, public))
signer = CryptographyClient(first.key_id, identity, **ELSEWHERE)
digest = hashlib.sha256(b"header.claims").digest()
paddings = {
    SignatureAlgorithm.rs256: padding.PKCS1v15(),
    SignatureAlgorithm.ps256: padding.PSS(padding.MGF1(SHA256()), SHA256().digest_size),
}
for algorithm, scheme in paddings.items():
    signed = signer.sign(algorithm, digest)
    equal(signed.key_id, first.key_id)
    public.public_key().verify(signed.signature, digest, scheme, Prehashed(SHA256()))
    check(signer.verify(algorithm, digest, signed.signature).is_valid)
    check(not signer.verify(algorithm, hashlib.sha256(b"other").digest(), signed.signature).is_valid)
equal(keys.get_key(NAME).key.n, public.public_key().public_numbers().n.to_bytes(256, "big"))
refused(lambda: signer.sign(SignatureAlgorithm.rs512, hashlib.sha512(b"").digest()), 400, "BadParameter")
order("vault forbid-signing")
refused(lambda: signer.sign(SignatureAlgorithm.ps256, digest), 403, "Forbidden", "ForbiddenByRbac")
equal(certificates.get_certificate(NAME).cer, first.cer)

# roles
order("vault forbid")
for call in [
    lambda: certificates.get_certificate(NAME),
    lambda: list(certificates.list_properties_of_certificate_versions(NAME)),
    lambda: secrets.get_secret(NAME),
    lambda: keys.get_key(NAME),
]:
    refused(call, 403, "Forbidden", "ForbiddenByRbac")
order("vault permit")

# renewal: the new version is current, the old one is still there
order("vault rotate")
second = certificates.get_certificate(NAME)
check(second.cer != first.cer and second.properties.version != first.properties.version)
equal(certificates.get_certificate_version(NAME, first.properties.version).cer, first.cer)
listed = [
    {each.version for each in certificates.list_properties_of_certificate_versions(NAME)},
    {each.version for each in secrets.list_properties_of_secret_versions(NAME)},
    {each.version for each in keys.list_properties_of_key_versions(NAME)},
]
equal(listed, [{first.properties.version, second.properties.version}] * 3)
check(signer.sign(SignatureAlgorithm.ps256, digest).signature)
equal(list(secrets.list_properties_of_secret_versions("other")), [])

# too many requests: told, or waited for
order("throttle vault 1 30")
failure = refused(lambda: certificates.get_certificate(NAME), 429, "Throttled")
equal(failure.response.headers["Retry-After"], "30")
order("throttle vault 1 1")
equal(client(CertificateClient, retry_total=1).get_certificate(NAME).cer, second.cer)

# what is not there
for call in [
    lambda: certificates.get_certificate("other"),
    lambda: secrets.get_secret("other"),
    lambda: keys.get_key("other"),
    lambda: certificates.get_certificate_version(NAME, "0" * 32),
]:
    equal(raises(ResourceNotFoundError, call).status_code, 404)
order("vault remove")
raises(ResourceNotFoundError, lambda: certificates.get_certificate(NAME), "CertificateNotFound")

libraries = ["certificates", "secrets", "keys"]
done(", ".join(f"azure-keyvault-{each} {version(f'azure-keyvault-{each}')}" for each in libraries) + " for Python")

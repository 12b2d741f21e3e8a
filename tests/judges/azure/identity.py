"""azure-identity: the managed identities of a deployed function, and the credentials of a middle tier."""

import os
import pathlib
from importlib.metadata import version

import jwt
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CertificateCredential,
    ClientAssertionCredential,
    ManagedIdentityCredential,
    OnBehalfOfCredential,
    WorkloadIdentityCredential,
)
from lab import check, done, equal, exchanges, order, raises, settings, start, token

start()
VAULT = "https://vault.azure.net/.default"
ARM = settings["AZURE_RESOURCE_MANAGER_URL"] + "/.default"
REGISTRATION = settings["AZURE_TENANT_ID"], settings["AZURE_CLIENT_ID"]
USER_ASSIGNED = settings["OBO_FEDERATED_IDENTITY_CLIENT_ID"]
PEM = settings["AZURE_CERT_PATH"]
# this authority is not on Microsoft's list; its address is in AZURE_AUTHORITY_HOST
KNOWN = {"disable_instance_discovery": True, "retry_total": 0}


def claims(credential, scope):
    return jwt.decode(credential.get_token(scope).token, options={"verify_signature": False})


def managed(**which):
    return ManagedIdentityCredential(retry_total=0, **which)


def on_behalf_of(assertion, **credential):
    credential = credential or {"client_certificate": pathlib.Path(PEM).read_bytes()}
    return OnBehalfOfCredential(*REGISTRATION, user_assertion=assertion, **credential, **KNOWN)


# the managed identities
seen = claims(managed(), VAULT)
equal((seen["oid"], seen["aud"]), (settings["SYSTEM_IDENTITY_OBJECT_ID"], "https://vault.azure.net"))
own = settings["USER_ASSIGNED_IDENTITY_OBJECT_ID"]
equal(claims(managed(client_id=USER_ASSIGNED), VAULT)["oid"], own)
equal(claims(managed(identity_config={"object_id": own}), VAULT)["oid"], own)
unknown = managed(client_id=settings["AZURE_TENANT_ID"])
raises(ClientAuthenticationError, lambda: unknown.get_token(VAULT), "No User Assigned or Delegated Managed Identity")
raises(ClientAuthenticationError, lambda: managed().get_token("https://example.com/.default"), "AADSTS500011")
order("throttle identity 1 1")
equal(claims(ManagedIdentityCredential(), VAULT)["oid"], settings["SYSTEM_IDENTITY_OBJECT_ID"])
os.environ["IDENTITY_HEADER"] = "guessed"
raises(ClientAuthenticationError, lambda: managed().get_token(VAULT), "not authorized")
os.environ["IDENTITY_HEADER"] = settings["IDENTITY_HEADER"]

# the registration as itself: with its certificate, and with the identity it trusts instead
certificate = CertificateCredential(*REGISTRATION, PEM, **KNOWN)
equal((claims(certificate, ARM)["oid"], claims(certificate, ARM)["idtyp"]), (settings["SERVER_OBJECT_ID"], "app"))


def assertion_of(identity):
    return lambda: identity.get_token("api://AzureADTokenExchange/.default").token


trusted, stranger = assertion_of(managed(client_id=USER_ASSIGNED)), assertion_of(managed())
equal(claims(ClientAssertionCredential(*REGISTRATION, trusted, **KNOWN), ARM)["oid"], settings["SERVER_OBJECT_ID"])
file = pathlib.Path(PEM).with_name("federated-token")
file.write_text(trusted())
workload = WorkloadIdentityCredential(
    tenant_id=REGISTRATION[0], client_id=REGISTRATION[1], token_file_path=str(file), **KNOWN
)
equal(claims(workload, ARM)["oid"], settings["SERVER_OBJECT_ID"])
refused = ClientAssertionCredential(*REGISTRATION, stranger, **KNOWN)
raises(ClientAuthenticationError, lambda: refused.get_token(ARM), "AADSTS700213")

# on behalf of users
alice = token("alice")
credential = on_behalf_of(alice)
equal(claims(credential, ARM)["oid"], settings["ALICE_OBJECT_ID"])
before = exchanges("alice")
equal(claims(credential, ARM)["scp"], "user_impersonation")
equal(exchanges("alice"), before)
equal(claims(on_behalf_of(token("bob"), client_assertion_func=trusted), ARM)["oid"], settings["BOB_OBJECT_ID"])


def is_refused(credential, code):
    raises(ClientAuthenticationError, lambda: credential.get_token(ARM), f"AADSTS{code}: ")


is_refused(on_behalf_of(alice, client_assertion_func=stranger), 700213)
is_refused(on_behalf_of(token("alice expired")), 500133)
for change, code, back in [
    ("registration remove", 700027, "registration add"),
    ("consent withdraw", 65001, "consent grant"),
    ("policy mfa", 50076, "policy none"),
]:
    order(change)
    is_refused(on_behalf_of(alice), code)
    order(back)
order("throttle entra 1 30")
is_refused(on_behalf_of(alice), 90055)
order("revoke alice")
is_refused(on_behalf_of(alice), 50133)
equal(claims(on_behalf_of(token("alice")), ARM)["oid"], settings["ALICE_OBJECT_ID"])

# what must not be reached without TLS
raises(ValueError, lambda: CertificateCredential(*REGISTRATION, PEM, authority=ARM), "https")

done(f"azure-identity {version('azure-identity')} for Python")

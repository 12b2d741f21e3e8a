"""MSAL for Python as the middle tier: the exchange On-Behalf-Of and every way it can be refused."""

import base64
import json
import pathlib
import re

import jwt
import msal
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lab import check, done, equal, exchanges, order, raises, settings, start, token

start()
PEM = pathlib.Path(settings["AZURE_CERT_PATH"]).read_text()
SCOPES = [settings["AZURE_RESOURCE_MANAGER_URL"] + "/.default"]
ALICE, BOB = settings["ALICE_OBJECT_ID"], settings["BOB_OBJECT_ID"]
sent = []


def app(key=PEM, capabilities=None, tenant=settings["AZURE_TENANT_ID"]):
    """A new one for each case: it remembers refusals for a minute."""
    http = requests.Session()
    http.hooks["response"].append(lambda response, **_: sent.append(response.request.body))
    return msal.ConfidentialClientApplication(
        settings["AZURE_CLIENT_ID"],
        authority=f"{settings['AZURE_AUTHORITY_HOST']}/{tenant}",
        # what a sovereign cloud or AD FS needs too: this authority is not on Microsoft's list
        instance_discovery=False,
        client_credential={"private_key": key, "public_certificate": PEM},
        client_capabilities=capabilities,
        http_client=http,
    )


def exchange(assertion, **how):
    return app(**how).acquire_token_on_behalf_of(assertion, SCOPES)


def claims(result):
    check("access_token" in result, result)
    return jwt.decode(result["access_token"], options={"verify_signature": False})


def refused(result, error, code, suberror=None):
    equal((result.get("error"), result.get("error_codes"), result.get("suberror")), (error, [code], suberror))
    check(f"AADSTS{code}: " in result["error_description"] and result["correlation_id"], result)
    return result


# as the user, with a certificate, once
client = app()
alice = token("alice")
result = client.acquire_token_on_behalf_of(alice, SCOPES)
seen = claims(result)
equal((seen["oid"], seen["aud"], seen["scp"]), (ALICE, settings["AZURE_RESOURCE_MANAGER_URL"], "user_impersonation"))
equal(result["id_token_claims"]["preferred_username"], "alice@contoso.example")
form = requests.compat.urlparse("?" + sent[-1]).query
assertion = dict(field.split("=", 1) for field in form.split("&"))["client_assertion"]
header = jwt.get_unverified_header(assertion)
equal(header["alg"], "PS256")
check("x5t#S256" in header, header)
before = exchanges("alice")
(account,) = client.get_accounts("alice@contoso.example")
equal(account["home_account_id"], f"{ALICE}.{settings['AZURE_TENANT_ID']}")
again = client.acquire_token_silent(SCOPES, account)
equal((again["access_token"], again["token_source"]), (result["access_token"], "cache"))
equal(exchanges("alice"), before)
equal(claims(client.acquire_token_on_behalf_of(token("bob"), SCOPES))["oid"], BOB)
equal(claims(exchange(alice, capabilities=["cp1"]))["xms_cc"], ["cp1"])

# as itself
own = client.acquire_token_for_client(SCOPES)
equal((claims(own)["oid"], claims(own)["idtyp"]), (settings["SERVER_OBJECT_ID"], "app"))
equal(client.acquire_token_for_client(SCOPES)["token_source"], "cache")

# the credential
other = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
refused(exchange(alice, key=other.decode()), "invalid_client", 700027)
order("registration remove")
refused(exchange(alice), "invalid_client", 700027)
refused(app().acquire_token_for_client(SCOPES), "invalid_client", 700027)
order("registration add")

# the user's token
refused(exchange(token("alice expired")), "invalid_grant", 500133)
refused(exchange("x.y.z"), "invalid_request", 50027)

# the administrators
order("consent withdraw")
refused(exchange(alice), "invalid_grant", 65001, "consent_required")
order("consent grant")
check("access_token" in exchange(alice))
policy = order("policy mfa")["policy"]
result = refused(exchange(alice), "interaction_required", 50076, "basic_action")
equal(json.loads(result["claims"]), {"access_token": {"capolids": {"essential": True, "values": [policy]}}})
stepped_up = app().acquire_token_on_behalf_of(token("alice mfa"), SCOPES, claims_challenge=result["claims"])
equal(claims(stepped_up)["oid"], ALICE)
order("policy none")
order("policy block")
refused(exchange(alice), "invalid_grant", 53003, "message_only")
order("policy none")
order("revoke alice")
refused(exchange(alice), "invalid_grant", 50133)
alice = token("alice")
check("access_token" in exchange(alice))

# Azure tells of the revocation who can be told (cp1), and says what the next sign-in must be
client = app(capabilities=["cp1"])
told = client.acquire_token_on_behalf_of(alice, SCOPES)["access_token"]


def subscriptions(token):
    url = settings["AZURE_RESOURCE_MANAGER_URL"] + "/subscriptions?api-version=2022-12-01"
    return requests.get(url, headers={"Authorization": f"Bearer {token}"})


equal(subscriptions(told).status_code, 200)
order("revoke alice")
challenge = subscriptions(told)
equal(challenge.status_code, 401)
demand = base64.b64decode(re.search('claims="([^"]+)"', challenge.headers["WWW-Authenticate"])[1]).decode()
result = client.acquire_token_on_behalf_of(alice, SCOPES, claims_challenge=demand)
refused(result, "interaction_required", 50173, "basic_action")
equal(json.loads(result["claims"]), json.loads(demand))
alice = token("alice")
equal(subscriptions(exchange(alice, capabilities=["cp1"])["access_token"]).status_code, 200)

# the tenant
raises(ValueError, lambda: app(tenant=ALICE), "double check your tenant")
refused(exchange(alice, tenant="common"), "invalid_request", 50194)

# too many requests: it does not ask again before the time is over
client = app()
order("throttle entra 1 30")
before = exchanges("alice")
refused(client.acquire_token_on_behalf_of(alice, SCOPES), "temporarily_unavailable", 90055)
refused(client.acquire_token_on_behalf_of(alice, SCOPES), "temporarily_unavailable", 90055)
equal(exchanges("alice"), before + 1)
client = app()
order("throttle entra 1 0")
refused(client.acquire_token_on_behalf_of(alice, SCOPES), "temporarily_unavailable", 90055)
check("access_token" in client.acquire_token_on_behalf_of(alice, SCOPES))

done(f"MSAL for Python {msal.__version__}")

"""Authlib, the Python client: it sends Basic credentials raw; Authlib has no registration helper, so that part is plain HTTP."""

import json
import os
import sys
import time

# The server is on loopback, without TLS.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwt
from joserfc.jwk import KeySet

with open(os.environ["INTEROP_CARD"], encoding="utf-8") as card_file:
    CARD = json.load(card_file)
GATEWAY = CARD["gateway"]
SERVER_ONLY = ("registration_access_token", "registration_client_uri", "client_id_issued_at", "client_secret_expires_at")

failed = False
state = {}


def check(name):
    """Runs the decorated function as one named check; a failed one lets the others go on."""

    def run(body):
        global failed
        try:
            body()
            print(f"ok authlib: {name}")
        except Exception as error:  # noqa: BLE001 - every failure is reported
            failed = True
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"not ok authlib: {name}: {reason[:800]}")

    return run


def expect(actual, wanted):
    if actual != wanted:
        raise AssertionError(f"got {actual!r}, wanted {wanted!r}")


def session(client_id, secret, method="client_secret_basic", scope=None):
    return OAuth2Session(
        client_id,
        secret,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        scope=scope,
    )


def as_gateway(secret=None, method="client_secret_basic"):
    return session(GATEWAY["client_id"], secret or GATEWAY["client_secret"], method, GATEWAY["scope"])


def as_application(secret=None, method="client_secret_basic"):
    return session(state["record"]["client_id"], secret or state["record"]["client_secret"], method)


def token(client):
    return client.fetch_token(state["server"]["token_endpoint"], grant_type="client_credentials")


def introspect(client, subject):
    answer = client.introspect_token(state["server"]["introspection_endpoint"], token=subject)
    expect(answer.status_code, 200)
    return answer.json()


def manage(method, body=None, url=None):
    headers = {"Authorization": f"Bearer {state['record']['registration_access_token']}"}
    url = url or state["record"]["registration_client_uri"]
    return requests.request(method, url, headers=headers, json=body, timeout=20)


def refused(request):
    try:
        request()
    except OAuthError as error:
        return error.error
    raise AssertionError("accepted, but should have been refused")


@check("discovery by OpenID Connect, as Authlib validates it")
def _():
    answer = requests.get(CARD["discovery_url"], timeout=20)
    expect(answer.status_code, 200)
    state["server"] = OpenIDProviderMetadata(answer.json())
    state["server"].validate()
    expect(state["server"]["issuer"], CARD["issuer"])


@check("discovery by RFC 8414, as Authlib validates it")
def _():
    answer = requests.get(get_well_known_url(CARD["issuer"], external=True), timeout=20)
    expect(answer.status_code, 200)
    metadata = AuthorizationServerMetadata(answer.json())
    metadata.validate()
    expect(metadata["registration_endpoint"], state["server"]["registration_endpoint"])


@check("a token by client_secret_basic and by client_secret_post")
def _():
    for method in ("client_secret_basic", "client_secret_post"):
        answer = token(as_gateway(method=method))
        expect(answer["scope"], GATEWAY["scope"])
        expect(answer["token_type"].lower(), "bearer")
        state["initial"] = answer["access_token"]


@check("a wrong secret is invalid_client")
def _():
    for method in ("client_secret_basic", "client_secret_post"):
        expect(refused(lambda: token(as_gateway("wrong", method))), "invalid_client")


@check("registration with the token as initial access token")
def _():
    body = {
        "client_name": "Ledger",
        "application_type": "backend_to_backend",
        "grant_types": ["client_credentials"],
        "scope": ["never_defined"],
    }
    headers = {"Authorization": f"Bearer {state['initial']}"}
    answer = requests.post(state["server"]["registration_endpoint"], json=body, headers=headers, timeout=20)
    expect(answer.status_code, 201)
    expect(answer.headers["Cache-Control"], "no-store")
    state["record"] = answer.json()
    for member in ("client_id", "client_secret", *SERVER_ONLY):
        state["record"][member]


@check("read and update")
def _():
    read = manage("GET")
    expect((read.status_code, read.json()["client_id"]), (200, state["record"]["client_id"]))
    body = {k: v for k, v in state["record"].items() if k not in SERVER_ONLY}
    answer = manage("PUT", {**body, "client_name": "Ledger 2"})
    expect((answer.status_code, answer.json()["client_name"]), (200, "Ledger 2"))
    expect(answer.json()["client_secret"], state["record"]["client_secret"])
    state["record"] = answer.json()
    expect(manage("PUT", {**body, "client_id": "somebody-else"}).status_code, 400)


@check("a token as the registered application, verified against the published keys")
def _():
    for method in ("client_secret_basic", "client_secret_post"):
        state["token"] = token(as_application(method=method))["access_token"]
    keys = KeySet.import_key_set(requests.get(state["server"]["jwks_uri"], timeout=20).json())
    claims = jwt.decode(state["token"], keys, algorithms=["RS256", "ES256"]).claims
    expect((claims["iss"], claims["client_id"]), (CARD["issuer"], state["record"]["client_id"]))
    if claims["exp"] <= time.time():
        raise AssertionError("the token has expired already")


@check("introspection by the application and by the gateway")
def _():
    for client in (as_application(), as_gateway()):
        answer = introspect(client, state["token"])
        expect((answer["active"], answer["client_id"]), (True, state["record"]["client_id"]))


@check("a revoked token is inactive")
def _():
    answer = as_application().revoke_token(state["server"]["revocation_endpoint"], token=state["token"])
    expect(answer.status_code, 200)
    expect(introspect(as_application(), state["token"]), {"active": False})


@check("renewal gives a new secret, and the former one works on for a while")
def _():
    former = state["record"]["client_secret"]
    url = GATEWAY["renew_secret_url"].replace("{#client_id}", state["record"]["client_id"])
    answer = manage("POST", url=url)
    expect(answer.status_code, 200)
    state["record"] = answer.json()
    if state["record"]["client_secret"] == former:
        raise AssertionError("the secret is still the former one")
    for secret in (former, state["record"]["client_secret"]):
        token(as_application(secret))


@check("delete")
def _():
    expect(manage("DELETE").status_code, 204)
    expect(manage("GET").status_code, 401)
    expect(refused(lambda: token(as_application())), "invalid_client")


sys.exit(1 if failed else 0)

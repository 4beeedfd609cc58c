"""What an application does, with the standard library: the side of the server that is tested against."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import urllib.error
import urllib.request
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlencode

from registrar_harness import Domain
from registrar_harness.types import Client

REDIRECT = "http://127.0.0.1:9/callback"


class Answer:
    def __init__(self, answer: HTTPResponse | urllib.error.HTTPError) -> None:
        self.status: int = answer.status or 0
        self.headers = answer.headers
        self.text = answer.read().decode()

    @property
    def json(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.text)
        return answer


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())


def call(url: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Answer:
    data = urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(url, data, headers or {})
    try:
        with OPENER.open(request, timeout=30) as answer:
            return Answer(answer)
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error)


def post_json(url: str, body: Any) -> Answer:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with OPENER.open(request, timeout=30) as answer:
        return Answer(answer)


def basic(client: Client) -> dict[str, str]:
    pair = f"{client['client_id']}:{client['client_secret']}".encode()
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


def token(domain: Domain, client: Client, **form: str) -> Answer:
    url = domain.discovery()["token_endpoint"]
    if "client_secret" in client:
        return call(url, form, basic(client))
    return call(url, {**form, "client_id": client["client_id"]})


def client_token(domain: Domain, client: Client, **form: str) -> dict[str, Any]:
    answer = token(domain, client, grant_type="client_credentials", **form)
    assert answer.status == 200, answer.text
    return answer.json


def introspect(domain: Domain, client: Client, token: str) -> dict[str, Any]:
    answer = call(domain.discovery()["introspection_endpoint"], {"token": token}, basic(client))
    assert answer.status == 200, answer.text
    return answer.json


def is_active(domain: Domain, client: Client, token: str) -> bool:
    return bool(introspect(domain, client, token)["active"])


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return told


def machine(domain: Domain) -> Client:
    """A client that gets tokens for itself and may introspect all tokens of the domain."""
    return domain.create_client("backend_to_backend", name="Nightly export", settings={"may_introspect": True})


def browser_app(domain: Domain) -> Client:
    return domain.create_client("browser", name="Shop", redirect_uris=[REDIRECT], scope="openid offline_access")


class Login:
    """An authorization request with PKCE, and what exchanges its code."""

    def __init__(self, domain: Domain, client: Client, scope: str = "openid offline_access") -> None:
        self.domain = domain
        self.client = client
        self.verifier = secrets.token_urlsafe(32)
        self.state = secrets.token_urlsafe(8)
        self.nonce = secrets.token_urlsafe(8)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": client["client_id"],
            "redirect_uri": REDIRECT,
            "scope": scope,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        self.url = domain.discovery()["authorization_endpoint"] + "?" + urlencode(query)

    def exchange(self, code: str) -> Answer:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        return token(self.domain, self.client, **form, code_verifier=self.verifier)


def log_in(domain: Domain, client: Client, user: str) -> dict[str, Any]:
    login = Login(domain, client)
    answer = login.exchange(domain.authorize(login.url, user)["parameters"]["code"])
    assert answer.status == 200, answer.text
    return answer.json

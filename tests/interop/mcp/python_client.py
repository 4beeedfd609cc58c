"""The Python SDK, version 1 or 2, whichever is installed where this runs; the two differ in what `IS_V2` marks."""

import asyncio
import json
import logging
import os
import sys
import time
import traceback
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

try:
    import httpx2 as http
    from mcp.shared.auth import AuthorizationCodeResult

    IS_V2 = True
except ImportError:
    import httpx as http

    IS_V2 = False

SCRIPT = os.environ["INTEROP_SCRIPT"]
CONTROL = os.environ["INTEROP_CONTROL"]
LOOPBACK = "http://localhost:49153/callback"
REMOTE = "https://app.example.com/callback"

# The SDK logs each failed flow with its traceback; the checks say what was expected.
logging.disable(logging.CRITICAL)

failed = False
checks = []
state = {}


def check(name, wanted=True):
    """Makes the decorated coroutine one named check; a failed one lets the others go on."""

    def register(body):
        if wanted:
            checks.append((name, body))

    return register


def expect(actual, wanted):
    if actual != wanted:
        raise AssertionError(f"got {actual!r}, wanted {wanted!r}")


def ask(deed, **options):
    """Asks the scene for a deed, such as opening an authorization URL in a person's browser."""
    answer = http.post(f"{CONTROL}/{deed}", json=options, timeout=60)
    if answer.status_code != 200:
        raise AssertionError(answer.json()["error"])
    return answer.json()


class Observed:
    """What the server was asked within the block, by kind of request."""

    def __enter__(self):
        self.since = ask("mark")
        return self

    def __exit__(self, *_):
        self.exchanges = ask("exchanges", since=self.since)
        self.registrations = self.to("POST", "/oidc/register")
        self.tokens = self.to("POST", "/oauth/token")
        # The first request of a flow has parameters, the later ones resume it.
        self.authorizations = [each for each in self.to("GET", "/oauth/authorize") if "client_id" in each["sent"]]

    def to(self, method, path):
        return [each for each in self.exchanges if each["method"] == method and each["path"].endswith(path)]


class Application:
    """An application's side of the SDK: what it registers, what it stores, and the browser it opens."""

    def __init__(self, name="", redirect=LOOPBACK, client=None, document=None, browser=None, **metadata):
        self.tokens = None
        self.client = client
        self.browser = browser or {}
        self.pages = []
        self.refusal = ""
        self.document = document
        # No token_endpoint_auth_method, as applications leave it to the SDK: it is then not sent.
        self.metadata = OAuthClientMetadata(client_name=f"Interop {name}{SCRIPT}", redirect_uris=[redirect], **metadata)

    def provider(self, url):
        options = {"client_metadata_url": self.document} if self.document else {}
        return OAuthClientProvider(
            server_url=url,
            client_metadata=self.metadata,
            storage=self,
            redirect_handler=self.redirect,
            callback_handler=self.callback,
            **options,
        )

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client

    async def redirect(self, url):
        try:
            answer = await asyncio.to_thread(ask, "authorize", url=url, **self.browser)
        except AssertionError as error:
            self.refusal = f"{error}"
            raise
        self.pages += answer["pages"]
        self.answered = {name: values[0] for name, values in parse_qs(urlsplit(answer["callback"]).query).items()}
        expect(self.answered.get("iss"), state["scene"]["issuer"])

    async def callback(self):
        code, returned, issuer = (self.answered.get(name) for name in ("code", "state", "iss"))
        return AuthorizationCodeResult(code=code, state=returned, iss=issuer) if IS_V2 else (code, returned)


class Session:
    def __init__(self, session, provider):
        self.session = session
        self.provider = provider

    async def claims(self, tool="whoami"):
        """The claims of the token that the server took."""
        answer = await self.session.call_tool(tool, {})
        return json.loads(answer.content[0].text)

    def outlive_token(self):
        """The SDK goes by the clock: it refreshes once the time that it has noted is over."""
        self.provider.context.token_expiry_time = time.time() - 1


@asynccontextmanager
async def connect(url, application):
    provider = application.provider(url)
    async with http.AsyncClient(auth=provider, timeout=30) as client:
        async with streamable_http_client(url, http_client=client) as streams:
            async with ClientSession(streams[0], streams[1]) as session:
                await session.initialize()
                yield Session(session, provider)


def server(name):
    return state["scene"]["servers"][name]


async def fails(body):
    """The body must fail; with what depends on how far the SDK's tasks have come."""
    try:
        await asyncio.wait_for(body, 40)
    except BaseException:  # noqa: BLE001 - groups and cancellations come through as well
        return
    raise AssertionError("went well, but should have failed")


@check("first login, by registration")
async def _():
    application = state["first"] = Application(browser={"fresh": True})
    with Observed() as seen:
        async with connect(server("files")["url"], application) as session:
            tools = (await session.session.list_tools()).tools
            expect([tool.name for tool in tools], ["whoami", "erase"])
            claims = await session.claims()
    expect(claims["aud"], server("files")["identifier"])
    expect([claims["iss"], claims["client_id"]], [state["scene"]["issuer"], application.client.client_id])
    expect("tools:read" in claims["scope"].split(), True)
    expect(application.pages, ["login", "consent"])
    expect([each["status"] for each in seen.registrations], [201])
    # No method was asked for: a client on loopback cannot keep a secret and gets none.
    expect(seen.registrations[0]["answer"]["token_endpoint_auth_method"], "none")
    expect("client_secret" in seen.registrations[0]["answer"], False)
    for sent in (seen.authorizations[0]["sent"], seen.tokens[0]["sent"]):
        expect(sent["resource"], server("files")["resource"])
    expect(len(seen.tokens[0]["sent"]["code_verifier"]), 128)
    expect(bool(application.tokens.refresh_token), True)


@check("a second run with the stored client: no registration, no login")
async def _():
    application = Application(client=state["first"].client)
    with Observed() as seen:
        async with connect(server("files")["url"], application) as session:
            expect((await session.claims())["client_id"], state["first"].client.client_id)
    expect(seen.registrations, [])
    # A loopback redirect says nothing about who listens there: the person is asked again.
    expect(application.pages, ["consent"])


@check("an https redirect with remembered consent is a single redirect")
async def _():
    # With a refresh token in view version 2 asks for offline_access, and then for consent each time.
    options = {"name": "remote ", "redirect": REMOTE, "grant_types": ["authorization_code"]}
    earlier = Application(**options)
    async with connect(server("files")["url"], earlier) as session:
        await session.claims()
    expect(earlier.pages, ["consent"])
    later = Application(client=earlier.client, **options)
    with Observed() as seen:
        async with connect(server("files")["url"], later) as session:
            await session.claims()
    expect(later.pages, [])
    expect([each["status"] for each in seen.to("GET", "/oauth/authorize")], [303])
    expect([seen.to("GET", "/login"), seen.to("GET", "/consent")], [[], []])


@check("an https redirect and offline_access: consent is asked for each time", wanted=IS_V2)
async def _():
    options = {"name": "offline ", "redirect": REMOTE}
    earlier = Application(**options)
    async with connect(server("files")["url"], earlier) as session:
        await session.claims()
    later = Application(client=earlier.client, **options)
    with Observed() as seen:
        async with connect(server("files")["url"], later) as session:
            await session.claims()
    expect(seen.authorizations[0]["sent"].get("prompt"), "consent")
    expect(later.pages, ["consent"])


@check("a token whose time is over is refreshed without the person")
async def _():
    application = state["first"]
    application.tokens = None
    async with connect(server("files")["url"], application) as session:
        before = application.tokens
        session.outlive_token()
        with Observed() as seen:
            expect((await session.claims())["aud"], server("files")["identifier"])
    expect([each["sent"]["grant_type"] for each in seen.tokens], ["refresh_token"])
    expect(seen.tokens[0]["sent"]["resource"], server("files")["resource"])
    expect(seen.authorizations, [])
    expect(application.tokens.refresh_token == before.refresh_token, False)
    state["used"] = before.refresh_token


@check("a refresh token replayed at once gives the same successor")
async def _():
    application = state["first"]
    endpoint = http.get(f"{state['scene']['issuer']}/.well-known/openid-configuration").json()["token_endpoint"]
    form = {
        "grant_type": "refresh_token",
        "refresh_token": state["used"],
        "client_id": application.client.client_id,
        "resource": server("files")["resource"],
    }
    answer = http.post(endpoint, data=form)
    expect([answer.status_code, answer.json().get("refresh_token")], [200, application.tokens.refresh_token])
    answer = http.post(endpoint, data=form | {"refresh_token": application.tokens.refresh_token})
    expect(answer.status_code, 200)
    expect(answer.json()["refresh_token"] == application.tokens.refresh_token, False)


@check("a token is good at its own server only")
async def _():
    for name, verdict in ask("verdicts", token=state["first"].tokens.access_token).items():
        expect([name, verdict["valid"], verdict["active"]], [name, name == "files", name == "files"])


def at_origin(name):
    async def body():
        application = Application()
        async with connect(server(name)["url"], application) as session:
            expect((await session.claims())["aud"], server(name)["identifier"])
            session.outlive_token()
            with Observed() as seen:
                expect((await session.claims())["aud"], server(name)["identifier"])
        expect([[each["sent"]["grant_type"], each["status"]] for each in seen.tokens], [["refresh_token", 200]])

    return body


check("a server at its origin, without a slash in its metadata")(at_origin("origin"))
check("a server at its origin, with a slash in its metadata")(at_origin("slash"))


@check("a tool that needs more asks for more")
async def _():
    application = Application()
    async with connect(server("files")["url"], application) as session:
        application.pages.clear()
        claims = await session.claims("erase")
        for scope in ("tools:read", "tools:write"):
            expect([scope, scope in claims["scope"].split()], [scope, True])
    expect(application.pages, ["consent"])


def with_secret(method, way):
    async def body():
        application = Application(name=f"{method} ", token_endpoint_auth_method=method)
        with Observed() as seen:
            async with connect(server("files")["url"], application) as session:
                session.outlive_token()
                await session.claims()
        expect(bool(application.client.client_secret), True)
        expect([application.client.token_endpoint_auth_method, application.client.client_secret_expires_at], [method, 0])
        expect([[each["authentication"], each["status"]] for each in seen.tokens], [[way, 200], [way, 200]])

    return body


check("a client with a secret, by client_secret_basic")(with_secret("client_secret_basic", "basic"))
check("a client with a secret, by client_secret_post")(with_secret("client_secret_post", "post"))


@check("a deleted client is not registered anew: the person sees why, the application an error")
async def _():
    application = Application(name="deleted ", token_endpoint_auth_method="client_secret_post")
    with Observed() as seen:

        async def body():
            async with connect(server("files")["url"], application) as session:
                ask("registrar", options=["client", "delete", "main", application.client.client_id])
                ask("expire", token=application.tokens.access_token)
                session.outlive_token()
                await session.claims()

        await fails(body())
    # The page that the person gets instead of a login.
    expect("/oauth/authorize" in application.refusal and " answered 4" in application.refusal, True)
    refused = [[each["status"], each["answer"].get("error")] for each in seen.tokens[1:]]
    expect(refused, [[401, "invalid_client"]])
    expect(len(seen.registrations), 1)
    expect([each["type"] for each in seen.authorizations][-1], "text/html")


@check("a client that is a metadata document")
async def _():
    application = Application(document=state["scene"]["document"], redirect="http://127.0.0.1:49154/callback")
    with Observed() as seen:
        async with connect(server("files")["url"], application) as session:
            session.outlive_token()
            expect((await session.claims())["client_id"], state["scene"]["document"])
    expect(seen.registrations, [])
    expect([each["sent"]["grant_type"] for each in seen.tokens], ["authorization_code", "refresh_token"])


async def main():
    global failed
    state["scene"] = ask("scene")
    for name, body in checks:
        try:
            await asyncio.wait_for(body(), 45)
            print(f"ok {SCRIPT}: {name}", flush=True)
        except BaseException as error:  # noqa: BLE001 - every failure is reported
            failed = True
            reason = " ".join(f"{type(error).__name__}: {innermost(error)}".split())
            print(f"not ok {SCRIPT}: {name}: {reason[:600]}", flush=True)
            traceback.print_exception(error)


def innermost(error):
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error


asyncio.run(main())
sys.exit(failed)

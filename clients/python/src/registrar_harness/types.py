"""What the control API takes and answers. An answer may lack members that do not apply, and have others."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

Decision = Literal["allow", "deny"]
"""What a person decides on the consent page."""

# fmt: off
RefusedLogin = Literal[
    "access_denied", "login_required", "consent_required", "interaction_required", "account_selection_required"
]
# fmt: on
"""What a client is told where nobody lets it in."""

ClientKind = Literal["web", "browser", "native", "backend_to_backend", "gateway-registrar"]
"""A type of client, which brings metadata and settings."""

# fmt: off
Flaw = Literal[
    "expired", "not_yet_valid", "wrong_key", "wrong_issuer", "wrong_audience", "tampered_payload",
    "tampered_signature", "alg_none", "hs256_with_public_key", "unknown_kid", "no_kid", "wrong_type", "malformed",
]
"""What is wrong with a token."""

Endpoint = Literal[
    "discovery", "jwks", "authorize", "token", "introspect", "revoke", "userinfo", "logout", "register",
    "registration", "renew_secret", "templates", "login", "consent", "sign_up", "account",
]
"""An endpoint of a domain. `register` makes clients (RFC 7591), `registration` is for one of them (RFC 7592)."""
# fmt: on


class Gateway(TypedDict):
    """The credentials of a client that may register others."""

    client_id: str
    client_secret: str
    scope: str
    renew_secret_url: str


class Card(TypedDict, total=False):
    """What a harness tells when it is ready. `gateway` is absent with a provisioning file."""

    public_url: str
    control_url: str
    domain: str
    issuer: str
    discovery_url: str
    console_url: str
    api_token: str
    gateway: Gateway
    quick_start: bool


class ClockState(TypedDict):
    """The server's clock. `offset`: seconds ahead of the system's clock, 0 where frozen."""

    now: int
    frozen: bool
    offset: int


class Provisioned(TypedDict):
    """What a provisioning file did to one thing."""

    domain: str
    kind: str
    name: str
    outcome: str


class RecordedRequest(TypedDict, total=False):
    """A request that the server got, and its answer. `parameters`: those of query and form.

    A parameter that was sent several times has a list. `truncated`: something was too long to be kept whole.
    """

    id: int
    at: int
    method: str
    path: str
    query: dict[str, str | list[str]]
    domain: str
    endpoint: str
    headers: dict[str, str]
    body: str
    parameters: dict[str, str | list[str]]
    client_id: str
    status: int
    error: str
    response: str
    truncated: bool


class Mail(TypedDict):
    """A mail that the server sent. `links`: the URLs in its text."""

    id: int
    at: int
    to: str
    subject: str
    text: str
    links: list[str]


class User(TypedDict, total=False):
    """A person who may log in. `id` is the `sub` of clients with public subjects."""

    id: str
    username: str
    email: str
    email_verified: bool
    claims: dict[str, Any]
    has_password: bool
    enabled: bool
    created_at: int
    updated_at: int


class Client(TypedDict, total=False):
    """An application. `client_secret` stands only in the answer that makes it."""

    client_id: str
    client_secret: str
    type: str
    status: str
    metadata: dict[str, Any]
    settings: dict[str, Any]
    created_at: int
    updated_at: int


class Scope(TypedDict):
    """A scope of a domain."""

    name: str
    label: str
    description: str
    hidden: bool
    reserved: bool
    self_registrable: bool


class Resource(TypedDict, total=False):
    """An API that tokens can be for. With `credentials`, a client id, and `client_secret` it introspects them."""

    id: str
    name: str
    identifiers: list[str]
    credentials: str
    client_secret: str
    granted_clients: list[str]
    created_at: int


class Minted(TypedDict):
    """A token made to order."""

    token: str
    header: dict[str, Any]
    claims: dict[str, Any]


class Authorized(TypedDict):
    """Where an authorization request leads. `parameters`: code, state, iss, or error."""

    location: str
    parameters: dict[str, str]


class Session(TypedDict):
    """A logged-in browser: its cookie, as `name` and `value`, and as a `Cookie` header has it."""

    session_id: str
    name: str
    value: str
    cookie: str
    expires_at: int


class Interaction(TypedDict):
    """An authorization request that waits for a person."""

    id: str
    client_id: str
    page: Literal["login", "consent"]
    request: dict[str, Any]
    created_at: int
    expires_at: int


class AutoApproval(TypedDict, total=False):
    """The user who logs in, and decides how, where the authorization request has the parameters `when`."""

    user: str
    decision: Decision
    error: RefusedLogin
    when: dict[str, str]


class TokenChange(TypedDict, total=False):
    """A change of tokens. A claim of None goes. `times`: absent: always.

    `when`: parameters of the token request, or of the authorization request that the login began with.
    """

    when: dict[str, str]
    token: Literal["access_token", "id_token"]
    claims: dict[str, Any]
    flaw: Flaw
    times: int

"""A domain: one issuer with users, clients, scopes, resources and keys of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, cast

from ._control import Control, HarnessError, segment, sent
from .types import (
    Authorized,
    AutoApproval,
    Client,
    ClientKind,
    Decision,
    Flaw,
    Interaction,
    Minted,
    Resource,
    Scope,
    Session,
    TokenChange,
    User,
)


class Domain:
    """A domain of a harness. Users are named by user name, clients by client id.

    As a context manager it deletes itself at the end. Every method may raise `HarnessError`.
    """

    def __init__(self, control: Control, name: str) -> None:
        self._control = control
        self.name = name

    @property
    def issuer(self) -> str:
        """The issuer, under the server's URL as it is now."""
        return f"{self._control.public_url}/{self.name}/oidc"

    @property
    def discovery_url(self) -> str:
        """The URL of the discovery document."""
        return f"{self.issuer}/.well-known/openid-configuration"

    def __repr__(self) -> str:
        return f"Domain({self.name!r}, issuer={self.issuer!r})"

    def __enter__(self) -> Domain:
        return self

    def __exit__(self, *_: object) -> None:
        self.delete(missing_ok=True)

    def discovery(self) -> dict[str, Any]:
        """Return the discovery document, fetched as an application does: it has the endpoints."""
        return cast(dict[str, Any], self._control.fetch(self.discovery_url))

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Send any request to the control API below this domain: `control("GET", "/policies")`."""
        return self._control.send(method, f"/domains/{segment(self.name)}{path}", body)

    def delete(self, missing_ok: bool = False) -> None:
        """Delete the domain with everything in it."""
        try:
            self.control("DELETE", "")
        except HarnessError as error:
            if not (missing_ok and error.status == 404):
                raise

    def create_user(
        self,
        username: str,
        *,
        password: str | None = None,
        email: str | None = None,
        email_verified: bool | None = None,
        claims: Mapping[str, Any] | None = None,
        enabled: bool | None = None,
    ) -> User:
        """Make a user. `claims`: profile claims, such as `{"name": "Ada Lovelace"}`."""
        body = sent(
            username=username,
            password=password,
            email=email,
            email_verified=email_verified,
            claims=claims,
            enabled=enabled,
        )
        return cast(User, self.control("POST", "/users", body))

    def update_user(self, username: str, **changes: Any) -> User:
        """Change members of a user, named as `create_user` names them; None takes one away."""
        return cast(User, self.control("PATCH", self._user_path(username), changes))

    def delete_user(self, username: str) -> None:
        """Delete a user; what was issued to their applications ends."""
        self.control("DELETE", self._user_path(username))

    def _user_path(self, username: str) -> str:
        found = self.control("GET", f"/users?login={segment(username)}")["items"]
        if not found:
            raise HarnessError(f"the domain {self.name} has no user {username}", 404)
        return f"/users/{found[0]['id']}"

    def create_client(
        self,
        kind: ClientKind | None = None,
        *,
        name: str | None = None,
        redirect_uris: Sequence[str] = (),
        scope: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Client:
        """Make a client: by its kind, by metadata (RFC 7591), or both, where the metadata counts.

        Id and secret are generated where they are not given.
        """
        body = sent(
            kind=kind,
            name=name or kind,
            redirect_uris=list(redirect_uris),
            client_id=client_id,
            client_secret=client_secret,
            metadata=sent(scope=scope) | dict(metadata or {}),
            settings=settings,
        )
        return cast(Client, self.control("POST", "/clients", body))

    def update_client(
        self, client_id: str, *, metadata: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> Client:
        """Change members of a client's metadata and settings; None takes one away."""
        body = sent(metadata=metadata, settings=settings)
        return cast(Client, self.control("PATCH", f"/clients/{segment(client_id)}", body))

    def delete_client(self, client_id: str) -> None:
        """Delete a client and end its tokens. Its id stays taken."""
        self.control("DELETE", f"/clients/{segment(client_id)}")

    def create_scope(self, name: str, **members: Any) -> Scope:
        """Make a scope. Members: `label`, `description`, `hidden`, `reserved`, `self_registrable`."""
        return cast(Scope, self.control("POST", "/scopes", {"name": name, **members}))

    def create_resource(
        self, name: str, identifiers: Sequence[str], *, clients: Iterable[str] = (), **members: Any
    ) -> Resource:
        """Make a resource, an API that tokens can be for (RFC 8707).

        `identifiers`: its URLs; the first one is the audience of its tokens. `clients`: the ids of those that may have
        tokens for it by client credentials. Members: `scopes` (separated by blanks), `prefix_match`, `credentials`,
        `access_token_algorithm`, `access_token_lifetime`.
        """
        body = {"name": name, "identifiers": list(identifiers), **members}
        made = cast(Resource, self.control("POST", "/resources", body))
        for client_id in clients:
            self.control("PUT", f"/resources/{made['id']}/grants/{segment(client_id)}")
            made["granted_clients"].append(client_id)
        return made

    def mint(
        self,
        *,
        client_id: str | None = None,
        user: str | None = None,
        scope: str | None = None,
        resource: str | Sequence[str] | None = None,
        lifetime: int | None = None,
        type: Literal["access_token", "id_token"] | None = None,
        algorithm: Literal["RS256", "ES256"] | None = None,
        claims: Mapping[str, Any] | None = None,
        flaw: Flaw | None = None,
    ) -> Minted:
        """Make a token signed with the domain's key, without any flow.

        `client_id`: whom it is issued to; where absent, the gateway registrar of `main`. `lifetime` may be negative.
        `claims` are added, a None takes one away. `flaw` spoils it.
        """
        body = sent(
            client_id=client_id,
            user=user,
            scope=scope,
            resource=resource,
            lifetime=lifetime,
            type=type,
            algorithm=algorithm,
            claims=claims,
            flaw=flaw,
        )
        return cast(Minted, self.control("POST", "/tokens", body))

    def change_tokens(self, items: Sequence[TokenChange]) -> list[TokenChange]:
        """Change what the token endpoint answers from now on: by the first item that fits."""
        answer = self.control("PUT", "/token-changes", {"items": list(items)})
        return cast(list[TokenChange], answer["items"])

    def stop_changing_tokens(self) -> None:
        """Let the token endpoint answer unchanged again."""
        self.control("DELETE", "/token-changes")

    def authorize(self, url: str, user: str, decision: Decision = "allow") -> Authorized:
        """Go through login and consent as a user, without a browser.

        `url` is the authorization request's, as the client built it. Where the server would show an
        error page, the `HarnessError` has status 422.
        """
        body = {"url": url, "user": user, "decision": decision}
        return cast(Authorized, self.control("POST", "/authorize", body))

    def session(self, user: str) -> Session:
        """Log a user in and return the browser's cookie."""
        return cast(Session, self.control("POST", "/sessions", {"user": user}))

    def interactions(self) -> list[Interaction]:
        """Return the authorization requests that wait for a person."""
        return cast(list[Interaction], self.control("GET", "/interactions")["items"])

    def decide(self, interaction_id: str, user: str, decision: Decision = "allow") -> Authorized:
        """Log in and decide for an authorization request that waits."""
        path = f"/interactions/{segment(interaction_id)}"
        return cast(Authorized, self.control("POST", path, {"user": user, "decision": decision}))

    def auto_approve(self, user: str | Sequence[AutoApproval], decision: Decision = "allow") -> None:
        """Redirect every browser back at once, as if that user had logged in, whoever is logged in there.

        Takes a user, or items, of which the first one that fits counts.
        """
        items = [AutoApproval(user=user, decision=decision)] if isinstance(user, str) else list(user)
        self.control("PUT", "/auto-approvals", {"items": items})

    def stop_auto_approving(self) -> None:
        """Show browsers the login page again."""
        self.control("DELETE", "/auto-approvals")

    def revoke(self, *, token: str | None = None, client_id: str | None = None, user: str | None = None) -> None:
        """Revoke a token, or all of a client's or of a user's. Give one of them."""
        self.control("POST", "/revoke", sent(token=token, client_id=client_id, user=user))

    def expire(
        self,
        *,
        token: str | None = None,
        client_secret_of: str | None = None,
        session_id: str | None = None,
        interaction: str | None = None,
    ) -> None:
        """Let one thing expire now: a token or code, a client's secret, a session, an interaction."""
        body = sent(token=token, client_secret_of=client_secret_of, session_id=session_id, interaction=interaction)
        self.control("POST", "/expire", body)

    def queue(self, **values: str | Sequence[str]) -> dict[str, list[str]]:
        """Hand these values out next, in order, instead of random ones; return what waits.

        Named `client_id`, `client_secret`, `registration_access_token` (rat_…),
        `initial_access_token` (iat_…), `authorization_code` (ac_…), `refresh_token` (rt_…), `jti`.
        """
        body = {name: [value] if isinstance(value, str) else list(value) for name, value in values.items()}
        return cast(dict[str, list[str]], self.control("POST", "/queue", body))

    def clear_queue(self) -> None:
        """Forget the values of `queue` that were not handed out."""
        self.control("DELETE", "/queue")

    def rotate_keys(self, now: bool = False) -> dict[str, Any]:
        """Publish successors of the signing keys; with `now` they sign at once. Return the keys."""
        return cast(dict[str, Any], self.control("POST", "/keys/rotate", {"now": now}))

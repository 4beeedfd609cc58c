"""The harness: a running server and its clock, faults, records and domains."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ._control import ANSWER_TIMEOUT, Control, NotSeenError, segment, sent
from ._domain import Domain
from ._process import Process, environment, find_binary, toml_file, toml_text
from .types import Card, ClockState, Endpoint, Mail, Provisioned, RecordedRequest

LONGEST_WAIT = 60.0


class Harness:
    """A running `registrar harness`. Make one with `start` or `connect`.

    As a context manager it stops at the end. Every method may raise `HarnessError`.
    """

    def __init__(self, control: Control, card: Card, process: Process | None = None) -> None:
        self.card = card
        """What the server told when it was ready, with its URLs as they are now."""
        self.clock = Clock(control)
        """The server's clock."""
        self.faults = Faults(control)
        """What goes wrong on purpose."""
        self._control = control
        self._control.public_url = card["public_url"]
        self._process = process

    @classmethod
    def start(
        cls,
        binary: str | os.PathLike[str] | None = None,
        provision: str | os.PathLike[str] | None = None,
        base_urls: Iterable[str] = (),
        public_url: str | None = None,
        listen: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 10.0,
    ) -> Harness:
        """Start the program and wait until it is ready, `timeout` seconds at the most.

        `binary`: else the variable REGISTRAR_BIN, else `registrar` on PATH. `provision`: a
        provisioning file's path, or its text where a `str` has several lines. `env` is added to
        this process's environment, of which DATABASE_URL and REGISTRAR_* are not passed on.
        """
        command = [find_binary(binary), "harness", "--exit-with-stdin"]
        command += ["--listen", listen] if listen else []
        command += ["--public-url", public_url] if public_url else []
        for url in base_urls:
            command += ["--base-url", url]
        with tempfile.TemporaryDirectory() as directory:
            if provision is not None:
                command += ["--provision", toml_file(provision, directory)]
            process = Process(command, environment(env))
            card = process.card(timeout)
        return cls(Control(card["control_url"], process.why_silent), card, process)

    @classmethod
    def connect(cls, control_url: str) -> Harness:
        """Steer a harness that runs already, by its control URL (`…/harness/v1`)."""
        control = Control(control_url)
        return cls(control, cast(Card, control.send("GET", "")))

    def __repr__(self) -> str:
        return f"Harness({self.public_url!r})"

    def __enter__(self) -> Harness:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the program and wait for its end. Does nothing to one that was connected to."""
        if self._process:
            self._process.stop()

    @property
    def log(self) -> str:
        """The last lines of the program's log; empty where it was connected to."""
        return self._process.log if self._process else ""

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Send any request to the control API, which has the administration API's paths too.

        `path` is below `/harness/v1`, and may have a query. Returns the answer's JSON, or None.
        """
        return self._control.send(method, path, body)

    @property
    def public_url(self) -> str:
        """The server's URL, as applications reach it."""
        return self._control.public_url

    def set_base_urls(self, public_url: str, further: Iterable[str] = ()) -> None:
        """Let the server be reached under other URLs, as a container whose ports are known only now.

        Issuers begin with `public_url` from now on, those of each `Domain` too. `further`: other URLs that reach it,
        in place of those of before.
        """
        self.control("PUT", "/base-urls", {"public_url": public_url, "further": list(further)})
        self.card = cast(Card, self.control("GET", ""))
        self._control.public_url = self.card["public_url"]

    def issuer(self, domain: str | None = None) -> str:
        """Return the issuer of a domain, of the first one where none is named."""
        return self.domain(domain).issuer

    def discovery_url(self, domain: str | None = None) -> str:
        """Return the URL of a domain's discovery document, of the first one's where none is named."""
        return self.domain(domain).discovery_url

    def domain(self, name: str | None = None) -> Domain:
        """Return a domain that there is: the first one, which is on the card, where none is named."""
        return Domain(self._control, name or self.card.get("domain", "main"))

    def create_domain(
        self, name: str | None = None, settings: Mapping[str, Any] | None = None, preset: str | None = None
    ) -> Domain:
        """Make a domain, with a random name where none is given, so that tests can run in parallel.

        `preset`: `gateway`, `mcp` or `empty`.
        """
        name = name or f"t-{secrets.token_hex(8)}"
        self.control("POST", "/domains", sent(name=name, settings=settings, preset=preset))
        return self.domain(name)

    def reset(self) -> None:
        """Put everything back as it was when the server was ready; snapshots stay."""
        self.control("POST", "/reset")

    def snapshot(self) -> Snapshot:
        """Keep the database and the clock as they are now."""
        return Snapshot(self._control, self.control("POST", "/snapshots")["id"])

    def housekeeping(self) -> None:
        """Do now what the server does once a minute: rotate keys, clean up."""
        self.control("POST", "/housekeeping")

    def provision(self, toml: str | os.PathLike[str]) -> list[Provisioned]:
        """Apply a provisioning file: its text where a `str` has several lines, else its path."""
        answer = self._control.send("POST", "/provision", toml=toml_text(toml))
        return cast(list[Provisioned], answer["applied"])

    def requests(
        self,
        *,
        domain: Domain | str | None = None,
        endpoint: Endpoint | None = None,
        method: str | None = None,
        path: str | None = None,
        client_id: str | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> list[RecordedRequest]:
        """Return the requests that fit, oldest first; `after` is an id. The last 1,000 are kept."""
        query = sent(
            domain=_name(domain),
            endpoint=endpoint,
            method=method,
            path=path,
            client_id=client_id,
            after=after,
            limit=limit,
        )
        return cast(list[RecordedRequest], self._items("/requests", query))

    def wait_for_request(
        self,
        *,
        domain: Domain | str | None = None,
        endpoint: Endpoint | None = None,
        method: str | None = None,
        path: str | None = None,
        client_id: str | None = None,
        after: int | None = None,
        timeout: float = 5.0,
    ) -> RecordedRequest:
        """Wait for a request that fits and return the first one, which may be there already.

        Raises `NotSeenError` with a list of what came instead after `timeout` seconds.
        """
        query = sent(
            domain=_name(domain), endpoint=endpoint, method=method, path=path, client_id=client_id, after=after
        )
        came = self._wait("/requests", query, timeout)
        if came:
            return cast(RecordedRequest, came[0])
        raise self._not_seen("request", "/requests", query, timeout, _request_line)

    def clear_requests(self) -> None:
        """Forget the requests seen so far."""
        self.control("DELETE", "/requests")

    def mails(self, *, to: str | None = None, after: int | None = None) -> list[Mail]:
        """Return the mails sent, oldest first; `after` is an id."""
        return cast(list[Mail], self._items("/mails", sent(to=to, after=after)))

    def wait_for_mail(self, *, to: str | None = None, after: int | None = None, timeout: float = 5.0) -> Mail:
        """Wait for a mail and return the first that fits, which may be there already.

        Raises `NotSeenError` with a list of what came instead after `timeout` seconds.
        """
        query = sent(to=to, after=after)
        came = self._wait("/mails", query, timeout)
        if came:
            return cast(Mail, came[0])
        raise self._not_seen("mail", "/mails", query, timeout, _mail_line)

    def clear_mails(self) -> None:
        """Forget the mails sent so far."""
        self.control("DELETE", "/mails")

    def _items(self, path: str, query: Mapping[str, Any], timeout: float = ANSWER_TIMEOUT) -> list[Any]:
        return cast(list[Any], self._control.send("GET", path, query=query, timeout=timeout)["items"])

    def _wait(self, path: str, query: Mapping[str, Any], timeout: float) -> list[Any]:
        """Return what fits as soon as there is something, or nothing after `timeout` seconds."""
        end = time.monotonic() + timeout
        while True:
            wait = min(max(end - time.monotonic(), 0.0), LONGEST_WAIT)
            came = self._items(path, {**query, "wait": round(wait, 3)}, wait + ANSWER_TIMEOUT)
            if came or time.monotonic() >= end:
                return came

    def _not_seen(
        self, what: str, path: str, query: Mapping[str, Any], timeout: float, line: Callable[[Any], str]
    ) -> NotSeenError:
        wanted = ", ".join(f"{name}={value}" for name, value in query.items()) or "anything"
        seen = "".join(f"\n  {line(item)}" for item in self._items(path, {}))
        instead = f"what came instead:{seen}" if seen else "nothing came at all"
        return NotSeenError(f"no {what} with {wanted} came within {timeout} s; {instead}")


def _name(domain: Domain | str | None) -> str | None:
    return domain.name if isinstance(domain, Domain) else domain


def _request_line(request: RecordedRequest) -> str:
    client = f" client_id={request['client_id']}" if "client_id" in request else ""
    endpoint = f" ({request['endpoint']})" if "endpoint" in request else ""
    return f"{request['id']}: {request['method']} {request['path']}{endpoint}{client} -> {request['status']}"


def _mail_line(mail: Mail) -> str:
    return f"{mail['id']}: to {mail['to']}: {mail['subject']}"


@dataclass(frozen=True)
class Snapshot:
    """The database and the clock as they were."""

    _control: Control = field(repr=False)
    id: str

    def restore(self) -> None:
        """Put database and clock back; faults, rules, queues, requests and mails are cleared."""
        self._control.send("POST", f"/snapshots/{segment(self.id)}/restore")

    def delete(self) -> None:
        """Forget it."""
        self._control.send("DELETE", f"/snapshots/{segment(self.id)}")


@dataclass(frozen=True)
class Clock:
    """The server's clock: of all its domains."""

    _control: Control

    def now(self) -> int:
        """Return the time there, in Unix seconds."""
        return self.state()["now"]

    def state(self) -> ClockState:
        """Return the time there, and how it differs from the system's."""
        return cast(ClockState, self._control.send("GET", "/clock"))

    def advance(self, seconds: int) -> ClockState:
        """Move it forward by seconds."""
        return self._change(advance=seconds)

    def set(self, time: int) -> ClockState:
        """Set it to a time in Unix seconds."""
        return self._change(set=time)

    def freeze(self, time: int | None = None) -> ClockState:
        """Let it stand still, at a time in Unix seconds or at its own."""
        return self._change(set=time, frozen=True)

    def resume(self) -> ClockState:
        """Let it go on."""
        return self._change(frozen=False)

    def _change(self, **members: Any) -> ClockState:
        return cast(ClockState, self._control.send("POST", "/clock", sent(**members)))


@dataclass(frozen=True)
class Fault:
    """A fault that was injected."""

    _control: Control = field(repr=False)
    id: str

    def remove(self) -> None:
        """End it, however often it would have acted still."""
        self._control.send("DELETE", f"/faults/{segment(self.id)}")


@dataclass(frozen=True)
class Faults:
    """What goes wrong on purpose."""

    _control: Control

    def inject(
        self,
        *,
        domain: Domain | str | None = None,
        endpoint: Endpoint | None = None,
        method: str | None = None,
        path: str | None = None,
        when: Mapping[str, str] | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        drop: bool | None = None,
        malform: bool | None = None,
        delay: float | None = None,
        after: bool | None = None,
        skip: int | None = None,
        times: int | None = 1,
    ) -> Fault:
        """Let requests fail that fit `domain`, `endpoint`, `method`, `path` and `when`.

        `when`: parameters of query or form. One of: `status`, with `headers` and `body`, is
        answered; `drop` cuts the connection; `malform` cuts the JSON in half, a redirect passes. `delay`
        seconds before, or alone. `after`: the request is carried out first. `skip` requests pass; then it
        acts `times` times, or until removed where None.
        """
        wanted = sent(
            domain=_name(domain),
            endpoint=endpoint,
            method=method,
            path=path,
            when=when,
            status=status,
            headers=headers,
            body=body,
            drop=drop,
            malform=malform,
            delay=delay,
            after=after,
            skip=skip,
        )
        made = self._control.send("POST", "/faults", {**wanted, "times": times})
        return Fault(self._control, made["id"])

    def list(self) -> list[dict[str, Any]]:
        """Return the faults that will act still."""
        return cast("list[dict[str, Any]]", self._control.send("GET", "/faults")["items"])

    def clear(self) -> None:
        """Remove all faults."""
        self._control.send("DELETE", "/faults")

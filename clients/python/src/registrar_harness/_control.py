"""Requests to the control API, and what goes wrong with them."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

ANSWER_TIMEOUT = 30.0


class HarnessError(Exception):
    """The harness could not be started or reached, or it refused a request.

    `status` is the HTTP status of the answer, None where there was none. `problem` is the answer's
    problem document (RFC 9457), empty where there was none.
    """

    def __init__(self, message: str, status: int | None = None, problem: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.problem: dict[str, Any] = dict(problem or {})


class NotSeenError(HarnessError):
    """What was waited for did not come in time. The message lists what came instead."""


class Control:
    """Sends requests to the control API under one URL, and never through a proxy."""

    def __init__(self, url: str, why_silent: Callable[[], str] = lambda: "") -> None:
        self.url = url.rstrip("/")
        self.public_url = ""
        """Where applications reach the server; it may change."""
        self._why_silent = why_silent
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        toml: str | None = None,
        timeout: float = ANSWER_TIMEOUT,
    ) -> Any:
        """Send a request and return the answer's JSON, or None where it has no body."""
        data, headers = _content(body, toml)
        url = self.url + path + _query(query)
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=timeout) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            with error:
                raise _refused(method, path or url, error) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            message = f"{method} {url} was not answered: {reason}{self._why_silent()}"
            raise HarnessError(message) from error

    def fetch(self, url: str) -> Any:
        """Return the JSON that any URL of the server answers a GET with."""
        return Control(url).send("GET", "")


def segment(name: str) -> str:
    """Return a name as one segment of a path."""
    return urllib.parse.quote(name, safe="")


def sent(**members: Any) -> dict[str, Any]:
    """Return the members that are not None."""
    return {name: value for name, value in members.items() if value is not None}


def _content(body: Any, toml: str | None) -> tuple[bytes | None, dict[str, str]]:
    if toml is not None:
        return toml.encode(), {"Content-Type": "application/toml"}
    if body is not None:
        return json.dumps(body).encode(), {"Content-Type": "application/json"}
    return None, {}


def _query(query: Mapping[str, Any] | None) -> str:
    return "?" + urllib.parse.urlencode(query) if query else ""


def _refused(method: str, path: str, error: urllib.error.HTTPError) -> HarnessError:
    text = error.read().decode(errors="replace")
    try:
        problem = json.loads(text)
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    detail = problem.get("detail") or problem.get("title") or text or error.reason
    return HarnessError(f"{method} {path}: {error.code}: {detail}", error.code, problem)

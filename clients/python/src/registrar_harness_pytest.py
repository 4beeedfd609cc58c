"""The pytest plugin: a Registrar for the session, as it was for each test.

A module of its own, so that pytest loads nothing else where no test uses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from registrar_harness import Domain, Harness


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, on the command line and in the ini file."""
    group = parser.getgroup("registrar")
    group.addoption("--registrar-bin", metavar="FILE", help="the program `registrar`")
    parser.addini("registrar_bin", "the program `registrar`")
    parser.addini("registrar_provision", "a provisioning file, relative to the ini file")


@pytest.fixture(scope="session")
def registrar_server(pytestconfig: pytest.Config) -> Iterator[Harness]:
    """One running server for the session (with xdist: for each worker)."""
    from registrar_harness import Harness

    binary = pytestconfig.getoption("--registrar-bin") or pytestconfig.getini("registrar_bin")
    with Harness.start(binary or None, provision=_provision(pytestconfig)) as harness:
        yield harness


@pytest.fixture
def registrar(registrar_server: Harness) -> Harness:
    """The session's server, reset before the test."""
    registrar_server.reset()
    return registrar_server


@pytest.fixture
def registrar_domain(request: pytest.FixtureRequest, registrar_server: Harness) -> Iterator[Domain]:
    """A domain of the test's own, deleted after it. The server is not reset."""
    if "registrar" in request.fixturenames:
        # Its reset takes all domains away: it goes first.
        request.getfixturevalue("registrar")
    with registrar_server.create_domain() as domain:
        yield domain


def _provision(config: pytest.Config) -> Path | None:
    file = config.getini("registrar_provision")
    return (config.inipath or config.rootpath / "_").parent / file if file else None

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from registrar_harness import Harness, HarnessError, connect, start

HOLDS_ONE = """
import time, registrar_harness
harness = registrar_harness.start()
print(harness.public_url, flush=True)
time.sleep(600)
"""


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + "/main/oidc/.well-known/openid-configuration", timeout=5):
            return True
    except OSError:
        return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def program(directory: Path, code: str) -> Path:
    path = directory / "registrar"
    path.write_text(f"#!{sys.executable}\n{code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_it_starts_and_stops() -> None:
    with Harness.start() as harness:
        assert harness.card["public_url"] == harness.public_url
        assert harness.issuer() == harness.card["issuer"]
        assert harness.discovery_url() == harness.card["discovery_url"]
        assert harness.domain().discovery()["issuer"] == harness.issuer()
        assert harness.card["gateway"]["scope"] == "dcr_admin"
        assert answers(harness.public_url)
    assert not answers(harness.public_url)
    harness.stop()
    with pytest.raises(HarnessError, match=r"GET .*/clock was not answered: .*\(it ended with 0\)"):
        harness.clock.now()


def test_two_run_beside_one_another() -> None:
    with start() as one, start() as other:
        one.create_domain("only-here")
        assert one.public_url != other.public_url
        with pytest.raises(HarnessError):
            other.control("GET", "/domains/only-here")


def test_it_ends_with_its_parent_however_that_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDS_ONE], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        url = parent.stdout.readline().strip()
        assert answers(url)
        os.kill(parent.pid, signal.SIGKILL)
    end = time.monotonic() + 10
    while answers(url) and time.monotonic() < end:
        time.sleep(0.05)
    assert not answers(url)


def test_the_environments_database_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("REGISTRAR_DATABASE__URL", "postgres://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("REGISTRAR_MASTER_KEY", "nonsense")
    with start() as harness:
        assert answers(harness.public_url)


def test_connect_steers_a_running_one_and_does_not_stop_it() -> None:
    with start() as harness:
        with connect(harness.card["control_url"] + "/") as other:
            assert other.card == harness.card
            other.create_domain("from-there")
        assert harness.control("GET", "/domains/from-there")["name"] == "from-there"


def test_connecting_to_nothing_says_where() -> None:
    with pytest.raises(HarnessError, match=r"GET http://127.0.0.1:1/harness/v1 was not answered") as caught:
        connect("http://127.0.0.1:1/harness/v1")
    assert caught.value.status is None


def test_options_reach_the_program(tmp_path: Path) -> None:
    toml = '[[domain]]\nname = "shop"\n\n[[domain.client]]\nclient_id = "cli"\ntype = "backend_to_backend"\n'
    toml += 'secret = { env = "CLI_SECRET" }\nmetadata = { client_name = "Command line" }\n'
    file = tmp_path / "provision.toml"
    file.write_text(toml)
    for provision in (toml, file, str(file)):
        with start(
            provision=provision,
            env={"CLI_SECRET": "a-secret-of-tests"},
            public_url="http://localhost:7654",
            base_urls=["http://registrar:8080"],
            listen=f"127.0.0.1:{free_port()}",
        ) as harness:
            assert harness.public_url == "http://localhost:7654"
            assert harness.issuer("shop") == "http://localhost:7654/shop/oidc"
            assert harness.control("GET", "/domains/shop/clients/cli")["metadata"]["client_name"] == "Command line"
            assert "gateway" not in harness.card


def test_a_failure_tells_what_the_program_says() -> None:
    with pytest.raises(HarnessError, match=r"did not start \(it ended with 1\); its stderr:\n(.*\n)*registrar: .+"):
        start(provision='[[domain]]\nname = "NOT A NAME"\n')


def test_what_is_not_ready_in_time_is_ended(tmp_path: Path) -> None:
    slow = program(tmp_path, 'import sys, time\nprint("still at it", file=sys.stderr, flush=True)\ntime.sleep(600)')
    with pytest.raises(HarnessError, match=r"not ready in 0.5 s; its stderr:\nstill at it"):
        start(slow, timeout=0.5)


def test_what_prints_no_card_is_ended(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"no ready card but 'hello\\n'"):
        start(program(tmp_path, 'import time\nprint("hello", flush=True)\ntime.sleep(600)'))


def test_a_missing_binary_is_told_with_where_it_was_sought(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HarnessError, match="cannot find Registrar: '/no/such' \\(the argument\\)"):
        start("/no/such")
    monkeypatch.setenv("REGISTRAR_BIN", "/nor/this")
    with pytest.raises(HarnessError, match="'/nor/this' \\(REGISTRAR_BIN\\)"):
        start()
    monkeypatch.delenv("REGISTRAR_BIN")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(HarnessError, match="REGISTRAR_BIN is not set and there is no 'registrar' on PATH"):
        start()

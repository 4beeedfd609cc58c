from __future__ import annotations

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import app
import pytest

from registrar_harness import Harness, HarnessError, NotSeenError


def test_reset_puts_everything_back(registrar: Harness) -> None:
    registrar.create_domain("mine")
    registrar.clock.advance(1_000_000)
    registrar.faults.inject(endpoint="token", status=503)
    registrar.reset()
    with pytest.raises(HarnessError) as caught:
        registrar.control("GET", "/domains/mine")
    assert caught.value.status == 404
    assert registrar.clock.state()["offset"] == 0
    assert registrar.faults.list() == []
    assert registrar.requests() == []


def test_a_snapshot_is_restored_and_deleted(registrar: Harness) -> None:
    main = registrar.domain()
    main.create_user("ada")
    snapshot = registrar.snapshot()
    before = registrar.clock.now()
    main.delete_user("ada")
    registrar.clock.advance(86_400)
    snapshot.restore()
    assert main.update_user("ada", email="ada@example.com")["email"] == "ada@example.com"
    assert registrar.clock.now() - before < 60
    snapshot.delete()
    with pytest.raises(HarnessError) as caught:
        snapshot.restore()
    assert caught.value.status == 404


def test_the_clock_moves_stands_and_goes_on(registrar: Harness) -> None:
    clock = registrar.clock
    assert abs(clock.now() - time.time()) < 5
    assert clock.advance(3600)["offset"] == 3600
    assert 3595 < clock.now() - time.time() < 3605
    assert clock.freeze(2_000_000_000) == {"now": 2_000_000_000, "frozen": True, "offset": 0}
    assert clock.advance(10)["now"] == 2_000_000_010
    assert clock.freeze()["now"] == 2_000_000_010
    assert not clock.resume()["frozen"]
    assert clock.set(1_900_000_000)["now"] in (1_900_000_000, 1_900_000_001)


def test_a_token_expires_as_the_clock_moves(registrar: Harness) -> None:
    main = registrar.domain()
    client = app.machine(main)
    token = app.client_token(main, client)
    assert app.is_active(main, client, token["access_token"])
    registrar.clock.advance(token["expires_in"] - 10)
    assert app.is_active(main, client, token["access_token"])
    registrar.clock.advance(11)
    assert not app.is_active(main, client, token["access_token"])


def test_housekeeping_rotates_keys(registrar: Harness) -> None:
    main = registrar.domain()
    keys = main.control("GET", "/keys")
    registrar.clock.advance(keys["lifetime"])
    registrar.housekeeping()
    assert len(main.control("GET", "/keys")["items"]) > len(keys["items"])


def test_provisioning_tells_what_it_did(registrar: Harness, tmp_path: Path) -> None:
    toml = '[[domain]]\nname = "shop"\n\n[[domain.user]]\nusername = "ada"\n'
    applied = registrar.provision(toml)
    assert {(item["domain"], item["kind"], item["name"], item["outcome"]) for item in applied} >= {
        ("shop", "user", "ada", "created")
    }
    file = tmp_path / "shop.toml"
    file.write_text(toml)
    assert {item["outcome"] for item in registrar.provision(file)} == {"unchanged"}
    assert registrar.domain("shop").discovery()["issuer"] == registrar.issuer("shop")


def test_the_first_domain_is_the_one_on_the_card() -> None:
    with Harness.start(provision='[[domain]]\nname = "shop"\n') as harness:
        assert harness.domain().name == harness.card["domain"] == "shop"
        assert harness.issuer() == harness.card["issuer"] == harness.domain().discovery()["issuer"]


def test_other_base_urls_are_known_at_once() -> None:
    with Harness.start() as harness:
        main, before = harness.domain(), harness.public_url
        port = before.rsplit(":", 1)[1]
        harness.set_base_urls(f"http://localhost:{port}", [before])
        assert harness.public_url == harness.card["public_url"] == f"http://localhost:{port}"
        assert main.issuer == harness.issuer() == harness.card["issuer"]
        assert main.discovery()["issuer"] == f"http://localhost:{port}/main/oidc"


def test_a_parameter_that_is_sent_twice_has_both_values(registrar: Harness) -> None:
    app.call(registrar.discovery_url() + "?a=1&a=2&b=3")
    seen = registrar.wait_for_request(endpoint="discovery")
    assert (seen["query"], seen["truncated"]) == ({"a": ["1", "2"], "b": "3"}, False)


def test_an_error_tells_method_path_and_detail(registrar: Harness) -> None:
    with pytest.raises(HarnessError, match=r"^POST /domains: 400: name: .+") as caught:
        registrar.create_domain("NOT A NAME")
    assert caught.value.status == 400
    assert caught.value.problem["status"] == 400
    assert caught.value.problem["detail"] in str(caught.value)


def test_unknown_members_are_refused(registrar: Harness) -> None:
    with pytest.raises(HarnessError, match="colour"):
        registrar.control("POST", "/clock", {"colour": "blue"})


def test_a_fault_answers_once_and_then_not(registrar: Harness) -> None:
    main = registrar.domain()
    client = app.machine(main)
    fault = registrar.faults.inject(
        domain=main, endpoint="token", status=503, headers={"Retry-After": "7"}, body={"error": "unavailable"}
    )
    assert [item["id"] for item in registrar.faults.list()] == [fault.id]
    refused = app.token(main, client, grant_type="client_credentials")
    assert (refused.status, refused.headers["Retry-After"]) == (503, "7")
    assert refused.json == {"error": "unavailable"}
    assert app.token(main, client, grant_type="client_credentials").status == 200


def test_faults_are_skipped_removed_and_cleared(registrar: Harness) -> None:
    main = registrar.domain()
    url = main.discovery_url
    fault = registrar.faults.inject(endpoint="discovery", method="GET", status=500, skip=1, times=None)
    assert [app.call(url).status for _ in range(3)] == [200, 500, 500]
    fault.remove()
    assert app.call(url).status == 200
    registrar.faults.inject(path="/main/oidc/.well-known/openid-configuration", status=502, times=2)
    registrar.faults.clear()
    assert app.call(url).status == 200


def test_connections_are_cut_and_answers_spoiled_or_late(registrar: Harness) -> None:
    url = registrar.discovery_url()
    registrar.faults.inject(endpoint="discovery", drop=True)
    with pytest.raises((http.client.HTTPException, OSError)):
        app.call(url)
    registrar.faults.inject(endpoint="discovery", malform=True)
    with pytest.raises(json.JSONDecodeError):
        _ = app.call(url).json
    registrar.faults.inject(endpoint="discovery", delay=0.5)
    began = time.monotonic()
    assert app.call(url).status == 200
    assert time.monotonic() - began >= 0.5


def test_a_fault_may_come_after_the_deed_and_by_parameter(registrar: Harness) -> None:
    main = registrar.domain()
    main.create_user("ada")
    client = app.browser_app(main)
    login = app.Login(main, client)
    code = main.authorize(login.url, "ada")["parameters"]["code"]
    registrar.faults.inject(endpoint="token", when={"grant_type": "refresh_token"}, status=500)
    registrar.faults.inject(endpoint="token", when={"grant_type": "authorization_code"}, status=504, after=True)
    assert login.exchange(code).status == 504
    again = login.exchange(code)
    assert (again.status, again.json["error"]) == (400, "invalid_grant")


def test_requests_are_recorded(registrar: Harness) -> None:
    main = registrar.domain()
    client = app.machine(main)
    app.client_token(main, client, scope="")
    seen = registrar.wait_for_request(domain=main, endpoint="token", client_id=client["client_id"])
    assert (seen["method"], seen["path"], seen["status"]) == ("POST", "/main/oauth/token", 200)
    assert seen["parameters"]["grant_type"] == "client_credentials"
    assert "access_token" in seen["response"]
    assert registrar.requests(endpoint="token", method="POST", path=seen["path"], limit=5) == [seen]
    assert registrar.requests(endpoint="token", after=seen["id"]) == []
    assert registrar.requests(domain="elsewhere") == []
    registrar.clear_requests()
    assert registrar.requests() == []


def test_a_request_is_waited_for(registrar: Harness) -> None:
    main = registrar.domain()
    caller = threading.Timer(0.3, app.call, [main.discovery_url])
    caller.start()
    assert registrar.wait_for_request(endpoint="discovery", timeout=10)["status"] == 200
    caller.join()


def test_a_request_that_does_not_come_is_told_with_what_came(registrar: Harness) -> None:
    with pytest.raises(NotSeenError, match=r"no request with endpoint=token came within 0 s; nothing came at all"):
        registrar.wait_for_request(endpoint="token", timeout=0)
    app.call(registrar.discovery_url())
    began = time.monotonic()
    with pytest.raises(NotSeenError, match=r"(?s)domain=main.*came instead:\n.*GET /main/.*\(discovery\) -> 200"):
        registrar.wait_for_request(domain="main", endpoint="token", timeout=0.5)
    assert 0.4 < time.monotonic() - began < 5


def test_mails_are_read(registrar: Harness) -> None:
    main = registrar.domain()
    with pytest.raises(NotSeenError, match=r"no mail with to=ada@example\.com"):
        registrar.wait_for_mail(to="ada@example.com", timeout=0.1)
    main.control("POST", "/invitations", {"email": "ada@example.com", "send": True})
    mail = registrar.wait_for_mail(to="ada@example.com")
    assert mail["to"] == "ada@example.com"
    assert mail["links"][0].startswith(registrar.public_url)
    assert mail["links"][0] in mail["text"]
    assert registrar.mails() == [mail]
    assert registrar.mails(after=mail["id"]) == []
    with pytest.raises(NotSeenError, match=r"what came instead:\n  \d+: to ada@example.com: \S+"):
        registrar.wait_for_mail(to="eve@example.com", timeout=0)
    registrar.clear_mails()
    assert registrar.mails() == []


def test_domains_of_their_own_are_used_in_parallel(registrar: Harness) -> None:
    def one_test(number: int) -> tuple[str, str, bool]:
        with registrar.create_domain(settings={"access_token_lifetime": 100 + number}) as domain:
            domain.create_user("ada")
            client = app.machine(domain)
            token = app.client_token(domain, client)
            assert token["expires_in"] == 100 + number
            introspected = app.introspect(domain, client, token["access_token"])
            return domain.name, introspected["iss"], introspected["active"]

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(one_test, range(16)))
    assert len({name for name, _, _ in told}) == 16
    assert all(issuer == registrar.issuer(name) and active for name, issuer, active in told)
    assert [item["name"] for item in registrar.control("GET", "/domains")["items"]] == ["main"]

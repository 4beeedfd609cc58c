from __future__ import annotations

from typing import get_args
from urllib.parse import parse_qs, urlsplit

import app
import pytest

from registrar_harness import Domain, Harness, HarnessError
from registrar_harness.types import Flaw


def test_a_domain_is_made_with_settings_and_deleted(registrar: Harness) -> None:
    domain = registrar.create_domain("shop", settings={"open_registration": True}, preset="empty")
    assert domain.issuer == registrar.issuer("shop") == domain.discovery()["issuer"]
    assert domain.control("GET", "")["settings"]["registration"] is False
    assert domain.name in repr(domain)
    domain.delete()
    with pytest.raises(HarnessError) as caught:
        domain.delete()
    assert caught.value.status == 404
    domain.delete(missing_ok=True)


def test_a_user_is_made_changed_and_deleted(registrar_domain: Domain) -> None:
    user = registrar_domain.create_user(
        "ada", password="correct horse", email="ada@example.com", email_verified=True, claims={"name": "Ada Lovelace"}
    )
    assert (user["username"], user["email"], user["claims"]) == ("ada", "ada@example.com", {"name": "Ada Lovelace"})
    changed = registrar_domain.update_user("ada", email=None, claims={"locale": "en-GB"})
    assert "email" not in changed
    assert changed["claims"] == {"name": "Ada Lovelace", "locale": "en-GB"}
    registrar_domain.delete_user("ada")
    with pytest.raises(HarnessError, match="no user ada"):
        registrar_domain.delete_user("ada")


def test_a_client_is_made_changed_and_deleted(registrar_domain: Domain) -> None:
    client = registrar_domain.create_client(
        "web",
        name="Shop",
        redirect_uris=[app.REDIRECT],
        scope="openid",
        client_id="shop",
        client_secret="a-secret-of-tests",
        metadata={"client_uri": "https://shop.example.com"},
        settings={"require_pkce": True},
    )
    assert client["client_id"] == "shop"
    assert client["metadata"]["client_name"] == "Shop"
    assert client["metadata"]["scope"] == "openid"
    assert client["settings"]["require_pkce"] is True
    changed = registrar_domain.update_client("shop", metadata={"client_name": "Store"}, settings={"require_pkce": None})
    assert (changed["metadata"]["client_name"], changed["settings"]["require_pkce"]) == ("Store", False)
    registrar_domain.delete_client("shop")
    assert registrar_domain.control("GET", "/clients/shop")["status"] == "deleted"


def test_a_client_needs_no_more_than_its_kind(registrar_domain: Domain) -> None:
    client = registrar_domain.create_client("backend_to_backend")
    assert app.client_token(registrar_domain, client)["token_type"].lower() == "bearer"


def test_scopes_and_resources_are_granted(registrar_domain: Domain) -> None:
    scope = registrar_domain.create_scope("orders.read", label="Read orders", self_registrable=True)
    assert scope["label"] == "Read orders"
    client = registrar_domain.create_client("backend_to_backend", scope="orders.read")
    resource = registrar_domain.create_resource(
        "orders", ["https://api.example.com/orders"], scopes="orders.read", clients=[client["client_id"]]
    )
    assert resource["granted_clients"] == [client["client_id"]]
    token = app.client_token(registrar_domain, client, resource="https://api.example.com/orders")
    api = {**client, "client_id": resource["credentials"], "client_secret": resource["client_secret"]}
    seen = app.introspect(registrar_domain, api, token["access_token"])  # type: ignore[arg-type]
    assert (seen["active"], seen["scope"], seen["aud"]) == (True, "orders.read", "https://api.example.com/orders")


def test_a_minted_token_is_a_real_one(registrar_domain: Domain) -> None:
    user = registrar_domain.create_user("ada")
    client = app.machine(registrar_domain)
    minted = registrar_domain.mint(
        client_id=client["client_id"],
        user="ada",
        scope="openid",
        lifetime=120,
        algorithm="ES256",
        claims={"tenant": "blue"},
    )
    assert minted["header"]["alg"] == "ES256"
    assert minted["claims"]["exp"] - minted["claims"]["iat"] == 120
    assert minted["claims"]["tenant"] == "blue"
    seen = app.introspect(registrar_domain, client, minted["token"])
    assert (seen["active"], seen["sub"], seen["scope"]) == (True, user["id"], "openid")
    bare = registrar_domain.mint(
        client_id=client["client_id"], claims={"jti": None}, resource="https://api.example.com"
    )
    assert "jti" not in bare["claims"]
    assert bare["claims"]["aud"] == "https://api.example.com"
    id_token = registrar_domain.mint(client_id=client["client_id"], user="ada", type="id_token")
    assert (id_token["claims"]["sub"], id_token["claims"]["aud"]) == (user["id"], client["client_id"])


FOR_THE_API_TO_SEE = {"not_yet_valid", "wrong_audience", "wrong_type"}


@pytest.mark.parametrize("flaw", sorted(set(get_args(Flaw)) - FOR_THE_API_TO_SEE))
def test_a_spoiled_token_is_refused(registrar_domain: Domain, flaw: Flaw) -> None:
    client = app.machine(registrar_domain)
    good = registrar_domain.mint(client_id=client["client_id"])["token"]
    assert app.is_active(registrar_domain, client, good)
    bad = registrar_domain.mint(client_id=client["client_id"], flaw=flaw)["token"]
    assert not app.is_active(registrar_domain, client, bad)


def test_a_spoiled_token_tells_what_is_wrong(registrar: Harness) -> None:
    main = registrar.domain()
    good = main.mint()
    assert main.mint(flaw="not_yet_valid")["claims"]["nbf"] > registrar.clock.now() + 60
    assert main.mint(flaw="wrong_audience")["claims"]["aud"] != good["claims"]["aud"]
    assert main.mint(flaw="wrong_type")["header"]["typ"] != good["header"]["typ"]


def test_an_expired_token_is_minted_by_its_lifetime(registrar_domain: Domain) -> None:
    client = app.machine(registrar_domain)
    minted = registrar_domain.mint(client_id=client["client_id"], lifetime=-60)
    assert not app.is_active(registrar_domain, client, minted["token"])


def test_the_token_endpoints_answers_are_changed(registrar_domain: Domain) -> None:
    client = app.machine(registrar_domain)
    items = registrar_domain.change_tokens(
        [{"when": {"grant_type": "client_credentials"}, "flaw": "expired", "times": 1}, {"claims": {"tenant": "blue"}}]
    )
    assert items[0]["times"] == 1
    first, second = (app.client_token(registrar_domain, client)["access_token"] for _ in range(2))
    assert not app.is_active(registrar_domain, client, first)
    assert app.claims(second)["tenant"] == "blue"
    registrar_domain.stop_changing_tokens()
    third = app.client_token(registrar_domain, client)["access_token"]
    assert "tenant" not in app.claims(third)


def test_a_person_logs_in_without_a_browser(registrar_domain: Domain) -> None:
    registrar_domain.create_user("ada")
    client = app.browser_app(registrar_domain)
    login = app.Login(registrar_domain, client)
    led = registrar_domain.authorize(login.url, "ada")
    assert led["location"].startswith(app.REDIRECT)
    assert (led["parameters"]["state"], led["parameters"]["iss"]) == (login.state, registrar_domain.issuer)
    tokens = login.exchange(led["parameters"]["code"])
    assert tokens.status == 200
    assert {"access_token", "id_token", "refresh_token"} <= tokens.json.keys()
    denied = registrar_domain.authorize(app.Login(registrar_domain, client).url, "ada", "deny")
    assert denied["parameters"]["error"] == "access_denied"


def test_an_error_page_is_a_422(registrar_domain: Domain) -> None:
    registrar_domain.create_user("ada")
    client = app.browser_app(registrar_domain)
    url = app.Login(registrar_domain, client).url.replace("callback", "elsewhere")
    with pytest.raises(HarnessError, match="redirect_uri") as caught:
        registrar_domain.authorize(url, "ada")
    assert caught.value.status == 422


def test_a_session_is_a_logged_in_browser(registrar_domain: Domain) -> None:
    registrar_domain.create_user("ada")
    url = app.Login(registrar_domain, app.browser_app(registrar_domain)).url
    session = registrar_domain.session("ada")
    assert session["cookie"] == f"{session['name']}={session['value']}"
    assert "/consent?" in app.call(url, headers={"Cookie": session["cookie"]}).headers["Location"]
    registrar_domain.expire(session_id=session["session_id"])
    assert "/login?" in app.call(url, headers={"Cookie": session["cookie"]}).headers["Location"]


def test_who_waits_is_decided_for(registrar_domain: Domain) -> None:
    registrar_domain.create_user("ada")
    client = app.browser_app(registrar_domain)
    login = app.Login(registrar_domain, client)
    assert app.call(login.url).status in (200, 302, 303)
    (waiting,) = registrar_domain.interactions()
    assert (waiting["client_id"], waiting["page"]) == (client["client_id"], "login")
    assert waiting["request"]["state"] == login.state
    led = registrar_domain.decide(waiting["id"], "ada")
    assert login.exchange(led["parameters"]["code"]).status == 200
    assert registrar_domain.interactions() == []


def test_an_interaction_that_waits_expires(registrar_domain: Domain) -> None:
    registrar_domain.create_user("ada")
    app.call(app.Login(registrar_domain, app.browser_app(registrar_domain)).url)
    (waiting,) = registrar_domain.interactions()
    registrar_domain.expire(interaction=waiting["id"])
    assert registrar_domain.interactions() == []


def redirected(url: str) -> dict[str, list[str]]:
    answer = app.call(url)
    assert answer.status in (302, 303), answer.text
    return parse_qs(urlsplit(answer.headers["Location"]).query)


def test_browsers_are_approved_by_themselves(registrar_domain: Domain) -> None:
    registrar_domain.create_user("ada")
    client = app.browser_app(registrar_domain)
    registrar_domain.auto_approve("ada")
    login = app.Login(registrar_domain, client)
    assert login.exchange(redirected(login.url)["code"][0]).status == 200
    registrar_domain.auto_approve("ada", "deny")
    assert redirected(app.Login(registrar_domain, client).url)["error"] == ["access_denied"]
    registrar_domain.auto_approve([{"user": "ada", "when": {"client_id": client["client_id"]}}])
    assert "code" in redirected(app.Login(registrar_domain, client).url)
    registrar_domain.stop_auto_approving()
    assert "/login?" in app.call(app.Login(registrar_domain, client).url).headers["Location"]


def test_a_token_a_client_and_a_user_are_revoked(registrar_domain: Domain) -> None:
    registrar_domain.create_user("ada")
    client = app.machine(registrar_domain)
    shop = app.browser_app(registrar_domain)
    one, other = (app.client_token(registrar_domain, client)["access_token"] for _ in range(2))
    registrar_domain.revoke(token=one)
    assert not app.is_active(registrar_domain, client, one)
    assert app.is_active(registrar_domain, client, other)
    registrar_domain.revoke(client_id=client["client_id"])
    assert not app.is_active(registrar_domain, client, other)
    tokens = app.log_in(registrar_domain, shop, "ada")
    registrar_domain.revoke(user="ada")
    again = app.token(registrar_domain, shop, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert (again.status, again.json["error"]) == (400, "invalid_grant")
    with pytest.raises(HarnessError) as caught:
        registrar_domain.revoke(user="nobody")
    assert caught.value.status == 404


def test_a_token_a_code_and_a_secret_expire(registrar_domain: Domain) -> None:
    registrar_domain.create_user("ada")
    shop = app.browser_app(registrar_domain)
    tokens = app.log_in(registrar_domain, shop, "ada")
    registrar_domain.expire(token=tokens["refresh_token"])
    again = app.token(registrar_domain, shop, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert again.json["error"] == "invalid_grant"
    login = app.Login(registrar_domain, shop)
    code = registrar_domain.authorize(login.url, "ada")["parameters"]["code"]
    registrar_domain.expire(token=code)
    assert login.exchange(code).json["error"] == "invalid_grant"
    client = app.machine(registrar_domain)
    registrar_domain.expire(client_secret_of=client["client_id"])
    refused = app.token(registrar_domain, client, grant_type="client_credentials")
    assert (refused.status, refused.json["error"]) == (401, "invalid_client")


def test_queued_values_are_handed_out(registrar_domain: Domain) -> None:
    assert registrar_domain.queue(client_id=["first", "second"], jti="token-1")["client_id"] == ["first", "second"]
    client = app.machine(registrar_domain)
    assert client["client_id"] == "first"
    token = app.client_token(registrar_domain, client)["access_token"]
    assert app.introspect(registrar_domain, client, token)["jti"] == "token-1"
    registrar_domain.clear_queue()
    assert app.machine(registrar_domain)["client_id"] != "second"


def test_keys_are_rotated(registrar_domain: Domain) -> None:
    client = app.machine(registrar_domain)
    before = registrar_domain.mint(client_id=client["client_id"])
    keys = registrar_domain.rotate_keys(now=True)
    after = registrar_domain.mint(client_id=client["client_id"])
    assert before["header"]["kid"] != after["header"]["kid"]
    assert {before["header"]["kid"], after["header"]["kid"]} <= {key["kid"] for key in keys["items"]}
    assert app.is_active(registrar_domain, client, before["token"])

//! Clients, by the API: making and changing them, their steps and secrets, and how they stand to their registrants.

use http::Method;
use registrar::model::administrator::Role;
use registrar::model::client::ClientStatus;
use registrar::store::audit::AuditRecord;
use rstest::rstest;
use serde_json::{Value, json};

use crate::apim::{fixture, registered};
use crate::support::{AdminApi, Backend, Credentials, TestServer};

const CLIENTS: &str = "/domains/main/clients";

fn path(client_id: &str) -> String {
    format!("{CLIENTS}/{client_id}")
}

fn id_of(record: &Value) -> &str {
    record["client_id"].as_str().expect("a client has an id")
}

async fn made(api: &AdminApi, body: Value) -> Value {
    api.post(CLIENTS, body).await.expect(201)
}

/// Everything that the audit log holds of the domain.
async fn events(server: &TestServer) -> Vec<AuditRecord> {
    crate::support::audit_log(&server.app.store, server.domain().await.id()).await
}

/// The same as text.
async fn audit_log(server: &TestServer) -> String {
    serde_json::to_string(&events(server).await).unwrap()
}

#[rstest]
#[case::web("web", json!({ "redirect_uris": ["https://crm.example/cb"] }), "web", true)]
#[case::browser("browser", json!({ "redirect_uris": ["https://spa.example/cb"] }), "browser", false)]
#[case::native("native", json!({ "redirect_uris": ["http://127.0.0.1/cb"] }), "native", false)]
#[case::backend("backend_to_backend", json!({}), "backend_to_backend", true)]
#[case::gateway("gateway-registrar", json!({}), "gateway_registrar", true)]
#[tokio::test]
async fn each_kind_is_made_in_one_step_and_its_secret_told_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] kind: &str,
    #[case] with: Value,
    #[case] shown: &str,
    #[case] secret: bool,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.administration(Role::Editor, Some("main")).await;
    let mut body = json!({ "kind": kind, "name": "Caf\u{e9}" });
    body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    let answer = api.post(CLIENTS, body).await;
    let (location, tag) = (answer.header("location").to_owned(), answer.header("etag").to_owned());
    let client = answer.expect(201);
    assert_eq!((&client["type"], &client["origin"]), (&shown.into(), &"manual".into()));
    assert_eq!((&client["metadata"]["client_name"], &client["status"]), (&"Caf\u{e9}".into(), &"active".into()));
    assert_eq!(location, format!("/api/v1{}", path(id_of(&client))));
    assert_eq!(tag, "\"1\"");
    assert_eq!(client["client_secret"].is_string(), secret);

    let mut again = api.get(&path(id_of(&client))).await.expect(200);
    assert_eq!(again.get("client_secret"), None, "a secret is told once");
    again["client_secret"] = client["client_secret"].clone();
    if !secret {
        again.as_object_mut().unwrap().remove("client_secret");
    }
    assert_eq!(again, client, "the answer is the whole representation");
    let log = audit_log(&server).await;
    if let Some(secret) = client["client_secret"].as_str() {
        assert!(!log.contains(secret));
        if kind != "web" {
            let credentials = Credentials { id: id_of(&client).to_owned(), secret: secret.to_owned() };
            server.api.token_answer(&credentials, "").await.expect(200);
        }
    }
    let event = server.audited(|event| event.action == "client.create" && event.target == id_of(&client)).await;
    assert!(event.actor.starts_with("api_token:"), "{}", event.actor);
    assert_eq!(event.detail["changes"]["client_name"], json!({ "before": null, "after": "Caf\u{e9}" }));
}

#[rstest]
#[tokio::test]
async fn a_chosen_id_and_secret_are_taken_and_never_told(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let body = json!({ "kind": "backend_to_backend", "name": "Nightly", "client_id": "nightly",
        "client_secret": "chosen by somebody" });
    let client = made(&api, body.clone()).await;
    assert_eq!((id_of(&client), client.get("client_secret")), ("nightly", None));
    let credentials = Credentials { id: "nightly".to_owned(), secret: "chosen by somebody".to_owned() };
    server.api.token_answer(&credentials, "").await.expect(200);
    api.post(CLIENTS, body).await.expect_problem(409, "conflict");
    assert!(!audit_log(&server).await.contains("chosen by"));
}

#[rstest]
#[tokio::test]
async fn what_cannot_be_is_refused_with_the_member_and_the_rule(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    for (body, code, says) in [
        (json!({ "kind": "kiosk" }), "invalid_request", "kind"),
        (json!({ "kind": "web", "name": "x" }), "invalid_redirect_uri", "redirect_uris"),
        (json!({ "kind": "web", "redirect_uris": ["javascript:alert(1)"] }), "invalid_redirect_uri", "redirect_uris"),
        (json!({ "kind": "backend_to_backend", "client_id": "a b" }), "invalid_client_metadata", "client_id"),
        (json!({ "kind": "backend_to_backend", "client_secret": "short" }), "invalid_client_metadata", "client_secret"),
        (json!({ "kind": "backend_to_backend", "settings": { "truste": true } }), "invalid_request", "truste"),
        (json!({ "kind": "backend_to_backend", "settings": { "granted_scopes": "nope" } }), "invalid_scope", "nope"),
        (json!({ "kind": "backend_to_backend", "metadata": { "scope": "nope" } }), "invalid_scope", "nope"),
        (json!({ "kind": "backend_to_backend", "metadata": { "status": "x" } }), "invalid_client_metadata", "status"),
        (json!({ "kinds": "web" }), "invalid_request", "kinds"),
    ] {
        let detail = api.post(CLIENTS, body.clone()).await.expect_problem(400, code);
        assert!(detail.contains(says), "{body}: {detail}");
    }
    for nothing in ["nobody", "a%00b", "%FF"] {
        api.get(&path(nothing)).await.expect_problem(404, "not_found");
    }
}

#[rstest]
#[tokio::test]
async fn of_two_who_edit_the_second_is_told_and_nothing_is_overwritten(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let at = path(id_of(&made(&api, json!({ "kind": "backend_to_backend", "name": "Report" })).await));
    let rename = |to: &str| json!({ "metadata": { "client_name": to } });
    api.send(Method::PATCH, &at, &[], &rename("nobody's")).await.expect_problem(428, "precondition_required");
    let read = api.get(&at).await.header("etag").to_owned();
    let first = api.send(Method::PATCH, &at, &[("if-match", &read)], &rename("first")).await;
    assert_ne!(first.header("etag"), read);
    first.expect(200);
    for (method, body) in [(Method::PATCH, rename("second")), (Method::DELETE, Value::Null)] {
        api.send(method, &at, &[("if-match", &read)], &body).await.expect_problem(412, "precondition_failed");
    }
    let suspend = format!("{at}/suspend");
    api.send(Method::POST, &suspend, &[("if-match", &read)], &Value::Null)
        .await
        .expect_problem(412, "precondition_failed");
    let now = api.get(&at).await.expect(200);
    assert_eq!((&now["metadata"]["client_name"], &now["status"]), (&"first".into(), &"active".into()));

    // At the same moment, and whatever the version: each change is either there or was refused.
    let names: Vec<String> = (0..8).map(|n| format!("name {n}")).collect();
    let all = names.iter().map(|name| {
        let (api, at, body) = (api.clone(), at.clone(), json!({ "metadata": { "client_name": name } }));
        tokio::spawn(async move { api.send(Method::PATCH, &at, &[("if-match", "*")], &body).await })
    });
    let mut done = 0;
    for answer in all.collect::<Vec<_>>() {
        match answer.await.unwrap() {
            answer if answer.status == 200 => done += 1,
            answer => drop(answer.expect_problem(409, "conflict")),
        }
    }
    let version: i64 = api.get(&at).await.header("etag").trim_matches('"').parse().unwrap();
    assert!(done >= 1);
    assert_eq!(version, 2 + done, "a version for each change that was done");
    let events = events(&server).await;
    let updates = events.iter().filter(|event| event.action == "client.update").count();
    assert_eq!(i64::try_from(updates).unwrap(), 1 + done, "and a line in the audit log");
}

#[rstest]
#[tokio::test]
async fn an_edit_is_a_merge_patch_and_audited_before_and_after(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["read"]).await;
    let api = server.owner().await;
    let body = json!({ "kind": "web", "name": "CRM", "redirect_uris": ["https://crm.example/cb"],
        "metadata": { "tos_uri": "https://crm.example/tos", "org": { "unit": "7", "city": "Lille" } },
        "settings": { "trusted": true } });
    let client = made(&api, body).await;
    let at = path(id_of(&client));
    let changed = api
        .patch(
            &at,
            json!({
                "metadata": { "tos_uri": null, "org": { "city": null }, "grant_types": ["client_credentials"],
                    "redirect_uris": null },
                "settings": { "granted_scopes": "read", "trusted": null },
            }),
        )
        .await
        .expect(200);
    assert_eq!(changed["metadata"]["org"], json!({ "unit": "7" }));
    assert_eq!(changed["metadata"]["response_types"], json!([]), "they follow from the grants");
    assert_eq!(changed["metadata"].get("tos_uri"), None);
    assert_eq!(
        (&changed["settings"]["granted_scopes"], &changed["settings"]["trusted"]),
        (&"read".into(), &false.into())
    );
    assert_eq!(changed["type"], "backend_to_backend");
    let event = server.audited(|event| event.action == "client.update").await;
    let changes = &event.detail["changes"];
    assert_eq!(changes["tos_uri"], json!({ "before": "https://crm.example/tos", "after": null }));
    assert_eq!(changes["settings.granted_scopes"], json!({ "before": null, "after": "read" }));
    assert_eq!(changes.get("client_name"), None, "only what changed");

    // Without a secret now, and with one again.
    let made = |answer: Value| answer.get("client_secret").and_then(Value::as_str).map(str::to_owned);
    let method = |method: &str| {
        json!({ "metadata": { "token_endpoint_auth_method": method,
        "grant_types": ["authorization_code"], "redirect_uris": ["https://crm.example/cb"] } })
    };
    assert_eq!(made(api.patch(&at, method("none")).await.expect(200)), None);
    assert_eq!(api.get(&format!("{at}/secrets")).await.expect(200), json!({ "items": [] }));
    let secret = made(api.patch(&at, method("client_secret_basic")).await.expect(200)).expect("it needs one now");
    assert!(!audit_log(&server).await.contains(&secret));
    // Nothing sent, nothing changed.
    let before = api.get(&at).await.header("etag").to_owned();
    assert_eq!(api.patch(&at, json!({})).await.header("etag"), before);
}

#[rstest]
#[tokio::test]
async fn a_stale_update_of_a_gateway_does_not_undo_an_administrators_change(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_scopes(&["orders:read"]).await;
    let api = server.owner().await;
    let mut body = fixture("backend_to_backend");
    body["scope"] = json!("orders:read orders:nobody");
    let record = registered(&server, &body).await;
    let at = path(id_of(&record));
    let registration = format!("{at}/registration");

    let told = api.get(&registration).await.expect(200);
    assert_eq!((&told["origin"], &told["policy"]), (&"gateway".into(), &"gateway".into()));
    assert_eq!(told["registrant"], server.gateway.id);
    assert_eq!(told["asked"]["scope"], "orders:read orders:nobody");
    assert_eq!(told["in_force"]["scope"], "orders:read");
    assert_eq!(told["requests"][0]["action"], "client.register");
    let narrowed = |findings: &Value| {
        let of_scope = findings.as_array().unwrap().iter().find(|finding| finding["member"] == "scope");
        of_scope.expect("the scope was narrowed").clone()
    };
    let then = narrowed(&told["requests"][0]["findings"]);
    assert_eq!((&then["rule"], &then["outcome"]), (&"scope-registrable".into(), &"narrowed".into()));
    assert!(then["explanation"].as_str().unwrap().contains("orders:nobody"), "{then}");
    assert_eq!(narrowed(&told["today"]["findings"]), then);
    let drift = |answer: &Value, member: &str| {
        answer["drift"].as_array().unwrap().iter().find(|drift| drift["member"] == member).cloned()
    };
    assert_eq!(drift(&told, "scope").unwrap()["because"], "policy");
    assert_eq!(drift(&told, "client_name"), None);

    let change = json!({ "metadata": { "client_name": "Nightly (approved)", "contacts": ["ops@shop.example"] } });
    api.patch(&at, change).await.expect(200);
    // What the gateway knows is what it was told when it registered.
    let mut stale = record.clone();
    for server_member in [
        "client_id_issued_at",
        "client_secret",
        "client_secret_expires_at",
        "registration_access_token",
        "registration_client_uri",
    ] {
        stale.as_object_mut().unwrap().remove(server_member);
    }
    for _ in 0..2 {
        server.advance(60);
        server.api.put(&record, &stale).await.expect(200);
        let now = api.get(&at).await.expect(200);
        assert_eq!(now["metadata"]["client_name"], "Nightly (approved)");
        assert_eq!(now["metadata"]["contacts"], json!(["ops@shop.example"]));
        let told = api.get(&registration).await.expect(200);
        assert_eq!(
            drift(&told, "client_name").expect("the page shows the drift"),
            json!({ "member": "client_name", "sent": stale["client_name"], "in_force": "Nightly (approved)",
                "because": "administrator" })
        );
        assert_eq!(
            drift(&told, "contacts").unwrap(),
            json!({ "member": "contacts", "in_force": ["ops@shop.example"], "because": "administrator" })
        );
        let last = &told["requests"][0];
        assert_eq!((&last["action"], &last["at"]), (&"client.update".into(), &server.clock.now().seconds().into()));
    }
    // The registrant's value taken back is a patch like any other.
    let back = json!({ "metadata": { "client_name": stale["client_name"], "contacts": null } });
    api.patch(&at, back).await.expect(200);
    let told = api.get(&registration).await.expect(200);
    assert_eq!((drift(&told, "client_name"), drift(&told, "contacts")), (None, None));

    let by_hand = made(&api, json!({ "kind": "backend_to_backend" })).await;
    api.get(&format!("{}/registration", path(id_of(&by_hand)))).await.expect_problem(404, "not_found");
}

#[rstest]
#[tokio::test]
async fn secrets_overlap_for_the_grace_and_end_at_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let client = made(&api, json!({ "kind": "backend_to_backend", "name": "Nightly" })).await;
    let with = |secret: &Value| Credentials {
        id: id_of(&client).to_owned(),
        secret: secret["client_secret"].as_str().unwrap().to_owned(),
    };
    let first = with(&client);
    assert!(server.api.accepts(&first).await);
    let secrets = format!("{}/secrets", path(id_of(&client)));
    server.advance(10);
    let answer = api.post(&secrets, json!({ "grace": 600 })).await;
    let location = answer.header("location").to_owned();
    let made_second = answer.expect(201);
    assert_eq!(location, format!("/api/v1{secrets}/{}", made_second["id"].as_str().unwrap()));
    let second = with(&made_second);
    assert!(server.api.accepts(&first).await && server.api.accepts(&second).await);
    server.write_usage().await;

    let list = api.get(&secrets).await;
    assert!(!list.text.contains(&first.secret) && !list.text.contains(&second.secret));
    let list = list.expect(200);
    let [current, before] = [&list["items"][0], &list["items"][1]];
    let now = server.clock.now().seconds();
    assert_eq!((&current["id"], &current["superseded"]), (&made_second["id"], &false.into()));
    assert_eq!(current.get("expires_at"), None);
    assert_eq!((&before["superseded"], &before["expires_at"]), (&true.into(), &(now + 600).into()));
    assert_eq!(before["last_used_at"], now, "{list}");

    server.advance(601);
    assert!(!server.api.accepts(&first).await && server.api.accepts(&second).await);
    assert_eq!(api.get(&secrets).await.expect(200)["items"][1]["valid"], false);
    let one = format!("{secrets}/{}", made_second["id"].as_str().unwrap());
    assert_eq!(api.delete(&one).await.status, 204);
    assert!(!server.api.accepts(&second).await);
    api.delete(&one).await.expect_problem(404, "not_found");
    api.delete(&format!("{secrets}/x")).await.expect_problem(404, "not_found");

    let chosen = api.post(&secrets, json!({ "client_secret": "chosen by somebody" })).await.expect(201);
    assert_eq!(chosen.get("client_secret"), None);
    let third = Credentials { secret: "chosen by somebody".to_owned(), ..second.clone() };
    assert!(server.api.accepts(&third).await);
    for grace in [-1, 31_536_001] {
        api.post(&secrets, json!({ "grace": grace })).await.expect_problem(400, "invalid_request");
    }
    let log = audit_log(&server).await;
    for secret in [&first.secret, &second.secret, &third.secret] {
        assert!(!log.contains(secret.as_str()));
    }
    let native = json!({ "kind": "native", "redirect_uris": ["http://127.0.0.1/cb"] });
    let native = made(&api, native).await;
    for body in [json!({}), json!({ "client_secret": "chosen by somebody" })] {
        let at = format!("{}/secrets", path(id_of(&native)));
        api.post(&at, body).await.expect_problem(400, "invalid_request");
    }
}

#[rstest]
#[tokio::test]
async fn a_clients_life_goes_step_by_step(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let at = path(id_of(&record));
    let step = async |name: &str| api.send(Method::POST, &format!("{at}/{name}"), &[], &Value::Null).await;
    let credentials = Credentials::of(&record);
    assert_eq!(step("suspend").await.expect(200)["status"], "suspended");
    assert!(!server.api.accepts(&credentials).await);
    step("suspend").await.expect_problem(409, "conflict");
    step("approve").await.expect_problem(409, "conflict");
    assert_eq!(step("resume").await.expect(200)["status"], "active");
    assert!(server.api.accepts(&credentials).await);
    server.set_status(id_of(&record), ClientStatus::Pending).await;
    assert_eq!(step("approve").await.expect(200)["status"], "active");
    let event = server.audited(|event| event.action == "client.suspend").await;
    assert_eq!(event.detail["changes"], json!({ "status": { "before": "active", "after": "suspended" } }));

    let other = server.add_gateway().await;
    let to = async |id: &str| api.post(&format!("{at}/reassign"), json!({ "registrant": id })).await;
    to("nobody").await.expect_problem(400, "invalid_request");
    assert_eq!(to(&other.id).await.expect(200)["registrant"], other.id);
    let event = server.audited(|event| event.action == "client.reassign").await;
    assert_eq!(event.detail["changes"]["registrant"], json!({ "before": server.gateway.id, "after": other.id }));

    assert_eq!(api.delete(&at).await.status, 204);
    assert_eq!(api.get(&at).await.expect(200)["status"], "deleted");
    api.delete(&at).await.expect_problem(409, "conflict");
    api.patch(&at, json!({ "metadata": { "client_name": "x" } })).await.expect_problem(409, "conflict");
    step("restore").await.expect_problem(409, "conflict");
    let public = json!({ "redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none" });
    let public = server.api.register("", &public).await.expect(201);
    assert_eq!(api.delete(&path(id_of(&public))).await.status, 204);
    let restore = format!("{}/restore", path(id_of(&public)));
    assert_eq!(api.send(Method::POST, &restore, &[], &Value::Null).await.expect(200)["status"], "active");
}

#[rstest]
#[tokio::test]
async fn many_at_once_are_each_done_or_refused_for_themselves(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let body = json!({ "kind": "backend_to_backend", "name": format!("Machine {n}") });
        ids.push(id_of(&made(&api, body).await).to_owned());
    }
    let bulk = async |action: &str, ids: Vec<&str>| {
        api.post("/domains/main/clients-bulk", json!({ "action": action, "client_ids": ids })).await
    };
    let suspend = format!("{}/suspend", path(&ids[1]));
    api.send(Method::POST, &suspend, &[], &Value::Null).await.expect(200);
    let outcomes = bulk("suspend", vec![&ids[0], &ids[1], "nobody", &ids[2]]).await.expect(200);
    let told: Vec<_> = outcomes["items"].as_array().unwrap().iter().map(|o| (&o["done"], &o["code"])).collect();
    let (yes, no) = (json!(true), json!(false));
    let (conflict, unknown) = (json!("conflict"), json!("not_found"));
    assert_eq!(told, [(&yes, &Value::Null), (&no, &conflict), (&no, &unknown), (&yes, &Value::Null)]);
    for id in &ids {
        assert_eq!(api.get(&path(id)).await.expect(200)["status"], "suspended");
    }
    assert_eq!(bulk("resume", vec![&ids[0]]).await.expect(200)["items"][0]["done"], true);
    bulk("delete", ids.iter().map(String::as_str).collect()).await.expect(200);
    let events = events(&server).await;
    for (action, count) in [("client.suspend", 3), ("client.resume", 1), ("client.delete", 3)] {
        assert_eq!(events.iter().filter(|event| event.action == action).count(), count, "{action}");
    }
    let many: Vec<String> = (0..201).map(|n| n.to_string()).collect();
    for bad in [vec![], vec!["a", "a"], many.iter().map(String::as_str).collect()] {
        bulk("suspend", bad).await.expect_problem(400, "invalid_request");
    }
    bulk("restore", vec![&ids[0]]).await.expect_problem(400, "invalid_request");
}

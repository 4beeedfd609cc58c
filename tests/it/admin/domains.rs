//! Domains, their settings and scopes, by the API.

use http::Method;
use registrar::model::administrator::Role;
use registrar::model::domain::DomainSettings;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{AdminApi, Backend, TestServer, audit_log};

/// A change with the tag of a version that is not the newest any more.
async fn stale(api: &AdminApi, method: Method, path: &str, body: Value) -> String {
    let tag = [("if-match", "\"1\"")];
    api.send(method, path, &tag, &body).await.expect_problem(412, "precondition_failed")
}

#[rstest]
#[tokio::test]
async fn a_domain_tells_every_url_and_they_are_those_of_discovery(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let domain = api.get("/domains/main").await.expect(200);
    let urls = &domain["endpoints"];
    let discovery = server.api.get(urls["discovery_url"].as_str().unwrap()).await.expect(200);
    for (ours, theirs) in [
        ("issuer", "issuer"),
        ("authorization_url", "authorization_endpoint"),
        ("token_url", "token_endpoint"),
        ("introspection_url", "introspection_endpoint"),
        ("revocation_url", "revocation_endpoint"),
        ("userinfo_url", "userinfo_endpoint"),
        ("end_session_url", "end_session_endpoint"),
        ("jwks_url", "jwks_uri"),
        ("registration_url", "registration_endpoint"),
    ] {
        assert_eq!(urls[ours], discovery[theirs], "{ours}");
    }
    assert_eq!(
        server.api.get(urls["oauth_metadata_url"].as_str().unwrap()).await.expect(200)["issuer"],
        urls["issuer"]
    );
    let renewal = discovery["registration_renew_secret_endpoint"].as_str().unwrap();
    assert_eq!(urls["renew_secret_url"], renewal.replace(":client_id", "{#client_id}"));
}

#[rstest]
#[case(json!({}), json!({}))]
#[case(json!({"preset": "gateway"}), json!({"registration": true, "open_registration": false, "client_documents": false}))]
#[case(json!({"preset": "mcp"}), json!({"registration": true, "open_registration": true, "client_documents": true}))]
#[case(json!({"preset": "empty"}), json!({"registration": false, "open_registration": false, "client_documents": false}))]
#[case(json!({"preset": "mcp", "settings": {"client_documents": false}}), json!({"client_documents": false}))]
#[tokio::test]
async fn a_domain_is_born_with_its_preset(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] more: Value,
    #[case] expected: Value,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let mut body = more;
    body["name"] = "shop".into();
    let answer = api.post("/domains", body.clone()).await;
    assert_eq!(answer.header("location"), "/api/v1/domains/shop");
    let tag = answer.header("etag").to_owned();
    let made = answer.expect(201);
    assert_eq!(tag, "\"1\"");
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&made["settings"][name], value, "{name}");
    }
    assert_eq!(made, api.get("/domains/shop").await.expect(200));
    let detail = api.post("/domains", body).await.expect_problem(409, "conflict");
    assert!(detail.starts_with("name: ") && detail.contains("choose another"), "{detail}");
    let names: Vec<Value> =
        api.get("/domains").await.expect(200)["items"].as_array().unwrap().iter().map(|d| d["name"].clone()).collect();
    assert_eq!(names, ["main", "shop"]);
    let events = audit_log(&server.app.store, server.domain_id("shop").await).await;
    let made = events.iter().find(|event| event.action == "domain.create").unwrap();
    assert!(made.actor.starts_with("api_token:"), "{}", made.actor);
    assert_eq!(made.detail["changes"]["registration"]["before"], Value::Null);
}

#[rstest]
#[tokio::test]
async fn settings_are_changed_by_those_who_saw_them(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.administration(Role::Editor, Some("main")).await;
    let body = json!({ "access_token_lifetime": 900, "introspection_by_get": true });
    let unseen = api.send(Method::PATCH, "/domains/main", &[], &body).await;
    assert!(unseen.expect_problem(428, "precondition_required").contains("If-Match"));
    let before = api.get("/domains/main").await.expect(200)["version"].clone();
    let changed = api.patch("/domains/main", body).await.expect(200);
    assert_eq!(changed["settings"]["access_token_lifetime"], 900);
    assert_ne!(changed["version"], before);
    let event = server.audited(|event| event.action == "domain.update" && event.actor.starts_with("api_token:")).await;
    assert_eq!(
        event.detail["changes"],
        json!({
            "access_token_lifetime": { "before": 3600, "after": 900 },
            "introspection_by_get": { "before": false, "after": true }
        })
    );
    // Null is the default again; what is not sent stays.
    let back = api.patch("/domains/main", json!({ "access_token_lifetime": null })).await.expect(200);
    assert_eq!(back["settings"]["access_token_lifetime"], DomainSettings::default().access_token_lifetime);
    assert_eq!(back["settings"]["introspection_by_get"], true);
    stale(&api, Method::PATCH, "/domains/main", json!({ "sign_up": true })).await;
    stale(&api, Method::POST, "/domains/main/apply-preset", json!({ "preset": "mcp" })).await;
    assert_eq!(api.get("/domains/main").await.expect(200)["settings"], back["settings"]);
}

#[rstest]
#[tokio::test]
async fn of_two_changes_at_once_one_is_told(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let any = [("if-match", "*")];
    let (one, two) = (json!({ "access_token_lifetime": 100 }), json!({ "sign_up": true }));
    let (a, b) = tokio::join!(
        api.send(Method::PATCH, "/domains/main", &any, &one),
        api.send(Method::PATCH, "/domains/main", &any, &two),
    );
    let now = api.get("/domains/main").await.expect(200)["settings"].clone();
    for (answer, kept) in [(a, now["access_token_lifetime"] == 100), (b, now["sign_up"] == true)] {
        match answer.status.as_u16() {
            200 => assert!(kept, "a change that was confirmed was overwritten"),
            409 => assert!(!kept, "a change that was refused was kept"),
            other => panic!("{other}: {}", answer.text),
        }
    }
}

#[rstest]
#[case(json!({"access_token_lifetime": 5}), "access_token_lifetime must be between 10 and 31536000 seconds")]
#[case(json!({"access_token_lifetime": "an hour"}), "access_token_lifetime: ")]
#[case(json!({"registrations": true}), "registrations")]
#[case(json!({"registrations": null}), "registrations")]
#[case(json!({"gateway_policy": "nope"}), "gateway_policy: nope is not a policy of this domain; create it first")]
#[case(json!({"open_policy": "nope"}), "open_policy: nope is not a policy")]
#[case(json!({"default_resource": "https://a.example/"}), "default_resource: ")]
#[case(json!({"client_document_allowed_hosts": ["https://x/y z"]}), "client_document_allowed_hosts: ")]
#[case(json!({"blocked_redirect_hosts": ["https://evil.example/"]}), "blocked_redirect_hosts: ")]
#[case(json!({"software_statement_issuers": [{"issuer": "x"}]}), "software_statement_issuers: ")]
#[case(json!({"software_statement_issuers": [{"issuer": "x", "jwks_uri": "keys"}]}), "jwks_uri must be an absolute https URL")]
#[case(json!({"software_statement_issuers": [{"issuer": "x", "jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}]}), "jwks of x")]
#[case(json!({"client_secret_hash": "md5"}), "client_secret_hash: ")]
#[tokio::test]
async fn a_setting_that_is_refused_is_named_with_the_rule(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] body: Value,
    #[case] says: &str,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let before = api.get("/domains/main").await.expect(200);
    let detail = api.patch("/domains/main", body).await.expect_problem(400, "invalid_request");
    assert!(detail.contains(says), "{detail}");
    assert_eq!(api.get("/domains/main").await.expect(200), before);
}

#[rstest]
#[case("gateway")]
#[case("mcp")]
#[case("empty")]
#[tokio::test]
async fn a_preset_by_the_api_is_that_of_the_command_line(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] preset: &str,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    // Everything is the other way round before.
    let turned = |on: bool| {
        json!({ "registration": on, "open_registration": on, "client_documents": on, "quick_start": on,
            "gateway_policy": "mcp", "open_policy": "gateway", "access_token_lifetime": 77 })
    };
    for on in [true, false] {
        api.patch("/domains/main", turned(on)).await.expect(200);
        let tag = api.get("/domains/main").await.header("etag").to_owned();
        let body = json!({ "preset": preset });
        let path = "/domains/main/apply-preset";
        let answer = api.send(Method::POST, path, &[("if-match", &tag)], &body).await.expect(200);
        let mut expected: DomainSettings = serde_json::from_value(answer["settings"].clone()).unwrap();
        expected.clone_from(
            &serde_json::from_value({
                let mut settings = json!(DomainSettings::default());
                for (name, value) in turned(on).as_object().unwrap() {
                    settings[name] = value.clone();
                }
                settings
            })
            .unwrap(),
        );
        by_command(preset, &mut expected);
        assert_eq!(answer["settings"], json!(expected), "{preset} from {on}");
        assert_eq!(answer["settings"]["access_token_lifetime"], 77);
    }
}

/// What `registrar domain set --preset` documents.
fn by_command(preset: &str, settings: &mut DomainSettings) {
    match preset {
        "gateway" => {
            settings.registration = true;
            "gateway".clone_into(&mut settings.gateway_policy);
        }
        "mcp" => {
            settings.registration = true;
            settings.open_registration = true;
            settings.client_documents = true;
            "mcp".clone_into(&mut settings.open_policy);
        }
        _ => {
            settings.registration = false;
            settings.open_registration = false;
            settings.client_documents = false;
            settings.quick_start = false;
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_domain_is_deleted_by_owners_only(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.add_domain("shop").await;
    let editor = server.administration(Role::Editor, None).await;
    editor.delete("/domains/shop").await.expect_problem(403, "forbidden");
    editor.post("/domains", json!({ "name": "more" })).await.expect_problem(403, "forbidden");
    let owner = server.owner().await;
    let tag = [("if-match", "\"9\"")];
    owner.send(Method::DELETE, "/domains/shop", &tag, &Value::Null).await.expect_problem(412, "precondition_failed");
    assert_eq!(owner.delete("/domains/shop").await.status, 204);
    owner.get("/domains/shop").await.expect_problem(404, "not_found");
    for wrong in ["console", "Shop", "-a", "", "a/b"] {
        let detail = owner.post("/domains", json!({ "name": wrong })).await.expect_problem(400, "invalid_request");
        assert!(detail.starts_with("name: "), "{wrong}: {detail}");
    }
}

#[rstest]
#[tokio::test]
async fn scopes_are_made_changed_and_deleted(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.administration(Role::Editor, Some("main")).await;
    // Whatever a scope may be named, it has a URL.
    for (name, segment) in [("orders:read", "orders%3Aread"), ("https://a.example/x", "https%3A%2F%2Fa%2Eexample%2Fx")]
    {
        let path = format!("/domains/main/scopes/{segment}");
        let answer = api.post("/domains/main/scopes", json!({ "name": name, "self_registrable": true })).await;
        assert_eq!(answer.header("location"), format!("/api/v1{path}"));
        let made = answer.expect(201);
        assert_eq!((&made["label"], &made["version"], &made["hidden"]), (&name.into(), &1.into(), &false.into()));
        assert_eq!(api.get(&path).await.expect(200), made);
        let changed = api.patch(&path, json!({ "label": "Orders", "hidden": true })).await.expect(200);
        assert_eq!((&changed["label"], &changed["self_registrable"]), (&"Orders".into(), &true.into()));
        stale(&api, Method::PATCH, &path, json!({ "label": "Late" })).await;
        stale(&api, Method::DELETE, &path, Value::Null).await;
        let event = server.audited(|event| event.action == "scope.update" && event.target == name).await;
        assert_eq!(event.detail["changes"]["hidden"], json!({ "before": false, "after": true }));
        assert_eq!(event.detail["changes"].as_object().unwrap().len(), 2);
        assert_eq!(api.patch(&path, json!({ "label": null })).await.expect(200)["label"], name);
        let detail = api.post("/domains/main/scopes", json!({ "name": name })).await.expect_problem(409, "conflict");
        assert!(detail.starts_with("name: "), "{detail}");
        assert_eq!(api.delete(&path).await.status, 204);
        api.get(&path).await.expect_problem(404, "not_found");
        server.audited(|event| event.action == "scope.delete" && event.target == name).await;
    }
}

#[rstest]
#[case(json!({"name": "a b"}), "name: ")]
#[case(json!({"name": ""}), "name: ")]
#[case(json!({"name": "x", "reserved": true, "self_registrable": true}), "self_registrable: ")]
#[case(json!({"name": "x", "label": "two\nlines"}), "label: ")]
#[case(json!({"name": "x", "description": "d".repeat(501)}), "description: ")]
#[tokio::test]
async fn a_scope_that_is_refused_is_told_why(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] body: Value,
    #[case] says: &str,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let detail = server.owner().await.post("/domains/main/scopes", body).await.expect_problem(400, "invalid_scope");
    assert!(detail.starts_with(says) && detail.contains([';', '(']) || detail.contains("self_registrable"), "{detail}");
}

#[rstest]
#[tokio::test]
async fn the_scope_of_registrars_is_protected(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let path = "/domains/main/scopes/dcr_admin";
    for body in [json!({ "reserved": false }), json!({ "self_registrable": true }), json!({ "reserved": null })] {
        api.patch(path, body).await.expect_problem(400, "invalid_scope");
    }
    let detail = api.delete(path).await.expect_problem(409, "conflict");
    assert!(detail.contains("stays"), "{detail}");
    assert_eq!(api.patch(path, json!({ "description": "Manages clients" })).await.expect(200)["reserved"], true);
}

#[rstest]
#[tokio::test]
async fn names_that_mean_something_else_in_a_url_are_refused(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    for name in [".", "..", "new"] {
        api.post("/domains/main/scopes", json!({ "name": name })).await.expect_problem(400, "invalid_scope");
        api.post("/domains/main/policies", json!({ "name": name })).await.expect_problem(400, "invalid_request");
        let client = json!({ "kind": "backend_to_backend", "name": "x", "client_id": name });
        api.post("/domains/main/clients", client).await.expect_problem(400, "invalid_client_metadata");
    }
    for identifier in ["https://ada@mcp.example/", "https://ada:secret@mcp.example/mcp", "https://:secret@mcp.example/"]
    {
        let resource = json!({ "name": "Notes", "identifiers": [identifier] });
        api.post("/domains/main/resources", resource).await.expect_problem(400, "invalid_target");
    }
}

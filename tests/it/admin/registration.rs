//! Policies, dry runs, templates and initial access tokens, by the API.

use http::Method;
use registrar::model::administrator::Role;
use registrar::model::registration::policy::Policy;
use rstest::rstest;
use serde_json::{Value, json};

use crate::apim::fixture;
use crate::support::{AdminApi, Answer, Backend, Credentials, TestServer};

#[rstest]
#[tokio::test]
async fn policies_start_from_presets_or_from_one_another(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.administration(Role::Editor, Some("main")).await;
    let path = "/domains/main/policies";
    for (body, rules) in [
        (json!({ "name": "a" }), Policy::gateway()),
        (json!({ "name": "b", "preset": "mcp" }), Policy::mcp()),
        (json!({ "name": "c", "preset": "mcp", "rules": { "quota": 7 } }), Policy { quota: Some(7), ..Policy::mcp() }),
        (
            json!({ "name": "d", "copy_of": "c", "rules": { "quota": null } }),
            Policy { quota: Policy::gateway().quota, ..Policy::mcp() },
        ),
    ] {
        let name = body["name"].as_str().unwrap().to_owned();
        let answer = api.post(path, body).await;
        assert_eq!(answer.header("location"), format!("/api/v1{path}/{name}"));
        let made = answer.expect(201);
        assert_eq!(made["rules"], json!(rules), "{name}");
        assert_eq!(api.get(&format!("{path}/{name}")).await.expect(200), made);
    }
    let taken = api.post(path, json!({ "name": "a" })).await.expect_problem(409, "conflict");
    assert!(taken.starts_with("name: "), "{taken}");
    for (body, says) in [
        (json!({ "name": "-x" }), "name: "),
        (json!({ "name": "x", "preset": "mcp", "copy_of": "a" }), "copy_of: "),
        (json!({ "name": "x", "copy_of": "nope" }), "copy_of: nope is not a policy"),
        (json!({ "name": "x", "preset": "other" }), "preset: "),
        (json!({ "name": "x", "rules": { "grants": [] } }), "grants"),
        (json!({ "name": "x", "rules": { "grant_types": [] } }), "grant_types: must name at least one"),
        (json!({ "name": "x", "rules": { "secret_grace": -1 } }), "secret_grace: must be at least 0"),
        (json!({ "name": "x", "rules": { "denied_redirect_hosts": ["a/b"] } }), "denied_redirect_hosts: "),
        (json!({ "name": "x", "rules": { "fixed": { "client_id": "y" } } }), "fixed.client_id: "),
    ] {
        let detail = api.post(path, body).await.expect_problem(400, "invalid_request");
        assert!(detail.contains(says), "{detail}");
    }
    assert_eq!(api.get(path).await.expect(200)["items"].as_array().unwrap().len(), 6);
}

#[rstest]
#[tokio::test]
async fn rules_are_replaced_or_changed_by_those_who_saw_them(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let path = "/domains/main/policies/mcp";
    let changed = api.patch(path, json!({ "quota": 5, "default_scope": "openid" })).await.expect(200);
    assert_eq!(
        changed["rules"],
        json!(Policy { quota: Some(5), default_scope: crate::support::scopes("openid"), ..Policy::mcp() })
    );
    assert_eq!(changed["version"], 2);
    let event = server.audited(|event| event.action == "policy.update" && event.target == "mcp").await;
    assert_eq!(
        event.detail["changes"],
        json!({ "quota": { "before": 100, "after": 5 }, "default_scope": { "before": "", "after": "openid" } })
    );
    let stale = [("if-match", "\"1\"")];
    for (method, body) in
        [(Method::PATCH, json!({ "quota": 6 })), (Method::PUT, json!(Policy::mcp())), (Method::DELETE, Value::Null)]
    {
        api.send(method, path, &stale, &body).await.expect_problem(412, "precondition_failed");
    }
    for method in [Method::PATCH, Method::PUT] {
        api.send(method, path, &[], &json!({})).await.expect_problem(428, "precondition_required");
    }
    assert_eq!(api.get(path).await.expect(200), changed);
    let tag = [("if-match", "\"2\"")];
    let replaced = api.send(Method::PUT, path, &tag, &json!({ "quota": 9 })).await.expect(200);
    assert_eq!(replaced["rules"], json!(Policy { quota: Some(9), ..Policy::gateway() }));
    assert_eq!(api.get(path).await.expect(200), replaced);
    api.get("/domains/main/policies/nope").await.expect_problem(404, "not_found");
}

#[rstest]
#[tokio::test]
async fn a_policy_that_is_used_stays(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    for (name, setting) in [("gateway", "gateway_policy"), ("mcp", "open_policy")] {
        let path = format!("/domains/main/policies/{name}");
        assert_eq!(api.get(&path).await.expect(200)["named_by"], json!([setting]));
        let detail = api.delete(&path).await.expect_problem(409, "conflict");
        assert!(detail.contains(setting), "{detail}");
    }
    api.post("/domains/main/policies", json!({ "name": "bound" })).await.expect(201);
    let token = api.post("/domains/main/initial-access-tokens", json!({ "policy": "bound" })).await.expect(201);
    let detail = api.delete("/domains/main/policies/bound").await.expect_problem(409, "conflict");
    assert!(detail.contains("1 clients or initial access tokens"), "{detail}");
    let id = token["id"].as_str().unwrap();
    assert_eq!(api.delete(&format!("/domains/main/initial-access-tokens/{id}")).await.status, 204);
    assert_eq!(api.delete("/domains/main/policies/bound").await.status, 204);
    let event = server.audited(|event| event.action == "policy.delete").await;
    assert_eq!(event.detail["changes"]["secret_grace"], json!({ "before": 86_400, "after": null }));
}

/// Registrations that are taken as they are, narrowed, or refused.
fn bodies() -> Vec<Value> {
    let mut bodies: Vec<Value> = ["web", "browser", "native", "backend_to_backend"].map(fixture).into();
    bodies.extend([
        json!({}),
        json!({ "client_name": "X", "redirect_uris": ["https://app.example/cb"] }),
        json!({ "redirect_uris": ["http://127.0.0.1:7777/cb"], "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "password"] }),
        json!({ "redirect_uris": ["https://app.example/cb"], "scope": "openid orders dcr_admin nothing" }),
        json!({ "redirect_uris": ["http://app.example/cb"] }),
        json!({ "redirect_uris": ["https://blocked.example/cb"], "token_endpoint_auth_method": "none" }),
        json!({ "redirect_uris": ["https://app.example/cb"], "contacts": "me" }),
        json!({ "redirect_uris": ["https://app.example/cb"], "client_id": "mine", "unknown": { "a": [1] } }),
        json!({ "redirect_uris": ["https://app.example/cb"], "client_name": "n".repeat(3_000) }),
        json!({ "redirect_uris": ["https://app.example/cb"], "software_statement": "no.jwt" }),
        json!({ "grant_types": ["password"] }),
        json!({ "redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": "private_key_jwt" }),
    ]);
    bodies
}

/// What `/oidc/register` answers must be what the dry run said it would.
#[track_caller]
fn assert_foretold(told: &Value, answer: &Answer, body: &Value) {
    let status = answer.status.as_u16();
    assert_eq!(told["status"], status, "{body}: {told} {}", answer.text);
    assert_eq!(told["accepted"], status == 201, "{body}");
    let Value::Object(mut record) = answer.json() else { panic!("{}", answer.text) };
    if status != 201 {
        assert_eq!(told["error"], record["error"], "{body}");
        assert_eq!(told["error_description"], record["error_description"], "{body}");
        return;
    }
    for generated in told["generated"].as_array().unwrap() {
        assert!(record.remove(generated.as_str().unwrap()).is_some(), "{generated} was announced: {body}");
    }
    assert_eq!(told["metadata"], Value::Object(record), "{body}");
}

async fn dry_run(api: &AdminApi, registrant: &str, body: &Value) -> Value {
    api.post(&format!("/domains/main/dry-run?registrant={registrant}"), body.clone()).await.expect(200)
}

#[rstest]
#[tokio::test]
async fn a_dry_run_foretells_what_each_registrant_is_answered(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    server
        .set_domain(|settings| {
            settings.open_registration = true;
            settings.blocked_redirect_hosts = vec!["blocked.example".to_owned()];
        })
        .await;
    server.add_scopes(&["orders"]).await;
    // Auditors may try things out, because nothing changes.
    let api = server.administration(Role::Auditor, Some("main")).await;
    let (id, initial) = server.initial_access_token(|_| {}).await;
    let gateway = server.admin_token().await;
    let mut outcomes = [0, 0];
    for body in bodies() {
        for (registrant, token) in [
            (format!("client:{}", server.gateway.id), gateway.as_str()),
            (format!("initial_access_token:{id}"), initial.as_str()),
            ("open".to_owned(), ""),
        ] {
            let before = server.client_count().await;
            let told = dry_run(&api, &registrant, &body).await;
            assert_eq!(server.client_count().await, before, "a dry run stores nothing");
            outcomes[usize::from(told["accepted"] == true)] += 1;
            assert_foretold(&told, &server.api.register(token, &body).await, &body);
        }
    }
    assert!(outcomes[0] > 10 && outcomes[1] > 10, "both outcomes are among them: {outcomes:?}");
}

#[rstest]
#[tokio::test]
async fn a_dry_run_says_rule_by_rule_what_happened(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.owner().await;
    let body = json!({
        "redirect_uris": ["https://app.example/cb"], "grant_types": ["authorization_code", "implicit"],
        "scope": "openid nothing", "token_endpoint_auth_method": "client_secret_post"
    });
    let told = api.post("/domains/main/policies/mcp/dry-run", body).await.expect(200);
    assert_eq!(
        (&told["policy"], &told["state"], &told["metadata"]["scope"]),
        (&"mcp".into(), &"active".into(), &"openid".into())
    );
    let finding = |rule: &str| {
        let findings = told["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["rule"] == rule).unwrap_or_else(|| panic!("{rule} in {told}")).clone()
    };
    assert_eq!(finding("grant-offered")["outcome"], "narrowed");
    assert_eq!(
        (&finding("scope-registrable")["member"], &finding("scope-registrable")["outcome"]),
        (&"scope".into(), &"narrowed".into())
    );
    assert_eq!(finding("application-type")["outcome"], "defaulted");
    assert!(finding("grant-offered")["explanation"].as_str().unwrap().contains("implicit"));
    let refused = json!({ "redirect_uris": ["http://a.example/", "https://a.example/#x"], "contacts": ["me"] });
    let told = api.post("/domains/main/policies/gateway/dry-run", refused).await.expect(200);
    let rules: Vec<&Value> = told["findings"].as_array().unwrap().iter().map(|finding| &finding["rule"]).collect();
    assert_eq!(rules, ["redirect-uri", "redirect-uri", "contact"]);
    assert_eq!((&told["accepted"], &told["error"]), (&false.into(), &"invalid_redirect_uri".into()));
    assert_eq!(told.get("metadata"), None);
}

#[rstest]
#[tokio::test]
async fn a_dry_run_knows_who_may_not_register(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    server.set_domain(|settings| settings.quick_start = false).await;
    let api = server.owner().await;
    let body = json!({ "redirect_uris": ["https://app.example/cb"] });
    assert_foretold(&dry_run(&api, "open", &body).await, &server.api.register("", &body).await, &body);
    let (used_up, token) = server.initial_access_token(|row| (row.max_uses, row.uses) = (Some(1), 1)).await;
    let told = dry_run(&api, &format!("initial_access_token:{used_up}"), &body).await;
    assert_foretold(&told, &server.api.register(&token, &body).await, &body);
    let machine: Credentials = server.add_machine("").await;
    assert_eq!(dry_run(&api, &format!("client:{}", machine.id), &body).await["error"], "insufficient_scope");
    server.set_domain(|settings| settings.registration = false).await;
    let admin = server.admin_token().await;
    let told = dry_run(&api, &format!("client:{}", server.gateway.id), &body).await;
    assert_eq!(told["error"], "registration_forbidden");
    assert_foretold(&told, &server.api.register(&admin, &body).await, &body);
    for (query, status, code) in [
        ("", 400, "invalid_request"),
        ("?registrant=somebody", 400, "invalid_request"),
        ("?registrant=open&more=1", 400, "invalid_request"),
        ("?registrant=client:nobody", 404, "not_found"),
        ("?registrant=policy:nope", 404, "not_found"),
        ("?registrant=initial_access_token:00000000-0000-7000-8000-000000000000", 404, "not_found"),
    ] {
        api.post(&format!("/domains/main/dry-run{query}"), body.clone()).await.expect_problem(status, code);
    }
    api.post("/domains/main/policies/nope/dry-run", body).await.expect_problem(404, "not_found");
}

#[rstest]
#[tokio::test]
async fn an_initial_access_token_is_told_once_and_counts(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.administration(Role::Editor, Some("main")).await;
    let path = "/domains/main/initial-access-tokens";
    let answer = api.post(path, json!({ "label": "CI", "policy": "mcp", "max_uses": 1, "lifetime": 3600 })).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let made = answer.expect(201);
    let token = made["initial_access_token"].as_str().unwrap();
    assert!(token.starts_with("iat_"));
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    for place in [&one, path] {
        assert!(!api.get(place).await.text.contains(token), "it is told once");
    }
    assert_eq!(api.get(&one).await.expect(200)["state"], "usable");
    let body = json!({ "redirect_uris": ["https://app.example/cb"] });
    server.api.register(token, &body).await.expect(201);
    let used = api.get(&one).await.expect(200);
    assert_eq!((&used["uses"], &used["state"], &used["policy"]), (&1.into(), &"used_up".into(), &"mcp".into()));
    let event = server.audited(|event| event.action == "initial_access_token.create").await;
    assert_eq!(event.detail["changes"]["label"], json!({ "before": null, "after": "CI" }));
    assert!(!json!(event.detail).to_string().contains(token));
    let second = api.post(path, json!({ "lifetime": 60 })).await.expect(201);
    let other = format!("{path}/{}", second["id"].as_str().unwrap());
    server.advance(61);
    assert_eq!(api.get(&other).await.expect(200)["state"], "expired");
    assert_eq!(api.delete(&one).await.status, 204);
    assert_eq!(api.get(&one).await.expect(200)["state"], "revoked");
    api.delete(&one).await.expect_problem(404, "not_found");
    server.audited(|event| event.action == "initial_access_token.revoke").await;
    for (body, says) in [
        (json!({ "policy": "nope" }), "policy: nope is not a policy"),
        (json!({ "max_uses": 0 }), "max_uses: must be at least 1"),
        (json!({ "lifetime": 0 }), "lifetime: must be between 1 and"),
        (json!({ "label": "x".repeat(101) }), "label: "),
        (json!({ "uses": 1 }), "uses"),
    ] {
        let detail = api.post(path, body).await.expect_problem(400, "invalid_request");
        assert!(detail.contains(says), "{detail}");
    }
    for nothing in ["00000000-0000-7000-8000-000000000000", "x"] {
        api.get(&format!("{path}/{nothing}")).await.expect_problem(404, "not_found");
    }
}

#[rstest]
#[tokio::test]
async fn templates_are_listed_with_the_policies_that_take_them(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let api = server.administration(Role::Auditor, Some("main")).await;
    assert_eq!(api.get("/domains/main/templates").await.expect(200), json!({ "items": [] }));
    let client = server.add_machine("").await;
    server.administrate(&client.id, |client| client.settings.template = Some("tpl-batch".to_owned())).await;
    server.set_policy("gateway", |policy| policy.templates = vec!["tpl-batch".to_owned()]).await;
    assert_eq!(
        api.get("/domains/main/templates").await.expect(200),
        json!({ "items": [{ "slug": "tpl-batch", "client_id": client.id, "client_name": "Machine", "policies": ["gateway"] }] })
    );
}

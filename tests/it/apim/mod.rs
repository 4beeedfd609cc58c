//! The acceptance checks of the gateway's contract, each under its number; every answer passes the gateway's parser.

mod environments;
mod introspection;
mod keys;
mod provider;
mod registration;
mod renewal;
mod update;

use serde_json::Value;

use crate::apim_types::{ApimRecord, STORED_LIMIT, parse_like_apim};
use crate::support::TestServer;

/// The body of a gateway's application, by the name of its type.
pub fn fixture(kind: &str) -> Value {
    let text = match kind {
        "backend_to_backend" => include_str!("../../fixtures/apim/backend_to_backend.json"),
        "browser" => include_str!("../../fixtures/apim/browser.json"),
        "native" => include_str!("../../fixtures/apim/native.json"),
        "web" => include_str!("../../fixtures/apim/web.json"),
        "update" => include_str!("../../fixtures/apim/update.json"),
        other => panic!("no fixture {other}"),
    };
    serde_json::from_str(text).unwrap()
}

/// The types of application that a gateway registers.
pub const KINDS: [&str; 4] = ["backend_to_backend", "browser", "native", "web"];

/// What the gateway keeps of an answer, which must be one that it can live with.
#[track_caller]
pub fn kept(answer: &Value) -> ApimRecord {
    let record = parse_like_apim(answer).unwrap_or_else(|problem| panic!("{problem} in {answer}"));
    assert!(record.stored_size() < STORED_LIMIT, "{} characters", record.stored_size());
    assert_says_nothing_empty(answer);
    record
}

/// No null and no empty text anywhere: gateways read them as values.
#[track_caller]
pub fn assert_says_nothing_empty(answer: &Value) {
    match answer {
        Value::Null => panic!("a null in an answer"),
        Value::String(text) => assert!(!text.is_empty(), "an empty text in an answer"),
        Value::Array(items) => items.iter().for_each(assert_says_nothing_empty),
        Value::Object(members) => members.values().for_each(assert_says_nothing_empty),
        Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Registers as the gateway does: a new token each time.
pub async fn registered(server: &TestServer, body: &Value) -> Value {
    let token = server.admin_token().await;
    let record = server.api.register(&token, body).await.expect(201);
    kept(&record);
    record
}

/// Updates as the gateway does, with the registration access token of the last answer.
pub async fn updated(server: &TestServer, record: &Value, body: &Value) -> Value {
    let record = server.api.put(record, body).await.expect(200);
    kept(&record);
    record
}

/// Renews as the gateway does.
pub async fn renewed(server: &TestServer, record: &Value) -> Value {
    let record = server.api.renew(record).await.expect(200);
    kept(&record);
    record
}

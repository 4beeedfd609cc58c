//! How client secrets are kept.

use registrar::clients::manual::Wanted;
use registrar::model::audit_event::Actor;
use registrar::model::domain::SecretHash;
use registrar::model::secret::Secret;
use rstest::rstest;
use serde_json::{Value, json};

use crate::apim::{fixture, registered, renewed};
use crate::support::{Backend, Credentials, TestServer};

/// How the client's current secret is kept: the scheme of its verifier, and whether there is a sealed copy.
async fn kept_as(server: &TestServer, client_id: &str) -> (String, bool) {
    let entry = server.stored(client_id).await.unwrap();
    let secret = &entry.secrets[0];
    (secret.verifier.clone(), secret.sealed.is_some())
}

#[rstest]
#[tokio::test]
async fn generated_secrets_are_kept_as_keyed_hashes_with_a_sealed_copy_for_those_who_are_told_again(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let client = Credentials::of(&record);
    assert_eq!(client.secret.len(), 43);
    assert!(client.secret.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
    assert!(!client.secret.starts_with('-'));
    let (verifier, sealed) = kept_as(&server, &client.id).await;
    assert!(!verifier.contains("argon2") && sealed, "{verifier}");
    let (verifier, sealed) = kept_as(&server, &server.gateway.id).await;
    assert!(!verifier.contains("argon2") && !sealed, "a hand-made client's is shown once: {verifier}");
}

#[rstest]
#[tokio::test]
async fn a_domain_can_demand_argon2id_for_generated_secrets_as_well(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let before = registered(&server, &fixture("backend_to_backend")).await;
    server.set_domain(|settings| settings.client_secret_hash = SecretHash::Argon2id).await;
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let client = Credentials::of(&record);
    let (verifier, sealed) = kept_as(&server, &client.id).await;
    assert!(verifier.starts_with("$argon2id$") && sealed, "{verifier}");
    for _ in 0..2 {
        assert!(server.api.accepts(&client).await);
    }
    let wrong = Credentials { secret: format!("{}x", client.secret), ..client.clone() };
    assert!(!server.api.accepts(&wrong).await);
    assert_eq!(server.api.read(&record).await.expect(200)["client_secret"], record["client_secret"]);
    // Both schemes verify side by side, also for one client.
    let after = renewed(&server, &before).await;
    for record in [&before, &after] {
        assert!(server.api.accepts(&Credentials::of(record)).await);
    }
    assert!(kept_as(&server, before["client_id"].as_str().unwrap()).await.0.starts_with("$argon2id$"));
}

#[rstest]
#[tokio::test]
async fn a_secret_that_an_administrator_chose_is_kept_by_argon2id_and_never_told(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let Value::Object(metadata) = json!({ "grant_types": ["client_credentials"] }) else { unreachable!() };
    let secret = Some(Secret::new("correct horse battery"));
    let made = server.create(Wanted { metadata, secret, ..Wanted::default() }).await;
    assert_eq!(made.secret, "", "it is not shown again");
    let (verifier, sealed) = kept_as(&server, &made.id).await;
    assert!(verifier.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && !sealed, "{verifier}");
    for (secret, accepted) in [("correct horse battery", true), ("correct horse battery", true), ("wrong horse", false)]
    {
        let client = Credentials { id: made.id.clone(), secret: secret.to_owned() };
        assert_eq!(server.api.accepts(&client).await, accepted, "{secret}");
    }
}

#[rstest]
#[tokio::test]
async fn a_copy_of_the_database_shows_no_secret(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let (_, initial) = server.initial_access_token(|_| {}).await;
    let token = record["registration_access_token"].as_str().unwrap();
    let entry = server.stored(record["client_id"].as_str().unwrap()).await.unwrap();
    let shown = format!("{:?} {}", entry.client, serde_json::to_string(&entry.client.registration).unwrap());
    for secret in [record["client_secret"].as_str().unwrap(), token, &initial] {
        assert!(!shown.contains(secret));
        let sealed = entry.secrets[0].sealed.as_deref().unwrap();
        assert!(!sealed.windows(secret.len()).any(|window| window == secret.as_bytes()));
        assert!(!entry.secrets[0].verifier.contains(secret));
    }
}

#[rstest]
#[tokio::test]
async fn an_administrator_ends_a_superseded_secret_at_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(server) = TestServer::start(backend).await else { return };
    let record = registered(&server, &fixture("backend_to_backend")).await;
    let (old, new) = (Credentials::of(&record), Credentials::of(&renewed(&server, &record).await));
    assert!(server.api.accepts(&old).await && server.api.accepts(&new).await);
    let entry = server.stored(&old.id).await.unwrap();
    let leaked = entry.secrets.iter().find(|secret| secret.superseded).unwrap().id;
    let domain = server.domain().await.id();
    let audit = Actor::local("administrator").did(&server.clock, Some(domain), "client_secret.end", &old.id);
    assert!(server.app.store.end_secret(domain, &entry.client.client_id, leaked, &audit).await.unwrap());
    assert!(!server.api.accepts(&old).await && server.api.accepts(&new).await);
}

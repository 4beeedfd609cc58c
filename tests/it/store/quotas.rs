//! Quotas: counters that hold under parallel registrations.

use registrar::model::id::ClientId;
use registrar::store::quotas::Quota;
use registrar::store::registrations::{NewClient, RegisterOutcome};
use rstest::rstest;

use super::Story;
use crate::support::Backend;

async fn register(story: &Story, name: &str, max: i64, evict_after: Option<i64>) -> RegisterOutcome {
    let quota = Quota {
        source: "open:192.0.2.0/24".to_owned(),
        max,
        evict_created_before: evict_after.map(|seconds| story.clock.now().plus(-seconds)),
    };
    let (client, audit) = (story.client(name), story.audit("client.register"));
    let new =
        NewClient { client: &client, secret: None, initial_access_token: None, quota: Some(&quota), audit: &audit };
    story.store.register_client(&new).await.unwrap()
}

async fn many(story: &Story, count: usize, max: i64) -> usize {
    let names: Vec<String> = (0..count).map(|number| format!("c{number}")).collect();
    let outcomes = names.iter().map(|name| register(story, name, max, None));
    let outcomes = futures_util::future::join_all(outcomes).await;
    assert!(outcomes.iter().all(|o| matches!(o, RegisterOutcome::Registered | RegisterOutcome::QuotaFull)));
    outcomes.into_iter().filter(|outcome| *outcome == RegisterOutcome::Registered).count()
}

#[rstest]
#[tokio::test]
async fn a_quota_holds_under_parallel_registrations(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    assert_eq!(many(&story, 40, 10).await, 10);
    assert_eq!(story.count("clients").await, 10);
    assert_eq!(story.database.count("select used from registration_quotas").await, 10);
}

#[rstest]
#[tokio::test]
async fn a_large_quota_is_split_and_holds_as_a_whole(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    assert_eq!(many(&story, 60, 1_001).await, 60);
    assert!(story.count("registration_quotas").await > 1);
    let sum = "select cast(sum(used) as bigint) from registration_quotas";
    assert_eq!(story.database.count(sum).await, 60);
    story.database.execute("update registration_quotas set used = 1000").await;
    for part in 0..16 {
        let source = format!("open:192.0.2.0/24#{part}");
        let domain = match backend {
            Backend::Sqlite => format!("x'{}'", story.domain_id.0.simple()),
            Backend::Postgres => format!("'{}'", story.domain_id),
        };
        let sql = format!(
            "insert into registration_quotas (domain_id, source, used) values ({domain}, '{source}', 1000)
             on conflict do nothing"
        );
        story.database.execute(&sql).await;
    }
    assert_eq!(register(&story, "one more", 1_001, None).await, RegisterOutcome::QuotaFull);
}

#[rstest]
#[tokio::test]
async fn a_place_is_free_again_when_its_client_is_deleted_or_makes_room(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    assert_eq!(register(&story, "one", 1, None).await, RegisterOutcome::Registered);
    assert_eq!(register(&story, "two", 1, None).await, RegisterOutcome::QuotaFull);
    let one = story.store.read_client(story.domain_id, &ClientId("one".to_owned())).await.unwrap().unwrap().client;
    assert!(story.store.delete_client(&one, &story.audit("client.delete")).await.unwrap());
    assert_eq!(register(&story, "two", 1, None).await, RegisterOutcome::Registered);
    assert_eq!(register(&story, "three", 1, Some(60)).await, RegisterOutcome::QuotaFull, "too young to go");
    story.clock.advance(61);
    assert_eq!(register(&story, "three", 1, Some(60)).await, RegisterOutcome::Registered);
    assert_eq!(story.database.count("select used from registration_quotas").await, 1);
    assert_eq!(register(&story, "nobody", 0, None).await, RegisterOutcome::QuotaFull);
}

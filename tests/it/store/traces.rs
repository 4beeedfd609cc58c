//! Timelines of login attempts.

use registrar::model::flow_trace::{Outcome, Step, TraceStep};
use registrar::model::id::{AttemptId, ordered_uuid};
use registrar::store::flow_traces::AttemptFilter;
use rstest::rstest;

use super::Story;
use crate::support::Backend;

/// A step at the story's time; an empty attempt is none.
fn step(story: &Story, number: u32, attempt: &str, kind: Step) -> TraceStep {
    let id = AttemptId(attempt.to_owned());
    let mut step = TraceStep::new(story.domain_id, kind, Outcome::Done)
        .of((!attempt.is_empty()).then_some(&id))
        .by(Some("c"))
        .from("192.0.2.1")
        .with("scope", "openid");
    (step.id, step.at) = (ordered_uuid(&story.clock, number), story.clock.now());
    step
}

#[rstest]
#[tokio::test]
async fn of_too_many_steps_the_oldest_go(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    for number in 0..5 {
        story.clock.advance(1);
        let attempt = number.to_string();
        story.store.write_flow_steps(&[step(&story, number, &attempt, Step::Authorize)]).await.unwrap();
    }
    assert_eq!(story.store.remove_surplus(9, 5).await.unwrap(), 0);
    assert_eq!(story.store.remove_surplus(9, 3).await.unwrap(), 2);
    let filter = AttemptFilter { limit: 9, ..Default::default() };
    let left = story.store.flow_attempts(story.domain_id, &filter).await.unwrap();
    let left: Vec<String> = left.into_iter().map(|attempt| attempt.attempt.0).collect();
    assert_eq!(left, ["4", "3", "2"]);
}

#[rstest]
#[tokio::test]
async fn attempts_are_listed_newest_first_in_pages(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    for (number, attempt) in [(10, "a"), (20, "b"), (30, "c"), (40, "d")] {
        let mut steps =
            vec![step(&story, number, attempt, Step::Authorize), step(&story, number + 1, attempt, Step::Code)];
        if attempt == "b" {
            steps.push(step(&story, number + 2, attempt, Step::Token).refused("invalid_grant", "because"));
        }
        if attempt == "c" {
            steps[0].client_id = Some("other".to_owned());
            steps[1].client_id = Some("other".to_owned());
        }
        store.write_flow_steps(&steps).await.unwrap();
        // Written twice, as after a lost answer, they are there once.
        store.write_flow_steps(&steps).await.unwrap();
        story.clock.advance(i64::from(attempt != "a") * 60);
    }
    let listed = async |filter: AttemptFilter| -> Vec<String> {
        let found = store.flow_attempts(story.domain_id, &filter).await.unwrap();
        found.into_iter().map(|attempt| attempt.attempt.0).collect()
    };
    let first = store.flow_attempts(story.domain_id, &AttemptFilter { limit: 3, ..Default::default() }).await.unwrap();
    let ids: Vec<&str> = first.iter().map(|attempt| attempt.attempt.as_str()).collect();
    assert_eq!(ids, ["d", "c", "b"]);
    let refused = &first[2];
    assert_eq!((refused.steps, refused.refused, refused.last_code.as_deref()), (3, 1, Some("invalid_grant")));
    assert_eq!((refused.last_step, refused.last_outcome), (Step::Token, Outcome::Refused));
    // The last two began in the same second.
    let after = Some((refused.began_at, refused.attempt.clone()));
    assert_eq!(listed(AttemptFilter { after, limit: 3, ..Default::default() }).await, ["a"]);
    assert_eq!(listed(AttemptFilter { refused: true, limit: 9, ..Default::default() }).await, ["b"]);
    let client_id = Some("other".to_owned());
    assert_eq!(listed(AttemptFilter { client_id, limit: 9, ..Default::default() }).await, ["c"]);
    assert!(story.add_domain("other").await);
    let other = store.domain_named("other").await.unwrap().unwrap().id();
    let filter = AttemptFilter { limit: 9, ..Default::default() };
    assert!(store.flow_attempts(other, &filter).await.unwrap().is_empty());
    let total = store.flow_attempt_count(other, &filter).await.unwrap();
    assert_eq!((total.count, total.exact), (0, true));
    let total = store.flow_attempt_count(story.domain_id, &AttemptFilter::default()).await.unwrap();
    assert!(total.count > 0 && total.exact, "{total:?}");
    assert!(store.flow_timeline(other, &AttemptId("a".to_owned())).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn a_timeline_has_what_probably_belongs_to_it(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    let mut refused = step(&story, 1, "", Step::Registration).refused("invalid_redirect_uri", "holds a wildcard");
    refused.client_id = None;
    let mut elsewhere = step(&story, 2, "", Step::Registration).refused("invalid_redirect_uri", "other");
    (elsewhere.client_id, elsewhere.source) = (None, Some("198.51.100.1".to_owned()));
    store.write_flow_steps(&[step(&story, 0, "", Step::Discovery), refused, elsewhere]).await.unwrap();
    let registered = step(&story, 2, "", Step::Registration).with("client_name", "x");
    let registered = TraceStep { id: ordered_uuid(&story.clock, 6), ..registered };
    store.write_flow_steps(&[registered]).await.unwrap();
    story.clock.advance(900);
    let own = [step(&story, 3, "a", Step::Authorize), step(&story, 4, "a", Step::Code).with("user", "u")];
    store.write_flow_steps(&own).await.unwrap();
    let attempt = AttemptId("a".to_owned());
    let kinds = async || -> Vec<Step> {
        let steps = store.flow_timeline(story.domain_id, &attempt).await.unwrap();
        steps.iter().map(|step| step.step).collect()
    };
    assert_eq!(kinds().await, [Step::Discovery, Step::Registration, Step::Authorize, Step::Code]);
    let read = store.flow_timeline(story.domain_id, &attempt).await.unwrap();
    assert_eq!(read[2..], own, "as it was written");
    assert_eq!(read[1].outcome, Outcome::Done, "what a stranger at the same address was refused is no part of it");
    let attempts = ["a".to_owned(), "b".to_owned()];
    let people = store.attempt_users(story.domain_id, &attempts).await.unwrap();
    assert_eq!(people, [("a".to_owned(), "u".to_owned())]);
    assert!(store.attempt_users(story.domain_id, &[]).await.unwrap().is_empty());
    story.clock.advance(5);
    let lost = step(&story, 5, "", Step::Token).refused("invalid_client", "its secret is wrong");
    store.write_flow_steps(&[lost]).await.unwrap();
    assert_eq!(kinds().await.last(), Some(&Step::Token));
    let strays = store.flow_strays(story.domain_id, 2).await.unwrap();
    let reasons: Vec<_> = strays.iter().map(|step| step.reason.as_deref().unwrap()).collect();
    assert_eq!(reasons, ["its secret is wrong", "other"]);

    story.clock.advance(86_400 - 905);
    store.remove_expired().await.unwrap();
    assert_eq!(story.count("flow_steps").await, 3, "what is a day old is gone");
    assert_eq!(kinds().await, [Step::Authorize, Step::Code, Step::Token]);
}

//! What is counted by the hour.

use registrar::model::client::{Client, ClientStatus, Origin};
use registrar::model::cursor::Total;
use registrar::model::statistics::{Counted, DAY, HOUR, Increment, KEPT, Period, hour_of};
use rstest::rstest;

use super::Story;
use crate::support::Backend;

#[rstest]
#[tokio::test]
async fn counts_add_up_by_hour_and_by_day(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let hour = hour_of(story.clock.now());
    let one = |hours: i64, label, count| Increment {
        domain_id: story.domain_id,
        hour: hour.plus(-hours * HOUR),
        counted: Counted::Token,
        label,
        count,
    };
    for _ in 0..2 {
        let batch = vec![one(0, "refresh_token", 3), one(30, "refresh_token", 5), one(0, "authorization_code", 1)];
        story.store.add_counts(batch).await.unwrap();
    }
    story.store.add_counts(Vec::new()).await.unwrap();
    let read = async |period: &Period| {
        let counts = story.store.counts(story.domain_id, period).await.unwrap();
        (period.sums(&counts, |count| count.label == "refresh_token"), period.sums(&counts, |_| true))
    };
    let (refreshed, all) = read(&Period::until(story.clock.now(), HOUR, 31)).await;
    assert_eq!((refreshed[30], refreshed[0], all[30], all.iter().sum::<i64>()), (6, 10, 8, 18));
    let days = Period::until(story.clock.now(), DAY, 3);
    let (refreshed, _) = read(&days).await;
    assert_eq!(refreshed.iter().sum::<i64>(), 16);
    assert_eq!(refreshed[2], 6);
    let rows = story.store.counts(story.domain_id, &days).await.unwrap();
    assert!(rows.iter().all(|row| row.at.0 % DAY == 0 && row.counted == Counted::Token));
    story.clock.advance(KEPT - 31 * HOUR);
    story.store.remove_expired().await.unwrap();
    assert_eq!(story.count("hourly_counts").await, 3);
    story.clock.advance(2 * HOUR);
    story.store.remove_expired().await.unwrap();
    assert_eq!(story.count("hourly_counts").await, 2);
}

#[rstest]
#[tokio::test]
async fn many_counts_are_written_at_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let increments = (0..1_200).map(|hours| Increment {
        domain_id: story.domain_id,
        hour: hour_of(story.clock.now()).plus(-hours * HOUR),
        counted: Counted::SignUp,
        label: "",
        count: 1,
    });
    story.store.add_counts(increments.collect()).await.unwrap();
    assert_eq!(story.count("hourly_counts").await, 1_200);
}

#[rstest]
#[tokio::test]
async fn clients_are_counted_by_origin_and_status(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    for (number, (origin, status)) in [
        (Origin::Gateway, ClientStatus::Active),
        (Origin::Gateway, ClientStatus::Active),
        (Origin::Gateway, ClientStatus::Suspended),
        (Origin::Open, ClientStatus::Pending),
        (Origin::Manual, ClientStatus::Active),
        (Origin::Manual, ClientStatus::Active),
    ]
    .into_iter()
    .enumerate()
    {
        let mut client = Client { origin, status, ..story.client(&format!("c{number}")) };
        // What is nothing but a resource's credentials is no application.
        client.settings.resource_credentials = number == 5;
        story.add(&client, None).await;
    }
    let counts = story.store.client_counts(story.domain_id).await.unwrap();
    let counts: Vec<_> = counts.iter().map(|count| (count.origin, count.status, count.total)).collect();
    let exactly = |count| Total { count, exact: true };
    assert_eq!(
        counts,
        [
            (Origin::Gateway, ClientStatus::Active, exactly(2)),
            (Origin::Gateway, ClientStatus::Suspended, exactly(1)),
            (Origin::Manual, ClientStatus::Active, exactly(1)),
            (Origin::Open, ClientStatus::Pending, exactly(1)),
        ]
    );
}

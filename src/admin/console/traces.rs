//! Login attempts: the list, and one of them as a timeline.

use std::collections::HashMap;

use axum::response::Response;
use serde::Deserialize;

use super::fields::Asked;
use super::names::{Names, Thing};
use super::respond::{domain_frame, show};
use super::words::{self, fact, span, title, with_query};
use crate::admin::api::traces::{self, Attempt, Timeline, TimelineStep, TraceFilter};
use crate::admin::managing::{ManagingDomain, Segments};
use crate::model::flow_trace::{Outcome, Step};
use crate::model::oauth_error::OAuthError;
use crate::model::time::UnixTime;
use crate::pages::Claimed;
use crate::pages::console::{
    Badge, BadgeKind, Choice, ConsoleFrame, Named, Pager, Section, Total, Trace, TraceEntry, TraceRow, Traces,
};

/// The path of an attempt.
#[derive(Debug, Deserialize)]
pub struct AttemptPath {
    attempt: String,
}

/// `GET /console/domains/{domain}/traces`
pub async fn show_traces(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let frame = domain_frame(&at, Section::Traces).await?;
    let outcome = Outcome::parse(asked.field("outcome"));
    let client_id = asked.trimmed("client_id").to_owned();
    let page = |cursor: Option<&str>| TraceFilter {
        client_id: Some(client_id.clone()).filter(|id| !id.is_empty()),
        outcome,
        refused: None,
        after: None,
        cursor: cursor.map(str::to_owned),
        ..TraceFilter::default()
    };
    let list = traces::page(&at, page(asked.given("cursor"))).await?;
    let known = known(&at, &list.items, &list.without_attempt).await?;
    let word = outcome.map_or("", Outcome::as_str);
    let narrowed = [("client_id", client_id.as_str()), ("outcome", word)];
    let first = with_query(&frame.under("traces"), &narrowed);
    let older = list
        .next
        .as_ref()
        .map(|next| with_query(&frame.under("traces"), &[narrowed[0], narrowed[1], ("cursor", next)]).into());
    let pager = Pager {
        newer: asked.given("cursor").map(|_| first.into()),
        older,
        total: Some(total(list.total.count, list.total.exact)),
        examined: None,
    };
    Ok(show(&Traces {
        outcomes: outcomes(word),
        rows: list.items.into_iter().map(|attempt| row(&frame, &known, attempt)).collect(),
        strays: list
            .without_attempt
            .into_iter()
            .map(|step| TraceEntry { client: known.client(&frame, step.client_id.as_deref()), ..entry(step, None) })
            .collect(),
        client_id: client_id.clone(),
        pager,
        frame,
    }))
}

/// `GET /console/domains/{domain}/traces/{attempt}`
pub async fn show_trace(
    at: ManagingDomain,
    Segments(AttemptPath { attempt }): Segments<AttemptPath>,
) -> Result<Response, OAuthError> {
    let told = traces::timeline(&at, &attempt).await?;
    let frame = domain_frame(&at, Section::Traces).await?.at(&told.attempt);
    let began = UnixTime(told.began_at);
    let known = timeline_names(&at, &told).await?;
    let other = |step: &TimelineStep| step.client_id.clone().filter(|_| step.client_id != told.client_id);
    let entries = told.steps.iter().map(|step| TraceEntry {
        client: known.client(&frame, other(step).as_deref()),
        ..entry(step.clone(), Some(began))
    });
    Ok(show(&Trace {
        client: known.client(&frame, told.client_id.as_deref()),
        person: known.person(&frame, &told.attempt),
        began: began.into(),
        summary: told.summary.clone(),
        causes: told.likely_causes.iter().map(|cause| Claimed::long(cause)).collect(),
        never_came: told.never_came.map(came),
        steps: entries.collect(),
        attempt: told.attempt.clone(),
        frame,
    }))
}

/// The clients and people of attempts, by name.
struct Known {
    names: Names,
    /// Attempts, and who logged in.
    people: HashMap<String, Thing>,
}

impl Known {
    async fn of(at: &ManagingDomain, attempts: &[String], clients: Vec<&String>) -> Result<Self, OAuthError> {
        let (store, domain_id) = (&at.app.store, at.domain.id());
        let people = store.attempt_users(domain_id, attempts).await?;
        let person = |(attempt, id): (String, String)| Some((attempt, Thing::User(id.parse().ok()?)));
        let people: HashMap<String, Thing> = people.into_iter().filter_map(person).collect();
        let clients = clients.into_iter().cloned().map(Thing::Client);
        let things: Vec<Thing> = clients.chain(people.values().cloned()).collect();
        Ok(Self { names: Names::of(store, Some(domain_id), &things).await?, people })
    }

    fn client(&self, frame: &ConsoleFrame, id: Option<&str>) -> Option<Named> {
        Some(Named { kind: "", ..self.names.named(frame, &Thing::Client(id?.to_owned())) })
    }

    fn person(&self, frame: &ConsoleFrame, attempt: &str) -> Option<Named> {
        Some(Named { kind: "", ..self.names.named(frame, self.people.get(attempt)?) })
    }
}

/// The names for a list of attempts, and of steps without one.
async fn known(at: &ManagingDomain, attempts: &[Attempt], strays: &[TimelineStep]) -> Result<Known, OAuthError> {
    let ids: Vec<String> = attempts.iter().map(|attempt| attempt.attempt.clone()).collect();
    let of_strays = strays.iter().filter_map(|step| step.client_id.as_ref());
    let clients = attempts.iter().filter_map(|attempt| attempt.client_id.as_ref()).chain(of_strays);
    Known::of(at, &ids, clients.collect()).await
}

/// The names for one attempt.
async fn timeline_names(at: &ManagingDomain, told: &Timeline) -> Result<Known, OAuthError> {
    let clients = told.steps.iter().filter_map(|step| step.client_id.as_ref());
    Known::of(at, std::slice::from_ref(&told.attempt), clients.collect()).await
}

fn total(count: i64, exact: bool) -> Total {
    let count = u64::try_from(count).unwrap_or_default();
    if exact { Total::Exactly(count) } else { Total::AtLeast(count) }
}

fn outcomes(chosen: &str) -> Vec<Choice> {
    [("", "Any"), ("refused", "Refused"), ("waiting", "Waiting"), ("done", "Done")]
        .into_iter()
        .map(|(value, label)| Choice::new(value, label, value == chosen))
        .collect()
}

fn meant(outcome: Outcome) -> BadgeKind {
    match outcome {
        Outcome::Done => BadgeKind::Good,
        Outcome::Refused => BadgeKind::Bad,
        Outcome::Waiting => BadgeKind::Warn,
    }
}

fn row(frame: &ConsoleFrame, known: &Known, attempt: Attempt) -> TraceRow {
    TraceRow {
        href: frame.under(&format!("traces/{}", attempt.attempt)).into(),
        began: UnixTime(attempt.began_at).into(),
        client: known.client(frame, attempt.client_id.as_deref()),
        person: known.person(frame, &attempt.attempt),
        last_step: words::step(attempt.last_step, attempt.last_outcome),
        outcome: Badge::new(meant(attempt.last_outcome), title(attempt.last_outcome.as_str())),
        code: attempt.last_code.map(Into::into),
        steps: attempt.steps,
        attempt: attempt.attempt,
    }
}

fn entry(step: TimelineStep, began: Option<UnixTime>) -> TraceEntry {
    let after = began.map(|began| match step.at - began.seconds() {
        seconds if seconds < 0 => format!("{} before", span(-seconds)),
        0 => "at the beginning".to_owned(),
        seconds => format!("{} later", span(seconds)),
    });
    let code = step.code.map(|code| format!("{code}: ")).unwrap_or_default();
    // Who it is stands at the head.
    let shown = |(name, value): &(&String, &serde_json::Value)| **value != "" && name.as_str() != "user";
    TraceEntry {
        at: UnixTime(step.at).into(),
        title: words::step(step.step, step.outcome),
        kind: meant(step.outcome),
        after,
        probable: step.probable,
        reason: step.reason.map(|reason| Claimed::long(&format!("{code}{reason}"))),
        client: None,
        source: step.source.map(|source| Claimed::long(&source)),
        details: step.detail.iter().filter(shown).map(|(name, detail)| fact(name, detail)).collect(),
    }
}

/// A step that is waited for, in words.
fn came(step: Step) -> &'static str {
    match step {
        Step::Login => "The login (or sign-up)",
        Step::Consent => "The decision on the consent page",
        Step::Token => "The token request of the application",
        _ => "The browser, back at the authorization endpoint",
    }
}

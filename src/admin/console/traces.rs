//! Login attempts: the list, and one of them as a timeline.

use axum::response::Response;
use serde::Deserialize;

use super::fields::Asked;
use super::respond::{domain_frame, show};
use super::words::{span, title, value, with_query};
use crate::admin::api::traces::{self, Attempt, TimelineStep, TraceFilter};
use crate::admin::managing::{ManagingDomain, Segments};
use crate::model::flow_trace::{Outcome, Step};
use crate::model::oauth_error::OAuthError;
use crate::model::time::UnixTime;
use crate::pages::Claimed;
use crate::pages::console::{
    Badge, BadgeKind, Choice, ConsoleFrame, Pager, Section, Total, Trace, TraceEntry, TraceRow, Traces,
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
        rows: list.items.into_iter().map(|attempt| row(&frame, attempt)).collect(),
        strays: list.without_attempt.into_iter().map(|step| entry(step, None)).collect(),
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
    let client = told.client_id.map(|id| {
        let link = with_query(&frame.under("applications"), &[("q", &id)]);
        (Claimed::long(&id), link.into())
    });
    Ok(show(&Trace {
        attempt: told.attempt,
        client,
        began: began.into(),
        causes: told.likely_causes.iter().map(|cause| Claimed::long(cause)).collect(),
        never_came: told.never_came.map(came),
        steps: told.steps.into_iter().map(|step| entry(step, Some(began))).collect(),
        frame,
    }))
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

fn row(frame: &ConsoleFrame, attempt: Attempt) -> TraceRow {
    TraceRow {
        href: frame.under(&format!("traces/{}", attempt.attempt)).into(),
        began: UnixTime(attempt.began_at).into(),
        client_id: attempt.client_id.map(|id| Claimed::long(&id)),
        last_step: title(attempt.last_step.as_str()),
        outcome: Badge::new(meant(attempt.last_outcome), attempt.last_outcome.as_str()),
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
    let from = [("Application", step.client_id), ("Address", step.source)];
    let shown = |(_, value): &(&String, &serde_json::Value)| **value != "";
    TraceEntry {
        at: UnixTime(step.at).into(),
        title: format!("{} {}", title(step.step.as_str()), step.outcome.as_str()),
        kind: meant(step.outcome),
        after,
        probable: step.probable,
        reason: step.reason.map(|reason| Claimed::long(&format!("{code}{reason}"))),
        from: from.into_iter().filter_map(|(name, text)| Some((name, Claimed::long(&text?)))).collect(),
        details: step.detail.iter().filter(shown).map(|(name, detail)| (title(name).into(), value(detail))).collect(),
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

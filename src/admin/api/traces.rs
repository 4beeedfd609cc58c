//! Timelines of login attempts: what came, what was refused and why, what never came, and the likely cause.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::page::{TotalView, filter, foreign_cursor, limit};
use crate::admin::managing::{Filter, ManagingDomain, Segments};
use crate::admin::problem::AnyProblem;
use crate::model::cursor;
use crate::model::flow_trace::diagnosis::{awaited, diagnose, summary};
use crate::model::flow_trace::{AttemptSummary, Outcome, Step, TraceStep};
use crate::model::id::AttemptId;
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::time::UnixTime;
use crate::store::flow_traces::AttemptFilter;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(paths(list, read), tags((name = "traces", description = "Timelines of login attempts, kept for a day: what came, what was refused and why, what never came.")))]
pub struct Description;

/// The name of the list in its cursors.
const LIST: &str = "traces";

/// Which attempts are wanted.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TraceFilter {
    /// Only attempts of this client.
    #[param(nullable = false)]
    pub client_id: Option<String>,
    /// Only attempts whose last step ended like this.
    #[param(nullable = false, inline)]
    pub outcome: Option<Outcome>,
    /// Only attempts in which something was refused.
    #[param(nullable = false)]
    pub refused: Option<bool>,
    /// Where the list begins: after this attempt. Not with `cursor`.
    #[param(nullable = false)]
    pub after: Option<String>,
    /// Where the list goes on: `next` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<String>,
    /// At most so many; 50 if left out.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// One attempt, as the list shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Attempt {
    /// Its identifier, as error pages name it.
    pub attempt: String,
    /// The client, by its own account; absent if it named none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub client_id: Option<String>,
    /// When its first step came, in Unix seconds.
    pub began_at: i64,
    /// When its last step came, in Unix seconds.
    pub last_at: i64,
    /// How many steps it has.
    pub steps: i64,
    /// How many of them were refused.
    pub refused: i64,
    /// The last step.
    pub last_step: Step,
    /// How that ended.
    pub last_outcome: Outcome,
    /// The code of its error, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_code: Option<String>,
}

/// One step of a timeline.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TimelineStep {
    /// When, in Unix seconds.
    pub at: i64,
    /// What it is about.
    pub step: Step,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it belongs to the attempt only by its client: probably, not certainly.
    pub probable: bool,
    /// The client, by its own account; absent if it named none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub client_id: Option<String>,
    /// The code of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<String>,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
    /// Where it came from: an IPv4 address, or the /64 of an IPv6 address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub source: Option<String>,
    /// What else is worth knowing.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    pub detail: Object,
}

/// A page of attempts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptList {
    /// Newest first.
    pub items: Vec<Attempt>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
    /// How many fit.
    pub total: TotalView,
    /// What was refused before there was an attempt, the latest: registrations, token requests that failed early. On the
    /// first page of an unfiltered list only.
    pub without_attempt: Vec<TimelineStep>,
}

/// One attempt step by step.
#[derive(Debug, Serialize, ToSchema)]
pub struct Timeline {
    /// Its identifier.
    pub attempt: String,
    /// The client, by its own account; absent if it named none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub client_id: Option<String>,
    /// When its first step came, in Unix seconds.
    pub began_at: i64,
    /// What came of it, in a few words: `Succeeded, after one wrong password`.
    pub summary: String,
    /// What probably went wrong, the likeliest first; empty where nothing did.
    pub likely_causes: Vec<String>,
    /// The step that is waited for and that never came; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub never_came: Option<Step>,
    /// The steps, oldest first.
    pub steps: Vec<TimelineStep>,
}

/// The path of an attempt.
#[derive(Debug, Deserialize)]
pub struct AttemptPath {
    attempt: String,
}

/// Login attempts of the last day, newest first.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/traces", tag = "traces", params(("domain" = String, Path, description = "Its name."), TraceFilter), responses((status = 200, body = AttemptList), AnyProblem))]
pub async fn list(at: ManagingDomain, Filter(asked): Filter<TraceFilter>) -> Result<Json<AttemptList>, OAuthError> {
    page(&at, asked).await.map(Json)
}

/// One attempt as a timeline, with the likely cause.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/traces/{attempt}", tag = "traces", params(("domain" = String, Path, description = "Its name."), ("attempt" = String, Path, description = "The attempt.")), responses((status = 200, body = Timeline), AnyProblem))]
pub async fn read(
    at: ManagingDomain,
    Segments(AttemptPath { attempt }): Segments<AttemptPath>,
) -> Result<Json<Timeline>, OAuthError> {
    timeline(&at, &attempt).await.map(Json)
}

/// A page of attempts.
pub async fn page(at: &ManagingDomain, asked: TraceFilter) -> Result<AttemptList, OAuthError> {
    let limit = limit(asked.limit)?;
    let domain_id = at.domain.id();
    let refused = asked.refused.unwrap_or(false);
    let query = (domain_id, filter("client_id", asked.client_id)?, asked.outcome, refused);
    let after = match (&asked.cursor, asked.after) {
        (None, None) => None,
        (Some(cursor), None) => Some(cursor::decode(LIST, &query, cursor).ok_or_else(foreign_cursor)?),
        (None, Some(attempt)) => {
            let timeline = timeline(at, &attempt).await?;
            Some((UnixTime(timeline.began_at), AttemptId(timeline.attempt)))
        }
        (Some(_), Some(_)) => {
            return Err(OAuthError::invalid_request("after: cannot be sent with a cursor; leave one of them out"));
        }
    };
    let store = &at.app.store;
    let first = after.is_none();
    let wanted = AttemptFilter {
        client_id: query.1.clone(),
        refused,
        outcome: query.2,
        after,
        // One more says whether there is a next page.
        limit: limit + 1,
    };
    let mut attempts = store.flow_attempts(domain_id, &wanted).await?;
    let total = store.flow_attempt_count(domain_id, &wanted).await?;
    let unfiltered = first && query.1.is_none() && query.2.is_none();
    let strays = if unfiltered { store.flow_strays(domain_id, limit).await? } else { Vec::new() };
    let limit = usize::try_from(limit).unwrap_or_default();
    let more = attempts.len() > limit;
    attempts.truncate(limit);
    let next = attempts.last().filter(|_| more);
    let next = next.map(|last| cursor::encode(LIST, &query, &(last.began_at, &last.attempt)));
    Ok(AttemptList {
        items: attempts.into_iter().map(Attempt::from).collect(),
        next,
        total: total.into(),
        without_attempt: strays.into_iter().map(TimelineStep::from).collect(),
    })
}

/// The timeline of one attempt.
pub async fn timeline(at: &ManagingDomain, attempt: &str) -> Result<Timeline, OAuthError> {
    let unknown = || OAuthError::not_found("the domain has no such login attempt; they are kept for a day");
    let id = AttemptId::parse(attempt).ok_or_else(unknown)?;
    let steps = at.app.store.flow_timeline(at.domain.id(), &id).await?;
    let began = steps.iter().find(|step| !step.is_probable()).map(|step| step.at).ok_or_else(unknown)?;
    Ok(Timeline {
        attempt: id.0,
        client_id: steps.iter().find_map(|step| step.client_id.clone()),
        began_at: began.seconds(),
        summary: summary(&steps),
        likely_causes: diagnose(&steps, at.app.clock.now()),
        never_came: awaited(&steps),
        steps: steps.into_iter().map(TimelineStep::from).collect(),
    })
}

impl From<AttemptSummary> for Attempt {
    fn from(attempt: AttemptSummary) -> Self {
        Self {
            attempt: attempt.attempt.0,
            client_id: attempt.client_id,
            began_at: attempt.began_at.seconds(),
            last_at: attempt.last_at.seconds(),
            steps: attempt.steps,
            refused: attempt.refused,
            last_step: attempt.last_step,
            last_outcome: attempt.last_outcome,
            last_code: attempt.last_code,
        }
    }
}

impl From<TraceStep> for TimelineStep {
    fn from(step: TraceStep) -> Self {
        Self {
            at: UnixTime::seconds(step.at),
            step: step.step,
            outcome: step.outcome,
            probable: step.is_probable(),
            client_id: step.client_id,
            code: step.code,
            reason: step.reason,
            source: step.source,
            detail: step.detail,
        }
    }
}

//! What happened in a domain, counted by the hour or day, and what is there now.

use std::collections::BTreeMap;

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::page::TotalView;
use crate::admin::managing::{Filter, ManagingDomain};
use crate::admin::problem::AnyProblem;
use crate::model::client::{ClientStatus, Origin};
use crate::model::cursor::Total;
use crate::model::oauth_error::OAuthError;
use crate::model::signing_key::{KeyStatus, SigningAlgorithm};
use crate::model::statistics::{Count, Counted, DAY, HOUR, Period};
use crate::store::client_list::{ClientListQuery, Unused};

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(paths(read), tags((name = "statistics", description = "What happened in a domain, and what is there now. Counts are written every minute, so the last minute may be missing.")))]
pub struct Description;

/// Secrets and keys that end within so many seconds are told.
pub const SOON: i64 = 30 * DAY;

/// A client without a token for so many seconds is stale.
pub const STALE: i64 = 90 * DAY;

/// The most secrets that are told.
const MOST_SECRETS: i64 = 20;

/// The most reasons of refusals that are told.
const MOST_REASONS: usize = 10;

/// A time that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub enum Range {
    /// The last 24 hours, by the hour.
    #[default]
    #[serde(rename = "24h")]
    Day,
    /// The last 7 days.
    #[serde(rename = "7d")]
    Week,
    /// The last 30 days.
    #[serde(rename = "30d")]
    Month,
    /// The last 90 days.
    #[serde(rename = "90d")]
    Quarter,
}

impl Range {
    /// The spans that it is counted by.
    fn period(self, now: crate::model::time::UnixTime) -> Period {
        match self {
            Self::Day => Period::until(now, HOUR, 24),
            Self::Week => Period::until(now, DAY, 7),
            Self::Month => Period::until(now, DAY, 30),
            Self::Quarter => Period::until(now, DAY, 90),
        }
    }
}

/// Which time is wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatisticsFilter {
    /// The time; 24h if left out.
    #[param(nullable = false, inline)]
    pub range: Option<Range>,
}

/// What happened within a span of time, by kind; what did not happen is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Happened {
    /// Registrations, by the origin of the client.
    pub registrations: BTreeMap<String, i64>,
    /// Refused registrations, by the rule, or by the error code where no rule refused them.
    pub registrations_refused: BTreeMap<String, i64>,
    /// Token responses, by grant.
    pub tokens: BTreeMap<String, i64>,
    /// Refused token requests, by error code.
    pub tokens_refused: BTreeMap<String, i64>,
    /// Introspections: active and inactive.
    pub introspections: BTreeMap<String, i64>,
    /// Logins by password: done and refused.
    pub logins: BTreeMap<String, i64>,
    /// Accounts that people made.
    pub sign_ups: i64,
}

/// A span of time and what happened in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Bucket {
    /// When it begins, in Unix seconds.
    pub at: i64,
    /// What happened.
    #[serde(flatten)]
    pub happened: Happened,
}

/// Clients of one origin in one state.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientsOf {
    /// How they came to be.
    pub origin: Origin,
    /// Whether they may be used.
    pub status: ClientStatus,
    /// How many there are.
    pub total: TotalView,
}

/// A reason for which requests were refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefusalReason {
    /// What was refused.
    pub what: Refused,
    /// The rule or the error code.
    pub reason: String,
    /// How often.
    pub count: i64,
}

/// What was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// A registration.
    Registration,
    /// A token request.
    Token,
}

/// A client's secret that ends soon and that no newer one supersedes.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecretEnding {
    /// The client.
    pub client_id: String,
    /// Its name; empty where it has none.
    pub name: String,
    /// The secret.
    pub secret_id: Uuid,
    /// When it ends, in Unix seconds.
    pub expires_at: i64,
}

/// A signing key and when another takes its place; it happens by itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyEnding {
    /// The key.
    pub kid: String,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// When it signs no more, in Unix seconds.
    pub retires_at: i64,
}

/// What happened in a domain, and what is there now.
#[derive(Debug, Serialize, ToSchema)]
pub struct Statistics {
    /// The time it is about.
    pub range: Range,
    /// When that begins, in Unix seconds.
    pub from: i64,
    /// When that ends, in Unix seconds: with the hour or day that is now.
    pub until: i64,
    /// How many seconds a bucket has.
    pub step: i64,
    /// What happened, bucket by bucket, oldest first.
    pub buckets: Vec<Bucket>,
    /// All of it together.
    pub totals: Happened,
    /// Why requests were refused, the most frequent reason first; at most 10.
    pub refusals: Vec<RefusalReason>,
    /// Clients by origin and state, without those that are nothing but a resource's credentials; none where there are
    /// none.
    pub clients: Vec<ClientsOf>,
    /// Clients that were made more than 90 days ago and got no token since then.
    pub stale_clients: TotalView,
    /// Users.
    pub users: TotalView,
    /// Protected resources.
    pub resources: usize,
    /// Secrets that end within 30 days, the next first; at most 20.
    pub expiring_secrets: Vec<SecretEnding>,
    /// Keys that sign until some time within 30 days.
    pub expiring_keys: Vec<KeyEnding>,
}

/// What happened in a domain, and what is there now.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/statistics", tag = "statistics", params(("domain" = String, Path, description = "Its name."), StatisticsFilter), responses((status = 200, body = Statistics), AnyProblem))]
pub async fn read(at: ManagingDomain, Filter(asked): Filter<StatisticsFilter>) -> Result<Json<Statistics>, OAuthError> {
    gather(&at, asked.range.unwrap_or_default()).await.map(Json)
}

/// What the API and the overview tell.
pub async fn gather(at: &ManagingDomain, range: Range) -> Result<Statistics, OAuthError> {
    let (store, domain_id, now) = (&at.app.store, at.domain.id(), at.app.clock.now());
    let period = range.period(now);
    let counts = store.counts(domain_id, &period).await?;
    let clients = store.client_counts(domain_id).await?;
    let long_ago = now.plus(-STALE);
    let stale = ClientListQuery {
        unused: Some(Unused::Since(long_ago)),
        created_before: Some(long_ago),
        limit: 1,
        ..ClientListQuery::default()
    };
    let stale = store.list_clients(domain_id, &stale).await?;
    let secrets = store.expiring_secrets(domain_id, now.plus(SOON), MOST_SECRETS).await?;
    Ok(Statistics {
        range,
        from: period.from.seconds(),
        until: period.end().seconds(),
        step: period.step,
        buckets: buckets(&period, &counts),
        totals: happened(counts.iter()),
        refusals: refusals(&counts),
        clients: clients
            .into_iter()
            .map(|one| ClientsOf { origin: one.origin, status: one.status, total: one.total.into() })
            .collect(),
        stale_clients: stale.map_or(Total { count: 0, exact: true }, |page| page.total).into(),
        users: store.user_count(domain_id).await?.into(),
        resources: at.domain.resources.len(),
        expiring_secrets: secrets
            .into_iter()
            .map(|secret| SecretEnding {
                client_id: secret.client_id.0,
                name: secret.name,
                secret_id: secret.secret_id.0,
                expires_at: secret.expires_at.seconds(),
            })
            .collect(),
        expiring_keys: expiring_keys(at),
    })
}

/// The signing keys whose successor signs soon: when it was published for, or when the lifetime is over.
fn expiring_keys(at: &ManagingDomain) -> Vec<KeyEnding> {
    let (now, lifetime) = (at.app.clock.now(), at.app.rotator().schedule.lifetime);
    let keys = &at.domain.signing_keys;
    let ending = |key: &&crate::model::signing_key::SigningKey| {
        let successor = keys.iter().find(|next| next.algorithm == key.algorithm && next.status == KeyStatus::Published);
        let retires_at = successor.map_or(key.activates_at.plus(lifetime), |next| next.activates_at);
        let soon = retires_at.since(now) <= SOON;
        soon.then(|| KeyEnding { kid: key.kid.clone(), algorithm: key.algorithm, retires_at: retires_at.seconds() })
    };
    keys.iter().filter(|key| key.status == KeyStatus::Active).filter_map(|key| ending(&key)).collect()
}

fn buckets(period: &Period, counts: &[Count]) -> Vec<Bucket> {
    let bucket = |span: i64| {
        let at = period.from.plus(span * period.step);
        Bucket { at: at.seconds(), happened: happened(counts.iter().filter(|count| count.at == at)) }
    };
    (0..period.spans).map(bucket).collect()
}

fn happened<'a>(counts: impl Iterator<Item = &'a Count>) -> Happened {
    let mut happened = Happened::default();
    for count in counts {
        let kind = match count.counted {
            Counted::Registration => &mut happened.registrations,
            Counted::RegistrationRefused => &mut happened.registrations_refused,
            Counted::Token => &mut happened.tokens,
            Counted::TokenRefused => &mut happened.tokens_refused,
            Counted::Introspection => &mut happened.introspections,
            Counted::Login => &mut happened.logins,
            Counted::SignUp => {
                happened.sign_ups += count.count;
                continue;
            }
        };
        *kind.entry(count.label.clone()).or_default() += count.count;
    }
    happened
}

fn refusals(counts: &[Count]) -> Vec<RefusalReason> {
    let all = happened(counts.iter());
    let kinds = [(Refused::Registration, all.registrations_refused), (Refused::Token, all.tokens_refused)];
    let mut reasons: Vec<RefusalReason> = kinds
        .into_iter()
        .flat_map(|(what, reasons)| {
            reasons.into_iter().map(move |(reason, count)| RefusalReason { what, reason, count })
        })
        .collect();
    reasons.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.reason.cmp(&other.reason)));
    reasons.truncate(MOST_REASONS);
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::UnixTime;

    fn count(at: UnixTime, counted: Counted, label: &str, count: i64) -> Count {
        Count { at, counted, label: label.to_owned(), count }
    }

    #[test]
    fn every_span_is_told_and_sums_up_to_the_totals() {
        let now = UnixTime(1_790_000_000);
        for (range, spans, step) in
            [(Range::Day, 24, HOUR), (Range::Week, 7, DAY), (Range::Month, 30, DAY), (Range::Quarter, 90, DAY)]
        {
            let period = range.period(now);
            let (first, last) = (period.from, period.end().plus(-step));
            let counts = [
                count(first, Counted::Token, "refresh_token", 2),
                count(last, Counted::Token, "refresh_token", 3),
                count(last, Counted::SignUp, "", 1),
            ];
            let buckets = buckets(&period, &counts);
            assert_eq!((buckets.len(), buckets[0].happened.tokens["refresh_token"]), (spans, 2));
            assert_eq!(buckets[spans - 1].happened.sign_ups, 1);
            assert_eq!(happened(counts.iter()).tokens["refresh_token"], 5);
        }
    }

    #[test]
    fn the_most_frequent_reasons_come_first_and_no_more_than_ten() {
        let at = UnixTime(0);
        let mut counts: Vec<Count> =
            (0..20).map(|number| count(at, Counted::TokenRefused, &format!("code_{number:02}"), number)).collect();
        counts.push(count(at, Counted::RegistrationRefused, "redirect_uris", 19));
        let reasons = refusals(&counts);
        let told: Vec<_> = reasons.iter().map(|reason| (reason.what, reason.reason.as_str(), reason.count)).collect();
        assert_eq!(told[..2], [(Refused::Token, "code_19", 19), (Refused::Registration, "redirect_uris", 19)]);
        assert_eq!(told.len(), 10);
    }
}

//! A domain at a glance.

use std::collections::BTreeMap;

use axum::response::Response;

use super::application_head::origin_name;
use super::fields::Asked;
use super::respond::{domain_frame, show};
use super::words::{span, title, with_query};
use crate::admin::api::page::TotalView;
use crate::admin::api::statistics::{self, Bucket, Happened, Range, Refused, Statistics};
use crate::admin::managing::ManagingDomain;
use crate::model::client::{ClientStatus, Origin};
use crate::model::oauth_error::OAuthError;
use crate::model::statistics::HOUR;
use crate::model::time::UnixTime;
use crate::pages::console::{
    self, BadgeKind, Chart, ConsoleFrame, Copyable, Expiring, NextStep, Overview, Refusal, Section, Series, Shape,
    Stat, Total,
};
use crate::pages::{Href, Moment};

/// The most series that a chart draws; the others are one more.
const MOST_SERIES: usize = 3;

/// `GET /console/domains/{domain}`
pub async fn show_overview(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let frame = domain_frame(&at, Section::Overview).await?;
    let (range, window) = match asked.field("range") {
        "7d" => (Range::Week, "in the last 7 days"),
        "30d" => (Range::Month, "in the last 30 days"),
        "90d" => (Range::Quarter, "in the last 90 days"),
        _ => (Range::Day, "in the last 24 hours"),
    };
    let told = statistics::gather(&at, range).await?;
    Ok(show(&Overview {
        stats: stats(&frame, &told, window),
        charts: charts(&told),
        origins: origins(&frame, &told),
        expiring: expiring(&frame, &told, at.app.clock.now()),
        refusals: refusals(&told),
        refusal_links: refusal_links(&frame),
        window: window.to_owned(),
        next_steps: next_steps(&at, &frame, &told),
        addresses: addresses(&at),
        frame,
    }))
}

fn total(view: TotalView) -> Total {
    let count = u64::try_from(view.count).unwrap_or_default();
    if view.exact { Total::Exactly(count) } else { Total::AtLeast(count) }
}

fn sum(counts: &BTreeMap<String, i64>) -> Total {
    Total::Exactly(u64::try_from(counts.values().sum::<i64>()).unwrap_or_default())
}

/// All clients of some kind together.
fn clients(told: &Statistics, wanted: impl Fn(Origin, ClientStatus) -> bool) -> Total {
    let found: Vec<_> = told.clients.iter().filter(|one| wanted(one.origin, one.status)).collect();
    let count = found.iter().map(|one| one.total.count).sum();
    total(TotalView { count, exact: found.iter().all(|one| one.total.exact) })
}

fn alive(status: ClientStatus) -> bool {
    status != ClientStatus::Deleted
}

/// The range as the page's URL names it.
fn slug(range: Range) -> &'static str {
    match range {
        Range::Day => "",
        Range::Week => "7d",
        Range::Month => "30d",
        Range::Quarter => "90d",
    }
}

/// How many requests were refused: registrations and token requests.
fn refused(told: &Statistics) -> u64 {
    let kinds = [&told.totals.tokens_refused, &told.totals.registrations_refused];
    kinds.into_iter().flat_map(BTreeMap::values).filter_map(|count| u64::try_from(*count).ok()).sum()
}

fn stats(frame: &ConsoleFrame, told: &Statistics, window: &str) -> Vec<Stat> {
    let refused = refused(told);
    let pending = clients(told, |_, status| status == ClientStatus::Pending);
    let mut stats = vec![
        Stat::new("Applications", clients(told, |_, status| alive(status))).to(frame.under("applications")),
        Stat::new("Users", total(told.users)).to(frame.under("users")),
        Stat::new("MCP servers", Total::Exactly(u64::try_from(told.resources).unwrap_or_default()))
            .to(frame.under("mcp-servers")),
        Stat::new("Tokens", sum(&told.totals.tokens)).noting(window),
        Stat::new("Refused requests", Total::Exactly(refused))
            .noting(window)
            .to(format!("{}#refusals", with_query(&frame.href(&Section::Overview), &[("range", slug(told.range))])))
            .meant(if refused > 0 { BadgeKind::Warn } else { BadgeKind::Quiet }),
        Stat::new("Stale applications", total(told.stale_clients))
            .noting("no token for 90 days")
            .to(with_query(&frame.under("applications"), &[("used", "long-ago")])),
    ];
    if pending != Total::Exactly(0) {
        stats.insert(
            1,
            Stat::new("Waiting for approval", pending)
                .to(with_query(&frame.under("applications"), &[("status", "pending")]))
                .meant(BadgeKind::Warn),
        );
    }
    stats
}

fn charts(told: &Statistics) -> Vec<Chart> {
    let unit = if told.step == HOUR { "hour" } else { "day" };
    let chart = |id, what: &str, shape, of: fn(&Happened) -> &BTreeMap<String, i64>| Chart {
        id,
        title: format!("{what} per {unit}"),
        shape,
        series: series(&told.buckets, of),
        buckets: told.buckets.iter().map(|bucket| name(bucket.at, told.step)).collect(),
    };
    vec![
        chart("tokens", "Tokens", Shape::Bars, |happened| &happened.tokens),
        chart("registrations", "Registrations", Shape::Bars, |happened| &happened.registrations),
        chart("refusals-chart", "Refused token requests", Shape::Bars, |happened| &happened.tokens_refused),
        chart("logins", "Logins", Shape::Bars, |happened| &happened.logins),
    ]
}

/// The most frequent labels, each as a series; the others together.
fn series(buckets: &[Bucket], of: fn(&Happened) -> &BTreeMap<String, i64>) -> Vec<Series> {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for (label, count) in buckets.iter().flat_map(|bucket| of(&bucket.happened)) {
        *sums.entry(label).or_default() += count;
    }
    let mut labels: Vec<&str> = sums.keys().copied().collect();
    labels.sort_by_key(|label| std::cmp::Reverse(sums[label]));
    let (shown, others) = labels.split_at(labels.len().min(MOST_SERIES));
    let numbers = |wanted: &[&str]| {
        let count = |bucket: &Bucket| wanted.iter().filter_map(|label| of(&bucket.happened).get(*label)).sum::<i64>();
        buckets.iter().map(|bucket| u64::try_from(count(bucket)).unwrap_or_default()).collect()
    };
    let mut series: Vec<Series> =
        shown.iter().map(|label| Series { name: called(label).into(), values: numbers(&[label]) }).collect();
    if !others.is_empty() {
        series.push(Series { name: "Others".into(), values: numbers(others) });
    }
    series
}

/// An origin as the filters of the applications call it; any other label in words.
fn called(label: &str) -> String {
    Origin::parse(label).map_or_else(|| title(label), |origin| origin_name(origin).to_owned())
}

fn name(at: i64, step: i64) -> String {
    let moment = Moment::from(UnixTime(at));
    if step == HOUR { moment.short() } else { moment.day() }
}

fn origins(frame: &ConsoleFrame, told: &Statistics) -> Vec<console::Origin> {
    let names = [
        (Origin::Gateway, "Gateways", "gateway"),
        (Origin::ContentAddressed, "MCP clients", "content_addressed"),
        (Origin::Open, "Open registration", "open"),
        (Origin::InitialAccessToken, "Initial access tokens", "initial_access_token"),
        (Origin::Manual, "By hand", "manual"),
    ];
    let mut origins: Vec<console::Origin> = names
        .into_iter()
        .filter_map(|(origin, name, slug)| {
            let counted = told.clients.iter().filter(|one| one.origin == origin && alive(one.status));
            let count = u64::try_from(counted.map(|one| one.total.count).sum::<i64>()).unwrap_or_default();
            let href = with_query(&frame.under("applications"), &[("origin", slug)]).into();
            (count > 0).then_some(console::Origin { name, count, share: 0, href })
        })
        .collect();
    origins.sort_by_key(|origin| std::cmp::Reverse(origin.count));
    let shares = console::percentages(&origins.iter().map(|origin| origin.count).collect::<Vec<_>>());
    origins.iter_mut().zip(shares).for_each(|(origin, share)| origin.share = share);
    origins
}

fn expiring(frame: &ConsoleFrame, told: &Statistics, now: UnixTime) -> Vec<Expiring> {
    let left = |at: i64| match at - now.seconds() {
        seconds if seconds <= 0 => "now".to_owned(),
        seconds => format!("in {}", span(seconds)),
    };
    let secrets = told.expiring_secrets.iter().map(|secret| {
        let name = if secret.name.is_empty() { &secret.client_id } else { &secret.name };
        Expiring {
            what: format!("Secret of {name}").into(),
            at: UnixTime(secret.expires_at).into(),
            left: left(secret.expires_at),
            kind: BadgeKind::Warn,
            href: frame.under(&format!("applications/{}", secret.client_id)).into(),
        }
    });
    let keys = told.expiring_keys.iter().map(|key| Expiring {
        what: format!("Signing key {} (succeeded by itself)", key.algorithm).into(),
        at: UnixTime(key.retires_at).into(),
        left: left(key.retires_at),
        kind: BadgeKind::Quiet,
        href: frame.under("keys").into(),
    });
    secrets.chain(keys).collect()
}

/// Why requests were refused. They add up to what the tile counts: the rarest reasons are one line.
fn refusals(told: &Statistics) -> Vec<Refusal> {
    let refusal = |reason: &statistics::RefusalReason| {
        let what = match reason.what {
            Refused::Registration => "Registration",
            Refused::Token => "Token request",
        };
        let count = u64::try_from(reason.count).unwrap_or_default();
        Refusal { code: Some(reason.reason.clone()), reason: what.into(), count }
    };
    let mut refusals: Vec<Refusal> = told.refusals.iter().map(refusal).collect();
    let rest = refused(told).saturating_sub(refusals.iter().map(|refusal| refusal.count).sum());
    if rest > 0 {
        refusals.push(Refusal { code: None, reason: "Other reasons".into(), count: rest });
    }
    refusals
}

/// Where single refusals are told. Not every refusal is: neither list claims a number.
fn refusal_links(frame: &ConsoleFrame) -> Vec<(&'static str, Href)> {
    let audit = with_query(&frame.under("audit"), &[("action", "client.register"), ("outcome", "refused")]);
    vec![
        ("Refused registrations in the audit log", audit.into()),
        ("Refused token requests of logins", frame.under("traces").into()),
    ]
}

fn next_steps(at: &ManagingDomain, frame: &ConsoleFrame, told: &Statistics) -> Vec<NextStep> {
    let settings = &at.domain.domain.settings;
    let registered = |origin| clients(told, |of, status| of == origin && alive(status)) != Total::Exactly(0);
    vec![
        NextStep {
            title: "Let applications register",
            text: "Choose who may register: a gateway, MCP clients, or whoever holds a token.",
            href: frame.under("registration").into(),
            link: "Registration",
            done: settings.registration,
        },
        NextStep {
            title: "Connect a gateway, or add an MCP server",
            text: "A gateway needs a registrar application with its id and secret; an MCP server needs its URL.",
            href: frame.under("applications/new").into(),
            link: "New application",
            done: registered(Origin::Manual) || told.resources > 0,
        },
        NextStep {
            title: "See the first application register",
            text: "It shows up among the applications at once; what is refused stands in the audit log with the reason.",
            href: frame.under("applications").into(),
            link: "Applications",
            done: clients(told, |origin, status| origin != Origin::Manual && alive(status)) != Total::Exactly(0),
        },
    ]
}

fn addresses(at: &ManagingDomain) -> Vec<Copyable> {
    let name = &at.domain.domain.name;
    let (issuer, base) = (at.app.issuer_of(name), at.app.public_url.as_str());
    vec![
        Copyable::new("address-discovery", "Discovery", format!("{issuer}/.well-known/openid-configuration")),
        Copyable::new("address-issuer", "Issuer", issuer.clone()),
        Copyable::new("address-registration", "Registration", format!("{issuer}/register")),
        Copyable::new("address-token", "Token", format!("{base}/{name}/oauth/token")),
    ]
}

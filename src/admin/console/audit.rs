//! The audit log of a domain, and of the server itself.

use axum::response::Response;
use http::header::CONTENT_DISPOSITION;
use http::{HeaderValue, StatusCode};
use serde_json::Value;

use super::actions;
use super::fields::{Asked, Fields};
use super::names::{Names, Thing};
use super::respond::{domain_frame, frame, sentence, show_as};
use super::words::{title, value, with_query};
use crate::admin::api::audit::{self, AuditEventView, AuditFilter};
use crate::admin::json_lines;
use crate::admin::managing::{Managing, ManagingDomain};
use crate::model::audit_event::Outcome;
use crate::model::id::DomainId;
use crate::model::oauth_error::OAuthError;
use crate::model::time::UnixTime;
use crate::pages::Claimed;
use crate::pages::console::{
    Audit, AuditAsked, AuditChange, AuditRow, Badge, BadgeKind, Choice, ConsoleFrame, Pager, Section,
};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// `GET /console/domains/{domain}/audit`
pub async fn show_audit(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let frame = domain_frame(&at, Section::Audit).await?;
    page(&at, Some(at.domain.id()), frame, &asked).await
}

/// `GET /console/audit`
pub async fn show_server_audit(managing: Managing, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let frame = frame(&managing, Section::ServerAudit).await?;
    page(&managing, None, frame, &asked).await
}

/// `GET /console/domains/{domain}/audit/export`
pub async fn export(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let name = format!("audit-{}.jsonl", at.domain.domain.name);
    lines(&at, Some(at.domain.id()), &name, &asked)
}

/// `GET /console/audit/export`
pub async fn export_server(managing: Managing, Asked(asked): Asked) -> Result<Response, OAuthError> {
    lines(&managing, None, "audit-server.jsonl", &asked)
}

fn lines(managing: &Managing, domain_id: Option<DomainId>, name: &str, asked: &Fields) -> Result<Response, OAuthError> {
    let query = audit::query(filter(&typed(asked), None)?)?;
    let mut response = json_lines::events(&managing.app.store, domain_id, query);
    if let Ok(attached) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(CONTENT_DISPOSITION, attached);
    }
    Ok(response)
}

async fn page(
    managing: &Managing,
    domain_id: Option<DomainId>,
    frame: ConsoleFrame,
    asked: &Fields,
) -> Result<Response, OAuthError> {
    let typed = typed(asked);
    let path = frame.href(&frame.section);
    let cursor = asked.given("cursor").map(str::to_owned);
    let found = match filter(&typed, cursor) {
        Ok(filter) => audit::page(&managing.app.store, domain_id, filter).await,
        Err(error) => Err(error),
    };
    let (list, error) = match found {
        Ok(list) => (Some(list), None),
        // What was typed stands in the form; anything else is a page of its own.
        Err(error) if error.status == 400 => (None, Some(sentence(&error.description))),
        Err(error) => return Err(error),
    };
    let narrowed = |more: (&str, &str), path: &str| {
        let mut all = parameters(&typed).to_vec();
        all.push(more);
        with_query(path, &all)
    };
    let next = list.as_ref().and_then(|list| list.next.as_deref());
    let older = next.map(|next| narrowed(("cursor", next), &path).into());
    let newer = asked.given("cursor").map(|_| narrowed(("cursor", ""), &path).into());
    let events: Vec<AuditEventView> = list.into_iter().flat_map(|list| list.items).collect();
    let mut things: Vec<Thing> = events.iter().flat_map(things_of).collect();
    things.push(Thing::acting(&typed.actor));
    let names = Names::of(&managing.app.store, domain_id, &things).await?;
    let rows: Vec<AuditRow> = events.into_iter().map(|event| row(&frame, &names, event)).collect();
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(show_as(
        status,
        &Audit {
            action: path.as_str().into(),
            export: narrowed(("", ""), &format!("{path}/export")).into(),
            actors: actors(&typed.actor, names.named(&frame, &Thing::acting(&typed.actor)).name, domain_id.is_none()),
            actions: actions(&typed.action, domain_id.is_none()),
            outcomes: outcomes(&typed.outcome),
            pager: Pager { newer, older, ..Pager::default() },
            asked: typed.clone(),
            error,
            rows,
            frame,
        },
    ))
}

fn typed(asked: &Fields) -> AuditAsked {
    let text = |name| asked.trimmed(name).to_owned();
    AuditAsked {
        actor: text("actor"),
        action: text("action"),
        target: text("target"),
        outcome: text("outcome"),
        request_id: text("request_id"),
        from: text("from"),
        until: text("until"),
    }
}

fn parameters(typed: &AuditAsked) -> [(&str, &str); 7] {
    [
        ("actor", &typed.actor),
        ("action", &typed.action),
        ("target", &typed.target),
        ("outcome", &typed.outcome),
        ("request_id", &typed.request_id),
        ("from", &typed.from),
        ("until", &typed.until),
    ]
}

fn filter(typed: &AuditAsked, cursor: Option<String>) -> Result<AuditFilter, OAuthError> {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let outcome = [Outcome::Done, Outcome::Refused].into_iter().find(|outcome| outcome.as_str() == typed.outcome);
    Ok(AuditFilter {
        actor: given(&typed.actor),
        action: given(&typed.action),
        target: given(&typed.target),
        outcome,
        request_id: given(&typed.request_id),
        from: day("From", &typed.from)?,
        // The day itself belongs to it.
        until: day("Until", &typed.until)?.map(|day| day + DAY),
        cursor,
        limit: None,
    })
}

/// The first second of a day, as browsers send it: `2026-01-31`.
fn day(name: &str, text: &str) -> Result<Option<i64>, OAuthError> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || OAuthError::invalid_request(format!("{name}: must be a day, like 2026-01-31"));
    let numbers: Vec<i64> = text.split('-').map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
    match numbers[..] {
        [year @ 1970..=9999, month @ 1..=12, day @ 1..=31] => Ok(Some(days_until(year, month, day) * DAY)),
        _ => Err(wrong()),
    }
}

/// Days from the beginning of 1970 to a date of the Gregorian calendar (Hinnant, `days_from_civil`).
fn days_until(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

/// Kinds of actors. One that was asked for by its id stands among them, by its name.
fn actors(chosen: &str, name: Claimed, of_server: bool) -> Vec<Choice> {
    let mut kinds = vec![("", "Anybody"), ("administrator:", "Administrators"), ("api_token:", "API tokens")];
    if !of_server {
        kinds.extend([
            ("client:", "Applications and gateways"),
            ("registration_access_token:", "Applications, by their registration access token"),
            ("initial_access_token:", "Initial access tokens"),
            ("open", "Anybody, by open registration"),
            ("user:", "People"),
        ]);
    }
    kinds.extend([("cli", "The command line"), ("server", "The server itself")]);
    let mut choices: Vec<Choice> =
        kinds.into_iter().map(|(value, label)| Choice::new(value, label, value == chosen)).collect();
    if !choices.iter().any(|choice| choice.chosen) {
        choices.push(Choice::new(chosen, name, true));
    }
    choices
}

/// Kinds of actions and single ones. One that was asked for and is not known stands among them as it is.
fn actions(chosen: &str, of_server: bool) -> Vec<Choice> {
    let mut choices = vec![Choice::new("", "Anything", chosen.is_empty())];
    choices.extend(actions::choices(of_server).map(|(value, label)| Choice::new(value, label, value == chosen)));
    if !choices.iter().any(|choice| choice.chosen) {
        choices.push(Choice::new(chosen, chosen, true));
    }
    choices
}

fn outcomes(chosen: &str) -> Vec<Choice> {
    [("", "Done and refused"), ("done", "Done"), ("refused", "Refused")]
        .into_iter()
        .map(|(value, label)| Choice::new(value, label, value == chosen))
        .collect()
}

/// Who acted, and what it was done to.
fn things_of(event: &AuditEventView) -> [Thing; 2] {
    [Thing::acting(&event.actor), Thing::target(&event.action, &event.target)]
}

fn row(frame: &ConsoleFrame, names: &Names, event: AuditEventView) -> AuditRow {
    let path = &frame.href(&frame.section);
    let [actor, target] = things_of(&event);
    // A login is refused to nobody known.
    let is_thing = !matches!(event.target.as_str(), "" | "unknown");
    let told = (is_thing && target != actor).then_some(&target);
    let refused = event.outcome == Outcome::Refused.as_str();
    let kind = if refused { BadgeKind::Bad } else { BadgeKind::Good };
    let request = event.request_id.map(|id| {
        let link = with_query(path, &[("request_id", &id)]);
        (Claimed::long(&id), link.into())
    });
    let changes = event.detail.get("changes").and_then(Value::as_object).into_iter().flatten();
    let side = |change: &Value, side: &str| change.get(side).filter(|value| !value.is_null()).map(value);
    AuditRow {
        id: event.id.to_string(),
        at: UnixTime(event.at).into(),
        actor: names.named(frame, &actor),
        of_actor: with_query(path, &[("actor", &event.actor)]).into(),
        what: actions::words(&event.action, refused),
        target: told.map(|target| names.named(frame, target)),
        of_target: told.map(|_| with_query(path, &[("target", &event.target)]).into()),
        action: event.action,
        outcome: Badge::new(kind, title(&event.outcome)),
        reason: event.reason.map(|reason| Claimed::long(&reason)),
        source: event.source.map(|source| Claimed::long(&source)),
        request,
        changes: changes
            .map(|(member, change)| AuditChange {
                member: member.into(),
                before: side(change, "before"),
                after: side(change, "after"),
            })
            .collect(),
        details: event
            .detail
            .iter()
            .filter(|(name, _)| *name != "changes")
            .map(|(name, detail)| (title(name).into(), value(detail)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_browsers_send_them() {
        for (text, seconds) in [("1970-01-01", 0), ("2000-03-01", 951_868_800), ("2026-01-31", 1_769_817_600)] {
            assert_eq!(day("From", text).unwrap(), Some(seconds), "{text}");
        }
        assert_eq!(day("From", "").unwrap(), None);
        for bad in ["yesterday", "2026-13-01", "2026-01", "1969-12-31", "10000-01-01", "2026-1-1-1", "-1-1-1"] {
            assert!(day("From", bad).is_err(), "{bad}");
        }
    }
}

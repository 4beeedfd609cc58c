//! What an attempt's timeline says of the authorization endpoint: names and kinds, never a `state`, a hint or a code.

use super::Attempt;
use super::respond::Stop;
use super::steps::Reached;
use crate::model::flow_trace::{Outcome, Step, TraceStep, shown_uri};
use crate::model::id::{AttemptId, ClientId};
use crate::model::oauth_error::OAuthError;
use crate::model::redirect_uri::RedirectUri;
use crate::model::scope::printable;
use crate::oauth::request::InDomain;

/// Notes what the list came to: what was asked, when it is the first time, and where the browser was sent or why not.
pub(super) fn note(attempt: &Attempt, ended: &Result<Reached, Stop>) {
    let (at, client_id) = (attempt.at(), attempt.params.get("client_id"));
    let first = attempt.interaction.is_none();
    let asked = match ended {
        Ok(_) if first => Some(asked(attempt)),
        Ok(_) => None,
        Err(stop) => Some(refused(attempt, stop)),
    };
    match asked.map(|step| step.by(client_id)) {
        Some(step) if first => at.app.trace.note_after_discovery(step, at.caller.source()),
        Some(step) => at.app.trace.note(step),
        None => {}
    }
    if let Ok(reached) = ended {
        at.app.trace.note(led_to(attempt, reached).by(client_id));
    }
}

/// Notes a request that could not be read.
pub(super) fn unreadable(at: &InDomain, id: &AttemptId, error: &OAuthError) {
    at.trace(at.step(Step::Authorize, Outcome::Refused).of(Some(id)).refused(error.code, &error.description));
}

/// Notes a browser that came back too late.
pub(super) fn over(at: &InDomain, id: &AttemptId) {
    at.trace(over_step(at.step(Step::Authorize, Outcome::Refused).of(Some(id))));
}

fn over_step(step: TraceStep) -> TraceStep {
    step.refused("invalid_request", "the login was over: finished already, or it waited too long").with("over", true)
}

/// The request as it came.
fn asked(attempt: &Attempt) -> TraceStep {
    let params = &attempt.params;
    let has = |name: &str| params.get(name).is_some();
    let mut step = attempt.at().step(Step::Authorize, Outcome::Done).of(Some(&attempt.id));
    step = with_redirect(step, attempt);
    for name in ["response_type", "response_mode", "scope", "prompt", "max_age", "code_challenge_method"] {
        if let Some(value) = params.get(name) {
            step = step.with(name, value.split(' ').map(printable).collect::<Vec<_>>().join(" "));
        }
    }
    let resources: Vec<String> = params.all("resource").map(shown_uri).collect();
    if !resources.is_empty() {
        step = step.with("resource", resources);
    }
    step.with("pkce", has("code_challenge")).with("logged_in", attempt.browser.current.is_some())
}

fn with_redirect(step: TraceStep, attempt: &Attempt) -> TraceStep {
    let registered = registered(attempt).unwrap_or_default();
    let only = registered.first().filter(|_| registered.len() == 1);
    let Some(uri) = attempt.params.get("redirect_uri").or(only.map(String::as_str)) else { return step };
    let step = step.with("redirect_uri", shown_uri(uri));
    match RedirectUri::parse(uri) {
        Ok(parsed) => step.with("redirect_kind", serde_json::json!(parsed.kind())),
        Err(_) => step,
    }
}

/// Where the client may have its answers, as far as it is in memory: the list has just looked.
fn registered(attempt: &Attempt) -> Option<Vec<String>> {
    let at = attempt.at();
    let id = ClientId(attempt.params.get("client_id").unwrap_or_default().to_owned());
    let known = at.app.store.cache().client(at.domain.id(), &id);
    known.map(|entry| entry.client.metadata.redirects().to_vec())
}

fn refused(attempt: &Attempt, stop: &Stop) -> TraceStep {
    let (noted, told) = match stop {
        Stop::Client(told) => (asked(attempt).refused(told.1.code, &told.1.description), "client"),
        Stop::UnknownClient { reason, .. } => (asked(attempt).refused("invalid_client", reason), "page"),
        Stop::Over => (over_step(asked(attempt)), "page"),
        Stop::Page(error) => (mismatch(asked(attempt).refused(error.code, &error.description), attempt), "page"),
    };
    noted.with("told", told)
}

/// What is registered, where the redirect URI is none of it.
fn mismatch(step: TraceStep, attempt: &Attempt) -> TraceStep {
    let Some((asked, registered)) = attempt.params.get("redirect_uri").zip(registered(attempt)) else { return step };
    if registered.iter().any(|own| RedirectUri::parse(own).is_ok_and(|own| own.matches(asked))) {
        return step;
    }
    step.with("registered", registered.iter().map(|own| shown_uri(own)).collect::<Vec<_>>())
}

fn led_to(attempt: &Attempt, reached: &Reached) -> TraceStep {
    let step = |outcome| attempt.at().step(reached.step, outcome).of(Some(&attempt.id));
    match reached.step {
        Step::Code => with_user(with_redirect(step(Outcome::Done), attempt), attempt),
        Step::ConsentPage => with_user(step(Outcome::Waiting), attempt),
        _ => step(Outcome::Waiting),
    }
}

/// Who is logged in in this browser.
fn with_user(step: TraceStep, attempt: &Attempt) -> TraceStep {
    match &attempt.browser.current {
        Some(current) => step.with("user", current.user.id.to_string()),
        None => step,
    }
}

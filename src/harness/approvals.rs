//! People who log in and decide by themselves, so that whatever arrives at the authorization endpoint is sent on to the
//! client at once.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use http::header::{ACCEPT, CONTENT_LENGTH, LOCATION};
use http::{HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use url::form_urlencoded::Serializer;
use utoipa::ToSchema;

use super::control::Control;
use super::page::text;
use super::people::{Decision, Errand};
use super::rules::Stays;
use super::seen::{Seen, pairs};
use crate::model::oauth_error::OAuthError;

/// Who logs in and decides, and for which requests.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoApproval {
    /// Who, by user name or e-mail address.
    pub user: String,
    /// What they decide.
    #[serde(default)]
    pub decision: Decision,
    /// What the client is told where they cancel; `access_denied` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Refusal>,
    /// Only where each of these parameters of the authorization request has this value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub when: BTreeMap<String, String>,
}

/// What a client is told when it gets no code because of the person (OpenID Connect Core §3.1.2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// They cancelled.
    AccessDenied,
    /// They would have to log in.
    LoginRequired,
    /// They would have to be asked.
    ConsentRequired,
    /// They would have to do something else.
    InteractionRequired,
    /// They would have to choose one of their accounts.
    AccountSelectionRequired,
}

impl Refusal {
    fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::AccountSelectionRequired => "account_selection_required",
        }
    }
}

impl AutoApproval {
    /// Whether its members go together.
    pub(super) fn check(&self) -> Result<(), OAuthError> {
        if self.error.is_some() && self.decision == Decision::Allow {
            return Err(OAuthError::invalid_request("error: belongs to the decision deny"));
        }
        Ok(())
    }
}

/// The answer to an authorization request that somebody decides by themselves.
pub(super) async fn answer(control: &Control, seen: &Seen) -> Option<Response> {
    if seen.endpoint != Some("authorize") || !matches!(seen.method, Method::GET | Method::POST) {
        return None;
    }
    // Whoever is at a page already goes on there.
    if seen.parameter("interaction").is_some() {
        return None;
    }
    let domain = seen.domain.as_deref()?;
    let approval = control.approvals.take(domain, |approval| seen.has_all(&approval.when), |_| Stays::Yes)?;
    let form = String::from_utf8_lossy(&seen.body);
    let query = if seen.method == Method::POST { &form } else { seen.query.as_deref().unwrap_or_default() };
    let query = if approval.decision == Decision::Allow { not_silent(query) } else { query.to_owned() };
    let errand =
        Errand { query: &query, accept: seen.headers.get(ACCEPT), login: &approval.user, decision: approval.decision };
    match control.walk(domain, errand).await {
        Ok(answer) => Some(told(answer, approval.error).await),
        Err(error) => {
            let cause = error.cause.as_ref().map(|cause| format!("{cause:#}"));
            tracing::warn!(
                domain,
                user = approval.user,
                error = error.description,
                cause,
                "an auto-approval could not be carried out; the server answers as it would without"
            );
            None
        }
    }
}

/// The same request without `prompt=none`: it is as if the person had been there before.
fn not_silent(query: &str) -> String {
    let mut pairs = pairs(query.as_bytes());
    let mut prompts = pairs.iter().filter(|(name, _)| name == "prompt").map(|(_, value)| value.trim());
    if (prompts.next(), prompts.next()) != (Some("none"), None) {
        return query.to_owned();
    }
    pairs.retain(|(name, _)| name != "prompt");
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The answer with another error in place of `access_denied`.
async fn told(answer: Response, refusal: Option<Refusal>) -> Response {
    let Some(error) = refusal.filter(|refusal| *refusal != Refusal::AccessDenied).map(Refusal::name) else {
        return answer;
    };
    let (mut parts, body) = answer.into_parts();
    if let Some(location) = parts.headers.get(LOCATION).and_then(|location| location.to_str().ok()) {
        if let Some(Ok(location)) = in_location(location, error).map(HeaderValue::try_from) {
            parts.headers.insert(LOCATION, location);
        }
        return Response::from_parts(parts, body);
    }
    if parts.status != StatusCode::OK {
        return Response::from_parts(parts, body);
    }
    let page = text(Response::new(body)).await;
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(in_page(&page, error).unwrap_or(page)))
}

/// The description goes with the error that it described.
fn in_location(location: &str, error: &str) -> Option<String> {
    let (before, rest) = location.rsplit_once("error=access_denied&error_description=")?;
    let (_, after) = rest.split_once('&')?;
    Some(format!("{before}error={error}&{after}"))
}

fn in_page(page: &str, error: &str) -> Option<String> {
    let (before, rest) = page.split_once("name=\"error\" value=\"access_denied\">")?;
    let (_, after) = rest.split_once('>')?;
    Some(format!("{before}name=\"error\" value=\"{error}\">{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_silent_by_prompt_none_alone() {
        assert_eq!(not_silent("a=1&prompt=none&b=x%26y"), "a=1&b=x%26y");
        for other in ["a=1", "prompt=login", "prompt=none&prompt=none", "prompt=none+login"] {
            assert_eq!(not_silent(other), other);
        }
    }

    #[test]
    fn another_error_is_told_without_the_description_of_the_first() {
        let location = "https://a.example/cb?x=1&error=access_denied&error_description=the%20person&state=s&iss=i";
        let told = in_location(location, "login_required").unwrap();
        assert_eq!(told, "https://a.example/cb?x=1&error=login_required&state=s&iss=i");
        let page = "<input type=\"hidden\" name=\"error\" value=\"access_denied\">\n\
                    <input type=\"hidden\" name=\"error_description\" value=\"the person\">\n<p>";
        let told = in_page(page, "login_required").unwrap();
        assert_eq!(told, "<input type=\"hidden\" name=\"error\" value=\"login_required\">\n<p>");
    }
}

//! What authorization requests asked for, so that rules about tokens know it once the tokens come.
//!
//! # Design
//! The server forgets the request once its code is redeemed, and a test may want to go by any parameter. So each is
//! kept under what leads on from it: the interaction while somebody logs in, then the code, then the login that the
//! access tokens name (`grant_id`).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::StatusCode;
use http::header::LOCATION;
use serde_json::Value;

use super::forge;
use super::page::hidden;
use super::seen::{Seen, bounded_pairs, pairs};
use crate::model::json::Object;

/// How much is remembered, in bytes.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// What an entry takes beside its texts, about, in bytes.
const PER_ENTRY: usize = 256;

type Parameters = Arc<Vec<(String, String)>>;

/// The parameters of the latest authorization requests.
#[derive(Debug, Default)]
pub(super) struct Asked(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    by: HashMap<String, Parameters>,
    order: VecDeque<String>,
    weight: usize,
}

fn weight(key: &str, parameters: &Parameters) -> usize {
    let texts: usize = parameters.iter().map(|(name, value)| name.len() + value.len() + PER_ENTRY).sum();
    2 * key.len() + texts + PER_ENTRY
}

impl Kept {
    fn keep(&mut self, key: &str, parameters: &Parameters) {
        self.weight += weight(key, parameters);
        match self.by.insert(key.to_owned(), Arc::clone(parameters)) {
            Some(before) => self.weight -= weight(key, &before),
            None => self.order.push_back(key.to_owned()),
        }
        while self.weight > MOST_BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(parameters) = self.by.remove(&oldest) {
                self.weight -= weight(&oldest, &parameters);
            }
        }
    }
}

/// What is known of the login that a token comes from.
#[derive(Debug, Default)]
pub(super) struct OfLogin {
    parameters: Option<Parameters>,
    scope: String,
}

impl OfLogin {
    /// Whether the authorization request had a parameter with this value; a scope: whether all of it was granted.
    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        let sent = |(known, sent): &(String, String)| known == name && sent == value;
        let granted = |wanted: &str| self.scope.split(' ').any(|granted| granted == wanted);
        self.parameters.as_ref().is_some_and(|all| all.iter().any(sent))
            || (name == "scope" && !value.is_empty() && value.split(' ').all(granted))
    }
}

impl Asked {
    /// Notes where the answer to an authorization request with these parameters leads.
    pub(super) async fn follow(&self, parameters: Vec<(String, String)>, answer: Response) -> Response {
        let interaction = find(&parameters, "interaction").map(str::to_owned);
        let asked = match interaction {
            Some(id) => self.kept().by.get(&id).cloned(),
            None => Some(Arc::new(parameters)),
        };
        let Some(asked) = asked else { return answer };
        if let Some(location) = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok()) {
            let (_, sent) = location.split_once(['?', '#']).unwrap_or_default();
            let sent = pairs(sent.as_bytes());
            for key in ["interaction", "code"].into_iter().filter_map(|name| find(&sent, name)) {
                self.kept().keep(key, &asked);
            }
            return answer;
        }
        if answer.status() != StatusCode::OK || find(&asked, "response_mode") != Some("form_post") {
            return answer;
        }
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        if let Some(code) = hidden(&String::from_utf8_lossy(&body)).get("code") {
            self.kept().keep(code, &asked);
        }
        Response::from_parts(parts, Body::from(body))
    }

    /// The same for a request to this path on its way through the server; others are none of its business.
    pub(super) async fn follow_path(&self, path_and_query: &str, answer: Response) -> Response {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        if !path.ends_with("/oauth/authorize") {
            return answer;
        }
        self.follow(bounded_pairs(query.as_bytes()).0, answer).await
    }

    /// What is known of the login that the token endpoint's answer comes from.
    pub(super) fn of_login(&self, seen: &Seen, answer: &Object) -> OfLogin {
        let token = answer.get("access_token").and_then(Value::as_str).unwrap_or_default();
        let claims = forge::read(token).map(|(_, claims)| claims).unwrap_or_default();
        let claim = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let scope = claim("scope").unwrap_or_default();
        let Some(login) = claim("grant_id") else { return OfLogin { parameters: None, scope } };
        let mut kept = self.kept();
        let by_code = seen.parameter("code").and_then(|code| kept.by.get(&code).cloned());
        if let Some(parameters) = &by_code {
            kept.keep(&login, parameters);
        }
        OfLogin { parameters: by_code.or_else(|| kept.by.get(&login).cloned()), scope }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_requests_are_forgotten_first() {
        let mut kept = Kept::default();
        let parameters = Arc::new(vec![("state".to_owned(), "x".repeat(64 * 1024))]);
        for at in 0..1_000 {
            kept.keep(&format!("ac_{at}"), &parameters);
            kept.keep("ac_same", &parameters);
        }
        assert!(kept.weight <= MOST_BYTES && kept.by.len() == kept.order.len());
        assert!(kept.by.contains_key("ac_999") && !kept.by.contains_key("ac_0"));
    }

    #[test]
    fn a_scope_fits_where_all_of_it_was_granted() {
        let login = OfLogin { parameters: None, scope: "openid orders.read".to_owned() };
        assert!(login.has("scope", "orders.read") && login.has("scope", "orders.read openid"));
        assert!(!login.has("scope", "orders") && !login.has("scope", "") && !login.has("state", "s"));
    }
}

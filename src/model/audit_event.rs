//! Who did what to which thing, from where, and why it was refused.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::id::{DomainId, new_uuid};
use super::json::Object;
use super::time::{Clock, UnixTime};

/// One line of the audit log. Append-only; never holds a secret.
#[derive(Debug, Clone, Serialize)]
pub struct AuditEvent {
    /// Its identifier; sorts by time.
    pub id: Uuid,
    /// The domain it happened in.
    pub domain_id: Option<DomainId>,
    /// When.
    pub at: UnixTime,
    /// Who: `client:…`, `initial_access_token:…`, `registration_access_token:…`, `open`,
    /// `administrator:…`, `api_token:…`, `cli`, `server`.
    pub actor: String,
    /// What, as `thing.verb`: `client.register`, `client.update`, `client_secret.renew` …
    pub action: &'static str,
    /// To which thing.
    pub target: String,
    /// Whether it was done; a refusal says why in `reason`.
    pub outcome: Outcome,
    /// The rule that refused it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The address it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The request it was part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What else is worth knowing: findings, the `jti` of the token used.
    pub detail: Object,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AuditOutcome)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

impl Outcome {
    /// The outcome as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// Who acts, from where: what every audit event of one request has in common.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Who, as in [`AuditEvent::actor`].
    pub name: String,
    /// The address it came from.
    pub source: Option<String>,
    /// The request it was part of.
    pub request_id: Option<String>,
    /// The `jti` of the access token that was used.
    pub token_id: Option<String>,
}

impl Actor {
    /// An actor of this process: `cli`, `server`.
    pub fn local(name: &str) -> Self {
        Self { name: name.to_owned(), source: None, request_id: None, token_id: None }
    }

    /// Something that this actor did.
    pub fn did(&self, clock: &Clock, domain_id: Option<DomainId>, action: &'static str, target: &str) -> AuditEvent {
        let mut detail = Object::new();
        if let Some(token_id) = &self.token_id {
            detail.insert("token_id".to_owned(), token_id.clone().into());
        }
        AuditEvent {
            id: new_uuid(clock),
            domain_id,
            at: clock.now(),
            actor: self.name.clone(),
            action,
            target: target.to_owned(),
            outcome: Outcome::Done,
            reason: None,
            source: self.source.clone(),
            request_id: self.request_id.clone(),
            detail,
        }
    }
}

impl AuditEvent {
    /// The same event with one more detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }

    /// The same event with what differs between two states of its target, as `changes: { member: { before, after } }`; a
    /// member that one side lacks is null there. Without a difference there is no such detail.
    #[must_use]
    pub fn changed(mut self, before: &Object, after: &Object) -> Self {
        let mut changes = Object::new();
        for name in before.keys().chain(after.keys()) {
            let (old, new) = (before.get(name).unwrap_or(&Value::Null), after.get(name).unwrap_or(&Value::Null));
            if old != new {
                changes.insert(name.clone(), json!({ "before": old, "after": new }));
            }
        }
        if !changes.is_empty() {
            self.detail.insert("changes".to_owned(), changes.into());
        }
        self
    }

    /// The same event as a refusal, with the rule that refused it.
    #[must_use]
    pub fn refused(mut self, reason: impl Into<String>) -> Self {
        self.outcome = Outcome::Refused;
        self.reason = Some(reason.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::json::parse_object;

    #[test]
    fn only_what_differs_is_told_with_both_sides() {
        let clock = Clock::manual(UnixTime(1_800_000_000));
        let event = |before: &str, after: &str| {
            let [before, after] = [before, after].map(|text| parse_object(text.as_bytes()).unwrap());
            Value::Object(Actor::local("cli").did(&clock, None, "thing.update", "1").changed(&before, &after).detail)
        };
        assert_eq!(
            event(r#"{"same":[1],"other":1,"gone":true,"none":null}"#, r#"{"same":[1],"other":{"a":2},"new":"x"}"#),
            json!({ "changes": {
                "other": { "before": 1, "after": { "a": 2 } },
                "gone": { "before": true, "after": null },
                "new": { "before": null, "after": "x" },
            } })
        );
        assert_eq!(event(r#"{"a":1}"#, r#"{"a":1,"b":null}"#), json!({}));
    }
}

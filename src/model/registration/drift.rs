//! Where a client's metadata differs from what its registrant last sent, and who did that.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::merge::same;
use crate::model::json::Object;

/// Whose doing a difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The policy makes of what was sent just what is in force.
    Policy,
    /// The policy would make something else of it: somebody changed it here.
    Administrator,
}

/// A member whose value in force is not what the registrant last sent.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Drift {
    /// The member.
    pub member: String,
    /// What the registrant last sent; absent: it never sent the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<Value>,
    /// What is in force; absent: the member was taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_force: Option<Value>,
    /// Whose doing it is, where that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<Because>,
}

/// Whether two values of a member, each of which may be absent, say the same.
pub fn agree(name: &str, a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(name, a, b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

/// Compares what is in force with what the registrant last sent. `expected` is what its policy makes of that today;
/// without it nobody can be named, and members never sent are left out.
pub fn drift(sent: &Object, in_force: &Object, expected: Option<&Object>) -> Vec<Drift> {
    let names: BTreeSet<&String> = sent.keys().chain(in_force.keys()).collect();
    let differing = names.into_iter().filter_map(|name| {
        let (sent, now) = (sent.get(name), in_force.get(name));
        if agree(name, sent, now) {
            return None;
        }
        let made = expected.map(|expected| agree(name, expected.get(name), now));
        let because = made.map(|made| if made { Because::Policy } else { Because::Administrator });
        // What the policy supplied because it was left open is no difference.
        if sent.is_none() && because != Some(Because::Administrator) {
            return None;
        }
        Some(Drift { member: name.clone(), sent: sent.cloned(), in_force: now.cloned(), because })
    });
    differing.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        let Value::Object(members) = value else { panic!("not an object: {value}") };
        members
    }

    fn told(sent: Value, in_force: Value, expected: Option<Value>) -> Vec<(String, Option<Because>)> {
        let expected = expected.map(object);
        let found = drift(&object(sent), &object(in_force), expected.as_ref());
        found.into_iter().map(|drift| (drift.member, drift.because)).collect()
    }

    #[test]
    fn what_policy_narrowed_is_told_from_what_an_administrator_changed() {
        let sent = json!({"client_name": "CRM", "scope": "read admin", "contacts": ["a@b"], "grant_types": ["x", "y"]});
        let expected = json!({"client_name": "CRM", "scope": "read", "contacts": ["a@b"], "grant_types": ["y", "x"],
            "token_endpoint_auth_method": "client_secret_basic", "response_types": ["code"]});
        let in_force = json!({"client_name": "CRM (approved)", "scope": "read", "grant_types": ["y", "x"],
            "token_endpoint_auth_method": "client_secret_post", "response_types": ["code"], "tos_uri": "https://t.example"});
        let administrator = |name: &str| (name.to_owned(), Some(Because::Administrator));
        assert_eq!(
            told(sent.clone(), in_force.clone(), Some(expected)),
            [
                administrator("client_name"),
                administrator("contacts"),
                ("scope".to_owned(), Some(Because::Policy)),
                administrator("token_endpoint_auth_method"),
                administrator("tos_uri"),
            ]
        );
        let unknown = ["client_name", "contacts", "scope"].map(|name| (name.to_owned(), None));
        assert_eq!(told(sent, in_force, None), unknown);
    }

    #[test]
    fn nothing_differs_where_the_same_is_said_otherwise() {
        let sent = json!({"scope": "a b", "application_type": "WEB", "grant_types": ["x", "y"]});
        let in_force = json!({"scope": "b a", "application_type": "web", "grant_types": ["y", "x"]});
        assert_eq!(told(sent, in_force, None), []);
    }
}

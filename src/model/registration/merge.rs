//! Updates (RFC 7592 §2.2, RFC 7396): what a registrant really changes when it resends what it last knew.
//!
//! # Design
//! Gateways never read before they write, so a full update carries stale values. For each member three things are
//! known beside the incoming value: what is in force, what this registrant last asked for, and what it was last told.
//! Only a value that differs from both of the latter is a change; an echo leaves alone what an administrator did.

use std::collections::BTreeSet;

use serde_json::Value;

use super::normalize::{is_nothing, reserved};
use crate::model::client_metadata::{ENCRYPTION_PAIRS, Kind, without_nothing};
use crate::model::json::Object;

/// The claims of a software statement that are about the statement itself (RFC 7519 §4.1).
const STATEMENT_CLAIMS: &[&str] = &["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// What is known about a client before an update.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The members in force.
    pub in_force: &'a Object,
    /// What this registrant last asked for, normalised.
    pub asked: &'a Object,
    /// What this registrant was last told.
    pub told: &'a Object,
}

/// What an update comes to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Merged {
    /// The members wanted now; they pass rules and policy like those of a registration.
    pub members: Object,
    /// What the registrant has now asked for.
    pub asked: Object,
    /// The members whose wanted value is not the one in force.
    pub changed: BTreeSet<String>,
}

/// Merges a full update (PUT) into what is known. `incoming` is normalised.
pub fn merge(known: Known, incoming: &Object) -> Merged {
    // An echo counts as asked from now on: resent once more, when it is no longer what was told, it is still no change.
    let mut merged = Merged { asked: incoming.clone(), ..Merged::unchanged(known) };
    for (name, value) in incoming {
        let echoes = |side: &Object| side.get(name).is_some_and(|seen| same(name, seen, value));
        if !echoes(known.asked) && !echoes(known.told) {
            merged.set(known, name, value.clone());
        }
    }
    // What is left out goes only if this registrant had sent it (RFC 7592 §2.2 lets the server keep the rest).
    for name in known.asked.keys().filter(|name| !incoming.contains_key(*name)) {
        merged.remove(known, name);
    }
    merged.settle();
    merged
}

/// Merges a patch (RFC 7396): whatever it names is set or removed, whatever it leaves out stays.
pub fn patch(known: Known, patch: &Object) -> Merged {
    let mut merged = Merged::unchanged(known);
    for (name, change) in patch {
        if change.is_null() {
            merged.asked.remove(name);
            merged.remove(known, name);
            continue;
        }
        let patched = |side: &Object| patched(side.get(name), change);
        merged.asked.insert(name.clone(), patched(known.asked));
        merged.set(known, name, patched(known.in_force));
    }
    merged.settle();
    merged
}

/// Lets the values of a software statement win over the members beside it (RFC 7591 §2.3). Claims about the statement
/// itself, and names a registrant has no say in, are left aside.
pub fn overlay_statement(members: &mut Object, claims: &Object) {
    for (name, value) in claims {
        if !STATEMENT_CLAIMS.contains(&name.as_str()) && reserved(name).is_none() && !is_nothing(value) {
            members.insert(name.clone(), value.clone());
        }
    }
}

impl Merged {
    fn unchanged(known: Known) -> Self {
        Self { members: known.in_force.clone(), asked: known.asked.clone(), changed: BTreeSet::new() }
    }

    fn set(&mut self, known: Known, name: &str, value: Value) {
        if known.in_force.get(name).is_some_and(|now| same(name, now, &value)) {
            return;
        }
        self.members.insert(name.to_owned(), value);
        self.changed.insert(name.to_owned());
    }

    fn remove(&mut self, known: Known, name: &str) {
        self.members.remove(name);
        if known.in_force.contains_key(name) {
            self.changed.insert(name.to_owned());
        }
    }

    /// Takes out values that only followed from another member which has changed; they are derived anew.
    fn settle(&mut self) {
        if self.changed.contains("grant_types") && !self.changed.contains("response_types") {
            self.members.remove("response_types");
        }
        for (alg, enc) in ENCRYPTION_PAIRS {
            if self.changed.contains(*alg) && !self.members.contains_key(*alg) && !self.changed.contains(*enc) {
                self.members.remove(*enc);
            }
        }
    }
}

/// Whether two values of a member say the same: lists and scopes as sets, the application type without case.
pub(super) fn same(name: &str, a: &Value, b: &Value) -> bool {
    match (Kind::of(name), a, b) {
        (_, Value::Array(a), Value::Array(b)) => {
            a.iter().all(|item| b.contains(item)) && b.iter().all(|item| a.contains(item))
        }
        (Some(Kind::Scope), Value::String(a), Value::String(b)) => {
            let tokens = |text: &str| text.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
            tokens(a) == tokens(b)
        }
        (_, Value::String(a), Value::String(b)) if name == "application_type" => a.eq_ignore_ascii_case(b),
        _ => a == b,
    }
}

/// `MergePatch` of RFC 7396 §2 for one member, whose result is not null.
fn patched(target: Option<&Value>, change: &Value) -> Value {
    let Value::Object(change) = change else { return change.clone() };
    let mut result = target.and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, value) in change {
        if value.is_null() {
            result.remove(name);
        } else {
            let value = patched(result.get(name), value);
            result.insert(name.clone(), value);
        }
    }
    without_nothing(Value::Object(result)).unwrap_or_else(|| Value::Object(Object::new()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::json::parse_object;
    use crate::model::registration::normalize::{normalize, take_server_members};

    fn object(value: Value) -> Object {
        match value {
            Value::Object(members) => members,
            other => panic!("not an object: {other}"),
        }
    }

    /// A client whose registrant asked for `asked` and was told `told`, after which `in_force` came to hold.
    struct Story {
        in_force: Object,
        asked: Object,
        told: Object,
    }

    impl Story {
        fn new(asked: Value, told: Value, in_force: Value) -> Self {
            Self { asked: object(asked), told: object(told), in_force: object(in_force) }
        }

        fn known(&self) -> Known<'_> {
            Known { in_force: &self.in_force, asked: &self.asked, told: &self.told }
        }

        fn put(&self, incoming: Value) -> Merged {
            merge(self.known(), &object(incoming))
        }
    }

    fn names(merged: &Merged) -> Vec<&str> {
        merged.changed.iter().map(String::as_str).collect()
    }

    #[test]
    fn an_echo_never_undoes_an_administrators_change() {
        let story = Story::new(
            json!({"scope": "read"}),
            json!({"scope": "read", "client_name": "CRM"}),
            json!({"scope": "read write", "client_name": "CRM (approved)"}),
        );
        let merged = story.put(json!({"scope": "read", "client_name": "CRM"}));
        assert_eq!(merged.members, story.in_force);
        assert_eq!(names(&merged), [""; 0]);
    }

    #[test]
    fn an_echo_does_not_bring_back_what_an_administrator_removed() {
        let story = Story::new(json!({"contacts": ["a@b"]}), json!({"contacts": ["a@b"]}), json!({}));
        let merged = story.put(json!({"contacts": ["a@b"]}));
        assert_eq!((merged.members, merged.asked), (Object::new(), object(json!({"contacts": ["a@b"]}))));
    }

    #[test]
    fn what_differs_from_asked_and_told_is_a_change() {
        let story = Story::new(json!({"scope": "a b c"}), json!({"scope": "a b"}), json!({"scope": "a b"}));
        let merged = story.put(json!({"scope": "a"}));
        assert_eq!(Value::Object(merged.members.clone()), json!({"scope": "a"}));
        assert_eq!(Value::Object(merged.asked.clone()), json!({"scope": "a"}));
        assert_eq!(names(&merged), ["scope"]);
    }

    #[test]
    fn asking_again_for_what_the_policy_took_away_changes_nothing() {
        let story = Story::new(json!({"scope": "a b c"}), json!({"scope": "a"}), json!({"scope": "a"}));
        for again in [json!({"scope": "a b c"}), json!({"scope": "a"})] {
            assert_eq!(story.put(again).members, story.in_force);
        }
    }

    #[test]
    fn what_is_left_out_goes_only_if_this_registrant_had_sent_it() {
        let story = Story::new(
            json!({"tos_uri": "https://a.example/1"}),
            json!({"tos_uri": "https://a.example/1", "token_endpoint_auth_method": "none"}),
            json!({"tos_uri": "https://a.example/2", "token_endpoint_auth_method": "none", "jwks": {"keys": []}}),
        );
        let merged = story.put(json!({}));
        assert_eq!(
            Value::Object(merged.members.clone()),
            json!({"token_endpoint_auth_method": "none", "jwks": {"keys": []}})
        );
        assert_eq!((names(&merged), merged.asked.len()), (vec!["tos_uri"], 0));
    }

    #[test]
    fn a_stale_echo_sent_again_and_again_is_still_no_change() {
        let stale = json!({"application_type": "web"});
        let story = Story::new(json!({}), stale.clone(), json!({"application_type": "native"}));
        let first = story.put(stale.clone());
        assert_eq!(first.members, story.in_force);
        let later = Story { told: first.members.clone(), asked: first.asked, in_force: first.members };
        assert_eq!(later.put(stale).members, story.in_force);
    }

    #[test]
    fn lists_and_scopes_compare_as_sets_and_the_type_without_case() {
        let story = Story::new(
            json!({}),
            json!({"grant_types": ["a", "b"], "scope": "x y", "application_type": "backend_to_backend"}),
            json!({"grant_types": ["a", "b"], "scope": "x y", "application_type": "backend_to_backend"}),
        );
        let merged = story
            .put(json!({"grant_types": ["b", "a", "b"], "scope": "y x", "application_type": "BACKEND_TO_BACKEND"}));
        assert_eq!((&merged.members, names(&merged)), (&story.in_force, vec![]));
    }

    #[test]
    fn a_change_to_what_an_administrator_already_set_is_remembered_as_asked() {
        let story = Story::new(json!({"client_name": "A"}), json!({"client_name": "A"}), json!({"client_name": "B"}));
        let merged = story.put(json!({"client_name": "B"}));
        assert_eq!((names(&merged), &merged.asked["client_name"]), (vec![], &json!("B")));
    }

    #[test]
    fn response_types_follow_when_the_grants_change() {
        let in_force = json!({"grant_types": ["authorization_code"], "response_types": ["code"]});
        let story = Story::new(json!({"grant_types": ["authorization_code"]}), in_force.clone(), in_force);
        let merged = story.put(json!({"grant_types": ["client_credentials"], "response_types": ["code"]}));
        assert_eq!(Value::Object(merged.members), json!({"grant_types": ["client_credentials"]}));
    }

    #[test]
    fn a_cipher_goes_with_the_algorithm_it_was_supplied_for() {
        let in_force =
            json!({"id_token_encrypted_response_alg": "RSA-OAEP", "id_token_encrypted_response_enc": "A128GCM"});
        let asked = json!({"id_token_encrypted_response_alg": "RSA-OAEP"});
        let merged = Story::new(asked, in_force.clone(), in_force).put(json!({}));
        assert_eq!(merged.members, Object::new());
    }

    #[test]
    fn the_gateways_own_update_changes_what_the_person_edited_and_nothing_else() {
        let registered = include_bytes!("../../../tests/fixtures/apim/web.json");
        let asked = normalize(parse_object(registered).unwrap()).unwrap().asked;
        let mut told = asked.clone();
        told.insert("token_endpoint_auth_method".to_owned(), json!("client_secret_basic"));
        let mut in_force = told.clone();
        in_force.insert("post_logout_redirect_uris".to_owned(), json!(["https://crm.example.com/bye"]));

        let mut body = parse_object(include_bytes!("../../../tests/fixtures/apim/update.json")).unwrap();
        take_server_members(&mut body);
        let incoming = normalize(body).unwrap().asked;
        let merged = merge(Known { in_force: &in_force, asked: &asked, told: &told }, &incoming);
        // The body leaves out policy_uri, which this registrant had sent.
        assert_eq!(names(&merged), ["client_name", "policy_uri", "redirect_uris"]);
        assert_eq!(merged.members["redirect_uris"].as_array().unwrap().len(), 2);
        assert!(merged.members.contains_key("post_logout_redirect_uris"));
        assert_eq!(merged.members["scope"], "orders:read orders:write");
    }

    #[test]
    fn a_patch_sets_and_removes_what_it_names_and_nothing_else() {
        let story = Story::new(
            json!({"client_name": "A", "metadata": {"org": "1", "unit": "2"}}),
            json!({"client_name": "A"}),
            json!({"client_name": "B", "metadata": {"org": "1", "unit": "2"}, "tos_uri": "https://a.example/"}),
        );
        let change = object(json!({"client_name": "A", "metadata": {"unit": null, "x": {"y": null}}, "tos_uri": null}));
        let merged = patch(story.known(), &change);
        assert_eq!(
            Value::Object(merged.members.clone()),
            json!({"client_name": "A", "metadata": {"org": "1", "x": {}}})
        );
        assert_eq!(names(&merged), ["client_name", "metadata", "tos_uri"]);
        assert_eq!(patch(story.known(), &Object::new()).members, story.in_force);
    }

    #[test]
    fn a_statements_values_win_and_its_own_claims_stay_out() {
        let mut members = object(json!({"client_name": "mine", "contacts": ["a@b"]}));
        let claims = object(json!({
            "iss": "https://trust.example", "iat": 1, "jti": "x", "sub": "s", "client_name": "theirs", "scope": "read",
            "client_secret": "no", "trusted": true, "tos_uri": null
        }));
        overlay_statement(&mut members, &claims);
        assert_eq!(Value::Object(members), json!({"client_name": "theirs", "contacts": ["a@b"], "scope": "read"}));
    }

    /// Members with a few names and values, so that the three sides often agree.
    fn members() -> impl Strategy<Value = Object> {
        let name = prop_oneof![
            Just("scope"),
            Just("grant_types"),
            Just("response_types"),
            Just("application_type"),
            Just("client_name"),
            Just("id_token_encrypted_response_alg"),
            Just("id_token_encrypted_response_enc"),
            Just("x")
        ];
        prop::collection::btree_map(name, 0..3usize, 0..8).prop_map(|chosen| {
            chosen
                .into_iter()
                .map(|(name, n)| {
                    (
                        name.to_owned(),
                        match name {
                            "scope" => json!(["a", "a b", "b a"][n]),
                            "grant_types" | "response_types" => {
                                [json!(["a"]), json!(["a", "b"]), json!(["b", "a"])][n].clone()
                            }
                            "application_type" => json!(["web", "WEB", "native"][n]),
                            _ => json!(n),
                        },
                    )
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn the_same_body_twice_changes_nothing(
            in_force in members(), asked in members(), told in members(), incoming in members()
        ) {
            let once = merge(Known { in_force: &in_force, asked: &asked, told: &told }, &incoming);
            // The answer tells what is in force now.
            let twice = merge(Known { in_force: &once.members, asked: &once.asked, told: &once.members }, &incoming);
            prop_assert!(twice.changed.is_empty(), "{:?}", twice.changed);
            prop_assert_eq!(&twice.members, &once.members);
            prop_assert_eq!(&twice.asked, &once.asked);
        }

        #[test]
        fn an_echo_of_the_answer_changes_nothing(in_force in members(), asked in members(), told in members()) {
            let echo = told.clone();
            let story = Known { in_force: &in_force, asked: &asked, told: &told };
            let merged = merge(story, &echo);
            for name in echo.keys() {
                // A cipher may follow an algorithm that the echo left out.
                if !name.ends_with("_enc") && name != "response_types" {
                    prop_assert_eq!(merged.members.get(name), in_force.get(name));
                }
            }
        }

        #[test]
        fn a_patch_twice_changes_nothing(in_force in members(), asked in members(), change in members()) {
            let once = patch(Known { in_force: &in_force, asked: &asked, told: &in_force }, &change);
            let twice = patch(Known { in_force: &once.members, asked: &once.asked, told: &once.members }, &change);
            prop_assert_eq!(&twice.asked, &once.asked);
            for name in change.keys() {
                prop_assert!(same(name, &twice.members[name], &change[name]));
            }
        }
    }
}

//! What makes two openly registered public clients the same client: canonical bytes of the members as asked.
//!
//! # Design
//! The bytes are keyed and hashed into a client id, so they may never change for the same members: the first byte is
//! the version of this format. Left out is what differs between installations of one product (loopback ports, the
//! order of lists) and what is no part of its identity (the scope); empty means absent, as in every registration.

use serde_json::Value;

use super::normalize::is_nothing;
use crate::model::client_metadata::{Kind, without_nothing};
use crate::model::json::Object;
use crate::model::redirect_uri::RedirectUri;

/// The version of this format.
const FORMAT: u8 = 1;

/// The canonical bytes of the members as asked, before any policy.
pub fn canonical(asked: &Object) -> Vec<u8> {
    let members: Object = asked
        .iter()
        .filter(|(name, _)| name.as_str() != "scope")
        .filter_map(|(name, value)| Some((name.clone(), canonical_member(name, value)?)))
        .collect();
    let mut bytes = vec![FORMAT];
    write(&Value::Object(members), &mut bytes);
    bytes
}

fn canonical_member(name: &str, value: &Value) -> Option<Value> {
    let value = without_nothing(value.clone()).filter(|value| !is_nothing(value))?;
    let listed = matches!(Kind::of(name), Some(Kind::TextList | Kind::UriList));
    let texts = value.as_array().filter(|_| listed).map(|items| items.iter().filter_map(Value::as_str));
    let Some(texts) = texts else { return Some(value) };
    let mut texts: Vec<String> = match name {
        "redirect_uris" => texts.map(portless).collect(),
        _ => texts.map(str::to_owned).collect(),
    };
    texts.sort_unstable();
    texts.dedup();
    Some(Value::from(texts))
}

fn portless(uri: &str) -> String {
    RedirectUri::parse(uri).map_or_else(|_| uri.to_owned(), |uri| uri.without_loopback_port())
}

/// JSON without blanks, members in the order of their names, whatever order the map keeps.
fn write(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Array(items) => {
            bytes.push(b'[');
            for item in items {
                write(item, bytes);
                bytes.push(b',');
            }
            bytes.push(b']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| name.as_str());
            bytes.push(b'{');
            for (name, value) in sorted {
                write(&Value::String(name.clone()), bytes);
                bytes.push(b':');
                write(value, bytes);
                bytes.push(b',');
            }
            bytes.push(b'}');
        }
        scalar => bytes.extend_from_slice(scalar.to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn bytes(value: Value) -> Vec<u8> {
        match value {
            Value::Object(members) => canonical(&members),
            other => panic!("not an object: {other}"),
        }
    }

    #[test]
    fn the_format_is_pinned() {
        let asked = json!({
            "scope": "read", "redirect_uris": ["http://127.0.0.1:33418/", "https://a.example/cb", "http://127.0.0.1/"],
            "client_name": "Caf\u{e9} \"X\"", "m": {"b": [true, null, 1], "a": {}}
        });
        let expected = "\u{1}{\"client_name\":\"Caf\u{e9} \\\"X\\\"\",\"m\":{\"a\":{},\"b\":[true,1,],},\
                        \"redirect_uris\":[\"http://127.0.0.1/\",\"https://a.example/cb\",],}";
        assert_eq!(String::from_utf8(bytes(asked)).unwrap(), expected);
    }

    #[test]
    fn installations_on_different_loopback_ports_are_one_client() {
        let on = |port: u16| bytes(json!({"redirect_uris": [format!("http://localhost:{port}/callback")]}));
        assert_eq!(on(51_004), on(3334));
        let https = |port: u16| bytes(json!({"redirect_uris": [format!("https://a.example:{port}/callback")]}));
        assert_ne!(https(8443), https(9443));
    }

    #[test]
    fn absent_null_and_empty_are_equal_and_the_scope_does_not_count() {
        let plain = bytes(json!({"client_name": "X"}));
        for same in [
            json!({"client_name": "X", "contacts": [], "client_uri": "", "tos_uri": null}),
            json!({"client_name": "X", "scope": "read write"}),
            json!({"client_name": "X", "contacts": [""]}),
        ] {
            assert_eq!(bytes(same), plain);
        }
    }

    #[test]
    fn any_other_difference_is_another_client() {
        let plain = json!({"client_name": "X", "token_endpoint_auth_method": "none", "grant_types": ["a"]});
        for other in [
            json!({"client_name": "Y", "token_endpoint_auth_method": "none", "grant_types": ["a"]}),
            json!({"client_name": "X", "grant_types": ["a"]}),
            json!({"client_name": "X", "token_endpoint_auth_method": "none", "grant_types": ["a", "b"]}),
            json!({"client_name": "X", "token_endpoint_auth_method": "none", "grant_types": ["a"], "v": 1}),
        ] {
            assert_ne!(bytes(other), bytes(plain.clone()));
        }
    }

    proptest! {
        #[test]
        fn the_order_of_members_and_of_lists_does_not_count(
            members in prop::collection::btree_map("[a-z_]{1,8}", "[a-z]{0,4}", 0..6),
            uris in prop::collection::vec("https://[a-z]{1,4}\\.example/", 0..5),
        ) {
            let one: Object = members.iter().map(|(name, value)| (name.clone(), json!(value)))
                .chain([("redirect_uris".to_owned(), json!(uris))]).collect();
            let reversed: Vec<&String> = uris.iter().rev().collect();
            let other: Object = [("redirect_uris".to_owned(), json!(reversed))].into_iter()
                .chain(members.iter().rev().map(|(name, value)| (name.clone(), json!(value)))).collect();
            prop_assert_eq!(canonical(&one), canonical(&other));
        }
    }
}

//! How long a client's record gets in a gateway's own database.
//!
//! # Design
//! APIM parses an answer into an object of 44 known members and stores that object as JSON again, in one value that
//! its SQL back ends bound to 4,000 characters. Members it does not know vanish, and each known one that we left out
//! is written with its null (or its 0 or false, where the member cannot be null). A record that is too long is cut or
//! lost after we have registered the client, so the length is computed beforehand.

use serde_json::Value;

use crate::model::json::Object;

/// The known members, with the text APIM stores where the answer has none. Without any value this makes 1,099
/// characters, the figure that APIM's own classes gave.
const KNOWN_MEMBERS: &[(&str, &str)] = &[
    ("redirect_uris", "null"),
    ("response_types", "null"),
    ("grant_types", "null"),
    ("application_type", "null"),
    ("contacts", "null"),
    ("client_name", "null"),
    ("logo_uri", "null"),
    ("client_uri", "null"),
    ("policy_uri", "null"),
    ("tos_uri", "null"),
    ("jwks_uri", "null"),
    ("sector_identifier_uri", "null"),
    ("subject_type", "null"),
    ("id_token_signed_response_alg", "null"),
    ("id_token_encrypted_response_alg", "null"),
    ("id_token_encrypted_response_enc", "null"),
    ("userinfo_signed_response_alg", "null"),
    ("userinfo_encrypted_response_alg", "null"),
    ("userinfo_encrypted_response_enc", "null"),
    ("request_object_signing_alg", "null"),
    ("request_object_encryption_alg", "null"),
    ("request_object_encryption_enc", "null"),
    ("token_endpoint_auth_method", "null"),
    ("token_endpoint_auth_signing_alg", "null"),
    ("default_max_age", "null"),
    ("require_auth_time", "null"),
    ("default_acr_values", "null"),
    ("initiate_login_uri", "null"),
    ("request_uris", "null"),
    ("scope", "null"),
    ("software_id", "null"),
    ("software_version", "null"),
    ("software_statement", "null"),
    ("client_id", "null"),
    ("client_secret", "null"),
    ("client_id_issued_at", "null"),
    ("client_secret_expires_at", "0"),
    ("registration_access_token", "null"),
    ("registration_client_uri", "null"),
    ("domain", "null"),
    ("id", "null"),
    ("enabled", "false"),
    ("created_at", "null"),
    ("updated_at", "null"),
];

/// The length of an answer as APIM stores it, in UTF-16 units, in which its databases count.
pub fn gateway_record_length(record: &Object) -> usize {
    let members: usize = KNOWN_MEMBERS
        .iter()
        .map(|(name, absent)| {
            let value = record.get(*name).filter(|value| !value.is_null());
            // Two quotes around the name and a colon after it.
            name.len() + 3 + value.map_or(absent.len(), written)
        })
        .sum();
    // A comma between members, braces around them.
    members + KNOWN_MEMBERS.len() - 1 + 2
}

fn written(value: &Value) -> usize {
    value.to_string().encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn length(record: Value) -> usize {
        match record {
            Value::Object(members) => gateway_record_length(&members),
            other => panic!("not an object: {other}"),
        }
    }

    #[test]
    fn an_empty_record_has_the_length_that_the_gateway_gave() {
        assert_eq!(length(json!({})), 1099);
    }

    #[test]
    fn a_value_stands_in_the_place_of_its_null() {
        assert_eq!(length(json!({"client_name": "CRM"})), 1099 - 4 + 5);
        assert_eq!(length(json!({"redirect_uris": ["https://a.example/"], "enabled": true})), 1099 - 4 + 22 - 1);
    }

    #[test]
    fn what_the_gateway_does_not_know_costs_nothing() {
        assert_eq!(length(json!({"jwks": {"keys": []}, "metadata": {"x": 1}, "contacts": null})), 1099);
    }

    #[test]
    fn characters_are_counted_as_a_database_of_utf_16_does() {
        assert_eq!(length(json!({"client_name": "\u{e9}\u{1f600}"})), 1099 - 4 + 5);
        assert_eq!(length(json!({"client_name": "\""})), 1099 - 4 + 4);
    }

    #[test]
    fn a_typical_record_is_far_from_the_limit() {
        let record = json!({
            "client_id": "c7Qm3vX0dZ4hT2b8Nw1k00", "client_secret": "x".repeat(43),
            "client_id_issued_at": 1_790_000_000,
            "client_secret_expires_at": 0, "registration_access_token": "x".repeat(47),
            "registration_client_uri": "https://auth.example.com/retail/oidc/register/c7Qm3vX0dZ4hT2b8Nw1k00",
            "client_name": "Nightly export", "application_type": "backend_to_backend", "scope": "orders:read",
            "grant_types": ["client_credentials"], "response_types": [], "redirect_uris": [],
            "token_endpoint_auth_method": "client_secret_basic"
        });
        assert!((1300..1500).contains(&length(record.clone())), "{}", length(record));
    }
}

//! Templates: a client that supplies what another registration leaves open.

use super::findings::{Finding, Outcome, Report};
use crate::model::client_metadata::ClientMetadata;

/// Members that are one client's own and are never taken from a template.
const OWN_MEMBERS: &[&str] = &[
    "client_name",
    "jwks",
    "jwks_uri",
    "post_logout_redirect_uris",
    "redirect_uris",
    "request_uris",
    "sector_identifier_uri",
    "software_id",
    "software_statement",
    "software_version",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_email",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_uri",
    "tls_client_auth_subject_dn",
    // Follows from the grants, whoever chose them.
    "response_types",
];

/// Supplies the members that `metadata` leaves open. The result is checked like any other registration.
pub fn fill(metadata: &mut ClientMetadata, template: &ClientMetadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut members = metadata.to_object();
    for (name, value) in template.to_object() {
        let base = name.split('#').next().unwrap_or(&name);
        if OWN_MEMBERS.contains(&base) || members.contains_key(&name) {
            continue;
        }
        Report::new("template", &mut findings).add(Outcome::Defaulted, &name, "was supplied by the template");
        members.insert(name, value);
    }
    *metadata = ClientMetadata::from_object(members).expect("both halves were typed before");
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn metadata(value: Value) -> ClientMetadata {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_template_supplies_only_what_is_left_open() {
        let mut own = metadata(json!({"client_name": "Export", "scope": "read", "software_id": "tpl-batch"}));
        let template = metadata(json!({
            "scope": "read write", "grant_types": ["client_credentials"], "tos_uri": "https://a.example/tos",
            "tos_uri#fr": "https://a.example/fr", "tenant": "t7"
        }));
        let findings = fill(&mut own, &template);
        assert_eq!(
            Value::Object(own.to_object()),
            json!({
                "client_name": "Export", "scope": "read", "software_id": "tpl-batch",
                "grant_types": ["client_credentials"], "tos_uri": "https://a.example/tos",
                "tos_uri#fr": "https://a.example/fr", "tenant": "t7"
            })
        );
        let members: Vec<&str> = findings.iter().map(|finding| finding.member.as_str()).collect();
        assert_eq!(findings.len(), 4);
        assert!(!members.contains(&"scope"));
    }

    #[test]
    fn what_is_one_clients_own_is_never_copied() {
        let template = metadata(json!({
            "redirect_uris": ["https://a.example/"], "client_name": "Template", "client_name#fr": "Patron",
            "jwks": {"keys": []}, "sector_identifier_uri": "https://a.example/s", "response_types": ["code"]
        }));
        let mut own = ClientMetadata::default();
        assert_eq!(fill(&mut own, &template), []);
        assert_eq!(own, ClientMetadata::default());
    }
}

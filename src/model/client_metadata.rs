//! Client metadata (RFC 7591 §2, OpenID Connect Dynamic Client Registration 1.0 §2): the one place that says which
//! members exist and of what type they are.
//!
//! # Design
//! `members!` writes the struct and the table [`MEMBERS`] from the same lines, so that parsing, storage, every
//! answer and every form follow from adding one line here. Absent members are never written, and whatever is not
//! listed (unknown, nested or language-tagged members such as `client_name#fr`) is kept in `extra`.

mod kind;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json::Object;
use super::registration::findings::{Finding, Report};
use super::scope::ScopeSet;
use kind::without_nothings;
pub use kind::{Kind, without_nothing};

/// The Rust type of the values of each [`Kind`], under the same name.
mod value {
    pub type Text = String;
    pub type Uri = String;
    pub type TextList = Vec<String>;
    pub type UriList = Vec<String>;
    pub type Flag = bool;
    pub type Seconds = i64;
    pub type Scope = super::ScopeSet;
    pub type KeySet = super::Object;
}

/// A member of the client metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its name on the wire.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
}

/// Writes [`ClientMetadata`] and [`MEMBERS`] from one list of `name: Kind`.
macro_rules! members {
    ($($(#[$doc:meta])* $name:ident: $kind:ident,)*) => {
        /// Everything a client may say about itself.
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        pub struct ClientMetadata {
            $($(#[$doc])*
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub $name: Option<value::$kind>,)*
            /// Every other member, as it was sent.
            #[serde(flatten)]
            pub extra: Object,
        }

        /// The members that [`ClientMetadata`] names, in the order of the specifications.
        pub const MEMBERS: &[Member] = &[$(Member { name: stringify!($name), kind: Kind::$kind }),*];
    };
}

members! {
    /// Where authorization responses may be sent (RFC 7591 §2).
    redirect_uris: UriList,
    /// How the client authenticates at the token endpoint (RFC 7591 §2).
    token_endpoint_auth_method: Text,
    /// The grants the client uses (RFC 7591 §2).
    grant_types: TextList,
    /// The response types the client uses (RFC 7591 §2).
    response_types: TextList,
    /// The name shown to people (RFC 7591 §2).
    client_name: Text,
    /// The client's home page (RFC 7591 §2).
    client_uri: Uri,
    /// The client's logo (RFC 7591 §2).
    logo_uri: Uri,
    /// The scopes the client may ask for (RFC 7591 §2).
    scope: Scope,
    /// How to reach the people responsible for the client (RFC 7591 §2).
    contacts: TextList,
    /// The terms of service (RFC 7591 §2).
    tos_uri: Uri,
    /// The privacy policy (RFC 7591 §2).
    policy_uri: Uri,
    /// Where the client publishes its keys (RFC 7591 §2).
    jwks_uri: Uri,
    /// The client's keys by value (RFC 7591 §2).
    jwks: KeySet,
    /// Names the software, the same for all its instances (RFC 7591 §2); names a template where the policy lists any.
    software_id: Text,
    /// The software's version (RFC 7591 §2).
    software_version: Text,
    /// A signed statement about the software (RFC 7591 §2.3).
    software_statement: Text,
    /// The kind of application (OIDC Registration §2); gateways send more kinds than the specification has.
    application_type: Text,
    /// A document that lists the redirect URIs of one sector (OIDC Registration §2).
    sector_identifier_uri: Uri,
    /// `public` or `pairwise` (OIDC Registration §2).
    subject_type: Text,
    /// How ID tokens are signed (OIDC Registration §2).
    id_token_signed_response_alg: Text,
    /// How the key of encrypted ID tokens is made (OIDC Registration §2).
    id_token_encrypted_response_alg: Text,
    /// How ID tokens are encrypted (OIDC Registration §2).
    id_token_encrypted_response_enc: Text,
    /// How userinfo answers are signed (OIDC Registration §2).
    userinfo_signed_response_alg: Text,
    /// How the key of encrypted userinfo answers is made (OIDC Registration §2).
    userinfo_encrypted_response_alg: Text,
    /// How userinfo answers are encrypted (OIDC Registration §2).
    userinfo_encrypted_response_enc: Text,
    /// How request objects are signed (OIDC Registration §2).
    request_object_signing_alg: Text,
    /// How the key of encrypted request objects is made (OIDC Registration §2).
    request_object_encryption_alg: Text,
    /// How request objects are encrypted (OIDC Registration §2).
    request_object_encryption_enc: Text,
    /// How client assertions are signed (OIDC Registration §2).
    token_endpoint_auth_signing_alg: Text,
    /// The oldest login the client takes (OIDC Registration §2).
    default_max_age: Seconds,
    /// Whether ID tokens must say when the person logged in (OIDC Registration §2).
    require_auth_time: Flag,
    /// The authentication contexts asked for by default (OIDC Registration §2).
    default_acr_values: TextList,
    /// Where a third party may start a login (OIDC Registration §2).
    initiate_login_uri: Uri,
    /// Request objects that the client publishes (OIDC Registration §2).
    request_uris: UriList,
    /// Where a person may be sent after logout (OIDC RP-Initiated Logout §3.1).
    post_logout_redirect_uris: UriList,
    /// Where logout tokens are sent (OIDC Back-Channel Logout §2.2).
    backchannel_logout_uri: Uri,
    /// Whether logout tokens must name the session (OIDC Back-Channel Logout §2.2).
    backchannel_logout_session_required: Flag,
    /// The page that logs out in an iframe (OIDC Front-Channel Logout §2).
    frontchannel_logout_uri: Uri,
    /// Whether that page must be told the session (OIDC Front-Channel Logout §2).
    frontchannel_logout_session_required: Flag,
    /// Whether only pushed authorization requests are taken (RFC 9126 §6).
    require_pushed_authorization_requests: Flag,
    /// Whether only signed request objects are taken (RFC 9101 §10.5).
    require_signed_request_object: Flag,
    /// Whether access tokens are always bound to a key by `DPoP` (RFC 9449 §5.2).
    dpop_bound_access_tokens: Flag,
    /// Whether access tokens are bound to the client's certificate (RFC 8705 §3.4).
    tls_client_certificate_bound_access_tokens: Flag,
    /// The certificate's subject (RFC 8705 §2.1.2).
    tls_client_auth_subject_dn: Text,
    /// The certificate's DNS name (RFC 8705 §2.1.2).
    tls_client_auth_san_dns: Text,
    /// The certificate's URI (RFC 8705 §2.1.2).
    tls_client_auth_san_uri: Text,
    /// The certificate's IP address (RFC 8705 §2.1.2).
    tls_client_auth_san_ip: Text,
    /// The certificate's e-mail address (RFC 8705 §2.1.2).
    tls_client_auth_san_email: Text,
    /// How authorization responses are signed (JARM §3).
    authorization_signed_response_alg: Text,
    /// How the key of encrypted authorization responses is made (JARM §3).
    authorization_encrypted_response_alg: Text,
    /// How authorization responses are encrypted (JARM §3).
    authorization_encrypted_response_enc: Text,
    /// How introspection answers are signed (RFC 9701 §6).
    introspection_signed_response_alg: Text,
    /// How the key of encrypted introspection answers is made (RFC 9701 §6).
    introspection_encrypted_response_alg: Text,
    /// How introspection answers are encrypted (RFC 9701 §6).
    introspection_encrypted_response_enc: Text,
}

/// The members that say how a kind of message is encrypted: how its key is made, and the cipher.
pub const ENCRYPTION_PAIRS: &[(&str, &str)] = &[
    ("id_token_encrypted_response_alg", "id_token_encrypted_response_enc"),
    ("userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc"),
    ("request_object_encryption_alg", "request_object_encryption_enc"),
    ("authorization_encrypted_response_alg", "authorization_encrypted_response_enc"),
    ("introspection_encrypted_response_alg", "introspection_encrypted_response_enc"),
];

/// The members that ask for encrypted answers, of which this server gives none.
pub fn asks_for_encryption(member: &str) -> bool {
    member.ends_with("_encrypted_response_alg") || member.ends_with("_encrypted_response_enc")
}

/// The kinds of application that change what the server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplicationType {
    /// Runs on a server.
    Web,
    /// Runs in a browser.
    Browser,
    /// Runs on a person's device.
    Native,
    /// Acts for itself, without a person.
    Machine,
    /// Any other name that a gateway gives.
    Other,
}

impl ApplicationType {
    /// Reads the names that OIDC and the gateways use, whatever their case.
    pub fn of(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "web" => Self::Web,
            "browser" | "spa" => Self::Browser,
            "native" => Self::Native,
            "backend_to_backend" | "service" | "machine" => Self::Machine,
            _ => Self::Other,
        }
    }
}

impl ClientMetadata {
    /// Reads normalised members. Every member of a wrong type is reported, not only the first.
    pub fn from_object(members: Object) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut report = Report::new("member-type", &mut findings);
        for member in MEMBERS {
            if let Some(problem) = members.get(member.name).and_then(|value| member.kind.problem(value)) {
                report.refuse(member.name, problem);
            }
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        serde_json::from_value(Value::Object(members)).map_err(|error| {
            Report::new("member-type", &mut findings).refuse("client_metadata", error.to_string());
            findings
        })
    }

    /// The members as they go on the wire and into the database: no null and no empty string at any depth.
    pub fn to_object(&self) -> Object {
        match serde_json::to_value(self) {
            Ok(Value::Object(members)) => without_nothings(members),
            _ => unreachable!("a struct of strings, lists and JSON values serialises to an object"),
        }
    }

    /// The kind of application, if the client names one.
    pub fn application(&self) -> Option<ApplicationType> {
        self.application_type.as_deref().map(ApplicationType::of)
    }

    /// The redirect URIs; none if absent.
    pub fn redirects(&self) -> &[String] {
        self.redirect_uris.as_deref().unwrap_or_default()
    }

    /// Whether the client uses this grant type.
    pub fn has_grant(&self, grant_type: &str) -> bool {
        self.grant_types.iter().flatten().any(|own| own == grant_type)
    }

    /// Whether the client has neither secret nor key (RFC 6749 §2.1).
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method.as_deref() == Some("none")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        match value {
            Value::Object(members) => members,
            _ => panic!("not an object"),
        }
    }

    #[test]
    fn unknown_nested_and_language_tagged_members_are_kept() {
        let sent = object(json!({
            "client_name": "Shop", "client_name#fr": "Boutique", "metadata": {"organization": "org-77"}, "tenant": 7
        }));
        let metadata = ClientMetadata::from_object(sent.clone()).unwrap();
        assert_eq!(metadata.extra.len(), 3);
        assert_eq!(metadata.to_object(), sent);
    }

    #[test]
    fn empty_lists_are_written_and_absent_members_are_not() {
        let metadata = ClientMetadata { redirect_uris: Some(vec![]), ..ClientMetadata::default() };
        assert_eq!(Value::Object(metadata.to_object()), json!({"redirect_uris": []}));
    }

    #[test]
    fn every_member_of_a_wrong_type_is_named_with_the_type_it_must_have() {
        let sent = object(json!({
            "redirect_uris": "https://a.example/cb", "contacts": [1], "client_name": 5, "default_max_age": 1.5,
            "require_auth_time": "maybe", "jwks": [], "scope": {}
        }));
        let findings = ClientMetadata::from_object(sent).unwrap_err();
        let named: Vec<(&str, &str)> = findings.iter().map(|f| (f.member.as_str(), f.explanation.as_str())).collect();
        assert_eq!(
            named,
            [
                ("redirect_uris", "must be an array of strings that hold URIs"),
                ("client_name", "must be a string"),
                ("scope", "must be a string of space-separated scopes"),
                ("contacts", "must be an array of strings"),
                ("jwks", "must be an object: a JSON Web Key Set"),
                ("default_max_age", "must be a whole number of seconds"),
                ("require_auth_time", "must be true or false"),
            ]
        );
    }

    #[test]
    fn a_scope_that_breaks_the_grammar_is_named() {
        let findings = ClientMetadata::from_object(object(json!({"scope": "ok b\"ad"}))).unwrap_err();
        assert!(findings[0].explanation.contains("b?ad"));
    }

    #[test]
    fn the_application_type_is_read_without_case_and_kept_verbatim() {
        let metadata = ClientMetadata::from_object(object(json!({"application_type": "BACKEND_TO_BACKEND"}))).unwrap();
        assert_eq!(metadata.application(), Some(ApplicationType::Machine));
        assert_eq!(metadata.to_object()["application_type"], "BACKEND_TO_BACKEND");
        assert_eq!(ApplicationType::of("kiosk"), ApplicationType::Other);
    }

    #[test]
    fn each_member_stands_in_the_table_once() {
        for (index, member) in MEMBERS.iter().enumerate() {
            assert!(MEMBERS[index + 1..].iter().all(|other| other.name != member.name), "{}", member.name);
        }
        assert_eq!(Kind::of("jwks"), Some(Kind::KeySet));
        assert_eq!(Kind::of("client_name#fr"), None);
    }

    /// Any JSON value, nulls and empty strings included.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            Just(json!("")),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z\u{e9}]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{1,3}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn is_clean(value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => items.iter().all(is_clean),
            Value::Object(members) => members.values().all(is_clean),
            _ => true,
        }
    }

    proptest! {
        #[test]
        fn what_is_written_never_holds_a_null_or_an_empty_string(
            extra in prop::collection::btree_map("x_[a-z]{1,4}", any_json(), 0..5),
            name in prop::option::of("[a-z]{0,3}"),
            contacts in prop::option::of(prop::collection::vec("[a-z]{0,2}", 0..4)),
        ) {
            let extra = extra.into_iter().collect();
            let metadata = ClientMetadata { client_name: name, contacts, extra, ..ClientMetadata::default() };
            prop_assert!(is_clean(&Value::Object(metadata.to_object())));
        }
    }
}

//! Clients that are a URL: the metadata document behind a `client_id` (draft-ietf-oauth-client-id-metadata-document).

use serde_json::{Value, json};
use url::Url;

use super::id::{ClientId, DomainId};
use super::json::Object;
use super::registration::findings::Refusal;
use super::time::UnixTime;

/// The member that lists every method a client can use (OpenID Connect Relying Party Metadata Choices 1.0 §2).
pub const METHODS_MEMBER: &str = "token_endpoint_auth_methods_supported";

/// Longer texts are no client ids.
const MAX_LENGTH: usize = 300;

/// The ways to authenticate without a shared secret, the stronger first: nobody could have agreed on one (§4.1).
const METHODS: [&str; 2] = ["private_key_jwt", "none"];

/// Where a document came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentSource {
    /// From its URL.
    Fetched,
    /// From the copies built into the server, because its URL could not be read.
    BuiltIn,
}

impl DocumentSource {
    /// The source as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fetched => "fetched",
            Self::BuiltIn => "built_in",
        }
    }

    /// Reads a stored source.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Fetched, Self::BuiltIn].into_iter().find(|source| source.as_str() == text)
    }
}

/// A document as it was last read, in one domain.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientDocument {
    /// The domain that a person brought it to.
    pub domain_id: DomainId,
    /// Its URL, which is the `client_id`.
    pub client_id: ClientId,
    /// What it asks for, as [`read_document`] takes it.
    pub metadata: Object,
    /// Where it came from.
    pub source: DocumentSource,
    /// A hash of what people consented to: see [`identity`].
    pub identity: String,
    /// When it was read.
    pub fetched_at: UnixTime,
    /// Until when it is used without asking again.
    pub fresh_until: UnixTime,
    /// Until when it is used where asking again fails.
    pub usable_until: UnixTime,
}

/// Whether a `client_id` names a document: an https URL in its normal form, with a path, without user information, dot
/// segments and fragment (§3).
pub fn is_document_id(client_id: &str) -> bool {
    if !client_id.starts_with("https://") || client_id.len() > MAX_LENGTH {
        return false;
    }
    // The normal form is lower case where that does not matter, and has no dot segments and no default port.
    Url::parse(client_id).is_ok_and(|url| {
        url.as_str() == client_id
            && url.path() != "/"
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    })
}

/// Whether an administrator's lists let this document in. `denied` may name whole documents as well.
pub fn is_taken(client_id: &str, allowed: &[String], denied: &[String]) -> bool {
    let host = Url::parse(client_id).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let host = host.trim_end_matches('.');
    let names = |pattern: &String| pattern == client_id || names_host(pattern, host);
    !denied.iter().any(names) && (allowed.is_empty() || allowed.iter().any(names))
}

/// A host by its name, or `*.example.com` for everything below it.
fn names_host(pattern: &str, host: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    match pattern.strip_prefix("*.") {
        Some(above) => host.strip_suffix(above).is_some_and(|below| below.ends_with('.')),
        None => host == pattern,
    }
}

/// What is wrong with an entry of the lists, if anything.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    let host = pattern.strip_prefix("*.").unwrap_or(pattern);
    let named = Url::parse(&format!("https://{host}/")).ok();
    let is_host = named.is_some_and(|url| url.host_str() == Some(&*host.to_ascii_lowercase()) && url.path() == "/");
    if (is_host && !host.starts_with('.') && !host.contains('*')) || is_document_id(pattern) {
        return Ok(());
    }
    Err(format!("'{pattern}' is not a host such as app.example.com or *.example.com, nor a document's URL"))
}

/// Takes a document for the registration it stands for (§4): it must be about this URL, say a name and redirect URIs,
/// and offer a way to authenticate that needs no shared secret.
pub fn read_document(client_id: &str, document: Value) -> Result<Object, Refusal> {
    let refused = |member: &str, problem: &str| Err(Refusal::one(member, "client-id-document", problem));
    let Value::Object(mut members) = document else {
        return refused("client_metadata", "is not a JSON object");
    };
    if members.remove("client_id").as_ref().and_then(Value::as_str) != Some(client_id) {
        return refused("client_id", "is not the URL that the document was fetched from");
    }
    if ["client_secret", "client_secret_expires_at"].iter().any(|secret| members.contains_key(*secret)) {
        return refused("client_secret", "stands in a public document; take it out");
    }
    if members.get("client_name").and_then(Value::as_str).is_none_or(str::is_empty) {
        return refused("client_name", "is missing; people are shown it");
    }
    if members.get("redirect_uris").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return refused("redirect_uris", "are missing; list where responses may be sent");
    }
    let methods = methods(&members);
    let Some(first) = methods.first() else {
        return refused("token_endpoint_auth_method", "must be none, or private_key_jwt with jwks or jwks_uri");
    };
    members.insert("token_endpoint_auth_method".to_owned(), json!(first));
    members.insert(METHODS_MEMBER.to_owned(), json!(methods));
    // Not verified here, so not to be relied on later.
    members.remove("software_statement");
    members.remove("sector_identifier_uri");
    Ok(members)
}

/// The usable methods among those that the document names, in one member or the other; `none` where it names none.
fn methods(members: &Object) -> Vec<&'static str> {
    let one = members.get("token_endpoint_auth_method").and_then(Value::as_str);
    let several = members.get(METHODS_MEMBER).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let named: Vec<&str> = one.into_iter().chain(several).collect();
    let has_keys = ["jwks", "jwks_uri"].iter().any(|keys| members.get(*keys).is_some_and(|value| !value.is_null()));
    let usable = |method: &'static str| match method {
        "none" => named.is_empty() || named.contains(&"none"),
        method => has_keys && named.contains(&method),
    };
    METHODS.into_iter().filter(|method| usable(method)).collect()
}

/// What people consented to when they consented to the client: where it is answered and what it proves. Whoever
/// changes that is asked about again.
pub fn identity(metadata: &Object) -> Vec<u8> {
    let mut redirects: Vec<&str> = metadata
        .get("redirect_uris")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    redirects.sort_unstable();
    redirects.dedup();
    let member = |name: &str| metadata.get(name).cloned().unwrap_or_default();
    json!([redirects, member("jwks"), member("jwks_uri"), member(METHODS_MEMBER)]).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const ID: &str = "https://app.example.com/client.json";

    fn document(changes: &Value) -> Value {
        let mut document = json!({
            "client_id": ID, "client_name": "App", "redirect_uris": ["https://app.example.com/cb"],
            "token_endpoint_auth_method": "none",
        });
        for (name, value) in changes.as_object().unwrap() {
            document[name] = value.clone();
        }
        document.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        document
    }

    #[rstest]
    #[case(ID, true)]
    #[case("https://app.example.com:8443/a/b?v=1", true)]
    #[case("https://app.example.com/client/", true)]
    #[case("https://app.example.com/", false)]
    #[case("https://app.example.com", false)]
    #[case("http://app.example.com/client.json", false)]
    #[case("HTTPS://app.example.com/client.json", false)]
    #[case("https://App.example.com/client.json", false)]
    #[case("https://app.example.com:443/client.json", false)]
    #[case("https://app.example.com/client.json#x", false)]
    #[case("https://app.example.com/client.json#", false)]
    #[case("https://user@app.example.com/client.json", false)]
    #[case("https://user:pass@app.example.com/client.json", false)]
    #[case("https://@app.example.com/client.json", false)]
    #[case("https://app.example.com/a/../client.json", false)]
    #[case("https://app.example.com/./client.json", false)]
    #[case("https://app.example.com/%2e%2e/client.json", false)]
    #[case("https://app.example.com/a\\b", false)]
    #[case("https://app.example.com/a b", false)]
    #[case("https://app.example.com/\tclient.json", false)]
    #[case("https://app.example.com/caf\u{e9}", false)]
    #[case(" https://app.example.com/client.json", false)]
    #[case("https:///client.json", false)]
    #[case("client", false)]
    #[case("", false)]
    fn these_are_ids_of_documents(#[case] id: &str, #[case] expected: bool) {
        assert_eq!(is_document_id(id), expected);
    }

    #[test]
    fn an_id_is_at_most_300_characters() {
        let of = |length: usize| format!("https://a.example/{}", "x".repeat(length - 18));
        assert!(is_document_id(&of(300)) && !is_document_id(&of(301)));
    }

    #[rstest]
    #[case(&[], &[], true)]
    #[case(&["app.example.com"], &[], true)]
    #[case(&["APP.example.com"], &[], true)]
    #[case(&["*.example.com"], &[], true)]
    #[case(&["*.app.example.com", "example.com"], &[], false)]
    #[case(&["other.example"], &[], false)]
    #[case(&[], &["app.example.com"], false)]
    #[case(&[], &["*.example.com"], false)]
    #[case(&[], &["*.com"], false)]
    #[case(&[], &["*.ample.com"], true)]
    #[case(&[], &[ID], false)]
    #[case(&[], &["https://app.example.com/other.json"], true)]
    #[case(&["app.example.com"], &[ID], false)]
    #[case(&[ID], &[], true)]
    fn lists_let_documents_in(#[case] allowed: &[&str], #[case] denied: &[&str], #[case] expected: bool) {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(is_taken(ID, &owned(allowed), &owned(denied)), expected);
    }

    #[test]
    fn a_final_dot_makes_no_other_host() {
        assert!(!is_taken("https://app.example.com./client.json", &[], &["app.example.com".to_owned()]));
    }

    #[rstest]
    #[case("app.example.com", true)]
    #[case("*.example.com", true)]
    #[case("localhost", true)]
    #[case("192.0.2.1", true)]
    #[case(ID, true)]
    #[case("", false)]
    #[case("*", false)]
    #[case("*.", false)]
    #[case("app.*.com", false)]
    #[case(".example.com", false)]
    #[case("app.example.com/x", false)]
    #[case("app.example.com:8443", false)]
    #[case("http://app.example.com/x", false)]
    fn an_entry_is_a_host_or_a_document(#[case] pattern: &str, #[case] good: bool) {
        assert_eq!(check_pattern(pattern).is_ok(), good, "{pattern}");
    }

    #[rstest]
    #[case(json!({ "client_id": null }), "client_id")]
    #[case(json!({ "client_id": "https://app.example.com/other.json" }), "client_id")]
    #[case(json!({ "client_id": format!("{ID}/") }), "client_id")]
    #[case(json!({ "client_name": null }), "client_name")]
    #[case(json!({ "client_name": "" }), "client_name")]
    #[case(json!({ "client_name": 5 }), "client_name")]
    #[case(json!({ "redirect_uris": null }), "redirect_uris")]
    #[case(json!({ "redirect_uris": [] }), "redirect_uris")]
    #[case(json!({ "redirect_uris": "https://app.example.com/cb" }), "redirect_uris")]
    #[case(json!({ "client_secret": "x" }), "client_secret")]
    #[case(json!({ "client_secret_expires_at": 0 }), "client_secret")]
    #[case(json!({ "token_endpoint_auth_method": "client_secret_basic" }), "token_endpoint_auth_method")]
    #[case(json!({ "token_endpoint_auth_method": "client_secret_jwt" }), "token_endpoint_auth_method")]
    #[case(json!({ "token_endpoint_auth_method": "private_key_jwt" }), "token_endpoint_auth_method")]
    #[case(json!({ "token_endpoint_auth_method": null, METHODS_MEMBER: ["client_secret_post"] }), "token_endpoint_auth_method")]
    fn these_are_refused(#[case] changes: Value, #[case] member: &str) {
        let refusal = read_document(ID, document(&changes)).unwrap_err();
        assert_eq!(refusal.findings[0].member, member);
    }

    #[test]
    fn a_document_is_an_object() {
        for other in [json!([]), json!("x"), Value::Null] {
            assert!(read_document(ID, other).is_err());
        }
    }

    #[rstest]
    #[case(json!({}), &["none"])]
    #[case(json!({ "token_endpoint_auth_method": null }), &["none"])]
    #[case(json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "x" }), &["private_key_jwt"])]
    #[case(json!({ "jwks_uri": "x" }), &["none"])]
    #[case(json!({ "token_endpoint_auth_method": "private_key_jwt", METHODS_MEMBER: ["none", "private_key_jwt"], "jwks_uri": "x" }),
        &["private_key_jwt", "none"])]
    #[case(json!({ METHODS_MEMBER: ["none", "private_key_jwt", "client_secret_post"], "jwks": {} }), &["private_key_jwt", "none"])]
    #[case(json!({ METHODS_MEMBER: ["none", "private_key_jwt"] }), &["none"])]
    #[case(json!({ "token_endpoint_auth_method": "client_secret_post", METHODS_MEMBER: ["none"] }), &["none"])]
    fn the_usable_methods_are_those_without_a_secret(#[case] changes: Value, #[case] methods: &[&str]) {
        let members = read_document(ID, document(&changes)).unwrap();
        assert_eq!(members[METHODS_MEMBER], json!(methods));
        assert_eq!(members["token_endpoint_auth_method"], methods[0]);
        assert!(!members.contains_key("client_id"));
    }

    #[test]
    fn what_people_consented_to_is_where_it_is_answered_and_what_it_proves() {
        let of = |changes: Value| identity(&read_document(ID, document(&changes)).unwrap());
        let two = |a: &str, b: &str| of(json!({ "redirect_uris": [a, b] }));
        assert_eq!(two("https://a/", "https://b/"), two("https://b/", "https://a/"));
        assert_eq!(of(json!({})), of(json!({ "client_name": "Another name", "logo_uri": "https://a/" })));
        assert_ne!(of(json!({})), of(json!({ "redirect_uris": ["https://evil.example/"] })));
        let keys = |uri: &str| of(json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri }));
        assert_ne!(keys("https://a/"), keys("https://b/"));
        assert_ne!(of(json!({})), keys("https://a/"));
    }
}

//! Rules about URIs and contacts (RFC 7591 §2, OIDC Registration §2 and §5).

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;

use super::RuleContext;
use crate::model::client_metadata::ClientMetadata;
use crate::model::redirect_uri::RedirectUri;
use crate::model::registration::findings::{Finding, Report};
use crate::model::scope::printable;

/// Each redirect URI may be registered (RFC 7591 §5, RFC 8252 §7).
pub(super) fn redirect_uris(metadata: &ClientMetadata, _: &RuleContext, report: &mut Report) {
    each_redirect("redirect_uris", metadata.redirects(), report);
}

/// A logout leads back under the same rules (OIDC RP-Initiated Logout §3.1).
pub(super) fn post_logout_redirect_uris(metadata: &ClientMetadata, _: &RuleContext, report: &mut Report) {
    let uris = metadata.post_logout_redirect_uris.as_deref().unwrap_or_default();
    each_redirect("post_logout_redirect_uris", uris, report);
}

fn each_redirect(member: &str, uris: &[String], report: &mut Report) {
    for uri in uris {
        if let Err(problem) = RedirectUri::parse(uri) {
            report.refuse(member, format!("'{}' {problem}", printable(uri)));
        }
    }
}

/// Pages shown to people are web pages (RFC 7591 §2.2, §5): no `javascript:` behind a link.
pub(super) fn web_uris(metadata: &ClientMetadata, _: &RuleContext, report: &mut Report) {
    const PAGES: [&str; 4] = ["client_uri", "logo_uri", "policy_uri", "tos_uri"];
    let own = [&metadata.client_uri, &metadata.logo_uri, &metadata.policy_uri, &metadata.tos_uri];
    let logout = [
        ("backchannel_logout_uri", metadata.backchannel_logout_uri.as_deref()),
        ("frontchannel_logout_uri", metadata.frontchannel_logout_uri.as_deref()),
    ];
    // "client_uri#fr" is the same page in another language (RFC 7591 §2.2).
    let tagged = metadata.extra.iter().filter_map(|(name, value)| {
        let (base, _) = name.split_once('#')?;
        PAGES.contains(&base).then(|| (name.as_str(), Some(value.as_str().unwrap_or_default())))
    });
    let named = PAGES.into_iter().zip(own.map(|uri| uri.as_deref()));
    for (member, uri) in named.chain(logout).chain(tagged) {
        refuse_unless_web(member, uri, &["https", "http"], report);
    }
}

/// What the server fetches, or sends a person to by itself, is reached over TLS (OIDC Registration §2, RFC 7591 §5).
pub(super) fn secure_uris(metadata: &ClientMetadata, _: &RuleContext, report: &mut Report) {
    for (member, uri) in [
        ("jwks_uri", &metadata.jwks_uri),
        ("sector_identifier_uri", &metadata.sector_identifier_uri),
        ("initiate_login_uri", &metadata.initiate_login_uri),
    ] {
        refuse_unless_web(member, uri.as_deref(), &["https"], report);
    }
}

/// Request objects are fetched over TLS; a fragment may carry their hash (OIDC Core §6.2).
pub(super) fn request_uris(metadata: &ClientMetadata, _: &RuleContext, report: &mut Report) {
    for uri in metadata.request_uris.iter().flatten() {
        refuse_unless_web("request_uris", Some(uri), &["https"], report);
    }
}

fn refuse_unless_web(member: &str, uri: Option<&str>, schemes: &[&str], report: &mut Report) {
    let Some(uri) = uri else { return };
    let fits = |url: Url| {
        let plain = url.username().is_empty() && url.password().is_none();
        schemes.contains(&url.scheme()) && url.has_host() && plain
    };
    if uri.contains(|c: char| c.is_whitespace() || c.is_control()) || !Url::parse(uri).is_ok_and(fits) {
        let wanted = schemes.join(" or ");
        report.refuse(member, format!("'{}' is not an {wanted} URI; use one, written in full", printable(uri)));
    }
}

/// A contact is an e-mail address, or another address that people can use (RFC 7591 §2).
pub(super) fn contacts(metadata: &ClientMetadata, _: &RuleContext, report: &mut Report) {
    for contact in metadata.contacts.iter().flatten() {
        let reachable = ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| contact.starts_with(scheme));
        let mail = contact.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.contains(['@', ' ']) && !name.starts_with(' ')
        });
        if contact.contains(char::is_control) || !(reachable || mail) {
            report.refuse("contacts", format!("'{}' is not an e-mail address; give one", printable(contact)));
        }
    }
}

/// Pairwise subjects of several hosts need one common sector (OIDC Core §8.1).
pub(super) fn sector_identifier(metadata: &ClientMetadata, _: &RuleContext, report: &mut Report) {
    let pairwise = metadata.subject_type.as_deref() == Some("pairwise");
    if !pairwise || metadata.sector_identifier_uri.is_some() {
        return;
    }
    let uris = metadata.redirects().iter().filter_map(|uri| RedirectUri::parse(uri).ok());
    let hosts: BTreeSet<String> = uris.map(|uri| uri.host().unwrap_or(uri.as_str()).to_owned()).collect();
    if hosts.len() > 1 {
        report.refuse("sector_identifier_uri", "is needed for pairwise subjects with redirect URIs of several hosts");
    }
}

/// Whether the document at the sector identifier URI lists every redirect URI (OIDC Registration §5).
pub fn sector_document_covers(document: &Value, redirect_uris: &[String]) -> Result<(), Finding> {
    let refused = |explanation: String| {
        let mut findings = Vec::new();
        Report::new("sector-document", &mut findings).refuse("sector_identifier_uri", explanation);
        findings.remove(0)
    };
    let Some(items) = document.as_array().filter(|items| items.iter().all(Value::is_string)) else {
        return Err(refused("must lead to a JSON array of strings".to_owned()));
    };
    let missing = redirect_uris.iter().find(|uri| !items.iter().any(|item| item.as_str() == Some(uri.as_str())));
    match missing {
        Some(uri) => Err(refused(format!("leads to a document without '{}'; add it there", printable(uri)))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::super::testing::*;
    use super::*;

    #[test]
    fn several_kinds_of_redirect_uri_in_one_request_are_fine() {
        assert_accepted(json!({"redirect_uris": [
            "cursor://anysphere.cursor-mcp/oauth/callback", "https://www.cursor.com/agents/mcp/oauth/callback",
            "http://localhost:8787/callback"
        ]}));
    }

    #[test]
    fn a_refused_redirect_uri_is_quoted() {
        assert_refused(
            json!({"redirect_uris": ["https://a.example/", "https://a.example/#x"]}),
            "redirect-uri redirect_uris: 'https://a.example/#x' holds a fragment",
        );
        assert_refused(
            json!({"post_logout_redirect_uris": ["data:text/html,x"]}),
            "post-logout-redirect-uri post_logout_redirect_uris: 'data:text/html,x' uses a scheme",
        );
    }

    #[rstest]
    #[case("client_uri", "javascript:alert(1)", "web-uri")]
    #[case("logo_uri", "data:image/png;base64,AA", "web-uri")]
    #[case("policy_uri", "ftp://a.example/", "web-uri")]
    #[case("tos_uri", "/terms", "web-uri")]
    #[case("tos_uri", "https://a.example/a b", "web-uri")]
    #[case("tos_uri#fr", "javascript:x", "web-uri")]
    #[case("backchannel_logout_uri", "file:///x", "web-uri")]
    #[case("frontchannel_logout_uri", "x", "web-uri")]
    #[case("client_uri", "https://user:pass@a.example/", "web-uri")]
    #[case("jwks_uri", "http://a.example/jwks", "secure-uri")]
    #[case("sector_identifier_uri", "http://a.example/", "secure-uri")]
    #[case("initiate_login_uri", "http://a.example/", "secure-uri")]
    fn uris_that_lead_nowhere_good_are_refused(#[case] member: &str, #[case] uri: &str, #[case] rule: &str) {
        assert_refused(json!({ member: uri }), &format!("{rule} {member}: '"));
    }

    #[test]
    fn ordinary_uris_are_fine() {
        assert_accepted(json!({
            "client_uri": "https://a.example", "logo_uri": "http://a.example/l.png",
            "tos_uri#fr": "https://a.example/fr", "jwks_uri": "https://a.example/jwks",
            "request_uris": ["https://a.example/r#GkurKxf5T0Y"]
        }));
    }

    #[test]
    fn request_objects_are_fetched_over_tls_only() {
        assert_refused(json!({"request_uris": ["http://a.example/r"]}), "request-uri request_uris:");
    }

    #[rstest]
    #[case("ops@a.example", true)]
    #[case("Support <help@a.example>", true)]
    #[case("https://a.example/help", true)]
    #[case("nobody", false)]
    #[case("@a.example", false)]
    #[case("a@", false)]
    #[case("a@b@c", false)]
    #[case("a@b\nx", false)]
    fn contacts_are_addresses(#[case] contact: &str, #[case] good: bool) {
        assert_eq!(refused(json!({"contacts": [contact]})).is_empty(), good);
    }

    #[test]
    fn pairwise_subjects_of_several_hosts_need_a_sector() {
        let hosts = json!(["https://a.example/cb", "https://b.example/cb"]);
        let rule = "sector-identifier sector_identifier_uri: is needed";
        assert_refused(json!({"subject_type": "pairwise", "redirect_uris": hosts}), rule);
        assert_accepted(json!({"subject_type": "public", "redirect_uris": hosts}));
        let one_host = json!(["https://a.example/1", "https://a.example/2"]);
        assert_accepted(json!({"subject_type": "pairwise", "redirect_uris": one_host}));
        assert_accepted(json!({
            "subject_type": "pairwise", "redirect_uris": hosts, "sector_identifier_uri": "https://a.example/sector"
        }));
    }

    #[test]
    fn a_sector_document_lists_every_redirect_uri() {
        let uris = ["https://a.example/cb".to_owned(), "https://b.example/cb".to_owned()];
        let says = |document: Value| sector_document_covers(&document, &uris).map_err(|finding| finding.explanation);
        says(json!(["https://b.example/cb", "https://a.example/cb", "https://c.example/"])).unwrap();
        assert!(says(json!(["https://a.example/cb"])).unwrap_err().contains("'https://b.example/cb'"));
        assert!(says(json!({"uris": []})).unwrap_err().contains("array of strings"));
        assert!(says(json!(["https://a.example/cb", 5])).unwrap_err().contains("array of strings"));
    }
}

//! Response headers that protect the reader (HSTS: RFC 6797, CSP: W3C Content Security Policy 3) and those that let browsers read across origins (CORS).
//!
//! # Design
//! Pure functions on a header map: one middleware decides by the route's line in the table, and applies them to errors
//! as well. No endpoint with CORS reads cookies, so any origin may call it, always without credentials.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, PRAGMA,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method};

/// The methods of endpoints that browser applications call.
pub const PROTOCOL_METHODS: &[Method] = &[Method::GET, Method::POST, Method::OPTIONS];

/// The methods of the client configuration endpoint (RFC 7592).
pub const CONFIGURATION_METHODS: &[Method] =
    &[Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// Puts a header whose value was checked when the program was compiled: this happens for every answer.
macro_rules! set {
    ($headers:expr, $name:expr, $value:expr) => {
        $headers.insert($name, const { HeaderValue::from_static($value) })
    };
}

/// The policy of pages, with what one kind of page adds.
macro_rules! page_policy {
    ($more:literal) => {
        concat!(
            "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
            $more
        )
    };
}

/// What every answer of the API carries; `https` says whether the public URL is https.
pub fn api(headers: &mut HeaderMap, https: bool) {
    common(headers, https);
    set!(headers, CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    set!(headers, REFERRER_POLICY, "no-referrer");
}

/// For pages whose form may end in a redirect to a client: login, sign-up, consent, errors. There is no `form-action`,
/// because browsers apply it to that redirect too.
pub fn page(headers: &mut HeaderMap, https: bool) {
    any_page(headers, https);
    set!(headers, CONTENT_SECURITY_POLICY, page_policy!(""));
}

/// For pages whose forms stay here: account, passwords, verification.
pub fn account_page(headers: &mut HeaderMap, https: bool) {
    any_page(headers, https);
    set!(headers, CONTENT_SECURITY_POLICY, page_policy!("; form-action 'self'"));
}

/// For the page that posts an answer to a client (OAuth 2.0 Form Post Response Mode): its one script may run.
pub fn form_post_page(headers: &mut HeaderMap, https: bool) {
    any_page(headers, https);
    set!(
        headers,
        CONTENT_SECURITY_POLICY,
        page_policy!("; script-src 'sha256-FSlgKqR1u3RYFrIgu7z/4OrVrNsXpa0MdvypmUlHW3A='")
    );
}

/// For the console: its forms stay here, and its own script runs and asks this server for lists that follow.
pub fn console_page(headers: &mut HeaderMap, https: bool) {
    any_page(headers, https);
    set!(headers, CONTENT_SECURITY_POLICY, page_policy!("; form-action 'self'; script-src 'self'; connect-src 'self'"));
}

/// For the stylesheets and the console's script: the path names the content, so a copy is good for ever.
pub fn asset(headers: &mut HeaderMap, https: bool) {
    api(headers, https);
    set!(headers, CACHE_CONTROL, "public, max-age=31536000, immutable");
}

/// A page is about one person: no copy is kept. `same-origin` and not `no-referrer`, under which browsers send
/// `Origin: null` with our own forms and cross-site requests could no longer be told apart (Fetch §3.2.5).
fn any_page(headers: &mut HeaderMap, https: bool) {
    common(headers, https);
    no_store(headers);
    set!(headers, REFERRER_POLICY, "same-origin");
}

/// For answers with tokens, secrets or personal data (RFC 6749 §5.1, RFC 7591 §3.2.1).
pub fn no_store(headers: &mut HeaderMap) {
    set!(headers, CACHE_CONTROL, "no-store");
    set!(headers, PRAGMA, "no-cache");
}

/// Lets any origin read the answer, without credentials; on errors as well.
pub fn cors(headers: &mut HeaderMap) {
    set!(headers, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set!(headers, ACCESS_CONTROL_EXPOSE_HEADERS, "WWW-Authenticate, DPoP-Nonce, Retry-After");
}

/// The headers that answer a preflight request with 204; browsers remember them.
pub fn preflight(methods: &[Method]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    cors(&mut headers);
    let methods = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    if let Ok(methods) = HeaderValue::try_from(methods) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    // "*" would leave Authorization out.
    set!(headers, ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type, Authorization, Accept, MCP-Protocol-Version, DPoP");
    set!(headers, ACCESS_CONTROL_MAX_AGE, "7200");
    headers
}

fn common(headers: &mut HeaderMap, https: bool) {
    set!(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
    set!(headers, X_FRAME_OPTIONS, "DENY");
    if https {
        set!(headers, STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::pages::FORM_POST_SCRIPT;

    fn built(build: impl Fn(&mut HeaderMap)) -> HeaderMap {
        let mut headers = HeaderMap::new();
        build(&mut headers);
        headers
    }

    #[test]
    fn strict_transport_security_is_sent_only_when_the_public_url_is_https() {
        assert!(built(|headers| api(headers, true)).contains_key(STRICT_TRANSPORT_SECURITY));
        assert!(!built(|headers| api(headers, false)).contains_key(STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn pages_are_neither_stored_nor_framed_nor_told_to_others() {
        for kind in [page, account_page, console_page, form_post_page] {
            let headers = built(|headers| kind(headers, true));
            assert_eq!(headers[CACHE_CONTROL], "no-store");
            assert_eq!(headers[REFERRER_POLICY], "same-origin");
            assert_eq!(headers[X_FRAME_OPTIONS], "DENY");
            assert!(headers.contains_key(STRICT_TRANSPORT_SECURITY));
            let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'"));
            assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        }
    }

    #[test]
    fn only_pages_whose_forms_stay_here_say_where_forms_may_go() {
        let policy = |kind: fn(&mut HeaderMap, bool)| {
            built(|headers| kind(headers, false))[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
        };
        assert!(policy(account_page).ends_with("; form-action 'self'"));
        assert!(!policy(page).contains("form-action") && !policy(page).contains("script-src"));
        assert!(!policy(form_post_page).contains("form-action"));
        assert!(policy(console_page).ends_with("; form-action 'self'; script-src 'self'; connect-src 'self'"));
    }

    #[test]
    fn the_form_post_page_lets_exactly_its_own_script_run() {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, FORM_POST_SCRIPT.as_bytes());
        let policy = built(|headers| form_post_page(headers, true))[CONTENT_SECURITY_POLICY].clone();
        let expected = format!("; script-src 'sha256-{}'", STANDARD.encode(hash));
        assert!(policy.to_str().unwrap().ends_with(&expected), "{expected}");
    }

    #[test]
    fn the_stylesheet_is_kept_for_ever() {
        let headers = built(|headers| asset(headers, true));
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[test]
    fn any_origin_may_read_without_credentials() {
        let headers = preflight(CONFIGURATION_METHODS);
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_METHODS], "GET, POST, PUT, PATCH, DELETE, OPTIONS");
        let allowed = headers[ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap();
        for name in ["Content-Type", "Authorization", "Accept", "MCP-Protocol-Version", "DPoP"] {
            assert!(allowed.contains(name), "{name}");
        }
        assert!(!headers.contains_key("access-control-allow-credentials"));
        let exposed = built(cors)[ACCESS_CONTROL_EXPOSE_HEADERS].to_str().unwrap().to_owned();
        assert_eq!(exposed, "WWW-Authenticate, DPoP-Nonce, Retry-After");
    }
}

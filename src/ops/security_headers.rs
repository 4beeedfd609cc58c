//! Response headers that protect the reader (HSTS: RFC 6797) and those that let browsers read across origins (CORS).
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

/// What every answer of the API carries; `https` says whether the public URL is https.
pub fn api(headers: &mut HeaderMap, https: bool) {
    common(headers, https);
    set!(headers, CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    set!(headers, REFERRER_POLICY, "no-referrer");
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
    use super::*;

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

//! How long an answer may be kept (RFC 9111 §4.2.1 and §5.2.2).

use http::header::{CACHE_CONTROL, DATE, EXPIRES};
use http::{HeaderMap, HeaderName};

/// Seconds by the answer's own account: 0 if it must not be kept, `None` if it says nothing.
pub(super) fn max_age(headers: &HeaderMap) -> Option<i64> {
    let controls = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives: Vec<_> = controls.flat_map(|value| value.split(',')).map(str::trim).collect();
    let is = |name: &str| directives.iter().any(|directive| directive.eq_ignore_ascii_case(name));
    if is("no-store") || is("no-cache") {
        return Some(0);
    }
    let seconds = directives.iter().find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| value.trim_matches('"').parse::<u32>().ok())?
    });
    if let Some(seconds) = seconds {
        return Some(seconds.into());
    }
    let time =
        |name: HeaderName| headers.get(name).and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok());
    // A date that cannot be read, such as "0", means that the answer has expired.
    headers.get(EXPIRES).map(|_| match (time(EXPIRES), time(DATE)) {
        (Some(expires), Some(date)) => {
            expires.duration_since(date).map_or(0, |left| i64::try_from(left.as_secs()).unwrap_or(i64::MAX))
        }
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_age_comes_from_cache_control_then_from_expires() {
        let age = |pairs: &[(&'static str, &'static str)]| {
            let headers =
                pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            max_age(&headers.collect())
        };
        assert_eq!(age(&[]), None);
        assert_eq!(age(&[("cache-control", "public, Max-Age=60")]), Some(60));
        assert_eq!(age(&[("cache-control", "max-age=60, no-store")]), Some(0));
        assert_eq!(age(&[("cache-control", "max-age=soon")]), None);
        let date = ("date", "Sun, 22 Nov 2026 00:00:00 GMT");
        assert_eq!(age(&[date, ("expires", "Sun, 22 Nov 2026 00:10:00 GMT")]), Some(600));
        assert_eq!(age(&[date, ("expires", "Sat, 21 Nov 2026 00:00:00 GMT")]), Some(0));
        assert_eq!(age(&[date, ("expires", "0")]), Some(0));
        assert_eq!(age(&[date, ("expires", "Sun, 22 Nov 2026 00:10:00 GMT"), ("cache-control", "max-age=5")]), Some(5));
    }
}

//! JSON lines: one object per line, streamed, so that a log of any length takes no more memory than a page of it.

use std::fmt::Write as _;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::try_unfold;
use http::HeaderMap;
use http::header::ACCEPT;
use http::header::CONTENT_TYPE;
use serde::Serialize;

use super::api::audit::AuditEventView;
use crate::model::cursor::MOST_ITEMS;
use crate::model::id::DomainId;
use crate::store::Store;
use crate::store::audit_list::AuditQuery;

/// The media type.
pub const JSON_LINES: &str = "application/x-ndjson";

/// Whether JSON lines are asked for by name.
pub fn wants_lines(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types = accepted.flat_map(|value| value.split(',')).filter_map(|part| part.split(';').next());
    types.any(|name| [JSON_LINES, "application/jsonl"].iter().any(|known| name.trim().eq_ignore_ascii_case(known)))
}

/// One line, with its end. What some reader takes for the end of a line, or a terminal obeys, is escaped.
pub fn line(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut line = escaped(&serde_json::to_string(value)?);
    line.push('\n');
    Ok(line)
}

/// JSON in which control characters, U+2028, U+2029 and marks of writing direction are written as `\uXXXX`. They stand
/// in strings only, so it stays the same JSON.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        let marks =
            matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || marks || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') {
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

/// Every event that fits, newest first, of a domain or of the server itself. An error ends the stream unfinished, so that
/// nobody takes a part for the whole.
pub fn events(store: &Store, domain_id: Option<DomainId>, query: AuditQuery) -> Response {
    let first = AuditQuery { cursor: None, limit: MOST_ITEMS, ..query };
    let store = store.clone();
    let pages = try_unfold(Some(first), move |query| {
        let store = store.clone();
        async move {
            let Some(query) = query else { return Ok::<_, anyhow::Error>(None) };
            let page = match domain_id {
                Some(domain_id) => store.audit_events(domain_id, &query).await?,
                None => store.server_audit_events(&query).await?,
            };
            let Some(page) = page else { return Ok(None) };
            let mut lines = String::new();
            for event in page.items {
                lines.push_str(&line(&AuditEventView::from(event))?);
            }
            let next = page.next.map(|cursor| AuditQuery { cursor: Some(cursor), ..query });
            Ok(Some((lines, next)))
        }
    });
    ([(CONTENT_TYPE, JSON_LINES)], Body::from_stream(pages)).into_response()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn json_lines_are_asked_for_by_name() {
        for (accept, wanted) in [
            ("application/x-ndjson", true),
            ("application/json;q=0.5, application/X-NDJSON; q=1", true),
            ("application/jsonl", true),
            ("*/*", false),
            ("application/json", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(wants_lines(&headers), wanted, "{accept}");
        }
        assert!(!wants_lines(&HeaderMap::new()));
    }

    #[test]
    fn nothing_in_a_line_ends_it() {
        let hostile = "a\nb\r\u{85}\u{2028}\u{2029}\u{0}\u{1b}[31m\u{7f}\u{9b}\u{202e}\"\\";
        let line = line(&json!({ "name": hostile })).unwrap();
        assert_eq!(line.matches(|c: char| c.is_control() || "\u{2028}\u{2029}\u{202e}".contains(c)).count(), 1);
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["name"], hostile);
    }

    proptest! {
        #[test]
        fn every_text_comes_back_from_its_one_line(text in any::<String>()) {
            let line = line(&json!({ "text": text })).unwrap();
            prop_assert_eq!(line.trim_end_matches('\n').chars().filter(|c| c.is_control()).count(), 0);
            prop_assert_eq!(&serde_json::from_str::<Value>(&line).unwrap()["text"], &Value::from(text));
        }
    }
}

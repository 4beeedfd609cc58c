//! The warning on every page of a harness.

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};

const NOTICE: &str = "<p class=\"harness-notice\" role=\"note\"><strong>Test server.</strong> Everything here is thrown away, and whoever reaches it controls it. Enter nothing that is real.</p>";

/// Marks an answer that is no page of the server's: it goes out as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct AsItIs;

/// The same page with the warning, if the answer is a page.
pub(super) async fn on_pages(answer: Response) -> Response {
    if answer.extensions().get::<AsItIs>().is_some() {
        return answer;
    }
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("text/html") {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let page = String::from_utf8_lossy(&body);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(with_notice(&page)))
}

fn with_notice(page: &str) -> String {
    let begin = page.find("<body").and_then(|at| page[at..].find('>').map(|end| at + end + 1));
    // What is only a part of a page is put into one that has the warning.
    let Some(at) = begin else { return page.to_owned() };
    format!("{}{NOTICE}{}", &page[..at], &page[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warning_is_the_first_thing_on_a_page() {
        assert_eq!(with_notice("<html><body class=\"a\"><h1>"), format!("<html><body class=\"a\">{NOTICE}<h1>"));
        assert_eq!(with_notice("<tr></tr>"), "<tr></tr>");
    }
}

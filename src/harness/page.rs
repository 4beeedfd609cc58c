//! Pages as a program reads them that acts for a person.

use std::collections::BTreeMap;

use axum::body::to_bytes;
use axum::response::Response;

/// The body of an answer.
pub(super) async fn text(answer: Response) -> String {
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap_or_default();
    String::from_utf8_lossy(&body).into_owned()
}

/// The text of the element with this attribute.
pub(super) fn inside(page: &str, attribute: &str) -> Option<String> {
    let rest = page.split_once(attribute)?.1.split_once('>')?.1;
    Some(unescaped(rest.split_once('<')?.0))
}

/// The hidden fields of a page of the server's own.
pub(super) fn hidden(page: &str) -> BTreeMap<String, String> {
    page.split("<input type=\"hidden\"")
        .skip(1)
        .filter_map(|rest| {
            let tag = rest.split_once('>')?.0;
            Some((attribute(tag, "", "name")?, attribute(tag, "", "value")?))
        })
        .collect()
}

/// An attribute of the first element that begins like this.
pub(super) fn attribute(page: &str, element: &str, name: &str) -> Option<String> {
    let rest = &page[page.find(element)? + element.len()..];
    let tag = rest.split_once('>').map_or(rest, |(tag, _)| tag);
    let value = &tag[tag.find(&format!(" {name}=\""))? + name.len() + 3..];
    Some(unescaped(value.split_once('"')?.0))
}

/// Numeric character references are the only ones that the templates write.
fn unescaped(text: &str) -> String {
    let mut parts = text.split("&#");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(';').and_then(|(code, rest)| Some((char::from_u32(code.parse().ok()?)?, rest))) {
            Some((character, rest)) => {
                plain.push(character);
                plain.push_str(rest);
            }
            None => plain.push_str(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_a_browser_would() {
        let page = "<form id=\"respond\" method=\"post\" action=\"https://a.example/cb?x=1&#38;y=2\">\n\
                    <input type=\"hidden\" name=\"code\" value=\"ac_1\">\n<input type=\"hidden\" name=\"state\" value=\"a&#34;b\">";
        assert_eq!(attribute(page, "<form id=\"respond\"", "action").as_deref(), Some("https://a.example/cb?x=1&y=2"));
        let found = hidden(page);
        assert_eq!((found["code"].as_str(), found["state"].as_str()), ("ac_1", "a\"b"));
    }
}

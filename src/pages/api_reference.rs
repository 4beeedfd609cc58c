//! The page about the administration API: what it does, operation by operation.

use askama::Template;

/// `/api/v1`.
#[derive(Debug, Clone, Template)]
#[template(path = "api_reference.html")]
pub struct ApiReference {
    /// The version of the server.
    pub version: String,
    /// Where it is reached.
    pub base: String,
    /// What holds for every request; `` ` `` begins and ends code.
    pub introduction: String,
    /// The operations by what they are about.
    pub groups: Vec<ApiGroup>,
    /// What bodies consist of.
    pub objects: Vec<ApiObject>,
    /// Every kind of problem; its anchor is its code.
    pub problems: Vec<ApiProblem>,
}

/// Operations about one thing.
#[derive(Debug, Clone)]
pub struct ApiGroup {
    /// The tag, and with `about-` before it the anchor.
    pub name: String,
    /// The tag as a heading.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// Its operations.
    pub operations: Vec<ApiOperation>,
}

/// A method of a path.
#[derive(Debug, Clone)]
pub struct ApiOperation {
    /// Its name, and its anchor.
    pub id: String,
    /// The method, in capitals.
    pub method: String,
    /// The path with its parameters in braces.
    pub path: String,
    /// What it does.
    pub summary: String,
    /// What else is worth knowing.
    pub description: String,
    /// The role it takes.
    pub role: String,
    /// What may be sent in the path, the query and the head.
    pub parameters: Vec<ApiParameter>,
    /// What the body is.
    pub body: Option<ApiType>,
    /// The media type of the body.
    pub body_type: String,
    /// What may come back.
    pub answers: Vec<ApiAnswer>,
    /// A command that does it.
    pub curl: String,
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct ApiParameter {
    /// Its name.
    pub name: String,
    /// `path`, `query` or `header`.
    pub place: String,
    /// What it takes.
    pub kind: ApiType,
    /// Whether it must be there.
    pub required: bool,
    /// What it does.
    pub description: String,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct ApiAnswer {
    /// The status.
    pub status: String,
    /// What the body is; none: there is no body.
    pub kind: Option<ApiType>,
    /// The media type of the body.
    pub media_type: String,
    /// What it means.
    pub description: String,
}

/// What a value is: words, and the objects that they lead to.
#[derive(Debug, Clone)]
pub struct ApiType {
    /// The words; empty where the objects say it all.
    pub words: String,
    /// The names of objects.
    pub objects: Vec<String>,
}

impl ApiType {
    /// A value that words describe.
    pub fn words(words: String) -> Self {
        Self { words, objects: Vec::new() }
    }
}

/// What a body consists of.
#[derive(Debug, Clone)]
pub struct ApiObject {
    /// Its name, and with `object-` before it the anchor.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its members.
    pub fields: Vec<ApiField>,
    /// What it is where it has no members.
    pub kind: Option<ApiType>,
}

/// A member of an object.
#[derive(Debug, Clone)]
pub struct ApiField {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ApiType,
    /// Whether it is always there, or must be.
    pub required: bool,
    /// What it means.
    pub description: String,
}

/// A kind of problem.
#[derive(Debug, Clone)]
pub struct ApiProblem {
    /// The code, and the anchor.
    pub code: &'static str,
    /// The status.
    pub status: u16,
    /// What it means and what to do.
    pub meaning: &'static str,
}

/// A text in pieces, and which of them are code: those between `` ` `` and `` ` ``.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = (&str, bool)> {
    text.split('`').enumerate().map(|(index, piece)| (piece, index % 2 == 1)).filter(|(piece, _)| !piece.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_what_stands_between_back_quotes() {
        let found: Vec<_> = pieces("Send `now` or `*`.").collect();
        assert_eq!(found, [("Send ", false), ("now", true), (" or ", false), ("*", true), (".", false)]);
    }
}

//! What the values of members are, and what counts as no value.

use serde_json::Value;

use super::MEMBERS;
use crate::model::json::Object;
use crate::model::scope::ScopeSet;

/// What the value of a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A string that holds a URI.
    Uri,
    /// An array of strings.
    TextList,
    /// An array of strings that hold URIs.
    UriList,
    /// `true` or `false`.
    Flag,
    /// A whole number of seconds.
    Seconds,
    /// Scope tokens in one space-separated string.
    Scope,
    /// A JSON Web Key Set (RFC 7517 §5).
    KeySet,
}

impl Kind {
    /// The kind of a member; `None` for members that `ClientMetadata` does not name.
    pub fn of(name: &str) -> Option<Self> {
        MEMBERS.iter().find(|member| member.name == name).map(|member| member.kind)
    }

    /// Why a value is not of this kind, with the remedy.
    pub(super) fn problem(self, value: &Value) -> Option<String> {
        let fits = match self {
            Self::Text | Self::Uri => value.is_string(),
            Self::TextList | Self::UriList => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
            Self::Flag => value.is_boolean(),
            Self::Seconds => value.as_i64().is_some(),
            Self::KeySet => value.is_object(),
            Self::Scope => match value.as_str().map(ScopeSet::parse) {
                Some(Err(problem)) => return Some(format!("{problem}; use printable ASCII, one space between scopes")),
                parsed => parsed.is_some(),
            },
        };
        (!fits).then(|| format!("must be {}", self.in_words()))
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Uri => "a string that holds a URI",
            Self::TextList => "an array of strings",
            Self::UriList => "an array of strings that hold URIs",
            Self::Flag => "true or false",
            Self::Seconds => "a whole number of seconds",
            Self::Scope => "a string of space-separated scopes",
            Self::KeySet => "an object: a JSON Web Key Set",
        }
    }
}

/// The value without nulls and empty strings at any depth; `None` if it is one. Empty arrays and objects stay.
pub fn without_nothing(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(without_nothing).collect())),
        Value::Object(members) => Some(Value::Object(without_nothings(members))),
        other => Some(other),
    }
}

pub(super) fn without_nothings(members: Object) -> Object {
    members.into_iter().filter_map(|(name, value)| without_nothing(value).map(|value| (name, value))).collect()
}

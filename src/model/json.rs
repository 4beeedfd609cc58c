//! The one strict JSON parser (RFC 8259) for every request body.
//!
//! It refuses what serde lets pass and what later breaks: duplicate members (two parsers would read two different
//! documents), nesting deeper than [`MAX_DEPTH`], and U+0000, which PostgreSQL cannot store.

use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Number, Value};

/// How deep objects and arrays may nest.
pub const MAX_DEPTH: usize = 16;

/// A JSON object.
pub type Object = Map<String, Value>;

/// Parses a JSON object. The error is one line that says what is wrong and where.
pub fn parse_object(bytes: &[u8]) -> Result<Object, String> {
    match parse(bytes)? {
        Value::Object(object) => Ok(object),
        _ => Err("the body must be a JSON object".to_owned()),
    }
}

/// Parses any JSON value under the same rules.
pub fn parse(bytes: &[u8]) -> Result<Value, String> {
    if bytes.is_empty() {
        return Err("the body is empty; it must be a JSON object".to_owned());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "the body is not UTF-8".to_owned())?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0 }.deserialize(&mut deserializer).map_err(describe)?;
    deserializer.end().map_err(describe)?;
    Ok(value)
}

/// Reads an object as a `T`. The error is one line that names the member, which serde's own often does not.
pub fn typed<T: de::DeserializeOwned>(object: &Object) -> Result<T, String> {
    let read = |object: Object| serde_json::from_value::<T>(Value::Object(object));
    read(object.clone()).map_err(|whole| {
        // Alone, each member is either fine, or merely lacks the others, or the culprit.
        let culprit = object.iter().find_map(|(name, value)| {
            let alone = Object::from_iter([(name.clone(), value.clone())]);
            let text = read(alone).err()?.to_string();
            if text.starts_with("missing field") {
                return None;
            }
            if text.starts_with("unknown field") {
                return Some(text);
            }
            // About an item of a list, by `each`.
            let between = if text.starts_with('[') { "" } else { ": " };
            Some(format!("{name}{between}{text}"))
        });
        culprit.unwrap_or_else(|| whole.to_string())
    })
}

/// Reads a list of objects one by one, so that an error says which of them it is about, and which member.
pub fn each<'de, D: Deserializer<'de>, T: de::DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let items = Vec::<Value>::deserialize(deserializer)?;
    let read = |(at, item): (usize, Value)| {
        let Value::Object(item) = item else { return Err(format!("[{at}]: must be an object")) };
        typed(&item).map_err(|problem| {
            let of_member = item.keys().any(|name| problem.starts_with(&format!("{name}:")));
            if of_member { format!("[{at}].{problem}") } else { format!("[{at}]: {problem}") }
        })
    };
    items.into_iter().enumerate().map(|item| read(item).map_err(de::Error::custom)).collect()
}

/// Applies a merge patch (RFC 7396 §2): null takes a member away, an object changes the one that is there.
pub fn merge_patch(target: &mut Object, patch: Object) {
    for (name, change) in patch {
        match change {
            Value::Null => drop(target.remove(&name)),
            Value::Object(change) => {
                let mut inner = match target.remove(&name) {
                    Some(Value::Object(inner)) => inner,
                    _ => Object::new(),
                };
                merge_patch(&mut inner, change);
                target.insert(name, Value::Object(inner));
            }
            value => drop(target.insert(name, value)),
        }
    }
}

/// The members of something that is written as an object; of anything else there are none.
pub fn members<T: Serialize>(thing: &T) -> Object {
    match serde_json::to_value(thing) {
        Ok(Value::Object(members)) => members,
        _ => Object::new(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature map_err wants")]
fn describe(error: serde_json::Error) -> String {
    // The parser quotes the input's own text in some messages; keep to printable ASCII on one line.
    let message: String =
        error.to_string().chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' }).collect();
    format!("the body is not acceptable JSON: {message}")
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

fn without_nul<E: de::Error>(text: &str) -> Result<&str, E> {
    if text.contains('\0') { Err(E::custom("the character U+0000 is not allowed")) } else { Ok(text) }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        without_nul(value).map(|text| Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            without_nul(&name)?;
            let value = members.next_value_seed(inner)?;
            if object.contains_key(&name) {
                return Err(de::Error::custom(format_args!("the member \"{name}\" stands twice")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_patch_sets_removes_and_reaches_inside() {
        let object = |text: &str| parse_object(text.as_bytes()).unwrap();
        // The cases of RFC 7396 appendix A that are about objects.
        for (target, patch, result) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":"foo"}"#, r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
        ] {
            let mut merged = object(target);
            merge_patch(&mut merged, object(patch));
            assert_eq!(merged, object(result), "{target} {patch}");
        }
    }

    #[test]
    fn an_error_in_a_list_says_where_it_is() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct List {
            #[serde(deserialize_with = "each")]
            items: Vec<Item>,
        }
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Item {
            size: u8,
        }
        let read = |text: &str| typed::<List>(&parse_object(text.as_bytes()).unwrap());
        assert_eq!(read(r#"{"items":[{"size":1}]}"#).unwrap().items[0].size, 1);
        for (wrong, told) in [
            (r#"{"items":[{"size":1},{"size":"x"}]}"#, "items[1].size: invalid type"),
            (r#"{"items":[{"oops":1}]}"#, "items[0]: unknown field `oops`"),
            (r#"{"items":[{}]}"#, "items[0]: missing field `size`"),
            (r#"{"items":[1]}"#, "items[0]: must be an object"),
            (r#"{"items":1}"#, "items: invalid type"),
        ] {
            let error = read(wrong).unwrap_err();
            assert!(error.starts_with(told), "{error}");
        }
    }

    #[test]
    fn an_ordinary_object_parses() {
        let object = parse_object(br#"{"a":[1,-2,3.5,true,null,"x"],"b":{"c":{}}}"#).unwrap();
        assert_eq!(Value::Object(object), serde_json::json!({"a":[1,-2,3.5,true,null,"x"],"b":{"c":{}}}));
    }

    #[test]
    fn what_must_be_refused_is_refused() {
        let deep = format!("{}{}", "[".repeat(17), "]".repeat(17));
        for (bad, says) in [
            (&br#"{"a":1,"a":2}"#[..], "stands twice"),
            (br#"{"a":{"b":1,"b":1}}"#, "stands twice"),
            (br#"{"a":"\u0000"}"#, "U+0000"),
            (br#"{"\u0000":1}"#, "U+0000"),
            (br#"{"a":"\ud800"}"#, "not acceptable"),
            (b"{\"a\":\"\xff\"}", "UTF-8"),
            (br#"{"a":1} x"#, "not acceptable"),
            (b"", "empty"),
            (b"[1]", "must be a JSON object"),
            (b"null", "must be a JSON object"),
            (deep.as_bytes(), "nested deeper"),
        ] {
            let error = parse_object(bad).unwrap_err();
            assert!(error.contains(says), "{error}");
            assert!(error.is_ascii() && !error.contains('\n'));
        }
    }

    #[test]
    fn nesting_up_to_the_limit_is_fine() {
        let deep = format!("{}{}", "[".repeat(16), "]".repeat(16));
        assert!(parse(deep.as_bytes()).is_ok());
    }
}

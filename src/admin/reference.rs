//! The page about the API, made from its description: nothing is said there that the OpenAPI document does not say.

use serde_json::{Map, Value};

use super::openapi::METHODS;
use super::problem::KINDS;
use crate::pages::{
    ApiAnswer, ApiField, ApiGroup, ApiObject, ApiOperation, ApiParameter, ApiProblem, ApiReference, ApiType,
};

/// How deep examples go.
const DEEPEST: usize = 4;

/// The page of the server at `base`.
pub fn page(base: &str, document: &Value) -> ApiReference {
    let tags = document["tags"].as_array().into_iter().flatten();
    let schemas = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    ApiReference {
        version: text(&document["info"]["version"]),
        base: base.to_owned(),
        introduction: text(&document["info"]["description"]),
        groups: tags.map(|tag| group(base, document, tag)).filter(|group| !group.operations.is_empty()).collect(),
        objects: schemas.iter().map(|(name, schema)| object(name, schema)).collect(),
        problems: KINDS
            .iter()
            .map(|kind| ApiProblem { code: kind.code, status: kind.status, meaning: kind.meaning })
            .collect(),
    }
}

fn group(base: &str, document: &Value, tag: &Value) -> ApiGroup {
    let name = text(&tag["name"]);
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            if item[method]["tags"][0] == tag["name"] {
                operations.push(operation(base, document, (method, path), &item[method]));
            }
        }
    }
    let mut title = name.replace('-', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    ApiGroup { title, name: name.replace(' ', "-"), description: text(&tag["description"]), operations }
}

fn operation(base: &str, document: &Value, (method, path): (&str, &str), operation: &Value) -> ApiOperation {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let answers = operation["responses"].as_object().into_iter().flatten();
    let body = operation["requestBody"]["content"].as_object().and_then(|content| content.iter().next());
    let example = body.map(|(_, content)| example(document, &content["schema"], DEEPEST));
    ApiOperation {
        id: text(&operation["operationId"]),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        role: text(&operation["x-role"]),
        parameters: parameters.map(|one| parameter(resolved(document, one))).collect(),
        body: body.map(|(_, content)| kind(&content["schema"])),
        body_type: body.map(|(media_type, _)| media_type.clone()).unwrap_or_default(),
        answers: answers.map(|(status, one)| answer(status, resolved(document, one))).collect(),
        curl: curl(base, (method, path), operation, (body.map(|(media, _)| media.as_str()), example)),
    }
}

/// What a reference names, or the thing itself.
fn resolved<'a>(document: &'a Value, thing: &'a Value) -> &'a Value {
    let named = thing["$ref"].as_str().and_then(|name| document.pointer(name.strip_prefix('#')?));
    named.unwrap_or(thing)
}

fn parameter(parameter: &Value) -> ApiParameter {
    ApiParameter {
        name: text(&parameter["name"]),
        place: text(&parameter["in"]),
        kind: kind(&parameter["schema"]),
        required: parameter["required"] == true,
        description: text(&parameter["description"]),
    }
}

fn answer(status: &str, answer: &Value) -> ApiAnswer {
    let content = answer["content"].as_object().and_then(|content| content.iter().next());
    ApiAnswer {
        status: status.to_owned(),
        kind: content.map(|(_, content)| kind(&content["schema"])),
        media_type: content.map(|(media_type, _)| media_type.clone()).unwrap_or_default(),
        description: text(&answer["description"]),
    }
}

fn object(name: &str, schema: &Value) -> ApiObject {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let field = |(name, property): (&String, &Value)| ApiField {
        required: required.contains(&name.as_str()),
        kind: kind(property),
        description: text(&property["description"]),
        name: name.clone(),
    };
    ApiObject {
        name: name.to_owned(),
        description: text(&schema["description"]),
        fields: schema["properties"].as_object().into_iter().flatten().map(field).collect(),
        // Something without members: one of several words, or of several shapes.
        kind: schema["properties"].is_null().then(|| kind(schema)),
    }
}

/// What a schema takes, in words, with the objects it names.
fn kind(schema: &Value) -> ApiType {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return ApiType { words: String::new(), objects: vec![name.to_owned()] };
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(options) = schema[several].as_array() {
            let kinds: Vec<ApiType> = options.iter().filter(|one| one["type"] != "null").map(kind).collect();
            let words = kinds.iter().map(|kind| kind.words.as_str()).filter(|words| !words.is_empty());
            let words = words.collect::<Vec<_>>().join(" or ");
            return ApiType { words, objects: kinds.into_iter().flat_map(|kind| kind.objects).collect() };
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> =
            values.iter().map(|value| value.as_str().map_or(value.to_string(), str::to_owned)).collect();
        return ApiType::words(format!("one of {}", values.join(", ")));
    }
    let name = match &schema["type"] {
        Value::Array(names) => names.iter().find_map(|name| name.as_str().filter(|name| *name != "null")),
        name => name.as_str(),
    };
    match name {
        Some("array") => {
            let items = kind(&schema["items"]);
            ApiType { words: format!("list of {}", items.words).trim_end().to_owned(), objects: items.objects }
        }
        Some("integer") => {
            ApiType::words(limits(schema).map_or("integer".to_owned(), |limits| format!("integer {limits}")))
        }
        Some("object") => ApiType::words("object".to_owned()),
        Some(other) => ApiType::words(other.to_owned()),
        None => ApiType::words("any value".to_owned()),
    }
}

fn limits(schema: &Value) -> Option<String> {
    match (schema["minimum"].as_f64(), schema["maximum"].as_f64()) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}")),
        (Some(least), None) => Some(format!("from {least}")),
        (None, Some(most)) => Some(format!("up to {most}")),
        (None, None) => None,
    }
}

/// A body that might be sent: the members that must be there, or all where none must.
fn example(document: &Value, schema: &Value, depth: usize) -> Value {
    let schema = resolved(document, schema);
    if let Some(given) = schema.get("example").or_else(|| schema["examples"].get(0)) {
        return given.clone();
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        let options = schema[several].as_array().into_iter().flatten();
        if let Some(first) = options.into_iter().find(|one| one["type"] != "null") {
            return example(document, first, depth);
        }
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let name = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or_default();
    match name {
        "object" if depth > 0 => {
            let required = schema["required"].as_array();
            let wanted = |name: &String| required.is_none_or(|all| all.iter().any(|one| one == name));
            let members = schema["properties"].as_object().into_iter().flatten().filter(|(name, _)| wanted(name));
            let members = members.map(|(name, property)| (name.clone(), example(document, property, depth - 1)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        "object" => Value::Object(Map::new()),
        "array" if depth > 0 => Value::Array(vec![example(document, &schema["items"], depth - 1)]),
        "array" => Value::Array(Vec::new()),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        "boolean" => true.into(),
        _ => "...".into(),
    }
}

fn curl(
    base: &str,
    (method, path): (&str, &str),
    operation: &Value,
    (media_type, body): (Option<&str>, Option<Value>),
) -> String {
    let mut lines = vec!["curl".to_owned()];
    if method != "get" {
        lines[0] = format!("curl -X {}", method.to_ascii_uppercase());
    }
    lines.push("-H \"Authorization: Bearer $TOKEN\"".to_owned());
    let parameters = operation["parameters"].as_array();
    if parameters.is_some_and(|all| all.iter().any(|one| one["name"] == "If-Match" && one["required"] == true)) {
        lines.push("-H 'If-Match: \"1\"'".to_owned());
    }
    match (media_type, body) {
        (Some(media_type), Some(body)) if media_type.ends_with("json") => {
            lines.push(format!("-H 'Content-Type: {media_type}' -d '{}'", body.to_string().replace('\'', "'\\''")));
        }
        (Some(media_type), _) => lines.push(format!("-H 'Content-Type: {media_type}' --data-binary @FILE")),
        (None, _) => {}
    }
    lines.push(format!("'{base}{}'", path.replace("{domain}", "main")));
    lines.join(" \\\n  ")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_told_in_words_and_objects_are_named() {
        for (schema, words, objects) in [
            (json!({ "type": "string" }), "string", vec![]),
            (json!({ "type": ["string", "null"] }), "string", vec![]),
            (json!({ "type": "integer", "minimum": 1, "maximum": 200 }), "integer 1 to 200", vec![]),
            (json!({ "type": "array", "items": { "$ref": "#/components/schemas/Key" } }), "list of", vec!["Key"]),
            (json!({ "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Key" }] }), "", vec!["Key"]),
            (json!({ "type": "string", "enum": ["a", "b"] }), "one of a, b", vec![]),
            (json!({}), "any value", vec![]),
        ] {
            let kind = kind(&schema);
            assert_eq!(
                (kind.words.as_str(), kind.objects),
                (words, objects.iter().map(|name| (*name).to_owned()).collect())
            );
        }
    }

    #[test]
    fn examples_hold_what_must_be_there() {
        let document = json!({ "components": { "schemas": { "New": {
            "type": "object", "required": ["name", "tags"],
            "properties": { "name": { "type": "string", "example": "it's" }, "note": { "type": "string" },
                "tags": { "type": "array", "items": { "type": "integer" } } },
        } } } });
        let body = example(&document, &json!({ "$ref": "#/components/schemas/New" }), DEEPEST);
        assert_eq!(body, json!({ "name": "it's", "tags": [1] }));
        let told = curl(
            "https://id.example",
            ("post", "/api/v1/domains/{domain}/x"),
            &json!({}),
            (Some("application/json"), Some(body)),
        );
        assert!(told.contains(r#"-d '{"name":"it'\''s","tags":[1]}'"#), "{told}");
        assert!(told.ends_with("'https://id.example/api/v1/domains/main/x'"), "{told}");
    }
}

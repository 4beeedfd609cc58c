//! Changes in the form of a merge patch (RFC 7396): what is sent replaces, null sets back to the default.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::openapi::schema::{OneOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::model::json::{Object, members, merge_patch, typed};
use crate::model::oauth_error::OAuthError;

/// What a thing becomes by a merge patch.
pub fn patched<T: Serialize + DeserializeOwned>(current: &T, patch: &Object) -> Result<T, OAuthError> {
    // Alone, what is sent names the member that is wrong; nulls are about members that there are.
    let sent: Object =
        patch.iter().filter(|(_, value)| !value.is_null()).map(|(n, v)| (n.clone(), v.clone())).collect();
    let mut whole = members(current);
    merge_patch(&mut whole, patch.clone());
    for name in patch.keys().filter(|name| !sent.contains_key(*name)) {
        let alone = Object::from_iter([(name.clone(), serde_json::Value::Null)]);
        if let Err(problem) = typed::<T>(&alone)
            && problem.starts_with("unknown field")
        {
            return Err(OAuthError::invalid_request(problem));
        }
    }
    typed(&whole).map_err(OAuthError::invalid_request)
}

/// The schema of a merge patch of `T`: any of its members, each of which may be null.
#[derive(Debug)]
pub struct PatchOf<T>(PhantomData<T>);

impl<T: ToSchema> PartialSchema for PatchOf<T> {
    fn schema() -> RefOr<Schema> {
        let RefOr::T(Schema::Object(mut object)) = T::schema() else { return T::schema() };
        object.required.clear();
        object.description = Some("The members to change; null sets one back to its default (RFC 7396).".to_owned());
        for property in object.properties.values_mut() {
            let null = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Null)).build();
            let one_of = OneOfBuilder::new().item(null).item(property.clone());
            *property = RefOr::T(Schema::OneOf(one_of.build()));
        }
        RefOr::T(Schema::Object(object))
    }
}

impl<T: ToSchema> ToSchema for PatchOf<T> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("{}Patch", T::name()))
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::domain::DomainSettings;

    fn object(value: &serde_json::Value) -> Object {
        members(value)
    }

    #[test]
    fn null_sets_back_and_what_is_not_sent_stays() {
        let current = DomainSettings { access_token_lifetime: 60, sign_up: true, ..DomainSettings::default() };
        let changed =
            patched(&current, &object(&json!({"access_token_lifetime": null, "registration": false}))).unwrap();
        assert_eq!((changed.access_token_lifetime, changed.sign_up, changed.registration), (3600, true, false));
    }

    #[test]
    fn an_unknown_member_is_refused_even_as_null() {
        for wrong in [json!({"registrations": null}), json!({"registrations": true})] {
            let error = patched(&DomainSettings::default(), &object(&wrong)).unwrap_err();
            assert!(error.description.contains("registrations"), "{}", error.description);
        }
        let error = patched(&DomainSettings::default(), &object(&json!({"registration": "yes"}))).unwrap_err();
        assert!(error.description.starts_with("registration: "), "{}", error.description);
    }

    #[test]
    fn the_schema_of_a_patch_has_every_member_and_needs_none() {
        let schema = serde_json::to_value(PatchOf::<DomainSettings>::schema()).unwrap();
        assert_eq!(schema["properties"]["registration"]["oneOf"][0]["type"], "null");
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema.get("required"), None);
    }
}

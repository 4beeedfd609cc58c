//! The form of an application's settings: what it shows, and what a posted one changes.

use serde_json::Value;

use super::application_head::shown;
use super::duration;
use super::fields::Fields;
use crate::admin::managing::ManagingDomain;
use crate::clients::manual::DCR_ADMIN;
use crate::model::client::{Client, Origin};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::pages::Claimed;
use crate::pages::console::{ApplicationForm, Choice, FieldErrors};

/// The field of the lifetime of its access tokens.
pub const LIFETIME: &str = "access_token_lifetime";

/// Members that have fields of their own.
const OWN_FIELDS: [&str; 6] =
    ["client_name", "redirect_uris", "post_logout_redirect_uris", "grant_types", "token_endpoint_auth_method", "scope"];

/// The fields of the form, by which an error finds its place.
const FIELDS: [&str; 9] = [
    "client_name",
    "redirect_uris",
    "post_logout_redirect_uris",
    "grant_types",
    "token_endpoint_auth_method",
    "access_token_lifetime",
    "template",
    "registrar_policy",
    "registrant",
];

const GRANTS: [(&str, &str); 3] = [
    ("authorization_code", "Signs people in"),
    ("refresh_token", "Stays signed in"),
    ("client_credentials", "Acts for itself"),
];

const METHODS: [(&str, &str); 5] = [
    ("client_secret_basic", "A secret, by HTTP Basic"),
    ("client_secret_post", "A secret, in the form"),
    ("client_secret_jwt", "A secret, as a key of signed assertions"),
    ("private_key_jwt", "A key of its own"),
    ("none", "Nothing: a public client"),
];

/// The form as it is in force.
pub fn form_of(at: &ManagingDomain, client: &Client) -> ApplicationForm {
    let (metadata, settings) = (&client.metadata, &client.settings);
    let lines = |uris: &Option<Vec<String>>| uris.as_deref().unwrap_or_default().join("\n");
    let policy = settings.registrar_policy.as_deref();
    ApplicationForm {
        metadata: client.origin != Origin::ContentAddressed,
        name: metadata.client_name.clone().unwrap_or_default(),
        redirect_uris: lines(&metadata.redirect_uris),
        post_logout_redirect_uris: lines(&metadata.post_logout_redirect_uris),
        grants: grants(|grant| metadata.has_grant(grant)),
        methods: methods(metadata.token_endpoint_auth_method.as_deref().unwrap_or_default()),
        trusted: settings.trusted,
        require_pkce: settings.require_pkce,
        may_introspect: settings.may_introspect,
        access_token_lifetime: duration::input(&settings.access_token_lifetime.into()),
        template: settings.template.clone().unwrap_or_default(),
        registrar_policies: policies(at, client, policy.unwrap_or_default()),
        errors: FieldErrors::default(),
    }
}

fn grants(chosen: impl Fn(&str) -> bool) -> Vec<Choice> {
    GRANTS.iter().map(|(grant, label)| Choice::new(*grant, *label, chosen(grant))).collect()
}

fn methods(chosen: &str) -> Vec<Choice> {
    METHODS.iter().map(|(method, label)| Choice::new(*method, *label, *method == chosen)).collect()
}

fn policies(at: &ManagingDomain, client: &Client, chosen: &str) -> Vec<Choice> {
    if !client.settings.granted_scopes.contains(DCR_ADMIN) {
        return Vec::new();
    }
    let none = Choice::new("", "The domain's", chosen.is_empty());
    let all = at.domain.policies.iter().map(|policy| Choice::new(&policy.name, &policy.name, policy.name == chosen));
    std::iter::once(none).chain(all).collect()
}

/// Members without a field of their own.
pub fn others(client: &Client) -> Vec<(Claimed, Claimed)> {
    let members = client.metadata.to_object();
    let others = members.iter().filter(|(name, _)| !OWN_FIELDS.contains(&name.as_str()));
    others.map(|(name, value)| (name.into(), shown(Some(value)))).collect()
}

/// A posted form: as it was typed, and the merge patches of metadata and settings that it comes to. Only what differs
/// from what is in force is changed.
pub fn changes(
    at: &ManagingDomain,
    client: &Client,
    form: &Fields,
) -> (ApplicationForm, Option<Object>, Option<Object>) {
    let mut typed = form_of(at, client);
    let mut settings = Object::new();
    let mut set = |name: &str, value: Value| settings.insert(name.to_owned(), value);
    let text = |name: &str| form.given(name).map_or(Value::Null, Value::from);
    for (name, slot) in [
        ("trusted", &mut typed.trusted),
        ("require_pkce", &mut typed.require_pkce),
        ("may_introspect", &mut typed.may_introspect),
    ] {
        *slot = form.ticked(name);
        set(name, (*slot).into());
    }
    typed.access_token_lifetime = duration::input(&duration::typed(form, LIFETIME));
    // What cannot be read is refused by the setting's own check, and told by `lifetime_error`.
    set(LIFETIME, duration::read(form, LIFETIME).map_or_else(Value::from, Value::from));
    form.field("template").clone_into(&mut typed.template);
    set("template", text("template"));
    if !typed.registrar_policies.is_empty() {
        typed.registrar_policies = policies(at, client, form.field("registrar_policy"));
        set("registrar_policy", text("registrar_policy"));
    }
    let now = crate::model::json::members(&client.settings);
    settings.retain(|name, value| now.get(name).unwrap_or(&Value::Null) != value);
    if !typed.metadata {
        return (typed, None, Some(settings));
    }
    let metadata = metadata_changes(client, form, &mut typed);
    (typed, (!metadata.is_empty()).then_some(metadata), Some(settings))
}

fn metadata_changes(client: &Client, form: &Fields, typed: &mut ApplicationForm) -> Object {
    let mut metadata = Object::new();
    let list = |lines: Vec<&str>| if lines.is_empty() { Value::Null } else { Value::from(lines) };
    form.field("client_name").clone_into(&mut typed.name);
    metadata.insert("client_name".to_owned(), form.given("client_name").map_or(Value::Null, Value::from));
    form.field("redirect_uris").clone_into(&mut typed.redirect_uris);
    metadata.insert("redirect_uris".to_owned(), list(form.lines("redirect_uris")));
    form.field("post_logout_redirect_uris").clone_into(&mut typed.post_logout_redirect_uris);
    metadata.insert("post_logout_redirect_uris".to_owned(), list(form.lines("post_logout_redirect_uris")));
    let chosen = form.all("grant_types");
    typed.grants = grants(|grant| chosen.contains(&grant));
    // A grant that the form does not know stays.
    let unknown = client.metadata.grant_types.iter().flatten().map(String::as_str);
    let unknown = unknown.filter(|own| !GRANTS.iter().any(|(known, _)| known == own));
    let mut all: Vec<&str> = chosen.iter().copied().chain(unknown).collect();
    let own = client.metadata.grant_types.clone().unwrap_or_default();
    // In the order in force, so that nothing counts as changed that is not.
    all.sort_by_key(|grant| own.iter().position(|known| known == grant).unwrap_or(usize::MAX));
    metadata.insert("grant_types".to_owned(), Value::from(all));
    let method = form.field("token_endpoint_auth_method");
    if !method.is_empty() {
        typed.methods = methods(method);
        metadata.insert("token_endpoint_auth_method".to_owned(), method.into());
    }
    let now = client.metadata.to_object();
    metadata.retain(|name, value| {
        let nothing = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        match now.get(name) {
            Some(own) => own != value && !(nothing(own) && nothing(value)),
            None => !nothing(value),
        }
    });
    metadata
}

/// What is wrong with the lifetime that was typed, whatever else is wrong.
pub fn lifetime_error(form: &Fields) -> Option<String> {
    match duration::read(form, LIFETIME) {
        Err(told) => Some(told.to_owned()),
        Ok(Some(seconds)) if !(10..=86_400).contains(&seconds) => {
            Some("Must be between 10 seconds and 1 day.".to_owned())
        }
        Ok(_) => None,
    }
}

/// The field that an error is about; `""` is the form.
pub fn field_of(error: &OAuthError) -> &'static str {
    let description = error.description.strip_prefix("settings: ").unwrap_or(&error.description);
    let named = FIELDS.into_iter().find(|field| description.starts_with(&format!("{field}:")));
    named.or_else(|| FIELDS.into_iter().find(|field| description.starts_with(&format!("{field} ")))).unwrap_or_default()
}

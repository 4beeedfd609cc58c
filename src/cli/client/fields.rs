//! What `client create` and `client set` have in common: the members and settings that have flags of their own.

use clap::Args;
use serde_json::Value;

use crate::model::client::ClientSettings;
use crate::model::json::{Object, typed};

/// Members and settings with flags of their own.
#[derive(Debug, Default, Args)]
pub struct Fields {
    /// Its name, as people see it
    #[arg(long)]
    name: Option<String>,
    /// A redirect URI; may be given several times
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// A grant type; may be given several times
    #[arg(long, value_name = "GRANT_TYPE")]
    grant: Vec<String>,
    /// The registered scopes, separated by blanks
    #[arg(long, value_name = "SCOPES")]
    scope: Option<String>,
    /// Scopes granted beside the registered ones, reserved ones included
    #[arg(long, value_name = "SCOPES")]
    grant_scope: Option<String>,
    /// Scopes of a token request that names none
    #[arg(long, value_name = "SCOPES")]
    default_scope: Option<String>,
    /// How it authenticates: `client_secret_basic`, none, …
    #[arg(long, value_name = "METHOD")]
    auth_method: Option<String>,
    /// Whether it may introspect tokens of other clients
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    may_introspect: Option<bool>,
    /// Whether an administrator vouches for it: consent is remembered for loopback and private-scheme redirects, too
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    trusted: Option<bool>,
    /// The slug under which registrations name it as their template
    #[arg(long, value_name = "SLUG")]
    template: Option<String>,
    /// The policy that binds what it registers, if it is a gateway registrar
    #[arg(long, value_name = "NAME")]
    registrar_policy: Option<String>,
}

impl Fields {
    /// Puts the metadata that was given in the place of what is there. An empty text takes a member away.
    pub fn overlay_metadata(&self, metadata: &mut Object) {
        let list = |values: &[String]| (!values.is_empty()).then(|| Value::from(values.to_vec()));
        let text = |value: &Option<String>| value.clone().map(Value::from);
        for (name, value) in [
            ("client_name", text(&self.name)),
            ("redirect_uris", list(&self.redirect_uri)),
            ("grant_types", list(&self.grant)),
            ("scope", text(&self.scope)),
            ("token_endpoint_auth_method", text(&self.auth_method)),
        ] {
            match value {
                Some(Value::String(text)) if text.is_empty() => drop(metadata.remove(name)),
                Some(value) => drop(metadata.insert(name.to_owned(), value)),
                None => {}
            }
        }
        if !self.grant.is_empty() {
            // It follows from the grants.
            metadata.remove("response_types");
        }
    }

    /// The settings with those that were given. An empty text sets one back to its default.
    pub fn overlay_settings(&self, settings: &ClientSettings) -> anyhow::Result<ClientSettings> {
        let Value::Object(mut members) = serde_json::to_value(settings)? else { unreachable!("settings are a struct") };
        let text = |value: &Option<String>| value.clone().map(Value::from);
        for (name, value) in [
            ("granted_scopes", text(&self.grant_scope)),
            ("default_scopes", text(&self.default_scope)),
            ("may_introspect", self.may_introspect.map(Value::from)),
            ("trusted", self.trusted.map(Value::from)),
            ("template", text(&self.template)),
            ("registrar_policy", text(&self.registrar_policy)),
        ] {
            match value {
                Some(Value::String(text)) if text.is_empty() => drop(members.remove(name)),
                Some(value) => drop(members.insert(name.to_owned(), value)),
                None => {}
            }
        }
        typed(&members).map_err(|problem| anyhow::anyhow!(problem))
    }

    /// Whether redirect URIs were given.
    pub fn has_redirects(&self) -> bool {
        !self.redirect_uri.is_empty()
    }

    /// The name that was given.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

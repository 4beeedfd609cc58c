//! What `client create` and `client set` have in common: the members and settings that have flags of their own.

use clap::Args;
use serde_json::Value;

use crate::model::json::Object;

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
    /// The metadata that was given, as a merge patch (RFC 7396). An empty text takes a member away.
    pub fn metadata(&self) -> Object {
        let list = |values: &[String]| (!values.is_empty()).then(|| Value::from(values.to_vec()));
        let mut patch = given([
            ("client_name", text(self.name.as_ref())),
            ("redirect_uris", list(&self.redirect_uri)),
            ("grant_types", list(&self.grant)),
            ("scope", text(self.scope.as_ref())),
            ("token_endpoint_auth_method", text(self.auth_method.as_ref())),
        ]);
        if !self.grant.is_empty() {
            // It follows from the grants.
            patch.insert("response_types".to_owned(), Value::Null);
        }
        patch
    }

    /// The settings that were given, as a merge patch. An empty text sets one back to its default.
    pub fn settings(&self) -> Object {
        given([
            ("granted_scopes", text(self.grant_scope.as_ref())),
            ("default_scopes", text(self.default_scope.as_ref())),
            ("may_introspect", self.may_introspect.map(Value::from)),
            ("trusted", self.trusted.map(Value::from)),
            ("template", text(self.template.as_ref())),
            ("registrar_policy", text(self.registrar_policy.as_ref())),
        ])
    }

    /// Whether redirect URIs were given.
    pub fn has_redirects(&self) -> bool {
        !self.redirect_uri.is_empty()
    }
}

/// A text that was given; null where it is empty.
fn text(value: Option<&String>) -> Option<Value> {
    value.map(|text| if text.is_empty() { Value::Null } else { text.as_str().into() })
}

fn given<const N: usize>(members: [(&str, Option<Value>); N]) -> Object {
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

//! The provisioning file: its tables, and where its secrets are.

use std::path::Path;

use anyhow::{Context as _, anyhow, bail, ensure};
use serde::Deserialize;
use serde::de::{self, Deserializer};
use serde_json::Value;

use super::administrators::AdministratorTable;
use super::secret::{SecretReference, reference};
use crate::clients::application::ApplicationKind;
use crate::model::json::{Object, typed};
use crate::model::resource::ResourceSettings;

/// A provisioning file, read and checked as far as it can be without a database.
#[derive(Debug)]
pub struct ProvisioningFile {
    /// `[[domain]]`
    pub domains: Vec<DomainTable>,
    /// `[[administrator]]`
    pub administrators: Vec<AdministratorTable>,
}

/// `[[domain]]`
#[derive(Debug)]
pub struct DomainTable {
    /// Its path segment.
    pub name: String,
    /// The settings that shall have these values.
    pub settings: Object,
    /// `[[domain.scope]]`
    pub scopes: Vec<ScopeTable>,
    /// `[[domain.policy]]`
    pub policies: Vec<PolicyTable>,
    /// `[[domain.client]]`
    pub clients: Vec<ClientTable>,
    /// `[[domain.resource]]`
    pub resources: Vec<ResourceTable>,
    /// `[[domain.user]]`
    pub users: Vec<UserTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDomain {
    name: String,
    #[serde(default)]
    settings: Object,
    #[serde(default)]
    scope: Vec<Object>,
    #[serde(default)]
    policy: Vec<Object>,
    #[serde(default)]
    client: Vec<Object>,
    #[serde(default)]
    resource: Vec<Object>,
    #[serde(default)]
    user: Vec<Object>,
}

/// `[[domain.scope]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeTable {
    /// The token itself.
    pub name: String,
    /// A short name for people.
    pub label: Option<String>,
    /// What it allows, in words.
    pub description: Option<String>,
    /// Never listed in discovery.
    pub hidden: Option<bool>,
    /// Granted by an administrator only.
    pub reserved: Option<bool>,
    /// May be asked for in a registration.
    pub self_registrable: Option<bool>,
}

/// `[[domain.policy]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyTable {
    /// Its name.
    pub name: String,
    /// The preset that supplies what `rules` leaves open.
    pub from: Option<Preset>,
    /// The members that shall have these values.
    #[serde(default)]
    pub rules: Object,
}

/// A preset policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// For the applications that an API gateway registers.
    Gateway,
    /// For MCP clients.
    Mcp,
}

/// `[[domain.client]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientTable {
    /// Its id.
    pub client_id: String,
    /// Where its secret is.
    #[serde(default, deserialize_with = "reference")]
    pub secret: Option<SecretReference>,
    /// The type of application that supplies what `metadata` leaves open.
    #[serde(default, rename = "type", deserialize_with = "kind")]
    pub kind: Option<ApplicationKind>,
    /// The metadata that shall have these values.
    #[serde(default)]
    pub metadata: Object,
    /// The settings that shall have these values.
    #[serde(default)]
    pub settings: Object,
}

/// `[[domain.resource]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceTable {
    /// Its name.
    pub name: String,
    /// Its identifiers; the first one is the `aud`.
    pub identifiers: Vec<String>,
    /// The other settings that shall have these values: `prefix_match`, `scopes`, `access_token_algorithm`,
    /// `access_token_lifetime`.
    #[serde(default)]
    pub settings: Object,
    /// Clients that may have tokens for it by client credentials.
    #[serde(default)]
    pub grants: Vec<String>,
    /// What it introspects with.
    pub credentials: Option<CredentialsTable>,
}

/// `credentials` of `[[domain.resource]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialsTable {
    /// The client id.
    pub client_id: String,
    /// Where the secret is.
    #[serde(deserialize_with = "reference")]
    pub secret: Option<SecretReference>,
}

/// `[[domain.user]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserTable {
    /// What the person logs in with.
    pub username: String,
    /// The e-mail address; an empty text: none.
    pub email: Option<String>,
    /// Whether the address is known to be the person's.
    pub email_verified: Option<bool>,
    /// The full name; the claim `name`.
    pub name: Option<String>,
    /// The profile claims that shall have these values.
    #[serde(default)]
    pub claims: Object,
    /// Where the password is.
    #[serde(default, deserialize_with = "reference")]
    pub password: Option<SecretReference>,
    /// Whether the person may log in.
    pub enabled: Option<bool>,
}

fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ApplicationKind>, D::Error> {
    String::deserialize(deserializer)?.parse().map(Some).map_err(de::Error::custom)
}

impl ProvisioningFile {
    /// Reads a file. Errors name the table and the member.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the provisioning file {} cannot be read", path.display()))?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    /// Reads the text of a file.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let file: Object = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            anyhow!("line {line}: {}", error.message().replace('\n', " "))
        })?;
        let (mut domains, mut administrators) = (Vec::new(), Vec::new());
        for (name, value) in file {
            ensure!(
                name == "domain" || name == "administrator",
                "there is no table [[{name}]]; a provisioning file has [[domain]] and [[administrator]] tables"
            );
            let Value::Array(tables) = value else { bail!("{name}: must be written as [[{name}]]") };
            for table in tables {
                let Value::Object(table) = table else { bail!("{name}: must be written as [[{name}]]") };
                if name == "domain" {
                    domains.push(DomainTable::read(&table)?);
                } else {
                    administrators.push(AdministratorTable::read(&table)?);
                }
            }
        }
        Ok(Self { domains, administrators })
    }
}

impl DomainTable {
    fn read(table: &Object) -> anyhow::Result<Self> {
        let shown = |table: &Object, member: &str| match table.get(member).and_then(Value::as_str) {
            Some(name) => format!("{name:?}"),
            None => format!("without {member}"),
        };
        let raw: RawDomain =
            typed(table).map_err(|problem| anyhow!("[[domain]] {}: {problem}", shown(table, "name")))?;
        let within = |kind: &str, member: &str, inner: &Object, problem: String| {
            anyhow!("[[domain.{kind}]] {} of domain {:?}: {problem}", shown(inner, member), raw.name)
        };
        let read = Self {
            settings: raw.settings.clone(),
            scopes: each(&raw.scope, |table, problem| within("scope", "name", table, problem))?,
            policies: each(&raw.policy, |table, problem| within("policy", "name", table, problem))?,
            clients: each(&raw.client, |table, problem| within("client", "client_id", table, problem))?,
            resources: each(&raw.resource, |table, problem| within("resource", "name", table, problem))?,
            users: each(&raw.user, |table, problem| within("user", "username", table, problem))?,
            name: raw.name.clone(),
        };
        for (table, resource) in raw.resource.iter().zip(&read.resources) {
            let refused = |problem: String| within("resource", "name", table, format!("settings.{problem}"));
            typed::<ResourceSettings>(&resource.settings).map_err(refused)?;
            if resource.settings.contains_key("identifiers") {
                return Err(refused("identifiers: stands beside settings, not in them".to_owned()));
            }
        }
        Ok(read)
    }
}

fn each<T: de::DeserializeOwned>(
    tables: &[Object],
    refused: impl Fn(&Object, String) -> anyhow::Error,
) -> anyhow::Result<Vec<T>> {
    tables.iter().map(|table| typed(table).map_err(|problem| refused(table, problem))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        format!("{:#}", ProvisioningFile::parse(text).unwrap_err())
    }

    #[test]
    fn errors_name_the_table_and_the_member() {
        assert!(problem("[[domains]]").contains("there is no table [[domains]]"));
        assert!(problem("[[domain]]\nname = 'a'\nsetings = {}").contains("[[domain]] \"a\": unknown field `setings`"));
        let text = problem("[[domain]]\nname = 'a'\n[[domain.scope]]\nname = 's'\nhidden = 'no'");
        assert!(text.contains("[[domain.scope]] \"s\" of domain \"a\": hidden: invalid type"), "{text}");
        let text = problem("[[domain]]\nname = 'a'\n[[domain.client]]\nclient_id = 'c'\ntype = 'spa'");
        assert!(text.contains("type: is not one of web"), "{text}");
        let text = problem("[[domain]]\nname = 'a'\n[[domain.resource]]\nname = 'r'");
        assert!(text.contains("missing field `identifiers`"), "{text}");
        assert!(problem("[[domain]]\nname = ").contains("line 2"));
    }

    #[test]
    fn the_reach_of_an_administrator_is_said_once() {
        let table = |rest: &str| format!("[[administrator]]\nusername = 'ada'\n{rest}");
        assert!(problem(&table("role = 'editor'")).contains("\"ada\": domains: is missing"));
        for both in ["role = 'owner'\ndomains = ['a']", "role = 'editor'\nall_domains = true\ndomains = ['a']"] {
            assert!(problem(&table(both)).contains("domains: reaches every domain already"), "{both}");
        }
        assert!(problem(&table("role = 'root'")).contains("role: unknown variant `root`"));
        let file = ProvisioningFile::parse(&table("role = 'auditor'\ndomains = ['a', 'b']")).unwrap();
        assert_eq!(file.administrators[0].domains.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
    }

    #[test]
    fn a_secret_in_the_file_is_refused_without_repeating_it() {
        for wrong in ["'hunter2'", "{ value = 'hunter2' }", "{ env = 'A', file = 'hunter2' }"] {
            let text =
                problem(&format!("[[domain]]\nname = 'a'\n[[domain.client]]\nclient_id = 'c'\nsecret = {wrong}"));
            assert!(text.contains("secret: must be") && !text.contains("hunter2"), "{text}");
        }
    }
}

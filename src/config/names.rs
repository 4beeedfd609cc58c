//! Names of settings as files and environment variables spell them; unknown ones are refused.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::{anyhow, bail, ensure};

use super::DEFAULTS;

const PREFIX: &str = "REGISTRAR_";

/// Variables with our prefix that are not settings: read by the command line.
const OTHER_VARIABLES: &[&str] =
    &["REGISTRAR_API_TOKEN", "REGISTRAR_CONFIG", "REGISTRAR_NEW_MASTER_KEY", "REGISTRAR_SERVER"];

/// The names of all settings, dotted, from the embedded defaults.
pub(super) fn known_settings() -> BTreeSet<String> {
    let defaults: toml::Table = DEFAULTS.parse().expect("the embedded defaults are TOML: a unit test reads them");
    flatten(&defaults).into_iter().collect()
}

fn flatten(table: &toml::Table) -> Vec<String> {
    let mut names = Vec::new();
    for (name, value) in table {
        match value {
            toml::Value::Table(inner) => names.extend(flatten(inner).into_iter().map(|rest| format!("{name}.{rest}"))),
            _ => names.push(name.clone()),
        }
    }
    names
}

/// Refuses a file with unknown names before anything is taken from it.
pub(super) fn check_file(text: &str, path: &Path, known: &BTreeSet<String>) -> anyhow::Result<()> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        anyhow!("{}, line {line}: {}", path.display(), error.message())
    })?;
    for name in flatten(&table) {
        ensure!(
            known.contains(&name),
            "{}: there is no setting {name:?}{}",
            path.display(),
            suggestion(&name, known, Clone::clone)
        );
    }
    Ok(())
}

/// The variables that are settings, under the names that `config` expects. Unknown ones with our prefix are refused,
/// except what Kubernetes injects for services whose names begin like ours (`REGISTRAR_PORT_8080_TCP`, …).
pub(super) fn settings_variables(
    environment: impl IntoIterator<Item = (String, String)>,
    known: &BTreeSet<String>,
) -> anyhow::Result<HashMap<String, String>> {
    let mut variables = HashMap::new();
    let mut plain_database_url = None;
    for (name, value) in environment {
        if name == "DATABASE_URL" {
            plain_database_url = Some(value);
            continue;
        }
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let setting = if name == "REGISTRAR_MASTER_KEY" {
            "keys.master_key".to_owned()
        } else {
            rest.to_lowercase().replace("__", ".")
        };
        if known.contains(&setting) {
            variables.insert(variable_name(&setting), value);
        } else if !OTHER_VARIABLES.contains(&name.as_str()) && !injected_by_kubernetes(&name) {
            bail!(
                "the environment variable {name} is not a setting{}",
                suggestion(&setting, known, |setting| variable_name(setting))
            );
        }
    }
    if let Some(url) = plain_database_url {
        variables.entry(variable_name("database.url")).or_insert(url);
    }
    Ok(variables)
}

fn injected_by_kubernetes(name: &str) -> bool {
    name.contains("_SERVICE_") || name.contains("_PORT_") || name.ends_with("_PORT")
}

/// The variable of a setting: `limits.form_body_bytes` is `REGISTRAR_LIMITS__FORM_BODY_BYTES`.
fn variable_name(setting: &str) -> String {
    format!("{PREFIX}{}", setting.replace('.', "__").to_uppercase())
}

/// "; did you mean …?" when a known name differs in its separators only, or ends alike.
pub(super) fn suggestion(name: &str, known: &BTreeSet<String>, shown: impl Fn(&String) -> String) -> String {
    let flat = |text: &str| text.replace('.', "_");
    let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
    let same = known.iter().find(|candidate| flat(candidate) == flat(name));
    match same.or_else(|| known.iter().find(|candidate| last(candidate) == last(name))) {
        Some(candidate) => format!("; did you mean {}?", shown(candidate)),
        None => "; registrar.default.toml lists them all".to_owned(),
    }
}

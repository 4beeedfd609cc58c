//! A person who logs in to a domain (OpenID Connect Core §5.1).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::id::{DomainId, UserId};
use super::json::Object;
use super::scope::ScopeSet;
use super::time::UnixTime;

/// The longest user name, in characters.
const MAX_USERNAME: usize = 64;

/// The longest e-mail address (RFC 5321 §4.5.3.1.3).
const MAX_EMAIL: usize = 254;

/// A user of a domain.
#[derive(Debug, Clone)]
pub struct User {
    /// Its identifier; the `sub` of clients with public subjects.
    pub id: UserId,
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// What the person logs in with (`preferred_username`).
    pub username: String,
    /// The e-mail address, which can be logged in with as well.
    pub email: Option<String>,
    /// Whether the person has shown that the address is theirs.
    pub email_verified: bool,
    /// The Argon2id hash of the password; none: no password was chosen yet.
    pub password: Option<String>,
    /// Profile claims: `name`, `given_name`, `locale` …
    pub claims: UserClaims,
    /// Whether the person may log in.
    pub enabled: bool,
    /// Counts the changes.
    pub version: i64,
    /// When it was created.
    pub created_at: UnixTime,
    /// When it last changed (`updated_at`).
    pub updated_at: UnixTime,
}

/// Profile claims as they are told (OpenID Connect Core §5.1); only those of [`PROFILE_CLAIMS`] and their kin.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserClaims(pub Object);

/// The claims that the scope `profile` tells (OpenID Connect Core §5.4), those that the server computes aside.
pub const PROFILE_CLAIMS: &[&str] = &[
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
];

/// The other claims that [`User::claims_for`] may tell, as discovery lists them.
pub const OTHER_CLAIMS: &[&str] = &[
    "preferred_username",
    "updated_at",
    "email",
    "email_verified",
    "address",
    "phone_number",
    "phone_number_verified",
];
/// The longest value of a claim, in characters.
const MAX_CLAIM: usize = 2_048;

/// The parts of an address (OpenID Connect Core §5.1.1).
const ADDRESS: &[&str] = &["formatted", "street_address", "locality", "region", "postal_code", "country"];

impl UserClaims {
    /// Checks names and kinds of the claims (OpenID Connect Core §5.1). The error names the claim and the rule.
    pub fn check(&self) -> Result<(), String> {
        for (name, value) in &self.0 {
            let problem = match name.as_str() {
                "phone_number_verified" => (!value.is_boolean()).then(|| "must be true or false".to_owned()),
                "address" => check_address(value).err(),
                "profile" | "picture" | "website" => check_url(value).err(),
                "phone_number" => check_text(value).err(),
                known if PROFILE_CLAIMS.contains(&known) => check_text(value).err(),
                _ => {
                    let known = PROFILE_CLAIMS.join(", ");
                    Some(format!("is not one of {known}, address, phone_number, phone_number_verified"))
                }
            };
            if let Some(problem) = problem {
                return Err(format!("{name}: {problem}"));
            }
        }
        Ok(())
    }
}

fn check_text(value: &Value) -> Result<(), String> {
    match value.as_str() {
        Some(text) if text.is_empty() || text.chars().count() > MAX_CLAIM => {
            Err(format!("must have 1 to {MAX_CLAIM} characters"))
        }
        Some(text) if text.contains(|c: char| c.is_control() && c != '\n') => {
            Err("must not have control characters".to_owned())
        }
        Some(_) => Ok(()),
        None => Err("must be a text".to_owned()),
    }
}

fn check_url(value: &Value) -> Result<(), String> {
    check_text(value)?;
    let url = value.as_str().and_then(|text| Url::parse(text).ok());
    match url.filter(|url| matches!(url.scheme(), "http" | "https")) {
        Some(_) => Ok(()),
        None => Err("must be an http or https URL".to_owned()),
    }
}

fn check_address(value: &Value) -> Result<(), String> {
    let Some(parts) = value.as_object() else { return Err("must be an object".to_owned()) };
    for (name, value) in parts {
        if !ADDRESS.contains(&name.as_str()) {
            return Err(format!("{name} is not one of {}", ADDRESS.join(", ")));
        }
        check_text(value).map_err(|problem| format!("{name} {problem}"))?;
    }
    Ok(())
}

impl User {
    /// What the scopes let a client know, `sub` aside (OpenID Connect Core §5.4).
    pub fn claims_for(&self, scope: &ScopeSet) -> Object {
        let mut told = Object::new();
        let mut own = |names: &[&str]| {
            for name in names {
                if let Some(value) = self.claims.0.get(*name) {
                    told.insert((*name).to_owned(), value.clone());
                }
            }
        };
        if scope.contains("profile") {
            own(PROFILE_CLAIMS);
        }
        if scope.contains("address") {
            own(&["address"]);
        }
        if scope.contains("phone") {
            own(&["phone_number", "phone_number_verified"]);
        }
        if scope.contains("profile") {
            told.insert("preferred_username".to_owned(), self.username.as_str().into());
            told.insert("updated_at".to_owned(), self.updated_at.seconds().into());
        }
        if let Some(email) = self.email.as_deref().filter(|_| scope.contains("email")) {
            told.insert("email".to_owned(), email.into());
            told.insert("email_verified".to_owned(), self.email_verified.into());
        }
        told
    }

    /// What the person is called where a name is shown: the full name, else the user name.
    pub fn display_name(&self) -> &str {
        self.claims.0.get("name").and_then(|name| name.as_str()).unwrap_or(&self.username)
    }
}

/// What makes two user names, or two addresses, the same: case and blanks around do not count.
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Whether a text may be a user name. The error says what to change.
pub fn check_username(text: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_alphanumeric() || "._-+".contains(c);
    if text.is_empty() || text.chars().count() > MAX_USERNAME || !text.chars().all(allowed) {
        return Err(format!("a user name has 1 to {MAX_USERNAME} letters, digits, '.', '_', '-' or '+'"));
    }
    Ok(())
}

/// Whether a text looks like an e-mail address. The error says what to change.
pub fn check_email(text: &str) -> Result<(), String> {
    let refused = || Err("an e-mail address has the form name@host".to_owned());
    let Some((local, host)) = text.rsplit_once('@') else { return refused() };
    let bad = |c: char| c.is_whitespace() || c.is_control() || "<>(),;:\\\"[]".contains(c);
    if local.is_empty() || text.len() > MAX_EMAIL || text.contains(bad) || local.contains('@') {
        return refused();
    }
    let label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    if !host.contains('.') || !host.split('.').all(label) {
        return refused();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_addresses_are_told_from_others() {
        for good in ["ada", "Ada.Lovelace", "a+b", "jos\u{e9}", "7"] {
            assert!(check_username(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a@b", "a/b", "a\u{0}", &"x".repeat(65)] {
            assert!(check_username(bad).is_err(), "{bad}");
        }
        for good in ["ada@example.com", "a.b+c@mail.example.co.uk"] {
            assert!(check_email(good).is_ok(), "{good}");
        }
        for bad in ["ada", "@example.com", "ada@example", "ada@.com", "a da@example.com", "a@b@example.com", "<a@b.c>"]
        {
            assert!(check_email(bad).is_err(), "{bad}");
        }
        assert_eq!(fold(" Ada@Example.COM "), "ada@example.com");
    }

    #[test]
    fn claims_are_those_of_the_specification_with_values_of_their_kind() {
        let check = |claims: Value| UserClaims(claims.as_object().unwrap().clone()).check();
        let good = json!({
            "name": "Ada", "locale": "en-GB", "picture": "https://example.com/ada.png", "phone_number_verified": false,
            "address": {"formatted": "1 Main Street\nLondon", "country": "GB"},
        });
        assert_eq!(check(good), Ok(()));
        for (bad, expected) in [
            (json!({"shoe_size": 38}), "shoe_size: is not one of name"),
            (json!({"name": 7}), "name: must be a text"),
            (json!({"name": ""}), "name: must have 1 to"),
            (json!({"name": "a\u{7}"}), "name: must not have control"),
            (json!({"picture": "javascript:alert(1)"}), "picture: must be an http"),
            (json!({"phone_number_verified": "yes"}), "phone_number_verified: must be true"),
            (json!({"address": {"planet": "Earth"}}), "address: planet is not one of formatted"),
        ] {
            let problem = check(bad).unwrap_err();
            assert!(problem.starts_with(expected), "{problem}");
        }
    }

    #[test]
    fn each_scope_tells_its_own_claims() {
        let clock = crate::model::time::Clock::manual(UnixTime(1_790_000_000));
        let user = User {
            id: UserId::new(&clock),
            domain_id: DomainId::new(&clock),
            username: "ada".to_owned(),
            email: Some("ada@example.com".to_owned()),
            email_verified: true,
            password: None,
            claims: UserClaims(json!({"name": "Ada", "shoe_size": 38}).as_object().unwrap().clone()),
            enabled: true,
            version: 1,
            created_at: clock.now(),
            updated_at: clock.now(),
        };
        let told = |scope: &str| json!(user.claims_for(&ScopeSet::parse(scope).unwrap()));
        assert_eq!(told("openid"), json!({}));
        assert_eq!(told("openid email"), json!({"email": "ada@example.com", "email_verified": true}));
        assert_eq!(told("profile"), json!({"name": "Ada", "preferred_username": "ada", "updated_at": 1_790_000_000}));
    }
}

//! What an administrator's form holds: fields that may come several times, as check boxes do.

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;

use crate::app::App;
use crate::model::oauth_error::OAuthError;
use crate::oauth::request::{has_media_type, read_body};

/// The fields of a posted form, in their order. Not `Debug`: they hold passwords.
pub struct Fields(Vec<(String, String)>);

impl FromRequest<App> for Fields {
    type Rejection = OAuthError;

    async fn from_request(request: Request, _: &App) -> Result<Self, OAuthError> {
        if !has_media_type(request.headers(), "application/x-www-form-urlencoded") {
            return Err(OAuthError::unsupported_media_type("this page takes application/x-www-form-urlencoded only"));
        }
        Ok(Self::parse(&read_body(request.into_body()).await?))
    }
}

/// The parameters of a page's URL. One that is not known does nothing: links grow old.
pub struct Asked(pub Fields);

impl FromRequestParts<App> for Asked {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, OAuthError> {
        Ok(Self(Fields::parse(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}

impl Fields {
    /// Reads a form. What PostgreSQL cannot store is left out.
    pub fn parse(bytes: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(bytes);
        Self(pairs.map(|(name, value)| (name.into_owned(), value.replace('\0', ""))).collect())
    }

    /// A field as it was typed, empty if it was not sent.
    pub fn field(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The same without blanks around it.
    pub fn trimmed(&self, name: &str) -> &str {
        self.field(name).trim()
    }

    /// The same; `None` where nothing was typed.
    pub fn given(&self, name: &str) -> Option<&str> {
        Some(self.trimmed(name)).filter(|text| !text.is_empty())
    }

    /// Every field with its value, in their order.
    pub fn pairs(&self) -> Vec<(String, String)> {
        self.0.clone()
    }

    /// Every value of a field that may come several times.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The lines of a text area, without blanks around them and without empty ones.
    pub fn lines(&self, name: &str) -> Vec<&str> {
        self.field(name).lines().map(str::trim).filter(|line| !line.is_empty()).collect()
    }

    /// All fields, with another version in the place of the one that was read.
    pub fn with_version(&self, version: i64) -> Vec<(String, String)> {
        let now = |(name, value): &(String, String)| {
            let value = if name == "version" { version.to_string() } else { value.clone() };
            (name.clone(), value)
        };
        self.0.iter().map(now).collect()
    }

    /// Whether a check box was ticked.
    pub fn ticked(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_once_several_times_or_not_at_all() {
        let form = Fields::parse(b"name=+My+app%00+&scope=a&scope=b&uris=x%0D%0A%0D%0A+y+&on=");
        assert_eq!((form.trimmed("name"), form.given("name"), form.given("none")), ("My app", Some("My app"), None));
        assert_eq!(form.all("scope"), ["a", "b"]);
        assert_eq!(form.lines("uris"), ["x", "y"]);
        assert!(form.ticked("on") && !form.ticked("off"));
    }
}

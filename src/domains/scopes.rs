//! The scopes of a domain.

use super::Domains;
use crate::clients::manual::DCR_ADMIN;
use crate::model::audit_event::Actor;
use crate::model::id::check_names_a_page;
use crate::model::json::{Object, members};
use crate::model::oauth_error::OAuthError;
use crate::model::scope::{Scope, is_token};
use crate::store::cache::DomainEntry;

/// The longest label and the longest description, in characters.
const LONGEST: [usize; 2] = [100, 500];

impl Domains {
    /// Creates a scope whose version is 0, else changes the one of that name, unless somebody else changed it since it
    /// was read.
    pub async fn put_scope(&self, domain: &DomainEntry, scope: &Scope, actor: &Actor) -> Result<(), OAuthError> {
        check(scope)?;
        let new = scope.version == 0;
        let before = domain.scope(&scope.name).filter(|_| !new).map(told).unwrap_or_default();
        let action = if new { "scope.create" } else { "scope.update" };
        let audit = actor.did(self.store.clock(), Some(domain.id()), action, &scope.name);
        if self.store.put_scope(domain.id(), scope, &audit.changed(&before, &told(scope))).await? {
            return Ok(());
        }
        if new {
            return Err(OAuthError::conflict(format!("name: the domain has a scope {} already", scope.name)));
        }
        Err(OAuthError::changed_meanwhile("the scope"))
    }

    /// Deletes a scope, unless somebody else changed it since it was read.
    pub async fn delete_scope(&self, domain: &DomainEntry, scope: &Scope, actor: &Actor) -> Result<(), OAuthError> {
        if scope.name == DCR_ADMIN {
            return Err(OAuthError::conflict(format!("{DCR_ADMIN} belongs to the server and stays")));
        }
        let audit = actor.did(self.store.clock(), Some(domain.id()), "scope.delete", &scope.name);
        if self.store.delete_scope(domain.id(), scope, &audit.changed(&told(scope), &Object::new())).await? {
            return Ok(());
        }
        Err(OAuthError::changed_meanwhile("the scope"))
    }
}

/// A scope of a domain by its name.
pub fn find_scope<'a>(domain: &'a DomainEntry, name: &str) -> Result<&'a Scope, OAuthError> {
    domain.scope(name).ok_or_else(|| OAuthError::not_found(format!("the domain has no scope {name}")))
}

fn check(scope: &Scope) -> Result<(), OAuthError> {
    if !is_token(&scope.name) || scope.name.len() > 255 {
        return Err(OAuthError::invalid_scope(
            "name: a scope's name is 1 to 255 printable ASCII characters without blanks, quotes and backslashes (RFC 6749 section 3.3)",
        ));
    }
    if scope.version == 0 {
        check_names_a_page(&scope.name).map_err(|problem| OAuthError::invalid_scope(format!("name: {problem}")))?;
    }
    for (member, text, most) in [("label", &scope.label, LONGEST[0]), ("description", &scope.description, LONGEST[1])] {
        if text.chars().count() > most || text.chars().any(char::is_control) {
            return Err(OAuthError::invalid_scope(format!(
                "{member}: is at most {most} characters on one line; shorten it"
            )));
        }
    }
    if scope.name == DCR_ADMIN && (!scope.reserved || scope.self_registrable) {
        return Err(OAuthError::invalid_scope(format!(
            "reserved: {DCR_ADMIN} stays reserved, because whoever holds it registers clients"
        )));
    }
    if scope.reserved && scope.self_registrable {
        return Err(OAuthError::invalid_scope(
            "self_registrable: a reserved scope is granted by an administrator only; turn one of the two off",
        ));
    }
    Ok(())
}

/// What the audit log tells of a scope.
fn told(scope: &Scope) -> Object {
    let mut told = members(scope);
    told.remove("version");
    told
}

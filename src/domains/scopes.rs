//! The scopes of a domain.

use super::Domains;
use crate::clients::manual::DCR_ADMIN;
use crate::model::audit_event::Actor;
use crate::model::json::{Object, members};
use crate::model::oauth_error::OAuthError;
use crate::model::scope::{Scope, is_token};
use crate::store::cache::DomainEntry;

impl Domains {
    /// Creates a scope, or changes the one of that name.
    pub async fn put_scope(&self, domain: &DomainEntry, scope: &Scope, actor: &Actor) -> Result<(), OAuthError> {
        if !is_token(&scope.name) || scope.name.len() > 255 {
            return Err(OAuthError::invalid_scope(
                "a scope's name is 1 to 255 printable ASCII characters without blanks, quotes and backslashes (RFC 6749 section 3.3)",
            ));
        }
        if scope.name == DCR_ADMIN && (!scope.reserved || scope.self_registrable) {
            return Err(OAuthError::invalid_scope(format!(
                "{DCR_ADMIN} stays reserved: whoever holds it registers clients"
            )));
        }
        if scope.reserved && scope.self_registrable {
            return Err(OAuthError::invalid_scope("a reserved scope cannot be self-registrable"));
        }
        let known = domain.scope(&scope.name);
        let action = if known.is_some() { "scope.update" } else { "scope.create" };
        let audit = actor.did(self.store.clock(), Some(domain.id()), action, &scope.name);
        let audit = audit.changed(&known.map(members).unwrap_or_default(), &members(scope));
        Ok(self.store.put_scope(domain.id(), scope, &audit).await?)
    }

    /// Deletes a scope.
    pub async fn delete_scope(&self, domain: &DomainEntry, name: &str, actor: &Actor) -> Result<(), OAuthError> {
        if name == DCR_ADMIN {
            return Err(OAuthError::invalid_scope(format!("{DCR_ADMIN} belongs to the server and stays")));
        }
        let audit = actor.did(self.store.clock(), Some(domain.id()), "scope.delete", name);
        let audit = audit.changed(&domain.scope(name).map(members).unwrap_or_default(), &Object::new());
        if self.store.delete_scope(domain.id(), name, &audit).await? {
            return Ok(());
        }
        Err(OAuthError::not_found(format!("the domain has no scope {name}")))
    }
}

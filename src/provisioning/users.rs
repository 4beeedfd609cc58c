//! Provisioning users.

use super::file::{DomainTable, UserTable};
use super::{Outcome, Provisioner, resolved, told};
use crate::model::user::{User, UserClaims};
use crate::people::users::{NewUser, UserEdit};

impl Provisioner<'_> {
    pub(super) async fn user(&self, table: &DomainTable, wanted: &UserTable) -> anyhow::Result<Outcome> {
        let domain = self.entry(table).await?;
        let email = wanted.email.clone().filter(|email| !email.is_empty());
        let Some(user) = self.domains.store.user_by_login(domain.id(), &wanted.username).await? else {
            let new = NewUser {
                username: wanted.username.clone(),
                email,
                email_verified: wanted.email_verified.unwrap_or_default(),
                claims: claims(UserClaims::default(), wanted),
                password: resolved(wanted.password.as_ref(), "password").await?,
                disabled: wanted.enabled == Some(false),
            };
            self.people.create_user(&domain, new, self.actor).await.map_err(told)?;
            return Ok(Outcome::Created);
        };
        let mut edit = changes(&user, wanted);
        if let Some(chosen) = resolved(wanted.password.as_ref(), "password").await?
            && !self.people.verify_password(chosen.clone(), user.password.as_deref()).await.map_err(told)?
        {
            edit.password = Some(chosen);
        }
        let changed = edit.username.is_some()
            || edit.email.is_some()
            || edit.email_verified.is_some()
            || edit.claims.is_some()
            || edit.password.is_some()
            || edit.enabled.is_some();
        if changed {
            self.people.change_user(&domain, &user, edit, self.actor).await.map_err(told)?;
        }
        Ok(Outcome::changed(changed))
    }
}

/// What the file says otherwise than it is.
fn changes(user: &User, wanted: &UserTable) -> UserEdit {
    let claims = claims(user.claims.clone(), wanted);
    let email = wanted.email.as_ref().filter(|email| **email != user.email.clone().unwrap_or_default());
    // Another address is not verified, unless the file says so.
    let verified = user.email_verified && email.is_none();
    UserEdit {
        username: Some(wanted.username.clone()).filter(|username| *username != user.username),
        email: email.cloned(),
        email_verified: wanted.email_verified.filter(|wanted| *wanted != verified),
        claims: Some(claims).filter(|claims| *claims != user.claims),
        password: None,
        enabled: wanted.enabled.filter(|enabled| *enabled != user.enabled),
        any_version: false,
    }
}

fn claims(mut claims: UserClaims, wanted: &UserTable) -> UserClaims {
    claims.0.extend(wanted.name.clone().map(|name| ("name".to_owned(), name.into())));
    claims.0.extend(wanted.claims.clone());
    claims
}

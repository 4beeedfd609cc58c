//! One-time links: to verify an address, to choose a new password, to sign up by invitation (NIST SP 800-63B §4.2).

use super::People;
use crate::keys::data_keys::HashPurpose;
use crate::model::id::DomainId;
use crate::model::random;
use crate::model::secret::Secret;
use crate::model::user::User;
use crate::store::users::{LinkPurpose, UserLink};

/// How long a link that verifies an address works, in seconds.
pub const VERIFY_LIFETIME: i64 = 86_400;

/// How long a link to choose a new password works, in seconds.
pub const RESET_LIFETIME: i64 = 3_600;

/// A link to be made.
#[derive(Debug)]
pub struct NewLink<'a> {
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Whose it is, as they were read; none for an invitation.
    pub user: Option<&'a User>,
    /// The address it is sent to.
    pub email: Option<String>,
    /// For how many seconds it works.
    pub lifetime: i64,
}

impl People {
    /// Makes a one-time link; returns its secret, which is kept nowhere. An earlier one of the same user for the same
    /// purpose ends. `None`: the user has another password or address by now, or is gone.
    pub async fn make_link(&self, domain_id: DomainId, new: NewLink<'_>) -> Result<Option<Secret>, sqlx::Error> {
        let secret = Secret::new(random::secret());
        let link = UserLink {
            hash: self.keys.hash(HashPurpose::UserLink, secret.expose()),
            purpose: new.purpose,
            user_id: new.user.map(|user| user.id),
            email: new.email,
            expires_at: self.store.clock().now().plus(new.lifetime),
        };
        let made = self.store.add_user_link(domain_id, &link, new.user).await?;
        Ok(made.then_some(secret))
    }

    /// The link that a secret opens, if it is still good.
    pub async fn link(
        &self,
        domain_id: DomainId,
        purpose: LinkPurpose,
        secret: &str,
    ) -> Result<Option<UserLink>, sqlx::Error> {
        let hash = self.keys.hash(HashPurpose::UserLink, secret);
        self.store.user_link(domain_id, purpose, &hash).await
    }
}

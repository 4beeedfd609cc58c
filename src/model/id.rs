//! Newtypes for identifiers, so that one cannot be passed for another.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::random;
use super::time::Clock;

/// Makes a newtype around [`Uuid`] whose values sort by their time of creation (version 7).
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identifier, stamped with the clock's time.
            pub fn new(clock: &Clock) -> Self {
                Self(new_uuid(clock))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id!(
    /// A security domain.
    DomainId
);
uuid_id!(
    /// A registration policy.
    PolicyId
);
uuid_id!(
    /// A protected resource.
    ResourceId
);
uuid_id!(
    /// An initial access token (the row, not the token itself).
    InitialAccessTokenId
);
uuid_id!(
    /// One secret of a client.
    SecretId
);
uuid_id!(
    /// A signing key.
    SigningKeyId
);
uuid_id!(
    /// A user of a domain.
    UserId
);
uuid_id!(
    /// A browser session of a user.
    SessionId
);
uuid_id!(
    /// What a person's login established for a client: the family of everything issued from it.
    AuthorizationId
);

/// One attempt of a browser to log in: names the interaction it waits in, and the timeline that is kept of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct AttemptId(pub String);

impl AttemptId {
    /// A new identifier, which nobody can guess.
    pub fn random() -> Self {
        Self(random::identifier())
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The `client_id` of a registered client (RFC 6749 §2.2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct ClientId(pub String);

impl ClientId {
    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A version 7 UUID made from the given clock.
pub fn new_uuid(clock: &Clock) -> Uuid {
    let millis = u64::try_from(clock.now_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random::bytes::<10>()).into_uuid()
}

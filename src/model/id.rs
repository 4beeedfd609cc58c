//! Newtypes for identifiers, so that one cannot be passed for another.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::random;
use super::time::{Clock, UnixTime};

/// Refuses a name that means something else in a URL: no page could show what has it.
pub fn check_names_a_page(name: &str) -> Result<(), String> {
    match name {
        "." | ".." | "new" => Err(format!("{name} has another meaning in a URL; choose another one")),
        _ => Ok(()),
    }
}

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
uuid_id!(
    /// An administrator's account.
    AdministratorId
);
uuid_id!(
    /// A browser in which an administrator logged in.
    AdministratorSessionId
);
uuid_id!(
    /// An API token (the row, not the token itself).
    ApiTokenId
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

    /// Reads an identifier that somebody names. `None`: it cannot have been given out here.
    pub fn parse(text: &str) -> Option<Self> {
        let of_ours = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        (text.len() == 22 && text.chars().all(of_ours)).then(|| Self(text.to_owned()))
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

/// The version 7 UUID that sorts before every other of this time and later ones.
pub fn first_uuid(time: UnixTime) -> Uuid {
    let millis = u64::try_from(time.0.saturating_mul(1_000)).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// A version 7 UUID made from the given clock that sorts after every one of this process with a smaller `number`, within
/// one millisecond too.
pub fn ordered_uuid(clock: &Clock, number: u32) -> Uuid {
    let millis = u64::try_from(clock.now_millis()).unwrap_or(0);
    let mut tail = [0; 10];
    // The first two and a quarter bytes are what version and variant leave of the leading ones.
    tail[3..7].copy_from_slice(&number.to_be_bytes());
    tail[7..].copy_from_slice(&random::bytes::<3>());
    uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_bounds_of_identifiers() {
        let clock = Clock::manual(UnixTime(1_800_000_000));
        for _ in 0..50 {
            let made = new_uuid(&clock);
            assert!(first_uuid(UnixTime(1_800_000_000)) <= made && made < first_uuid(UnixTime(1_800_000_001)));
        }
    }

    #[test]
    fn numbered_identifiers_sort_by_time_and_then_by_number() {
        let clock = Clock::manual(UnixTime(1_800_000_000));
        let mut made: Vec<Uuid> = [1, 2, 255, 256, 70_000, u32::MAX].map(|number| ordered_uuid(&clock, number)).into();
        clock.advance(1);
        made.push(ordered_uuid(&clock, 0));
        assert!(made.is_sorted() && made.iter().all(|id| id.get_version_num() == 7), "{made:?}");
    }
}

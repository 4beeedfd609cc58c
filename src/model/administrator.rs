//! Who administers: accounts with a role and a reach, and tokens for programs.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use utoipa::ToSchema;

use super::id::{AdministratorId, AdministratorSessionId, ApiTokenId, DomainId};
use super::time::UnixTime;

/// What an administrator, or an API token, may do; each role includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks at everything within reach, changes nothing.
    Auditor,
    /// Changes what is in the domains within reach.
    Editor,
    /// Does everything: makes and deletes domains, administrators and API tokens. Reaches every domain.
    Owner,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 3] = [Self::Auditor, Self::Editor, Self::Owner];

    /// The role as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auditor => "auditor",
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }

    /// Reads a role.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which domains somebody sees; the others are, for them, not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Every domain, those to come as well.
    All,
    /// These only.
    Domains(BTreeSet<DomainId>),
}

impl Reach {
    /// Whether a domain is within reach.
    pub fn covers(&self, domain_id: DomainId) -> bool {
        match self {
            Self::All => true,
            Self::Domains(own) => own.contains(&domain_id),
        }
    }
}

/// An administrator's account.
#[derive(Debug, Clone)]
pub struct Administrator {
    /// Its identifier.
    pub id: AdministratorId,
    /// What the person logs in with.
    pub username: String,
    /// What the person may do.
    pub role: Role,
    /// Where; an owner reaches everything.
    pub reach: Reach,
    /// The password's Argon2id form.
    pub password: String,
    /// The sealed secret of the second factor, once it was confirmed (RFC 6238).
    pub totp: Option<Vec<u8>>,
    /// The last time step whose code was used: none counts twice (RFC 6238 §5.2).
    pub totp_last_step: i64,
    /// Whether the person may log in.
    pub enabled: bool,
    /// Counts the changes.
    pub version: i64,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it last changed.
    pub updated_at: UnixTime,
    /// When the person last logged in.
    pub last_login_at: Option<UnixTime>,
}

/// A browser in which an administrator logged in.
#[derive(Debug, Clone)]
pub struct AdministratorSession {
    /// Its identifier.
    pub id: AdministratorSessionId,
    /// Whose.
    pub administrator_id: AdministratorId,
    /// Whether the second factor was given, where there is one; before, the session is good for nothing else.
    pub confirmed: bool,
    /// The browser, in words.
    pub device: String,
    /// The address it began at.
    pub source: String,
    /// When it began.
    pub created_at: UnixTime,
    /// When it was last seen, to the minute.
    pub last_seen_at: UnixTime,
    /// When it ends at the latest.
    pub expires_at: UnixTime,
}

impl AdministratorSession {
    /// Whether the session is alive: neither at its end, nor idle for longer than `idle` seconds.
    pub fn is_alive(&self, now: UnixTime, idle: i64) -> bool {
        now < self.expires_at && now < self.last_seen_at.plus(idle)
    }
}

/// An access token for administration by programs (`adm_…`); the token itself is kept as a hash only.
#[derive(Debug, Clone)]
pub struct ApiToken {
    /// Its identifier, in the audit log and lists.
    pub id: ApiTokenId,
    /// What it is for, in an administrator's words.
    pub label: String,
    /// What it may do.
    pub role: Role,
    /// The one domain within its reach; `None`: all of them.
    pub domain_id: Option<DomainId>,
    /// Who made it, as the audit log names them.
    pub created_by: String,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it ends; `None`: never by itself.
    pub expires_at: Option<UnixTime>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<UnixTime>,
    /// When somebody ended it.
    pub revoked_at: Option<UnixTime>,
}

impl ApiToken {
    /// Whether it may be used at the given time.
    pub fn is_valid_at(&self, now: UnixTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Who is behind an administrative request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A person who is logged in to the console, in which session.
    Administrator(AdministratorId, AdministratorSessionId),
    /// A program.
    ApiToken(ApiTokenId),
    /// Whoever runs the command line beside the database.
    Local,
}

/// What somebody may administer.
#[derive(Debug, Clone)]
pub struct Authority {
    /// Who.
    pub principal: Principal,
    /// The name shown to people.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Where.
    pub reach: Reach,
}

impl Authority {
    /// Of the command line, which works on the database itself.
    pub fn local() -> Self {
        Self { principal: Principal::Local, name: "cli".to_owned(), role: Role::Owner, reach: Reach::All }
    }

    /// As the audit log names them.
    pub fn actor_name(&self) -> String {
        match &self.principal {
            Principal::Administrator(id, _) => format!("administrator:{id}"),
            Principal::ApiToken(id) => format!("api_token:{id}"),
            Principal::Local => "cli".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_includes_those_before_it() {
        assert!(Role::Owner > Role::Editor && Role::Editor > Role::Auditor);
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("root"), None);
    }

    #[test]
    fn nobody_reaches_what_is_not_listed() {
        let domain = |n| DomainId(uuid::Uuid::from_u128(n));
        let reach = Reach::Domains(BTreeSet::from([domain(1)]));
        assert!(reach.covers(domain(1)) && !reach.covers(domain(2)));
        assert!(!Reach::Domains(BTreeSet::new()).covers(domain(1)));
        assert!(Reach::All.covers(domain(2)));
    }
}

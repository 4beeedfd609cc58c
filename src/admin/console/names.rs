//! What a page's rows are about, by name: looked up in one statement for each kind of thing.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use crate::model::id::DomainId;
use crate::pages::Claimed;
use crate::pages::console::{ConsoleFrame, Named};
use crate::store::Store;

/// Something that acts, or that something happens to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A client, by its id.
    Client(String),
    /// A person.
    User(Uuid),
    /// An administrator.
    Administrator(Uuid),
    /// An API token.
    ApiToken(Uuid),
    /// An initial access token.
    InitialAccessToken(Uuid),
    /// Anything else, by the name that it has.
    Other(String),
}

impl Thing {
    fn by_id(kind: fn(Uuid) -> Self, id: &str) -> Self {
        id.parse().map_or_else(|_| Self::Other(id.to_owned()), kind)
    }

    /// Who acted, as the audit log writes it: `client:…`, `cli`.
    pub fn acting(actor: &str) -> Self {
        let (kind, id) = actor.split_once(':').unwrap_or((actor, ""));
        match kind {
            "client" | "registration_access_token" => Self::Client(id.to_owned()),
            "user" => Self::by_id(Self::User, id),
            "administrator" => Self::by_id(Self::Administrator, id),
            "api_token" => Self::by_id(Self::ApiToken, id),
            "initial_access_token" => Self::by_id(Self::InitialAccessToken, id),
            "open" => Self::Other("anybody, by open registration".to_owned()),
            "unauthenticated" | "anonymous" => Self::Other("somebody who did not prove who they are".to_owned()),
            "cli" => Self::Other("the command line".to_owned()),
            "server" => Self::Other("the server itself".to_owned()),
            _ => Self::Other(actor.to_owned()),
        }
    }

    /// What an action was done to.
    pub fn target(action: &str, target: &str) -> Self {
        match action.split('.').next().unwrap_or_default() {
            "client" | "client_secret" | "client_document" => Self::Client(target.to_owned()),
            "user" | "session" | "consent" => Self::by_id(Self::User, target),
            "administrator" | "administrator_session" => Self::by_id(Self::Administrator, target),
            "api_token" => Self::by_id(Self::ApiToken, target),
            "initial_access_token" => Self::by_id(Self::InitialAccessToken, target),
            _ => Self::Other(target.to_owned()),
        }
    }
}

/// The names of things.
#[derive(Debug, Default)]
pub struct Names {
    clients: HashMap<String, String>,
    users: HashMap<Uuid, String>,
    administrators: HashMap<Uuid, String>,
    api_tokens: HashMap<Uuid, String>,
    initial_access_tokens: HashMap<Uuid, String>,
}

impl Names {
    /// Looks up what these are called; what is in a domain only where there is one.
    pub async fn of(store: &Store, domain_id: Option<DomainId>, things: &[Thing]) -> Result<Self, sqlx::Error> {
        let mut names = Self {
            administrators: store
                .administrator_names(&ids(things, |thing| match thing {
                    Thing::Administrator(id) => Some(*id),
                    _ => None,
                }))
                .await?
                .into_iter()
                .collect(),
            api_tokens: store
                .api_token_labels(&ids(things, |thing| match thing {
                    Thing::ApiToken(id) => Some(*id),
                    _ => None,
                }))
                .await?
                .into_iter()
                .collect(),
            ..Self::default()
        };
        let Some(domain_id) = domain_id else { return Ok(names) };
        let clients = ids(things, |thing| match thing {
            // A text that PostgreSQL cannot hold names nothing.
            Thing::Client(id) if !id.contains('\0') => Some(id.clone()),
            _ => None,
        });
        let users = ids(things, |thing| match thing {
            Thing::User(id) => Some(*id),
            _ => None,
        });
        let tokens = ids(things, |thing| match thing {
            Thing::InitialAccessToken(id) => Some(*id),
            _ => None,
        });
        names.clients = store.client_names(domain_id, &clients).await?.into_iter().collect();
        names.users = store.user_names(domain_id, &users).await?.into_iter().collect();
        names.initial_access_tokens =
            store.initial_access_token_labels(domain_id, &tokens).await?.into_iter().collect();
        Ok(names)
    }

    /// A thing by its name, with a link where there is a page of it; by its id where it is gone or never was.
    pub fn named(&self, frame: &ConsoleFrame, thing: &Thing) -> Named {
        let owners = |path: String| Some(path).filter(|_| frame.is_owner);
        let (kind, id, name, path) = match thing {
            Thing::Client(id) => {
                ("application", id.clone(), self.clients.get(id), Some(frame.under(&format!("applications/{id}"))))
            }
            Thing::User(id) => ("user", id.to_string(), self.users.get(id), Some(frame.under(&format!("users/{id}")))),
            Thing::Administrator(id) => {
                let path = owners(format!("/console/administrators/{id}"));
                ("administrator", id.to_string(), self.administrators.get(id), path)
            }
            Thing::ApiToken(id) => {
                ("API token", id.to_string(), self.api_tokens.get(id), owners("/console/api-tokens".to_owned()))
            }
            Thing::InitialAccessToken(id) => {
                let path = frame.under("registration/tokens");
                ("initial access token", id.to_string(), self.initial_access_tokens.get(id), Some(path))
            }
            Thing::Other(name) => return Named { name: Claimed::long(name), ..Named::default() },
        };
        let shown = name.filter(|name| !name.is_empty()).map_or_else(|| Claimed::long(&id), Claimed::from);
        Named { name: shown, kind, href: name.and(path).map(Into::into), id: Claimed::long(&id) }
    }
}

/// The ids of one kind, each once.
fn ids<T: Ord>(things: &[Thing], of: impl Fn(&Thing) -> Option<T>) -> Vec<T> {
    things.iter().filter_map(of).collect::<BTreeSet<T>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_and_targets_are_told_apart_by_kind() {
        let id = Uuid::from_u128(7);
        for (actor, thing) in [
            ("client:a", Thing::Client("a".to_owned())),
            ("registration_access_token:a", Thing::Client("a".to_owned())),
            (&format!("user:{id}"), Thing::User(id)),
            (&format!("administrator:{id}"), Thing::Administrator(id)),
            ("administrator:x", Thing::Other("x".to_owned())),
            ("cli", Thing::Other("the command line".to_owned())),
            ("test", Thing::Other("test".to_owned())),
        ] {
            assert_eq!(Thing::acting(actor), thing, "{actor}");
        }
        assert_eq!(Thing::target("client_secret.end", "a"), Thing::Client("a".to_owned()));
        assert_eq!(Thing::target("session.end", &id.to_string()), Thing::User(id));
        assert_eq!(Thing::target("user.invite", "a@b.example"), Thing::Other("a@b.example".to_owned()));
        assert_eq!(Thing::target("policy.update", "gateway"), Thing::Other("gateway".to_owned()));
    }
}

//! Search words for what is older than they are.

use serde_json::Value;
use sqlx::types::Json;

use super::Store;
use super::backend::Tx;
use super::search_words::WordKind;
use crate::model::id::DomainId;
use crate::model::search::{client_words, user_words};
use crate::model::user::UserClaims;

/// The fact that says after whom the next come, or that all are done.
const FACT: &str = "search_words";
const DONE: &str = "done";

/// How many things get their words at a time; each has a dozen rows at the most.
const BATCH: i64 = 300;

/// After whom the next come: what it is, its domain and its name within.
type Reached = (String, DomainId, String);

/// Somebody without words: the domain, the name within, and the words.
type Wordless = (DomainId, String, Vec<Vec<u8>>);

impl Store {
    /// Gives the next clients and users that were made before there were search words theirs, a batch in one transaction.
    /// Says whether all have them; from then on it does nothing. One process at a time calls it.
    pub async fn fill_search_words(&self) -> Result<bool, sqlx::Error> {
        let reached = self.fact(FACT).await?;
        if reached.as_deref() == Some(DONE) {
            return Ok(true);
        }
        let nowhere = || (WordKind::Client.as_str().to_owned(), DomainId(uuid::Uuid::nil()), String::new());
        let reached: Option<Reached> = reached.and_then(|reached| serde_json::from_str(&reached).ok());
        let (kind, domain_id, after) = reached.unwrap_or_else(nowhere);
        let mut tx = self.begin().await?;
        let kind = if kind == WordKind::User.as_str() { WordKind::User } else { WordKind::Client };
        let found = match kind {
            WordKind::Client => tx.older_clients(domain_id, &after).await?,
            WordKind::User => tx.older_users(domain_id, &after).await?,
        };
        let next = match (found.last(), kind) {
            (Some((domain_id, last, _)), kind) => Some((kind, *domain_id, last.clone())),
            (None, WordKind::Client) => Some((WordKind::User, DomainId(uuid::Uuid::nil()), String::new())),
            (None, WordKind::User) => None,
        };
        for (domain_id, target, words) in found {
            tx.add_words(domain_id, (kind, &target), words).await?;
        }
        let fact = next.map(|(kind, domain_id, last)| serde_json::json!([kind.as_str(), domain_id, last]).to_string());
        let sql = "insert into server_facts (name, value) values ($1, $2)
                   on conflict (name) do update set value = excluded.value";
        let value = fact.as_deref().unwrap_or(DONE);
        on_tx!(tx, |db| sqlx::query(sql).bind(FACT).bind(value).execute(db).await.map(drop))?;
        tx.commit().await?;
        Ok(fact.is_none())
    }
}

impl Tx {
    async fn older_clients(&mut self, domain_id: DomainId, after: &str) -> Result<Vec<Wordless>, sqlx::Error> {
        let sql = "select domain_id, client_id, name from clients
                   where (domain_id, client_id) > ($1, $2) and status <> 'deleted'
                   and cast(settings -> 'resource_credentials' as text) = 'false'
                   order by domain_id, client_id limit $3";
        let rows: Vec<(DomainId, String, String)> =
            on_tx!(self, |db| sqlx::query_as(sql).bind(domain_id).bind(after).bind(BATCH).fetch_all(db).await)?;
        let wordless = |(domain_id, id, name): (DomainId, String, String)| {
            let words = client_words(&name, &id);
            (domain_id, id, words)
        };
        Ok(rows.into_iter().map(wordless).collect())
    }

    async fn older_users(&mut self, domain_id: DomainId, after: &str) -> Result<Vec<Wordless>, sqlx::Error> {
        let sql = "select domain_id, username_key, email, claims from users
                   where (domain_id, username_key) > ($1, $2) order by domain_id, username_key limit $3";
        let rows: Vec<(DomainId, String, Option<String>, Json<UserClaims>)> =
            on_tx!(self, |db| sqlx::query_as(sql).bind(domain_id).bind(after).bind(BATCH).fetch_all(db).await)?;
        let wordless = |(domain_id, key, email, claims): (DomainId, String, Option<String>, Json<UserClaims>)| {
            let name = claims.0.0.get("name").and_then(Value::as_str);
            let words = user_words(&key, email.as_deref(), name);
            (domain_id, key, words)
        };
        Ok(rows.into_iter().map(wordless).collect())
    }
}

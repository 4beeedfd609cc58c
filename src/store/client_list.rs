//! Lists of clients, filtered and searched, a page at a time.
//!
//! # Design
//! A page walks one index from where the last one ended and looks at a bounded number of rows, whatever the filters: by
//! origin and status where one of them is asked for, by words where somebody searches, else by creation. What cannot
//! be answered by an index is a condition on the rows that the walk meets. A page that met too few says so, and where it
//! goes on.

use serde::{Deserialize, Serialize};

use super::Store;
use super::client_filter::{Creation, SELECT};
use super::clients::ClientRow;
use super::search_words::{Found, Walk, Walked, WordKind, WordPlace, readable, walks};
use super::statement::Statement;
use crate::model::client::{Client, ClientStatus, Origin};
use crate::model::client_type::ClientType;
use crate::model::cursor::{self, MOST_ITEMS, Total};
use crate::model::id::{DomainId, PolicyId};
use crate::model::search::SearchTerms;
use crate::model::time::UnixTime;

/// Which way a list goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum Direction {
    /// The newest first.
    #[default]
    NewestFirst,
    /// The oldest first.
    OldestFirst,
}

/// When a client was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Unused {
    /// Never.
    Ever,
    /// Not since then.
    Since(UnixTime),
}

/// What is asked for: all that is set must hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ClientListQuery {
    /// What somebody typed: an id, its beginning, beginnings of words of the name. What is found comes in the order of
    /// its words.
    pub search: String,
    /// Only those of this origin.
    pub origin: Option<Origin>,
    /// Only those in this status; deleted ones are left out unless asked for, and not found by words.
    pub status: Option<ClientStatus>,
    /// Only those that named this `application_type`, whatever the case.
    pub application_type: Option<String>,
    /// Only those that are this, by what they do.
    pub client_type: Option<ClientType>,
    /// Only those that this gateway or initial access token registered.
    pub registrant: Option<String>,
    /// Only templates, or none.
    pub template: Option<bool>,
    /// Whether clients that are nothing but a resource's credentials are listed as well.
    pub with_resource_credentials: bool,
    /// Only those that this policy admitted.
    pub policy_id: Option<PolicyId>,
    /// Only those without a token for that long.
    pub unused: Option<Unused>,
    /// Only those made at this time or later.
    pub created_from: Option<UnixTime>,
    /// Only those made before.
    pub created_before: Option<UnixTime>,
    /// Which way the list goes; a search has an order of its own.
    pub direction: Direction,
    /// Where it goes on: as the page before said.
    #[serde(skip)]
    pub cursor: Option<String>,
    /// At most so many; 1 to 200.
    #[serde(skip)]
    pub limit: i64,
}

/// A client of a list.
#[derive(Debug, Clone)]
pub struct ListedClient {
    /// The client.
    pub client: Client,
    /// When it last got a token, as far as that is written.
    pub last_used_at: Option<UnixTime>,
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct ClientPage {
    /// The clients.
    pub items: Vec<ListedClient>,
    /// Where the next page begins; none: this is the last.
    pub next: Option<String>,
    /// Whether the page looked at all it needed; else it ended early, with few items or none, and goes on at `next`.
    pub examined_all: bool,
    /// How many there are in all, counted with the first page.
    pub total: Total,
}

/// Where a page ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Place {
    /// At a client, by creation.
    Creation(UnixTime, String),
    /// In a search.
    Search(Found),
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    client: ClientRow,
    last_used_at: Option<UnixTime>,
    word: Option<Vec<u8>>,
}

/// A client and the word that led to it.
type Item = (ListedClient, String);

impl TryFrom<ListedRow> for Item {
    type Error = sqlx::Error;

    fn try_from(row: ListedRow) -> Result<Self, sqlx::Error> {
        let word = readable(row.word.unwrap_or_default())?;
        Ok((ListedClient { client: row.client.try_into()?, last_used_at: row.last_used_at }, word))
    }
}

/// The name of the list in its cursors.
const LIST: &str = "clients";

impl ClientListQuery {
    /// The cursor of the place after a client, in a list without search.
    pub fn after(&self, client: &Client) -> String {
        let place = Place::Creation(client.created_at, client.client_id.0.clone());
        cursor::encode(LIST, self, &(place, None::<Total>))
    }
}

impl Store {
    /// A page of a domain's clients. `None`: the cursor is of another query.
    pub async fn list_clients(
        &self,
        domain_id: DomainId,
        query: &ClientListQuery,
    ) -> Result<Option<ClientPage>, sqlx::Error> {
        let (place, known) = match &query.cursor {
            Some(cursor) => match cursor::decode::<(Place, Option<Total>)>(LIST, query, cursor) {
                Some((place, known)) => (Some(place), known),
                None => return Ok(None),
            },
            None => (None, None),
        };
        let terms = SearchTerms::parse(&query.search);
        let walked = match (&terms, place) {
            (Some(_), Some(Place::Creation(..))) | (None, Some(Place::Search(_))) => return Ok(None),
            (Some(terms), Some(Place::Search(found))) => {
                self.search_clients(domain_id, query, (terms, Some(found))).await?
            }
            (Some(terms), None) => self.search_clients(domain_id, query, (terms, None)).await?,
            (None, Some(Place::Creation(at, id))) => self.walk_clients(domain_id, query, Some((at, id))).await?,
            (None, None) => self.walk_clients(domain_id, query, None).await?,
        };
        let total = match known {
            Some(total) => total,
            // All there is stands on the first page.
            None if query.cursor.is_none() && walked.end.is_none() => Total::of(walked.items.len()),
            None => self.count_clients(domain_id, query, terms.as_ref()).await?,
        };
        let examined_all = walked.end.as_ref().is_none_or(|(_, given_up)| !given_up);
        let next = walked.end.map(|(place, _)| cursor::encode(LIST, query, &(place, Some(total))));
        let items = walked.items.into_iter().map(|(item, _)| item).collect();
        Ok(Some(ClientPage { items, next, examined_all, total }))
    }

    async fn walk_clients(
        &self,
        domain_id: DomainId,
        query: &ClientListQuery,
        after: Option<Creation>,
    ) -> Result<Walked<Item, Place>, sqlx::Error> {
        // How far it may go comes first: so nothing that is removed or added meanwhile moves the end of the page.
        let last = self.last_creation(domain_id, query, (after.as_ref(), query.most())).await?;
        let mut sql = Statement::default();
        sql.push(SELECT).push(", null as word from ");
        query.push_rows(&mut sql, domain_id, ("*", after.as_ref(), last.as_ref(), query.most()));
        sql.push(" c where ");
        query.push_conditions(&mut sql);
        sql.push(" order by ").push(query.order()).push(" limit ").bind(query.limit() + 1);
        let last = last.map(|(at, id)| Place::Creation(at, id));
        let place = |(item, _): &Item| Place::Creation(item.client.created_at, item.client.client_id.0.clone());
        Ok(Walked::page(self.items(sql).await?, query.room(0), last, place))
    }

    /// The last row that a page looks at; none if there are fewer.
    pub(super) async fn last_creation(
        &self,
        domain_id: DomainId,
        query: &ClientListQuery,
        (after, most): (Option<&Creation>, i64),
    ) -> Result<Option<Creation>, sqlx::Error> {
        let mut sql = Statement::default();
        sql.push("select created_at, client_id from ");
        query.push_rows(&mut sql, domain_id, ("created_at, client_id", after, None, most));
        sql.push(" c order by ").push(query.order()).push(" limit 1 offset ").bind(most - 1);
        Ok(self.rows(sql).await?.pop())
    }

    async fn search_clients(
        &self,
        domain_id: DomainId,
        query: &ClientListQuery,
        (terms, place): (&SearchTerms, Option<Found>),
    ) -> Result<Walked<Item, Place>, sqlx::Error> {
        let mut items = Vec::new();
        if place.is_none() {
            let mut sql = Statement::default();
            sql.push(SELECT).push(", null as word from clients c where c.domain_id = ").bind(domain_id.0);
            sql.push(" and c.client_id = ").bind(terms.exact.as_str()).push(" and ");
            query.push_conditions(&mut sql);
            query.push_range(&mut sql);
            items = self.items(sql).await?;
        }
        for walk in walks((domain_id, WordKind::Client), (terms, &terms.exact), place.as_ref()) {
            let room = query.room(items.len());
            if room == 0 {
                return Ok(Walked { items, end: Some((Place::Search(walk.place(None)), false)) });
            }
            let found = self.walk_client_words(query, &walk, room).await?;
            items.extend(found.items);
            if let Some((place, given_up)) = found.end {
                return Ok(Walked { items, end: Some((Place::Search(walk.place(Some(place))), given_up)) });
            }
        }
        Ok(Walked { items, end: None })
    }

    async fn walk_client_words(
        &self,
        query: &ClientListQuery,
        walk: &Walk<'_>,
        room: usize,
    ) -> Result<Walked<Item, WordPlace>, sqlx::Error> {
        let last = self.last_word(walk, query.most_found(walk)).await?;
        let mut sql = Statement::default();
        sql.push(SELECT).push(", w.word from ");
        query.push_found(&mut sql, walk, (last.as_ref(), query.most_found(walk)));
        sql.push(" order by w.word, w.target limit ").bind(i64::try_from(room).unwrap_or(MOST_ITEMS) + 1);
        let place = |(item, word): &Item| (word.clone(), item.client.client_id.0.clone());
        Ok(Walked::page(self.items(sql).await?, room, last, place))
    }

    async fn items(&self, sql: Statement) -> Result<Vec<Item>, sqlx::Error> {
        let rows: Vec<ListedRow> = self.rows(sql).await?;
        rows.into_iter().map(Item::try_from).collect()
    }
}

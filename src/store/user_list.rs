//! Lists of users, filtered and searched, a page at a time; see `client_list.rs`.

use serde::{Deserialize, Serialize};

use super::Store;
use super::search_words::{Found, Walk, Walked, WordKind, WordPlace, readable, walks};
use super::statement::Statement;
use super::users::UserRow;
use crate::model::cursor::{self, MOST_EXAMINED, MOST_ITEMS, MOST_LOOKED_UP, MOST_VISITED, Total};
use crate::model::id::DomainId;
use crate::model::search::SearchTerms;
use crate::model::user::{User, fold};

/// What is asked for: all that is set must hold.
#[derive(Debug, Clone, Default, Serialize)]
pub struct UserListQuery {
    /// What somebody typed: a user name or an e-mail address, its beginning, beginnings of words of the name. What is found
    /// comes in the order of its words.
    pub search: String,
    /// Only those who may log in, or those who may not.
    pub enabled: Option<bool>,
    /// Where the list goes on: as the page before said.
    #[serde(skip)]
    pub cursor: Option<String>,
    /// At most so many; 1 to 200.
    #[serde(skip)]
    pub limit: i64,
}

/// One page of a list, by user name.
#[derive(Debug, Clone)]
pub struct UserPage {
    /// The users.
    pub items: Vec<User>,
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
    /// At a folded user name.
    Name(String),
    /// In a search.
    Search(Found),
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    user: UserRow,
    word: Option<Vec<u8>>,
}

/// A user and the word that led to them.
type Item = (User, String);

/// The name of the list in its cursors.
const LIST: &str = "users";

const SELECT: &str = "select c.id, c.domain_id, c.username, c.email, c.email_verified, c.password, c.claims, c.enabled,
    c.version, c.created_at, c.updated_at";

impl UserListQuery {
    /// The cursor of the place after a user name, in a list without search.
    pub fn after(&self, username: &str) -> String {
        cursor::encode(LIST, self, &(Place::Name(fold(username)), None::<Total>))
    }

    fn limit(&self) -> i64 {
        self.limit.clamp(1, MOST_ITEMS)
    }

    fn most_found(&self, walk: &Walk<'_>) -> i64 {
        match (self.enabled, walk.is_plain()) {
            (None, true) => MOST_EXAMINED,
            (None, false) => MOST_LOOKED_UP,
            (Some(_), _) => MOST_VISITED,
        }
    }

    fn room(&self, taken: usize) -> usize {
        usize::try_from(self.limit()).unwrap_or_default().saturating_sub(taken)
    }

    fn push_rows(
        sql: &mut Statement,
        domain_id: DomainId,
        (columns, after, until): (&str, Option<&str>, Option<&str>),
    ) {
        sql.push("(select ").push(columns).push(" from users where domain_id = ").bind(domain_id.0);
        for (compare, name) in [(" and username_key > ", after), (" and username_key <= ", until)] {
            if let Some(name) = name {
                sql.push(compare).bind(name);
            }
        }
        sql.push(" order by username_key limit ").bind(MOST_EXAMINED).push(")");
    }

    fn push_found(&self, sql: &mut Statement, walk: &Walk<'_>, rows: (Option<&WordPlace>, i64)) {
        walk.push_rows(sql, rows);
        sql.push(" w join users c on c.domain_id = ").bind(walk.domain_id().0);
        sql.push(" and c.username_key = w.target where ");
        walk.push_conditions(sql);
        self.push_conditions(sql, " and ");
    }

    fn push_conditions(&self, sql: &mut Statement, joined: &str) {
        if let Some(enabled) = self.enabled {
            sql.push(joined).push("c.enabled = ").bind(enabled);
        }
    }
}

impl Store {
    /// A page of a domain's users by user name. `None`: the cursor is of another query.
    pub async fn list_users(
        &self,
        domain_id: DomainId,
        query: &UserListQuery,
    ) -> Result<Option<UserPage>, sqlx::Error> {
        let (place, known) = match &query.cursor {
            Some(cursor) => match cursor::decode::<(Place, Option<Total>)>(LIST, query, cursor) {
                Some((place, known)) => (Some(place), known),
                None => return Ok(None),
            },
            None => (None, None),
        };
        let terms = SearchTerms::parse(&query.search);
        let walked = match (&terms, place) {
            (Some(_), Some(Place::Name(_))) | (None, Some(Place::Search(_))) => return Ok(None),
            (Some(terms), Some(Place::Search(found))) => {
                self.search_users(domain_id, query, (terms, Some(found))).await?
            }
            (Some(terms), None) => self.search_users(domain_id, query, (terms, None)).await?,
            (None, Some(Place::Name(name))) => self.walk_users(domain_id, query, Some(&name)).await?,
            (None, None) => self.walk_users(domain_id, query, None).await?,
        };
        let total = match known {
            Some(total) => total,
            None if query.cursor.is_none() && walked.end.is_none() => Total::of(walked.items.len()),
            None => self.count_users(domain_id, query, terms.as_ref()).await?,
        };
        let examined_all = walked.end.as_ref().is_none_or(|(_, given_up)| !given_up);
        let next = walked.end.map(|(place, _)| cursor::encode(LIST, query, &(place, Some(total))));
        let items = walked.items.into_iter().map(|(user, _)| user).collect();
        Ok(Some(UserPage { items, next, examined_all, total }))
    }

    async fn walk_users(
        &self,
        domain_id: DomainId,
        query: &UserListQuery,
        after: Option<&str>,
    ) -> Result<Walked<Item, Place>, sqlx::Error> {
        let last = self.last_name(domain_id, after).await?;
        let mut sql = Statement::default();
        sql.push(SELECT).push(", null as word from ");
        UserListQuery::push_rows(&mut sql, domain_id, ("*", after, last.as_deref()));
        sql.push(" c");
        query.push_conditions(&mut sql, " where ");
        sql.push(" order by c.username_key limit ").bind(query.limit() + 1);
        let place = |(user, _): &Item| Place::Name(fold(&user.username));
        Ok(Walked::page(self.user_items(sql).await?, query.room(0), last.map(Place::Name), place))
    }

    /// The last user that a page looks at; none if there are fewer.
    async fn last_name(&self, domain_id: DomainId, after: Option<&str>) -> Result<Option<String>, sqlx::Error> {
        let mut sql = Statement::default();
        sql.push("select username_key from ");
        UserListQuery::push_rows(&mut sql, domain_id, ("username_key", after, None));
        sql.push(" c order by username_key limit 1 offset ").bind(MOST_EXAMINED - 1);
        let last: Option<(String,)> = self.rows(sql).await?.pop();
        Ok(last.map(|(name,)| name))
    }

    async fn search_users(
        &self,
        domain_id: DomainId,
        query: &UserListQuery,
        (terms, place): (&SearchTerms, Option<Found>),
    ) -> Result<Walked<Item, Place>, sqlx::Error> {
        let mut items = Vec::new();
        // Searching has no exact step of its own here: a user name is folded, so that it is a word like any other.
        for walk in walks((domain_id, WordKind::User), (terms, ""), place.as_ref()) {
            let room = query.room(items.len());
            if room == 0 {
                return Ok(Walked { items, end: Some((Place::Search(walk.place(None)), false)) });
            }
            let last = self.last_word(&walk, query.most_found(&walk)).await?;
            let mut sql = Statement::default();
            sql.push(SELECT).push(", w.word from ");
            query.push_found(&mut sql, &walk, (last.as_ref(), query.most_found(&walk)));
            sql.push(" order by w.word, w.target limit ").bind(i64::try_from(room).unwrap_or(MOST_ITEMS) + 1);
            let place = |(user, word): &Item| (word.clone(), fold(&user.username));
            let found = Walked::page(self.user_items(sql).await?, room, last, place);
            items.extend(found.items);
            if let Some((place, given_up)) = found.end {
                return Ok(Walked { items, end: Some((Place::Search(walk.place(Some(place))), given_up)) });
            }
        }
        Ok(Walked { items, end: None })
    }

    /// Counts from the beginning, up to what is counted at all.
    async fn count_users(
        &self,
        domain_id: DomainId,
        query: &UserListQuery,
        terms: Option<&SearchTerms>,
    ) -> Result<Total, sqlx::Error> {
        let Some(terms) = terms else {
            let last = self.last_name(domain_id, None).await?;
            let mut sql = Statement::default();
            sql.push("select count(*) from (select 1 from ");
            UserListQuery::push_rows(&mut sql, domain_id, ("enabled", None, last.as_deref()));
            sql.push(" c");
            query.push_conditions(&mut sql, " where ");
            return self.total(sql, last.is_none()).await;
        };
        let mut counted = Total { count: 0, exact: true };
        for walk in walks((domain_id, WordKind::User), (terms, ""), None) {
            let (plain, most) = (walk.is_plain() && query.enabled.is_none(), query.most_found(&walk));
            let last = self.last_word(&walk, most).await?;
            let mut sql = Statement::default();
            sql.push("select count(*) from (select 1 from ");
            if plain {
                walk.push_targets(&mut sql, most);
                sql.push(" t");
            } else {
                query.push_found(&mut sql, &walk, (last.as_ref(), most));
            }
            counted = counted.and(self.total(sql, last.is_none()).await?);
        }
        Ok(counted)
    }

    async fn user_items(&self, sql: Statement) -> Result<Vec<Item>, sqlx::Error> {
        let rows: Vec<ListedRow> = self.rows(sql).await?;
        rows.into_iter().map(|row| Ok((row.user.into(), readable(row.word.unwrap_or_default())?))).collect()
    }
}

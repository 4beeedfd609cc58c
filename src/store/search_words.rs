//! The words that lists are searched by: written with what they lead to, looked up as ranges of bytes.

use serde::{Deserialize, Serialize};
use sqlx::QueryBuilder;

use super::Store;
use super::backend::Tx;
use super::data_keys::undecodable;
use super::statement::Statement;
use crate::model::client::Client;
use crate::model::id::DomainId;
use crate::model::search::{SearchTerms, WordRange, client_words};

/// What is found by words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WordKind {
    /// A client, by its id.
    Client,
    /// A user, by the folded user name.
    User,
}

impl WordKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::User => "user",
        }
    }
}

impl Tx {
    /// Adds the words of one thing: one statement.
    pub(super) async fn add_words(
        &mut self,
        domain_id: DomainId,
        (kind, target): (WordKind, &str),
        words: Vec<Vec<u8>>,
    ) -> Result<(), sqlx::Error> {
        if words.is_empty() {
            return Ok(());
        }
        on_tx!(self, |db| {
            let mut query = QueryBuilder::new("insert into search_words (domain_id, kind, word, target) ");
            query.push_values(words, |mut row, word| {
                row.push_bind(domain_id).push_bind(kind.as_str()).push_bind(word).push_bind(target);
            });
            query.push(" on conflict do nothing");
            query.build().execute(db).await.map(drop)
        })
    }

    /// Makes these the words of one thing. What stays is not written again.
    pub(super) async fn write_words(
        &mut self,
        domain_id: DomainId,
        (kind, target): (WordKind, &str),
        words: Vec<Vec<u8>>,
    ) -> Result<(), sqlx::Error> {
        if words.is_empty() {
            return self.drop_words(domain_id, kind, target).await;
        }
        on_tx!(self, |db| {
            let mut query = QueryBuilder::new("delete from search_words where domain_id = ");
            query.push_bind(domain_id).push(" and kind = ").push_bind(kind.as_str());
            query.push(" and target = ").push_bind(target).push(" and word not in (");
            let mut listed = query.separated(", ");
            for word in words.clone() {
                listed.push_bind(word);
            }
            query.push(")");
            query.build().execute(db).await.map(drop)
        })?;
        self.add_words(domain_id, (kind, target), words).await
    }

    /// Adds the words of a new client.
    pub(super) async fn add_client_words(&mut self, client: &Client) -> Result<(), sqlx::Error> {
        self.add_words(client.domain_id, (WordKind::Client, client.client_id.as_str()), words_of(client)).await
    }

    /// Makes a client's words those of its present name.
    pub(super) async fn write_client_words(&mut self, client: &Client) -> Result<(), sqlx::Error> {
        self.write_words(client.domain_id, (WordKind::Client, client.client_id.as_str()), words_of(client)).await
    }

    /// Removes the words of one thing.
    pub(super) async fn drop_words(
        &mut self,
        domain_id: DomainId,
        kind: WordKind,
        target: &str,
    ) -> Result<(), sqlx::Error> {
        let sql = "delete from search_words where domain_id = $1 and kind = $2 and target = $3";
        on_tx!(self, |db| sqlx::query(sql).bind(domain_id).bind(kind.as_str()).bind(target).execute(db).await.map(drop))
    }
}

/// A resource's credentials are found with their resource: as a client they have no words.
fn words_of(client: &Client) -> Vec<Vec<u8>> {
    if client.settings.resource_credentials {
        return Vec::new();
    }
    client_words(client.metadata.client_name.as_deref().unwrap_or_default(), client.client_id.as_str())
}

/// A word and what it leads to: where a walk is.
pub(super) type WordPlace = (String, String);

/// Where a search is, over all its walks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Found {
    /// Among identifiers that begin with all that was typed.
    Whole(Option<WordPlace>),
    /// Among single words.
    Words(Option<WordPlace>),
}

/// One walk through a range of words.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    domain_id: DomainId,
    kind: WordKind,
    /// Where it walks.
    range: &'a WordRange,
    /// What else must be found.
    others: &'a [WordRange],
    /// What the walk before found.
    before: Option<&'a WordRange>,
    /// What was found before any walk.
    exact: &'a str,
    after: Option<WordPlace>,
    is_whole: bool,
}

/// The walks of a search, from the place where the page before ended.
pub(super) fn walks<'a>(
    (domain_id, kind): (DomainId, WordKind),
    (terms, exact): (&'a SearchTerms, &'a str),
    place: Option<&Found>,
) -> Vec<Walk<'a>> {
    let mut walks = Vec::new();
    if let Some(range) = &terms.whole
        && !matches!(place, Some(Found::Words(_)))
    {
        let after = match place {
            Some(Found::Whole(after)) => after.clone(),
            _ => None,
        };
        walks.push(Walk { domain_id, kind, range, others: &[], before: None, exact, after, is_whole: true });
    }
    if let Some((range, others)) = terms.words.split_first() {
        let after = match place {
            Some(Found::Words(after)) => after.clone(),
            _ => None,
        };
        let before = terms.whole.as_ref();
        walks.push(Walk { domain_id, kind, range, others, before, exact, after, is_whole: false });
    }
    walks
}

impl Walk<'_> {
    /// Whether each target in the range is found, and nothing else is asked of it.
    pub(super) fn is_plain(&self) -> bool {
        self.others.is_empty() && self.before.is_none()
    }

    /// Adds the targets of the rows, each once, as a table in parentheses.
    pub(super) fn push_targets(&self, sql: &mut Statement, most: i64) {
        sql.push("(select distinct target from ");
        self.push_rows(sql, (None, most));
        sql.push(" w where w.target <> ").bind(self.exact).push(")");
    }

    /// Whose words these are.
    pub(super) fn domain_id(&self) -> DomainId {
        self.domain_id
    }

    /// A place within this walk, or its beginning, as a place of the search.
    pub(super) fn place(&self, place: Option<WordPlace>) -> Found {
        if self.is_whole { Found::Whole(place) } else { Found::Words(place) }
    }

    /// Adds the rows that are looked at, in order, as a table in parentheses; up to a row where one is named.
    pub(super) fn push_rows(&self, sql: &mut Statement, (until, most): (Option<&WordPlace>, i64)) {
        sql.push("(select word, target from search_words where domain_id = ").bind(self.domain_id.0);
        sql.push(" and kind = ").bind(self.kind.as_str());
        sql.push(" and word >= ").bind(&*self.range.low).push(" and word < ").bind(&*self.range.high);
        for (compare, place) in [(" > ", self.after.as_ref()), (" <= ", until)] {
            if let Some((word, target)) = place {
                sql.push(" and (word, target)").push(compare).push("(");
                sql.bind(word.as_bytes()).push(", ").bind(target.as_str()).push(")");
            }
        }
        sql.push(" order by word, target limit ").bind(most).push(")");
    }

    /// Adds the conditions on a row `w`: its target is met at its first word in the range, and all else is found. Each is
    /// a lookup of its own, which leaves the order of the walk alone.
    pub(super) fn push_conditions(&self, sql: &mut Statement) {
        self.push_first(sql, self.range);
        sql.push(" = w.word");
        for other in self.others {
            sql.push(" and ");
            self.push_first(sql, other);
            sql.push(" is not null");
        }
        if let Some(before) = self.before {
            sql.push(" and ");
            self.push_first(sql, before);
            sql.push(" is null");
        }
        sql.push(" and w.target <> ").bind(self.exact);
    }

    fn push_first(&self, sql: &mut Statement, range: &WordRange) {
        sql.push("(select o.word from search_words o where o.domain_id = ").bind(self.domain_id.0);
        sql.push(" and o.kind = ").bind(self.kind.as_str());
        sql.push(" and o.target = w.target and o.word >= ").bind(&*range.low);
        sql.push(" and o.word < ").bind(&*range.high).push(" order by o.word limit 1)");
    }
}

impl Store {
    /// The last row that a walk looks at on one page; none if there are fewer.
    pub(super) async fn last_word(&self, walk: &Walk<'_>, most: i64) -> Result<Option<WordPlace>, sqlx::Error> {
        let mut sql = Statement::default();
        sql.push("select word, target from ");
        walk.push_rows(&mut sql, (None, most));
        sql.push(" w order by word, target limit 1 offset ").bind(most - 1);
        let last: Option<(Vec<u8>, String)> = self.rows(sql).await?.pop();
        last.map(|(word, target)| Ok((readable(word)?, target))).transpose()
    }
}

/// A word as text; nothing else is ever written.
pub(super) fn readable(word: Vec<u8>) -> Result<String, sqlx::Error> {
    String::from_utf8(word).map_err(|_| undecodable("a search word that is no text"))
}

/// What a walk came to.
#[derive(Debug)]
pub(super) struct Walked<T, P> {
    pub(super) items: Vec<T>,
    /// Where it ended, and whether it was given up there; none: there is nothing after it.
    pub(super) end: Option<(P, bool)>,
}

impl<T, P> Walked<T, P> {
    /// Of the rows that were found, one more than fit on the page; `last` is the last that was looked at.
    pub(super) fn page(mut rows: Vec<T>, limit: usize, last: Option<P>, place: impl Fn(&T) -> P) -> Self {
        if rows.len() <= limit {
            return Self { items: rows, end: last.map(|place| (place, true)) };
        }
        rows.truncate(limit);
        let end = rows.last().map(|last| (place(last), false));
        Self { items: rows, end }
    }
}

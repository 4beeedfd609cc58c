//! Statements that are put together: lists, whose conditions depend on what was asked for.
//!
//! Conditions that are not asked for are left out rather than switched off by a null, so that the database plans for
//! what is there. Values are always bound, never part of the text.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use super::Store;
use crate::model::cursor::{MOST_COUNTED, Total};

/// A value to be bound.
#[derive(Debug, Clone)]
pub(super) enum Bound {
    Text(String),
    Bytes(Vec<u8>),
    Number(i64),
    Flag(bool),
    Uuid(Uuid),
}

impl From<&str> for Bound {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&[u8]> for Bound {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<i64> for Bound {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Bound {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Uuid> for Bound {
    fn from(id: Uuid) -> Self {
        Self::Uuid(id)
    }
}

/// A statement under construction.
#[derive(Debug, Clone, Default)]
pub(super) struct Statement {
    text: String,
    bound: Vec<Bound>,
}

impl Statement {
    /// Adds a fixed text.
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value.
    pub(super) fn bind(&mut self, value: impl Into<Bound>) -> &mut Self {
        self.bound.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.bound.len().to_string());
        self
    }
}

/// Binds the values of a statement to a query of either database.
macro_rules! bind_all {
    ($query:expr, $statement:expr) => {{
        let mut query = $query;
        for bound in $statement.bound {
            query = match bound {
                Bound::Text(text) => query.bind(text),
                Bound::Bytes(bytes) => query.bind(bytes),
                Bound::Number(number) => query.bind(number),
                Bound::Flag(flag) => query.bind(flag),
                Bound::Uuid(id) => query.bind(id),
            };
        }
        query
    }};
}

impl Store {
    /// The rows that a statement finds.
    pub(super) async fn rows<R>(&self, statement: Statement) -> Result<Vec<R>, sqlx::Error>
    where
        R: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let sql = AssertSqlSafe(statement.text);
        on_backend!(read self, |db| bind_all!(sqlx::query_as(sql), statement).fetch_all(db).await)
    }

    /// Ends a statement that began by counting, and counts: so many and no more. `whole`: what is looked at is all there
    /// is.
    pub(super) async fn total(&self, mut statement: Statement, whole: bool) -> Result<Total, sqlx::Error> {
        statement.push(" limit ").bind(MOST_COUNTED + 1).push(") counted");
        let counted: Vec<(i64,)> = self.rows(statement).await?;
        let total = Total::capped(counted.first().map_or(0, |(count,)| *count));
        Ok(Total { exact: total.exact && whole, ..total })
    }
}

//! Fetches under way and those that just failed, so that many who want one document are one request to its server.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::model::time::UnixTime;

/// How long a failed fetch is not tried again, in seconds.
const FAILED_FOR: i64 = 60;

/// More URLs than this are not remembered at once.
const REMEMBERED: u64 = 10_000;

/// Why a fetch did not bring what was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong, in words fit for whoever named the URL.
    pub problem: String,
    /// Whether the server itself said so, rather than being away.
    pub definitive: bool,
}

/// What is being fetched, and what could not be.
#[derive(Debug)]
pub struct Flights {
    under_way: moka::sync::Cache<String, Arc<Mutex<()>>>,
    failed: moka::sync::Cache<String, (UnixTime, Failure)>,
}

impl Default for Flights {
    fn default() -> Self {
        Self { under_way: moka::sync::Cache::new(REMEMBERED), failed: moka::sync::Cache::new(REMEMBERED) }
    }
}

impl Flights {
    /// What everybody who wants this URL locks first. Whoever has the lock looks once more whether it is there.
    pub fn join(&self, url: &str) -> Arc<Mutex<()>> {
        self.under_way.get_with_by_ref(url, Arc::default)
    }

    /// Why this URL need not be tried now.
    pub fn recent_failure(&self, url: &str, now: UnixTime) -> Option<Failure> {
        self.failed.get(url).filter(|(until, _)| now < *until).map(|(_, failure)| failure)
    }

    /// Notes that a fetch failed.
    pub fn failed(&self, url: &str, now: UnixTime, failure: Failure) {
        self.failed.insert(url.to_owned(), (now.plus(FAILED_FOR), failure));
    }
}

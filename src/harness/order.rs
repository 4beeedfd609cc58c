//! The order in which logins began to wait for a person: their times are whole seconds, and the clock can be moved.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::response::Response;
use http::header::LOCATION;
use tokio::sync::watch;

use crate::model::id::AttemptId;
use crate::model::interaction::Interaction;

/// How many are known by their order; of older ones only the time is known.
const MOST_KNOWN: u64 = 10_000;

/// The order in which logins began to wait.
#[derive(Debug)]
pub(super) struct Order {
    numbers: Mutex<(u64, HashMap<AttemptId, u64>)>,
    sign: watch::Sender<()>,
}

impl Default for Order {
    fn default() -> Self {
        Self { numbers: Mutex::default(), sign: watch::Sender::new(()) }
    }
}

impl Order {
    /// Notes the login that waits at the page to which an answer sends the browser.
    pub(super) fn note(&self, answer: &Response) {
        let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let named = location.and_then(|location| location.split_once("?interaction="));
        let Some(id) = named.and_then(|(_, id)| AttemptId::parse(id)) else { return };
        let (last, known) = &mut *self.numbers();
        if known.contains_key(&id) {
            return;
        }
        *last += 1;
        known.insert(id, *last);
        if known.len() as u64 > 2 * MOST_KNOWN {
            let first = *last - MOST_KNOWN;
            known.retain(|_, number| *number > first);
        }
        self.sign.send_replace(());
    }

    /// Sorts logins by when they began to wait.
    pub(super) fn sort(&self, waiting: &mut [Interaction]) {
        let numbers = self.numbers();
        waiting.sort_by_key(|waiting| numbers.1.get(&waiting.id).copied().unwrap_or_default());
    }

    /// Tells whoever waits that a login has begun to wait.
    pub(super) fn signs(&self) -> watch::Receiver<()> {
        self.sign.subscribe()
    }

    fn numbers(&self) -> MutexGuard<'_, (u64, HashMap<AttemptId, u64>)> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

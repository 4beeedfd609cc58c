//! The bounded pool for Argon2id (RFC 9106): what a person chose is hashed slowly, and never without limit.
//!
//! # Design
//! One computation takes 19 MiB and about 24 ms of a core. A pool admits so many at a time, lets so many wait, and
//! refuses the rest at once, so that a flood of wrong passwords costs bounded memory and delays nobody for long.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::model::random;
use crate::model::secret::Secret;

/// Memory of one computation in KiB (OWASP password storage, Argon2id).
const MEMORY_KIB: u32 = 19_456;
const ITERATIONS: u32 = 2;
const LANES: u32 = 1;

/// Why a computation gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// As many computations wait as may; answer 503 with `Retry-After`.
    #[error("too many password computations are waiting")]
    Busy,
    /// The computation itself failed, or the stored form is not one of Argon2's.
    #[error("the password computation failed: {0}")]
    Failed(String),
}

/// A pool of Argon2id computations on the blocking threads. Clones share it.
#[derive(Debug, Clone)]
pub struct Argon2Pool {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    capacity: usize,
}

impl Argon2Pool {
    /// A pool that computes `threads` at a time (at least one) and lets `queue` more wait.
    pub fn new(threads: usize, queue: usize) -> Self {
        let threads = threads.max(1);
        let capacity = threads.saturating_add(queue).min(Semaphore::MAX_PERMITS);
        Self { admitted: Arc::new(Semaphore::new(capacity)), running: Arc::new(Semaphore::new(threads)), capacity }
    }

    /// The PHC string of a secret, with a fresh salt.
    pub async fn hash(&self, secret: Secret) -> Result<String, PoolError> {
        self.run(move || {
            let salt = random::bytes::<16>();
            let hash = argon2()?.hash_password_with_salt(secret.expose().as_bytes(), &salt).map_err(failed)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether a secret belongs to a PHC string, whose own parameters are used.
    pub async fn verify(&self, secret: Secret, phc: String) -> Result<bool, PoolError> {
        self.run(move || match argon2()?.verify_password(secret.expose().as_bytes(), phc.as_str()) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(failed(error)),
        })
        .await
    }

    /// Computations that run or wait, for the metrics.
    pub fn depth(&self) -> usize {
        self.capacity - self.admitted.available_permits()
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PoolError> + Send + 'static,
    ) -> Result<T, PoolError> {
        let admitted = self.admitted.clone().try_acquire_owned().map_err(|_| PoolError::Busy)?;
        let running = self.running.clone().acquire_owned().await.map_err(failed)?;
        // The permits go with the work: it goes on when the request is given up.
        tokio::task::spawn_blocking(move || holding([admitted, running], work)).await.map_err(failed)?
    }
}

fn holding<T>(permits: [OwnedSemaphorePermit; 2], work: impl FnOnce() -> T) -> T {
    let result = work();
    drop(permits);
    result
}

fn argon2() -> Result<Argon2<'static>, PoolError> {
    let params = Params::new(MEMORY_KIB, ITERATIONS, LANES, None).map_err(failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature map_err wants")]
fn failed(error: impl ToString) -> PoolError {
    PoolError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_verifies_its_own_secret_only() {
        let pool = Argon2Pool::new(2, 2);
        let phc = pool.hash(Secret::new("correct horse")).await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(pool.verify(Secret::new("correct horse"), phc.clone()).await.unwrap());
        assert!(!pool.verify(Secret::new("battery staple"), phc).await.unwrap());
        assert_eq!(pool.depth(), 0);
    }

    #[tokio::test]
    async fn a_stored_form_that_is_none_is_a_failure_and_not_a_mismatch() {
        let outcome = Argon2Pool::new(1, 0).verify(Secret::new("x"), "plain".to_owned()).await;
        assert!(matches!(outcome, Err(PoolError::Failed(_))), "{outcome:?}");
    }

    #[tokio::test]
    async fn beyond_threads_and_queue_the_answer_is_busy() {
        let pool = Argon2Pool::new(1, 1);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let first = pool.run(move || held.recv().map_err(failed));
        let second = pool.run(|| Ok(()));
        let third = async {
            assert_eq!(pool.depth(), 2);
            let refused = pool.run(|| Ok(())).await;
            release.send(()).unwrap();
            refused
        };
        let (first, second, third) = tokio::join!(first, second, third);
        assert!(first.is_ok() && second.is_ok());
        assert!(matches!(third, Err(PoolError::Busy)), "{third:?}");
    }
}

//! When keys come and go: published before they sign, kept until their last token has expired.

use anyhow::{Context as _, bail};

use super::data_keys::DataKeys;
use super::generate::{KeyPlan, KeySource};
use crate::model::audit_event::Actor;
use crate::model::signing_key::{KeyStatus, SigningAlgorithm, SigningKey};
use crate::model::time::UnixTime;
use crate::store::Store;
use crate::store::cache::DomainEntry;
use crate::store::signing_keys::KeyStep;

/// No retired key leaves the key set earlier than this, in seconds; no client's tokens live longer than this or the
/// domain's lifetime.
pub const MIN_RETIREMENT: i64 = 86_400;

/// The shortest time between publishing a key and signing with it, in seconds: gateways refresh key sets every five
/// minutes, in the background.
pub const MIN_PUBLISH_LEAD: i64 = 600;

/// When keys come and go. Times in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// How long a key signs.
    pub lifetime: i64,
    /// How long it is published before.
    pub publish_lead: i64,
}

/// What to do for one algorithm of a domain.
#[derive(Debug, Default)]
struct Turn {
    publish: Vec<SigningAlgorithm>,
    steps: Vec<KeyStep>,
}

/// What rotates a domain's keys.
#[derive(Debug, Clone, Copy)]
pub struct Rotator<'a> {
    /// Where the keys are kept.
    pub store: &'a Store,
    /// What seals them.
    pub keys: &'a DataKeys,
    /// Where new ones come from.
    pub source: &'a KeySource,
    /// When they come and go.
    pub schedule: Schedule,
}

impl Rotator<'_> {
    /// Moves a domain's keys on as the schedule says. Returns whether anything changed.
    pub async fn run(&self, entry: &DomainEntry) -> anyhow::Result<bool> {
        let now = self.store.clock().now();
        let turn = due(entry, self.schedule, now);
        let forgotten = self.store.forget_signing_keys(entry.id(), now).await?;
        if turn.publish.is_empty() && turn.steps.is_empty() {
            return Ok(forgotten > 0);
        }
        self.apply(entry, turn, &Actor::local("server"), "signing_key.rotate").await
    }

    /// Publishes a successor of each active key now; it signs after the lead.
    pub async fn rotate(&self, entry: &DomainEntry, actor: &Actor) -> anyhow::Result<bool> {
        let mut turn = Turn::default();
        for algorithm in SigningAlgorithm::ALL {
            let waiting =
                entry.signing_keys.iter().any(|key| key.algorithm == *algorithm && key.status == KeyStatus::Published);
            if !waiting {
                turn.publish.push(*algorithm);
            }
        }
        if turn.publish.is_empty() {
            return Ok(false);
        }
        self.apply(entry, turn, actor, "signing_key.rotate").await
    }

    /// Takes a leaked key out of the key set at once. If it was the signing one, another signs from now on.
    pub async fn revoke(&self, entry: &DomainEntry, kid: &str, actor: &Actor) -> anyhow::Result<()> {
        let key = entry
            .signing_keys
            .iter()
            .find(|key| key.kid == kid && key.status != KeyStatus::Revoked)
            .with_context(|| format!("the domain has no key {kid} that is not revoked already"))?;
        let now = self.store.clock().now();
        let gone_at = Some(now.plus(retirement(entry)));
        let mut steps = vec![KeyStep { id: key.id, from: key.status, to: KeyStatus::Revoked, gone_at }];
        let mut new = Vec::new();
        if key.status == KeyStatus::Active {
            let plan = KeyPlan {
                domain_id: entry.id(),
                algorithm: key.algorithm,
                status: KeyStatus::Active,
                activates_at: now,
            };
            match published(entry, key.algorithm) {
                // Better a key that some verifier has not seen yet than a leaked one.
                Some(next) => steps.push(step(next, KeyStatus::Active, None)),
                None => new.push(self.source.signing_key(self.keys, self.store.clock(), &plan).await?),
            }
        }
        let audit = actor.did(self.store.clock(), Some(entry.id()), "signing_key.revoke", kid);
        if !self.store.turn_signing_keys(entry.id(), &new, &steps, &audit).await? {
            bail!("the keys changed meanwhile; look at them and try again");
        }
        Ok(())
    }

    async fn apply(
        &self,
        entry: &DomainEntry,
        turn: Turn,
        actor: &Actor,
        action: &'static str,
    ) -> anyhow::Result<bool> {
        let clock = self.store.clock();
        let mut new = Vec::new();
        for algorithm in turn.publish {
            let activates_at = clock.now().plus(self.schedule.publish_lead.max(MIN_PUBLISH_LEAD));
            let plan = KeyPlan { domain_id: entry.id(), algorithm, status: KeyStatus::Published, activates_at };
            new.push(self.source.signing_key(self.keys, clock, &plan).await?);
        }
        let kids = new.iter().map(|key| key.kid.as_str()).collect::<Vec<_>>().join(" ");
        let audit = actor.did(clock, Some(entry.id()), action, &kids);
        Ok(self.store.turn_signing_keys(entry.id(), &new, &turn.steps, &audit).await?)
    }
}

fn due(entry: &DomainEntry, schedule: Schedule, now: UnixTime) -> Turn {
    let mut turn = Turn::default();
    for algorithm in SigningAlgorithm::ALL {
        let of_algorithm = |status| {
            entry.signing_keys.iter().rev().find(move |key| key.algorithm == *algorithm && key.status == status)
        };
        let active = of_algorithm(KeyStatus::Active);
        match (of_algorithm(KeyStatus::Published), active) {
            (Some(next), active) if next.activates_at <= now => {
                if let Some(active) = active {
                    turn.steps.push(step(active, KeyStatus::Retired, Some(now.plus(retirement(entry)))));
                }
                turn.steps.push(step(next, KeyStatus::Active, None));
            }
            (Some(_), _) => {}
            (None, Some(active)) => {
                let lead = schedule.publish_lead.max(MIN_PUBLISH_LEAD);
                if now.since(active.activates_at) >= schedule.lifetime - lead {
                    turn.publish.push(*algorithm);
                }
            }
            (None, None) => turn.publish.push(*algorithm),
        }
    }
    turn
}

fn published(entry: &DomainEntry, algorithm: SigningAlgorithm) -> Option<&SigningKey> {
    entry.signing_keys.iter().find(|key| key.algorithm == algorithm && key.status == KeyStatus::Published)
}

fn step(key: &SigningKey, to: KeyStatus, gone_at: Option<UnixTime>) -> KeyStep {
    KeyStep { id: key.id, from: key.status, to, gone_at }
}

/// How long a retired key's tokens may still be alive.
fn retirement(entry: &DomainEntry) -> i64 {
    let resources = entry.resources.iter().filter_map(|resource| resource.settings.access_token_lifetime);
    resources.chain([entry.domain.settings.access_token_lifetime, MIN_RETIREMENT]).max().unwrap_or(MIN_RETIREMENT) + 60
}

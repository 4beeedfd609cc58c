//! When keys come and go: published before they sign, kept until their last token has expired.

use super::data_keys::DataKeys;
use super::generate::{KeyPlan, KeySource};
use super::jwks::signing_key;
use crate::model::audit_event::{Actor, AuditEvent};
use crate::model::json::Object;
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

/// What came of moving a domain's keys on by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// It is done.
    Done,
    /// There is nothing to do: successors are published already, or there is no such key that is not revoked.
    Nothing,
    /// The keys changed meanwhile; nothing was done.
    Overtaken,
}

impl Turned {
    fn of(done: bool) -> Self {
        if done { Self::Done } else { Self::Overtaken }
    }
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
    pub async fn rotate(&self, entry: &DomainEntry, actor: &Actor) -> anyhow::Result<Turned> {
        let waits = |algorithm| published(entry, algorithm).is_some();
        let publish: Vec<_> = SigningAlgorithm::ALL.iter().copied().filter(|algorithm| !waits(*algorithm)).collect();
        if publish.is_empty() {
            return Ok(Turned::Nothing);
        }
        let turn = Turn { publish, steps: Vec::new() };
        Ok(Turned::of(self.apply(entry, turn, actor, "signing_key.rotate").await?))
    }

    /// Lets a successor of each active key sign from this moment, without a lead: verifiers that have not read the key
    /// set since refuse its tokens until they do. What the predecessors signed stays good.
    pub async fn rotate_now(&self, entry: &DomainEntry, actor: &Actor) -> anyhow::Result<Turned> {
        let (mut new, mut steps) = (Vec::new(), Vec::new());
        for algorithm in SigningAlgorithm::ALL {
            if let Some(active) = signing_key(&entry.signing_keys, *algorithm) {
                steps.push(self.retired(entry, active));
            }
            self.succeed(entry, *algorithm, &mut new, &mut steps).await?;
        }
        self.turn(entry, (new, steps), actor.did(self.store.clock(), Some(entry.id()), "signing_key.rotate", "")).await
    }

    /// Takes a leaked key out of the key set at once. If it was the signing one, another signs from now on.
    pub async fn revoke(&self, entry: &DomainEntry, kid: &str, actor: &Actor) -> anyhow::Result<Turned> {
        let known = entry.signing_keys.iter().find(|key| key.kid == kid && key.status != KeyStatus::Revoked);
        let Some(key) = known else { return Ok(Turned::Nothing) };
        let gone_at = Some(self.store.clock().now().plus(retirement(entry)));
        let (mut new, mut steps) = (Vec::new(), vec![step(key, KeyStatus::Revoked, gone_at)]);
        if key.status == KeyStatus::Active {
            // Better a key that some verifier has not seen yet than a leaked one.
            self.succeed(entry, key.algorithm, &mut new, &mut steps).await?;
        }
        self.turn(entry, (new, steps), actor.did(self.store.clock(), Some(entry.id()), "signing_key.revoke", kid)).await
    }

    /// Lets the published key of an algorithm sign from now on, or a new one where none is published.
    async fn succeed(
        &self,
        entry: &DomainEntry,
        algorithm: SigningAlgorithm,
        new: &mut Vec<SigningKey>,
        steps: &mut Vec<KeyStep>,
    ) -> anyhow::Result<()> {
        let now = self.store.clock().now();
        if let Some(next) = published(entry, algorithm) {
            steps.push(KeyStep { activates_at: Some(now), ..step(next, KeyStatus::Active, None) });
        } else {
            let plan = KeyPlan {
                domain_id: entry.id(),
                algorithm,
                status: KeyStatus::Active,
                activates_at: now,
                beside: &entry.signing_keys,
            };
            new.push(self.source.signing_key(self.keys, self.store.clock(), &plan).await?);
        }
        Ok(())
    }

    /// The step that takes the signing key out of use while its tokens stay good.
    fn retired(&self, entry: &DomainEntry, active: &SigningKey) -> KeyStep {
        step(active, KeyStatus::Retired, Some(self.store.clock().now().plus(retirement(entry))))
    }

    /// Takes the steps; the event tells of each key what it was and is.
    async fn turn(
        &self,
        entry: &DomainEntry,
        (new, steps): (Vec<SigningKey>, Vec<KeyStep>),
        mut audit: AuditEvent,
    ) -> anyhow::Result<Turned> {
        let kid = |id| entry.signing_keys.iter().find(|key| key.id == id).map_or("", |key| key.kid.as_str());
        let (mut before, mut after) = (Object::new(), Object::new());
        for step in &steps {
            before.insert(kid(step.id).to_owned(), step.from.as_str().into());
            after.insert(kid(step.id).to_owned(), step.to.as_str().into());
        }
        for key in &new {
            after.insert(key.kid.clone(), key.status.as_str().into());
        }
        if audit.target.is_empty() {
            let signing = after.iter().filter(|(_, status)| *status == KeyStatus::Active.as_str());
            audit.target = signing.map(|(kid, _)| kid.as_str()).collect::<Vec<_>>().join(" ");
        }
        let audit = audit.changed(&before, &after);
        Ok(Turned::of(self.store.turn_signing_keys(entry.id(), &new, &steps, &audit).await?))
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
            let plan = KeyPlan {
                domain_id: entry.id(),
                algorithm,
                status: KeyStatus::Published,
                activates_at,
                beside: &entry.signing_keys,
            };
            new.push(self.source.signing_key(self.keys, clock, &plan).await?);
        }
        let kids = new.iter().map(|key| key.kid.as_str()).collect::<Vec<_>>().join(" ");
        let audit = actor.did(clock, Some(entry.id()), action, &kids);
        Ok(self.turn(entry, (new, turn.steps), audit).await? == Turned::Done)
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
    KeyStep { id: key.id, from: key.status, to, activates_at: None, gone_at }
}

/// How long a retired key's tokens may still be alive.
fn retirement(entry: &DomainEntry) -> i64 {
    let resources = entry.resources.iter().filter_map(|resource| resource.settings.access_token_lifetime);
    resources.chain([entry.domain.settings.access_token_lifetime, MIN_RETIREMENT]).max().unwrap_or(MIN_RETIREMENT) + 60
}

//! Data keys, facts, signing keys.

use registrar::keys::data_keys::{DataKeys, HashPurpose};
use registrar::keys::generate::KeyPlan;
use registrar::keys::master_key::MasterKey;
use registrar::model::secret::Secret;
use registrar::model::signing_key::{KeyStatus, SigningAlgorithm};
use registrar::store::signing_keys::KeyStep;
use rstest::rstest;

use super::{Story, master_key};
use crate::support::{Backend, baked_keys};

#[rstest]
#[tokio::test]
async fn another_master_key_takes_over_in_one_step_and_the_old_one_is_of_no_use(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    let before = store.data_keys().await.unwrap();
    assert_eq!(before.len(), 3, "hashing, sealing, and the domain's fingerprint key");
    let hash = story.keys.hash(HashPurpose::ClientSecret, "text");
    let sealed = story.keys.seal("binding", b"secret");
    let next = MasterKey::parse(&Secret::new("22".repeat(32))).unwrap();
    assert_eq!(DataKeys::rewrap(store, &master_key(), &next).await.unwrap(), 3);
    let told = DataKeys::load(store, master_key()).await.unwrap_err().to_string();
    assert!(told.contains("master key"), "{told}");
    assert!(DataKeys::rewrap(store, &master_key(), &next).await.is_err());
    let keys = DataKeys::load(store, next).await.unwrap();
    assert_eq!(keys.hash(HashPurpose::ClientSecret, "text"), hash);
    assert_eq!(keys.open("binding", &sealed).unwrap().as_slice(), b"secret");
    assert!(keys.open("another", &sealed).is_err());

    let after = store.data_keys().await.unwrap();
    assert!(!store.rewrap_data_keys(&before, &after).await.unwrap(), "they are not what they were");
    assert!(!store.rewrap_data_keys(&after[..2], &after[..2]).await.unwrap(), "a key was added meanwhile");
    assert_eq!(store.data_keys().await.unwrap(), after);
    store.add_data_keys(&before).await.unwrap();
    assert_eq!(store.data_keys().await.unwrap(), after, "another process was first");
}

#[rstest]
#[tokio::test]
async fn facts_are_set_and_read(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    assert_eq!(story.store.fact("colour").await.unwrap(), None);
    for value in ["blue", "green"] {
        story.store.set_fact("colour", value).await.unwrap();
        assert_eq!(story.store.fact("colour").await.unwrap().as_deref(), Some(value));
    }
    // Whoever claims first is believed.
    assert_eq!(story.store.claim_fact("colour", "red").await.unwrap(), "green");
    assert_eq!(story.store.claim_fact("shape", "round").await.unwrap(), "round");
}

#[rstest]
#[tokio::test]
async fn signing_keys_move_on_all_or_none(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, now) = (&story.store, story.clock.now());
    let old = store.signing_keys(story.domain_id).await.unwrap();
    assert!(old.iter().all(|key| key.status == KeyStatus::Active));
    let plan = KeyPlan {
        domain_id: story.domain_id,
        algorithm: SigningAlgorithm::Es256,
        status: KeyStatus::Active,
        activates_at: now,
        beside: &old,
    };
    let new = baked_keys().signing_key(&story.keys, &story.clock, &plan).await.unwrap();
    let retire =
        |from| KeyStep { id: old[0].id, from, to: KeyStatus::Retired, activates_at: None, gone_at: Some(now.plus(60)) };
    let audit = story.audit("signing_key.rotate");
    let wrong = [retire(KeyStatus::Published)];
    assert!(!store.turn_signing_keys(story.domain_id, std::slice::from_ref(&new), &wrong, &audit).await.unwrap());
    assert_eq!(store.signing_keys(story.domain_id).await.unwrap().len(), 2, "the new one was not added either");
    let right = [retire(KeyStatus::Active)];
    assert!(store.turn_signing_keys(story.domain_id, &[new], &right, &audit).await.unwrap());
    let keys = store.signing_keys(story.domain_id).await.unwrap();
    assert_eq!(keys.iter().filter(|key| key.status == KeyStatus::Retired).count(), 1);
    assert_eq!(store.forget_signing_keys(story.domain_id, now.plus(59)).await.unwrap(), 0);
    assert_eq!(store.forget_signing_keys(story.domain_id, now.plus(60)).await.unwrap(), 1);
    assert_eq!(story.domain().await.signing_keys.len(), 2);
}

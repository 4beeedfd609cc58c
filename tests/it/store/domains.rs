//! Domains, scopes, policies, resources.

use registrar::model::domain::{Domain, DomainSettings};
use registrar::model::id::{ClientId, DomainId, PolicyId, ResourceId};
use registrar::model::look::Logo;
use registrar::model::registration::policy::Policy;
use registrar::model::resource::{Resource, ResourceSettings};
use registrar::model::scope::Scope;
use registrar::store::domains::NewDomain;
use registrar::store::policies::NamedPolicy;
use registrar::store::resources::PutResourceOutcome;
use rstest::rstest;

use super::Story;
use crate::support::{Backend, audit_log};

fn scope(name: &str, label: &str) -> Scope {
    Scope {
        name: name.to_owned(),
        label: label.to_owned(),
        description: "text".to_owned(),
        hidden: false,
        reserved: false,
        self_registrable: true,
        version: 0,
    }
}

fn resource(story: &Story, name: &str, identifiers: &[&str]) -> Resource {
    Resource {
        id: ResourceId::new(&story.clock),
        domain_id: story.domain_id,
        name: name.to_owned(),
        credentials: None,
        settings: ResourceSettings {
            identifiers: identifiers.iter().map(|text| (*text).to_owned()).collect(),
            ..ResourceSettings::default()
        },
        granted_clients: Vec::new(),
        version: 0,
        created_at: story.clock.now(),
    }
}

#[rstest]
#[tokio::test]
async fn a_domain_is_created_once_and_found_by_name_and_id(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    assert!(!story.add_domain("main").await, "the name is taken");
    let entry = story.domain().await;
    let taken = NewDomain {
        domain: Domain { id: DomainId::new(&story.clock), ..entry.domain.clone() },
        scopes: Vec::new(),
        policies: Vec::new(),
        signing_keys: Vec::new(),
        fingerprint_key: story.keys.new_fingerprint_key(&story.clock, DomainId::new(&story.clock)),
    };
    assert!(!story.store.create_domain(&taken, &story.audit("domain.create")).await.unwrap());
    assert_eq!((story.count("domains").await, story.count("data_keys").await), (1, 3), "nothing of it was stored");
    assert!(story.add_domain("other").await);
    let names: Vec<String> = story.store.domains().await.unwrap().into_iter().map(|domain| domain.name).collect();
    assert_eq!(names, ["main", "other"]);
    assert!(story.store.domain_named("nowhere").await.unwrap().is_none());
    assert!(story.store.domain(DomainId::new(&story.clock)).await.unwrap().is_none());
    let domain = story.domain().await;
    assert_eq!((domain.scopes.len(), domain.policies.len(), domain.signing_keys.len()), (7, 2, 2));
    assert_eq!(story.store.scopes(story.domain_id).await.unwrap().len(), 7);
}

#[rstest]
#[tokio::test]
async fn of_two_administrators_who_change_a_domain_the_second_is_told(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let changed = DomainSettings { open_registration: true, ..DomainSettings::default() };
    let audit = story.audit("domain.update");
    assert!(story.store.update_domain(story.domain_id, 1, &changed, &audit).await.unwrap());
    let late = story.audit("domain.update");
    assert!(!story.store.update_domain(story.domain_id, 1, &DomainSettings::default(), &late).await.unwrap());
    let domain = story.domain().await;
    assert_eq!((domain.domain.version, domain.domain.settings.open_registration), (2, true));
    let events = audit_log(&story.store, story.domain_id).await;
    assert_eq!(events.iter().filter(|event| event.action == "domain.update").count(), 1);
}

#[rstest]
#[tokio::test]
async fn scopes_are_put_and_deleted(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    assert!(store.put_scope(story.domain_id, &scope("orders", "One"), &story.audit("scope.put")).await.unwrap());
    let again = scope("orders", "Again");
    assert!(!store.put_scope(story.domain_id, &again, &story.audit("scope.put")).await.unwrap(), "the name is taken");
    let first = story.domain().await.scope("orders").unwrap().clone();
    assert_eq!((first.label.as_str(), first.version), ("One", 1));
    let changed = Scope { label: "Two".to_owned(), ..first.clone() };
    assert!(store.put_scope(story.domain_id, &changed, &story.audit("scope.put")).await.unwrap());
    assert!(!store.put_scope(story.domain_id, &changed, &story.audit("scope.put")).await.unwrap(), "stale");
    assert!(!store.delete_scope(story.domain_id, &first, &story.audit("scope.delete")).await.unwrap(), "stale");
    let second = story.domain().await.scope("orders").unwrap().clone();
    assert_eq!((second.label.as_str(), second.version), ("Two", 2));
    assert!(store.delete_scope(story.domain_id, &second, &story.audit("scope.delete")).await.unwrap());
    assert!(!store.delete_scope(story.domain_id, &second, &story.audit("scope.delete")).await.unwrap());
    assert!(story.domain().await.scope("orders").is_none());
}

#[rstest]
#[tokio::test]
async fn policies_are_created_changed_and_deleted(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    let mut policy = NamedPolicy {
        id: PolicyId::new(&story.clock),
        name: "blue".to_owned(),
        rules: Policy::mcp(),
        version: 1,
        created_at: story.clock.now(),
    };
    assert!(store.create_policy(story.domain_id, &policy, &story.audit("policy.create")).await.unwrap());
    let again = NamedPolicy { id: PolicyId::new(&story.clock), ..policy.clone() };
    assert!(!store.create_policy(story.domain_id, &again, &story.audit("policy.create")).await.unwrap());
    policy.rules.quota = Some(7);
    assert!(store.update_policy(story.domain_id, &policy, &story.audit("policy.update")).await.unwrap());
    assert!(!store.update_policy(story.domain_id, &policy, &story.audit("policy.update")).await.unwrap(), "stale");
    let names: Vec<(String, i64)> = store
        .policies(story.domain_id)
        .await
        .unwrap()
        .into_iter()
        .map(|policy| (policy.name, policy.version))
        .collect();
    assert_eq!(names, [("blue".to_owned(), 2), ("gateway".to_owned(), 1), ("mcp".to_owned(), 1)]);
    assert_eq!(story.domain().await.policy("blue").unwrap().rules, policy.rules);
    assert_eq!(store.policy_users(story.domain_id, policy.id).await.unwrap(), 0);
    let mut bound = story.client("bound");
    bound.policy_id = Some(policy.id);
    story.add(&bound, None).await;
    assert_eq!(store.policy_users(story.domain_id, policy.id).await.unwrap(), 1);
    assert!(!store.delete_policy(story.domain_id, &policy, &story.audit("policy.delete")).await.unwrap(), "stale");
    policy.version = 2;
    assert!(store.delete_policy(story.domain_id, &policy, &story.audit("policy.delete")).await.unwrap());
    assert!(!store.delete_policy(story.domain_id, &policy, &story.audit("policy.delete")).await.unwrap());
    assert!(story.domain().await.policy("blue").is_none());
}

#[rstest]
#[tokio::test]
async fn resources_have_names_and_identifiers_of_their_own(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    let store = &story.store;
    let mut orders = resource(&story, "Orders", &["https://gw.example.com/o", "https://gw.example.com/o2"]);
    assert_eq!(store.put_resource(&orders, &story.audit("resource.put")).await.unwrap(), PutResourceOutcome::Stored);
    let same_name = resource(&story, "Orders", &["https://gw.example.com/x"]);
    assert_eq!(
        store.put_resource(&same_name, &story.audit("resource.put")).await.unwrap(),
        PutResourceOutcome::NameTaken
    );
    let same_identifier = resource(&story, "Stock", &["https://gw.example.com/s", "https://gw.example.com/o2"]);
    assert_eq!(
        store.put_resource(&same_identifier, &story.audit("resource.put")).await.unwrap(),
        PutResourceOutcome::IdentifierTaken("https://gw.example.com/o2".to_owned())
    );
    assert_eq!(story.count("resources").await, 1, "all or nothing");
    orders.settings.identifiers.pop();
    orders.name = "Orders 2".to_owned();
    assert_eq!(store.put_resource(&orders, &story.audit("resource.put")).await.unwrap(), PutResourceOutcome::NameTaken);
    orders.version = 2;
    assert_eq!(store.put_resource(&orders, &story.audit("resource.put")).await.unwrap(), PutResourceOutcome::Conflict);
    orders.version = 1;
    assert_eq!(store.put_resource(&orders, &story.audit("resource.put")).await.unwrap(), PutResourceOutcome::Stored);
    assert_eq!(
        store.put_resource(&same_identifier, &story.audit("resource.put")).await.unwrap(),
        PutResourceOutcome::Stored,
        "the identifier is free again"
    );
    let client = ClientId("machine".to_owned());
    for granted in [true, true, false, true] {
        store.grant_resource(&orders, &client, granted, &story.audit("resource.grant")).await.unwrap();
        assert_eq!(story.domain().await.resources[0].is_granted_to(&client), granted);
    }
    let names: Vec<String> =
        store.resources(story.domain_id).await.unwrap().into_iter().map(|resource| resource.name).collect();
    assert_eq!(names, ["Orders 2", "Stock"]);
    let audit = story.audit("resource.delete");
    assert!(!store.delete_resource(story.domain_id, orders.id, Some(99), &audit).await.unwrap(), "another version");
    assert!(store.delete_resource(story.domain_id, orders.id, None, &story.audit("resource.delete")).await.unwrap());
    assert!(!store.delete_resource(story.domain_id, orders.id, None, &story.audit("resource.delete")).await.unwrap());
    assert_eq!((story.count("resource_grants").await, story.count("resource_identifiers").await), (0, 2));
}

#[rstest]
#[tokio::test]
async fn a_deleted_domain_takes_everything_of_its_own_with_it_and_nothing_else(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(story) = Story::begin(backend).await else { return };
    story.add_domain("other").await;
    let store = &story.store;
    assert_eq!(story.add(&story.client("c"), Some(&story.secret("v"))).await, super::RegisterOutcome::Registered);
    let orders = resource(&story, "Orders", &["https://gw.example.com/o"]);
    store.put_resource(&orders, &story.audit("resource.put")).await.unwrap();
    store.grant_resource(&orders, &ClientId("c".to_owned()), true, &story.audit("resource.grant")).await.unwrap();
    let end = story.clock.now().plus(100);
    store.revoke_token(story.domain_id, "jti", end, &story.audit("access_token.revoke")).await.unwrap();
    let used = registrar::store::usage::ClientUse {
        domain_id: story.domain_id,
        client_id: ClientId("c".to_owned()),
        origin: registrar::model::client::Origin::Gateway,
        at: story.clock.now(),
    };
    store.write_client_usage(&[used]).await.unwrap();
    assert!(!store.delete_domain(story.domain_id, Some(99), &story.audit("domain.delete")).await.unwrap());
    assert!(store.delete_domain(story.domain_id, None, &story.audit("domain.delete")).await.unwrap());
    assert!(!store.delete_domain(story.domain_id, None, &story.audit("domain.delete")).await.unwrap());
    assert!(store.domain_named("main").await.unwrap().is_none());
    for (table, left) in [
        ("domains", 1),
        ("scopes", 7),
        ("policies", 2),
        ("signing_keys", 2),
        ("clients", 0),
        ("client_secrets", 0),
        ("client_usage", 0),
        ("resources", 0),
        ("resource_identifiers", 0),
        ("resource_grants", 0),
        ("revoked_tokens", 0),
        ("data_keys", 3),
        ("search_words", 0),
        ("hourly_counts", 0),
    ] {
        assert_eq!(story.count(table).await, left, "{table}");
    }
    assert!(!audit_log(store, story.domain_id).await.is_empty(), "the audit log stays");
    assert!(story.add_domain("main").await, "the name is free again");
}

#[rstest]
#[tokio::test]
async fn a_domain_has_one_logo(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(story) = Story::begin(backend).await else { return };
    let (store, audit) = (&story.store, || story.audit("domain.set_logo"));
    assert_eq!(store.logo(story.domain_id).await.unwrap(), None);
    assert!(!store.delete_logo(story.domain_id, &audit()).await.unwrap());
    for image in [&b"one"[..], b"two"] {
        let logo = Logo::new("image/png".to_owned(), image.into());
        store.put_logo(story.domain_id, &logo, &audit()).await.unwrap();
        assert_eq!(store.logo(story.domain_id).await.unwrap().as_ref(), Some(&logo));
        assert_eq!(story.domain().await.logo.as_ref(), Some(&logo), "the cache hears of it");
    }
    assert!(store.delete_logo(story.domain_id, &audit()).await.unwrap());
    assert_eq!(story.domain().await.logo, None);
}

//! What is made before the server answers: the first domain, or what a provisioning file names.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::card::{Card, FirstSecrets, card};
use super::{FACT_FIRST_START, FACT_GATEWAY, FIRST_DOMAIN};
use crate::administrators::accounts::{AdministratorEdit, NewAdministrator};
use crate::app::App;
use crate::clients::manual::{Wanted, gateway_registrar};
use crate::domains::Domains;
use crate::model::administrator::{Reach, Role};
use crate::model::audit_event::Actor;
use crate::model::domain::DomainSettings;
use crate::model::id::ClientId;
use crate::model::random;
use crate::model::secret::Secret;
use crate::provisioning::file::ProvisioningFile;
use crate::provisioning::{Provisioned, Provisioner};

/// Who owns the server from the first start on.
const FIRST_ADMINISTRATOR: &str = "admin";

/// Makes the first domain, its gateway registrar and its owner on an empty database; under a lease, so that of several replicas
/// one makes them and one prints the secrets. What a crash left by half is finished by the next start.
pub(super) async fn first_start(app: &App, without_first_domain: bool) -> anyhow::Result<Card> {
    const LEASE: &str = "first-start";
    /// Short, so that a start after a crash need not wait long; making keys takes a second at most.
    const LEASE_SECONDS: i64 = 15;
    let holder = random::identifier();
    let mut secrets = FirstSecrets::default();
    for _ in 0..60 {
        if without_first_domain || !is_first_start(app).await? {
            break;
        }
        if app.store.take_lease(LEASE, &holder, LEASE_SECONDS).await? {
            // Another process may have finished between the look and the lease.
            if is_first_start(app).await? {
                let resumed = app.store.fact(FACT_FIRST_START).await?.is_some_and(|state| state == "begun");
                app.store.set_fact(FACT_FIRST_START, "begun").await?;
                secrets.client = Some(make_first_domain(app).await?);
                secrets.administrator = make_first_administrator(app, resumed).await?;
                app.store.set_fact(FACT_FIRST_START, "done").await?;
            }
            app.store.release_lease(LEASE, &holder).await?;
        } else {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    if secrets.administrator.is_none() && !app.store.has_administrators().await? {
        tracing::warn!("nobody can log in to the console: `registrar administrator create` makes an administrator");
    }
    card(app, secrets).await
}

async fn is_first_start(app: &App) -> anyhow::Result<bool> {
    let begun = app.store.fact(FACT_FIRST_START).await?.is_some_and(|state| state == "begun");
    Ok(begun || app.store.domains().await?.is_empty())
}

/// Applies a provisioning file; under a lease, so that of several replicas one does it at a time.
pub(crate) async fn provision_all(app: &App, file: &ProvisioningFile) -> anyhow::Result<Vec<Provisioned>> {
    const LEASE: &str = "provision";
    let holder = random::identifier();
    while !app.store.take_lease(LEASE, &holder, 60).await? {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let domains = domains(app);
    let (public_url, actor) = (app.public_url.as_str(), Actor::local("server"));
    let (registry, people, administrators) = (&app.registry, &app.people, &app.administrators);
    let provisioner = Provisioner { domains: &domains, registry, people, administrators, public_url, actor: &actor };
    let applied = provisioner.apply(file).await.context("provisioning");
    app.store.release_lease(LEASE, &holder).await?;
    let applied = applied?;
    for thing in &applied {
        tracing::info!(domain = thing.domain, kind = thing.kind, name = thing.name, outcome = %thing.outcome, "provisioned");
    }
    Ok(applied)
}

fn domains(app: &App) -> Domains {
    Domains { store: app.store.clone(), keys: Arc::clone(&app.keys), source: app.key_source.clone() }
}

/// Makes the first domain and its gateway registrar, whose secret it returns.
pub(crate) async fn make_first_domain(app: &App) -> anyhow::Result<Secret> {
    let actor = Actor::local("server");
    let domains = domains(app);
    let settings = DomainSettings { quick_start: true, ..DomainSettings::default() };
    domains.create(FIRST_DOMAIN, settings, &actor).await?;
    let domain = app.store.domain_named(FIRST_DOMAIN).await?.context("the first domain vanished")?;
    // Known before it exists, so that a start after a crash makes no second one.
    let client_id = ClientId(app.store.claim_fact(FACT_GATEWAY, &random::identifier()).await?);
    if let Some(entry) = app.store.read_client(domain.id(), &client_id).await? {
        return Ok(app.registry.renew_manual(&domain, &entry.client, 0, &actor).await?.0);
    }
    let wanted = Wanted { client_id: Some(client_id), ..gateway_registrar("API gateway") };
    let made = app.registry.create(&domain, wanted, &actor).await?;
    made.secret.context("a gateway registrar has a generated secret")
}

/// Makes the server's owner where there is no administrator: the name and the password. `resumed`: a start before may
/// have made it and come to no card.
async fn make_first_administrator(app: &App, resumed: bool) -> anyhow::Result<Option<(String, Secret)>> {
    let (actor, password) = (Actor::local("server"), Secret::new(random::identifier()));
    let made = (FIRST_ADMINISTRATOR.to_owned(), password.clone());
    if let Some(known) = app.store.administrator_by_username(FIRST_ADMINISTRATOR).await? {
        // Whoever has used the account knows its password.
        if !resumed || known.last_login_at.is_some() {
            return Ok(None);
        }
        let edit = AdministratorEdit { password: Some(password), ..AdministratorEdit::default() };
        app.administrators.change(&known, edit, None, &actor).await?;
        return Ok(Some(made));
    }
    if app.store.has_administrators().await? {
        return Ok(None);
    }
    let new =
        NewAdministrator { username: made.0.clone(), role: Role::Owner, reach: Reach::All, password, disabled: false };
    app.administrators.create(new, &actor).await?;
    Ok(Some(made))
}

//! The card: what an administrator needs to know when the server answers.

use serde::Serialize;

use super::{FACT_GATEWAY, FIRST_DOMAIN};
use crate::app::App;
use crate::clients::manual::DCR_ADMIN;
use crate::model::client::ClientStatus;
use crate::model::id::ClientId;
use crate::model::secret::Secret;

/// What an administrator needs to know, printed when the server answers.
#[derive(Debug, Clone, Serialize)]
pub struct Card {
    /// Whether the server answers; true when this is printed.
    pub ready: bool,
    /// The base URL.
    pub public_url: String,
    /// The first domain.
    pub domain: String,
    /// Its issuer.
    pub issuer: String,
    /// Where its metadata is.
    pub discovery_url: String,
    /// Where administrators log in.
    pub console_url: String,
    /// Who owns the server; shown on the first start only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub administrator: Option<AdministratorCard>,
    /// What a gateway's registration provider is filled with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayCard>,
    /// Whether anybody may register, because the server is only reachable from this machine.
    pub quick_start: bool,
}

/// The account that the first start made.
#[derive(Debug, Clone, Serialize)]
pub struct AdministratorCard {
    /// What the person logs in with.
    pub username: String,
    /// The password.
    #[serde(serialize_with = "expose_one")]
    pub password: Secret,
}

/// What the first start made that is shown this once.
#[derive(Debug, Default)]
pub(crate) struct FirstSecrets {
    /// The gateway registrar's secret.
    pub(crate) client: Option<Secret>,
    /// The owner's name and password.
    pub(crate) administrator: Option<(String, Secret)>,
}

/// What a gateway's registration provider is filled with.
#[derive(Debug, Clone, Serialize)]
pub struct GatewayCard {
    /// The registrar's client id.
    pub client_id: String,
    /// Its secret; shown on the first start only.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "expose")]
    pub client_secret: Option<Secret>,
    /// The scope to ask for.
    pub scope: &'static str,
    /// Where secrets are renewed, with APIM's placeholder.
    pub renew_secret_url: String,
}

#[expect(clippy::ref_option, reason = "the signature serde wants")]
fn expose<S: serde::Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

fn expose_one<S: serde::Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    secret.expose().serialize(serializer)
}

/// Writes the card.
pub(crate) async fn card(app: &App, secrets: FirstSecrets) -> anyhow::Result<Card> {
    let domains = app.store.domains().await?;
    let first = domains.iter().find(|domain| domain.name == FIRST_DOMAIN).or(domains.first());
    let name = first.map_or(FIRST_DOMAIN, |domain| domain.name.as_str());
    let base = app.public_url.as_str();
    let gateway = match (first, app.store.fact(FACT_GATEWAY).await?) {
        (Some(domain), Some(client_id)) => {
            let known = app.store.client(domain.id, &ClientId(client_id.clone())).await?;
            known.filter(|known| known.client.status != ClientStatus::Deleted).map(|_| GatewayCard {
                client_id,
                client_secret: secrets.client,
                scope: DCR_ADMIN,
                renew_secret_url: format!("{base}/{name}/oidc/register/{{#client_id}}/renew_secret"),
            })
        }
        _ => None,
    };
    let issuer = app.issuer_of(name);
    Ok(Card {
        ready: true,
        public_url: base.to_owned(),
        domain: name.to_owned(),
        discovery_url: format!("{issuer}/.well-known/openid-configuration"),
        issuer,
        console_url: format!("{base}/console"),
        administrator: secrets.administrator.map(|(username, password)| AdministratorCard { username, password }),
        gateway,
        quick_start: first.is_some_and(|domain| {
            let settings = &domain.settings;
            !settings.open_registration && app.is_open(settings)
        }),
    })
}

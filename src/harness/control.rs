//! What steers the server: the clock, the present server and the ones it can be turned back to.

mod provision;

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde::Serialize;
use utoipa::ToSchema;

use super::approvals::AutoApproval;
use super::asked::Asked;
use super::faults::Faults;
use super::instance::{Instance, Lasting};
use super::requests::Requests;
use super::rules::Rules;
use super::token_changes::TokenChange;
use crate::app::App;
use crate::config::{BaseUrl, List};
use crate::model::audit_event::Actor;
use crate::model::oauth_error::OAuthError;
use crate::model::random;
use crate::model::secret::Secret;
use crate::model::time::{Hand, Setting, UnixTime};
use crate::startup::{Card, FirstSecrets, card};
use crate::store::cache::DomainEntry;

/// What steers the server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control(Arc<Parts>);

/// What [`Control`] consists of.
#[derive(Debug)]
pub struct Parts {
    pub(super) lasting: RwLock<Arc<Lasting>>,
    pub(super) hand: Arc<Hand>,
    present: RwLock<Begun>,
    start: Moment,
    /// By their ids, in the order in which they were taken.
    snapshots: Mutex<Vec<(String, Moment)>>,
    secrets: Secrets,
    /// The base URL of the listener, whatever the public one is.
    listens_at: String,
    /// One turn at a time.
    turning: tokio::sync::Mutex<()>,
    pub(super) faults: Faults,
    pub(super) requests: Requests,
    pub(super) asked: Asked,
    pub(super) token_changes: Rules<TokenChange>,
    pub(super) approvals: Rules<AutoApproval>,
}

/// What the card says that the database does not tell again.
#[derive(Debug)]
pub(super) struct Secrets {
    pub(super) gateway: Option<Secret>,
    pub(super) api_token: Secret,
}

/// The server as a request finds it when it comes.
#[derive(Debug, Clone)]
pub(super) struct Begun {
    /// Counts the resets.
    era: u64,
    pub(super) instance: Arc<Instance>,
}

/// A database and a time that the server can be turned back to.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    image: Arc<Vec<u8>>,
    clock: Setting,
    created_at: UnixTime,
}

/// A state that the server can be turned back to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Snapshot {
    /// Names it.
    pub id: String,
    /// When it was taken, by the server's clock.
    pub created_at: i64,
}

/// What one needs to know of a harness: the card of a server, and how it is steered.
#[derive(Debug, Clone, Serialize)]
pub struct HarnessCard {
    /// What every server's card says.
    #[serde(flatten)]
    pub card: Card,
    /// True: this is no server to rely on.
    pub harness: bool,
    /// The base URL of the control API, where the server listens.
    pub control_url: String,
    /// A token of an owner for the administration API, `/api/v1`.
    #[serde(serialize_with = "expose")]
    pub api_token: Secret,
}

fn expose<S: serde::Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    secret.expose().serialize(serializer)
}

impl Deref for Control {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Control {
    pub(super) async fn new(
        lasting: Lasting,
        hand: Arc<Hand>,
        instance: Instance,
        (secrets, listens_at): (Secrets, String),
    ) -> anyhow::Result<Self> {
        let start = moment(&instance.app, &hand).await?;
        Ok(Self(Arc::new(Parts {
            lasting: RwLock::new(Arc::new(lasting)),
            hand,
            present: RwLock::new(Begun { era: 0, instance: Arc::new(instance) }),
            start,
            snapshots: Mutex::default(),
            secrets,
            listens_at,
            turning: tokio::sync::Mutex::default(),
            faults: Faults::default(),
            requests: Requests::default(),
            asked: Asked::default(),
            token_changes: Rules::default(),
            approvals: Rules::default(),
        })))
    }
}

impl Parts {
    pub(super) fn present(&self) -> Arc<Instance> {
        self.begun().instance
    }

    /// The server as it is for a request that comes now.
    pub(super) fn begun(&self) -> Begun {
        self.present.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The present server, unless there was a reset since.
    pub(super) fn still(&self, begun: &Begun) -> Option<Arc<Instance>> {
        let present = self.begun();
        (present.era == begun.era).then_some(present.instance)
    }

    /// Does something, unless there was a reset since; none comes between.
    pub(super) fn unless_reset(&self, begun: &Begun, work: impl FnOnce()) {
        let present = self.present.read().unwrap_or_else(PoisonError::into_inner);
        if present.era == begun.era {
            work();
        }
    }

    pub(super) fn lasting(&self) -> Arc<Lasting> {
        Arc::clone(&self.lasting.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The parts of the server as it is now; after a reset they are others.
    pub fn app(&self) -> App {
        self.present().app.clone()
    }

    /// A domain, as the server knows it now.
    ///
    /// # Errors
    /// 404 where there is none of that name.
    pub async fn domain(&self, name: &str) -> Result<Arc<DomainEntry>, OAuthError> {
        let found = self.app().store.domain_named(name).await?;
        found.ok_or_else(|| OAuthError::not_found("there is no such security domain; check the path"))
    }

    /// What one needs to know of the server.
    pub async fn card(&self) -> anyhow::Result<HarnessCard> {
        let app = self.app();
        let card = card(&app, FirstSecrets { client: self.secrets.gateway.clone(), administrator: None }).await?;
        let control_url = format!("{}{}", self.listens_at, super::CONTROL);
        Ok(HarnessCard { card, harness: true, control_url, api_token: self.secrets.api_token.clone() })
    }

    /// Makes everything as it was when the server was ready. Snapshots stay.
    pub async fn reset(&self) -> anyhow::Result<()> {
        self.turn_to(&self.start.clone()).await
    }

    /// Keeps database and clock as they are now.
    pub async fn snapshot(&self) -> anyhow::Result<Snapshot> {
        let moment = moment(&self.app(), &self.hand).await?;
        let taken = Snapshot { id: random::identifier(), created_at: moment.created_at.seconds() };
        self.snapshots().push((taken.id.clone(), moment));
        Ok(taken)
    }

    /// The snapshots that were taken and not deleted, oldest first.
    pub fn list_snapshots(&self) -> Vec<Snapshot> {
        let told =
            |(id, moment): &(String, Moment)| Snapshot { id: id.clone(), created_at: moment.created_at.seconds() };
        self.snapshots().iter().map(told).collect()
    }

    /// Makes database and clock as they were; faults, rules, queues, records and mails are forgotten. `false`: there is
    /// no such snapshot.
    pub async fn restore(&self, id: &str) -> anyhow::Result<bool> {
        let known = self.snapshots().iter().find(|(known, _)| known == id).map(|(_, moment)| moment.clone());
        let Some(moment) = known else { return Ok(false) };
        self.turn_to(&moment).await?;
        Ok(true)
    }

    /// Forgets a snapshot. `false`: there is none.
    pub fn delete_snapshot(&self, id: &str) -> bool {
        let mut snapshots = self.snapshots();
        let before = snapshots.len();
        snapshots.retain(|(known, _)| known != id);
        snapshots.len() < before
    }

    /// Lets everybody reach the server under other URLs, as a container is whose ports are known only once it runs. What
    /// is in the database stays.
    pub async fn set_base_urls(&self, public_url: BaseUrl, further: Vec<BaseUrl>) -> anyhow::Result<()> {
        let _turn = self.turning.lock().await;
        let present = self.present();
        let mut settings = self.lasting().settings.clone();
        settings.extra_base_urls = List(further);
        let lasting = Lasting { settings, ..(*self.lasting()).clone() };
        let image = image(&present.app).await?;
        let keys = Arc::clone(&present.app.keys);
        let next = Instance::from_image(&lasting, &image, keys, public_url).await?;
        *self.lasting.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(lasting);
        self.replace(next);
        Ok(())
    }

    async fn turn_to(&self, moment: &Moment) -> anyhow::Result<()> {
        let _turn = self.turning.lock().await;
        let present = self.present();
        let lasting = self.lasting();
        let before = self.hand.setting();
        self.hand.set(moment.clock);
        let (keys, public_url) = (Arc::clone(&present.app.keys), present.app.public_url.clone());
        let next = match Instance::from_image(&lasting, &moment.image, keys, public_url).await {
            Ok(next) => Arc::new(next),
            Err(error) => {
                self.hand.set(before);
                return Err(error);
            }
        };
        let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
        *present = Begun { era: present.era + 1, instance: next };
        lasting.queue.clear_all();
        lasting.outbox.clear();
        self.faults.clear();
        self.requests.clear();
        self.token_changes.clear_all();
        self.approvals.clear_all();
        Ok(())
    }

    fn replace(&self, next: Instance) {
        self.present.write().unwrap_or_else(PoisonError::into_inner).instance = Arc::new(next);
    }

    fn snapshots(&self) -> MutexGuard<'_, Vec<(String, Moment)>> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn moment(app: &App, hand: &Hand) -> anyhow::Result<Moment> {
    let clock = hand.setting();
    Ok(Moment { image: Arc::new(image(app).await?), clock, created_at: app.clock.now() })
}

/// The database with what was still in memory.
async fn image(app: &App) -> anyhow::Result<Vec<u8>> {
    app.flush().await?;
    app.store.image().await
}

/// Who acts, for the audit log.
pub(super) fn actor() -> Actor {
    Actor::local("harness")
}

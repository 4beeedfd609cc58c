//! Who may register, and who may manage a client.

use http::HeaderMap;

use crate::clients::admission::{Admission, must_be_on};
use crate::clients::manual::DCR_ADMIN;
use crate::clients::update::Holder;
use crate::keys::data_keys::HashPurpose;
use crate::model::audit_event::Actor;
use crate::model::client::{Client, ClientStatus, Origin};
use crate::model::id::ClientId;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::{Secret, same};
use crate::oauth::bearer::{bearer, live, missing};
use crate::oauth::request::InDomain;
use crate::ops::rate_limit::RateKind;
use crate::store::cache::ClientEntry;
use crate::tokens::verify::LiveToken;

/// Decides who registers. An `Authorization` header, if present, decides: a bad one is refused even while anybody may
/// register without. `actor` becomes who it turned out to be, for the audit of a refusal too.
pub async fn registrant(at: &InDomain, headers: &HeaderMap, actor: &mut Actor) -> Result<Admission, OAuthError> {
    let Some(token) = bearer(headers).map_err(|error| at.failed(RateKind::FailedAuthentication, error))? else {
        *actor = at.caller.actor("open".to_owned());
        return open(at);
    };
    if token.starts_with("iat_") {
        return initial(at, token, actor).await;
    }
    let live = admin_token(at, token, actor).await?;
    Admission::of_gateway(&at.domain, &live.client.client)
}

fn open(at: &InDomain) -> Result<Admission, OAuthError> {
    let (source, settings) = (at.caller.source(), &at.domain.domain.settings);
    let admission = Admission::of_anybody(&at.domain, at.app.is_open(settings), source.to_string())?;
    at.app.rate_limits.check(RateKind::Registration, source, at.domain.id()).map_err(|wait| {
        at.app.metrics.rate_limited(RateKind::Registration.name());
        OAuthError::too_many_requests("too many registrations from this address; wait and try again")
            .with_retry_after(wait.0)
    })?;
    Ok(admission)
}

async fn initial(at: &InDomain, token: &str, actor: &mut Actor) -> Result<Admission, OAuthError> {
    let unknown = || {
        at.failed(
            RateKind::FailedAuthentication,
            OAuthError::invalid_token("the initial access token is not known here"),
        )
    };
    if token.len() != "iat_".len() + 43 {
        return Err(unknown());
    }
    let hash = at.app.keys.hash(HashPurpose::InitialAccessToken, token);
    let found = at.app.store.initial_access_token(at.domain.id(), &hash).await?.ok_or_else(unknown)?;
    *actor = at.caller.actor(format!("initial_access_token:{}", found.id));
    Admission::of_token(&at.domain, &found, at.app.clock.now())
}

/// An access token with scope `dcr_admin`, issued to a client for itself, which still holds that scope.
async fn admin_token(at: &InDomain, token: &str, actor: &mut Actor) -> Result<LiveToken, OAuthError> {
    let refused = |error| at.failed(RateKind::FailedAuthentication, error);
    let live = live(at, token).await?.ok_or_else(|| {
        refused(OAuthError::invalid_token("the token is not an active one of this domain; get a new one"))
    })?;
    *actor = token_actor(at, &live);
    let claims = &live.claims;
    let own = claims.sub == claims.client_id.as_str() && claims.aud.contains(claims.client_id.as_str());
    let granted = claims.scope.contains(DCR_ADMIN) && live.client.client.settings.granted_scopes.contains(DCR_ADMIN);
    if !own || !granted {
        return Err(OAuthError::insufficient_scope(
            "registration needs a token with scope dcr_admin that the client got for itself by client_credentials",
        ));
    }
    Ok(live)
}

fn token_actor(at: &InDomain, live: &LiveToken) -> Actor {
    let mut actor = at.caller.actor(format!("client:{}", live.claims.client_id));
    actor.token_id = Some(live.claims.jti.clone());
    actor
}

/// A client and who manages it.
#[derive(Debug)]
pub struct Managed {
    /// The client, straight from the database.
    pub entry: ClientEntry,
    /// By what right.
    pub holder: Holder,
}

/// Finds the client and decides by what right it is managed (RFC 7592 §2). `actor` becomes who it turned out to be, for
/// the audit of a refusal too.
pub async fn manager(
    at: &InDomain,
    headers: &HeaderMap,
    client_id: &ClientId,
    actor: &mut Actor,
) -> Result<Managed, OAuthError> {
    let token = bearer(headers)
        .map_err(|error| at.failed(RateKind::FailedAuthentication, error))?
        .ok_or_else(|| missing("managing a client needs its registration access token"))?;
    let entry = if client_id.as_str().contains('\0') {
        None
    } else {
        at.app.store.read_client(at.domain.id(), client_id).await?
    };
    let entry = entry.filter(|entry| entry.client.status != ClientStatus::Deleted);
    if token.starts_with("rat_") {
        return by_registration_token(at, token, entry, actor).await;
    }
    let live = admin_token(at, token, actor).await?;
    must_be_on(&at.domain.domain.settings)?;
    let entry = entry.ok_or_else(|| OAuthError::not_found("there is no such client"))?;
    let registrar = &live.claims.client_id;
    let own = entry.client.registrant.as_deref() == Some(registrar.as_str()) && entry.client.origin == Origin::Gateway;
    let reach = at.domain.domain.settings.registrars_manage_all
        && matches!(entry.client.origin, Origin::Gateway | Origin::InitialAccessToken);
    if entry.client.status == ClientStatus::Suspended && (own || reach) {
        return Err(OAuthError::registration_forbidden("this client was suspended by an administrator"));
    }
    if entry.client.client_id == *registrar || !(own || reach) {
        return Err(OAuthError::registration_forbidden("this client was not registered by the holder of this token"));
    }
    Ok(Managed { entry, holder: Holder::Registrar })
}

/// One answer for a wrong token and for an unknown client: ids are not to be guessed here.
async fn by_registration_token(
    at: &InDomain,
    token: &str,
    entry: Option<ClientEntry>,
    actor: &mut Actor,
) -> Result<Managed, OAuthError> {
    let refused = || {
        let error = OAuthError::invalid_token(
            "the registration access token is not the one of this client, or the client was deleted",
        );
        at.failed(RateKind::FailedAuthentication, error)
    };
    let hash = at.app.keys.hash(HashPurpose::RegistrationAccessToken, token);
    let is = |stored: &Option<Vec<u8>>| stored.as_ref().is_some_and(|stored| same(stored, &hash));
    let mut entry = entry.ok_or_else(refused)?;
    let client: &mut Client = &mut entry.client;
    if is(&client.registration_token) {
        if client.previous_registration_token.is_some() {
            at.app.store.confirm_registration_token(client).await?;
            // What this request writes must not bring it back.
            client.previous_registration_token = None;
        }
    } else if !is(&client.previous_registration_token) {
        return Err(refused());
    }
    *actor = at.caller.actor(format!("registration_access_token:{}", client.client_id));
    if client.status == ClientStatus::Suspended {
        return Err(OAuthError::registration_forbidden("this client was suspended by an administrator"));
    }
    must_be_on(&at.domain.domain.settings)?;
    Ok(Managed { holder: Holder::RegistrationAccessToken(Secret::new(token)), entry })
}

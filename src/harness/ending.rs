//! Things that end before their time.

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::control::{Control, actor};
use super::forge::read;
use super::mint::user;
use crate::app::App;
use crate::clients::administer::Step;
use crate::clients::find::{Fetching, FindIn, Found};
use crate::keys::data_keys::HashPurpose;
use crate::model::id::{AttemptId, ClientId, SessionId};
use crate::model::oauth_error::OAuthError;
use crate::model::random::Generated;
use crate::model::time::UnixTime;
use crate::store::cache::DomainEntry;
use crate::store::expiry::Expiring;
use crate::tokens::audience::longest_lifetime;

/// What is revoked: exactly one of them.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// An access token, a refresh token or an authorization code, with which its login ends.
    pub token: Option<String>,
    /// Everything that was issued to this client.
    pub client_id: Option<String>,
    /// Every session and every connected application of this person, by user name or e-mail address.
    pub user: Option<String>,
}

/// What expires now: exactly one of them.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Expiry {
    /// A refresh token, an authorization code or an initial access token. An access token says itself when it ends: it
    /// is revoked, which the server sees and whoever only checks its signature does not.
    pub token: Option<String>,
    /// All secrets of this client.
    pub client_secret_of: Option<String>,
    /// A browser session.
    pub session_id: Option<Uuid>,
    /// A login that waits for a person.
    pub interaction: Option<String>,
}

fn absent(what: &str) -> OAuthError {
    OAuthError::not_found(format!("there is no such {what} in this domain"))
}

fn one_of(members: &str) -> OAuthError {
    OAuthError::invalid_request(format!("exactly one of {members} is needed"))
}

impl Control {
    /// Revokes something. What is issued afterwards is good.
    ///
    /// # Errors
    /// 404 where there is no such thing, 400 unless exactly one is named.
    pub async fn revoke(&self, domain: &str, what: Revocation) -> Result<(), OAuthError> {
        let (app, domain) = (self.app(), self.domain(domain).await?);
        match what {
            Revocation { token: Some(token), client_id: None, user: None } => revoke_token(&app, &domain, &token).await,
            Revocation { client_id: Some(id), token: None, user: None } => {
                revoke_client(&app, &domain, &id).await?;
                // The mark counts whole seconds: what is issued in this one would be marked too.
                self.hand.advance(1);
                Ok(())
            }
            Revocation { user: Some(login), token: None, client_id: None } => revoke_user(&app, &domain, &login).await,
            _ => Err(one_of("token, client_id and user")),
        }
    }

    /// Lets something expire now.
    ///
    /// # Errors
    /// 404 where there is no such thing, 400 unless exactly one is named.
    pub async fn expire(&self, domain: &str, what: Expiry) -> Result<(), OAuthError> {
        let (app, domain) = (self.app(), self.domain(domain).await?);
        let (attempt, client);
        let (expiring, name) = match what {
            Expiry { token: Some(token), client_secret_of: None, session_id: None, interaction: None } => {
                return expire_token(&app, &domain, &token).await;
            }
            Expiry { client_secret_of: Some(id), token: None, session_id: None, interaction: None } => {
                client = ClientId(id);
                (Expiring::Secrets(&client), "client with a secret")
            }
            Expiry { session_id: Some(id), token: None, client_secret_of: None, interaction: None } => {
                (Expiring::Session(SessionId(id)), "session")
            }
            Expiry { interaction: Some(id), token: None, client_secret_of: None, session_id: None } => {
                attempt = AttemptId(id);
                (Expiring::Interaction(&attempt), "login that waits")
            }
            _ => return Err(one_of("token, client_secret_of, session_id and interaction")),
        };
        if app.store.expire(domain.id(), expiring).await? { Ok(()) } else { Err(absent(name)) }
    }
}

async fn expire_token(app: &App, domain: &DomainEntry, token: &str) -> Result<(), OAuthError> {
    let kinds = [
        (Generated::RefreshToken, HashPurpose::RefreshToken),
        (Generated::AuthorizationCode, HashPurpose::AuthorizationCode),
        (Generated::InitialAccessToken, HashPurpose::InitialAccessToken),
    ];
    let Some((kind, purpose)) = kinds.into_iter().find(|(kind, _)| token.starts_with(kind.prefix())) else {
        return revoke_token(app, domain, token).await;
    };
    let hash = app.keys.hash(purpose, token);
    let expiring = match kind {
        Generated::RefreshToken => Expiring::RefreshToken(&hash),
        Generated::AuthorizationCode => Expiring::AuthorizationCode(&hash),
        _ => Expiring::InitialAccessToken(&hash),
    };
    if app.store.expire(domain.id(), expiring).await? { Ok(()) } else { Err(absent("token")) }
}

async fn revoke_token(app: &App, domain: &DomainEntry, token: &str) -> Result<(), OAuthError> {
    let until = app.clock.now().plus(longest_lifetime(&domain.domain.settings));
    let audit = |action, target: &str| actor().did(&app.clock, Some(domain.id()), action, target);
    let grant = if token.starts_with(Generated::RefreshToken.prefix()) {
        let hash = app.keys.hash(HashPurpose::RefreshToken, token);
        app.store.refresh_token(domain.id(), &hash).await?.map(|(_, grant)| grant)
    } else if token.starts_with(Generated::AuthorizationCode.prefix()) {
        let hash = app.keys.hash(HashPurpose::AuthorizationCode, token);
        app.store.authorization_code(domain.id(), &hash).await?.map(|(_, grant)| grant)
    } else {
        let (_, claims) = read(token).map_err(|_| absent("token"))?;
        let text = |name: &str| claims.get(name).and_then(serde_json::Value::as_str);
        let ours = text("iss") == Some(app.issuer_of(&domain.domain.name).as_str());
        let jti = text("jti").filter(|_| ours).ok_or_else(|| absent("token"))?;
        let ends = claims.get("exp").and_then(serde_json::Value::as_i64).map_or(until, UnixTime);
        app.store.revoke_token(domain.id(), jti, ends, &audit("access_token.revoke", jti)).await?;
        return Ok(());
    };
    let grant = grant.ok_or_else(|| absent("token"))?;
    app.store.end_grant(domain.id(), grant.id, until, &audit("refresh_token.revoke", &grant.id.to_string())).await?;
    Ok(())
}

/// A suspension ends what was issued to a client; then the client goes on.
async fn revoke_client(app: &App, domain: &DomainEntry, id: &str) -> Result<(), OAuthError> {
    let at = FindIn { domain, documents: app.takes_client_documents(&domain.domain.settings) };
    for step in [Step::Suspend, Step::Resume] {
        let Ok(Found::Known(entry)) = app.registry.find_client(at, id, Fetching::No).await else {
            return Err(absent("client"));
        };
        app.registry.turn(&entry, step, &actor()).await?;
    }
    let until = app.clock.now().plus(longest_lifetime(&domain.domain.settings));
    let audit = actor().did(&app.clock, Some(domain.id()), "client.disconnect", id);
    Ok(app.store.end_grants_of_client(domain.id(), &ClientId(id.to_owned()), until, &audit).await?)
}

async fn revoke_user(app: &App, domain: &DomainEntry, login: &str) -> Result<(), OAuthError> {
    let person = user(app, domain, login).await.map_err(|_| absent("user"))?;
    app.people.end_user_sessions(&person, None, &actor()).await?;
    for connection in app.people.connections(&person).await? {
        app.people.disconnect_user(domain, &person, &connection.client_id, &actor()).await?;
    }
    Ok(())
}

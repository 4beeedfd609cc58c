//! Signing keys of a domain: what verifiers find in its key set, and who signs when. Never a private part.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use crate::admin::managing::{ManagingDomain, Segments, Sent};
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::keys::jwks::is_listed;
use crate::keys::rotation::{MIN_PUBLISH_LEAD, Turned};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::signing_key::{KeyStatus, SigningAlgorithm, SigningKey};
use crate::model::time::UnixTime;
use crate::store::cache::DomainEntry;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(paths(list, rotate, revoke), tags((name = "keys", description = "Signing keys. A key is published before it signs, so that verifiers that keep the key set know it in time, and stays published until the last token it signed has expired.")))]
pub struct Description;

/// A signing key, without its private part.
#[derive(Debug, Serialize, ToSchema)]
pub struct Key {
    /// The `kid` in the headers of the tokens it signs.
    #[schema(example = "Zs1VYB9QmFPUy2cLxHGvQw")]
    kid: String,
    /// What it signs with.
    algorithm: SigningAlgorithm,
    /// Where it is in its life.
    state: KeyStatus,
    /// Whether it is in the key set now.
    listed: bool,
    /// When it was published, in Unix seconds.
    created_at: i64,
    /// When it begins to sign, or began to, in Unix seconds.
    activates_at: i64,
    /// When it leaves the key set, in Unix seconds; absent until it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    leaves_at: Option<i64>,
    /// The public key as the key set shows it (RFC 7517).
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    public_jwk: Object,
}

/// The signing keys of a domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyList {
    /// Oldest first.
    items: Vec<Key>,
    /// Where verifiers find the public keys.
    key_set: String,
    /// For how long a key signs, in seconds.
    lifetime: i64,
    /// For how long it is published before, in seconds.
    publish_lead: i64,
}

/// How keys are to be rotated.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Sign with the successors at once. Verifiers that keep the key set refuse the new tokens until they read it again,
    /// some for minutes: for emergencies. What the old keys signed stays good; to end that as well, revoke them.
    #[serde(default)]
    #[schema(required = false)]
    now: bool,
}

/// What the revocation of a key ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyRevocation {
    /// The key as it is now.
    revoked: Key,
    /// The key that signs with its algorithm now; absent if the revoked one did not sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    signs_now: Option<String>,
    /// What that means for tokens and their verifiers, in words.
    consequences: Vec<String>,
}

/// The path of a key.
#[derive(Debug, Deserialize)]
pub struct KeyPath {
    kid: String,
}

/// The signing keys of a domain, revoked ones included as long as their tokens might live.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/keys", tag = "keys", params(("domain" = String, Path, description = "Its name.")), responses((status = 200, body = KeyList), AnyProblem))]
pub async fn list(at: ManagingDomain) -> Json<KeyList> {
    Json(all(&at, &at.domain))
}

/// Publishes a successor of each key; it signs once verifiers have had the time to read it.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/keys/rotate", tag = "keys", params(("domain" = String, Path, description = "Its name.")), request_body = Option<Rotation>, responses((status = 200, body = KeyList), AnyProblem, ChangeProblem))]
pub async fn rotate(at: ManagingDomain, sent: Option<Sent<Rotation>>) -> Result<Json<KeyList>, OAuthError> {
    let now = sent.is_some_and(|Sent(rotation)| rotation.now);
    let rotator = at.app.rotator();
    let turned = if now {
        rotator.rotate_now(&at.domain, &at.actor()).await
    } else {
        rotator.rotate(&at.domain, &at.actor()).await
    };
    match turned.map_err(OAuthError::server_error)? {
        Turned::Done => {}
        Turned::Nothing => {
            return Err(OAuthError::conflict(
                "successors are published already and will sign by themselves; rotate with now to let them sign at once",
            ));
        }
        Turned::Overtaken => return Err(overtaken()),
    }
    let domain = again(&at).await?;
    Ok(Json(all(&at, &domain)))
}

/// Takes a leaked key out of the key set at once: nothing it signed is believed any more. If it was the signing one,
/// another signs from now on.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/keys/{kid}/revoke", tag = "keys", params(("domain" = String, Path, description = "Its name."), ("kid" = String, Path, description = "The key.")), responses((status = 200, body = KeyRevocation), AnyProblem, ChangeProblem))]
pub async fn revoke(
    at: ManagingDomain,
    Segments(KeyPath { kid }): Segments<KeyPath>,
) -> Result<Json<KeyRevocation>, OAuthError> {
    let unknown = || OAuthError::not_found("the domain has no such key; list them to see which there are");
    let key = at.domain.signing_keys.iter().find(|key| key.kid == kid).ok_or_else(unknown)?;
    match at.app.rotator().revoke(&at.domain, &kid, &at.actor()).await.map_err(OAuthError::server_error)? {
        Turned::Done => {}
        Turned::Nothing => return Err(OAuthError::conflict("this key is revoked already")),
        Turned::Overtaken => return Err(overtaken()),
    }
    let domain = again(&at).await?;
    let revoked = domain.signing_keys.iter().find(|key| key.kid == kid).ok_or_else(unknown)?;
    let successor = crate::keys::jwks::signing_key(&domain.signing_keys, key.algorithm);
    let signed = key.status == KeyStatus::Active;
    Ok(Json(KeyRevocation {
        revoked: view(revoked, at.app.clock.now()),
        signs_now: successor.filter(|_| signed).map(|key| key.kid.clone()),
        consequences: consequences(key.status).iter().map(|text| (*text).to_owned()).collect(),
    }))
}

/// What ends, and what does not, when a key of this state is revoked.
pub fn consequences(state: KeyStatus) -> &'static [&'static str] {
    match state {
        KeyStatus::Published => &[
            "It signed nothing yet, so no token ends.",
            "A successor is published in its place by itself, and signs once verifiers have had the time to read it.",
        ],
        KeyStatus::Active => &[
            "Access tokens and ID tokens that it signed are refused here from now on: introspection calls them inactive.",
            "Gateways and servers that verify tokens themselves refuse them once they read the key set again, most within minutes.",
            "Logins, consents and refresh tokens stay: applications get new tokens by refreshing or asking again.",
            "Another key signs from now on. Verifiers that keep the key set refuse its tokens until they read it again.",
        ],
        KeyStatus::Retired | KeyStatus::Revoked => &[
            "Access tokens and ID tokens that it signed and that had not expired are refused here from now on: introspection calls them inactive.",
            "Gateways and servers that verify tokens themselves refuse them once they read the key set again, most within minutes.",
            "What the present key signs is not touched.",
        ],
    }
}

fn overtaken() -> OAuthError {
    OAuthError::conflict("the keys changed meanwhile; read them again, and decide by what they are now")
}

/// The domain as it is after a change.
async fn again(at: &ManagingDomain) -> Result<std::sync::Arc<DomainEntry>, OAuthError> {
    let domain = at.app.store.domain(at.domain.id()).await?;
    domain.ok_or_else(|| OAuthError::not_found("the domain was deleted meanwhile"))
}

fn all(at: &ManagingDomain, domain: &DomainEntry) -> KeyList {
    let now = at.app.clock.now();
    let schedule = at.app.rotator().schedule;
    KeyList {
        items: domain.signing_keys.iter().map(|key| view(key, now)).collect(),
        key_set: format!("{}/.well-known/jwks.json", at.app.issuer_of(&domain.domain.name)),
        lifetime: schedule.lifetime,
        publish_lead: schedule.publish_lead.max(MIN_PUBLISH_LEAD),
    }
}

fn view(key: &SigningKey, now: UnixTime) -> Key {
    Key {
        kid: key.kid.clone(),
        algorithm: key.algorithm,
        state: key.status,
        listed: is_listed(key, now),
        created_at: key.created_at.seconds(),
        activates_at: key.activates_at.seconds(),
        leaves_at: key.gone_at.map(UnixTime::seconds),
        public_jwk: key.public_jwk.clone(),
    }
}

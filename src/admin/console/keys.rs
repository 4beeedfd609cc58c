//! A domain's signing keys.

use axum::response::Response;
use serde::Deserialize;

use super::fields::{Asked, Fields};
use super::respond::{Told, domain_frame, go_telling, show, telling};
use super::words::span;
use crate::admin::api::keys::consequences;
use crate::admin::managing::{ManagingDomain, Segments};
use crate::keys::jwks::is_listed;
use crate::keys::rotation::{MIN_PUBLISH_LEAD, Turned};
use crate::model::oauth_error::OAuthError;
use crate::model::signing_key::{KeyStatus, SigningKey};
use crate::model::time::UnixTime;
use crate::pages::console::{Badge, BadgeKind, Confirm, ConsoleFrame, Copyable, KeyRow, Keys, Section};

const TOLD: &Told = &[
    ("rotated", "Successors are published. They sign by themselves once verifiers know them."),
    ("rotated-now", "New keys sign from now on."),
    ("revoked", "The key is revoked. Nothing it signed is believed any more."),
];

/// The path of a key.
#[derive(Debug, Deserialize)]
pub struct KeyPath {
    kid: String,
}

fn page_of(at: &ManagingDomain) -> String {
    Section::Keys.path(&at.domain.domain.name)
}

/// `GET /console/domains/{domain}/keys`
pub async fn show_keys(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let frame = telling(domain_frame(&at, Section::Keys).await?, &asked, TOLD);
    let now = at.app.clock.now();
    let schedule = at.app.rotator().schedule;
    let keys = &at.domain.signing_keys;
    Ok(show(&Keys {
        rows: keys.iter().rev().map(|key| row(&frame, key, now)).collect(),
        key_set: Copyable::new(
            "key-set",
            "Key set",
            format!("{}/.well-known/jwks.json", at.app.issuer_of(&at.domain.domain.name)),
        ),
        lifetime: span(schedule.lifetime),
        lead: span(schedule.publish_lead.max(MIN_PUBLISH_LEAD)),
        waiting: keys.iter().any(|key| key.status == KeyStatus::Published),
        frame,
    }))
}

/// `POST /console/domains/{domain}/keys`
pub async fn rotate(at: ManagingDomain, form: Fields) -> Result<Response, OAuthError> {
    match form.field("action") {
        "rotate" => {
            turned(at.app.rotator().rotate(&at.domain, &at.actor()).await, "successors are published already")?;
            Ok(go_telling(&page_of(&at), "rotated"))
        }
        "rotate_now" => {
            turned(at.app.rotator().rotate_now(&at.domain, &at.actor()).await, "there is nothing to rotate")?;
            Ok(go_telling(&page_of(&at), "rotated-now"))
        }
        _ => Err(OAuthError::invalid_request("action: is not one of this page")),
    }
}

/// `GET /console/domains/{domain}/keys/rotate-now`
pub async fn confirm_rotation(at: ManagingDomain) -> Result<Response, OAuthError> {
    let frame = domain_frame(&at, Section::Keys).await?.at("Sign with new keys at once");
    Ok(show(&Confirm {
        frame,
        title: "Sign with new keys at once?".to_owned(),
        what: at.domain.domain.name.as_str().into(),
        items: Vec::new(),
        consequences: vec![
            "Verifiers that keep the key set refuse the new tokens until they read it again, some for minutes."
                .to_owned(),
            "Tokens of the present keys stay good until they expire.".to_owned(),
        ],
        word: None,
        parameters: vec![("action".to_owned(), "rotate_now".to_owned())],
        action: page_of(&at).into(),
        button: "Sign with new keys".to_owned(),
        cancel: page_of(&at).into(),
        error: None,
    }))
}

/// `GET /console/domains/{domain}/keys/{kid}/revoke`
pub async fn confirm_revocation(
    at: ManagingDomain,
    Segments(KeyPath { kid }): Segments<KeyPath>,
) -> Result<Response, OAuthError> {
    let key = known(&at, &kid)?;
    let frame = domain_frame(&at, Section::Keys).await?.at("Revoke a key");
    Ok(show(&Confirm {
        frame,
        title: "Revoke this key?".to_owned(),
        what: format!("{} {}", key.algorithm, key.kid).into(),
        items: Vec::new(),
        consequences: consequences(key.status).iter().map(|text| (*text).to_owned()).collect(),
        word: None,
        parameters: Vec::new(),
        action: format!("{}/{kid}/revoke", page_of(&at)).into(),
        button: "Revoke key".to_owned(),
        cancel: page_of(&at).into(),
        error: None,
    }))
}

/// `POST /console/domains/{domain}/keys/{kid}/revoke`
pub async fn revoke(at: ManagingDomain, Segments(KeyPath { kid }): Segments<KeyPath>) -> Result<Response, OAuthError> {
    known(&at, &kid)?;
    turned(at.app.rotator().revoke(&at.domain, &kid, &at.actor()).await, "this key is revoked already")?;
    Ok(go_telling(&page_of(&at), "revoked"))
}

fn known<'a>(at: &'a ManagingDomain, kid: &str) -> Result<&'a SigningKey, OAuthError> {
    let key = at.domain.signing_keys.iter().find(|key| key.kid == kid);
    key.ok_or_else(|| OAuthError::not_found("the domain has no such key"))
}

fn turned(turned: anyhow::Result<Turned>, nothing: &str) -> Result<(), OAuthError> {
    match turned.map_err(OAuthError::server_error)? {
        Turned::Done => Ok(()),
        Turned::Nothing => Err(OAuthError::conflict(nothing)),
        Turned::Overtaken => Err(OAuthError::conflict("the keys changed meanwhile; look at them again")),
    }
}

fn row(frame: &ConsoleFrame, key: &SigningKey, now: UnixTime) -> KeyRow {
    let (kind, word, seen) = match key.status {
        KeyStatus::Published => (BadgeKind::Quiet, "Published", "In the key set, does not sign yet"),
        KeyStatus::Active => (BadgeKind::Good, "Active", "In the key set, signs"),
        KeyStatus::Retired if is_listed(key, now) => {
            (BadgeKind::Quiet, "Retired", "In the key set until its last token has expired")
        }
        KeyStatus::Retired => (BadgeKind::Quiet, "Retired", "No longer in the key set"),
        KeyStatus::Revoked => (BadgeKind::Bad, "Revoked", "Out of the key set; nothing it signed is believed"),
    };
    let revocable = key.status != KeyStatus::Revoked;
    KeyRow {
        kid: key.kid.clone(),
        algorithm: key.algorithm.as_str(),
        state: Badge::new(kind, word),
        seen,
        created: key.created_at.into(),
        signs: key.activates_at.into(),
        leaves: key.gone_at.map(Into::into),
        revoke: revocable.then(|| frame.under(&format!("keys/{}/revoke", key.kid)).into()),
    }
}

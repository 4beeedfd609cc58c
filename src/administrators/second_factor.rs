//! The second factor: codes of an authenticator application (RFC 6238).

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use totp_rs::Totp;
use zeroize::Zeroizing;

use super::sessions::{Current, SESSION_LIFETIME};
use super::{Administrators, REALM};
use crate::model::administrator::{Administrator, AdministratorSession};
use crate::model::audit_event::Actor;
use crate::model::id::AdministratorId;
use crate::model::oauth_error::OAuthError;
use crate::model::random;
use crate::model::secret::Secret;
use crate::model::time::UnixTime;
use crate::ops::rate_limit::SourcePrefix;
use crate::store::administrator_sessions::ConfirmOutcome;

/// How long somebody may take to set up the application and type its first code, in seconds.
const ENROLMENT_LIFETIME: i64 = 900;

/// Bytes of a secret (RFC 4226 §4).
const SECRET_BYTES: usize = 20;

/// A second factor that is not in force yet: kept nowhere but in the form that confirms it.
#[derive(Debug)]
pub struct Enrolment {
    /// The secret in base32, to be typed.
    pub secret: Secret,
    /// The same as an `otpauth:` URL.
    pub url: Secret,
    /// What comes back with the first code: the secret, sealed for this session.
    pub token: Secret,
}

/// How giving the second factor ended.
#[derive(Debug)]
pub enum SecondFactorOutcome {
    /// The person is logged in: the session, and what the cookie holds from now on.
    Session(AdministratorSession, Secret),
    /// The code is wrong, or was used before.
    Wrong,
    /// Too early: so many seconds to wait.
    Wait(u32),
    /// The session ended meanwhile: the person logs in again.
    Ended,
}

impl Administrators {
    /// A new secret for an authenticator application. `host`: where this server is, as the application shows it.
    pub fn enrol(&self, current: &Current, host: &str) -> Result<Enrolment, OAuthError> {
        if current.administrator.totp.is_some() {
            return Err(has_one());
        }
        let bytes = Zeroizing::new(random::bytes::<SECRET_BYTES>());
        self.pending(current, &*bytes, host)
    }

    /// The same secret once more, for whoever mistyped its first code. `None`: it took too long.
    pub fn enrol_again(&self, current: &Current, token: &str, host: &str) -> Result<Option<Enrolment>, OAuthError> {
        self.pending_secret(current, token).map(|secret| self.pending(current, &secret, host)).transpose()
    }

    fn pending(&self, current: &Current, bytes: &[u8], host: &str) -> Result<Enrolment, OAuthError> {
        let totp = totp(bytes, host, &current.administrator.username).map_err(OAuthError::server_error)?;
        let url = totp.to_url().context("the otpauth URL").map_err(OAuthError::server_error)?;
        let expires_at = self.store.clock().now().plus(ENROLMENT_LIFETIME);
        let mut plain = Zeroizing::new(expires_at.seconds().to_be_bytes().to_vec());
        plain.extend_from_slice(bytes);
        Ok(Enrolment {
            secret: Secret::new(totp.secret().to_base32()),
            token: Secret::new(random::encode(&self.keys.seal(&enrolment_binding(current), &plain))),
            url: Secret::new(url),
        })
    }

    /// Puts a second factor in force, by its first code. The administrator's other sessions end.
    pub async fn confirm_enrolment(
        &self,
        current: &Current,
        (token, code): (&str, &str),
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        let Some(secret) = self.pending_secret(current, token) else {
            return Err(OAuthError::invalid_request("token: took too long, or is another session's; begin anew"));
        };
        let Some(step) = self.step_of(&secret, code)? else {
            return Err(OAuthError::invalid_request(
                "code: is wrong; type the one that the application shows now, and check the clock of its device",
            ));
        };
        let id = current.administrator.id;
        let sealed = self.keys.seal(&totp_binding(id), &secret);
        let audit = actor.did(self.store.clock(), None, "administrator.add_second_factor", &id.to_string());
        let audit = audit.with("username", current.administrator.username.as_str());
        if self.store.set_totp((id, current.session.id), &sealed, step, &audit).await? {
            return Ok(());
        }
        Err(has_one())
    }

    /// Completes a login with a code of the application; each counts once. `current`: a session where only this is
    /// missing. `actor`: where it comes from.
    pub async fn give_second_factor(
        &self,
        current: &Current,
        code: &str,
        actor: &Actor,
    ) -> Result<SecondFactorOutcome, OAuthError> {
        let administrator = &current.administrator;
        let (Some(sealed), false) = (&administrator.totp, current.session.confirmed) else {
            return Ok(SecondFactorOutcome::Ended);
        };
        let account = administrator.id.to_string();
        if let Err(wait) = self.throttle.admit_code(REALM, &account) {
            return Ok(SecondFactorOutcome::Wait(wait));
        }
        let secret = self.keys.open(&totp_binding(administrator.id), sealed).map_err(OAuthError::server_error)?;
        let Some(step) = self.step_of(&secret, code)? else {
            self.refuse_login(Some(administrator), "the code of the second factor is wrong", actor).await?;
            return Ok(SecondFactorOutcome::Wrong);
        };
        let (cookie, hash) = self.session_secret();
        let now = self.store.clock().now();
        let session = AdministratorSession {
            confirmed: true,
            last_seen_at: now,
            expires_at: now.plus(SESSION_LIFETIME),
            ..current.session.clone()
        };
        let audit = self.logged_in(administrator, &session, actor);
        match self.store.confirm_administrator_session(&session, &hash, step, &audit).await? {
            ConfirmOutcome::Confirmed => {
                self.throttle.forgive_codes(REALM, &account);
                Ok(SecondFactorOutcome::Session(session, cookie))
            }
            ConfirmOutcome::Used => {
                self.refuse_login(Some(administrator), "the code of the second factor was used before", actor).await?;
                Ok(SecondFactorOutcome::Wrong)
            }
            ConfirmOutcome::Gone => Ok(SecondFactorOutcome::Ended),
        }
    }

    /// Takes away the second factor of whoever is logged in, for their password.
    pub async fn remove_own_second_factor(
        &self,
        current: &Current,
        password: Secret,
        source: SourcePrefix,
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        self.confirm_password(&current.administrator, password, source).await?;
        self.remove_second_factor(&current.administrator, actor).await
    }

    /// Takes away an administrator's second factor, where the device is lost.
    pub async fn remove_second_factor(&self, administrator: &Administrator, actor: &Actor) -> Result<(), OAuthError> {
        let id = administrator.id;
        let audit = actor.did(self.store.clock(), None, "administrator.remove_second_factor", &id.to_string());
        let audit = audit.with("username", administrator.username.as_str());
        if self.store.clear_totp(id, &audit).await? {
            return Ok(());
        }
        Err(OAuthError::conflict(format!("{} has no second factor", administrator.username)))
    }

    /// The secret that waits to be confirmed, if it is this session's and did not take too long.
    fn pending_secret(&self, current: &Current, token: &str) -> Option<Zeroizing<Vec<u8>>> {
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        let plain = self.keys.open(&enrolment_binding(current), &sealed).ok()?;
        let (expires_at, secret) = plain.split_first_chunk::<8>()?;
        let expires_at = UnixTime(i64::from_be_bytes(*expires_at));
        (self.store.clock().now() < expires_at).then(|| Zeroizing::new(secret.to_vec()))
    }

    /// The time step whose code this is: the current one, or one beside it, because clocks differ (RFC 6238 §5.2).
    fn step_of(&self, secret: &[u8], code: &str) -> Result<Option<i64>, OAuthError> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(None);
        }
        let now = u64::try_from(self.store.clock().now().seconds()).unwrap_or(0);
        let totp = totp(secret, "", "administrator").map_err(OAuthError::server_error)?;
        Ok(totp.check(&code, now).and_then(|step| i64::try_from(step).ok()))
    }
}

/// Six digits every thirty seconds, HMAC-SHA-1: what every application knows.
fn totp(secret: &[u8], host: &str, account: &str) -> anyhow::Result<Totp> {
    let issuer = if host.is_empty() { "Registrar".to_owned() } else { format!("Registrar {host}") };
    totp_rs::Builder::new()
        .with_secret(secret.to_vec())
        .with_skew(1)
        .with_issuer(Some(issuer.replace(':', " ")))
        .with_account_name(account)
        .build()
        .context("the second factor")
}

fn totp_binding(id: AdministratorId) -> String {
    format!("administrator_totp/{id}")
}

fn enrolment_binding(current: &Current) -> String {
    format!("totp_enrolment/{}/{}", current.administrator.id, current.session.id)
}

fn has_one() -> OAuthError {
    OAuthError::conflict("there is a second factor already; remove it first")
}

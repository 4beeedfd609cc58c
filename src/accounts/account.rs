//! The account page: sessions, connected applications, password, profile (OpenID Connect Core §17).

use axum::response::Response;
use http::StatusCode;

use super::applications::applications;
use super::form::Form;
use super::mail::send_verification;
use super::profile::{check_name, password_problem};
use super::respond::{changed_elsewhere, did, frame, go, path, show as show_page};
use crate::model::id::SessionId;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::session::Session;
use crate::model::user::{User, check_email, fold};
use crate::oauth::browser::{Browser, clear_session_cookie};
use crate::oauth::request::InDomain;
use crate::pages::{Account, AccountErrors, AccountSession, Claimed, Link, LoggedOut, Notice, texts};
use crate::people::browser_session::Current;
use crate::people::password::MIN_PASSWORD;
use crate::store::sessions::EndSessions;
use crate::store::users::PutUserOutcome;
use crate::tokens::audience::longest_lifetime;

/// What came of an action: what the page says.
enum Done {
    /// It worked.
    Told(&'static str),
    /// It did not.
    Refused(AccountErrors),
}

/// `GET /{domain}/account`
pub async fn show(browser: Browser) -> Result<Response, OAuthError> {
    match &browser.current {
        Some(current) => page(&browser.at, current, None).await,
        None => Ok(go(&path(&browser.at, "/login", None))),
    }
}

/// `POST /{domain}/account`
pub async fn submit(browser: Browser, sent: Form) -> Result<Response, OAuthError> {
    let at = &browser.at;
    let Some(current) = &browser.current else { return Ok(go(&path(at, "/login", None))) };
    let done = match sent.field("action") {
        "logout" => return log_out(at, current).await,
        "delete_account" => match delete(at, current, &sent).await? {
            Ok(deleted) => return Ok(deleted),
            Err(errors) => Done::Refused(errors),
        },
        "end_session" => match sent.field("session").parse().map(SessionId) {
            Ok(id) if id == current.session.id => return log_out(at, current).await,
            Ok(id) => end_sessions(at, current, EndSessions::One(id)).await?,
            Err(_) => return Err(OAuthError::invalid_request("session is not the id of a session")),
        },
        "end_other_sessions" => end_sessions(at, current, EndSessions::AllBut(Some(current.session.id))).await?,
        "revoke" => revoke(at, current, sent.field("client_id")).await?,
        "change_password" => change_password(at, current, &sent).await?,
        "profile" => change_profile(at, current, &sent).await?,
        "send_verification" => send_again(at, current).await?,
        _ => return Err(OAuthError::invalid_request("action is none that the account page knows")),
    };
    page(at, current, Some(done)).await
}

async fn page(at: &InDomain, current: &Current, done: Option<Done>) -> Result<Response, OAuthError> {
    // As it is after what was done.
    let user = at.app.store.user(at.domain.id(), current.user.id).await?;
    let user = user.ok_or_else(|| OAuthError::not_found("this account is deleted"))?;
    let (frame, status, errors) = match done {
        None => (frame(at), StatusCode::OK, AccountErrors::default()),
        Some(Done::Told(notice)) => (frame(at).with_notice(notice), StatusCode::OK, AccountErrors::default()),
        Some(Done::Refused(errors)) => (frame(at), StatusCode::BAD_REQUEST, errors),
    };
    let mut sessions = at.app.store.sessions_of_user(at.domain.id(), user.id).await?;
    sessions.retain(|session| session.is_alive(at.app.clock.now(), at.domain.domain.settings.session_idle_lifetime));
    sessions.sort_by_key(|session| session.id != current.session.id);
    let page = Account {
        frame,
        action: path(at, "/account", None).into(),
        logout: path(at, "/account", None).into(),
        username: user.username.as_str().into(),
        name: user.claims.0.get("name").and_then(|name| name.as_str()).unwrap_or_default().to_owned(),
        email: user.email.as_deref().unwrap_or_default().into(),
        email_verified: user.email_verified,
        may_send_verification: user.email.is_some() && !user.email_verified,
        sessions: sessions.iter().map(|session| shown(session, current)).collect(),
        applications: applications(at, &user).await?,
        password_min: MIN_PASSWORD,
        errors,
    };
    Ok(show_page(status, &page))
}

fn shown(session: &Session, current: &Current) -> AccountSession {
    AccountSession {
        id: session.id.to_string(),
        device: Claimed::from(&session.device).or(texts::NO_BROWSER),
        address: session.source.as_str().into(),
        last_seen: session.last_seen_at.into(),
        current: session.id == current.session.id,
    }
}

async fn log_out(at: &InDomain, current: &Current) -> Result<Response, OAuthError> {
    end(at, current, EndSessions::One(current.session.id)).await?;
    let page = LoggedOut { frame: frame(at), login: Some(path(at, "/login", None).into()) };
    let mut response = show_page(StatusCode::OK, &page);
    clear_session_cookie(response.headers_mut(), at);
    Ok(response)
}

async fn end_sessions(at: &InDomain, current: &Current, which: EndSessions) -> Result<Done, OAuthError> {
    end(at, current, which).await?;
    Ok(Done::Told(texts::SESSIONS_ENDED))
}

async fn end(at: &InDomain, current: &Current, which: EndSessions) -> Result<(), OAuthError> {
    let ended = at.app.store.end_sessions(at.domain.id(), current.user.id, which).await?;
    if ended > 0 {
        let of = |id: SessionId| id.to_string();
        let which = match which {
            EndSessions::One(id) => of(id),
            EndSessions::AllBut(_) => "all others".to_owned(),
        };
        let event = did(at, current.user.id, "session.end").with("session", which);
        at.app.store.write_audit(&[event]).await?;
    }
    Ok(())
}

async fn revoke(at: &InDomain, current: &Current, client_id: &str) -> Result<Done, OAuthError> {
    let event = did(at, current.user.id, "consent.revoke").with("client_id", client_id);
    let until = at.app.clock.now().plus(longest_lifetime(&at.domain.domain.settings));
    at.app.store.disconnect_client((at.domain.id(), current.user.id), client_id, until, &event).await?;
    Ok(Done::Told(texts::DISCONNECTED))
}

async fn change_password(at: &InDomain, current: &Current, sent: &Form) -> Result<Done, OAuthError> {
    let (user, people) = (&current.user, &at.app.people);
    let refused = |errors| Ok(Done::Refused(errors));
    if !people.confirm_password(user, Secret::new(sent.field("current_password")), at.caller.source()).await? {
        let event = did(at, user.id, "user.password").refused("the current password is wrong");
        at.app.audit_refusal(event);
        let current_password = Some(texts::PASSWORD_WRONG.to_owned());
        return refused(AccountErrors { current_password, ..AccountErrors::default() });
    }
    let new = sent.field("new_password");
    let names = [user.username.as_str(), user.email.as_deref().unwrap_or_default()];
    // The same one over again would keep nobody out, but end the links by which its owner chooses another.
    let same = (new == sent.field("current_password")).then(|| texts::PASSWORD_SAME.to_owned());
    if let Some(problem) = same.or_else(|| password_problem(new, &names)) {
        return refused(AccountErrors { new_password: Some(problem), ..AccountErrors::default() });
    }
    let hash = people.hash_password(Secret::new(new)).await?;
    let change = |user: &mut User| user.password = Some(hash.clone());
    stored(people.update_person(user, &did(at, user.id, "user.password"), change).await?)?;
    end(at, current, EndSessions::AllBut(Some(current.session.id))).await?;
    Ok(Done::Told(texts::PASSWORD_CHANGED))
}

async fn change_profile(at: &InDomain, current: &Current, sent: &Form) -> Result<Done, OAuthError> {
    let user = &current.user;
    let refused =
        |problem: String| Ok(Done::Refused(AccountErrors { profile: Some(problem), ..AccountErrors::default() }));
    let (name, email) = (sent.trimmed("name"), sent.trimmed("email"));
    if let Some(problem) = check_name(name) {
        return refused(problem);
    }
    let new_email = (!email.is_empty() && user.email.as_deref() != Some(email)).then_some(email);
    if new_email.is_some_and(|email| check_email(email).is_err()) {
        return refused(texts::EMAIL_INVALID.to_owned());
    }
    // Whoever reads the mails of the address can choose a new password.
    if new_email.is_some()
        && !at
            .app
            .people
            .confirm_password(user, Secret::new(sent.field("current_password")), at.caller.source())
            .await?
    {
        at.app.audit_refusal(did(at, user.id, "user.update").refused("the current password is wrong"));
        return refused(texts::PASSWORD_FOR_ADDRESS.to_owned());
    }
    let must_verify = at.domain.domain.settings.verify_email;
    let change = |user: &mut User| {
        match name {
            "" => drop(user.claims.0.remove("name")),
            name => drop(user.claims.0.insert("name".to_owned(), name.into())),
        }
        if let Some(email) = new_email.filter(|_| !must_verify) {
            user.email_verified &= user.email.as_deref().is_some_and(|own| fold(own) == fold(email));
            user.email = Some(email.to_owned());
        }
    };
    match at.app.people.update_person(user, &did(at, user.id, "user.update"), change).await? {
        PutUserOutcome::EmailTaken | PutUserOutcome::UsernameTaken => return refused(texts::EMAIL_TAKEN.to_owned()),
        outcome => stored(outcome)?,
    }
    match new_email.filter(|_| must_verify) {
        Some(email) => ask_for_proof(at, user, email).await,
        None => Ok(Done::Told(texts::PROFILE_SAVED)),
    }
}

/// A new address counts once its owner has followed a link: nobody locks themselves out by a slip of the pen, and
/// nobody learns whose address is taken.
async fn ask_for_proof(at: &InDomain, user: &User, email: &str) -> Result<Done, OAuthError> {
    let owner = at.app.store.user_by_login(at.domain.id(), email).await?;
    let free = owner.is_none_or(|owner| owner.id == user.id);
    if free && at.app.people.throttle.may_mail(at.domain.id(), &fold(email)) {
        send_verification(at, user, email, None).await?;
    }
    Ok(Done::Told(texts::CONFIRM_NEW_ADDRESS))
}

async fn send_again(at: &InDomain, current: &Current) -> Result<Done, OAuthError> {
    match &current.user.email {
        Some(email) if !current.user.email_verified => ask_for_proof(at, &current.user, email).await,
        _ => Ok(Done::Told(texts::VERIFIED)),
    }
}

async fn delete(at: &InDomain, current: &Current, sent: &Form) -> Result<Result<Response, AccountErrors>, OAuthError> {
    let user = &current.user;
    if !at.app.people.confirm_password(user, Secret::new(sent.field("delete_password")), at.caller.source()).await? {
        at.app.audit_refusal(did(at, user.id, "user.delete").refused("the password is wrong"));
        let delete_account = Some(texts::PASSWORD_WRONG.to_owned());
        return Ok(Err(AccountErrors { delete_account, ..AccountErrors::default() }));
    }
    let until = at.app.clock.now().plus(longest_lifetime(&at.domain.domain.settings));
    let as_read = (user.id, Some(user.version));
    if !at.app.store.delete_user(at.domain.id(), as_read, until, &did(at, user.id, "user.delete")).await? {
        return Err(changed_elsewhere());
    }
    let page = Notice {
        frame: frame(at),
        title: texts::DELETED_TITLE.to_owned(),
        text: texts::DELETED.to_owned(),
        link: Some(Link { href: path(at, "/login", None).into(), text: texts::TO_LOGIN.to_owned() }),
    };
    let mut response = show_page(StatusCode::OK, &page);
    clear_session_cookie(response.headers_mut(), at);
    Ok(Ok(response))
}

fn stored(outcome: PutUserOutcome) -> Result<(), OAuthError> {
    match outcome {
        PutUserOutcome::Stored => Ok(()),
        _ => Err(changed_elsewhere()),
    }
}

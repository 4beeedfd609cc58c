//! An administrator's own account: password, second factor, sessions.

use axum::response::Response;
use http::StatusCode;

use super::fields::{Asked, Fields};
use super::respond::{Told, frame, go_telling, sentence, show, show_as, telling};
use crate::admin::managing::Managing;
use crate::administrators::accounts::{MIN_PASSWORD, OwnPasswordRefused};
use crate::administrators::second_factor::Enrolment as Begun;
use crate::administrators::sessions::Current;
use crate::model::administrator::AdministratorSession;
use crate::model::id::AdministratorSessionId;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::pages::console::{
    Account, AccountErrors, ConsoleFrame, Enrolment, QrCode, SecondFactorState, Section, Session,
};
use crate::pages::{Claimed, texts};
use crate::store::administrator_sessions::EndAdministratorSessions;

const PAGE: &str = "/console/account";

const TOLD: &Told = &[
    ("password", "Your password is changed. You are logged out everywhere else."),
    ("second-factor", "The second factor is set up. You are logged out everywhere else."),
    ("no-second-factor", "The second factor is removed."),
    ("session", "The session has ended."),
    ("sessions", "Your other sessions have ended."),
];

/// `GET /console/account`
pub async fn show_account(managing: Managing, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let current = current(&managing)?;
    let frame = telling(own_frame(&managing).await?, &asked, TOLD);
    let state = standing(current);
    Ok(show(&page(&managing, frame, state, AccountErrors::default()).await?))
}

/// `POST /console/account`
pub async fn change_account(managing: Managing, form: Fields) -> Result<Response, OAuthError> {
    let current = current(&managing)?;
    let actor = managing.actor();
    let administrators = &managing.app.administrators;
    match form.field("action") {
        "change_password" => change_password(&managing, current, &form).await,
        "begin_second_factor" => begin_second_factor(&managing, current, &form).await,
        "confirm_second_factor" => confirm_second_factor(&managing, current, &form).await,
        "remove_second_factor" => remove_second_factor(&managing, current, &form).await,
        "end_session" => {
            let id = form.field("session").parse().map_err(|_| OAuthError::not_found("you have no such session"))?;
            let which = EndAdministratorSessions::One(AdministratorSessionId(id));
            administrators.end_sessions(&current.administrator, which, &actor).await?;
            Ok(go_telling(PAGE, "session"))
        }
        "end_other_sessions" => {
            let which = EndAdministratorSessions::AllBut(Some(current.session.id));
            administrators.end_sessions(&current.administrator, which, &actor).await?;
            Ok(go_telling(PAGE, "sessions"))
        }
        _ => Err(OAuthError::invalid_request("action: is not one of this page")),
    }
}

async fn change_password(managing: &Managing, current: &Current, form: &Fields) -> Result<Response, OAuthError> {
    let passwords = (Secret::new(form.field("current_password")), Secret::new(form.field("new_password")));
    let administrators = &managing.app.administrators;
    let changed =
        administrators.change_own_password(current, passwords, managing.caller.source(), &managing.actor()).await;
    match changed {
        Ok(()) => Ok(go_telling(PAGE, "password")),
        Err(OwnPasswordRefused::Current(error)) => {
            let errors = AccountErrors { current_password: Some(refusal(error)?), ..AccountErrors::default() };
            refused(managing, standing(current), errors).await
        }
        Err(OwnPasswordRefused::New(problem)) => {
            let errors = AccountErrors { new_password: Some(sentence(&problem)), ..AccountErrors::default() };
            refused(managing, standing(current), errors).await
        }
        Err(OwnPasswordRefused::Account(error)) => Err(error),
    }
}

async fn begin_second_factor(managing: &Managing, current: &Current, form: &Fields) -> Result<Response, OAuthError> {
    let administrators = &managing.app.administrators;
    let password = Secret::new(form.field("current_password"));
    if let Err(error) =
        administrators.confirm_password(&current.administrator, password, managing.caller.source()).await
    {
        let errors = AccountErrors { second_factor_password: Some(refusal(error)?), ..AccountErrors::default() };
        return refused(managing, standing(current), errors).await;
    }
    let begun = administrators.enrol(current, managing.app.public_url.authority())?;
    let state = SecondFactorState::Enrolling(enrolment(&begun));
    let frame = own_frame(managing).await?;
    Ok(show(&page(managing, frame, state, AccountErrors::default()).await?))
}

async fn confirm_second_factor(managing: &Managing, current: &Current, form: &Fields) -> Result<Response, OAuthError> {
    let administrators = &managing.app.administrators;
    let sent = (form.field("sealed"), form.trimmed("code"));
    match administrators.confirm_enrolment(current, sent, &managing.actor()).await {
        Ok(()) => Ok(go_telling(PAGE, "second-factor")),
        Err(error) => {
            let told = refusal(error)?;
            let host = managing.app.public_url.authority();
            // The same secret again: the application has it already.
            let state = administrators
                .enrol_again(current, sent.0, host)?
                .map_or(SecondFactorState::Off, |begun| SecondFactorState::Enrolling(enrolment(&begun)));
            refused(managing, state, AccountErrors { code: Some(told), ..AccountErrors::default() }).await
        }
    }
}

async fn remove_second_factor(managing: &Managing, current: &Current, form: &Fields) -> Result<Response, OAuthError> {
    let password = Secret::new(form.field("current_password"));
    let administrators = &managing.app.administrators;
    let source = managing.caller.source();
    match administrators.remove_own_second_factor(current, password, source, &managing.actor()).await {
        Ok(()) => Ok(go_telling(PAGE, "no-second-factor")),
        Err(error) => {
            let told = Some(refusal(error)?);
            let errors = AccountErrors { second_factor_password: told, ..AccountErrors::default() };
            refused(managing, standing(current), errors).await
        }
    }
}

/// What a form is told beside its field; a failure of the server's own stays one.
fn refusal(error: OAuthError) -> Result<String, OAuthError> {
    if error.status >= 500 {
        return Err(error);
    }
    Ok(sentence(error.description.strip_prefix("password: ").unwrap_or(&error.description)))
}

async fn refused(managing: &Managing, state: SecondFactorState, errors: AccountErrors) -> Result<Response, OAuthError> {
    let frame = own_frame(managing).await?;
    Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page(managing, frame, state, errors).await?))
}

fn current(managing: &Managing) -> Result<&Current, OAuthError> {
    managing.session.as_ref().ok_or_else(|| OAuthError::not_found("only people have an account in the console"))
}

/// Auditors too change what is their own.
async fn own_frame(managing: &Managing) -> Result<ConsoleFrame, OAuthError> {
    Ok(ConsoleFrame { may_edit: true, ..frame(managing, Section::Account).await? })
}

fn standing(current: &Current) -> SecondFactorState {
    if current.administrator.totp.is_some() { SecondFactorState::On } else { SecondFactorState::Off }
}

fn enrolment(begun: &Begun) -> Enrolment {
    let secret = begun.secret.expose().as_bytes().chunks(4).map(String::from_utf8_lossy);
    Enrolment {
        qr: QrCode::of(begun.url.expose()),
        secret: secret.collect::<Vec<_>>().join(" "),
        sealed: begun.token.expose().to_owned(),
    }
}

async fn page(
    managing: &Managing,
    frame: ConsoleFrame,
    second_factor: SecondFactorState,
    errors: AccountErrors,
) -> Result<Account, OAuthError> {
    let current = current(managing)?;
    let mut sessions = managing.app.administrators.sessions(current.administrator.id).await?;
    sessions.sort_by_key(|session| session.id != current.session.id);
    Ok(Account {
        frame,
        action: PAGE.into(),
        password_min: MIN_PASSWORD,
        second_factor,
        sessions: sessions.iter().map(|one| session(one, current)).collect(),
        errors,
    })
}

fn session(session: &AdministratorSession, current: &Current) -> Session {
    Session {
        id: session.id.to_string(),
        device: Claimed::from(&session.device).or(texts::NO_BROWSER),
        address: session.source.as_str().into(),
        since: session.created_at.into(),
        last_seen: session.last_seen_at.into(),
        current: session.id == current.session.id,
    }
}

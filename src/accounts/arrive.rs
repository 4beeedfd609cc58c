//! What follows once it is known who somebody is: their session, and on with what they came for.

use axum::response::{IntoResponse as _, Response};

use super::asking::note;
use super::respond::{did, go, go_on, gone, path};
use crate::model::flow_trace::Step;
use crate::model::interaction::Interaction;
use crate::model::oauth_error::OAuthError;
use crate::model::user::User;
use crate::oauth::browser::{Browser, set_session_cookie};
use crate::people::browser_session::Device;

/// Begins a session in this browser, in place of the one it had, and goes on with the interaction or to the account.
/// `step`: what they did to get here. `None`: the user changed since it was seen who they are, and is not logged in.
pub async fn arrive(
    browser: &Browser,
    user: &User,
    interaction: Option<&Interaction>,
    step: Step,
) -> Result<Option<Response>, OAuthError> {
    let at = &browser.at;
    let source = at.caller.address.to_string();
    let device = Device { agent: &browser.agent, source: &source };
    let replaces = browser.current.as_ref().map(|current| current.session.id);
    let begun = at.app.people.begin_session(&at.domain, user, device, replaces).await?;
    let Some((session, secret)) = begun else { return Ok(None) };
    let event = did(at, user.id, "user.login").with("session_id", session.id.to_string());
    at.app.store.write_audit(&[event]).await?;
    let mut response = match interaction {
        None => go(&path(at, "/account", None)),
        Some(interaction) => {
            at.trace_page(interaction, step, None);
            if note(at, interaction.clone(), |progress| progress.logged_in = Some(session.id)).await? {
                go_on(at, &interaction.id)
            } else {
                // They are logged in all the same.
                gone().into_response()
            }
        }
    };
    set_session_cookie(response.headers_mut(), at, &secret);
    Ok(Some(response))
}

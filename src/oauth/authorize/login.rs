//! Whether somebody is logged in who fits the request (OpenID Connect Core §3.1.2.3).

use super::Attempt;
use super::request::AuthorizationRequest;
use crate::model::client::Client;
use crate::model::interaction::Interaction;
use crate::model::oauth_error::OAuthError;
use crate::people::browser_session::Current;
use crate::tokens::subject::subject;

/// Who is logged in, if they need not log in again for this request.
pub(super) fn current(
    attempt: &Attempt,
    client: &Client,
    request: &AuthorizationRequest,
) -> Result<Option<Current>, OAuthError> {
    let hinted = hinted_subject(attempt)?;
    let Some(current) = &attempt.browser.current else { return Ok(None) };
    let at = attempt.at();
    if hinted.is_some_and(|hinted| hinted != subject(&at.app.keys, client, current.user.id)) {
        return Ok(None);
    }
    // Who logged in for this very request has done what it may have asked for.
    if attempt.interaction.as_ref().is_some_and(|interaction| logged_in(interaction, current)) {
        return Ok(Some(current.clone()));
    }
    let age = at.app.clock.now().since(current.session.auth_time);
    let too_old = request.max_age.is_some_and(|most| age > most);
    let again = request.prompt.login || request.prompt.create || too_old;
    Ok((!again).then(|| current.clone()))
}

fn logged_in(interaction: &Interaction, current: &Current) -> bool {
    interaction.has_login(current.session.id)
}

/// Whom the client expects, by a token it was given earlier; one that has expired still names them.
fn hinted_subject(attempt: &Attempt) -> Result<Option<String>, OAuthError> {
    let Some(hint) = attempt.params.get("id_token_hint") else { return Ok(None) };
    let at = attempt.at();
    let hinted = at.app.issuer.hint(&at.domain, &at.issuer(), hint);
    let hinted =
        hinted.ok_or_else(|| OAuthError::invalid_request("id_token_hint is not an id_token of this issuer"))?;
    Ok(Some(hinted.sub))
}

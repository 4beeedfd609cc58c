//! Whether the person has allowed what is asked (OpenID Connect Core §3.1.2.4).

use super::Attempt;
use super::asked::Asked;
use super::client::Redirect;
use super::request::AuthorizationRequest;
use super::respond::Stop;
use crate::model::client::Client;
use crate::model::consent::covers;
use crate::model::oauth_error::OAuthError;
use crate::model::redirect_uri::RedirectKind;
use crate::people::browser_session::Current;

/// Whether the person has allowed it: for this very request, or earlier. Another program on the device can pose as a
/// client that is reached by loopback or a private-use scheme (RFC 8252 §8.6), so an earlier consent does not count
/// there, unless an administrator vouches for the client.
pub(super) async fn is_given(
    attempt: &Attempt,
    (client, redirect): (&Client, &Redirect),
    (request, asked): (&AuthorizationRequest, &Asked),
    current: &Current,
) -> Result<bool, Stop> {
    let now = |interaction: &super::Interaction| interaction.allows(current.session.id, &asked.scope, &asked.resources);
    if attempt.interaction.as_ref().is_some_and(now) {
        return Ok(true);
    }
    let provable = redirect.uri.kind() == RedirectKind::Https || client.settings.trusted;
    if request.prompt.consent || !provable {
        return Ok(false);
    }
    let at = attempt.at();
    let earlier = at.app.store.consents(at.domain.id(), current.user.id, client.client_id.as_str()).await;
    Ok(covers(&earlier.map_err(OAuthError::from)?, &asked.scope, &asked.resources))
}

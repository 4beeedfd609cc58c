//! What the person's yes establishes, and the code that stands for it (RFC 6749 §4.1.2).

use super::Attempt;
use super::asked::Asked;
use super::client::Redirect;
use super::request::AuthorizationRequest;
use super::respond::{Recipient, Stop};
use super::steps::Reached;
use crate::keys::data_keys::HashPurpose;
use crate::model::authorization::{AuthorizationCode, GrantDetails, GrantStatus, LoginGrant};
use crate::model::client::Client;
use crate::model::flow_trace::Step;
use crate::model::id::AuthorizationId;
use crate::model::oauth_error::OAuthError;
use crate::model::random::Generated;
use crate::people::browser_session::Current;
use crate::store::login_grants::GrantOutcome;
use crate::tokens::subject::subject;

/// How long a code may wait, in seconds.
const CODE_LIFETIME: i64 = 60;

/// Keeps what was allowed, and sends the client its code. `None`: the session has ended meanwhile, so that nobody is
/// logged in.
pub(super) async fn establish(
    attempt: &Attempt,
    (client, redirect): (&Client, &Redirect),
    (request, asked): (&AuthorizationRequest, &Asked),
    current: &Current,
    to: &Recipient,
) -> Result<Option<Reached>, Stop> {
    let at = attempt.at();
    let (clock, now) = (&at.app.clock, at.app.clock.now());
    let grant = LoginGrant {
        id: AuthorizationId::new(clock),
        domain_id: at.domain.id(),
        client_id: client.client_id.clone(),
        user_id: current.user.id,
        session_id: Some(current.session.id),
        attempt: attempt.id.clone(),
        scope: asked.scope.clone(),
        details: GrantDetails {
            subject: subject(&at.app.keys, client, current.user.id),
            resources: asked.resources.clone(),
            auth_time: current.session.auth_time,
            nonce: request.nonce.clone(),
        },
        status: GrantStatus::Pending,
        created_at: now,
        last_used_at: now,
        expires_at: now.plus(at.domain.domain.settings.refresh_token_lifetime),
    };
    let clear = at.app.store.random().make(at.domain.id(), Generated::AuthorizationCode);
    let code = AuthorizationCode {
        hash: at.app.keys.hash(HashPurpose::AuthorizationCode, &clear),
        client_id: client.client_id.clone(),
        redirect_uri: redirect.uri.as_str().to_owned(),
        redirect_uri_sent: redirect.sent,
        code_challenge: request.code_challenge.as_ref().map(|challenge| challenge.as_str().to_owned()),
        created_at: now,
        expires_at: now.plus(CODE_LIFETIME),
        redeemed_at: None,
    };
    let interaction = attempt.interaction.as_ref().map(|interaction| &interaction.id);
    match at.app.store.establish_grant(&grant, &code, interaction).await.map_err(OAuthError::from)? {
        GrantOutcome::Established => Ok(Some(Reached { step: Step::Code, response: to.succeeded(at, &clear) })),
        GrantOutcome::Over => Err(Stop::Over),
        GrantOutcome::LoggedOut => Ok(None),
    }
}

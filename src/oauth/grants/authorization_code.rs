//! The authorization code grant (RFC 6749 §4.1.3) with its proof key (RFC 7636 §4.5, §4.6).

use super::login;
use crate::keys::data_keys::HashPurpose;
use crate::model::authorization::{Authorization, AuthorizationCode, Login};
use crate::model::oauth_error::OAuthError;
use crate::model::pkce::CodeChallenge;
use crate::model::random::Generated;
use crate::model::secret::Secret;
use crate::oauth::client_request::ClientRequest;
use crate::store::authorization_codes::RedeemOutcome;

/// What the person's login established, once. A `scope` parameter means nothing here: the code stands for its own.
///
/// A code that was redeemed ends its login when it comes again, and only if everything else about the request is right:
/// what a stranger found in a log proves nothing, and must not log anybody out. A first try that failed uses nothing up.
pub(super) async fn authorize(request: &ClientRequest) -> Result<Authorization, OAuthError> {
    let (at, client) = (&request.at, &request.entry().client);
    let hash = at.app.keys.hash(HashPurpose::AuthorizationCode, request.params.required("code")?);
    let found = at.app.store.authorization_code(at.domain.id(), &hash).await?;
    let (code, grant) = found
        .filter(|(code, grant)| code.client_id == client.client_id && grant.client_id == client.client_id)
        .ok_or_else(|| {
            OAuthError::invalid_grant(
                "the code is unknown, or was issued to another client; send the person through login again",
            )
        })?;
    login::rests_on(request, &grant);
    check_redirect_uri(&code, request.params.get("redirect_uri"))?;
    if code.redeemed_at.is_none() && at.app.clock.now() >= code.expires_at {
        return Err(OAuthError::invalid_grant("the code has expired; send the person through login again"));
    }
    check_proof_key(&code, request.params.get("code_verifier"))?;
    let (user, share) = match code.redeemed_at {
        None => (Some(login::user(request, &grant).await?), Some(login::share(request, &grant)?)),
        Some(_) => (None, None),
    };
    let new_token = || Secret::new(at.app.store.random().make(at.domain.id(), Generated::RefreshToken));
    let refresh_token = client.metadata.has_grant("refresh_token").then(new_token);
    let kept = refresh_token.as_ref().map(|token| login::kept(request, &grant, token));
    let code = (at.domain.id(), hash.as_slice());
    let outcome = at.app.store.redeem_code(code, &grant, kept.as_ref(), login::until(request)).await?;
    match (outcome, user, share) {
        (RedeemOutcome::Redeemed, Some(user), Some(share)) => {
            let nonce = grant.details.nonce.clone();
            Ok(login::authorization(request, share, Login { grant, user, refresh_token, nonce }))
        }
        (RedeemOutcome::Replayed, ..) => {
            login::audit_replay(request, "authorization_code.replay", &grant);
            Err(OAuthError::invalid_grant(
                "the code was used before, so everything issued from it has ended; send the person through login again",
            ))
        }
        _ => Err(OAuthError::invalid_grant("the code has ended; send the person through login again")),
    }
}

/// The redirect URI of the authorization request again, where that named one (RFC 6749 §4.1.3).
fn check_redirect_uri(code: &AuthorizationCode, sent: Option<&str>) -> Result<(), OAuthError> {
    match sent {
        Some(uri) if uri == code.redirect_uri => Ok(()),
        Some(_) => Err(OAuthError::invalid_grant(
            "redirect_uri is not the one of the authorization request; send the same (RFC 6749 section 4.1.3)",
        )),
        None if code.redirect_uri_sent => Err(OAuthError::invalid_grant(
            "redirect_uri is missing; send the one of the authorization request (RFC 6749 section 4.1.3)",
        )),
        None => Ok(()),
    }
}

/// The verifier belongs to the challenge of the authorization request, or neither is there: a verifier alone shows that
/// somebody took the challenge away (RFC 9700 §4.8.2).
fn check_proof_key(code: &AuthorizationCode, verifier: Option<&str>) -> Result<(), OAuthError> {
    match (code.code_challenge.as_deref(), verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) => {
            let met = CodeChallenge::parse(challenge).is_some_and(|challenge| challenge.is_met_by(verifier));
            let wrong = "code_verifier does not belong to the code_challenge; send the one it was made from";
            met.then_some(()).ok_or_else(|| OAuthError::invalid_grant(wrong))
        }
        (Some(_), None) => Err(OAuthError::invalid_grant(
            "code_verifier is missing; the authorization request had a code_challenge (RFC 7636 section 4.5)",
        )),
        (None, Some(_)) => Err(OAuthError::invalid_grant(
            "code_verifier was sent, but the authorization request had no code_challenge; send it there",
        )),
    }
}

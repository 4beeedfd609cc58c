//! Who asks and where the answer goes: as long as this is open, an error is shown to the person (RFC 6749 §4.1.2.1).

use std::sync::Arc;

use super::Attempt;
use super::respond::Stop;
use super::steps;
use crate::clients::find::{Fetching, Found};
use crate::model::client::{Client, ClientStatus};
use crate::model::oauth_error::OAuthError;
use crate::model::redirect_uri::{RedirectKind, RedirectUri, is_host_among};
use crate::store::cache::ClientEntry;

/// Where the answer goes.
#[derive(Debug)]
pub(super) struct Redirect {
    /// The URI as it was asked for, which is where the answer is sent.
    pub(super) uri: RedirectUri,
    /// Whether the request named it.
    pub(super) sent: bool,
}

/// The client; `None`: it is a document that is fetched once somebody has logged in.
pub(super) async fn find(attempt: &Attempt) -> Result<Option<Arc<ClientEntry>>, Stop> {
    let Some(id) = attempt.params.get("client_id") else {
        return Err(Stop::Page(OAuthError::invalid_request("the parameter client_id is missing")));
    };
    let at = attempt.at();
    let fetching = if attempt.browser.current.is_some() { Fetching::Allowed } else { Fetching::No };
    let unknown = |reason: &'static str| Err(Stop::UnknownClient { client_id: id.to_owned(), reason });
    let registry = &at.app.registry;
    if fetching == Fetching::Allowed
        && matches!(registry.find_client(at.find_in(), id, Fetching::No).await, Ok(Found::NeedsFetch))
    {
        // Whoever is logged in makes the server send a request.
        steps::begin(at)?;
    }
    match registry.find_client(at.find_in(), id, fetching).await? {
        Found::Known(entry) => usable(entry).map(Some),
        Found::NeedsFetch => Ok(None),
        Found::Deleted => unknown("The application was registered here and has been deleted since."),
        Found::Unknown => unknown("This server does not know the application by this identifier."),
    }
}

fn usable(entry: Arc<ClientEntry>) -> Result<Arc<ClientEntry>, Stop> {
    let stopped = |text: &str| Err(Stop::Page(OAuthError::unauthorized_client(text)));
    match entry.client.status {
        ClientStatus::Suspended => stopped("this application was suspended by an administrator"),
        ClientStatus::Pending => stopped("this application waits for an administrator's approval"),
        _ if entry.client.settings.resource_credentials => {
            stopped("these are a resource's credentials, which log nobody in")
        }
        _ => Ok(entry),
    }
}

/// The redirect URI: one of the client's, compared exactly but for a loopback port (RFC 8252 §7.3).
pub(super) fn redirect(attempt: &Attempt, client: &Client) -> Result<Redirect, Stop> {
    let registered = client.metadata.redirects();
    let refused = |text: &str| Stop::Page(OAuthError::invalid_request(text));
    let (text, sent) = match (attempt.params.get("redirect_uri"), registered) {
        (Some(asked), _) => (asked, true),
        (None, [only]) => (only.as_str(), false),
        (None, []) => return Err(refused("this application has no redirect_uri registered; it cannot log people in")),
        (None, _) => return Err(refused("the parameter redirect_uri is missing; this application has several")),
    };
    let matches = |own: &String| RedirectUri::parse(own).is_ok_and(|own| own.matches(text));
    let uri = RedirectUri::parse(text).ok().filter(|_| registered.iter().any(matches));
    let uri = uri.ok_or_else(|| {
        refused(
            "redirect_uri is not one that this application has registered; they are compared character by character",
        )
    })?;
    let blocked = &attempt.at().domain.domain.settings.blocked_redirect_hosts;
    if uri.kind() == RedirectKind::Https && uri.host().is_some_and(|host| is_host_among(blocked, host)) {
        return Err(refused("an administrator has blocked the host that the answer would go to"));
    }
    Ok(Redirect { uri, sent })
}

//! The rest of the authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1).

use super::Attempt;
use crate::model::client::Client;
use crate::model::oauth_error::OAuthError;
use crate::model::pkce::CodeChallenge;
use crate::model::scope::printable;

/// What the request says, once it is known to make sense.
#[derive(Debug)]
pub(super) struct AuthorizationRequest {
    /// Which pages are wanted, or unwanted.
    pub(super) prompt: Prompt,
    /// How long ago the person may have proved who they are, in seconds.
    pub(super) max_age: Option<i64>,
    /// The PKCE challenge.
    pub(super) code_challenge: Option<CodeChallenge>,
    /// What the ID token repeats.
    pub(super) nonce: Option<String>,
    /// Whom the client expects, as the login form is filled in.
    pub(super) login_hint: Option<String>,
}

/// `prompt` (OpenID Connect Core §3.1.2.1, Initiating User Registration 1.0 §4).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the values stand beside one another in one parameter")]
pub(super) struct Prompt {
    /// No page at all.
    pub(super) none: bool,
    /// The login page, whoever is logged in.
    pub(super) login: bool,
    /// The consent page, whatever is remembered.
    pub(super) consent: bool,
    /// The sign-up page.
    pub(super) create: bool,
}

/// Reads the request. The error goes to the client.
pub(super) fn parse(attempt: &Attempt, client: &Client) -> Result<AuthorizationRequest, OAuthError> {
    no_request_object(attempt)?;
    response_type(attempt, client)?;
    if let Some(mode) = attempt.params.get("response_mode")
        && !matches!(mode, "query" | "form_post")
    {
        return Err(OAuthError::invalid_request(format!(
            "response_mode {} is not served; use query or form_post",
            printable(mode)
        )));
    }
    Ok(AuthorizationRequest {
        prompt: prompt(attempt)?,
        max_age: max_age(attempt, client)?,
        code_challenge: code_challenge(attempt, client)?,
        nonce: attempt.params.get("nonce").map(str::to_owned),
        login_hint: attempt.params.get("login_hint").map(|hint| hint.chars().take(254).collect()),
    })
}

fn no_request_object(attempt: &Attempt) -> Result<(), OAuthError> {
    let given = |name: &str| attempt.params.get(name).is_some();
    if given("request") {
        return Err(OAuthError::request_not_supported("request objects are not taken; send the parameters themselves"));
    }
    if given("request_uri") {
        return Err(OAuthError::request_uri_not_supported(
            "request objects are not taken by reference; send the parameters themselves",
        ));
    }
    if given("registration") {
        return Err(OAuthError::registration_not_supported("register at the registration endpoint instead"));
    }
    Ok(())
}

fn response_type(attempt: &Attempt, client: &Client) -> Result<(), OAuthError> {
    match attempt.params.get("response_type") {
        None => Err(OAuthError::invalid_request("the parameter response_type is missing; it must be code")),
        Some("code") if client.metadata.has_grant("authorization_code") => Ok(()),
        Some("code") => {
            Err(OAuthError::unauthorized_client("this client is not registered for the grant type authorization_code"))
        }
        Some(other) => Err(OAuthError::unsupported_response_type(format!(
            "response_type {} is not served; it must be code",
            printable(other)
        ))),
    }
}

fn prompt(attempt: &Attempt) -> Result<Prompt, OAuthError> {
    let values: Vec<&str> =
        attempt.params.get("prompt").unwrap_or_default().split(' ').filter(|v| !v.is_empty()).collect();
    let has = |value: &str| values.contains(&value);
    if has("none") && values.len() > 1 {
        return Err(OAuthError::invalid_request("prompt=none excludes every other value"));
    }
    Ok(Prompt {
        none: has("none"),
        login: has("login") || has("select_account"),
        consent: has("consent"),
        create: has("create"),
    })
}

fn max_age(attempt: &Attempt, client: &Client) -> Result<Option<i64>, OAuthError> {
    let Some(text) = attempt.params.get("max_age") else { return Ok(client.metadata.default_max_age) };
    let seconds = text.parse::<i64>().ok().filter(|seconds| *seconds >= 0);
    let seconds = seconds.ok_or_else(|| OAuthError::invalid_request("max_age must be a whole number of seconds"))?;
    Ok(Some(seconds))
}

fn code_challenge(attempt: &Attempt, client: &Client) -> Result<Option<CodeChallenge>, OAuthError> {
    let refused = |text: &str| Err(OAuthError::invalid_request(text));
    let method = attempt.params.get("code_challenge_method");
    match (attempt.params.get("code_challenge"), method) {
        (None, None) if client.settings.require_pkce || client.is_public() => {
            refused("the parameter code_challenge is missing; this client must use PKCE with S256 (RFC 7636)")
        }
        (None, None) => Ok(None),
        (None, Some(_)) => refused("code_challenge_method stands without a code_challenge (RFC 7636 section 4.3)"),
        (Some(challenge), Some("S256")) => match CodeChallenge::parse(challenge) {
            Some(challenge) => Ok(Some(challenge)),
            None => refused("code_challenge must be the base64url of a SHA-256, 43 characters (RFC 7636 section 4.2)"),
        },
        (Some(_), _) => refused("code_challenge_method must be S256; plain, the default, protects nothing (RFC 9700)"),
    }
}

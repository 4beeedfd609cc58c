//! Signing up, by oneself or by invitation (OpenID Connect Prompt Create 1.0).

use axum::response::Response;
use http::StatusCode;

use super::arrive::arrive;
use super::asking::{asking_client, cancel, interaction};
use super::form::{Form, Query};
use super::login::check_your_mail;
use super::mail::{send, send_verification};
use super::profile::{check_name, password_problem};
use super::respond::{frame, go, link, path, show as show_page};
use crate::model::flow_trace::Step;
use crate::model::id::AttemptId;
use crate::model::interaction::Interaction;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::statistics::Counted;
use crate::model::user::{User, check_email, check_username, fold};
use crate::oauth::browser::Browser;
use crate::oauth::params::Params;
use crate::oauth::request::InDomain;
use crate::ops::rate_limit::RateKind;
use crate::pages::{SignUp, SignUpAttemptMail, SignUpErrors, texts};
use crate::people::password::MIN_PASSWORD;
use crate::people::sign_up::NewPerson;
use crate::store::users::{LinkPurpose, PutUserOutcome, UserLink};

/// What admits a person to the page.
struct Admission {
    interaction: Option<Interaction>,
    /// The invitation's secret and row.
    invitation: Option<(String, UserLink)>,
}

impl Admission {
    async fn of(at: &InDomain, params: &Params) -> Result<Self, OAuthError> {
        let interaction = interaction(at, params).await?;
        let invitation = match params.get("invite") {
            Some(secret) => match at.app.people.link(at.domain.id(), LinkPurpose::Invite, secret).await? {
                Some(link) => Some((secret.to_owned(), link)),
                None => return Err(invitation_gone()),
            },
            None => None,
        };
        if invitation.is_none() && !at.domain.domain.settings.sign_up {
            return Err(OAuthError::new("sign_up_off", 403, texts::SIGN_UP_OFF));
        }
        Ok(Self { interaction, invitation })
    }

    fn id(&self) -> Option<&AttemptId> {
        self.interaction.as_ref().map(|interaction| &interaction.id)
    }

    /// Notes in the attempt's timeline why nobody has signed up.
    fn refused(&self, at: &InDomain, code: &str, reason: &str) {
        if let Some(interaction) = &self.interaction {
            at.trace_page(interaction, Step::SignUp, Some((code, reason)));
        }
    }

    /// Whether the invitation was sent to this address, so that whoever brings it has shown that it is theirs.
    fn proves(&self, email: &str) -> bool {
        let sent_to = self.invitation.as_ref().and_then(|(_, link)| link.email.as_deref());
        sent_to.is_some_and(|sent_to| fold(sent_to) == fold(email))
    }
}

/// `GET /{domain}/register`
pub async fn show(browser: Browser, Query(query): Query) -> Result<Response, OAuthError> {
    let at = &browser.at;
    let admission = Admission::of(at, &query).await?;
    let invited = admission.invitation.as_ref().and_then(|(_, link)| link.email.as_deref()).unwrap_or_default();
    let typed = Typed { username: "", email: invited, name: "" };
    form(at, &admission, &typed, (StatusCode::OK, SignUpErrors::default())).await
}

/// `POST /{domain}/register`
pub async fn submit(browser: Browser, sent: Form) -> Result<Response, OAuthError> {
    let at = &browser.at;
    if sent.field("decision") == "cancel" {
        return match interaction(at, &sent.0).await? {
            Some(interaction) => cancel(&browser, interaction).await,
            None => Ok(go(&path(at, "/login", None))),
        };
    }
    let admission = Admission::of(at, &sent.0).await?;
    let typed = Typed::of(&sent);
    let errors = check(at, &typed, sent.field("password"), admission.invitation.is_some());
    if errors != SignUpErrors::default() {
        admission.refused(at, "invalid_request", "the form was not filled in as it must be");
        return form(at, &admission, &typed, (StatusCode::BAD_REQUEST, errors)).await;
    }
    limit(at)?;
    let must_verify = at.domain.domain.settings.verify_email && !admission.proves(typed.email);
    let new = NewPerson {
        username: typed.username,
        email: typed.email,
        email_verified: admission.proves(typed.email),
        name: typed.name,
        password: Secret::new(sent.field("password")),
        invitation: admission.invitation.as_ref().map(|(_, link)| link.hash.clone()),
    };
    let (user, outcome) = at.app.people.sign_up(at.domain.id(), new, at.caller.actor(String::new())).await?;
    if outcome == PutUserOutcome::Stored {
        at.app.count(at.domain.id(), Counted::SignUp, "");
    }
    match outcome {
        PutUserOutcome::Stored | PutUserOutcome::EmailTaken if must_verify => {
            admission.refused(at, "unverified", "the address has to be verified first; a link was sent");
        }
        PutUserOutcome::Stored | PutUserOutcome::Conflict => {}
        _ => admission.refused(at, "conflict", "the user name or the address is taken"),
    }
    let errors = match outcome {
        PutUserOutcome::Stored if must_verify => return wait_for_verification(at, &user, admission.id()).await,
        PutUserOutcome::Stored => {
            let arrived = arrive(&browser, &user, admission.interaction.as_ref(), Step::SignUp).await?;
            return Ok(arrived.unwrap_or_else(|| go(&path(at, "/login", admission.id()))));
        }
        PutUserOutcome::EmailTaken if must_verify => return tell_the_owner(at, &typed, admission.id()).await,
        PutUserOutcome::Conflict => return Err(invitation_gone()),
        PutUserOutcome::EmailTaken => {
            SignUpErrors { email: Some(texts::EMAIL_TAKEN.to_owned()), ..SignUpErrors::default() }
        }
        PutUserOutcome::UsernameTaken => {
            SignUpErrors { username: Some(texts::USERNAME_TAKEN.to_owned()), ..SignUpErrors::default() }
        }
    };
    form(at, &admission, &typed, (StatusCode::CONFLICT, errors)).await
}

/// What was typed, the password aside.
struct Typed<'a> {
    username: &'a str,
    email: &'a str,
    name: &'a str,
}

impl<'a> Typed<'a> {
    fn of(sent: &'a Form) -> Self {
        Self { username: sent.trimmed("username"), email: sent.trimmed("email"), name: sent.trimmed("name") }
    }
}

fn check(at: &InDomain, typed: &Typed<'_>, password: &str, invited: bool) -> SignUpErrors {
    let hosts = &at.domain.domain.settings.sign_up_email_hosts;
    let email = if check_email(typed.email).is_err() {
        Some(texts::EMAIL_INVALID.to_owned())
    } else if invited || is_at(typed.email, hosts) {
        None
    } else {
        Some(texts::email_host(hosts))
    };
    SignUpErrors {
        form: None,
        username: check_username(typed.username).err().map(|_| texts::USERNAME_INVALID.to_owned()),
        email,
        name: check_name(typed.name),
        password: password_problem(password, &[typed.username, typed.email]),
    }
}

/// Whether an address is at one of the hosts; no hosts: any will do.
pub fn is_at(email: &str, hosts: &[String]) -> bool {
    let host = email.rsplit_once('@').map_or("", |(_, host)| host);
    hosts.is_empty() || hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
}

/// Counts what a stranger makes the server do.
pub fn limit(at: &InDomain) -> Result<(), OAuthError> {
    at.app.rate_limits.check(RateKind::SignUp, at.caller.source(), at.domain.id()).map_err(|wait| {
        at.app.metrics.rate_limited(RateKind::SignUp.name());
        OAuthError::too_many_requests(texts::too_many_attempts(wait.0.into())).with_retry_after(wait.0)
    })
}

async fn wait_for_verification(at: &InDomain, user: &User, id: Option<&AttemptId>) -> Result<Response, OAuthError> {
    if let Some(address) = &user.email {
        send_verification(at, user, address, id).await?;
    }
    Ok(show_page(StatusCode::OK, &check_your_mail(at, id)))
}

/// The address has an account: only its owner is told. Whoever typed it sees what anybody would.
async fn tell_the_owner(at: &InDomain, typed: &Typed<'_>, id: Option<&AttemptId>) -> Result<Response, OAuthError> {
    if at.app.people.throttle.may_mail(at.domain.id(), &fold(typed.email)) {
        let mail = SignUpAttemptMail {
            domain_name: frame(at).domain_name,
            login: link(at, "/login", None),
            forgot: link(at, "/password/forgot", None),
        };
        send(at, typed.email, &mail).await?;
    }
    Ok(show_page(StatusCode::OK, &check_your_mail(at, id)))
}

fn invitation_gone() -> OAuthError {
    OAuthError::new("invitation_expired", 410, texts::INVITATION_GONE)
}

async fn form(
    at: &InDomain,
    admission: &Admission,
    typed: &Typed<'_>,
    (status, errors): (StatusCode, SignUpErrors),
) -> Result<Response, OAuthError> {
    let client = match &admission.interaction {
        Some(interaction) => Some(asking_client(at, interaction).await?),
        None => None,
    };
    let page = SignUp {
        frame: frame(at),
        action: path(at, "/register", None).into(),
        interaction: admission.id().map(ToString::to_string),
        invite: admission.invitation.as_ref().map(|(secret, _)| secret.clone()),
        client,
        username: typed.username.to_owned(),
        email: typed.email.to_owned(),
        name: typed.name.to_owned(),
        password_min: MIN_PASSWORD,
        errors,
        login: Some(path(at, "/login", admission.id()).into()),
    };
    Ok(show_page(status, &page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_at_its_whole_host_only() {
        let hosts = ["example.com".to_owned()];
        assert!(is_at("ada@example.com", &hosts) && is_at("ada@EXAMPLE.com", &hosts) && is_at("ada@any.example", &[]));
        for other in ["ada@mail.example.com", "ada@notexample.com", "ada@example.com.evil.example", "example.com"] {
            assert!(!is_at(other, &hosts), "{other}");
        }
    }
}

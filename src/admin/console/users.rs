//! Users in the console: the list, a new one, an invitation.

use axum::response::Response;
use http::StatusCode;

use super::fields::{Asked, Fields};
use super::own_secret::Chosen;
use super::respond::{Told, domain_frame, go_telling, sentence, show, show_as, telling};
use crate::admin::managing::ManagingDomain;
use crate::model::oauth_error::OAuthError;
use crate::model::user::{User, UserClaims};
use crate::pages::Claimed;
use crate::pages::console::{
    Badge, BadgeKind, Choice, Invite, NewUser, OwnSecret, Pager, Section, ShownLink, Total, UserErrors, UserForm,
    UserRow, Users,
};
use crate::people::sent_links::SentLink;
use crate::people::users::NewUser as Wanted;
use crate::store::user_list::UserListQuery;

/// How many users a page lists.
const ROWS: i64 = 50;

const TOLD: &Told = &[("deleted", "The user is deleted.")];

/// How long an invitation may work, in seconds.
const LIFETIMES: [(&str, &str); 4] =
    [("86400", "one day"), ("604800", "seven days"), ("2592000", "thirty days"), ("3600", "one hour")];

/// Where the pages of a domain's users are; `rest` begins with a slash, or is empty.
pub(super) fn path(at: &ManagingDomain, rest: &str) -> String {
    format!("{}{rest}", Section::Users.path(&at.domain.domain.name))
}

/// `GET /console/domains/{domain}/users`
pub async fn list(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let (search, state) = (asked.trimmed("q").to_owned(), asked.field("state"));
    let enabled = match state {
        "enabled" => Some(true),
        "disabled" => Some(false),
        _ => None,
    };
    let mut query = UserListQuery {
        search: search.clone(),
        enabled,
        cursor: asked.given("cursor").map(str::to_owned),
        limit: ROWS,
    };
    let mut found = at.app.store.list_users(at.domain.id(), &query).await?;
    if found.is_none() {
        // A cursor that is out of date: the list begins anew.
        query.cursor = None;
        found = at.app.store.list_users(at.domain.id(), &query).await?;
    }
    let page = found.ok_or_else(|| OAuthError::invalid_request("cursor: is of another list"))?;
    let link = |cursor: &str| {
        let mut to = url::form_urlencoded::Serializer::new(String::new());
        to.extend_pairs([("q", search.as_str()), ("state", state), ("cursor", cursor)]);
        path(&at, &format!("?{}", to.finish()))
    };
    let count = u64::try_from(page.total.count).unwrap_or_default();
    let pager = Pager {
        newer: query.cursor.as_ref().map(|_| link("").into()),
        older: page.next.as_deref().map(|cursor| link(cursor).into()),
        total: Some(if page.total.exact { Total::Exactly(count) } else { Total::AtLeast(count) }),
        examined: None,
    };
    let states = [("", "all"), ("enabled", "may log in"), ("disabled", "disabled")];
    let rows = page.items.iter().map(row).collect();
    Ok(show(&Users {
        frame: telling(domain_frame(&at, Section::Users).await?, &asked, TOLD),
        states: states.map(|(value, label)| Choice::new(value, label, value == state)).to_vec(),
        rows,
        pager,
        search,
    }))
}

fn row(user: &User) -> UserRow {
    let state = match (user.enabled, &user.password) {
        (false, _) => Badge::new(BadgeKind::Bad, "Disabled"),
        (true, None) => Badge::new(BadgeKind::Warn, "No password yet"),
        (true, Some(_)) => Badge::new(BadgeKind::Good, "Active"),
    };
    let name = user.claims.0.get("name").and_then(|name| name.as_str()).unwrap_or_default();
    UserRow {
        id: user.id.to_string(),
        username: user.username.as_str().into(),
        name: name.into(),
        email: Claimed::long(user.email.as_deref().unwrap_or_default()),
        state,
        created: user.created_at.into(),
    }
}

/// `GET /console/domains/{domain}/users/new`
pub async fn new(at: ManagingDomain) -> Result<Response, OAuthError> {
    Ok(show(&new_page(&at, UserForm::default(), OwnSecret::default()).await?))
}

/// `POST /console/domains/{domain}/users/new`
pub async fn create(at: ManagingDomain, form: Fields) -> Result<Response, OAuthError> {
    let mut claims = UserClaims::default();
    claims.0.extend(form.given("name").map(|name| ("name".to_owned(), name.into())));
    let password = Chosen::of(&form, "password");
    let wanted = Wanted {
        username: form.trimmed("username").to_owned(),
        email: form.given("email").map(str::to_owned),
        email_verified: form.ticked("email_verified"),
        claims,
        password: password.secret.clone(),
        disabled: false,
    };
    let mut problems = wanted.problems();
    if problems.is_empty() && !password.is_missing() {
        match at.app.people.create_user(&at.domain, wanted, &at.actor()).await {
            Ok(user) => return Ok(go_telling(&path(&at, &format!("/{}", user.id)), "created")),
            Err(error) => problems.push(error),
        }
    }
    let mut errors = UserErrors::default();
    for problem in problems {
        tell(&mut errors, problem)?;
    }
    let password = password.again(errors.password.take());
    let page = new_page(&at, typed(&form, errors), password).await?;
    Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page))
}

async fn new_page(at: &ManagingDomain, form: UserForm, password: OwnSecret) -> Result<NewUser, OAuthError> {
    let frame = domain_frame(at, Section::Users).await?.at("New user");
    Ok(NewUser { frame, action: path(at, "/new").into(), form, password })
}

/// A form that holds what was typed; never a password.
pub(super) fn typed(form: &Fields, errors: UserErrors) -> UserForm {
    UserForm {
        username: form.trimmed("username").to_owned(),
        name: form.trimmed("name").to_owned(),
        email: form.trimmed("email").to_owned(),
        email_verified: form.ticked("email_verified"),
        claims: form.field("claims").to_owned(),
        errors,
    }
}

/// An error beside the field that it is about; a failure of the server's own, or a race that was lost, stays one.
pub(super) fn errors_of(error: OAuthError) -> Result<UserErrors, OAuthError> {
    let mut errors = UserErrors::default();
    tell(&mut errors, error)?;
    Ok(errors)
}

/// Puts one error more beside its field.
fn tell(errors: &mut UserErrors, error: OAuthError) -> Result<(), OAuthError> {
    if error.status >= 500 || error.is_changed_meanwhile() {
        return Err(error);
    }
    let (member, told) = error.description.split_once(": ").unwrap_or(("", &error.description));
    let told = Some(sentence(told));
    match member {
        "username" => errors.username = told,
        "email" | "email_verified" => errors.email = told,
        "claims" => errors.claims = told,
        "password" => errors.password = told,
        _ => errors.form = told,
    }
    Ok(())
}

/// `GET /console/domains/{domain}/users/invite`
pub async fn show_invite(at: ManagingDomain) -> Result<Response, OAuthError> {
    Ok(show(&invite_page(&at, &Fields::parse(b"lifetime=604800"), None).await?))
}

/// `POST /console/domains/{domain}/users/invite`: the answer shows the link, once.
pub async fn invite(at: ManagingDomain, form: Fields) -> Result<Response, OAuthError> {
    let lifetime = form.field("lifetime").parse().unwrap_or_default();
    let (base, send) = (at.app.public_url.as_str(), form.ticked("send"));
    let wanted = (form.given("email"), lifetime);
    match at.app.people.invite_by_link(&at.domain, wanted, (base, send), &at.actor()).await {
        Ok(link) => {
            let page = invite_page(&at, &form, None).await?;
            Ok(show(&Invite { link: Some(shown(&at, &link, send)), ..page }))
        }
        Err(error) if error.status < 500 => {
            let told = error.description.strip_prefix("email: ").unwrap_or(&error.description);
            let page = invite_page(&at, &form, Some(sentence(told))).await?;
            Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(error) => Err(error),
    }
}

async fn invite_page(at: &ManagingDomain, form: &Fields, error: Option<String>) -> Result<Invite, OAuthError> {
    let chosen = form.field("lifetime");
    Ok(Invite {
        frame: domain_frame(at, Section::Users).await?.at("Invite"),
        action: path(at, "/invite").into(),
        email: form.trimmed("email").to_owned(),
        lifetimes: LIFETIMES.map(|(value, label)| Choice::new(value, label, value == chosen)).to_vec(),
        send: form.ticked("send"),
        mail_hint: mail_hint(at),
        error,
        link: None,
    })
}

/// What becomes of a mail with a link: said before it is sent.
pub(super) fn mail_hint(at: &ManagingDomain) -> String {
    match at.app.people.mailer.folder() {
        Some(folder) => {
            format!("No mail server is set: the mail is only written into {}. Hand the link over.", folder.display())
        }
        None => "You see the link in any case.".to_owned(),
    }
}

/// A link as the page shows it.
pub(super) fn shown(at: &ManagingDomain, link: &SentLink, wanted_mail: bool) -> ShownLink {
    let mail = match (link.sent, at.app.people.mailer.folder()) {
        _ if !wanted_mail => None,
        (true, None) => Some("It was mailed as well.".to_owned()),
        (true, Some(folder)) => {
            let folder = folder.display();
            Some(format!("No mail server is set: the mail was written into {folder}. Hand the link over yourself."))
        }
        (false, _) => Some("The mail could not be sent: hand the link over yourself.".to_owned()),
    };
    ShownLink { link: link.link.expose().to_owned(), expires: link.expires_at.into(), mail }
}

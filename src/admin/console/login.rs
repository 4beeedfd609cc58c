//! The doors of the console: name and password, the second factor, and out again.

use axum::extract::State;
use axum::response::Response;
use http::header::{SET_COOKIE, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use url::Url;

use super::fields::{Asked, Fields};
use super::respond::{go, show, show_as};
use crate::admin::admit::{console_cookie, console_cookie_name};
use crate::administrators::REALM;
use crate::administrators::login::{Attempt, LoginOutcome};
use crate::administrators::second_factor::SecondFactorOutcome;
use crate::administrators::sessions::{Current, SESSION_LIFETIME};
use crate::app::App;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::oauth::request::Caller;
use crate::ops::rate_limit::RateKind;
use crate::pages::console::{Login, SecondFactor};
use crate::people::browser_session::Device;

const LOGIN: &str = "/console/login";
const SECOND_FACTOR: &str = "/console/second-factor";
const LOGOUT: &str = "/console/logout";
const HOME: &str = "/console";

/// What a path is resolved against.
const NOWHERE: &str = "http://nowhere.invalid";

/// `GET /console/login`
pub async fn show_login(
    State(app): State<App>,
    headers: HeaderMap,
    Asked(asked): Asked,
) -> Result<Response, OAuthError> {
    if let Some(cookie) = console_cookie(&app, &headers)
        && app.administrators.session(cookie).await?.is_some()
    {
        return Ok(go(&next_page(&asked)));
    }
    let notice = match asked.field("ended") {
        "session" => Some("Your login took too long. Log in again.".to_owned()),
        "logout" => Some("You are logged out.".to_owned()),
        _ => None,
    };
    Ok(show(&Login { notice, ..login_page(&asked) }))
}

/// `POST /console/login`
pub async fn log_in(
    State(app): State<App>,
    axum::Extension(caller): axum::Extension<Caller>,
    headers: HeaderMap,
    form: Fields,
) -> Result<Response, OAuthError> {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let address = caller.address.to_string();
    let attempt = Attempt {
        username: form.trimmed("username"),
        password: Secret::new(form.field("password")),
        device: Device { agent, source: &address },
        source: caller.source(),
    };
    let refused = |status, error: String| {
        let username = form.trimmed("username").to_owned();
        Ok(show_as(status, &Login { username, error: Some(error), ..login_page(&form) }))
    };
    match app.administrators.log_in(attempt, &caller.actor("administrator".to_owned())).await? {
        LoginOutcome::Session(_, secret) => {
            end_former(&app, &headers, &caller).await?;
            Ok(with_cookie(&app, go(&next_page(&form)), secret.expose(), SESSION_LIFETIME))
        }
        LoginOutcome::NeedsSecondFactor(_, secret) => {
            end_former(&app, &headers, &caller).await?;
            let to = format!("{SECOND_FACTOR}?next={}", encoded(&next_page(&form)));
            Ok(with_cookie(&app, go(&to), secret.expose(), SESSION_LIFETIME))
        }
        LoginOutcome::Wrong => match app.rate_limits.check(RateKind::FailedLogin, caller.source(), REALM) {
            Ok(()) => refused(
                StatusCode::UNPROCESSABLE_ENTITY,
                "The name or the password is wrong, or the account is disabled.".to_owned(),
            ),
            Err(held) => {
                app.metrics.rate_limited(RateKind::FailedLogin.name());
                app.administrators.throttle.hold_source(REALM, caller.source(), held.0);
                refused(StatusCode::TOO_MANY_REQUESTS, wait(held.0))
            }
        },
        LoginOutcome::Wait(seconds) => refused(StatusCode::TOO_MANY_REQUESTS, wait(seconds)),
    }
}

/// `GET /console/second-factor`
pub async fn show_second_factor(
    State(app): State<App>,
    headers: HeaderMap,
    Asked(asked): Asked,
) -> Result<Response, OAuthError> {
    match unconfirmed(&app, &headers).await? {
        Some(_) => Ok(show(&second_factor_page(&asked))),
        None => Ok(go(LOGIN)),
    }
}

/// `POST /console/second-factor`
pub async fn give_second_factor(
    State(app): State<App>,
    axum::Extension(caller): axum::Extension<Caller>,
    headers: HeaderMap,
    form: Fields,
) -> Result<Response, OAuthError> {
    let Some(current) = unconfirmed(&app, &headers).await? else { return Ok(go(LOGIN)) };
    let actor = caller.actor(current.authority().actor_name());
    let refused =
        |status, error: String| Ok(show_as(status, &SecondFactor { error: Some(error), ..second_factor_page(&form) }));
    match app.administrators.give_second_factor(&current, form.trimmed("code"), &actor).await? {
        SecondFactorOutcome::Session(_, secret) => {
            Ok(with_cookie(&app, go(&next_page(&form)), secret.expose(), SESSION_LIFETIME))
        }
        SecondFactorOutcome::Wrong => refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "The code is wrong, or was used before. Type the one that the application shows now.".to_owned(),
        ),
        SecondFactorOutcome::Wait(seconds) => refused(StatusCode::TOO_MANY_REQUESTS, wait(seconds)),
        SecondFactorOutcome::Ended => Ok(go(&format!("{LOGIN}?ended=session"))),
    }
}

/// `POST /console/logout`
pub async fn log_out(
    State(app): State<App>,
    axum::Extension(caller): axum::Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    end_former(&app, &headers, &caller).await?;
    Ok(with_cookie(&app, go(&format!("{LOGIN}?ended=logout")), "", 0))
}

/// Ends the session that the browser had before: its secret counts for nothing any more.
async fn end_former(app: &App, headers: &HeaderMap, caller: &Caller) -> Result<(), OAuthError> {
    let Some(cookie) = console_cookie(app, headers) else { return Ok(()) };
    let former = match app.administrators.session(cookie).await? {
        Some(current) => Some(current),
        None => app.administrators.unconfirmed_session(cookie).await?,
    };
    let Some(former) = former else { return Ok(()) };
    app.administrators.log_out(&former, &caller.actor(former.authority().actor_name())).await
}

async fn unconfirmed(app: &App, headers: &HeaderMap) -> Result<Option<Current>, OAuthError> {
    match console_cookie(app, headers) {
        Some(cookie) => Ok(app.administrators.unconfirmed_session(cookie).await?),
        None => Ok(None),
    }
}

fn login_page(form: &Fields) -> Login {
    Login {
        action: LOGIN.into(),
        next: form.given("next").map(str::to_owned),
        username: String::new(),
        notice: None,
        error: None,
    }
}

fn second_factor_page(form: &Fields) -> SecondFactor {
    SecondFactor {
        action: SECOND_FACTOR.into(),
        next: form.given("next").map(str::to_owned),
        logout: LOGOUT.into(),
        error: None,
    }
}

/// Where one goes after logging in: a page of the console, whatever the parameter says.
fn next_page(form: &Fields) -> String {
    let next = form.field("next");
    let plain = next.bytes().all(|byte| matches!(byte, 0x21..=0x7e)) && !next.contains(['\\', '#']);
    // Resolved as a browser does it, which takes %2e%2e for `..`, too.
    let Some(url) = Url::parse(NOWHERE).ok().filter(|_| plain).and_then(|base| base.join(next).ok()) else {
        return HOME.to_owned();
    };
    let (path, root) = (url.path(), url.as_str().strip_prefix(NOWHERE).filter(|rest| rest.starts_with('/')));
    let ours = path == HOME || path.starts_with("/console/");
    let door = [LOGIN, SECOND_FACTOR, LOGOUT].iter().any(|door| path.starts_with(door));
    root.filter(|_| ours && !door).unwrap_or(HOME).to_owned()
}

fn wait(seconds: u32) -> String {
    let unit = if seconds == 1 { "second" } else { "seconds" };
    format!("There were too many wrong attempts. Wait {seconds} {unit} and try again.")
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Hands the browser a session's secret, or takes it back: no other site's request carries it along but a plain link.
fn with_cookie(app: &App, mut response: Response, value: &str, max_age: i64) -> Response {
    let secure = if app.public_url.is_https() { "; Secure" } else { "" };
    let name = console_cookie_name(app);
    let cookie = format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(mut cookie) = HeaderValue::try_from(cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_ends_in_the_console_whatever_the_link_said() {
        let next = |text: &str| next_page(&Fields::parse(format!("next={}", encoded(text)).as_bytes()));
        for good in ["/console", "/console/domains/main/applications?q=a%20b", "/console?x=1"] {
            assert_eq!(next(good), good);
        }
        for bad in [
            "",
            "https://evil.example/console",
            "//evil.example",
            "/\\evil.example",
            "/console/../main/login",
            "/console/%2e%2e/main/login",
            "/console/x/.%2E/%2e./main/login",
            "/console/x/../login",
            "http://nowhere.invalid.evil.example/console",
            "/console/login",
            "/consoleevil",
            "/main/login",
            "/console/\r\nset-cookie: x",
        ] {
            assert_eq!(next(bad), HOME, "{bad}");
        }
    }
}

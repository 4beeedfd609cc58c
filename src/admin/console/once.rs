//! Forms that make something, or whose answer shows a secret, count once: reloading the answer or clicking twice makes
//! nothing a second time.
//!
//! # Design
//! Such a form sends back a value that was drawn with its page. The value is claimed before the handler, in the table
//! of the idempotency keys, under the administrator: of several posts, on whichever replica, one runs. Kept is where
//! the thing is that it made, never its answer. An error makes nothing, so it gives the value back. A post without a
//! value runs as it comes: the value keeps people from their own slips, and the edge keeps other sites out.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::request::Parts;
use http::{Method, StatusCode};

use super::fields::Fields;
use super::respond::{frame_in_place, go, show_as};
use crate::admin::idempotency::was_not_begun;
use crate::admin::managing::{Managing, ManagingDomain};
use crate::app::App;
use crate::keys::data_keys::HashPurpose;
use crate::model::oauth_error::OAuthError;
use crate::oauth::request::{has_media_type, read_body};
use crate::pages::Link;
use crate::pages::console::Problem;
use crate::store::idempotent_requests::{Known, RequestKey};

/// The field that carries the value.
const FIELD: &str = "once";

/// How long a value is remembered, in seconds: longer than a page with a form stays open.
const KEPT: i64 = 86_400;

/// How often and after how long it is asked again what became of the first post: whoever clicks twice sees the answer
/// to the second alone.
const PATIENCE: (u32, Duration) = (30, Duration::from_millis(100));

/// Where the thing is that an answer made: an extension of the answer.
#[derive(Debug, Clone)]
pub struct MadeAt(pub String);

/// Runs a form with a value once.
pub async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    run(app, request, next).await.unwrap_or_else(OAuthError::into_response)
}

async fn run(app: App, request: Request, next: Next) -> Result<Response, OAuthError> {
    let form = has_media_type(request.headers(), "application/x-www-form-urlencoded");
    if *request.method() != Method::POST || !form {
        return Ok(next.run(request).await);
    }
    let (parts, body) = request.into_parts();
    let body = read_body(body).await?;
    let fields = Fields::parse(&body);
    let managing = parts.extensions.get::<Managing>().cloned();
    let (Some(value), Some(managing)) = (fields.given(FIELD), managing) else {
        return Ok(next.run(Request::from_parts(parts, Body::from(body))).await);
    };
    let owner = managing.authority.actor_name();
    // What a program sends as its key is never taken for a form's value.
    let key_hash = app.keys.hash(HashPurpose::IdempotencyKey, &format!("console form {value}"));
    let key = RequestKey { owner, key_hash };
    let path = parts.uri.path().to_owned();
    match claim(&app, &key, &path).await? {
        Known::First => {}
        Known::Answered(status, place) => {
            let place = String::from_utf8_lossy(&place).into_owned();
            // What was answered by sending the browser on shows no secret: it is sent on again.
            return Ok(if status == i64::from(StatusCode::SEE_OTHER.as_u16()) {
                go(&place)
            } else {
                already(&managing, &parts, Some(&place)).await
            });
        }
        Known::Unanswered | Known::Other => return Ok(already(&managing, &parts, None).await),
    }
    // On its own: a browser that sends a form twice drops the first connection, and with it whatever waits there.
    let task = tokio::spawn(async move {
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        settle(&app, &key, &path, response).await
    });
    task.await.map_err(OAuthError::server_error)
}

/// Claims the value, or tells what became of the post that has it.
async fn claim(app: &App, key: &RequestKey, path: &str) -> Result<Known, OAuthError> {
    let until = app.clock.now().plus(KEPT);
    let (times, pause) = PATIENCE;
    for _ in 0..times {
        match app.store.begin_idempotent(key, path.as_bytes(), until).await? {
            Known::Unanswered => tokio::time::sleep(pause).await,
            known => return Ok(known),
        }
    }
    Ok(Known::Unanswered)
}

/// Keeps where the thing is, or gives the value back where nothing was made.
async fn settle(app: &App, key: &RequestKey, path: &str, response: Response) -> Response {
    let (status, place) = (response.status(), place(path, &response));
    let kept = if status.is_client_error() || was_not_begun(&response) {
        app.store.forget_idempotent(key).await
    } else if status.is_server_error() {
        Ok(())
    } else {
        app.store.answer_idempotent(key, i64::from(status.as_u16()), place.as_bytes()).await
    };
    // It is done, whether or not that can be told again.
    if let Err(error) = kept {
        tracing::warn!(%error, "what became of a form could not be kept");
    }
    response
}

fn place(path: &str, response: &Response) -> String {
    let made = response.extensions().get::<MadeAt>().map(|made| made.0.clone());
    let sent_on = || response.headers().get(LOCATION)?.to_str().ok().map(str::to_owned);
    made.or_else(sent_on).unwrap_or_else(|| list_of(path).to_owned())
}

/// The page that lists what the form at a path makes.
fn list_of(path: &str) -> &str {
    ["/new", "/invite"].into_iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path)
}

/// The page that says that it was done already, or that nobody knows.
async fn already(managing: &Managing, parts: &Parts, place: Option<&str>) -> Response {
    let path = parts.uri.path();
    let domain = parts.extensions.get::<ManagingDomain>().map(|at| at.domain.domain.name.clone());
    let frame = frame_in_place(managing, domain.as_deref(), path).await;
    let (title, explanation, look) = match place {
        Some(_) => (
            "This was done already",
            "The form was sent twice, by reloading the page or by clicking twice. It was done once, and nothing was made a second time. A secret or a link was shown that once, and is not shown again: whoever has not copied it makes a new one.",
            "Show what was made",
        ),
        None => (
            "This may have been done already",
            "The form was sent before, and what became of it is not known: it may still run, or was cut off. Nothing was made a second time. Look whether it is there before you fill in the form again.",
            "Look there",
        ),
    };
    let link = |href: &str, text: &str| Link { href: href.into(), text: text.to_owned() };
    let mut links = vec![link(place.unwrap_or_else(|| list_of(path)), look)];
    if list_of(path) != path {
        links.push(link(path, "Fill in a new form"));
    }
    let page = Problem {
        frame: frame.at(title),
        title: title.to_owned(),
        explanation: explanation.to_owned(),
        links,
        reference: None,
    };
    show_as(StatusCode::CONFLICT, &page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_where_its_answer_says_or_on_its_list() {
        let bare = || StatusCode::OK.into_response();
        assert_eq!(place("/console/domains/main/users/invite", &bare()), "/console/domains/main/users");
        assert_eq!(place("/console/domains/main/applications/new", &bare()), "/console/domains/main/applications");
        assert_eq!(place("/console/api-tokens", &bare()), "/console/api-tokens");
        assert_eq!(place("/console/domains/new", &go("/console/domains/a")), "/console/domains/a");
        let mut made = bare();
        made.extensions_mut().insert(MadeAt("/console/x".to_owned()));
        assert_eq!(place("/console/domains/main/applications/new", &made), "/console/x");
    }
}

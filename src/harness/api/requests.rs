//! What is asked of the server and what it answers: faults, records, mails.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::admin::managing::{Filter, Segments, Sent, done};
use crate::harness::control::Control;
use crate::harness::fault::Fault;
use crate::harness::faults::WaitingFault;
use crate::harness::requests::{RecordedRequests, RequestFilter, check_wait, until_complete};
use crate::model::oauth_error::OAuthError;
use crate::people::mail::KeptMail;

/// Faults.
#[derive(Debug, Serialize, ToSchema)]
pub struct Faults {
    /// Those that have times left, in the order they came.
    items: Vec<WaitingFault>,
}

/// What names a fault in a path.
#[derive(Debug, Deserialize)]
pub struct Named {
    id: String,
}

/// A mail that was kept instead of being sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailView {
    /// Counts the mails, from 1.
    id: u64,
    /// When it was sent, by the server's clock.
    at: i64,
    /// The address.
    to: String,
    /// The subject.
    subject: String,
    /// The text.
    text: String,
    /// The links in the text.
    links: Vec<String>,
}

/// Which mails are meant, and for how long to wait for them.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MailFilter {
    /// To this address.
    to: Option<String>,
    /// After the mail with this id.
    after: Option<u64>,
    /// How many are waited for; 1 where absent.
    count: Option<usize>,
    /// For how many seconds at the most; not at all where absent.
    #[param(minimum = 0, maximum = 60)]
    wait: Option<f64>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct Mails {
    /// The mails, oldest first.
    items: Vec<MailView>,
    /// Whether as many fit as were waited for.
    complete: bool,
}

impl From<KeptMail> for MailView {
    fn from(kept: KeptMail) -> Self {
        let links = kept.mail.text.split_whitespace().filter(|word| word.starts_with("http")).map(str::to_owned);
        Self {
            id: kept.id,
            at: kept.at.seconds(),
            links: links.collect(),
            to: kept.mail.to,
            subject: kept.mail.subject,
            text: kept.mail.text,
        }
    }
}

/// The faults that have times left.
#[utoipa::path(get, path = "/harness/v1/faults", tag = "requests", responses((status = 200, body = Faults)))]
pub async fn list_faults(State(control): State<Control>) -> Json<Faults> {
    Json(Faults { items: control.faults.list() })
}

/// Lets something go wrong.
#[utoipa::path(post, path = "/harness/v1/faults", tag = "requests", request_body = Fault, responses((status = 201, body = WaitingFault)))]
pub async fn inject_fault(State(control): State<Control>, Sent(fault): Sent<Fault>) -> Result<Response, OAuthError> {
    Ok((StatusCode::CREATED, Json(control.faults.inject(fault)?)).into_response())
}

/// Lets nothing go wrong any more.
#[utoipa::path(delete, path = "/harness/v1/faults", tag = "requests", responses((status = 204)))]
pub async fn clear_faults(State(control): State<Control>) -> Response {
    control.faults.clear();
    done()
}

/// Forgets a fault.
#[utoipa::path(delete, path = "/harness/v1/faults/{id}", tag = "requests", responses((status = 204), (status = 404)))]
pub async fn delete_fault(
    State(control): State<Control>,
    Segments(named): Segments<Named>,
) -> Result<Response, OAuthError> {
    let gone = || OAuthError::not_found("there is no such fault, or it is used up");
    if control.faults.remove(&named.id) { Ok(done()) } else { Err(gone()) }
}

/// The latest requests, or those that a test waits for.
#[utoipa::path(get, path = "/harness/v1/requests", tag = "requests", params(RequestFilter), responses((status = 200, body = RecordedRequests)))]
pub async fn list(
    State(control): State<Control>,
    Filter(filter): Filter<RequestFilter>,
) -> Result<Json<RecordedRequests>, OAuthError> {
    Ok(Json(control.requests.find(&filter).await?))
}

/// Forgets the requests.
#[utoipa::path(delete, path = "/harness/v1/requests", tag = "requests", responses((status = 204)))]
pub async fn clear(State(control): State<Control>) -> Response {
    control.requests.clear();
    done()
}

/// The mails that were kept, or those that a test waits for.
#[utoipa::path(get, path = "/harness/v1/mails", tag = "requests", params(MailFilter), responses((status = 200, body = Mails)))]
pub async fn mails(
    State(control): State<Control>,
    Filter(filter): Filter<MailFilter>,
) -> Result<Json<Mails>, OAuthError> {
    check_wait(filter.wait)?;
    let outbox = control.lasting().outbox.clone();
    let fits = |mail: &KeptMail| {
        filter.to.as_deref().is_none_or(|to| mail.mail.to == to) && filter.after.is_none_or(|after| mail.id > after)
    };
    let look = || {
        let found: Vec<KeptMail> = outbox.mails().into_iter().filter(fits).collect();
        let complete = found.len() >= filter.count.unwrap_or(1);
        (found, complete)
    };
    let (found, complete) = until_complete(filter.wait, outbox.arrivals(), look).await;
    Ok(Json(Mails { items: found.into_iter().map(MailView::from).collect(), complete }))
}

/// Forgets the mails.
#[utoipa::path(delete, path = "/harness/v1/mails", tag = "requests", responses((status = 204)))]
pub async fn clear_mails(State(control): State<Control>) -> Response {
    control.lasting().outbox.clear();
    done()
}

//! Lists of clients: searched, filtered, a page at a time.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::client_view::ClientView;
use super::page::{TotalView, begins_there, limit};
use crate::admin::clients::{client_named, listed};
use crate::admin::managing::{Filter, ManagingDomain};
use crate::admin::problem::AnyProblem;
use crate::model::client::{ClientStatus, Origin};
use crate::model::oauth_error::OAuthError;
use crate::model::time::UnixTime;
use crate::store::client_list::{ClientListQuery, Direction, Unused};

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(paths(list), components(schemas(Order)))]
pub struct Description;

/// What narrows the list: all that is sent must hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientsFilter {
    /// An id, its beginning, or beginnings of words of the name. What is found comes in the order of its words.
    q: Option<String>,
    /// Only those that came to be this way.
    origin: Option<Origin>,
    /// Only those in this status; deleted ones are left out unless asked for.
    status: Option<ClientStatus>,
    /// Only those that named this `application_type`, whatever the case.
    application_type: Option<String>,
    /// Only those that this gateway or initial access token registered.
    registrant: Option<String>,
    /// Only those that this policy admitted, by its name.
    policy: Option<String>,
    /// Only templates, or none.
    template: Option<bool>,
    /// Whether clients that are nothing but a resource's credentials are listed as well.
    with_resource_credentials: Option<bool>,
    /// Only those that never got a token.
    never_used: Option<bool>,
    /// Only those without a token since this time, in Unix seconds.
    unused_since: Option<i64>,
    /// Only those made at this time or later, in Unix seconds.
    created_from: Option<i64>,
    /// Only those made before this time, in Unix seconds.
    created_before: Option<i64>,
    /// Which way the list goes; the newest first where absent. A search has an order of its own.
    order: Option<Order>,
    /// Where the list begins: after this client. Not with `q` and `cursor`.
    after: Option<String>,
    /// Where the list goes on: `next` of the page before, with the same filters.
    cursor: Option<String>,
    /// At most so many; 50 where absent.
    limit: Option<i64>,
}

/// Which way a list goes.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The newest first.
    Newest,
    /// The oldest first.
    Oldest,
}

/// A page of clients.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientList {
    /// The clients.
    items: Vec<ClientView>,
    /// Where the next page begins; absent: this is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Whether the page looked at all it needed; else it ended early, with few items or none, and goes on at `next`.
    examined_all: bool,
    /// How many there are in all.
    total: TotalView,
}

impl ClientsFilter {
    fn query(self, at: &ManagingDomain) -> Result<ClientListQuery, OAuthError> {
        let policy_id = match &self.policy {
            Some(name) => {
                let policy = at.domain.policy(name);
                let unknown = || OAuthError::invalid_request(format!("policy: {name} is not one of this domain"));
                Some(policy.ok_or_else(unknown)?.id)
            }
            None => None,
        };
        let unused = match (self.never_used, self.unused_since) {
            (Some(true), _) => Some(Unused::Ever),
            (_, Some(since)) => Some(Unused::Since(UnixTime(since))),
            _ => None,
        };
        Ok(ClientListQuery {
            search: self.q.unwrap_or_default(),
            origin: self.origin,
            status: self.status,
            application_type: self.application_type,
            client_type: None,
            registrant: self.registrant,
            template: self.template,
            with_resource_credentials: self.with_resource_credentials.unwrap_or(false),
            policy_id,
            unused,
            created_from: self.created_from.map(UnixTime),
            created_before: self.created_before.map(UnixTime),
            direction: match self.order {
                Some(Order::Oldest) => Direction::OldestFirst,
                Some(Order::Newest) | None => Direction::NewestFirst,
            },
            cursor: self.cursor,
            limit: limit(self.limit)?,
        })
    }
}

/// The clients of a domain, a page at a time.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/clients", tag = "clients", operation_id = "list_clients", params(("domain" = String, Path, description = "The domain's name."), ("q" = Option<String>, Query, description = "An id, its beginning, or beginnings of words of the name. What is found comes in the order of its words."), ("origin" = Option<Origin>, Query, description = "Only those that came to be this way."), ("status" = Option<ClientStatus>, Query, description = "Only those in this status; deleted ones are left out unless asked for."), ("application_type" = Option<String>, Query, description = "Only those that named this application_type, whatever the case."), ("registrant" = Option<String>, Query, description = "Only those that this gateway or initial access token registered."), ("policy" = Option<String>, Query, description = "Only those that this policy admitted, by its name."), ("template" = Option<bool>, Query, description = "Only templates, or none."), ("with_resource_credentials" = Option<bool>, Query, description = "Whether clients that are nothing but a resource's credentials are listed as well."), ("never_used" = Option<bool>, Query, description = "Only those that never got a token."), ("unused_since" = Option<i64>, Query, description = "Only those without a token since this time, in Unix seconds."), ("created_from" = Option<i64>, Query, description = "Only those made at this time or later, in Unix seconds."), ("created_before" = Option<i64>, Query, description = "Only those made before this time, in Unix seconds."), ("order" = Option<Order>, Query, description = "Which way the list goes; the newest first where absent. A search has an order of its own."), ("cursor" = Option<String>, Query, description = "Where the list goes on: next of the page before, with the same filters."), ("limit" = Option<i64>, Query, description = "At most so many; 50 where absent.", minimum = 1, maximum = 200)), responses((status = 200, body = ClientList), AnyProblem))]
pub async fn list(at: ManagingDomain, Filter(filter): Filter<ClientsFilter>) -> Result<Json<ClientList>, OAuthError> {
    let after = filter.after.clone();
    let mut query = filter.query(&at)?;
    if let Some(id) = after {
        begins_there(&query.search, query.cursor.as_ref())?;
        query.cursor = Some(query.after(&client_named(&at, &id).await?.client));
    }
    let page = listed(&at, &query).await?;
    Ok(Json(ClientList {
        items: page.items.iter().map(|item| ClientView::of(&at, &item.client, item.last_used_at)).collect(),
        next: page.next,
        examined_all: page.examined_all,
        total: page.total.into(),
    }))
}

//! The list of applications, and what is done to many of them at once.

use axum::response::{Html, IntoResponse as _, Response};
use http::StatusCode;
use url::form_urlencoded::Serializer;

use super::application_head::{kind_name, list_path, name_of, origin_name, registrant_name, state};
use super::fields::{Asked, Fields};
use super::respond::{Told, domain_frame, go_telling, sentence, show, show_as, telling};
use crate::admin::api::statistics::STALE;
use crate::admin::clients::{client_named, listed};
use crate::admin::managing::ManagingDomain;
use crate::clients::bulk::{BulkAction, MOST};
use crate::model::administrator::Role;
use crate::model::client::{ClientStatus, Origin};
use crate::model::client_type::ClientType;
use crate::model::cursor::{MOST_EXAMINED, Total as Counted};
use crate::model::id::ClientId;
use crate::model::oauth_error::OAuthError;
use crate::pages::console::{
    ApplicationRow, Applications, ApplicationsOutcome, ApplicationsTable, Choice, Confirm, NoticeKind, Pager, Section,
    Total,
};
use crate::pages::{Claimed, Page as _, texts};
use crate::store::client_list::{ClientListQuery, ClientPage, Unused};

/// How many rows a page has.
const ROWS: i64 = 50;

/// The parameters that narrow the list.
const FILTERS: [&str; 5] = ["q", "origin", "type", "status", "used"];

const TOLD: &Told = &[
    ("suspended", "The applications are suspended, and their tokens have ended."),
    ("resumed", "The applications go on."),
    ("deleted", "The applications are deleted."),
    ("removed", "The application is deleted."),
];

/// `GET /console/domains/{domain}/applications`; with `fragment=1` the rows alone, for a page that is open.
pub async fn list(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    if asked.ticked("fragment") {
        return Ok(Html(table(&at, &asked).await?.html()).into_response());
    }
    let page = page(&at, &asked).await?;
    Ok(show(&Applications { frame: telling(page.frame, &asked, TOLD), ..page }))
}

async fn page(at: &ManagingDomain, asked: &Fields) -> Result<Applications, OAuthError> {
    Ok(Applications {
        frame: domain_frame(at, Section::Applications).await?,
        search: asked.field("q").to_owned(),
        filters: filters(asked),
        action: address(&list_path(at), asked, &[("cursor", asked.given("cursor"))]).into(),
        table: table(at, asked).await?,
    })
}

async fn table(at: &ManagingDomain, asked: &Fields) -> Result<ApplicationsTable, OAuthError> {
    let now = at.app.clock.now();
    let query = ClientListQuery {
        search: asked.field("q").to_owned(),
        origin: Origin::parse(asked.field("origin")),
        status: ClientStatus::parse(asked.field("status")),
        client_type: ClientType::parse(asked.field("type")),
        unused: match asked.field("used") {
            "never" => Some(Unused::Ever),
            "long-ago" => Some(Unused::Since(now.plus(-STALE))),
            _ => None,
        },
        // What was made since then had no time to be unused for so long.
        created_before: (asked.field("used") == "long-ago").then(|| now.plus(-STALE)),
        cursor: asked.given("cursor").map(str::to_owned),
        limit: ROWS,
        ..ClientListQuery::default()
    };
    let page = listed(at, &query).await?;
    let mut rows = Vec::with_capacity(page.items.len());
    for item in &page.items {
        let client = &item.client;
        rows.push(ApplicationRow {
            client_id: client.client_id.0.clone(),
            name: name_of(client).or(texts::NO_NAME),
            kind: kind_name(ClientType::of(client)),
            origin: origin_name(client.origin),
            registrant: known_registrant(at, (&rows, &page), client).await?,
            created: client.created_at.into(),
            last_used: item.last_used_at.map(Into::into),
            state: state(client.status),
        });
    }
    let list = list_path(at);
    let narrowed = FILTERS.iter().any(|name| asked.given(name).is_some());
    Ok(ApplicationsTable {
        refresh: address(&list, asked, &[("cursor", query.cursor.as_deref()), ("fragment", Some("1"))]).into(),
        narrowed,
        may_edit: at.authority.role >= Role::Editor,
        rows,
        pager: pager(&list, asked, &page),
        list: list.into(),
    })
}

/// The name of a row's registrant; of many rows of one gateway, it is looked up once.
async fn known_registrant(
    at: &ManagingDomain,
    (rows, page): (&[ApplicationRow], &ClientPage),
    client: &crate::model::client::Client,
) -> Result<Claimed, OAuthError> {
    let before = page
        .items
        .iter()
        .zip(rows)
        .find(|(item, _)| item.client.registrant == client.registrant && item.client.origin == client.origin);
    match before {
        Some((_, row)) => Ok(row.registrant.clone()),
        None => registrant_name(at, client).await,
    }
}

fn pager(list: &str, asked: &Fields, page: &ClientPage) -> Pager {
    let on = page.next.as_ref().map(|next| address(list, asked, &[("cursor", Some(next))]));
    let Counted { count, exact } = page.total;
    let count = u64::try_from(count).unwrap_or_default();
    Pager {
        newer: asked.given("cursor").map(|_| address(list, asked, &[]).into()),
        older: on.as_deref().filter(|_| page.examined_all).map(Into::into),
        total: Some(if exact { Total::Exactly(count) } else { Total::AtLeast(count) }),
        examined: on
            .filter(|_| !page.examined_all)
            .map(|on| (u64::try_from(MOST_EXAMINED).unwrap_or_default(), on.into())),
    }
}

/// The list with the filters of this page, and with further parameters.
fn address(list: &str, asked: &Fields, further: &[(&str, Option<&str>)]) -> String {
    let mut query = Serializer::new(String::new());
    for name in FILTERS {
        if let Some(value) = asked.given(name) {
            query.append_pair(name, value);
        }
    }
    for (name, value) in further {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { list.to_owned() } else { format!("{list}?{query}") }
}

fn filters(asked: &Fields) -> Vec<(&'static str, &'static str, Vec<Choice>)> {
    let pick = |name: &'static str, label: &'static str, values: &[(&str, &str)]| {
        let chosen = asked.field(name);
        let choices = values.iter().map(|(value, text)| Choice::new(*value, *text, *value == chosen));
        (name, label, choices.collect())
    };
    let origins: Vec<(&str, &str)> =
        Origin::REGISTERED.iter().map(|origin| (origin.as_str(), origin_name(*origin))).collect();
    let types: Vec<(&str, &str)> = ClientType::LISTED.iter().map(|kind| (kind.as_str(), kind_name(*kind))).collect();
    let states = [
        ("", "Any but deleted"),
        ("active", "Active"),
        ("pending", "Waits for approval"),
        ("suspended", "Suspended"),
        ("deleted", "Deleted"),
    ];
    vec![
        pick("origin", "Origin", &[&[("", "Any")][..], &origins].concat()),
        pick("type", "Type", &[&[("", "Any")][..], &types].concat()),
        pick("status", "State", &states),
        pick("used", "Used", &[("", "Any"), ("never", "Never: orphans"), ("long-ago", "Not for 90 days")]),
    ]
}

/// `POST /console/domains/{domain}/applications`: first asks, then does it.
pub async fn change_many(at: ManagingDomain, Asked(asked): Asked, form: Fields) -> Result<Response, OAuthError> {
    let ids = form.all("client");
    let (action, verb, done) = match form.field("action") {
        "suspend" => (BulkAction::Suspend, "Suspend", "suspended"),
        "resume" => (BulkAction::Resume, "Resume", "resumed"),
        "delete" => (BulkAction::Delete, "Delete", "deleted"),
        _ => return Err(OAuthError::invalid_request("action: is not one of this page")),
    };
    if ids.is_empty() || ids.len() > MOST {
        let told = format!("Nothing was done: tick 1 to {MOST} applications first.");
        let page = page(&at, &asked).await?;
        let page = Applications { frame: page.frame.with_notice(NoticeKind::Error, told), ..page };
        return Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let what = format!("{} application{}", ids.len(), if ids.len() == 1 { "" } else { "s" });
    let title = format!("{verb} {what}");
    let question = question(&at, (&asked, &form), (action, title.clone())).await?;
    if form.field("confirmed") != "yes" {
        return Ok(show(&question));
    }
    if question.word.as_ref().is_some_and(|word| word.as_str() != form.trimmed("confirm")) {
        let error = Some("Type the number of the applications that are listed above.".to_owned());
        return Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &Confirm { error, ..question }));
    }
    let named = ids.iter().map(|id| ClientId((*id).to_owned())).collect();
    let outcomes = at.app.registry.bulk(&at.domain, action, named, &at.actor()).await?;
    let count = outcomes.len();
    let refused: Vec<(Claimed, String)> = outcomes
        .into_iter()
        .filter_map(|(id, outcome)| Some((id.as_str().into(), sentence(&outcome.err()?.description))))
        .collect();
    let list = address(&list_path(&at), &asked, &[]);
    if refused.is_empty() {
        return Ok(go_telling(&list, done));
    }
    let frame = domain_frame(&at, Section::Applications).await?.at(title.clone());
    Ok(show(&ApplicationsOutcome { frame, title, done: count - refused.len(), refused, back: list.into() }))
}

async fn question(
    at: &ManagingDomain,
    (asked, form): (&Fields, &Fields),
    (action, title): (BulkAction, String),
) -> Result<Confirm, OAuthError> {
    let consequences: &[&str] = match action {
        BulkAction::Suspend => &["Their tokens end at once, and nobody can sign in with them until they are resumed."],
        BulkAction::Resume => &[],
        BulkAction::Delete => &[
            "Their tokens and secrets end at once, and nobody can sign in with them.",
            "Their client ids are never given to anybody else. This cannot be undone.",
        ],
    };
    let ids = form.all("client");
    let mut parameters: Vec<(String, String)> = ids.iter().map(|id| ("client".to_owned(), (*id).to_owned())).collect();
    parameters.push(("action".to_owned(), form.field("action").to_owned()));
    parameters.push(("confirmed".to_owned(), "yes".to_owned()));
    let list = address(&list_path(at), asked, &[]);
    Ok(Confirm {
        frame: domain_frame(at, Section::Applications).await?.at(title.clone()),
        title: format!("{title}?"),
        what: Claimed::default(),
        items: named(at, &ids).await?,
        consequences: consequences.iter().map(|&text| text.to_owned()).collect(),
        word: matches!(action, BulkAction::Delete).then(|| ids.len().to_string().into()),
        parameters,
        action: list.as_str().into(),
        button: title,
        cancel: list.into(),
        error: None,
    })
}

/// The name and the id of each, as they were ticked; one that is gone has no name any more.
async fn named(at: &ManagingDomain, ids: &[&str]) -> Result<Vec<(Claimed, Claimed)>, OAuthError> {
    let mut items = Vec::with_capacity(ids.len());
    for id in ids {
        let name = match client_named(at, id).await {
            Ok(entry) => name_of(&entry.client),
            Err(error) if error.status == 404 => Claimed::default(),
            Err(error) => return Err(error),
        };
        items.push((name, (*id).into()));
    }
    Ok(items)
}

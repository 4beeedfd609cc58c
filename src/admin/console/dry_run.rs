//! A registration that is tried out.

use axum::response::Response;
use http::StatusCode;
use serde_json::Value;

use super::domain_settings::tabs;
use super::fields::Fields;
use super::respond::{domain_frame, sentence, show, show_as};
use crate::admin::api::dry_run::try_out;
use crate::admin::managing::ManagingDomain;
use crate::clients::admission::Who;
use crate::clients::dry_run::DryRun as Answer;
use crate::clients::manual::DCR_ADMIN;
use crate::model::client::{ClientStatus, Origin};
use crate::model::json::parse_object;
use crate::model::oauth_error::OAuthError;
use crate::model::registration::findings;
use crate::pages::Claimed;
use crate::pages::console::{Choice, DryRun, Foretold, Outcome, Section};
use crate::store::client_list::ClientListQuery;

/// What is there to begin with.
const SAMPLE: &str =
    "{\n  \"client_name\": \"My application\",\n  \"redirect_uris\": [\"https://app.example.com/callback\"]\n}";

/// How many applications made by hand are looked through for gateway registrars; the API takes any of them.
const MOST_APPLICATIONS: i64 = 200;

/// `GET /console/domains/{domain}/registration/dry-run`
pub async fn show_form(at: ManagingDomain) -> Result<Response, OAuthError> {
    Ok(show(&page(&at, "open", SAMPLE).await?))
}

/// `POST /console/domains/{domain}/registration/dry-run`: what would be answered, rule by rule; nothing changes.
pub async fn answer(at: ManagingDomain, form: Fields) -> Result<Response, OAuthError> {
    let page = page(&at, form.field("registrant"), form.field("body")).await?;
    let body = match parse_object(form.field("body").as_bytes()) {
        Ok(body) => body,
        Err(problem) => {
            let page = DryRun { body_error: Some(sentence(&problem)), ..page };
            return Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    let tried = match Who::parse(form.field("registrant")) {
        Ok(who) => try_out(&at, &who, body).await,
        Err(error) => Err(error),
    };
    match tried {
        Ok(answer) => Ok(show(&DryRun { answer: Some(foretold(answer)), ..page })),
        Err(error) if error.status < 500 => {
            let page = DryRun { who_error: Some(sentence(&error.description)), ..page };
            Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(error) => Err(error),
    }
}

async fn page(at: &ManagingDomain, chosen: &str, body: &str) -> Result<DryRun, OAuthError> {
    let name = &at.domain.domain.name;
    Ok(DryRun {
        frame: domain_frame(at, Section::Registration).await?.at("Try a registration"),
        tabs: tabs(name, "dry-run"),
        action: format!("{}/dry-run", Section::Registration.path(name)).into(),
        who: registrants(at, chosen).await?,
        who_error: None,
        body: body.to_owned(),
        body_error: None,
        answer: None,
    })
}

/// Who may be chosen: anybody, the gateway registrars, the tokens, and each policy by itself.
async fn registrants(at: &ManagingDomain, chosen: &str) -> Result<Vec<Choice>, OAuthError> {
    let choice = |value: String, label: String| {
        let chosen = value == chosen;
        Choice::new(value, label, chosen)
    };
    let mut choices = vec![choice("open".to_owned(), "Anybody, without a token".to_owned())];
    let query = ClientListQuery {
        origin: Some(Origin::Manual),
        status: Some(ClientStatus::Active),
        limit: MOST_APPLICATIONS,
        ..ClientListQuery::default()
    };
    let page = at.app.store.list_clients(at.domain.id(), &query).await?;
    let made = page.into_iter().flat_map(|page| page.items).map(|listed| listed.client);
    for registrar in made.filter(|client| client.settings.granted_scopes.contains(DCR_ADMIN)) {
        let name = registrar.metadata.client_name.as_deref().unwrap_or_default();
        let label = format!("Gateway registrar: {name} ({})", registrar.client_id);
        choices.push(choice(format!("client:{}", registrar.client_id), label));
    }
    for token in at.app.store.initial_access_tokens(at.domain.id()).await? {
        let label = if token.label.is_empty() { token.id.to_string() } else { token.label };
        choices.push(choice(format!("initial_access_token:{}", token.id), format!("Initial access token: {label}")));
    }
    for policy in &at.domain.policies {
        choices.push(choice(format!("policy:{}", policy.name), format!("Under the policy {}", policy.name)));
    }
    Ok(choices)
}

fn foretold(answer: Answer) -> Foretold {
    let under = answer.policy.map(|policy| format!(" under the policy {policy}")).unwrap_or_default();
    let pending = answer.state.is_some_and(|state| state == ClientStatus::Pending);
    let pending = if pending { ", and waits for approval" } else { "" };
    let summary = match &answer.error {
        None => format!("Accepted{under}{pending}: 201"),
        Some(error) => format!("Refused{under}: {} {error}", answer.status),
    };
    let step = |finding: findings::Finding| {
        let outcome = match finding.outcome {
            findings::Outcome::Refused => Outcome::Failed,
            findings::Outcome::Defaulted => Outcome::Done,
            _ => Outcome::Warned,
        };
        let did = serde_json::to_value(finding.outcome).unwrap_or_default();
        let did = did.as_str().unwrap_or_default();
        let title = format!("{} {did} (rule {})", finding.member, finding.rule);
        (outcome, Claimed::long(&title), Claimed::long(&finding.explanation))
    };
    let member = |(name, value): (String, Value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name.as_str().into(), Claimed::long(&text))
    };
    Foretold {
        accepted: answer.accepted,
        summary: Claimed::long(&summary),
        error: answer.error_description.map(|text| Claimed::long(&sentence(&text))),
        steps: answer.findings.into_iter().map(step).collect(),
        record: answer.metadata.into_iter().flatten().map(member).collect(),
        generated: answer.generated.join(", "),
    }
}

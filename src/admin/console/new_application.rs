//! A new application, step by step.

use axum::response::Response;
use http::StatusCode;

use super::application_head::{list_path, path_of, title_of};
use super::fields::{Asked, Fields};
use super::own_secret::Chosen;
use super::respond::{Told, domain_frame, sentence, show, show_as, show_placed, telling};
use crate::admin::managing::ManagingDomain;
use crate::clients::application::{ApplicationKind, NewApplication as Wanted};
use crate::clients::manual::{DCR_ADMIN, Made};
use crate::domains::endpoints::Endpoints;
use crate::model::oauth_error::OAuthError;
use crate::pages::Claimed;
use crate::pages::console::{ApplicationMade, Choice, Copyable, NewApplication, NewApplicationDetails, Section};

const TOLD: &Told =
    &[("made", "The domain is created. Create the application by which the API gateway registers others here.")];

/// The kinds in the order of the page: what is posted, the name, a sentence about it.
const KINDS: [(&str, &str, &str); 5] = [
    ("web", "Web application", "Runs on a server and signs people in. It keeps a secret."),
    ("browser", "Single-page application", "Runs in a browser and signs people in. It has no secret and uses PKCE."),
    (
        "native",
        "Native application",
        "Runs on a phone or a computer and signs people in. It has no secret and uses PKCE.",
    ),
    ("backend_to_backend", "Backend to backend", "Acts for itself, without a person. It keeps a secret."),
    (
        "gateway-registrar",
        "APIM registration provider",
        "A gateway registrar: APIM registers its applications here by it. You get what APIM's form asks for, to copy.",
    ),
];

/// `GET /console/domains/{domain}/applications/new`
pub async fn show_new(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let details = asked.field("kind").parse().ok().map(|kind| details(kind, asked.field("kind")));
    let page = page(&at, details).await?;
    Ok(show(&NewApplication { frame: telling(page.frame, &asked, TOLD), ..page }))
}

/// `POST /console/domains/{domain}/applications/new`
pub async fn make(at: ManagingDomain, form: Fields) -> Result<Response, OAuthError> {
    let kind: ApplicationKind = form
        .field("kind")
        .parse()
        .map_err(|problem: String| OAuthError::invalid_request(format!("kind: {problem}")))?;
    let own = Chosen::of(&form, "client_secret");
    let wanted = Wanted {
        kind: Some(kind),
        name: form.given("name").map(str::to_owned),
        redirect_uris: form.lines("redirect_uris").into_iter().map(str::to_owned).collect(),
        client_id: form.given("client_id").map(str::to_owned),
        secret: own.secret.clone(),
        ..Wanted::default()
    };
    let wanted = wanted.wanted()?;
    let mut problems = at.app.registry.problems(&at.domain, &wanted);
    if problems.is_empty() && !own.is_missing() {
        match at.app.registry.create(&at.domain, wanted, &at.actor()).await {
            Ok(made) => return show_made(&at, kind, &made).await,
            Err(error) if error.status >= 500 => return Err(error),
            Err(error) => problems.push(error),
        }
    }
    let details = typed(&form, details(kind, form.field("kind")), (&own, &problems));
    Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page(&at, Some(details)).await?))
}

async fn page(at: &ManagingDomain, details: Option<NewApplicationDetails>) -> Result<NewApplication, OAuthError> {
    let frame = domain_frame(at, Section::Applications).await?.at("New application");
    let kinds = KINDS.iter().map(|(value, label, description)| Choice {
        description: Claimed::long(description),
        ..Choice::new(*value, *label, *value == "web")
    });
    Ok(NewApplication { frame, action: format!("{}/new", list_path(at)).into(), kinds: kinds.collect(), details })
}

fn details(kind: ApplicationKind, value: &str) -> NewApplicationDetails {
    const PEOPLE: &str = "Signs people in by the authorization code grant and stays signed in by refresh tokens.";
    const SECRET: &str = "Authenticates with a secret, by HTTP Basic.";
    const PUBLIC: &str = "Has no secret; PKCE is required.";
    let (brings, redirect_hint): (&[&'static str], _) = match kind {
        ApplicationKind::Web => (&[PEOPLE, SECRET], Some("One in each line: https://app.example.com/callback")),
        ApplicationKind::Browser => (&[PEOPLE, PUBLIC], Some("One in each line: https://app.example.com/callback")),
        ApplicationKind::Native => (
            &[PEOPLE, PUBLIC],
            Some("One in each line: http://127.0.0.1/callback for any port, or com.example.app:/callback"),
        ),
        ApplicationKind::BackendToBackend => (&["Gets tokens for itself by client credentials.", SECRET], None),
        ApplicationKind::GatewayRegistrar => (
            &[
                "Gets tokens for itself by client credentials.",
                "The scope dcr_admin, granted and default: full control of the clients it registers.",
                "May introspect tokens, as the gateway's OAuth2 plans do.",
            ],
            None,
        ),
    };
    let name = KINDS.iter().find(|(known, ..)| *known == value).map_or("", |(_, name, _)| name);
    NewApplicationDetails {
        kind: value.to_owned(),
        kind_name: name,
        brings: brings.to_vec(),
        redirect_hint,
        has_secret: !matches!(kind, ApplicationKind::Browser | ApplicationKind::Native),
        name: if kind == ApplicationKind::GatewayRegistrar { "API gateway".to_owned() } else { String::new() },
        ..NewApplicationDetails::default()
    }
}

/// The form as it was typed, with what is wrong beside the fields it is about.
fn typed(
    form: &Fields,
    details: NewApplicationDetails,
    (own, problems): (&Chosen, &[OAuthError]),
) -> NewApplicationDetails {
    let mut secret_error = None;
    let mut typed = NewApplicationDetails {
        name: form.field("name").to_owned(),
        redirect_uris: form.field("redirect_uris").to_owned(),
        client_id: form.field("client_id").to_owned(),
        ..details
    };
    for problem in problems {
        let (member, told) = problem.description.split_once(": ").unwrap_or(("", &problem.description));
        let (slot, told) = match member {
            "client_name" => (&mut typed.name_error, told),
            "redirect_uris" => (&mut typed.redirect_error, told),
            "client_secret" => (&mut secret_error, told),
            "client_id" => (&mut typed.client_id_error, told),
            _ if problem.status == 409 => (&mut typed.client_id_error, problem.description.as_str()),
            _ => (&mut typed.error, problem.description.as_str()),
        };
        *slot = Some(sentence(told));
    }
    typed.secret = own.again(secret_error);
    typed
}

async fn show_made(at: &ManagingDomain, kind: ApplicationKind, made: &Made) -> Result<Response, OAuthError> {
    let urls = Endpoints::of(at.app.public_url.as_str(), &at.domain.domain.name);
    let client = &made.client;
    let secret = made.secret.as_ref().map(|secret| secret.expose().to_owned());
    let mut provider = Vec::new();
    if kind == ApplicationKind::GatewayRegistrar {
        let as_typed = || "the secret that you chose".to_owned();
        provider = vec![
            Copyable::new("provider-discovery", "OpenID Connect Discovery Endpoint", &urls.discovery_url),
            Copyable::new("provider-kind", "Initial Access Token Provider", "Client Credentials"),
            Copyable::new("provider-client-id", "Client ID", client.client_id.as_str()),
            Copyable::new(
                if secret.is_some() { "provider-secret" } else { "provider-own-secret" },
                "Client Secret",
                secret.clone().unwrap_or_else(as_typed),
            ),
            Copyable::new("provider-scopes", "Scopes", DCR_ADMIN),
            Copyable::new("provider-renew", "Enable renew client_secret support", "on"),
            Copyable::new("provider-method", "HTTP Method", "POST"),
            Copyable::new("provider-renewal", "Endpoint", urls.renew_secret_url),
        ];
    }
    let frame = domain_frame(at, Section::Applications).await?.at(title_of(client));
    let page = ApplicationMade {
        frame,
        title: format!("{} is ready", title_of(client)).into(),
        wizard: true,
        remarks: Vec::new(),
        client_id: client.client_id.0.clone(),
        secret,
        values: vec![
            Copyable::new("discovery", "Discovery URL", urls.discovery_url),
            Copyable::new("issuer", "Issuer", urls.issuer),
        ],
        provider,
        href: path_of(at, client).into(),
    };
    Ok(show_placed(&page, path_of(at, client)))
}

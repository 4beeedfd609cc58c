//! MCP servers in the console: the list, and a new one.

use axum::response::Response;
use http::StatusCode;

use super::duration;
use super::fields::{Asked, Fields};
use super::respond::{Told, beside, domain_frame, show, show_as, show_placed, telling};
use crate::admin::managing::ManagingDomain;
use crate::domains::resource_rules;
use crate::domains::resources::NewResource;
use crate::model::oauth_error::OAuthError;
use crate::model::protected_resource::protected_resources;
use crate::model::resource::{Resource, ResourceSettings};
use crate::model::scope::ScopeSet;
use crate::model::signing_key::SigningAlgorithm;
use crate::pages::Claimed;
use crate::pages::console::{
    Choice, Copyable, MadeMcpServer, McpServerErrors, McpServerForm, McpServerRow, McpServers, NewMcpServer, NewSecret,
    Section, ServedDocument,
};

const TOLD: &Told = &[("deleted", "The MCP server is deleted.")];

/// Where the pages of a domain's MCP servers are; `rest` begins with a slash, or is empty.
pub(super) fn path(at: &ManagingDomain, rest: &str) -> String {
    format!("{}{rest}", Section::McpServers.path(&at.domain.domain.name))
}

/// `GET /console/domains/{domain}/mcp-servers`
pub async fn list(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let search = asked.trimmed("q").to_owned();
    let wanted = search.to_lowercase();
    let found = at.domain.resources.iter().filter(|resource| {
        let texts = resource.settings.identifiers.iter().chain([&resource.name]);
        wanted.is_empty() || texts.into_iter().any(|text| text.to_lowercase().contains(&wanted))
    });
    let rows = found.map(|resource| McpServerRow {
        id: resource.id.to_string(),
        name: resource.name.as_str().into(),
        identifiers: resource.settings.identifiers.iter().map(|text| Claimed::long(text)).collect(),
        scopes: Claimed::long(&resource.settings.scopes.to_string()),
        introspects: resource.credentials.is_some(),
        created: resource.created_at.into(),
    });
    let frame = telling(domain_frame(&at, Section::McpServers).await?, &asked, TOLD);
    Ok(show(&McpServers { frame, search, rows: rows.collect() }))
}

/// `GET /console/domains/{domain}/mcp-servers/new`
pub async fn new(at: ManagingDomain) -> Result<Response, OAuthError> {
    let form = form_of(&at, "", &ResourceSettings::default());
    Ok(show(&new_page(&at, form, true).await?))
}

/// `POST /console/domains/{domain}/mcp-servers/new`
pub async fn create(at: ManagingDomain, form: Fields) -> Result<Response, OAuthError> {
    let credentials = form.ticked("credentials");
    let (settings, mut problems) = settings_of(&form);
    let (name, public_url) = (form.trimmed("name"), at.app.public_url.as_str());
    let wanted = at.domains().new_resource(&at.domain, name, settings.clone());
    problems.extend(resource_rules::problems(&at.domain, &wanted, public_url));
    let mut made = None;
    if problems.is_empty() {
        let new = NewResource { name, settings, credentials, public_url };
        match at.domains().create_resource(&at.app.registry, &at.domain, new, &at.actor()).await {
            Ok(resource) => made = Some(resource),
            Err(error) => problems.push(error),
        }
    }
    let Some((resource, secret)) = made else {
        let page = new_page(&at, typed(&at, &form, errors_of(problems)?), credentials).await?;
        return Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page));
    };
    let secret = resource
        .credentials
        .as_ref()
        .zip(secret)
        .map(|(client_id, secret)| NewSecret { client_id: client_id.0.clone(), secret: secret.expose().to_owned() });
    let mut page = new_page(&at, McpServerForm::default(), credentials).await?;
    page.made = Some(MadeMcpServer {
        href: path(&at, &format!("/{}", resource.id)).into(),
        name: resource.name.as_str().into(),
        secret,
        documents: documents(&at, &resource),
        gateway: gateway(&at, &resource),
    });
    Ok(show_placed(&page, path(&at, &format!("/{}", resource.id))))
}

async fn new_page(at: &ManagingDomain, form: McpServerForm, credentials: bool) -> Result<NewMcpServer, OAuthError> {
    Ok(NewMcpServer {
        frame: domain_frame(at, Section::McpServers).await?.at("New MCP server"),
        action: path(at, "/new").into(),
        form,
        credentials,
        made: None,
    })
}

/// A form that holds what is there.
pub(super) fn form_of(at: &ManagingDomain, name: &str, settings: &ResourceSettings) -> McpServerForm {
    McpServerForm {
        name: name.to_owned(),
        identifiers: settings.identifiers.join("\n"),
        prefix_match: settings.prefix_match,
        scopes: scopes(at, |scope| settings.scopes.contains(scope)),
        algorithms: algorithms(at, settings.access_token_algorithm.map_or("", SigningAlgorithm::as_str)),
        lifetime: duration::input(&settings.access_token_lifetime.into()),
        errors: McpServerErrors::default(),
    }
}

/// A form that holds what was typed.
pub(super) fn typed(at: &ManagingDomain, form: &Fields, errors: McpServerErrors) -> McpServerForm {
    let chosen = form.all("scopes");
    McpServerForm {
        name: form.trimmed("name").to_owned(),
        identifiers: form.field("identifiers").to_owned(),
        prefix_match: form.ticked("prefix_match"),
        scopes: scopes(at, |scope| chosen.contains(&scope)),
        algorithms: algorithms(at, form.field("algorithm")),
        lifetime: duration::input(&duration::typed(form, "lifetime")),
        errors,
    }
}

/// What a form says of a resource, and what of it cannot be read, which is left out.
pub(super) fn settings_of(form: &Fields) -> (ResourceSettings, Vec<OAuthError>) {
    let lifetime = duration::read(form, "lifetime");
    let lifetime = lifetime.map_err(|told| OAuthError::invalid_request(format!("access_token_lifetime: {told}")));
    let scopes = ScopeSet::from_tokens(form.all("scopes")).map_err(OAuthError::invalid_scope);
    let algorithm = form.given("algorithm").map(str::parse::<SigningAlgorithm>).transpose();
    let algorithm = algorithm.map_err(OAuthError::invalid_request);
    let mut problems = Vec::new();
    let settings = ResourceSettings {
        identifiers: form.lines("identifiers").into_iter().map(str::to_owned).collect(),
        prefix_match: form.ticked("prefix_match"),
        scopes: scopes.map_err(|error| problems.push(error)).unwrap_or_default(),
        access_token_algorithm: algorithm.map_err(|error| problems.push(error)).unwrap_or_default(),
        access_token_lifetime: lifetime.map_err(|error| problems.push(error)).unwrap_or_default(),
    };
    (settings, problems)
}

/// What the service says of a resource, and what the page says of an MCP server.
const SAID: [(&str, &str); 5] = [
    (": a resource must be an absolute URI", " is no whole URL; begin it with https://"),
    (": a resource must not have a fragment", " holds a #; leave out it and what follows it"),
    (": belongs to ", " belongs to "),
    ("a resource", "an MCP server"),
    ("no resource", "no MCP server"),
];

/// Errors beside the fields that they are about; a failure of the server's own, or a race that was lost, stays one.
pub(super) fn errors_of(problems: Vec<OAuthError>) -> Result<McpServerErrors, OAuthError> {
    let mut errors = McpServerErrors::default();
    problems.into_iter().try_for_each(|problem| tell(&mut errors, problem))?;
    Ok(errors)
}

fn tell(errors: &mut McpServerErrors, error: OAuthError) -> Result<(), OAuthError> {
    if error.status >= 500 || error.is_changed_meanwhile() {
        return Err(error);
    }
    let begins = |text: &str| error.description.starts_with(text);
    let described = error.description.strip_prefix("identifier ").unwrap_or(&error.description);
    let told = SAID.iter().fold(described.to_owned(), |told, (wire, page)| told.replace(wire, page));
    let told = Some(beside(&told));
    if begins("identifier") || begins("a resource needs") {
        errors.identifiers = told;
    } else if begins("a resource's name") || begins("the domain has a resource") {
        errors.name = told;
    } else if error.code == "invalid_scope" {
        errors.scopes = told;
    } else if begins("access_token_lifetime") {
        errors.lifetime = told.as_deref().map(duration::in_words);
    } else {
        errors.form = told;
    }
    Ok(())
}

fn scopes(at: &ManagingDomain, chosen: impl Fn(&str) -> bool) -> Vec<Choice> {
    let offered = at.domain.scopes.iter().filter(|scope| !scope.reserved || chosen(&scope.name));
    offered
        .map(|scope| Choice {
            description: Claimed::long(&scope.description),
            ..Choice::new(&scope.name, scope.label.as_str(), chosen(&scope.name))
        })
        .collect()
}

fn algorithms(at: &ManagingDomain, chosen: &str) -> Vec<Choice> {
    let usual = format!("as the domain says ({})", at.domain.domain.settings.access_token_algorithm);
    let own = SigningAlgorithm::ALL.iter().map(|own| (own.as_str(), own.as_str().to_owned()));
    [("", usual)].into_iter().chain(own).map(|(value, label)| Choice::new(value, label, value == chosen)).collect()
}

/// What a resource has to serve.
pub(super) fn documents(at: &ManagingDomain, resource: &Resource) -> Vec<ServedDocument> {
    let issuer = at.app.issuer_of(&at.domain.domain.name);
    let served = protected_resources(resource, &issuer, &at.domain.scopes);
    let document = |(number, one): (usize, crate::model::protected_resource::ProtectedResource)| ServedDocument {
        number,
        identifier: Claimed::long(&one.identifier),
        url: one.metadata_url,
        document: serde_json::to_string_pretty(&one.metadata).unwrap_or_default(),
        challenge: one.challenge,
    };
    served.into_iter().enumerate().map(document).collect()
}

/// What APIM's form of a resource of this kind is filled with, by its own labels, in its order.
pub(super) fn gateway(at: &ManagingDomain, resource: &Resource) -> Vec<Copyable> {
    let fields = [
        Copyable::new("gateway-server", "Server URL", at.app.public_url.as_str()),
        Copyable::new("gateway-version", "Version", "V3_X"),
        Copyable::new("gateway-domain", "Security domain", &at.domain.domain.name),
    ];
    let credentials = resource.credentials.as_ref();
    let client_id = credentials.map(|client_id| Copyable::new("gateway-client", "Client Id", &client_id.0));
    fields.into_iter().chain(client_id).collect()
}

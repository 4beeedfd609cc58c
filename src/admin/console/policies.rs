//! The registration policies of a domain.

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::domain_settings::tabs;
use super::fields::{Asked, Fields};
use super::policy_table::{POLICY, START};
use super::respond::{Told, conflict, differing, domain_frame, go_telling, sentence, show, show_as, telling};
use super::settings_form::{Group, differences, drawn, replaced, sent};
use super::wrong::Wrong;
use crate::admin::managing::{ManagingDomain, Segments};
use crate::domains::policies::{find_policy, starting_point};
use crate::model::json::{Object, members, typed};
use crate::model::oauth_error::OAuthError;
use crate::model::registration::policy::{Policy, ScopeRule};
use crate::pages::Link;
use crate::pages::console::{
    Badge, BadgeKind, Cell, Confirm, Conflict, ConsoleFrame, FormPage, Problem, Section, TablePage, TableRow,
};
use crate::store::policies::NamedPolicy;

const TOLD: &Told = &[
    ("made", "The policy is created. These are its rules."),
    ("saved", "The policy is saved. It binds what is registered from now on."),
    ("deleted", "The policy is deleted."),
];

const NEW: &[Group] = &[START];

/// The segment that names a policy.
#[derive(Debug, Deserialize)]
pub struct Named {
    policy: String,
}

/// `GET /console/domains/{domain}/registration/policies`
pub async fn list(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let frame = telling(domain_frame(&at, Section::Registration).await?, &asked, TOLD);
    Ok(show(&TablePage {
        frame: frame.at("Policies"),
        title: "Policies".to_owned(),
        lead: "What a registration may ask for, and what it gets.".to_owned(),
        tabs: tabs(&at.domain.domain.name, "policies"),
        headings: &["Policy", "Binds", "Grants", "Default scopes", "Allowed scopes"],
        rows: at.domain.policies.iter().map(|policy| row(&at, policy)).collect(),
        new: Some((format!("{}/new", root(&at)).into(), "New policy")),
        empty: ("No policy", "Without a policy nobody can register."),
    }))
}

/// Those whose registrations the domain binds by this policy, whoever they are.
fn bound_by_name(at: &ManagingDomain, policy: &NamedPolicy) -> impl Iterator<Item = &'static str> {
    let settings = &at.domain.domain.settings;
    let all = [("gateways", &settings.gateway_policy), ("open registration", &settings.open_policy)];
    let bound = all.map(|(by, used)| (*used == policy.name).then_some(by));
    bound.into_iter().flatten()
}

fn row(at: &ManagingDomain, policy: &NamedPolicy) -> TableRow {
    let binds = bound_by_name(at, policy).map(|by| Badge::new(BadgeKind::Quiet, by));
    let allowed = match &policy.rules.scopes {
        ScopeRule::SelfRegistrable => "those flagged as self-registrable".to_owned(),
        ScopeRule::Listed(listed) => listed.to_string(),
    };
    TableRow {
        key: policy.name.clone(),
        href: Some(path(at, &policy.name).into()),
        name: (&policy.name).into(),
        below: "".into(),
        cells: vec![
            Cell::Badges(binds.collect()),
            Cell::Text(policy.rules.grant_types.join(", ").into()),
            Cell::Text(policy.rules.default_scope.to_string().into()),
            Cell::Text(allowed.into()),
        ],
        button: None,
    }
}

/// `GET /console/domains/{domain}/registration/policies/new`
pub async fn show_new(at: ManagingDomain) -> Result<Response, OAuthError> {
    Ok(show(&new_page(&at, &Object::new(), &Wrong::default()).await?))
}

/// `POST /console/domains/{domain}/registration/policies/new`
pub async fn create(at: ManagingDomain, form: Fields) -> Result<Response, OAuthError> {
    let (typed_now, _) = sent(NEW, &form);
    match make(&at, &form).await {
        Ok(made) => Ok(go_telling(&path(&at, &made.name), "made")),
        Err(error) => {
            let wrong = Wrong::of(NEW, error)?;
            Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &new_page(&at, &typed_now, &wrong).await?))
        }
    }
}

async fn make(at: &ManagingDomain, form: &Fields) -> Result<NamedPolicy, OAuthError> {
    let copy_of = form.given("copy_of");
    let preset = form.given("preset").filter(|_| copy_of.is_none()).map(|preset| {
        serde_json::from_value(preset.into()).map_err(|_| OAuthError::invalid_request("preset: must be gateway or mcp"))
    });
    let rules = starting_point(&at.domain, preset.transpose()?, copy_of)?;
    at.domains().create_policy(&at.domain, form.trimmed("name"), rules, &at.actor()).await
}

async fn new_page(at: &ManagingDomain, values: &Object, wrong: &Wrong) -> Result<FormPage, OAuthError> {
    Ok(FormPage {
        frame: below(at).await?.at("New policy"),
        title: "New policy".to_owned(),
        lead: String::new(),
        tabs: Vec::new(),
        action: format!("{}/new", root(at)).into(),
        version: 0,
        presets: Vec::new(),
        groups: drawn(NEW, values, Some(&at.domain), wrong),
        error: wrong.with_the_whole(),
        submit: "Create policy",
        cancel: Some(root(at).into()),
        delete: None,
    })
}

/// `GET /console/domains/{domain}/registration/policies/{policy}`
pub async fn read(
    at: ManagingDomain,
    Segments(named): Segments<Named>,
    Asked(asked): Asked,
) -> Result<Response, OAuthError> {
    let policy = find_policy(&at.domain, &named.policy)?;
    let frame = telling(below(&at).await?.at(&policy.name), &asked, TOLD);
    Ok(show(&page(&at, frame, policy, (&members(&policy.rules), &Wrong::default()))))
}

/// `POST /console/domains/{domain}/registration/policies/{policy}`
pub async fn change(
    at: ManagingDomain,
    Segments(named): Segments<Named>,
    form: Fields,
) -> Result<Response, OAuthError> {
    let policy = find_policy(&at.domain, &named.policy)?;
    let current = members(&policy.rules);
    let (mut patch, unreadable) = sent(POLICY, &form);
    keep_unserved(&mut patch, &current, at.app.registry.offered.auth_methods);
    if form.field("version") != policy.version.to_string() {
        let page = conflict(below(&at).await?, &policy.name, &path(&at, &policy.name));
        let page = Conflict { parameters: form.with_version(policy.version), ..page };
        let differing = differing(page, &differences(POLICY, &patch, &current));
        return Ok(show_as(StatusCode::CONFLICT, &differing));
    }
    let wanted = with_nulls(replaced(&current, &patch), &patch);
    let mut wrong = unreadable.and_all(POLICY, (&current, &wanted), |tried| typed::<Policy>(tried)?.validate());
    if wrong.is_empty() {
        match save(&at, policy, &wanted).await {
            Ok(()) => return Ok(go_telling(&path(&at, &policy.name), "saved")),
            Err(error) if error.status == 409 => return Err(error),
            Err(error) => wrong = Wrong::of(POLICY, error)?,
        }
    }
    let frame = below(&at).await?.at(&policy.name);
    Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page(&at, frame, policy, (&wanted, &wrong))))
}

/// A method that the form does not offer, because the server does not serve it, stays where the policy has it.
fn keep_unserved(patch: &mut Object, current: &Object, served: &[&str]) {
    let Some(Value::Array(methods)) = patch.get_mut("auth_methods") else { return };
    let own: Vec<Value> = current.get("auth_methods").and_then(Value::as_array).cloned().unwrap_or_default();
    let unserved = own.iter().filter(|method| !served.iter().any(|name| **method == *name));
    methods.extend(unserved.cloned());
    // In the order in force, so that nothing counts as changed that is not.
    methods.sort_by_key(|method| own.iter().position(|known| known == method).unwrap_or(usize::MAX));
}

/// An empty field is "without", not the preset's value.
fn with_nulls(mut whole: Object, patch: &Object) -> Object {
    let without = ["secret_lifetime", "quota", "remove_unused_after", "max_record_length", "access_token_lifetime"];
    for name in without.into_iter().filter(|name| patch.get(*name).is_some_and(Value::is_null)) {
        whole.insert(name.to_owned(), Value::Null);
    }
    whole
}

async fn save(at: &ManagingDomain, policy: &NamedPolicy, wanted: &Object) -> Result<(), OAuthError> {
    let rules: Policy = typed(wanted).map_err(OAuthError::invalid_request)?;
    let changed = NamedPolicy { rules, ..policy.clone() };
    at.domains().change_policy(&at.domain, &changed, &at.actor()).await
}

fn page(at: &ManagingDomain, frame: ConsoleFrame, policy: &NamedPolicy, shown: (&Object, &Wrong)) -> FormPage {
    let (values, wrong) = shown;
    let own = path(at, &policy.name);
    FormPage {
        frame,
        title: policy.name.clone(),
        lead: "What a registration under this policy may ask for, and what it gets.".to_owned(),
        tabs: Vec::new(),
        version: policy.version,
        presets: Vec::new(),
        groups: drawn(POLICY, values, Some(&at.domain), wrong),
        error: wrong.with_the_whole(),
        submit: "Save",
        cancel: Some(root(at).into()),
        delete: Some((format!("{own}/delete").into(), "Delete policy")),
        action: own.into(),
    }
}

/// `GET /console/domains/{domain}/registration/policies/{policy}/delete`
pub async fn ask_delete(at: ManagingDomain, Segments(named): Segments<Named>) -> Result<Response, OAuthError> {
    let policy = find_policy(&at.domain, &named.policy)?;
    match at.domains().check_policy_unused(&at.domain, policy).await {
        Ok(()) => Ok(show(&question(&at, policy).await?)),
        Err(error) if error.status == 409 => Ok(show(&in_use(&at, policy, &error).await?)),
        Err(error) => Err(error),
    }
}

/// `POST /console/domains/{domain}/registration/policies/{policy}/delete`
pub async fn delete(
    at: ManagingDomain,
    Segments(named): Segments<Named>,
    form: Fields,
) -> Result<Response, OAuthError> {
    let policy = find_policy(&at.domain, &named.policy)?;
    if form.field("version") != policy.version.to_string() {
        let page = conflict(below(&at).await?, &policy.name, &path(&at, &policy.name));
        return Ok(show_as(StatusCode::CONFLICT, &Conflict { action: None, ..page }));
    }
    match at.domains().delete_policy(&at.domain, policy, &at.actor()).await {
        Ok(()) => Ok(go_telling(&root(&at), "deleted")),
        Err(error) if error.status == 409 => Ok(show_as(StatusCode::CONFLICT, &in_use(&at, policy, &error).await?)),
        Err(error) => Err(error),
    }
}

/// The page in the place of the question where the policy is needed: no button, but who needs it.
async fn in_use(at: &ManagingDomain, policy: &NamedPolicy, error: &OAuthError) -> Result<Problem, OAuthError> {
    let own = path(at, &policy.name);
    let users = at.app.store.policy_users(at.domain.id(), policy.id).await?;
    let many = if users == 1 { "" } else { "s" };
    let explanation = match bound_by_name(at, policy).next() {
        Some(by) => {
            format!("It is the domain's policy of {by}. Choose another one in the settings of registration first.")
        }
        None if users > 0 => format!(
            "It binds {users} application{many} or initial access token{many}. Delete those first, or change its rules instead."
        ),
        None => sentence(&error.description),
    };
    let link = |href: String, text: String| Link { href: href.into(), text };
    Ok(Problem {
        frame: below(at).await?.below(&policy.name, &own).at("Delete"),
        title: "This policy cannot be deleted".to_owned(),
        explanation,
        links: vec![
            link(own, "Back to the policy".to_owned()),
            link(Section::Registration.path(&at.domain.domain.name), "Settings of registration".to_owned()),
        ],
        reference: None,
    })
}

async fn question(at: &ManagingDomain, policy: &NamedPolicy) -> Result<Confirm, OAuthError> {
    let own = path(at, &policy.name);
    Ok(Confirm {
        frame: below(at).await?.below(&policy.name, &own).at("Delete"),
        title: "Delete this policy?".to_owned(),
        what: (&policy.name).into(),
        items: Vec::new(),
        consequences: vec!["It binds nothing now. Its rules are gone for good.".to_owned()],
        word: None,
        parameters: vec![("version".to_owned(), policy.version.to_string())],
        action: format!("{own}/delete").into(),
        button: "Delete policy".to_owned(),
        cancel: own.into(),
        error: None,
    })
}

async fn below(at: &ManagingDomain) -> Result<ConsoleFrame, OAuthError> {
    Ok(domain_frame(at, Section::Registration).await?.below("Policies", root(at)))
}

fn root(at: &ManagingDomain) -> String {
    format!("{}/policies", Section::Registration.path(&at.domain.domain.name))
}

fn path(at: &ManagingDomain, policy: &str) -> String {
    format!("{}/{policy}", root(at))
}

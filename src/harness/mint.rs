//! Tokens that no client had to ask for, with any claims.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::control::Control;
use super::forge::{Draft, Flaw, Minted, TokenKind, forge, overlay};
use crate::app::App;
use crate::clients::find::{Fetching, FindIn, Found};
use crate::keys::data_keys::HashPurpose;
use crate::model::authorization::{AuthorizationCode, GrantDetails, GrantStatus, LoginGrant};
use crate::model::client::Client;
use crate::model::domain::TokenType;
use crate::model::id::{AttemptId, AuthorizationId};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::random::{self, Generated};
use crate::model::scope::ScopeSet;
use crate::model::signing_key::SigningAlgorithm;
use crate::model::user::User;
use crate::startup::FACT_GATEWAY;
use crate::store::cache::{ClientEntry, DomainEntry};
use crate::tokens::audience::{audience, lifetime};
use crate::tokens::subject::subject;

/// The longest lifetime in either direction, in seconds: a hundred years.
const LONGEST: i64 = 100 * 366 * 86_400;

/// A token that is to be made.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mint {
    /// The client it is issued to; the gateway registrar of the first domain where absent.
    pub client_id: Option<String>,
    /// The person it is about, by user name or e-mail address; the client itself where absent.
    pub user: Option<String>,
    /// The scopes, separated by blanks. They need not be granted, nor exist.
    pub scope: Option<String>,
    /// The resource or resources it is for; the client itself where absent.
    pub resource: Option<OneOrMore>,
    /// For how many seconds it lives; it has ended where negative. As the server would decide where absent.
    pub lifetime: Option<i64>,
    /// Which token.
    #[serde(default, rename = "type")]
    pub kind: TokenKind,
    /// How it is signed: RS256 or ES256.
    #[schema(value_type = Option<String>)]
    pub algorithm: Option<SigningAlgorithm>,
    /// Claims in place of and beside those that the server would write; null takes one away.
    #[serde(default)]
    pub claims: Object,
    /// In which way it is wrong.
    pub flaw: Option<Flaw>,
}

/// One text or several.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(untagged, expecting = "must be a text or a list of texts")]
pub enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    More(Vec<String>),
}

impl Control {
    /// Makes a token of a domain.
    ///
    /// # Errors
    /// 400 where the client or the person is unknown, or a member is not what it must be.
    pub async fn mint(&self, domain: &str, wanted: Mint) -> Result<Minted, OAuthError> {
        let (app, domain) = (self.app(), self.domain(domain).await?);
        if wanted.lifetime.is_some_and(|seconds| seconds.saturating_abs() > LONGEST) {
            return Err(OAuthError::invalid_request(format!("lifetime: at most {LONGEST} seconds")));
        }
        let client = client(&app, &domain, wanted.client_id.as_deref()).await?;
        let user = match &wanted.user {
            None => None,
            Some(login) => Some(user(&app, &domain, login).await?),
        };
        let mut draft = match wanted.kind {
            TokenKind::AccessToken => access_token(&app, &domain, &client.client, (&wanted, user)).await?,
            TokenKind::IdToken if wanted.resource.is_some() => {
                return Err(OAuthError::invalid_request("resource: an ID token is for its client; leave it out"));
            }
            TokenKind::IdToken => id_token(&app, &domain, &client.client, (&wanted, user))?,
        };
        if let Some(algorithm) = wanted.algorithm {
            draft.algorithm = algorithm;
        }
        overlay(&mut draft.claims, wanted.claims);
        forge(&app, &domain, draft, wanted.flaw).map_err(OAuthError::server_error)
    }
}

/// A person of a domain, by what they log in with.
pub(super) async fn user(app: &App, domain: &DomainEntry, login: &str) -> Result<User, OAuthError> {
    let found = app.store.user_by_login(domain.id(), login).await?;
    found.ok_or_else(|| {
        OAuthError::invalid_request(format!("user: there is no {login:?} in this domain; create it first"))
    })
}

async fn client(app: &App, domain: &DomainEntry, named: Option<&str>) -> Result<Arc<ClientEntry>, OAuthError> {
    let gateway = app.store.fact(FACT_GATEWAY).await?;
    let id = named.map(str::to_owned).or(gateway).unwrap_or_default();
    let at = FindIn { domain, documents: app.takes_client_documents(&domain.domain.settings) };
    match app.registry.find_client(at, &id, Fetching::No).await {
        Ok(Found::Known(entry)) => Ok(entry),
        _ if named.is_none() => Err(OAuthError::invalid_request("client_id: is needed in this domain")),
        _ => Err(OAuthError::invalid_request(
            "client_id: there is no such client; to name one that does not exist, put client_id in claims",
        )),
    }
}

async fn access_token(
    app: &App,
    domain: &DomainEntry,
    client: &Client,
    (wanted, user): (&Mint, Option<User>),
) -> Result<Draft, OAuthError> {
    let resources = match &wanted.resource {
        None => Vec::new(),
        Some(OneOrMore::One(resource)) => vec![resource.clone()],
        Some(OneOrMore::More(resources)) => resources.clone(),
    };
    let to = audience(domain, client, &resources);
    let now = app.clock.now();
    let ends = now.plus(wanted.lifetime.unwrap_or_else(|| lifetime(domain, client, &resources)));
    let scope = scope(wanted)?;
    let mut claims = common(app, domain, client, (now.seconds().min(ends.seconds()), ends.seconds()));
    claims.insert("sub".to_owned(), client.client_id.as_str().into());
    claims.insert("client_id".to_owned(), client.client_id.as_str().into());
    if !wanted.claims.contains_key("jti") {
        claims.insert("jti".to_owned(), app.store.random().make(domain.id(), Generated::Jti).into());
    }
    claims.insert("aud".to_owned(), if to.values.len() == 1 { json!(to.values[0]) } else { json!(to.values) });
    if !scope.is_empty() {
        claims.insert("scope".to_owned(), scope.to_string().into());
    }
    if let Some(user) = user {
        let (id, known_as) = login(app, domain, client, (&user, scope, resources)).await?;
        claims.insert("sub".to_owned(), known_as.into());
        claims.insert("grant_id".to_owned(), json!(id));
    }
    Ok(Draft { typ: to.token_type.as_str().to_owned(), algorithm: to.algorithm, claims })
}

fn id_token(
    app: &App,
    domain: &DomainEntry,
    client: &Client,
    (wanted, user): (&Mint, Option<User>),
) -> Result<Draft, OAuthError> {
    let user = user.ok_or_else(|| OAuthError::invalid_request("user: is needed: an ID token is about a person"))?;
    let now = app.clock.now();
    let ends = now.plus(wanted.lifetime.unwrap_or(domain.domain.settings.access_token_lifetime));
    let mut claims = user.claims_for(&scope(wanted)?);
    let iat = now.seconds().min(ends.seconds());
    claims.extend(common(app, domain, client, (iat, ends.seconds())));
    claims.insert("sub".to_owned(), subject(&app.keys, client, user.id).into());
    claims.insert("aud".to_owned(), client.client_id.as_str().into());
    claims.insert("auth_time".to_owned(), iat.into());
    let asked = client.metadata.id_token_signed_response_alg.as_deref().and_then(|name| name.parse().ok());
    let algorithm = asked.unwrap_or(SigningAlgorithm::Rs256);
    Ok(Draft { typ: TokenType::Jwt.as_str().to_owned(), algorithm, claims })
}

fn scope(wanted: &Mint) -> Result<ScopeSet, OAuthError> {
    ScopeSet::parse(wanted.scope.as_deref().unwrap_or_default())
        .map_err(|problem| OAuthError::invalid_request(format!("scope: {problem}")))
}

fn common(app: &App, domain: &DomainEntry, client: &Client, (iat, exp): (i64, i64)) -> Object {
    let claims: BTreeMap<&str, Value> = BTreeMap::from([
        ("iss", app.issuer_of(&domain.domain.name).into()),
        ("azp", client.client_id.as_str().into()),
        ("iat", iat.into()),
        ("exp", exp.into()),
    ]);
    claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A login of the person, as if they had allowed this, so that the token is one of theirs everywhere.
async fn login(
    app: &App,
    domain: &DomainEntry,
    client: &Client,
    (user, scope, resources): (&User, ScopeSet, Vec<String>),
) -> Result<(AuthorizationId, String), OAuthError> {
    let now = app.clock.now();
    let known_as = subject(&app.keys, client, user.id);
    let grant = LoginGrant {
        id: AuthorizationId::new(&app.clock),
        domain_id: domain.id(),
        client_id: client.client_id.clone(),
        user_id: user.id,
        session_id: None,
        attempt: AttemptId::random(),
        scope,
        details: GrantDetails { subject: known_as.clone(), resources, auth_time: now, nonce: None },
        status: GrantStatus::Pending,
        created_at: now,
        last_used_at: now,
        expires_at: now.plus(LONGEST),
    };
    let code = AuthorizationCode {
        hash: app.keys.hash(HashPurpose::AuthorizationCode, &random::secret()),
        client_id: client.client_id.clone(),
        redirect_uri: String::new(),
        redirect_uri_sent: false,
        code_challenge: None,
        created_at: now,
        expires_at: now.plus(60),
        redeemed_at: None,
    };
    app.store.establish_grant(&grant, &code, None).await?;
    app.store.redeem_code((domain.id(), &code.hash), &grant, None, now).await?;
    Ok((grant.id, known_as))
}

//! `registrar user sessions` and `user applications`.

use std::collections::BTreeMap;

use anyhow::anyhow;
use clap::Args;
use serde_json::{Value, json};

use super::{One, find};
use crate::cli::context::{Context, told};
use crate::cli::output::{print, table, time, time_or};
use crate::model::consent::Consent;
use crate::model::id::SessionId;
use crate::model::session::Session;
use crate::model::time::UnixTime;

/// Flags of `user sessions`.
#[derive(Debug, Args)]
pub struct SessionsArgs {
    #[command(flatten)]
    one: One,
    /// End this session
    #[arg(long, value_name = "SESSION_ID")]
    end: Option<String>,
    /// End all sessions; applications stay connected
    #[arg(long, conflicts_with = "end")]
    end_all: bool,
}

/// Flags of `user applications`.
#[derive(Debug, Args)]
pub struct ApplicationsArgs {
    #[command(flatten)]
    one: One,
    /// Take back what this client was allowed, and end everything issued to it
    #[arg(long, value_name = "CLIENT_ID")]
    revoke: Option<String>,
}

pub(super) async fn sessions(context: &Context, arguments: SessionsArgs) -> anyhow::Result<()> {
    let domain = context.domain(&arguments.one.domain).await?;
    let user = find(context, &domain, &arguments.one.login).await?;
    if arguments.end.is_some() || arguments.end_all {
        let one = arguments.end.as_deref().map(session_id).transpose()?;
        let ended = context.people()?.end_user_sessions(&user, one, &context.actor).await.map_err(told)?;
        let value = json!({ "username": user.username, "ended": ended });
        return print(context.json, &value, || format!("{ended} of {}'s sessions ended", user.username));
    }
    let idle = domain.domain.settings.session_idle_lifetime;
    let mut sessions = context.store.sessions_of_user(domain.id(), user.id).await?;
    sessions.retain(|session| session.is_alive(context.now(), idle));
    let describe = |session: &Session| {
        json!({
            "id": session.id,
            "device": session.device,
            "source": session.source,
            "auth_time": session.auth_time,
            "created_at": session.created_at,
            "last_seen_at": session.last_seen_at,
            "expires_at": session.expires_at,
        })
    };
    let shown: Vec<Value> = sessions.iter().map(describe).collect();
    print(context.json, &json!(shown), || {
        let row = |session: &Session| {
            [
                session.id.to_string(),
                session.source.clone(),
                time(session.created_at),
                time(session.last_seen_at),
                session.device.clone(),
            ]
        };
        table(["SESSION", "FROM", "BEGAN", "LAST SEEN", "BROWSER"], &sessions.iter().map(row).collect::<Vec<_>>())
    })
}

fn session_id(text: &str) -> anyhow::Result<SessionId> {
    let parsed = text.parse().map(SessionId);
    parsed.map_err(|_| anyhow!("{text:?} is not the id of a session; `registrar user sessions` shows the ids"))
}

/// What a user allowed one client, and when it was last used.
#[derive(Default)]
struct Connection {
    consents: Vec<Consent>,
    logins: usize,
    last_used_at: Option<UnixTime>,
}

pub(super) async fn applications(context: &Context, arguments: ApplicationsArgs) -> anyhow::Result<()> {
    let domain = context.domain(&arguments.one.domain).await?;
    let user = find(context, &domain, &arguments.one.login).await?;
    if let Some(client_id) = &arguments.revoke {
        let people = context.people()?;
        people.disconnect_user(&domain, &user, client_id, &context.actor).await.map_err(told)?;
        let value = json!({ "username": user.username, "revoked": client_id });
        return print(context.json, &value, || format!("{client_id} is no longer connected to {}", user.username));
    }
    let mut connections: BTreeMap<String, Connection> = BTreeMap::new();
    for consent in context.store.consents_of_user(domain.id(), user.id).await? {
        connections.entry(consent.client_id.clone()).or_default().consents.push(consent);
    }
    for grant in context.store.login_grants_of_user(domain.id(), user.id).await? {
        let connection = connections.entry(grant.client_id.0.clone()).or_default();
        connection.logins += 1;
        connection.last_used_at = connection.last_used_at.max(Some(grant.last_used_at));
    }
    let shown: Vec<Value> = connections.iter().map(|(client_id, connection)| describe(client_id, connection)).collect();
    print(context.json, &json!(shown), || {
        let rows: Vec<_> = connections.iter().map(|(client_id, connection)| row(client_id, connection)).collect();
        table(["CLIENT ID", "ALLOWED", "LOGINS", "LAST USED"], &rows)
    })
}

fn describe(client_id: &str, connection: &Connection) -> Value {
    let consent = |consent: &Consent| {
        json!({
            "resource": Some(&consent.resource).filter(|resource| !resource.is_empty()),
            "scope": consent.scope,
            "granted_at": consent.granted_at,
        })
    };
    json!({
        "client_id": client_id,
        "consents": connection.consents.iter().map(consent).collect::<Vec<_>>(),
        "logins": connection.logins,
        "last_used_at": connection.last_used_at,
    })
}

fn row(client_id: &str, connection: &Connection) -> [String; 4] {
    let allowed = |consent: &Consent| match consent.resource.as_str() {
        "" => consent.scope.to_string(),
        resource => format!("{} at {resource}", consent.scope),
    };
    [
        client_id.to_owned(),
        connection.consents.iter().map(allowed).collect::<Vec<_>>().join(", "),
        connection.logins.to_string(),
        time_or(connection.last_used_at, "-"),
    ]
}

//! Registrations beside what the database alone inserts: the same statements with the same values, from a bare loop
//! over the same kind of pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use anyhow::Context as _;
use registrar::model::random;
use serde_json::Value;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::types::Json;
use sqlx::{ConnectOptions as _, PgPool, SqlitePool};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::Plan;
use crate::database::Installation;
use crate::generator::{self, Target};
use crate::measure::{Figures, Side, count, in_turns, median};
use crate::process::Process;
use crate::report::{Met, Report};
use crate::tokens::CONNECTIONS;

/// Connections that the server opens to PostgreSQL.
const POOL: u32 = 10;

/// Parts of the quota that parallel registrations spread over.
const PARTS: u8 = 16;

const QUOTA: &str = "update registration_quotas set used = used + 1
    where domain_id = $1 and source = $2 and used < $3";
/// The first use of a counter.
const FIRST: &str = "insert into registration_quotas (domain_id, source, used)
    select $1, $2, 1 where $3 > 0 on conflict (domain_id, source) do nothing";
const CLIENT: &str = "insert into clients (domain_id, client_id, name, origin, status, registrant, policy_id, metadata,
    settings, registration, registration_token, previous_registration_token, quota_source, template,
    tokens_not_before, version, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
    on conflict (domain_id, client_id) do nothing";
const SECRET: &str = "insert into client_secrets (id, domain_id, client_id, verifier, sealed, superseded, created_at,
    expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
/// The id and the one word of the name.
const WORDS: &str = "insert into search_words (domain_id, kind, word, target)
    values ($1, $2, $3, $4), ($5, $6, $7, $8) on conflict do nothing";
const AUDIT: &str = "insert into audit_events (id, domain_id, at, actor, action, target, outcome, reason, source,
    request_id, detail) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// What one registration wrote, to be written again and again.
#[derive(sqlx::FromRow)]
struct Pattern {
    domain_id: Uuid,
    name: String,
    registrant: Option<String>,
    policy_id: Option<Uuid>,
    metadata: Json<Value>,
    settings: Json<Value>,
    registration: Json<Value>,
    created_at: i64,
    verifier: String,
    sealed: Option<Vec<u8>>,
    actor: String,
    detail: Json<Value>,
}

const PATTERN: &str = "select c.domain_id, c.name, c.registrant, c.policy_id, c.metadata, c.settings, c.registration,
    c.created_at, s.verifier, s.sealed, a.actor, a.detail from clients c
    join client_secrets s on s.domain_id = c.domain_id and s.client_id = c.client_id
    join audit_events a on a.domain_id = c.domain_id and a.target = c.client_id where c.client_id = $1";

/// One registration by a bare transaction.
macro_rules! insert {
    ($pool:expr, $begin:expr, $pattern:expr) => {{
        let pattern: &Pattern = $pattern;
        let (id, now) = (random::identifier(), pattern.created_at);
        let quota = format!("bench#{}", random::bytes::<1>()[0] % PARTS);
        let mut transaction = $pool.begin_with($begin).await?;
        for sql in [QUOTA, FIRST] {
            let quota_taken = sqlx::query(sql).bind(pattern.domain_id).bind(&quota).bind(i64::MAX);
            if quota_taken.execute(&mut *transaction).await?.rows_affected() > 0 {
                break;
            }
        }
        let client = sqlx::query(CLIENT).bind(pattern.domain_id).bind(&id).bind(&pattern.name).bind("gateway");
        let client = client.bind("active").bind(&pattern.registrant).bind(pattern.policy_id).bind(&pattern.metadata);
        let client = client.bind(&pattern.settings).bind(&pattern.registration).bind(random::bytes::<32>().to_vec());
        let client = client.bind(None::<Vec<u8>>).bind(&quota).bind(None::<String>).bind(0_i64).bind(1_i64);
        client.bind(now).bind(now).execute(&mut *transaction).await?;
        let secret = sqlx::query(SECRET).bind(uuid()).bind(pattern.domain_id).bind(&id).bind(&pattern.verifier);
        let secret = secret.bind(&pattern.sealed).bind(false).bind(now).bind(None::<i64>);
        secret.execute(&mut *transaction).await?;
        let mut words = sqlx::query(WORDS);
        for word in [id.to_lowercase(), pattern.name.to_lowercase()] {
            words = words.bind(pattern.domain_id).bind("client").bind(word.into_bytes()).bind(&id);
        }
        words.execute(&mut *transaction).await?;
        let audit = sqlx::query(AUDIT).bind(uuid()).bind(pattern.domain_id).bind(now).bind(&pattern.actor);
        let audit = audit.bind("client.register").bind(&id).bind("done").bind(None::<String>).bind("127.0.0.1");
        audit.bind(random::identifier()).bind(&pattern.detail).execute(&mut *transaction).await?;
        transaction.commit().await?;
        anyhow::Ok(())
    }};
}

fn uuid() -> Uuid {
    let now = registrar::model::time::Clock::System;
    registrar::model::id::new_uuid(&now)
}

#[derive(Clone)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Pool {
    async fn open(installation: &Installation) -> anyhow::Result<Self> {
        if installation.is_postgres() {
            let options = PgPoolOptions::new().max_connections(POOL).test_before_acquire(false);
            let connect: sqlx::postgres::PgConnectOptions = installation.url.parse()?;
            return Ok(Self::Postgres(options.connect_with(connect.disable_statement_logging()).await?));
        }
        let connect = installation
            .sqlite()?
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .disable_statement_logging();
        let options = SqlitePoolOptions::new().max_connections(1).test_before_acquire(false);
        Ok(Self::Sqlite(options.connect_with(connect).await?))
    }

    async fn pattern(&self, id: &str) -> anyhow::Result<Pattern> {
        let found = match self {
            Self::Sqlite(pool) => sqlx::query_as(PATTERN).bind(id).fetch_optional(pool).await?,
            Self::Postgres(pool) => sqlx::query_as(PATTERN).bind(id).fetch_optional(pool).await?,
        };
        found.context("the registration left no row")
    }

    async fn insert(&self, pattern: &Pattern) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(pool) => insert!(pool, "begin immediate", pattern),
            Self::Postgres(pool) => insert!(pool, "begin", pattern),
        }
    }

    /// How many writing transactions PostgreSQL has seen.
    async fn transactions(&self) -> anyhow::Result<Option<i64>> {
        let Self::Postgres(pool) = self else { return Ok(None) };
        let sql = "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
        Ok(Some(sqlx::query_scalar(sql).fetch_one(pool).await?))
    }
}

/// Measures registrations by a gateway on this installation.
pub fn measure(plan: Plan, installation: &Installation, report: &mut Report) -> anyhow::Result<()> {
    let name = if installation.is_postgres() { "PostgreSQL" } else { "SQLite" };
    let server = installation.start()?;
    let id = installation.register()?.id;
    let pool = installation.runtime.block_on(Pool::open(installation))?;
    let pattern = Arc::new(installation.runtime.block_on(pool.pattern(&id))?);
    let registration = installation.registration()?;
    let (mut ours, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let once = Plan { rounds: 1, ..plan };
        ours.push(registrations(once, installation, (&server, &registration))?);
        alone.push(bare_inserts(plan, installation, (&pool, &pattern))?);
    }
    let alone = Figures { rate: median(alone)?, cpu: 0.0, p50: 0.0, p99: 0.0, statements: 0.0, misses: 0.0 };
    ours.sort_by(|one, other| one.rate.total_cmp(&other.rate));
    let ours = ours[ours.len() / 2];
    report.compared(&format!("registration on {name}, {CONNECTIONS} connections"), ours, alone);
    let ratio = ours.rate / alone.rate;
    report.target(&format!("registration against {name} alone, per s"), &Met::at_least(ratio, 0.5));
    if let Some(before) = installation.runtime.block_on(pool.transactions())? {
        let answered = count_registrations(plan, installation, &registration)?;
        let after = installation.runtime.block_on(pool.transactions())?.unwrap_or(before);
        let each = f64::from(u32::try_from(after - before)?) / answered;
        report.target("writing transactions per registration", &Met::at_most(each, 1.01));
    }
    report.fact(&format!("peak memory, registrations on {name}"), format!("{} MiB", server.memory("VmHWM")? / 1024));
    Ok(())
}

fn registrations(
    plan: Plan,
    installation: &Installation,
    (server, registration): (&Process, &[u8]),
) -> anyhow::Result<Figures> {
    let requests = generator::same(registration.to_vec());
    let target = Target { address: installation.address(), requests, status: 201 };
    let figures = in_turns(plan, CONNECTIONS, &[Side { process: server, target, counts: true }])?;
    Ok(figures[0])
}

fn count_registrations(plan: Plan, installation: &Installation, request: &[u8]) -> anyhow::Result<f64> {
    let requests = generator::same(request.to_vec());
    let target = Target { address: installation.address(), requests, status: 201 };
    let answers = generator::drive(&target, CONNECTIONS, plan.round)?;
    Ok(count(answers.latencies.len()))
}

/// How many registrations per second the database alone takes.
fn bare_inserts(plan: Plan, installation: &Installation, with: (&Pool, &Arc<Pattern>)) -> anyhow::Result<f64> {
    let (pool, pattern) = with;
    installation.runtime.block_on(async {
        let began = Instant::now();
        let inserted = Arc::new(AtomicU32::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let (pool, pattern, inserted) = (pool.clone(), Arc::clone(pattern), Arc::clone(&inserted));
            tasks.spawn(async move {
                while began.elapsed() < plan.round {
                    pool.insert(&pattern).await?;
                    inserted.fetch_add(1, Ordering::Relaxed);
                }
                anyhow::Ok(())
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        Ok(f64::from(inserted.load(Ordering::Relaxed)) / began.elapsed().as_secs_f64())
    })
}

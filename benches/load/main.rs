//! Load on the real binary over loopback, with the limits measured beside it in the same run.
//!
//! `cargo bench` runs it, `cargo bench -- tokens` and `cargo bench -- harness` one part; `BENCH_QUICK=1` takes 10,000
//! clients instead of 1,000,000 and shorter rounds, `REGISTRAR_TEST_POSTGRES` adds PostgreSQL. Each figure and its limit
//! are taken in turns, so that whatever else the machine does meets both; the medians of the rounds are reported. On a
//! small machine the generator takes part of it as well: the server's CPU time per request is the steadier figure.

mod database;
mod generator;
mod harness;
mod limit;
mod logins;
mod measure;
mod process;
mod registration;
mod report;
mod start;
mod tokens;

use std::time::Duration;

use anyhow::Context as _;

use report::Report;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// Clients in the large database.
    clients: u32,
    /// Rounds per figure.
    rounds: usize,
    /// Length of a round.
    round: Duration,
    /// Starts that are timed.
    starts: usize,
}

impl Plan {
    fn from_environment() -> Self {
        if std::env::var_os("BENCH_QUICK").is_some_and(|value| value == "1") {
            return Self { clients: 10_000, rounds: 3, round: Duration::from_secs(1), starts: 7 };
        }
        Self { clients: 1_000_000, rounds: 3, round: Duration::from_secs(4), starts: 20 }
    }
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(limit::FLAG) => limit::serve(arguments.get(1).context("the algorithm is missing")?),
        _ if arguments.iter().any(|argument| argument == "harness") => part(harness::measure),
        _ if arguments.iter().any(|argument| argument == "tokens") => part(|report| {
            let folder = tempfile::tempdir().context("no temporary folder")?;
            tokens::measure(Plan::from_environment(), &database::Installation::on_sqlite(folder.path())?, report)
        }),
        _ if arguments.iter().any(|argument| argument == "--bench") => run(Plan::from_environment()),
        _ => Ok(()),
    }
}

/// One part alone.
fn part(measure: impl FnOnce(&mut Report) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut report = Report::new(Plan::from_environment());
    measure(&mut report)?;
    report.print();
    Ok(())
}

fn run(plan: Plan) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let mut report = Report::new(plan);
    let installation = database::Installation::on_sqlite(folder.path())?;
    tokens::measure(plan, &installation, &mut report)?;
    registration::measure(plan, &installation, &mut report)?;
    logins::measure(plan, &installation, &mut report)?;
    start::measure(plan, &installation, &mut report)?;
    harness::measure(&mut report)?;
    match std::env::var("REGISTRAR_TEST_POSTGRES") {
        Ok(url) => database::Postgres::with(&url, |url| {
            let installation = database::Installation::on_postgres(folder.path(), url)?;
            registration::measure(plan, &installation, &mut report)?;
            logins::measure(plan, &installation, &mut report)
        })?,
        Err(_) => report.note("PostgreSQL was left out: REGISTRAR_TEST_POSTGRES is not set"),
    }
    report.print();
    Ok(())
}

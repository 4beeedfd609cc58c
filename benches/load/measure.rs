//! Rounds of load, taken in turns, and their medians.

use std::time::Duration;

use anyhow::Context as _;

use crate::Plan;
use crate::generator::{self, Answers, Target};
use crate::process::Process;

/// What is measured.
pub struct Side<'a> {
    /// The server.
    pub process: &'a Process,
    /// What it is asked.
    pub target: Target,
    /// Whether it is Registrar, which counts its statements.
    pub counts: bool,
}

/// What was measured: medians over the rounds.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Requests per second.
    pub rate: f64,
    /// CPU time of the server per request, in microseconds.
    pub cpu: f64,
    /// Half of the answers took no longer, in microseconds.
    pub p50: f64,
    /// 99 of 100 answers took no longer, in microseconds.
    pub p99: f64,
    /// Statements sent to the database per request.
    pub statements: f64,
    /// Look-ups of clients that memory could not answer, of all.
    pub misses: f64,
}

/// Measures servers in turns, after a short warm-up.
pub fn in_turns(plan: Plan, connections: usize, sides: &[Side<'_>]) -> anyhow::Result<Vec<Figures>> {
    for side in sides {
        generator::drive(&side.target, connections, plan.round / 4)?;
    }
    let mut rounds = vec![Vec::new(); sides.len()];
    for _ in 0..plan.rounds {
        for (side, figures) in sides.iter().zip(&mut rounds) {
            figures.push(one(plan.round, connections, side)?);
        }
    }
    rounds.iter().map(|rounds| medians(rounds)).collect()
}

fn one(length: Duration, connections: usize, side: &Side<'_>) -> anyhow::Result<Figures> {
    let before = if side.counts { Counters::read(side.process)? } else { Counters::default() };
    let cpu = side.process.cpu()?;
    let answers = generator::drive(&side.target, connections, length)?;
    let cpu = side.process.cpu()?.saturating_sub(cpu);
    let after = if side.counts { Counters::read(side.process)? } else { Counters::default() };
    Ok(Figures::of(&answers, cpu, &before, &after))
}

impl Figures {
    /// What answers cost: CPU time and what the server counted before and after.
    pub fn of(answers: &Answers, cpu: Duration, before: &Counters, after: &Counters) -> Self {
        let number = count(answers.latencies.len());
        let micros = |part: usize| answers.latencies[answers.latencies.len() * part / 100].as_secs_f64() * 1e6;
        let (hits, misses) = (after.hits - before.hits, after.misses - before.misses);
        Self {
            rate: number / answers.elapsed.as_secs_f64(),
            cpu: cpu.as_secs_f64() * 1e6 / number,
            p50: micros(50),
            p99: micros(99),
            statements: (after.statements - before.statements) / number,
            misses: misses / (hits + misses).max(1.0),
        }
    }
}

/// The medians of the rounds.
pub fn medians(rounds: &[Figures]) -> anyhow::Result<Figures> {
    let of = |field: fn(&Figures) -> f64| median(rounds.iter().map(field).collect());
    Ok(Figures {
        rate: of(|round| round.rate)?,
        cpu: of(|round| round.cpu)?,
        p50: of(|round| round.p50)?,
        p99: of(|round| round.p99)?,
        statements: of(|round| round.statements)?,
        misses: of(|round| round.misses)?,
    })
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> anyhow::Result<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().context("nothing was measured")
}

/// A count as a number to divide by.
pub fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// What Registrar counts.
#[derive(Debug, Default)]
pub struct Counters {
    statements: f64,
    hits: f64,
    misses: f64,
}

impl Counters {
    /// As they stand now.
    pub fn read(process: &Process) -> anyhow::Result<Self> {
        let text = String::from_utf8(generator::once(process.address, &generator::get("/metrics"))?)?;
        let value = |name: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
            found.unwrap_or_default()
        };
        Ok(Self {
            statements: value("registrar_database_statements_total"),
            hits: value("registrar_cache_lookups_total{cache=\"clients\",outcome=\"hit\"}"),
            misses: value("registrar_cache_lookups_total{cache=\"clients\",outcome=\"miss\"}"),
        })
    }
}

//! From exec to the first answer, and what an idle server takes.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::ensure;
use registrar::startup::FIRST_DOMAIN;

use crate::Plan;
use crate::database::Installation;
use crate::generator;
use crate::measure::median;
use crate::report::{Met, Report};

/// How long a start is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Time between two attempts.
const PAUSE: Duration = Duration::from_micros(500);

/// When an idle server has settled.
const SETTLED: Duration = Duration::from_secs(3);

/// Measures starts on an existing database, and the memory after the last one.
pub fn measure(plan: Plan, installation: &Installation, report: &mut Report) -> anyhow::Result<()> {
    let mut times = Vec::new();
    for _ in 0..plan.starts {
        times.push(first_answer(installation)?.as_secs_f64() * 1e3);
    }
    let ready = median(times)?;
    report.fact("from exec to the first answered discovery", format!("{ready:.0} ms"));
    report.target("ready within 150 ms", &Met::at_most(ready, 150.0));
    let server = installation.start()?;
    discover(installation)?;
    std::thread::sleep(SETTLED);
    let idle = f64::from(server.memory("VmRSS")?) / 1024.0;
    report.fact("idle memory, with a discovery answered", format!("{idle:.1} MiB"));
    report.target("idle memory within 30 MiB", &Met::at_most(idle, 30.0));
    Ok(())
}

fn first_answer(installation: &Installation) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let mut child = installation.command().stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    while discover(installation).is_err() && began.elapsed() < PATIENCE {
        std::thread::sleep(PAUSE);
    }
    let elapsed = began.elapsed();
    child.kill()?;
    child.wait()?;
    ensure!(elapsed < PATIENCE, "the server does not answer");
    Ok(elapsed)
}

fn discover(installation: &Installation) -> anyhow::Result<()> {
    let request = generator::get(&format!("/{FIRST_DOMAIN}/oidc/.well-known/openid-configuration"));
    generator::once(installation.address(), &request).map(drop)
}

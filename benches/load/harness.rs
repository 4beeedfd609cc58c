//! The harness mode: from exec to the first answer, a reset, what an idle one takes, and many at once.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use registrar::harness::CONTROL;
use registrar::startup::FIRST_DOMAIN;

use crate::generator;
use crate::measure::median;
use crate::process::{Process, free_address};
use crate::report::{Met, Report};

/// Starts and resets that are timed.
const STARTS: usize = 20;
const RESETS: usize = 50;

/// How many run at once.
const MANY: usize = 50;

/// When an idle server has settled.
const SETTLED: Duration = Duration::from_secs(3);

/// Measures starts, resets, memory, and many at once.
pub fn measure(report: &mut Report) -> anyhow::Result<()> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        let harness = start()?;
        discover(harness.address)?;
        times.push(milliseconds(began));
    }
    let ready = median(times)?;
    report.fact("harness, from exec to the first answered discovery", format!("{ready:.1} ms"));
    report.target("harness ready within 30 ms", &Met::at_most(ready, 30.0));
    let harness = start()?;
    discover(harness.address)?;
    std::thread::sleep(SETTLED);
    let idle = f64::from(harness.memory("VmRSS")?) / 1024.0;
    report.fact("harness, idle memory, with a discovery answered", format!("{idle:.1} MiB"));
    report.target("harness idle within 25 MiB", &Met::at_most(idle, 25.0));
    let mut times = Vec::new();
    for _ in 0..RESETS {
        let began = Instant::now();
        generator::once(harness.address, &generator::post(&format!("{CONTROL}/reset"), "", "application/json", ""))?;
        times.push(milliseconds(began));
    }
    let reset = median(times)?;
    report.fact("harness, a reset over HTTP, on a connection of its own", format!("{reset:.1} ms"));
    report.target("harness reset within 5 ms", &Met::at_most(reset, 5.0));
    let began = Instant::now();
    let all = (0..MANY).map(|_| start()).collect::<anyhow::Result<Vec<_>>>()?;
    for one in &all {
        discover(one.address)?;
    }
    report.fact("harness, 50 started one after the other, all answering", format!("{:.0} ms", milliseconds(began)));
    let memory = all.iter().map(|one| one.memory("VmRSS")).sum::<anyhow::Result<u32>>()?;
    report.fact("harness, memory of the 50 together", format!("{:.0} MiB", f64::from(memory) / 1024.0));
    Ok(())
}

fn start() -> anyhow::Result<Process> {
    let address = free_address()?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_registrar"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("REGISTRAR_") || name == "DATABASE_URL") {
        command.env_remove(name);
    }
    command.args(["harness", "--listen", &address.to_string()]);
    Ok(Process::start(&mut command, address)?.0)
}

fn discover(address: SocketAddr) -> anyhow::Result<()> {
    let request = generator::get(&format!("/{FIRST_DOMAIN}/oidc/.well-known/openid-configuration"));
    generator::once(address, &request).map(drop)
}

fn milliseconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}

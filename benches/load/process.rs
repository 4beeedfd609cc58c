//! Servers as child processes, and what the kernel tells of them.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};

/// What the kernel counts CPU time in, per second.
const TICKS: u32 = 100;

/// A child that listens; killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Process {
    /// Starts a program. Returns it with the first line of its output.
    pub fn start(command: &mut Command, address: SocketAddr) -> anyhow::Result<(Self, String)> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut process = Self { child, address };
        let output = process.child.stdout.take().context("there is no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        ensure!(!line.is_empty(), "the program ended without a word; see above");
        Ok((process, line))
    }

    /// CPU time taken so far, all threads, user and system.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in brackets may hold blanks.
        let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok()).context("no CPU time");
        Ok(Duration::from_secs(1) / TICKS * (ticks(11)? + ticks(12)?))
    }

    /// A line of `/proc/PID/status` such as `VmRSS`, in KiB.
    pub fn memory(&self, name: &str) -> anyhow::Result<u32> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).context("no such line")?;
        Ok(line.split_whitespace().next().context("no number")?.parse()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A loopback address that was free a moment ago.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

//! The table and the targets.

use std::fmt::Write as _;
use std::fs;

use crate::Plan;
use crate::measure::Figures;

/// A target's figure, and whether it is met.
#[derive(Debug)]
pub struct Met {
    text: String,
    met: bool,
}

impl Met {
    /// Whether a ratio is large enough.
    pub fn at_least(ratio: f64, least: f64) -> Self {
        Self { text: format!("{:.0} % (target {:.0} %)", ratio * 100.0, least * 100.0), met: ratio >= least }
    }

    /// Whether a figure is small enough.
    pub fn at_most(figure: f64, most: f64) -> Self {
        Self { text: format!("{figure:.4} (target {most})"), met: figure <= most }
    }
}

/// What was measured so far.
#[derive(Debug)]
pub struct Report {
    heading: String,
    rows: Vec<String>,
    facts: Vec<String>,
    targets: Vec<String>,
}

impl Report {
    /// An empty one that tells of the machine.
    pub fn new(plan: Plan) -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let heading = format!(
            "{} clients, {} rounds of {:?} each, {cores} cores shared with the generator, load {} at the start",
            plan.clients,
            plan.rounds,
            plan.round,
            load()
        );
        eprintln!("{heading}");
        Self { heading, rows: Vec::new(), facts: Vec::new(), targets: Vec::new() }
    }

    /// A figure beside its limit.
    pub fn compared(&mut self, name: &str, ours: Figures, limit: Figures) {
        let cpu = if limit.cpu > 0.0 { format!("{:.0} %", limit.cpu / ours.cpu * 100.0) } else { "-".to_owned() };
        self.row(format!(
            "{name:<52} {:>8.0} {:>8.0} {:>8.0} {:>8.1} {:>6.2} | {:>8.0} {:>8.1} | {:>6} {:>6}",
            ours.rate,
            ours.p50,
            ours.p99,
            ours.cpu,
            ours.statements,
            limit.rate,
            limit.cpu,
            format!("{:.0} %", ours.rate / limit.rate * 100.0),
            cpu,
        ));
    }

    fn row(&mut self, row: String) {
        eprintln!("{row}");
        self.rows.push(row);
    }

    /// Something else worth knowing.
    pub fn fact(&mut self, name: &str, value: impl AsRef<str>) {
        self.facts.push(format!("{name}: {}", value.as_ref()));
    }

    /// Something that was left out.
    pub fn note(&mut self, text: &str) {
        self.facts.push(text.to_owned());
    }

    /// A target and whether it is met.
    pub fn target(&mut self, name: &str, figure: &Met) {
        let verdict = if figure.met { "met" } else { "missed" };
        self.targets.push(format!("target {name}: {verdict}, {}", figure.text));
    }

    /// Prints it all.
    pub fn print(&self) {
        let mut text = format!("\n{}, {} at the end\n\n", self.heading, load());
        let _ = writeln!(
            text,
            "{:<52} {:>8} {:>8} {:>8} {:>8} {:>6} | {:>8} {:>8} | {:>6} {:>6}",
            "", "per s", "p50 us", "p99 us", "CPU us", "stmts", "limit/s", "CPU us", "rate", "CPU"
        );
        for part in [&self.rows, &self.facts, &self.targets] {
            for line in part {
                let _ = writeln!(text, "{line}");
            }
            text.push('\n');
        }
        print!("{text}");
    }
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("?").to_owned()
}

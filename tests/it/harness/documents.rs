//! What the documents show, run as it stands.

use std::path::Path;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::support::free_port;

const README: &str = include_str!("../../../README.md");

/// How long the lines of a page may take, on a machine that does much else.
const PATIENCE: Duration = Duration::from_mins(5);

/// The first block of a language in the README's section on the harness.
fn example(language: &str) -> &'static str {
    let (_, section) = README.split_once("## A real server to throw away").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let (_, block) = section.split_once(&format!("```{language}\n")).unwrap();
    block.split_once("```").unwrap().0
}

/// Runs shell lines with `registrar` among the programs.
async fn run(script: &str, folder: &Path) -> String {
    let own = Path::new(env!("CARGO_BIN_EXE_registrar")).parent().unwrap();
    let mut shell = Command::new("bash");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("REGISTRAR_") || name == "DATABASE_URL") {
        shell.env_remove(name);
    }
    shell.env("PATH", format!("{}:{}", own.display(), std::env::var("PATH").unwrap()));
    shell.arg("-c").arg(format!("set -euo pipefail\n{script}")).current_dir(folder).kill_on_drop(true);
    let output = timeout(PATIENCE, shell.output()).await.expect("the lines come to an end").unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

#[test]
fn the_example_in_rust_is_the_one_that_is_tested() {
    assert_eq!(example("rust"), include_str!("readme.rs"));
    for language in ["rust", "ts", "python"] {
        assert!(example(language).lines().count() < 20, "{language}");
    }
}

#[tokio::test]
async fn the_shell_lines_of_the_readme_work() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(example("sh"), folder.path()).await;
    assert!(said.contains("\"token\":\"") && said.contains("\"status\":503"), "{said}");
}

#[tokio::test]
async fn every_shell_line_of_the_page_works() {
    let page = include_str!("../../../docs/harness.md");
    let blocks: Vec<&str> = page.split("```sh\n").skip(1).map(|block| block.split_once("```").unwrap().0).collect();
    assert!(blocks.len() > 30, "the page has lost blocks");
    let folder = tempfile::tempdir().unwrap();
    // The one port that has to be known beforehand.
    let lines = blocks.concat().replace("18080", &free_port().to_string());
    let said = run(&lines, folder.path()).await;
    assert!(said.contains("\"active\":true") && said.contains("\"active\":false"), "{said}");
}

//! The README's walk-through, run as it stands against the real binary.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

/// The shell blocks between the two marks of the walk-through.
fn walk_through() -> String {
    let text = include_str!("../../README.md");
    let (_, rest) = text.split_once("<!-- walk-through:").unwrap();
    let (part, _) = rest.split_once("<!-- end of the walk-through -->").unwrap();
    let blocks: Vec<&str> = part.split("```sh\n").skip(1).map(|block| block.split_once("```").unwrap().0).collect();
    assert!(blocks.len() >= 11, "the walk-through has lost blocks");
    blocks.concat()
}

/// A program without the settings of whoever runs the tests.
fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("REGISTRAR_") || name == "DATABASE_URL") {
        command.env_remove(name);
    }
    command
}

/// Where the shell finds programs, `registrar` among them.
fn search_path() -> String {
    let own = Path::new(env!("CARGO_BIN_EXE_registrar")).parent().unwrap();
    format!("{}:{}", own.display(), std::env::var("PATH").unwrap())
}

#[tokio::test]
async fn every_line_of_the_walk_through_works_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = program(env!("CARGO_BIN_EXE_registrar"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    // The card ends with lines to paste into another shell.
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut pasted = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.trim_start().starts_with("export ") {
            pasted.push_str(line.trim_start());
            pasted.push('\n');
        }
        if line.contains("CLIENT_SECRET=") {
            break;
        }
    }
    let script = format!("set -euo pipefail\n{pasted}{}", walk_through());
    let mut shell = program("bash");
    shell.arg("-c").arg(script).current_dir(folder.path()).env("PATH", search_path());
    let output = shell.output().await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("Nightly export (EU)"), "{out}");
    assert!(out.contains(r#""active":true"#), "{out}");
    // Of the MCP server: what it serves, and that a token for somebody else is nothing to it.
    let challenge = "resource_metadata=\"http://127.0.0.1:3000/.well-known/oauth-protected-resource/mcp\"";
    assert!(out.contains(challenge), "{out}");
    assert!(out.ends_with(r#"{"active":false}"#), "{out}");
}

//! The `registrar` command: parses the command line, runs the command, prints the error.

use std::process::ExitCode;

use clap::Parser as _;
use registrar::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(cli.run(|subscriber| Ok(tracing::subscriber::set_global_default(subscriber)?))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("registrar: {error:#}");
    ExitCode::FAILURE
}

//! The `registrar` command: parses the command line, runs the command, prints the error.

use std::process::ExitCode;

use clap::Parser as _;
use registrar::cli::Cli;
use tokio::runtime::Builder;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Throw-away servers run many at once, each for one test at a time: one thread starts faster, and takes less memory.
    let mut runtime = if cli.is_harness() { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    let runtime = match runtime.enable_all().build() {
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

//! `driftline health`: whether a service is ready, for container engines that run a command to know.

use clap::Args as ClapArgs;

use super::client::{Question, Service, text};
use super::say;

/// Ask a running service whether it is ready: the store answers, the journal can be written, suites are loaded.
///
/// Container images without a shell have nothing else to ask with. Kubernetes asks `/healthz` and `/readyz` itself.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline health\n  driftline health --service https://driftline.example.com\n\nExit codes: 0 it is ready; 1 it says that it is not; 3 bad usage, or it does not answer."
)]
pub struct Args {
    #[command(flatten)]
    service: Service,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let (status, answer) = args.service.ask(Question { path: &["readyz"], ..Question::GET })?;
    if status == 200 {
        say(|out| writeln!(out, "ready"))?;
        return Ok(0);
    }
    say(|out| writeln!(out, "not ready: store {}, journal {}", text(&answer["store"]), text(&answer["journal"])))?;
    Ok(1)
}

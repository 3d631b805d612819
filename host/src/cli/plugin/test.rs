//! `driftline plugin test`: does a plugin do what its page says, and keep the laws?

use clap::Args as ClapArgs;

use super::Opening;
use crate::cli::say;
use crate::plugins::laws::{self, Outcome};
use crate::plugins::run_page;

/// Test a plugin: the cases of its page, then the laws on generated batches that fit its inputs.
///
/// A case of the page is a suite, records with their verdicts, and findings; `driftline kinds` shows many.
/// A record check gives the same verdicts in any instance, whatever stands beside a record. The states of a drift
/// test or a metric merge in any order to what one look at all records gives, an empty state changes nothing, and the
/// same records have the same answer. Parameters are the first of the schema's `examples` that fit it, or the
/// smallest that do. The cases are the same every time.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline plugin test intent-metrics.wasm\n  driftline plugin test intent-metrics.wasm --cases 1000\n\nExit codes: 0 all cases and laws hold; 1 one does not; 3 for a file that is no plugin."
)]
pub struct Args {
    #[command(flatten)]
    opening: Opening,
    /// Cases a law.
    #[arg(long, value_name = "N", default_value_t = 50)]
    cases: u32,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let plugin = args.opening.open()?;
    let (n_cases, wrong) = run_page(&plugin);
    let trials = laws::try_all(&plugin, args.cases);
    let broken = trials.iter().filter(|it| matches!(it.outcome, Outcome::Broken(_))).count();
    say(|out| {
        writeln!(out, "page")?;
        match n_cases {
            0 => writeln!(out, "  -       it has no cases; `rules/README.md` lists pages that do")?,
            n if wrong.is_empty() => writeln!(out, "  ok      it does what its page says ({n} cases)")?,
            _ => wrong.iter().try_for_each(|it| writeln!(out, "  BROKEN  {it}"))?,
        }
        let mut of = "";
        for it in &trials {
            if it.capability != of {
                of = &it.capability;
                writeln!(out, "{of}")?;
            }
            match &it.outcome {
                Outcome::Held(n) => writeln!(out, "  ok      {} ({n} cases)", it.law)?,
                Outcome::Broken(why) => writeln!(out, "  BROKEN  {}\n          {why}", it.law)?,
                Outcome::Untried(why) => writeln!(out, "  -       {}\n          {why}", it.law)?,
            }
        }
        writeln!(out, "{} of {} laws broken", broken, trials.len())
    })?;
    Ok(u8::from(broken + wrong.len() > 0))
}

//! `driftline plugin bench`: what a plugin costs.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::anyhow;
use clap::Args as ClapArgs;
use driftline_rules::plugin::Plugin;

use super::Opening;
use crate::cli::say;
use crate::plugins::laws::{self, Cost};

/// Measure a plugin: loading, memory, and the time of a record in batches of 1, 100 and 1,000.
///
/// Beside each time stands that of a native rule that only looks at the batch, in the same run: what is left is the
/// plugin's own work and the way into its memory. Best of several passes, one thread.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline plugin bench intent-metrics.wasm\n  driftline plugin bench intent-metrics.wasm --passes 200\n\nExit codes: 0; 3 for a file that is no plugin."
)]
pub struct Args {
    #[command(flatten)]
    opening: Opening,
    /// How often each batch is measured.
    #[arg(long, value_name = "N", default_value_t = 50)]
    passes: u32,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let folder = tempfile::tempdir()?;
    let cache = folder.path().join("compiled");
    let (cold, warm) = (load(args, &cache)?, load(args, &cache)?);
    let plugin = args.opening.open()?;
    let memory = plugin.memory().map_err(|it| anyhow!("{it}"))?;
    let costs = laws::measure(&plugin, args.passes.max(1));
    say(|out| {
        writeln!(out, "{} {}", plugin.about().name, plugin.about().version)?;
        writeln!(out, "  load: compiled {cold:.1} ms, from disk {warm:.1} ms")?;
        writeln!(out, "  memory: {} kB an instance before its first call", memory / 1_000)?;
        for (capability, costs) in &costs {
            writeln!(out, "{capability}")?;
            match costs {
                Ok(costs) => write_costs(costs, out)?,
                Err(why) => writeln!(out, "  not measured: {why}")?,
            }
        }
        Ok(())
    })?;
    Ok(0)
}

fn write_costs(costs: &[Cost], out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "  {:>8}  {:>12}  {:>12}", "batch", "ns a record", "native no-op")?;
    for it in costs {
        writeln!(out, "  {:>8}  {:>12.0}  {:>12.1}", it.rows, it.plugin, it.native)?;
    }
    Ok(())
}

/// Milliseconds from nothing to a plugin that is ready, with an engine of its own.
fn load(args: &Args, cache: &Path) -> anyhow::Result<f64> {
    let shelf = args.opening.shelf(Some(cache))?;
    let started = Instant::now();
    args.opening.open_on(&shelf)?;
    Ok(started.elapsed().as_secs_f64() * 1e3)
}

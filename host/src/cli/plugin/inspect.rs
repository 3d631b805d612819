//! `driftline plugin inspect`: all that is known of a plugin.

use std::io::Write;

use clap::Args as ClapArgs;
use driftline_rules::plugin::{Capability, Plugin, Task};
use serde_json::{Value, json};

use super::Opening;
use crate::cli::{Format, say};
use crate::plugins::LoadedPlugin;

/// Show what a plugin is: interfaces, name and version, rules with their parameters, size, digest and limits.
///
/// The plugin is loaded as a suite would load it, so a plugin that is refused is refused here, with all that is
/// wrong with it.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline plugin inspect intent-metrics.wasm\n  driftline plugin inspect intent-metrics.wasm --format json | jq -r .digest\n\nExit codes: 0; 3 for a file that is no plugin."
)]
pub struct Args {
    #[command(flatten)]
    opening: Opening,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let plugin = args.opening.open()?;
    say(|out| match args.format {
        Format::Text => write_text(&plugin, out),
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &to_json(&plugin))?;
            writeln!(out)
        }
    })?;
    Ok(0)
}

fn write_text(plugin: &LoadedPlugin, out: &mut dyn Write) -> std::io::Result<()> {
    let (about, facts, limits) = (plugin.about(), plugin.facts(), plugin.limits());
    writeln!(out, "{} {}\n{}\n", about.name, about.version, about.description)?;
    writeln!(out, "  digest   {}", about.digest)?;
    writeln!(out, "  size     {} bytes", facts.size)?;
    writeln!(out, "  wit      driftline:plugin {}", facts.interfaces.version().unwrap_or("unknown"))?;
    writeln!(out, "  imports  {}", listed(&facts.interfaces.imports))?;
    writeln!(out, "  exports  {}", listed(&facts.interfaces.exports))?;
    let how = if facts.cached { "read as compiled code" } else { "compiled" };
    writeln!(out, "  ready    {how} in {:.1} ms", facts.ready_after.as_secs_f64() * 1e3)?;
    if let Ok(memory) = plugin.memory() {
        writeln!(out, "  memory   {} kB an instance before its first call", memory / 1_000)?;
    }
    let (memory, time) = (limits.memory / 1_000_000, limits.time.as_millis());
    writeln!(out, "  limits   {memory} MB an instance, {time} ms a call")?;
    for it in &about.capabilities {
        writeln!(out, "\n{} ({})\n  {}", it.id, task(it.task), summary(it))?;
        for input in &it.inputs {
            let types: Vec<_> = input.accepts.iter().map(|it| it.name()).collect();
            let many = if input.many { ", any number of fields" } else { "" };
            let optional = if input.required { "" } else { ", optional" };
            writeln!(out, "  input    {}: {}{many}{optional}; {}", input.name, types.join(" or "), input.description)?;
        }
        for output in &it.outputs {
            let unit = output.unit.as_deref().map_or_else(String::new, |it| format!(" ({it})"));
            writeln!(out, "  output   {}{unit}; {}", output.name, output.description)?;
        }
        let params = serde_json::to_string_pretty(&it.params)?;
        writeln!(out, "  params   {}", params.replace('\n', "\n           "))?;
        if it.task != Task::RecordCheck {
            let merging = if it.mergeable { "merging equals observing all" } else { "cannot be merged exactly" };
            writeln!(out, "  state    version {}; {merging}", it.state_version)?;
        }
    }
    Ok(())
}

fn listed(them: &[String]) -> String {
    if them.is_empty() { "nothing".to_owned() } else { them.join(", ") }
}

fn task(it: Task) -> &'static str {
    match it {
        Task::RecordCheck => "record check",
        Task::DriftTest => "drift test",
        Task::Metric => "metric",
    }
}

fn summary(it: &Capability) -> String {
    let verb = if it.task == Task::Metric { "Measures" } else { "Expects" };
    format!("{verb} {}", it.summary)
}

fn to_json(plugin: &LoadedPlugin) -> Value {
    let (about, facts, limits) = (plugin.about(), plugin.facts(), plugin.limits());
    let capabilities = about.capabilities.iter().map(|it| {
        json!({
            "id": it.id, "task": task(it.task), "summary": it.summary, "params": it.params,
            "inputs": it.inputs.iter().map(|it| json!({
                "name": it.name, "accepts": it.accepts.iter().map(|it| it.name()).collect::<Vec<_>>(),
                "required": it.required, "many": it.many, "description": it.description,
            })).collect::<Vec<_>>(),
            "outputs": it.outputs.iter().map(|it| json!({
                "name": it.name, "unit": it.unit, "description": it.description,
            })).collect::<Vec<_>>(),
            "state_version": it.state_version, "mergeable": it.mergeable,
        })
    });
    json!({
        "name": about.name, "version": about.version, "description": about.description, "digest": about.digest,
        "size": facts.size, "wit": facts.interfaces.version(), "imports": facts.interfaces.imports,
        "exports": facts.interfaces.exports, "cached": facts.cached,
        "ready_ms": facts.ready_after.as_secs_f64() * 1e3, "memory": plugin.memory().ok(),
        "limits": {"memory": limits.memory, "time_ms": limits.time.as_millis() as u64},
        "capabilities": capabilities.collect::<Vec<_>>(), "page": about.page,
    })
}

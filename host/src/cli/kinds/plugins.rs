//! `driftline kinds --suite`: the rules of the plugins that a suite names.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use driftline_rules::plugin::{Capability, Plugin, Task};
use driftline_rules::suite::problem::did_you_mean;
use driftline_rules::suite::read;

use crate::plugins::beside;
use crate::wire::CapabilityOut;

/// A plugin of a suite, and what the suite calls it.
pub type Used = (String, Arc<dyn Plugin>);

/// The plugins of a suite. The error says which cannot be found.
pub fn of_suite(path: &Path) -> anyhow::Result<Vec<Used>> {
    let text = std::fs::read_to_string(path).map_err(|it| anyhow!("{}: {it}", path.display()))?;
    let plugins = beside(path.parent().unwrap_or_else(|| Path::new(".")));
    let (suite, _) = read(&text);
    let find = |wanted| plugins.find(wanted).map_err(|it| anyhow!("{}: {it}", path.display()));
    suite.plugins.iter().map(|it| Ok((it.wanted.name.clone(), find(&it.wanted)?))).collect()
}

/// The rule of this name, `plugin.rule` or `rule`; underscores are hyphens.
pub fn find<'u>(used: &'u [Used], name: &str) -> anyhow::Result<(&'u Used, &'u Capability)> {
    let wanted = name.replace('_', "-");
    let all = || used.iter().flat_map(|it| it.1.about().capabilities.iter().map(move |rule| (it, rule)));
    let full = |(it, rule): &(&Used, &Capability)| format!("{}.{}", it.0, rule.id).replace('_', "-");
    let found: Vec<_> = all().filter(|it| full(it) == wanted || it.1.id.replace('_', "-") == wanted).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            let names: Vec<_> = all().map(|it| full(&it)).collect();
            let hint = did_you_mean(&wanted, names.iter().map(String::as_str));
            bail!(
                "no plugin of the suite has a rule `{name}` ({})",
                hint.unwrap_or_else(|| format!("there are {}", names.join(", ")))
            )
        }
        several => {
            let names: Vec<_> = several.iter().map(full).collect();
            bail!("`{name}` is a rule of several plugins: say one of {}", names.join(", "))
        }
    }
}

/// All rules, a line each.
pub fn write_list(used: &[Used], out: &mut dyn Write) -> io::Result<()> {
    for (name, plugin) in used {
        let about = plugin.about();
        writeln!(out, "Of the plugin {name} ({} {}): {}\n", about.name, about.version, about.description)?;
        for it in &about.capabilities {
            writeln!(out, "    {name}.{}  {}", it.id, it.summary)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A rule with its inputs, outputs and parameters, then the page of its plugin.
pub fn write_rule((name, plugin): &Used, rule: &Capability, out: &mut dyn Write) -> io::Result<()> {
    let about = plugin.about();
    let verb = if rule.task == Task::Metric { "Measures" } else { "Expects" };
    writeln!(out, "{name}.{}  (plugin {} {}, {})\n", rule.id, about.name, about.version, about.digest)?;
    writeln!(out, "{verb} {}.", rule.summary.trim_end_matches('.'))?;
    for it in &rule.inputs {
        let types: Vec<_> = it.accepts.iter().map(|it| it.name()).collect();
        let many = if it.many { ", any number of fields" } else { "" };
        writeln!(out, "  input   {}: {}{many}; {}", it.name, types.join(" or "), it.description)?;
    }
    for it in &rule.outputs {
        let unit = it.unit.as_deref().map_or_else(String::new, |it| format!(" ({it})"));
        writeln!(out, "  output  {}{unit}; {}", it.name, it.description)?;
    }
    let params = serde_json::to_string_pretty(&rule.params)?;
    writeln!(out, "  params  {}\n", params.replace('\n', "\n          "))?;
    writeln!(out, "{}", about.page.trim_end())
}

/// A rule as JSON.
pub fn to_json((name, plugin): &Used, rule: &Capability) -> serde_json::Value {
    let about = plugin.about();
    serde_json::json!({
        "name": format!("{name}.{}", rule.id), "plugin": about.name, "version": about.version,
        "digest": about.digest, "rule": CapabilityOut::from(rule), "page": about.page,
    })
}

//! `driftline config`: the configuration of the service, before it starts.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::{CANNOT, complain, say};
use crate::config::{self, Flag, Sources};

/// Show or check the configuration of the service.
///
/// Settings come from defaults, a file (`driftline.yaml` in the working folder, or what `--config` or
/// `DRIFTLINE_CONFIG` names), variables and flags; the later wins. A variable is the setting's name in capitals after
/// `DRIFTLINE_`, with two underscores for each level: `DRIFTLINE_LIMITS__BODY=64MiB` is `limits: { body: 64MiB }`.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline config check\n  driftline config show --config /etc/driftline.yaml --set limits.body=64MiB\n  driftline schema config > driftline.schema.json     for editors\n\nExit codes: 0; 3 the configuration has problems."
)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Print the configuration in effect, each value with its source; secrets are hidden.
    Show(ConfigArgs),
    /// Find everything that is wrong with the configuration; each problem with its place.
    Check(ConfigArgs),
}

/// Where the configuration comes from.
#[derive(ClapArgs, Debug, Default)]
pub struct ConfigArgs {
    /// File of the configuration; default: what `DRIFTLINE_CONFIG` names, else `driftline.yaml` if it is there.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A setting, such as `limits.body=64MiB`; it wins over the file and the variables, and is visible to whoever may
    /// list processes.
    #[arg(long = "set", value_name = "SETTING=VALUE", value_parser = setting)]
    settings: Vec<Flag>,
}

impl ConfigArgs {
    /// All sources; `flags` are those that the command has beside.
    pub fn sources(&self, flags: impl IntoIterator<Item = Flag>) -> Sources {
        Sources::of_process(self.config.clone(), self.settings.iter().cloned().chain(flags).collect())
    }
}

fn setting(text: &str) -> Result<Flag, String> {
    let (path, value) = text.split_once('=').ok_or("a setting is written as `limits.body=64MiB`")?;
    Ok(Flag { name: "--set".to_owned(), path: path.trim().to_owned(), value: value.to_owned() })
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    match &args.verb {
        Verb::Show(from) => match config::load(&from.sources([])) {
            Ok(loaded) => {
                say(|out| out.write_all(loaded.show().as_bytes()))?;
                Ok(0)
            }
            Err(problems) => {
                complain(format_args!("{problems}"));
                Ok(CANNOT)
            }
        },
        Verb::Check(from) => match config::load(&from.sources([])) {
            Ok(loaded) => {
                let file = loaded.file.map_or_else(|| "no file".to_owned(), |it| it.display().to_string());
                say(|out| writeln!(out, "{file}: no problems"))?;
                Ok(0)
            }
            Err(problems) => {
                let n = problems.0.len();
                say(|out| writeln!(out, "{problems}\n{n} problem{}", if n == 1 { "" } else { "s" }))?;
                Ok(CANNOT)
            }
        },
    }
}

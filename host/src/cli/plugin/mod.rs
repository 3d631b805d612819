//! `driftline plugin`: making plugins, looking at them, testing and measuring them.

mod bench;
mod build;
mod inspect;
mod new;
mod remote;
mod test;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::{Args as ClapArgs, Subcommand};
use driftline_rules::plugin::Wanted;

use crate::plugins::{Cache, Found, Limits, LoadedPlugin, Runtime, Shelf, Trust};

/// Make plugins, look at them, test and measure them; bring them to services and registries.
///
/// A plugin is a WebAssembly component that exports the interfaces of `wit/`: rules in any language, which suites
/// name in their `plugins:` block. `docs/plugins.md` says more.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline plugin new --lang python my-check\n  driftline plugin build my-check\n  driftline plugin inspect my-check.wasm\n  driftline plugin test my-check.wasm\n  driftline plugin bench my-check.wasm\n  driftline plugin push my-check.wasm --activate\n\nExit codes: 0 done, and nothing is wrong; 1 the plugin breaks a law or a case of its page, or a service refuses it; 3 bad usage, or a file that is no plugin."
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    New(new::Args),
    Build(build::Args),
    Inspect(inspect::Args),
    Test(test::Args),
    Bench(bench::Args),
    Push(remote::Push),
    Pull(remote::Pull),
    List(remote::List),
    Activate(remote::Activate),
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    match &args.command {
        Command::New(args) => new::run(args),
        Command::Build(args) => build::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Test(args) => test::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Push(args) => remote::push(args),
        Command::Pull(args) => remote::pull(args),
        Command::List(args) => remote::list(args),
        Command::Activate(args) => remote::activate(args),
    }
}

/// What all of them take.
#[derive(ClapArgs, Debug)]
struct Opening {
    /// The component: `plugin.wasm`.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where compiled plugins are kept from run to run; without it nothing is kept.
    #[arg(long, value_name = "FOLDER", env = "DRIFTLINE_PLUGIN_CACHE")]
    cache: Option<PathBuf>,
    /// How long a call may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 2_000)]
    time: u64,
    /// Megabytes of memory that an instance may have.
    #[arg(long, value_name = "MB", default_value_t = 268)]
    memory: u64,
}

impl Opening {
    fn limits(&self) -> Limits {
        Limits {
            time: Duration::from_millis(self.time.max(1)),
            memory: self.memory.saturating_mul(1_000_000),
            ..Limits::default()
        }
    }

    /// An empty shelf; each time with an engine of its own.
    fn shelf(&self, cache: Option<&Path>) -> anyhow::Result<Arc<Shelf>> {
        let runtime = Runtime::new(self.limits(), 64).map_err(|it| anyhow!(it))?;
        let cache = cache.map(Cache::open).transpose().map_err(|it| anyhow!(it))?;
        Ok(Shelf::new(runtime, cache, Trust::default(), None))
    }

    /// The component and the signature beside it.
    fn found(&self) -> anyhow::Result<Found> {
        crate::plugins::read(&self.file, &self.limits()).map_err(|it| anyhow!(it))
    }

    fn open(&self) -> anyhow::Result<LoadedPlugin> {
        self.open_on(&self.shelf(self.cache.as_deref())?)
    }

    fn open_on(&self, shelf: &Arc<Shelf>) -> anyhow::Result<LoadedPlugin> {
        let name = self.file.file_stem().map(|it| it.to_string_lossy().into_owned());
        let file = self.file.to_str().context("the file's name is no UTF-8")?;
        let wanted = Wanted { name: name.unwrap_or_default(), file: Some(file.to_owned()), ..Wanted::default() };
        shelf.beside(Path::new("")).open(&wanted).map_err(|it| anyhow!(it))
    }
}

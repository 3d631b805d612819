//! `driftline demo`: what Driftline is for, in a minute.

use std::fs;

use anyhow::Context as _;
use chrono::{TimeDelta, Timelike as _, Utc};
use clap::Args as ClapArgs;

use super::say;
use super::serve::{Signals, log};
use crate::config::{Config, LogLevel};
use crate::demo::{SUITE, Simulator, play};
use crate::service::start::start;

/// Play a good day and a bad one of an intent router through the real service, and say what happened.
///
/// Everything is in a temporary folder, and is gone when the demo ends.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline demo\n  driftline demo --once --seed 7\n\nExit codes: 0; 3 it could not start."
)]
pub struct Args {
    /// End when the story is told; without it the service goes on until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// Plays other days.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The port; 0: any that is free.
    #[arg(short, long, default_value_t = 8080)]
    port: u16,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let room = tempfile::tempdir().context("a temporary folder")?;
    let suites = room.path().join("suites");
    fs::create_dir(&suites)?;
    fs::write(suites.join("intent-router.yaml"), SUITE)?;
    let mut config = Config::default();
    config.listen.set_port(args.port);
    config.data = room.path().join("data");
    config.suites = suites;
    config.log.level = LogLevel::Warn;
    log(&config);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let running = match start(&config, None).await {
            Ok(it) => it,
            // Something else is there, which is no reason to fail.
            Err(_) if args.port == 8080 => {
                config.listen.set_port(0);
                start(&config, None).await?
            }
            Err(error) => return Err(error),
        };
        let url = format!("http://{}", running.address);
        // Two whole days that have passed.
        let midnight = Utc::now() - TimeDelta::seconds(i64::from(Utc::now().num_seconds_from_midnight()));
        let simulator = Simulator::new(args.seed, midnight - TimeDelta::days(2));
        let (told, story) = tokio::task::spawn_blocking({
            let url = url.clone();
            move || -> anyhow::Result<_> {
                let mut out = std::io::stdout();
                let told = play(simulator, &url, &mut out)?;
                Ok((told, url))
            }
        })
        .await??;
        say(|out| {
            writeln!(out, "\n{} records checked over HTTP, {} failed.", told.records, told.failed)?;
            if args.once {
                return Ok(());
            }
            writeln!(out, "\nThe service is at {story}. Try:\n")?;
            writeln!(out, "  curl -s {url}/v1/suites/intent-router/check -d '{{\"id\":\"r1\",\"confidence\":93.1}}'")?;
            writeln!(out, "  curl -s '{url}/v1/failures?suite=intent-router&limit=3'")?;
            if let Some(id) = &told.bad {
                writeln!(out, "  curl -s {url}/v1/results/{id}")?;
            }
            writeln!(out, "  driftline history --data {} --suite intent-router --status fail", config.data.display())?;
            writeln!(out, "  {url}/docs in a browser\n\nCtrl-C ends it.")?;
            out.flush()
        })?;
        if !args.once {
            Signals::new()?.stop_of(&running).await;
        }
        running.stop().await
    })?;
    Ok(0)
}

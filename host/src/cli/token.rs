//! `driftline token`: tokens for the configuration.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use clap::{Args as ClapArgs, Subcommand};

use super::say;
use crate::config::Scope;
use crate::tokens::{fresh, hash};
use crate::yaml;

/// Make a token of the service, or the hash of one.
///
/// A program that asks the service sends its token as `Authorization: Bearer TOKEN`. The configuration holds only the
/// token's hash, so whoever reads it cannot ask in the program's name.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline token new scoring --scope check\n  driftline token new grafana --scope read --rate 20\n  driftline token hash < token.txt\n\nExit codes: 0; 3 for a name or a token that cannot be one."
)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Print a new token, this once, and the lines of the configuration that make it known.
    New {
        /// Who it is for: up to 64 letters, digits, `.`, `_` and `-`.
        #[arg(value_parser = name)]
        name: String,
        /// What it allows; may be given several times.
        #[arg(long = "scope", value_enum, required = true, value_name = "SCOPE")]
        scopes: Vec<Scope>,
        /// Requests in a second; default: any number.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        rate: Option<u32>,
        /// Requests at once before the rate counts; default: as many as the rate.
        #[arg(long, value_name = "N", requires = "rate", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        burst: Option<u32>,
    },
    /// Print the hash of the token that standard input holds.
    Hash,
}

fn name(text: &str) -> Result<String, String> {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-');
    let fits = text.len() <= 64 && text.starts_with(|it: char| it.is_ascii_alphanumeric()) && text.chars().all(plain);
    if fits { Ok(text.to_owned()) } else { Err("expected up to 64 letters, digits, `.`, `_` and `-`".to_owned()) }
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    match &args.verb {
        Verb::New { name, scopes, rate, burst } => {
            let token = fresh().context("the operating system gives no random numbers")?;
            let mut words: Vec<_> = Scope::ALL.into_iter().filter(|it| scopes.contains(it)).map(Scope::name).collect();
            words.dedup();
            say(|out| {
                writeln!(
                    out,
                    "{token}\n\n# The token above is shown this once. The configuration knows it by its hash:"
                )?;
                writeln!(out, "tokens:\n  - name: {}", yaml::text(name))?;
                writeln!(out, "    sha256: {}", yaml::text(&hash(&token)))?;
                writeln!(out, "    scopes: [{}]", words.join(", "))?;
                rate.map_or(Ok(()), |it| writeln!(out, "    rate: {it}"))?;
                burst.map_or(Ok(()), |it| writeln!(out, "    burst: {it}"))
            })?;
        }
        Verb::Hash => {
            let mut text = String::new();
            std::io::stdin().take(MAX_LENGTH).read_to_string(&mut text).context("standard input")?;
            let token = text.trim_end_matches(['\r', '\n']);
            if token.len() < MIN_LENGTH || !token.bytes().all(|it| it.is_ascii_graphic()) {
                bail!(
                    "a token is {MIN_LENGTH} characters or more without spaces, or it could be guessed (`driftline token new` makes one)"
                );
            }
            say(|out| writeln!(out, "{}", hash(token)))?;
        }
    }
    Ok(0)
}

/// What a hash without salt keeps secret: a shorter text could be found by trying all.
const MIN_LENGTH: usize = 20;

/// What fits into a header.
const MAX_LENGTH: u64 = 8_000;

//! `driftline import`: suites of other tools into the short form.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args as ClapArgs, ValueEnum};

use super::{CANNOT, complain, say};
use crate::import::import;

/// Turn a suite of Great Expectations into Driftline's short form.
///
/// Reads the JSON (or YAML) that Great Expectations 0.x and 1.x save. Great Expectations' own suites
/// work with `driftline check` as they are; the short form is easier to read and write, and stricter:
/// a value of a wrong type fails its record instead of the whole check. What cannot be carried over is
/// said on standard error with its place, and stands in the result as a comment; nothing is dropped in
/// silence.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline import gx my_suite.json -o suite.yaml\n  driftline import gx my_suite.json | driftline lint /dev/stdin\n\nExit codes: 0 every expectation is carried over; 1 some are left out; 3 it is no suite."
)]
pub struct Args {
    /// Whose suite it is.
    #[arg(value_enum, value_name = "FORM")]
    form: Form,
    /// The suite.
    #[arg(value_name = "SUITE")]
    suite: PathBuf,
    /// Write the result to a file; default: standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A tool that suites come from.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Great Expectations, 0.x or 1.x.
    Gx,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let Form::Gx = args.form;
    let file = args.suite.display().to_string();
    let source = fs::read_to_string(&args.suite).with_context(|| file.clone())?;
    let imported = match import(&source, &file) {
        Ok(it) => it,
        Err(problems) => {
            for problem in &problems {
                complain(format_args!("{file}:{problem}"));
            }
            return Ok(CANNOT);
        }
    };
    for problem in &imported.lost {
        complain(format_args!("{file}:{problem}"));
    }
    complain(format_args!("{} expectations carried over, {} left out", imported.carried, imported.left_out));
    match &args.output {
        Some(path) => fs::write(path, &imported.yaml).with_context(|| path.display().to_string())?,
        None => say(|out| out.write_all(imported.yaml.as_bytes()))?,
    }
    Ok(u8::from(imported.left_out > 0))
}

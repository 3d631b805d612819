//! `driftline drift`: two inputs, column by column.

mod show;
mod sides;
mod together;

use std::sync::OnceLock;
use std::thread;

use anyhow::{anyhow, bail};
use clap::{Args as ClapArgs, ValueEnum};
use driftline_rules::drift::{Params, multiplicity};
use driftline_rules::suite::problem::did_you_mean;
use serde_json::json;

use super::check::Reading;
use super::{CANNOT, complain, given};
use crate::columns::{Column, Table};
use crate::drift::{Asked, Entry, correct};
use crate::files::Input;
use crate::passes::Pass;
use crate::scan::spread;
use sides::{compared, fit, missing};

/// Compare two inputs column by column.
///
/// Says of each column that both inputs have whether its values are from one distribution, with a test that is chosen
/// by type and size, or with the one that `--test` names. Columns of numbers are compared as numbers, booleans and
/// texts as categories, long texts that hardly repeat as texts, lists of numbers as vectors; nulls and NaN are left
/// out. `driftline kinds` lists the tests, `driftline kinds ks` shows the page of one. `domain_classifier` and
/// `pca_reconstruction` compare several columns together, record by record.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline drift --reference train.parquet --current today.parquet\n  driftline drift --reference jan.csv --current feb.csv --column amount --test ks --param method=exact\n  driftline drift --reference jan.csv --current feb.csv --test pca_reconstruction --column amount --column age\n  driftline drift --reference a.ndjson --current 'b/*.ndjson' --correction holm --format markdown\n  driftline drift --reference counts_a.csv --current counts_b.csv --weights count --test chi_square\n\nExit codes: 0 no column drifted; 1 at least one did; 3 bad usage, unreadable data, or nothing could be compared."
)]
pub struct Args {
    /// The reference: files or patterns, NDJSON, JSON array, CSV, Parquet, also .gz and .zst; `-` is standard input.
    #[arg(long, required = true, value_name = "DATA", num_args = 1..)]
    reference: Vec<String>,
    /// What is compared with it.
    #[arg(long, required = true, value_name = "DATA", num_args = 1..)]
    current: Vec<String>,
    /// A column, `a.b` for a member of an object; may be repeated. Default: all.
    #[arg(short, long = "column", value_name = "COLUMN")]
    columns: Vec<String>,
    /// The test of every column; default: chosen by type and size.
    #[arg(short, long, value_name = "NAME")]
    test: Option<String>,
    /// A parameter of the test; may be repeated.
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// The level of tests with a p-value; default: that of the test.
    #[arg(long, value_name = "LEVEL")]
    alpha: Option<f64>,
    /// How p-values are corrected for the number of columns: a column drifts only if its corrected one says so too.
    #[arg(long, value_enum, default_value_t = Correction::None)]
    correction: Correction,
    /// A column of counts: each row stands for so many.
    #[arg(long, value_name = "COLUMN")]
    weights: Option<String>,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    reading: Reading,
}

/// A correction for many tests.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Correction {
    /// None: some columns of many drift by chance.
    None,
    /// Holm's: the chance of any false alarm is at most the level.
    Holm,
    /// Benjamini and Hochberg's: the share of false alarms among all is at most the level.
    Bh,
}

/// A format of the answer.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// A table, for a comment or a page.
    Markdown,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let mut params = Params(given::params(&args.params)?);
    if let Some(alpha) = args.alpha {
        if !(alpha > 0.0 && alpha < 1.0) {
            bail!("`--alpha` must be between 0 and 1, not {alpha}");
        }
        if params.0.insert("alpha".to_owned(), json!(alpha)).is_some() {
            bail!("alpha is given twice, as `--alpha` and as `--param`");
        }
    }
    let test = Asked::new(args.test.as_deref(), &params).map_err(|it| anyhow!(it))?;
    if args.reference == ["-"] && args.current == ["-"] {
        bail!("standard input (`-`) cannot be both the reference and what is compared with it");
    }
    let (reference, current) = if args.reading.threads() > 1 {
        thread::scope(|scope| {
            let other = scope.spawn(|| read(args, &args.current, test));
            let reference = read(args, &args.reference, test);
            (reference, other.join().unwrap_or_else(|it| std::panic::resume_unwind(it)))
        })
    } else {
        (read(args, &args.reference, test), read(args, &args.current, test))
    };
    // What is wrong with both is told one side after the other.
    let (reference, reference_fault) = told(&args.reference, reference?)?;
    let (current, current_fault) = told(&args.current, current?)?;
    let entries = match together::columns(args, test, &reference.0, &current.0)? {
        Some(columns) => vec![together::entry(args, &columns, test, &params, [&reference.1, &current.1])?],
        None => compare(args, test, &params, &reference.0, &current.0)?,
    };
    show::write(&entries, args.format)?;
    let any = |is: fn(&Entry) -> bool| entries.iter().any(is);
    Ok(match () {
        () if reference_fault || current_fault => CANNOT,
        () if any(|it| it.drifted == Some(true)) => 1,
        () if any(|it| it.drifted.is_some()) => 0,
        () => {
            complain(format_args!("error: no column could be compared"));
            CANNOT
        }
    })
}

/// A side with what it is read from.
fn read(args: &Args, data: &[String], test: Asked) -> anyhow::Result<(Pass<Table>, Vec<Input>)> {
    let inputs = Reading::inputs(data)?;
    if test.takes_rows() {
        // It is read again, record by record.
        inputs.iter().for_each(Input::hold);
    }
    let pass = Table::read(&inputs, &args.reading.files()?, &args.reading.csv_nulls(), args.weights.as_deref());
    Ok((pass, inputs))
}

/// Tells of what could not be read of a side; and whether there was any.
fn told(data: &[String], (pass, inputs): (Pass<Table>, Vec<Input>)) -> anyhow::Result<((Table, Vec<Input>), bool)> {
    given::tell(&pass);
    let data = data.join(", ");
    if let Some(why) = &pass.seen.bad_weight {
        bail!("{data}: {why}");
    }
    if pass.seen.crowded {
        complain(format_args!("warning: {data}: there are too many columns; the first ones are compared"));
    }
    Ok(((pass.seen, inputs), !pass.faults.is_empty()))
}

fn compare(
    args: &Args,
    test: Asked,
    params: &Params,
    reference: &Table,
    current: &Table,
) -> anyhow::Result<Vec<Entry>> {
    let (before, now) = (reference.columns(), current.columns());
    let names: Vec<String> = if args.columns.is_empty() {
        let all = before.iter().chain(now.iter().filter(|(name, _)| !before.iter().any(|it| it.0 == *name)));
        all.map(|it| it.0.clone()).filter(|it| args.weights.as_ref() != Some(it)).collect()
    } else {
        args.columns.clone()
    };
    let of = |columns: &[(String, &Column)], name: &str| columns.iter().position(|it| it.0 == name);
    let entries: Vec<OnceLock<Entry>> = names.iter().map(|_| OnceLock::new()).collect();
    let mut both = Vec::new();
    for (i, name) in names.into_iter().enumerate() {
        let sides = (of(&before, &name).and_then(|it| before.get(it)), of(&now, &name).and_then(|it| now.get(it)));
        let alone = match sides {
            (Some((_, a)), Some((_, b))) => {
                both.push((i, name, a, b));
                continue;
            }
            (None, None) => {
                let hint = did_you_mean(&name, before.iter().chain(&now).map(|it| it.0.as_str()));
                let hint = hint.map_or_else(String::new, |it| format!(" ({it})"));
                bail!("neither side has a column `{name}`{hint}");
            }
            (has, _) => {
                let (has, lacks) =
                    if has.is_some() { ("reference", "current side") } else { ("current side", "reference") };
                let error = Some(format!("only the {has} has this column; the {lacks} has not"));
                let n = |it: Option<&(String, &Column)>| it.map_or(0, |it| it.1.n());
                let test = test.name();
                Entry { column: name, test, n: n(sides.0), m: n(sides.1), error, ..Entry::default() }
            }
        };
        if let Some(slot) = entries.get(i) {
            let _ = slot.set(alone);
        }
    }
    spread(args.reading.threads(), both.len(), &|at| {
        if let Some((i, name, a, b)) = both.get(at)
            && let Some(slot) = entries.get(*i)
        {
            let _ = slot.set(entry(name.clone(), a, b, test, params));
        }
    });
    let mut entries: Vec<Entry> = entries.into_iter().filter_map(OnceLock::into_inner).collect();
    let correction = match args.correction {
        Correction::None => None,
        Correction::Holm => Some(multiplicity::Correction::Holm),
        Correction::Bh => Some(multiplicity::Correction::BenjaminiHochberg),
    };
    if let Some(it) = correction {
        correct(it, &mut entries, params);
    }
    Ok(entries)
}

fn entry(column: String, a: &Column, b: &Column, test: Asked, params: &Params) -> Entry {
    let compared = if test.is_missing() { Ok(missing(a, b)) } else { compared(a, b) };
    Entry::of((column, a.n(), b.n()), compared, test, params, |sides, test| fit(sides, test, a, b))
}

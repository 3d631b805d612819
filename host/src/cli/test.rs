//! `driftline test`: the examples of a suite against the suite itself.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args as ClapArgs;
use driftline_rules::kind::Scope;
use driftline_rules::plan::{Expectation, Options};
use driftline_rules::report::Outcome;
use driftline_rules::run::{self, Explanation, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::suite::Example;
use driftline_rules::value::Value;

use super::{CANNOT, complain, say};
use crate::output::json_value::to_line;
use crate::suites::{self, Loaded};

/// Run the examples that a suite carries.
///
/// A suite may hold `examples:`, records with the verdict that they must get: each passes every check of
/// one record, or fails exactly the expectations named in `fails:`, by `name`, kind or title (as
/// `driftline check` shows it, such as `score between`). Run it whenever a suite changes: a rule that no
/// longer catches what it was written for shows here, before the data does.
///
///   examples:
///     - record: { score: 0.4 }
///     - name: a score is a probability
///       record: { score: 1.5 }
///       fails: [between]
///
/// Rules about windows (`mean_between`, `unique` ...) are not judged by one record.
#[derive(ClapArgs, Debug)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:\n  driftline test suite.yaml\n  driftline test suites/*.yaml --now 2024-05-01T12:00:00Z\n\nExit codes: 0 every example is as stated; 1 some are not; 3 a suite cannot be used."
)]
pub struct Args {
    /// Suites with `examples:`.
    #[arg(required = true, value_name = "SUITE")]
    suites: Vec<PathBuf>,
    /// The time that `fresh` and `lag` take for now (RFC 3339); default: the clock.
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let now = super::check::now(args.now.as_deref())?;
    let (mut n_examples, mut n_wrong, mut cannot) = (0, 0, false);
    for path in &args.suites {
        let loaded = match suites::load(path, &Options::default()) {
            Ok(it) if it.problems.is_empty() => it,
            Ok(it) => {
                cannot = true;
                for problem in &it.problems {
                    complain(format_args!("{}:{problem}", it.file));
                }
                continue;
            }
            Err(message) => {
                cannot = true;
                complain(format_args!("error: {message}"));
                continue;
            }
        };
        if loaded.plan.examples.is_empty() {
            complain(format_args!("{}: the suite has no `examples:`", loaded.file));
        }
        for (i, example) in loaded.plan.examples.iter().enumerate() {
            let differences = differences(&loaded, example, now);
            n_examples += 1;
            n_wrong += usize::from(!differences.is_empty());
            say(|out| write(&loaded, i, example, &differences, out))?;
        }
    }
    let s = if n_examples == 1 { "" } else { "s" };
    say(|out| writeln!(out, "{n_examples} example{s}: {} as stated, {n_wrong} not", n_examples - n_wrong))?;
    Ok(match n_wrong {
        _ if cannot => CANNOT,
        0 => 0,
        _ => 1,
    })
}

/// Whether a name in `fails:` means this expectation.
pub fn names(name: &str, expectation: &Expectation) -> bool {
    name == expectation.kind_name() || name == expectation.type_name || name == expectation.title()
}

/// What is not as the example states it.
fn differences(loaded: &Loaded, example: &Example, now: i64) -> Vec<String> {
    let plan = &loaded.plan;
    let mut cells = vec![Value::Missing; plan.shape.width()];
    plan.shape.fill(&example.record, &mut cells);
    let mut fold = Fold::new(plan, Keep { values: 0, all_rows: false });
    run::check(plan, &mut cells, 0, now, &mut fold);
    let explained = run::explain(plan, &cells, now, &fold.failed);
    let failed: Vec<&Explanation> =
        explained.iter().filter(|it| matches!(it.outcome, Some(Outcome::Fail | Outcome::Mismatch))).collect();
    let of = |it: &Explanation| &plan.expectations[it.expectation];
    let mut differences = Vec::new();
    for it in &failed {
        let expectation = of(it);
        if example.fails.iter().any(|name| names(name, expectation)) {
            continue;
        }
        let why = it.why.as_ref().map_or_else(String::new, |it| format!(": {it}"));
        differences.push(format!(
            "fails `{}` ({}:{}): {} is not {}{why}",
            expectation.title(),
            loaded.file,
            expectation.at.line,
            to_line(&it.value),
            it.bound
        ));
    }
    for name in &example.fails {
        if failed.iter().any(|it| names(name, of(it))) {
            continue;
        }
        let meant: Vec<_> = explained.iter().filter(|it| names(name, of(it))).collect();
        let lines = meant.iter().map(|it| format!("{}:{}", loaded.file, of(it).at.line)).collect::<Vec<_>>().join(", ");
        differences.push(match meant.first() {
            None => format!("must fail `{name}`, but the suite has no such expectation"),
            Some(it) if of(it).kind.scope == Scope::Window => {
                format!("must fail `{name}` ({lines}), which judges windows; one record cannot fail it")
            }
            Some(it) if it.outcome == Some(Outcome::Pass) => {
                format!("must fail `{name}` ({lines}), but {} is {}", to_line(&it.value), it.bound)
            }
            Some(it) if !it.concerned => {
                format!("must fail `{name}` ({lines}), but its `when` leaves the record out")
            }
            Some(it) if it.outcome == Some(Outcome::Error) => {
                format!("must fail `{name}` ({lines}), but it could not be judged: {}", it.why.as_deref().unwrap_or(""))
            }
            Some(_) => format!("must fail `{name}` ({lines}), but there is nothing to judge: the value is null"),
        });
    }
    differences
}

fn write(loaded: &Loaded, i: usize, example: &Example, differences: &[String], out: &mut dyn Write) -> io::Result<()> {
    let name = example.name.clone().unwrap_or_else(|| format!("examples[{i}]"));
    let word = if differences.is_empty() { "ok" } else { "differs" };
    writeln!(out, "{}:{}: {name}: {word}", loaded.file, example.at.line)?;
    differences.iter().try_for_each(|it| writeln!(out, "  {it}"))
}

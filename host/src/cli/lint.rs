//! `driftline lint`: everything that is wrong with suites, at once.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use driftline_rules::expectation;
use driftline_rules::plan::Options;
use driftline_rules::plan::signals::Spec;
use driftline_rules::suite::problem::{At, Problem};
use driftline_rules::suite::signals::Signal;
use driftline_rules::value::Value;
use serde_json::json;

use super::{CANNOT, say};
use crate::suites::{self, Loaded};

/// Find everything that is wrong with suites, without data.
///
/// Reads each suite, its JSON Schema and the files that refers to, resolves every kind and parameter,
/// compiles every pattern and condition, and tells all problems at once, each with its place and, where
/// one is known, the mend. Warnings are about what can be evaluated but hardly is what was meant.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline lint suite.yaml\n  driftline lint suites/*.yaml --format github     annotations in a pull request\n\nEach line is `file:line:column: path: message (hint)`.\n\nExit codes: 0 no errors, though there may be warnings; 3 at least one error."
)]
pub struct Args {
    /// Suites, YAML or JSON, of Driftline's or Great Expectations' form.
    #[arg(required = true, value_name = "SUITE")]
    suites: Vec<PathBuf>,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// A format of the answer.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// For people and editors.
    Text,
    /// For programs.
    Json,
    /// Workflow commands, which GitHub shows beside the changed lines.
    Github,
}

/// How bad a remark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }
}

/// Something about a suite.
struct Remark {
    file: String,
    level: Level,
    problem: Problem,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let mut remarks = Vec::new();
    let mut shown: Vec<(String, Vec<Spec>)> = Vec::new();
    for path in &args.suites {
        let file = path.display().to_string();
        let remark = |level, problem| Remark { file: file.clone(), level, problem };
        match suites::load(path, &Options::default()) {
            Err(message) => {
                let message = message.strip_prefix(&format!("{file}: ")).unwrap_or(&message).to_owned();
                remarks.push(remark(Level::Error, Problem::new(At::START, message)));
            }
            Ok(loaded) => {
                let mut warnings = warnings(&loaded);
                warnings.extend(beside(&loaded, &shown));
                shown.push((file.clone(), loaded.plan.signals.families.clone()));
                let mut found: Vec<_> = loaded.problems.into_iter().map(|it| remark(Level::Error, it)).collect();
                found.extend(warnings.drain(..).map(|it| remark(Level::Warning, it)));
                found.sort_by_key(|it| it.problem.at);
                remarks.append(&mut found);
            }
        }
    }
    say(|out| write(&remarks, args, out))?;
    Ok(if remarks.iter().any(|it| it.level == Level::Error) { CANNOT } else { 0 })
}

/// Signals that one service cannot show beside those of the suites that were named before.
fn beside(loaded: &Loaded, shown: &[(String, Vec<Spec>)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for mine in &loaded.plan.signals.families {
        let clash = shown.iter().find_map(|(file, all)| Some((file, all.iter().find_map(|it| mine.against(it))?)));
        let place = loaded.suite.signals.iter().find(|it| it.name == mine.name);
        if let (Some((file, why)), Some(place)) = (clash, place) {
            let message = format!("one service cannot have this suite and {file}: {why}");
            problems.push(Problem::new(place.at, message).within(&place.path).hint(Signal::ALIKE));
        }
    }
    problems
}

/// What can be evaluated, but hardly is what was meant.
fn warnings(loaded: &Loaded) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let own = || loaded.plan.expectations.iter().skip(loaded.plan.n_implicit);
    let is_empty = loaded.suite.schema.is_none() && loaded.suite.types.is_empty() && loaded.plan.signals.is_empty();
    if own().next().is_none() && is_empty {
        warnings.push(Problem::new(At::START, "the suite expects nothing").hint("add entries under `expectations:`"));
    }
    for signal in &loaded.suite.signals {
        for (label, _) in signal.labels.iter().filter(|it| matches!(it.0.as_str(), "job" | "instance")) {
            let message =
                format!("Prometheus gives each target the label `{label}`, and calls this one `exported_{label}`");
            warnings.push(Problem::new(signal.at, message).within(&signal.path).hint("another name for the label"));
        }
    }
    let mut seen: HashMap<String, (&str, At)> = HashMap::new();
    for it in own() {
        let kwargs = match &it.kwargs {
            Value::Map(members) => members.iter().filter(|(name, _)| name != "mostly").collect(),
            _ => Vec::new(),
        };
        // The short and the GX form of one expectation judge differently, so they are two.
        let key = format!(
            "{:?} {} {:?} {kwargs:?} {:?} {} {:?}",
            it.form, it.type_name, it.fields, it.when, it.mostly, it.over
        );
        match seen.get(&key) {
            Some((path, at)) => {
                let message = format!("`{}` expects the same as {path} in line {}", it.title(), at.line);
                warnings.push(Problem::new(it.at, message).within(&it.path).hint("keep one"));
            }
            None => {
                seen.insert(key, (&it.path, it.at));
            }
        }
        if it.mostly == 0.0 {
            let hint = "0.95 means that at least 95 % must hold; to watch without failing, use `severity: info`";
            warnings.push(Problem::new(it.at, "`mostly: 0` holds whatever the data").within(&it.path).hint(hint));
        }
    }
    for (i, example) in loaded.suite.examples.iter().enumerate() {
        for name in &example.fails {
            if loaded.plan.expectations.iter().any(|it| super::test::names(name, it)) {
                continue;
            }
            let hint = match expectation::find(name) {
                Some(_) => "the suite has no expectation of that kind",
                None => "name an expectation by its `name`, its kind, or as `driftline check` shows it",
            };
            let message = format!("`fails: {name}` names no expectation of the suite");
            warnings.push(Problem::new(example.at, message).within(&format!("examples[{i}]")).hint(hint));
        }
    }
    warnings
}

fn write(remarks: &[Remark], args: &Args, out: &mut dyn Write) -> io::Result<()> {
    let count = |level| remarks.iter().filter(|it| it.level == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    match args.format {
        Format::Text => {
            for Remark { file, level, problem } in remarks {
                let word = if *level == Level::Warning { " warning:" } else { "" };
                let text = problem.to_string();
                let place = format!("{}:{}:", problem.at.line, problem.at.column);
                let said = text.strip_prefix(&place).unwrap_or(&text);
                writeln!(out, "{file}:{place}{word}{said}")?;
            }
            let s = |n: usize| if n == 1 { "" } else { "s" };
            let n = args.suites.len();
            writeln!(out, "{n} suite{}: {errors} error{}, {warnings} warning{}", s(n), s(errors), s(warnings))
        }
        Format::Json => {
            let remarks: Vec<_> = remarks.iter().map(to_json).collect();
            let all = json!({"errors": errors, "warnings": warnings, "problems": remarks});
            serde_json::to_writer_pretty(&mut *out, &all)?;
            writeln!(out)
        }
        Format::Github => remarks.iter().try_for_each(|Remark { file, level, problem }| {
            let At { line, column } = problem.at;
            let hint = problem.hint.as_ref().map_or_else(String::new, |it| format!(" ({it})"));
            let title = if problem.path.is_empty() { "driftline" } else { &problem.path };
            writeln!(
                out,
                "::{} file={},line={line},col={column},title={}::{}",
                level.name(),
                property(file),
                property(title),
                data(&format!("{}{hint}", problem.message))
            )
        }),
    }
}

fn to_json(Remark { file, level, problem }: &Remark) -> serde_json::Value {
    json!({
        "level": level.name(),
        "file": file,
        "line": problem.at.line,
        "column": problem.at.column,
        "path": problem.path,
        "message": problem.message,
        "hint": problem.hint,
    })
}

/// A workflow command's message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A workflow command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

//! Pages: Markdown that is documentation, specification and test at once.
//!
//! A page holds cases. A case is a block `yaml suite` (a suite, or a bare list of expectations), then a
//! block `json records` (one record a line, `# pass`, `# fail` or `# skip` after it where a verdict on the
//! record is stated), then, if windows are stated, a block `yaml finding`: a mapping for the one
//! expectation of the suite, or a list, one for each. A finding states any of `status`, `elements`,
//! `missing`, `unexpected`, `rows` (positions of unexpected records), `values` (those records' values),
//! `observed`, `details`, `exact`, `why` (a part of the reason), `bound` and, at the page's own choice,
//! any member of GX's result.
//! A block `yaml segments` states the segments of the records: a mapping of each name, in their order, to such a list for
//! the expectations that are judged of it, or to null.
//! A block `json baseline` holds the records that the window is compared with.
//! A block `yaml problem` in place of the records states a part of the message that compiling gives.
//! A comment line `# now: 2024-05-01T12:00:00Z` among the records sets the clock (default: 2024-01-01T00:00:00Z).

use crate::baseline::Baseline;
use crate::plan::{Options, Plan, compile};
use crate::record;
use crate::report::Outcome;
use crate::run::{self, Finding, Fold};
use crate::samples::Keep;
use crate::segments::{self, Judged, Segmented};
use crate::suite::node::{self, Node};
use crate::suite::read;
use crate::time::{Time, Timestamp};
use crate::value::Value;

/// One case of a page.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// The heading above it.
    pub title: String,
    /// The line of the page at which its suite begins.
    pub line: usize,
    /// The suite.
    pub suite: String,
    /// The records with the verdict stated for each.
    pub records: Vec<(String, Option<Outcome>)>,
    /// The records of the baseline, if there is one.
    pub baseline: Option<Vec<(String, Option<Outcome>)>>,
    /// The clock.
    pub now: Timestamp,
    /// What is stated of the window.
    pub findings: Option<String>,
    /// What is stated of the segments.
    pub segments: Option<String>,
    /// What compiling must complain of.
    pub problem: Option<String>,
}

/// 2024-01-01T00:00:00Z.
const NEW_YEAR: Timestamp = 1_704_067_200_000_000;

/// The cases of a page.
pub fn cases(page: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut title = String::new();
    let mut block: Option<(&str, usize, String)> = None;
    for (i, line) in page.lines().enumerate() {
        match (&mut block, line.strip_prefix("```")) {
            (Some(_), Some(_)) => {
                if let Some((info, line, text)) = block.take() {
                    close(&mut cases, &title, info, line, text);
                }
            }
            (Some((_, _, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, Some(info)) => block = Some((info.trim(), i + 2, String::new())),
            (None, None) => {
                if let Some(heading) = line.strip_prefix('#') {
                    heading.trim_start_matches('#').trim().clone_into(&mut title);
                }
            }
        }
    }
    cases
}

fn close(cases: &mut Vec<Case>, title: &str, info: &str, line: usize, text: String) {
    if info == "yaml suite" {
        cases.push(Case { title: title.to_owned(), line, suite: text, now: NEW_YEAR, ..Case::default() });
        return;
    }
    let Some(case) = cases.last_mut() else { return };
    match info {
        "json records" => {
            for line in text.lines().filter(|it| !it.trim().is_empty()) {
                if let Some(comment) = line.trim().strip_prefix('#') {
                    if let Some(now) = comment.trim().strip_prefix("now:").and_then(Time::parse) {
                        case.now = now.micros;
                    }
                    continue;
                }
                let verdicts = [("pass", Outcome::Pass), ("fail", Outcome::Fail), ("skip", Outcome::Skip)];
                let found = verdicts.iter().find_map(|(word, outcome)| {
                    let record = line.trim_end().strip_suffix(word)?.trim_end().strip_suffix('#')?;
                    Some((record.trim().to_owned(), Some(*outcome)))
                });
                case.records.push(found.unwrap_or_else(|| (line.trim().to_owned(), None)));
            }
        }
        "json baseline" => {
            let records = text.lines().map(str::trim).filter(|it| !it.is_empty());
            case.baseline = Some(records.map(|it| (it.to_owned(), None)).collect());
        }
        "yaml finding" => case.findings = Some(text),
        "yaml segments" => case.segments = Some(text),
        "yaml problem" => case.problem = Some(text.trim().to_owned()),
        _ => {}
    }
}

/// Runs the cases of a page; gives what does not hold, each with the page's line.
pub fn run(page: &str) -> Vec<String> {
    run_with(page, &Options::default())
}

/// The same where suites are compiled with `options`: a page of a plugin needs the plugin.
pub fn run_with(page: &str, options: &Options) -> Vec<String> {
    cases(page).iter().flat_map(|it| check_case(it, options)).collect()
}

fn check_case(case: &Case, options: &Options) -> Vec<String> {
    let (suite, mut problems) = read(&case.suite);
    let (plan, more) = compile(&suite, options);
    problems.extend(more);
    let said = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let here = |what: String| format!("line {}, {}: {what}", case.line, case.title);
    match &case.problem {
        Some(expected) if said.contains(expected.as_str()) => return Vec::new(),
        Some(expected) => return vec![here(format!("expected the problem `{expected}`, got `{said}`"))],
        None if !problems.is_empty() => return vec![here(said)],
        None => {}
    }
    let mut wrong = Vec::new();
    let of_baseline = case.baseline.as_ref().map(|records| {
        let records = Case { records: records.clone(), ..case.clone() };
        let window = fold(&records, &plan, &mut wrong).total.window;
        Baseline { quality: run::figures(&plan, &window, |_| true), ..Baseline::of_window(&plan.bindings, &window) }
    });
    let found = fold(case, &plan, &mut wrong);
    let (total, segments) = found.finish(&plan);
    let (findings, segments) = segments::judge(&plan, &total, segments, of_baseline.as_ref(), case.now);
    if let Some(stated) = &case.findings {
        match node::parse(stated) {
            Ok(stated) => compare_all(&stated, findings.get(plan.n_implicit..).unwrap_or_default(), &mut wrong),
            Err(problem) => wrong.push(problem.to_string()),
        }
    }
    if let Some(stated) = &case.segments {
        match node::parse(stated) {
            Ok(stated) => compare_segments(&stated, &segments, &plan, &mut wrong),
            Err(problem) => wrong.push(problem.to_string()),
        }
    }
    wrong.into_iter().map(here).collect()
}

/// One finding, or a list of them.
fn compare_all(stated: &Node, findings: &[Finding], wrong: &mut Vec<String>) {
    let stated: Vec<&Node> = stated.items().map_or_else(|| vec![stated], |it| it.iter().collect());
    if stated.len() > findings.len() {
        wrong.push(format!("{} findings are stated, there are {}", stated.len(), findings.len()));
    }
    for (stated, finding) in stated.iter().zip(findings) {
        compare(stated, finding, wrong);
    }
}

fn compare_segments(stated: &Node, segments: &[Judged], plan: &Plan, wrong: &mut Vec<String>) {
    let names = |it: &mut dyn Iterator<Item = &str>| it.collect::<Vec<_>>().join(" | ");
    let want = names(&mut stated.members().iter().map(|it| it.name.as_str()));
    let got = names(&mut segments.iter().map(|it| it.name.as_str()));
    if want != got {
        wrong.push(format!("the segments {want} are stated, there are {got}"));
        return;
    }
    for (stated, segment) in stated.members().iter().zip(segments).filter(|it| !it.0.value.is_null()) {
        let own: Vec<Finding> =
            segment.findings.iter().filter(|it| it.expectation >= plan.n_implicit).cloned().collect();
        let mut here = Vec::new();
        compare_all(&stated.value, &own, &mut here);
        wrong.extend(here.into_iter().map(|it| format!("{}: {it}", segment.name)));
    }
}

fn fold(case: &Case, plan: &Plan, wrong: &mut Vec<String>) -> Segmented {
    let mut found = Segmented::new(plan, Keep { values: 1_000, all_rows: true });
    let mut reader = record::Reader::new(&plan.shape, record::Limits::default());
    let mut cells = Vec::new();
    for (i, (text, stated)) in case.records.iter().enumerate() {
        let got = match reader.fill(text, &mut cells) {
            Ok(()) => {
                found.check(plan, &mut cells, i as u64, case.now);
                let failed = &found.total.failed;
                let all = run::explain(plan, &cells, case.now, failed);
                let own: Vec<_> = all[plan.n_implicit..].iter().filter_map(|it| it.outcome).collect();
                if !failed.is_empty() || own.iter().any(|it| matches!(it, Outcome::Fail | Outcome::Mismatch)) {
                    Outcome::Fail
                } else if own.contains(&Outcome::Pass) {
                    Outcome::Pass
                } else {
                    Outcome::Skip
                }
            }
            Err(error) => {
                found.unreadable(&error.message, i as u64);
                Outcome::Fail
            }
        };
        if stated.is_some_and(|it| it != got) {
            wrong.push(format!("record {text}: stated {stated:?}, got {got:?}"));
        }
    }
    found.flush();
    see_columns(&reader, &mut found.total);
    found
}

/// Notes the names of columns that a reader has met.
pub fn see_columns(reader: &record::Reader, fold: &mut Fold) {
    for (name, row, place) in reader.columns() {
        fold.window.columns.see(name, row, place as u32);
    }
}

fn compare(stated: &Node, finding: &Finding, wrong: &mut Vec<String>) {
    let judgement = &finding.judgement;
    let counts = judgement.counts.unwrap_or_default();
    for member in stated.members() {
        let value = member.value.to_value();
        let number = |it: u64| Value::Int(it as i64);
        let rows = || Value::List(finding.sample.rows.iter().map(|it| number(*it)).collect());
        let values = || Value::List(finding.sample.unexpected.iter().map(|it| it.value.clone()).collect());
        let got = match member.name.as_str() {
            "status" => Value::text(judgement.status.name()),
            "elements" => number(counts.elements),
            "missing" => counts.missing.map_or(Value::Null, number),
            "unexpected" => number(counts.unexpected),
            "rows" => rows(),
            "values" => values(),
            "observed" => judgement.observed.clone(),
            "details" => judgement.details.clone(),
            "exact" => Value::Bool(judgement.error.is_none()),
            "bound" => Value::Str(judgement.bound.clone().into()),
            "why" => {
                let why = judgement.why.clone().unwrap_or_default();
                if !why.contains(value.as_str().unwrap_or("\u{0}")) {
                    wrong.push(format!("why: stated `{value:?}`, got `{why}`"));
                }
                continue;
            }
            name => judgement.extra.iter().find(|(it, _)| *it == name).map_or(Value::Missing, |(_, it)| it.clone()),
        };
        if !near(&value, &got) {
            wrong.push(format!("{}: stated {value:?}, got {got:?} ({:?})", member.name, judgement.why));
        }
    }
}

/// Equality up to the last digits of a float.
fn near(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(a, b)),
        (Value::Map(a), Value::Map(_)) => a.iter().all(|(name, it)| b.get(name).is_some_and(|b| near(it, b))),
        (Value::Str(a), Value::Time(b)) => *a == b.to_string(),
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(x), Some(y)) => a.same(b) || (x - y).abs() <= 1e-9 * x.abs().max(y.abs()) || x.is_nan() && y.is_nan(),
            _ => a.same(b),
        },
    }
}

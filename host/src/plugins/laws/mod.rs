//! Laws that hold for every plugin, tried on generated batches: what `driftline plugin test` runs beside the page.

mod cost;
mod data;
mod params;

use std::fmt::Display;

use data::Dice;
use driftline_rules::plugin::{
    Batch, Binding, Capability, Comparison, Context, Fault, Measurement, Opened, Plugin, Summarizer, Task, Verdicts,
};

pub use cost::{Cost, measure};

/// How one law fared with one capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The capability.
    pub capability: String,
    /// The law, in a few words.
    pub law: &'static str,
    /// What was found.
    pub outcome: Outcome,
}

/// What was found about a law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It held in so many cases.
    Held(u32),
    /// It did not; a sentence with the case.
    Broken(String),
    /// It could not be tried; why.
    Untried(String),
}

/// Tries all laws on all capabilities, so many cases each. The same cases every time.
pub fn try_all(plugin: &dyn Plugin, cases: u32) -> Vec<Trial> {
    let mut trials = Vec::new();
    for it in &plugin.about().capabilities {
        let laws: &[Law] = match it.task {
            Task::RecordCheck => &RECORD_LAWS,
            Task::DriftTest | Task::Metric if it.mergeable => &SUMMARY_LAWS,
            // Whoever cannot merge need not keep the laws of merging.
            Task::DriftTest | Task::Metric => &SUMMARY_LAWS[..1],
        };
        let opened = params::fitting(&it.params).map(|params| Opened {
            capability: it.id.clone(),
            params: params.to_string(),
            columns: bindings(it),
        });
        for (law, run) in laws {
            let outcome = match &opened {
                Err(why) => Outcome::Untried(why.clone()),
                Ok(opened) => try_law(plugin, it, opened, *run, cases),
            };
            trials.push(Trial { capability: it.id.clone(), law, outcome });
        }
    }
    trials
}

type Law = (&'static str, fn(&mut Case) -> Result<(), String>);

const RECORD_LAWS: [Law; 3] = [
    ("the same batch has the same verdicts, in any instance and at any time", same_verdicts),
    ("neighbours do not change a verdict", no_neighbours),
    ("verdicts do not depend on how many findings are asked for", no_findings),
];

const SUMMARY_LAWS: [Law; 5] = [
    ("the same records have the same answer, in any instance", same_answer),
    ("the parts of a window merged are the whole", split_is_whole),
    ("merging commutes", merge_commutes),
    ("merging associates", merge_associates),
    ("merging an empty state changes nothing", empty_is_neutral),
];

/// All that a law needs for one case.
struct Case<'a> {
    plugin: &'a dyn Plugin,
    capability: &'a Capability,
    opened: &'a Opened,
    dice: Dice,
    context: Context,
}

fn try_law(
    plugin: &dyn Plugin,
    capability: &Capability,
    opened: &Opened,
    law: fn(&mut Case) -> Result<(), String>,
    cases: u32,
) -> Outcome {
    for n in 0..cases {
        let dice = Dice::new(u64::from(n) + 1);
        let context = Context { seed: u64::from(n), ..Context::default() };
        if let Err(why) = law(&mut Case { plugin, capability, opened, dice, context }) {
            return Outcome::Broken(format!("case {n}: {why}"));
        }
    }
    Outcome::Held(cases)
}

/// Each input bound to a field of the type it likes best; one that takes many to two.
fn bindings(it: &Capability) -> Vec<Binding> {
    let mut columns = Vec::new();
    for input in &it.inputs {
        let Some(column_type) = input.accepts.first().copied() else { continue };
        for n in 0..if input.many { 2 } else { 1 } {
            columns.push(Binding { input: input.name.clone(), field: format!("{}_{n}", input.name), column_type });
        }
    }
    columns
}

fn said(it: impl Display) -> String {
    it.to_string()
}

impl Case<'_> {
    fn batch(&mut self) -> Batch {
        let rows = 1 + self.dice.below(40);
        data::batch(&self.opened.columns, rows, &mut self.dice)
    }

    fn verdicts(&self, batch: &Batch, max_findings: u32) -> Result<Verdicts, String> {
        let checker = self.plugin.checker(self.opened).map_err(said)?;
        checker.check(&self.context, batch, max_findings).map_err(said)
    }

    fn summarizer(&self) -> Result<std::sync::Arc<dyn Summarizer>, String> {
        self.plugin.summarizer(self.opened).map_err(said)
    }

    /// What a state means: the measurements, or the comparison with a state of a fixed batch.
    fn meaning(&self, of: &dyn Summarizer, state: &[u8]) -> Result<Meaning, String> {
        let too_little = |it| match it {
            Fault::TooLittle(_) => Ok(Meaning::TooLittle),
            other => Err(said(other)),
        };
        if self.capability.task == Task::Metric {
            return of.finish(&self.context, Some(state)).map(Meaning::metric).or_else(too_little);
        }
        let reference = data::batch(&self.opened.columns, 30, &mut Dice::new(7));
        let reference = of.observe(None, &reference).map_err(said)?;
        of.compare(&self.context, Some(&reference), Some(state)).map(Meaning::drift).or_else(too_little)
    }

    /// Whether two states mean the same, up to rounding.
    fn alike(&self, of: &dyn Summarizer, a: &[u8], b: &[u8]) -> Result<(), String> {
        let (a, b) = (self.meaning(of, a)?, self.meaning(of, b)?);
        if a.is_near(&b) { Ok(()) } else { Err(format!("{a:?}\n  but\n  {b:?}")) }
    }
}

fn same_verdicts(case: &mut Case) -> Result<(), String> {
    let (batch, other) = (case.batch(), case.batch());
    let checker = case.plugin.checker(case.opened).map_err(said)?;
    let first = checker.check(&case.context, &batch, 10).map_err(said)?;
    checker.check(&case.context, &other, 10).map_err(said)?;
    let again = checker.check(&case.context, &batch, 10).map_err(said)?;
    if again != first {
        return Err(
            "a second call with the same batch answered otherwise: something is kept from batch to batch".to_owned()
        );
    }
    if case.verdicts(&batch, 10)? != first {
        return Err("a fresh instance answered otherwise".to_owned());
    }
    Ok(())
}

/// What is said of a row: passed, failed or skipped.
fn verdict(it: &Verdicts, row: u32) -> Option<bool> {
    let bit = |it: &[u8]| it.get(row as usize / 8).is_some_and(|it| it & (1 << (row % 8)) != 0);
    (!it.skipped.as_deref().is_some_and(bit)).then(|| bit(&it.passed))
}

fn no_neighbours(case: &mut Case) -> Result<(), String> {
    let batch = case.batch();
    let together = case.verdicts(&batch, 0)?;
    let checker = case.plugin.checker(case.opened).map_err(said)?;
    for row in 0..batch.rows {
        let alone = checker.check(&case.context, &data::slice(&batch, row..row + 1), 0).map_err(said)?;
        let (alone, together) = (verdict(&alone, 0), verdict(&together, row));
        if alone != together {
            return Err(format!(
                "row {row} of {} is {} alone and {} with the others",
                batch.rows,
                word(alone),
                word(together)
            ));
        }
    }
    Ok(())
}

fn word(it: Option<bool>) -> &'static str {
    match it {
        None => "skipped",
        Some(true) => "passed",
        Some(false) => "failed",
    }
}

fn no_findings(case: &mut Case) -> Result<(), String> {
    let batch = case.batch();
    let (none, all) = (case.verdicts(&batch, 0)?, case.verdicts(&batch, batch.rows)?);
    let row = (0..batch.rows).find(|it| verdict(&none, *it) != verdict(&all, *it));
    row.map_or(Ok(()), |it| Err(format!("row {it} is judged otherwise when no findings are asked for")))
}

fn same_answer(case: &mut Case) -> Result<(), String> {
    let batch = case.batch();
    let meanings = [case.summarizer()?, case.summarizer()?].map(|it| {
        let state = it.observe(None, &batch).map_err(said)?;
        case.meaning(&*it, &state)
    });
    let [a, b] = meanings;
    let (a, b) = (a?, b?);
    // Not up to rounding: the same instructions on the same data.
    if a == b { Ok(()) } else { Err(format!("{a:?}\n  but\n  {b:?}")) }
}

/// A batch cut in three, and the states of the parts.
fn parts(case: &mut Case, of: &dyn Summarizer) -> Result<(Batch, [Vec<u8>; 3]), String> {
    let batch = case.batch();
    let a = case.dice.below(batch.rows + 1);
    let b = a + case.dice.below(batch.rows - a + 1);
    let state = |range| of.observe(None, &data::slice(&batch, range)).map_err(said);
    let states = [state(0..a)?, state(a..b)?, state(b..batch.rows)?];
    Ok((batch, states))
}

fn split_is_whole(case: &mut Case) -> Result<(), String> {
    let of = case.summarizer()?;
    let (batch, [a, b, c]) = parts(case, &*of)?;
    let whole = of.observe(None, &batch).map_err(said)?;
    let merged = of.merge(&[&a, &b, &c]).map_err(said)?;
    case.alike(&*of, &whole, &merged)
}

fn merge_commutes(case: &mut Case) -> Result<(), String> {
    let of = case.summarizer()?;
    let (_, [a, b, _]) = parts(case, &*of)?;
    let (one, other) = (of.merge(&[&a, &b]).map_err(said)?, of.merge(&[&b, &a]).map_err(said)?);
    case.alike(&*of, &one, &other)
}

fn merge_associates(case: &mut Case) -> Result<(), String> {
    let of = case.summarizer()?;
    let (_, [a, b, c]) = parts(case, &*of)?;
    let merge = |it: &[&[u8]]| of.merge(it).map_err(said);
    let left = merge(&[&merge(&[&a, &b])?, &c])?;
    let right = merge(&[&a, &merge(&[&b, &c])?])?;
    case.alike(&*of, &left, &right)
}

fn empty_is_neutral(case: &mut Case) -> Result<(), String> {
    let of = case.summarizer()?;
    let batch = case.batch();
    let state = of.observe(None, &batch).map_err(said)?;
    let empty = of.merge(&[]).map_err(said)?;
    for merged in [of.merge(&[&state, &empty]), of.merge(&[&empty, &state])] {
        case.alike(&*of, &state, &merged.map_err(said)?)?;
    }
    Ok(())
}

/// Names with numbers, in a fixed order.
#[derive(Clone, Debug, PartialEq)]
enum Meaning {
    TooLittle,
    Numbers(Vec<(String, f64)>),
}

impl Meaning {
    fn metric(them: Vec<Measurement>) -> Meaning {
        let mut named: Vec<_> = them.into_iter().map(|it| (format!("{} {:?}", it.name, it.labels), it.value)).collect();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        Meaning::Numbers(named)
    }

    fn drift(it: Comparison) -> Meaning {
        let Meaning::Numbers(mut named) = Meaning::metric(it.details) else { return Meaning::TooLittle };
        named.push(("statistic".to_owned(), it.statistic));
        named.extend(it.p_value.map(|it| ("p-value".to_owned(), it)));
        Meaning::Numbers(named)
    }

    fn is_near(&self, other: &Meaning) -> bool {
        let (Meaning::Numbers(a), Meaning::Numbers(b)) = (self, other) else { return self == other };
        let near = |a: f64, b: f64| a == b || (a - b).abs() <= 1e-9 + 1e-6 * a.abs().max(b.abs());
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && near(a.1, b.1))
    }
}

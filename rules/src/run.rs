//! The verbs: a record is checked, a window is judged, and a record that failed is explained.

mod again;
mod checking;
mod correction;
mod explain;
mod figures;
mod flush;
mod references;
mod watch;

pub use again::{fold_again, fold_late};
pub use checking::{check, convert_all, fold_told, join, unreadable};
pub use correction::correct;
pub use explain::{Explanation, explain, reasons};
pub use figures::figures;
pub use flush::{Late, flush};
pub use references::References;
pub use watch::watch;

use crate::binder::Side;
use crate::kind::{Check, View};
use crate::plan::{Expectation, Plan};
use crate::plugin::Context;
use crate::plugin::rule::Waiting;
use crate::report::{Counts, Judgement, Status, Tally, Unexpected};
use crate::samples::{Keep, Sample, Samples};
use crate::time::Timestamp;
use crate::value::Value;
use crate::window::Window;

/// What one worker folds its records into.
#[derive(Clone, Debug)]
pub struct Fold {
    /// The counts and summaries.
    pub window: Window,
    /// The first records that failed, by expectation.
    pub samples: Samples,
    guards: Vec<bool>,
    /// The expectations that the last record failed, in order; those of plugins are known by [`flush`].
    pub failed: Vec<u16>,
    /// What the last record was folded into: what is of records, of labels, or of both.
    sides: Vec<Side>,
    /// Those of which the last record was passed over, and those that cannot judge its type.
    skipped: Vec<u16>,
    mismatched: Vec<(u16, &'static str)>,
    /// The records that wait for verdicts of plugins, by expectation.
    pub waiting: Vec<Waiting>,
}

impl Fold {
    /// Nothing folded yet.
    pub fn new(plan: &Plan, keep: Keep) -> Self {
        Fold {
            window: Window::new(plan.expectations.len(), &plan.bindings),
            samples: Samples::new(keep, plan.expectations.len()),
            guards: vec![false; plan.guards.len()],
            failed: Vec::new(),
            sides: Vec::with_capacity(2),
            skipped: Vec::new(),
            mismatched: Vec::new(),
            waiting: flush::waiting(plan),
        }
    }

    /// Nothing folded yet, and no summaries: for verdicts on records only.
    pub fn of_records(plan: &Plan) -> Self {
        let mut fold = Fold::new(plan, Keep { values: 0, all_rows: false });
        fold.window.sketches.clear();
        fold
    }

    /// Of a window that was stored: no record of it is remembered.
    pub fn of_window(plan: &Plan, window: Window) -> Self {
        Fold { window, ..Fold::of_records(plan) }
    }

    /// Whether it is time to [`flush`]; [`check`] does it by itself when nobody else does.
    pub fn is_full(&self) -> bool {
        self.waiting.iter().any(Waiting::is_full)
    }

    /// Adds what another worker folded; both are of one plan. Records that wait in the other are flushed.
    pub fn merge(&mut self, mut other: Fold) {
        flush(&mut other);
        // Both were made from one plan, so they cannot be of different shape.
        let _ = self.window.merge(other.window);
        self.samples.merge(other.samples);
    }
}

/// How one expectation fared over a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which, as an index into the plan.
    pub expectation: usize,
    /// The verdict with its reasons.
    pub judgement: Judgement,
    /// The first records it does not hold for, and the positions of all if they were asked for.
    pub sample: Sample,
}

/// Judges a window of all records: one finding an expectation that is judged of it, in the order of the plan.
pub fn judge(plan: &Plan, fold: &Fold, now: Timestamp) -> Vec<Finding> {
    judge_against(plan, fold, now, &Context::default(), References::default())
}

/// Judges a window; drift tests compare it with `references`, and are skipped without them. Where several tests could
/// each give an alarm by chance, the plan's correction holds for all of them together.
///
/// The window is that of a segment when `context` names one; an expectation that is not judged of
/// [such a window](Expectation::over) gives no finding.
pub fn judge_against(
    plan: &Plan,
    fold: &Fold,
    now: Timestamp,
    context: &Context,
    references: References,
) -> Vec<Finding> {
    let mut findings = judge_uncorrected(plan, fold, now, context, references);
    correct(plan, references.spends, &mut [&mut findings]);
    findings
}

/// As [`judge_against`], for windows that are judged together: alarms are as each test by itself has them, until
/// [`correct`] is given the findings of all.
pub fn judge_uncorrected(
    plan: &Plan,
    fold: &Fold,
    now: Timestamp,
    context: &Context,
    references: References,
) -> Vec<Finding> {
    if !fold.waiting.iter().all(Waiting::is_empty) {
        let mut fold = fold.clone();
        flush(&mut fold);
        return judge_uncorrected(plan, &fold, now, context, references);
    }
    let is_segment = context.segment.is_some();
    let finding = |(i, expectation): (usize, &Expectation)| {
        let tally = &fold.window.tallies[i];
        let mut judgement = absent(expectation, tally, &fold.window).unwrap_or_else(|| match &expectation.check {
            Check::Value(check) => by_record(expectation, tally, check.bound(), true),
            Check::Row(check) => by_record(expectation, tally, check.bound(), check.counts_missing()),
            Check::Converted(bound) => by_record(expectation, tally, bound.clone(), true),
            Check::Window(check) => check.judge(&View {
                window: &fold.window,
                tally,
                mostly: expectation.mostly,
                form: expectation.form,
                now,
                context,
                reference: references.window,
                baseline: references.baseline,
                absent: references.absent,
                segments: references.segments,
            }),
            Check::Batch(rule) => {
                let judgement = by_record(expectation, tally, rule.bound.clone(), true);
                judgement.details(Value::Map(vec![("plugin".into(), rule.source.to_value())]))
            }
            Check::Watch(it) => watch::alone(it),
            Check::Invalid(why) => Judgement::error(why.clone()),
        });
        let sample = match judgement.status {
            Status::Error => Sample::default(),
            _ if judgement.unexpected.is_empty() => fold.samples.of(i),
            _ => sample_of(std::mem::take(&mut judgement.unexpected), fold.samples.keep),
        };
        Finding { expectation: i, judgement, sample }
    };
    plan.expectations.iter().enumerate().filter(|it| it.1.over.takes(is_segment)).map(finding).collect()
}

fn sample_of(mut unexpected: Vec<Unexpected>, keep: Keep) -> Sample {
    let rows = if keep.all_rows { unexpected.iter().map(|it| it.row).collect() } else { Vec::new() };
    unexpected.truncate(keep.values);
    Sample { unexpected, rows }
}

/// A field that no record has: an error in a suite of GX's form, as it is there; else there is
/// nothing to judge, unless the rule is about null itself.
fn absent(expectation: &Expectation, tally: &Tally, window: &Window) -> Option<Judgement> {
    use crate::args::Form;
    if window.rows == window.unreadable || window.columns.names().len() == 0 {
        return None;
    }
    let missing = expectation.slots.iter().zip(&expectation.fields);
    let missing = missing.filter(|(slot, _)| !window.held.get(slot.0 as usize).is_some_and(|it| it.anything()));
    let missing: Vec<_> = missing.map(|(_, name)| name.as_str()).collect();
    let name = missing.first()?;
    let guess = crate::suite::problem::did_you_mean(name, window.columns.names());
    let guess = guess.map_or_else(String::new, |it| format!(" ({it})"));
    let why = if expectation.side == Side::Label && window.joined == 0 {
        "no label has come for its records yet".to_owned()
    } else {
        format!("no record has the field `{name}`{guess}")
    };
    if matches!(expectation.check, Check::Invalid(_)) {
        return None;
    }
    if expectation.form == Form::Gx {
        return Some(Judgement::error(why));
    }
    let judges_null = matches!(&expectation.check, Check::Row(check) if !check.counts_missing());
    if judges_null {
        return None;
    }
    let mut judgement = Judgement::skip(why);
    judgement.counts = Some(Counts { elements: tally.seen, missing: Some(tally.seen), unexpected: 0 });
    Some(judgement)
}

/// A record rule, lifted to the window by its tally and `mostly`.
fn by_record(expectation: &Expectation, tally: &Tally, bound: String, counts_missing: bool) -> Judgement {
    use crate::args::Form;
    if let (Form::Gx, Some((row, type_name))) = (expectation.form, tally.mismatch) {
        let why = format!("row {row} holds a value of type {type_name}, which the rule ({bound}) cannot judge");
        return Judgement { bound, ..Judgement::error(why) };
    }
    let unexpected = tally.failed + tally.mismatched;
    if let Some(trouble) = &tally.trouble {
        let (n, of) = (trouble.records, tally.seen);
        let why = format!("{n} of {of} records could not be judged; row {}: {}", trouble.row, trouble.why);
        let counts = Some(Counts { elements: of, missing: Some(tally.skipped), unexpected });
        return Judgement { bound, counts, ..Judgement::error(why) };
    }
    let judged = if counts_missing { tally.seen - tally.skipped } else { tally.seen };
    let holds = judged == 0 || (judged as f64 - unexpected as f64) / judged as f64 >= expectation.mostly;
    let status = if judged == 0 && expectation.form == Form::Short { Status::Skip } else { Status::of(holds) };
    Judgement {
        why: (status == Status::Skip).then(|| "there is no value to judge".to_owned()),
        counts: Some(Counts { elements: tally.seen, missing: counts_missing.then_some(tally.skipped), unexpected }),
        bound,
        ..Judgement::new(status)
    }
}

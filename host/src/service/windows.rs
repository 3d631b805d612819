//! What records add to the windows of their suite: encoded before it is journalled, so that neither the journal nor
//! the store needs to know the suite, and without what its privacy keeps back.

use driftline_rules::binder::SketchPlan;
use driftline_rules::codec::encode;
use driftline_rules::kind::Check;
use driftline_rules::plan::{Expectation, Plan};
use driftline_rules::plugin::Context;
use driftline_rules::run::{self, Fold, References};
use driftline_rules::sketch::{Sketch, Spec};
use driftline_rules::value::Value;
use driftline_rules::window::Window;

use super::place::Place;
use super::privacy::Privacy;
use crate::intake::entry::WindowNote;
use crate::store::rows::Micros;

/// What of each summary of a plan its windows keep.
#[derive(Clone, Debug)]
pub struct Keeping {
    summaries: Vec<Kept>,
    /// How many values a summary keeps exactly, as long as there are more.
    most: usize,
    /// Of expectations whose reasons may quote what must not be told: what is said in their place.
    closed: Vec<(usize, String)>,
}

/// What is kept of one summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// All of it: its fields may be told, or it holds no values.
    All,
    /// The same of keyed hashes in place of the values: equal values stay equal.
    Hashes,
    /// Nothing.
    Nothing,
}

/// Kinds whose answer rests on which values are equal and on nothing else.
const OF_EQUALITY: [&str; 5] = [
    "unique",
    "compound_unique",
    "duplicate_records",
    "unique_value_count_between",
    "proportion_of_unique_values_between",
];

/// The summaries of records of which hashes are kept, by their place in the plan.
#[derive(Clone, Debug, Default)]
pub struct Told(Vec<(usize, Sketch)>);

impl Keeping {
    /// What the privacy of a suite lets its windows keep.
    pub fn new(plan: &Plan, privacy: &Privacy, most: usize) -> Self {
        let is_open = |it: &Expectation| match it.fields.as_slice() {
            [] => privacy.keeps_all(),
            fields => fields.iter().all(|field| privacy.keeps(field)),
        };
        let closed = plan.expectations.iter().enumerate().filter(|(_, it)| !is_open(it));
        Keeping {
            most,
            summaries: plan.bindings.sketches.iter().map(|it| kept(plan, privacy, it)).collect(),
            closed: closed.map(|(i, it)| (i, format!("`{}` could not judge it", it.kind_name()))).collect(),
        }
    }

    /// To be given the records that a note is made of.
    pub fn begin(&self, plan: &Plan) -> Told {
        let hashed =
            self.summaries.iter().zip(&plan.bindings.sketches).enumerate().filter(|(_, it)| *it.0 == Kept::Hashes);
        Told(hashed.map(|(i, (_, it))| (i, Sketch::new(&it.spec))).collect())
    }

    /// What the records in `window` add to the window at this place, under the suite's hash. The window is as before
    /// when this returns.
    pub fn note(&self, window: &mut Window, told: Told, place: Place, hash: &str) -> WindowNote {
        let mut swapped = Vec::new();
        let mut told = told.0.into_iter().peekable();
        for (i, sketch) in window.sketches.iter_mut().enumerate() {
            let instead = match self.summaries.get(i) {
                Some(Kept::All) => continue,
                Some(Kept::Hashes) => told.next_if(|it| it.0 == i).map(|it| it.1),
                _ => None,
            };
            let instead = instead.unwrap_or_else(|| sketch.emptied());
            swapped.push((i, std::mem::replace(sketch, instead)));
        }
        // Which columns a batch has is judged with the batch.
        let columns = std::mem::take(&mut window.columns);
        // What a plugin said when it failed may hold the value that it failed at.
        let mut said = Vec::new();
        for (i, instead) in &self.closed {
            if let Some(trouble) = window.tallies.get_mut(*i).and_then(|it| it.trouble.as_mut()) {
                said.push((*i, std::mem::replace(&mut trouble.why, instead.clone())));
            }
        }
        // Fewer records hold no more than that, and a copy of them would be wasted.
        let state = if window.rows + window.joined > self.most as u64 {
            let mut narrow = window.clone();
            narrow.narrow(self.most);
            encode(&narrow, hash.as_bytes())
        } else {
            encode(window, hash.as_bytes())
        };
        window.columns = columns;
        for (i, why) in said {
            if let Some(trouble) = window.tallies.get_mut(i).and_then(|it| it.trouble.as_mut()) {
                trouble.why = why;
            }
        }
        for (i, own) in swapped {
            window.sketches[i] = own;
        }
        let Place { start, end, untimed, newest } = place;
        let (records, unreadable) = (window.rows, window.unreadable);
        WindowNote { start, end, records, unreadable, untimed, newest, segments: Vec::new(), in_total: true, state }
    }

    /// Whether windows keep the values of a summary themselves.
    pub fn keeps(&self, summary: usize) -> bool {
        self.summaries.get(summary) == Some(&Kept::All)
    }

    /// Whether windows keep of a summary what those of another version keep of one, or more.
    pub fn keeps_as(&self, summary: usize, other: &Keeping, of: usize) -> bool {
        self.keeps(summary) || self.summaries.get(summary) == other.summaries.get(of)
    }

    /// Why a stored window cannot answer an expectation, if it cannot.
    pub fn why_not(&self, expectation: &Expectation) -> Option<String> {
        if expectation.reads_columns {
            return Some("the names of columns are judged with each batch, and windows do not keep them".to_owned());
        }
        let answers = |it: &Kept| match it {
            Kept::All => true,
            Kept::Hashes => OF_EQUALITY.contains(&expectation.kind.name) || is_of_equality(expectation),
            Kept::Nothing => false,
        };
        let kept = |it: usize| self.summaries.get(it).is_none_or(answers);
        if expectation.sketches.iter().all(|it| kept(usize::from(it.0))) {
            return None;
        }
        let fields = expectation.fields.join("`, `");
        Some(format!(
            "`privacy` keeps the values of `{fields}` out of windows; it is judged with each batch, and in windows \
             only when the suite says `keep` for it"
        ))
    }
}

fn is_of_equality(expectation: &Expectation) -> bool {
    matches!(&expectation.check, Check::Window(it) if it.is_of_equality())
}

fn kept(plan: &Plan, privacy: &Privacy, of: &SketchPlan) -> Kept {
    // These count and hold no value.
    if matches!(of.spec, Spec::Presence | Spec::Types) {
        return Kept::All;
    }
    let fields: Vec<String> =
        of.slots.iter().filter_map(|it| plan.bindings.paths.get(usize::from(it.0))).map(ToString::to_string).collect();
    if fields.iter().all(|it| privacy.keeps(it)) {
        return Kept::All;
    }
    let may_hash = fields.iter().all(|it| privacy.keeps(it) || privacy.hashes(it));
    if may_hash && matches!(of.spec, Spec::Keys { .. } | Spec::Counts { .. }) { Kept::Hashes } else { Kept::Nothing }
}

impl Told {
    /// Takes in a record, as checking left its cells.
    pub fn fold(&mut self, plan: &Plan, privacy: &Privacy, cells: &[Value], number: u64) {
        for (i, sketch) in &mut self.0 {
            let Some(of) = plan.bindings.sketches.get(*i) else { continue };
            let value = |it: &driftline_rules::row::Slot| cells.get(usize::from(it.0)).unwrap_or(&Value::Missing);
            let told: Vec<Value> = of.slots.iter().map(|it| privacy.stand_in(value(it))).collect();
            run::fold_told(plan, *i, cells, &told, number, sketch);
        }
    }
}

impl Told {
    /// Adds what was told of other records, which come behind `rows`.
    pub fn merge(&mut self, other: Told, rows: u64) {
        for ((_, mine), (_, mut theirs)) in self.0.iter_mut().zip(other.0) {
            theirs.shift(rows);
            // Both were begun for one plan, so they cannot be of different shape.
            let _ = mine.merge(theirs);
        }
    }
}

/// What the expectations say of a stored window of a segment (empty: of all records) that ended at `end`, compared with
/// `references`: alarms of drift tests are not corrected for their number yet.
pub fn judge(plan: &Plan, mut window: Window, segment: &str, end: Micros, references: References) -> Vec<run::Finding> {
    // A field that no record had is found by the names of those that some had.
    for (place, (path, held)) in plan.bindings.paths.iter().zip(&window.held).enumerate() {
        if held.anything() {
            window.columns.see(&path.to_string(), 0, place as u32);
        }
    }
    let context = Context { segment: (!segment.is_empty()).then(|| segment.to_owned()), ..Context::default() };
    run::judge_uncorrected(plan, &Fold::of_window(plan, window), end, &context, references)
}

//! What records add to the windows of their suite: encoded before it is journalled, so that neither the journal nor
//! the store needs to know the suite, and without what its privacy keeps back.

use driftline_rules::binder::SketchPlan;
use driftline_rules::codec::{CodecError, decode, encode};
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
        let state = if window.rows > self.most as u64 {
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

/// A window, and what of it could not be read.
#[derive(Debug)]
pub struct Sum {
    /// The window.
    pub window: Window,
    /// Why a part could not be read.
    pub problem: Option<String>,
}

impl Sum {
    /// Nothing yet.
    pub fn new(plan: &Plan) -> Self {
        Sum { window: Window::new(plan.expectations.len(), &plan.bindings), problem: None }
    }

    /// Adds encoded windows, each behind its length; no summary keeps more than `most` exactly.
    pub fn add_all(&mut self, plan: &Plan, hash: &str, mut states: &[u8], most: usize) {
        let (mut alike, mut times) = (None, 0);
        while !states.is_empty() {
            let taken = states.split_off(..4).and_then(|it| it.try_into().ok()).map(u32::from_le_bytes);
            let Some(state) = taken.and_then(|it| states.split_off(..it as usize)) else {
                self.problem.get_or_insert_with(|| "a part is cut off".to_owned());
                break;
            };
            // Of a suite without summaries most records add the same, and it is read once.
            if alike == Some(state) {
                times += 1;
                continue;
            }
            if let Some(before) = alike.replace(state) {
                self.add(plan, hash, before, times, most);
            }
            times = 1;
        }
        if let Some(state) = alike {
            self.add(plan, hash, state, times, most);
        }
    }

    /// Adds an encoded window so many times, its records behind those that are there.
    pub fn add(&mut self, plan: &Plan, hash: &str, state: &[u8], mut times: u64, most: usize) {
        let read = decode(plan.expectations.len(), &plan.bindings, hash.as_bytes(), state);
        let added = read.and_then(|mut part| {
            // Equal parts stand in any order, so that they may be added by doubling.
            loop {
                let next = (times > 1).then(|| part.clone());
                if times % 2 == 1 {
                    put(&mut self.window, part, most)?;
                }
                let Some(half) = next else { return Ok(()) };
                part = half.clone();
                put(&mut part, half, most)?;
                times /= 2;
            }
        });
        if let Err(error) = added {
            self.problem.get_or_insert_with(|| error.to_string());
        }
    }

    /// The window, encoded.
    pub fn state(&self, hash: &str) -> Vec<u8> {
        encode(&self.window, hash.as_bytes())
    }
}

/// Adds a window, its records behind those that are there.
fn put(window: &mut Window, mut part: Window, most: usize) -> Result<(), CodecError> {
    // Hosts may differ in what they keep exactly: the least holds, as if it had held for all.
    let budgets = [window.budget(), part.budget(), Some(most)];
    let budget = budgets.into_iter().flatten().min().unwrap_or(most);
    part.narrow(budget);
    window.narrow(budget);
    part.shift(window.rows);
    window.merge(part).map_err(|_| CodecError::OtherPlan)
}

/// One encoded window behind its length in place of several; `None` when there is one, or one of them cannot be read.
pub fn summed_up(plan: &Plan, hash: &str, states: &[u8], most: usize) -> Option<Vec<u8>> {
    let first = states.first_chunk().map(|it| u32::from_le_bytes(*it) as usize);
    if first.is_some_and(|it| it + 4 == states.len()) {
        return None;
    }
    let mut sum = Sum::new(plan);
    sum.add_all(plan, hash, states, most);
    let state = sum.state(hash);
    let length = u32::try_from(state.len()).ok()?.to_le_bytes();
    sum.problem.is_none().then(|| [length.as_slice(), &state].concat())
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

    use driftline_rules::plan::{Options, compile};
    use driftline_rules::record::{Limits, Reader};
    use driftline_rules::samples::Keep;
    use driftline_rules::suite::read;

    use super::*;

    const SUITE: &str = "
expectations:
- { field: a, between: { min: 0, max: 5 } }
- { field: a, mean_between: { min: 0, max: 5 } }
- { field: a, unique: {} }
- { field: a, increasing: {} }
- { field: b, in_set: [x] }
";

    /// What one record adds.
    fn state(plan: &Plan, record: &str) -> Vec<u8> {
        let mut fold = Fold::new(plan, Keep { values: 0, all_rows: false });
        let mut cells = Vec::new();
        Reader::new(&plan.shape, Limits::default()).fill(record, &mut cells).unwrap();
        run::check(plan, &mut cells, 0, 0, &mut fold);
        fold.window.columns = driftline_rules::window::Columns::default();
        encode(&fold.window, b"h")
    }

    #[test]
    fn equal_parts_are_added_as_often_as_they_come_and_where_they_come() {
        let (plan, problems) = compile(&read(SUITE).0, &Options::default());
        assert!(problems.is_empty(), "{problems:?}");
        let [a, b, c] =
            [r#"{"a": 1, "b": "x"}"#, r#"{"a": 7}"#, r#"{"a": "odd", "b": null}"#].map(|it| state(&plan, it));
        for budget in [1000, 5] {
            for times in [1, 2, 3, 5, 8, 100] {
                let mut one_by_one = Sum::new(&plan);
                let mut all = Vec::new();
                for (it, n) in [(&a, times), (&b, 1), (&a, 2), (&c, times), (&b, 3)] {
                    for _ in 0..n {
                        one_by_one.add(&plan, "h", it, 1, budget);
                        all.extend_from_slice(&(it.len() as u32).to_le_bytes());
                        all.extend_from_slice(it);
                    }
                }
                let mut at_once = Sum::new(&plan);
                at_once.add_all(&plan, "h", &all, budget);
                assert_eq!(at_once.problem, None);
                assert_eq!(at_once.window.rows, 2 * times + 6);
                assert_eq!(at_once.state("h"), one_by_one.state("h"), "{times} times, budget {budget}");
                all.pop();
                let mut torn = Sum::new(&plan);
                torn.add_all(&plan, "h", &all, budget);
                assert_eq!((torn.window.rows, torn.problem.is_some()), (2 * times + 5, true));
            }
        }
    }
}

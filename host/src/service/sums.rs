//! Encoded windows are added up: what records add, and what labels that were joined to them add.
//!
//! What labels add is kept apart, so that it can be made anew when a label is corrected. A state is an encoded window of
//! records; or one of labels behind a mark that says whether it is added to what is there or put in its place; or both.

use driftline_rules::codec::{CodecError, decode, encode};
use driftline_rules::plan::Plan;
use driftline_rules::window::Window;

/// Stands before the window of labels that are added.
const ADDED: &[u8; 4] = b"DLLA";
/// Stands before the window of all labels, in place of those that were added before.
const ANEW: &[u8; 4] = b"DLLN";
/// Stands before the window of records, behind its length, and the window of labels.
const BOTH: &[u8; 4] = b"DLLB";

/// A window, and what of it could not be read.
#[derive(Clone, Debug)]
pub struct Sum {
    /// The records.
    window: Window,
    /// The records that labels were joined to.
    labels: Option<Box<Window>>,
    /// How many labels were taken up that were not kept before; one that was corrected counts as one.
    pub n_labels: u64,
    /// Why a part could not be read.
    pub problem: Option<String>,
}

/// What labels add to a window, as a state, of an encoded window of records that labels were joined to.
pub fn of_labels(window: &[u8], is_anew: bool) -> Vec<u8> {
    [(if is_anew { ANEW } else { ADDED }).as_slice(), window].concat()
}

/// A state behind its length, as parts have them.
pub fn one_behind(state: &[u8]) -> Vec<u8> {
    // A window is shorter than four gigabytes.
    [(state.len() as u32).to_le_bytes().as_slice(), state].concat()
}

impl Sum {
    /// Nothing yet.
    pub fn new(plan: &Plan) -> Self {
        Sum { window: empty(plan), labels: None, n_labels: 0, problem: None }
    }

    /// The window of records, without labels.
    pub const fn records(&self) -> &Window {
        &self.window
    }

    /// The window of records and labels, of a sum that is needed still.
    pub fn to_window(&self) -> Window {
        let (window, labels) = (self.window.clone(), self.labels.clone());
        Sum { window, labels, n_labels: 0, problem: None }.into_window()
    }

    /// The window of records and labels.
    pub fn into_window(self) -> Window {
        let mut window = self.window;
        if let Some(mut labels) = self.labels {
            labels.shift(window.rows);
            // Both were made for one plan, so they cannot be of different shape.
            let _ = window.merge(*labels);
        }
        window
    }

    /// The same of another plan, into whose windows these are turned.
    #[must_use]
    pub fn carried(&self, mut carry: impl FnMut(&Window) -> Window) -> Self {
        let labels = self.labels.as_ref().map(|it| Box::new(carry(it)));
        Sum { window: carry(&self.window), labels, n_labels: self.n_labels, problem: self.problem.clone() }
    }

    /// Says that labels have had so much time, at least.
    pub fn wait(&mut self, waited: i64) {
        self.window.waited = self.window.waited.max(waited);
    }

    /// Adds to the window of records, and to that of labels, what they lack.
    pub fn change(&mut self, plan: &Plan, mut change: impl FnMut(&mut Window, bool)) {
        change(&mut self.window, false);
        change(self.labels.get_or_insert_with(|| Box::new(empty(plan))), true);
    }

    /// Adds another sum of the same plan, its records behind those that are there.
    pub fn merge(&mut self, other: Sum, most: usize) {
        let mut added = put(&mut self.window, other.window, most);
        if let Some(labels) = other.labels {
            added = match &mut self.labels {
                Some(mine) => added.and(put(mine, *labels, most)),
                None => {
                    self.labels = Some(labels);
                    added
                }
            };
        }
        self.n_labels += other.n_labels;
        let problem = other.problem.or_else(|| added.err().map(|it| it.to_string()));
        if self.problem.is_none() {
            self.problem = problem;
        }
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

    /// Adds a state so many times, its records behind those that are there.
    pub fn add(&mut self, plan: &Plan, hash: &str, state: &[u8], times: u64, most: usize) {
        let added = match state.split_first_chunk::<4>() {
            Some((ADDED, labels)) => self.add_labels(plan, hash, labels, times, most).map(|n| self.n_labels += n),
            Some((ANEW, labels)) => {
                // The time that labels have had is no less for a correction.
                let waited = self.labels.take().map_or(0, |it| it.waited);
                self.add_labels(plan, hash, labels, 1, most).map(|_| {
                    self.n_labels += 1;
                    if let Some(it) = &mut self.labels {
                        it.waited = it.waited.max(waited);
                    }
                })
            }
            Some((BOTH, mut labels)) => {
                let records = labels.split_off(..4).and_then(|it| it.try_into().ok()).map(u32::from_le_bytes);
                match records.and_then(|it| labels.split_off(..it as usize)) {
                    Some(records) => add_to(&mut self.window, plan, hash, records, times, most)
                        .and_then(|()| self.add_labels(plan, hash, labels, times, most).map(drop)),
                    None => Err(CodecError::Broken(4)),
                }
            }
            _ => add_to(&mut self.window, plan, hash, state, times, most),
        };
        if let Err(error) = added {
            self.problem.get_or_insert_with(|| error.to_string());
        }
    }

    /// How many labels these are.
    fn add_labels(&mut self, plan: &Plan, hash: &str, state: &[u8], n: u64, most: usize) -> Result<u64, CodecError> {
        let labels = self.labels.get_or_insert_with(|| Box::new(empty(plan)));
        let before = labels.joined;
        add_to(labels, plan, hash, state, n, most)?;
        Ok(labels.joined - before)
    }

    /// What is kept of it.
    pub fn state(&self, hash: &str) -> Vec<u8> {
        let records = encode(&self.window, hash.as_bytes());
        let Some(labels) = &self.labels else { return records };
        // A window is shorter than four gigabytes.
        let length = (records.len() as u32).to_le_bytes();
        [BOTH.as_slice(), &length, &records, &encode(labels, hash.as_bytes())].concat()
    }
}

fn empty(plan: &Plan) -> Window {
    Window::new(plan.expectations.len(), &plan.bindings)
}

/// Adds an encoded window so many times.
fn add_to(
    window: &mut Window,
    plan: &Plan,
    hash: &str,
    state: &[u8],
    mut times: u64,
    most: usize,
) -> Result<(), CodecError> {
    let mut part = decode(plan.expectations.len(), &plan.bindings, hash.as_bytes(), state)?;
    // Equal parts stand in any order, so that they may be added by doubling.
    loop {
        let next = (times > 1).then(|| part.clone());
        if times % 2 == 1 {
            put(window, part, most)?;
        }
        let Some(half) = next else { return Ok(()) };
        part = half.clone();
        put(&mut part, half, most)?;
        times /= 2;
    }
}

/// Adds a window, its records behind those that are there.
fn put(window: &mut Window, mut part: Window, most: usize) -> Result<(), CodecError> {
    // Hosts may differ in what they keep exactly: the least holds, as if it had held for all.
    let budgets = [window.budget(), part.budget(), Some(most)];
    let budget = budgets.into_iter().flatten().min().unwrap_or(most);
    part.narrow(budget);
    window.narrow(budget);
    part.shift(window.rows + window.joined);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

    use driftline_rules::plan::{Options, compile};
    use driftline_rules::record::{Limits, Reader};
    use driftline_rules::run::{self, Fold};
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

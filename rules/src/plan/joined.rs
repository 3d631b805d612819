//! Which expectations are about labels that come later, and which predictions are kept for them.

use std::collections::BTreeSet;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Expectation;
use super::compile::Compiler;
use crate::binder::Side;
use crate::path::Path;
use crate::row::Slot;
use crate::suite::problem::{At, Problem};
use crate::suite::{Entry, LABEL, RecordFields, Suite};
use crate::value::Value;

/// The log of predictions of a plan.
#[derive(Clone, Debug)]
pub struct Predictions {
    /// The cell of the record's id.
    pub id: Slot,
    /// The cell that a label is joined to.
    pub label: Slot,
    /// The share of ids that are kept.
    pub sample: f64,
    /// What is kept of a record: the fields, as the suite writes them, and their cells.
    pub fields: Vec<(String, Slot)>,
    /// The cells that lie within the label.
    pub within_label: Vec<Slot>,
    /// The cell of the prediction.
    pub prediction: Option<Slot>,
    /// The cell of the score.
    pub score: Option<Slot>,
}

/// The same ids on every host, whatever else is drawn by hash.
const SEED: u64 = 0x7072_6564_6963_7473;

impl Predictions {
    /// Whether the prediction of a record is kept, from its cells: it has an id, and that is in the sample.
    pub fn keeps(&self, cells: &[Value]) -> bool {
        let Some(id) = cells.get(usize::from(self.id.0)).filter(|it| !it.is_null()) else { return false };
        if self.sample >= 1.0 {
            return true;
        }
        let mut key = Vec::new();
        id.key_into(&mut key);
        (xxh3_64_with_seed(&key, SEED) as f64) < self.sample * (u64::MAX as f64)
    }

    /// Whether a record has a label, from its cells.
    pub fn is_labelled(&self, cells: &[Value]) -> bool {
        matches!(cells.get(usize::from(self.label.0)), Some(it) if !it.is_null())
    }
}

/// The roles of a suite's fields: with a log of predictions, the label is where labels are joined unless it says
/// otherwise.
pub(super) fn roles(suite: &Suite) -> RecordFields {
    let mut roles = suite.record.clone();
    if suite.predictions.is_some() && roles.role("label").is_none() {
        roles.roles.push(("label", format!("{LABEL}.truth")));
    }
    roles
}

impl Compiler<'_> {
    /// An expectation, on the side that it belongs to: it is about labels when it reads anything of them.
    pub(super) fn sided_entry(&mut self, entry: &Entry, suite: &Suite) -> Expectation {
        self.bindings.begin(Side::Record);
        let (n_sketches, n_problems) = (self.bindings.sketches.len(), self.problems.len());
        let made = self.judged_entry(entry, suite);
        if suite.predictions.is_none() || !self.reads_label() {
            return Expectation { reads: self.read(), ..made };
        }
        // Its summaries are of other records than those of the same fields that are there, so it is made again.
        self.bindings.sketches.truncate(n_sketches);
        self.problems.truncate(n_problems);
        self.bindings.begin(Side::Label);
        let made = self.judged_entry(entry, suite);
        self.logged.extend(&self.bindings.touched);
        Expectation { side: Side::Label, reads: self.read(), ..made }
    }

    /// The cells that the entry reads which was compiled last.
    fn read(&self) -> Vec<Slot> {
        self.bindings.touched.iter().map(|it| Slot(*it)).collect()
    }

    fn reads_label(&self) -> bool {
        self.bindings.touched.iter().any(|it| self.bindings.paths.get(usize::from(*it)).is_some_and(is_of_label))
    }

    /// The log of predictions.
    pub(super) fn predictions(&mut self, suite: &Suite) -> Option<Predictions> {
        let asked = suite.predictions.as_ref()?;
        let Some(id) = self.record.role("id").and_then(|it| Path::parse(it).ok()) else {
            let problem = Problem::new(At::START, "labels are joined by the record's id, and the suite names none");
            self.problems.push(problem.within("predictions").hint("`record: { id: FIELD }`"));
            return None;
        };
        let mut kept: BTreeSet<u16> = std::mem::take(&mut self.logged);
        let roles = ["time", "model", "version", "prediction", "score", "segment"];
        let roles = roles
            .into_iter()
            .filter_map(|it| self.record.role(it))
            .chain(self.record.segments.iter().map(String::as_str));
        let names = roles.chain(asked.keep.iter().map(String::as_str));
        let paths: Vec<Path> = names.filter_map(|it| Path::parse(it).ok()).collect();
        kept.extend(paths.iter().map(|it| self.bindings.slot(it).0));
        for fields in self.segments(suite).to_vec() {
            kept.extend(fields.iter().filter_map(|it| Path::parse(it).ok()).map(|it| self.bindings.slot(&it).0));
        }
        let label = self.bindings.slot(&Path::parse(LABEL).unwrap_or_default());
        let mut cell = |role| Path::parse(self.record.role(role)?).ok().map(|it| self.bindings.slot(&it));
        let (prediction, score) = (cell("prediction"), cell("score"));
        let id = self.bindings.slot(&id);
        let slots = self.bindings.paths.iter().enumerate().map(|(i, it)| (it, Slot(i as u16)));
        let (of_label, others): (Vec<_>, Vec<_>) = slots.partition(|it| is_of_label(it.0));
        let fields = others.into_iter().filter(|it| kept.contains(&it.1.0)).map(|(path, it)| (path.to_string(), it));
        Some(Predictions {
            id,
            label,
            sample: asked.sample,
            fields: fields.collect(),
            within_label: of_label.into_iter().map(|it| it.1).collect(),
            prediction,
            score,
        })
    }
}

fn is_of_label(path: &Path) -> bool {
    path.segments().first().is_some_and(|it| it == LABEL)
}

#[cfg(test)]
mod tests;

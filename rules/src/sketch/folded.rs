//! A summary of a window that a plugin keeps, its state as bytes.

use std::fmt::Debug;
use std::sync::Arc;

use super::Type;
use crate::bytes::{byte, get, get_counts, get_length, get_text, put, put_all, put_text};
use crate::plugin::Fault;
use crate::plugin::columns::Filler;
use crate::plugin::rule::{BATCH_BYTES, SUMMARY_BATCH, Summary};
use crate::value::Value;

/// States of own batches that wait, at most, until they are merged.
const PILE: usize = 16;

/// States of a plugin's summary, and the records that are not observed yet.
///
/// Parts are merged once, when the window is judged. Whether a part then equals the whole is the
/// plugin's promise; one that does not give it must see all records in one part.
#[derive(Clone, Debug)]
pub struct Folded {
    summary: Arc<Summary>,
    filler: Filler,
    /// Of own batches. Each begins empty where they can be merged: a state of megabytes would be handed over and taken
    /// back with every batch.
    pile: Vec<Vec<u8>>,
    /// Of other parts.
    others: Vec<Vec<u8>>,
    /// Records that were taken in.
    rows: u64,
    /// Records with a value that has no place in its column: number, first row, its type.
    misfits: (u64, Option<(u64, &'static str)>),
    fault: Option<Fault>,
}

/// Equal when they saw the same, as far as bytes can tell.
impl PartialEq for Folded {
    fn eq(&self, other: &Self) -> bool {
        let parts = |it: &Self| (it.rows, it.misfits, it.fault.clone());
        self.summary == other.summary && parts(self) == parts(other) && self.whole() == other.whole()
    }
}

/// The type of that name; what is read may be anyone's.
fn known(name: &str) -> &'static str {
    Type::ALL.into_iter().map(Type::name).find(|it| *it == name).unwrap_or("value")
}

fn put_fault(tag: u8, why: &str, out: &mut Vec<u8>) {
    out.push(tag);
    put_text(why, out);
}

impl Folded {
    /// Nothing yet.
    pub(super) fn new(summary: &Arc<Summary>) -> Self {
        Folded {
            filler: summary.shape.filler(false),
            summary: Arc::clone(summary),
            pile: Vec::new(),
            others: Vec::new(),
            rows: 0,
            misfits: (0, None),
            fault: None,
        }
    }

    /// Takes in the cells of a record.
    pub(super) fn update<'v, 'r: 'v>(&mut self, cells: impl Iterator<Item = &'v Value<'r>> + Clone, row: u64) {
        if let Some(misfit) = self.summary.shape.misfit(cells.clone()) {
            self.misfits.0 += 1;
            if self.misfits.1.is_none_or(|it| row < it.0) {
                self.misfits.1 = Some((row, misfit));
            }
            return;
        }
        self.rows += 1;
        if self.fault.is_some() {
            return;
        }
        if !self.filler.joins(cells.clone()) {
            self.observe();
        }
        self.filler.push(cells);
        if self.filler.rows() >= SUMMARY_BATCH || self.filler.bytes() >= BATCH_BYTES {
            self.observe();
        }
    }

    /// Hands the waiting records over.
    fn observe(&mut self) {
        if self.filler.rows() > 0 && self.fault.is_none() {
            let Summary { summarizer, mergeable, .. } = &*self.summary;
            let before = if *mergeable { None } else { self.pile.pop() };
            let state = summarizer.observe(before.as_deref(), self.filler.batch());
            match state.and_then(|it| self.bounded(it)) {
                Ok(it) => self.pile.push(it),
                Err(fault) => self.fail(fault),
            }
            if self.pile.len() >= PILE {
                let states: Vec<_> = self.pile.iter().map(Vec::as_slice).collect();
                match self.summary.summarizer.merge(&states).and_then(|it| self.bounded(it)) {
                    Ok(it) => self.pile = vec![it],
                    Err(fault) => self.fail(fault),
                }
            }
        }
        self.filler.clear();
    }

    fn bounded(&self, state: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let most = self.summary.max_state;
        if state.len() > most {
            let why = format!("its state has {} bytes, which is more than the {most} that are allowed", state.len());
            return Err(Fault::Failed(why));
        }
        Ok(state)
    }

    /// Nothing is kept of a window that cannot be answered.
    fn fail(&mut self, fault: Fault) {
        let first = |it: &Fault| format!("{it:?}");
        // Of several the same is named, whichever part was merged first.
        if self.fault.as_ref().is_none_or(|it| first(&fault) < first(it)) {
            self.fault = Some(fault);
        }
        self.pile = Vec::new();
        self.others = Vec::new();
    }

    pub(super) fn merge(&mut self, mut other: Self) -> Result<(), super::OtherSketch> {
        if self.summary != other.summary {
            return Err(super::OtherSketch);
        }
        if self.rows > 0 && other.rows > 0 && !self.summary.mergeable {
            let why = "cannot be merged from parts; let one worker see all records (`--threads 1`)";
            self.fail(Fault::Failed(why.to_owned()));
        }
        other.observe();
        self.rows += other.rows;
        self.misfits.0 += other.misfits.0;
        self.misfits.1 = super::earlier(self.misfits.1, other.misfits.1);
        if let Some(fault) = other.fault {
            self.fail(fault);
        }
        if self.fault.is_none() {
            self.others.extend(other.pile.into_iter().chain(other.others));
            self.compact();
        }
        Ok(())
    }

    /// Merges states when together they are longer than one may be, so that many parts take little. What cannot be
    /// merged at this moment waits for the next, up to a bound: a plugin may be slow once.
    fn compact(&mut self) {
        let held: usize = self.pile.iter().chain(&self.others).map(Vec::len).sum();
        let most = self.summary.max_state;
        if held <= most {
            return;
        }
        match self.merged() {
            Ok(state) => (self.pile, self.others) = (state.into_iter().collect(), Vec::new()),
            Err(fault) if held > most.saturating_mul(4) => self.fail(fault),
            Err(_) => {}
        }
    }

    pub(super) fn shift(&mut self, rows: u64) {
        if let Some((row, _)) = &mut self.misfits.1 {
            *row = row.saturating_add(rows);
        }
    }

    pub(super) fn size(&self) -> usize {
        let states = self.pile.iter().chain(&self.others).map(Vec::capacity).sum::<usize>();
        size_of::<Self>() + states + self.filler.bytes()
    }

    /// The state of all that was seen; `None` when nothing was. May block.
    pub fn whole(&self) -> Result<Option<Vec<u8>>, Fault> {
        if self.filler.rows() > 0 {
            let mut done = self.clone();
            done.observe();
            return done.whole();
        }
        match &self.fault {
            Some(fault) => Err(fault.clone()),
            None => self.merged(),
        }
    }

    /// One state for all that are held.
    fn merged(&self) -> Result<Option<Vec<u8>>, Fault> {
        let mut states: Vec<&[u8]> = self.pile.iter().chain(&self.others).map(Vec::as_slice).collect();
        // The order of parts is that of threads, which the answer must not depend on.
        states.sort_unstable();
        match states.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one.to_vec())),
            all => self.bounded(self.summary.summarizer.merge(all)?).map(Some),
        }
    }

    /// Writes what was seen: one state where they can be merged now, else all of them, since a plugin that fails once
    /// must not cost a window its states. May block.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if self.filler.rows() > 0 {
            let mut done = self.clone();
            done.observe();
            return done.write(out);
        }
        let (misfits, first) = self.misfits;
        put_all([self.rows, misfits], out);
        if let Some((row, of)) = first {
            put(row, out);
            put_text(of, out);
        }
        match &self.fault {
            Some(Fault::Params(why)) => return put_fault(2, why, out),
            Some(Fault::TooLittle(why)) => return put_fault(3, why, out),
            Some(Fault::Failed(why)) => return put_fault(4, why, out),
            None => out.push(1),
        }
        let states: Vec<Vec<u8>> = match self.merged() {
            Ok(one) => one.into_iter().collect(),
            Err(_) => {
                let mut all: Vec<_> = self.pile.iter().chain(&self.others).cloned().collect();
                all.sort_unstable();
                all
            }
        };
        put(states.len() as u64, out);
        for state in states {
            put(state.len() as u64, out);
            out.extend_from_slice(&state);
        }
    }

    /// Reads what [`Folded::write`] has written; what is in the state is the plugin's to look at.
    pub(super) fn read(summary: &Arc<Summary>, from: &mut &[u8]) -> Option<Self> {
        let [rows, misfits] = get_counts(from)?;
        let first = match misfits {
            0 => None,
            _ => Some((get(from)?, known(get_text(from)?))),
        };
        let mut it = Folded { rows, misfits: (misfits, first), ..Folded::new(summary) };
        match byte(from)? {
            1 => {
                // Each takes a byte at least, so this is bounded by what there is.
                for _ in 0..get_length(from)? {
                    let n = get_length(from).filter(|it| *it <= summary.max_state)?;
                    it.others.push(from.split_off(..n)?.to_vec());
                }
            }
            tag => {
                let why = get_text(from)?.to_owned();
                it.fault = Some(match tag {
                    2 => Fault::Params(why),
                    3 => Fault::TooLittle(why),
                    4 => Fault::Failed(why),
                    _ => return None,
                });
            }
        }
        Some(it)
    }

    /// How it is made.
    pub const fn summary(&self) -> &Arc<Summary> {
        &self.summary
    }

    /// Records that were taken in.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Records that were left out because a value has no place in its column: how many, and the first
    /// row with the type of its value.
    pub const fn misfits(&self) -> (u64, Option<(u64, &'static str)>) {
        self.misfits
    }
}

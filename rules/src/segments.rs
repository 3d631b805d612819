//! The records of an input, folded together and by segment in one pass.
//!
//! The law of windows holds here too: split the input anyhow, merge the parts in any order, and the segments and every
//! answer about them are those of one pass.

mod judging;
#[cfg(test)]
mod tests;

pub use judging::{Judged, judge};

use foldhash::fast::FixedState;
use indexmap::IndexMap;
use xxhash_rust::xxh3::xxh3_64;

use crate::plan::segments::text;
use crate::plan::{Plan, Split};
use crate::run::{self, Fold, Late, flush, fold_again, fold_late};
use crate::samples::{Keep, Samples};
use crate::time::Timestamp;
use crate::value::Value;
use crate::window::Window;

/// All records, and those of each segment.
#[derive(Clone, Debug)]
pub struct Segmented {
    /// All records.
    pub total: Fold,
    ways: Vec<Way>,
    /// The most segments of a way that are held at a time.
    held: usize,
    waiting: Waiting,
}

/// The records of one segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Counts and summaries. The names of columns are those of all records, and not here.
    pub window: Window,
    /// The first records that failed, by expectation.
    pub samples: Samples,
}

/// A segment at the end of an input.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its name; see [`Splits::names`](crate::plan::Splits::names).
    pub name: String,
    /// Its records.
    pub part: Part,
}

/// The segments of one way to divide the records. Names are held whose hash begins with `level` zero bits, the level
/// being the smallest at which they are not too many: so which they are depends on the set of all names alone.
#[derive(Clone, Debug, Default)]
struct Way {
    level: u32,
    parts: IndexMap<String, Part, FixedState>,
    /// The records of all others.
    other: Option<Part>,
}

/// In which segments the records lie that wait for verdicts of plugins.
#[derive(Clone, Debug, Default)]
struct Waiting {
    numbers: Vec<u64>,
    /// One place a way for each of them.
    places: Vec<Place>,
}

/// A position among the parts of a way; `None`: its others.
type Place = Option<usize>;

/// Failed records that are kept of an expectation in a segment, at most.
const SAMPLES: usize = 20;

impl Part {
    fn new(plan: &Plan, keep: Keep) -> Self {
        let window = Window::new(plan.expectations.len(), &plan.bindings);
        let keep = Keep { values: keep.values.min(SAMPLES), all_rows: false };
        Part { window, samples: Samples::none_yet(keep) }
    }

    fn merge(&mut self, other: Part) {
        // Both were made from one plan, so they cannot be of different shape.
        let _ = self.window.merge(other.window);
        self.samples.merge(other.samples);
    }

    /// As [`run::judge_against`] takes it: with the columns of all records, for messages.
    pub fn into_fold(mut self, plan: &Plan, total: &Window) -> Fold {
        self.window.columns.clone_from(&total.columns);
        let mut fold = Fold::of_window(plan, self.window);
        fold.samples = self.samples;
        fold
    }
}

/// One of many, merged two by two so that none is merged into a large one again and again.
fn sum(mut parts: Vec<Part>) -> Option<Part> {
    while parts.len() > 1 {
        let half = parts.split_off(parts.len().div_ceil(2));
        parts.iter_mut().zip(half).for_each(|(mine, theirs)| mine.merge(theirs));
    }
    parts.pop()
}

impl Way {
    fn is_held(&self, name: &str) -> bool {
        xxh3_64(name.as_bytes()).leading_zeros() >= self.level
    }

    fn place(&mut self, plan: &Plan, keep: Keep, name: &str, held: usize) -> Place {
        if let Some(at) = self.parts.get_index_of(name) {
            return Some(at);
        }
        if self.is_held(name) {
            self.parts.insert(name.to_owned(), Part::new(plan, keep));
            self.thin(held);
        }
        self.parts.get_index_of(name)
    }

    fn at(&mut self, plan: &Plan, keep: Keep, place: Place) -> &mut Part {
        match place.and_then(|it| self.parts.get_index_mut(it)) {
            Some((_, part)) => part,
            None => self.other.get_or_insert_with(|| Part::new(plan, keep)),
        }
    }

    /// Raises the level until there are not too many.
    fn thin(&mut self, held: usize) {
        while self.parts.len() > held && self.level < u64::BITS {
            self.level += 1;
            let level = self.level;
            let gone = self.parts.extract_if(.., |name, _| xxh3_64(name.as_bytes()).leading_zeros() < level);
            let gone: Vec<Part> = gone.map(|it| it.1).collect();
            self.put_aside(gone);
        }
    }

    fn put_aside(&mut self, mut parts: Vec<Part>) {
        parts.extend(self.other.take());
        self.other = sum(parts);
    }

    fn merge(&mut self, other: Way, held: usize) {
        self.level = self.level.max(other.level);
        let mut aside: Vec<Part> = other.other.into_iter().collect();
        let level = self.level;
        let gone = self.parts.extract_if(.., |name, _| xxh3_64(name.as_bytes()).leading_zeros() < level);
        aside.extend(gone.map(|it| it.1));
        for (name, part) in other.parts {
            if let Some(mine) = self.parts.get_mut(&name) {
                mine.merge(part);
            } else if self.is_held(&name) {
                self.parts.insert(name, part);
            } else {
                aside.push(part);
            }
        }
        self.put_aside(aside);
        self.thin(held);
    }
}

impl Segmented {
    /// The least and the most segments of a way that are held while records are read, however few or many the suite
    /// keeps apart.
    pub const HELD: std::ops::RangeInclusive<usize> = 10_000..=100_000;

    /// Nothing folded yet.
    pub fn new(plan: &Plan, keep: Keep) -> Self {
        let held = plan.segments.most.saturating_mul(10).clamp(*Segmented::HELD.start(), *Segmented::HELD.end());
        let ways = plan.segments.by.iter().map(|_| Way::default()).collect();
        Segmented { total: Fold::new(plan, keep), ways, held, waiting: Waiting::default() }
    }

    /// Checks one record and folds it in, as [`run::check`] does, and into its segments. All of its values are told in
    /// their names.
    pub fn check(&mut self, plan: &Plan, cells: &mut [Value], number: u64, now: Timestamp) -> bool {
        if self.ways.is_empty() {
            return run::check(plan, cells, number, now, &mut self.total);
        }
        if self.total.is_full() {
            self.flush();
        }
        if !run::check(plan, cells, number, now, &mut self.total) {
            return false;
        }
        let cells = &*cells;
        let keep = self.total.samples.keep;
        let mut name = String::new();
        let waits = !self.total.waiting.is_empty();
        // Raising a level moves the parts, so none may wait for a verdict meanwhile.
        let is_full = |it: &Way| it.parts.len() >= self.held;
        if waits && self.ways.iter().any(is_full) {
            self.flush();
        }
        if waits {
            self.waiting.numbers.push(number);
        }
        for (way, split) in self.ways.iter_mut().zip(&plan.segments.by) {
            name.clear();
            split.name_into(cells, |_, it| text(it), &mut name);
            let place = way.place(plan, keep, &name, self.held);
            if waits {
                self.waiting.places.push(place);
            }
            let Part { window, samples } = way.at(plan, keep, place);
            fold_again(plan, cells, number, now, &self.total, window, samples);
        }
        true
    }

    /// Counts a record that could not be read, which lies in no segment.
    pub fn unreadable(&mut self, reason: &str, number: u64) {
        run::unreadable(reason, number, &mut self.total);
    }

    /// Asks the plugins about the records that wait; see [`run::flush`].
    pub fn flush(&mut self) -> Vec<Late> {
        let late = flush(&mut self.total);
        let Waiting { numbers, places } = std::mem::take(&mut self.waiting);
        let n_ways = self.ways.len();
        let mut order: Vec<(u64, usize)> = numbers.into_iter().enumerate().map(|(i, number)| (number, i)).collect();
        order.sort_unstable();
        for it in &late {
            let Ok(at) = order.binary_search_by_key(&it.verdict.number, |it| it.0) else { continue };
            let Some((_, nth)) = order.get(at) else { continue };
            for (way, place) in self.ways.iter_mut().zip(places.iter().skip(nth * n_ways)) {
                let part = match place.and_then(|it| way.parts.get_index_mut(it)) {
                    Some((_, part)) => Some(part),
                    None => way.other.as_mut(),
                };
                if let Some(Part { window, samples }) = part {
                    fold_late(it, window, samples);
                }
            }
        }
        late
    }

    /// Adds what another worker folded; both are of one plan.
    pub fn merge(&mut self, mut other: Segmented) {
        self.flush();
        other.flush();
        self.total.merge(other.total);
        for (mine, theirs) in self.ways.iter_mut().zip(other.ways) {
            mine.merge(theirs, self.held);
        }
    }

    /// The total, and the segments way by way, the largest of a way first and of equal ones by name. No more than the
    /// suite says are kept apart, the largest of all ways; behind those of a way stands what counts the others.
    pub fn finish(mut self, plan: &Plan) -> (Fold, Vec<Segment>) {
        self.flush();
        let most = plan.segments.most;
        let mut all: Vec<(u64, &str, usize)> = Vec::new();
        for (at, way) in self.ways.iter().enumerate() {
            all.extend(way.parts.iter().map(|(name, part)| (part.window.rows, name.as_str(), at)));
        }
        let largest = |a: &(u64, &str, usize), b: &(u64, &str, usize)| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1));
        let last = if all.len() > most && most > 0 {
            let (_, last, _) = all.select_nth_unstable_by(most - 1, largest);
            Some((last.0, last.1.to_owned()))
        } else {
            None
        };
        let is_kept = |rows: u64, name: &str| {
            last.as_ref().is_none_or(|(least, last)| rows > *least || rows == *least && name <= last.as_str())
        };
        let mut segments = Vec::new();
        for (way, split) in std::mem::take(&mut self.ways).into_iter().zip(&plan.segments.by) {
            segments.extend(finished(way, split, is_kept));
        }
        (self.total, segments)
    }
}

/// The segments of a way, those that are not kept apart in one.
fn finished(mut way: Way, split: &Split, is_kept: impl Fn(u64, &str) -> bool) -> Vec<Segment> {
    let parts = std::mem::take(&mut way.parts);
    let (kept, gone): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(name, part)| is_kept(part.window.rows, name));
    way.put_aside(gone.into_iter().map(|it| it.1).collect());
    let mut segments: Vec<Segment> = kept.into_iter().map(|(name, part)| Segment { name, part }).collect();
    segments.sort_unstable_by(|a, b| b.part.window.rows.cmp(&a.part.window.rows).then_with(|| a.name.cmp(&b.name)));
    segments.extend(way.other.map(|part| Segment { name: split.other(), part }));
    segments
}

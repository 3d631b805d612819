//! The records of a batch by their segments: each is checked once, and folded into the window of its segments too.

use std::collections::HashMap;

use driftline_rules::run::{self, Fold, Late};
use driftline_rules::value::Value;

use super::KEEP;
use crate::intake::entry::WindowNote;
use crate::service::place::Place;
use crate::service::segments::names;
use crate::service::version::Version;
use crate::service::windows::Told;
use crate::store::rows::Micros;

/// Windows that are held at a time; when there are so many, all are noted.
const OPEN: usize = 1000;

/// The windows of what came since the last part: one for the records that lie in the same window and in the same
/// segment of each way to divide records, since they add the same to each.
#[derive(Default)]
pub(super) struct Apart {
    at: HashMap<(Micros, Vec<String>), usize>,
    open: Vec<Group>,
    notes: Vec<WindowNote>,
}

struct Group {
    place: Place,
    segments: Vec<String>,
    fold: Fold,
    told: Told,
}

impl Apart {
    /// Whether no further window should be begun.
    pub(super) const fn is_full(&self) -> bool {
        self.open.len() >= OPEN
    }

    /// The window of such records; `None`: the suite has no segments.
    fn window(&mut self, version: &Version, place: Place, cells: &[Value]) -> Option<usize> {
        let plan = &version.loaded.plan;
        if plan.segments.is_empty() {
            return None;
        }
        let segments = names(version, cells);
        let next = self.open.len();
        let at = *self.at.entry((place.start, segments)).or_insert_with_key(|(_, segments)| {
            self.open.push(Group {
                place: Place { untimed: 0, newest: None, ..place },
                segments: segments.clone(),
                fold: Fold::new(plan, KEEP),
                told: version.keeping.begin(plan),
            });
            next
        });
        self.open.get_mut(at)?.place.add(place);
        Some(at)
    }

    /// Adds a record that was checked last with `from`; where it is, if it waits for plugins.
    pub(super) fn fold(
        &mut self,
        version: &Version,
        place: Place,
        now: Micros,
        cells: &[Value],
        from: &Fold,
    ) -> Option<(usize, u64)> {
        let plan = &version.loaded.plan;
        let at = self.window(version, place, cells)?;
        let Group { fold, told, .. } = self.open.get_mut(at)?;
        let number = fold.window.rows;
        run::fold_again(plan, cells, number, now, from, &mut fold.window, &mut fold.samples);
        told.fold(plan, &version.privacy, cells, number);
        (!from.waiting.is_empty()).then_some((at, number))
    }

    /// Adds a record that could not be read.
    pub(super) fn unreadable(&mut self, version: &Version, place: Place, reason: &str) {
        if let Some(it) = self.window(version, place, &[]).and_then(|at| self.open.get_mut(at)) {
            let number = it.fold.window.rows;
            run::unreadable(reason, number, &mut it.fold);
        }
    }

    /// Adds what a plugin says of a record.
    pub(super) fn fold_late(&mut self, (at, number): (usize, u64), late: &Late) {
        if let Some(it) = self.open.get_mut(at) {
            let mut late = late.clone();
            late.verdict.number = number;
            run::fold_late(&late, &mut it.fold.window, &mut it.fold.samples);
        }
    }

    /// Notes all windows. Nothing in them may wait for plugins.
    pub(super) fn close(&mut self, version: &Version) {
        self.at.clear();
        for Group { place, segments, mut fold, told } in std::mem::take(&mut self.open) {
            let note = version.keeping.note(&mut fold.window, told, place, &version.hash);
            self.notes.push(WindowNote { segments, in_total: false, ..note });
        }
    }

    /// What is to be journalled.
    pub(super) fn take(&mut self, version: &Version) -> Vec<WindowNote> {
        self.close(version);
        std::mem::take(&mut self.notes)
    }
}

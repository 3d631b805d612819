//! The windows that the records of a batch lie in by their own time.

use driftline_rules::report::Tally;
use driftline_rules::run::Fold;
use driftline_rules::window::Window;

use super::{KEEP, Work};
use crate::intake::entry::WindowNote;
use crate::records::Record;
use crate::service::place::Place;
use crate::service::version::Version;
use crate::service::windows::Told;
use crate::store::rows::Micros;

/// Windows that are held at a time; of one more, the one that was longest without a record is noted.
const OPEN: usize = 64;

/// The windows of what came since the last part.
pub(super) struct Panes {
    /// The window that the batch comes in; `None` when its suite has none.
    arrival: Option<(Micros, Micros)>,
    /// The window of the records in the part.
    now: Option<Place>,
    /// Where the last record lies.
    last: Option<Place>,
    /// Windows with records from before; the one that had the last record stands last.
    open: Vec<Pane>,
    /// What is to be journalled.
    notes: Vec<WindowNote>,
}

struct Pane {
    place: Place,
    window: Window,
    told: Told,
}

impl Panes {
    pub(super) fn new(arrival: Option<(Micros, Micros)>) -> Self {
        let now = arrival.map(Place::arrival);
        Panes { arrival, now, last: now, open: Vec::new(), notes: Vec::new() }
    }

    /// Where the record lies that is checked.
    pub(super) const fn last(&self) -> Option<Place> {
        self.last
    }

    /// Adds records to their window, of which others may have come before.
    fn add(&mut self, version: &Version, place: Place, window: &Window, told: Told) {
        let Some(at) = self.open.iter().position(|it| it.place.start == place.start) else {
            self.open.push(Pane { place, window: window.clone(), told });
            if self.open.len() > OPEN {
                let oldest = self.open.remove(0);
                self.notes.push(oldest.note(version));
            }
            return;
        };
        let mut pane = self.open.remove(at);
        pane.place.add(place);
        pane.told.merge(told, pane.window.rows);
        let mut window = window.clone();
        window.shift(pane.window.rows);
        // Both are of one plan, so they cannot be of different shape.
        let _ = pane.window.merge(window);
        self.open.push(pane);
    }

    /// What is to be journalled.
    pub(super) fn take(&mut self, version: &Version) -> Vec<WindowNote> {
        self.notes.extend(std::mem::take(&mut self.open).into_iter().map(|it| it.note(version)));
        std::mem::take(&mut self.notes)
    }
}

impl Pane {
    fn note(mut self, version: &Version) -> WindowNote {
        version.keeping.note(&mut self.window, self.told, self.place, &version.hash)
    }
}

impl Work<'_> {
    /// Makes the window of a record that is not checked yet the one that it is folded into.
    pub(super) fn move_to(&mut self, record: &Record, lines: bool) {
        let Some(arrival) = self.panes.arrival else { return };
        let place = match record {
            Record::Broken(_) => Place::arrival(arrival),
            Record::Read { cells, .. } => self.batch.version.place(arrival, cells),
        };
        if self.part.window.rows > 0 && self.panes.now.is_some_and(|it| it.start != place.start) {
            // What waits for plugins belongs to the records that are folded already.
            self.conclude_pending(lines);
            self.settle(false);
        }
        self.panes.last = Some(place);
        match &mut self.panes.now {
            Some(it) if it.start == place.start => it.add(place),
            it => *it = Some(place),
        }
    }

    /// Adds what was folded to the whole, and to its window, which may have had records before or, unless this `is_all`
    /// of a part, will have others.
    pub(super) fn settle(&mut self, is_all: bool) {
        let version = &self.batch.version;
        let plan = &version.loaded.plan;
        if self.part.window.rows == 0 {
            return;
        }
        let mut part = std::mem::replace(&mut self.part, Fold::new(plan, KEEP));
        let told = std::mem::replace(&mut self.told, version.keeping.begin(plan));
        if let Some(place) = self.panes.now {
            if is_all && self.panes.open.is_empty() {
                self.panes.notes.push(version.keeping.note(&mut part.window, told, place, &version.hash));
            } else {
                self.panes.add(version, place, &part.window, told);
            }
            self.panes.now = Some(Place { untimed: 0, newest: None, ..place });
        }
        part.window.shift(self.fold.window.rows);
        self.fold.merge(part);
        if self.has_labels {
            self.before.fill(Tally::default());
        }
    }
}

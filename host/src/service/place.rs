//! Where a record lies in time: by its own time, where its suite names the field, else by that of its request.

use driftline_rules::value::Value;

use super::app::now;
use super::version::Version;
use crate::store::rows::Micros;

/// The window that records are added to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The start of the window.
    pub start: Micros,
    /// Its end.
    pub end: Micros,
    /// Records that should have a time of their own and have none that can be.
    pub untimed: u64,
    /// The latest time that a record has of its own, not later than the clock.
    pub newest: Option<Micros>,
}

/// 0001-01-01 and 9999-12-01, as the store keeps times.
const TIMES: (Micros, Micros) = (-62_135_596_800_000_000, 253_399_622_400_000_000);

impl Place {
    /// The window that a record comes in, whatever its own time is.
    pub fn arrival((start, end): (Micros, Micros)) -> Self {
        Place { start, end, ..Place::default() }
    }

    /// Adds a record that lies in the same window.
    pub fn add(&mut self, other: Place) {
        self.untimed += other.untimed;
        self.newest = self.newest.max(other.newest);
    }
}

impl Version {
    /// The time that a record has of its own, unless it cannot be.
    pub fn own_time(&self, cells: &[Value], clock: Micros) -> Option<Micros> {
        let may_be = TIMES.0..=clock.saturating_add(self.ahead).min(TIMES.1);
        self.loaded.plan.time_of(cells).filter(|it| may_be.contains(it))
    }

    /// The window of a record that comes in within these bounds.
    pub fn place(&self, arrival: (Micros, Micros), cells: &[Value]) -> Place {
        let plan = &self.loaded.plan;
        if plan.time.is_none() {
            return Place::arrival(arrival);
        }
        let clock = now();
        match self.own_time(cells, clock).and_then(|at| Some((at, plan.windows.around(at)?))) {
            // A clock that is ahead must not close the windows of all others.
            Some((at, bounds)) => Place { newest: Some(at.min(clock)), ..Place::arrival(bounds) },
            None => Place { untimed: 1, ..Place::arrival(arrival) },
        }
    }
}

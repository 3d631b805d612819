//! A row: the few values of one record that a plan reads.

use crate::time::Timestamp;
use crate::value::Value;

/// Where a field's value stands in a [`Row`]; given out by the plan, one for each field of the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u16);

/// The cells of one record, by slot; names are gone.
#[derive(Clone, Copy, Debug)]
pub struct Row<'c, 'r> {
    /// One value a slot of the plan.
    pub cells: &'c [Value<'r>],
    /// Position of the record in its batch, stream or file, counted from 0.
    pub number: u64,
    /// When the record was received, for rules about age.
    pub now: Timestamp,
}

impl<'c, 'r> Row<'c, 'r> {
    /// The value in `slot`; `Missing` when the row is shorter.
    pub fn at(&self, slot: Slot) -> &'c Value<'r> {
        self.cells.get(slot.0 as usize).unwrap_or(&Value::Missing)
    }
}

//! One pass over files for a profile: whole records, whatever the format.

use super::profile::Profile;
use crate::files::csv::Nulls;
use crate::files::{self, Broken, Fault, Input};
use crate::passes::each_record;

/// What a pass found.
pub struct Pass {
    /// The fields.
    pub profile: Profile,
    /// The first record that could not be read.
    pub broken: Option<Broken>,
    /// Files that could not be read, or not to their end.
    pub faults: Vec<Fault>,
}

/// Goes through all inputs, in order.
pub fn profile(inputs: &[Input], options: &files::Options, nulls: &Nulls) -> Pass {
    let pass = each_record(inputs, options, nulls, Profile::default, |profile, row, record| profile.add(record, row));
    let profile = Profile { unreadable: pass.unreadable, ..pass.seen };
    Pass { profile, broken: pass.broken, faults: pass.faults }
}

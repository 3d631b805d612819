//! What the segments of a record are called, as far as the suite's privacy lets values be told.

use std::borrow::Cow;

use driftline_rules::plan::segments::text;
use driftline_rules::value::Value;

use super::version::Version;

/// Stands for values of which nothing may be told, where the service's own setting says so.
const UNTOLD: &str = "(not told)";

/// The names of the segments that a record lies in, one of each way to divide records, from its cells as checking left
/// them; those of a record without cells are of null.
pub fn names(version: &Version, cells: &[Value]) -> Vec<String> {
    let privacy = &version.privacy;
    let keeps_all = privacy.keeps_all();
    version.loaded.plan.segments.names(cells, |field, value| {
        if keeps_all || privacy.keeps(field) {
            return text(value);
        }
        if privacy.hashes(field) {
            // Equal values, `1` and `1.0` too, have equal hashes.
            return Cow::Owned(text(&privacy.stand_in(value)).into_owned());
        }
        privacy.text(field, value).map_or(Cow::Borrowed(UNTOLD), Cow::Owned)
    })
}

/// The same of a record of the log of predictions, where what stands for a value stands already.
pub fn names_of_kept(version: &Version, cells: &[Value]) -> Vec<String> {
    let privacy = &version.privacy;
    version.loaded.plan.segments.names(cells, |field, value| {
        if privacy.keeps(field) || privacy.hashes(field) {
            return text(value);
        }
        privacy.text(field, value).map_or(Cow::Borrowed(UNTOLD), Cow::Owned)
    })
}

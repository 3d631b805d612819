//! What a window is compared with.

use std::collections::BTreeMap;

use crate::baseline::Baseline;
use crate::window::Window;

/// What a window is compared with.
#[derive(Clone, Copy, Debug, Default)]
pub struct References<'r> {
    /// A window of the same plan, for the drift tests of plugins.
    pub window: Option<&'r Window>,
    /// Distributions of fields, for all others.
    pub baseline: Option<&'r Baseline>,
    /// Why there is no baseline, when whoever looked for one knows.
    pub absent: Option<&'r str>,
    /// The share of the level that the tests of this window may spend, where windows are watched together
    /// ([`Drift::spends`](crate::suite::Drift::spends)).
    pub spends: Option<f64>,
    /// The windows of the segments that [others are compared with](crate::plan::Plan::segments_beside), by name.
    pub segments: Option<&'r BTreeMap<String, Window>>,
}

//! Drift by how well a classifier tells two windows apart. See `page.md`.

mod auc;
mod classifier;
mod drift;
mod features;
mod rows;

pub use drift::Drift;

driftline_plugin::export! {
    page: include_str!("../page.md"),
    drift_tests: [Drift],
}

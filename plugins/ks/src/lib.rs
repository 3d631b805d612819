//! The two-sample Kolmogorov-Smirnov test. See `page.md`.

mod drift;
mod kept;
mod test;

pub use drift::Drift;
pub use test::{Distance, distance, p_value};

driftline_plugin::export! {
    page: include_str!("../page.md"),
    drift_tests: [Drift],
}

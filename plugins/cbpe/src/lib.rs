//! What a classifier's accuracy must be if its probabilities are right. See `page.md`.

mod binary;
mod cells;
mod multiclass;

pub use binary::Binary;
pub use multiclass::Multiclass;

driftline_plugin::export! {
    page: include_str!("../page.md"),
    metrics: [Binary, Multiclass],
}

//! How right a model is: predictions beside what turned out to be true.
//!
//! Pure functions of counts, of scores and of numbers. What is undefined is `None`, never 0 or NaN; a caller that wants
//! what a library has in its place says so.

pub mod compare;
pub mod confusion;
pub mod estimate;
pub mod fairness;
pub mod figure;
pub mod interval;
pub mod isotonic;
pub mod known;
pub mod label;
pub mod metric;
pub mod multiclass;
pub mod regression;
pub mod scores;
pub mod usual;

pub use confusion::{Average, Class, Confusion, Measure};
pub use figure::{Figure, Spread};
pub use label::Label;
pub use metric::{Metric, Needs};
pub use multiclass::Multiclass;
pub use regression::Regression;
pub use scores::Scores;

#[cfg(test)]
mod tests;

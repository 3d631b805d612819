//! Statistics that several plugins need and that merge exactly.
//!
//! What is kept of rows here is a function of the rows alone: not of their order, nor of how they were split
//! into batches and windows. [`Exact`] sums without rounding, [`Sample`] keeps a bounded part of the rows.

mod chance;
mod distribution;
mod exact;
mod matrix;
mod sample;

pub use chance::Chance;
pub use distribution::{chi_square_quantile, normal_quantile, normal_upper, upper_share_p_value};
pub use exact::Exact;
pub use matrix::{Cholesky, Matrix};
pub use sample::{Pair, Sample, pair};

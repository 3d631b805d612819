//! Laws of test statistics: the probability to exceed a value, and its logarithm where that underflows.

pub mod binomial;
pub mod chi_square;
pub mod hypergeometric;

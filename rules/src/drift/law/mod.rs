//! Laws of test statistics: the probability to exceed a value, and its logarithm where that underflows.

//! Where results are kept.

pub mod rows;

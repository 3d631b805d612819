//! The engine of Driftline: records, suites, expectations and windows.
//!
//! Nothing here reads a file, a clock or the network, starts a thread or fails at run time; the
//! host brings bytes and the time, and carries results away. The modules stand in reading order,
//! and each uses only those above it.

pub mod condition;
pub mod python;
pub mod row;
pub mod time;
pub mod value;

//! The engine of Driftline: records, suites, expectations and windows.
//!
//! Nothing here reads a file, a clock or the network, starts a thread or fails at run time; the
//! host brings bytes and the time, and carries results away. The modules stand in reading order,
//! and each uses only those above it.

#![forbid(unsafe_code)]

pub mod time;
pub mod value;
pub mod row;
pub mod types;
pub mod path;
pub mod shape;
pub mod record;
pub mod schema;
pub mod python;
pub mod condition;
pub mod report;
pub mod family;
pub mod trace;
pub mod plugin;
pub(crate) mod bytes;
pub mod sketch;
pub mod drift;
pub mod trend;
pub mod detector;
pub mod quality;
pub mod suite;
pub mod args;
pub mod binder;
pub mod window;
pub mod codec;
pub mod baseline;
pub mod samples;
pub mod kind;
pub mod expectation;
pub mod plan;
pub mod run;
pub mod segments;
pub mod signal;
pub mod trigger;
pub mod diagnosis;
pub mod page;
pub mod suite_schema;
pub mod catalogue;

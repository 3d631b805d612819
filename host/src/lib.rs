//! Everything of Driftline that touches the world: files, the command line.

pub mod files;
pub mod records;
pub mod places;
pub mod scan;
pub mod report;
pub mod suites;
pub mod output;
pub mod split;
pub mod yaml;
pub mod import;
pub mod suggest;
pub mod store;
pub mod config;
pub mod tokens;
pub mod cli;

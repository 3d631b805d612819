//! Everything of Driftline that touches the world: files, the command line, the service and its store.

pub mod files;
pub mod records;
pub mod places;
pub mod scan;
pub mod report;
pub mod plugins;
pub mod suites;
pub mod output;
pub mod split;
pub mod yaml;
pub mod import;
pub mod passes;
pub mod columns;
pub mod drift;
pub mod suggest;
pub mod redact;
pub mod store;
pub mod config;
pub mod tokens;
pub mod intake;
pub mod wire;
pub mod service;
pub mod history;
pub mod http;
pub mod demo;
pub mod cli;

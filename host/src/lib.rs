//! Everything of Driftline that touches the world: files, the command line.

pub mod files;

//! `driftline simulate degradation`: a model that is good, a feature that changes its scale, and what follows, through
//! the HTTP endpoints of a real service.
//!
//! Three hours are played in the time of the records. Everything that is told was read from the service; what the
//! simulator knows of the orders that it makes is used for their records and labels alone.

mod attribution;
mod client;
mod orders;
mod play;
mod stage;
mod verdict;

pub use play::play;
pub use stage::{Mend, Stage};
pub use verdict::{Outcome, Wanted};

/// What the suite and the model are called, unless the store may hold others.
pub const NAME: &str = "payment-risk";

/// The suite of the simulation; a suite is called as its file is.
pub const SUITE: &str = include_str!("suite.yaml");

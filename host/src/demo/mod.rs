//! `driftline demo`: two days of an intent router, played through the real HTTP endpoint of a service
//! with an embedded store, and told in a few lines; and what `driftline simulate` plays.

pub mod degradation;
mod random;
mod simulator;
mod story;

pub use random::SplitMix;
pub use simulator::{Batch, DEPLOYED, STEP, Simulator};
pub use story::{Told, play};

/// The suite of the demo: that of `examples/intent_router`.
pub const SUITE: &str = include_str!("../../../examples/intent_router/suite.yaml");

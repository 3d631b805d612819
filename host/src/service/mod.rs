//! The service beside a model server: what is active, what it answers, and what it keeps of it.

pub mod app;
pub mod batch;
mod folder;
mod gather;
pub mod plugging;
pub mod privacy;
pub mod registry;
pub mod reload;
pub mod shelf;
pub mod start;
pub mod version;

//! The service beside a model server: what is active, what it answers, and what it keeps of it.

pub mod app;
pub mod baselines;
pub mod batch;
pub mod closing;
pub mod comparing;
pub mod deciding;
pub mod features;
mod folder;
mod gather;
pub mod judging;
pub mod notice;
pub mod place;
pub mod plugging;
mod plugin_files;
pub mod privacy;
pub mod refused;
pub mod registry;
pub mod reload;
pub mod segments;
pub mod shelf;
pub mod start;
pub mod version;
pub mod windows;

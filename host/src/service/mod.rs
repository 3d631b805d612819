//! The service beside a model server: what is active, what it answers, and what it keeps of it.

pub mod app;
pub mod baselines;
pub mod batch;
pub mod closing;
pub mod comparing;
pub mod features;
mod folder;
mod gather;
mod joining;
mod joins;
pub mod judging;
pub mod label_files;
pub mod labels;
pub mod place;
pub mod plugging;
mod plugin_files;
mod predictions;
pub mod privacy;
pub mod refused;
pub mod registry;
pub mod reload;
pub mod segments;
pub mod shelf;
pub mod start;
pub mod sums;
pub mod version;
pub mod windows;

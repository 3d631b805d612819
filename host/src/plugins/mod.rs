//! Plugins as WebAssembly components: loading, limits, calls. Nothing else says wasmtime.
//!
//! Calls run on the caller's thread and may take as long as the limits say; callers see to it that it may block.

mod about;
mod answers;
mod cache;
mod circuit;
mod engine;
mod guest;
mod interfaces;
pub mod laws;
mod limits;
mod loaded;
mod rule;
mod shelf;
mod trust;
mod v0_1;

pub use cache::Cache;
pub use engine::Runtime;
pub use interfaces::Interfaces;
pub use limits::Limits;
pub use loaded::{Facts, LoadedPlugin};
pub use shelf::{Beside, Elsewhere, Found, Shelf, digest};
pub use trust::Trust;

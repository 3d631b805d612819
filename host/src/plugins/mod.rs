//! Plugins as WebAssembly components: loading, limits, calls. Nothing else says wasmtime.
//!
//! Calls run on the caller's thread and may take as long as the limits say; callers see to it that it may block.

mod about;
mod answers;
mod blobs;
mod cache;
mod circuit;
mod counted;
mod engine;
mod fetching;
mod guest;
mod idle;
mod interfaces;
pub mod laws;
mod limits;
mod loaded;
mod local;
mod oci;
mod rule;
mod selftest;
mod shelf;
mod trust;
mod v0_1;

pub use blobs::Blobs;
pub use cache::Cache;
pub use engine::Runtime;
pub use interfaces::Interfaces;
pub use limits::Limits;
pub use loaded::{Facts, LoadedPlugin};
pub use local::{beside, local_registries};
pub use oci::Registries;
pub use selftest::{run_page, self_test};
pub use shelf::{Beside, Elsewhere, Found, Shelf, digest, read};
pub use trust::{Trust, signature_text};

//! stub
pub mod text;
pub use text::text;

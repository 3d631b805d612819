//! Small plots as SVG text: pure functions of plain data.
//!
//! They hold no style of their own, only the names of classes, so that a page may forbid inline styles and colour them
//! for light, dark and paper; each has a title and a text that says what it shows.

pub mod bars;
mod frame;
pub mod line;
pub mod numbers;
pub mod reliability;
pub mod strip;

#[cfg(test)]
mod tests;

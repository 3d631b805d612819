//! A first suite, from data: what holds on it and is likely meant, each with its evidence.
//!
//! A profile is made in one pass; rules of thumb draw a draft from it; the draft is checked on the data
//! by the engine itself, and what does not hold there is left out.

pub mod bounds;
pub mod draft;
mod guesses;
pub mod holding;
mod names;
pub mod profile;
pub mod reading;
pub mod shapes;
pub mod text;
mod values;

#[cfg(test)]
mod tests;

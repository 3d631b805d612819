//! What is told to other systems when a trigger fires: bodies, signatures, and requests that reach no private network
//! unless they may.

mod action;
mod address;
mod body;
mod event;
mod sending;
mod signature;
mod template;

pub use action::{Action, Actions, Complaint};
pub use address::{Names, is_public, system};
pub use event::Event;
pub use sending::Outcome;
pub use signature::signature;
pub use template::shipped;

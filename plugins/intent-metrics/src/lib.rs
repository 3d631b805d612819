//! What a classifier of intents answers, measured by window. See `page.md`.

mod confusion;
mod counts;
mod distribution;
mod margin;
mod scope;

pub use confusion::Confusion;
pub use distribution::{Entropy, Share};
pub use margin::ConfidenceMargin;
pub use scope::OutOfScope;

driftline_plugin::export! {
    page: include_str!("../page.md"),
    metrics: [Entropy, Share, ConfidenceMargin, OutOfScope, Confusion],
}

//! What Python does, where Great Expectations' answers rest on it: `str`, `re`, `strptime`,
//! `json.loads`, `dateutil`; and SQL's `LIKE`, which Great Expectations leaves to `PostgreSQL`.

pub mod dateutil;
pub mod json;
pub mod like;
pub mod regex;
pub mod strftime;
pub mod text;
mod translate;

pub use text::text;

//! Write plugins for Driftline in Rust: record checks, drift tests and metrics.
//!
//! An author implements [`RecordCheck`], or [`Summary`] with [`Metric`] or [`DriftTest`], and names the types in
//! [`export!`]. The crate builds natively, where [`testing`] runs the rules, and for wasm32-unknown-unknown,
//! where it becomes a component. `plugins/README.md` goes from nothing to a running plugin.
//!
//! ```
//! use driftline_plugin::prelude::*;
//!
//! /// Expects texts of at most so many characters.
//! pub struct Short(usize);
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! pub struct Limit {
//!     /// The most characters.
//!     max: usize,
//! }
//!
//! impl RecordCheck for Short {
//!     const ABOUT: Capability = Capability::new("short", "texts of at most `max` characters")
//!         .inputs(&[Input::required("text", &[ColumnType::Text], "the text")]);
//!     type Params = Limit;
//!
//!     fn open(params: Limit, _: &Inputs) -> Result<Self> {
//!         Ok(Short(params.max))
//!     }
//!
//!     fn check(&self, _: &Context, rows: &Rows, verdicts: &mut Verdicts) -> Result<()> {
//!         verdicts.judge(&rows.texts("text")?, |text| {
//!             let length = text.chars().count();
//!             (length > self.0).then(|| Failure::new("too-long", format!("{length} characters, at most {} hold", self.0)))
//!         });
//!         Ok(())
//!     }
//! }
//!
//! driftline_plugin::export! { page: "# short", record_checks: [Short] }
//!
//! let columns = Columns::new().texts("text", [Some("yes"), Some("perhaps"), None]);
//! let judged = testing::check::<Short>(&json!({ "max": 3 }), &columns).unwrap();
//! assert_eq!(judged.verdicts, [Verdict::Pass, Verdict::Fail, Verdict::Skip]);
//! # fn main() {}
//! ```

pub mod about;
#[doc(hidden)]
pub mod bindings;
pub mod check;
pub mod columns;
mod error;
pub mod export;
pub mod log;
mod state;
pub mod summary;
pub mod testing;
mod values;

pub use about::{Capability, ColumnType, Input, NoParams, Output, Params};
pub use bindings::types::{
    Batch, Binding, CategoryData, Column, ColumnData, Context, Measurement, TextData, VectorData,
};
pub use check::{Failure, RecordCheck, Verdicts};
pub use columns::{Inputs, Rows};
pub use error::{Error, Result};
pub use summary::{DriftTest, Measurements, Metric, Outcome, Summary, Window};
pub use values::Values;
pub use {schemars, serde, serde_json};

/// All that most plugins need: `use driftline_plugin::prelude::*;`.
///
/// The derives of serde and schemars also want those crates in `Cargo.toml`.
pub mod prelude {
    pub use crate::columns::{Booleans, Integers, Json, Numbers, Texts, Timestamps, Vectors};
    pub use crate::testing::{self, Columns, Verdict};
    pub use crate::{
        Capability, ColumnType, Context, DriftTest, Error, Failure, Input, Inputs, Measurements, Metric, NoParams,
        Outcome, Output, RecordCheck, Result, Rows, Summary, Verdicts, Window,
    };
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::json;
}

//! What was wanted of the simulation, and what came.

use std::io::{self, Write};

use serde::Serialize;

/// One thing that must be so.
#[derive(Clone, Debug, Serialize)]
pub struct Wanted {
    /// What it is about.
    pub what: &'static str,
    /// What must come.
    pub wanted: String,
    /// What came.
    pub got: String,
    /// Whether it is as wanted.
    pub holds: bool,
}

/// How the simulation ended.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// The suite, which is the model as well.
    pub suite: String,
    /// The incident.
    pub incident: String,
    /// Each thing that must be so, in the order of the story.
    pub wanted: Vec<Wanted>,
}

impl Outcome {
    /// Whether all came as wanted.
    pub fn holds(&self) -> bool {
        !self.wanted.is_empty() && self.wanted.iter().all(|it| it.holds)
    }

    /// A number that must lie around another one.
    pub(super) fn number(&mut self, what: &'static str, wanted: f64, by: f64, unit: &str, got: Option<f64>) {
        self.wanted.push(Wanted {
            what,
            wanted: format!("{wanted} {unit} ± {by}"),
            got: got.map_or_else(|| "nothing".to_owned(), |it| format!("{it:.1} {unit}")),
            holds: got.is_some_and(|it| (it - wanted).abs() <= by),
        });
    }

    /// Something that must be exactly so.
    pub(super) fn equal(&mut self, what: &'static str, wanted: &str, got: &str) {
        let got = if got.is_empty() { "nothing" } else { got };
        self.wanted.push(Wanted { what, wanted: wanted.to_owned(), got: got.to_owned(), holds: wanted == got });
    }

    /// The table at the end of the story.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = |of: fn(&Wanted) -> &str| self.wanted.iter().map(|it| of(it).chars().count()).max().unwrap_or(0);
        let (what, wanted) = (width(|it| it.what), width(|it| &it.wanted).max(6));
        writeln!(out, "      {:what$}  {:wanted$}  got", "", "wanted")?;
        for it in &self.wanted {
            let sign = if it.holds { "ok" } else { "NOT" };
            writeln!(out, "{sign:>4}  {:what$}  {:wanted$}  {}", it.what, it.wanted, it.got)?;
        }
        Ok(())
    }
}

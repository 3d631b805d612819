//! `driftline kinds`: the pages of drift tests and change detectors.

use std::io::{self, Write};

use driftline_rules::detector::params::COOLDOWN;
use driftline_rules::detector::{self, DETECTORS, DetectorKind};
use driftline_rules::drift::{self, DriftTest, TESTS};
use serde_json::{Value, json};

/// What has a page.
#[derive(Clone, Copy)]
pub enum Page {
    /// A test of `driftline drift`.
    Test(&'static DriftTest),
    /// A detector of `driftline detect`.
    Detector(&'static DetectorKind),
}

/// The page of a name or an alias.
pub fn find(name: &str) -> Option<Page> {
    let detector = || detector::find(name).map(Page::Detector);
    drift::find(name).map(Page::Test).or_else(detector)
}

/// All names, for a hint; detectors' aliases are their names in other letters.
pub fn names() -> impl Iterator<Item = &'static str> {
    let tests = TESTS.iter().flat_map(|it| std::iter::once(&it.name).chain(it.aliases));
    tests.chain(DETECTORS.iter().map(|it| &it.name)).copied()
}

/// All tests and detectors, a line each.
pub fn write_list(out: &mut dyn Write) -> io::Result<()> {
    let tests = TESTS.iter().map(|it| (it.name, it.summary)).collect();
    let detectors = DETECTORS.iter().map(|it| (it.name, it.summary)).collect();
    for (title, all) in [
        ("Tests of `driftline drift`: two inputs, column by column", tests),
        ("Detectors of `driftline detect`: a column in the order of its rows", detectors),
    ] {
        let all: Vec<(&str, &str)> = all;
        let width = all.iter().map(|it| it.0.len()).max().unwrap_or(0);
        if width > 0 {
            writeln!(out, "\n{title}\n")?;
        }
        all.iter().try_for_each(|(name, summary)| writeln!(out, "    {name:width$}  {summary}"))?;
    }
    Ok(())
}

impl Page {
    fn text(self) -> &'static str {
        match self {
            Page::Test(it) => it.page,
            Page::Detector(it) => it.page,
        }
    }

    /// For people.
    pub fn write(self, colour: bool, out: &mut dyn Write) -> io::Result<()> {
        let (name, command) = match self {
            Page::Test(it) => (it.name, "a test of `driftline drift`"),
            Page::Detector(it) => (it.name, "a detector of `driftline detect`"),
        };
        let (bold, _, end) = super::colours(colour);
        writeln!(out, "{bold}{name}{end}  ({command})")?;
        super::write_text(self.text(), colour, out)
    }

    /// For programs.
    pub fn to_json(self) -> Value {
        match self {
            Page::Test(it) => {
                let params: Vec<_> =
                    it.params.iter().map(|(name, default)| json!({"name": name, "default": default})).collect();
                json!({
                    "name": it.name, "what": "test", "aliases": it.aliases, "summary": it.summary, "params": params,
                    "page": it.page,
                })
            }
            Page::Detector(it) => {
                let params = it.params.iter().chain([&COOLDOWN]).map(|it| {
                    json!({
                        "name": it.name, "aliases": it.aliases, "takes": it.range.describe(),
                        "default": it.to_json(it.default), "doc": it.doc,
                    })
                });
                json!({
                    "name": it.name, "what": "detector", "aliases": it.aliases, "summary": it.summary,
                    "takes": it.takes.describe(), "params": params.collect::<Vec<_>>(), "page": it.page,
                })
            }
        }
    }
}

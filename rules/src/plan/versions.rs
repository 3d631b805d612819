//! Which versions of which models the records of a window are of, where each version has a baseline of its own.

use super::compile::Compiler;
use super::segments::text;
use crate::binder::{SketchId, SketchPlan};
use crate::path::Path;
use crate::sketch::{Counts, Sketch, Spec};
use crate::suite::problem::Problem;
use crate::suite::{Reference, Suite};
use crate::window::Window;

/// Different models or versions that a window names one by one.
const MOST: usize = 16;

/// What windows keep of models and their versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// How often each model occurs; `None`: the suite does not say which field names the model.
    pub model: Option<SketchId>,
    /// How often each version occurs.
    pub version: SketchId,
}

/// Of which version of a model the records of a window are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfVersion {
    /// All of one.
    One {
        /// The model, where records name one.
        model: Option<String>,
        /// Its version.
        version: String,
    },
    /// Of several, so many at least.
    Several(usize),
    /// No record names a version.
    None,
}

impl Versions {
    /// Of which version the records of a window are. Records that name none are passed over.
    pub fn of(&self, window: &Window) -> OfVersion {
        let models = self.model.map_or_else(Vec::new, |it| values(window, it));
        let versions = values(window, self.version);
        match (models.as_slice(), versions.as_slice()) {
            ([_, _, ..], _) => OfVersion::Several(models.len().max(versions.len())),
            (_, []) => OfVersion::None,
            (_, [version]) => OfVersion::One { model: models.first().cloned(), version: version.clone() },
            (_, several) => OfVersion::Several(several.len()),
        }
    }
}

fn values(window: &Window, id: SketchId) -> Vec<String> {
    let counts: Option<&Counts> = match window.sketches.get(usize::from(id.0)) {
        Some(Sketch::Counts(it)) => Some(it),
        _ => None,
    };
    counts.map_or_else(Vec::new, |it| it.sorted().into_iter().map(|it| text(&it.value).into_owned()).collect())
}

impl Compiler<'_> {
    /// What windows keep of models and versions, where the suite compares them by version.
    pub(super) fn versions(&mut self, suite: &Suite) -> Option<Versions> {
        if !matches!(suite.drift.reference, Reference::Version(_)) {
            return None;
        }
        let mut kept = |role: &str| {
            let slot = self.bindings.slot(&Path::parse(suite.record.role(role)?).ok()?);
            Some(self.bindings.kept(SketchPlan::new(None, vec![slot], Spec::Counts { budget: MOST })))
        };
        let (model, version) = (kept("model"), kept("version"));
        let Some(version) = version else {
            let message = "windows are compared by the version of their model, and `record` names no field for it";
            let hint = "say where it lies: `record: {version: model_version}`";
            self.problems.push(Problem::new(suite.drift.at, message).within("drift.baseline").hint(hint));
            return None;
        };
        Some(Versions { model, version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Options, compile};
    use crate::record::{Limits, Reader};
    use crate::run::{self, Fold};
    use crate::samples::Keep;
    use crate::suite::read;

    #[test]
    fn a_window_is_of_one_version_or_not() {
        let text = "{record: {version: v, model: m}, drift: {baseline: {model_version: {first: 1h}}}}";
        let (plan, problems) = compile(&read(text).0, &Options::default());
        assert_eq!(problems, []);
        let of = |records: &[&str]| {
            let mut fold = Fold::new(&plan, Keep { values: 0, all_rows: false });
            let mut reader = Reader::new(&plan.shape, Limits::default());
            for (n, record) in records.iter().enumerate() {
                let mut cells = Vec::new();
                reader.fill(record, &mut cells).unwrap();
                run::check(&plan, &mut cells, n as u64, 0, &mut fold);
            }
            plan.versions.unwrap().of(&fold.window)
        };
        let one = |model: Option<&str>, version: &str| OfVersion::One {
            model: model.map(str::to_owned),
            version: version.to_owned(),
        };
        assert_eq!(of(&[]), OfVersion::None);
        assert_eq!(of(&["{\"v\": null}"]), OfVersion::None);
        assert_eq!(of(&["{\"v\": 3}", "{\"v\": 3.0}", "{}"]), one(None, "3"));
        assert_eq!(of(&["{\"v\": \"b\", \"m\": \"intents\"}"]), one(Some("intents"), "b"));
        assert_eq!(of(&["{\"v\": 3}", "{\"v\": 4}"]), OfVersion::Several(2));
        assert_eq!(of(&["{\"v\": 3, \"m\": \"a\"}", "{\"v\": 3, \"m\": \"b\"}"]), OfVersion::Several(2));
        let many: Vec<_> = (0..100).map(|it| format!("{{\"v\": {it}}}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert!(matches!(of(&many), OfVersion::Several(2..)));
    }

    #[test]
    fn a_suite_must_say_where_the_version_lies() {
        let (_, problems) = compile(&read("drift: {baseline: {model_version: {first: 1h}}}").0, &Options::default());
        assert!(problems[0].to_string().contains("record: {version: model_version}"), "{problems:?}");
    }
}

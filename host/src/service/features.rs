//! What the values of fields were like in stored windows, and how far they drifted.

use std::collections::BTreeMap;

use driftline_rules::baseline::{Baseline, Distribution, field_of};
use driftline_rules::drift::multiplicity::Correction;
use driftline_rules::drift::{DriftTest, Params, Sides, Takes};
use driftline_rules::path::Path;
use driftline_rules::plan::Expectation;
use driftline_rules::suite::Of;
use driftline_rules::suite::problem::did_you_mean;

use super::app::App;
use super::comparing::{distributions, named};
use super::sums::Sum;
use super::version::Version;
use crate::drift::{Asked, Compared, Entry, correct, distinct, misfit};
use crate::store;
use crate::store::windows::{Kept, WindowRow};

/// How many windows are read at once.
const AT_ONCE: usize = 50;

/// A field of a suite, and the expectations on it.
pub type Checks = BTreeMap<String, Vec<String>>;

/// The fields of which windows of a version keep a distribution, with the expectations on each.
pub fn fields(version: &Version) -> Checks {
    let plan = &version.loaded.plan;
    if plan.windows.pane().is_none() {
        return Checks::new();
    }
    let kept = Baseline::fields_of(&plan.bindings).into_iter().filter(|it| version.privacy.keeps(field_of(it)));
    let of = |field: &String| {
        let field = field_of(field);
        let on_it = plan.expectations.iter().filter(|it| it.fields.iter().any(|it| it == field));
        on_it.map(Expectation::title).collect()
    };
    kept.map(|field| (field.clone(), of(&field))).collect()
}

/// What the lengths of the windows of a version are called, the shortest first.
pub fn lengths(version: &Version) -> Vec<String> {
    let windows = &version.loaded.plan.windows;
    let sliding = windows.slide.map(|it| Of::Slide(it).to_string());
    windows.lengths.iter().map(ToString::to_string).chain(sliding).collect()
}

/// The field as suites write it. The error says why windows keep no distribution of it.
pub fn field(version: &Version, asked: &str) -> Result<String, String> {
    let name = Path::parse(asked).map_or_else(|_| asked.to_owned(), |it| it.to_string());
    let fields = fields(version);
    if fields.contains_key(&name) {
        return Ok(name);
    }
    let suite = &version.name;
    let plan = &version.loaded.plan;
    if plan.windows.pane().is_none() {
        return Err(format!("the suite `{suite}` has no windows: it says `windows: off`"));
    }
    if Baseline::fields_of(&plan.bindings).contains(&name) {
        return Err(format!("`privacy` of the suite `{suite}` keeps the values of `{name}` out of windows"));
    }
    let near = did_you_mean(&name, fields.keys().map(String::as_str));
    let hint = near.unwrap_or_else(|| {
        format!("`{{ field: {name}, stable: {{}}, severity: info }}` makes windows keep one; /v1/features lists those that they keep")
    });
    Err(format!("windows of the suite `{suite}` keep no distribution of `{name}`; {hint}"))
}

/// The distribution of a field in each of some windows, the oldest first; those that are gone or cannot be read are
/// left out.
pub async fn each(
    app: &App,
    version: &Version,
    field: &str,
    rows: &[WindowRow],
) -> Result<Vec<(WindowRow, Distribution)>, store::Error> {
    let mut found = Vec::new();
    let oldest: Vec<_> = rows.iter().rev().map(|it| it.id).collect();
    for ids in oldest.chunks(AT_ONCE) {
        let kept = app.store.kept_windows(ids).await?;
        tokio::task::block_in_place(|| found.extend(kept.into_iter().filter_map(|it| one(version, field, it))));
    }
    Ok(found)
}

fn one(version: &Version, field: &str, Kept { row, state }: Kept) -> Option<(WindowRow, Distribution)> {
    let plan = &version.loaded.plan;
    let mut sum = Sum::new(plan);
    sum.add(plan, &version.hash, &state?, 1, usize::MAX);
    let is_whole = sum.problem.is_none();
    let mut baseline = distributions(version, &sum.into_window());
    let it = baseline.fields.remove(field).filter(|_| is_whole)?;
    Some((row, it))
}

/// A side of a comparison: its distributions, and what it is in words.
#[derive(Debug)]
pub struct Side<'s> {
    /// By field.
    pub baseline: &'s Baseline,
    /// What it is.
    pub told: String,
}

/// Compares some fields, and corrects for their number as the suite says. A rule of alarm that is written out among
/// the parameters holds as it is written.
pub fn compared(
    version: &Version,
    fields: &[String],
    [reference, current]: [&Side; 2],
    asked: Asked,
    params: &Params,
) -> Vec<Entry> {
    let mut entries: Vec<_> = fields.iter().map(|it| entry(it, [reference, current], asked, params)).collect();
    if let Some(correction) = correction(version, params) {
        correct(correction, &mut entries, params);
    }
    entries
}

/// How alarms of several fields are held against chance.
pub fn correction(version: &Version, params: &Params) -> Option<Correction> {
    version.loaded.plan.drift.correction.filter(|_| !params.0.contains_key("drift_if"))
}

fn entry(field: &str, sides: [&Side; 2], asked: Asked, params: &Params) -> Entry {
    let [reference, current] = sides.map(|it| it.baseline.field(field));
    let n = |it: Option<&Distribution>| it.map_or(0, |it| it.n);
    let compared = match (reference, current) {
        (Some(reference), Some(current)) => sides_of(reference, current, asked),
        _ => {
            let lacks = if reference.is_none() { sides[0] } else { sides[1] };
            Err(format!("{} has no distribution of this field", lacks.told))
        }
    };
    Entry::of((field.to_owned(), n(reference), n(current)), compared, asked, params, fit)
}

fn sides_of(reference: &Distribution, current: &Distribution, asked: Asked) -> Result<Compared, String> {
    let sides = if asked.is_missing() { reference.missing_against(current) } else { reference.against(current)? };
    let (takes, distinct) = match &sides {
        Sides::Numbers(a, b) => (Takes::Numbers, distinct(a, b)),
        Sides::Categories(it) => (Takes::Categories, it.counts.len() as u64),
        // Windows keep neither vectors nor texts.
        _ => (Takes::Missing, 2),
    };
    Ok(Compared { sides, takes, distinct })
}

/// Tests on categories count numbers by value themselves.
fn fit(sides: Sides, test: &DriftTest) -> Result<Sides, String> {
    match (&sides, test.takes) {
        (Sides::Numbers(..), Takes::Numbers | Takes::Either | Takes::Categories)
        | (Sides::Categories(_), Takes::Categories | Takes::Either)
        | (Sides::Missing(..), Takes::Missing) => Ok(sides),
        (_, Takes::Vectors | Takes::Texts) => Err(format!(
            "`{}` needs the records themselves, which windows do not keep; `driftline drift` runs it on files",
            test.name
        )),
        _ => Err(format!("{}; without `test` one is chosen", misfit(&sides, test))),
    }
}

/// The baseline by name that windows of a version are compared with, if there is one.
pub async fn baseline_of(
    app: &App,
    version: &Version,
) -> Result<Option<std::sync::Arc<super::baselines::Known>>, store::Error> {
    match named(version) {
        Some(name) => app.baselines.active(&app.store, name).await,
        None => Ok(None),
    }
}

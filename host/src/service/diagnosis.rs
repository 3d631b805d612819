//! What is known of a suspect span and of one before it, for the engine to say why quality fell.

use std::collections::{BTreeMap, BTreeSet};

use driftline_rules::baseline::field_of;
use driftline_rules::diagnosis::{Event, Fared, Field, Figures, Input, Item, Row, Span, Volume, What};
use driftline_rules::plan::segments::text;
use driftline_rules::quality::metric::{Metric, NAMES, Needs};
use driftline_rules::record::Reader;
use driftline_rules::suite::LABEL;
use driftline_rules::value::Value;
use serde_json::Value as Json;

use super::comparing::{Summed, Which, judged, together};
use super::segments::names_of_kept;
use super::version::Version;
use crate::store::findings::{Of, Wanted};
use crate::store::predictions::{Logged, Wanted as WantedPredictions};
use crate::store::rows::{Cursor, Micros};
use crate::store::runs::WantedRuns;
use crate::store::triggers::IncidentRow;
use crate::store::{self, Store};

/// Windows that are summed up at most on either side.
const MOST_WINDOWS: u32 = 10_000;
/// Findings that are read at most on either side.
const MOST_FINDINGS: usize = 50_000;
/// Predictions that are read on either side, in [`PARTS`] equal parts of the time so that all of it is seen.
const MOST_PREDICTIONS: usize = 20_000;
const PARTS: i64 = 20;
/// Rows of a page.
const PAGE: u32 = 1000;
const HOUR: Micros = 3_600_000_000;

/// What is to be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What is suspect.
    pub span: Span,
    /// What it is compared with.
    pub reference: Span,
    /// Of which segment; empty: all records.
    pub segment: String,
}

impl Asked {
    /// A span, and what it is compared with: unless said, the time before it, eight times as long, but at least a day
    /// and at most four weeks. The error says what is wrong with the times.
    pub fn new(span: Span, since: Option<Micros>, until: Option<Micros>, segment: String) -> Result<Self, String> {
        if span.from >= span.to {
            return Err("`since` is not before `until`".to_owned());
        }
        let length = span.to.saturating_sub(span.from).saturating_mul(8).clamp(24 * HOUR, 28 * 24 * HOUR);
        let to = until.unwrap_or(span.from);
        let from = since.unwrap_or_else(|| to.saturating_sub(length));
        if from >= to {
            return Err("the start of the baseline is not before its end".to_owned());
        }
        if to > span.from {
            return Err("the baseline ends after the suspect span begins".to_owned());
        }
        Ok(Asked { span, reference: Span { from, to }, segment })
    }

    /// The windows that show an incident; the hour before it where it has none.
    pub fn of_incident(it: &IncidentRow) -> Result<Self, String> {
        let span = match (it.data_from, it.data_to) {
            (Some(from), Some(to)) if from < to => Span { from, to },
            _ => Span { from: it.opened.saturating_sub(HOUR), to: it.opened },
        };
        Asked::new(span, None, None, it.key.clone())
    }
}

/// All that is known of both spans.
pub async fn gather(store: &Store, version: &Version, asked: &Asked) -> Result<Input, store::Error> {
    let roles = &version.loaded.plan.record;
    let outputs = ["prediction", "score"].iter().filter_map(|it| roles.role(it).map(str::to_owned)).collect();
    let is_error = of_numbers(version);
    let mut input = Input {
        suite: version.name.clone(),
        segment: asked.segment.clone(),
        span: asked.span,
        reference: asked.reference,
        measure: if is_error { "mean absolute error" } else { "error rate" }.to_owned(),
        outputs,
        ..Input::default()
    };
    windows(store, version, &mut input).await?;
    findings(store, version, &mut input).await?;
    let models = predictions(store, version, &mut input, is_error).await?;
    events(store, version, &mut input, &models).await?;
    Ok(input)
}

/// Whether predictions are numbers that are near the truth or far from it.
fn of_numbers(version: &Version) -> bool {
    let metrics = version.loaded.plan.expectations.iter().filter_map(|it| Metric::find(it.kind_name()));
    metrics.into_iter().any(|(_, it)| it.needs() == Needs::Numbers)
}

/// Fields that say which record it is, and not what it is like.
fn is_of_record(version: &Version, field: &str) -> bool {
    let roles = ["id", "time", "model", "version", "label"];
    let is_role = roles.iter().any(|it| version.loaded.plan.record.role(it) == Some(field));
    is_role || field == LABEL || field.strip_prefix(LABEL).is_some_and(|it| it.starts_with('.'))
}

async fn windows(store: &Store, version: &Version, input: &mut Input) -> Result<(), store::Error> {
    let segment = input.segment.clone();
    let mut sides = Vec::new();
    for Span { from, to } in [input.reference, input.span] {
        let which = Which { length: None, segment: &segment, since: Some(from), until: to };
        let summed = match judged(store, version, which, MOST_WINDOWS).await? {
            Ok(rows) => together(store, version, rows).await?,
            Err(why) => Err(why),
        };
        match summed {
            Ok(it) => sides.push(it),
            Err(why) => {
                input.left_out.push(format!("distributions in windows: {why}"));
                return Ok(());
            }
        }
    }
    let Ok([mut before, mut now]) = <[Summed; 2]>::try_from(sides) else { return Ok(()) };
    let volume = |it: &Summed| {
        let sum = |of: fn(&store::windows::WindowRow) -> i64| {
            it.rows.iter().map(|it| u64::try_from(of(it)).unwrap_or(0)).sum()
        };
        let start = it.rows.last().map_or(0, |it| it.start);
        let end = it.rows.first().map_or(0, |it| it.end);
        let seconds = end.saturating_sub(start) as f64 / 1e6;
        Volume { records: sum(|it| it.records), unreadable: sum(|it| it.unreadable), seconds }
    };
    input.volume = Some([volume(&before), volume(&now)]);
    let names: BTreeSet<String> = before.baseline.fields.keys().cloned().collect();
    for name in names.into_iter().filter(|it| !is_of_record(version, field_of(it))) {
        if let (Some(before), Some(now)) = (before.baseline.fields.remove(&name), now.baseline.fields.remove(&name)) {
            input.fields.push(Field { name, before, now });
        }
    }
    Ok(())
}

async fn findings(store: &Store, version: &Version, input: &mut Input) -> Result<(), store::Error> {
    let mut fared: BTreeMap<String, Fared> = BTreeMap::new();
    let mut figures: BTreeMap<String, Figures> = BTreeMap::new();
    let length = version.loaded.plan.windows.pane().map(|it| it.to_string());
    for (is_now, Span { from, to }) in [(false, input.reference), (true, input.span)] {
        let wanted = Wanted {
            suite: Some(version.name.clone()),
            segment: Some(input.segment.clone()),
            length: length.clone(),
            of: Some(Of::Window),
            since: Some(from),
            until: Some(to),
            ..Wanted::default()
        };
        let (mut after, mut n) = (None, 0);
        loop {
            let rows = store.findings(&wanted, after, PAGE).await?;
            n += rows.len();
            after = rows.last().map(|it| Cursor { at: it.at, id: it.result_id, n: it.n });
            let is_last = rows.len() < PAGE as usize;
            for row in rows.into_iter().filter(|it| matches!(it.status.as_str(), "pass" | "fail")) {
                let own = fared.entry(row.check.clone()).or_insert_with(|| Fared {
                    check: row.check.clone(),
                    kind: row.kind.clone(),
                    field: row.field.clone(),
                    ..Fared::default()
                });
                let count = |it: Option<i64>| it.and_then(|it| u64::try_from(it).ok());
                let (records, windows) = if is_now {
                    (&mut own.now, &mut own.windows_now)
                } else {
                    (&mut own.before, &mut own.windows_before)
                };
                // Expectations on windows say how many records they saw, and of no single one that it failed.
                if let (Some(of), Some(failed)) = (count(row.elements), count(row.unexpected)) {
                    *records = [records[0] + of, records[1] + failed];
                }
                *windows = [windows[0] + 1, windows[1] + u64::from(row.status == "fail")];
                let observed = row.observed.as_deref().and_then(|it| serde_json::from_str::<f64>(it).ok());
                let Some(observed) = observed.filter(|_| NAMES.contains(&row.kind.as_str())) else { continue };
                let of = figures.entry(row.check.clone()).or_insert_with(|| Figures {
                    check: row.check,
                    metric: row.kind,
                    ..Figures::default()
                });
                let weight = count(row.elements).unwrap_or(1).max(1);
                if is_now { &mut of.now } else { &mut of.before }.push((observed, weight));
            }
            if is_last {
                break;
            }
            if n >= MOST_FINDINGS {
                input.left_out.push(format!("of more than {MOST_FINDINGS} findings the older ones"));
                break;
            }
        }
    }
    input.fared = fared.into_values().collect();
    input.figures = figures.into_values().collect();
    Ok(())
}

/// Reads predictions of both spans; the models that they are of.
async fn predictions(
    store: &Store,
    version: &Version,
    input: &mut Input,
    is_error: bool,
) -> Result<BTreeSet<String>, store::Error> {
    let mut models = BTreeSet::new();
    if version.log().is_none() {
        input.left_out.push("single predictions: the suite keeps none (`predictions: {}`)".to_owned());
        return Ok(models);
    }
    let mut reader = Reader::new(&version.loaded.plan.shape, version.limits);
    for (is_now, Span { from, to }) in [(false, input.reference), (true, input.span)] {
        let length = to.saturating_sub(from) / PARTS + 1;
        let part = |part: i64| {
            let since = from.saturating_add(length.saturating_mul(part));
            let wanted = WantedPredictions {
                suite: Some(version.name.clone()),
                since: Some(since),
                until: Some(since.saturating_add(length).min(to)),
                ..WantedPredictions::default()
            };
            (wanted, None)
        };
        // A page of each part, then of those that have more, until it is enough.
        let mut open: Vec<(WantedPredictions, Option<Cursor>)> = (0..PARTS).map(part).collect();
        let mut n = 0;
        while !open.is_empty() && n < MOST_PREDICTIONS {
            let mut rest = Vec::new();
            for (wanted, after) in open {
                let rows = store.predictions(&wanted, after, PAGE).await?;
                n += rows.len();
                let after = rows.last().map(|it| Cursor { at: it.prediction.at, id: it.prediction.key, n: 0 });
                if rows.len() == PAGE as usize {
                    rest.push((wanted, after));
                }
                for it in rows {
                    if let Some(row) = row(version, &mut reader, &it, is_now, is_error, &input.segment) {
                        models.extend(it.prediction.labels.model);
                        input.rows.push(row);
                    }
                }
            }
            open = rest;
        }
        if !open.is_empty() {
            let side = if is_now { "suspect span" } else { "reference" };
            input.left_out.push(format!(
                "some predictions of the {side}: about {MOST_PREDICTIONS} are read, spread over its time"
            ));
        }
    }
    Ok(models)
}

/// A prediction as the engine sees it; `None`: it is not of the segment.
fn row(
    version: &Version,
    reader: &mut Reader,
    it: &Logged,
    is_now: bool,
    is_error: bool,
    segment: &str,
) -> Option<Row> {
    let plan = &version.loaded.plan;
    let log = version.log()?;
    let mut cells = Vec::with_capacity(plan.bindings.paths.len());
    reader.fill(&it.prediction.record, &mut cells).ok()?;
    if !segment.is_empty() && !names_of_kept(version, &cells).iter().any(|it| it == segment) {
        return None;
    }
    let mut values = BTreeMap::new();
    for (name, slot) in &log.fields {
        if let Some(value) = cells.get(usize::from(slot.0)) {
            put(version, name, value, &mut values);
        }
    }
    let predicted = it.prediction.prediction.as_deref().and_then(|it| serde_json::from_str::<Json>(it).ok());
    if let (Some(name), Some(predicted)) = (plan.record.role("prediction"), &predicted) {
        let item = match predicted {
            Json::String(it) => Some(Item::Text(it.clone())),
            Json::Bool(it) => Some(Item::Text(it.to_string())),
            it => it.as_f64().map(Item::Number),
        };
        values.extend(item.map(|it| (name.to_owned(), it)));
    }
    let loss = if is_error {
        let truth = truth(version, it);
        predicted.and_then(|it| it.as_f64()).zip(truth).map(|(a, b)| (a - b).abs()).filter(|it| it.is_finite())
    } else {
        it.correct.map(|it| f64::from(u8::from(!it)))
    };
    let model_version = it.prediction.labels.version.clone().map(Item::Text);
    Some(Row { at: it.prediction.at, is_now, loss, version: model_version, values })
}

/// The truth of a label, as a number.
fn truth(version: &Version, it: &Logged) -> Option<f64> {
    let label: Json = serde_json::from_str(it.label.as_deref()?).ok()?;
    let path = version.loaded.plan.record.role("label")?.strip_prefix(LABEL)?;
    path.split('.').filter(|it| !it.is_empty()).try_fold(&label, |at, name| at.get(name))?.as_f64()
}

/// Numbers, and all else that is one value as text; what is within objects by their paths.
fn put(version: &Version, name: &str, value: &Value, into: &mut BTreeMap<String, Item>) {
    let item = match value {
        Value::Map(members) => {
            for (member, value) in members {
                let name = if name == "$" { member.to_string() } else { format!("{name}.{member}") };
                put(version, &name, value, into);
            }
            return;
        }
        Value::Missing | Value::Null | Value::List(_) => return,
        Value::Str(it) => Item::Text(it.to_string()),
        Value::Bool(it) => Item::Text(it.to_string()),
        it => match it.as_f64() {
            Some(it) if it.is_nan() => return,
            Some(it) => Item::Number(it),
            None => Item::Text(text(it).into_owned()),
        },
    };
    if !is_of_record(version, name) {
        into.insert(name.to_owned(), item);
    }
}

/// Deployments of the models that answered, changes of the suite, models that could not be taken up.
async fn events(
    store: &Store,
    version: &Version,
    input: &mut Input,
    models: &BTreeSet<String>,
) -> Result<(), store::Error> {
    let (from, to) = (input.reference.from, input.span.to);
    let is_within = |at: Micros| at >= from && at < to;
    let known = store.models().await?;
    let is_own = |it: &&store::models::ModelRow| {
        models.contains(&it.model) || it.model == version.name || it.suite.as_ref() == Some(&version.name)
    };
    let own: BTreeSet<&String> = known.iter().filter(is_own).map(|it| &it.model).collect();
    for model in &own {
        for it in store.deployments(model, PAGE).await?.into_iter().filter(|it| is_within(it.at)) {
            input.events.push(Event { at: it.at, what: What::Deployed, of: format!("{} {}", it.model, it.version) });
        }
        let wanted =
            WantedRuns { model: Some((*model).clone()), since: Some(from), until: Some(to), ..WantedRuns::default() };
        for it in store.runs(&wanted, None, PAGE).await? {
            let failed = it.reload.as_ref().is_some_and(|it| it["status"] == "failed");
            if failed {
                let at = it.finished.unwrap_or(it.at);
                input.events.push(Event { at, what: What::ReloadFailed, of: it.id });
            }
        }
    }
    let versions = store.versions(&version.name).await?;
    let first = versions.iter().map(|it| it.at).min();
    for it in versions.into_iter().filter(|it| Some(it.at) != first && is_within(it.at)) {
        input.events.push(Event { at: it.at, what: What::Suite, of: it.hash });
    }
    input.events.sort_by(|a, b| (a.at, &a.of).cmp(&(b.at, &b.of)));
    Ok(())
}

//! Labels that come: kept, joined to their predictions, and added to the windows of these.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use driftline_rules::path::Path;
use driftline_rules::signal::Noted;
use driftline_rules::suite::LABEL;
use driftline_rules::time::Time;
use driftline_rules::value::Value;
use serde_json::{Map, Value as Json};
use tokio::task::block_in_place;
use uuid::Uuid;

use super::app::now;
use super::joins::{Joins, window_of};
use super::shelf::{Shelf, Suites};
use super::version::Version;
use crate::metrics::{self, Stage};
use crate::store::labels::{Change, LabelDue, LabelRow, ROWS};
use crate::store::predictions::{Logged, PredictionRow};
use crate::store::rows::Micros;
use crate::store::{self, Store};
use crate::telemetry::Span;

/// A label as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// The record's id, as far as it may be told.
    pub id: String,
    /// What it says, as far as it may be told.
    pub members: Map<String, Json>,
    /// When it was known, if it says so.
    pub at: Option<Micros>,
}

/// Why there is no suite that labels could be of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoLog {
    /// There is none of this name.
    Unknown(String),
    /// The one of this name keeps no predictions.
    KeepsNone(String),
    /// None was named, and so many keep predictions.
    Which(Vec<String>),
}

impl NoLog {
    /// The same in words; `how` says how a suite is named.
    pub fn words(&self, how: &str) -> String {
        match self {
            NoLog::Unknown(name) => format!("there is no suite `{name}`"),
            NoLog::KeepsNone(name) => format!(
                "the suite `{name}` keeps no predictions that labels could be joined to: say `predictions: {{}}` in it"
            ),
            NoLog::Which(names) if names.is_empty() => {
                "no suite keeps predictions: say `predictions: {}` in one".to_owned()
            }
            NoLog::Which(names) => {
                format!("say of which suite the labels are, `{how}`: {} keep predictions", names.join(", "))
            }
        }
    }
}

/// The suite that labels are of: the one of this name, or the only one that keeps predictions.
pub fn of_suite(suites: &Suites, name: Option<&str>) -> Result<Arc<Version>, NoLog> {
    if let Some(name) = name {
        let version = suites.active.get(name).ok_or_else(|| NoLog::Unknown(name.to_owned()))?;
        return version.log().map(|_| Arc::clone(version)).ok_or_else(|| NoLog::KeepsNone(name.to_owned()));
    }
    let keeping: Vec<_> = suites.active.values().filter(|it| it.log().is_some()).collect();
    match keeping.as_slice() {
        [one] => Ok(Arc::clone(one)),
        several => Err(NoLog::Which(several.iter().map(|it| it.name.clone()).collect())),
    }
}

/// How labels fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Labels of ids that had none.
    pub new: u64,
    /// Labels that say something else than before, or more.
    pub corrected: u64,
    /// Labels that say what is known, or that are older than what is known.
    pub unchanged: u64,
    /// Of the new and the corrected, those whose prediction is there.
    pub joined: u64,
}

/// Reads a label of a suite: its `id`, `at`, when it was known, and what it says: all other members, and those of a
/// member `label`, which may also be the truth alone.
pub fn read(version: &Version, record: &Value) -> Result<Label, String> {
    let Value::Map(members) = record else {
        return Err(format!(
            "a label is an object such as {{\"id\": .., \"truth\": ..}}, this is {}",
            record.type_name()
        ));
    };
    let plan = &version.loaded.plan;
    let field = plan.record.role("id").unwrap_or("id");
    let named = |name: &str| members.iter().find(|it| it.0 == name).map(|it| &it.1);
    let id = named("id").or_else(|| named(field)).filter(|it| !it.is_null());
    let id = id.ok_or_else(|| "it has no `id`, the id of the record that it is of".to_owned())?;
    let id = version.privacy.text(field, id).ok_or_else(|| "`privacy` keeps ids of records back".to_owned())?;
    let at = named("at")
        .filter(|it| !it.is_null())
        .map(|it| time(it).ok_or("`at` is no time, such as 2026-07-01T12:00:00Z"));
    let at = at.transpose()?;
    let truth = truth_member(version);
    let others = members.iter().filter(|it| !["id", "at", LABEL, field].contains(&it.0.as_ref()));
    let mut said: Vec<(String, &Value)> = others.map(|(name, it)| (name.to_string(), it)).collect();
    match named(LABEL) {
        Some(Value::Map(inner)) => said.extend(inner.iter().map(|(name, it)| (name.to_string(), it))),
        Some(it) => said.push((truth.clone(), it)),
        None => {}
    }
    said.retain(|it| !matches!(it.1, Value::Missing));
    if said.is_empty() {
        return Err(format!("it says nothing: give `{truth}`, or other members"));
    }
    let told = said.into_iter().filter_map(|(name, it)| {
        let told = version.privacy.kept(&format!("{LABEL}.{name}"), it)?;
        Some((name, told.to_json()))
    });
    Ok(Label { id, members: told.collect(), at })
}

/// The member of labels that holds the truth.
fn truth_member(version: &Version) -> String {
    let truth = version.loaded.plan.record.role("label").and_then(|it| Path::parse(it).ok()).unwrap_or_default();
    match truth.segments() {
        [first, name] if first == LABEL => name.clone(),
        _ => "truth".to_owned(),
    }
}

fn time(value: &Value) -> Option<Micros> {
    match value {
        Value::Time(it) => Some(it.micros),
        Value::Str(it) => Time::parse(it).map(|it| it.micros),
        _ => None,
    }
}

/// Keeps labels of a suite and adds them to the windows of their predictions. What is not joined yet waits.
pub async fn take(
    store: &Store,
    shelf: &Shelf,
    version: &Version,
    labels: Vec<Label>,
    by: &str,
) -> Result<Taken, store::Error> {
    let mut taken = Taken::default();
    for some in labels.chunks(ROWS) {
        let span = Span::part("join");
        let one = span.cover(take_some(store, shelf, version, some, by)).await?;
        span.note(|| {
            [("driftline.labels", (some.len() as i64).into()), ("driftline.joined", (one.joined as i64).into())]
        });
        taken.new += one.new;
        taken.corrected += one.corrected;
        taken.unchanged += one.unchanged;
        taken.joined += one.joined;
    }
    for (outcome, n) in [("new", taken.new), ("corrected", taken.corrected), ("unchanged", taken.unchanged)] {
        metrics::add(&metrics::list::LABELS, &[&version.name, outcome], n);
    }
    Ok(taken)
}

/// How often it is tried again when another host changes the same labels.
const TRIES: usize = 20;

async fn take_some(
    store: &Store,
    shelf: &Shelf,
    version: &Version,
    labels: &[Label],
    by: &str,
) -> Result<Taken, store::Error> {
    let ids: Vec<String> = labels.iter().map(|it| store::name(&it.id)).collect::<BTreeSet<_>>().into_iter().collect();
    let ids = ids.as_slice();
    for n in 0..TRIES {
        // Labels that are all new need not be looked for; where the guess is wrong, nothing is written and all is looked up.
        let is_guessed = n == 0 && version.labels_are_new.load(Ordering::Relaxed);
        let known = async { if is_guessed { Ok(Vec::new()) } else { store.labels_of(&version.name, ids).await } };
        // Both are asked at once: what is known already is looked up in vain, which costs less than to wait.
        let (known, predictions) = tokio::try_join!(known, store.predictions_of(&version.name, ids))?;
        let mut rows: HashMap<String, Row> = known
            .into_iter()
            .map(|it| {
                (it.id.clone(), Row { before: Some(it.revision), was: Some(it.label.clone()), is_changed: false, it })
            })
            .collect();
        let (mut taken, clock) = (Taken::default(), now());
        let mut order: Vec<String> = Vec::new();
        for label in labels {
            let id = store::name(&label.id);
            let row = rows.entry(id.clone()).or_insert_with(|| Row::new(version, &id, by, clock));
            let was = row.is_changed;
            match row.put(label, by, clock) {
                Put::New => taken.new += 1,
                Put::Corrected => taken.corrected += 1,
                Put::Unchanged => taken.unchanged += 1,
            }
            if row.is_changed && !was {
                order.push(id);
            }
        }
        let mut change = Change { suite: version.name.clone(), ..Change::default() };
        let (mut revisions, mut earlier) = (HashMap::new(), HashMap::new());
        let mut changed: Vec<LabelRow> = Vec::with_capacity(order.len());
        for Row { it, before, was, .. } in order.iter().filter_map(|id| rows.remove(id)) {
            revisions.extend(before.map(|before| (it.id.clone(), before)));
            earlier.extend(was.map(|was| (it.id.clone(), was)));
            changed.push(it);
        }
        let begun = Instant::now();
        let mut joined = join(store, shelf, changed, predictions, &earlier, clock).await?;
        let n_first = first(&joined.labels, clock);
        taken.joined = joined.labels.iter().filter(|it| it.joined.is_some()).count() as u64;
        for it in joined.labels.drain(..) {
            match revisions.get(&it.id) {
                Some(before) => change.known.push((it, *before)),
                None => change.new.push(it),
            }
        }
        change.parts = std::mem::take(&mut joined.parts);
        change.due = std::mem::take(&mut joined.due);
        if change.new.is_empty() && change.known.is_empty() || store.put_labels(&change).await? {
            version.labels_are_new.store(change.known.is_empty() && !change.new.is_empty(), Ordering::Relaxed);
            metrics::took(Stage::Join, begun.elapsed());
            metrics::add(&metrics::list::LABELS_JOINED, &[&version.name], n_first);
            joined.count(shelf, clock);
            return Ok(taken);
        }
    }
    Err(store::Error::Busy)
}

/// How many labels were joined at a time, for the first time.
pub(super) fn first(labels: &[LabelRow], at: Micros) -> u64 {
    labels.iter().filter(|it| it.joined == Some(at)).count() as u64
}

struct Row {
    it: LabelRow,
    /// The revision that was read; `None`: there was none.
    before: Option<i64>,
    /// What it said then.
    was: Option<String>,
    is_changed: bool,
}

enum Put {
    New,
    Corrected,
    Unchanged,
}

impl Row {
    fn new(version: &Version, id: &str, by: &str, clock: Micros) -> Self {
        let it = LabelRow {
            suite: version.name.clone(),
            id: id.to_owned(),
            label: String::new(),
            came: clock,
            by: by.to_owned(),
            ..LabelRow::default()
        };
        Row { it, before: None, was: None, is_changed: false }
    }

    /// Takes a label in: its members are put beside those that are known, or in their place; null takes one away.
    fn put(&mut self, label: &Label, by: &str, clock: Micros) -> Put {
        let is_new = self.it.label.is_empty();
        // What is older than what is known says nothing of the members that are.
        let is_older = !is_new && label.at.is_some_and(|it| it < self.it.at);
        let at = if is_older { self.it.at } else { label.at.unwrap_or(clock) };
        let mut members: Map<String, Json> = serde_json::from_str(&self.it.label).unwrap_or_default();
        for (name, value) in &label.members {
            if is_older && (value.is_null() || members.contains_key(name)) {
                continue;
            }
            if value.is_null() {
                members.remove(name);
            } else {
                members.insert(name.clone(), value.clone());
            }
        }
        let text = Json::Object(members).to_string();
        if text == self.it.label {
            return Put::Unchanged;
        }
        by.clone_into(&mut self.it.by);
        self.it.label = text;
        self.it.at = at;
        self.it.changed = clock;
        self.it.revision += 1;
        self.is_changed = true;
        if is_new { Put::New } else { Put::Corrected }
    }
}

/// Labels that are joined as far as their predictions are there, and what follows.
#[derive(Default)]
pub struct Joined {
    /// The labels as they are kept.
    pub labels: Vec<LabelRow>,
    /// What they add to windows.
    pub parts: Vec<store::windows::WindowPart>,
    /// Windows that are to be added up anew, since a label that is in them was corrected.
    pub due: Vec<LabelDue>,
    /// What those that are joined for the first time add to the signals of their versions.
    pub noted: Vec<(Arc<Version>, Noted)>,
}

impl Joined {
    /// Counts in signals what is stored now.
    pub fn count(&self, shelf: &Shelf, clock: Micros) {
        for (version, noted) in &self.noted {
            shelf.signals().add(version, noted, clock);
        }
    }
}

/// Joins labels to those of these predictions that are theirs; `earlier` is what those said that are corrected.
pub(super) async fn join(
    store: &Store,
    shelf: &Shelf,
    labels: Vec<LabelRow>,
    predictions: Vec<PredictionRow>,
    earlier: &HashMap<String, String>,
    clock: Micros,
) -> Result<Joined, store::Error> {
    let mut of: HashMap<String, Vec<PredictionRow>> = HashMap::new();
    let mut versions: BTreeMap<String, Option<Arc<Version>>> = BTreeMap::new();
    for it in predictions {
        if !versions.contains_key(&it.suite_hash) {
            let version = shelf.version(store, &it.suite, &it.suite_hash).await?;
            versions.insert(it.suite_hash.clone(), version.ok());
        }
        of.entry(it.id.clone()).or_default().push(it);
    }
    Ok(block_in_place(|| {
        let mut joins: BTreeMap<String, Joins> = BTreeMap::new();
        let mut due: BTreeMap<(String, Micros), LabelDue> = BTreeMap::new();
        let mut joined = Joined::default();
        for mut label in labels {
            let found = of.remove(&label.id).unwrap_or_default();
            // What cannot be read with its version now waits as if it were not there.
            let found: Vec<_> =
                found.into_iter().filter_map(|it| Some((versions.get(&it.suite_hash)?.clone()?, it))).collect();
            if found.is_empty() {
                label.try_at = Some(next_try(&label, clock));
                joined.labels.push(label);
                continue;
            }
            let is_correction = label.joined.is_some();
            for (version, prediction) in found {
                let logged = Logged {
                    label: Some(label.label.clone()),
                    label_at: Some(label.at),
                    prediction,
                    ..Logged::default()
                };
                let joins = joins.entry(version.hash.clone()).or_insert_with(|| Joins::of_new(Arc::clone(&version)));
                if is_correction {
                    label.correct = Joins::new(Arc::clone(&version)).add(&logged);
                    if let Some(before) = earlier.get(&label.id) {
                        joins.note_more(&logged, before);
                    }
                    let Some(key) = window_of(&version, logged.prediction.at) else { continue };
                    let mark = LabelDue { waited: 0, due: clock, mark: Uuid::now_v7(), key };
                    due.insert((mark.key.suite_hash.clone(), mark.key.start), mark);
                } else {
                    label.correct = joins.add(&logged);
                }
            }
            label.joined = label.joined.or(Some(clock));
            label.try_at = None;
            joined.labels.push(label);
        }
        joined.noted = joins.values_mut().filter_map(Joins::noted).collect();
        joined.parts = joins.into_values().flat_map(|it| it.parts(false)).collect();
        joined.due = due.into_values().collect();
        joined
    }))
}

/// When the prediction of a label is looked for again: soon at first, then as often as the label is old.
fn next_try(label: &LabelRow, clock: Micros) -> Micros {
    const SECOND: Micros = 1_000_000;
    clock + (clock - label.came).clamp(SECOND, 600 * SECOND)
}

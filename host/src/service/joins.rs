//! Predictions with their labels, folded into what they add to windows.

use std::collections::BTreeMap;
use std::sync::Arc;

use driftline_rules::record::Reader;
use driftline_rules::run::{self, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::signal::Noted;
use driftline_rules::suite::LABEL;
use driftline_rules::suite::signals::On;
use driftline_rules::value::Value;
use serde_json::Value as Json;

use super::place::Place;
use super::segments;
use super::sums::{of_labels, one_behind};
use super::version::Version;
use super::windows::Told;
use crate::store::predictions::Logged;
use crate::store::rows::Micros;
use crate::store::windows::{WindowKey, WindowPart};

const KEEP: Keep = Keep { values: 0, all_rows: false };

/// What labels add to the windows of one version of a suite.
pub struct Joins {
    version: Arc<Version>,
    reader: Reader,
    windows: BTreeMap<(Micros, Micros), Pane>,
    /// What they add to signals, where they come for the first time.
    noted: Option<Noted>,
}

/// A window, and those of its segments: one for the records that lie in the same segment of each way to divide records.
struct Pane {
    total: Folded,
    apart: BTreeMap<Vec<String>, Folded>,
}

struct Folded {
    fold: Fold,
    told: Told,
}

impl Folded {
    fn new(version: &Version) -> Self {
        let plan = &version.loaded.plan;
        Folded { fold: Fold::new(plan, KEEP), told: version.keeping.begin(plan) }
    }

    fn state(mut self, version: &Version, is_anew: bool) -> Vec<u8> {
        let note = version.keeping.note(&mut self.fold.window, self.told, Place::default(), &version.hash);
        one_behind(&of_labels(&note.state, is_anew))
    }
}

impl Joins {
    /// Nothing yet.
    pub fn new(version: Arc<Version>) -> Self {
        let reader = Reader::new(&version.loaded.plan.shape, version.limits);
        Joins { version, reader, windows: BTreeMap::new(), noted: None }
    }

    /// The same, of labels that come for the first time, which signals count.
    pub fn of_new(version: Arc<Version>) -> Self {
        let is_noted = version.loaded.plan.signals.any_on(On::Labels);
        Joins { noted: is_noted.then(Noted::default), ..Joins::new(version) }
    }

    /// What more a label says than it did `before` adds to the signals of the version, if anything.
    pub fn note_more(&mut self, it: &Logged, before: &str) {
        let Some(noted) = &mut self.noted else { return };
        let (version, plan) = (&self.version, &self.version.loaded.plan);
        let earlier = Logged { label: Some(before.to_owned()), ..it.clone() };
        let (Some(now), Some(before)) = (joined_text(it), joined_text(&earlier)) else { return };
        let (mut cells, mut cells_before) = (Vec::new(), Vec::new());
        for (text, cells) in [(&now, &mut cells), (&before, &mut cells_before)] {
            if self.reader.fill(text, cells).is_err() {
                return;
            }
            run::convert_all(plan, cells);
        }
        version.note_labelled(&cells, Some(&cells_before), it.prediction.at, noted);
    }

    /// What they add to the signals of the version.
    pub fn noted(&mut self) -> Option<(Arc<Version>, Noted)> {
        Some((Arc::clone(&self.version), self.noted.take()?))
    }

    /// Adds a prediction with its label; whether the label says what was predicted, if it says anything of it.
    pub fn add(&mut self, it: &Logged) -> Option<bool> {
        let version = &self.version;
        let plan = &version.loaded.plan;
        let log = plan.predictions.as_ref()?;
        let text = joined_text(it)?;
        let mut cells = Vec::with_capacity(plan.bindings.paths.len());
        self.reader.fill(&text, &mut cells).ok()?;
        let at = it.prediction.at;
        let Some(bounds) = plan.windows.around(at) else {
            // Without windows the label is kept, and told with its prediction.
            run::convert_all(plan, &mut cells);
            if let Some(noted) = &mut self.noted {
                version.note_labelled(&cells, None, at, noted);
            }
            return correct(version, log.prediction, &cells);
        };
        let pane =
            self.windows.entry(bounds).or_insert_with(|| Pane { total: Folded::new(version), apart: BTreeMap::new() });
        let Folded { fold, told } = &mut pane.total;
        let number = fold.window.joined;
        run::join(plan, &mut cells, number, at, fold);
        if let Some(noted) = &mut self.noted {
            version.note_labelled(&cells, None, at, noted);
        }
        told.fold(plan, &version.privacy, &cells, number);
        if !plan.segments.is_empty() {
            let names = segments::names_of_kept(version, &cells);
            let Folded { fold: apart, told } = pane.apart.entry(names).or_insert_with(|| Folded::new(version));
            let number = apart.window.joined;
            run::fold_again(plan, &cells, number, at, fold, &mut apart.window, &mut apart.samples);
            told.fold(plan, &version.privacy, &cells, number);
            for mut late in run::flush(fold) {
                late.verdict.number = number;
                run::fold_late(&late, &mut apart.window, &mut apart.samples);
            }
        }
        correct(version, log.prediction, &cells)
    }

    /// What is to be written; `is_anew`: in place of all that labels added before.
    pub fn parts(self, is_anew: bool) -> Vec<WindowPart> {
        let Joins { version, windows, .. } = self;
        let mut parts = Vec::new();
        for ((start, end), Pane { mut total, apart }) in windows {
            run::flush(&mut total.fold);
            let Some(part) = part_of(&version, start, end) else { continue };
            parts.push(WindowPart { state: total.state(&version, is_anew), ..part.clone() });
            let others = version.note.windows.as_ref().map_or(&[][..], |it| &it.others);
            let mut by_name: BTreeMap<(String, String), Vec<Folded>> = BTreeMap::new();
            for (names, it) in apart {
                let last = names.len().saturating_sub(1);
                let mut it = Some(it);
                for (i, (name, other)) in names.into_iter().zip(others).enumerate() {
                    let folded = if i == last { it.take() } else { it.as_ref().map(Folded::copy) };
                    by_name.entry((name, other.clone())).or_default().extend(folded);
                }
            }
            for ((segment, other), all) in by_name {
                let mut state = Vec::new();
                for (i, it) in all.into_iter().enumerate() {
                    // What stands in place of all before stands first.
                    state.extend(it.state(&version, is_anew && i == 0));
                }
                parts.push(WindowPart { segment, other, state, ..part.clone() });
            }
        }
        parts
    }
}

impl Folded {
    fn copy(&self) -> Self {
        Folded { fold: self.fold.clone(), told: self.told.clone() }
    }
}

/// The part of a window that nothing is in yet; `None`: the suite has no windows.
pub fn part_of(version: &Version, start: Micros, end: Micros) -> Option<WindowPart> {
    let windows = version.note.windows.as_ref()?;
    Some(WindowPart {
        suite: version.name.clone(),
        suite_hash: version.hash.clone(),
        start,
        end,
        length: windows.length.clone(),
        most: i64::from(windows.most),
        close_at: windows.lateness.and_then(|it| end.checked_add(it)),
        ..WindowPart::default()
    })
}

/// The window that a prediction lies in.
pub fn window_of(version: &Version, at: Micros) -> Option<WindowKey> {
    let (start, end) = version.loaded.plan.windows.around(at)?;
    let (suite, suite_hash) = (version.name.clone(), version.hash.clone());
    let length = version.note.windows.as_ref()?.length.clone();
    Some(WindowKey { suite, suite_hash, start, end, length, ..WindowKey::default() })
}

/// The record with its label as a member, as expectations read it.
pub(super) fn joined_text(it: &Logged) -> Option<String> {
    let mut label: serde_json::Map<String, Json> = serde_json::from_str(it.label.as_deref()?).ok()?;
    let delay = (it.label_at? - it.prediction.at) as f64 / 1e6;
    label.insert("delay_seconds".to_owned(), delay.into());
    let record = it.prediction.record.trim_end().strip_suffix('}')?;
    let comma = if record.trim_end().ends_with('{') { "" } else { "," };
    Some(format!("{record}{comma}\"{LABEL}\":{}}}", Json::Object(label)))
}

/// Whether truth and prediction are the same value, if both are there.
fn correct(version: &Version, prediction: Option<driftline_rules::row::Slot>, cells: &[Value]) -> Option<bool> {
    let plan = &version.loaded.plan;
    let truth = driftline_rules::path::Path::parse(plan.record.role("label")?).ok()?;
    let truth = plan.bindings.paths.iter().position(|it| *it == truth)?;
    let there = |at: usize| cells.get(at).filter(|it| !it.is_null());
    let (truth, prediction) = (there(truth)?, there(usize::from(prediction?.0))?);
    let key = |it: &Value| {
        let mut key = Vec::new();
        it.key_into(&mut key);
        key
    };
    Some(key(truth) == key(prediction))
}

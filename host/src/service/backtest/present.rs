//! What the present suite did, held against what the changed one would have done.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::firing::Fired;
use super::replay::{Replayed, Window};
use super::told::{Backtest, Change, Check, Counts, Episode, Incident, Needs, Seen};
use super::{Asked, PAGE};
use crate::store::findings::{Of, Wanted};
use crate::store::rows::{Cursor, FindingRow, Micros};
use crate::store::windows::WindowRow;
use crate::store::{self, triggers};
use crate::wire::time;

/// A window: length, segment, start and end.
type Key = (String, String, Micros, Micros);
/// An expectation of a window: its title, and which it is of several of that title.
type Named = (String, usize);

/// Holds both against each other.
pub async fn compare(
    asked: &Asked<'_>,
    rows: Vec<WindowRow>,
    replayed: Replayed,
    told: &mut Backtest,
) -> Result<(), store::Error> {
    let stored: Vec<WindowRow> =
        rows.into_iter().filter(|it| it.start >= asked.from && it.length != "silence").collect();
    let mut present = findings(asked, &stored).await?;
    let mut checks: BTreeMap<String, Check> = BTreeMap::new();
    for it in &replayed.windows {
        of_window(it, present.remove(&key(&it.row)), &mut checks, told);
    }
    let pane = asked.new.loaded.plan.windows.pane().map(|it| it.to_string());
    for it in &replayed.windows {
        let is_total = it.row.segment.is_empty();
        told.windows += u64::from(is_total);
        told.segment_windows += u64::from(!is_total);
        told.records += if is_total && pane.as_ref() == Some(&it.row.length) { it.row.records } else { 0 };
    }
    if !present.is_empty() {
        told.note(format!(
            "{} stored windows have no equal in the changed suite, and what was found in them is not counted",
            present.len()
        ));
    }
    told.checks = checks.into_values().collect();
    for it in &mut told.checks {
        it.seen = match (it.before == Counts::default(), it.after == Counts::default()) {
            (true, false) => Seen::NewOnly,
            (false, true) => Seen::PresentOnly,
            _ => Seen::Both,
        };
    }
    told.incidents = incidents(episodes(asked).await?, replayed.incidents);
    needs(asked, &replayed.unanswered, &replayed.filled, told);
    Ok(())
}

fn key(row: &WindowRow) -> Key {
    (row.length.clone(), row.segment.clone(), row.start, row.end)
}

/// What was found in stored windows, by window and expectation. Of a span that several versions judged, what is gravest.
async fn findings(
    asked: &Asked<'_>,
    rows: &[WindowRow],
) -> Result<BTreeMap<Key, BTreeMap<Named, FindingRow>>, store::Error> {
    let keys: BTreeMap<_, _> = rows.iter().map(|it| (it.id, key(it))).collect();
    let mut found: BTreeMap<Key, BTreeMap<Named, FindingRow>> =
        keys.values().map(|it| (it.clone(), BTreeMap::new())).collect();
    let wanted = Wanted {
        suite: Some(asked.new.name.clone()),
        of: Some(Of::Window),
        since: Some(asked.from),
        until: Some(asked.to),
        ..Wanted::default()
    };
    let (mut by_window, mut after): (BTreeMap<_, Vec<FindingRow>>, _) = (BTreeMap::new(), None);
    loop {
        let page = asked.store.findings(&wanted, after, PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        after = page.last().map(|it| Cursor { at: it.at, id: it.result_id, n: it.n });
        for it in page {
            by_window.entry(it.result_id).or_default().push(it);
        }
        if is_last {
            break;
        }
    }
    for (id, rows) in by_window {
        let Some(into) = keys.get(&id).and_then(|it| found.get_mut(it)) else { continue };
        for (name, row) in named(rows) {
            if into.get(&name).is_none_or(|it| rank(&it.status) < rank(&row.status)) {
                into.insert(name, row);
            }
        }
    }
    Ok(found)
}

fn rank(status: &str) -> usize {
    ["skip", "pass", "error", "fail"].iter().position(|it| *it == status).unwrap_or(0)
}

fn named(mut rows: Vec<FindingRow>) -> Vec<(Named, FindingRow)> {
    rows.sort_by_key(|it| it.n);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let name = |it: FindingRow| {
        let n = seen.entry(it.check.clone()).or_default();
        *n += 1;
        ((it.check.clone(), *n), it)
    };
    rows.into_iter().map(name).collect()
}

/// What differs in one window. A finding of a segment that is not there held, where others were found.
fn of_window(
    it: &Window,
    before: Option<BTreeMap<Named, FindingRow>>,
    checks: &mut BTreeMap<String, Check>,
    told: &mut Backtest,
) {
    let after: BTreeMap<Named, FindingRow> = named(it.findings.clone()).into_iter().collect();
    let before = before.unwrap_or_default();
    let names: BTreeSet<&Named> = before.keys().chain(after.keys()).collect();
    for name in names {
        let (old, new) = (before.get(name), after.get(name));
        if new.is_some_and(|new| it.unanswered.contains(&new.n)) {
            continue;
        }
        let check = checks.entry(name.0.clone()).or_insert_with(|| Check {
            check: name.0.clone(),
            seen: Seen::Both,
            before: Counts::default(),
            after: Counts::default(),
        });
        if let Some(old) = old {
            check.before.add(&old.status);
            told.before.add(&old.status);
        }
        if let Some(new) = new {
            check.after.add(&new.status);
            told.after.add(&new.status);
        }
        let (before, after) = (old.map(|it| it.status.clone()), new.map(|it| it.status.clone()));
        let is_quiet = |it: &Option<String>| it.as_deref().is_none_or(|it| matches!(it, "pass" | "skip"));
        let is_one_sided = before.is_none() || after.is_none();
        if before == after || is_one_sided && is_quiet(&before) && is_quiet(&after) {
            continue;
        }
        let shown = new.or(old);
        told.changes.push(Change {
            start: time(it.row.start),
            end: time(it.row.end),
            length: it.row.length.clone(),
            segment: it.row.segment.clone(),
            check: name.0.clone(),
            before,
            after,
            observed: shown.and_then(|it| it.observed.clone()),
            bound: shown.map(|it| it.bound.clone()).unwrap_or_default(),
        });
    }
}

/// An incident that was.
struct Was {
    trigger: String,
    key: String,
    opened: Micros,
    closed: Option<Micros>,
    kind: String,
    reason: String,
}

/// The incidents that windows of the span opened.
async fn episodes(asked: &Asked<'_>) -> Result<Vec<Was>, store::Error> {
    let wanted = triggers::Wanted { suite: Some(asked.new.name.clone()), ..triggers::Wanted::default() };
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = asked.store.incidents(&wanted, after, PAGE).await?;
        after = page.last().map(|it| Cursor { at: it.at, id: it.id, n: 0 });
        for row in &page {
            let is_near = match (row.data_from, row.data_to) {
                (Some(from), Some(to)) => from <= asked.to && to >= asked.from,
                _ => (asked.from..=asked.to).contains(&row.opened),
            };
            if !is_near {
                continue;
            }
            let events = asked.store.incident_events(row.id).await?;
            let Some(first) = events.first() else { continue };
            let opened = latest(&first.evidence).unwrap_or(first.trigger_at);
            if !(asked.from..=asked.to).contains(&opened) {
                continue;
            }
            let last = events.iter().find(|it| matches!(it.state.as_str(), "resolved" | "rejected"));
            found.push(Was {
                trigger: row.trigger.clone(),
                key: row.key.clone(),
                opened,
                closed: last.map(|it| it.trigger_at),
                kind: first.kind.clone(),
                reason: first.reason.clone(),
            });
        }
        if page.len() < PAGE as usize {
            break;
        }
    }
    found.sort_by_key(|it| it.opened);
    Ok(found)
}

/// The end of the last window among evidence.
fn latest(evidence: &Json) -> Option<Micros> {
    let ends = evidence.as_array()?.iter().filter_map(|it| it.get("end")?.as_str());
    ends.filter_map(|it| Some(chrono::DateTime::parse_from_rfc3339(it).ok()?.timestamp_micros())).max()
}

/// Incidents of one trigger and key are the same where their times meet.
fn incidents(present: Vec<Was>, new: Vec<Fired>) -> Vec<Incident> {
    let mut left: Vec<Option<Fired>> = new.into_iter().map(Some).collect();
    let mut all: Vec<(Micros, Incident)> = Vec::new();
    let of_new = |it: &Fired| Episode {
        opened: time(it.opened),
        closed: it.closed.map(time),
        kind: it.kind.to_owned(),
        reason: it.reason.clone(),
    };
    for was in present {
        let ends = |it: Option<Micros>| it.unwrap_or(Micros::MAX);
        let meets = |it: &&mut Option<Fired>| {
            it.as_ref().is_some_and(|it| {
                (&it.trigger, &it.key) == (&was.trigger, &was.key)
                    && it.opened <= ends(was.closed)
                    && was.opened <= ends(it.closed)
            })
        };
        let same = left.iter_mut().find(meets).and_then(Option::take);
        let opened = same.as_ref().map_or(was.opened, |it| it.opened.min(was.opened));
        let present =
            Episode { opened: time(was.opened), closed: was.closed.map(time), kind: was.kind, reason: was.reason };
        let seen = if same.is_some() { Seen::Both } else { Seen::PresentOnly };
        let new = same.as_ref().map(of_new);
        all.push((opened, Incident { trigger: was.trigger, key: was.key, seen, present: Some(present), new }));
    }
    all.extend(left.into_iter().flatten().map(|it| {
        let new = Some(of_new(&it));
        (it.opened, Incident { trigger: it.trigger, key: it.key, seen: Seen::NewOnly, present: None, new })
    }));
    all.sort_by_key(|it| it.0);
    all.into_iter().map(|it| it.1).collect()
}

/// Expectations that stored windows cannot answer, or only by the log.
fn needs(asked: &Asked<'_>, unanswered: &BTreeMap<usize, u64>, filled: &super::records::Filled, told: &mut Backtest) {
    let all: BTreeSet<usize> = unanswered.keys().chain(filled.why.keys()).copied().collect();
    for i in all {
        let Some(it) = asked.new.loaded.plan.expectations.get(i) else { continue };
        told.needs_records.push(Needs {
            check: it.title(),
            why: filled.why.get(&i).cloned().unwrap_or_else(|| "not all values were kept".to_owned()),
            windows: unanswered.get(&i).copied().unwrap_or_default(),
            windows_by_log: filled.windows.get(&i).copied().unwrap_or_default(),
            sample: filled.sample().filter(|_| filled.windows.contains_key(&i)),
        });
    }
}

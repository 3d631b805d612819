//! Stored windows, summed up: for baselines that are made of them, and for what fields were like in them.

use driftline_rules::baseline::{Baseline, field_of};
use driftline_rules::plan::Expectation;
use driftline_rules::run;
use driftline_rules::window::Window;

use super::{MOST, apart, summed_up};
use crate::service::version::Version;
use crate::store::rows::Micros;
use crate::store::windows::WindowRow;
use crate::store::{self, Store};
use crate::wire::time;

/// Which stored windows of a version.
#[derive(Clone, Copy, Debug)]
pub struct Which<'w> {
    /// What their length is called; `None`: the shortest.
    pub length: Option<&'w str>,
    /// Of which segment; empty: of all records.
    pub segment: &'w str,
    /// Those that start from this time on.
    pub since: Option<Micros>,
    /// Those that start before this time.
    pub until: Micros,
}

/// A baseline of stored windows of a version: of the fields that the suite's privacy lets windows keep. The inner error
/// says why there is none.
pub async fn of_windows(
    store: &Store,
    version: &Version,
    which: Which<'_>,
) -> Result<Result<Baseline, String>, store::Error> {
    let rows = match judged(store, version, which, MOST).await? {
        Ok(rows) => rows,
        Err(why) => return Ok(Err(why)),
    };
    Ok(together(store, version, rows).await?.and_then(|it| compared_fields(version, it.baseline, &it.window)))
}

/// Of the distributions of stored windows those that the suite compares, with the figures of its metrics. An error says
/// that there is none.
pub(in crate::service) fn compared_fields(
    version: &Version,
    mut baseline: Baseline,
    window: &Window,
) -> Result<Baseline, String> {
    let plan = &version.loaded.plan;
    let stable: Vec<_> =
        plan.expectations.iter().filter(|it| it.kind.name == "stable").flat_map(|it| &it.fields).collect();
    baseline.fields.retain(|field, _| stable.iter().any(|it| *it == field_of(field)));
    let may_tell = |it: &Expectation| it.fields.iter().all(|field| version.privacy.keeps(field));
    baseline.quality = tokio::task::block_in_place(|| run::figures(plan, window, may_tell));
    if baseline.fields.is_empty() && baseline.samples.is_empty() && baseline.quality.is_empty() {
        let why =
            "the suite has no `stable`, `records_similar` or metric on fields that its `privacy` lets windows keep";
        return Err(why.to_owned());
    }
    Ok(baseline)
}

/// The judged windows of a version, the newest first. The inner error says that there is none, or that there are `most`
/// or more.
pub async fn judged(
    store: &Store,
    version: &Version,
    Which { length, segment, since, until }: Which<'_>,
    most: u32,
) -> Result<Result<Vec<WindowRow>, String>, store::Error> {
    let pane = version.loaded.plan.windows.pane().map(|it| it.to_string()).unwrap_or_default();
    let length = length.unwrap_or(&pane);
    let of = (version.name.as_str(), version.hash.as_str(), length, segment);
    let rows = store.judged_windows(of, since, until, None, most).await?;
    if rows.is_empty() {
        let newest = store.judged_windows(of, None, Micros::MAX, None, 1).await?;
        let hint = match newest.first() {
            Some(it) => format!("; the newest is of {}", time(it.start)),
            None => "; a window is judged when it is over".to_owned(),
        };
        let of = if segment.is_empty() { String::new() } else { format!(", of the segment `{segment}`") };
        return Ok(Err(format!(
            "no window of this time, of the length `{length}`{of} and of the suite's active version was judged{hint}"
        )));
    }
    if rows.len() == most as usize {
        return Ok(Err(format!("there are {most} windows or more; ask for a shorter time, or for a greater `length`")));
    }
    Ok(Ok(rows))
}

/// Stored windows, summed up.
#[derive(Debug)]
pub struct Summed {
    /// Those that were summed up, the newest first: of windows that overlap some, so that each record counts once.
    pub rows: Vec<WindowRow>,
    /// The fields that the suite's privacy lets windows keep.
    pub baseline: Baseline,
    /// Their sum.
    pub window: Window,
}

/// Sums up windows of a version. The inner error says why they cannot be read.
pub async fn together(
    store: &Store,
    version: &Version,
    mut rows: Vec<WindowRow>,
) -> Result<Result<Summed, String>, store::Error> {
    apart(&mut rows, Micros::MAX);
    let ids: Vec<_> = rows.iter().map(|it| it.id).collect();
    let sum = summed_up(store, version, &ids, usize::MAX).await?;
    if let Some(problem) = sum.problem {
        return Ok(Err(format!("the windows cannot be read, since {problem}")));
    }
    let window = sum.into_window();
    Ok(Ok(Summed { rows, baseline: distributions(version, &window), window }))
}

/// The distributions in a stored window that may be told.
pub fn distributions(version: &Version, window: &Window) -> Baseline {
    let mut baseline = Baseline::of_window(&version.loaded.plan.bindings, window);
    baseline.records -= window.unreadable.min(baseline.records);
    // Of what is told by hash, windows hold hashes, which are no distribution.
    baseline.fields.retain(|field, _| version.privacy.keeps(field_of(field)));
    baseline.samples.retain(|it| it.fields.iter().all(|field| version.privacy.keeps(field)));
    baseline
}

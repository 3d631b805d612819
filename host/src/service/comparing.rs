//! What windows and batches are compared with: a baseline, earlier windows of the suite's version, or segments.

mod stored;

pub(super) use stored::compared_fields;
pub use stored::{Summed, Which, distributions, judged, of_windows, together};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use driftline_rules::baseline::Baseline;
use driftline_rules::plan::Plan;
use driftline_rules::run::References;
use driftline_rules::suite::{First, Reference};
use driftline_rules::window::Window;
use uuid::Uuid;

use super::app::App;
use super::baselines::{Baselines, Known};
use super::by_version;
use super::sums::Sum;
use super::version::Version;
use crate::store::rows::Micros;
use crate::store::windows::{WindowKey, WindowRow};
use crate::store::{self, Store};
use crate::wire::time;

/// Earlier windows that are summed up at most.
const MOST: u32 = 10_000;
/// How many are read at once.
const AT_ONCE: usize = 50;

/// What the windows of one span are compared with: that of all records, and those of segments.
#[derive(Debug)]
pub struct Against {
    with: With,
    segments: Option<Arc<BTreeMap<String, Window>>>,
}

/// What distributions are compared with.
#[derive(Debug)]
enum With {
    /// All with the same.
    Same(Compared),
    /// All with that of one segment.
    Segment(String, Compared),
    /// Each with earlier ones of its own segment.
    Earlier,
    /// Each with the first ones of the version of the model that it is of.
    Version(First),
}

impl Against {
    /// The segments whose windows others of the span are compared with.
    pub fn segments_of(version: &Version, is_over: bool) -> BTreeSet<String> {
        let plan = &version.loaded.plan;
        if !is_over {
            return BTreeSet::new();
        }
        let champion = match &plan.drift.reference {
            Reference::Segment(name) if plan.compares() => Some(name.clone()),
            _ => None,
        };
        plan.segments_beside().into_iter().map(str::to_owned).chain(champion).collect()
    }

    /// What the windows of a span are compared with. `segments` are those of [`Against::segments_of`] that have records.
    /// Called before windows are closed, so that no transaction waits for it.
    pub async fn of_span(
        app: &App,
        version: &Version,
        is_over: bool,
        segments: BTreeMap<String, Sum>,
    ) -> Result<Self, store::Error> {
        if !is_over {
            return Ok(Against { with: With::Same(Compared::default()), segments: None });
        }
        let plan = &version.loaded.plan;
        let names = plan.segments_beside();
        // One of which something is missing is as if it were not there.
        let whole = segments.iter().filter(|it| names.contains(it.0.as_str()) && it.1.problem.is_none());
        let beside: BTreeMap<_, _> = whole.map(|(name, it)| (name.clone(), it.to_window())).collect();
        let with = With::of_span(app, version, segments).await?;
        Ok(Against { with, segments: (!beside.is_empty()).then(|| Arc::new(beside)) })
    }

    /// Whether what a window is compared with depends on its records.
    pub const fn asks_for_records(&self) -> bool {
        matches!(self.with, With::Version(_))
    }

    /// What one of the windows is compared with; `window` is needed where its records decide.
    pub async fn of_window(
        &self,
        app: &App,
        version: &Version,
        key: &WindowKey,
        most: usize,
        window: Option<&Window>,
    ) -> Result<Compared, store::Error> {
        let compared = self.with.of_window(app, version, key, most, window).await?;
        Ok(Compared { segments: self.segments.clone(), ..compared })
    }
}

impl With {
    async fn of_span(app: &App, version: &Version, mut segments: BTreeMap<String, Sum>) -> Result<Self, store::Error> {
        let plan = &version.loaded.plan;
        if !plan.compares() {
            return Ok(With::Same(Compared::default()));
        }
        Ok(match &plan.drift.reference {
            Reference::Named(_) => {
                let name = named(version).unwrap_or_default();
                let known = app.baselines.active(&app.store, name).await?;
                With::Same(Compared::with(known, &app.baselines, name))
            }
            Reference::Segment(name) => {
                let compared = match segments.remove(name) {
                    None => {
                        let why = format!("there is no baseline: the segment `{name}` has no record of this time");
                        Compared { absent: Some(why), ..Compared::default() }
                    }
                    Some(Sum { problem: Some(problem), .. }) => {
                        let why = format!("there is no baseline: the segment `{name}` cannot be read, since {problem}");
                        Compared { absent: Some(why), ..Compared::default() }
                    }
                    Some(sum) => {
                        let window = sum.into_window();
                        let baseline = Baseline::of_window(&plan.bindings, &window);
                        let told = Some(format!("the segment `{name}` of the same time"));
                        Compared { earlier: Some(Arc::new((window, baseline))), told, ..Compared::default() }
                    }
                };
                With::Segment(name.clone(), compared)
            }
            Reference::Version(first) => With::Version(*first),
            _ => With::Earlier,
        })
    }

    async fn of_window(
        &self,
        app: &App,
        version: &Version,
        key: &WindowKey,
        most: usize,
        window: Option<&Window>,
    ) -> Result<Compared, store::Error> {
        match self {
            With::Same(it) => Ok(it.clone()),
            With::Segment(name, _) if *name == key.segment => {
                let why = "it is the segment that others are compared with".to_owned();
                Ok(Compared { absent: Some(why), ..Compared::default() })
            }
            With::Segment(_, it) => Ok(it.clone()),
            With::Earlier => Compared::of_earlier(app, version, key, most).await,
            With::Version(first) => match window {
                Some(window) => by_version::compared(app, version, key, *first, window).await,
                None => Ok(Compared::default()),
            },
        }
    }
}

/// What is compared with.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    named: Option<Arc<Known>>,
    earlier: Option<Arc<(Window, Baseline)>>,
    absent: Option<String>,
    /// The windows of segments that others are compared with.
    segments: Option<Arc<BTreeMap<String, Window>>>,
    /// What it is, in words; `None`: nothing.
    pub told: Option<String>,
}

impl Compared {
    /// The earlier windows of the same segment that the suite of a window says it is compared with.
    async fn of_earlier(app: &App, version: &Version, key: &WindowKey, most: usize) -> Result<Self, store::Error> {
        let plan = &version.loaded.plan;
        // Months differ: twice as long is always enough to look back for the start of one.
        let length = 2 * key.end.saturating_sub(key.start);
        let (since, until, after) = match &plan.drift.reference {
            Reference::Named(_) | Reference::Segment(_) | Reference::Version(_) | Reference::Previous => {
                (None, key.start, Micros::MIN)
            }
            Reference::Last(span) => {
                let after = key.start.saturating_sub(*span);
                (Some(after.saturating_sub(length)), key.start, after)
            }
            Reference::Ago(span) => {
                let then = key.start.saturating_sub(*span);
                (Some(then.saturating_sub(length)), then.saturating_add(1), then)
            }
        };
        let of = (key.suite.as_str(), key.suite_hash.as_str(), key.length.as_str(), key.segment.as_str());
        let is_one = matches!(plan.drift.reference, Reference::Previous | Reference::Ago(_));
        let most_windows = if is_one { 1 } else { MOST };
        let mut rows = app.store.judged_windows(of, since, until, Some(key.start), most_windows).await?;
        rows.retain(|it| it.end > after);
        apart(&mut rows, key.start);
        let Some(told) = spans(&rows) else {
            let which = match plan.drift.reference {
                Reference::Ago(_) => format!("of {}", time(until - 1)),
                Reference::Last(_) => "in the time that `drift` names".to_owned(),
                _ => "before this one".to_owned(),
            };
            let why = format!("there is no baseline: no window {which} was judged with this version of the suite");
            return Ok(Compared { absent: Some(why), ..Compared::default() });
        };
        let ids: Vec<_> = rows.iter().map(|it| it.id).collect();
        let sum = summed_up(&app.store, version, &ids, most).await?;
        if let Some(problem) = sum.problem {
            let why = format!("there is no baseline: {told} cannot be read, since {problem}");
            return Ok(Compared { absent: Some(why), ..Compared::default() });
        }
        let window = sum.into_window();
        let baseline = Baseline::of_window(&plan.bindings, &window);
        Ok(Compared { earlier: Some(Arc::new((window, baseline))), told: Some(told), ..Compared::default() })
    }

    /// What a batch is compared with, as far as it is known without the store: verdicts do not wait for it.
    pub fn of_batch(baselines: &Baselines, version: &Version) -> Self {
        if !version.loaded.plan.compares() {
            return Compared::default();
        }
        match named(version) {
            Some(name) => Compared::with(baselines.known(name), baselines, name),
            None => Compared::absent(format!(
                "there is no baseline for a batch: `drift` says that windows are compared with {}",
                match version.loaded.plan.drift.reference {
                    Reference::Segment(_) => "a segment",
                    Reference::Version(_) => "the first ones of the version of their model",
                    _ => "earlier ones",
                }
            )),
        }
    }

    /// Nothing, and why.
    pub(super) fn absent(why: String) -> Self {
        Compared { absent: Some(why), ..Compared::default() }
    }

    /// Earlier windows, summed up, or why there are none.
    pub(super) fn of_sum(plan: &Plan, sum: Result<(Window, String), String>) -> Self {
        match sum {
            Ok((window, told)) => {
                let baseline = Baseline::of_window(&plan.bindings, &window);
                Compared { earlier: Some(Arc::new((window, baseline))), told: Some(told), ..Compared::default() }
            }
            Err(why) => Compared::absent(format!("there is no baseline: {why}")),
        }
    }

    /// With the windows of segments that others are compared with.
    #[must_use]
    pub(super) fn beside(self, segments: Option<Arc<BTreeMap<String, Window>>>) -> Self {
        Compared { segments, ..self }
    }

    /// A baseline that has this name, if there is one.
    pub(super) fn with(known: Option<Arc<Known>>, baselines: &Baselines, name: &str) -> Self {
        let told = known.as_ref().map(|it| it.told());
        let absent =
            known.is_none().then(|| match baselines.of_folder().get(name).and_then(|it| it.problem.as_ref()) {
                Some(problem) => format!("there is no baseline `{name}`: its file cannot be read: {problem}"),
                None => format!(
                    "there is no baseline `{name}`: make one with `driftline profile`, and put it with \
                 `PUT /v1/baselines/{name}`"
                ),
            });
        Compared { named: known, told, absent, ..Compared::default() }
    }

    /// As the engine takes it.
    pub fn references(&self) -> References<'_> {
        let earlier = self.earlier.as_deref();
        References {
            window: earlier.map(|it| &it.0),
            baseline: self.named.as_ref().map(|it| &it.baseline).or(earlier.map(|it| &it.1)),
            absent: self.absent.as_deref(),
            spends: None,
            segments: self.segments.as_deref(),
        }
    }
}

/// The name of the baseline that the windows of a suite are compared with, when it is one by name.
pub fn named(version: &Version) -> Option<&str> {
    match &version.loaded.plan.drift.reference {
        Reference::Named(name) => Some(name.as_deref().unwrap_or(&version.name)),
        _ => None,
    }
}

/// Of windows, the newest first, those that end before `end` and do not overlap, so that each record counts once.
pub(super) fn apart(rows: &mut Vec<WindowRow>, mut end: Micros) {
    rows.retain(|it| {
        let fits = it.end <= end;
        end = if fits { it.start } else { end };
        fits
    });
}

/// The sum of stored windows.
pub async fn summed_up(store: &Store, version: &Version, ids: &[Uuid], most: usize) -> Result<Sum, store::Error> {
    let plan = &version.loaded.plan;
    let mut sum = Sum::new(plan);
    for ids in ids.chunks(AT_ONCE) {
        let states = store.window_states(ids).await?;
        tokio::task::block_in_place(|| states.iter().for_each(|it| sum.add(plan, &version.hash, it, 1, most)));
    }
    Ok(sum)
}

/// Windows in words, newest first; `None`: there is none.
pub fn spans(rows: &[WindowRow]) -> Option<String> {
    let from = |at: Micros| time(at).replace(".000000", "");
    let (newest, oldest) = (rows.first()?, rows.last()?);
    let span = format!("{} to {}", from(oldest.start), from(newest.end));
    Some(if rows.len() == 1 { format!("the window {span}") } else { format!("{} windows, {span}", rows.len()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_overlap_count_once() {
        let row = |start, end| WindowRow { start, end, ..WindowRow::default() };
        let starts = |rows: &[WindowRow]| rows.iter().map(|it| it.start).collect::<Vec<_>>();
        let mut sliding: Vec<_> = (0..12).rev().map(|it| row(it * 5, it * 5 + 15)).collect();
        apart(&mut sliding, 60);
        assert_eq!(starts(&sliding), [45, 30, 15, 0]);
        let mut tumbling = vec![row(40, 60), row(20, 40), row(0, 20)];
        apart(&mut tumbling, 50);
        assert_eq!(starts(&tumbling), [20, 0]);
    }
}

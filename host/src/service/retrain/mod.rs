//! Retraining runs: their events are added up, and a run that has ended is checked once, as a record, against the suites
//! whose `runs_of` names its model. It goes the way of any record, so that history, windows and findings see it.

mod merge;
mod record;

use std::sync::Arc;
use std::time::{Duration, Instant};

use driftline_rules::suite::RunsOf;
use serde_json::{Map, Value as Json};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info, warn};
use uuid::Uuid;

use super::app::{App, now};
use super::deciding::{Rules, run_ended};
use super::version::Version;
use crate::intake::entry::{Origin, Request};
use crate::store::rows::{Micros, Verdict, id_at};
use crate::store::runs::RunRow;
use crate::store::{self, Store};
use crate::wire::{RunCheck, RunEvent, RunFailure, RunOut};
pub use merge::STATUSES;
use merge::{is_over, merged};
use record::{derived, record};

/// Successful runs before one that what is derived looks at.
const EARLIER: u32 = 1000;
/// Time between two looks for runs that are to be checked.
const EVERY: Duration = Duration::from_secs(1);
/// Events of one run that come at once are added one after the other, so often at most.
const TRIES: usize = 100;

/// Why an event was not taken in.
#[derive(Debug)]
pub enum Refused {
    /// All that is wrong with it.
    Problems(Vec<String>),
    /// So many events of the run came at once that this one found no turn.
    Crowded,
    /// The store did not answer.
    Store(store::Error),
}

impl From<store::Error> for Refused {
    fn from(error: store::Error) -> Self {
        Refused::Store(error)
    }
}

/// Takes an event in, and checks the run if that has ended it. The run as it is then.
pub async fn take(app: &Arc<App>, event: &RunEvent, by: &str) -> Result<RunOut, Refused> {
    let id = &event.id;
    let (mut is_kept, mut has_ended) = (false, false);
    for _ in 0..TRIES {
        let before = app.store.run(id).await?.unwrap_or_default();
        let mut run = merged(&before, event, by, now()).map_err(Refused::Problems)?;
        run.due = due(app, &run);
        is_kept = app.store.put_run(&run).await?;
        has_ended = !is_over(&before.status) && is_over(&run.status);
        if is_kept {
            break;
        }
    }
    if !is_kept {
        return Err(Refused::Crowded);
    }
    // What cannot be checked now is tried again by the task that looks for such runs.
    let checks = check(app, id).await.unwrap_or_else(|why| {
        warn!(run = id, "a run cannot be checked yet: {why}");
        Vec::new()
    });
    let run = app.store.run(id).await?.unwrap_or_default();
    if has_ended && let Err(error) = tell_incident(app, &run).await {
        warn!(%error, run = id, "the incident that asked for a run cannot be told of its end");
    }
    Ok(RunOut { checks, ..run.into() })
}

/// Tells the incident that asked for a run that it has ended: one that failed is escalated.
async fn tell_incident(app: &Arc<App>, run: &RunRow) -> Result<(), store::Error> {
    let Some(id) = run.incident.as_deref().and_then(|it| Uuid::parse_str(it).ok()) else { return Ok(()) };
    let Some(incident) = app.store.incident(id).await? else { return Ok(()) };
    let Some(version) = app.shelf.get(&incident.suite) else { return Ok(()) };
    let rules = Rules { suite: &version.name, hash: &version.hash, plan: &version.loaded.plan };
    let what = format!("the run `{}` of `{}` has {}", run.id, run.model, run.status);
    run_ended(&app.store, rules, id, run.status == "succeeded", &what).await.map(drop)
}

/// What is wrong with an event whatever is known of its run.
pub fn problems(event: &RunEvent) -> Vec<String> {
    let unknown = RunRow { revision: 1, model: event.model.clone().unwrap_or_default(), ..RunRow::default() };
    merged(&unknown, event, "", 0).err().unwrap_or_default()
}

/// The active suites whose records are the runs of a model, by name.
fn suites(app: &App, model: &str) -> Vec<(Arc<Version>, RunsOf)> {
    let suites = app.shelf.now();
    let of = |it: &Arc<Version>| {
        let runs = it.loaded.plan.runs_of.clone().filter(|runs| runs.is_of(model))?;
        Some((Arc::clone(it), runs))
    };
    suites.active.values().filter_map(of).collect()
}

/// When a run is to be checked: once it has ended, and nothing more was told for as long as the suites say.
fn due(app: &App, run: &RunRow) -> Option<Micros> {
    let settle = suites(app, &run.model).iter().map(|it| it.1.settle).max()?;
    is_over(&run.status).then(|| run.put.saturating_add(settle))
}

/// Checks a run, if it is due and nobody has.
async fn check(app: &Arc<App>, id: &str) -> Result<Vec<RunCheck>, String> {
    let told = |error: store::Error| error.to_string();
    let now = now();
    if !app.store.claim_run(id, now).await.map_err(told)? {
        return Ok(Vec::new());
    }
    let Some(run) = app.store.run(id).await.map_err(told)? else { return Ok(Vec::new()) };
    let mut checks = Vec::new();
    for (version, runs) in suites(app, &run.model) {
        match check_with(app, &version, &runs, &run, now).await {
            Ok(it) => checks.push(it),
            Err(why) => {
                // A run is given back whole or not at all, so that no suite counts it twice.
                if checks.is_empty() {
                    app.store.release_run(id).await.map_err(told)?;
                    return Err(why);
                }
                error!(run = id, suite = version.name, "a run was not checked: {why}");
            }
        }
    }
    let worst = [Verdict::Fail, Verdict::Warn, Verdict::Pass].into_iter().map(Verdict::name);
    let worst = worst.into_iter().find(|it| checks.iter().any(|check| check.verdict == *it));
    if let Some(worst) = worst {
        app.store.judged_run(id, worst).await.map_err(told)?;
        info!(run = id, model = run.model, verdict = worst, "a retraining run was checked");
    }
    Ok(checks)
}

/// Checks a run against one suite, as a record of the time at which it ended.
async fn check_with(
    app: &Arc<App>,
    version: &Arc<Version>,
    runs: &RunsOf,
    run: &RunRow,
    now: Micros,
) -> Result<RunCheck, String> {
    let started = Instant::now();
    let earlier = app.store.earlier_runs(run, EARLIER).await.map_err(|it| it.to_string())?;
    let text = record(run, &earlier, runs).to_string();
    let at = run.finished.unwrap_or(now).clamp(0, now);
    let checked = Version::check_aside(version, text.as_bytes(), at).await;
    let (note, id) = (&version.note, id_at(at));
    let failures = checked.failures.iter().filter_map(|it| {
        let check = note.checks.get(it.check as usize)?;
        let (check, severity) = (check.title.clone(), check.severity.clone());
        Some(RunFailure { check, severity, message: it.message.clone() })
    });
    let answer = RunCheck {
        suite: version.name.clone(),
        result_id: id,
        verdict: checked.verdict.name(),
        failures: failures.collect(),
    };
    let origin = Origin { source: "retrain-run".to_owned(), labels: checked.labels, ..Origin::default() };
    let request = Request {
        id,
        at,
        requests: 1,
        records: 1,
        failed: u64::from(checked.verdict == Verdict::Fail),
        warned: u64::from(checked.verdict == Verdict::Warn),
        unreadable: u64::from(checked.unreadable),
        verdict: checked.verdict,
        duration_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        tallies: vec![(origin.labels.clone(), checked.marks.counts(note.checks.len()))],
        failures: checked.failures,
        windows: checked.window.into_iter().collect(),
        origin,
        ..Request::default()
    };
    app.intake.request(note, Box::new(request)).map_err(|it| format!("{it:?}"))?;
    app.shelf.signals().add(version, &checked.noted, now);
    Ok(answer)
}

/// What is derived of a run, as the first of its suites sees it.
pub async fn derived_of(app: &App, store: &Store, run: &RunRow) -> Result<Map<String, Json>, store::Error> {
    let earlier = store.earlier_runs(run, EARLIER).await?;
    let plain = RunsOf { model: None, settle: 0, trend: RunsOf::TREND, lower_is_better: None };
    let runs = suites(app, &run.model).into_iter().next().map_or(plain, |it| it.1);
    Ok(derived(run, &earlier, &runs))
}

/// Checks runs that are due, for as long as the service lives: those that were left to settle, and those that could not
/// be checked when they ended.
pub async fn run(app: Arc<App>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let due = match app.store.due_runs(now()).await {
            Ok(due) => due,
            Err(error) => {
                warn!(%error, "the store does not say which runs are to be checked");
                continue;
            }
        };
        for id in due {
            if let Err(why) = check(&app, &id).await {
                warn!(run = id, "a run cannot be checked yet: {why}");
            }
        }
    }
}

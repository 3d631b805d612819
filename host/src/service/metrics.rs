//! All metrics of a service, gathered at the moment: what the process counts, what waits, which suites are active, and what
//! the store told last.

use driftline_rules::family::{Family, Series};

use super::app::{App, now};
use crate::intake::{CheckCounts, SuiteCounts};
use crate::metrics::{self, list};

/// The families at this moment. Their order, and that of their series, is left to whoever writes them.
pub fn gather(app: &App) -> Vec<Family> {
    let mut all = metrics::families();
    all.extend(of_records(app));
    all.extend(of_intake(app));
    all.extend(of_suites(app));
    let state = app.store.connections();
    let series = [("active", state.0), ("idle", state.1)];
    let series = series.map(|(name, n)| list::STORE_CONNECTIONS.series(&[name], f64::from(n)));
    all.push(list::STORE_CONNECTIONS.of(series.to_vec()));
    all.extend(app.gauges.now().iter().cloned());
    // What was counted of a suite that is active no more is kept for when it is again; what the store told last may be
    // of one that has gone since.
    let suites = app.shelf.now();
    for family in &mut all {
        family.series.retain(|it| match it.labels.first() {
            Some((name, suite)) if name == "suite" => suites.active.contains_key(suite),
            _ => true,
        });
    }
    // Signals of suites come here: they have labels of their own, and no name of `metrics::RESERVED`.
    all
}

/// Records, and how each expectation fared with them, of active suites; from 0 on, so that the first failure shows.
fn of_records(app: &App) -> [Family; 2] {
    let counted = app.intake.counted();
    let (mut records, mut checks) = (Vec::new(), Vec::new());
    let none = SuiteCounts::default();
    for (suite, version) in &app.shelf.now().active {
        let counts = counted.0.get(suite).unwrap_or(&none);
        let it = &counts.records;
        for (outcome, n) in [("pass", it.pass), ("warn", it.warn), ("fail", it.fail), ("unreadable", it.unreadable)] {
            records.push(list::RECORDS.series(&[suite, outcome], n as f64));
        }
        // The last are records as a whole.
        let expectations = version.note.checks.iter().rev().skip(1).filter(|it| it.by_record);
        for check in expectations {
            let key = (check.title.clone(), check.severity.clone());
            let CheckCounts { pass, fail, skip, error } = counts.checks.get(&key).copied().unwrap_or_default();
            for (status, n, always) in
                [("pass", pass, true), ("fail", fail, true), ("skip", skip, false), ("error", error, false)]
            {
                if always || n > 0 {
                    checks.push(list::CHECKS.series(&[suite, &check.title, &check.severity, status], n as f64));
                }
            }
        }
    }
    [list::RECORDS.of(records), list::CHECKS.of(checks)]
}

fn of_intake(app: &App) -> Vec<Family> {
    use std::sync::atomic::Ordering::Relaxed;
    let waiting = app.intake.waiting();
    let age = if waiting.oldest == 0 { 0.0 } else { (now() as f64 / 1e6 - waiting.oldest as f64 / 1e3).max(0.0) };
    vec![
        list::INTAKE_WAITING.single(waiting.requests as f64),
        list::INTAKE_BYTES.single(waiting.memory as f64),
        list::JOURNAL_BYTES.single(waiting.journal as f64),
        list::JOURNAL_SEGMENTS.single(waiting.segments as f64),
        list::JOURNAL_AGE.single(age),
        list::JOURNAL_PUT_ASIDE.single(app.intake.counters.put_aside.load(Relaxed) as f64),
    ]
}

fn of_suites(app: &App) -> Vec<Family> {
    let suites = app.shelf.now();
    let info = |(suite, version): (&String, &std::sync::Arc<super::version::Version>)| -> Series {
        list::SUITE.series(&[suite, &version.hash], 1.0)
    };
    vec![
        list::SUITES.single(suites.active.len() as f64),
        list::SUITE_PROBLEMS.single(suites.broken.len() as f64),
        list::SUITE.of(suites.active.iter().map(info).collect()),
    ]
}

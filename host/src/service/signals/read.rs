//! What of the store signals show: the latest findings, and the versions of models that are deployed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use driftline_rules::plan::signals::{Label, What};
use driftline_rules::signal::Model;
use driftline_rules::suite::signals::OfFinding;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use crate::service::app::App;
use crate::service::version::Version;
use crate::store;
use crate::store::findings::{Of, Wanted};

/// Time between two looks; the store is asked only where a suite wants what is found there.
const EVERY: Duration = Duration::from_secs(10);
/// Findings of an expectation and a length that are looked at where segments are told.
const MOST: u32 = 1000;

/// Shows what the store knows for as long as the service lives: after a start what was found before it, and what other
/// hosts find.
pub async fn run(app: Arc<App>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        app.shelf.signals().forget();
        if let Err(error) = look(&app).await {
            warn!(%error, "what signals show of the store is as old as the last look; trying again");
        }
    }
}

/// Looks once.
pub async fn look(app: &App) -> Result<(), store::Error> {
    let suites = app.shelf.now();
    let signals = app.shelf.signals();
    if suites.active.values().any(|it| it.loaded.plan.signals.reads_models()) {
        let deployed = app.store.models().await?.into_iter().filter(|it| it.is_deployed);
        let models = deployed.map(|it| Model {
            name: it.model,
            version: it.version,
            hash: it.hash.unwrap_or_default(),
            suite: it.suite,
            at: it.deployed_at.unwrap_or(it.at),
        });
        signals.deployed(&suites.active, models.collect());
    }
    for version in suites.active.values().filter(|it| it.loaded.plan.signals.reads_findings()) {
        for wanted in asked(version) {
            // The newest come first, and an older one of the same segment changes nothing.
            let most = if wanted.segment.is_some() { 1 } else { MOST };
            let found = app.store.findings(&wanted, None, most).await?;
            signals.found(version, &found, false);
        }
    }
    Ok(())
}

/// The findings that a version's signals show.
fn asked(version: &Version) -> Vec<Wanted> {
    let mut asked = BTreeSet::new();
    for feed in &version.loaded.plan.signals.feeds {
        if let What::Observed(checks, length) = &feed.what {
            let tells = |it: &Label| matches!(it, Label::Segment(_) | Label::Finding(OfFinding::Segment));
            let tells = feed.labels.iter().any(tells);
            asked.extend(checks.iter().map(|it| (*it, length.as_str(), tells)));
        }
    }
    let wanted = |(check, length, tells): (usize, &str, bool)| {
        let check = version.note.checks.get(check)?;
        Some(Wanted {
            suite: Some(version.name.clone()),
            check: Some(check.title.clone()),
            kind: Some(check.kind.clone()),
            length: Some(length.to_owned()),
            segment: (!tells).then(String::new),
            of: Some(if length.is_empty() { Of::Batch } else { Of::Window }),
            ..Wanted::default()
        })
    };
    asked.into_iter().filter_map(wanted).collect()
}

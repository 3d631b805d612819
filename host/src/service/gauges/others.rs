//! Triggers, incidents, deliveries, models and retraining runs as series.

use std::collections::BTreeMap;

use driftline_rules::trigger::Phase;
use serde_json::Value as Json;

use super::{Told, told};
use crate::metrics::list;
use crate::service::app::App;
use crate::store::gauges::{Counted, Counts};
use crate::store::rows::Micros;
use crate::store::{self, Store};

/// The version of a model that was deployed at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// The model.
    pub model: String,
    /// Its version.
    pub version: String,
    /// Since when.
    pub at: Micros,
}

/// What the registry knows of models.
pub(super) struct Registry {
    /// The version of each model that is deployed now.
    deployed: Vec<Deployed>,
    /// By suite, the models that it is of.
    models: BTreeMap<String, Vec<String>>,
}

impl Registry {
    /// As it is at a time.
    pub async fn read(store: &Store, at: Micros) -> Result<Self, store::Error> {
        let rows = store.deployed(at).await?;
        let deployed = rows.into_iter().map(|it| Deployed { model: it.model, version: it.version, at: it.at });
        let mut models: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (suite, model, _) in store.suites_of_models().await? {
            models.entry(suite).or_default().push(model);
        }
        models.values_mut().for_each(Vec::dedup);
        Ok(Registry { deployed: deployed.collect(), models })
    }

    /// The model that a suite is of, if it is only one.
    pub fn model_of(&self, suite: &str) -> Option<&str> {
        match self.models.get(suite)?.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// Deployments that are looked through for the one of an earlier window.
const DEPLOYMENTS: u32 = 100;

/// The version of a model that was deployed at a time.
pub(super) async fn deployed_at(store: &Store, model: &str, at: Micros) -> Result<Option<Deployed>, store::Error> {
    let found = store.deployments(model, DEPLOYMENTS).await?.into_iter().find(|it| it.at <= at);
    Ok(found.map(|it| Deployed { model: it.model, version: it.version, at: it.at }))
}

/// What was told before of what only grows, though rows are removed.
#[derive(Default)]
pub(super) struct Others {
    /// By metric and labels: the last number of rows, and what is to be added to it.
    grown: BTreeMap<(&'static str, String, String), (i64, i64)>,
}

impl Others {
    pub async fn read(&mut self, app: &App, registry: &Registry) -> Result<Vec<Told>, store::Error> {
        let mut all = self.triggers(app).await?;
        all.extend(deliveries(app).await?);
        for it in &registry.deployed {
            all.push(told(&list::MODEL, &[&it.model, &it.version], 1.0));
            all.push(told(&list::MODEL_DEPLOYED, &[&it.model, &it.version], it.at as f64 / 1e6));
        }
        all.extend(self.runs(app).await?);
        Ok(all)
    }

    async fn triggers(&mut self, app: &App) -> Result<Vec<Told>, store::Error> {
        let store = &app.store;
        let (states, incidents) = tokio::try_join!(store.counts(Counted::States), store.counts(Counted::Incidents))?;
        let mut all = Vec::new();
        for (suite, version) in &app.shelf.now().active {
            for trigger in &version.loaded.plan.triggers {
                let (name, severity) = (trigger.name.as_str(), trigger.severity.name());
                let is_it = |it: &&(String, String, String, i64)| it.0 == *suite && it.1 == name;
                let of: Vec<_> = states.iter().filter(is_it).collect();
                for phase in Phase::ALL.map(Phase::name) {
                    let n: i64 = of.iter().filter(|it| it.2 == phase).map(|it| it.3).sum();
                    // What was never decided is where all begin.
                    let n = if of.is_empty() { i64::from(phase == Phase::default().name()) } else { n };
                    all.push(told(&list::TRIGGER_STATE, &[suite, name, severity, phase], n as f64));
                }
                let mut is_told = false;
                for (.., of, n) in incidents.iter().filter(is_it).filter(|it| !it.2.is_empty()) {
                    is_told |= of == severity;
                    all.push(told(&list::INCIDENTS_OPEN, &[suite, name, of], *n as f64));
                }
                if !is_told {
                    all.push(told(&list::INCIDENTS_OPEN, &[suite, name, severity], 0.0));
                }
                let n = incidents.iter().filter(is_it).map(|it| it.3).sum();
                let n = self.grown(list::INCIDENTS.name, suite, name, n);
                all.push(told(&list::INCIDENTS, &[suite, name], n as f64));
            }
        }
        Ok(all)
    }

    async fn runs(&mut self, app: &App) -> Result<Vec<Told>, store::Error> {
        let store = &app.store;
        let (runs, reloads) = tokio::try_join!(store.counts(Counted::Runs), store.counts(Counted::Reloads))?;
        let mut all = Vec::new();
        for (metric, counts) in [(&list::RUNS, &runs), (&list::MODEL_RELOADS, &reloads)] {
            for (model, status, _, n) in counts {
                let n = self.grown(metric.name, model, status, *n);
                all.push(told(metric, &[model, status], n as f64));
            }
        }
        let mut models: Vec<&String> = runs.iter().map(|it| &it.0).collect();
        models.dedup();
        for model in models {
            if let Some(run) = store.last_run(model, false).await? {
                if let (Some(started), Some(finished)) = (run.started, run.finished) {
                    let seconds = (finished - started) as f64 / 1e6;
                    all.push(told(&list::RUN_DURATION, &[model], seconds.max(0.0)));
                }
                if let Some(rows) = run.data.get("rows").and_then(Json::as_f64) {
                    all.push(told(&list::RUN_ROWS, &[model], rows));
                }
            }
            let success = store.last_run(model, true).await?.and_then(|it| it.finished);
            all.extend(success.map(|it| told(&list::RUN_SUCCESS, &[model], it as f64 / 1e6)));
        }
        Ok(all)
    }

    /// A number of rows as a counter: where rows were removed, it goes on from where it was.
    fn grown(&mut self, metric: &'static str, one: &str, two: &str, n: i64) -> i64 {
        let (last, more) = self.grown.entry((metric, one.to_owned(), two.to_owned())).or_insert((n, 0));
        *more += (*last - n).max(0);
        *last = n;
        n + *more
    }
}

async fn deliveries(app: &App) -> Result<Vec<Told>, store::Error> {
    let counts: Counts = app.store.counts(Counted::Deliveries).await?;
    // Notices may wait for an action that is not configured here.
    let mut names: Vec<String> = app.live().actions.names();
    names.extend(counts.iter().map(|it| it.0.clone()));
    names.sort();
    names.dedup();
    let mut all = Vec::new();
    for name in &names {
        for (metric, state) in [(&list::WAITING, "pending"), (&list::DEAD, "dead")] {
            let n: i64 = counts.iter().filter(|it| it.0 == *name && it.1 == state).map(|it| it.3).sum();
            all.push(told(metric, &[name], n as f64));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_goes_on_where_rows_were_removed() {
        let mut it = Others::default();
        let told: Vec<_> = [5, 7, 3, 3, 4, 0, 2].map(|n| it.grown("m", "a", "b", n)).into();
        assert_eq!(told, [5, 7, 7, 7, 8, 8, 10]);
        assert_eq!(it.grown("m", "a", "c", 1), 1);
    }
}

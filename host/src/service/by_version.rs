//! Windows that are compared with the first ones of the version of the model that their records are of. These are kept
//! as the baseline `MODEL@VERSION`, made once, when they are over.

use driftline_rules::baseline::Baseline;
use driftline_rules::plan::segments::text;
use driftline_rules::plan::{OfVersion, Versions};
use driftline_rules::suite::First;
use driftline_rules::value::Value;
use driftline_rules::window::Window;
use tokio::task::block_in_place;
use tracing::info;

use super::app::{App, now};
use super::baselines::{Put, Refused, name_of_version};
use super::comparing::{Compared, apart, compared_fields, distributions};
use super::sums::Sum;
use super::version::Version;
use crate::store;
use crate::store::rows::Micros;
use crate::store::windows::{WindowKey, WindowRow};
use crate::wire::time;

/// First windows that are summed up at most.
const MOST: u32 = 10_000;
/// How many are read at once.
const AT_ONCE: usize = 50;

/// A version of a model, and the windows of which its baseline is made.
struct Opening<'o> {
    app: &'o App,
    version: &'o Version,
    versions: Versions,
    first: First,
    model: String,
    of: String,
    /// What the baseline is called.
    name: String,
}

/// What a window is compared with: the baseline of the version of the model that all its records are of, which is made
/// now if the first windows of that version are over.
pub(super) async fn compared(
    app: &App,
    version: &Version,
    key: &WindowKey,
    first: First,
    window: &Window,
) -> Result<Compared, store::Error> {
    let plan = &version.loaded.plan;
    let absent = |why: String| Ok(Compared::absent(format!("there is no baseline: {why}")));
    let field = plan.record.role("version").unwrap_or_default();
    let hidden = [Some(field), plan.record.role("model")].into_iter().flatten().find(|it| !version.privacy.keeps(it));
    if let Some(hidden) = hidden {
        return absent(format!("`privacy` keeps `{hidden}` out of windows, which says of which version they are"));
    }
    let Some(versions) = plan.versions else { return absent("the suite names no version".to_owned()) };
    let (model, of) = match versions.of(window) {
        OfVersion::None => return absent("no record names the version of its model".to_owned()),
        OfVersion::Several(n) => {
            let each = if plan.segments.by.iter().any(|it| it.fields == [field]) {
                "each is compared in its own segment".to_owned()
            } else {
                format!("with `segments: [{field}]` each is compared by itself")
            };
            return absent(format!("the records are of {n} versions or models or more; {each}"));
        }
        OfVersion::One { model, version: of } => (model.unwrap_or_else(|| version.name.clone()), of),
    };
    let row = app.store.model(&model, &of).await?.unwrap_or_default();
    if let Some(name) = row.baseline {
        let known = match row.baseline_version {
            Some(number) => app.baselines.version(&app.store, &name, number).await?,
            None => app.baselines.active(&app.store, &name).await?,
        };
        return Ok(Compared::with(known, &app.baselines, &name));
    }
    let name = name_of_version(&model, &of);
    if let Some(known) = app.baselines.active(&app.store, &name).await? {
        return Ok(Compared::with(Some(known), &app.baselines, &name));
    }
    let opening = Opening { app, version, versions, first, model, of, name };
    match opening.make(key).await? {
        Ok(()) => {
            let known = app.baselines.active(&app.store, &opening.name).await?;
            Ok(Compared::with(known, &app.baselines, &opening.name))
        }
        Err(why) => absent(why),
    }
}

impl Opening<'_> {
    /// Makes the baseline of the windows before this one. The inner error says why it cannot be made yet.
    async fn make(&self, key: &WindowKey) -> Result<Result<(), String>, store::Error> {
        let (plan, store) = (&self.version.loaded.plan, &self.app.store);
        let pane = plan.windows.pane().map(|it| it.to_string()).unwrap_or_default();
        if key.length != pane {
            return Ok(Err(format!("`{}` is not complete", self.name)));
        }
        let of = (key.suite.as_str(), key.suite_hash.as_str(), self.model.as_str(), self.of.as_str());
        let opened = store.open_version(of, key.start).await?;
        let segment = self.segment();
        let stream = (key.suite.as_str(), key.suite_hash.as_str(), pane.as_str(), segment.as_str());
        let until = match self.first {
            First::Time(span) => opened.saturating_add(span),
            First::Records(_) => key.start,
        };
        if key.start < until {
            return Ok(Err(format!("`{}` is made of the windows from {} to {}", self.name, time(opened), time(until))));
        }
        let mut rows = store.judged_windows(stream, Some(opened), until.min(key.start), Some(key.start), MOST).await?;
        apart(&mut rows, key.start);
        rows.reverse();
        let wanted = match self.first {
            First::Time(_) => 1,
            First::Records(n) => n,
        };
        let too_few = |n: u64| match self.first {
            First::Time(_) => format!(
                "`{}` cannot be made: no window from {} to {} was judged with this version of the suite",
                self.name,
                time(opened),
                time(until)
            ),
            First::Records(of) => format!("`{}` is not complete: {n} of {of} records are in windows", self.name),
        };
        let all = rows.iter().map(|it| u64::try_from(it.records).unwrap_or(0)).sum();
        if all < wanted {
            return Ok(Err(too_few(all)));
        }
        let sum = self.sum(&rows, &key.suite_hash).await?;
        if let Some(problem) = sum.problem {
            return Ok(Err(format!("the first windows of `{}` cannot be read, since {problem}", self.name)));
        }
        if sum.records().rows < wanted {
            return Ok(Err(too_few(sum.records().rows)));
        }
        match compared_fields(self.version, distributions(self.version, sum.records()), sum.records()) {
            Ok(baseline) => self.put(&baseline).await,
            Err(why) => Ok(Err(why)),
        }
    }

    /// The segment of which the baseline is made: that of the version, where the suite has one, else all records.
    fn segment(&self) -> String {
        let plan = &self.version.loaded.plan;
        let Some(field) = plan.record.role("version") else { return String::new() };
        let Some(split) = plan.segments.by.iter().find(|it| it.fields == [field]) else { return String::new() };
        let at = split.slots.first().map_or(0, |it| usize::from(it.0));
        let mut cells = vec![Value::Missing; at];
        cells.push(Value::text(&self.of));
        let mut name = String::new();
        split.name_into(&cells, |_, it| text(it), &mut name);
        name
    }

    /// The windows of this version alone, the oldest first, as many as have the records that are wanted.
    async fn sum(&self, rows: &[WindowRow], hash: &str) -> Result<Sum, store::Error> {
        let plan = &self.version.loaded.plan;
        let (mut sum, most) = (Sum::new(plan), usize::MAX);
        let enough = |sum: &Sum| matches!(self.first, First::Records(n) if sum.records().rows >= n);
        for rows in rows.chunks(AT_ONCE) {
            let ids: Vec<_> = rows.iter().map(|it| it.id).collect();
            let states = self.app.store.window_states(&ids).await?;
            block_in_place(|| {
                for state in &states {
                    let mut one = Sum::new(plan);
                    one.add(plan, hash, state, 1, most);
                    if enough(&sum) || one.problem.is_none() && !self.is_of(one.records()) {
                        continue;
                    }
                    sum.add(plan, hash, state, 1, most);
                }
            });
        }
        Ok(sum)
    }

    fn is_of(&self, window: &Window) -> bool {
        match self.versions.of(window) {
            OfVersion::One { model, version } => {
                version == self.of && model.as_deref().unwrap_or(&self.version.name) == self.model
            }
            OfVersion::Several(_) | OfVersion::None => false,
        }
    }

    async fn put(&self, baseline: &Baseline) -> Result<Result<(), String>, store::Error> {
        let put = Put {
            name: self.name.clone(),
            body: baseline.to_json().to_string(),
            model: Some(self.model.clone()),
            model_version: Some(self.of.clone()),
            source: "windows",
            activate: true,
        };
        let at: Micros = now();
        match self.app.baselines.put(&self.app.store, put, &format!("suite:{}", self.version.name), at).await {
            Ok((row, _)) => {
                info!(baseline = row.name, records = row.records, "the baseline of a version of a model was made");
                Ok(Ok(()))
            }
            Err(Refused::Store(error)) => Err(error),
            Err(why) => Ok(Err(format!("`{}` cannot be kept: {why:?}", self.name))),
        }
    }
}

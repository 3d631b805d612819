//! What a window of the changed suite is compared with: as the service finds it, but of windows that were carried over.

use std::collections::BTreeMap;
use std::sync::Arc;

use driftline_rules::plan::{OfVersion, Plan};
use driftline_rules::suite::Reference;
use driftline_rules::window::Window;

use super::Asked;
use crate::service::baselines::name_of_version;
use crate::service::comparing::{Compared, apart, named, spans};
use crate::service::sums::Sum;
use crate::store;
use crate::store::rows::Micros;
use crate::store::windows::{WindowKey, WindowRow};

/// Earlier windows, by length and segment, the oldest first.
#[derive(Default)]
pub struct Earlier(BTreeMap<(String, String), Vec<(WindowRow, Sum)>>);

/// How far back windows are compared, in microseconds; `None`: not with earlier ones.
pub fn back(plan: &Plan) -> Option<Micros> {
    match &plan.drift.reference {
        _ if !plan.compares() => None,
        Reference::Previous => Some(0),
        Reference::Last(span) | Reference::Ago(span) => Some(*span),
        Reference::Named(_) | Reference::Segment(_) | Reference::Version(_) => None,
    }
}

impl Earlier {
    /// Keeps a window for those that come later, and forgets those that none is compared with any more.
    pub fn keep(&mut self, plan: &Plan, row: &WindowRow, sum: Sum) {
        let Some(back) = back(plan).filter(|_| row.status != "error") else { return };
        let all = self.0.entry((row.length.clone(), row.segment.clone())).or_default();
        all.push((row.clone(), sum));
        let length = row.end.saturating_sub(row.start);
        let since = row.start.saturating_sub(back).saturating_sub(length.saturating_mul(4));
        if all.first().is_some_and(|it| it.0.start < since) && all.len() > 2 {
            all.remove(0);
        }
    }

    /// The earlier windows of the same segment that the suite says a window is compared with.
    fn of(&self, plan: &Plan, key: &WindowKey, most: usize) -> Result<(Window, String), String> {
        let (until, after) = match &plan.drift.reference {
            Reference::Last(span) => (key.start, key.start.saturating_sub(*span)),
            Reference::Ago(span) => {
                let then = key.start.saturating_sub(*span);
                (then.saturating_add(1), then)
            }
            _ => (key.start, Micros::MIN),
        };
        let all = self.0.get(&(key.length.clone(), key.segment.clone())).map_or(&[][..], Vec::as_slice);
        let fits = |it: &&(WindowRow, Sum)| it.0.start < until && it.0.end > after;
        let mut rows: Vec<WindowRow> = all.iter().filter(fits).map(|it| it.0.clone()).collect();
        rows.sort_by_key(|it| std::cmp::Reverse((it.start, it.id)));
        apart(&mut rows, key.start);
        if matches!(plan.drift.reference, Reference::Previous | Reference::Ago(_)) {
            rows.truncate(1);
        }
        let told = spans(&rows).ok_or("no window before this one that it could be compared with")?;
        let mut sum = Sum::new(plan);
        for it in all.iter().filter(|it| rows.iter().any(|row| row.id == it.0.id)) {
            sum.merge(it.1.clone(), most);
        }
        match sum.problem {
            Some(problem) => Err(format!("{told} cannot be read, since {problem}")),
            None => Ok((sum.into_window(), told)),
        }
    }
}

/// What the windows of a span are compared with.
pub struct Against<'s> {
    pub earlier: &'s Earlier,
    pub sums: &'s BTreeMap<String, Sum>,
    pub segments: Option<Arc<BTreeMap<String, Window>>>,
}

impl<'s> Against<'s> {
    /// Of the windows of one span.
    pub fn new(plan: &Plan, earlier: &'s Earlier, sums: &'s BTreeMap<String, Sum>) -> Self {
        let names = plan.segments_beside();
        let whole = sums.iter().filter(|it| names.contains(it.0.as_str()) && it.1.problem.is_none());
        let beside: BTreeMap<_, _> = whole.map(|(name, it)| (name.clone(), it.to_window())).collect();
        Against { earlier, sums, segments: (!beside.is_empty()).then(|| Arc::new(beside)) }
    }

    /// What one of them is compared with.
    pub async fn of(&self, asked: &Asked<'_>, key: &WindowKey, most: usize) -> Result<Compared, store::Error> {
        let plan = &asked.new.loaded.plan;
        let compared = match &plan.drift.reference {
            _ if !plan.compares() => Compared::default(),
            Reference::Named(_) => {
                let name = named(&asked.new).unwrap_or_default();
                Compared::with(asked.baselines.known(name), asked.baselines, name)
            }
            Reference::Segment(name) if *name == key.segment => {
                Compared::absent("it is the segment that others are compared with".to_owned())
            }
            Reference::Segment(name) => {
                let told = format!("the segment `{name}` of the same time");
                let sum = self.sums.get(name).map(|it| (it.to_window(), told));
                Compared::of_sum(plan, sum.ok_or(format!("the segment `{name}` has no record of this time")))
            }
            Reference::Version(_) => self.of_version(asked, key).await?,
            Reference::Previous | Reference::Last(_) | Reference::Ago(_) => {
                Compared::of_sum(plan, self.earlier.of(plan, key, most))
            }
        };
        Ok(compared.beside(self.segments.clone()))
    }

    /// The baseline of the version of the model that all records are of, as it is now.
    async fn of_version(&self, asked: &Asked<'_>, key: &WindowKey) -> Result<Compared, store::Error> {
        let absent = |why: &str| Ok(Compared::absent(format!("there is no baseline: {why}")));
        let versions = asked.new.loaded.plan.versions;
        let of = versions.zip(self.sums.get(&key.segment)).map(|(it, sum)| it.of(sum.records()));
        let (model, of) = match of {
            Some(OfVersion::One { model, version }) => (model.unwrap_or_else(|| asked.new.name.clone()), version),
            Some(OfVersion::Several(_)) => return absent("the records are of several versions"),
            Some(OfVersion::None) | None => return absent("no record names the version of its model"),
        };
        let row = asked.store.model(&model, &of).await?.unwrap_or_default();
        let name = row.baseline.unwrap_or_else(|| name_of_version(&model, &of));
        let known = match row.baseline_version {
            Some(number) => asked.baselines.version(asked.store, &name, number).await?,
            None => asked.baselines.active(asked.store, &name).await?,
        };
        Ok(Compared::with(known, asked.baselines, &name))
    }
}

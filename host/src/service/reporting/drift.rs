//! Which fields drifted, and how their values are distributed.

use std::collections::BTreeSet;

use driftline_rules::baseline::{Baseline, Distribution, name};
use driftline_rules::binder::Of as Values;
use driftline_rules::plan::Expectation;
use driftline_rules::value::Value;

use super::suites::Together;
use super::{From, Room, count, cut};
use crate::output::plots::bars::Bars;
use crate::service::features::fields;
use crate::service::version::Version;
use crate::store;
use crate::store::findings::Wanted;
use crate::store::reports::{FindingTotal, Span};
use crate::store::rows::FindingRow;
use crate::wire::report::{FeatureDrift, SuiteReport};
use crate::wire::time;

/// Fields that are told of a suite.
const FIELDS: usize = 16;

pub(super) async fn gather(
    from: From<'_>,
    version: &Version,
    span: &Span,
    found: Option<&Together>,
    room: &mut Room,
    out: &mut SuiteReport,
) -> Result<(), store::Error> {
    let plan = &version.loaded.plan;
    let tested: Vec<&Expectation> =
        plan.expectations.iter().filter(|it| it.compares() && it.kind.name != "quality").collect();
    let mut titles: Vec<String> = tested.iter().map(|it| it.title()).collect();
    titles.sort_unstable();
    titles.dedup();
    let totals = if titles.is_empty() { Vec::new() } else { from.store.finding_totals(span, &titles).await? };
    let mut all: Vec<FeatureDrift> = tested.iter().map(|it| told(it, &totals)).collect();
    let known: BTreeSet<String> = all.iter().map(|it| it.field.clone()).collect();
    all.extend(fields(version).into_keys().filter(|it| !known.contains(it)).map(untested));
    if all.is_empty() {
        out.missing.push("no drift is looked for: the suite has no `stable` or other drift test".to_owned());
        return Ok(());
    }
    let share = |it: &FeatureDrift| it.drifted as f64 / it.windows.max(1) as f64;
    let word = |it: &FeatureDrift| ["drift", "stable", "untested"].iter().position(|word| *word == it.status);
    all.sort_by(|a, b| word(a).cmp(&word(b)).then(share(b).total_cmp(&share(a))).then_with(|| a.field.cmp(&b.field)));
    let shown = Room::take(&mut room.features, FIELDS.min(all.len()));
    out.features_left_out = (all.len() - shown) as u64;
    all.truncate(shown);
    for it in &mut all {
        last(from, version, span, it).await?;
        if let Some(found) = found {
            distributions(found, it);
        }
    }
    let without: Vec<&str> = all.iter().filter(|it| it.plot.is_none()).map(|it| it.field.as_str()).collect();
    if found.is_some() && !without.is_empty() {
        out.missing.push(format!(
            "no distribution is shown of {}: windows keep none, or it has too many different values that are no numbers",
            cut(without.join(", "))
        ));
    }
    out.features = all;
    Ok(())
}

/// The field that an expectation compares, as distributions are called.
fn field_of(it: &Expectation) -> String {
    let of_length = matches!(&it.kwargs, Value::Map(all) if all.iter().any(|(key, value)| key == "of" && value.as_str() == Some("length")));
    match it.fields.as_slice() {
        [one] if of_length => name(one, Values::Length),
        all => all.join(", "),
    }
}

fn told(it: &Expectation, totals: &[FindingTotal]) -> FeatureDrift {
    let title = it.title();
    // Of the lengths that it was judged by, that of the most windows, which is the shortest.
    let own = totals.iter().filter(|total| total.check == title && !total.length.is_empty());
    let total = own.max_by_key(|it| it.n);
    let (windows, drifted) = total.map_or((0, 0), |it| (count(it.n), count(it.failed)));
    let status = match (windows, drifted) {
        (0, _) => "untested",
        (_, 0) => "stable",
        _ => "drift",
    };
    FeatureDrift {
        status: status.to_owned(),
        check: Some(title),
        length: total.map(|it| it.length.clone()),
        windows,
        drifted,
        ..untested(field_of(it))
    }
}

fn untested(field: String) -> FeatureDrift {
    FeatureDrift {
        field,
        status: "untested".to_owned(),
        check: None,
        length: None,
        windows: 0,
        drifted: 0,
        last_drift: None,
        test: None,
        statistic: None,
        threshold: None,
        p_value: None,
        effect: None,
        missing_before: None,
        missing_now: None,
        plot: None,
    }
}

/// What the test last found.
async fn last(from: From<'_>, version: &Version, span: &Span, it: &mut FeatureDrift) -> Result<(), store::Error> {
    if it.windows == 0 {
        return Ok(());
    }
    let has_drifted = it.drifted > 0;
    let wanted = Wanted {
        suite: Some(version.name.clone()),
        check: it.check.clone(),
        length: it.length.clone(),
        segment: Some(String::new()),
        status: Some(if has_drifted { "fail" } else { "pass" }.to_owned()),
        since: Some(span.from),
        until: Some(span.to),
        ..Wanted::default()
    };
    let Some(row) = from.store.findings(&wanted, None, 1).await?.pop() else { return Ok(()) };
    let FindingRow { at, test, statistic, p_value, details, .. } = row;
    let member = |name: &str| details.as_ref().and_then(|it| it.get(name));
    it.threshold = member("threshold").and_then(serde_json::Value::as_f64);
    it.effect = member("effect").and_then(|it| it.as_str()).map(|it| cut(it.to_owned()));
    it.last_drift = has_drifted.then(|| time(at));
    (it.test, it.statistic, it.p_value) = (test, statistic.filter(|it| it.is_finite()), p_value);
    Ok(())
}

fn distributions(found: &Together, it: &mut FeatureDrift) {
    let Some(now) = found.now.field(&it.field) else { return };
    let before = found.before.as_ref().and_then(|all: &Baseline| all.field(&it.field));
    let missing = |of: &Distribution| of.null as f64 / (of.n + of.null + of.nan).max(1) as f64;
    (it.missing_before, it.missing_now) = (before.map(missing), Some(missing(now)));
    it.plot = Bars::of(before, now);
}

//! The model: another version, worse calibration.

use super::attribution::by_version;
use super::loss::{mean, worsened};
use super::words::{by, get, short, time};
use super::{Case, Category, Event, Group, Hypothesis, Item, Row, What};

/// Versions that came, and calibration that is worse.
pub(super) fn find(case: &Case) -> Vec<Hypothesis> {
    let mut found: Vec<_> = version(case).into_iter().collect();
    found.extend(calibration(case));
    found.extend(events(case));
    found
}

/// When the first prediction of each version came, and how many came on either side.
fn versions(rows: &[Row]) -> Vec<(&str, i64, [u64; 2])> {
    let mut all: std::collections::BTreeMap<&str, (i64, [u64; 2])> = std::collections::BTreeMap::new();
    for row in rows {
        if let Some(Item::Text(it)) = &row.version {
            let seen = all.entry(it).or_insert((row.at, [0, 0]));
            seen.0 = seen.0.min(row.at);
            seen.1[usize::from(row.is_now)] += 1;
        }
    }
    all.into_iter().map(|(name, (at, n))| (name, at, n)).collect()
}

/// Deployments no earlier than in the last quarter of the reference: what came long before the loss is not its cause.
fn deployments<'c>(case: &Case<'c>) -> Vec<&'c Event> {
    let input = case.input;
    let length = input.reference.to.saturating_sub(input.reference.from);
    let from = input.span.from.saturating_sub(length / 4);
    input.events.iter().filter(|it| it.what == What::Deployed && it.at >= from && it.at < input.span.to).collect()
}

fn version(case: &Case) -> Option<Hypothesis> {
    let rows = &case.input.rows;
    let all = versions(rows);
    let total = |side: usize| all.iter().map(|it| it.2[side]).sum::<u64>().max(1) as f64;
    let share = |it: &(&str, i64, [u64; 2]), side: usize| it.2[side] as f64 / total(side);
    let gain = |it: &(&str, i64, [u64; 2])| share(it, 1) - share(it, 0);
    let most = all.iter().filter(|it| gain(it) >= 0.05 && all.iter().any(|it| it.2[0] > 0));
    let most = most.max_by(|a, b| gain(a).total_cmp(&gain(b)).then_with(|| b.0.cmp(a.0)));
    let deployed = deployments(case);
    let Some(it) = most else {
        // Records that name no version: the deployment alone speaks for it.
        let last = deployed.last().filter(|_| all.is_empty())?;
        let mut found = Hypothesis::new((Category::Model, "version_change", &last.of), 0.5, None);
        found.evidence.push(format!(
            "{} was deployed at {}; records do not say which version answered",
            last.of,
            time(last.at)
        ));
        found.verify.push("SELECT * FROM deployment_history ORDER BY at DESC LIMIT 10".to_owned());
        return Some(found);
    };
    let groups = by_version(rows);
    let attribution = case.attributed(&groups, true);
    let moved: f64 = all.iter().map(|it| gain(it).max(0.0)).sum();
    let mut found = Hypothesis::new((Category::Model, "version_change", it.0), moved, attribution.as_ref());
    let mut told = vec![format!(
        "version {} answers {:.0} % of the records, {:.0} % before; its first record is of {}",
        it.0,
        100.0 * share(it, 1),
        100.0 * share(it, 0),
        time(it.1)
    )];
    told.extend(deployed.iter().map(|it| format!("{} was deployed at {}", it.of, time(it.at))));
    let rate = |it: &Group| {
        let name = it.label.trim_start_matches("= ");
        (it.now.n > 0).then(|| format!("{name} {}", short(it.now.mean())))
    };
    let rates: Vec<_> = groups.0.iter().filter_map(rate).collect();
    if rates.len() > 1 {
        told.push(format!("{} by version now: {}", case.input.measure, rates.join(", ")));
    }
    found.evidence.splice(0..0, told);
    found.number("share_of_records", share(it, 1));
    found.verify.push(by(case.input, "version"));
    found.verify.push(get(case.input, "/v1/predictions", &[("version", it.0), ("outcome", "wrong")]));
    Some(found)
}

/// Scores that say less than before how sure a prediction is.
fn calibration(case: &Case) -> Option<Hypothesis> {
    let is_one = |it: &&super::Figures| matches!(it.metric.as_str(), "ece" | "confidence_ece");
    let it = case.input.figures.iter().find(is_one)?;
    let (before, now) = (mean(&it.before)?, mean(&it.now)?);
    let is_clear = worsened(it).is_none_or(|it| it < 0.01);
    if now - before < 0.02 || !is_clear {
        return None;
    }
    // An error of 0.2 is as bad as it gets in practice.
    let mut found = Hypothesis::new((Category::Model, "calibration", "score"), (5.0 * (now - before)).min(1.0), None);
    found.evidence.push(format!(
        "`{}`: {} -> {}: scores say less how sure a prediction is",
        it.check,
        short(before),
        short(now)
    ));
    found.number("ece_before", before);
    found.number("ece_now", now);
    found.verify.push(super::words::of_check(case.input, &it.check));
    Some(found)
}

/// Other things that happened in the suspect span.
fn events(case: &Case) -> Vec<Hypothesis> {
    let length = case.input.span.to.saturating_sub(case.input.span.from);
    let from = case.input.span.from.saturating_sub(length);
    let recent = case.input.events.iter().filter(|it| it.at >= from && it.at < case.input.span.to);
    let of = |it: &Event| {
        let (category, cause, effect, told) = match it.what {
            What::Deployed => return None,
            What::Suite => (
                Category::Infrastructure,
                "suite_change",
                0.4,
                format!("the suite was changed at {}: what is measured may be other than before", time(it.at)),
            ),
            What::ReloadFailed => (
                Category::Infrastructure,
                "reload_failed",
                0.6,
                format!("serving could not take up the model of the run {} at {}", it.of, time(it.at)),
            ),
        };
        let mut found = Hypothesis::new((category, cause, &it.of), effect, None);
        found.evidence.push(told);
        found.verify.push(match it.what {
            What::Suite => format!("GET /v1/suites/{}/versions", case.input.suite),
            _ => format!("GET /v1/retrain-runs/{}", it.of),
        });
        Some(found)
    };
    recent.filter_map(of).collect()
}

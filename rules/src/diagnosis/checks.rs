//! Expectations that hold less often than before.

use super::fields::risen;
use super::words::{get, of_check, percent};
use super::{Case, Category, Fared, Hypothesis};
use crate::quality::metric::NAMES;

/// Kinds of expectations by what a failure means.
const CAUSES: &[(&str, &[&str])] = &[
    (
        "missing_values",
        &["not_null", "empty_share", "non_empty_text", "coverage", "proportion_of_non_null_values_between"],
    ),
    (
        "out_of_range",
        &[
            "between",
            "finite",
            "max_between",
            "mean_between",
            "median_between",
            "min_between",
            "not_outliers",
            "outlier_share",
            "quantile_between",
            "stdev_between",
            "value_lengths_between",
            "vector_norm_between",
            "z_scores_less_than",
        ],
    ),
    ("unseen_values", &["in_set", "distinct_values_in_set", "distinct_values_equal_set", "not_in_set", "pair_in_set"]),
    (
        "schema",
        &[
            "column_count_between",
            "column_count_equal",
            "column_exists",
            "column_type",
            "columns_match_ordered_list",
            "columns_match_set",
            "dateutil_parseable",
            "in_type_list",
            "json_parseable",
            "json_schema",
            "match_json_schema",
            "match_regex",
            "match_strftime_format",
            "of_type",
            "readable",
            "value_lengths_equal",
            "vector_dimension",
        ],
    ),
];

fn cause(kind: &str) -> (Category, &'static str) {
    match kind {
        "fresh" | "lag" => (Category::Infrastructure, "delay"),
        "not_silent" => (Category::Infrastructure, "silence"),
        _ => (Category::Data, CAUSES.iter().find(|it| it.1.contains(&kind)).map_or("check", |it| it.0)),
    }
}

/// Kinds of which others tell: metrics show the loss itself, drift is looked at field by field.
fn is_told(it: &Fared) -> bool {
    let of_label = it.field.split(", ").any(|it| it == "label" || it.starts_with("label."));
    of_label
        || NAMES.contains(&it.kind.as_str())
        || matches!(it.kind.as_str(), "stable" | "records_similar" | "label_coverage")
}

/// A hypothesis for each expectation that holds clearly less often, and one for records that cannot be read.
pub(super) fn find(case: &Case) -> Vec<Hypothesis> {
    let input = case.input;
    let level = 0.01 / input.fared.len().max(1) as f64;
    let mut found: Vec<_> =
        input.fared.iter().filter(|it| !is_told(it)).filter_map(|it| of_one(case, it, level)).collect();
    if let Some([before, now]) = input.volume
        && let Some([was, is]) = risen([(before.unreadable, before.records), (now.unreadable, now.records)], 0.01)
    {
        let mut it = Hypothesis::new((Category::Data, "schema", "unreadable records"), is - was, None);
        it.evidence.push(format!("records that cannot be read: {} -> {}", percent(was), percent(is)));
        it.number("unreadable_before", was);
        it.number("unreadable_now", is);
        it.verify.push(get(input, "/v1/failures", &[]));
        found.push(it);
    }
    found
}

fn of_one(case: &Case, it: &Fared, level: f64) -> Option<Hypothesis> {
    let pair = |[of, failed]: [u64; 2]| (failed, of);
    let by_record = risen([pair(it.before), pair(it.now)], level);
    let (category, cause) = cause(&it.kind);
    let subject = if it.field.is_empty() { &it.check } else { &it.field };
    if case.input.outputs.contains(subject) {
        return None;
    }
    let attribution = case.by_field.get(subject).and_then(|it| case.attributed(it, false));
    let (effect, told) = match by_record {
        Some([before, now]) => (
            now - before,
            format!("`{}` fails for {} of the records, {} before", it.check, percent(now), percent(before)),
        ),
        None => {
            let share = |[of, failed]: [u64; 2]| failed as f64 / of.max(1) as f64;
            let (before, now) = (share(it.windows_before), share(it.windows_now));
            // A window says little by itself.
            if it.now[0] > 0 || now - before < 0.5 {
                return None;
            }
            let [of, failed] = it.windows_now;
            (
                0.5 * (now - before),
                format!("`{}` fails in {failed} of {of} windows, {} before", it.check, percent(before)),
            )
        }
    };
    let mut found = Hypothesis::new((category, cause, subject), effect, attribution.as_ref());
    found.evidence.insert(0, told);
    found.number("fails_more_by", effect);
    found.verify.push(of_check(case.input, &it.check));
    Some(found)
}

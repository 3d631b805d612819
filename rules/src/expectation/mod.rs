//! The kinds of expectations: one file and one page each.

#![allow(clippy::result_large_err, reason = "a window is judged rarely, and its judgement moved once")]

mod aggregate;
mod bounds;
#[cfg(test)]
mod budgets;
mod columns;
mod comparing;
mod departure;
mod distinct;
mod distribution;
mod dtype;
mod index;
pub(crate) mod instant;
mod kolmogorov;
mod naming;
mod numbers;
mod order;
mod partition;
mod quantiles;
mod records;
mod schemas;
mod several;
mod texts;
mod type_names;
mod vector;

pub mod between;
pub mod bootstrapped_ks_test_p_value;
pub mod chisquare_test_p_value;
pub mod column_count_between;
pub mod column_count_equal;
pub mod column_exists;
pub mod column_type;
pub mod columns_match_ordered_list;
pub mod columns_match_set;
pub mod compound_unique;
pub mod coverage;
pub mod dateutil_parseable;
pub mod decreasing;
pub mod distinct_values_contain_set;
pub mod distinct_values_equal_set;
pub mod distinct_values_in_set;
pub mod duplicate_records;
pub mod empty_share;
pub mod finite;
pub mod fresh;
pub mod in_set;
pub mod in_type_list;
pub mod increasing;
pub mod json_parseable;
pub mod json_schema;
pub mod kl_divergence_less_than;
pub mod label_coverage;
pub mod lag;
pub mod match_json_schema;
pub mod match_like_pattern;
pub mod match_like_pattern_list;
pub mod match_regex;
pub mod match_regex_list;
pub mod match_strftime_format;
pub mod max_between;
pub mod mean_between;
pub mod median_between;
pub mod min_between;
pub mod most_common_value_in_set;
pub mod multicolumn_equal;
pub mod multicolumn_sum_equal;
pub mod non_empty_text;
pub mod not_in_set;
pub mod not_match_like_pattern;
pub mod not_match_like_pattern_list;
pub mod not_match_regex;
pub mod not_match_regex_list;
pub mod not_null;
pub mod not_outliers;
pub mod not_silent;
pub mod null;
pub mod of_type;
pub mod outlier_share;
pub mod pair_a_greater_than_b;
pub mod pair_cramers_phi_less_than;
pub mod pair_equal;
pub mod pair_in_set;
pub mod parameterized_distribution_ks_test_p_value;
pub mod plugin;
pub mod proportion_of_non_null_values_between;
pub mod proportion_of_unique_values_between;
pub mod quality;
pub mod quantile_between;
pub mod quantile_values_between;
pub mod records_similar;
pub mod row_count_between;
pub mod row_count_equal;
pub mod stable;
pub mod stdev_between;
pub mod sum_between;
pub mod unique;
pub mod unique_value_count_between;
pub mod unique_within_record;
pub mod value_lengths_between;
pub mod value_lengths_equal;
pub mod vector_dimension;
pub mod vector_finite;
pub mod vector_norm_between;
pub mod vector_zero_share;
pub mod z_scores_less_than;

use crate::kind::Kind;

/// All kinds, by name.
pub static KINDS: &[&Kind] = &[
    &between::KIND,
    &bootstrapped_ks_test_p_value::KIND,
    &chisquare_test_p_value::KIND,
    &column_count_between::KIND,
    &column_count_equal::KIND,
    &column_exists::KIND,
    &column_type::KIND,
    &columns_match_ordered_list::KIND,
    &columns_match_set::KIND,
    &compound_unique::KIND,
    &coverage::KIND,
    &dateutil_parseable::KIND,
    &decreasing::KIND,
    &distinct_values_contain_set::KIND,
    &distinct_values_equal_set::KIND,
    &distinct_values_in_set::KIND,
    &duplicate_records::KIND,
    &empty_share::KIND,
    &finite::KIND,
    &fresh::KIND,
    &in_set::KIND,
    &in_type_list::KIND,
    &increasing::KIND,
    &json_parseable::KIND,
    &json_schema::KIND,
    &kl_divergence_less_than::KIND,
    &label_coverage::KIND,
    &lag::KIND,
    &match_json_schema::KIND,
    &match_like_pattern::KIND,
    &match_like_pattern_list::KIND,
    &match_regex::KIND,
    &match_regex_list::KIND,
    &match_strftime_format::KIND,
    &max_between::KIND,
    &mean_between::KIND,
    &median_between::KIND,
    &min_between::KIND,
    &most_common_value_in_set::KIND,
    &multicolumn_equal::KIND,
    &multicolumn_sum_equal::KIND,
    &non_empty_text::KIND,
    &not_in_set::KIND,
    &not_match_like_pattern::KIND,
    &not_match_like_pattern_list::KIND,
    &not_match_regex::KIND,
    &not_match_regex_list::KIND,
    &not_null::KIND,
    &not_outliers::KIND,
    &not_silent::KIND,
    &null::KIND,
    &of_type::KIND,
    &outlier_share::KIND,
    &pair_a_greater_than_b::KIND,
    &pair_cramers_phi_less_than::KIND,
    &pair_equal::KIND,
    &pair_in_set::KIND,
    &parameterized_distribution_ks_test_p_value::KIND,
    &proportion_of_non_null_values_between::KIND,
    &proportion_of_unique_values_between::KIND,
    &quality::KIND,
    &quantile_between::KIND,
    &quantile_values_between::KIND,
    &records_similar::KIND,
    &row_count_between::KIND,
    &row_count_equal::KIND,
    &stable::KIND,
    &stdev_between::KIND,
    &sum_between::KIND,
    &unique::KIND,
    &unique_value_count_between::KIND,
    &unique_within_record::KIND,
    &value_lengths_between::KIND,
    &value_lengths_equal::KIND,
    &vector_dimension::KIND,
    &vector_finite::KIND,
    &vector_norm_between::KIND,
    &vector_zero_share::KIND,
    &z_scores_less_than::KIND,
];

/// The kind of a short or a GX name.
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|it| it.name == name || it.gx == name).copied()
}

/// What a name says that stands in place of a kind and of one of its parameters: the kind, the parameter and its value.
/// The name of a metric stands for `quality` with that metric.
pub fn find_short(name: &str) -> Option<(&'static Kind, &'static str, &'static str)> {
    let metric = quality::SHORT.iter().find(|it| **it == name)?;
    Some((&quality::KIND, "metric", metric))
}

/// All names that a suite may have for a kind.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    KINDS.iter().flat_map(|it| [it.name, it.gx]).chain(quality::SHORT.iter().copied())
}

/// Why a name is no kind, where there is more to say than that.
pub fn why_not(name: &str) -> &'static str {
    match name {
        "expect_table_row_count_to_equal_other_table"
        | "expect_query_results_to_match_comparison"
        | "unexpected_rows_expectation" => "it is a question to a SQL database; Driftline reads records",
        _ => "`driftline kinds` lists all",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_holds() {
        let only = std::env::var("PAGE").ok();
        let mut wrong = Vec::new();
        for kind in KINDS.iter().filter(|it| only.as_deref().is_none_or(|only| only == it.name)) {
            let cases = crate::page::cases(kind.page);
            if cases.is_empty() {
                wrong.push(format!("{}: the page has no case", kind.name));
            }
            wrong.extend(crate::page::run(kind.page).into_iter().map(|it| format!("{}.md: {it}", kind.name)));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn kinds_are_sorted_and_their_names_unique() {
        for pair in KINDS.windows(2) {
            assert!(pair[0].name < pair[1].name, "{} {}", pair[0].name, pair[1].name);
        }
        let mut names: Vec<_> = KINDS.iter().map(|it| it.gx).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KINDS.len());
    }

    #[test]
    fn every_page_names_each_parameter_and_shows_a_pass_a_fail_and_a_skip() {
        let mut wrong = Vec::new();
        for kind in KINDS {
            let page = kind.page;
            if !page.starts_with(&format!("# {}\n", kind.name)) {
                wrong.push(format!("{}: the page's first line is not its name", kind.name));
            }
            for param in kind.params {
                if !page.contains(param.name) && !page.contains(param.gx) {
                    wrong.push(format!("{}: the page says nothing of `{}`", kind.name, param.name));
                }
            }
            for status in ["pass", "fail", "skip"] {
                let shown = page.contains(&format!("# {status}")) || page.contains(&format!("status: {status}"));
                let skips = status != "skip" || !matches!(kind.subject, crate::kind::Subject::Table);
                if skips && !shown {
                    wrong.push(format!("{}: the page shows no {status}", kind.name));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

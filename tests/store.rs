//! The store, on both databases: the same tests on each.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "store/baselines.rs"]
mod baselines;
#[path = "support/database.rs"]
mod database;
#[path = "store/findings.rs"]
mod findings;
#[path = "store/history.rs"]
mod history;
#[path = "store/labels.rs"]
mod labels;
#[path = "store/longer.rs"]
mod longer;
#[path = "store/models.rs"]
mod models;
#[path = "store/opening.rs"]
mod opening;
#[path = "store/outbox.rs"]
mod outbox;
#[path = "store/plugins.rs"]
mod plugins;
#[path = "store/pruning.rs"]
mod pruning;
#[path = "store/reports.rs"]
mod reports;
#[path = "store/segments.rs"]
mod segments;
#[path = "store/suites.rs"]
mod suites;
#[path = "store/triggers.rs"]
mod triggers;
#[path = "store/watches.rs"]
mod watches;
#[path = "store/windows.rs"]
mod windows;
#[path = "store/rows.rs"]
mod rows;
#[path = "store/runs.rs"]
mod runs;
#[path = "store/writing.rs"]
mod writing;

use database::Database;
use driftline::store::{Options, Store};

async fn open(database: &Database) -> Store {
    Store::open(&database.url, &Options::default()).await.unwrap()
}

/// Runs a test with worker threads, as the host does.
fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap().block_on(test);
}

macro_rules! on_both {
    ($($room:ident: $($test:ident),+;)+) => {
        mod on_postgres {
            $($(
                #[test]
                fn $test() {
                    crate::block_on(crate::$room::$test(crate::database::postgres()));
                }
            )+)+
        }

        mod on_sqlite {
            $($(
                #[test]
                fn $test() {
                    crate::block_on(crate::$room::$test(crate::database::sqlite()));
                }
            )+)+
        }
    };
}

on_both! {
    writing: what_is_committed_is_read_back, a_segment_counts_once, a_segment_sent_twice_at_once_counts_once,
        parts_of_a_result_add_up, parts_within_one_batch_add_up, tallies_add_up,
        two_stores_that_commit_at_once_lose_nothing, a_null_character_does_not_poison_a_batch,
        overlong_labels_do_not_poison_a_batch, a_huge_batch_is_committed, times_of_any_year_are_kept,
        a_batch_that_fails_leaves_nothing, an_idempotency_key_belongs_to_the_request_that_came_last;
    history: every_filter_restricts_results, every_filter_restricts_failures, pages_hold_every_row_once,
        pages_stand_still_while_rows_arrive, failures_of_one_result_are_paged_by_ordinal,
        a_result_is_found_by_its_id, stats_add_up_by_span, views_show_the_history,
        the_questions_of_the_page_can_be_asked;
    reports: sums_of_a_span_are_made_by_the_database, incidents_of_a_span_go_by_the_time_of_their_records,
        a_report_of_very_many_findings_stays_small;
    findings: every_filter_restricts_findings, the_view_of_drift_shows_what_tests_found,
        questions_for_findings_use_the_indexes;
    windows: a_window_with_long_parts_is_taken_up_in_pieces, a_window_that_waits_is_kept_once,
        parts_are_taken_up_once_and_in_their_order, a_window_with_many_parts_is_taken_up_before_it_is_over,
        two_hosts_that_close_at_once_take_each_part_once, a_page_that_has_changed_is_not_written,
        segments_share_rows_and_are_taken_up_apart, no_more_segments_are_kept_apart_than_the_suite_says,
        one_host_at_a_time_closes_a_span, windows_are_paged_and_filtered, old_windows_are_pruned;
    longer: a_longer_window_is_judged_after_all_shorter_ones,
        a_longer_window_is_not_kept_when_a_shorter_one_has_changed,
        the_watermark_closes_windows_and_the_clock_those_of_a_stream_that_is_idle, a_silence_is_kept_once,
        windows_are_kept_that_a_longer_one_will_be_merged_of;
    segments: what_is_not_judged_yet_is_found_with_its_page;
    watches: a_window_follows_the_latest_one_that_was_watched, windows_wait_for_earlier_ones_that_are_over,
        one_host_at_a_time_closes_windows_that_are_watched;
    triggers: what_is_decided_is_written_once_and_read_back, of_two_that_decide_at_once_one_is_heard,
        incidents_are_paged_and_filtered, windows_wait_until_triggers_have_seen_them_as_they_are,
        incidents_that_are_over_are_pruned_with_their_steps;
    suites: versions_are_kept_once, the_last_activation_holds, a_version_that_is_not_there_is_not_activated;
    plugins: plugins_are_kept_once_with_their_bytes, the_last_activation_of_a_plugin_holds,
        views_show_what_happened_to_plugins;
    baselines: the_same_bytes_are_one_version, the_last_activation_of_a_baseline_holds,
        two_hosts_that_put_at_once_make_two_versions, views_show_what_happened_to_baselines,
        judged_windows_are_found_with_their_states;
    labels: labels_are_written_once_with_what_they_add;
    models: a_version_of_a_model_keeps_its_hash, the_deployment_with_the_latest_time_holds,
        a_version_opens_where_its_first_window_began;
    runs: events_of_a_run_are_added_one_after_the_other, a_run_is_checked_by_one_host, runs_are_paged_and_filtered;
    outbox: a_notice_is_written_once_and_read_back, every_filter_restricts_deliveries,
        notices_of_an_incident_are_taken_in_their_order, a_lease_that_is_over_is_anothers,
        two_hosts_take_no_notice_twice, old_deliveries_are_pruned;
    pruning: old_rows_are_pruned, without_retention_all_is_kept, many_rows_are_pruned_in_slices;
    opening: migrations_run_by_two_at_once_do_not_clash, tables_must_be_there_unless_asked_for,
        newer_tables_are_refused, a_store_is_opened_again;
}

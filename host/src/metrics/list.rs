//! Every metric of the host. `docs/metrics.md` is made of this list.
//!
//! Names follow Prometheus: base units, `_total` for counters, `_info` for what is 1 and has labels. Labels take few
//! values: names of what is configured, and words of lists like this one.

use super::{From, Metric};
use driftline_rules::family::FamilyType::{self, Counter, Gauge, Histogram, Info};

const fn metric(
    name: &'static str,
    kind: FamilyType,
    labels: &'static [&'static str],
    from: From,
    help: &'static str,
) -> Metric {
    Metric { name, kind, labels, from, help }
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $id:ident: $kind:ident $name:literal [$($label:literal),*] $from:ident $help:literal;)*) => {
        $(
            #[doc = $help]
            #[allow(clippy::doc_markdown, reason = "whoever scrapes reads it as well, and knows no Markdown")]
            pub static $id: Metric = metric($name, $kind, &[$($label),*], From::$from, $help);
        )*
        /// All of them, in the order in which the reference tells them.
        pub static METRICS: &[&Metric] = &[$(&$id),*];
    };
}

metrics! {
    BUILD: Info "driftline_build_info" ["version", "revision", "rustc"] Process
        "What the program was built of; always 1.";
    START: Gauge "process_start_time_seconds" [] Process
        "When the process started, in seconds since 1970.";
    CPU: Counter "process_cpu_seconds_total" [] Process
        "Time of processors that the process used, in seconds.";
    MEMORY: Gauge "process_resident_memory_bytes" [] Process
        "Memory of the process that is in RAM, in bytes.";
    OPEN_FDS: Gauge "process_open_fds" [] Process
        "File descriptors that are open.";
    MAX_FDS: Gauge "process_max_fds" [] Process
        "File descriptors that may be open.";

    REQUESTS: Counter "driftline_requests_total" ["path", "method", "status"] Process
        "Requests that were answered, by the template of their path; path is other where there is no such path.";
    REQUEST_DURATION: Histogram "driftline_request_duration_seconds" ["path", "method"] Process
        "Time from a request's head to the head of its answer, in seconds; of a batch, to its first verdicts.";
    IN_FLIGHT: Gauge "driftline_requests_in_flight" [] Process
        "Requests whose answer has not begun.";
    REFUSED: Counter "driftline_requests_refused_total" ["reason"] Process
        "Requests that were refused for what they are or for lack of room, by the last word of the problem's type.";

    RECORDS: Counter "driftline_records_total" ["suite", "outcome"] Process
        "Records that were checked and journalled, by their verdict: pass, warn, fail, or unreadable.";
    CHECKS: Counter "driftline_checks_total" ["suite", "expectation", "severity", "status"] Process
        "Expectations over records: pass, fail, skip where there was nothing to judge, error where a plugin could not.";
    LATE: Counter "driftline_records_late_total" ["suite"] Store
        "Records that came too late for their window, which was not kept any more.";
    STAGES: Histogram "driftline_stage_duration_seconds" ["stage"] Process
        "Time of a part of the work, in seconds: check (a record), journal, flush, join, close, judge, decide, deliver.";

    INTAKE_WAITING: Gauge "driftline_intake_waiting" [] Process
        "Requests, or parts of batches, in memory that the store does not have yet.";
    INTAKE_BYTES: Gauge "driftline_intake_waiting_bytes" [] Process
        "Bytes of memory in which results wait for the store, about; intake.pending_max is the bound.";
    JOURNAL_BYTES: Gauge "driftline_journal_bytes" [] Process
        "Bytes of the journal that the store does not have yet; journal.max is the bound.";
    JOURNAL_SEGMENTS: Gauge "driftline_journal_segments" [] Process
        "Segments of the journal that wait to be committed, the one that is written included.";
    JOURNAL_AGE: Gauge "driftline_journal_oldest_age_seconds" [] Process
        "Time since the oldest segment of the journal that waits was begun, in seconds; 0 where nothing waits.";
    JOURNAL_PUT_ASIDE: Counter "driftline_journal_put_aside_total" [] Process
        "Segments that the store refused for good, and that were put aside.";

    LABELS: Counter "driftline_labels_total" ["suite", "outcome"] Process
        "Labels that came: new, corrected, unchanged, refused.";
    LABELS_JOINED: Counter "driftline_labels_joined_total" ["suite"] Process
        "Labels that were joined to the prediction they are about, the first time.";

    STORE_UP: Gauge "driftline_store_up" [] Process
        "Whether the store answered when it was last asked for these metrics.";
    STORE_ERRORS: Counter "driftline_store_errors_total" ["reason"] Process
        "Errors of the store: transient, after which the same is tried again, or permanent.";
    STORE_CONNECTIONS: Gauge "driftline_store_connections" ["state"] Process
        "Connections to the database: active or idle.";

    WINDOWS_CLOSED: Counter "driftline_windows_closed_total" ["suite", "length"] Process
        "Windows that this host judged, each revision and each segment.";
    FINDINGS: Counter "driftline_findings_total" ["suite", "severity", "status"] Process
        "Findings of the windows that this host judged: pass, fail, skip, error.";
    DELIVERIES: Counter "driftline_deliveries_total" ["action", "outcome"] Process
        "Tries to send a notice: delivered, retried, dead (given up), skipped.";

    PLUGIN_CALLS: Counter "driftline_plugin_calls_total" ["plugin", "outcome"] Process
        "Calls of plugins: ok, error (it said so), broken (trap, time, memory, lies), no-room, open (not called since it failed too often).";
    PLUGIN_DURATION: Histogram "driftline_plugin_call_duration_seconds" ["plugin"] Process
        "Time of a call of a plugin, in seconds.";
    PLUGIN_MEMORY: Gauge "driftline_plugin_memory_bytes" ["plugin"] Process
        "The most memory that an instance of the plugin has had, in bytes.";
    PLUGIN_OPEN: Gauge "driftline_plugin_circuit_open" ["plugin"] Process
        "Rules of the plugin that are not called for a time since they failed too often.";

    SUITES: Gauge "driftline_suites_active" [] Process
        "Suites that are active.";
    SUITE: Info "driftline_suite_info" ["suite", "hash"] Process
        "The version of a suite that is active; always 1.";
    SUITE_PROBLEMS: Gauge "driftline_suite_problems" [] Process
        "Suites whose newest version cannot be loaded; an earlier one is active where there was one.";
    RELOADS: Counter "driftline_reloads_total" ["outcome"] Process
        "Looks at the suites' folder and at the store for changes: ok, failed.";
    SIGNAL_OVERFLOW: Counter "driftline_signal_overflow_total" ["suite", "signal"] Process
        "Values of signals that no series was left for, and that were counted under (other).";
    SIGNAL_SKIPPED: Counter "driftline_signal_skipped_total" ["suite", "signal"] Process
        "Values of signals that were missing, or that the signal does not take.";
    SCRAPE: Gauge "driftline_scrape_duration_seconds" [] Process
        "Time that the last answer with metrics took to make, in seconds.";

    REFRESHED: Gauge "driftline_store_metrics_timestamp_seconds" [] Process
        "When the metrics that come from the store were read last, in seconds since 1970.";
    SERIES_LEFT_OUT: Gauge "driftline_store_metrics_left_out" [] Process
        "Windows of segments, or series of all records, that had no room (metrics.max_series) when they were read last.";
    WINDOW_END: Gauge "driftline_window_end_timestamp_seconds" ["suite", "length"] Store
        "The end of the last window of all records that was judged, in seconds since 1970.";
    WINDOW_RECORDS: Gauge "driftline_window_records" ["suite", "length", "segment"] Store
        "Records of the last window.";
    OBSERVED: Gauge "driftline_expectation_observed" ["suite", "expectation", "length", "segment"] Store
        "What the expectation observed in the last window, where that is a number.";
    STATUS: Gauge "driftline_expectation_status" ["suite", "expectation", "severity", "length", "segment"] Store
        "Whether the expectation failed in the last window: 1, or 0 where it holds; none where it was skipped or an error.";
    ERRORS: Gauge "driftline_expectation_errors" ["suite", "expectation", "severity", "length", "segment"] Store
        "1 where the expectation could not be judged in the last window.";
    DRIFT_SCORE: Gauge "driftline_drift_score"
        ["suite", "model", "version", "feature", "method", "length", "segment"] Store
        "The statistic of a drift test in the last window; method is the test.";
    DRIFT_P: Gauge "driftline_drift_p_value"
        ["suite", "model", "version", "feature", "method", "length", "segment"] Store
        "The p-value of a drift test in the last window, where the test has one.";
    DRIFT_DETECTED: Gauge "driftline_drift_detected"
        ["suite", "model", "version", "feature", "method", "length", "segment"] Store
        "Whether a drift test failed in the last window: 1 or 0.";
    QUALITY: Gauge "driftline_quality" ["suite", "metric", "class", "length", "segment"] Store
        "A metric of quality in the last window, as expectations measure it: accuracy, f1, mae and others; class where it is of one.";
    QUALITY_LOWER: Gauge "driftline_quality_lower" ["suite", "metric", "class", "length", "segment"] Store
        "The lower bound of the metric's confidence interval.";
    QUALITY_UPPER: Gauge "driftline_quality_upper" ["suite", "metric", "class", "length", "segment"] Store
        "The upper bound of the metric's confidence interval.";
    COVERAGE: Gauge "driftline_label_coverage_ratio" ["suite", "length", "segment"] Store
        "The share of the last window's records whose label has come, in suites that keep predictions.";
    TRIGGER_STATE: Gauge "driftline_trigger_state" ["suite", "trigger", "severity", "state"] Store
        "How many keys of the trigger are in the state: one, or one for each segment it is judged by.";
    INCIDENTS_OPEN: Gauge "driftline_incidents_open" ["suite", "trigger", "severity"] Store
        "Incidents that are not over.";
    INCIDENTS: Counter "driftline_incidents_opened_total" ["suite", "trigger"] Store
        "Incidents that were opened and are still kept.";
    WAITING: Gauge "driftline_deliveries_waiting" ["action"] Store
        "Notices that wait to be sent.";
    DEAD: Gauge "driftline_deliveries_dead" ["action"] Store
        "Notices that were given up and are still kept.";
    RUNS: Counter "driftline_retrain_runs_total" ["model", "status"] Store
        "Retraining runs, by what became of them.";
    RUN_DURATION: Gauge "driftline_retrain_run_duration_seconds" ["model"] Store
        "How long the last retraining run took that has ended, in seconds.";
    RUN_ROWS: Gauge "driftline_retrain_run_data_rows" ["model"] Store
        "Rows that the last retraining run trained with, where it told them.";
    RUN_SUCCESS: Gauge "driftline_retrain_last_success_timestamp_seconds" ["model"] Store
        "When the last retraining run ended that succeeded, in seconds since 1970.";
    MODEL_RELOADS: Counter "driftline_model_reloads_total" ["model", "status"] Store
        "Reloads of models that retraining runs told of, by what became of them.";
    MODEL: Info "driftline_model_info" ["model", "version"] Store
        "The version of a model that is deployed; always 1.";
    MODEL_DEPLOYED: Gauge "driftline_model_deployed_timestamp_seconds" ["model", "version"] Store
        "When the version was deployed, in seconds since 1970.";

    RUN_TIME: Gauge "driftline_run_timestamp_seconds" ["suite"] Run
        "When the run checked its input, in seconds since 1970.";
    RUN_TOOK: Gauge "driftline_run_duration_seconds" ["suite"] Run
        "How long the run took, in seconds.";
    RUN_CODE: Gauge "driftline_run_exit_code" ["suite"] Run
        "How the run ended: 0 all held, 1 a critical check failed, 2 only warnings failed, 3 something could not be judged or read.";
    RUN_RECORDS: Gauge "driftline_run_records" ["suite"] Run
        "Records of the input, unreadable ones included.";
    RUN_UNREADABLE: Gauge "driftline_run_records_unreadable" ["suite"] Run
        "Records of the input that could not be read.";
    RUN_FAULTS: Gauge "driftline_run_files_unreadable" ["suite"] Run
        "Files that could not be read, or not to their end.";
}

/// The metric of a name.
pub fn find(name: &str) -> Option<&'static Metric> {
    METRICS.iter().copied().find(|it| it.name == name)
}

#[cfg(test)]
mod tests {
    use super::super::RESERVED;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_metric_has_a_name_of_the_host_and_of_its_type() {
        let mut seen = BTreeSet::new();
        for it in METRICS {
            let name = it.name;
            assert!(seen.insert(name), "{name} stands twice");
            assert!(RESERVED.iter().any(|begin| name.starts_with(begin)), "{name}");
            assert!(name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_'), "{name}");
            assert_eq!(name.ends_with("_total"), it.kind == Counter, "{name}");
            assert_eq!(name.ends_with("_info"), it.kind == Info, "{name}");
            assert!(it.help.ends_with('.') && !it.help.contains('\n'), "{name}");
            let labels: BTreeSet<_> = it.labels.iter().collect();
            assert!(labels.len() == it.labels.len() && !it.labels.contains(&"le"), "{name}");
        }
    }
}

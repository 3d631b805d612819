-- The store of Driftline in SQLite. docs/history.md describes the tables and views.
-- Times are microseconds since 1970 UTC; the views show them as text.

CREATE TABLE segment (
    id BLOB PRIMARY KEY,
    committed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX segment_committed_at ON segment (committed_at);

CREATE TABLE result (
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    suite TEXT NOT NULL,
    suite_hash TEXT NOT NULL,
    source TEXT NOT NULL,
    token TEXT,
    model TEXT,
    version TEXT,
    segment TEXT,
    trace_id TEXT,
    requests INTEGER NOT NULL,
    records INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    warned INTEGER NOT NULL,
    unreadable INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    failures_left_out INTEGER NOT NULL,
    statistics TEXT,
    PRIMARY KEY (at, id)
) STRICT;
CREATE INDEX result_suite ON result (suite, at, id);
CREATE INDEX result_suite_verdict ON result (suite, verdict, at, id);
CREATE INDEX result_suite_model ON result (suite, model, at, id);
CREATE INDEX result_suite_version ON result (suite, model, version, at, id);
-- What is wrong anywhere; those that pass are too many to be worth an index.
CREATE INDEX result_verdict ON result (verdict, at, id) WHERE verdict > 0;
CREATE INDEX result_trace_id ON result (trace_id, at, id) WHERE trace_id IS NOT NULL;

CREATE TABLE failure (
    result_id BLOB NOT NULL,
    n INTEGER NOT NULL,
    at INTEGER NOT NULL,
    suite TEXT NOT NULL,
    suite_hash TEXT NOT NULL,
    check_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    field TEXT NOT NULL,
    record INTEGER NOT NULL,
    record_id TEXT,
    model TEXT,
    version TEXT,
    segment TEXT,
    observed TEXT,
    bound TEXT NOT NULL,
    message TEXT NOT NULL,
    trace_id TEXT,
    PRIMARY KEY (at, result_id, n)
) STRICT;
CREATE INDEX failure_suite ON failure (suite, at, result_id, n);
CREATE INDEX failure_suite_check ON failure (suite, check_name, at, result_id, n);
CREATE INDEX failure_field ON failure (field, at, result_id, n);
CREATE INDEX failure_record_id ON failure (record_id, at) WHERE record_id IS NOT NULL;
CREATE INDEX failure_trace_id ON failure (trace_id, at, result_id, n) WHERE trace_id IS NOT NULL;

CREATE TABLE finding (
    result_id BLOB NOT NULL,
    n INTEGER NOT NULL,
    at INTEGER NOT NULL,
    suite TEXT NOT NULL,
    suite_hash TEXT NOT NULL,
    check_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    field TEXT NOT NULL,
    segment TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL,
    observed TEXT,
    bound TEXT NOT NULL,
    message TEXT NOT NULL,
    elements INTEGER,
    unexpected INTEGER,
    error REAL,
    -- '' is a batch.
    length TEXT NOT NULL DEFAULT '',
    test TEXT,
    statistic REAL,
    p_value REAL,
    details TEXT,
    PRIMARY KEY (at, result_id, n)
) STRICT;
-- The segment is there so that those of all records are found among those of many segments.
CREATE INDEX finding_suite ON finding (suite, at, result_id, n, segment);
CREATE INDEX finding_suite_check ON finding (suite, check_name, at, result_id, n);
-- Few findings are bad, and not all are of drift tests.
CREATE INDEX finding_status ON finding (status, at, result_id, n) WHERE status IN ('fail', 'error');
CREATE INDEX finding_drift ON finding (suite, field, at, segment) WHERE test IS NOT NULL;

CREATE TABLE tally (
    minute INTEGER NOT NULL,
    suite TEXT NOT NULL,
    suite_hash TEXT NOT NULL,
    check_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    field TEXT NOT NULL,
    -- Labels are part of the key, and nulls would never be equal: '' is none.
    model TEXT NOT NULL DEFAULT '',
    version TEXT NOT NULL DEFAULT '',
    segment TEXT NOT NULL DEFAULT '',
    seen INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    PRIMARY KEY (suite, minute, check_name, kind, severity, field, suite_hash, model, version, segment)
) STRICT;
CREATE INDEX tally_minute ON tally (minute);
CREATE INDEX tally_check ON tally (suite, check_name, minute);

CREATE TABLE window_part (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    segment_id BLOB NOT NULL,
    suite TEXT NOT NULL,
    suite_hash TEXT NOT NULL,
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    length TEXT NOT NULL,
    bucket INTEGER NOT NULL DEFAULT 0,
    close_at INTEGER,
    records INTEGER NOT NULL,
    unreadable INTEGER NOT NULL,
    untimed INTEGER NOT NULL,
    came_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1e6 AS INTEGER)),
    state BLOB NOT NULL
) STRICT;
CREATE INDEX window_part_of ON window_part (suite, suite_hash, start_at, bucket, id);
CREATE INDEX window_part_came ON window_part (came_at);

CREATE TABLE time_window (
    id BLOB NOT NULL PRIMARY KEY,
    suite TEXT NOT NULL,
    suite_hash TEXT NOT NULL,
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    length TEXT NOT NULL,
    segment TEXT NOT NULL DEFAULT '',
    records INTEGER NOT NULL,
    unreadable INTEGER NOT NULL,
    untimed INTEGER NOT NULL,
    late INTEGER NOT NULL,
    labels INTEGER NOT NULL,
    status TEXT NOT NULL,
    message TEXT,
    revision INTEGER NOT NULL,
    judged_at INTEGER NOT NULL,
    statistics TEXT,
    baseline TEXT,
    unjudged INTEGER NOT NULL,
    -- Before the state, which may be long and is read past.
    memory BLOB,
    state BLOB
) STRICT;
CREATE INDEX time_window_start ON time_window (start_at, id);
CREATE INDEX time_window_suite ON time_window (suite, start_at, id);
CREATE INDEX time_window_length ON time_window (length, start_at, id);
CREATE INDEX time_window_of ON time_window (suite, suite_hash, length, start_at, segment);
CREATE INDEX time_window_by_segment ON time_window (suite, suite_hash, length, segment, start_at);
CREATE INDEX time_window_unjudged ON time_window (suite, suite_hash, start_at, length) WHERE unjudged;
CREATE INDEX time_window_segment ON time_window (segment, start_at, id);
CREATE INDEX time_window_status ON time_window (status, start_at, id) WHERE status <> 'pass';
CREATE INDEX time_window_end ON time_window (end_at);

-- Which segments are kept apart; records of further ones are counted together.
CREATE TABLE segment_name (
    suite TEXT NOT NULL,
    suite_hash TEXT NOT NULL,
    segment TEXT NOT NULL,
    last_seen INTEGER NOT NULL,
    PRIMARY KEY (suite, suite_hash, segment)
) STRICT;
CREATE INDEX segment_name_seen ON segment_name (last_seen);

-- Longer windows of which a shorter one was judged since they were; the mark is another one each time.
CREATE TABLE window_due (
    suite TEXT NOT NULL,
    suite_hash TEXT NOT NULL,
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    length TEXT NOT NULL,
    close_at INTEGER,
    mark BLOB NOT NULL,
    marked_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1e6 AS INTEGER)),
    PRIMARY KEY (suite, suite_hash, start_at, length)
) STRICT;

-- How far the records of a version of a suite have come.
CREATE TABLE stream (
    suite TEXT NOT NULL,
    suite_hash TEXT NOT NULL,
    came_at INTEGER NOT NULL,
    watermark_at INTEGER,
    idle_at INTEGER,
    silent_at INTEGER,
    too_late INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (suite, suite_hash)
) STRICT;

CREATE TABLE agreement (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE idempotency_key (
    suite TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    result_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    suite_hash TEXT NOT NULL,
    came INTEGER NOT NULL,
    PRIMARY KEY (suite, key)
) STRICT;
CREATE INDEX idempotency_key_came ON idempotency_key (came);

CREATE TABLE suite_version (
    suite TEXT NOT NULL,
    hash TEXT NOT NULL,
    body TEXT NOT NULL,
    files TEXT NOT NULL,
    plugins TEXT NOT NULL DEFAULT '{}',
    put_at INTEGER NOT NULL,
    put_by TEXT NOT NULL,
    PRIMARY KEY (suite, hash)
) STRICT;

CREATE TABLE activation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    suite TEXT NOT NULL,
    hash TEXT,
    at INTEGER NOT NULL,
    activated_by TEXT NOT NULL,
    FOREIGN KEY (suite, hash) REFERENCES suite_version (suite, hash)
) STRICT;
CREATE INDEX activation_suite ON activation (suite, id);

CREATE VIEW validation_history AS
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e6, 'unixepoch') AS at,
    lower(format('%s-%s-%s-%s-%s', substr(hex(id), 1, 8), substr(hex(id), 9, 4), substr(hex(id), 13, 4),
        substr(hex(id), 17, 4), substr(hex(id), 21))) AS result_id,
    suite, suite_hash, source, token, model, version, segment, CASE verdict WHEN 0 THEN 'pass' WHEN 1 THEN 'warn' ELSE 'fail' END AS verdict,
    requests, records, failed, warned, unreadable,
    CASE WHEN records > 0 THEN (records - failed) * 1.0 / records END AS pass_rate,
    duration_us / 1000.0 AS duration_ms, failures_left_out, statistics, trace_id, at AS at_us
FROM result;

CREATE VIEW failure_history AS
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e6, 'unixepoch') AS at,
    lower(format('%s-%s-%s-%s-%s', substr(hex(result_id), 1, 8), substr(hex(result_id), 9, 4), substr(hex(result_id), 13, 4),
        substr(hex(result_id), 17, 4), substr(hex(result_id), 21))) AS result_id,
    n, suite,
    suite_hash, check_name, kind, severity, field, record, record_id, model, version, segment, observed, bound, message,
    trace_id, at AS at_us
FROM failure;

CREATE VIEW finding_history AS
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e6, 'unixepoch') AS at,
    lower(format('%s-%s-%s-%s-%s', substr(hex(result_id), 1, 8), substr(hex(result_id), 9, 4), substr(hex(result_id), 13, 4),
        substr(hex(result_id), 17, 4), substr(hex(result_id), 21))) AS result_id,
    n, suite,
    suite_hash, check_name, kind, severity, field, status, observed, bound, message, elements, unexpected, error,
    at AS at_us, nullif(length, '') AS length, test, statistic, p_value, details, segment
FROM finding;

CREATE VIEW drift_history AS
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e6, 'unixepoch') AS at, suite, field, check_name, test, statistic, p_value,
    CAST(details->>'threshold' AS REAL) AS threshold, details->>'effect' AS effect, status, severity,
    CAST(details->>'n' AS INTEGER) AS n, CAST(details->>'m' AS INTEGER) AS m,
    CASE WHEN length <> '' THEN lower(format('%s-%s-%s-%s-%s', substr(hex(result_id), 1, 8), substr(hex(result_id), 9, 4),
        substr(hex(result_id), 13, 4), substr(hex(result_id), 17, 4), substr(hex(result_id), 21))) END AS window_id,
    lower(format('%s-%s-%s-%s-%s', substr(hex(result_id), 1, 8), substr(hex(result_id), 9, 4), substr(hex(result_id), 13, 4),
        substr(hex(result_id), 17, 4), substr(hex(result_id), 21))) AS result_id,
    nullif(length, '') AS length, suite_hash, message, details, at AS at_us, segment
FROM finding WHERE test IS NOT NULL;

CREATE VIEW window_history AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', start_at / 1e6, 'unixepoch') AS start_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', end_at / 1e6, 'unixepoch') AS end_at,
    lower(format('%s-%s-%s-%s-%s', substr(hex(id), 1, 8), substr(hex(id), 9, 4), substr(hex(id), 13, 4),
        substr(hex(id), 17, 4), substr(hex(id), 21))) AS window_id,
    suite, suite_hash, length, status, message, records, unreadable, untimed, late, labels, revision,
    strftime('%Y-%m-%dT%H:%M:%fZ', judged_at / 1e6, 'unixepoch') AS judged_at, statistics, start_at AS start_us, baseline, segment
FROM time_window WHERE status <> 'open';

CREATE VIEW check_history AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', minute / 1e6, 'unixepoch') AS minute, suite, suite_hash, check_name, kind,
    severity, field, nullif(model, '') AS model, nullif(version, '') AS version, nullif(segment, '') AS segment, seen,
    failed, skipped, (seen - skipped - failed) * 1.0 / nullif(seen - skipped, 0) AS pass_rate, minute AS minute_us
FROM tally;

CREATE VIEW suite_history AS
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', put_at / 1e6, 'unixepoch') AS at, suite, 'put' AS event, hash, put_by AS done_by,
    put_at AS at_us
FROM suite_version
UNION ALL
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e6, 'unixepoch'), suite,
    CASE WHEN hash IS NULL THEN 'deactivated' ELSE 'activated' END, hash, activated_by, at
FROM activation;

-- Components that were registered. Their bytes are here, so that every host has them.
CREATE TABLE plugin_version (
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    component BLOB NOT NULL,
    size INTEGER NOT NULL,
    signature BLOB,
    wit TEXT NOT NULL,
    about TEXT NOT NULL,
    put_at INTEGER NOT NULL,
    put_by TEXT NOT NULL,
    PRIMARY KEY (name, version)
) STRICT;
CREATE INDEX plugin_version_digest ON plugin_version (digest);

-- No foreign key: what was active once is told after its version was removed.
CREATE TABLE plugin_activation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    at INTEGER NOT NULL,
    activated_by TEXT NOT NULL
) STRICT;
CREATE INDEX plugin_activation_name ON plugin_activation (name, id);

CREATE VIEW plugin_history AS
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', put_at / 1e6, 'unixepoch') AS at, name, 'put' AS event, version, digest,
    put_by AS done_by, put_at AS at_us
FROM plugin_version
UNION ALL
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e6, 'unixepoch'), name, 'activated', version, digest, activated_by, at
FROM plugin_activation;

-- Distributions that windows are compared with, as JSON; kept until they are removed.
CREATE TABLE baseline (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    hash TEXT NOT NULL,
    body TEXT NOT NULL,
    size INTEGER NOT NULL,
    records INTEGER NOT NULL,
    put_at INTEGER NOT NULL,
    put_by TEXT NOT NULL,
    model TEXT,
    model_version TEXT,
    source TEXT NOT NULL,
    PRIMARY KEY (name, version),
    UNIQUE (name, hash)
) STRICT;

-- No foreign key: what was active once is told after its version was removed.
CREATE TABLE baseline_activation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    hash TEXT NOT NULL,
    at INTEGER NOT NULL,
    activated_by TEXT NOT NULL
) STRICT;
CREATE INDEX baseline_activation_name ON baseline_activation (name, id);

CREATE VIEW baseline_history AS
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', put_at / 1e6, 'unixepoch') AS at, name, 'put' AS event, version, hash, records,
    put_by AS done_by, put_at AS at_us
FROM baseline
UNION ALL
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', a.at / 1e6, 'unixepoch'), a.name, 'activated', a.version, a.hash, b.records,
    a.activated_by, a.at
FROM baseline_activation a LEFT JOIN baseline b ON b.name = a.name AND b.version = a.version;

-- Predictions that labels are joined to by their id.
CREATE TABLE prediction (
    key BLOB NOT NULL,
    at INTEGER NOT NULL,
    suite TEXT NOT NULL,
    suite_hash TEXT NOT NULL,
    id TEXT NOT NULL,
    model TEXT,
    version TEXT,
    segment TEXT,
    prediction TEXT,
    score REAL,
    record TEXT NOT NULL,
    PRIMARY KEY (at, key)
) STRICT;
CREATE INDEX prediction_id ON prediction (suite, id);
CREATE INDEX prediction_suite ON prediction (suite, at, key);

-- What turned out to be true, by the id of the record. joined_at is when it was first added to the window of its
-- prediction; null: there was none yet.
CREATE TABLE label (
    suite TEXT NOT NULL,
    id TEXT NOT NULL,
    label TEXT NOT NULL,
    at INTEGER NOT NULL,
    came_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    put_by TEXT NOT NULL,
    correct INTEGER,
    joined_at INTEGER,
    try_at INTEGER,
    PRIMARY KEY (suite, id)
) STRICT;
CREATE INDEX label_try ON label (try_at) WHERE try_at IS NOT NULL;
CREATE INDEX label_changed ON label (changed_at);

-- Windows whose labels are to be added up anew, since one was corrected (waited is 0); or that are to be judged again
-- when labels have had so many microseconds to come.
CREATE TABLE label_due (
    suite TEXT NOT NULL,
    suite_hash TEXT NOT NULL,
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    waited INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    mark BLOB NOT NULL,
    PRIMARY KEY (suite, suite_hash, start_at, waited)
) STRICT;
CREATE INDEX label_due_at ON label_due (due_at);

CREATE VIEW prediction_history AS
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', p.at / 1e6, 'unixepoch') AS at, p.suite, p.suite_hash, p.id, p.model, p.version,
    p.segment, p.prediction, p.score, p.record, l.label,
    strftime('%Y-%m-%dT%H:%M:%fZ', l.at / 1e6, 'unixepoch') AS label_at, l.correct, l.revision AS label_revision,
    (l.at - p.at) / 1e6 AS label_delay_seconds, p.at AS at_us
FROM prediction p LEFT JOIN label l ON l.suite = p.suite AND l.id = p.id;
-- Versions of models. Which one is deployed, and since when, is in deployment.
CREATE TABLE model_version (
    model TEXT NOT NULL,
    version TEXT NOT NULL,
    hash TEXT,
    metadata TEXT NOT NULL,
    schema TEXT,
    baseline TEXT,
    baseline_version INTEGER,
    suite TEXT,
    put_at INTEGER NOT NULL,
    put_by TEXT NOT NULL,
    PRIMARY KEY (model, version)
) STRICT;

-- Which version of a model was deployed when; rows are only added, the one with the latest time of a model holds.
CREATE TABLE deployment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    model TEXT NOT NULL,
    version TEXT NOT NULL,
    hash TEXT,
    at INTEGER NOT NULL,
    deployed_by TEXT NOT NULL
) STRICT;
CREATE INDEX deployment_model ON deployment (model, at, id);

CREATE VIEW deployment_history AS
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e6, 'unixepoch') AS at, model, version, hash, deployed_by,
    strftime('%Y-%m-%dT%H:%M:%fZ', lead(at) OVER (PARTITION BY model ORDER BY at, id) / 1e6, 'unixepoch') AS replaced_at,
    at AS at_us
FROM deployment;

-- Where the first window of a version of a model began, of a version of a suite that makes baselines of first windows.
CREATE TABLE version_opening (
    suite TEXT NOT NULL,
    suite_hash TEXT NOT NULL,
    model TEXT NOT NULL,
    version TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    PRIMARY KEY (suite, suite_hash, model, version)
) STRICT;

-- Retraining runs, as their events together tell them.
CREATE TABLE retrain_run (
    id TEXT NOT NULL PRIMARY KEY,
    model TEXT NOT NULL,
    version TEXT,
    status TEXT NOT NULL,
    at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    metrics TEXT NOT NULL,
    data TEXT NOT NULL,
    jobs TEXT NOT NULL,
    reload TEXT,
    incident TEXT,
    put_at INTEGER NOT NULL,
    put_by TEXT NOT NULL,
    due_at INTEGER,
    checked_at INTEGER,
    verdict TEXT,
    revision INTEGER NOT NULL
) STRICT;
CREATE INDEX retrain_run_at ON retrain_run (at, id);
CREATE INDEX retrain_run_model ON retrain_run (model, at, id);
CREATE INDEX retrain_run_finished ON retrain_run (model, finished_at, id) WHERE status = 'succeeded';
CREATE INDEX retrain_run_due ON retrain_run (due_at) WHERE checked_at IS NULL AND due_at IS NOT NULL;

CREATE VIEW retrain_run_history AS
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e6, 'unixepoch') AS at, id, model, version, status,
    strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1e6, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', finished_at / 1e6, 'unixepoch') AS finished_at,
    (finished_at - started_at) / 1e6 AS duration_seconds, CAST(data->>'rows' AS INTEGER) AS data_rows,
    reload->>'status' AS reload_status, incident, verdict, metrics, data, jobs, reload, at AS at_us
FROM retrain_run;

-- Notices of triggers to actions, written in the transaction of what they tell of and sent at least once; the id is
-- the idempotency key that receivers are given. In the order of `n` the notices of an incident are sent. `next_at` is
-- when it is due, null: at once; while a host sends it, the end of its lease.
CREATE TABLE outbox (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    incident BLOB NOT NULL,
    suite TEXT NOT NULL,
    trigger_name TEXT NOT NULL,
    action TEXT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead', 'skipped')),
    tries INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,
    lease BLOB,
    last_status INTEGER,
    last_error TEXT,
    traceparent TEXT,
    tracestate TEXT,
    ended_at INTEGER
) STRICT;
CREATE INDEX outbox_pending ON outbox (incident, action, n) WHERE state = 'pending';
CREATE INDEX outbox_incident ON outbox (incident, n);
CREATE INDEX outbox_state ON outbox (state, action, n);
CREATE INDEX outbox_ended ON outbox (ended_at);

-- Windows that were judged and that the triggers of their suite have not seen; written with the window.
CREATE TABLE undecided (
    window_id BLOB NOT NULL PRIMARY KEY,
    suite TEXT NOT NULL,
    start_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    noted_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1e6 AS INTEGER))
) STRICT;
CREATE INDEX undecided_suite ON undecided (suite, start_at);

-- How often the triggers of a suite were decided: whoever decides adds one, so that no two decide the same.
CREATE TABLE trigger_clock (
    suite TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    now_at INTEGER NOT NULL
) STRICT;

-- Where each trigger stands, by segment where it is judged so.
CREATE TABLE trigger_state (
    suite TEXT NOT NULL,
    trigger_name TEXT NOT NULL,
    key TEXT NOT NULL,
    phase TEXT NOT NULL,
    wake_at INTEGER,
    wake_wall_at INTEGER,
    body TEXT NOT NULL,
    PRIMARY KEY (suite, trigger_name, key)
) STRICT;

-- What triggers were about: one at a time for each trigger and key.
CREATE TABLE incident (
    id BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    suite TEXT NOT NULL,
    suite_hash TEXT NOT NULL,
    trigger_name TEXT NOT NULL,
    key TEXT NOT NULL,
    state TEXT NOT NULL,
    severity TEXT NOT NULL,
    mode TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    closed_at INTEGER,
    data_from INTEGER,
    data_to INTEGER,
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL,
    events INTEGER NOT NULL,
    alarm INTEGER,
    alarm_by TEXT,
    alarm_note TEXT
) STRICT;
CREATE INDEX incident_at ON incident (at, id);
CREATE INDEX incident_suite ON incident (suite, at, id);
CREATE INDEX incident_closed ON incident (closed_at);

-- Every step of an incident: what happened, when, by whom, why, and what showed it.
CREATE TABLE incident_event (
    incident_id BLOB NOT NULL,
    n INTEGER NOT NULL,
    at INTEGER NOT NULL,
    trigger_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    before TEXT NOT NULL,
    state TEXT NOT NULL,
    done_by TEXT,
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL,
    PRIMARY KEY (incident_id, n)
) STRICT;

CREATE VIEW incident_history AS
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', e.at / 1e6, 'unixepoch') AS at,
    lower(format('%s-%s-%s-%s-%s', substr(hex(e.incident_id), 1, 8), substr(hex(e.incident_id), 9, 4),
        substr(hex(e.incident_id), 13, 4), substr(hex(e.incident_id), 17, 4), substr(hex(e.incident_id), 21))) AS incident_id,
    e.n, i.suite, i.suite_hash, i.trigger_name, i.key, i.severity, i.mode, e.kind, e.before, e.state, e.done_by, e.reason,
    e.evidence, strftime('%Y-%m-%dT%H:%M:%fZ', e.trigger_at / 1e6, 'unixepoch') AS trigger_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', i.at / 1e6, 'unixepoch') AS incident_at, i.state AS state_now,
    strftime('%Y-%m-%dT%H:%M:%fZ', i.closed_at / 1e6, 'unixepoch') AS closed_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', i.data_from / 1e6, 'unixepoch') AS data_from,
    strftime('%Y-%m-%dT%H:%M:%fZ', i.data_to / 1e6, 'unixepoch') AS data_to, i.alarm, i.alarm_by, i.alarm_note,
    e.at AS at_us
FROM incident_event e JOIN incident i ON i.id = e.incident_id;

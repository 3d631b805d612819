-- The store of Driftline in PostgreSQL 13 and later. docs/history.md describes the tables and views.

-- Texts that are indexed are ordered by bytes: a new version of the system's collations cannot break the indexes.

-- In this order: the worst verdict is the greatest.
CREATE TYPE verdict AS ENUM ('pass', 'warn', 'fail');

CREATE TABLE segment (
    id uuid PRIMARY KEY,
    committed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE segment IS 'Journal segments that were committed: each counts once, however often a host sends it.';
CREATE INDEX segment_committed_at ON segment (committed_at);

-- Partitions hold a week each, are made when the first row of the week comes, and are dropped whole.
-- There is no default partition: it would have to be searched under a lock whenever a week is attached.
CREATE TABLE result (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    suite text COLLATE "C" NOT NULL,
    suite_hash text COLLATE "C" NOT NULL,
    source text NOT NULL,
    token text,
    model text COLLATE "C",
    version text COLLATE "C",
    segment text COLLATE "C",
    trace_id text COLLATE "C",
    requests bigint NOT NULL,
    records bigint NOT NULL,
    failed bigint NOT NULL,
    warned bigint NOT NULL,
    unreadable bigint NOT NULL,
    verdict verdict NOT NULL,
    duration_us bigint NOT NULL,
    failures_left_out bigint NOT NULL,
    -- json and not jsonb: the expectations stay in the order of the suite.
    statistics json,
    PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
COMMENT ON TABLE result IS 'Requests; or sums of requests of one record each that all passed.';
CREATE INDEX result_suite ON result (suite, at, id);
CREATE INDEX result_suite_verdict ON result (suite, verdict, at, id);
CREATE INDEX result_suite_model ON result (suite, model, at, id);
CREATE INDEX result_suite_version ON result (suite, model, version, at, id);
-- What is wrong anywhere; those that pass are too many to be worth an index.
CREATE INDEX result_verdict ON result (verdict, at, id) WHERE verdict <> 'pass';
CREATE INDEX result_trace_id ON result (trace_id, at, id) WHERE trace_id IS NOT NULL;

CREATE TABLE failure (
    result_id uuid NOT NULL,
    n bigint NOT NULL,
    at timestamptz NOT NULL,
    suite text COLLATE "C" NOT NULL,
    suite_hash text COLLATE "C" NOT NULL,
    check_name text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    severity text COLLATE "C" NOT NULL,
    field text COLLATE "C" NOT NULL,
    record bigint NOT NULL,
    record_id text COLLATE "C",
    model text COLLATE "C",
    version text COLLATE "C",
    segment text COLLATE "C",
    observed text,
    bound text NOT NULL,
    message text NOT NULL,
    trace_id text COLLATE "C",
    PRIMARY KEY (at, result_id, n)
) PARTITION BY RANGE (at);
COMMENT ON TABLE failure IS 'One expectation that one record failed.';
CREATE INDEX failure_suite ON failure (suite, at, result_id, n);
CREATE INDEX failure_suite_check ON failure (suite, check_name, at, result_id, n);
CREATE INDEX failure_field ON failure (field, at, result_id, n);
CREATE INDEX failure_record_id ON failure (record_id, at) WHERE record_id IS NOT NULL;
CREATE INDEX failure_trace_id ON failure (trace_id, at, result_id, n) WHERE trace_id IS NOT NULL;

CREATE TABLE finding (
    result_id uuid NOT NULL,
    n bigint NOT NULL,
    at timestamptz NOT NULL,
    suite text COLLATE "C" NOT NULL,
    suite_hash text COLLATE "C" NOT NULL,
    check_name text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    severity text COLLATE "C" NOT NULL,
    field text COLLATE "C" NOT NULL,
    segment text COLLATE "C" NOT NULL DEFAULT '',
    status text NOT NULL,
    observed text,
    bound text NOT NULL,
    message text NOT NULL,
    elements bigint,
    unexpected bigint,
    error double precision,
    -- '' is a batch.
    length text COLLATE "C" NOT NULL DEFAULT '',
    test text COLLATE "C",
    statistic double precision,
    p_value double precision,
    details json,
    PRIMARY KEY (at, result_id, n)
) PARTITION BY RANGE (at);
COMMENT ON TABLE finding IS 'What one expectation says of a batch, or of a window, as a whole.';
-- The segment is there so that those of all records are found among those of many segments.
CREATE INDEX finding_suite ON finding (suite, at, result_id, n, segment);
CREATE INDEX finding_suite_check ON finding (suite, check_name, at, result_id, n);
-- Few findings are bad, and not all are of drift tests.
CREATE INDEX finding_status ON finding (status, at, result_id, n) WHERE status IN ('fail', 'error');
CREATE INDEX finding_drift ON finding (suite, field, at, segment) WHERE test IS NOT NULL;

-- Counts are updated in place, so pages keep room for it.
CREATE TABLE tally (
    minute timestamptz NOT NULL,
    suite text COLLATE "C" NOT NULL,
    suite_hash text COLLATE "C" NOT NULL,
    check_name text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    severity text COLLATE "C" NOT NULL,
    field text COLLATE "C" NOT NULL,
    -- Labels are part of the key, and nulls would never be equal: '' is none.
    model text COLLATE "C" NOT NULL DEFAULT '',
    version text COLLATE "C" NOT NULL DEFAULT '',
    segment text COLLATE "C" NOT NULL DEFAULT '',
    seen bigint NOT NULL,
    failed bigint NOT NULL,
    skipped bigint NOT NULL,
    PRIMARY KEY (suite, minute, check_name, kind, severity, field, suite_hash, model, version, segment)
) WITH (fillfactor = 80);
COMMENT ON TABLE tally IS 'How records of one minute fared under one expectation.';
CREATE INDEX tally_minute ON tally (minute);
CREATE INDEX tally_check ON tally (suite, check_name, minute);

-- Written once and removed when their window is closed: hosts that share the database never wait for each other here.
CREATE TABLE window_part (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    segment_id uuid NOT NULL,
    suite text COLLATE "C" NOT NULL,
    suite_hash text COLLATE "C" NOT NULL,
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL,
    length text COLLATE "C" NOT NULL,
    bucket bigint NOT NULL DEFAULT 0,
    close_at timestamptz,
    records bigint NOT NULL,
    unreadable bigint NOT NULL,
    untimed bigint NOT NULL,
    came_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state bytea NOT NULL
);
COMMENT ON TABLE window_part IS 'What one journal segment adds to a window that is not closed, or was closed before.';
COMMENT ON COLUMN window_part.bucket IS '0: of all records; else the state holds those of all segments whose names hash to this number.';
CREATE INDEX window_part_of ON window_part (suite, suite_hash, start_at, bucket, id);
COMMENT ON COLUMN window_part.close_at IS 'When the clock closes the window; null leaves it to the service.';
CREATE INDEX window_part_came ON window_part (came_at);

CREATE TABLE time_window (
    id uuid PRIMARY KEY,
    suite text COLLATE "C" NOT NULL,
    suite_hash text COLLATE "C" NOT NULL,
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL,
    length text COLLATE "C" NOT NULL,
    segment text COLLATE "C" NOT NULL DEFAULT '',
    records bigint NOT NULL,
    unreadable bigint NOT NULL,
    untimed bigint NOT NULL,
    late bigint NOT NULL,
    labels bigint NOT NULL,
    status text NOT NULL,
    message text,
    revision bigint NOT NULL,
    judged_at timestamptz NOT NULL,
    statistics json,
    baseline text,
    unjudged boolean NOT NULL,
    memory bytea,
    state bytea
);
COMMENT ON TABLE time_window IS 'The records of one span of time and one version of a suite; its findings are in the table finding.';
COMMENT ON COLUMN time_window.unjudged IS 'Whether records were taken up that it was not judged with yet.';
CREATE INDEX time_window_unjudged ON time_window (suite, suite_hash, start_at, length) WHERE unjudged;
COMMENT ON COLUMN time_window.memory IS 'What the change detectors of the suite remember, this window included; null: none watches.';
COMMENT ON COLUMN time_window.state IS 'The summaries, so that records that come late can be added.';
CREATE INDEX time_window_start ON time_window (start_at, id);
CREATE INDEX time_window_suite ON time_window (suite, start_at, id);
CREATE INDEX time_window_length ON time_window (length, start_at, id);
CREATE INDEX time_window_of ON time_window (suite, suite_hash, length, start_at, segment);
CREATE INDEX time_window_by_segment ON time_window (suite, suite_hash, length, segment, start_at);
CREATE INDEX time_window_segment ON time_window (segment, start_at, id);
COMMENT ON COLUMN time_window.segment IS 'Which of the records: region=eu and so on; empty: all.';
CREATE INDEX time_window_status ON time_window (status, start_at, id) WHERE status <> 'pass';
CREATE INDEX time_window_end ON time_window (end_at);

-- Which segments are kept apart, on all hosts and for as long as windows are kept, so that no more are than the suite says.
CREATE TABLE segment_name (
    suite text COLLATE "C" NOT NULL,
    suite_hash text COLLATE "C" NOT NULL,
    segment text COLLATE "C" NOT NULL,
    last_seen timestamptz NOT NULL,
    PRIMARY KEY (suite, suite_hash, segment)
);
COMMENT ON TABLE segment_name IS 'The segments of a version of a suite that are kept apart; records of further ones are counted together.';
CREATE INDEX segment_name_seen ON segment_name (last_seen);

CREATE TABLE window_due (
    suite text COLLATE "C" NOT NULL,
    suite_hash text COLLATE "C" NOT NULL,
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL,
    length text COLLATE "C" NOT NULL,
    close_at timestamptz,
    mark uuid NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (suite, suite_hash, start_at, length)
);
COMMENT ON TABLE window_due IS 'Longer windows of which a shorter one was judged since they were.';
COMMENT ON COLUMN window_due.mark IS 'Another one each time that a shorter window was judged.';

CREATE TABLE stream (
    suite text COLLATE "C" NOT NULL,
    suite_hash text COLLATE "C" NOT NULL,
    came_at timestamptz NOT NULL,
    watermark_at timestamptz,
    idle_at timestamptz,
    silent_at timestamptz,
    too_late bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (suite, suite_hash)
);
COMMENT ON TABLE stream IS 'How far the records of a version of a suite have come.';
COMMENT ON COLUMN stream.came_at IS 'When the last record was stored.';
COMMENT ON COLUMN stream.watermark_at IS 'The latest time of a record, less the time that records may come late; null where the suite names no time.';
COMMENT ON COLUMN stream.idle_at IS 'When the clock may close windows, since no record with a time has come for long.';
COMMENT ON COLUMN stream.silent_at IS 'The came_at of the last silence that was judged.';
COMMENT ON COLUMN stream.too_late IS 'Records that are in no window, since theirs is older than windows are kept.';

CREATE TABLE agreement (
    name text PRIMARY KEY,
    value text NOT NULL
);
COMMENT ON TABLE agreement IS 'What all hosts of this database must have alike, such as a digest of the key of hashes.';

CREATE TABLE idempotency_key (
    suite text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    body_hash text NOT NULL,
    result_id uuid NOT NULL,
    at timestamptz NOT NULL,
    suite_hash text COLLATE "C" NOT NULL,
    came timestamptz NOT NULL,
    PRIMARY KEY (suite, key)
);
COMMENT ON TABLE idempotency_key IS 'Idempotency-Keys of requests, and the request that counted.';
COMMENT ON COLUMN idempotency_key.at IS 'The time that the request was of, which it may have stated itself.';
COMMENT ON COLUMN idempotency_key.came IS 'When it came: a key is remembered from then on.';
CREATE INDEX idempotency_key_came ON idempotency_key (came);

CREATE TABLE suite_version (
    suite text COLLATE "C" NOT NULL,
    hash text COLLATE "C" NOT NULL,
    body text NOT NULL,
    files json NOT NULL,
    plugins json NOT NULL DEFAULT '{}',
    put_at timestamptz NOT NULL,
    put_by text NOT NULL,
    PRIMARY KEY (suite, hash)
);
COMMENT ON TABLE suite_version IS 'Every text that a suite ever had, with the documents it refers to.';
COMMENT ON COLUMN suite_version.plugins IS 'The digests of the plugins that it ran with, by the names that the suite has for them.';

CREATE TABLE activation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    suite text COLLATE "C" NOT NULL,
    hash text COLLATE "C",
    at timestamptz NOT NULL,
    activated_by text NOT NULL,
    FOREIGN KEY (suite, hash) REFERENCES suite_version (suite, hash)
);
COMMENT ON TABLE activation IS 'Who made which version the active one, and when; rows are only added, the last of a suite holds.';
COMMENT ON COLUMN activation.hash IS 'Null: the suite was switched off.';
CREATE INDEX activation_suite ON activation (suite, id);

CREATE VIEW validation_history AS
SELECT at, id AS result_id, suite, suite_hash, source, token, model, version, segment, verdict, requests, records,
    failed, warned, unreadable,
    CASE WHEN records > 0 THEN (records - failed)::double precision / records END AS pass_rate,
    duration_us / 1000.0 AS duration_ms, failures_left_out, statistics, trace_id
FROM result;
COMMENT ON VIEW validation_history IS 'One row a request, or a sum of requests of one record each that all passed.';
COMMENT ON COLUMN validation_history.at IS 'When the request came.';
COMMENT ON COLUMN validation_history.suite_hash IS 'The version of the suite that checked it; see suite_history.';
COMMENT ON COLUMN validation_history.source IS 'http, or what the client named itself.';
COMMENT ON COLUMN validation_history.token IS 'The name of the token that the client showed.';
COMMENT ON COLUMN validation_history.segment IS 'The values of the segment fields, joined by " / ".';
COMMENT ON COLUMN validation_history.verdict IS 'pass, warn or fail: the worst of all records and findings.';
COMMENT ON COLUMN validation_history.requests IS 'How many requests the row stands for.';
COMMENT ON COLUMN validation_history.failed IS 'Records that failed a critical expectation, or could not be read.';
COMMENT ON COLUMN validation_history.warned IS 'Records that failed expectations of severity warning only.';
COMMENT ON COLUMN validation_history.unreadable IS 'Records that could not be read; they are among the failed.';
COMMENT ON COLUMN validation_history.pass_rate IS 'The share of records that did not fail; null without records.';
COMMENT ON COLUMN validation_history.failures_left_out IS 'Failures not kept because the request had too many.';
COMMENT ON COLUMN validation_history.statistics IS 'Of a batch: counts by expectation.';
COMMENT ON COLUMN validation_history.trace_id IS 'The trace that the request was part of, 32 hexadecimal digits; null for a sum.';

CREATE VIEW failure_history AS
SELECT at, result_id, n, suite, suite_hash, check_name, kind, severity, field, record, record_id, model, version,
    segment, observed, bound, message, trace_id
FROM failure;
COMMENT ON VIEW failure_history IS 'One row for each expectation that a record failed.';
COMMENT ON COLUMN failure_history.n IS 'Ordinal among the failures of the request, from 0.';
COMMENT ON COLUMN failure_history.check_name IS 'The name of the expectation, or its fields and kind.';
COMMENT ON COLUMN failure_history.record IS 'Ordinal of the record within the request, from 0.';
COMMENT ON COLUMN failure_history.trace_id IS 'The trace that the record was part of, or its request, 32 hexadecimal digits.';
COMMENT ON COLUMN failure_history.record_id IS 'The record''s id, where the suite says where it lies; under its privacy setting.';
COMMENT ON COLUMN failure_history.observed IS 'The value as JSON, under the privacy setting of its field.';
COMMENT ON COLUMN failure_history.bound IS 'What was expected, in words.';

CREATE VIEW finding_history AS
SELECT at, result_id, n, suite, suite_hash, check_name, kind, severity, field, status, observed, bound, message,
    elements, unexpected, error, nullif(length, '') AS length, test, statistic, p_value, details, segment
FROM finding;
COMMENT ON VIEW finding_history IS 'One row for each expectation and batch, or window: result_id is the window''s id then.';
COMMENT ON COLUMN finding_history.status IS 'pass, skip, fail or error.';
COMMENT ON COLUMN finding_history.observed IS 'The number, text or list that was judged, as JSON.';
COMMENT ON COLUMN finding_history.elements IS 'Records concerned, where the rule is about records.';
COMMENT ON COLUMN finding_history.unexpected IS 'Of them, those that the rule does not hold for.';
COMMENT ON COLUMN finding_history.error IS 'How far the observed number may be off, where it was estimated; null: exact.';
COMMENT ON COLUMN finding_history.length IS 'What the length of the window is called; null: it is of a batch.';
COMMENT ON COLUMN finding_history.test IS 'The drift test; statistic and p_value are what it found.';
COMMENT ON COLUMN finding_history.segment IS 'Of which segment the window is: region=eu and so on; empty: of all records, or a batch.';
COMMENT ON COLUMN finding_history.details IS 'What else a drift test, a plugin or an expectation of Great Expectations found, under the privacy setting of the fields.';

CREATE VIEW drift_history AS
SELECT at, suite, field, check_name, test, statistic, p_value, (details->>'threshold')::double precision AS threshold,
    details->>'effect' AS effect, status, severity, (details->>'n')::double precision::bigint AS n,
    (details->>'m')::double precision::bigint AS m,
    CASE WHEN length <> '' THEN result_id END AS window_id, result_id, nullif(length, '') AS length, suite_hash, message,
    details, segment
FROM finding WHERE test IS NOT NULL;
COMMENT ON VIEW drift_history IS 'One row for each drift test of a window, or of a batch.';
COMMENT ON COLUMN drift_history.at IS 'The start of the window; of a batch when the request came.';
COMMENT ON COLUMN drift_history.statistic IS 'The statistic, or the distance, in the terms of the test.';
COMMENT ON COLUMN drift_history.p_value IS 'How likely chance alone shows as much; null where the test has none.';
COMMENT ON COLUMN drift_history.threshold IS 'The level of the p-value, or the threshold of a distance.';
COMMENT ON COLUMN drift_history.effect IS 'What has changed, in words.';
COMMENT ON COLUMN drift_history.status IS 'fail: it drifted; pass: it did not, or chance explains it among so many tests, as message says then.';
COMMENT ON COLUMN drift_history.n IS 'Values of the baseline that were compared; m: of the window.';
COMMENT ON COLUMN drift_history.window_id IS 'The window, see window_history; null: it is of a batch.';
COMMENT ON COLUMN drift_history.segment IS 'Of which segment the window is: region=eu and so on; empty: of all records, or a batch.';
COMMENT ON COLUMN drift_history.details IS 'Among others ln_p_value, exact, and in bins the categories or intervals that moved most: bin, before, now.';

CREATE VIEW window_history AS
SELECT start_at, end_at, length, id AS window_id, suite, suite_hash, status, message, records, unreadable, untimed, late, labels,
    revision, judged_at, statistics, baseline, segment
FROM time_window WHERE status <> 'open';
COMMENT ON COLUMN window_history.segment IS 'Which of the records: region=eu and so on; empty: all.';
COMMENT ON COLUMN window_history.length IS '5m, 1h, month and so on; 1h/5m: of windows that overlap; silence: no record came.';
COMMENT ON COLUMN window_history.untimed IS 'Records whose own time cannot be read or lies in the future: they are in the window that they came in.';
COMMENT ON COLUMN window_history.labels IS 'Labels that were joined to its records; one that was corrected counts again.';
COMMENT ON COLUMN window_history.late IS 'Records that came after their shortest window was judged.';
COMMENT ON VIEW window_history IS 'One row for each span of time and version of a suite that records came for; finding_history has its findings, with result_id = window_id and at = start_at.';
COMMENT ON COLUMN window_history.status IS 'pass, warn or fail: the worst finding; error: it could not be judged, and message says why.';
COMMENT ON COLUMN window_history.revision IS '1 when it was closed; one more for each time that records came late.';
COMMENT ON COLUMN window_history.statistics IS 'Counts by expectation.';
COMMENT ON COLUMN window_history.baseline IS 'What it was compared with: a baseline and its version, or the span of earlier windows; null: nothing.';

CREATE VIEW check_history AS
SELECT minute, suite, suite_hash, check_name, kind, severity, field, NULLIF(model, '') AS model,
    NULLIF(version, '') AS version, NULLIF(segment, '') AS segment, seen, failed, skipped,
    (seen - skipped - failed)::double precision / NULLIF(seen - skipped, 0) AS pass_rate
FROM tally;
COMMENT ON VIEW check_history IS 'One row for each minute, expectation, version of the suite, and labels; counts add up.';
COMMENT ON COLUMN check_history.seen IS 'Records judged or skipped.';
COMMENT ON COLUMN check_history.failed IS 'Records that the expectation does not hold for.';
COMMENT ON COLUMN check_history.skipped IS 'Records that gave it nothing to judge.';
COMMENT ON COLUMN check_history.pass_rate IS 'The share of judged records that it holds for; null when none was judged.';

CREATE VIEW suite_history AS
SELECT put_at AS at, suite, 'put' AS event, hash, put_by AS done_by FROM suite_version
UNION ALL
SELECT at, suite, CASE WHEN hash IS NULL THEN 'deactivated' ELSE 'activated' END, hash, activated_by FROM activation;
COMMENT ON VIEW suite_history IS 'What happened to suites: a version was put, activated, or the suite was deactivated.';
COMMENT ON COLUMN suite_history.done_by IS 'The name of a token, or file: and the path.';

CREATE TABLE plugin_version (
    name text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    component bytea NOT NULL,
    size bigint NOT NULL,
    signature bytea,
    wit text NOT NULL,
    about json NOT NULL,
    put_at timestamptz NOT NULL,
    put_by text NOT NULL,
    PRIMARY KEY (name, version)
);
-- Components hardly get smaller, and are read as a whole.
ALTER TABLE plugin_version ALTER COLUMN component SET STORAGE EXTERNAL;
COMMENT ON TABLE plugin_version IS 'Components that were registered. Their bytes are here, so that every host has them.';
CREATE INDEX plugin_version_digest ON plugin_version (digest);

CREATE TABLE plugin_activation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    activated_by text NOT NULL
);
COMMENT ON TABLE plugin_activation IS 'Who made which version of a plugin the active one, and when; rows are only added, the last of a plugin holds. What was active once is told after its version was removed, so there is no foreign key.';
CREATE INDEX plugin_activation_name ON plugin_activation (name, id);

CREATE VIEW plugin_history AS
SELECT put_at AS at, name, 'put' AS event, version, digest, put_by AS done_by FROM plugin_version
UNION ALL
SELECT at, name, 'activated', version, digest, activated_by FROM plugin_activation;
COMMENT ON VIEW plugin_history IS 'What happened to plugins: a version was put, or activated.';

CREATE TABLE baseline (
    name text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    hash text COLLATE "C" NOT NULL,
    body text NOT NULL,
    size bigint NOT NULL,
    records bigint NOT NULL,
    put_at timestamptz NOT NULL,
    put_by text NOT NULL,
    model text,
    model_version text,
    source text NOT NULL,
    PRIMARY KEY (name, version),
    UNIQUE (name, hash)
);
COMMENT ON TABLE baseline IS 'Distributions that windows are compared with, as JSON; kept until they are removed.';
COMMENT ON COLUMN baseline.source IS 'file: it was put; windows: it was made of stored windows.';

CREATE TABLE baseline_activation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    hash text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    activated_by text NOT NULL
);
COMMENT ON TABLE baseline_activation IS 'Who made which version of a baseline the active one, and when; rows are only added, the last of a baseline holds. What was active once is told after its version was removed, so there is no foreign key.';
CREATE INDEX baseline_activation_name ON baseline_activation (name, id);

CREATE VIEW baseline_history AS
SELECT put_at AS at, name, 'put' AS event, version, hash, records, put_by AS done_by FROM baseline
UNION ALL
SELECT a.at, a.name, 'activated', a.version, a.hash, b.records, a.activated_by
FROM baseline_activation a LEFT JOIN baseline b ON b.name = a.name AND b.version = a.version;
COMMENT ON VIEW baseline_history IS 'What happened to baselines: a version was put, or activated.';

-- The log of predictions, by week as results are.
CREATE TABLE prediction (
    key uuid NOT NULL,
    at timestamptz NOT NULL,
    suite text COLLATE "C" NOT NULL,
    suite_hash text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    model text COLLATE "C",
    version text COLLATE "C",
    segment text COLLATE "C",
    prediction text,
    score double precision,
    record json NOT NULL,
    PRIMARY KEY (at, key)
) PARTITION BY RANGE (at);
COMMENT ON TABLE prediction IS 'Predictions that labels are joined to by their id.';
CREATE INDEX prediction_id ON prediction (suite, id);
CREATE INDEX prediction_suite ON prediction (suite, at, key);

CREATE TABLE label (
    suite text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    label json NOT NULL,
    at timestamptz NOT NULL,
    came_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    revision bigint NOT NULL,
    put_by text NOT NULL,
    correct boolean,
    joined_at timestamptz,
    try_at timestamptz,
    PRIMARY KEY (suite, id)
);
COMMENT ON TABLE label IS 'What turned out to be true, by the id of the record.';
COMMENT ON COLUMN label.joined_at IS 'When it was first added to the window of its prediction; null: there was none yet.';
CREATE INDEX label_try ON label (try_at) WHERE try_at IS NOT NULL;
CREATE INDEX label_changed ON label (changed_at);

CREATE TABLE label_due (
    suite text COLLATE "C" NOT NULL,
    suite_hash text COLLATE "C" NOT NULL,
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL,
    waited bigint NOT NULL,
    due_at timestamptz NOT NULL,
    mark uuid NOT NULL,
    PRIMARY KEY (suite, suite_hash, start_at, waited)
);
COMMENT ON TABLE label_due IS 'Windows whose labels are to be added up anew, since one was corrected; or that are to be judged again when labels have had time to come.';
COMMENT ON COLUMN label_due.waited IS 'Microseconds that labels have had then; 0: a label was corrected.';
CREATE INDEX label_due_at ON label_due (due_at);

CREATE VIEW prediction_history AS
SELECT p.at, p.suite, p.suite_hash, p.id, p.model, p.version, p.segment, p.prediction, p.score, p.record,
    l.label, l.at AS label_at, l.correct, l.revision AS label_revision,
    date_part('epoch', l.at - p.at) AS label_delay_seconds
FROM prediction p LEFT JOIN label l ON l.suite = p.suite AND l.id = p.id;
COMMENT ON VIEW prediction_history IS 'One row for each prediction that is kept, with its label if one has come.';
COMMENT ON COLUMN prediction_history.at IS 'The time of the record, where it has one of its own; else when it came.';
COMMENT ON COLUMN prediction_history.id IS 'The record''s id, under its privacy setting.';
COMMENT ON COLUMN prediction_history.prediction IS 'The prediction as JSON, under its privacy setting.';
COMMENT ON COLUMN prediction_history.record IS 'What is kept of the record.';
COMMENT ON COLUMN prediction_history.correct IS 'Whether the label says what was predicted; null without a label, or without a truth in it.';
COMMENT ON COLUMN prediction_history.label_revision IS '1, one more for each correction.';
CREATE TABLE model_version (
    model text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    hash text,
    metadata json NOT NULL,
    schema json,
    baseline text,
    baseline_version bigint,
    suite text,
    put_at timestamptz NOT NULL,
    put_by text NOT NULL,
    PRIMARY KEY (model, version)
);
COMMENT ON TABLE model_version IS 'Versions of models. Which one is deployed, and since when, is in deployment.';

CREATE TABLE deployment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    hash text,
    at timestamptz NOT NULL,
    deployed_by text NOT NULL
);
COMMENT ON TABLE deployment IS 'Which version of a model was deployed when; rows are only added, the one with the latest time of a model holds.';
CREATE INDEX deployment_model ON deployment (model, at, id);

CREATE VIEW deployment_history AS
SELECT at, model, version, hash, deployed_by, lead(at) OVER (PARTITION BY model ORDER BY at, id) AS replaced_at
FROM deployment;
COMMENT ON VIEW deployment_history IS 'Which version of each model was deployed from when to when.';
COMMENT ON COLUMN deployment_history.replaced_at IS 'When the next version was deployed; null: it still is.';

CREATE TABLE version_opening (
    suite text COLLATE "C" NOT NULL,
    suite_hash text COLLATE "C" NOT NULL,
    model text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    opened_at timestamptz NOT NULL,
    PRIMARY KEY (suite, suite_hash, model, version)
);
COMMENT ON TABLE version_opening IS 'Where the first window of a version of a model began, of a version of a suite that makes baselines of first windows.';

CREATE TABLE retrain_run (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    model text COLLATE "C" NOT NULL,
    version text,
    status text NOT NULL,
    at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    metrics json NOT NULL,
    data json NOT NULL,
    jobs json NOT NULL,
    reload json,
    incident text,
    put_at timestamptz NOT NULL,
    put_by text NOT NULL,
    due_at timestamptz,
    checked_at timestamptz,
    verdict text,
    revision bigint NOT NULL
);
COMMENT ON TABLE retrain_run IS 'Retraining runs, as their events together tell them.';
CREATE INDEX retrain_run_at ON retrain_run (at, id);
CREATE INDEX retrain_run_model ON retrain_run (model, at, id);
CREATE INDEX retrain_run_finished ON retrain_run (model, finished_at, id) WHERE status = 'succeeded';
CREATE INDEX retrain_run_due ON retrain_run (due_at) WHERE checked_at IS NULL AND due_at IS NOT NULL;

CREATE VIEW retrain_run_history AS
SELECT at, id, model, version, status, started_at, finished_at,
    date_part('epoch', finished_at - started_at) AS duration_seconds, (data->>'rows')::bigint AS data_rows,
    reload->>'status' AS reload_status, incident, verdict, metrics, data, jobs, reload
FROM retrain_run;
COMMENT ON VIEW retrain_run_history IS 'Retraining runs; at is when a run started, or was told of first.';
COMMENT ON COLUMN retrain_run_history.verdict IS 'The worst verdict of the suites that checked it; null: none has.';

CREATE TABLE outbox (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    incident uuid NOT NULL,
    suite text COLLATE "C" NOT NULL,
    trigger_name text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    data json NOT NULL,
    at timestamptz NOT NULL,
    state text COLLATE "C" NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead', 'skipped')),
    tries bigint NOT NULL DEFAULT 0,
    next_at timestamptz,
    lease uuid,
    last_status bigint,
    last_error text,
    traceparent text,
    tracestate text,
    ended_at timestamptz
);
COMMENT ON TABLE outbox IS 'Notices of triggers to actions, written in the transaction of what they tell of and sent at least once; the id is the idempotency key that receivers are given.';
COMMENT ON COLUMN outbox.n IS 'The order in which they were written, in which the notices of an incident are sent.';
COMMENT ON COLUMN outbox.traceparent IS 'Where in a trace it was written (W3C Trace Context); null: in none that anybody knows.';
COMMENT ON COLUMN outbox.next_at IS 'When it is due; null: at once. While a host sends it, the end of its lease.';
CREATE INDEX outbox_pending ON outbox (incident, action, n) WHERE state = 'pending';
CREATE INDEX outbox_incident ON outbox (incident, n);
CREATE INDEX outbox_state ON outbox (state, action, n);
CREATE INDEX outbox_ended ON outbox (ended_at);

CREATE TABLE undecided (
    window_id uuid PRIMARY KEY,
    suite text COLLATE "C" NOT NULL,
    start_at timestamptz NOT NULL,
    revision bigint NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE undecided IS 'Windows that were judged and that the triggers of their suite have not seen; written with the window.';
CREATE INDEX undecided_suite ON undecided (suite, start_at);

CREATE TABLE trigger_clock (
    suite text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    now_at timestamptz NOT NULL
);
COMMENT ON TABLE trigger_clock IS 'How often the triggers of a suite were decided: whoever decides adds one, so that no two hosts decide the same.';
COMMENT ON COLUMN trigger_clock.now_at IS 'The time of the triggers, which never goes back.';

CREATE TABLE trigger_state (
    suite text COLLATE "C" NOT NULL,
    trigger_name text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    phase text NOT NULL,
    wake_at timestamptz,
    wake_wall_at timestamptz,
    body text NOT NULL,
    PRIMARY KEY (suite, trigger_name, key)
);
COMMENT ON TABLE trigger_state IS 'Where each trigger stands, by segment where it is judged so.';
COMMENT ON COLUMN trigger_state.wake_at IS 'When time alone may change something, by the time of the triggers; wake_wall_at: by the clock.';

CREATE TABLE incident (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    suite text COLLATE "C" NOT NULL,
    suite_hash text COLLATE "C" NOT NULL,
    trigger_name text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    severity text COLLATE "C" NOT NULL,
    mode text NOT NULL,
    opened_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    closed_at timestamptz,
    data_from timestamptz,
    data_to timestamptz,
    reason text NOT NULL,
    evidence json NOT NULL,
    events bigint NOT NULL,
    alarm boolean,
    alarm_by text,
    alarm_note text
);
COMMENT ON TABLE incident IS 'What triggers were about: one at a time for each trigger and key.';
CREATE INDEX incident_at ON incident (at, id);
CREATE INDEX incident_suite ON incident (suite, at, id);
CREATE INDEX incident_closed ON incident (closed_at);

CREATE TABLE incident_event (
    incident_id uuid NOT NULL,
    n bigint NOT NULL,
    at timestamptz NOT NULL,
    trigger_at timestamptz NOT NULL,
    kind text NOT NULL,
    before text NOT NULL,
    state text NOT NULL,
    done_by text,
    reason text NOT NULL,
    evidence json NOT NULL,
    PRIMARY KEY (incident_id, n)
);
COMMENT ON TABLE incident_event IS 'Every step of an incident: what happened, when, by whom, why, and what showed it.';

CREATE VIEW incident_history AS
SELECT e.at, e.incident_id, e.n, i.suite, i.suite_hash, i.trigger_name, i.key, i.severity, i.mode, e.kind, e.before,
    e.state, e.done_by, e.reason, e.evidence, e.trigger_at, i.at AS incident_at, i.state AS state_now, i.closed_at,
    i.data_from, i.data_to, i.alarm, i.alarm_by, i.alarm_note
FROM incident_event e JOIN incident i ON i.id = e.incident_id;
COMMENT ON VIEW incident_history IS 'One row for each step of an incident.';
COMMENT ON COLUMN incident_history.at IS 'When it happened, by the clock.';
COMMENT ON COLUMN incident_history.n IS 'Ordinal among the steps of the incident, from 1.';
COMMENT ON COLUMN incident_history.key IS 'The segment that the incident is of; empty: all records.';
COMMENT ON COLUMN incident_history.kind IS 'suggested, needs_approval, approved, rejected, fired, acknowledged, run_ended, escalated, stopped, silenced, resolved, feedback.';
COMMENT ON COLUMN incident_history.state IS 'Where the incident stood then; before: where it had stood.';
COMMENT ON COLUMN incident_history.done_by IS 'The name of a token; null: the trigger.';
COMMENT ON COLUMN incident_history.trigger_at IS 'When it happened, by the time of the triggers, which is that of the records where the suite names their time.';
COMMENT ON COLUMN incident_history.data_from IS 'The records that showed it, to data_to.';
COMMENT ON COLUMN incident_history.alarm IS 'Whether somebody said that it was a true alarm.';

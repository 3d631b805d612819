-- A role for Grafana that may read the views of docs/history.md and nothing else. Run it after `driftline migrate`, with the
-- role's password: psql --variable reader_password=... --file grants.sql
SELECT 'CREATE ROLE grafana LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grafana') \gexec
ALTER ROLE grafana PASSWORD :'reader_password' CONNECTION LIMIT 20;
ALTER ROLE grafana SET default_transaction_read_only = on;
-- A board never holds up what the service writes.
ALTER ROLE grafana SET statement_timeout = '30s';
GRANT SELECT ON validation_history, failure_history, finding_history, drift_history, prediction_history, window_history,
    incident_history, check_history, suite_history, plugin_history, baseline_history, deployment_history,
    retrain_run_history TO grafana;

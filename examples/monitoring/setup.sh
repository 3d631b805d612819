#!/bin/sh
# Makes the secrets that docker-compose.monitoring.yml mounts, each a file in `secrets/`. What is there already is left.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
# The folder keeps others out; the files are read by the users of the containers.
chmod 700 secrets
umask 022
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
digest() { printf %s "$(cat "secrets/$1")" | sha256sum | cut -d' ' -f1; }

for name in postgres_password grafana_admin_password grafana_reader_password prometheus_token client_token; do
    [ -s "secrets/$name" ] || random > "secrets/$name"
done
# Yours: until they are, alerts are seen in Alertmanager and go nowhere.
[ -s secrets/pagerduty_key ] || echo replace-me > secrets/pagerduty_key
[ -s secrets/slack_url ] || echo https://hooks.slack.com/services/replace/me > secrets/slack_url
[ -s secrets/smtp_password ] || echo replace-me > secrets/smtp_password

[ -s secrets/driftline.yaml ] || cat > secrets/driftline.yaml <<END
# The configuration of the service; docs/configuration.md has all settings.
database: postgres://driftline:$(cat secrets/postgres_password)@postgres:5432/driftline
store: { migrate: false }
log: { format: json }
stop: { grace: 25s }
public_url: http://localhost:8080
tokens:
  # Model services, and whoever reads history and puts labels, models and runs.
  - { name: client, sha256: "$(digest client_token)", scopes: [check, read, write-suites, write-triggers] }
  - { name: prometheus, sha256: "$(digest prometheus_token)", scopes: [metrics] }
END
echo "secrets/ is ready. Grafana: user admin, password in secrets/grafana_admin_password. Clients: secrets/client_token."

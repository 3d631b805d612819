#!/usr/bin/env bash
# What examples/monitoring deploys, against the schemas of those who read it: Kubernetes, the Prometheus operator, compose,
# and the rules of Dockerfiles. Tools come from pip and npm, at fixed versions, into a cache outside of the clone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
monitoring=$here/../../examples/monitoring
tools=${XDG_CACHE_HOME:-$HOME/.cache}/driftline/manifests
command -v kubectl >/dev/null || { echo "install kubectl, 1.29 or later: https://kubernetes.io/docs/tasks/tools"; exit 1; }

mkdir -p "$tools"
if ! cmp -s "$here/requirements.txt" "$tools/requirements.txt"; then
    python3 -m venv "$tools/venv"
    "$tools/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$tools/requirements.txt"
fi
if ! cmp -s "$here/package.json" "$tools/package.json"; then
    cp "$here/package.json" "$tools/package.json.new"
    (cd "$tools" && mv package.json.new package.json && npm install --silent --no-audit --no-fund) ||
        { rm -f "$tools/package.json"; exit 1; }
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

kubectl kustomize "$monitoring/kubernetes/base" > "$work/base.yaml"
kubectl kustomize "$monitoring/kubernetes/overlays/production" > "$work/production.yaml"
kubectl kustomize "$monitoring/kubernetes/sidecar" > "$work/sidecar.yaml"
cp "$monitoring/kubernetes/secret.example.yaml" "$work/secret.yaml"

# Strict: a member that is not known is a mistake. What belongs to the operator comes below.
validate() { "$tools/venv/bin/kubernetes-validate" --strict --quiet --no-warn --kubernetes-version 1.34 "$@"; }
validate "$work"/*.yaml
# The tool is asked whether it would see a mistake, so that a version of it that sees none is noticed.
sed 's/replicas:/replica:/' "$work/production.yaml" > "$work/broken"
if validate "$work/broken" >/dev/null 2>&1; then echo "kubernetes-validate sees no mistakes"; exit 1; fi

cp "$here/operator.mjs" "$tools/operator.mjs"
operator() {
    (cd "$tools" && node operator.mjs "$@" &&
        node_modules/.bin/tsc --noEmit --strict --skipLibCheck --module nodenext --moduleResolution nodenext objects.ts)
}
operator "$work"/{base,production,sidecar}.yaml
for mistake in 's/interval: 15s/interval: 15/' 's/scrapeTimeout:/scrapeTimeouts:/'; do
    sed "$mistake" "$work/base.yaml" > "$work/broken"
    if operator "$work/broken" >/dev/null 2>&1; then echo "a ServiceMonitor with $mistake is taken for a good one"; exit 1; fi
done

"$tools/venv/bin/check-jsonschema" --quiet --builtin-schema vendor.compose-spec "$monitoring/docker-compose.monitoring.yml"
"$tools/venv/bin/hadolint" "$monitoring/Dockerfile"
echo "manifests, compose file and Dockerfile hold"

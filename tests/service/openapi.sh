#!/usr/bin/env bash
# Asks a live service whatever its description allows, and much that it does not, with schemathesis: no server
# error, no answer that the description does not name. Usage: openapi.sh DRIFTLINE [EXAMPLES]
set -euo pipefail
driftline=$(realpath "$1")
examples=${2:-40}
root=$(realpath "$(dirname "$0")/../..")
venv="${SCHEMATHESIS_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/driftline/schemathesis}"
if [ ! -x "$venv/bin/st" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet "schemathesis>=4.32,<5"
fi
room=$(mktemp -d)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir "$room/suites"
cp "$root/examples/intent_router/suite.yaml" "$room/suites/intent-router.yaml"
cd "$room"
DRIFTLINE_LISTEN="127.0.0.1:$port" DRIFTLINE_LIMITS__READ_TIMEOUT=2s "$driftline" serve 2>"$room/log" &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null || true; rm -rf "$room"' EXIT
for _ in $(seq 100); do curl -sf "http://127.0.0.1:$port/readyz" >/dev/null && break; sleep 0.1; done
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,unsupported_method
# Read as a module of the working folder.
cp "$root/tests/service/hooks.py" .
if ! PYTHONPATH=. SCHEMATHESIS_HOOKS=hooks "$venv/bin/st" run "http://127.0.0.1:$port/openapi.json" --checks "$checks" --max-examples "$examples" \
    --generation-deterministic --suppress-health-check all --warnings off --no-color --continue-on-failure >"$room/st.out" 2>&1; then
    cat "$room/st.out"
    grep '"level":"ERROR"' "$room/log" | tail -20 || true
    exit 1
fi
tail -12 "$room/st.out"

#!/usr/bin/env bash
# Builds the shipped plugins that are not written in Rust, into plugins/built/.
#
#   plugins/build-langs.sh           builds quantile-shift (Python), iban (JavaScript) and vector-norms (C)
#   plugins/build-langs.sh --check   runs their tests, builds them elsewhere, compares vector-norms, keeps the others
#
# Python's and JavaScript's components are not committed: they are 19 and 1.8 MB of engine, the same in every plugin.
# Only vector-norms is. Its bytes depend on the compiler, so --check compares bytes only with the compiler that
# built/langs.txt names. What is installed goes to ${XDG_CACHE_HOME:-~/.cache}/driftline/langs.
# For clang and its libc see sdk-c/plugin.mk: WASI_SDK, or WASM_CC, WASM_LD and CFLAGS_EXTRA.
set -euo pipefail
cd "$(dirname "$0")"
check=; [ "${1:-}" = --check ] && check=1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/driftline/langs
for tool in python3 npm make; do command -v "$tool" > /dev/null || { echo "build-langs.sh: $tool is not there; install it" >&2; exit 1; }; done
mkdir -p "$cache" built
[ -x "$cache/venv/bin/componentize-py" ] || { python3 -m venv "$cache/venv"; "$cache/venv/bin/pip" -q install componentize-py==0.25.1; }
[ -d iban/node_modules ] || (cd iban && npm install --silent --no-package-lock)

for sdk in sdk-python/driftline_plugin/wit sdk-js/wit; do
  cmp ../wit/v0.1/plugin.wit "$sdk/plugin.wit" || { echo "copy wit/v0.1/plugin.wit to plugins/$sdk" >&2; exit 1; }
done
out=$PWD/built
if [ -n "$check" ]; then
  out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
  (cd sdk-python && python3 -m unittest discover -q -s tests)
  (cd quantile-shift && PYTHONPATH=../sdk-python python3 -m unittest -q)
  (cd sdk-js && npm test --silent > "$out/log" 2>&1 || { cat "$out/log"; exit 1; })
  (cd iban && npm test --silent > "$out/log" 2>&1 || { cat "$out/log"; exit 1; })
  make -s -C vector-norms test
fi

PYTHONPATH=sdk-python "$cache/venv/bin/python" -m driftline_plugin build quantile-shift/plugin.py -o "$out/quantile-shift.wasm"
(cd iban && npx driftline-plugin build plugin.js -o "$out/iban.wasm")
make -s -C vector-norms clean
make -s -C vector-norms build OUT="$out/vector-norms.wasm"

compiler=$("${WASM_CC:-clang}" --version 2> /dev/null | head -1 || true)
if [ -z "$check" ]; then
  echo "vector-norms $compiler" > built/langs.txt
elif [ "$(cat built/langs.txt 2> /dev/null)" = "vector-norms $compiler" ]; then
  cmp built/vector-norms.wasm "$out/vector-norms.wasm" || { echo "built/vector-norms.wasm is not of its source: plugins/build-langs.sh" >&2; exit 1; }
else
  echo "another compiler than built/langs.txt names: the bytes of vector-norms are not compared"
fi
# Their bytes differ from build to build, so what they are is asked with `driftline plugin test`.
[ -z "$check" ] || cp "$out/quantile-shift.wasm" "$out/iban.wasm" built/
echo ok

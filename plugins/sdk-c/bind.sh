#!/bin/sh
# Writes bindings/ from wit/v0.1: one folder a kind of rule, of the same names, so that the rest of the SDK is written once.
# Needs wit-bindgen 0.61: cargo install wit-bindgen-cli --version 0.61.0 --no-default-features --features c
set -eu
cd "$(dirname "$0")"
for kind in record-check drift-test metric; do
  rm -rf "bindings/$kind"
  wit-bindgen c -w "$kind-plugin" --rename-world driftline --out-dir "bindings/$kind" ../../wit/v0.1 > /dev/null
done

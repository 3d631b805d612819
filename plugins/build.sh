#!/usr/bin/env bash
# Builds the shipped plugins that are written in Rust into plugins/built/NAME.wasm.
#
#   plugins/build.sh [--toolchain FOLDER] [NAME..]           builds these, or all
#   plugins/build.sh [--toolchain FOLDER] --check [NAME..]   changes nothing; fails where a component is not its source's
#
# plugins/built/manifest.txt says of each component the SHA-256 of its bytes, the digest of the sources it was
# built from, and the compiler. --check asks three things: the committed bytes are those of the manifest; the
# sources are those it names; and, with the same compiler, building anew gives the same bytes.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
folder=${XDG_CACHE_HOME:-$HOME/.cache}/driftline/wasm-toolchain
check=false
names=()
while [ $# -gt 0 ]; do
  case $1 in
    --toolchain) folder=${2:?--toolchain wants a folder}; shift ;;
    --check) check=true ;;
    -*) echo "build.sh: unknown option $1" >&2; exit 2 ;;
    *) names+=("$1") ;;
  esac
  shift
done
if [ ${#names[@]} -eq 0 ]; then
  for manifest in "$here"/*/Cargo.toml; do
    grep -q cdylib "$manifest" && names+=("$(basename "$(dirname "$manifest")")")
  done
fi

"$here/toolchain.sh" "$folder"
# shellcheck disable=SC1091
. "$folder/env"
target=wasm32-unknown-unknown
# Paths of this machine stay out of the bytes.
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$DRIFTLINE_PLUGIN_RUSTFLAGS \
--remap-path-prefix=$root=. --remap-path-prefix=$("${RUSTC:-rustc}" --print sysroot)/lib/rustlib/src/rust=/rustc \
--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
export CARGO_INCREMENTAL=0
compiler=$("${RUSTC:-rustc}" -V)
built=$here/built
output=${CARGO_TARGET_DIR:-$root/target}
case $output in */wasm) ;; *) output=$output/wasm ;; esac

# What the bytes depend on: the plugin, the SDK and the statistics if it uses them, the interface, the profile, and the
# versions and features of all dependencies. Not the whole lock file, which changes with every dependency of the host.
sources() {
  local shared=(plugins/sdk/{src,Cargo.toml})
  grep -q '^driftline-plugin-statistics' "$here/$1/Cargo.toml" && shared+=(plugins/statistics/{src,Cargo.toml})
  (cd "$root" && {
    find "plugins/$1" "${shared[@]}" wit -type f ! -name README.md ! -path '*/tests/*' -print0 \
      | LC_ALL=C sort -z | xargs -0 sha256sum
    cargo tree --locked -p "$1" --target "$target" -e normal,build --prefix none --no-dedupe -f '{p} {f}' \
      | sed 's| ([^)]*/[^)]*)||' | LC_ALL=C sort -u
    sed -n '/^\[profile\.plugin[].]/,/^$/p' Cargo.toml
  } | sha256sum | cut -d ' ' -f 1)
}

digest() { sha256sum "$1" | cut -d ' ' -f 1; }

# The manifest's line of a plugin: name, bytes, sources, compiler.
noted() { grep "^$1 " "$built/manifest.txt" 2> /dev/null || true; }

cd "$root"
packages=()
for name in "${names[@]}"; do packages+=(-p "$name"); done
CARGO_TARGET_DIR=$output cargo build -q --locked --profile plugin --lib --target "$target" "${packages[@]}"

mkdir -p "$built"
wrong=0
for name in "${names[@]}"; do
  made=$output/$target/plugin/${name//-/_}.wasm
  if grep -aqF -e "$root/" -e "$folder/" -e "${CARGO_HOME:-$HOME/.cargo}/" "$made"; then
    echo "build.sh: $made holds paths of this machine; make the toolchain anew: rm -r $folder" >&2
    exit 1
  fi
  line="$name $(digest "$made") $(sources "$name") $compiler"
  if ! $check; then
    cp "$made" "$built/$name.wasm"
    { grep -v "^$name " "$built/manifest.txt" 2> /dev/null || true; echo "$line"; } | LC_ALL=C sort > "$built/manifest.new"
    mv "$built/manifest.new" "$built/manifest.txt"
    echo "$name: $(stat -c %s "$built/$name.wasm") bytes"
    continue
  fi
  read -r _ bytes from by <<< "$(noted "$name")" || true
  problem=
  if [ -z "${bytes:-}" ] || [ ! -f "$built/$name.wasm" ]; then
    problem="it was never built"
  elif [ "$(digest "$built/$name.wasm")" != "$bytes" ]; then
    problem="plugins/built/$name.wasm is not what the manifest names"
  elif [ "$(sources "$name")" != "$from" ]; then
    problem="its sources have changed since it was built"
  elif [ "$by" = "$compiler" ] && [ "$(digest "$made")" != "$bytes" ]; then
    problem="$compiler makes other bytes of the same sources"
  fi
  if [ -n "$problem" ]; then
    echo "$name: $problem; run plugins/build.sh $name" >&2
    wrong=1
  elif [ "$by" = "$compiler" ]; then
    echo "$name: same bytes"
  else
    echo "$name: same sources; built by $by, not compared with $compiler"
  fi
done
exit $wrong

#!/usr/bin/env bash
# Readies a Rust toolchain that builds plugins: the target wasm32-unknown-unknown and its linker.
#
#   plugins/toolchain.sh [FOLDER]     default: ${XDG_CACHE_HOME:-~/.cache}/driftline/wasm-toolchain
#   . FOLDER/env                      afterwards: cargo build --target wasm32-unknown-unknown
#
# If the installed toolchain has the target, only the settings of the linker are written. Otherwise, on Debian
# and x86-64, packages are unpacked into FOLDER (nothing is installed; 140 MB to load, 0.8 GB on disk) and the
# standard library is built from their source: about a minute, once. With everything there it returns at once.
set -euo pipefail

fail() { printf 'toolchain.sh: %s\n' "$1" >&2; exit 1; }
command -v rustc > /dev/null && command -v cargo > /dev/null \
  || fail "rustc and cargo are not there; install Rust from https://rustup.rs"

folder=$(realpath -m "${1:-${XDG_CACHE_HOME:-$HOME/.cache}/driftline/wasm-toolchain}")
target=wasm32-unknown-unknown
host=$(rustc -vV | sed -n 's/^host: //p')
tools=$(rustc --print sysroot)/lib/rustlib/$host/bin
# What the folder was made from: another compiler or another form of this script makes it anew.
stamp="$(rustc -V) $(cksum < "$0")"
[ -f "$folder/env" ] && [ "$(cat "$folder/stamp" 2> /dev/null)" = "$stamp" ] && exit 0

# The linker turns the module into a component. rustup's toolchains carry it beside rust-lld.
if [ -x "$tools/wasm-component-ld" ]; then
  linker=$tools/wasm-component-ld
  lld=$tools/gcc-ld/wasm-ld
else
  linker=$(command -v wasm-component-ld) || fail "wasm-component-ld is not there; install it: cargo install wasm-component-ld"
  lld=$(command -v wasm-ld || command -v rust-lld) || fail "wasm-ld is not there; install the package lld"
fi

write_env() {
  mkdir -p "$folder"
  {
    printf '%s\n' "$@"
    printf 'export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=%q\n' "$linker"
    printf 'export DRIFTLINE_PLUGIN_RUSTFLAGS=%q\n' "-Clink-arg=--wasm-ld-path=$lld -Clink-arg=--wasi-adapter=none"
    # shellcheck disable=SC2016
    printf '%s\n' 'export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$DRIFTLINE_PLUGIN_RUSTFLAGS'
  } > "$folder/env"
  printf '%s\n' "$stamp" > "$folder/stamp"
  echo "ready: . $folder/env"
}

if [ -n "$(find "$(rustc --print sysroot)/lib/rustlib/$target/lib" -name 'libstd-*.rlib' 2> /dev/null)" ]; then
  write_env '# The installed toolchain has the target.'
  exit 0
fi

advice="the target is missing; add it: rustup target add $target"
command -v apt-get > /dev/null && [ "$host" = x86_64-unknown-linux-gnu ] || fail "$advice"
for tool in dpkg apt-cache; do command -v "$tool" > /dev/null || fail "$advice"; done

# A run that was broken off leaves no stamp, so what it left is thrown away.
rm -rf "$folder/root" "$folder/work"
mkdir -p "$folder/root" "$folder/work/src"
cd "$folder/work"
[ -n "$(apt-cache madison rustc-web)" ] || apt-get update -qq || fail "$advice (apt-get update failed)"
# The packages carry their version in the name: the standard library's and LLVM's are asked for.
needed=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
  rustc-web 2> /dev/null | grep -E '^(rustc-web|libstd-rust-web-.*|libllvm[0-9]+|libz3-4)$' | sort -u) || true
grep -q '^libstd-rust-web-[0-9]' <<< "$needed" || fail "$advice (this Debian has no rustc-web)"
# shellcheck disable=SC2086
apt-get -q download $needed rust-web-src > /dev/null 2>&1 \
  || fail "$advice (the packages of rustc-web could not be loaded)"
for package in *.deb; do dpkg -x "$package" "$folder/root"; done

# The standard library, once, into the private sysroot. Paths of this folder are kept out of it, so that
# plugins have the same bytes wherever it lies.
rustc=$folder/root/usr/bin/rustc
export LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu
: > src/lib.rs
cat > Cargo.toml <<TOML
[package]
name = "standard"
version = "0.0.0"
edition = "2024"
[profile.release]
panic = "abort"
[workspace]
TOML
RUSTC=$rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$folder/work/target CARGO_INCREMENTAL=0 \
  RUSTFLAGS="-Cembed-bitcode=yes --remap-path-prefix=$folder=/toolchain --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" \
  cargo build -q --release -Zbuild-std=std,panic_abort --target "$target" \
  || fail "the standard library could not be built for $target"
library=$folder/root/usr/lib/rustlib/$target/lib
mkdir -p "$library"
cp target/"$target"/release/deps/*.rlib "$library"/
rm -f "$library"/libstandard-*
cd /
rm -rf "$folder/work"
write_env "export RUSTC=$(printf %q "$rustc")" \
  "export LD_LIBRARY_PATH=$(printf %q "$LD_LIBRARY_PATH")\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"

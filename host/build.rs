//! Tells the program which compiler made it, for the metric `driftline_build_info`. Its commit comes from whoever builds
//! releases, in the variable `BUILD_REVISION`: asking git would compile the program anew after every commit.

use std::process::Command;

fn main() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).arg("--version").output().ok().and_then(|it| String::from_utf8(it.stdout).ok());
    // "rustc 1.95.0 (59807616e 2026-04-14)"
    let version = said.as_deref().and_then(|it| it.split_whitespace().nth(1)).unwrap_or("unknown");
    println!("cargo::rustc-env=BUILD_RUSTC={version}");
    println!("cargo::rerun-if-env-changed=BUILD_REVISION");
    println!("cargo::rerun-if-changed=build.rs");
}

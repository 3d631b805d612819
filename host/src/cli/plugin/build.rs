//! `driftline plugin build`: the right tool for the folder's language.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, anyhow, bail};
use clap::Args as ClapArgs;

use super::new::Language;
use crate::cli::say;

/// Build the plugin in a folder into a component.
///
/// The language is seen by what is there: Cargo.toml, package.json, a Makefile with plugin.c, or plugin.py. Tools
/// that are missing are named, and how they are installed.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline plugin build\n  driftline plugin build toxicity -o plugins/toxicity.wasm\n\nExit codes: 0; 3 it could not be built."
)]
pub struct Args {
    /// The folder of the plugin.
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    /// The component; by default the plugin's name with `.wasm`, in its folder.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let folder = fs::canonicalize(&args.folder).with_context(|| args.folder.display().to_string())?;
    let output = match &args.output {
        Some(it) => std::path::absolute(it).with_context(|| it.display().to_string())?,
        None => folder.join(format!("{}.wasm", name_in(&folder)?)),
    };
    match language_of(&folder)? {
        Language::Rust => rust(&folder, &output),
        Language::Python => python(&folder, &output),
        Language::Js => js(&folder, &output),
        Language::C => c(&folder, &output),
    }?;
    let size = fs::metadata(&output).with_context(|| format!("{}: the tool wrote nothing", output.display()))?.len();
    let output = output.display();
    say(|out| writeln!(out, "{output}: {} kB\nTest it: driftline plugin test {output}", size.div_ceil(1000)))?;
    Ok(0)
}

/// The language of a folder's plugin.
fn language_of(folder: &Path) -> anyhow::Result<Language> {
    let has = |name: &str| folder.join(name).is_file();
    if has("Cargo.toml") {
        Ok(Language::Rust)
    } else if has("package.json") {
        Ok(Language::Js)
    } else if has("Makefile") && has("plugin.c") {
        Ok(Language::C)
    } else if has("plugin.py") {
        Ok(Language::Python)
    } else {
        bail!(
            "{}: no plugin here; expected Cargo.toml, package.json, Makefile with plugin.c, or plugin.py (begin one: driftline plugin new --lang python NAME)",
            folder.display()
        )
    }
}

/// The name of the folder, which the templates make that of the plugin.
fn name_in(folder: &Path) -> anyhow::Result<String> {
    let name = folder.file_name().and_then(OsStr::to_str);
    Ok(name
        .with_context(|| format!("{}: no name to call the plugin by; say --output FILE", folder.display()))?
        .to_owned())
}

fn rust(folder: &Path, output: &Path) -> anyhow::Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let mut cargo = Command::new("cargo");
    cargo.current_dir(folder).args([
        "build",
        "--release",
        "--target",
        TARGET,
        "--message-format=json-render-diagnostics",
    ]);
    let done = ran(cargo.stderr(Stdio::piped()), "cargo", "install Rust from https://rustup.rs")?;
    let said = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() {
        if said.contains("E0463") || said.contains("target may not be installed") {
            bail!("the target is missing; add it: rustup target add {TARGET}\n{said}");
        }
        bail!("cargo build failed:\n{said}");
    }
    let built = component_in(&String::from_utf8_lossy(&done.stdout)).with_context(|| {
        format!("{}: cargo made no .wasm; Cargo.toml wants [lib] crate-type = [\"cdylib\", \"rlib\"]", folder.display())
    })?;
    fs::copy(&built, output).with_context(|| format!("{} to {}", built.display(), output.display()))?;
    Ok(())
}

/// The last component that cargo says it has made: that of the package itself.
fn component_in(messages: &str) -> Option<PathBuf> {
    let artifacts = messages.lines().filter_map(|it| serde_json::from_str::<serde_json::Value>(it).ok());
    let files: Vec<_> = artifacts.filter_map(|it| it.get("filenames")?.as_array().cloned()).flatten().collect();
    let paths = files.iter().rev().filter_map(|it| it.as_str()).map(PathBuf::from);
    paths.into_iter().find(|it| it.extension() == Some(OsStr::new("wasm")))
}

fn python(folder: &Path, output: &Path) -> anyhow::Result<()> {
    // The folder's own environment comes first, whether it is active or not.
    let own = folder.join(".venv/bin/python");
    let python = if own.is_file() { own } else { PathBuf::from(if cfg!(windows) { "python" } else { "python3" }) };
    let mut command = Command::new(&python);
    command.current_dir(folder).args(["-m", "driftline_plugin", "build", "plugin.py", "-o"]).arg(output);
    let done = ran(&mut command, &python.to_string_lossy(), "install Python 3.10 or newer")?;
    explained(
        &done,
        "python",
        &[(
            "No module named driftline_plugin",
            "the SDK is not beside plugin.py: pip install driftline-plugin, or copy the folder driftline_plugin of plugins/sdk-python",
        )],
    )
}

fn js(folder: &Path, output: &Path) -> anyhow::Result<()> {
    let script = folder.join("node_modules/driftline-plugin/build.js");
    if !script.is_file() {
        bail!("{}: driftline-plugin is not installed: npm install", folder.display());
    }
    let source = ["plugin.ts", "plugin.js"].into_iter().find(|it| folder.join(it).is_file());
    let source = source.with_context(|| format!("{}: expected plugin.js or plugin.ts", folder.display()))?;
    let mut command = Command::new("node");
    command.current_dir(folder).arg(script).args(["build", source, "-o"]).arg(output);
    let done = ran(&mut command, "node", "install Node.js 20 or newer from https://nodejs.org")?;
    explained(&done, "node", &[])
}

fn c(folder: &Path, output: &Path) -> anyhow::Result<()> {
    let mut command = Command::new("make");
    command.current_dir(folder).arg("build").arg(format!("OUT={}", output.display()));
    let done =
        ran(&mut command, "make", "install make, clang, lld, wasi-libc and libclang-rt-dev-wasm32, or the WASI SDK")?;
    explained(
        &done,
        "make",
        &[
            (
                "'string.h' file not found",
                "there is no libc for WebAssembly: install the WASI SDK and say WASI_SDK=FOLDER in the environment, or apt-get install wasi-libc",
            ),
            (
                "libclang_rt",
                "there is no runtime library for WebAssembly: apt-get install libclang-rt-dev-wasm32 of clang's version, or use the WASI SDK",
            ),
        ],
    )
}

/// Runs a tool to its end; what is to be done if it is not there.
fn ran(command: &mut Command, tool: &str, advice: &str) -> anyhow::Result<Output> {
    command.stdin(Stdio::null()).output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => anyhow!("{tool} is not there: {advice}"),
        _ => anyhow!("{tool}: {error}"),
    })
}

/// Nothing if a tool succeeded; else what it said, after the advice that fits it.
fn explained(done: &Output, tool: &str, advice: &[(&str, &str)]) -> anyhow::Result<()> {
    if done.status.success() {
        return Ok(());
    }
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    let fitting = advice.iter().find(|(words, _)| said.contains(words)).map(|(_, it)| format!("{it}\n"));
    bail!("{}{tool} said:\n{}", fitting.unwrap_or_default(), said.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(files: &[&str]) -> tempfile::TempDir {
        let room = tempfile::tempdir().unwrap();
        for name in files {
            let path = room.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        room
    }

    #[test]
    fn the_language_is_seen_by_what_is_there() {
        for (files, language) in [
            (["Cargo.toml", "page.md"], Language::Rust),
            (["package.json", "plugin.js"], Language::Js),
            (["Makefile", "plugin.c"], Language::C),
            (["plugin.py", "Makefile"], Language::Python),
        ] {
            assert_eq!(language_of(room(&files).path()).unwrap(), language);
        }
        let error = language_of(room(&["page.md"]).path()).unwrap_err().to_string();
        assert!(error.contains("no plugin here") && error.contains("plugin new"), "{error}");
    }

    #[test]
    fn a_missing_tool_is_named_with_what_to_do() {
        let error = ran(&mut Command::new("no-such-tool"), "no-such-tool", "install it").unwrap_err().to_string();
        assert_eq!(error, "no-such-tool is not there: install it");
        let error = js(room(&["package.json"]).path(), Path::new("x.wasm")).unwrap_err().to_string();
        assert!(error.ends_with("npm install"), "{error}");
        let error =
            js(room(&["node_modules/driftline-plugin/build.js"]).path(), Path::new("x")).unwrap_err().to_string();
        assert!(error.contains("expected plugin.js or plugin.ts"), "{error}");
    }

    #[test]
    fn what_a_tool_said_comes_after_the_advice_that_fits() {
        let failed =
            ran(Command::new("sh").args(["-c", "echo \"'string.h' file not found\" >&2; exit 2"]), "sh", "").unwrap();
        let error =
            explained(&failed, "make", &[("nothing", "not this"), ("string.h", "install it")]).unwrap_err().to_string();
        assert_eq!(error, "install it\nmake said:\n'string.h' file not found");
        assert!(explained(&ran(&mut Command::new("true"), "", "").unwrap(), "", &[]).is_ok());
    }

    #[test]
    fn the_component_is_the_last_that_cargo_made() {
        let said = "{\"reason\":\"compiler-artifact\",\"filenames\":[\"/t/a.rlib\"]}\nno json\n{\"filenames\":[\"/t/b.rlib\",\"/t/b.wasm\"]}\n{\"reason\":\"build-finished\"}\n";
        assert_eq!(component_in(said).as_deref(), Some(Path::new("/t/b.wasm")));
        assert_eq!(component_in(""), None);
    }
}

//! `driftline plugin new`: a project that builds and passes its test.

mod files;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args as ClapArgs, ValueEnum};

use crate::cli::say;

/// Begin a plugin: a folder with a rule, its page and its test, which builds as it stands.
///
/// The rule counts words; change it to what you need. What a project needs of Driftline is copied into it, so it
/// works anywhere; for Rust the SDK is a dependency.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline plugin new --lang python toxicity\n  driftline plugin new --lang rust ../plugins/toxicity\n\nExit codes: 0; 3 the folder is there already or the name will not do."
)]
pub struct Args {
    /// The language.
    #[arg(short, long, value_enum)]
    lang: Language,
    /// The folder to make; its last part is the plugin's name: lower-case letters, digits and hyphens.
    #[arg(value_name = "NAME")]
    folder: PathBuf,
    /// For Rust: the folder of the crate `driftline-plugin`, instead of the repository of this release.
    #[arg(long, value_name = "FOLDER")]
    sdk: Option<PathBuf>,
}

/// A language that plugins are written in.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// The fastest and the smallest.
    Rust,
    /// For data scientists: 19 MB, and slower.
    Python,
    /// JavaScript or TypeScript.
    #[value(alias = "javascript", alias = "typescript", alias = "ts")]
    Js,
    /// As fast as Rust.
    C,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let name = name_of(&args.folder)?;
    if args.sdk.is_some() && args.lang != Language::Rust {
        bail!("--sdk is for Rust; the projects of other languages have the SDK copied in");
    }
    let sdk = match &args.sdk {
        Some(path) => {
            let path = fs::canonicalize(path).with_context(|| format!("--sdk {}", path.display()))?;
            format!("path = {:?}", path.to_str().context("--sdk: the folder's name is no UTF-8")?)
        }
        None => {
            format!("git = \"{}\", tag = \"v{}\"", env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"))
        }
    };
    write(&args.folder, args.lang, name, &sdk)?;
    let next = match args.lang {
        Language::Rust => "cargo test",
        Language::Python => "python3 -m unittest",
        Language::Js => "npm install && npm test",
        Language::C => "make test",
    };
    let folder = args.folder.display();
    say(|out| writeln!(out, "{folder} is there. Test it:\n  cd {folder} && {next}\nREADME.md says how it goes on."))?;
    Ok(0)
}

/// The name that a folder gives its plugin.
fn name_of(folder: &Path) -> anyhow::Result<&str> {
    let name = folder.file_name().and_then(|it| it.to_str()).unwrap_or_default();
    let fits = |it: &str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !name.starts_with(|it: char| it.is_ascii_lowercase()) || !name.split('-').all(fits) {
        bail!(
            "`{name}` will not do as a plugin's name; expected lower-case letters, digits and hyphens, as in `word-count`"
        );
    }
    Ok(name)
}

/// Writes a project; `sdk` is where Cargo finds the crate.
fn write(folder: &Path, language: Language, name: &str, sdk: &str) -> anyhow::Result<()> {
    if fs::read_dir(folder).is_ok_and(|mut it| it.next().is_some()) || folder.is_file() {
        bail!("{}: there is something already; name a folder that is not there", folder.display());
    }
    for (path, text) in files::of(language) {
        let path = folder.join(path);
        if let Some(above) = path.parent() {
            fs::create_dir_all(above).with_context(|| above.display().to_string())?;
        }
        match std::str::from_utf8(text) {
            Ok(text) => fs::write(&path, text.replace("{{name}}", name).replace("{{sdk}}", sdk)),
            Err(_) => fs::write(&path, text),
        }
        .with_context(|| path.display().to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_name_is_the_folders_and_must_do_as_one() {
        assert_eq!(name_of(Path::new("../a/word-count2")).unwrap(), "word-count2");
        for bad in ["", "..", "Words", "a--b", "-a", "a-", "2a", "a_b", "é"] {
            assert!(name_of(Path::new(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_project_is_whole_and_has_no_placeholder_left() {
        for &language in Language::value_variants() {
            let room = tempfile::tempdir().unwrap();
            let folder = room.path().join("word-count");
            write(&folder, language, "word-count", "path = \"x\"").unwrap();
            for (path, _) in files::of(language) {
                let bytes = fs::read(folder.join(path)).unwrap();
                if let Ok(text) = std::str::from_utf8(&bytes) {
                    assert!(!text.contains("{{name}}") && !text.contains("{{sdk}}"), "{language:?}: {path}");
                }
            }
            for path in ["README.md", "page.md", ".gitignore"] {
                assert!(folder.join(path).is_file(), "{language:?}: {path}");
            }
            let again = write(&folder, language, "word-count", "").unwrap_err().to_string();
            assert!(again.contains("there is something already"), "{again}");
        }
    }

    #[test]
    fn the_sdks_are_copied_whole() {
        let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
        // What the SDK's folder holds, and what of it is not for projects.
        let cases: [(Language, &str, &str, &[&str]); 3] = [
            (Language::Python, "sdk-python/driftline_plugin", "driftline_plugin/", &["__pycache__", ".mypy_cache"]),
            (Language::Js, "sdk-js", "vendor/driftline-plugin/", &["test", "node_modules", "package-lock.json"]),
            (Language::C, "sdk-c", "sdk/", &["bind.sh"]),
        ];
        for (language, from, to, without) in cases {
            let there: BTreeSet<_> =
                under(&plugins.join(from), without).into_iter().map(|it| format!("{to}{it}")).collect();
            let copied: BTreeSet<_> =
                files::of(language).map(|(path, _)| path.to_owned()).filter(|it| it.starts_with(to)).collect();
            assert_eq!(copied, there, "{language:?}");
        }
    }

    #[test]
    fn the_interface_is_the_one_of_wit() {
        let wit = include_bytes!("../../../../wit/v0.1/plugin.wit").as_slice();
        for (language, path) in [
            (Language::Python, "driftline_plugin/wit/plugin.wit"),
            (Language::Js, "vendor/driftline-plugin/wit/plugin.wit"),
        ] {
            let copied = files::of(language).find(|(it, _)| *it == path).map(|(_, text)| text);
            assert!(copied == Some(wit), "{path} is out of date: copy wit/v0.1/plugin.wit to the SDK");
        }
    }

    fn under(folder: &Path, without: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if without.contains(&name.as_str()) {
                continue;
            }
            if entry.path().is_dir() {
                found.extend(under(&entry.path(), without).into_iter().map(|it| format!("{name}/{it}")));
            } else {
                found.push(name);
            }
        }
        found
    }
}

//! Which interfaces a component names, read before anything is compiled.

use wasmparser::{Parser, Payload};

use super::v0_1::VERSION;

/// The interfaces that a component imports and exports, by their full names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interfaces {
    /// `driftline:plugin/logging@0.1.0`
    pub imports: Vec<String>,
    /// `driftline:plugin/about@0.1.0`
    pub exports: Vec<String>,
}

impl Interfaces {
    /// Whether an interface of ours is exported.
    pub fn has(&self, name: &str) -> bool {
        self.exports.iter().any(|it| own(it).is_some_and(|(interface, _)| interface == name))
    }

    /// The version of `driftline:plugin` that the component was built against.
    pub fn version(&self) -> Option<&str> {
        self.exports.iter().chain(&self.imports).find_map(|it| own(it).map(|(_, version)| version))
    }
}

/// The name and version of an interface of ours.
fn own(full: &str) -> Option<(&str, &str)> {
    let inside = full.strip_prefix("driftline:plugin/")?;
    Some(inside.split_once('@').unwrap_or((inside, "")))
}

/// Whether components of this version link: releases of 0.1 do, whatever the last number.
fn links(version: &str) -> bool {
    version.strip_prefix("0.1.").is_some_and(|it| it.bytes().all(|it| it.is_ascii_digit()))
}

/// Reads the names, and says all that stands in the way of running the component.
pub(super) fn read(binary: &[u8]) -> Result<Interfaces, Vec<String>> {
    if Parser::is_core_wasm(binary) {
        return Err(vec![
            "it is a core module, not a component: link it with `wasm-component-ld` (README of the SDK), or wrap it \
             with `wasm-tools component new`"
                .to_owned(),
        ]);
    }
    if !Parser::is_component(binary) {
        return Err(vec!["it is no WebAssembly component".to_owned()]);
    }
    let interfaces = names(binary).map_err(|it| vec![format!("it is damaged: {it}")])?;
    let mut wrong = Vec::new();
    wrong_versions(&interfaces, &mut wrong);
    wrong_imports(&interfaces, &mut wrong);
    if !interfaces.has("about") {
        wrong.push(format!("it exports no `driftline:plugin/about@{VERSION}`, in which a plugin says what it is"));
    }
    if !["record-check", "drift-test", "metric"].into_iter().any(|it| interfaces.has(it)) {
        wrong.push("it exports none of `record-check`, `drift-test` and `metric`, so it can do nothing".to_owned());
    }
    if wrong.is_empty() { Ok(interfaces) } else { Err(wrong) }
}

/// The names at the top; what is nested in modules and components is their own.
fn names(binary: &[u8]) -> Result<Interfaces, wasmparser::BinaryReaderError> {
    let (mut found, mut depth) = (Interfaces::default(), 0_usize);
    for payload in Parser::new(0).parse_all(binary) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                for it in section {
                    found.imports.push(it?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for it in section {
                    found.exports.push(it?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

fn wrong_versions(interfaces: &Interfaces, wrong: &mut Vec<String>) {
    let ours = interfaces.exports.iter().chain(&interfaces.imports).filter_map(|it| own(it));
    let mut versions: Vec<_> = ours.map(|(_, version)| version).filter(|it| !links(it)).collect();
    versions.dedup();
    for it in versions {
        let it = if it.is_empty() { "no version" } else { it };
        wrong.push(format!(
            "it is built against `driftline:plugin` {it}, and this host takes {VERSION}: build it again with \
             `wit/v0.1`, or use a host that takes {it}"
        ));
    }
}

fn wrong_imports(interfaces: &Interfaces, wrong: &mut Vec<String>) {
    let of_wasi: Vec<_> = interfaces.imports.iter().filter(|it| it.starts_with("wasi:")).map(String::as_str).collect();
    if !of_wasi.is_empty() {
        wrong.push(format!(
            "it imports {}, and a plugin gets no WASI. Build it without: Rust for `wasm32-unknown-unknown`; Python \
             with `componentize-py componentize --stub-wasi`; JavaScript with `jco componentize --backend quickjs \
             --backend-qjs-stub-wasi`; C with `wasm-component-ld --wasi-adapter none` and stubs for what libc calls",
            of_wasi.join(", ")
        ));
    }
    let known = |it: &str| own(it).is_some_and(|(name, _)| matches!(name, "logging" | "types"));
    for it in interfaces.imports.iter().filter(|it| !it.starts_with("wasi:") && !known(it)) {
        wrong.push(format!("it imports `{it}`; the host offers `driftline:plugin/logging@{VERSION}` and nothing else"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        read(&wat::parse_str(text).unwrap()).unwrap_err()
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let wrong = problems(
            r#"(component
                (import "wasi:cli/environment@0.2.0" (instance))
                (import "acme:kv/store@1.0.0" (instance))
                (import "driftline:plugin/logging@0.2.0" (instance)))"#,
        );
        let text = wrong.join("\n");
        for part in [
            "built against `driftline:plugin` 0.2.0, and this host takes 0.1.0",
            "imports wasi:cli/environment@0.2.0, and a plugin gets no WASI",
            "--stub-wasi",
            "imports `acme:kv/store@1.0.0`",
            "exports no `driftline:plugin/about@0.1.0`",
            "can do nothing",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert_eq!(wrong.len(), 5);
    }

    #[test]
    fn a_module_is_no_component() {
        assert!(problems("(module)")[0].contains("core module"));
        assert!(read(b"\0asm").unwrap_err()[0].contains("no WebAssembly component"));
    }

    #[test]
    fn later_patches_link_and_previews_do_not() {
        assert!(links("0.1.0") && links("0.1.7"));
        assert!(!links("0.2.0") && !links("0.1.0-rc.1") && !links("") && !links("0.10.0"));
    }
}

//! What a new project holds: a template, and the SDK of its language.

use super::Language;

/// A file of a project, and what it is made of, under `plugins/`.
macro_rules! file {
    ($to:literal, $from:literal) => {
        ($to, include_bytes!(concat!("../../../../../plugins/", $from)))
    };
}

type File = (&'static str, &'static [u8]);

/// The files of a language's project: path and text, with placeholders.
pub(super) fn of(language: Language) -> impl Iterator<Item = File> {
    let files: &[File] = match language {
        Language::Rust => RUST,
        Language::Python => PYTHON,
        Language::Js => JS,
        Language::C => C,
    };
    files.iter().copied()
}

const PYTHON: &[File] = &[
    file!(".gitignore", "templates/python/gitignore"),
    file!("page.md", "templates/shared/page.md"),
    file!("README.md", "templates/python/README.md"),
    file!("plugin.py", "templates/python/plugin.py"),
    file!("requirements.txt", "templates/python/requirements.txt"),
    file!("test_plugin.py", "templates/python/test_plugin.py"),
    file!("driftline_plugin/__init__.py", "sdk-python/driftline_plugin/__init__.py"),
    file!("driftline_plugin/__main__.py", "sdk-python/driftline_plugin/__main__.py"),
    file!("driftline_plugin/adapter.py", "sdk-python/driftline_plugin/adapter.py"),
    file!("driftline_plugin/build.py", "sdk-python/driftline_plugin/build.py"),
    file!("driftline_plugin/columns.py", "sdk-python/driftline_plugin/columns.py"),
    file!("driftline_plugin/errors.py", "sdk-python/driftline_plugin/errors.py"),
    file!("driftline_plugin/guest.py", "sdk-python/driftline_plugin/guest.py"),
    file!("driftline_plugin/params.py", "sdk-python/driftline_plugin/params.py"),
    file!("driftline_plugin/plugin.py", "sdk-python/driftline_plugin/plugin.py"),
    file!("driftline_plugin/py.typed", "sdk-python/driftline_plugin/py.typed"),
    file!("driftline_plugin/rules.py", "sdk-python/driftline_plugin/rules.py"),
    file!("driftline_plugin/sandbox.py", "sdk-python/driftline_plugin/sandbox.py"),
    file!("driftline_plugin/testing.py", "sdk-python/driftline_plugin/testing.py"),
    file!("driftline_plugin/wit/plugin.wit", "sdk-python/driftline_plugin/wit/plugin.wit"),
];

const JS: &[File] = &[
    file!(".gitignore", "templates/js/gitignore"),
    file!("page.md", "templates/shared/page.md"),
    file!("README.md", "templates/js/README.md"),
    file!("package.json", "templates/js/package.json"),
    file!("plugin.js", "templates/js/plugin.js"),
    file!("plugin.test.js", "templates/js/plugin.test.js"),
    file!("vendor/driftline-plugin/build.js", "sdk-js/build.js"),
    file!("vendor/driftline-plugin/columns.js", "sdk-js/columns.js"),
    file!("vendor/driftline-plugin/errors.js", "sdk-js/errors.js"),
    file!("vendor/driftline-plugin/index.d.ts", "sdk-js/index.d.ts"),
    file!("vendor/driftline-plugin/index.js", "sdk-js/index.js"),
    file!("vendor/driftline-plugin/package.json", "sdk-js/package.json"),
    file!("vendor/driftline-plugin/sandbox.js", "sdk-js/sandbox.js"),
    file!("vendor/driftline-plugin/testing.d.ts", "sdk-js/testing.d.ts"),
    file!("vendor/driftline-plugin/testing.js", "sdk-js/testing.js"),
    file!("vendor/driftline-plugin/utf8.js", "sdk-js/utf8.js"),
    file!("vendor/driftline-plugin/wit/plugin.wit", "sdk-js/wit/plugin.wit"),
];

const C: &[File] = &[
    file!(".gitignore", "templates/c/gitignore"),
    file!("page.md", "templates/shared/page.md"),
    file!("Makefile", "templates/c/Makefile"),
    file!("README.md", "templates/c/README.md"),
    file!("plugin.c", "templates/c/plugin.c"),
    file!("test_plugin.c", "templates/c/test_plugin.c"),
    file!("sdk/describe.h", "sdk-c/describe.h"),
    file!("sdk/drift_test.c", "sdk-c/drift_test.c"),
    file!("sdk/driftline_plugin.c", "sdk-c/driftline_plugin.c"),
    file!("sdk/driftline_plugin.h", "sdk-c/driftline_plugin.h"),
    file!("sdk/metric.c", "sdk-c/metric.c"),
    file!("sdk/plugin.mk", "sdk-c/plugin.mk"),
    file!("sdk/record_check.c", "sdk-c/record_check.c"),
    file!("sdk/testing.h", "sdk-c/testing.h"),
    file!("sdk/wasi.c", "sdk-c/wasi.c"),
    file!("sdk/bindings/drift-test/driftline.c", "sdk-c/bindings/drift-test/driftline.c"),
    file!("sdk/bindings/drift-test/driftline.h", "sdk-c/bindings/drift-test/driftline.h"),
    file!("sdk/bindings/drift-test/driftline_component_type.o", "sdk-c/bindings/drift-test/driftline_component_type.o"),
    file!("sdk/bindings/metric/driftline.c", "sdk-c/bindings/metric/driftline.c"),
    file!("sdk/bindings/metric/driftline.h", "sdk-c/bindings/metric/driftline.h"),
    file!("sdk/bindings/metric/driftline_component_type.o", "sdk-c/bindings/metric/driftline_component_type.o"),
    file!("sdk/bindings/record-check/driftline.c", "sdk-c/bindings/record-check/driftline.c"),
    file!("sdk/bindings/record-check/driftline.h", "sdk-c/bindings/record-check/driftline.h"),
    file!(
        "sdk/bindings/record-check/driftline_component_type.o",
        "sdk-c/bindings/record-check/driftline_component_type.o"
    ),
];

const RUST: &[File] = &[
    file!(".gitignore", "templates/rust/gitignore"),
    file!("page.md", "templates/shared/page.md"),
    file!("Cargo.toml", "templates/rust/Cargo.toml.template"),
    file!(".cargo/config.toml", "templates/rust/cargo-config.toml"),
    file!("README.md", "templates/rust/README.md"),
    file!("src/lib.rs", "templates/rust/src/lib.rs"),
];

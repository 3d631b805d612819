//! Small plugins for tests: a core module in text (`tests/guests/`) and the types of `wit/` make a component, without
//! any toolchain.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::format_push_string, clippy::format_collect, reason = "text that is put together once a test")]
#![allow(dead_code, reason = "not every test needs every guest")]

use std::fs;
use std::path::{Path, PathBuf};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// What a guest is made of.
#[derive(Clone, Debug)]
pub struct Guest {
    /// Files of `tests/guests/`, without ending.
    pub parts: Vec<&'static str>,
    /// More text of the module; a function here takes the place of a default one.
    pub more: String,
    /// What it says of itself.
    pub name: String,
    pub version: String,
    pub capabilities: Vec<Capability>,
    /// Interfaces that it exports beside `about`.
    pub interfaces: Vec<&'static str>,
    /// The version of the package that it claims to be built against.
    pub wit: &'static str,
    /// Lines that its world has besides: imports.
    pub world: &'static str,
}

/// A capability with one input that takes many numbers.
#[derive(Clone, Debug)]
pub struct Capability {
    pub id: &'static str,
    /// 0: record check; 1: drift test; 2: metric.
    pub kind: u8,
    pub schema: &'static str,
    pub outputs: Vec<&'static str>,
    pub mergeable: bool,
}

impl Capability {
    pub fn new(id: &'static str, kind: u8) -> Capability {
        let outputs = if kind == 2 { vec!["mean"] } else { Vec::new() };
        Capability { id, kind, schema: r#"{"type":"object"}"#, outputs, mergeable: true }
    }
}

impl Guest {
    fn new(name: &str, interface: &'static str, kind: u8, parts: &[&'static str]) -> Guest {
        let id = ["range", "shift", "mean"][usize::from(kind)];
        Guest {
            parts: parts.to_vec(),
            more: String::new(),
            name: name.to_owned(),
            version: "1.2.3".to_owned(),
            capabilities: vec![Capability::new(id, kind)],
            interfaces: vec![interface],
            wit: "0.1.0",
            world: "",
        }
    }

    /// A row check with the function `$check` out of this text.
    pub fn check(more: &str) -> Guest {
        Guest { more: more.to_owned(), ..Guest::new("evil", "record-check", 0, &[]) }
    }

    /// A row check that does what it should: numbers within 0 and 1.
    pub fn range() -> Guest {
        Guest::new("well-behaved", "record-check", 0, &["range"])
    }

    /// A metric that does what it should: the mean.
    pub fn mean() -> Guest {
        Guest::new("well-behaved", "metric", 2, &["summary", "sums", "save", "finish"])
    }

    /// A drift test that does what it should: the distance of two means.
    pub fn shift() -> Guest {
        Guest::new("well-behaved", "drift-test", 1, &["summary", "sums", "save", "compare"])
    }

    /// Without one of its parts, and with this text instead.
    pub fn instead(mut self, part: &str, more: &str) -> Guest {
        self.parts.retain(|it| *it != part);
        self.more.push_str(more);
        Guest { name: "evil".to_owned(), ..self }
    }

    /// The component.
    pub fn build(&self) -> Vec<u8> {
        let text = self.module();
        let mut module = wat::parse_str(&text).unwrap_or_else(|it| panic!("{it}\n{text}"));
        let wit = fs::read_to_string(root().join("wit/v0.1/plugin.wit"))
            .unwrap()
            .replace("@0.1.0;", &format!("@{};", self.wit));
        let exports: String = self.interfaces.iter().map(|it| format!("export {it};\n")).collect();
        let world = format!("{wit}\nworld guest {{ include common;\n{exports}{} }}", self.world);
        let mut resolve = Resolve::default();
        if self.world.contains("wasi:") {
            resolve
                .push_str("wasi.wit", "package wasi:cli@0.2.0; interface environment { get: func() -> string; }")
                .unwrap();
        }
        let package = resolve.push_str("plugin.wit", &world).unwrap();
        let world = resolve.select_world(&[package], Some("guest")).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default()
            .module(&module)
            .unwrap()
            .validate(true)
            .encode()
            .unwrap_or_else(|it| panic!("{it:?}\n{text}"))
    }

    fn module(&self) -> String {
        let part = |it: &str| fs::read_to_string(root().join(format!("tests/guests/{it}.wat"))).unwrap();
        let body: String = self.parts.iter().map(|it| part(it)).chain([self.more.clone()]).collect();
        let has = |name: &str| body.contains(&format!("(func ${name} "));
        let (mut imports, mut functions) = (String::new(), String::new());
        for interface in &self.interfaces {
            let full = format!("driftline:plugin/{interface}@{}", self.wit);
            let (resource, methods): (_, &[&str]) = match *interface {
                "record-check" => ("checker", &["check"]),
                "drift-test" => ("summary", &["observe", "merge", "save", "rows"]),
                _ => ("accumulator", &["observe", "merge", "save", "rows", "finish"]),
            };
            imports += &format!(
                "(import \"[export]{full}\" \"[resource-new]{resource}\" (func $new_{resource} (param i32) (result i32)))\n"
            );
            let open = if has("open") {
                "(return (call $open (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)))"
            } else {
                ""
            };
            functions += &format!(
                "(func (export \"{full}#[static]{resource}.open\") (param i32 i32 i32 i32 i32 i32) (result i32)\n\
                 {open} (call $ok (call $new_{resource} (call $place))))\n\
                 (export \"cabi_post_{full}#[static]{resource}.open\" (func $done))\n"
            );
            for method in methods {
                functions += &format!("(export \"{full}#[method]{resource}.{method}\" (func ${method}))\n");
                if *method != "rows" {
                    functions += &format!("(export \"cabi_post_{full}#[method]{resource}.{method}\" (func $done))\n");
                }
            }
            if *interface == "drift-test" {
                functions += &format!(
                    "(export \"{full}#compare\" (func $compare))\n(export \"cabi_post_{full}#compare\" (func $done))\n"
                );
            }
        }
        if self.world.contains("wasi:") {
            imports += "(import \"wasi:cli/environment@0.2.0\" \"get\" (func (param i32)))\n";
        }
        if body.contains("$log") {
            imports += &format!(
                "(import \"driftline:plugin/logging@{}\" \"log\" (func $log (param i32 i32 i32)))\n",
                self.wit
            );
        }
        let (describe, image) = self.descriptor();
        let about = format!("driftline:plugin/about@{}#describe", self.wit);
        let describe = if has("describe") {
            format!("(export \"{about}\" (func $describe))")
        } else {
            format!("(func (export \"{about}\") (result i32) (i32.const {describe}))")
        };
        let data: String = image.iter().map(|it| format!("\\{it:02x}")).collect();
        format!(
            "(module\n{imports}{}{body}{functions}{describe}\n(data (i32.const {BASE}) \"{data}\"))",
            part("prelude")
        )
    }

    /// The address of the descriptor, and the bytes from [`BASE`] on that hold it and all it points to.
    fn descriptor(&self) -> (u32, Vec<u8>) {
        let mut image = Image(Vec::new());
        let page = "# well-behaved\n\nExpects numbers within 0 and 1.\n";
        let mut capabilities = Vec::new();
        for it in &self.capabilities {
            let mut input = image.text("value").to_vec();
            let accepts = image.put(&[0]);
            input.extend([accepts, 1, 0x0101]);
            input.extend(image.text("what is looked at"));
            let inputs = image.words(&input);
            let mut outputs = Vec::new();
            for name in &it.outputs {
                outputs.extend(image.text(name));
                outputs.extend([0, 0, 0]);
                outputs.extend(image.text("a measurement"));
            }
            let n_outputs = it.outputs.len() as u32;
            let outputs = image.words(&outputs);
            capabilities.extend(image.text(it.id));
            capabilities.push(u32::from(it.kind));
            capabilities.extend(image.text("numbers within 0 and 1"));
            capabilities.extend(image.text(it.schema));
            capabilities.extend([inputs, 1, outputs, n_outputs, 1, u32::from(it.mergeable)]);
        }
        let n = self.capabilities.len() as u32;
        let capabilities = image.words(&capabilities);
        let texts = [&*self.name, &*self.version, "A guest for tests.", page].map(|it| image.text(it));
        let mut descriptor = texts.concat();
        descriptor.extend([capabilities, n]);
        (image.words(&descriptor), image.0)
    }
}

/// Where the descriptor begins in the guest's memory.
const BASE: u32 = 0x8000;

/// Bytes of a memory while they are put together.
struct Image(Vec<u8>);

impl Image {
    fn put(&mut self, bytes: &[u8]) -> u32 {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        let at = BASE + self.0.len() as u32;
        self.0.extend(bytes);
        at
    }

    fn text(&mut self, text: &str) -> [u32; 2] {
        [self.put(text.as_bytes()), text.len() as u32]
    }

    fn words(&mut self, words: &[u32]) -> u32 {
        let bytes: Vec<_> = words.iter().flat_map(|it| it.to_le_bytes()).collect();
        self.put(&bytes)
    }
}

/// The repository, from the package whose test this is.
fn root() -> PathBuf {
    let mut at = Path::new(env!("CARGO_MANIFEST_DIR")).to_owned();
    while !at.join("wit").is_dir() {
        assert!(at.pop(), "there is no `wit` above the package");
    }
    at
}

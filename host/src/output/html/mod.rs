//! Pages that people open in a browser, from a disk or a mail: one file that asks nothing of the network.
//!
//! Everything that comes from data is escaped by the templates, and control characters and marks that turn the direction
//! of text are written out; a policy in the page forbids scripts, and all that lies elsewhere.

pub mod check;
pub mod tables;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, Value, escape_formatter};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::plots::numbers::{percent, short};
use super::words::{number, whole};

/// The style of all pages.
const STYLE: &str = include_str!("style.css");

/// Text that is HTML already, such as a plot.
#[derive(Clone, Debug, Serialize)]
pub struct Html(Value);

impl Html {
    /// Of text in which everything from data was escaped.
    pub fn new(text: String) -> Self {
        Html(Value::from_safe_string(text))
    }
}

/// What a page may load: its own style, which is named by its hash, and nothing else.
pub fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'")
}

/// A whole page: a title and what is within its body, by a template and what it shows.
pub fn page(title: &str, template: &str, shown: impl Serialize) -> Result<String, String> {
    let body = Html::new(render("body", template, shown)?);
    let mut all = BTreeMap::from([
        ("policy", Value::from(policy())),
        ("style", Value::from_safe_string(STYLE.to_owned())),
        ("title", Value::from(title)),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
    ]);
    all.insert("body", body.0);
    render("page", include_str!("page.html"), all)
}

/// Fills a template in.
pub fn render(name: &str, template: &str, shown: impl Serialize) -> Result<String, String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_formatter(|out, state: &State, value: &Value| match value.as_str() {
        Some(text) if !value.is_safe() => escape_formatter(out, state, &Value::from(whole(text))),
        _ => escape_formatter(out, state, value),
    });
    environment.add_filter("n", |it: Value| counted(&it));
    environment.add_filter("short", |it: Value| f64::try_from(it).map_or_else(|_| String::new(), short));
    environment.add_filter("percent", |it: Value| f64::try_from(it).map_or_else(|_| String::new(), percent));
    environment.add_filter("when", |it: Value| it.as_str().map(when).unwrap_or_default());
    environment.add_filter("json", |it: Value| json(&it));
    environment.add_filter("words", |it: String| it.replace('_', " "));
    environment.add_filter("s", |it: Value| if i64::try_from(it).is_ok_and(|it| it == 1) { "" } else { "s" });
    environment.add_template(name, template).map_err(|it| it.to_string())?;
    let template = environment.get_template(name).map_err(|it| it.to_string())?;
    template.render(Value::from_serialize(&shown)).map_err(|it| format!("{it:#}"))
}

/// A count with its thousands apart.
fn counted(it: &Value) -> Result<String, Error> {
    let count = u64::try_from(it.clone()).or_else(|_| i64::try_from(it.clone()).map(i64::unsigned_abs));
    count.map(number).map_err(|_| Error::new(ErrorKind::InvalidOperation, "this is no count"))
}

/// A value as JSON in one line: a text without its quotes, a fraction with its first digits.
fn json(it: &Value) -> String {
    match it.as_str() {
        Some(text) => text.to_owned(),
        None if it.is_number() && !it.is_integer() => f64::try_from(it.clone()).map_or_else(|_| String::new(), short),
        None => serde_json::to_string(it).unwrap_or_default(),
    }
}

/// A time of RFC 3339 in UTC as people read it: `2026-07-01 12:08`, with seconds where it has some.
pub fn when(it: &str) -> String {
    let Some((day, clock)) = it.split_once('T') else { return it.to_owned() };
    let clock = clock.trim_end_matches('Z');
    let clock = clock.split_once('.').map_or(clock, |it| it.0);
    let clock = clock.strip_suffix(":00").filter(|it| it.contains(':')).unwrap_or(clock);
    format!("{day} {clock}")
}

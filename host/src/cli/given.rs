//! What the commands share that know drift tests and detectors: `--param name=value`, and what is told of bad input.

use anyhow::bail;
use serde_json::{Map, Value};

use super::complain;
use crate::passes::Pass;

/// Parameters by name. A value is read as JSON where it is that (`0.05`, `true`, `null`), else it is a word.
pub fn params(given: &[String]) -> anyhow::Result<Map<String, Value>> {
    let mut out = Map::new();
    for it in given {
        let Some((name, value)) = it.split_once('=') else {
            bail!("`--param {it}` must be NAME=VALUE, such as `--param alpha=0.01`");
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        if out.insert(name.trim().to_owned(), value).is_some() {
            bail!("the parameter `{}` is given twice", name.trim());
        }
    }
    Ok(out)
}

/// Tells of files and records that could not be read.
pub fn tell<T>(pass: &Pass<T>) {
    for fault in &pass.faults {
        complain(format_args!("error: {fault}"));
    }
    if let Some(it) = &pass.broken {
        let n = pass.unreadable;
        complain(format_args!(
            "warning: {n} records could not be read; the first: {}:{}: {}",
            it.file, it.line, it.reason
        ));
    }
}

//! Labels from bodies and files, whatever their format.

use std::io::Cursor;

use super::labels::{Label, read};
use super::version::Version;
use crate::files::csv::Nulls;
use crate::files::{self, Format, Input};
use crate::passes::{Pass, each_record};

/// The labels that could be read, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Gathered {
    /// In their order.
    pub labels: Vec<Label>,
    /// The first problems.
    pub problems: Vec<String>,
    /// How many could not be read.
    pub refused: u64,
}

/// Problems that are told.
const TOLD: usize = 20;

impl Gathered {
    fn refuse(&mut self, why: impl FnOnce() -> String) {
        self.refused += 1;
        if self.problems.len() < TOLD {
            self.problems.push(why());
        }
    }
}

/// Reads the labels of a body, of at most `most` bytes each.
pub fn gather(version: &Version, bytes: Vec<u8>, format: Format, most: usize) -> Result<Gathered, String> {
    let input = Input::kept("body", Box::new(Cursor::new(bytes))).map_err(|it| it.to_string())?;
    let options = files::Options { format: Some(format), max_record: most, ..files::Options::default() };
    gather_all(version, &[input], &options)
}

/// Reads the labels of some inputs. An error says which of them cannot be read.
pub fn gather_all(version: &Version, inputs: &[Input], options: &files::Options) -> Result<Gathered, String> {
    let pass = each_record(inputs, options, &Nulls::default(), Gathered::default, |gathered, row, record| {
        match read(version, record) {
            Ok(label) => gathered.labels.push(label),
            Err(why) => gathered.refuse(|| format!("label {row}: {why}")),
        }
    });
    let Pass { mut seen, unreadable, broken, faults, .. } = pass;
    if let Some(fault) = faults.first() {
        return Err(fault.to_string());
    }
    if let Some(broken) = broken {
        seen.refuse(|| format!("line {}: {}", broken.line, broken.reason));
        seen.refused += unreadable.saturating_sub(1);
    }
    Ok(seen)
}

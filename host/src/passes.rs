//! One pass over files, record by record and in order, whatever the format.

use std::sync::Arc;

use driftline_rules::plan::{self, Plan};
use driftline_rules::suite;
use driftline_rules::value::Value;

use crate::files::csv::{Kinds, Nulls, Widen};
use crate::files::{self, Broken, Fault, Format, Input, Source};
use crate::records::{Record, Records, Stop};

/// What a pass found.
pub struct Pass<T> {
    /// What the records were folded into.
    pub seen: T,
    /// Records that could be read.
    pub records: u64,
    /// Records that could not.
    pub unreadable: u64,
    /// The first of these.
    pub broken: Option<Broken>,
    /// Files that could not be read, or not to their end.
    pub faults: Vec<Fault>,
}

/// Gives every record to `take`, whole, with its number from 0. It begins anew, with what `begin` makes, when an
/// undeclared CSV column turns out to be of a wider kind.
pub fn each_record<T>(
    inputs: &[Input],
    options: &files::Options,
    nulls: &Nulls,
    begin: impl Fn() -> T,
    mut take: impl FnMut(&mut T, u64, &Value),
) -> Pass<T> {
    // A plan that reads nothing but the whole record.
    let (suite, _) = suite::read("[{ field: $, not_null: {} }]");
    let (plan, _) = plan::compile(&suite, &plan::Options::default());
    let mut kinds = Kinds::default();
    loop {
        let pass = Pass { seen: begin(), records: 0, unreadable: 0, broken: None, faults: Vec::new() };
        match attempt(&plan, inputs, options, nulls, &mut kinds, pass, &mut take) {
            Ok(pass) => return pass,
            // Kinds only ever widen, so this ends.
            Err(widen) => {
                kinds.widen(&widen);
            }
        }
    }
}

fn attempt<T>(
    plan: &Plan,
    inputs: &[Input],
    options: &files::Options,
    nulls: &Nulls,
    kinds: &mut Kinds,
    mut pass: Pass<T>,
    take: &mut impl FnMut(&mut T, u64, &Value),
) -> Result<Pass<T>, Vec<Widen>> {
    let mut records = Records::new(plan, Arc::new(kinds.clone()), nulls.clone());
    let mut file = usize::MAX;
    for chunk in Source::new(inputs.to_vec(), options.clone()) {
        let chunk = match chunk {
            Ok(it) => it,
            Err(fault) => {
                pass.faults.push(fault);
                continue;
            }
        };
        if chunk.file.index != file {
            file = chunk.file.index;
            if chunk.file.format() == Format::Csv {
                let names = chunk.file.columns().unwrap_or_default();
                let all: Vec<_> = names.into_iter().map(|it| (it, None)).collect();
                kinds.learn(&chunk, &all, nulls);
                records.know(&Arc::new(kinds.clone()));
            }
        }
        let went = records.each(&chunk, &mut |record| match record {
            Record::Read { row, cells, .. } => {
                if let Some(record) = cells.first() {
                    pass.records += 1;
                    take(&mut pass.seen, row, record);
                }
            }
            Record::Broken(it) => {
                pass.unreadable += 1;
                pass.broken.get_or_insert(it);
            }
        });
        match went {
            Ok(()) => {}
            Err(Stop::Fault(fault)) => pass.faults.push(fault),
            Err(Stop::Widen(widen)) => return Err(widen),
        }
    }
    Ok(pass)
}

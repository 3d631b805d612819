//! One pass over files for a profile: whole records, whatever the format.

use std::sync::Arc;

use driftline_rules::plan::{self, Plan};
use driftline_rules::suite;

use super::profile::Profile;
use crate::files::csv::{Kinds, Nulls, Widen};
use crate::files::{self, Broken, Fault, Format, Input, Source};
use crate::records::{Record, Records, Stop};

/// What a pass found.
pub struct Pass {
    /// The fields.
    pub profile: Profile,
    /// The first record that could not be read.
    pub broken: Option<Broken>,
    /// Files that could not be read, or not to their end.
    pub faults: Vec<Fault>,
}

/// Goes through all inputs, in order; starts again when an undeclared CSV column turns out to be of a wider kind.
pub fn profile(inputs: &[Input], options: &files::Options, nulls: &Nulls) -> Pass {
    // A plan that reads nothing but the whole record.
    let (suite, _) = suite::read("[{ field: $, not_null: {} }]");
    let (plan, _) = plan::compile(&suite, &plan::Options::default());
    let mut kinds = Kinds::default();
    loop {
        match attempt(&plan, inputs, options, nulls, &mut kinds) {
            Ok(pass) => return pass,
            Err(widen) => {
                // Kinds only ever widen, so this ends.
                kinds.widen(&widen);
            }
        }
    }
}

fn attempt(
    plan: &Plan,
    inputs: &[Input],
    options: &files::Options,
    nulls: &Nulls,
    kinds: &mut Kinds,
) -> Result<Pass, Vec<Widen>> {
    let mut pass = Pass { profile: Profile::default(), broken: None, faults: Vec::new() };
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
        let Pass { profile, broken, .. } = &mut pass;
        let went = records.each(&chunk, &mut |record| match record {
            Record::Read { row, cells, .. } => {
                if let Some(record) = cells.first() {
                    profile.add(record, row);
                }
            }
            Record::Broken(it) => {
                profile.unreadable += 1;
                broken.get_or_insert(it);
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

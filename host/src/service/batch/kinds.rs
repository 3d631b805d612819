//! What the columns of a batch hold, where its format does not say.

use std::sync::Arc;

use super::{Batch, CHUNK};
use crate::files::csv::{Kinds, Nulls};
use crate::files::{self, Format, Input, Source};
use crate::records::{Records, Stop, wanted};

impl Batch {
    /// The chunks of the body.
    pub(super) fn source(&self, input: &Input) -> Source {
        let options = files::Options {
            format: Some(self.format),
            max_record: self.limits.record,
            chunk: CHUNK,
            ..files::Options::default()
        };
        Source::new(vec![input.clone()], options)
    }

    /// What undeclared CSV columns hold, found from all of them: verdicts that were sent cannot be taken back.
    pub(super) fn kinds(&self, input: &Input) -> Result<Kinds, String> {
        let mut kinds = Kinds::default();
        if self.format != Format::Csv {
            return Ok(kinds);
        }
        let plan = &self.version.loaded.plan;
        let columns = wanted(plan);
        input.hold();
        'again: loop {
            let mut reader: Option<Records> = None;
            let mut bytes = 0;
            for chunk in self.source(input) {
                let chunk = chunk.map_err(|it| it.to_string())?;
                bytes += chunk.size();
                if bytes > self.limits.body {
                    // The pass that answers says so.
                    return Ok(kinds);
                }
                let reader = reader.get_or_insert_with(|| {
                    kinds.learn(&chunk, &columns, &Nulls::default());
                    Records::new(plan, Arc::new(kinds.clone()), Nulls::default())
                });
                match reader.each(&chunk, &mut |_| {}) {
                    Ok(()) | Err(Stop::Fault(_)) => {}
                    Err(Stop::Widen(widen)) => {
                        // Kinds only ever widen, so this ends.
                        kinds.widen(&widen);
                        continue 'again;
                    }
                }
            }
            return Ok(kinds);
        }
    }
}

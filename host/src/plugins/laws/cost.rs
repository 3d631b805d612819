//! What a call costs, a record, beside a native rule that does next to nothing.

use std::hint::black_box;
use std::time::Instant;

use driftline_rules::plugin::{Batch, Column, Context, Opened, Plugin, Task};

use super::data::{self, Dice};
use super::{bindings, params};

/// The time of a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Records in a batch.
    pub rows: u32,
    /// Nanoseconds a record in the plugin: a check, or taking in what is observed and saving the state.
    pub plugin: f64,
    /// Nanoseconds a record in a native rule that looks at each column once.
    pub native: f64,
}

/// Measures each capability on batches of 1, 100 and 1,000 records, the best of `passes`; the error says why one
/// could not be measured.
pub fn measure(plugin: &dyn Plugin, passes: u32) -> Vec<(String, Result<Vec<Cost>, String>)> {
    let of = |it: &driftline_rules::plugin::Capability| {
        let params = params::fitting(&it.params)?.to_string();
        let opened = Opened { capability: it.id.clone(), params, columns: bindings(it) };
        [1, 100, 1_000].into_iter().map(|rows| cost(plugin, it.task, &opened, rows, passes)).collect()
    };
    plugin.about().capabilities.iter().map(|it| (it.id.clone(), of(it))).collect()
}

fn cost(plugin: &dyn Plugin, task: Task, opened: &Opened, rows: u32, passes: u32) -> Result<Cost, String> {
    let batch = data::batch(&opened.columns, rows, &mut Dice::new(1));
    let context = Context::default();
    let mut call: Box<dyn FnMut() -> Result<(), String>> = if task == Task::RecordCheck {
        let checker = plugin.checker(opened).map_err(|it| it.to_string())?;
        let batch = batch.clone();
        Box::new(move || checker.check(&context, &batch, 0).map(|it| drop(black_box(it))).map_err(|it| it.to_string()))
    } else {
        let summarizer = plugin.summarizer(opened).map_err(|it| it.to_string())?;
        let batch = batch.clone();
        Box::new(move || summarizer.observe(None, &batch).map(|it| drop(black_box(it))).map_err(|it| it.to_string()))
    };
    let mut best = Cost { rows, plugin: f64::INFINITY, native: f64::INFINITY };
    // Some calls in a row, so that the clock's own time does not count.
    let calls = (1_000 / rows).clamp(1, 100);
    for _ in 0..passes {
        let started = Instant::now();
        for _ in 0..calls {
            call()?;
        }
        best.plugin = best.plugin.min(nanoseconds(started, calls, rows));
        let started = Instant::now();
        for _ in 0..calls {
            black_box(native(black_box(&batch)));
        }
        best.native = best.native.min(nanoseconds(started, calls, rows));
    }
    Ok(best)
}

fn nanoseconds(since: Instant, calls: u32, rows: u32) -> f64 {
    since.elapsed().as_secs_f64() * 1e9 / f64::from(calls * rows)
}

/// All records pass that hold a value in some column.
fn native(batch: &Batch) -> Vec<u8> {
    let mut passed = vec![0; batch.rows.div_ceil(8) as usize];
    for Column { validity, .. } in &batch.columns {
        for (i, it) in passed.iter_mut().enumerate() {
            *it |= validity.as_ref().map_or(0xff, |bits| bits[i]);
        }
    }
    passed
}

//! One pass over files with a plan: a reader thread cuts, workers check and fold, the parts are merged.
//!
//! The answer does not depend on the number of workers, the size of the chunks or how the records
//! are spread over files: rows are numbered before they are handed out, and windows add up exactly.

pub mod signalling;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use driftline_rules::plan::Plan;
use driftline_rules::run::Fold;
use driftline_rules::samples::Keep;
use driftline_rules::segments::{Segment, Segmented};
use driftline_rules::signal::Board;
use driftline_rules::time::Timestamp;

use crate::files::csv::{Kinds, Nulls, Widen};
use crate::files::{self, Broken, Chunk, Fault, FileInfo, Format, Input, Source};
use crate::places::{Jumps, Places};
use crate::records::{Record, Records, Stop, wanted};
use signalling::Signalling;

/// How files are gone through.
pub struct Options<'o> {
    /// How they are read.
    pub files: files::Options,
    /// What means null in CSV.
    pub nulls: Nulls,
    /// Workers.
    pub threads: usize,
    /// How many failed records are kept.
    pub keep: Keep,
    /// The time of checking.
    pub now: Timestamp,
    /// Whether the suite's signals are wanted.
    pub signals: bool,
    /// Told of the bytes or rows of each chunk that was handed out.
    pub progress: &'o (dyn Fn(u64) + Sync),
}

/// What was found.
pub struct Scanned {
    /// Counts, summaries, and the first failed records.
    pub fold: Fold,
    /// The same of each segment, if the plan has any.
    pub segments: Vec<Segment>,
    /// The files that were opened.
    pub files: Vec<Arc<FileInfo>>,
    /// Files that could not be read, or not to their end.
    pub faults: Vec<Fault>,
    /// The first records that could not be read.
    pub broken: Vec<Broken>,
    /// Where rows stand.
    pub places: Places,
    /// What is known of undeclared CSV columns.
    pub kinds: Arc<Kinds>,
    /// What the records add to the suite's signals.
    pub signals: Board,
}

/// Goes through all inputs. Starts again, with wider types, when an undeclared CSV column turns out
/// to hold what its first records did not show.
pub fn scan(plan: &Plan, inputs: &[Input], options: &Options) -> Scanned {
    let mut kinds = Kinds::default();
    loop {
        match attempt(plan, inputs, options, &mut kinds) {
            Ok(scanned) => return scanned,
            Err(widen) => {
                // Kinds only ever widen, so this ends.
                kinds.widen(&widen);
            }
        }
    }
}

/// A chunk and what is known of the columns when it was cut.
type Job = (Chunk, Arc<Kinds>);

fn attempt(plan: &Plan, inputs: &[Input], options: &Options, kinds: &mut Kinds) -> Result<Scanned, Vec<Widen>> {
    // What cannot be merged must be seen by one worker.
    let threads = if plan.is_mergeable() { options.threads } else { 1 };
    let (sender, receiver) = sync_channel::<Job>(threads * 2);
    let receiver = Mutex::new(receiver);
    let stop = AtomicBool::new(false);
    let mut source = Source::new(inputs.to_vec(), options.files.clone());
    let (mut faults, mut places) = (Vec::new(), Places::default());
    let parts: Vec<Part> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(plan, options, &receiver, &stop))).collect();
        hand_out(plan, options, &mut source, kinds, &sender, &stop, &mut places, &mut faults);
        drop(sender);
        workers.into_iter().filter_map(|it| it.join().ok()).collect()
    });
    // The first part takes the others up, for it may be large.
    let mut sum: Option<Segmented> = None;
    let mut signals = Board::new(&plan.signals);
    let (mut broken, mut widen) = (Vec::new(), Vec::new());
    for part in parts {
        if let Some(it) = part.signals {
            signals.take_up(&it.board);
        }
        match &mut sum {
            Some(sum) => sum.merge(part.found),
            None => sum = Some(part.found),
        }
        broken.extend(part.broken);
        widen.extend(part.widen);
        faults.extend(part.faults);
        places.add_jumps(part.jumps);
    }
    if !widen.is_empty() {
        return Err(widen);
    }
    let (mut fold, segments) = sum.unwrap_or_else(|| Segmented::new(plan, options.keep)).finish(plan);
    for file in source.files() {
        for (place, name) in file.columns().unwrap_or_default().iter().enumerate() {
            fold.window.columns.see(name, 0, place as u32);
        }
    }
    fold.window.settle(&|n, work| spread(options.threads, n, work));
    broken.sort_by_key(|it: &Broken| it.row);
    broken.truncate(options.keep.values);
    faults.sort_by_key(|it| source.files().iter().position(|file| file.name == it.file));
    let files = source.files().to_vec();
    Ok(Scanned { fold, segments, files, faults, broken, places, kinds: Arc::new(kinds.clone()), signals })
}

/// Does `work` for each number below `n`, on so many threads.
pub fn spread(threads: usize, n: usize, work: &(dyn Fn(usize) + Sync)) {
    let next = AtomicUsize::new(0);
    let some = || {
        while let at = next.fetch_add(1, Ordering::Relaxed)
            && at < n
        {
            work(at);
        }
    };
    thread::scope(|scope| {
        (1..threads.min(n)).for_each(|_| {
            scope.spawn(some);
        });
        some();
    });
}

#[allow(clippy::too_many_arguments)]
fn hand_out(
    plan: &Plan,
    options: &Options,
    source: &mut Source,
    kinds: &mut Kinds,
    sender: &SyncSender<Job>,
    stop: &AtomicBool,
    places: &mut Places,
    faults: &mut Vec<Fault>,
) {
    let wanted = wanted(plan);
    let mut shared = Arc::new(kinds.clone());
    let mut file = usize::MAX;
    for chunk in source {
        let chunk = match chunk {
            Ok(it) => it,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        if chunk.file.index != file {
            file = chunk.file.index;
            if chunk.file.format() == Format::Csv {
                kinds.learn(&chunk, &wanted, &options.nulls);
                shared = Arc::new(kinds.clone());
            }
        }
        places.add_chunk(&chunk);
        (options.progress)(chunk.weight());
        if stop.load(Ordering::Relaxed) || sender.send((chunk, Arc::clone(&shared))).is_err() {
            return;
        }
    }
}

/// What one worker found.
struct Part {
    found: Segmented,
    broken: Vec<Broken>,
    widen: Vec<Widen>,
    faults: Vec<Fault>,
    /// Where records do not stand line by line, by the first row of their chunk.
    jumps: Vec<(u64, Jumps)>,
    signals: Option<Signalling>,
}

fn work(plan: &Plan, options: &Options, receiver: &Mutex<Receiver<Job>>, stop: &AtomicBool) -> Part {
    let mut part = Part {
        found: Segmented::new(plan, options.keep),
        broken: Vec::new(),
        widen: Vec::new(),
        faults: Vec::new(),
        jumps: Vec::new(),
        signals: (options.signals && !plan.signals.is_empty()).then(|| Signalling::new(plan)),
    };
    let mut records: Option<Records> = None;
    loop {
        let job = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((chunk, kinds)) = job else { break };
        let reader = records.get_or_insert_with(|| Records::new(plan, Arc::clone(&kinds), options.nulls.clone()));
        reader.know(&kinds);
        let mut jumps = Jumps::new(chunk.first_line);
        let Part { found, broken, signals, .. } = &mut part;
        let went = reader.each(&chunk, &mut |record| match record {
            Record::Read { row, line, cells, .. } => {
                let is_wanted = found.check(plan, cells, row, options.now);
                if let Some(it) = signals.as_mut().filter(|_| is_wanted) {
                    it.record(plan, found, cells, row, options.now);
                }
                jumps.note(line);
            }
            Record::Broken(it) => {
                found.unreadable(&it.reason, it.row);
                if let Some(signals) = signals {
                    signals.unreadable(plan, it.row, options.now);
                }
                jumps.note(it.line);
                if broken.len() < options.keep.values {
                    broken.push(it);
                }
            }
        });
        found.flush();
        if jumps.is_needed() {
            part.jumps.push((chunk.first_row, jumps));
        }
        match went {
            Ok(()) => {}
            Err(Stop::Fault(fault)) => part.faults.push(fault),
            Err(Stop::Widen(widen)) => {
                part.widen.extend(widen);
                stop.store(true, Ordering::Relaxed);
                break;
            }
        }
    }
    if let Some(reader) = &records {
        for (name, row, place) in reader.json_columns() {
            part.found.total.window.columns.see(name, row, place as u32);
        }
    }
    part
}

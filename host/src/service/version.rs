//! A version of a suite at work: its plan, what results call it, and the workers that check with it.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use driftline_rules::kind::Check;
use driftline_rules::plan::Split;
use driftline_rules::record::{Limits, Reader};
use driftline_rules::report::{Outcome, Severity, Tally};
use driftline_rules::run::{self, Explanation, Fold};
use driftline_rules::signal::Noted;
use driftline_rules::suite::Telling;
use driftline_rules::value::Value;

use super::place::Place;
use super::privacy::Privacy;
use super::segments;
use super::signals::Noting;
use super::windows::Keeping;
use crate::intake::entry::{CheckNote, FailureNote, Mark, Marks, PlanNote, PredictionNote, WindowNote, WindowsNote};
use crate::store::rows::{Labels, Micros, Verdict};
use crate::suites::Loaded;
use crate::telemetry::{self, Span};

/// What the service decides for every suite.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What may be told of values where the suite does not say.
    pub telling: Telling,
    /// The key of hashes.
    pub privacy_key: Vec<u8>,
    /// Why no suite may hash values, if none may.
    pub no_hashes: Option<String>,
    /// How deep records may nest.
    pub depth: usize,
    /// Values that a window keeps exactly of a field.
    pub exact_values: usize,
    /// Segments that are kept apart of a version, whatever its suite says.
    pub segments: usize,
    /// How late records may come where the suite does not say.
    pub patience: Micros,
    /// How far the time of a record may lie in the future.
    pub ahead: Micros,
}

/// A suite that has no problem.
#[derive(Debug)]
pub struct Version {
    /// The name it is asked for by.
    pub name: String,
    /// Its content hash.
    pub hash: String,
    /// The suite.
    pub loaded: Loaded,
    /// What results call it.
    pub note: Arc<PlanNote>,
    /// What may be told of values.
    pub privacy: Privacy,
    /// What of values its windows keep.
    pub keeping: Keeping,
    /// What of values its signals tell.
    pub noting: Noting,
    /// How far the time of a record may lie in the future.
    pub ahead: Micros,
    /// What a record may be.
    pub limits: Limits,
    /// Whether the last labels that came were all new, as the next are then guessed to be.
    pub labels_are_new: AtomicBool,
    idle: Mutex<Vec<Worker>>,
}

/// What a thread needs to check single records: kept from request to request, since the reader learns
/// the order of members.
#[derive(Debug)]
struct Worker {
    reader: Reader,
    fold: Fold,
}

/// How one record fared.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The worst of what it failed.
    pub verdict: Verdict,
    /// Whether it could not be read.
    pub unreadable: bool,
    /// By expectation.
    pub marks: Marks,
    /// What it failed, in the order of the plan; ordinals from 0, of record 0.
    pub failures: Vec<FailureNote>,
    /// What it adds to a window.
    pub window: Option<WindowNote>,
    /// What is kept of it so that a label can be joined.
    pub prediction: Option<Box<PredictionNote>>,
    /// The rules of plugins that could not judge it.
    pub errors: Vec<FailureNote>,
    /// What it adds to the signals of its suite.
    pub noted: Noted,
    /// Its id.
    pub record_id: Option<String>,
    /// The trace that it says it was part of, 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// Model, version and segment.
    pub labels: Labels,
}

/// Which record a failure is of.
#[derive(Clone, Debug, Default)]
pub struct Who {
    /// Its id, as far as it may be told.
    pub record_id: Option<String>,
    /// The trace that it says it was part of.
    pub trace_id: Option<String>,
    /// Model, version and segment.
    pub labels: Labels,
}

impl Version {
    /// A version of the suite called `name`.
    pub fn new(name: &str, loaded: Loaded, settings: &Settings) -> Self {
        let hash = loaded.hash();
        let checks = loaded.plan.expectations.iter().enumerate().map(|(i, it)| CheckNote {
            title: it.title(),
            kind: it.kind_name().to_owned(),
            severity: it.severity.name().to_owned(),
            field: it.fields.join(", "),
            // The first, `readable`, is counted where records are read.
            by_record: i == 0 || !matches!(it.check, Check::Window(_) | Check::Watch(_) | Check::Invalid(_)),
        });
        // Behind them how records fare as a whole, so that a pass rate needs no look at results.
        let whole = CheckNote {
            title: "records".to_owned(),
            kind: "verdict".to_owned(),
            severity: Severity::Critical.name().to_owned(),
            field: String::new(),
            by_record: true,
        };
        let checks = checks.chain([whole]).collect();
        let windows = &loaded.plan.windows;
        let windows = windows.pane().map(|it| WindowsNote {
            length: it.to_string(),
            lateness: windows.lateness,
            patience: windows.lateness.unwrap_or(settings.patience),
            idle: windows.idle,
            others: loaded.plan.segments.by.iter().map(Split::other).collect(),
            most: u32::try_from(loaded.plan.segments.most.min(settings.segments)).unwrap_or(u32::MAX),
        });
        let note = PlanNote { suite: name.to_owned(), hash: hash.clone(), checks, windows };
        let privacy = Privacy::new(&loaded.plan.privacy, settings.telling, &settings.privacy_key);
        Version {
            name: name.to_owned(),
            hash,
            keeping: Keeping::new(&loaded.plan, &privacy, settings.exact_values),
            noting: Noting::new(&loaded.plan, &privacy),
            ahead: settings.ahead,
            privacy,
            note: Arc::new(note),
            loaded,
            limits: Limits { depth: settings.depth, ..Limits::default() },
            labels_are_new: AtomicBool::new(false),
            idle: Mutex::default(),
        }
    }

    /// Checks one record by itself.
    pub fn check(&self, text: &[u8], now: Micros) -> Checked {
        let mut worker = self.worker();
        let checked = self.check_with(&mut worker, text, now);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        checked
    }

    /// The same, away from the threads that wait for the network where a rule is a plugin's, which may block.
    pub async fn check_aside(this: &Arc<Self>, text: &[u8], now: Micros) -> Checked {
        if this.loaded.plan.calls_plugins() {
            let (version, text) = (Arc::clone(this), text.to_owned());
            match tokio::task::spawn_blocking(telemetry::carry(move || version.check(&text, now))).await {
                Ok(checked) => return checked,
                // Answered as any panic of a handler is, and not tried a second time.
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => {}
            }
        }
        this.check(text, now)
    }

    fn worker(&self) -> Worker {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.unwrap_or_else(|| Worker {
            reader: Reader::new(&self.loaded.plan.shape, self.limits),
            fold: Fold::of_records(&self.loaded.plan),
        })
    }

    fn check_with(&self, Worker { reader, fold }: &mut Worker, text: &[u8], now: Micros) -> Checked {
        let plan = &self.loaded.plan;
        let (bounds, mut told) = (plan.windows.around(now), self.keeping.begin(plan));
        if bounds.is_some() {
            fold.window.renew(&plan.bindings);
        } else {
            fold.window.tallies.fill(Tally::default());
        }
        let mut cells = Vec::with_capacity(plan.bindings.paths.len());
        let filled = match std::str::from_utf8(text) {
            Ok(text) => reader.fill(text, &mut cells).map_err(|it| format!("{it}")),
            Err(error) => Err(format!("is not UTF-8 at byte {}", error.valid_up_to())),
        };
        if let Err(reason) = filled {
            run::unreadable(&reason, 0, fold);
            let mut noted = Noted::default();
            self.note_signals(None, now, &fold.failed, &mut noted);
            let failure = FailureNote {
                bound: "readable".to_owned(),
                // The reason may quote what it stumbled upon.
                message: if self.privacy.keeps_all() { reason } else { "the record cannot be read".to_owned() },
                ..FailureNote::default()
            };
            let n = self.note.checks.len();
            let mark = |i| if i == 0 || i + 1 == n { Mark::Failed } else { Mark::Unseen };
            return Checked {
                verdict: Verdict::Fail,
                unreadable: true,
                marks: Marks::new((0..n).map(mark)),
                failures: vec![failure],
                window: bounds.map(|it| WindowNote {
                    segments: segments::names(self, &[]),
                    ..self.keeping.note(&mut fold.window, told, Place::arrival(it), &self.hash)
                }),
                prediction: None,
                errors: Vec::new(),
                noted,
                record_id: None,
                trace_id: None,
                labels: Labels::default(),
            };
        }
        run::check(plan, &mut cells, 0, now, fold);
        if bounds.is_some() {
            told.fold(plan, &self.privacy, &cells, 0);
        }
        let (mut failures, mut errors) = (Vec::new(), Vec::new());
        let late = if fold.waiting.is_empty() { Vec::new() } else { Span::part("plugins").run(|| run::flush(fold)) };
        if !late.is_empty() || !fold.failed.is_empty() {
            let who = self.who(&cells);
            let mut told = run::reasons(plan, &cells, now, &fold.failed);
            told.extend(late.into_iter().map(|it| it.explain(plan)));
            told.retain(|it| it.outcome != Some(Outcome::Skip));
            told.sort_by_key(|it| it.expectation);
            let (unjudged, failed): (Vec<_>, Vec<_>) =
                told.into_iter().partition(|it| it.outcome == Some(Outcome::Error));
            fold.failed = failed.iter().map(|it| it.expectation as u16).collect();
            failures = self.notes(&who, failed);
            errors = self.notes(&who, unjudged);
        }
        let verdict = self.verdict(&fold.failed);
        let mut noted = Noted::default();
        self.note_signals(Some(&cells), now, &fold.failed, &mut noted);
        let tallies = &fold.window.tallies;
        let marks = self.note.checks.iter().enumerate().map(|(i, check)| match tallies.get(i) {
            Some(tally) if check.by_record => mark(i, tally),
            Some(_) => Mark::Unseen,
            None if verdict == Verdict::Fail => Mark::Failed,
            None => Mark::Passed,
        });
        let labels = self.labels(&cells);
        Checked {
            verdict,
            unreadable: false,
            marks: Marks::new(marks),
            failures,
            errors,
            noted,
            window: bounds.map(|it| WindowNote {
                segments: segments::names(self, &cells),
                ..self.keeping.note(&mut fold.window, told, self.place(it, &cells), &self.hash)
            }),
            record_id: self.record_id(&cells),
            trace_id: self.trace_id(&cells),
            prediction: self.prediction(&cells, now, &labels).map(Box::new),
            labels,
        }
    }

    /// The verdict on a record that failed these expectations.
    pub fn verdict(&self, failed: &[u16]) -> Verdict {
        let severities = failed.iter().filter_map(|it| self.loaded.plan.expectations.get(usize::from(*it)));
        severities.map(|it| verdict_of(it.severity)).max().unwrap_or_default()
    }

    /// Why a record failed these expectations, as far as may be told.
    pub fn failures(&self, cells: &[Value], now: Micros, failed: &[u16], who: &Who) -> Vec<FailureNote> {
        if failed.is_empty() {
            return Vec::new();
        }
        self.notes(who, run::reasons(&self.loaded.plan, cells, now, failed))
    }

    /// What a record is known by.
    pub fn who(&self, cells: &[Value]) -> Who {
        Who { record_id: self.record_id(cells), trace_id: self.trace_id(cells), labels: self.labels(cells) }
    }

    /// Explanations as far as they may be told.
    pub fn notes(&self, who: &Who, reasons: Vec<Explanation>) -> Vec<FailureNote> {
        let plan = &self.loaded.plan;
        reasons
            .into_iter()
            .enumerate()
            .map(|(n, reason)| {
                let expectation = &plan.expectations[reason.expectation];
                let fields = expectation.fields.as_slice();
                let observed = match fields {
                    [] => None,
                    [field] => self.privacy.tell(field, &reason.value),
                    fields => self.privacy.tell_many(fields, &reason.value),
                };
                // A reason may quote the value; a rule on whole records any of them.
                let open = match fields {
                    [] => self.privacy.keeps_all(),
                    fields => fields.iter().all(|it| self.privacy.keeps(it)),
                };
                let message = match reason.why.filter(|_| open) {
                    Some(why) => why,
                    None => match &observed {
                        Some(value) if open => format!("expected {}, found {}", reason.bound, shorten(value)),
                        _ => format!("expected {}", reason.bound),
                    },
                };
                FailureNote {
                    n: n as u64,
                    check: reason.expectation as u32,
                    record: 0,
                    record_id: who.record_id.clone(),
                    trace_id: who.trace_id.clone(),
                    labels: who.labels.clone(),
                    observed,
                    bound: reason.bound,
                    message,
                }
            })
            .collect()
    }
}

fn mark(i: usize, tally: &Tally) -> Mark {
    // The first, `readable`, is counted where records are read, and this one was.
    if tally.trouble.is_some() {
        Mark::Unseen
    } else if i == 0 || tally.seen > tally.skipped + tally.failed + tally.mismatched {
        Mark::Passed
    } else if tally.failed + tally.mismatched > 0 {
        Mark::Failed
    } else if tally.skipped > 0 {
        Mark::Skipped
    } else {
        Mark::Unseen
    }
}

/// The verdict that a failed expectation of a severity makes.
pub const fn verdict_of(severity: Severity) -> Verdict {
    match severity {
        Severity::Critical => Verdict::Fail,
        Severity::Warning => Verdict::Warn,
        Severity::Info => Verdict::Pass,
    }
}

/// A value for a message.
fn shorten(value: &str) -> String {
    match value.char_indices().nth(120) {
        Some((at, _)) => format!("{}…", value.get(..at).unwrap_or_default()),
        None => value.to_owned(),
    }
}

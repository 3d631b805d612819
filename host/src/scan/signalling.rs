//! What the records of files add to the signals of their suite.

use driftline_rules::plan::Plan;
use driftline_rules::report::Outcome;
use driftline_rules::run::Finding;
use driftline_rules::segments::Segmented;
use driftline_rules::signal::{Board, Found, Moment, Noted, note_found};
use driftline_rules::suite::Telling;
use driftline_rules::suite::signals::On;
use driftline_rules::time::Timestamp;
use driftline_rules::value::Value;

use crate::service::privacy::Privacy;
use crate::service::signals::Noting;

/// One worker's part of the signals. A file has no key of hashes, so what the suite hashes is hashed without one.
pub(super) struct Signalling {
    pub board: Board,
    noting: Noting,
    noted: Noted,
    /// Whether what rules of plugins say of a record must be known before it is noted.
    waits: bool,
}

impl Signalling {
    pub fn new(plan: &Plan) -> Self {
        let privacy = Privacy::new(&plan.privacy, Telling::Keep, &[]);
        let waits =
            plan.has_batches() && plan.signals.feeds.iter().any(driftline_rules::plan::signals::Feed::reads_verdict);
        Signalling {
            board: Board::new(&plan.signals),
            noting: Noting::new(plan, &privacy),
            noted: Noted::default(),
            waits,
        }
    }

    /// Adds a record that was checked last.
    pub fn record(&mut self, plan: &Plan, found: &mut Segmented, cells: &[Value], row: u64, now: Timestamp) {
        self.noted.clear();
        if self.waits {
            let mut failed = found.total.failed.clone();
            let late = found.flush().into_iter().filter(|it| it.verdict.number == row);
            let late = late.filter(|it| matches!(it.verdict.outcome, Outcome::Fail | Outcome::Mismatch));
            failed.extend(late.map(|it| it.expectation as u16));
            self.noting.note(plan, On::Records, Some(cells), now, &failed, &mut self.noted);
        } else {
            self.noting.note(plan, On::Records, Some(cells), now, &found.total.failed, &mut self.noted);
        }
        let is_labelled = plan.predictions.as_ref().is_some_and(|it| it.keeps(cells) && it.is_labelled(cells));
        if is_labelled && !plan.labels_come_later {
            self.noting.note(plan, On::Labels, Some(cells), now, &[], &mut self.noted);
        }
        self.board.apply(&plan.signals, &self.noted, Moment { at: now, number: row });
    }

    /// Adds one that could not be read.
    pub fn unreadable(&mut self, plan: &Plan, row: u64, now: Timestamp) {
        self.noted.clear();
        // The first expectation is that a record can be read.
        self.noting.note(plan, On::Records, None, now, &[0], &mut self.noted);
        self.board.apply(&plan.signals, &self.noted, Moment { at: now, number: row });
    }
}

/// Adds what was found of a whole input, or of one of its segments: it stands for a window of any length.
pub fn found(plan: &Plan, board: &mut Board, segment: &str, findings: &[Finding], now: Timestamp) {
    for it in findings {
        let mut noted = Noted::default();
        let (expectation, status) = (it.expectation, it.judgement.status.name());
        let observed = it.judgement.observed.as_f64();
        note_found(plan, &Found { expectation, status, observed, segment, length: None, is_new: true }, &mut noted);
        board.apply(&plan.signals, &noted, Moment { at: now, number: 0 });
    }
}

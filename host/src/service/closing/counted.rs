//! What metrics count of windows that were judged.

use std::collections::BTreeMap;

use crate::metrics::{add, list};
use crate::store::windows::Closed;

/// Windows by suite and length, findings by suite, severity and status.
#[derive(Default)]
pub(super) struct Counted {
    windows: BTreeMap<(String, String), u64>,
    findings: BTreeMap<(String, String, String), u64>,
}

impl Counted {
    /// Of windows that are to be written; those that are not judged now do not count.
    pub fn of(closed: &[Closed]) -> Self {
        let mut it = Counted::default();
        for Closed { kept, findings, .. } in closed.iter().filter(|it| !it.is_unjudged) {
            *it.windows.entry((kept.row.suite.clone(), kept.row.length.clone())).or_default() += 1;
            for finding in findings {
                let key = (finding.suite.clone(), finding.severity.clone(), finding.status.clone());
                *it.findings.entry(key).or_default() += 1;
            }
        }
        it
    }

    /// Counts them, when they are written.
    pub fn count(self) {
        for ((suite, length), n) in self.windows {
            add(&list::WINDOWS_CLOSED, &[&suite, &length], n);
        }
        for ((suite, severity, status), n) in self.findings {
            add(&list::FINDINGS, &[&suite, &severity, &status], n);
        }
    }
}

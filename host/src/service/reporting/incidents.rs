//! The incidents of a span, with what may have caused them.

use driftline_rules::diagnosis::{Diagnosis, Loss, diagnose};

use super::{Asked, From, cut};
use crate::service::diagnosis::{Asked as Explained, gather as read};
use crate::store;
use crate::store::triggers::IncidentRow;
use crate::wire::report::ReportIncident;
use crate::wire::time;

/// Incidents that are told, and of how many of them the cause is looked for, which reads many predictions.
const INCIDENTS: usize = 20;
const DIAGNOSED: usize = 3;
/// Hypotheses that are told, and what speaks for each.
const HYPOTHESES: usize = 2;
const EVIDENCE: usize = 2;

pub(super) struct Incidents {
    pub shown: Vec<ReportIncident>,
    pub has_more: bool,
}

pub(super) async fn gather(
    from: From<'_>,
    asked: &Asked,
    missing: &mut Vec<String>,
) -> Result<Incidents, store::Error> {
    let mut rows = from.store.incidents_of(&asked.span, INCIDENTS as u32 + 1).await?;
    let has_more = rows.len() > INCIDENTS;
    rows.truncate(INCIDENTS);
    let mut shown = Vec::new();
    for (i, row) in rows.into_iter().enumerate() {
        let diagnosis = if i < DIAGNOSED { words(from, &row).await? } else { Vec::new() };
        if i == DIAGNOSED {
            missing.push(format!(
                "the causes of the first {DIAGNOSED} incidents only were looked for; `driftline diagnose ID` says them of each"
            ));
        }
        let link = (!from.public_url.is_empty()).then(|| format!("{}/v1/incidents/{}", from.public_url, row.id));
        shown.push(ReportIncident {
            id: row.id,
            suite: row.suite,
            trigger: row.trigger,
            key: row.key,
            state: row.state,
            severity: row.severity,
            opened_at: time(row.opened),
            closed_at: row.closed.map(time),
            data_from: row.data_from.map(time),
            data_to: row.data_to.map(time),
            reason: cut(row.reason),
            alarm: row.alarm,
            diagnosis,
            diagnosis_link: link.as_ref().map(|it| format!("{it}/diagnosis")),
            link,
        });
    }
    Ok(Incidents { shown, has_more })
}

/// What was lost and why, in words.
async fn words(from: From<'_>, row: &IncidentRow) -> Result<Vec<String>, store::Error> {
    let (Some(version), Ok(asked)) = (from.active.get(&row.suite), Explained::of_incident(row)) else {
        return Ok(Vec::new());
    };
    let input = read(from.store, version, &asked).await?;
    let found = tokio::task::block_in_place(|| diagnose(&input));
    Ok(told(&found))
}

fn told(found: &Diagnosis) -> Vec<String> {
    let mut said: Vec<String> = found.loss.iter().map(Loss::told).collect();
    for it in found.hypotheses.iter().take(HYPOTHESES) {
        let of = if it.subject.is_empty() { String::new() } else { format!(" of {}", it.subject) };
        let evidence: Vec<_> = it.evidence.iter().take(EVIDENCE).cloned().collect();
        let cause = it.cause.replace('_', " ");
        said.push(cut(format!("{cause}{of} (score {:.2}): {}", it.score, evidence.join("; "))));
    }
    said
}

//! What findings and registered versions of models add to the metrics of a suite.

use super::Noted;
use crate::plan::signals::{Feed, Label, Signals, What};
use crate::plan::{Plan, Split};
use crate::suite::signals::{OfFinding, OfModel, On};
use crate::time::Timestamp;

/// What an expectation said of a window or a batch.
#[derive(Clone, Copy, Debug)]
pub struct Found<'f> {
    /// Which, as an index into the plan.
    pub expectation: usize,
    /// How it ended: the word in reports.
    pub status: &'f str,
    /// What was observed, if that is a number.
    pub observed: Option<f64>,
    /// The name of the segment; empty: all records.
    pub segment: &'f str,
    /// The length of the window; empty: a batch. `None`: a whole input, which stands for a window of any length.
    pub length: Option<&'f str>,
    /// Whether it is new, so that it is counted; else it shows only what was observed.
    pub is_new: bool,
}

/// A version of a model that is deployed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// The model.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What identifies its bytes; empty: not known.
    pub hash: String,
    /// The suite that its records are checked against, if that is known.
    pub suite: Option<String>,
    /// When it was deployed.
    pub at: Timestamp,
}

/// Notes what a finding adds.
pub fn note_found(plan: &Plan, found: &Found, noted: &mut Noted) {
    for (at, feed) in plan.signals.feeds.iter().enumerate().filter(|it| it.1.on == On::Findings) {
        let value = match &feed.what {
            What::Observed(checks, length) => {
                let is_meant = checks.contains(&found.expectation)
                    && found.length.is_none_or(|it| it == length)
                    && of_segment(feed, found);
                found.observed.filter(|it| is_meant && it.is_finite())
            }
            What::Findings(checks, length) => {
                let is_meant = checks.as_ref().is_none_or(|it| it.contains(&found.expectation))
                    && (found.length.is_none() || length.is_none() || found.length == length.as_deref());
                (found.is_new && is_meant).then_some(1.0)
            }
            _ => None,
        };
        let Some(value) = value else { continue };
        let way = way(plan, feed);
        let texts: Option<Vec<String>> = feed.labels.iter().map(|it| text(plan, way, it, found)).collect();
        let Some(texts) = texts else { continue };
        let begun = noted.begin();
        for it in &texts {
            noted.label(it);
        }
        noted.add(at, begun, value);
    }
}

/// Whether what was observed of this segment is shown: of all records where no label tells segments.
fn of_segment(feed: &Feed, found: &Found) -> bool {
    let tells = |it: &Label| matches!(it, Label::Segment(_) | Label::Finding(OfFinding::Segment));
    found.segment.is_empty() || feed.labels.iter().any(tells)
}

/// The way to divide records whose fields its labels tell, if any do.
fn way<'p>(plan: &'p Plan, feed: &Feed) -> Option<&'p Split> {
    let fields = || feed.labels.iter().filter_map(|it| if let Label::Segment(it) = it { Some(it) } else { None });
    let n = fields().count();
    plan.segments.by.iter().find(|it| n > 0 && it.fields.len() == n && fields().all(|field| it.fields.contains(field)))
}

/// A label's value; `None`: the finding is of a segment by other fields.
fn text(plan: &Plan, way: Option<&Split>, label: &Label, found: &Found) -> Option<String> {
    let expectation = plan.expectations.get(found.expectation)?;
    Some(match label {
        Label::Constant(it) => it.clone(),
        Label::Segment(field) => way?.value_in(found.segment, field)?,
        Label::Finding(of) => match of {
            OfFinding::Expectation => expectation.title(),
            OfFinding::Kind => expectation.kind_name().to_owned(),
            OfFinding::Field => expectation.fields.join(", "),
            OfFinding::Severity => expectation.severity.name().to_owned(),
            OfFinding::Status => found.status.to_owned(),
            OfFinding::Segment => found.segment.to_owned(),
            OfFinding::Length => found.length.unwrap_or_default().to_owned(),
        },
        _ => String::new(),
    })
}

/// Notes what a deployed version adds to the signals of a suite: of a model that is named, or whose records the suite
/// checks.
pub(super) fn note_model(signals: &Signals, suite: &str, model: &Model, noted: &mut Noted) {
    for (at, feed) in signals.feeds.iter().enumerate() {
        let (name, value) = match &feed.what {
            What::DeployedAt(name) => (name, model.at as f64 / 1e6),
            What::Deployed(name) => (name, 1.0),
            _ => continue,
        };
        let is_meant = match name {
            Some(it) => *it == model.name,
            None => model.suite.as_deref() == Some(suite),
        };
        if !is_meant {
            continue;
        }
        let begun = noted.begin();
        for label in &feed.labels {
            noted.label(match label {
                Label::Constant(it) => it,
                Label::Model(OfModel::Name) => &model.name,
                Label::Model(OfModel::Version) => &model.version,
                Label::Model(OfModel::Hash) => &model.hash,
                _ => "",
            });
        }
        noted.add(at, begun, value);
    }
}

//! What is known of one suite in a span: its records, windows, fields and metrics.

use driftline_rules::baseline::Baseline;
use driftline_rules::plugin::Context;
use driftline_rules::run::{Fold, References, judge_against};
use driftline_rules::window::Window;

use super::sources::{models, sources, versions, windows};
use super::{Asked, From, Room, Sums, count, drift, quality};
use crate::intake::entry::FindingNote;
use crate::service::comparing::{Summed, Which, judged, named, spans, together};
use crate::service::features::lengths;
use crate::service::judging::judgements;
use crate::service::version::Version;
use crate::store::reports::Span;
use crate::store::rows::Micros;
use crate::store::{self, Store};
use crate::wire::report::{LabelCoverage, SuiteReport};

/// Windows that are read and summed up on either side, as long as the suite has windows long enough.
const WINDOWS: u64 = 500;
/// Windows that are read at most.
const MOST_WINDOWS: u32 = 3_000;

/// The windows of a span together.
pub(super) struct Together {
    /// Their distributions.
    pub now: Baseline,
    /// What they are shown beside.
    pub before: Option<Baseline>,
    /// What the expectations say of all of them as one.
    pub findings: Vec<FindingNote>,
}

pub(super) async fn gather(
    from: From<'_>,
    asked: &Asked,
    name: &str,
    sums: &Sums,
    room: &mut Room,
) -> Result<SuiteReport, store::Error> {
    let version = from.active.get(name);
    let span = Span { suite: Some(name.to_owned()), ..asked.span.clone() };
    let (sources, sources_left_out) = sources(name, sums);
    let of_results = || sums.results.iter().filter(|it| it.suite == name);
    let mut out = SuiteReport {
        name: name.to_owned(),
        hash: version.map(|it| it.hash.clone()),
        versions: versions(name, sums, version.map(|it| it.hash.as_str())),
        records: count(of_results().map(|it| it.records).sum()),
        failed: count(of_results().map(|it| it.failed).sum()),
        warned: count(of_results().map(|it| it.warned).sum()),
        models: models(from.store, &span, &sources).await?,
        sources,
        sources_left_out,
        windows: windows(name, sums),
        baseline: None,
        shown_of: None,
        shown_beside: None,
        features: Vec::new(),
        features_left_out: 0,
        quality: Vec::new(),
        quality_left_out: 0,
        confusion: None,
        reliability: None,
        labels: None,
        missing: Vec::new(),
    };
    let Some(version) = version else {
        out.missing.push(
            "the suite is not active, so its distributions, metrics and drift cannot be read; what failed is told"
                .to_owned(),
        );
        return Ok(out);
    };
    let of_all = sums.windows.iter().filter(|it| it.suite == name && it.suite_hash != version.hash);
    if of_all.map(|it| it.n).sum::<i64>() > 0 {
        out.missing.push(
            "distributions and figures of the whole span are those of the active version's windows; windows of other \
             versions are among the counts"
                .to_owned(),
        );
    }
    let found = all(from, version, &span, sums, &mut out).await?;
    drift::gather(from, version, &span, found.as_ref(), room, &mut out).await?;
    quality::gather(from, version, &span, found.as_ref(), sums, room, &mut out).await?;
    Ok(out)
}

/// The windows of a span as one, beside the baseline or the time before.
async fn all(
    from: From<'_>,
    version: &Version,
    span: &Span,
    sums: &Sums,
    out: &mut SuiteReport,
) -> Result<Option<Together>, store::Error> {
    if version.loaded.plan.windows.pane().is_none() {
        out.missing.push("no distribution and no metric over time: the suite says `windows: off`".to_owned());
        return Ok(None);
    }
    let length = length(version, sums, WINDOWS);
    let (now, told) = match read(from.store, version, &length, span.from, span.to).await? {
        Ok(it) => it,
        Err(why) => {
            out.missing.push(format!("no distribution and no metric of the whole span: {why}"));
            return Ok(None);
        }
    };
    out.shown_of = Some(told);
    let before = before(from, version, &length, span, out).await?;
    let window = now.window;
    if window.logged > 0 {
        out.labels = Some(LabelCoverage { predictions: window.logged, labelled: window.joined });
    } else if version.loaded.plan.predictions.is_some() {
        out.missing.push("no prediction of the span was kept, so no label could be joined to one".to_owned());
    }
    let findings = tokio::task::block_in_place(|| findings(version, window, span.to));
    Ok(Some(Together { now: now.baseline, before, findings }))
}

/// What the expectations say of a window, as far as it may be told.
fn findings(version: &Version, window: Window, now: Micros) -> Vec<FindingNote> {
    let plan = &version.loaded.plan;
    let fold = Fold::of_window(plan, window);
    let found = judge_against(plan, &fold, now, &Context::default(), References::default());
    judgements(version, found, true).findings
}

/// What the distributions of a span are shown beside: the baseline that the suite names, else the time before.
async fn before(
    from: From<'_>,
    version: &Version,
    length: &str,
    span: &Span,
    out: &mut SuiteReport,
) -> Result<Option<Baseline>, store::Error> {
    if let Some(name) = named(version)
        && let Some(known) = from.baselines.active(from.store, name).await?
    {
        out.baseline = Some(format!("the baseline {}", known.told()));
        out.shown_beside.clone_from(&out.baseline);
        return Ok(Some(known.baseline.clone()));
    }
    let start = span.from.saturating_sub(span.to.saturating_sub(span.from));
    match read(from.store, version, length, start, span.from).await? {
        Ok((it, told)) => {
            out.shown_beside = Some(format!("the time before: {told}"));
            Ok(Some(it.baseline))
        }
        Err(_) => {
            out.missing.push(
                "distributions stand beside nothing: the suite has no baseline by name, and there is no window of the \
                 time before"
                    .to_owned(),
            );
            Ok(None)
        }
    }
}

async fn read(
    store: &Store,
    version: &Version,
    length: &str,
    since: Micros,
    until: Micros,
) -> Result<Result<(Summed, String), String>, store::Error> {
    let which = Which { length: Some(length), segment: "", since: Some(since), until };
    let rows = match judged(store, version, which, MOST_WINDOWS).await? {
        Ok(rows) => rows,
        Err(why) => return Ok(Err(why)),
    };
    Ok(together(store, version, rows).await?.map(|it| {
        let told = spans(&it.rows).unwrap_or_default();
        (it, told)
    }))
}

/// The shortest length of which the span has few windows, else the longest that has any.
pub(super) fn length(version: &Version, sums: &Sums, most: u64) -> String {
    let n = |length: &str| -> u64 {
        let own = |it: &&crate::store::reports::WindowGroup| {
            it.suite == version.name && it.suite_hash == version.hash && it.length == length
        };
        count(sums.windows.iter().filter(own).map(|it| it.n).sum())
    };
    let all: Vec<(String, u64)> = lengths(version).into_iter().map(|it| (n(&it), it)).map(|(n, it)| (it, n)).collect();
    let there = || all.iter().filter(|it| it.1 > 0);
    let found = there().find(|it| it.1 <= most).or_else(|| there().min_by_key(|it| it.1)).or(all.first());
    found.map(|it| it.0.clone()).unwrap_or_default()
}

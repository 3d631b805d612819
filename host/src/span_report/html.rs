//! The report as a page.

use serde::Serialize;

use super::views;
use crate::output::html::{Html, page, tables, when};
use crate::output::plots::line::{self, Line, Point};
use crate::output::plots::numbers::short;
use crate::output::plots::strip;
use crate::wire::report::{
    FeatureDrift, MatrixReport, QualityReport, ReportFailure, ReportIncident, SpanReport, SuiteReport,
};

/// Writes it. An error is a defect of the template.
pub fn write(report: &SpanReport) -> Result<String, String> {
    let title = format!("{}, {}", views::title(report), views::span(report));
    page(&title, include_str!("report.html"), Shown::of(report))
}

#[derive(Serialize)]
struct Shown<'r> {
    report: &'r SpanReport,
    title: String,
    span: String,
    mark: &'static str,
    verdict: String,
    failures: Vec<Failure<'r>>,
    incidents: Vec<Incident<'r>>,
    suites: Vec<Suite<'r>>,
}

#[derive(Serialize)]
struct Failure<'r> {
    it: &'r ReportFailure,
    mark: &'static str,
    of_windows: String,
    times: Option<String>,
    strip: Option<Html>,
    /// What it said last, which stands in the open.
    said: Option<&'r str>,
}

#[derive(Serialize)]
struct Incident<'r> {
    it: &'r ReportIncident,
    mark: &'static str,
    says: String,
    /// Whether links may be followed: what a configuration says may be no address of the web.
    is_linked: bool,
}

#[derive(Serialize)]
struct Suite<'r> {
    it: &'r SuiteReport,
    hash: String,
    features: Vec<Feature<'r>>,
    quality: Vec<Metric<'r>>,
    confusion: Option<Html>,
    reliability: Option<Html>,
    coverage: Option<String>,
    versions: Vec<(String, u64, bool)>,
}

#[derive(Serialize)]
struct Feature<'r> {
    it: &'r FeatureDrift,
    mark: &'static str,
    drifted: String,
    tested: Option<String>,
    missing: Option<String>,
    plot: Option<Html>,
}

#[derive(Serialize)]
struct Metric<'r> {
    it: &'r QualityReport,
    together: Option<String>,
    value: Option<String>,
    course: String,
    plot: Option<Html>,
}

impl<'r> Shown<'r> {
    fn of(report: &'r SpanReport) -> Self {
        Shown {
            report,
            title: views::title(report),
            span: views::span(report),
            mark: views::mark(&report.status),
            verdict: views::verdict(report),
            failures: report.failures.iter().map(failure).collect(),
            incidents: report.incidents.iter().map(incident).collect(),
            suites: report.suites.iter().map(|it| suite(report, it)).collect(),
        }
    }
}

fn failure(it: &ReportFailure) -> Failure<'_> {
    let title = format!("When {} did not hold", it.check);
    let says = views::strip(it);
    let strip = (!it.timeline.is_empty()).then(|| Html::new(strip::svg(&it.timeline, &title, &says)));
    let said = it.examples.iter().map(|it| it.message.as_str()).find(|it| !it.is_empty());
    Failure {
        mark: views::mark(if it.status == "error" { "error" } else { &it.severity }),
        of_windows: views::of_windows(it),
        times: views::times(it),
        strip,
        said: said.or_else(|| it.failed_records.first().map(|it| it.message.as_str())),
        it,
    }
}

fn incident(it: &ReportIncident) -> Incident<'_> {
    let web = |it: &String| it.starts_with("http://") || it.starts_with("https://");
    Incident {
        mark: views::mark(&it.severity),
        says: views::incident(it),
        is_linked: it.link.as_ref().is_some_and(web),
        it,
    }
}

fn suite<'r>(report: &SpanReport, it: &'r SuiteReport) -> Suite<'r> {
    Suite {
        hash: it.hash.as_deref().map(views::brief).unwrap_or_default(),
        features: it.features.iter().map(feature).collect(),
        quality: it.quality.iter().map(|it| metric(report, it)).collect(),
        confusion: it.confusion.as_ref().and_then(matrix),
        reliability: it.reliability.as_ref().map(|it| tables::diagram(&it.bins)),
        coverage: it.labels.as_ref().map(views::coverage),
        versions: it.versions.iter().map(|it| (views::brief(&it.hash), it.records, it.active)).collect(),
        it,
    }
}

fn feature(it: &FeatureDrift) -> Feature<'_> {
    Feature {
        mark: views::mark(&it.status),
        drifted: views::drifted(it),
        tested: views::tested(it),
        missing: views::missing(it),
        plot: it.plot.as_ref().map(|plot| Html::new(plot.svg(&format!("Distribution of {}", it.field)))),
        it,
    }
}

fn metric<'r>(report: &SpanReport, it: &'r QualityReport) -> Metric<'r> {
    let course = views::course(it);
    let point = |it: &crate::wire::report::QualityPoint| Point {
        at: views::micros(&it.start),
        value: it.value,
        interval: it.low.zip(it.high),
        is_bad: it.status == "fail",
        says: format!("{}: {}", when(&it.start), short(it.value)),
    };
    let line = Line {
        span: (views::micros(&report.from), views::micros(&report.to)),
        ends: (when(&report.from), when(&report.to)),
        points: it.points.iter().map(point).collect(),
        min: it.min,
        max: it.max,
    };
    let plot =
        (!it.points.is_empty()).then(|| Html::new(line::svg(&line, &format!("{} over time", it.check), &course)));
    Metric { together: views::together(it), value: it.together.as_ref().map(|it| short(it.value)), course, plot, it }
}

fn matrix(it: &MatrixReport) -> Option<Html> {
    tables::matrix(&it.labels, &it.rows, "Records of the whole span").ok()
}

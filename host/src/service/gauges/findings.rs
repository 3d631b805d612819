//! A window and its findings as series.

use driftline_rules::baseline::number_of;
use driftline_rules::family::Sample;
use driftline_rules::report::Status;
use serde_json::Value as Json;

use super::others::Deployed;
use super::{Told, told};
use crate::metrics::list;
use crate::service::version::Version;
use crate::store::rows::FindingRow;
use crate::store::windows::WindowRow;

/// What a window says of its records.
pub(super) fn of_window(version: &Version, row: &WindowRow) -> Vec<Told> {
    let at = [row.suite.as_str(), row.length.as_str(), row.segment.as_str()];
    let mut all = vec![told(&list::WINDOW_RECORDS, &at, row.records as f64)];
    // What could not be read has no id that a label could come for.
    let readable = row.records - row.unreadable;
    if version.log().is_some() && readable > 0 {
        // A label may come for a record that was sent twice.
        all.push(told(&list::COVERAGE, &at, (row.labels as f64 / readable as f64).min(1.0)));
    }
    all
}

/// What a window's findings say. Of two that would be one series, the first is told.
pub fn of_findings(row: &WindowRow, of: Option<&Deployed>, findings: &[FindingRow]) -> Vec<Told> {
    let mut all = Vec::new();
    let (suite, length, segment) = (row.suite.as_str(), row.length.as_str(), row.segment.as_str());
    let (model, version) = model_of(row, of);
    for it in findings {
        let status = |metric, value| told(metric, &[suite, &it.check, &it.severity, length, segment], value);
        let failed = it.status == Status::Fail.name();
        let is_judged = failed || it.status == Status::Pass.name();
        if is_judged {
            all.push(status(&list::STATUS, f64::from(u8::from(failed))));
        } else if it.status == Status::Error.name() {
            all.push(status(&list::ERRORS, 1.0));
        }
        let observed = it.observed.as_deref().and_then(|it| it.parse::<f64>().ok()).filter(|it| it.is_finite());
        if let Some(observed) = observed {
            all.push(told(&list::OBSERVED, &[suite, &it.check, length, segment], observed));
        }
        if let (Some(test), Some(statistic)) = (&it.test, it.statistic) {
            let drift =
                |metric, value| told(metric, &[suite, &model, &version, &it.field, test, length, segment], value);
            all.push(drift(&list::DRIFT_SCORE, statistic));
            all.extend(it.p_value.map(|p| drift(&list::DRIFT_P, p)));
            if is_judged {
                all.push(drift(&list::DRIFT_DETECTED, f64::from(u8::from(failed))));
            }
        }
        let details = it.details.as_ref();
        let metric = details.and_then(|it| it.get("metric")?.as_str());
        if let (Some(metric), Some(observed)) = (metric, observed) {
            let class = match details.and_then(|it| it.get("class")) {
                None | Some(Json::Null) => String::new(),
                Some(Json::String(it)) => it.clone(),
                Some(it) => it.to_string(),
            };
            let quality = |of, value| told(of, &[suite, metric, &class, length, segment], value);
            all.push(quality(&list::QUALITY, observed));
            let bound = |i: usize| details.and_then(|it| number_of(it.get("interval")?.get(i)?));
            all.extend(bound(0).map(|it| quality(&list::QUALITY_LOWER, it)));
            all.extend(bound(1).map(|it| quality(&list::QUALITY_UPPER, it)));
        }
    }
    all.retain(|it| matches!(&it.1.sample, Sample::Number(it, _) if !it.is_nan()));
    all
}

/// The model and its version that a window is of: those whose first windows it was compared with (`MODEL@VERSION`), else
/// the version that is deployed of the only model that the registry says the suite is of.
fn model_of(row: &WindowRow, of: Option<&Deployed>) -> (String, String) {
    let named = row.baseline.as_deref().and_then(|it| {
        let name = it.rsplit_once(", ").map_or(it, |it| it.0);
        name.rsplit_once('@').filter(|it| !it.0.is_empty() && !it.1.is_empty() && !it.1.contains(' '))
    });
    match (named, of) {
        (Some((model, version)), _) => (model.to_owned(), version.to_owned()),
        (None, Some(it)) => (it.model.clone(), it.version.clone()),
        (None, None) => (String::new(), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn finding(status: &str, observed: Option<&str>, details: Json) -> FindingRow {
        let text = |name: &str| details.get(name).and_then(Json::as_str).map(str::to_owned);
        FindingRow {
            check: "c".into(),
            severity: "warning".into(),
            field: "amount".into(),
            status: status.into(),
            observed: observed.map(str::to_owned),
            test: text("test"),
            statistic: details.get("statistic").and_then(number_of),
            p_value: details.get("p_value").and_then(number_of),
            details: Some(details),
            ..FindingRow::default()
        }
    }

    fn of(row: &WindowRow, finding: FindingRow) -> Vec<String> {
        let deployed = Deployed { model: "m".into(), version: "7".into(), at: 0 };
        let told = of_findings(row, Some(&deployed), &[finding]);
        let text = |(metric, series): &Told| {
            let labels: Vec<_> = series.labels.iter().map(|it| it.1.as_str()).collect();
            let Sample::Number(value, _) = &series.sample else { panic!("{series:?}") };
            format!("{} {} {value}", metric.name.trim_start_matches("driftline_"), labels.join("|"))
        };
        told.iter().map(text).collect()
    }

    #[test]
    fn findings_are_told_as_what_they_found() {
        let row = WindowRow { suite: "s".into(), length: "1h".into(), segment: "r=eu".into(), ..WindowRow::default() };
        let found = of(&row, finding("fail", Some("0.25"), json!({"test": "ks", "statistic": 0.25, "p_value": 0.001})));
        assert_eq!(
            found,
            [
                "expectation_status s|c|warning|1h|r=eu 1",
                "expectation_observed s|c|1h|r=eu 0.25",
                "drift_score s|m|7|amount|ks|1h|r=eu 0.25",
                "drift_p_value s|m|7|amount|ks|1h|r=eu 0.001",
                "drift_detected s|m|7|amount|ks|1h|r=eu 1",
            ]
        );
        let named = WindowRow { baseline: Some("intents@v2.1, version 3".into()), ..row.clone() };
        let found = of(&named, finding("skip", None, json!({"test": "psi", "statistic": "Infinity"})));
        assert_eq!(found, ["drift_score s|intents|v2.1|amount|psi|1h|r=eu inf"]);
        let metric = json!({"metric": "recall", "class": 3, "interval": [0.5, null]});
        assert_eq!(
            of(&row, finding("pass", Some("0.75"), metric)),
            [
                "expectation_status s|c|warning|1h|r=eu 0",
                "expectation_observed s|c|1h|r=eu 0.75",
                "quality s|recall|3|1h|r=eu 0.75",
                "quality_lower s|recall|3|1h|r=eu 0.5",
            ]
        );
        assert_eq!(of(&row, finding("skip", Some("\"a\""), json!({}))), Vec::<String>::new());
        assert_eq!(of(&row, finding("error", Some("NaN"), json!({}))), ["expectation_errors s|c|warning|1h|r=eu 1"]);
    }
}

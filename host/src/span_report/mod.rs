//! The report of a span of time in its formats. What it shows is plain data, [`SpanReport`]; the report of a check of
//! files is another one ([`crate::report`]).

mod html;
mod markdown;
mod views;

use clap::ValueEnum;
use serde_json::{Value as Json, json};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::wire::report::SpanReport;

/// A format.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportFormat {
    /// One page that opens in any browser, with plots, and needs nothing else.
    #[default]
    Html,
    /// Markdown, for a ticket or a pull request.
    #[value(alias = "markdown")]
    Md,
    /// All of it, for programs; `driftline schema span-report` describes it.
    Json,
}

impl ReportFormat {
    /// The format of a name, or of a media type.
    pub fn find(name: &str) -> Option<Self> {
        match name.trim() {
            "html" | "text/html" => Some(ReportFormat::Html),
            "md" | "markdown" | "text/markdown" => Some(ReportFormat::Md),
            "json" | "application/json" => Some(ReportFormat::Json),
            _ => None,
        }
    }

    /// What it is over HTTP.
    pub const fn media_type(self) -> &'static str {
        match self {
            ReportFormat::Html => "text/html; charset=utf-8",
            ReportFormat::Md => "text/markdown; charset=utf-8",
            ReportFormat::Json => "application/json",
        }
    }
}

/// The JSON Schema (2020-12) of a report as JSON: what the description of the API says of it.
pub fn schema() -> Json {
    let mut parts = Vec::new();
    SpanReport::schemas(&mut parts);
    let defs: serde_json::Map<String, Json> =
        parts.into_iter().map(|(name, it)| (name, serde_json::to_value(it).unwrap_or_default())).collect();
    let mut all = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of driftline report --format json, and of GET /v1/reports",
    });
    if let (Some(all), Ok(Json::Object(own))) = (all.as_object_mut(), serde_json::to_value(SpanReport::schema())) {
        all.extend(own);
        all.insert("$defs".to_owned(), Json::Object(defs));
    }
    refer(&mut all);
    all
}

/// References point into the schema itself, and not into a description of an API.
fn refer(it: &mut Json) {
    match it {
        Json::Object(members) => {
            if let Some(Json::String(to)) = members.get_mut("$ref") {
                *to = to.replace("#/components/schemas/", "#/$defs/");
            }
            members.values_mut().for_each(refer);
        }
        Json::Array(items) => items.iter_mut().for_each(refer),
        _ => {}
    }
}

/// Writes a report. An error is a defect of the templates.
pub fn write(report: &SpanReport, format: ReportFormat) -> Result<String, String> {
    match format {
        ReportFormat::Html => html::write(report),
        ReportFormat::Md => Ok(markdown::write(report)),
        ReportFormat::Json => {
            let mut text = serde_json::to_string_pretty(report).map_err(|it| it.to_string())?;
            text.push('\n');
            Ok(text)
        }
    }
}

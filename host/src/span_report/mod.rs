//! The report of a span of time in its formats. What it shows is plain data, [`SpanReport`]; the report of a check of
//! files is another one ([`crate::report`]).

mod html;
mod markdown;
mod views;

use clap::ValueEnum;

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

//! What was found, as JSON, text or a Markdown table.

use std::io::{self, Write};

use serde_json::json;

use super::Format;
use crate::cli::say;
use crate::drift::Entry;
use crate::wire::ColumnDrift;

/// Writes all entries to standard output.
pub fn write(entries: &[Entry], format: Format) -> anyhow::Result<()> {
    say(|out| match format {
        Format::Json => {
            let columns: Vec<_> = entries.iter().map(ColumnDrift::from).collect();
            serde_json::to_writer_pretty(&mut *out, &json!({ "columns": columns }))?;
            writeln!(out)
        }
        Format::Text => text(entries, out),
        Format::Markdown => markdown(entries, out),
    })
}

/// Column, verdict, test, figures.
fn cells(it: &Entry) -> [String; 7] {
    let verdict = match it.drifted {
        Some(true) => "drifted",
        Some(false) => "same",
        None => "error",
    };
    let test = it.test.unwrap_or("-").to_owned();
    let statistic = it.found.as_ref().map_or_else(String::new, |it| short(it.statistic));
    let p_value = it.found.as_ref().and_then(|found| {
        Some(match (it.corrected, found.p_value?, found.ln_p_value) {
            (Some(0.0), ..) => "under 1e-300".to_owned(),
            (Some(corrected), ..) => short(corrected),
            (None, p, Some(ln)) if p < 1e-300 => format!("1e{:.0}", ln / std::f64::consts::LN_10),
            (None, p, _) => short(p),
        })
    });
    [
        it.column.clone(),
        verdict.to_owned(),
        test,
        statistic,
        p_value.unwrap_or_default(),
        format!("{} / {}", it.n, it.m),
        it.effect.clone().unwrap_or_default(),
    ]
}

const HEADS: [&str; 7] = ["column", "verdict", "test", "statistic", "p-value", "values", "change"];

fn short(it: f64) -> String {
    let size = it.abs();
    if size > 0.0 && size < 1e-300 {
        return "under 1e-300".to_owned();
    }
    if it == 0.0 || (1e-4..1e6).contains(&size) { format!("{it:.4}") } else { format!("{it:.2e}") }
}

fn text(entries: &[Entry], out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<_> = entries.iter().map(cells).collect();
    let width = |at: usize| rows.iter().map(|it| it[at].chars().count()).chain([HEADS[at].len()]).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4, 5].map(width);
    let mut line = |cells: [&str; 7]| {
        let [.., last] = cells;
        cells.iter().zip(widths).try_for_each(|(cell, width)| write!(out, "{cell:width$}  "))?;
        writeln!(out, "{last}")
    };
    line(HEADS)?;
    for (it, row) in entries.iter().zip(&rows) {
        match &it.error {
            Some(why) => line([&row[0], &row[1], &row[2], "", "", "", why])?,
            None => line(row.each_ref().map(String::as_str))?,
        }
    }
    writeln!(out, "\n{}", summary(entries))
}

fn markdown(entries: &[Entry], out: &mut dyn Write) -> io::Result<()> {
    let cell = |it: &str| it.replace('|', "\\|").replace('\n', " ");
    writeln!(out, "| {} |\n|{}", HEADS.join(" | "), "---|".repeat(HEADS.len()))?;
    for it in entries {
        let mut row = cells(it);
        if let Some(why) = &it.error {
            row[6].clone_from(why);
        }
        row[0] = format!("`{}`", row[0]);
        writeln!(out, "| {} |", row.map(|it| cell(&it)).join(" | "))?;
    }
    writeln!(out, "\n{}", summary(entries))
}

fn summary(entries: &[Entry]) -> String {
    let count = |is: Option<bool>| entries.iter().filter(|it| it.drifted == is).count();
    let (drifted, same, failed) = (count(Some(true)), count(Some(false)), count(None));
    let errors = if failed > 0 { format!(", {failed} not compared") } else { String::new() };
    format!("{drifted} of {} columns drifted{errors}.", drifted + same)
}

//! What was found, as text, JSON or a Markdown table.

use std::io::{self, Write};

use driftline_rules::quality::interval::Interval;
use serde_json::{Value as Json, json};

use super::judge::{Answer, Entry, Judged, POWER, Verdict};
use super::{Args, Format};
use crate::cli::say;

const HEADS: [&str; 8] =
    ["metric", "candidate", "baseline", "difference", "interval", "margin", "p (worse)", "verdict"];

/// Writes the answer to standard output.
pub fn write(args: &Args, answer: &Answer) -> anyhow::Result<()> {
    say(|out| match args.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &whole(args, answer))?;
            writeln!(out)
        }
        Format::Text => text(args, answer, out),
        Format::Markdown => markdown(args, answer, out),
    })
}

/// The difference as candidate less baseline, whichever direction is good.
fn difference(entry: &Entry, it: &Judged) -> (f64, Interval) {
    let ((low, high), gain) = (it.evidence.bounds, it.difference.gain);
    if entry.metric.is_loss() { (0.0 - gain, (0.0 - high, 0.0 - low)) } else { (gain, (low, high)) }
}

fn whole(args: &Args, answer: &Answer) -> Json {
    let one = |entry: &Entry| {
        let mut out = json!({
            "metric": entry.metric.name,
            "n": { "candidate": entry.n.0, "baseline": entry.n.1 },
            "greater_is_better": !entry.metric.is_loss(),
        });
        if let Some((column, value)) = &entry.segment {
            out["segment"] = json!({ "column": column, "value": value.to_json() });
        }
        match &entry.outcome {
            Err(why) => {
                out["verdict"] = json!("error");
                out["error"] = json!(why);
            }
            Ok(it) => {
                let (value, interval) = difference(entry, it);
                let found = json!({
                    "verdict": it.verdict.name(),
                    "candidate": it.difference.candidate,
                    "baseline": it.difference.baseline,
                    "difference": value,
                    "interval": [interval.0, interval.1],
                    "margin": it.margin,
                    "test": it.test,
                    "p_worse": it.evidence.p_worse,
                    "p_worse_corrected": it.corrected,
                    "p_not_worse": it.evidence.p_not_worse,
                    "p_better": it.evidence.p_better,
                    "detectable": it.detectable,
                });
                if let (Json::Object(out), Json::Object(found)) = (&mut out, found) {
                    out.extend(found);
                }
                if args.sequential {
                    out["decided_after"] = json!(it.after);
                }
            }
        }
        out
    };
    json!({
        "passed": answer.exit == 0,
        "because": answer.because,
        "paired": answer.paired,
        "alpha": args.alpha,
        "confidence": 1.0 - 2.0 * args.alpha,
        "power": POWER,
        "sequential": args.sequential,
        "metrics": answer.metrics.iter().map(one).collect::<Vec<_>>(),
        "segments": answer.segments.iter().map(one).collect::<Vec<_>>(),
        "notes": answer.notes,
    })
}

fn cells(entry: &Entry) -> [String; 8] {
    let name = match &entry.segment {
        Some((column, value)) => format!("{} ({column}={value})", entry.metric.name),
        None => entry.metric.name.to_owned(),
    };
    let mut row = <[String; 8]>::default();
    row[0] = name;
    match &entry.outcome {
        Err(why) => row[7] = format!("not compared: {why}"),
        Ok(it) => {
            let (value, (low, high)) = difference(entry, it);
            row[1] = short(it.difference.candidate);
            row[2] = short(it.difference.baseline);
            row[3] = signed(value);
            row[4] = format!("{} to {}", signed(low), signed(high));
            row[5] = short(it.margin);
            row[6] = short(it.corrected);
            let verdict = match it.verdict {
                Verdict::NotWorse => "not worse",
                other => other.name(),
            };
            let after = it.after.map_or_else(String::new, |it| format!(" (after record {it})"));
            row[7] = format!("{verdict}{after}");
        }
    }
    row
}

/// Beside the table: which loss would have been found, and what is to be known.
fn remarks(args: &Args, answer: &Answer) -> Vec<String> {
    let of = |it: &Entry| {
        let found = it.outcome.as_ref().ok()?;
        Some(format!("{} {}", it.metric.name, short(found.detectable?)))
    };
    let found: Vec<String> = answer.metrics.iter().filter_map(of).collect();
    let percent = |it: f64| (it * 1e4).round() / 1e2;
    let mut out = vec![format!(
        "Intervals are of the difference, candidate less baseline, at {} % confidence, each bound at {} %.",
        percent(1.0 - 2.0 * args.alpha),
        percent(1.0 - args.alpha)
    )];
    if !found.is_empty() {
        out.push(format!(
            "A loss of so much would have been found with a chance of {} %: {}.",
            percent(POWER),
            found.join(", ")
        ));
    }
    out.extend(answer.notes.iter().map(|it| format!("{it}.")));
    out
}

fn text(args: &Args, answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<[String; 8]> = answer.metrics.iter().chain(&answer.segments).map(cells).collect();
    let widths: Vec<usize> = (0..HEADS.len())
        .map(|at| rows.iter().map(|it| it[at].chars().count()).chain([HEADS[at].len()]).max().unwrap_or(0))
        .collect();
    let mut line = |cells: [&str; 8]| {
        let [first @ .., last] = cells;
        first.iter().zip(&widths).try_for_each(|(cell, width)| write!(out, "{cell:width$}  "))?;
        writeln!(out, "{last}")
    };
    line(HEADS)?;
    for row in &rows {
        line(row.each_ref().map(String::as_str))?;
    }
    writeln!(out)?;
    for it in remarks(args, answer) {
        writeln!(out, "{it}")?;
    }
    writeln!(out, "\n{}", answer.because)
}

fn markdown(args: &Args, answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    let cell = |it: &str| it.replace('|', "\\|").replace('\n', " ");
    writeln!(out, "**{}**\n", answer.because)?;
    writeln!(out, "| {} |\n|{}", HEADS.join(" | "), "---|".repeat(HEADS.len()))?;
    for it in answer.metrics.iter().chain(&answer.segments) {
        writeln!(out, "| {} |", cells(it).map(|it| cell(&it)).join(" | "))?;
    }
    writeln!(out)?;
    for it in remarks(args, answer) {
        writeln!(out, "- {it}")?;
    }
    Ok(())
}

fn signed(it: f64) -> String {
    let text = short(it);
    if it > 0.0 { format!("+{text}") } else { text }
}

/// Four digits behind the point, or as many as matter.
fn short(it: f64) -> String {
    if it != 0.0 && !(1e-3..1e7).contains(&it.abs()) { format!("{it:.2e}") } else { format!("{it:.4}") }
}

//! `driftline kinds`: the kinds of expectations, the drift tests and the change detectors, and their pages.

mod pages;
mod plugins;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::bail;
use clap::Args as ClapArgs;
use driftline_rules::expectation::{KINDS, find, find_short, names, why_not};
use driftline_rules::kind::{Kind, Scope, Subject};
use driftline_rules::suite::problem::did_you_mean;
use serde_json::json;

use super::{Format, say};

/// List the kinds of expectations, drift tests and change detectors, or show the page of one.
///
/// Without a name: all kinds with what they expect, those of single records first, then those of windows
/// (a file, or a span of time). A `+` marks what Great Expectations does not have. With a name, short
/// (`between`) or of Great Expectations (`expect_column_values_to_be_between`): its page, with examples
/// that are tested as they stand, and its parameters.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline kinds\n  driftline kinds between\n  driftline kinds expect_column_values_to_be_in_set\n  driftline kinds hddm_a                  a detector of `driftline detect`\n  driftline kinds --format json | jq -r '.[].name'\n  driftline kinds language-is --suite suite.yaml\n\nExit codes: 0; 3 for a name that is no kind."
)]
pub struct Args {
    /// A kind, by its short name or that of Great Expectations; a drift test; a detector.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// A suite whose plugins are looked at too; their rules are `plugin.rule`, or the rule alone.
    #[arg(short, long, value_name = "SUITE")]
    suite: Option<PathBuf>,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let kind = args.name.as_deref().and_then(|it| find(it).or_else(|| Some(find_short(it)?.0)));
    let used = args.suite.as_deref().map(plugins::of_suite).transpose()?;
    if let (Some(name), None, Some(used)) = (&args.name, kind, &used) {
        let (used, rule) = plugins::find(used, name)?;
        say(|out| match args.format {
            Format::Json => write_json(&plugins::to_json(used, rule), out),
            Format::Text => plugins::write_rule(used, rule, out),
        })?;
        return Ok(0);
    }
    if let (Some(name), None) = (&args.name, kind) {
        if let Some(page) = pages::find(name) {
            say(|out| match args.format {
                Format::Json => write_json(&page.to_json(), out),
                Format::Text => page.write(colour, out),
            })?;
            return Ok(0);
        }
        let hint = did_you_mean(name, names().chain(pages::names()));
        bail!("unknown kind `{name}` ({})", hint.unwrap_or_else(|| why_not(name).to_owned()));
    }
    say(|out| match (args.format, kind) {
        (Format::Json, Some(kind)) => write_json(&to_json(kind), out),
        (Format::Json, None) => {
            let rules = used.iter().flatten().flat_map(|it| {
                it.1.about().capabilities.iter().map(|rule| plugins::to_json(it, rule)).collect::<Vec<_>>()
            });
            write_json(&KINDS.iter().map(|it| to_json(it)).chain(rules).collect(), out)
        }
        (Format::Text, Some(kind)) => write_page(kind, colour, out),
        (Format::Text, None) => {
            plugins::write_list(used.as_deref().unwrap_or_default(), out)?;
            write_list(out)?;
            pages::write_list(out)
        }
    })?;
    Ok(0)
}

fn write_json(it: &serde_json::Value, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, it)?;
    writeln!(out)
}

fn write_list(out: &mut dyn Write) -> io::Result<()> {
    let width = KINDS.iter().map(|it| it.name.len()).max().unwrap_or(0);
    for (scope, title) in [
        (Scope::Record, "Of each record: a verdict a record, and with `mostly` of a window"),
        (Scope::Window, "Of a window: a file, or a span of time"),
    ] {
        writeln!(out, "{title}\n")?;
        for kind in KINDS.iter().filter(|it| it.scope == scope) {
            let mark = if kind.in_gx { ' ' } else { '+' };
            writeln!(out, "  {mark} {:width$}  {}", kind.name, kind.summary)?;
        }
        writeln!(out)?;
    }
    let beyond = KINDS.iter().filter(|it| !it.in_gx).count();
    writeln!(out, "{} kinds; + marks the {beyond} that Great Expectations does not have.", KINDS.len())?;
    writeln!(out, "`driftline kinds NAME` shows the page of one, with examples and parameters.")
}

/// The page as it stands, its headings set off and its code in from the margin, then the parameters.
fn write_page(kind: &Kind, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let (bold, _, end) = colours(colour);
    writeln!(out, "{bold}{}{end}  ({})", kind.name, kind.gx)?;
    write_text(kind.page, colour, out)?;
    writeln!(out, "\n{bold}Parameters{end}\n")?;
    write_params(kind, out)?;
    writeln!(
        out,
        "\nAbout {}; judged {}{}; since {}{}.",
        about(kind.subject),
        if kind.scope == Scope::Record { "for each record" } else { "for a window" },
        if kind.mostly { ", `mostly` may be given" } else { "" },
        kind.since,
        if kind.in_gx { "" } else { "; not in Great Expectations" }
    )
}

/// What sets off headings and code, and what ends it.
const fn colours(wanted: bool) -> (&'static str, &'static str, &'static str) {
    if wanted { ("\x1b[1m", "\x1b[36m", "\x1b[0m") } else { ("", "", "") }
}

/// A page without its first line, which is the name.
fn write_text(page: &str, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let (bold, dim, end) = colours(colour);
    let mut in_code = false;
    for line in page.trim_end().lines().skip(1) {
        match (line.strip_prefix("```"), line.strip_prefix('#')) {
            (Some(info), _) => {
                in_code = !in_code;
                let title = match info.trim() {
                    "yaml suite" => "suite",
                    "json records" => "records",
                    "yaml finding" => "finding",
                    "yaml problem" => "problem",
                    "example" => "examples",
                    it => it,
                };
                if in_code && !title.is_empty() {
                    writeln!(out, "  {title}:")?;
                }
            }
            _ if in_code => writeln!(out, "    {dim}{line}{end}")?,
            (_, Some(heading)) => writeln!(out, "{bold}{}{end}", heading.trim_start_matches('#').trim())?,
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

fn write_params(kind: &Kind, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = vec![["name".to_owned(), "in GX".into(), "takes".into(), "default".into(), "meaning".into()]];
    rows.extend(kind.params.iter().map(|it| {
        let default = if it.required { "required" } else { it.default };
        let alone = if kind.main == Some(it.name) { " (may stand alone)" } else { "" };
        [it.name.to_owned(), it.gx.into(), it.ty.describe(), default.to_owned(), format!("{}{alone}", it.doc)]
    }));
    if rows.len() == 1 {
        return writeln!(out, "  none");
    }
    let width = |at: usize| rows.iter().map(|it| it[at].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    for row in &rows {
        write!(out, "  ")?;
        for (cell, width) in row.iter().zip(widths) {
            write!(out, "{cell:width$}  ")?;
        }
        writeln!(out, "{}", row[4])?;
    }
    Ok(())
}

fn about(subject: Subject) -> String {
    match subject {
        Subject::Field => "one field (`field:`)".to_owned(),
        Subject::Pair => "two fields (`fields: [a, b]`)".to_owned(),
        Subject::Fields(least) => format!("at least {least} fields (`fields: [..]`)"),
        Subject::Table => "the records as a whole (no field)".to_owned(),
    }
}

fn to_json(kind: &Kind) -> serde_json::Value {
    let params: Vec<_> = kind
        .params
        .iter()
        .map(|it| {
            json!({
                "name": it.name,
                "gx_name": it.gx,
                "takes": it.ty.describe(),
                "required": it.required,
                "default": Some(it.default).filter(|it| !it.is_empty()),
                "doc": it.doc,
            })
        })
        .collect();
    json!({
        "name": kind.name,
        "gx_name": kind.gx,
        "in_gx": kind.in_gx,
        "since": kind.since,
        "summary": kind.summary,
        "scope": if kind.scope == Scope::Record { "record" } else { "window" },
        "subject": match kind.subject {
            Subject::Field => "field",
            Subject::Pair => "pair",
            Subject::Fields(_) => "fields",
            Subject::Table => "table",
        },
        "mostly": kind.mostly,
        "main": kind.main,
        "params": params,
        "page": kind.page,
    })
}

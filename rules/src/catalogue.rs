//! The catalogue of all kinds as Markdown: the crate's README.

use std::fmt::Write;

use crate::expectation::KINDS;
use crate::kind::{Kind, Scope, Subject};

/// The catalogue.
pub fn markdown() -> String {
    let mut out = String::from(
        "# The engine and its expectations\n\n\
         The crate `driftline-rules` checks records and judges windows; it does no I/O. \
         This catalogue is made of the kinds themselves (`UPDATE=1 cargo test -p driftline-rules --test generated` rewrites it); \
         each name leads to its page, whose examples are tests.\n",
    );
    for (scope, title, about) in [
        (Scope::Record, "Of each record", "A verdict for each record, and through `mostly` one for a window."),
        (Scope::Window, "Of a window", "A verdict for a file or a span of time."),
    ] {
        let kinds: Vec<_> = KINDS.iter().filter(|it| it.scope == scope).collect();
        let _ = write!(out, "\n## {title}\n\n{about} {} kinds.\n\n", kinds.len());
        out += "| kind | Great Expectations | about | expects | parameters |\n|---|---|---|---|---|\n";
        for kind in kinds {
            row(kind, &mut out);
        }
    }
    out
}

fn row(kind: &Kind, out: &mut String) {
    let gx = if kind.in_gx { format!("`{}`", kind.gx) } else { "-".to_owned() };
    let about = match kind.subject {
        Subject::Field => "a field".to_owned(),
        Subject::Pair => "two fields".to_owned(),
        Subject::Fields(least) => format!("{least} or more fields"),
        Subject::Table => "the records".to_owned(),
    };
    let mut params: Vec<String> = kind
        .params
        .iter()
        .map(|it| {
            let gx = if it.gx == it.name { String::new() } else { format!(" (`{}`)", it.gx) };
            let must = match (it.required, it.default) {
                (true, _) => ", required".to_owned(),
                (_, "") => String::new(),
                (_, default) => format!(", default {default}"),
            };
            format!("`{}`{gx}: {}{must}", it.name, it.ty.describe())
        })
        .collect();
    if kind.mostly {
        params.push("`mostly`".to_owned());
    }
    let cells = [kind.summary.to_owned(), params.join("<br>")].map(|it| it.replace('|', "\\|"));
    let name = kind.name;
    let _ = writeln!(out, "| [`{name}`](src/expectation/{name}.md) | {gx} | {about} | {} | {} |", cells[0], cells[1]);
}

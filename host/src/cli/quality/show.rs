//! What was measured, for people.

use std::io::{self, Write};

use driftline_rules::quality::Measure;

use super::answer::Answer;

/// Classes and groups that are listed.
const SHOWN: usize = 20;

/// Writes the answer.
pub fn write(answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}\n", answer.about)?;
    let width = answer.figures.iter().map(|it| it.0.len()).max().unwrap_or_default();
    for (name, value, interval) in &answer.figures {
        match (value, interval) {
            (None, _) => {
                let why = answer.undefined.iter().find(|it| it.0 == *name).map_or("", |it| it.1.as_str());
                writeln!(out, "  {name:width$}  undefined: {why}")?;
            }
            (Some(value), None) => writeln!(out, "  {name:width$}  {}", short(*value))?,
            (Some(value), Some((low, high))) => {
                writeln!(out, "  {name:width$}  {:<10} {} to {}", short(*value), short(*low), short(*high))?;
            }
        }
    }
    let or_none = |it: Option<f64>| it.map_or_else(|| "-".to_owned(), short);
    if answer.classes.len() > 1 {
        let width =
            answer.classes.iter().take(SHOWN).map(|it| it.0.to_string().chars().count()).max().unwrap_or(0).max(5);
        writeln!(out, "\n  {:width$}  {:>9} {:>9} {:>9} {:>8}", "class", "precision", "recall", "f1", "records")?;
        let mut classes: Vec<_> = answer.classes.iter().collect();
        let support = |it: &driftline_rules::quality::Class| it.tp + it.r#fn;
        classes.sort_by(|a, b| support(&b.1).total_cmp(&support(&a.1)));
        for (label, class) in classes.iter().take(SHOWN) {
            let [precision, recall, f1] =
                [Measure::Precision, Measure::Recall, Measure::F1].map(|it| or_none(class.measure(it)));
            writeln!(out, "  {:width$}  {precision:>9} {recall:>9} {f1:>9} {:>8}", label.to_string(), support(class))?;
        }
        if classes.len() > SHOWN {
            writeln!(out, "  and {} more classes", classes.len() - SHOWN)?;
        }
    }
    if !answer.groups.is_empty() {
        let width =
            answer.groups.iter().take(SHOWN).map(|it| it.name.to_string().chars().count()).max().unwrap_or(0).max(5);
        writeln!(
            out,
            "\n  {:width$}  {:>9} {:>9} {:>9} {:>9} {:>8}",
            "group", "selected", "tpr", "fpr", "accuracy", "records"
        )?;
        for it in answer.groups.iter().take(SHOWN) {
            let class = &it.class;
            let [selected, tpr, fpr, accuracy] =
                [class.selection_rate(), class.measure(Measure::Recall), class.false_positive_rate(), class.accuracy()]
                    .map(or_none);
            writeln!(
                out,
                "  {:width$}  {selected:>9} {tpr:>9} {fpr:>9} {accuracy:>9} {:>8}",
                it.name.to_string(),
                it.n()
            )?;
        }
    }
    if !answer.bins.is_empty() {
        writeln!(out, "\n  {:>9} {:>9} {:>8}", "predicted", "true", "records")?;
        for it in answer.bins.iter().filter(|it| it.n > 0.0) {
            writeln!(out, "  {:>9} {:>9} {:>8}", or_none(it.mean_predicted), or_none(it.fraction_positive), it.n)?;
        }
    }
    Ok(())
}

/// Four digits behind the point, or as many as matter.
fn short(it: f64) -> String {
    if it != 0.0 && !(1e-3..1e7).contains(&it.abs()) { format!("{it:.3e}") } else { format!("{it:.4}") }
}

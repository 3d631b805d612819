//! Tables of predictions that both pages show, as expectations on metrics tell them in their details.

use serde::Serialize;
use serde_json::Value as Json;

use super::{Html, render};
use crate::output::plots::numbers::{percent, short};
use crate::output::plots::reliability::{self, ReliabilityBin};

/// How often which class was predicted where which was true.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// The classes, in order.
    pub labels: Vec<Json>,
    /// A row a true class, a column a predicted one.
    pub rows: Vec<Vec<u64>>,
}

impl Matrix {
    /// Of the details of a finding, where they hold one.
    pub fn find(details: &Json) -> Option<Self> {
        let labels = details.get("labels")?.as_array()?.clone();
        let rows: Vec<Vec<u64>> = serde_json::from_value(details.get("confusion_matrix_rows_true")?.clone()).ok()?;
        (rows.len() == labels.len()).then_some(Matrix { labels, rows })
    }
}

/// The reliability table of the details of a finding: of `ece` or of `confidence_ece`; bins without records are not
/// there.
pub fn reliability(details: &Json) -> Vec<ReliabilityBin> {
    let bins = details.get("bins").or_else(|| details.get("by_confidence")).and_then(Json::as_array);
    bins.into_iter().flatten().filter_map(bin).collect()
}

/// The two bounds of an interval, where details hold one.
pub fn interval(details: &Json) -> Option<(f64, f64)> {
    let end = |i: usize| details.get("interval").and_then(|it| it.get(i)).and_then(Json::as_f64);
    end(0).zip(end(1))
}

fn bin(it: &Json) -> Option<ReliabilityBin> {
    let number = |names: [&str; 2]| names.iter().find_map(|name| it.get(*name)).and_then(Json::as_f64);
    let n = it.get("n").and_then(Json::as_u64).filter(|it| *it > 0)?;
    let observed = number(["fraction_positive", "accuracy"])?;
    // The table of one class has no intervals; Wilson's is that of a share of so many records.
    let found = interval(it).or_else(|| {
        let z = driftline_rules::quality::interval::reach(0.95)?;
        driftline_rules::quality::interval::wilson(observed, n as f64, z)
    });
    let (low, high) = (found.map(|it| it.0), found.map(|it| it.1));
    Some(ReliabilityBin { n, predicted: number(["mean_predicted", "mean_confidence"])?, observed, low, high })
}

#[derive(Serialize)]
struct Shown<'m> {
    labels: &'m [Json],
    rows: Vec<Vec<Cell>>,
    caption: &'m str,
}

#[derive(Serialize)]
struct Cell {
    n: u64,
    /// How dark it is, 0 to 4.
    heat: u8,
    /// The share of the records of its true class.
    share: String,
    is_right: bool,
}

/// A matrix as a table, each cell as dark as its share of the true class.
pub fn matrix(labels: &[Json], rows: &[Vec<u64>], caption: &str) -> Result<Html, String> {
    let row = |(i, row): (usize, &Vec<u64>)| {
        let all = row.iter().sum::<u64>().max(1) as f64;
        let cell = |(j, n): (usize, &u64)| {
            let share = *n as f64 / all;
            let heat = if *n == 0 { 0 } else { 1 + (share * 3.99) as u8 };
            Cell { n: *n, heat: heat.min(4), share: percent(share), is_right: i == j }
        };
        row.iter().enumerate().map(cell).collect()
    };
    let rows = rows.iter().enumerate().map(row).collect();
    render("matrix", include_str!("matrix.html"), Shown { labels, rows, caption }).map(Html::new)
}

/// A reliability diagram.
pub fn diagram(bins: &[ReliabilityBin]) -> Html {
    let apart = |it: &&ReliabilityBin| (it.predicted - it.observed).abs() * it.n as f64;
    let worst = bins.iter().max_by(|a, b| apart(a).total_cmp(&apart(b)));
    let says = worst.map_or_else(String::new, |it| {
        format!(
            "where scores are about {}, {} of {} records are right",
            short(it.predicted),
            percent(it.observed),
            it.n
        )
    });
    Html::new(reliability::svg(bins, "Reliability diagram", &says))
}

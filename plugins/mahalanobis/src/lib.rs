//! Multivariate outliers by Mahalanobis distance. See `page.md`.

mod geometry;
mod moments;
mod no_outlier;
mod outlier_share;
mod reference;

pub use no_outlier::NoOutlier;
pub use outlier_share::OutlierShare;
pub use reference::Reference;

use driftline_plugin::prelude::*;

/// The input that all have.
const NUMBERS: Input =
    Input::required("numbers", &[ColumnType::Number], "the numbers that are looked at together").many();

/// The rows in which every number is there and finite; others have no distance.
fn complete(rows: &Rows, mut row: impl FnMut(usize, Option<&[f64]>)) -> Result<()> {
    let columns: Vec<Numbers> = rows.all("numbers")?;
    let mut point = Vec::with_capacity(columns.len());
    for at in 0..rows.len() {
        point.clear();
        point.extend(columns.iter().filter_map(|it| it.get(at)).filter(|it| it.is_finite()));
        row(at, (point.len() == columns.len()).then_some(&point));
    }
    Ok(())
}

driftline_plugin::export! {
    page: include_str!("../page.md"),
    record_checks: [NoOutlier],
    metrics: [Reference],
    drift_tests: [OutlierShare],
}

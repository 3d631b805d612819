//! Whether records go together as those of the reference do: what their principal components leave unexplained.

use super::chance::Chance;
use super::effect::effect;
use super::law::eigen::symmetric;
use super::records::{Encoded, Room, encode, list, shortened};
use super::rows::{Rows, both_rows};
use super::{Alarm, DriftTest, Found, Numbers, Params, Sides, Takes, anderson_darling};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "pca_reconstruction",
    aliases: &["data_reconstruction"],
    summary: "the mean error with which principal components of the reference give current records back",
    takes: Takes::Rows,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[("n_components", "0.65"), ("sample", "1000"), ("seed", "0")],
    page: include_str!("pca_reconstruction.md"),
    run,
};

/// The eigenvalues of more columns than this take longer than a judgement of a window may.
const MOST_COLUMNS: usize = 128;
const ROOM: Room = Room { categories: 20, buckets: 32, components: 64 };
/// The fewest rows of the reference, of which half are fitted and half are compared.
const LEAST_ROWS: usize = 40;

/// Both sides as one table of numbers.
struct Table {
    rows: Vec<Vec<f64>>,
    /// How many of them are of the reference.
    n: usize,
    /// The field of each column.
    of: Vec<usize>,
    names: Vec<String>,
    all_n: usize,
    all_m: usize,
}

impl Table {
    fn new(sides: &Sides, params: &Params, chance: &mut Chance) -> Result<Self, String> {
        let most = params.count("sample", 1000, 40..=100_000)? as usize;
        if let Sides::Records(reference, current) = sides {
            let mut rows = reference.sampled(most, chance);
            let n = rows.len();
            rows.extend(current.sampled(most, chance));
            let Encoded { rows, of } = encode(&reference.fields, &rows, ROOM)?;
            let dense = |row: Vec<(u32, f64)>| {
                let mut out = vec![0.0; of.len()];
                for (at, it) in row {
                    if let Some(cell) = out.get_mut(at as usize) {
                        *cell = it;
                    }
                }
                out
            };
            let (all_n, all_m) = (reference.rows.len(), current.rows.len());
            let names = reference.fields.clone();
            let rows = rows.into_iter().map(dense).collect();
            return Ok(Table { rows, n, of: of.iter().map(|it| it.0).collect(), names, all_n, all_m });
        }
        let (reference, current) = both_rows(sides)?;
        let Rows { rows, n } = Rows::sampled(reference, current, most, chance);
        let short = |row: &&[f64]| shortened(row, row.len(), ROOM.components).into_iter().map(|it| it.1).collect();
        let rows: Vec<Vec<f64>> = rows.iter().map(short).collect();
        let width = rows.first().map_or(0, Vec::len);
        let names = (0..width).map(|it| format!("component {it}")).collect();
        Ok(Table { rows, n, of: (0..width).collect(), names, all_n: reference.len(), all_m: current.len() })
    }

    fn reference(&self) -> &[Vec<f64>] {
        self.rows.get(..self.n).unwrap_or_default()
    }

    fn current(&self) -> &[Vec<f64>] {
        self.rows.get(self.n..).unwrap_or_default()
    }

    /// Rows are dealt to halves by chance: one is fitted, and the errors of the other are what those of current rows
    /// are compared with.
    fn halves(&self, chance: &mut Chance) -> (Vec<&Vec<f64>>, Vec<&Vec<f64>>) {
        let mut rows: Vec<&Vec<f64>> = self.reference().iter().collect();
        let n = rows.len();
        chance.shuffle(&mut rows, n);
        let other = rows.split_off(n / 2);
        (rows, other)
    }
}

/// Scales and principal components of some rows.
struct Fitted {
    means: Vec<f64>,
    spreads: Vec<f64>,
    /// Unit vectors, the first of the greatest variance.
    components: Vec<Vec<f64>>,
}

impl Fitted {
    /// Columns in standard deviations, and as many components as explain `share` of their variance, or one where the
    /// first does already: what scikit-learn's `StandardScaler` and `PCA(n_components=share)` make.
    fn new(rows: &[&Vec<f64>], share: f64) -> Self {
        let width = rows.first().map_or(0, |it| it.len());
        let n = rows.len() as f64;
        let mut means = vec![0.0; width];
        for row in rows {
            means.iter_mut().zip(row.iter()).for_each(|(sum, it)| *sum += it / n);
        }
        let mut spreads = vec![0.0; width];
        for row in rows {
            let cells = row.iter().zip(&means);
            spreads.iter_mut().zip(cells).for_each(|(sum, (it, mean))| *sum += (it - mean).powi(2) / n);
        }
        for (it, mean) in spreads.iter_mut().zip(&means) {
            *it = it.sqrt();
            // What does not vary, but for rounding, is not scaled.
            if *it <= 1e-12 * mean.abs() || *it == 0.0 {
                *it = 1.0;
            }
        }
        let mut it = Fitted { means, spreads, components: Vec::new() };
        let mut covariance = vec![0.0; width * width];
        for row in rows {
            let scaled = it.scaled(row);
            for (line, a) in covariance.chunks_mut(width.max(1)).zip(&scaled) {
                line.iter_mut().zip(&scaled).for_each(|(sum, b)| *sum += a * b / n);
            }
        }
        let (values, vectors) = symmetric(covariance, width);
        let mut ranked: Vec<(f64, &[f64])> = values.into_iter().zip(vectors.chunks(width.max(1))).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let all: f64 = ranked.iter().map(|it| it.0.max(0.0)).sum();
        let mut explained = 0.0;
        for (value, vector) in ranked {
            it.components.push(vector.to_vec());
            explained += value.max(0.0);
            // As scikit-learn: the first number of components whose share is above the wanted one.
            if explained > share * all {
                break;
            }
        }
        it
    }

    fn scaled(&self, row: &[f64]) -> Vec<f64> {
        row.iter().zip(&self.means).zip(&self.spreads).map(|((it, mean), spread)| (it - mean) / spread).collect()
    }

    /// What the components do not give back of a row, column by column.
    fn left(&self, row: &[f64]) -> Vec<f64> {
        let scaled = self.scaled(row);
        let mut left = scaled.clone();
        for component in &self.components {
            let along: f64 = scaled.iter().zip(component).map(|(a, b)| a * b).sum();
            left.iter_mut().zip(component).for_each(|(it, b)| *it -= along * b);
        }
        left
    }

    fn error(&self, row: &[f64]) -> f64 {
        self.left(row).iter().map(|it| it * it).sum::<f64>().sqrt()
    }

    fn mean_error(&self, rows: &[Vec<f64>]) -> f64 {
        rows.iter().map(|it| self.error(it)).sum::<f64>() / rows.len() as f64
    }
}

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let share = params.number("n_components", 0.65)?;
    if !(share > 0.0 && share < 1.0) {
        return Err(format!("`n_components` must be a share of the variance between 0 and 1, not {share}"));
    }
    let mut chance = Chance::new(params.count("seed", 0, 0..=u64::MAX)?);
    let table = Table::new(sides, params, &mut chance)?;
    let (n, m) = (table.n, table.current().len());
    if n < LEAST_ROWS || m == 0 {
        return Err(format!(
            "{n} rows of the reference and {m} current ones are too few, {LEAST_ROWS} and one are needed"
        ));
    }
    let width = table.of.len();
    if width > MOST_COLUMNS {
        return Err(format!(
            "the fields make {width} columns of numbers, and at most {MOST_COLUMNS} are compared: name fewer fields, or \
             take `domain_classifier`"
        ));
    }
    let whole = Fitted::new(&table.reference().iter().collect::<Vec<_>>(), share);
    let statistic = whole.mean_error(table.current());
    let (fitted, other) = table.halves(&mut chance);
    let half = Fitted::new(&fitted, share);
    let unseen: Vec<f64> = other.iter().map(|it| half.error(it)).collect();
    let current: Vec<f64> = table.current().iter().map(|it| half.error(it)).collect();
    let unseen_mean = unseen.iter().sum::<f64>() / unseen.len() as f64;
    let current_mean = current.iter().sum::<f64>() / current.len() as f64;
    let compared = Sides::Numbers(Numbers::of(&unseen), Numbers::of(&current));
    let by = (anderson_darling::TEST.run)(&compared, &Params::default())?;
    Ok(Found {
        statistic,
        p_value: by.p_value,
        ln_p_value: by.ln_p_value,
        n: table.all_n as u64,
        m: table.all_m as u64,
        exact: false,
        more: [
            ("reference_error", whole.mean_error(table.reference())),
            ("unseen_reference_error", unseen_mean),
            ("unseen_current_error", current_mean),
            ("components", whole.components.len() as f64),
            ("columns", width as f64),
            ("sampled_rows", table.rows.len() as f64),
        ]
        .into(),
        bins: Vec::new(),
    })
}

/// What has changed, in words: the mean error of either side, each of rows that were not fitted, and the fields whose
/// part of it has grown or shrunk most.
pub(super) fn in_words(sides: &Sides, found: &Found, params: &Params) -> Option<String> {
    let mut chance = Chance::new(params.count("seed", 0, 0..=u64::MAX).ok()?);
    let table = Table::new(sides, params, &mut chance).ok()?;
    let (fitted, other) = table.halves(&mut chance);
    let half = Fitted::new(&fitted, params.number("n_components", 0.65).ok()?);
    let squares = |rows: &[&Vec<f64>]| {
        let mut sums = vec![0.0; table.names.len()];
        for row in rows {
            for (it, of) in half.left(row).iter().zip(&table.of) {
                if let Some(sum) = sums.get_mut(*of) {
                    *sum += it * it / rows.len() as f64;
                }
            }
        }
        sums
    };
    let (before, now) = (squares(&other), squares(&table.current().iter().collect::<Vec<_>>()));
    let moved = || now.iter().zip(&before).map(|(now, before)| (now - before).abs());
    let all: f64 = moved().sum();
    let mut shares: Vec<_> = table.names.iter().cloned().zip(moved().map(|it| it / all)).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares.retain(|it| it.1 >= 0.05);
    let by = list(&shares, |it| format!("{:.0} %", 100.0 * it));
    let by = if by.is_empty() { by } else { format!("; most by {by}") };
    Some(format!("{}{by}", effect(sides, found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uniform(chance: &mut Chance) -> f64 {
        chance.below(1 << 20) as f64 / f64::from(1 << 19) - 1.0
    }

    /// Three columns, the third of which follows the first, or does not any longer.
    fn rows(chance: &mut Chance, n: usize, follows: f64) -> Vec<Vec<f64>> {
        let mut row = || {
            let (a, b, c) = (uniform(chance), uniform(chance), uniform(chance));
            vec![a, b, follows * a + 0.3 * c]
        };
        (0..n).map(|_| row()).collect()
    }

    #[test]
    fn it_alarms_as_often_as_it_says_and_finds_what_each_column_hides() {
        let mut chance = Chance::new(11);
        let params = Params::default();
        let mut alarms = 0;
        for _ in 0..200 {
            let sides = Sides::Vectors(rows(&mut chance, 120, 1.0), rows(&mut chance, 60, 1.0));
            alarms += u32::from(run(&sides, &params).unwrap().p_value.unwrap() < 0.05);
        }
        // 5 % are 10, with a standard deviation of 3.1.
        assert!((2..=20).contains(&alarms), "{alarms} of 200");
        let sides = Sides::Vectors(rows(&mut chance, 300, 1.0), rows(&mut chance, 100, -1.0));
        let found = run(&sides, &params).unwrap();
        assert!(found.p_value.unwrap() < 1e-6 && found.statistic > 1.5 * found.more["reference_error"], "{found:?}");
        let said = in_words(&sides, &found, &params).unwrap();
        assert!(said.starts_with("reconstruction error 0.") && said.contains("component 2 ("), "{said}");
    }

    #[test]
    fn what_cannot_be_computed_is_said() {
        let mut chance = Chance::new(1);
        let few = Sides::Vectors(rows(&mut chance, 30, 1.0), rows(&mut chance, 30, 1.0));
        assert!(run(&few, &Params::default()).is_err_and(|it| it.contains("too few")));
        let constant = Sides::Vectors(vec![vec![1.0, 1.0]; 50], vec![vec![1.0, 2.0]; 50]);
        let found = run(&constant, &Params::default()).unwrap();
        assert!(found.statistic.is_finite() && found.p_value.unwrap() < 1e-6, "{found:?}");
        let share = Params(serde_json::from_str(r#"{"n_components": 2}"#).unwrap());
        assert!(run(&constant, &share).is_err_and(|it| it.contains("a share of the variance")));
    }
}

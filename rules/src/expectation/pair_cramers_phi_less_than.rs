//! Two fields depend on each other only so much.

use std::collections::BTreeMap;

use crate::binder::Ignore;
use crate::kind::{Args, Binder, Check, Form, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::{Judgement, Status};
use crate::sketch::{Counts, Sketch, Spec};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "pair_cramers_phi_less_than",
    gx: "expect_column_pair_cramers_phi_value_to_be_less_than",
    in_gx: false,
    since: "0.1.0",
    summary: "two fields to depend on each other at most so much",
    subject: Subject::Pair,
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new("threshold", ParamType::Ratio, "The largest phi that passes.").default("0.1"),
        Param::new("bins_a", ParamType::Values, "Increasing edges between which the first field is counted.")
            .gx("bins_A"),
        Param::new("bins_b", ParamType::Values, "Increasing edges between which the second field is counted.")
            .gx("bins_B"),
        Param::new("n_bins_a", ParamType::Int, "The number of equal bins for the first field.").gx("n_bins_A"),
        Param::new("n_bins_b", ParamType::Int, "The number of equal bins for the second field.").gx("n_bins_B"),
    ],
    main: Some("threshold"),
    page: include_str!("pair_cramers_phi_less_than.md"),
    compile,
};

/// A table of at most so many cells is reported.
const SHOWN_CELLS: usize = 400;

struct CramersPhi {
    threshold: f64,
    bins: [Binning; 2],
    counts: SketchId,
}

/// How the values of a field become categories.
enum Binning {
    ByValue,
    Edges(Vec<f64>),
    Equal(u32),
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let bins = [Binning::new(args, "bins_a", "n_bins_a")?, Binning::new(args, "bins_b", "n_bins_b")?];
    let spec = Spec::Counts { budget: binder.budget };
    let counts = binder.sketch_without(Ignore::Any, true, spec);
    Ok(Check::Window(Box::new(CramersPhi { threshold: args.number("threshold").unwrap_or(0.1), bins, counts })))
}

impl WindowCheck for CramersPhi {
    fn judge(&self, view: &View) -> Judgement {
        let Sketch::Counts(counts) = view.sketch(self.counts) else {
            return Judgement::error("no summary was kept");
        };
        self.judge_counts(view, counts).bound(format!("Cramér's phi of at most {}", self.threshold))
    }
}

impl CramersPhi {
    fn judge_counts(&self, view: &View, counts: &Counts) -> Judgement {
        if !counts.is_exact() {
            return Judgement::error("there are more distinct pairs than were kept");
        }
        let pairs = counts.sorted();
        let cells = pairs.iter().filter_map(|it| match &it.value {
            Value::List(pair) => Some((pair.first()?, pair.get(1)?, it.count)),
            _ => None,
        });
        let mut names = [Categories::default(), Categories::default()];
        let mut table: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        let [of_a, of_b] = &mut names;
        let find_a = self.bins[0].finder(cells.clone().map(|it| it.0));
        let find_b = self.bins[1].finder(cells.clone().map(|it| it.1));
        let (find_a, find_b) = match (find_a, find_b) {
            (Ok(a), Ok(b)) => (a, b),
            (Err(why), _) | (_, Err(why)) => {
                let status = if view.form == Form::Gx { Status::Error } else { Status::Fail };
                return Judgement::new(status).why(why);
            }
        };
        for (a, b, count) in cells {
            let at = (of_a.place(find_a.category(a)), of_b.place(find_b.category(b)));
            *table.entry(at).or_default() += count;
        }
        let Some(phi) = phi(&table, of_a.names.len(), of_b.names.len()) else {
            let why = "a field without two different values says nothing of the other";
            return match view.form {
                Form::Short => Judgement::skip(why),
                Form::Gx => Judgement::new(Status::Fail).observed(Value::Null).why(why),
            };
        };
        let status = Status::of(phi <= self.threshold);
        let why = (status == Status::Fail).then(|| format!("phi is {phi:.4}"));
        let judgement = Judgement { why, ..Judgement::new(status).observed(Value::Num(phi)) };
        match crosstab(&table, &of_a.names, &of_b.names) {
            Some(it) => judgement.details(Value::Map(vec![("crosstab".into(), it)])),
            None => judgement,
        }
    }
}

/// H. Cramér, "Mathematical Methods of Statistics" (1946): the root of chi-squared by its largest value;
/// without a correction for small tables, as `scipy.stats.contingency.association`.
fn phi(table: &BTreeMap<(usize, usize), u64>, n_rows: usize, n_columns: usize) -> Option<f64> {
    let least = n_rows.min(n_columns).checked_sub(1).filter(|it| *it > 0)?;
    let (mut rows, mut columns) = (vec![0.0; n_rows], vec![0.0; n_columns]);
    for ((row, column), count) in table {
        *rows.get_mut(*row)? += *count as f64;
        *columns.get_mut(*column)? += *count as f64;
    }
    // Chi-squared by n is the sum of `count^2 / (row * column)` less 1; empty cells add nothing to it.
    let mut squares = 0.0;
    for ((row, column), count) in table {
        squares += (*count as f64).powi(2) / (rows.get(*row)? * columns.get(*column)?);
    }
    Some(((squares - 1.0) / least as f64).clamp(0.0, 1.0).sqrt())
}

fn crosstab(
    table: &BTreeMap<(usize, usize), u64>,
    rows: &[Value<'static>],
    columns: &[Value<'static>],
) -> Option<Value<'static>> {
    if rows.len().saturating_mul(columns.len()) > SHOWN_CELLS {
        return None;
    }
    let cell = |row: usize, column: usize| Value::Int(table.get(&(row, column)).map_or(0, |it| *it as i64));
    let line = |row: usize| Value::List((0..columns.len()).map(|column| cell(row, column)).collect());
    let counts = Value::List((0..rows.len()).map(line).collect());
    let members =
        [("rows", Value::List(rows.to_vec())), ("columns", Value::List(columns.to_vec())), ("counts", counts)];
    Some(Value::Map(members.into_iter().map(|(name, it)| (name.into(), it)).collect()))
}

/// The categories met, in the order of their first record.
#[derive(Default)]
struct Categories {
    names: Vec<Value<'static>>,
    places: std::collections::HashMap<Vec<u8>, usize>,
}

impl Categories {
    fn place(&mut self, name: Value<'static>) -> usize {
        let mut key = Vec::new();
        name.key_into(&mut key);
        *self.places.entry(key).or_insert_with(|| {
            self.names.push(name);
            self.names.len() - 1
        })
    }
}

/// The edges of one field; none where values are categories themselves.
struct Finder(Option<Vec<f64>>);

impl Finder {
    /// The value, or the lower edge of its bin; what lies below all bins is named by its infinity.
    fn category(&self, it: &Value<'static>) -> Value<'static> {
        let (Some(edges), Some(number)) = (&self.0, it.as_f64()) else { return it.clone() };
        let above = edges.partition_point(|edge| *edge <= number);
        // The last bin holds its upper edge.
        let above = if edges.last() == Some(&number) { above.saturating_sub(1) } else { above };
        Value::Num(above.checked_sub(1).and_then(|at| edges.get(at)).copied().unwrap_or(f64::NEG_INFINITY))
    }
}

impl Binning {
    fn new(args: &Args, edges: &str, number: &str) -> Result<Self, String> {
        match (args.values(edges), args.int(number)) {
            (None, None) => Ok(Binning::ByValue),
            (Some(_), Some(_)) => Err(format!("give `{edges}` or `{number}`, not both")),
            (None, Some(it)) => match u32::try_from(it) {
                Ok(it @ 1..=100_000) => Ok(Binning::Equal(it)),
                _ => Err(format!("`{number}` must be between 1 and 100000")),
            },
            (Some(edges_given), None) => {
                let edges_read: Option<Vec<f64>> = edges_given.iter().map(Value::as_f64).collect();
                let edges_read = edges_read.filter(|it| it.iter().zip(it.iter().skip(1)).all(|(a, b)| a < b));
                edges_read.map(Binning::Edges).ok_or_else(|| format!("`{edges}` must be increasing numbers"))
            }
        }
    }

    fn finder<'v>(&self, values: impl Iterator<Item = &'v Value<'static>>) -> Result<Finder, String> {
        if matches!(self, Binning::ByValue) {
            return Ok(Finder(None));
        }
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        for it in values {
            let Some(number) = it.as_f64() else {
                return Err(format!("a value of type {} lies between no edges", it.type_name()));
            };
            min = min.min(number);
            max = max.max(number);
        }
        match self {
            Binning::Edges(edges) => Ok(Finder(Some(edges.clone()))),
            Binning::Equal(n) if min.is_finite() && max.is_finite() => {
                let step = (max - min) / f64::from(*n);
                let mut edges: Vec<f64> = (0..*n).map(|it| min + f64::from(it) * step).collect();
                edges.push(max);
                Ok(Finder(Some(edges)))
            }
            _ => Ok(Finder(None)),
        }
    }
}

//! From two sides to counts of the same bins.

use super::peer_bins::{evidently, nannyml};
use super::sides::{Categories, Numbers};
use super::{Params, Sides};

/// A bin, or a category, with its counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bin {
    /// What it holds: a category, a number, or an interval like `(0, 2.5]`.
    pub label: String,
    /// Its lower and upper edge; those of a single number are equal, a category has none.
    pub edges: Option<(f64, f64)>,
    /// Values of the reference.
    pub reference: u64,
    /// Values of the current side.
    pub current: u64,
}

impl Bin {
    /// A bin a category.
    pub fn of_categories(categories: &Categories) -> Vec<Bin> {
        let bin = |(label, reference, current): &(String, u64, u64)| Bin {
            label: label.clone(),
            edges: None,
            reference: *reference,
            current: *current,
        };
        categories.counts.iter().map(bin).collect()
    }
}

/// Both sides in bins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Binned {
    /// The bins; every value is in one of them.
    pub bins: Vec<Bin>,
    /// The share of values of the reference, and of the current side, that could lie in another bin, as far as the
    /// error of a sketch goes.
    pub uncertain: (f64, f64),
    /// Whether the counts are those of the values themselves.
    pub exact: bool,
    /// Counts for a test of significance, where those of the bins will not do: a bin of all that the reference does not
    /// have is made for what was found, and chance fills it too often.
    pub tested: Option<Vec<(u64, u64)>>,
}

impl Binned {
    pub(super) fn pairs(&self) -> Vec<(u64, u64)> {
        self.bins.iter().map(|it| (it.reference, it.current)).collect()
    }
}

/// Which values a rule of binning looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Every value as often as it occurs.
    Values,
    /// Under `evidently`, every different value once and whatever their number: Evidently's Hellinger distance.
    Distinct,
}

/// The parameters of [`bin`], with what they are when they are not given.
pub const PARAMS: [(&str, &str); 5] = [
    ("binning", "quantiles"),
    ("bins", "10"),
    ("edges", "none"),
    ("column_type", "by the data"),
    ("dtype", "by the data"),
];

/// Bins both sides by the rule that `binning` names; categories are their own bins.
///
/// The error says what cannot be binned: an empty side, a range that is not finite, edges that are none.
pub fn bin(sides: &Sides, params: &Params, style: Style) -> Result<Binned, String> {
    let rule = rule(params)?;
    match sides {
        Sides::Categories(it) if rule == "nannyml" => Ok(with_overflow(it)),
        Sides::Categories(it) => Ok(by_category(it)),
        Sides::Numbers(reference, current) => {
            if params.word("column_type", &["numerical", "categorical", "num", "cat"])?.starts_with("cat") {
                let counts = Categories::of_numbers(reference, current);
                return Ok(if rule == "nannyml" { with_overflow(&counts) } else { by_category(&counts) });
            }
            let integers = match params.0.get("dtype") {
                None => None,
                Some(_) => Some(params.word("dtype", &["float", "int", "integer"])? != "float"),
            };
            match rule {
                "edges" => Ok(open(reference, current, &edges(params)?)),
                "evidently" => evidently(reference, current, integers, style),
                "nannyml" => nannyml(reference, current, integers),
                "deciles" => between_quantiles(reference, current, 10),
                _ => by_quantiles(reference, current, n_bins(params)?),
            }
        }
        _ => Err("this distance is of numbers or of categories".to_owned()),
    }
}

fn rule(params: &Params) -> Result<&'static str, String> {
    match params.0.get("binning").and_then(|it| it.as_str()) {
        Some(it) if it.starts_with("reference deciles") => Ok("deciles"),
        None if params.0.contains_key("edges") => Ok("edges"),
        _ => params.word("binning", &["quantiles", "evidently", "nannyml", "deciles", "edges"]),
    }
}

fn n_bins(params: &Params) -> Result<usize, String> {
    let wanted = params.number("bins", 10.0)?;
    let whole = wanted.fract() == 0.0 && (2.0..=10_000.0).contains(&wanted);
    if whole {
        Ok(wanted as usize)
    } else {
        Err(format!("`bins` must be a whole number from 2 to 10000, not {wanted}"))
    }
}

fn edges(params: &Params) -> Result<Vec<f64>, String> {
    let given = params.0.get("edges").and_then(|it| it.as_array()).ok_or("`edges` must be a list of numbers")?;
    let edges: Option<Vec<f64>> = given.iter().map(serde_json::Value::as_f64).collect();
    let edges = edges.filter(|it| !it.is_empty() && it.is_sorted_by(|a, b| a < b));
    edges.ok_or_else(|| "`edges` must be numbers, each larger than the one before".to_owned())
}

pub(super) fn by_category(it: &Categories) -> Binned {
    Binned { bins: Bin::of_categories(it), exact: it.exact, ..Binned::default() }
}

/// Categories as `NannyML` has them: those of the reference, and one more for all others.
fn with_overflow(categories: &Categories) -> Binned {
    let (known, new): (Vec<Bin>, Vec<Bin>) =
        Bin::of_categories(categories).into_iter().partition(|it| it.reference > 0);
    let mut bins = known;
    let other = new.iter().map(|it| it.current).fold(0, u64::saturating_add);
    if other > 0 {
        bins.push(Bin { label: OTHER.to_owned(), edges: None, reference: 0, current: other });
    }
    Binned { bins, exact: categories.exact, tested: Some(categories.pairs()), ..Binned::default() }
}

/// The label of the bin for what the reference does not have.
pub(super) const OTHER: &str = "(other)";

/// Our own rule. The bins are a function of the reference alone, so that windows can be compared with each other: few
/// different values are a bin each, with one more for all that lies between or outside; of many, quantiles are the edges.
fn by_quantiles(reference: &Numbers, current: &Numbers, n_bins: usize) -> Result<Binned, String> {
    if reference.sorted.len() <= n_bins && reference.error == 0.0 && current.error == 0.0 {
        return Ok(with_overflow_numbers(reference, current));
    }
    between_quantiles(reference, current, n_bins)
}

/// So many values of the reference a bin make its quantiles as good as those of the law that it is drawn from.
const SURE: u64 = 100;

/// Bins between quantiles of the reference. Each holds as many of its values as it was made for, so that chance shows on
/// the other side alone, and more than it should where these are few: quantiles of all values, which favour neither
/// side, are then what significance is asked of.
fn between_quantiles(reference: &Numbers, current: &Numbers, n_bins: usize) -> Result<Binned, String> {
    let binned = open(reference, current, &quantile_edges(reference, n_bins)?);
    if reference.n >= SURE * n_bins as u64 {
        return Ok(binned);
    }
    let fair = open(reference, current, &quantile_edges(&reference.plus(current), n_bins)?);
    Ok(Binned { tested: Some(fair.pairs()), ..binned })
}

/// A bin for each number of the reference, and one for all others.
fn with_overflow_numbers(reference: &Numbers, current: &Numbers) -> Binned {
    let mut bins = Vec::with_capacity(reference.sorted.len() + 1);
    let mut known = 0;
    for (value, count) in &reference.sorted {
        let at = current.sorted.binary_search_by(|it| it.0.total_cmp(value)).ok();
        let found = at.and_then(|at| current.sorted.get(at)).map_or(0, |it| it.1);
        known += found;
        bins.push(Bin { label: value.to_string(), edges: Some((*value, *value)), reference: *count, current: found });
    }
    if current.n > known {
        bins.push(Bin { label: OTHER.to_owned(), edges: None, reference: 0, current: current.n - known });
    }
    let tested = Some(Categories::of_numbers(reference, current).pairs());
    Binned { bins, exact: true, tested, ..Binned::default() }
}

/// The inner edges that cut the reference into parts of like size: quantiles as numpy's `linear`, each once.
fn quantile_edges(reference: &Numbers, n_bins: usize) -> Result<Vec<f64>, String> {
    let last = reference.n.checked_sub(1).ok_or("the reference has no value")?;
    let mut ends: Vec<u64> = Vec::with_capacity(reference.sorted.len());
    let mut so_far = 0;
    for it in &reference.sorted {
        so_far += it.1;
        ends.push(so_far);
    }
    let at_rank = |rank: u64| {
        let at = ends.partition_point(|end| *end <= rank);
        reference.sorted.get(at).or(reference.sorted.last()).map_or(f64::NAN, |it| it.0)
    };
    let mut edges: Vec<f64> = Vec::with_capacity(n_bins);
    for k in 1..n_bins {
        let place = k as f64 / n_bins as f64 * last as f64;
        let (low, part) = (place.floor(), place - place.floor());
        let (a, b) = (at_rank(low as u64), at_rank((low as u64 + 1).min(last)));
        let edge = if a == b || part == 0.0 {
            a
        } else if !(b - a).is_finite() {
            if part < 0.5 { a } else { b }
        } else if part < 0.5 {
            a + (b - a) * part
        } else {
            b - (b - a) * (1.0 - part)
        };
        if edges.last().is_none_or(|it| *it < edge) {
            edges.push(edge);
        }
    }
    Ok(edges)
}

/// Bins between inner edges, each with its upper edge; the outer ones are open.
fn open(reference: &Numbers, current: &Numbers, inner: &[f64]) -> Binned {
    let (a, b) = (between(reference, inner), between(current, inner));
    let edge = |at: usize| inner.get(at).copied().unwrap_or(f64::INFINITY);
    let bins = a.0.into_iter().zip(b.0).enumerate().map(|(at, (reference, current))| {
        let (low, high) = (at.checked_sub(1).map_or(f64::NEG_INFINITY, edge), edge(at));
        Bin { label: format!("({low}, {high}]"), edges: Some((low, high)), reference, current }
    });
    let exact = reference.error == 0.0 && current.error == 0.0;
    Binned { bins: bins.collect(), uncertain: (a.1, b.1), exact, tested: None }
}

/// What [`counted`] says of bins between `inner` edges, each with its upper edge: the numbers are in order, as the edges
/// are.
fn between(side: &Numbers, inner: &[f64]) -> (Vec<u64>, f64) {
    let mut counts = vec![0; inner.len() + 1];
    let (mut bin, mut uncertain) = (0, 0);
    for (value, count) in &side.sorted {
        while inner.get(bin).is_some_and(|edge| edge < value) {
            bin += 1;
        }
        if let Some(it) = counts.get_mut(bin) {
            *it += count;
        }
        let give = if value.is_finite() { side.error * value.abs() } else { 0.0 };
        let below = bin.checked_sub(1).and_then(|it| inner.get(it)).is_some_and(|edge| value - give <= *edge);
        let above = inner.get(bin).is_some_and(|edge| *edge < value + give);
        if give > 0.0 && (below || above) {
            uncertain += count;
        }
    }
    (counts, if side.n > 0 { uncertain as f64 / side.n as f64 } else { 0.0 })
}

/// The counts of bins, and the share of values that the error of a sketch may put into another.
pub(super) fn counted(side: &Numbers, n_bins: usize, place: impl Fn(f64) -> usize) -> (Vec<u64>, f64) {
    let mut counts = vec![0; n_bins];
    let mut uncertain = 0;
    for (value, count) in &side.sorted {
        if let Some(bin) = counts.get_mut(place(*value)) {
            *bin += count;
        }
        let give = if value.is_finite() { side.error * value.abs() } else { 0.0 };
        if give > 0.0 && place(value - give) != place(value + give) {
            uncertain += count;
        }
    }
    (counts, if side.n > 0 { uncertain as f64 / side.n as f64 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(values: &[f64]) -> Numbers {
        Numbers::of(values)
    }

    fn params(text: &str) -> Params {
        Params(serde_json::from_str(text).unwrap())
    }

    fn counts_of(binned: &Binned) -> Vec<(u64, u64)> {
        binned.pairs()
    }

    #[test]
    fn every_value_is_in_one_bin() {
        let reference = numbers(&(0..100).map(f64::from).collect::<Vec<_>>());
        let current = numbers(&[-1e9, 0.0, 50.0, 99.0, 1e9, f64::INFINITY]);
        let sides = Sides::Numbers(reference, current);
        for given in ["{}", r#"{"bins": 3}"#, r#"{"edges": [0, 50]}"#, r#"{"binning": "nannyml"}"#] {
            let binned = bin(&sides, &params(given), Style::Values).unwrap();
            let sum = counts_of(&binned).iter().fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
            assert_eq!(sum, (100, 6), "{given}");
        }
        assert!(bin(&sides, &params(r#"{"binning": "evidently"}"#), Style::Values).unwrap_err().contains("infinite"));
        for wrong in [r#"{"bins": 1}"#, r#"{"bins": 2.5}"#, r#"{"edges": [2, 1]}"#, r#"{"edges": []}"#] {
            assert!(bin(&sides, &params(wrong), Style::Values).is_err(), "{wrong}");
        }
    }

    #[test]
    fn few_values_are_a_bin_each_and_edges_belong_below() {
        let (reference, current) = (numbers(&[0.0, 0.0, 1.0]), numbers(&[0.0, 1.0, 1.0, 0.5]));
        let sides = Sides::Numbers(reference, current);
        assert_eq!(counts_of(&bin(&sides, &params("{}"), Style::Values).unwrap()), [(2, 1), (1, 2), (0, 1)]);
        let binned = bin(&sides, &params(r#"{"edges": [0, 0.5]}"#), Style::Values).unwrap();
        assert_eq!(counts_of(&binned), [(2, 1), (0, 1), (1, 2)]);
        assert_eq!(binned.bins[1].label, "(0, 0.5]");
    }

    #[test]
    fn significance_is_of_what_a_bin_was_made_of() {
        let counts = [("a", 5, 5), ("b", 0, 2), ("c", 0, 3)].map(|it| (it.0.to_owned(), it.1, it.2)).to_vec();
        let sides = Sides::Categories(Categories { counts, exact: true });
        let binned = bin(&sides, &params(r#"{"binning": "nannyml"}"#), Style::Values).unwrap();
        assert_eq!(counts_of(&binned), [(5, 5), (0, 5)]);
        assert_eq!(binned.tested, Some(vec![(5, 5), (0, 2), (0, 3)]));
        let sides = Sides::Numbers(numbers(&[1.0, 1.0]), numbers(&[1.0, 2.0, 3.0]));
        let binned = bin(&sides, &params("{}"), Style::Values).unwrap();
        assert_eq!(counts_of(&binned), [(2, 1), (0, 2)]);
        assert_eq!(binned.tested, Some(vec![(2, 1), (0, 1), (0, 1)]));
    }

    #[test]
    fn significance_favours_no_side_of_a_small_reference() {
        let numbers = |n: u32| numbers(&(0..n).map(|it| f64::from(it * 7919 % 10_007)).collect::<Vec<_>>());
        let few = bin(&Sides::Numbers(numbers(30), numbers(2000)), &params("{}"), Style::Values).unwrap();
        assert!(few.bins.iter().all(|it| it.reference == 3), "the bins are of the reference");
        let tested = few.tested.unwrap();
        assert!(tested.iter().all(|it| it.0 + it.1 == 203), "{tested:?}");
        let many = bin(&Sides::Numbers(numbers(1000), numbers(2000)), &params("{}"), Style::Values).unwrap();
        assert_eq!(many.tested, None);
    }

    #[test]
    fn what_goes_through_in_order_is_what_each_value_finds() {
        let mut side = numbers(&(0..200).map(|it| f64::from(it * it % 97) - 40.0).collect::<Vec<_>>());
        side.error = 0.01;
        let inner = [-30.0, -0.5, 0.0, 12.0, 55.9];
        let place = |it: f64| inner.partition_point(|edge| *edge < it);
        assert_eq!(between(&side, &inner), counted(&side, 6, place));
    }

    #[test]
    fn a_sketch_says_what_may_lie_elsewhere() {
        let mut reference = numbers(&(1..=100).map(f64::from).collect::<Vec<_>>());
        reference.error = 0.01;
        let current = numbers(&[1.0, 2.0]);
        let binned = bin(&Sides::Numbers(reference, current), &params(r#"{"edges": [50.2]}"#), Style::Values).unwrap();
        assert_eq!((binned.uncertain, binned.exact), ((0.01, 0.0), false));
    }
}

//! Whether a classifier can tell the vectors, or records, of two sides apart.

use super::chance::Chance;
use super::classifier::{Features, Told, tell_apart};
use super::effect::effect;
use super::records::{Encoded, Room, Sort, encode, list};
use super::rows::{Rows, both_rows};
use super::{Alarm, DriftTest, Found, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "domain_classifier",
    aliases: &["model"],
    summary: "the area under the ROC curve of a classifier that tells current vectors or records from those of the reference",
    takes: Takes::Rows,
    alarm: Alarm::Distance { threshold: 0.55, closed: false },
    params: &[("sample", "1000"), ("seed", "0")],
    page: include_str!("domain_classifier.md"),
    run,
};

/// Squares are features too of so many components at most, products of so many.
const MOST_SQUARED: usize = 100;
const MOST_CROSSED: usize = 8;
/// Of records, of so many numbers and categories.
const MOST_CROSSED_OF_RECORDS: usize = 40;
const ROOM: Room = Room { categories: 50, buckets: 1 << 12, components: 4096 };

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let table = Table::new(sides, params)?;
    let told = table.told(&|_| true)?;
    Ok(Found {
        statistic: told.auc,
        p_value: Some(told.tail.p),
        ln_p_value: Some(told.tail.ln_p),
        n: table.all_n as u64,
        m: table.all_m as u64,
        exact: false,
        more: [("sampled_rows", table.rows.len() as f64)].into(),
        bins: Vec::new(),
    })
}

/// Both sides as features.
struct Table {
    rows: Vec<Features>,
    /// How many of them are of the reference.
    n: usize,
    /// The field of each feature; `None`: of two fields.
    of: Vec<Option<usize>>,
    /// The fields of records.
    names: Vec<String>,
    seed: u64,
    all_n: usize,
    all_m: usize,
}

impl Table {
    fn new(sides: &Sides, params: &Params) -> Result<Self, String> {
        let most = params.count("sample", 1000, 20..=100_000)? as usize;
        let seed = params.count("seed", 0, 0..=u64::MAX)?;
        let mut chance = Chance::new(seed);
        let (encoded, n, names, all_n, all_m) = if let Sides::Records(reference, current) = sides {
            let mut rows = reference.sampled(most, &mut chance);
            let n = rows.len();
            rows.extend(current.sampled(most, &mut chance));
            let encoded = encode(&reference.fields, &rows, ROOM)?;
            (encoded, n, reference.fields.clone(), reference.rows.len(), current.rows.len())
        } else {
            let (reference, current) = both_rows(sides)?;
            let rows = Rows::sampled(reference, current, most, &mut chance);
            let of = vec![(0, Sort::Number); rows.rows.first().map_or(0, |it| it.len())];
            let dense = rows.rows.iter().map(|it| (0..).zip(it.iter().copied()).collect()).collect();
            let encoded = Encoded { rows: dense, of };
            (encoded, rows.n, Vec::new(), reference.len(), current.len())
        };
        let most_crossed = if names.is_empty() { MOST_CROSSED } else { MOST_CROSSED_OF_RECORDS };
        let (rows, of) = features(encoded, most_crossed);
        Ok(Table { rows, n, of, names, seed, all_n, all_m })
    }

    /// How well the sides are told apart by the features of some fields.
    fn told(&self, by: &dyn Fn(Option<usize>) -> bool) -> Result<Told, String> {
        let is_used: Vec<bool> = self.of.iter().map(|it| by(*it)).collect();
        let used = |row: &Features| -> Features {
            row.iter().copied().filter(|it| is_used.get(it.0 as usize) == Some(&true)).collect()
        };
        let rows: Vec<Features> = self.rows.iter().map(used).collect();
        let (reference, current) = rows.split_at(self.n.min(rows.len()));
        tell_apart(reference, current, self.of.len(), self.seed)
    }
}

/// Numbers in standard deviations from their mean over both sides, and how they and categories go together. What does
/// not vary is no feature.
fn features(encoded: Encoded, most_crossed: usize) -> (Vec<Features>, Vec<Option<usize>>) {
    let Encoded { rows, of } = encoded;
    let all = rows.len() as f64;
    let (mut means, mut spreads) = (vec![0.0; of.len()], vec![0.0; of.len()]);
    let is_number = |at: u32| of.get(at as usize).is_some_and(|it| it.1 == Sort::Number);
    let numbers = || rows.iter().flatten().filter(|it| is_number(it.0));
    for (at, it) in numbers() {
        if let Some(sum) = means.get_mut(*at as usize) {
            *sum += it / all;
        }
    }
    for (at, it) in numbers() {
        if let (Some(sum), Some(mean)) = (spreads.get_mut(*at as usize), means.get(*at as usize)) {
            *sum += (it - mean).powi(2) / all;
        }
    }
    let has_squares = of.iter().filter(|it| it.1 == Sort::Number).count() <= MOST_SQUARED;
    let mut out: Vec<Option<usize>> = of.iter().map(|it| Some(it.0)).collect();
    let squares = out.len() as u32;
    if has_squares {
        out.extend(of.iter().map(|it| Some(it.0)));
    }
    // What is multiplied, with its place among all that is.
    let mut crossed: Vec<usize> = Vec::new();
    let mut place_of = vec![None; of.len()];
    for ((field, sort), place) in of.iter().zip(&mut place_of) {
        if *sort != Sort::Word {
            *place = Some(crossed.len());
            crossed.push(*field);
        }
    }
    let products = out.len();
    let has_products = crossed.len() <= most_crossed;
    if has_products {
        // Products of one field are told with it.
        for (i, a) in crossed.iter().enumerate() {
            out.extend(crossed.iter().take(i).map(|b| (a == b).then_some(*a)));
        }
    }
    let row = |mut row: Features| {
        for (at, it) in &mut row {
            if let (true, Some(mean), Some(square)) =
                (is_number(*at), means.get(*at as usize), spreads.get(*at as usize))
            {
                let scaled = (*it - mean) / square.sqrt();
                *it = if scaled.is_finite() { scaled } else { 0.0 };
            }
        }
        let mut found = row.clone();
        if has_squares {
            let numbers = row.iter().filter(|it| is_number(it.0));
            found.extend(numbers.map(|(at, it)| (squares + at, (it * it - 1.0) / 2_f64.sqrt())));
        }
        if has_products {
            let placed = row.iter().filter_map(|(at, it)| Some((place_of.get(*at as usize).copied().flatten()?, *it)));
            let mut placed: Vec<(usize, f64)> = placed.collect();
            placed.sort_unstable_by_key(|it| it.0);
            for (n, (i, a)) in placed.iter().enumerate() {
                let first = products + i * i.saturating_sub(1) / 2;
                found.extend(placed.iter().take(n).map(|(j, b)| ((first + j) as u32, a * b)));
            }
        }
        found.retain(|it| it.1 != 0.0);
        found
    };
    (rows.into_iter().map(row).collect(), out)
}

/// What has changed, in words: how well a classifier tells the sides apart, and by which fields alone.
pub(super) fn in_words(sides: &Sides, found: &Found, params: &Params) -> Option<String> {
    let table = Table::new(sides, params).ok()?;
    let mut fields: Vec<(String, f64)> = Vec::new();
    for (at, name) in table.names.iter().enumerate() {
        let told = table.told(&|of| of == Some(at)).ok()?;
        // By chance some field tells them apart a little.
        if told.tail.p < 0.05 / table.names.len() as f64 {
            fields.push((name.clone(), told.auc));
        }
    }
    fields.sort_by(|a, b| b.1.total_cmp(&a.1));
    let most = match fields.as_slice() {
        [] => "no field does alone, they go together otherwise".to_owned(),
        fields => format!("most by {}", list(fields, |it| format!("{it:.2}"))),
    };
    Some(format!("{}; {most}", effect(sides, found)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::Records;

    type Of<'a> = &'a dyn Fn(f64, f64) -> Vec<f64>;

    #[test]
    fn shifts_spreads_and_what_goes_together_are_told_apart() {
        let mut chance = Chance::new(6);
        let mut uniform = || chance.below(1 << 20) as f64 / f64::from(1 << 19) - 1.0;
        let mut rows = |of: Of| (0..300).map(|_| of(uniform(), uniform())).collect::<Vec<_>>();
        let plain: Of = &|a, b| vec![a, b];
        let reference = rows(plain);
        let cases: [(&str, Of, bool); 4] = [
            ("the same", plain, false),
            ("shifted", &|a, b| vec![a + 0.4, b], true),
            ("wider", &|a, b| vec![1.6 * a, b], true),
            ("together", &|a, b| vec![a, 0.5 * a + 0.8 * b], true),
        ];
        for (name, of, drifts) in cases {
            let found = run(&Sides::Vectors(reference.clone(), rows(of)), &Params::default()).unwrap();
            let alarm = found.statistic > 0.55 && found.p_value.unwrap() < 0.05;
            assert_eq!(alarm, drifts, "{name}: {found:?}");
        }
    }

    #[test]
    fn the_fields_that_tell_are_named() {
        use crate::value::Value;
        let mut chance = Chance::new(3);
        let mut side = |shift: f64, words: [&'static str; 2], turned: bool| {
            let mut row = || {
                let mut uniform = || chance.below(1 << 20) as f64 / f64::from(1 << 20);
                let (a, b) = (uniform(), uniform());
                let word = Value::text(words[usize::from(uniform() < 0.3)]);
                let other = if turned { 1.0 - a } else { a };
                let b = if b < 0.1 { Value::Null } else { Value::Num(b) };
                vec![Value::Num(a + shift), word, b, Value::Num(other + 0.3 * uniform())]
            };
            let rows = (0..300).map(|_| row()).collect();
            Records { fields: ["latency", "intent", "noise", "copy"].map(str::to_owned).to_vec(), rows }
        };
        let reference = side(0.0, ["pay", "ask"], false);
        let cases = [
            ((0.0, ["pay", "ask"], false), None),
            ((0.5, ["pay", "ask"], false), Some("; most by latency (")),
            ((0.0, ["ask", "pay"], false), Some("; most by intent (")),
            ((0.0, ["pay", "ask"], true), Some("no field does alone")),
        ];
        for ((shift, words, turned), most) in cases {
            let sides = Sides::Records(reference.clone(), side(shift, words, turned));
            let found = run(&sides, &Params::default()).unwrap();
            let alarm = found.statistic > 0.55 && found.p_value.unwrap() < 0.05;
            assert_eq!(alarm, most.is_some(), "{found:?}");
            let said = in_words(&sides, &found, &Params::default()).unwrap();
            assert!(most.is_none_or(|it| said.contains(it)), "{said}");
        }
    }
}

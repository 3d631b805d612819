//! What has changed, in the words of a person who knows the data and not the test.

use super::bins::{Style, bin};
use super::{Bin, Found, Moments, Numbers, Params, Share, Sides};

/// What has changed, in words.
pub fn effect(sides: &Sides, found: &Found) -> String {
    match sides {
        Sides::Numbers(a, b) => {
            let mean = |it: &Numbers| Moments::of(&it.finite()).map(|it| it.mean);
            match (mean(a), mean(b)) {
                (Some(before), Some(now)) => format!("mean {}", change(before, now)),
                _ => moved(&found.bins),
            }
        }
        Sides::Missing(a, b) => {
            let share = |it: &Share| 100.0 * it.count as f64 / (it.of.max(1)) as f64;
            format!("missing {} % -> {} %", short(share(a)), short(share(b)))
        }
        Sides::Categories(it) => moved(&Bin::of_categories(it)),
        Sides::Vectors(..) | Sides::Texts(..) => format!("statistic {}", short(found.statistic)),
    }
}

fn change(before: f64, now: f64) -> String {
    let share = (now - before) / before.abs() * 100.0;
    let by = if share.is_finite() { format!(", {share:+.0} %") } else { String::new() };
    format!("{} -> {}{by}", short(before), short(now))
}

/// A category, or an interval of numbers, with its share of the values of either side.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// What it holds: a category, a number, or an interval like `(0, 2.5]`.
    pub label: String,
    /// Its share of the reference, from 0 to 1.
    pub before: f64,
    /// Its share of the current side.
    pub now: f64,
}

/// The categories or intervals whose shares have changed, those that changed most first, `most` of them at most. They
/// are the bins of the test; of numbers that it did not bin, tenths of the reference; of vectors and texts none.
pub fn moved_most(sides: &Sides, found: &Found, most: usize) -> Vec<Moved> {
    match sides {
        _ if !found.bins.is_empty() => by_change(&found.bins, most),
        Sides::Categories(it) => by_change(&Bin::of_categories(it), most),
        Sides::Numbers(..) => {
            bin(sides, &Params::default(), Style::Values).map_or_else(|_| Vec::new(), |it| by_change(&it.bins, most))
        }
        _ => Vec::new(),
    }
}

fn by_change(bins: &[Bin], most: usize) -> Vec<Moved> {
    let (n, m) = bins.iter().fold((0, 0), |sum, it| (sum.0 + it.reference, sum.1 + it.current));
    let share = |count: u64, of: u64| count as f64 / of.max(1) as f64;
    let mut all: Vec<_> = bins
        .iter()
        .map(|it| (it, share(it.reference, n), share(it.current, m)))
        .filter(|(_, before, now)| before != now)
        .collect();
    all.sort_by(|a, b| (b.2 - b.1).abs().total_cmp(&(a.2 - a.1).abs()));
    all.truncate(most);
    all.into_iter().map(|(bin, before, now)| Moved { label: bin.label.clone(), before, now }).collect()
}

/// The three shares that have changed most.
fn moved(bins: &[Bin]) -> String {
    let all = by_change(bins, 3);
    let percent = |it: f64| short(100.0 * it);
    let words = all.iter().map(|it| format!("{} {} % -> {} %", it.label, percent(it.before), percent(it.now)));
    words.collect::<Vec<_>>().join(", ")
}

/// Three digits that count.
fn short(it: f64) -> String {
    if it == 0.0 || !it.is_finite() {
        return it.to_string();
    }
    let digits = (2 - it.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{it:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::Categories;

    #[test]
    fn it_says_what_a_person_would_say() {
        let numbers = |it: &[f64]| Numbers::of(it);
        let of = |sides: &Sides| effect(sides, &Found::default());
        assert_eq!(of(&Sides::Numbers(numbers(&[50.0, 50.4]), numbers(&[74.9]))), "mean 50.2 -> 74.9, +49 %");
        assert_eq!(of(&Sides::Numbers(numbers(&[0.0]), numbers(&[0.001]))), "mean 0 -> 0.001");
        let counts = vec![("a".to_owned(), 3, 1), ("b".to_owned(), 1, 3), ("c".to_owned(), 0, 0)];
        let categories = Categories { counts, exact: true };
        assert_eq!(of(&Sides::Categories(categories)), "a 75 % -> 25 %, b 25 % -> 75 %");
        assert_eq!(of(&Sides::Missing(Share { count: 0, of: 8 }, Share { count: 1, of: 8 })), "missing 0 % -> 12.5 %");
    }

    #[test]
    fn what_moved_most_comes_first_and_what_did_not_is_left_out() {
        let counts = [("a", 50, 10), ("b", 20, 30), ("c", 20, 20), ("d", 10, 40)];
        let counts = counts.map(|(it, n, m)| (it.to_owned(), n, m)).to_vec();
        let sides = Sides::Categories(Categories { counts, exact: true });
        let all = moved_most(&sides, &Found::default(), 5);
        let shares: Vec<_> = all.iter().map(|it| (it.label.as_str(), it.before, it.now)).collect();
        assert_eq!(shares, [("a", 0.5, 0.1), ("d", 0.1, 0.4), ("b", 0.2, 0.3)]);
        assert_eq!(moved_most(&sides, &Found::default(), 1).len(), 1);
        // Numbers that the test did not bin are told by tenths of the reference.
        let ramp: Vec<f64> = (0..100).map(f64::from).collect();
        let high: Vec<f64> = ramp.iter().map(|it| it + 90.0).collect();
        let sides = Sides::Numbers(Numbers::of(&ramp), Numbers::of(&high));
        let all = moved_most(&sides, &Found::default(), 2);
        assert_eq!((all.len(), all[0].before, all[0].now), (2, 0.1, 1.0), "{all:?}");
        let same = Sides::Numbers(Numbers::of(&ramp), Numbers::of(&ramp));
        assert_eq!(moved_most(&same, &Found::default(), 2), []);
    }
}

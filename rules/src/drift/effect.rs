//! What has changed, in the words of a person who knows the data and not the test.

use super::{Bin, Found, Numbers, Share, Sides};

/// What has changed, in words.
pub fn effect(sides: &Sides, found: &Found) -> String {
    match sides {
        Sides::Numbers(a, b) => match (mean(a), mean(b)) {
            (Some(before), Some(now)) => format!("mean {}", change(before, now)),
            _ => moved(&found.bins),
        },
        Sides::Missing(a, b) => {
            let share = |it: &Share| 100.0 * it.count as f64 / (it.of.max(1)) as f64;
            format!("missing {} % -> {} %", short(share(a)), short(share(b)))
        }
        Sides::Categories(it) => moved(&Bin::of_categories(it)),
        Sides::Vectors(..) | Sides::Texts(..) => format!("statistic {}", short(found.statistic)),
    }
}

/// The mean of the finite numbers, to the few digits that are told.
fn mean(numbers: &Numbers) -> Option<f64> {
    let finite = || numbers.sorted.iter().filter(|it| it.0.is_finite());
    let n = finite().map(|it| it.1 as f64).sum::<f64>();
    let mean = finite().map(|it| it.0 * (it.1 as f64 / n)).sum::<f64>();
    (n > 0.0 && mean.is_finite()).then_some(mean)
}

fn change(before: f64, now: f64) -> String {
    let share = (now - before) / before.abs() * 100.0;
    let by = if share.is_finite() { format!(", {share:+.0} %") } else { String::new() };
    format!("{} -> {}{by}", short(before), short(now))
}

/// The three shares that have changed most.
fn moved(bins: &[Bin]) -> String {
    let (n, m) = bins.iter().fold((0, 0), |sum, it| (sum.0 + it.reference, sum.1 + it.current));
    let share = |count: u64, of: u64| 100.0 * count as f64 / of.max(1) as f64;
    let mut all: Vec<_> = bins.iter().map(|it| (it, share(it.reference, n), share(it.current, m))).collect();
    all.sort_by(|a, b| (b.2 - b.1).abs().total_cmp(&(a.2 - a.1).abs()));
    let words = all
        .iter()
        .take(3)
        .filter(|it| it.1 != it.2)
        .map(|(bin, before, now)| format!("{} {} % -> {} %", bin.label, short(*before), short(*now)));
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
}

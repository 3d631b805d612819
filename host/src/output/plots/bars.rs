//! Two distributions beside each other: shares of values over common bins, or by category.

use std::collections::BTreeMap;

use driftline_rules::baseline::Distribution;
use driftline_rules::drift::Numbers;
use serde::Serialize;
use utoipa::ToSchema;

use super::frame::{Frame, cut};
use super::numbers::{percent, short};

/// Two distributions over the same bins or categories.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Bars {
    /// `numbers`: bins in order; `categories`: the most frequent ones first, and the rest together.
    pub kind: &'static str,
    /// Whether bins grow by a factor, and not by a width.
    pub is_log: bool,
    /// The bins.
    pub bars: Vec<Bar>,
}

/// A bin or a category.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Bar {
    /// What it is called: a category as JSON, or a bin in words.
    pub label: String,
    /// Where a bin begins; none: it is a category, or holds all that is smaller.
    pub from: Option<f64>,
    /// Where it ends.
    pub to: Option<f64>,
    /// The share of the values of before; none: there is nothing to compare with.
    pub before: Option<f64>,
    /// The share of the values now.
    pub now: f64,
}

const BINS: usize = 24;
const CATEGORIES: usize = 10;

impl Bars {
    /// Of two distributions of one field; `None` when windows do not keep enough of it.
    pub fn of(before: Option<&Distribution>, now: &Distribution) -> Option<Self> {
        let before = before.filter(|it| it.n > 0);
        if now.n == 0 {
            return None;
        }
        match (before.map(|it| it.numbers.as_ref()), &now.numbers) {
            (None, Some(now)) => Bars::of_numbers(None, now),
            (Some(Some(before)), Some(now)) => Bars::of_numbers(Some(before), now),
            _ => Bars::of_categories(before, now),
        }
    }

    fn of_numbers(before: Option<&Numbers>, now: &Numbers) -> Option<Self> {
        let sides: Vec<&Numbers> = before.into_iter().chain([now]).collect();
        let mut low = f64::INFINITY;
        let mut high = f64::NEG_INFINITY;
        for side in &sides {
            let ends = side.finite().quantiles(&[0.005, 0.995])?;
            low = low.min(*ends.first()?);
            high = high.max(*ends.last()?);
        }
        let distinct: BTreeMap<u64, f64> = sides
            .iter()
            .flat_map(|it| it.sorted.iter().take(CATEGORIES + 3).map(|it| (it.0.to_bits(), it.0)))
            .collect();
        let is_few = distinct.len() <= CATEGORIES + 2 && sides.iter().all(|it| it.sorted.len() <= CATEGORIES + 2);
        if is_few || low >= high {
            return Some(by_value(before, now, distinct.into_values().collect()));
        }
        let is_log = low > 0.0 && high / low >= 100.0;
        let place = |value: f64| {
            let it = if is_log { (value / low).ln() / (high / low).ln() } else { (value - low) / (high - low) };
            ((it * BINS as f64).clamp(0.0, BINS as f64 - 1.0)) as usize
        };
        let edge = |i: usize| {
            let share = i as f64 / BINS as f64;
            if is_log { low * (high / low).powf(share) } else { low + (high - low) * share }
        };
        let shares = |side: &Numbers| {
            let mut counts = [0_u64; BINS];
            for (value, count) in side.sorted.iter().filter(|it| it.0.is_finite()) {
                if let Some(it) = counts.get_mut(place(*value)) {
                    *it += count;
                }
            }
            counts.map(|it| it as f64 / side.n.max(1) as f64)
        };
        let (then, now) = (before.map(shares), shares(now));
        let bar = |(i, now): (usize, f64)| {
            let (from, to) = (edge(i), edge(i + 1));
            let (from_said, to_said) = (short(from), short(to));
            let label = match i {
                0 => format!("up to {to_said}"),
                i if i + 1 == BINS => format!("{from_said} and more"),
                _ => format!("{from_said} to {to_said}"),
            };
            let before = then.as_ref().and_then(|it| it.get(i).copied());
            Bar { label, from: (i > 0).then_some(from), to: (i + 1 < BINS).then_some(to), before, now }
        };
        Some(Bars { kind: "numbers", is_log, bars: now.into_iter().enumerate().map(bar).collect() })
    }

    fn of_categories(before: Option<&Distribution>, now: &Distribution) -> Option<Self> {
        let mut counts: BTreeMap<String, [u64; 2]> = BTreeMap::new();
        for (side, of) in [(0, before), (1, Some(now))] {
            let Some(of) = of else { continue };
            for (name, count) in by_text(of)? {
                if let Some(it) = counts.entry(name).or_default().get_mut(side) {
                    *it += count;
                }
            }
        }
        let sums = [before.map_or(0, |it| it.n), now.n];
        let share = |n: u64, side: usize| n as f64 / sums.get(side).copied().unwrap_or(0).max(1) as f64;
        let mut all: Vec<(String, [f64; 2])> =
            counts.into_iter().map(|(name, [a, b])| (plain(name), [share(a, 0), share(b, 1)])).collect();
        all.sort_by(|a, b| b.1[0].max(b.1[1]).total_cmp(&a.1[0].max(a.1[1])).then_with(|| a.0.cmp(&b.0)));
        let rest = all.split_off(all.len().min(CATEGORIES));
        if !rest.is_empty() {
            let sum = rest.iter().fold([0.0, 0.0], |sum, it| [sum[0] + it.1[0], sum[1] + it.1[1]]);
            all.push((format!("{} others", rest.len()), sum));
        }
        let is_compared = before.is_some();
        let bar = |(label, [before, now]): (String, [f64; 2])| Bar {
            label,
            from: None,
            to: None,
            before: is_compared.then_some(before),
            now,
        };
        Some(Bars { kind: "categories", is_log: false, bars: all.into_iter().map(bar).collect() })
    }

    /// The bin or category whose share has changed most, in words; `None` without anything to compare with, and where
    /// no share has changed by half a hundredth.
    pub fn moved_most(&self) -> Option<String> {
        let moved = |it: &&Bar| it.before.map_or(0.0, |before| (it.now - before).abs());
        let most = self.bars.iter().max_by(|a, b| moved(a).total_cmp(&moved(b)))?;
        let before = most.before.filter(|it| (most.now - it).abs() >= 0.005)?;
        Some(format!("{} went from {} to {}", most.label, percent(before), percent(most.now)))
    }

    /// Draws it.
    pub fn svg(&self, title: &str) -> String {
        let says = match self.moved_most() {
            Some(it) => format!("shares of values; most has changed: {it}"),
            None if self.bars.iter().any(|it| it.before.is_some()) => "shares of values, as before".to_owned(),
            None => "shares of values".to_owned(),
        };
        if self.kind == "numbers" { self.histogram(title, &says) } else { self.rows(title, &says) }
    }

    fn histogram(&self, title: &str, says: &str) -> String {
        const WIDTH: f64 = 360.0;
        const HEIGHT: f64 = 140.0;
        const BASE: f64 = 116.0;
        const TOP: f64 = 8.0;
        let mut frame = Frame::new("bars", (WIDTH, HEIGHT), title, says);
        let most = self.bars.iter().map(|it| it.now.max(it.before.unwrap_or(0.0))).fold(1e-9, f64::max);
        let width = WIDTH / self.bars.len().max(1) as f64;
        let y = |share: f64| BASE - (BASE - TOP) * share / most;
        for (i, bar) in self.bars.iter().enumerate() {
            let says = match bar.before {
                Some(before) => format!("{}: {}, before {}", bar.label, percent(bar.now), percent(before)),
                None => format!("{}: {}", bar.label, percent(bar.now)),
            };
            let x = i as f64 * width;
            frame.rect("now", [x + 1.0, y(bar.now), width - 2.0, BASE - y(bar.now)], &says);
        }
        let mut steps = Vec::new();
        for (i, before) in self.bars.iter().enumerate().filter_map(|(i, it)| it.before.map(|it| (i, it))) {
            steps.push((i as f64 * width, y(before)));
            steps.push(((i + 1) as f64 * width, y(before)));
        }
        frame.path("before", steps, false);
        frame.line("axis", [0.0, BASE, WIDTH, BASE]);
        let edges: Vec<f64> = self.bars.iter().filter_map(|it| it.to).collect();
        for (anchor, share) in [("start", 0.0), ("middle", 0.5), ("end", 1.0)] {
            let at = ((edges.len().saturating_sub(1)) as f64 * share).round() as usize;
            let Some(edge) = edges.get(at) else { continue };
            let x = match anchor {
                "start" => 2.0,
                "end" => WIDTH - 2.0,
                _ => (at + 1) as f64 * width,
            };
            frame.text(anchor, [x, HEIGHT - 8.0], &short(*edge));
        }
        frame.finish()
    }

    fn rows(&self, title: &str, says: &str) -> String {
        const WIDTH: f64 = 360.0;
        const ROW: f64 = 24.0;
        const LABELS: f64 = 128.0;
        const NUMBERS: f64 = 52.0;
        let height = ROW * self.bars.len().max(1) as f64 + 4.0;
        let mut frame = Frame::new("bars", (WIDTH, height), title, says);
        let most = self.bars.iter().map(|it| it.now.max(it.before.unwrap_or(0.0))).fold(1e-9, f64::max);
        for (i, bar) in self.bars.iter().enumerate() {
            let y = i as f64 * ROW + 4.0;
            let length = |share: f64| share / most * (WIDTH - LABELS - NUMBERS);
            frame.text("end", [LABELS - 8.0, y + 13.0], &cut(&bar.label, 18));
            frame.rect("now", [LABELS, y, length(bar.now), 11.0], &format!("{}: {}", bar.label, percent(bar.now)));
            if let Some(before) = bar.before {
                let says = format!("{}: {} before", bar.label, percent(before));
                frame.rect("before", [LABELS, y + 12.0, length(before).max(0.5), 6.0], &says);
            }
            frame.text(
                "start",
                [LABELS + length(bar.now.max(bar.before.unwrap_or(0.0))) + 5.0, y + 11.0],
                &percent(bar.now),
            );
        }
        frame.finish()
    }
}

/// A bar a value, where there are few.
fn by_value(before: Option<&Numbers>, now: &Numbers, values: Vec<f64>) -> Bars {
    let share = |side: &Numbers, value: f64| {
        let count: u64 = side.sorted.iter().filter(|it| it.0 == value).map(|it| it.1).sum();
        count as f64 / side.n.max(1) as f64
    };
    let mut values = values;
    values.sort_by(f64::total_cmp);
    let bar = |value: f64| Bar {
        label: short(value),
        from: None,
        to: None,
        before: before.map(|it| share(it, value)),
        now: share(now, value),
    };
    Bars { kind: "categories", is_log: false, bars: values.into_iter().map(bar).collect() }
}

/// A category without the quotes of JSON, where it is still seen to be a text.
fn plain(json: String) -> String {
    match serde_json::from_str::<String>(&json) {
        Ok(text) if !text.is_empty() && serde_json::from_str::<serde_json::Value>(&text).is_err() => text,
        _ => json,
    }
}

fn by_text(it: &Distribution) -> Option<Vec<(String, u64)>> {
    match (&it.categories, &it.numbers) {
        (Some(all), _) => Some(all.clone()),
        // A field that held numbers before and texts now, or the other way round.
        (None, Some(numbers)) if numbers.sorted.len() <= 10_000 => {
            Some(numbers.sorted.iter().map(|(value, count)| (short(*value), *count)).collect())
        }
        _ => None,
    }
}

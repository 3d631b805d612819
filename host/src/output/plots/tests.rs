//! Plots are the same bytes each time, and say in words what they show. `UPDATE=1` writes the pictures anew.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use std::path::Path;

use driftline_rules::baseline::Distribution;
use driftline_rules::drift::Numbers;

use super::bars::Bars;
use super::line::{self, Line, Point};
use super::reliability::{self, ReliabilityBin};
use super::strip;

fn is_kept(name: &str, svg: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/plots").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{svg}\n")).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept.trim_end(), svg, "{name}; UPDATE=1 writes it anew");
}

fn numbers(all: impl IntoIterator<Item = f64>) -> Distribution {
    let numbers = Numbers::of(&all.into_iter().collect::<Vec<_>>());
    Distribution { n: numbers.n, numbers: Some(numbers), ..Distribution::default() }
}

fn categories(all: &[(&str, u64)]) -> Distribution {
    let n = all.iter().map(|it| it.1).sum();
    let categories = all.iter().map(|(name, n)| (serde_json::json!(name).to_string(), *n)).collect();
    Distribution { n, categories: Some(categories), ..Distribution::default() }
}

#[test]
fn two_distributions_of_numbers_lie_over_the_same_bins() {
    let before = numbers((0..1000).map(|i| f64::from(i % 100)));
    let now = numbers((0..500).map(|i| f64::from(i % 100) + 40.0));
    let bars = Bars::of(Some(&before), &now).unwrap();
    assert!(bars.bars.len() == 24 && !bars.is_log);
    for side in [|it: &super::bars::Bar| it.now, |it: &super::bars::Bar| it.before.unwrap()] {
        assert!((bars.bars.iter().map(side).sum::<f64>() - 1.0).abs() < 1e-9);
    }
    assert!(bars.bars.windows(2).all(|it| it[0].to == it[1].from));
    is_kept("numbers.svg", &bars.svg("Distribution of <amount>"));
    // A change of scale is seen over bins that grow by a factor.
    let cents = numbers((0..500).map(|i| 100.0 * (f64::from(i % 100) + 1.0)));
    assert!(Bars::of(Some(&numbers((1..100).map(f64::from))), &cents).unwrap().is_log);
    // What is beyond the ends lies in the first and the last bin.
    let far = numbers((0..10_000).map(f64::from).chain([1e300, -1e300, f64::INFINITY]));
    let bars = Bars::of(None, &far).unwrap();
    assert!(bars.bars[0].now < 0.1 && bars.bars[0].from.is_none() && bars.bars[23].to.is_none(), "{bars:?}");
}

#[test]
fn few_values_and_categories_have_a_bar_each() {
    let bars = Bars::of(None, &numbers([1.0, 1.0, 2.0, 5.0])).unwrap();
    let told: Vec<_> = bars.bars.iter().map(|it| (it.label.as_str(), it.now)).collect();
    assert_eq!(told, [("1", 0.5), ("2", 0.25), ("5", 0.25)]);
    let before = categories(&[("eu", 60), ("us", 40)]);
    let now = categories(&[("eu", 20), ("us", 45), ("<i>", 35), ("7", 0)]);
    let bars = Bars::of(Some(&before), &now).unwrap();
    assert_eq!(bars.moved_most().unwrap(), "eu went from 60 % to 20 %");
    // A text that looks like a number keeps its quotes.
    assert_eq!(bars.bars.last().unwrap().label, "\"7\"");
    let svg = bars.svg("Distribution of region");
    assert!(svg.contains("&lt;i&gt;") && !svg.contains("<i>"), "{svg}");
    is_kept("categories.svg", &svg);
    let many: Vec<(String, u64)> = (0..50).map(|i| (format!("c{i}"), i + 1)).collect();
    let many: Vec<(&str, u64)> = many.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    let bars = Bars::of(None, &categories(&many)).unwrap();
    assert_eq!((bars.bars.len(), bars.bars[10].label.as_str()), (11, "40 others"));
    assert!((bars.bars.iter().map(|it| it.now).sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(Bars::of(Some(&before), &Distribution::default()).is_none());
}

#[test]
fn a_figure_over_time_shows_its_interval_and_what_is_beyond_its_bound() {
    let point = |i: u32, value: f64| Point {
        at: f64::from(i),
        value,
        interval: Some((value - 0.03, (value + 0.03).min(1.0))),
        is_bad: value < 0.9,
        says: format!("{i}: {value}"),
    };
    let points = vec![point(0, 0.97), point(1, 0.96), point(2, 0.7), point(3, 0.72)];
    let ends = ("2026-07-01 00:00".to_owned(), "2026-07-01 04:00".to_owned());
    let it = Line { span: (0.0, 4.0), ends, points, min: Some(0.9), max: None };
    let svg = line::svg(&it, "accuracy over time", "4 windows of 1h");
    assert_eq!((svg.matches("class=\"bad\"").count(), svg.matches("<circle").count()), (2, 2));
    is_kept("line.svg", &svg);
    // Nothing, one point and numbers that are none draw something that is sound.
    for points in [vec![], vec![point(1, 0.5)], vec![Point { value: f64::NAN, ..Point::default() }; 2]] {
        let svg = line::svg(&Line { span: (0.0, 0.0), points, ..Line::default() }, "x", "");
        assert!(svg.ends_with("</svg>") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

#[test]
fn a_reliability_diagram_and_a_strip_say_what_they_show() {
    let bin = |predicted: f64, observed: f64, n| ReliabilityBin {
        n,
        predicted,
        observed,
        low: Some(observed - 0.1),
        high: Some(observed + 0.1),
    };
    let bins = [bin(0.25, 0.3, 40), bin(0.55, 0.5, 100), bin(0.9, 0.7, 400)];
    is_kept("reliability.svg", &reliability::svg(&bins, "Reliability diagram", "too sure"));
    let strip = strip::svg(&[0, 0, 3, 1, 0, 0], "When \"accuracy\" did not hold", "in 2 of 6 parts");
    assert!(strip.contains("aria-label=\"When &quot;accuracy&quot; did not hold: in 2 of 6 parts\""), "{strip}");
    is_kept("strip.svg", &strip);
}

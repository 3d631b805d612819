//! A figure over time, with its intervals and the bounds that it should keep.

use super::frame::Frame;
use super::numbers::short;

/// A figure over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// The start of the time that is shown, and its end, on any one scale.
    pub span: (f64, f64),
    /// What stands below both ends.
    pub ends: (String, String),
    /// The figure, in the order of time.
    pub points: Vec<Point>,
    /// The smallest value that is expected.
    pub min: Option<f64>,
    /// The largest value that is expected.
    pub max: Option<f64>,
}

/// A figure at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// When, on the scale of the span.
    pub at: f64,
    /// The figure.
    pub value: f64,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// Whether it is beyond what is expected.
    pub is_bad: bool,
    /// When and how much in words.
    pub says: String,
}

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 22.0;

/// Draws it; `says` tells in words what it shows.
pub fn svg(it: &Line, title: &str, says: &str) -> String {
    let mut frame = Frame::new("line", (WIDTH, HEIGHT), title, says);
    let (low, high) = range(it);
    let (from, to) = it.span;
    let length = if to > from { to - from } else { 1.0 };
    let x = |at: f64| LEFT + ((at - from) / length).clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| TOP + (high - value.clamp(low, high)) / (high - low) * (HEIGHT - TOP - BOTTOM);
    for value in ticks(low, high) {
        frame.line("grid", [LEFT, y(value), WIDTH - RIGHT, y(value)]);
        frame.text("end", [LEFT - 5.0, y(value) + 3.5], &short(value));
    }
    frame.text("start", [LEFT, HEIGHT - 5.0], &it.ends.0);
    frame.text("end", [WIDTH - RIGHT, HEIGHT - 5.0], &it.ends.1);
    let banded: Vec<_> = it.points.iter().filter_map(|it| it.interval.map(|band| (it.at, band))).collect();
    if banded.len() > 1 {
        let above = banded.iter().map(|(at, band)| (x(*at), y(band.1)));
        let below = banded.iter().rev().map(|(at, band)| (x(*at), y(band.0)));
        frame.path("band", above.chain(below).collect::<Vec<_>>(), true);
    } else if let [(at, (a, b))] = banded.as_slice() {
        frame.line("whisker", [x(*at), y(*a), x(*at), y(*b)]);
    }
    for bound in [it.min, it.max].into_iter().flatten() {
        frame.line("bound", [LEFT, y(bound), WIDTH - RIGHT, y(bound)]);
    }
    frame.path("now", it.points.iter().map(|it| (x(it.at), y(it.value))), false);
    let few = it.points.len() <= 60;
    for point in &it.points {
        let place = [x(point.at), y(point.value)];
        if point.is_bad {
            frame.diamond("bad", [place[0], place[1], 4.0], &point.says);
        } else if few {
            frame.circle("now", [place[0], place[1], 2.2], &point.says);
        }
    }
    frame.finish()
}

/// Two to five round numbers of a range.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 3.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|it| it * power).into_iter().find(|it| *it >= rough).unwrap_or(rough);
    let first = (low / step).ceil();
    // Multiplied, not added up, so that no tick is a rounding error beside zero.
    (0..6).map(|i| (first + f64::from(i)) * step).take_while(|it| *it <= high + step * 1e-9).collect()
}

/// What the vertical axis spans: the figures, the bounds and, as far as they leave those readable, the intervals.
fn range(it: &Line) -> (f64, f64) {
    let values = it.points.iter().map(|it| it.value).chain(it.min).chain(it.max).filter(|it| it.is_finite());
    let (mut low, mut high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), it| (a.min(it), b.max(it)));
    if low > high {
        return (0.0, 1.0);
    }
    let reach = (high - low).max(high.abs() * 0.02).max(1e-9) * 1.5;
    let (least, most) = (low - reach, high + reach);
    for (a, b) in it.points.iter().filter_map(|it| it.interval) {
        low = low.min(a.max(least));
        high = high.max(b.min(most));
    }
    let room = ((high - low) * 0.06).max(high.abs() * 1e-3).max(1e-9);
    // Shares are neither negative nor more than all.
    let is_share = low >= 0.0 && high <= 1.0;
    if is_share { ((low - room).max(0.0), (high + room).min(1.0)) } else { (low - room, high + room) }
}

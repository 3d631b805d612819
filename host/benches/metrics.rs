//! What a scrape of 10,000 series costs, without the socket, and what counting costs a record.
//! `cargo bench -p driftline --bench metrics`; `docs/service.md` tells what was measured.

#![allow(clippy::print_stdout, reason = "it tells what it measured")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use driftline::metrics::text::{Format, encode};
use driftline::metrics::{self, Requests, Stage, list};
use driftline_rules::family::{Family, Histogram, Sample, Series};

/// Findings of segments, as the store tells them.
const GAUGES: usize = 7_000;
/// Histograms of requests, each of 23 lines.
const HISTOGRAMS: usize = 130;

fn main() {
    // `cargo bench` and `cargo test --benches` give arguments of the usual harness, which say nothing here.
    let families = families();
    println!("{} lines of series", lines(&families));
    for format in [Format::Classic, Format::OpenMetrics] {
        let bytes = encode(&families, format).len();
        let best = best(|| drop(black_box(encode(&families, format))));
        println!("{format:?}: {bytes} bytes, {:.1} ms", best.as_secs_f64() * 1e3);
    }
    println!("a copy of the families: {:.1} ms", best(|| drop(black_box(families.clone()))).as_secs_f64() * 1e3);
    per_record();
}

fn families() -> Vec<Family> {
    let gauge = |i: usize| {
        let (check, segment) = (format!("features.amount check {}", i % 20), format!("region=eu, model=m{}", i / 20));
        list::STATUS.series(&["payments", &check, "critical", "1h", &segment], i as f64 / 7.0)
    };
    let histogram = |i: usize| {
        let mut it = Histogram::new(metrics::TIMES);
        (0..1000_u32).for_each(|n| it.observe(f64::from(n) / 500.0, None));
        let labels = list::REQUEST_DURATION.labelled(&[&format!("/v1/suites/{{suite}}/path{i}"), "POST"]);
        Series { labels, sample: Sample::Histogram(it) }
    };
    vec![
        list::STATUS.of((0..GAUGES).map(gauge).collect()),
        list::REQUEST_DURATION.of((0..HISTOGRAMS).map(histogram).collect()),
    ]
}

fn lines(families: &[Family]) -> usize {
    encode(families, Format::Classic).lines().filter(|it| !it.starts_with('#')).count()
}

/// What a request of one record pays: its path, status and time, and the time of its check and its journal.
fn per_record() {
    const N: u32 = 1_000_000;
    let requests = Requests::default();
    let paths = driftline::http::openapi().paths.paths;
    requests.know(paths.keys().filter(|it| !it.contains("}:")).cloned());
    let took = best(|| {
        for _ in 0..N {
            let kind = requests.kind(black_box("POST"), black_box("/v1/suites/payments/check"));
            let answering = requests.begin();
            metrics::took(Stage::Check, Duration::from_micros(black_box(3)));
            metrics::took(Stage::Journal, Duration::from_micros(black_box(9)));
            requests.answered(kind, black_box(200), Duration::from_micros(black_box(20)), None);
            drop(answering);
        }
    });
    println!("a request is counted in {:.0} ns", took.as_secs_f64() * 1e9 / f64::from(N));
}

/// The best of many passes, so that a busy machine does not count.
fn best(mut pass: impl FnMut()) -> Duration {
    let time = |_| {
        let begun = Instant::now();
        pass();
        begun.elapsed()
    };
    (0..20).map(time).min().unwrap_or_default()
}

//! Both formats: what they look like, and that any family is read back as it was.

use driftline_rules::family::{Exemplar, Family, FamilyType, Histogram, Sample, Series};
use proptest::prelude::*;

use super::text::{Format, canonical, encode};
use super::*;

fn family(name: &str, kind: FamilyType, series: Vec<(&[(&str, &str)], Sample)>) -> Family {
    let series = series.into_iter().map(|(labels, sample)| Series {
        labels: labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        sample,
    });
    Family { name: name.into(), help: "Is \\ a \"help\"\nof two lines.".into(), kind, series: series.collect() }
}

fn number(it: f64) -> Sample {
    Sample::Number(it, None)
}

fn sample_families() -> Vec<Family> {
    let trace = |value| Some(Exemplar { trace_id: "0af7".into(), value, at: 1_500_000 });
    let histogram = Histogram {
        bounds: vec![0.005, 1.0, 1e6],
        counts: vec![1, 0, 2, 1],
        sum: 12.5,
        exemplars: vec![trace(0.001), None, None, trace(2e6)],
    };
    vec![
        family("up_total", FamilyType::Counter, vec![(&[], Sample::Number(3.0, trace(1.0)))]),
        family("a_seconds", FamilyType::Histogram, vec![(&[("x", "1")], Sample::Histogram(histogram))]),
        family("b_info", FamilyType::Info, vec![(&[("v", "q\"\\\n")], number(1.0))]),
        family("c", FamilyType::Gauge, vec![(&[("x", "2")], number(f64::NAN)), (&[("x", "1")], number(-0.25))]),
        family("model_version", FamilyType::Info, vec![(&[], number(1.0))]),
        family("none", FamilyType::Gauge, vec![]),
        family("up", FamilyType::Gauge, vec![(&[], number(f64::INFINITY))]),
    ]
}

#[test]
fn the_classic_format() {
    let expected = r#"# HELP a_seconds Is \\ a "help"\nof two lines.
# TYPE a_seconds histogram
a_seconds_bucket{x="1",le="0.005"} 1
a_seconds_bucket{x="1",le="1.0"} 1
a_seconds_bucket{x="1",le="1e+06"} 3
a_seconds_bucket{x="1",le="+Inf"} 4
a_seconds_sum{x="1"} 12.5
a_seconds_count{x="1"} 4
# HELP b_info Is \\ a "help"\nof two lines.
# TYPE b_info gauge
b_info{v="q\"\\\n"} 1
# HELP c Is \\ a "help"\nof two lines.
# TYPE c gauge
c{x="1"} -0.25
c{x="2"} NaN
# HELP model_version Is \\ a "help"\nof two lines.
# TYPE model_version gauge
model_version 1
# HELP up Is \\ a "help"\nof two lines.
# TYPE up gauge
up +Inf
# HELP up_total Is \\ a "help"\nof two lines.
# TYPE up_total counter
up_total 3
"#;
    assert_eq!(encode(&sample_families(), Format::Classic), expected);
}

#[test]
fn open_metrics() {
    let expected = r#"# HELP a_seconds Is \\ a \"help\"\nof two lines.
# TYPE a_seconds histogram
a_seconds_bucket{x="1",le="0.005"} 1 # {trace_id="0af7"} 0.001 1.500000
a_seconds_bucket{x="1",le="1.0"} 1
a_seconds_bucket{x="1",le="1e+06"} 3
a_seconds_bucket{x="1",le="+Inf"} 4 # {trace_id="0af7"} 2000000 1.500000
a_seconds_sum{x="1"} 12.5
a_seconds_count{x="1"} 4
# HELP b Is \\ a \"help\"\nof two lines.
# TYPE b info
b_info{v="q\"\\\n"} 1
# HELP c Is \\ a \"help\"\nof two lines.
# TYPE c gauge
c{x="1"} -0.25
c{x="2"} NaN
# HELP model_version Is \\ a \"help\"\nof two lines.
# TYPE model_version gauge
model_version 1
# HELP up Is \\ a \"help\"\nof two lines.
# TYPE up gauge
up +Inf
# HELP up_total Is \\ a \"help\"\nof two lines.
# TYPE up_total unknown
up_total 3
# EOF
"#;
    let found = encode(&sample_families(), Format::OpenMetrics);
    // Without the gauge of its name the counter is one.
    assert_eq!(found, expected);
    let alone = encode(&sample_families()[..1], Format::OpenMetrics);
    assert!(alone.contains("# TYPE up counter\nup_total 3 # {trace_id=\"0af7\"} 1 1.500000\n# EOF\n"), "{alone}");
}

#[test]
fn bounds_are_written_as_go_writes_floats() {
    for (bound, text) in [
        (0.0, "0.0"),
        (0.000_005, "5e-06"),
        (0.000_1, "0.0001"),
        (0.25, "0.25"),
        (-1.0, "-1.0"),
        (10.0, "10.0"),
        (123_456.5, "123456.5"),
        (1e6, "1e+06"),
        (1_234_567.0, "1.234567e+06"),
        (2.5e-11, "2.5e-11"),
        (1e300, "1e+300"),
    ] {
        assert_eq!(canonical(bound), text);
    }
}

#[test]
fn what_can_fall_is_no_count_and_no_sum() {
    let below = Histogram { bounds: vec![-1.0, 1.0], counts: vec![1, 0, 0], sum: -4.0, exemplars: vec![] };
    let families = [
        family("a", FamilyType::Histogram, vec![(&[], Sample::Histogram(below))]),
        family(
            "b_total",
            FamilyType::Counter,
            vec![(&[("x", "1")], number(-1.0)), (&[("x", "2")], number(f64::NAN)), (&[("x", "3")], number(0.0))],
        ),
    ];
    let (classic, open) = (encode(&families, Format::Classic), encode(&families, Format::OpenMetrics));
    assert!(classic.contains("a_sum -4\na_count 1\n") && !open.contains("a_sum") && !open.contains("a_count"));
    assert!(classic.ends_with("# TYPE b_total counter\nb_total{x=\"3\"} 0\n"), "{classic}");
}

/// A line of a text, read back: name, labels and value.
type Line = (String, Vec<(String, String)>, f64);

fn read(text: &str) -> Vec<Line> {
    let of = |line: &str| {
        let (head, rest) = match line.find('{') {
            Some(at) => line.split_at(at),
            None => line.split_at(line.find(' ').unwrap()),
        };
        let (mut labels, mut rest) = (Vec::new(), rest);
        while let Some(it) = rest.strip_prefix('{').or_else(|| rest.strip_prefix(',')) {
            let (name, it) = it.split_once("=\"").unwrap();
            let (mut value, mut chars) = (String::new(), it.char_indices());
            let end = loop {
                match chars.next().unwrap() {
                    (_, '\\') => match chars.next().unwrap().1 {
                        'n' => value.push('\n'),
                        it => value.push(it),
                    },
                    (at, '"') => break at,
                    (_, it) => value.push(it),
                }
            };
            labels.push((name.to_owned(), value));
            rest = &it[end + 1..];
        }
        let value = rest.trim_start_matches('}').trim();
        (head.to_owned(), labels, value.parse().unwrap())
    };
    text.split('\n').filter(|it| !it.is_empty() && !it.starts_with('#')).map(of).collect()
}

proptest! {
    #[test]
    fn any_gauge_is_read_back_as_it_was(
        values in proptest::collection::btree_map(any::<String>(), any::<f64>(), 1..20),
        help in any::<String>(),
    ) {
        let series = values.iter().map(|(label, value)| Series {
            labels: vec![("l".to_owned(), label.clone())],
            sample: number(*value),
        });
        let family = Family { name: "m".into(), help, kind: FamilyType::Gauge, series: series.collect() };
        for format in [Format::Classic, Format::OpenMetrics] {
            let text = encode(std::slice::from_ref(&family), format);
            let found = read(&text);
            prop_assert_eq!(text.lines().filter(|it| it.starts_with("# ")).count() - usize::from(format == Format::OpenMetrics), 2);
            prop_assert_eq!(found.len(), values.len());
            for ((name, labels, read), (label, value)) in found.iter().zip(&values) {
                prop_assert_eq!((name.as_str(), labels.as_slice()), ("m", &[("l".to_owned(), label.clone())][..]));
                prop_assert!(read == value || read.is_nan() && value.is_nan());
            }
        }
    }

    #[test]
    fn buckets_add_up(counts in proptest::collection::vec(0_u64..1000, 4)) {
        let histogram = Histogram { bounds: vec![0.5, 1.0, 2.0], counts: counts.clone(), sum: 1.0, exemplars: vec![] };
        let family = family("h", FamilyType::Histogram, vec![(&[], Sample::Histogram(histogram))]);
        let found = read(&encode(&[family], Format::Classic));
        let of = |name: &str| found.iter().filter(|it| it.0 == name).map(|it| it.2).collect::<Vec<_>>();
        let buckets = of("h_bucket");
        prop_assert!(buckets.is_sorted());
        prop_assert_eq!(buckets.last(), Some(&(counts.iter().sum::<u64>() as f64)));
        prop_assert_eq!(of("h_count"), &buckets[3..]);
    }
}

#[test]
fn what_the_process_counts_is_on_the_list() {
    took(Stage::Check, Duration::from_micros(3));
    let families = families();
    for it in &families {
        let metric = find(&it.name).unwrap();
        assert_eq!((metric.from, metric.kind), (From::Process, it.kind), "{}", it.name);
        for series in &it.series {
            let names: Vec<_> = series.labels.iter().map(|it| it.0.as_str()).collect();
            assert_eq!(names, metric.labels, "{}", it.name);
        }
    }
    let text = encode(&families, Format::Classic);
    assert!(text.contains("driftline_stage_duration_seconds_count{stage=\"check\"}"), "{text}");
    #[cfg(target_os = "linux")]
    for name in ["cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds", "start_time_seconds"] {
        assert!(text.contains(&format!("\nprocess_{name} ")), "{name} in {text}");
    }
}

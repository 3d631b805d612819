use super::*;
use crate::plan::{Options, compile};
use crate::suite::read;

/// What is wrong with a suite, when it is read and when it is compiled.
fn problems(text: &str) -> Vec<String> {
    let (suite, mut problems) = read(text);
    problems.extend(compile(&suite, &Options::default()).1);
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn all_forms_are_read() {
    let text = "signals:
  - counter: predictions_total
    help: >
      Predictions
      by intent.
    labels: { intent: intent, same: { field: intent }, bucket: { bucketize: p, at: [0.5], names: [low, high] } }
    max_series: 5
  - { histogram: seconds, of: latency }
  - { gauge: quality, of: q, keep: mean }
  - { info: version, labels: { version: v } }
";
    let (suite, problems) = read(text);
    assert_eq!(problems, []);
    let [counter, histogram, gauge, info] = suite.signals.as_slice() else { panic!("{:?}", suite.signals) };
    assert_eq!(counter.help.as_deref(), Some("Predictions by intent."));
    assert_eq!((counter.most, counter.labels.len()), (Some(5), 3));
    assert_eq!(histogram.buckets, Signal::BUCKETS);
    assert_eq!((gauge.keep, gauge.span), (Keep::Mean, Some(Signal::SPAN)));
    assert_eq!((info.kind, &info.amount), (FamilyType::Info, &Amount::Event));
}

#[test]
fn buckets_are_named_by_their_bounds() {
    let (suite, _) = read("signals: [{counter: x_total, labels: {b: {bucketize: p, at: [0.1, 0.3, 10]}}}]");
    let LabelOf::Bucket(_, buckets) = &suite.signals[0].labels[0].1 else { panic!() };
    assert_eq!(buckets.names, ["<0.1", "0.1-0.3", "0.3-10", ">=10"]);
    let named: Vec<_> = [-1.0, 0.1, 0.29, 0.3, 10.0].iter().map(|it| buckets.name_of(*it)).collect();
    assert_eq!(named, ["<0.1", "0.1-0.3", "0.1-0.3", "0.3-10", ">=10"]);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, said) in [
        ("signals: 5", "expected a list of signals, found a number"),
        ("signals: [5]", "expected a signal, found a number"),
        ("signals: [{countr: x_total}]", "did you mean `counter`?"),
        ("signals: [{counter: x_total, gauge: y}]", "`counter` and `gauge` stand side by side"),
        ("signals: [{counter: x}]", "the name of a counter ends in `_total` (`x_total`)"),
        ("signals: [{gauge: x_total, of: a}]", "`_total` ends the names of counters"),
        ("signals: [{histogram: x_bucket, of: a}]", "`_bucket` ends the names"),
        ("signals: [{counter: a-b_total}]", "`a-b_total` is no name of a metric (`a_b_total` is one)"),
        ("signals: [{gauge: 'a:b', of: x}]", "`:` is for Prometheus' recording rules"),
        ("signals: [{counter: 5}]", "expected the name of a metric, found a number"),
        ("signals: [{counter: _total}]", "nothing stands before it (`requests_total`)"),
        ("signals: [{info: _info}]", "nothing stands before it"),
        ("signals: [{gauge: up, of: a}]", "`up` is a series that Prometheus makes itself"),
        ("signals: [{gauge: scrape_duration_seconds, of: a}]", "that Prometheus makes itself"),
        ("signals: [{counter: c_total}, {gauge: c_created, of: a}]", "`c_total` has series `c_created` too"),
        ("signals: [{counter: driftline_x_total}]", "metrics of the host itself begin with `driftline_`"),
        ("signals: [{counter: x_total, labels: {le: a}}]", "the label `le`"),
        ("signals: [{counter: x_total, labels: {quantile: a}}]", "the label `quantile`"),
        ("signals: [{counter: x_total, labels: {__a: a}}]", "begin with `__`"),
        ("signals: [{counter: x_total, labels: {a b: a}}]", "`a b` is no name of a label"),
        ("signals: [{counter: x_total, labels: {a: {bucketise: b, at: [1]}}}]", "did you mean `bucketize`?"),
        ("signals: [{counter: x_total, labels: {a: {bucketize: b}}}]", "`at` is missing"),
        ("signals: [{counter: x_total, labels: {a: {bucketize: b, at: [1, 1]}}}]", "the numbers must rise"),
        ("signals: [{counter: x_total, labels: {a: {bucketize: b, at: [1], names: [x]}}}]", "expected 2 names"),
        ("signals: [{counter: x_total, labels: {a: {verdict: outcom}}}]", "did you mean `outcome`?"),
        ("signals: [{counter: x_total, labels: {a: 5}}]", "expected what the label's value is"),
        ("signals: [{counter: x_total, labels: [a]}]", "expected a mapping of labels"),
        ("signals: [{counter: x_total, each: [a, b], labels: {feature: a}}]", "the label `feature` is given by `each`"),
        ("signals: [{counter: x_total, each: [a, a]}]", "`a` stands twice"),
        ("signals: [{counter: x_total, each: []}]", "expected 1 to 1000 fields"),
        ("signals: [{counter: x_total, add: a, each: [b]}]", "`add` and `each` stand side by side"),
        ("signals: [{counter: x_total, add: -1}]", "a counter only grows"),
        ("signals: [{counter: x_total, add: {times: [a, 2]}}]", "`times` makes no number"),
        ("signals: [{counter: x_total, add: {divide: [a]}}]", "expected two numbers"),
        ("signals: [{counter: x_total, add: 'a['}]", "opens a number such as"),
        ("signals: [{counter: x_total, as: y}]", "it names the label of `each`"),
        ("signals: [{counter: x_total, of: y}]", "unknown member `of`"),
        ("signals: [{counter: x_total, max_series: 0}]", "expected a whole number from 1 to 100000"),
        ("signals: [{counter: x_total, on: label}]", "did you mean `labels`?"),
        ("signals: [{counter: x_total, when: 'a =='}]", "`when`:"),
        ("signals: [{counter: x_total, when: {field: a, unique: {}}}]", "is about windows"),
        ("signals: [{histogram: x}]", "a histogram needs one of `of`, `each`"),
        ("signals: [{histogram: x, of: a, buckets: [2, 1]}]", "the numbers must rise"),
        ("signals: [{histogram: x, of: a, buckets: [1, .inf]}]", "the bucket of all others is there by itself"),
        ("signals: [{histogram: x, of: a, buckets: []}]", "expected a list of finite numbers"),
        ("signals: [{gauge: x}]", "a gauge needs one of `of`, `each`, `finding`"),
        ("signals: [{gauge: x, of: a, keep: newest}]", "unknown word `newest`"),
        ("signals: [{gauge: x, of: a, span: 0s}]", "expected a length of time"),
        ("signals: [{info: x, of: a}]", "an info is always 1"),
        ("signals: [{gauge: x, finding: accuracy}]", "there is no expectation `accuracy`"),
        ("signals: [{gauge: x, of: a, labels: {s: {finding: segment}}}]", "it is about no findings"),
        ("signals: [{gauge: x, of: a, labels: {s: {segment: region}}}]", "segments are those of findings"),
        ("signals: [{gauge: x, of: a, labels: {s: {model: version}}}]", "it is about no registered versions"),
        ("signals: [{gauge: x, of: {model: deployed_at}, labels: {s: field}}]", "what it is about has no fields"),
        ("signals: [{counter: x_total, on: findings, add: a}]", "findings have no fields"),
        ("signals: [{counter: x_total, on: labels}]", "so no labels are joined"),
        ("signals: [{counter: x_total, length: 1h}]", "only findings are of windows"),
        ("signals: [{counter: x_total, on: findings, length: 1h}]", "the suite has no windows of 1h"),
        ("signals: [{counter: x_total, on: findings, when: a > 1}]", "`when` is a condition on records"),
        (
            "{record: {id: i}, predictions: {}, signals: [{counter: x_total, on: records, when: label.truth == a}]}",
            "labels come later than records",
        ),
        (
            "{record: {id: i}, predictions: {}, signals: [{counter: x_total, on: labels, labels: {v: {verdict: outcome}}}]}",
            "verdicts are on records",
        ),
        (
            "{privacy: {a: drop}, signals: [{counter: x_total, labels: {a: a.b}}]}",
            "`privacy` drops the values of `a.b`",
        ),
        ("{privacy: {a: hash}, signals: [{gauge: x, of: a}]}", "`privacy` says `hash` for `a`"),
        ("{privacy: {'*': mask}, signals: [{gauge: x, of: {length: a}}]}", "`privacy` says `mask` for `a`"),
        (
            "signals: [{counter: x_total}, {counter: x_total, labels: {a: a}}]",
            "`x_total` is there already, with other labels",
        ),
        ("signals: [{gauge: x, of: a}, {histogram: x, of: a}]", "with another type"),
        ("signals: [{histogram: x, of: a}, {histogram: x, of: a, buckets: [1]}]", "with other buckets"),
        ("signals: [{histogram: x, of: a}, {gauge: x_count, of: a}]", "has series `x_count` too"),
        ("signals: [{counter: x_total}, {counter: x_total, add: a}]", "events where the other has a sum"),
        ("signals: [{counter: x_total, help: A.}, {counter: x_total, help: B.}]", "with another help"),
    ] {
        let found = problems(text);
        assert!(found.iter().any(|it| it.contains(said)), "{text}\n{found:#?}");
        assert!(found.iter().all(|it| it.contains("signals")), "{text}\n{found:#?}");
    }
}

#[test]
fn all_is_said_at_once() {
    let text = "signals:
  - { counter: a, labels: { le: x, b: { verdict: no } }, max_series: -1 }
  - { gauge: b, keep: no }
  - nothing
";
    let found = problems(text);
    assert_eq!(found.len(), 7, "{found:#?}");
    let places: Vec<_> = found.iter().filter_map(|it| it.split(':').next()).collect();
    assert_eq!(places, ["2", "2", "2", "2", "3", "3", "4"]);
}

#[test]
fn what_several_signals_feed_is_one_family() {
    assert_eq!(
        problems(
            "signals:
  - { counter: errors_total, help: Errors., labels: { type: a } }
  - { counter: errors_total, labels: { type: { value: other } }, when: b == 1 }
  - { histogram: tokens_count, of: a }
"
        ),
        Vec::<String>::new()
    );
}

#[test]
fn hashed_fields_may_be_labels_and_conditions_may_read_what_is_dropped() {
    let text = "{privacy: {a: hash, b: drop}, signals: [{counter: x_total, labels: {a: a}, when: b == 1}]}";
    assert_eq!(problems(text), Vec::<String>::new());
}

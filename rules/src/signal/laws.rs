use proptest::prelude::*;

use super::tests::{board_at, plan};
use super::{Board, Moment, Noted, Seen, note};
use crate::family::{Family, FamilyType, Sample};
use crate::plan::segments::text;
use crate::record::{Limits, Reader};
use crate::row::Row;
use crate::suite::signals::On;

const MANY: &str = "
record: { trace_id: t }
signals:
  - { counter: c_total, labels: { a: a, b: { bucketize: n, at: [0, 1] } } }
  - { counter: s_total, add: n, labels: { a: a } }
  - { histogram: h, of: n, buckets: [0, 0.5, 1e9], labels: { a: a } }
  - { gauge: g, of: n, labels: { a: a } }
  - { gauge: mean, of: n, keep: mean, span: 10s }
  - { gauge: coarse, of: n, keep: mean, span: 50s }
  - { gauge: least, of: n, keep: min, span: 50s }
  - { gauge: most, of: n, keep: max, span: 50s }
  - { info: i, labels: { a: a } }
";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn boards_of_any_parts_add_up_to_that_of_one_pass(
        records in prop::collection::vec((0..4_u8, prop_oneof![any::<f64>(), -2.0..2.0_f64], 0..3_u8), 0..40),
        parts in prop::collection::vec(0..4_usize, 40),
    ) {
        let plan = plan(MANY);
        let texts: Vec<String> = records
            .iter()
            .map(|(a, n, trace)| {
                let n = if n.is_finite() { format!("{n:?}") } else { "null".to_owned() };
                format!("{{\"a\": {a}, \"n\": {n}, \"t\": \"{trace}af7651916cd43dd8448eb211c80319c\"}}")
            })
            .collect();
        let numbered: Vec<(u64, &str)> = texts.iter().enumerate().map(|(i, it)| (i as u64, it.as_str())).collect();
        let whole = board_at(&plan, &numbered);
        let mut split = vec![Vec::new(); 4];
        for (it, part) in numbered.iter().zip(&parts) {
            split[*part].push(*it);
        }
        let mut sum = Board::new(&plan.signals);
        for part in split.iter().rev() {
            sum.merge(&board_at(&plan, part));
        }
        let now = numbered.len() as i64 * 1_000_000;
        prop_assert_eq!(sum.families(now), whole.families(now));
        prop_assert_eq!(sum.lost(), whole.lost());
    }
}

#[test]
fn what_no_series_was_left_for_is_counted_once() {
    let plan = plan("signals: [{counter: users_total, max_series: 2, labels: {user: user}}]");
    let records: Vec<String> = (0..10).map(|it| format!("{{\"user\": {it}}}")).collect();
    let records: Vec<_> = records.iter().map(|it| (0, it.as_str())).collect();
    let part = board_at(&plan, &records);
    let mut sum = Board::new(&plan.signals);
    sum.take_up(&part);
    assert_eq!((part.lost()[0].overflow, sum.lost()), (8, part.lost()));
    sum.take_up(&board_at(&plan, &records[5..]));
    assert_eq!(sum.lost()[0].overflow, 13);
}

#[test]
fn boards_of_several_suites_are_shown_in_full() {
    let plan = plan("signals: [{counter: users_total, max_series: 1, labels: {user: user}}]");
    let of = |user: u8| board_at(&plan, &[(0, format!("{{\"user\": {user}}}").as_str())]);
    let mut sum = of(1);
    sum.merge(&of(2));
    assert_eq!((sum.families(0)[0].series.len(), sum.lost()[0].overflow), (2, 0));
}

#[test]
fn of_families_of_one_name_that_are_not_alike_one_is_shown() {
    let of = |text| board_at(&plan(text), &[(0, "{\"v\": 1}")]);
    let mut sum = of("signals: [{gauge: x, of: v}]");
    sum.merge(&of("signals: [{histogram: x, of: v}]"));
    sum.merge(&of("signals: [{histogram: y, of: v}]"));
    let names: Vec<_> = sum.families(0).into_iter().map(|it| (it.name, it.kind)).collect();
    assert_eq!(names, [("x".to_owned(), FamilyType::Gauge), ("y".to_owned(), FamilyType::Histogram)]);
}

#[test]
fn what_is_no_measurement_is_skipped() {
    let plan = plan("signals: [{counter: money_total, add: v}]");
    let board = board_at(&plan, &[(0, "{\"v\": 1.7e308}"), (1, "{\"v\": 1.7e308}"), (2, "{\"v\": 3}")]);
    assert_eq!((&board.families(0)[0].series[0].sample, board.lost()[0].skipped), (&Sample::Number(3.0, None), 2));
}

#[test]
fn a_prediction_counts_when_the_last_of_what_is_read_of_its_label_has_come() {
    let plan = plan(
        "record: {id: id, prediction: said}
predictions: {}
signals:
  - { counter: all_total, on: labels }
  - { counter: right_total, when: said == label.truth }
  - { counter: late_total, when: label.delay_seconds > 5 }
  - { counter: worth_total, add: { multiply: [label.worth, label.share] } }
",
    );
    let cells = |text| {
        let mut cells = Vec::new();
        Reader::new(&plan.shape, Limits::default()).fill(text, &mut cells).unwrap();
        cells
    };
    let none = r#"{"said": "x", "label": {"delay_seconds": 9}}"#;
    let part = r#"{"said": "x", "label": {"delay_seconds": 9, "truth": "x", "worth": 2}}"#;
    let more = r#"{"said": "x", "label": {"delay_seconds": 9, "truth": "y", "worth": 3, "share": 0.5}}"#;
    for (before, now, counted) in [
        (None, none, vec!["all_total", "late_total"]),
        (None, part, vec!["all_total", "right_total", "late_total"]),
        (Some(none), part, vec!["right_total"]),
        (Some(part), more, vec!["worth_total"]),
        (Some(more), part, vec![]),
        (Some(more), more, vec![]),
    ] {
        let (now, before) = (cells(now), before.map(&cells));
        let mut noted = Noted::default();
        let seen = Seen { on: On::Labels, before: before.as_deref(), ..Seen::default() };
        note(&plan, &Row { cells: &now, number: 0, now: 0 }, &seen, &|_, it| text(it), &mut noted);
        let mut board = Board::new(&plan.signals);
        board.apply(&plan.signals, &noted, Moment::default());
        let is_counted = |it: &&Family| it.series.iter().any(|it| !matches!(it.sample, Sample::Number(0.0, _)));
        let families = board.families(0);
        let found: Vec<_> = families.iter().filter(is_counted).map(|it| it.name.as_str()).collect();
        assert_eq!(found, counted);
    }
}

#[test]
fn no_condition_holds_of_a_record_that_cannot_be_read() {
    let plan = plan(
        "signals:
  - { counter: all_total, labels: { outcome: { verdict: outcome } } }
  - { counter: some_total, labels: { outcome: { verdict: outcome } }, when: x is null }
",
    );
    let shown =
        |record| board_at(&plan, &[(0, record)]).families(0).iter().map(|it| it.series.len()).collect::<Vec<_>>();
    assert_eq!((shown("no"), shown("{}")), (vec![1, 0], vec![1, 1]));
}

//! Scenarios whose cause is known.

use super::*;
use crate::baseline::Distribution;
use crate::drift::Numbers;

const HOUR: i64 = 3_600_000_000;

/// Numbers from 0 to 1 that look like chance and are always the same.
fn noise(seed: u64) -> f64 {
    let mut it = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    it = (it ^ (it >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    it = (it ^ (it >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((it ^ (it >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A prediction of a world that can change.
struct Told {
    amount: Option<f64>,
    region: &'static str,
    version: &'static str,
    wrong: f64,
}

/// `each` says of the i-th prediction and of whether it is suspect what it is like, from what it would be.
fn input(n: usize, each: impl Fn(usize, bool, Told) -> Told) -> Input {
    let mut rows = Vec::new();
    for i in 0..2 * n {
        let (is_now, seed) = (i >= n, 10 * i as u64);
        let region = ["eu", "us", "asia"][(noise(seed + 1) * 3.0) as usize];
        let amount = Some(10.0 + 90.0 * noise(seed + 2));
        let told = each(i, is_now, Told { amount, region, version: "1", wrong: 0.04 });
        let mut values = BTreeMap::from([
            ("region".to_owned(), Item::Text(told.region.to_owned())),
            ("other".to_owned(), Item::Number(noise(seed + 3))),
        ]);
        values.extend(told.amount.map(|it| ("amount".to_owned(), Item::Number(it))));
        rows.push(Row {
            at: i as i64 * 10 * HOUR / n as i64,
            is_now,
            loss: Some(f64::from(u8::from(noise(seed + 4) < told.wrong))),
            version: Some(Item::Text(told.version.to_owned())),
            values,
        });
    }
    Input {
        suite: "loans".to_owned(),
        span: Span { from: 10 * HOUR, to: 20 * HOUR },
        reference: Span { from: 0, to: 10 * HOUR },
        measure: "error rate".to_owned(),
        rows,
        ..Input::default()
    }
}

fn first(of: &Diagnosis) -> (Category, &'static str, &str) {
    let it = of.hypotheses.first().unwrap_or_else(|| panic!("nothing was found: {of:?}"));
    (it.category, it.cause, &it.subject)
}

fn share(of: &Hypothesis) -> f64 {
    of.share.unwrap_or_else(|| panic!("no share: {of:?}")).value
}

#[test]
fn a_field_whose_scale_changed_accounts_for_the_loss() {
    let it = diagnose(&input(4000, |_, is_now, it| match it.amount {
        Some(amount) if is_now => Told { amount: Some(100.0 * amount), wrong: 0.12, ..it },
        _ => it,
    }));
    assert_eq!(first(&it), (Category::Data, "drift", "amount"), "{it:?}");
    let best = &it.hypotheses[0];
    assert!(best.score > 0.7 && (share(best) - 1.0).abs() < 0.05, "{best:?}");
    assert!(best.evidence.iter().any(|it| it.contains("its scale has changed")), "{best:?}");
    let rest: Vec<_> = it.hypotheses.iter().skip(1).map(|it| it.cause).collect();
    assert_eq!(rest, [""; 0], "{it:?}");
}

#[test]
fn a_field_in_which_the_loss_is_concentrated_comes_before_one_that_moved_everywhere() {
    let mut it = input(4000, |i, is_now, it| match it.amount {
        Some(amount) if is_now && i % 5 < 2 => Told { amount: Some(100.0 * amount), wrong: 0.25, ..it },
        _ => it,
    });
    for (i, row) in it.rows.iter_mut().enumerate() {
        let slow = if row.is_now { 3.0 } else { 1.0 };
        row.values.insert("latency_ms".to_owned(), Item::Number(slow * (40.0 + 20.0 * noise(5 + i as u64))));
    }
    let it = diagnose(&it);
    assert_eq!(first(&it), (Category::Data, "drift", "amount"), "{it:?}");
    let latency = &it.hypotheses[1];
    assert_eq!((latency.category, latency.subject.as_str()), (Category::Infrastructure, "latency_ms"));
    assert!(latency.evidence.iter().any(|it| it.contains("no others to compare with")), "{latency:?}");
}

#[test]
fn the_loss_lies_where_the_field_moved() {
    // A third of the records changed; only they do worse. The region drifts as well, and has nothing to do with it.
    let it = diagnose(&input(6000, |i, is_now, it| {
        let region = if is_now && noise(i as u64 + 7_777_777) < 0.3 { "eu" } else { it.region };
        match it.amount {
            Some(amount) if is_now && i.is_multiple_of(3) => {
                Told { amount: Some(amount + 500.0), wrong: 0.3, region, ..it }
            }
            _ => Told { region, ..it },
        }
    }));
    assert_eq!(first(&it), (Category::Data, "drift", "amount"), "{it:?}");
    let of = |name: &str| it.hypotheses.iter().find(|it| it.subject == name);
    assert!((share(of("amount").unwrap()) - 1.0).abs() < 0.15, "{it:?}");
    let region = of("region").unwrap();
    assert!(share(region).abs() < 0.25 && region.score < 0.4, "{region:?}");
    assert!(it.slices[0].slice.starts_with("amount > 10"), "{:?}", it.slices);
    assert!(it.slices[0].of_loss.value > 0.9 && it.slices[0].of_predictions < 0.4, "{:?}", it.slices);
}

#[test]
fn a_version_that_is_worse_is_told_apart_from_a_drift_that_does_no_harm() {
    let worse = |i: usize, is_now: bool, it: Told| {
        let new = is_now && i.is_multiple_of(2);
        Told { version: if new { "2" } else { "1" }, wrong: if new { 0.2 } else { 0.04 }, ..it }
    };
    let mut alone = input(4000, worse);
    alone.events = vec![Event { at: 10 * HOUR, what: What::Deployed, of: "loans 2".to_owned() }];
    let it = diagnose(&alone);
    assert_eq!(first(&it), (Category::Model, "version_change", "2"), "{it:?}");
    assert!((share(&it.hypotheses[0]) - 1.0).abs() < 0.1, "{it:?}");
    assert!(it.hypotheses[0].evidence.iter().any(|it| it.contains("loans 2 was deployed at 1970-01-01T10:00:00Z")));
    let both = diagnose(&input(4000, |i, is_now, it| {
        let it = worse(i, is_now, it);
        let moved = is_now && noise(i as u64 + 999_999) < 0.5;
        Told { amount: it.amount.map(|amount| if moved { 2.0 * amount } else { amount }), ..it }
    }));
    assert_eq!(first(&both), (Category::Model, "version_change", "2"), "{both:?}");
    let amount = both.hypotheses.iter().find(|it| it.subject == "amount").unwrap();
    assert!(share(amount) < 0.3 && amount.score < 0.5 * both.hypotheses[0].score, "{both:?}");
}

#[test]
fn a_drift_and_a_version_that_both_do_harm_are_both_named() {
    let it = diagnose(&input(8000, |i, is_now, it| {
        let (new, moved) = (is_now && i.is_multiple_of(2), is_now && i.is_multiple_of(3));
        let wrong = 0.04 + if new { 0.1 } else { 0.0 } + if moved { 0.15 } else { 0.0 };
        let amount = it.amount.map(|amount| if moved { amount + 500.0 } else { amount });
        Told { version: if new { "2" } else { "1" }, amount, wrong, ..it }
    }));
    let mut names: Vec<_> = it.hypotheses.iter().take(2).map(|it| it.subject.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["2", "amount"], "{it:?}");
    let sum: f64 = it.hypotheses.iter().take(2).map(share).sum();
    assert!((sum - 1.0).abs() < 0.25, "{it:?}");
}

#[test]
fn a_version_that_was_known_does_not_account_for_what_it_does_worse() {
    let it = diagnose(&input(4000, |i, is_now, it| Told {
        version: if is_now || i.is_multiple_of(2) { "2" } else { "1" },
        wrong: if is_now { 0.12 } else { 0.04 },
        ..it
    }));
    let version = it.hypotheses.iter().find(|it| it.cause == "version_change").unwrap();
    assert!(share(version).abs() < 0.1, "{it:?}");
    assert_eq!(first(&it), (Category::Model, "concept", ""), "{it:?}");
}

#[test]
fn values_that_are_missing() {
    let it = diagnose(&input(4000, |i, is_now, it| {
        let gone = is_now && i % 5 < 2;
        Told { amount: it.amount.filter(|_| !gone), wrong: if gone { 0.25 } else { 0.04 }, ..it }
    }));
    assert_eq!(first(&it), (Category::Data, "missing_values", "amount"), "{it:?}");
    assert!((share(&it.hypotheses[0]) - 1.0).abs() < 0.1, "{it:?}");
    assert_eq!(it.slices[0].slice, "amount is missing");
}

#[test]
fn values_that_were_never_seen() {
    let it = diagnose(&input(4000, |i, is_now, it| {
        let new = is_now && i.is_multiple_of(4);
        Told { region: if new { "mars" } else { it.region }, wrong: if new { 0.5 } else { 0.04 }, ..it }
    }));
    let (_, cause, subject) = first(&it);
    assert_eq!((cause == "unseen_values" || cause == "drift", subject), (true, "region"), "{it:?}");
    assert!(it.hypotheses[0].evidence.iter().any(|it| it.contains("never seen before: \"mars\"")), "{it:?}");
    assert_eq!(it.slices[0].slice, "region = mars");
}

#[test]
fn quality_that_falls_while_nothing_drifts_is_a_change_of_concept() {
    let it = diagnose(&input(4000, |_, is_now, it| Told { wrong: if is_now { 0.12 } else { 0.04 }, ..it }));
    assert_eq!(first(&it), (Category::Model, "concept", ""), "{it:?}");
    assert!(it.hypotheses[0].score >= 0.6 && it.hypotheses.len() == 1, "{it:?}");
}

#[test]
fn a_few_more_errors_are_chance() {
    let it = diagnose(&input(100, |_, _, it| it));
    assert_eq!(first(&it).1, "chance", "{it:?}");
    assert!(!it.loss.as_ref().unwrap().is_clear && it.slices.is_empty(), "{it:?}");
    let many = diagnose(&input(4000, |_, _, it| it));
    assert_eq!(first(&many).1, "chance", "{many:?}");
    assert_eq!(many.hypotheses.len(), 1, "{many:?}");
}

#[test]
fn latency_errors_volume_and_checks_are_told_without_labels() {
    let of = |values: Vec<f64>| Distribution {
        n: values.len() as u64,
        numbers: Some(Numbers::of(&values)),
        ..Distribution::default()
    };
    let times = |by: f64| of((0..2000).map(|i| by * (40.0 + 20.0 * noise(i))).collect());
    let field = |name: &str, by| Field { name: name.to_owned(), before: times(1.0), now: times(by) };
    let volume = |records| Volume { records, unreadable: 0, seconds: 3600.0 };
    let it = diagnose(&Input {
        fields: vec![field("latency_ms", 8.0), field("amount", 1.0), field("http_status", 1.0)],
        fared: vec![
            Fared {
                check: "country in_set".into(),
                kind: "in_set".into(),
                field: "country".into(),
                before: [5000, 5],
                now: [5000, 900],
                ..Fared::default()
            },
            Fared {
                check: "accuracy".into(),
                kind: "accuracy".into(),
                before: [5000, 5],
                now: [5000, 900],
                ..Fared::default()
            },
        ],
        volume: Some([volume(10_000), volume(900)]),
        ..input(0, |_, _, it| it)
    });
    let told: Vec<_> = it.hypotheses.iter().map(|it| (it.category, it.cause, it.subject.as_str())).collect();
    assert_eq!(told.len(), 3, "{it:?}");
    assert!(told.contains(&(Category::Infrastructure, "latency", "latency_ms")), "{told:?}");
    assert!(told.contains(&(Category::Infrastructure, "volume", "records")), "{told:?}");
    assert!(told.contains(&(Category::Data, "unseen_values", "country")), "{told:?}");
    assert_eq!((it.loss.is_none(), it.hypotheses.iter().all(|it| it.share.is_none())), (true, true));
    // A service that became faster is no cause.
    let faster = diagnose(&Input { fields: vec![field("latency_ms", 0.1)], ..input(0, |_, _, it| it) });
    assert_eq!(first(&faster).0, Category::Data);
}

#[test]
fn metrics_stand_in_where_no_prediction_is_kept() {
    let figures = |now: f64| Figures {
        check: "accuracy".to_owned(),
        metric: "accuracy".to_owned(),
        before: vec![(0.96, 500), (0.955, 500), (0.965, 500), (0.96, 500)],
        now: vec![(now, 500)],
    };
    let of = |now| diagnose(&Input { figures: vec![figures(now)], ..input(0, |_, _, it| it) });
    let it = of(0.88);
    assert_eq!((it.loss.as_ref().unwrap().is_clear, first(&it).1), (true, "concept"), "{it:?}");
    assert!(it.hypotheses[0].score <= 0.2, "nothing was looked at: {it:?}");
    assert_eq!(first(&of(0.957)).1, "chance");
}

#[test]
fn shares_are_parts_of_one_whole() {
    // Whatever the groups: what goes with them, and what does not, is the whole loss.
    for seed in 0..200 {
        let draw = |i: u64| noise(1000 * seed + i);
        let groups = Groups(
            (0..6)
                .map(|i| {
                    let side = |j: u64| {
                        let mut it = Losses::default();
                        for k in 0..(draw(10 * i + j) * 200.0) as u64 {
                            it.add(f64::from(u8::from(draw(5000 + 97 * i + 31 * j + k) < 0.1 + 0.2 * j as f64)));
                        }
                        it
                    };
                    Group { before: side(0), now: side(1), ..Group::default() }
                })
                .collect(),
        );
        let Some(it) = groups.attributed(false) else { continue };
        assert!(
            (0.0..=1.0).contains(&it.moved) && it.share.low <= it.share.value && it.share.value <= it.share.high,
            "{it:?}"
        );
        // Of one group that is all there is, nothing has moved, and nothing goes with it.
        let one = Groups(vec![Group {
            before: Losses::of(groups.0.iter().map(|it| &it.before)),
            now: Losses::of(groups.0.iter().map(|it| &it.now)),
            ..Group::default()
        }]);
        let one = one.attributed(false).unwrap();
        assert!(one.moved == 0.0 && one.share.value.abs() < 1e-9, "{one:?}");
    }
}

#[test]
fn the_order_of_predictions_does_not_matter_and_strange_input_does_no_harm() {
    let drifted = |_: usize, is_now: bool, it: Told| match it.amount {
        Some(amount) if is_now => Told { amount: Some(3.0 * amount), wrong: 0.12, ..it },
        _ => it,
    };
    let forward = input(2000, drifted);
    let mut back = forward.clone();
    back.rows.reverse();
    assert_eq!(diagnose(&forward), diagnose(&forward.clone()));
    assert_eq!(diagnose(&forward), diagnose(&back));
    assert_eq!(diagnose(&Input::default()).hypotheses, []);
    let mut odd = input(50, |_, _, it| it);
    for (i, row) in odd.rows.iter_mut().enumerate() {
        row.at = if i.is_multiple_of(2) { i64::MIN } else { i64::MAX };
        let wild = [f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, 5e-324][i % 5];
        row.values.insert("odd".to_owned(), Item::Number(wild));
        row.loss = Some(wild.abs());
    }
    (odd.span, odd.reference) = (Span { from: i64::MAX, to: i64::MIN }, Span { from: i64::MIN, to: i64::MAX });
    let it = diagnose(&odd);
    assert!(it.hypotheses.iter().all(|it| it.score.is_finite()), "{it:?}");
}

/// Figures of windows of 100 labels each.
fn figures(metric: &str, before: &[f64], now: &[f64]) -> Figures {
    let windows = |all: &[f64]| all.iter().map(|it| (*it, 100)).collect();
    Figures { check: metric.to_owned(), metric: metric.to_owned(), before: windows(before), now: windows(now) }
}

fn cause<'d>(of: &'d Diagnosis, cause: &str) -> Option<&'d Hypothesis> {
    of.hypotheses.iter().find(|it| it.cause == cause)
}

#[test]
fn scores_that_say_less_are_named_where_the_error_of_calibration_rose() {
    let steady = [0.03, 0.02, 0.04, 0.03, 0.03];
    let told = |now: &[f64]| {
        let figures = vec![figures("ece", &steady, now)];
        diagnose(&Input { figures, ..input(2000, |_, _, it| it) })
    };
    let worse = told(&[0.14, 0.15]);
    let it = cause(&worse, "calibration").unwrap_or_else(|| panic!("{worse:?}"));
    assert_eq!((it.category, it.subject.as_str()), (Category::Model, "score"));
    let number = |name: &str| it.numbers[name].as_f64().unwrap_or_default();
    assert!((number("ece_before") - 0.03).abs() < 1e-9 && (number("ece_now") - 0.145).abs() < 1e-9, "{it:?}");
    assert!(it.evidence[0].starts_with("`ece`: 0.03 -> 0.145"), "{it:?}");
    // A little more, or what other windows had as well, is none; nor is a better one.
    assert_eq!(cause(&told(&[0.04]), "calibration"), None);
    let wild = figures("ece", &[0.02, 0.2, 0.05, 0.15], &[0.16]);
    let it = diagnose(&Input { figures: vec![wild], ..input(2000, |_, _, it| it) });
    assert_eq!(cause(&it, "calibration"), None);
    assert_eq!(cause(&told(&[0.001]), "calibration"), None);
}

#[test]
fn what_serving_could_not_take_up_and_silence_are_of_the_infrastructure() {
    let mut it = input(2000, |_, is_now, it| Told { wrong: if is_now { 0.2 } else { 0.04 }, ..it });
    let event = |at: i64, what: What, of: &str| Event { at, what, of: of.to_owned() };
    it.events = vec![
        event(9 * HOUR, What::ReloadFailed, "run-7"),
        event(12 * HOUR, What::Suite, "abc"),
        event(25 * HOUR, What::ReloadFailed, "later"),
    ];
    it.fared = vec![Fared {
        check: "records come".to_owned(),
        kind: "not_silent".to_owned(),
        windows_before: [60, 0],
        windows_now: [60, 45],
        ..Fared::default()
    }];
    let it = diagnose(&it);
    let of = |name: &str| cause(&it, name).unwrap_or_else(|| panic!("no {name}: {it:?}"));
    let reload = of("reload_failed");
    assert_eq!((reload.category, reload.subject.as_str()), (Category::Infrastructure, "run-7"));
    assert_eq!(reload.verify, ["GET /v1/retrain-runs/run-7"]);
    assert_eq!((of("suite_change").category, of("suite_change").score), (Category::Infrastructure, 0.24));
    let silence = of("silence");
    assert_eq!((silence.category, silence.subject.as_str()), (Category::Infrastructure, "records come"));
    assert!(silence.evidence[0].contains("fails in 45 of 60 windows"), "{silence:?}");
    assert!(it.hypotheses.iter().all(|it| it.subject != "later"), "{it:?}");
}

#[test]
fn a_loss_of_which_few_labels_are_known_says_so() {
    let mut it = input(4000, |_, is_now, it| Told { wrong: if is_now { 0.3 } else { 0.04 }, ..it });
    for (i, row) in it.rows.iter_mut().enumerate() {
        row.loss = row.loss.filter(|_| !row.is_now || i.is_multiple_of(10));
    }
    let it = diagnose(&it);
    let few = cause(&it, "few_labels").unwrap_or_else(|| panic!("{it:?}"));
    assert_eq!((few.category, few.subject.as_str(), few.score), (Category::Data, "labels", 0.54));
    assert!(few.evidence[0].starts_with("10 % of the predictions have a label, 100 % before"), "{few:?}");
    // As many as before are nothing to tell of.
    let all = diagnose(&input(4000, |_, is_now, it| Told { wrong: if is_now { 0.3 } else { 0.04 }, ..it }));
    assert_eq!(cause(&all, "few_labels"), None);
}

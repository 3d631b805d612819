//! Values are those of scipy 1.17.1, statsmodels 0.15.0 and scikit-learn 1.9.1, or of formulas written anew with numpy:
//! Tango's score with the likelihood maximised by an optimiser, `DeLong`'s covariance by all pairs, and the jackknife
//! that leaves each record out. The shares of false alarms are counted over seeded samples.

use super::influence::Measured;
use super::sequential::Sequence;
use super::*;
use crate::drift::chance::Chance;
use crate::quality::{Average, Confusion, Label, Measure};

#[track_caller]
fn near(is: f64, wanted: f64, by: f64) {
    assert!((is - wanted).abs() <= by, "{is}, not {wanted}");
}

fn matched(candidate_only: f64, baseline_only: f64, n: f64) -> Difference {
    let it = Matched { candidate_only, baseline_only, n };
    Difference { candidate: 0.0, baseline: 0.0, gain: it.gain(), law: Law::Matched(it) }
}

#[test]
fn shares_of_the_same_records() {
    for (b, c, fewer, more) in [
        (5.0, 12.0, 0.071_731_567_382_812_5, 0.975_479_125_976_562_5),
        (12.0, 2.0, 0.999_084_472_656_25, 0.006_469_726_562_5),
        (0.0, 9.0, 0.001_953_125, 1.0),
        (40.0, 40.0, 0.544_463_939_386_953_6, 0.544_463_939_386_953_6),
    ] {
        let it = matched(b, c, 1000.0);
        near(it.p_below(0.0), fewer, 1e-12);
        near(it.p_above(0.0), more, 1e-12);
    }
    for (b, c, n, low, high, above, below) in [
        (12.0, 2.0, 50.0, 0.061_112_405, 0.344_708_749, 0.000_694_682_568, 0.997_288_080),
        (5.0, 12.0, 400.0, -0.040_827_085, 0.003_019_348, 0.005_031_733_584, 0.228_386_898),
        (0.0, 9.0, 100.0, -0.162_262_132, -0.048_072_539, 0.966_771_286, 0.002_443_493_441),
    ] {
        let it = matched(b, c, n);
        let found = it.bounds(0.025);
        near(found.0, low, 1e-7);
        near(found.1, high, 1e-7);
        near(it.p_above(-0.05), above, 1e-7);
        near(it.p_below(-0.01), below, 1e-7);
    }
    // Without a record on which they differ: the tests do not divide by nothing.
    let same = matched(0.0, 0.0, 1000.0);
    assert_eq!((same.p_below(0.0), same.p_above(0.0)), (1.0, 1.0));
    assert!(same.p_above(-0.01) < 0.001 && same.p_below(-0.01) > 0.999, "{same:?}");
    let (low, high) = same.bounds(0.05);
    assert!(low < 0.0 && (low + high).abs() < 1e-9 && high < 0.004, "{low} {high}");
}

#[test]
fn shares_of_different_records() {
    for (candidate, baseline, low, high) in [
        ((56.0, 70.0), (48.0, 80.0), 0.052_431_472_402_364_98, 0.333_872_654_036_906_1),
        ((9.0, 10.0), (3.0, 10.0), 0.170_522_723_934_502_9, 0.809_017_973_535_488),
        ((950.0, 1000.0), (962.0, 1000.0), -0.030_394_822_085_702_294, 0.006_147_148_884_831_258_5),
    ] {
        let share = |(right, n): (f64, f64)| (right / n, n);
        let law = Unmatched { candidate: share(candidate), baseline: share(baseline) };
        let it = Difference { candidate: 0.0, baseline: 0.0, gain: law.gain(), law: Law::Unmatched(law) };
        let found = it.bounds(0.025);
        near(found.0, low, 1e-12);
        near(found.1, high, 1e-12);
        // The test is the interval's.
        near(it.p_above(low), 0.025, 1e-9);
        near(it.p_below(high), 0.025, 1e-9);
        near(it.p_below(low), 0.975, 1e-9);
    }
    // Against a share that is known, what is left is Wilson's interval.
    let law = Unmatched { candidate: (0.8, 70.0), baseline: (0.6, f64::INFINITY) };
    let wilson = crate::quality::interval::wilson(0.8, 70.0, quantile(0.025)).unwrap_or_default();
    near(law.interval(quantile(0.025)).0, wilson.0 - 0.6, 1e-12);
}

#[test]
fn losses() {
    let x = [1.2, 0.4, 0.9, 2.2, 0.1, 1.7, 0.6, 1.1];
    let y = [1.0, 0.5, 0.7, 1.6, 0.2, 1.1, 0.5, 1.3];
    let w = [0.3, 1.9, 0.8, 0.2, 1.4];
    let of = |it: &[f64]| Measured::loss(it).expect("a mean");
    // A higher loss is no gain.
    let it = of(&x).paired(&of(&y));
    near(it.gain, -0.1625, 1e-12);
    near(it.p_below(0.0), 0.088_869_241_853_399, 1e-10);
    near(it.p_above(-0.1), 0.708_755_269_046_508_3, 1e-10);
    let (low, high) = it.bounds(0.05);
    near(low, -0.367_984_434_362_573_66, 1e-10);
    near(high, 0.042_984_434_362_573_7, 1e-10);
    let it = of(&x).unpaired(&of(&w));
    near(it.p_below(0.0), 0.401_056_012_402_244_5, 1e-10);
    near(it.bounds(0.05).0, -0.856_303_017_285_395_5, 1e-9);
    assert!(Measured::loss(&[1.0]).is_none() && Measured::loss(&[]).is_none());
    // The same losses: nothing is worse, and what is proven depends on the margin and on how many there are.
    let same = of(&x).paired(&of(&x));
    assert_eq!((same.p_below(0.0), same.p_above(0.0), same.detectable(0.0, 0.05, 0.8)), (1.0, 1.0, None));
    near(same.p_above(-0.1), (1.0 - 0.1 / 1.025_f64).powi(8), 1e-12);
}

#[test]
fn areas() {
    let truth = [true, false, true, true, false, false, true, false, true, false, false, true];
    let first = [0.9, 0.2, 0.6, 0.7, 0.4, 0.6, 0.3, 0.1, 0.8, 0.5, 0.35, 0.65];
    let second = [0.8, 0.3, 0.5, 0.9, 0.6, 0.7, 0.4, 0.2, 0.55, 0.5, 0.45, 0.4];
    let of =
        |scores: [f64; 12]| Measured::area(&scores.into_iter().zip(truth).collect::<Vec<_>>()).expect("two classes");
    let (a, b) = (of(first), of(second));
    near(a.value, 0.875, 1e-12);
    near(b.value, 0.652_777_777_777_777_8, 1e-12);
    near(a.paired(&b).p_above(0.0), 0.112_433_039_124_212_63 / 2.0, 1e-10);
    match a.unpaired(&b).law {
        Law::Error { error, df } => {
            near(error, 0.208_980_476_375_600_3, 1e-12);
            assert_eq!(df, f64::INFINITY);
        }
        it => panic!("{it:?}"),
    }
    assert!(Measured::area(&[(0.1, true), (0.2, true), (0.3, false)]).is_none());
}

#[test]
fn what_follows_from_sums() {
    let n = 300_u32;
    let truth: Vec<u32> = (0..n).map(|i| i % 3).collect();
    let wrong = |every: u32, by: u32| {
        let one = |(i, it): (u32, &u32)| (label(*it), label(if i % every == 0 { (it + by) % 3 } else { *it }));
        (0..n).zip(&truth).map(one).collect::<Vec<_>>()
    };
    let (a, b) = (wrong(7, 1), wrong(5, 2));
    let compare = |of: &dyn Fn(&Confusion) -> Option<f64>| {
        Measured::matrix(&a, of).expect("a").paired(&Measured::matrix(&b, of).expect("b"))
    };
    let check = |it: Difference, gain: f64, error: f64| {
        near(it.gain, gain, 1e-9);
        let Law::Error { error: found, .. } = it.law else { panic!("{it:?}") };
        near(found / error, 1.0, 0.01);
    };
    check(compare(&|it| it.measure(Measure::F1, Average::Macro)), 0.056_664_249_939_581_635, 0.030_686_670_052_646_553);
    check(compare(&Confusion::mcc), 0.085_013_083_660_425_81, 0.046_063_553_499_482_79);
    let numbers = |of: fn(f64, f64) -> f64| {
        let one = |i: u32| {
            let i = f64::from(i);
            let y = (i * 0.7).sin() * 3.0;
            (y, of(i, y))
        };
        (0..n).map(one).collect::<Vec<_>>()
    };
    let first = numbers(|i, y| y + (i * 1.3).cos());
    let second = numbers(|i, y| y + 0.9 * (i * 1.3).cos() + 0.3 * (i * 2.1).sin());
    let squares = |it: &[(f64, f64)]| it.iter().map(|(y, p)| (y - p).powi(2)).collect::<Vec<_>>();
    let rmse = |it: &[(f64, f64)]| Measured::root_mean(&squares(it)).expect("errors");
    check(rmse(&first).paired(&rmse(&second)), -0.036_588_123_264_874_04, 0.011_933_362_793_600_848);
    let r2 = |it: &[(f64, f64)]| Measured::r2(it).expect("a truth that varies");
    check(r2(&first).paired(&r2(&second)), -0.011_197_838_001_193_45, 0.003_639_004_928_054_203_7);
}

fn label(it: u32) -> Label {
    Label::Number(f64::from(it))
}

/// A number between 0 and 1.
fn share(chance: &mut Chance) -> f64 {
    (chance.bits() >> 11) as f64 / (1_u64 << 53) as f64
}

fn coin(chance: &mut Chance, p: f64) -> bool {
    share(chance) < p
}

/// How often, of 600 seeded samples, something is found at 1 in 20.
fn alarms(mut one: impl FnMut(&mut Chance) -> f64) -> f64 {
    let mut chance = Chance::new(11);
    (0..600).filter(|_| one(&mut chance) < 0.05).count() as f64 / 600.0
}

#[test]
fn equal_models_are_rarely_told_apart() {
    let n = 200;
    let most = 0.075;
    let found = |name: &str, it: f64| assert!(it <= most, "{name}: {it}");
    found(
        "same records",
        alarms(|chance| {
            let (mut b, mut c) = (0.0, 0.0);
            for _ in 0..n {
                // Alike on three of four records.
                if coin(chance, 0.25) {
                    if coin(chance, 0.5) { b += 1.0 } else { c += 1.0 }
                }
            }
            matched(b, c, f64::from(n)).p_below(0.0)
        }),
    );
    // On the margin itself, non-inferiority is as rarely claimed.
    found(
        "proof at the margin",
        alarms(|chance| {
            let (mut b, mut c) = (0.0, 0.0);
            for _ in 0..n {
                let it = share(chance);
                if it < 0.10 {
                    b += 1.0;
                } else if it < 0.25 {
                    c += 1.0;
                }
            }
            matched(b, c, f64::from(n)).p_above(-0.05)
        }),
    );
    found(
        "other records",
        alarms(|chance| {
            let mut side = |n: i32| ((0..n).filter(|_| coin(chance, 0.9)).count() as f64 / f64::from(n), f64::from(n));
            let law = Unmatched { candidate: side(n), baseline: side(3 * n) };
            Difference { candidate: 0.0, baseline: 0.0, gain: law.gain(), law: Law::Unmatched(law) }.p_below(0.0)
        }),
    );
    let losses = |chance: &mut Chance, n: i32| -> Vec<f64> { (0..n).map(|_| -(1.0 - share(chance)).ln()).collect() };
    found(
        "losses",
        alarms(|chance| {
            let (a, b) = (losses(chance, n), losses(chance, n / 2));
            Measured::loss(&a).zip(Measured::loss(&b)).map_or(0.0, |(a, b)| a.unpaired(&b).p_below(0.0))
        }),
    );
    found(
        "areas",
        alarms(|chance| {
            let truth: Vec<bool> = (0..n).map(|_| coin(chance, 0.3)).collect();
            let skill: Vec<f64> = truth.iter().map(|it| share(chance) + f64::from(u8::from(*it)) * 0.5).collect();
            let mut model = || -> Vec<(f64, bool)> {
                skill.iter().zip(&truth).map(|(it, is)| (it + 0.5 * share(chance), *is)).collect()
            };
            let (a, b) = (model(), model());
            Measured::area(&a).zip(Measured::area(&b)).map_or(0.0, |(a, b)| a.paired(&b).p_below(0.0))
        }),
    );
    found(
        "f1",
        alarms(|chance| {
            let mut model = || -> Vec<(Label, Label)> {
                let mut one = || {
                    let truth = chance.below(3) as u32;
                    let said = if coin(chance, 0.8) { truth } else { chance.below(3) as u32 };
                    (label(truth), label(said))
                };
                (0..n).map(|_| one()).collect()
            };
            let (a, b) = (model(), model());
            let of = |it: &[(Label, Label)]| Measured::matrix(it, |it| it.measure(Measure::F1, Average::Macro));
            of(&a).zip(of(&b)).map_or(0.0, |(a, b)| a.unpaired(&b).p_below(0.0))
        }),
    );
    // Looked at after every record.
    found(
        "sequence",
        alarms(|chance| {
            let one = |_| f64::from(i8::from(coin(chance, 0.1)) - i8::from(coin(chance, 0.1)));
            let numbers: Vec<f64> = (0..1000).map(one).collect();
            Sequence::of(&numbers, (-1.0, 1.0)).map_or(0.0, |it| it.below(0.0, 0.05).p)
        }),
    );
}

#[test]
fn a_sequence_is_decided_once_and_stays_so() {
    let mut chance = Chance::new(4);
    let one = |_| f64::from(i8::from(coin(&mut chance, 0.05)) - i8::from(coin(&mut chance, 0.15)));
    let numbers: Vec<f64> = (0..3000).map(one).collect();
    let of = |n: usize| Sequence::of(&numbers[..n], (-1.0, 1.0)).expect("numbers between the bounds");
    let all = of(3000);
    let decided = all.below(0.0, 0.05);
    let after = decided.after.expect("a loss of a tenth is found");
    assert!(after < 1000 && decided.p <= 0.05, "{decided:?}");
    // What comes later changes nothing, and a record less had not decided it.
    assert_eq!(of(after).below(0.0, 0.05).after, Some(after));
    assert_eq!(of(after - 1).below(0.0, 0.05).after, None);
    let (low, high) = all.bounds(0.05);
    assert!(low < -0.1 && high > -0.1 && high < 0.0 && low > -0.2, "{low} {high}");
    // Bounds and bets agree.
    assert!(all.below(high + 1e-6, 0.05).after.is_some() && all.below(high - 1e-6, 0.05).after.is_none());
    assert!(all.above(low - 1e-6, 0.05).after.is_some() && all.above(low + 1e-6, 0.05).after.is_none());
    assert!(Sequence::of(&[2.0], (-1.0, 1.0)).is_none() && Sequence::of(&[], (-1.0, 1.0)).is_none());
}

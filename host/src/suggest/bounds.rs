//! Bounds rounded outwards to numbers that a person would write.

use driftline_rules::value::Value;

use crate::yaml;

/// Two bounds as a suite writes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The lower.
    pub min: String,
    /// The upper.
    pub max: String,
}

/// Bounds around `min` and `max` with `slack` on each side, rounded outwards to about a twentieth of
/// the range. What is not negative stays so. `None` when no such bounds hold the values.
pub fn around(min: f64, max: f64, slack: f64, whole: bool) -> Option<Range> {
    let mut step = step((max - min).max(max.abs().min(min.abs()) * 0.02) / 10.0);
    if whole {
        step = step.max(1.0);
    }
    let low = ((min - slack) / step).floor() * step;
    let low = if min >= 0.0 { low.max(0.0) } else { low };
    let high = ((max + slack) / step).ceil() * step;
    let high = if max <= 0.0 { high.min(0.0) } else { high };
    let (low, high) = (written(low, step)?, written(high, step)?);
    let holds = low.parse::<f64>().ok()? <= min && high.parse::<f64>().ok()? >= max;
    holds.then_some(Range { min: low, max: high })
}

/// The smallest and the largest value themselves, where nothing rounder is known to hold them.
pub fn exactly(min: &Value, max: &Value) -> Range {
    // A decimal is written as text elsewhere; a bound is a number.
    let text = |it: &Value| if let Value::Dec(it) = it { it.to_string() } else { yaml::scalar(it) };
    Range { min: text(min), max: text(max) }
}

/// The next number of one digit, which is 1, 2 or 5, at or below.
fn step(it: f64) -> f64 {
    if it <= 0.0 || !it.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powi(it.log10().floor() as i32);
    [5.0, 2.0].into_iter().find(|digit| digit * power <= it).map_or(power, |digit| digit * power)
}

/// With as many digits as the step has; only where floats are exact enough for it.
fn written(it: f64, step: f64) -> Option<String> {
    if it.abs() >= 1e15 || step < 1e-9 {
        return None;
    }
    let digits = (-step.log10().floor()).max(0.0) as usize;
    let it = if it == 0.0 { 0.0 } else { it };
    Some(format!("{it:.digits$}"))
}

/// A whole number with its thousands apart, for people.
pub fn grouped(it: u64) -> String {
    let digits = it.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bounds_are_round() {
        let range = |min, max, slack, whole| around(min, max, slack, whole).map(|it| (it.min, it.max));
        let is = |min: &str, max: &str| Some((min.to_owned(), max.to_owned()));
        assert_eq!(range(18.0, 93.0, 7.5, true), is("10", "105"));
        assert_eq!(range(0.5, 812.3, 81.0, false), is("0", "900"));
        assert_eq!(range(-3.2, -0.4, 0.28, false), is("-3.6", "0.0"));
        assert_eq!(range(3.0, 3.0, 0.0, true), is("3", "3"));
        assert_eq!(range(1e300, 2e300, 0.0, false), None);
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(12), "12");
    }

    proptest! {
        #[test]
        fn bounds_hold_what_they_were_made_for(a in any::<f64>(), b in any::<f64>(), slack in 0.0..1.0_f64, whole: bool) {
            let (min, max) = (a.min(b), a.max(b));
            if let Some(it) = around(min, max, slack, whole) {
                prop_assert!(it.min.parse::<f64>().is_ok_and(|it| it <= min));
                prop_assert!(it.max.parse::<f64>().is_ok_and(|it| it >= max));
            }
        }
    }
}

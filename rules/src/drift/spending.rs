//! Tests that are repeated window after window: how much of the level each may spend.

/// The share of the level that the test of a window may spend, by the window's number, counted from 1: together no
/// more than all of it, however many windows come.
///
/// Alpha spending: where the test of window `t` is one at the level `alpha` times `share(t)`, the chance that any of
/// them ever alarms when nothing has changed is at most `alpha`, whatever the tests have to do with each other, since
/// the chance of any is at most the sum (K. K. G. Lan and D. L. `DeMets`, "Discrete sequential boundaries for clinical
/// trials", 1983; D. Foster and R. Stine, "Alpha-investing", 2008; J. Tian and A. Ramdas, "Online control of the
/// familywise error rate", 2021). The shares are `1 / log2(t + 1) - 1 / log2(t + 2)`, whose sum telescopes to 1 and
/// which fall about as `1 / (t log² t)`: about the slowest that can be summed.
///
/// Nothing is kept from window to window, and windows may come in any order.
pub fn share(number: u64) -> f64 {
    let t = number.max(1) as f64;
    std::f64::consts::LN_2 * (1.0 / (t + 1.0)).ln_1p() / ((t + 1.0).ln() * (t + 2.0).ln())
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn all_that_is_spent_is_the_level() {
        let mut sum = 0.0;
        for number in 1..=100_000 {
            let direct = 1.0 / (number as f64 + 1.0).log2() - 1.0 / (number as f64 + 2.0).log2();
            assert!((share(number) - direct).abs() < 1e-12, "{number}");
            assert!(share(number) > share(number + 1));
            sum += share(number);
        }
        assert!((sum - (1.0 - 1.0 / 100_002_f64.log2())).abs() < 1e-9, "{sum}");
        assert_eq!(share(0), share(1));
        assert!(share(u64::MAX) > 0.0);
    }
}

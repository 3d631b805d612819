//! Student's t-test: means, with one variance for both samples.

use super::welch::compare;
use super::{Alarm, DriftTest, Found, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "student",
    aliases: &["t_test_student", "t_test"],
    summary: "the difference of the means over its standard error, with one variance for both samples",
    takes: Takes::Numbers,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[("equal_var", "true")],
    page: include_str!("student.md"),
    run,
};

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    if !params.flag("equal_var", true)? {
        return Err("`equal_var: false` is the test `welch`".to_owned());
    }
    let (reference, current) = sides.numbers()?;
    compare(reference, current, |n, m, [a, b]| {
        let df = n + m - 2.0;
        // A sample of one number adds nothing to the sum of squares.
        let squares = |variance: f64, size: f64| if size > 1.0 { variance * (size - 1.0) } else { 0.0 };
        Some(((squares(a, n) + squares(b, m)) / df * (1.0 / n + 1.0 / m), df))
    })
}

//! Whether more, or fewer, values are missing than in the reference.

use super::law::hypergeometric::Hypergeometric;
use super::{Alarm, DriftTest, Found, Params, Share, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "missing_share",
    aliases: &["missing_values", "null_share"],
    summary: "the difference between the shares of missing values",
    takes: Takes::Missing,
    alarm: Alarm::Distance { threshold: 0.01, closed: true },
    params: &[("alternative", "two-sided")],
    page: include_str!("missing_share.md"),
    run,
};

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let Sides::Missing(reference, current) = sides else {
        return Err("this test compares how many values are missing".to_owned());
    };
    let alternative = params.word("alternative", &["two-sided", "less", "greater"])?;
    let share = |it: &Share, name: &str| match it.of {
        0 => Err(format!("{name} has no value, missing or not")),
        of if it.count > of => Err(format!("{name} misses {} of {of} values", it.count)),
        of => Ok(it.count as f64 / of as f64),
    };
    let (before, now) = (share(reference, "the reference")?, share(current, "the current side")?);
    let marked = reference.count.checked_add(current.count).ok_or("the counts are too large")?;
    let unmarked = (reference.of - reference.count).saturating_add(current.of - current.count);
    let law = Hypergeometric::new(marked, unmarked, current.of).ok_or("the counts are too large")?;
    // Fisher's law: shares of missing values are small, where the normal limit is poor.
    let (statistic, tail) = match alternative {
        "less" => (before - now, law.at_most(current.count)),
        "greater" => (now - before, law.at_least(current.count)),
        _ => ((now - before).abs(), law.not_likelier(current.count)),
    };
    Ok(Found {
        statistic,
        p_value: Some(tail.p),
        ln_p_value: Some(tail.ln_p),
        n: reference.of,
        m: current.of,
        exact: true,
        more: [("reference_share", before), ("current_share", now)].into(),
        ..Found::default()
    })
}

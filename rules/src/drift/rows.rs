//! Vectors of both sides, as the tests on them need them.

use super::Sides;
use super::chance::Chance;

/// Rows of both sides, those of the reference first.
pub struct Rows<'s> {
    /// All rows.
    pub rows: Vec<&'s [f64]>,
    /// How many of them are of the reference.
    pub n: usize,
}

impl<'s> Rows<'s> {
    /// At most `most` rows a side, by chance where there are more.
    pub fn sampled(reference: Vectors<'s>, current: Vectors<'s>, most: usize, chance: &mut Chance) -> Self {
        let mut rows: Vec<&[f64]> = Vec::new();
        let mut take = |side: &'s [Vec<f64>]| {
            let chosen = chance.sample(side.len(), most);
            rows.extend(chosen.into_iter().filter_map(|at| side.get(at)).map(Vec::as_slice));
            rows.len()
        };
        let n = take(reference);
        take(current);
        Rows { rows, n }
    }
}

/// The vectors of a side.
pub type Vectors<'s> = &'s [Vec<f64>];

/// The vectors of both sides: at least one each, of one length, and all finite.
pub fn both_rows(sides: &Sides) -> Result<(Vectors<'_>, Vectors<'_>), String> {
    let Sides::Vectors(reference, current) = sides else {
        return Err("this test compares vectors".to_owned());
    };
    for (side, name) in [(reference, "the reference"), (current, "the current side")] {
        if side.is_empty() {
            return Err(format!("{name} has no vector"));
        }
    }
    let length = reference.first().map_or(0, Vec::len);
    let all = || reference.iter().chain(current);
    if let Some(other) = all().find(|it| it.len() != length) {
        return Err(format!("vectors have {length} and {} components", other.len()));
    }
    if length == 0 {
        return Err("vectors have no components".to_owned());
    }
    if all().flatten().any(|it| !it.is_finite()) {
        return Err("a vector has a component that is not finite".to_owned());
    }
    Ok((reference, current))
}

//! Isotonic regression: the increasing function that is nearest to what was seen, which turns scores to probabilities.
//!
//! Pool adjacent violators (Barlow et al. 1972), with scikit-learn's conventions: equal scores are averaged first,
//! between the thresholds the function is linear, beyond them it is constant.

/// The function, by its thresholds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Isotonic {
    /// Where its line bends, with its value there; both increase.
    thresholds: Vec<(f64, f64)>,
}

impl Isotonic {
    /// Of points that were seen, both numbers finite; `None` of none.
    pub fn fit(points: impl IntoIterator<Item = (f64, f64)>) -> Option<Self> {
        let mut points: Vec<_> = points.into_iter().collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut alike: Vec<(f64, f64, f64)> = Vec::new();
        for (x, y) in points {
            match alike.last_mut() {
                Some(last) if last.0 == x => {
                    last.1 += y;
                    last.2 += 1.0;
                }
                _ => alike.push((x, y, 1.0)),
            }
        }
        // Sum, weight and points of each block.
        let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
        for (_, sum, n) in &alike {
            let mut block = (*sum, *n, 1);
            while let Some(last) = blocks.last().filter(|it| it.0 / it.1 >= block.0 / block.1) {
                block = (block.0 + last.0, block.1 + last.1, block.2 + last.2);
                blocks.pop();
            }
            blocks.push(block);
        }
        let values = blocks.iter().flat_map(|it| std::iter::repeat_n(it.0 / it.1, it.2));
        let thresholds: Vec<_> = alike.iter().map(|it| it.0).zip(values).collect();
        (!thresholds.is_empty()).then_some(Isotonic { thresholds })
    }

    /// The value of a number.
    pub fn at(&self, x: f64) -> f64 {
        let above = self.thresholds.partition_point(|it| it.0 < x);
        match (above.checked_sub(1).and_then(|it| self.thresholds.get(it)), self.thresholds.get(above)) {
            (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
            (None, Some((_, y))) | (Some((_, y)), None) => *y,
            (None, None) => f64::NAN,
        }
    }
}

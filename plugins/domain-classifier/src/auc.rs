//! The area under the ROC curve of scores, with its spread where scores mean nothing.

/// The Mann-Whitney statistic of some scores.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ranked {
    /// Pairs of a current and a reference row in which the current one has the higher score, ties counted half.
    pub ordered: f64,
    /// All pairs.
    pub pairs: f64,
    /// The variance of `ordered` if it does not matter which row is of which window, ties considered.
    pub variance: f64,
}

/// Of scores with the number of reference and of current rows that have them.
pub fn rank(mut scores: Vec<(f64, u64, u64)>) -> Ranked {
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut current, mut ordered, mut ties) = (0.0, 0.0, 0.0, 0.0);
    for group in scores.chunk_by(|a, b| a.0 == b.0) {
        let (n, m) = group.iter().fold((0.0, 0.0), |(n, m), it| (n + it.1 as f64, m + it.2 as f64));
        ordered += m * (below + n / 2.0);
        below += n;
        current += m;
        let tied = n + m;
        ties += tied * (tied * tied - 1.0);
    }
    let (n, m) = (below, current);
    let all: f64 = n + m;
    let pairs = n * m;
    let variance = if all > 1.0 { pairs / 12.0 * (all + 1.0 - ties / (all * (all - 1.0))) } else { 0.0 };
    Ranked { ordered, pairs, variance: variance.max(0.0) }
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn it_is_mann_whitney_with_ties() {
        // scipy.stats.mannwhitneyu([2, 3, 3], [1, 2, 3, 0]).statistic is 9.5.
        let scores = vec![(1.0, 1, 0), (2.0, 1, 0), (3.0, 1, 1), (0.0, 1, 0), (2.0, 0, 1), (3.0, 0, 1)];
        let ranked = rank(scores);
        assert_eq!((ranked.ordered, ranked.pairs), (9.5, 12.0));
        // 12 / 12 * (8 - (6 + 24) / 42)
        assert!((ranked.variance - (8.0 - 30.0 / 42.0)).abs() < 1e-12);
        assert_eq!(rank(vec![(1.0, 5, 7)]).variance, 0.0);
        assert_eq!(rank(Vec::new()).pairs, 0.0);
    }
}

//! The exact law of the two-sample Cramer-von Mises statistic, for samples without ties.

/// Values of the sum times points of the grid up to which the law is computed.
const MOST: u64 = 1_000_000_000;

/// The share of all orders of `n` and `m` numbers, paths on the grid from `(0, 0)` to `(n, m)`, for which the sum of
/// `weights[i + j] (b i - a j)^2` over the points of the path is at least `reach`. `None` when that takes too long.
///
/// The recurrence is that of Y. Xiao, A. Gordon and A. Yakovlev (2006): how many paths to a point have which sum. A
/// path leaves the count once it is sure to reach, or sure not to.
pub fn at_least([n, m]: [u64; 2], [b, a]: [u64; 2], weights: &[u64], reach: u64) -> Option<f64> {
    if n.checked_mul(m)?.checked_mul(reach)? > MOST {
        return None;
    }
    let (rows, columns) = (m as usize + 1, n as usize + 1);
    let gap = |i: usize, j: usize| weights.get(i + j).unwrap_or(&0) * (b * i as u64).abs_diff(a * j as u64).pow(2);
    // From each point on: the least and the largest sum of what follows, and the number of paths.
    let mut rest = vec![(u64::MAX, 0_u64, 0.0_f64); rows * columns];
    for j in (0..rows).rev() {
        for i in (0..columns).rev() {
            let next = |i: usize, j: usize| -> Option<(u64, u64, f64)> {
                let (least, most, paths) = *rest.get(j * columns + i).filter(|_| i < columns && j < rows)?;
                Some((least + gap(i, j), most + gap(i, j), paths))
            };
            let it = match (next(i + 1, j), next(i, j + 1)) {
                (None, None) => (0, 0, 1.0),
                (Some(it), None) | (None, Some(it)) => it,
                (Some(x), Some(y)) => (x.0.min(y.0), x.1.max(y.1), x.2 + y.2),
            };
            if let Some(out) = rest.get_mut(j * columns + i) {
                *out = it;
            }
        }
    }
    let all = rest.first()?.2;
    let mut hits = 0.0;
    // By column: the sums of the paths to the point, in increasing order, each with the number of paths.
    let mut points: Vec<Vec<(u64, f64)>> = vec![Vec::new(); columns];
    for j in 0..rows {
        let mut left: Vec<(u64, f64)> = Vec::new();
        for i in 0..columns {
            let below = points.get_mut(i)?;
            let mut here = if i == 0 && j == 0 { vec![(0, 1.0)] } else { merged(&left, below) };
            let (least, most, paths) = *rest.get(j * columns + i)?;
            here.retain_mut(|it| {
                it.0 += gap(i, j);
                if it.0 + least >= reach {
                    hits += it.1 * paths;
                    return false;
                }
                it.0 + most >= reach
            });
            below.clone_from(&here);
            left = here;
        }
    }
    Some(hits / all)
}

fn merged(a: &[(u64, f64)], b: &[(u64, f64)]) -> Vec<(u64, f64)> {
    let mut out = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.iter().copied().peekable(), b.iter().copied().peekable());
    loop {
        match (a.peek(), b.peek()) {
            (None, None) => return out,
            (Some(x), Some(y)) if x.0 == y.0 => {
                out.push((x.0, x.1 + y.1));
                a.next();
                b.next();
            }
            (Some(x), Some(y)) if x.0 < y.0 => out.extend(a.next()),
            (Some(_), None) => out.extend(a.next()),
            _ => out.extend(b.next()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_share_of_all_orders() {
        for (n, m) in [(2_u64, 2_u64), (2, 3), (4, 4), (5, 3), (6, 4)] {
            for reach in [0, 1, 2, 5, 9, 20, 61, 150, 400] {
                let (mut hits, mut all) = (0, 0);
                for bits in 0_u64..1 << (n + m) {
                    if u64::from(bits.count_ones()) != n {
                        continue;
                    }
                    let (mut i, mut j, mut sum) = (0_u64, 0_u64, 0);
                    for at in 0..n + m {
                        if bits >> at & 1 == 1 {
                            i += 1;
                        } else {
                            j += 1;
                        }
                        sum += (i * m).abs_diff(j * n).pow(2);
                    }
                    all += 1;
                    hits += u64::from(sum >= reach);
                }
                let found = at_least([n, m], [m, n], &[1; 20], reach).expect("a small grid");
                assert!((found - hits as f64 / f64::from(all)).abs() < 1e-12, "{n} {m} {reach}: {found}");
            }
        }
    }
}

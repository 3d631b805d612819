//! Eigenvalues of small symmetric matrices.

/// The eigenvalues of a symmetric matrix, given row by row, and its eigenvectors one after the other, in no order:
/// C. G. J. Jacobi's rotations, cyclic, which are accurate for small eigenvalues too. A row more or less than there
/// are is not looked at.
pub fn symmetric(mut cells: Vec<f64>, width: usize) -> (Vec<f64>, Vec<f64>) {
    cells.resize(width * width, 0.0);
    let mut vectors: Vec<f64> = (0..width * width).map(|it| f64::from(u8::from(it % (width + 1) == 0))).collect();
    let at = |cells: &[f64], i: usize, j: usize| cells.get(i * width + j).copied().unwrap_or(0.0);
    let norm: f64 = cells.iter().map(|it| it * it).sum();
    for _ in 0..60 {
        let mut off = 0.0;
        for p in 0..width {
            for q in p + 1..width {
                let (apq, app, aqq) = (at(&cells, p, q), at(&cells, p, p), at(&cells, q, q));
                off += apq * apq;
                if apq == 0.0 {
                    continue;
                }
                let theta = (aqq - app) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                let s = t * c;
                for k in 0..width {
                    turn(&mut cells, k * width + p, k * width + q, c, s);
                }
                for k in 0..width {
                    turn(&mut cells, p * width + k, q * width + k, c, s);
                    turn(&mut vectors, p * width + k, q * width + k, c, s);
                }
            }
        }
        if off <= norm * 1e-34 {
            break;
        }
    }
    ((0..width).map(|it| at(&cells, it, it)).collect(), vectors)
}

fn turn(cells: &mut [f64], p: usize, q: usize, c: f64, s: f64) {
    let (Some(a), Some(b)) = (cells.get(p).copied(), cells.get(q).copied()) else { return };
    if let Some(it) = cells.get_mut(p) {
        *it = c * a - s * b;
    }
    if let Some(it) = cells.get_mut(q) {
        *it = s * a + c * b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_are_stretched_by_the_values() {
        let cells = vec![4.0, 1.0, -2.0, 1.0, 2.0, 0.0, -2.0, 0.0, 3.0];
        let (values, vectors) = symmetric(cells.clone(), 3);
        assert!((values.iter().sum::<f64>() - 9.0).abs() < 1e-13);
        for (value, vector) in values.iter().zip(vectors.chunks_exact(3)) {
            for (row, it) in cells.chunks_exact(3).zip(vector) {
                let image: f64 = row.iter().zip(vector).map(|(a, b)| a * b).sum();
                assert!((image - value * it).abs() < 1e-13);
            }
        }
    }
}

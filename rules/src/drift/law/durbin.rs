//! The exact law of the one-sample Kolmogorov-Smirnov statistic, by the power of a matrix.

/// The exact law: G. Marsaglia, W. W. Tsang and J. Wang, "Evaluating Kolmogorov's distribution" (2003), after
/// J. Durbin. The power of the matrix is kept in range by powers of ten.
pub(super) fn cdf(n: u64, d: f64) -> f64 {
    let size = n as f64;
    let k = (size * d).floor() + 1.0;
    let h = k - size * d;
    let k = k as usize;
    let m = 2 * k - 1;
    let mut step = Matrix::new(m, |i, j| if i + 1 < j { 0.0 } else { 1.0 });
    for i in 0..m {
        step.add(i, 0, -h.powi(i as i32 + 1));
        step.add(m - 1, i, -h.powi((m - i) as i32));
    }
    step.add(m - 1, 0, if 2.0 * h > 1.0 { (2.0 * h - 1.0).powi(m as i32) } else { 0.0 });
    for i in 0..m {
        for j in 0..=i.min(m - 1) {
            let factorial: f64 = (1..=i + 1 - j).map(|it| it as f64).product();
            step.divide(i, j, factorial);
        }
    }
    let power = step.power(n);
    let mut p = power.at(k - 1, k - 1);
    let mut exponent = power.exponent;
    for i in 1..=n {
        p *= i as f64 / size;
        if p < 1e-140 {
            p *= 1e140;
            exponent -= 140;
        }
    }
    p * 10_f64.powi(exponent)
}

/// A square matrix times a power of ten.
#[derive(Clone)]
struct Matrix {
    size: usize,
    cells: Vec<f64>,
    exponent: i32,
}

impl Matrix {
    fn new(size: usize, cell: impl Fn(usize, usize) -> f64) -> Self {
        let cells = (0..size * size).map(|at| cell(at / size, at % size)).collect();
        Matrix { size, cells, exponent: 0 }
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        self.cells.get(i * self.size + j).copied().unwrap_or(0.0)
    }

    fn add(&mut self, i: usize, j: usize, it: f64) {
        if let Some(cell) = self.cells.get_mut(i * self.size + j) {
            *cell += it;
        }
    }

    fn divide(&mut self, i: usize, j: usize, by: f64) {
        if let Some(cell) = self.cells.get_mut(i * self.size + j) {
            *cell /= by;
        }
    }

    fn times(&self, other: &Matrix) -> Matrix {
        let mut out = Matrix::new(self.size, |_, _| 0.0);
        out.exponent = self.exponent + other.exponent;
        let rows = self.cells.chunks_exact(self.size).zip(out.cells.chunks_exact_mut(self.size));
        for (row, sums) in rows {
            for (factor, line) in row.iter().zip(other.cells.chunks_exact(self.size)) {
                sums.iter_mut().zip(line).for_each(|(sum, it)| *sum += factor * it);
            }
        }
        let middle = self.size / 2;
        if out.at(middle, middle) > 1e140 {
            out.cells.iter_mut().for_each(|it| *it *= 1e-140);
            out.exponent += 140;
        }
        out
    }

    fn power(&self, mut n: u64) -> Matrix {
        let mut out = Matrix::new(self.size, |i, j| if i == j { 1.0 } else { 0.0 });
        let mut square = self.clone();
        while n > 0 {
            if n & 1 == 1 {
                out = out.times(&square);
            }
            n >>= 1;
            if n > 0 {
                square = square.times(&square);
            }
        }
        out
    }
}

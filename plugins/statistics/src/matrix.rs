//! Small symmetric matrices.

/// A symmetric matrix, row after row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    size: usize,
    cells: Vec<f64>,
}

impl Matrix {
    /// A matrix of this size, each cell by row and column.
    pub fn from_fn(size: usize, mut cell: impl FnMut(usize, usize) -> f64) -> Matrix {
        let cells = (0..size * size).map(|at| cell(at / size, at % size)).collect();
        Matrix { size, cells }
    }

    /// How many rows, and columns.
    pub fn size(&self) -> usize {
        self.size
    }

    /// A cell; both indices are below the size.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.cells[row * self.size + column]
    }

    /// The factor `L` with `L Lᵀ` equal to it; none unless it is positive definite, by more than rounding.
    pub fn cholesky(&self) -> Option<Cholesky> {
        let n = self.size;
        let mut factor = vec![0.0; n * n];
        for row in 0..n {
            for column in 0..=row {
                let inner: f64 = (0..column).map(|it| factor[row * n + it] * factor[column * n + it]).sum();
                let left = self.at(row, column) - inner;
                factor[row * n + column] = if row == column {
                    // What rounding leaves of nothing is not spread.
                    if !(left > 1e-13 * self.at(row, row) && left.is_finite()) {
                        return None;
                    }
                    left.sqrt()
                } else {
                    left / factor[column * n + column]
                };
            }
        }
        Some(Cholesky { size: n, factor })
    }
}

/// A factor `L`, lower triangular.
#[derive(Clone, Debug)]
pub struct Cholesky {
    size: usize,
    factor: Vec<f64>,
}

impl Cholesky {
    /// `L⁻¹ x` of a vector of the matrix's size. Its square sum is `xᵀ A⁻¹ x`.
    pub fn solve(&self, x: &[f64]) -> Vec<f64> {
        let mut solved: Vec<f64> = Vec::with_capacity(self.size);
        for (row, it) in x.iter().enumerate().take(self.size) {
            let line = &self.factor[row * self.size..=row * self.size + row];
            let inner: f64 = line.iter().zip(&solved).map(|(a, b)| a * b).sum();
            solved.push((it - inner) / line[row]);
        }
        solved
    }

    /// `xᵀ A⁻¹ x`.
    pub fn quadratic(&self, x: &[f64]) -> f64 {
        self.solve(x).iter().map(|it| it * it).sum()
    }

    /// The trace of `A⁻¹ B`, `B` of the same size.
    pub fn trace(&self, b: &Matrix) -> f64 {
        // L⁻¹ B column by column, and L⁻¹ of the rows of that: the diagonal of L⁻¹ B L⁻ᵀ.
        let n = self.size;
        let columns: Vec<Vec<f64>> =
            (0..n).map(|column| self.solve(&(0..n).map(|row| b.at(row, column)).collect::<Vec<_>>())).collect();
        (0..n).map(|row| self.solve(&columns.iter().map(|it| it[row]).collect::<Vec<_>>())[row]).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::Matrix;

    #[test]
    fn it_solves() {
        let a = Matrix::from_fn(2, |row, column| [[4.0, 2.0], [2.0, 3.0]][row][column]);
        let factor = a.cholesky().unwrap();
        // The inverse is [[3, -2], [-2, 4]] / 8.
        assert!((factor.quadratic(&[1.0, 2.0]) - 11.0 / 8.0).abs() < 1e-12);
        let b = Matrix::from_fn(2, |row, column| [[1.0, 5.0], [5.0, 2.0]][row][column]);
        assert!((factor.trace(&b) - (3.0 - 10.0 - 10.0 + 8.0) / 8.0).abs() < 1e-12);
        assert!(Matrix::from_fn(2, |_, _| 1.0).cholesky().is_none());
    }
}

//! Symmetric matrices of any size, and what a fit needs of them.

// Matrices by index, as the formulas are written.
#![allow(clippy::needless_range_loop)]

/// A square matrix, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Square {
    size: usize,
    values: Vec<f64>,
}

impl std::ops::Index<(usize, usize)> for Square {
    type Output = f64;

    fn index(&self, (row, column): (usize, usize)) -> &f64 {
        &self.values[row * self.size + column]
    }
}

impl std::ops::IndexMut<(usize, usize)> for Square {
    fn index_mut(&mut self, (row, column): (usize, usize)) -> &mut f64 {
        &mut self.values[row * self.size + column]
    }
}

impl Square {
    /// Zeros.
    pub fn zeros(size: usize) -> Self {
        Self {
            size,
            values: vec![0.0; size * size],
        }
    }

    /// Rows, which are as many as columns.
    pub fn size(&self) -> usize {
        self.size
    }

    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.size..(row + 1) * self.size]
    }

    pub(super) fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.values[row * self.size..(row + 1) * self.size]
    }

    /// Copies the lower triangle to the upper.
    pub(super) fn mirror(&mut self) {
        for i in 0..self.size {
            for j in i + 1..self.size {
                self[(i, j)] = self[(j, i)];
            }
        }
    }

    /// The rows and columns that are named.
    pub(super) fn part(&self, of: &[usize]) -> Self {
        let mut part = Self::zeros(of.len());
        for (i, from_i) in of.iter().enumerate() {
            for (j, from_j) in of.iter().enumerate() {
                part[(i, j)] = self[(*from_i, *from_j)];
            }
        }
        part
    }

    /// The trace of the product with another symmetric matrix over the given places of the diagonal.
    pub(super) fn trace_of_product(&self, other: &Self, places: std::ops::Range<usize>) -> f64 {
        let diagonal = |i: usize| -> f64 {
            let pairs = self.row(i).iter().zip(other.row(i));
            pairs.map(|(a, b)| a * b).sum()
        };
        places.map(diagonal).sum()
    }
}

/// The lower triangle `l` with `l * transpose(l)` equal to a matrix.
#[derive(Debug, Clone)]
pub(super) struct Cholesky(Square);

impl Cholesky {
    /// The place of the first column that depends on those before it is the error.
    pub fn of(matrix: &Square) -> Result<Self, usize> {
        let size = matrix.size();
        let mut l = Square::zeros(size);
        for i in 0..size {
            for j in 0..=i {
                let sum: f64 = l.row(i)[..j]
                    .iter()
                    .zip(&l.row(j)[..j])
                    .map(|(a, b)| a * b)
                    .sum();
                let rest = matrix[(i, j)] - sum;
                l[(i, j)] = if i == j {
                    // Relative to the entry: what rounding leaves of a dependent column is no pivot.
                    if !(rest > 1e-11 * matrix[(i, i)].abs() && rest.is_finite()) {
                        return Err(i);
                    }
                    rest.sqrt()
                } else {
                    rest / l[(j, j)]
                };
            }
        }
        Ok(Self(l))
    }

    /// Solves in place.
    pub fn solve(&self, b: &mut [f64]) {
        let l = &self.0;
        self.forward(b);
        for i in (0..l.size()).rev() {
            let sum: f64 = (i + 1..l.size()).map(|k| l[(k, i)] * b[k]).sum();
            b[i] = (b[i] - sum) / l[(i, i)];
        }
    }

    /// Solves with the lower triangle alone, in place.
    pub fn forward(&self, b: &mut [f64]) {
        let l = &self.0;
        for i in 0..l.size() {
            let row = l.row(i);
            let sum: f64 = row[..i].iter().zip(&b[..i]).map(|(l, b)| l * b).sum();
            b[i] = (b[i] - sum) / row[i];
        }
    }

    /// The inverse of the matrix.
    pub fn inverse(&self) -> Square {
        let size = self.0.size();
        let mut inverse = Square::zeros(size);
        for j in 0..size {
            let mut unit = vec![0.0; size];
            unit[j] = 1.0;
            self.solve(&mut unit);
            for i in 0..size {
                inverse[(i, j)] = unit[i];
            }
        }
        inverse
    }

    /// Half the logarithm of the determinant.
    pub fn half_log_determinant(&self) -> f64 {
        (0..self.0.size()).map(|i| self.0[(i, i)].ln()).sum()
    }
}

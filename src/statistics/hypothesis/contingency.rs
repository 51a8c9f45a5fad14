//! Categories of two classes: chi-squared.

use crate::statistics::chi_squared_p;

/// How many patients of each of two classes are in each category. Categories without patients are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contingency {
    /// One for each category: first class, second class.
    pub(super) rows: Vec<[u64; 2]>,
}

/// Pearson's chi-squared test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquared {
    /// Chi-squared.
    pub statistic: f64,
    /// Degrees of freedom.
    pub degrees_of_freedom: f64,
    /// The probability of a statistic as great, or greater.
    pub p: f64,
}

impl Contingency {
    /// Of counts by category. None where fewer than two categories, or only one class, have patients.
    pub fn new(rows: &[[u64; 2]]) -> Option<Self> {
        let rows: Vec<[u64; 2]> = rows.iter().copied().filter(|r| r != &[0, 0]).collect();
        let table = Self { rows };
        let [first, second] = table.classes();
        (table.rows.len() >= 2 && first > 0 && second > 0).then_some(table)
    }

    /// Patients of each class.
    pub(super) fn classes(&self) -> [u64; 2] {
        let sum = |class: usize| self.rows.iter().map(|row| row[class]).sum();
        [sum(0), sum(1)]
    }

    /// What each cell would hold if category and class had nothing to do with each other.
    fn cells(&self) -> impl Iterator<Item = (f64, f64)> {
        let classes = self.classes();
        let all = (classes[0] + classes[1]) as f64;
        self.rows.iter().flat_map(move |row| {
            let size = (row[0] + row[1]) as f64;
            [0, 1].map(|class| (row[class] as f64, size * classes[class] as f64 / all))
        })
    }

    /// The least number that a cell is expected to hold.
    pub fn least_expected(&self) -> f64 {
        self.cells()
            .map(|cell| cell.1)
            .fold(f64::INFINITY, f64::min)
    }

    /// The share of cells that are expected to hold fewer than five.
    pub fn share_expected_below_five(&self) -> f64 {
        let below = self.cells().filter(|cell| cell.1 < 5.0).count();
        below as f64 / (2 * self.rows.len()) as f64
    }

    /// Cochran's rule: chi-squared suits where no cell is expected to hold less than one, and no more than a fifth less than five.
    pub fn suits_chi_squared(&self) -> bool {
        self.least_expected() >= 1.0 && self.share_expected_below_five() <= 0.2
    }

    /// Without correction.
    pub fn chi_squared(&self) -> ChiSquared {
        self.test(0.0)
    }

    /// With Yates' correction for continuity. None for more than two categories.
    pub fn yates(&self) -> Option<ChiSquared> {
        let least = self
            .cells()
            .map(|(count, expected)| (count - expected).abs());
        (self.rows.len() == 2).then(|| self.test(least.fold(0.5, f64::min)))
    }

    fn test(&self, correction: f64) -> ChiSquared {
        let part = |(count, expected): (f64, f64)| {
            ((count - expected).abs() - correction).powi(2) / expected
        };
        let statistic = self.cells().map(part).sum();
        let degrees_of_freedom = (self.rows.len() - 1) as f64;
        ChiSquared {
            statistic,
            degrees_of_freedom,
            p: chi_squared_p(statistic, degrees_of_freedom),
        }
    }
}

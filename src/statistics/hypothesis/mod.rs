//! Does a variable differ between two classes? The tests of one variable at a time: Student's and Welch's t, the rank-sum test of
//! Wilcoxon, chi-squared with and without Yates' correction, and Fisher's exact test. All as R computes them (tests/oracle).
//!
//! Our own on top of the distributions of `statrs`, which has the tests for other forms of data or without ties. Read
//! [`compare`] first, which chooses between t and Wilcoxon.

mod contingency;
mod fisher;
mod means;
mod rank_sum;

pub use contingency::{ChiSquared, Contingency};
pub use fisher::fisher;
pub use means::{Class, TTest, t_tests};
pub use rank_sum::{RankSum, rank_sum};

/// Skewness beyond which a mean says little about a class.
pub const MOST_SKEWED: f64 = 1.0;

/// Both tests of numbers in two classes, and which of them suits.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The first class.
    pub first: Class,
    /// The second class.
    pub second: Class,
    /// Student's t, which takes the variances for equal.
    pub student: TTest,
    /// Welch's t, which does not.
    pub welch: TTest,
    /// Wilcoxon's rank-sum test.
    pub rank_sum: RankSum,
    /// Whether a class is skewed by more than [`MOST_SKEWED`]: then the rank-sum test suits, else Welch's t.
    pub is_skewed: bool,
}

impl Comparison {
    /// The p of the test that suits. The rank-sum test is exact where [`rank_sum`] gives an exact p.
    pub fn p(&self) -> f64 {
        if self.is_skewed {
            self.rank_sum.exact_p.unwrap_or(self.rank_sum.p)
        } else {
            self.welch.p
        }
    }
}

/// Compares numbers in two classes; all must be finite. None where a class has fewer than two, or where all are equal.
pub fn compare(first: &[f64], second: &[f64]) -> Option<Comparison> {
    let (student, welch) = t_tests(first, second)?;
    let classes = [Class::of(first), Class::of(second)];
    Some(Comparison {
        is_skewed: classes.iter().any(|c| c.skewness.abs() > MOST_SKEWED),
        first: classes[0],
        second: classes[1],
        student,
        welch,
        rank_sum: rank_sum(first, second)?,
    })
}

#[cfg(test)]
mod tests;

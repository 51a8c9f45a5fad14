//! Ranks of two classes: Wilcoxon's rank-sum test (Mann and Whitney's U).

use crate::statistics::two_sided_p;

/// The rank-sum test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankSum {
    /// The sum of the ranks of the first class less its least possible value: R's W, Mann and Whitney's U.
    pub w: f64,
    /// Two-sided p by the normal distribution, with correction for ties and for continuity.
    pub p: f64,
    /// Two-sided exact p: where both classes have fewer than 50 and no two numbers are equal (R's rule).
    pub exact_p: Option<f64>,
    /// The share of pairs in which the first class has the greater number, ties half: the area under the ROC curve.
    pub greater: f64,
}

/// Classes smaller than this are compared exactly.
const EXACT_BELOW: usize = 50;

/// Compares numbers in two classes; all must be finite. None where a class is empty, or where all numbers are equal.
pub fn rank_sum(first: &[f64], second: &[f64]) -> Option<RankSum> {
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let mut all: Vec<(f64, bool)> = first
        .iter()
        .map(|value| (*value, true))
        .chain(second.iter().map(|value| (*value, false)))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (n, m) = (first.len() as f64, second.len() as f64);
    let (mut ranks, mut ties, mut seen) = (0.0, 0.0, 0.0);
    for equal in all.chunk_by(|a, b| a.0 == b.0) {
        let size = equal.len() as f64;
        let of_first = equal.iter().filter(|(_, is_first)| *is_first).count() as f64;
        ranks += of_first * (seen + (size + 1.0) / 2.0);
        ties += size.powi(3) - size;
        seen += size;
    }
    let w = ranks - n * (n + 1.0) / 2.0;
    let tied = ties / ((n + m) * (n + m - 1.0));
    let sd = (n * m / 12.0 * (n + m + 1.0 - tied)).sqrt();
    if sd <= 0.0 || sd.is_nan() {
        return None;
    }
    let away = w - n * m / 2.0;
    let corrected = if away == 0.0 {
        0.0
    } else {
        away - 0.5 * away.signum()
    };
    let is_exact = ties == 0.0 && first.len() < EXACT_BELOW && second.len() < EXACT_BELOW;
    Some(RankSum {
        w,
        p: two_sided_p(corrected / sd).min(1.0),
        exact_p: is_exact.then(|| exact(first.len(), second.len(), w as usize)),
        greater: w / (n * m),
    })
}

/// Two-sided exact p, from how many of all orders of the patients give each W.
fn exact(n: usize, m: usize, w: usize) -> f64 {
    let most = n * m;
    // ways[j][w]: orders of i of the first class and j of the second that give w. The greatest number is of the first class
    // (it exceeds all j of the second) or of the second.
    let mut ways = vec![vec![0.0; most + 1]; m + 1];
    for of_second in &mut ways {
        of_second[0] = 1.0;
    }
    for _ in 0..n {
        for j in 0..=m {
            let (before, from_j) = ways.split_at_mut(j);
            let here = &mut from_j[0];
            for w in (0..=most).rev() {
                here[w] = if w >= j { here[w - j] } else { 0.0 };
            }
            if let Some(fewer) = before.last() {
                for (here, fewer) in here.iter_mut().zip(fewer) {
                    *here += fewer;
                }
            }
        }
    }
    let ways = &ways[m];
    let all: f64 = ways.iter().sum();
    // The distribution is symmetric: the lower tail serves for both.
    let tail: f64 = ways[..=w.min(most - w)].iter().sum();
    (2.0 * tail / all).min(1.0)
}

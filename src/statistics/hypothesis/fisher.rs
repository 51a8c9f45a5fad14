//! Fisher's exact test of categories in two classes, two-sided as R's: the probability of all tables with these margins that are
//! no more probable than the one seen.
//!
//! Tables are walked category by category. What lies ahead is bounded by its most and its least probable completion, so that
//! most of the walk ends early, and walks that meet with the same probability go on as one (the network algorithm of Mehta and
//! Patel, JASA 1983;78:427, for two classes).

use super::Contingency;
use std::collections::BTreeMap;

/// Tables whose probabilities differ by less, relatively, are equally probable: R's rule.
const SAME: f64 = 1e-7;
/// Walks kept at once; beyond it the test is not worth its time, and chi-squared is as good.
const MOST_WALKS: usize = 400_000;
/// Steps of all walks together: a second at most. Two categories of a million patients need fewer.
const MOST_STEPS: u64 = 2_000_000;
/// Categories whose corners are counted for the least product.
const MOST_ENUMERATED: usize = 10;

/// The two-sided p. None where the table is too large.
pub fn fisher(table: &Contingency) -> Option<f64> {
    // Large categories first: fewer walks are left when they branch.
    let mut sizes: Vec<u64> = table.rows.iter().map(|row| row[0] + row[1]).collect();
    let [events, others] = table.classes();
    let choices = Choices::up_to(events + others);
    let seen: f64 = table
        .rows
        .iter()
        .map(|row| choices.ln(row[0] + row[1], row[0]))
        .sum();
    let limit = seen + SAME;
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let ahead = Ahead::new(&sizes, &choices);
    let whole = choices.ln(events + others, events);
    // Events left for the categories ahead, and the log of the product so far in steps of 1e-10, to the sum of such products.
    let mut walks: BTreeMap<(u64, i64), (f64, f64)> = BTreeMap::new();
    walks.insert((events, 0), (0.0, 1.0));
    let mut p = 0.0;
    let mut steps = 0;
    for (place, size) in sizes.iter().enumerate() {
        let mut next: BTreeMap<(u64, i64), (f64, f64)> = BTreeMap::new();
        let rest = ahead.patients[place + 1];
        let mut bounds: BTreeMap<u64, [f64; 3]> = BTreeMap::new();
        for ((left, _), (so_far, ways)) in walks {
            steps += left.min(*size) - left.saturating_sub(rest) + 1;
            if steps > MOST_STEPS {
                return None;
            }
            for taken in left.saturating_sub(rest)..=left.min(*size) {
                let now = so_far + choices.ln(*size, taken);
                let left = left - taken;
                let [most, least, all] = *bounds.entry(left).or_insert_with(|| {
                    [
                        ahead.most(place + 1, left),
                        ahead.least(place + 1, left),
                        choices.ln(rest, left),
                    ]
                });
                if now + most <= limit {
                    p += ways * (now + all - whole).exp();
                } else if now + least <= limit {
                    let key = (left, (now * 1e10).round() as i64);
                    next.entry(key).or_insert((now, 0.0)).1 += ways;
                }
            }
            if next.len() > MOST_WALKS {
                return None;
            }
        }
        walks = next;
    }
    Some(p.min(1.0))
}

/// The categories from a place on.
struct Ahead<'a> {
    sizes: &'a [u64],
    choices: &'a Choices,
    /// Patients of the categories from a place on.
    patients: Vec<u64>,
}

impl<'a> Ahead<'a> {
    fn new(sizes: &'a [u64], choices: &'a Choices) -> Self {
        let mut patients = vec![0; sizes.len() + 1];
        for place in (0..sizes.len()).rev() {
            patients[place] = patients[place + 1] + sizes[place];
        }
        Self {
            sizes,
            choices,
            patients,
        }
    }

    /// The log of the greatest product of n over k, for so many events in all: each further event goes where it multiplies most,
    /// which is the maximum because the factors fall.
    fn most(&self, from: usize, events: u64) -> f64 {
        let sizes = &self.sizes[from..];
        let all = self.patients[from];
        if all == 0 {
            return 0.0;
        }
        // Near the shares of the sizes, then one by one.
        let mut taken: Vec<u64> = sizes
            .iter()
            .map(|size| (u128::from(*size) * u128::from(events) / u128::from(all)) as u64)
            .collect();
        let mut left = events - taken.iter().sum::<u64>();
        let gain = |size: u64, taken: u64| (size - taken) as f64 / (taken + 1) as f64;
        while left > 0 {
            let best = (0..sizes.len())
                .filter(|i| taken[*i] < sizes[*i])
                .max_by(|a, b| gain(sizes[*a], taken[*a]).total_cmp(&gain(sizes[*b], taken[*b])));
            let Some(best) = best else { break };
            taken[best] += 1;
            left -= 1;
        }
        // Exchanges until none helps.
        loop {
            let to = (0..sizes.len())
                .filter(|i| taken[*i] < sizes[*i])
                .max_by(|a, b| gain(sizes[*a], taken[*a]).total_cmp(&gain(sizes[*b], taken[*b])));
            let loss = |i: usize| gain(sizes[i], taken[i] - 1);
            let from = (0..sizes.len())
                .filter(|i| taken[*i] > 0)
                .min_by(|a, b| loss(*a).total_cmp(&loss(*b)));
            match (to, from) {
                (Some(to), Some(from))
                    if to != from && gain(sizes[to], taken[to]) > loss(from) * (1.0 + 1e-12) =>
                {
                    taken[to] += 1;
                    taken[from] -= 1;
                }
                _ => break,
            }
        }
        let pairs = sizes.iter().zip(&taken);
        pairs
            .map(|(size, taken)| self.choices.ln(*size, *taken))
            .sum()
    }

    /// The log of the least product. ln of n over k is concave in k, so that the least lies at a corner: every category but one
    /// is full or empty. With many categories there are too many corners: then zero, which no product falls below.
    fn least(&self, from: usize, events: u64) -> f64 {
        let sizes = &self.sizes[from..];
        if sizes.is_empty() || sizes.len() > MOST_ENUMERATED {
            return 0.0;
        }
        let mut least = f64::INFINITY;
        for full in 0..1_u32 << sizes.len() {
            let is_full = |place: &usize| full >> place & 1 == 1;
            let filled: u64 = (0..sizes.len()).filter(is_full).map(|i| sizes[i]).sum();
            let Some(rest) = events.checked_sub(filled) else {
                continue;
            };
            for place in (0..sizes.len()).filter(|place| !is_full(place)) {
                if rest <= sizes[place] {
                    least = least.min(self.choices.ln(sizes[place], rest));
                }
            }
            if rest == 0 {
                least = 0.0;
            }
        }
        least
    }
}

/// ln of n over k, from a table of factorials.
struct Choices(Vec<f64>);

impl Choices {
    fn up_to(n: u64) -> Self {
        // The sum is compensated: its error would be a relative error of p.
        let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
        let mut ln_factorials = vec![0.0];
        for i in 1..=n {
            let term = (i as f64).ln() - lost;
            let next = sum + term;
            lost = (next - sum) - term;
            sum = next;
            ln_factorials.push(sum);
        }
        Self(ln_factorials)
    }

    fn ln(&self, n: u64, k: u64) -> f64 {
        let ln_factorials = &self.0;
        ln_factorials[n as usize] - ln_factorials[k as usize] - ln_factorials[(n - k) as usize]
    }
}

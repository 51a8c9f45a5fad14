//! Resampling patients with replacement, the same on any number of threads: replicate k of a seed has a random stream of its own.
//!
//! Two forms. Groups of patients that share all that matters are resampled as counts (a multinomial by conditional binomials:
//! the cost is that of the groups, not of the patients). Rows that differ are resampled as weights: how often each was drawn.

use super::quantile;
use rand::{Rng, SeedableRng};
use rand_distr::{Binomial, Distribution};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

/// The random stream of a replicate.
pub type Stream = Xoshiro256PlusPlus;

/// The stream of replicate `k` of a seed. Streams do not overlap in practice: each starts from its own mix of the two numbers.
pub fn stream(seed: u64, replicate: u64) -> Stream {
    // The seed and the number of the replicate go through the finaliser of SplitMix64, so that neighbours share nothing.
    let mut mixed = seed
        ^ replicate
            .wrapping_add(1)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    Stream::seed_from_u64(mixed ^ mixed >> 31)
}

/// Runs replicates `0..replicates` on all threads; results in the order of the replicates.
pub fn replicate<T: Send>(
    seed: u64,
    replicates: usize,
    run: impl Fn(usize, &mut Stream) -> T + Sync,
) -> Vec<T> {
    (0..replicates)
        .into_par_iter()
        .map(|k| run(k, &mut stream(seed, k as u64)))
        .collect()
}

/// As many patients as there are, drawn with replacement from groups of so many: how many of each group were drawn.
pub fn counts(groups: &[u64], stream: &mut impl Rng) -> Vec<u64> {
    let mut drawn = vec![0; groups.len()];
    counts_into(groups, &mut drawn, stream);
    drawn
}

/// [`counts`] without an allocation. `drawn` must be as long as `groups`.
pub fn counts_into(groups: &[u64], drawn: &mut [u64], stream: &mut impl Rng) {
    let mut rest: u64 = groups.iter().sum();
    let mut to_draw = rest;
    for (group, drawn) in groups.iter().zip(drawn) {
        *drawn = if *group == rest {
            to_draw
        } else {
            // A share of the rest, so from 0 to 1: the distribution always exists.
            Binomial::new(to_draw, *group as f64 / rest as f64).map_or(0, |b| b.sample(stream))
        };
        rest -= group;
        to_draw -= *drawn;
    }
}

/// How often each of so many rows is drawn in as many draws with replacement.
pub fn weights(rows: usize, stream: &mut impl Rng) -> Vec<u32> {
    let mut weights = vec![0; rows];
    weights_into(&mut weights, stream);
    weights
}

/// [`weights`] without an allocation.
pub fn weights_into(weights: &mut [u32], stream: &mut impl Rng) {
    weights.fill(0);
    for _ in 0..weights.len() {
        weights[stream.random_range(0..weights.len())] += 1;
    }
}

/// The 95 % percentile interval of replicates (quantiles 0.025 and 0.975, type 7). Values that are not finite (a replicate where
/// the statistic does not exist) are left out. None with fewer than two values.
pub fn percentile_interval(values: &[f64]) -> Option<[f64; 2]> {
    let mut values: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    (values.len() > 1).then(|| [quantile(&values, 0.025), quantile(&values, 0.975)])
}

/// An index of a model and how much of it is optimism (Harrell 1996), as a row of `rms::validate`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Optimism {
    /// Of the model on the patients that it was made from (`index.orig`).
    pub original: f64,
    /// Mean of the models of the resamples, each on its own resample.
    pub training: f64,
    /// Mean of the same models on the original patients.
    pub test: f64,
    /// Training less test.
    pub optimism: f64,
    /// Original less optimism (`index.corrected`).
    pub corrected: f64,
    /// Resamples in which the index exists.
    pub n: usize,
}

/// Training and test values of `N` indexes in a replicate; none where the model cannot be made.
pub type Replicate<const N: usize> = Option<([f64; N], [f64; N])>;

/// Optimism of `N` indexes. `run` draws a resample, makes the model on it, and gives its indexes on the resample (training) and
/// on the original patients (test). An index that is not finite in a replicate is left out of that replicate alone.
pub fn optimism<const N: usize>(
    original: [f64; N],
    seed: u64,
    replicates: usize,
    run: impl Fn(usize, &mut Stream) -> Replicate<N> + Sync,
) -> [Optimism; N] {
    let results = replicate(seed, replicates, run);
    std::array::from_fn(|index| {
        let pairs = results.iter().flatten();
        let pairs = pairs.map(|(training, test)| (training[index], test[index]));
        let pairs: Vec<_> = pairs.filter(|(a, b)| (a - b).is_finite()).collect();
        let n = pairs.len();
        let mean = |sum: f64| sum / n as f64;
        let training = mean(pairs.iter().map(|pair| pair.0).sum());
        let test = mean(pairs.iter().map(|pair| pair.1).sum());
        Optimism {
            original: original[index],
            training,
            test,
            optimism: training - test,
            corrected: original[index] - (training - test),
            n,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::{mean, variance};
    use super::*;

    #[test]
    fn counts_keep_their_sum_and_have_the_moments_of_a_multinomial() {
        let groups = [500, 0, 300, 200];
        let drawn = replicate(7, 4000, |_, stream| counts(&groups, stream));
        assert!(
            drawn
                .iter()
                .all(|d| d.iter().sum::<u64>() == 1000 && d[1] == 0)
        );
        for (place, group) in groups.iter().enumerate().filter(|(_, group)| **group > 0) {
            let values: Vec<f64> = drawn.iter().map(|d| d[place] as f64).collect();
            let p = *group as f64 / 1000.0;
            assert!((mean(&values) / (1000.0 * p) - 1.0).abs() < 0.01);
            assert!((variance(&values) / (1000.0 * p * (1.0 - p)) - 1.0).abs() < 0.1);
        }
        assert_eq!(counts(&[], &mut stream(1, 0)), Vec::<u64>::new());
    }

    #[test]
    fn weights_are_draws_with_replacement() {
        let drawn = weights(10_000, &mut stream(3, 0));
        assert_eq!(drawn.iter().sum::<u32>(), 10_000);
        let never = drawn.iter().filter(|weight| **weight == 0).count() as f64;
        assert!((never / 10_000.0 - (-1.0_f64).exp()).abs() < 0.02);
    }

    #[test]
    fn a_seed_gives_the_same_on_any_number_of_threads() {
        let run = || replicate(5, 100, |k, stream| (k, stream.random::<u64>()));
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build().unwrap().install(run)
        };
        assert_eq!(on(1), on(3));
        assert_ne!(run()[0].1, run()[1].1);
        assert_ne!(stream(5, 0).random::<u64>(), stream(6, 0).random::<u64>());
    }

    #[test]
    fn optimism_is_training_less_test_and_lost_replicates_are_counted() {
        let [row] = optimism([0.9], 1, 10, |k, _| {
            (k != 3).then_some(([if k == 4 { f64::NAN } else { 0.8 }], [0.7]))
        });
        assert_eq!(row.n, 8);
        assert!((row.corrected - 0.8).abs() < 1e-12 && (row.optimism - 0.1).abs() < 1e-12);
        assert_eq!(percentile_interval(&[1.0]), None);
        let [low, high] = percentile_interval(&[4.0, f64::NAN, 1.0, 2.0, 8.0]).unwrap();
        assert!((low - 1.075).abs() < 1e-12 && (high - 7.7).abs() < 1e-12);
    }
}

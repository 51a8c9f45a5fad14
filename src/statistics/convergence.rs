//! Whether Markov chains have seen enough: split R-hat and effective sample size (Gelman et al., Bayesian Data Analysis, 3rd
//! edition, chapter 11; autocorrelations cut off by Geyer's initial positive sequence).

use super::{mean, variance};

/// Each chain in two halves of equal length.
fn halves(chains: &[Vec<f64>]) -> Vec<&[f64]> {
    let half = chains.iter().map(Vec::len).min().unwrap_or(0) / 2;
    chains
        .iter()
        .flat_map(|chain| [&chain[..half], &chain[chain.len() - half..]])
        .collect()
}

/// Mean variance within the sequences, and an estimate of the whole variance from above.
fn variances(sequences: &[&[f64]]) -> (f64, f64) {
    let n = sequences.first().map_or(0, |sequence| sequence.len()) as f64;
    let within = mean(&sequences.iter().map(|s| variance(s)).collect::<Vec<_>>());
    let between = variance(&sequences.iter().map(|s| mean(s)).collect::<Vec<_>>());
    (within, within * (n - 1.0) / n + between)
}

/// Split R-hat: 1 when all halves of all chains see the same distribution. NaN with fewer than four draws a chain.
pub fn r_hat(chains: &[Vec<f64>]) -> f64 {
    let (within, whole) = variances(&halves(chains));
    (whole / within).sqrt()
}

/// How many independent draws tell as much about the mean as these. NaN with fewer than four draws a chain.
pub fn effective_sample_size(chains: &[Vec<f64>]) -> f64 {
    let sequences = halves(chains);
    let n = sequences.first().map_or(0, |sequence| sequence.len());
    let (within, whole) = variances(&sequences);
    let autocovariance = |lag: usize| {
        let of_one = |sequence: &&[f64]| {
            let mean = mean(sequence);
            let pairs = sequence.iter().zip(&sequence[lag..]);
            pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / n as f64
        };
        mean(&sequences.iter().map(of_one).collect::<Vec<_>>())
    };
    let autocorrelation = |lag: usize| 1.0 - (within - autocovariance(lag)) / whole;
    let mut sum = 0.0;
    let mut lag = 1;
    while lag + 1 < n {
        let pair = autocorrelation(lag) + autocorrelation(lag + 1);
        if pair < 0.0 {
            break;
        }
        sum += pair;
        lag += 2;
    }
    let draws = (n * sequences.len()) as f64;
    // Chains that alternate can look better than independent draws; nothing is promised from that.
    (draws / (1.0 + 2.0 * sum)).min(draws)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::Xoshiro256PlusPlus;
    use rand_xoshiro::rand_core::{RngCore, SeedableRng};

    /// x' = a x + noise.
    fn chain(seed: u64, a: f64, shift: f64) -> Vec<f64> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut x = 0.0;
        (0..20_000)
            .map(|_| {
                x = a * x + random.next_u64() as f64 / u64::MAX as f64 - 0.5;
                x + shift
            })
            .collect()
    }

    #[test]
    fn independent_draws_count_whole_and_dependent_ones_by_their_autocorrelation() {
        for (a, expected) in [(0.0, 1.0), (0.5, 1.0 / 3.0), (0.9, 1.0 / 19.0)] {
            let chains: Vec<_> = (0..4).map(|seed| chain(seed, a, 0.0)).collect();
            let share = effective_sample_size(&chains) / 80_000.0;
            assert!((share / expected - 1.0).abs() < 0.15, "{a}: {share}");
            assert!((r_hat(&chains) - 1.0).abs() < 0.01);
        }
    }

    #[test]
    fn a_chain_elsewhere_and_a_drift_show() {
        let mut chains: Vec<_> = (0..3).map(|seed| chain(seed, 0.0, 0.0)).collect();
        chains.push(chain(3, 0.0, 0.5));
        assert!(r_hat(&chains) > 1.1);
        let drift: Vec<f64> = (0..1000).map(f64::from).collect();
        assert!(r_hat(&[drift.clone(), drift]) > 1.5);
    }
}

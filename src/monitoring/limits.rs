//! Control limits that are exact for counts, so that they hold for small months and rare findings too.
//!
//! A point lies outside when a count so far away, or further, has a probability under [`TAIL`] on that side if nothing changed:
//! the share of a normal distribution beyond three standard deviations, as on a Shewhart chart.
//!
//! A month against a reference is Fisher's exact test on its two groups, so the reference may be small itself. An observed
//! number against probabilities is the sum of unequal coins (Poisson binomial).

use statrs::function::gamma::ln_gamma;

/// The probability beyond one limit when nothing changed, at most: one side of three standard deviations.
pub const TAIL: f64 = 0.001_349_898_031_630_095;

/// Beyond this many patients the exact sum of unequal coins is replaced by the normal distribution with its moments.
const MOST_COINS: usize = 4_000;

fn ln_choose(n: u64, k: u64) -> f64 {
    let ln = |n: u64| ln_gamma(n as f64 + 1.0);
    ln(n) - ln(k) - ln(n - k)
}

/// The probability of `count` or more of `patients` in the month, the sum of month and reference being given.
fn at_least(count: u64, patients: u64, of_reference: u64, reference: u64) -> f64 {
    let (all, with) = (patients + reference, count + of_reference);
    let most = with.min(patients);
    let mut term = (ln_choose(with, count) + ln_choose(all - with, patients - count)
        - ln_choose(all, patients))
    .exp();
    let mut sum = 0.0;
    for at in count..=most {
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
        let (more, room) = ((with - at) as f64, (patients - at) as f64);
        // all - with - patients + at + 1, which is not negative.
        let rest = (all + at + 1) as f64 - (with + patients) as f64;
        term *= more * room / ((at + 1) as f64 * rest);
    }
    sum.min(1.0)
}

/// The probability of `count` or fewer.
fn at_most(count: u64, patients: u64, of_reference: u64, reference: u64) -> f64 {
    at_least(
        patients - count,
        patients,
        reference - of_reference,
        reference,
    )
}

/// Least and greatest count of so many patients that the reference does not speak against.
pub(super) fn within(patients: u64, of_reference: u64, reference: u64) -> (u64, u64) {
    // A count is the more surprising the further it lies from the reference's share: both ends by halving.
    let expected = (patients as f64 * of_reference as f64 / reference as f64).round() as u64;
    let expected = expected.min(patients);
    let high = last(expected, patients, |count| {
        at_least(count, patients, of_reference, reference) >= TAIL
    });
    let low = patients
        - last(patients - expected, patients, |others| {
            at_most(patients - others, patients, of_reference, reference) >= TAIL
        });
    (low, high)
}

/// The last number from `from`, which holds, to `to` for which something holds that ends once.
fn last(from: u64, to: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut inside, mut outside) = (from, to + 1);
    while outside - inside > 1 {
        let middle = inside + (outside - inside) / 2;
        if holds(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    inside
}

/// Least and greatest number of events that probabilities do not speak against.
pub(super) fn of_probabilities(probabilities: &[f64]) -> (u64, u64) {
    let patients = probabilities.len() as u64;
    if probabilities.len() > MOST_COINS {
        let mean: f64 = probabilities.iter().sum();
        let sd = probabilities
            .iter()
            .map(|p| p * (1.0 - p))
            .sum::<f64>()
            .sqrt();
        let low = (mean - 3.0 * sd - 0.5).ceil().max(0.0) as u64;
        let high = ((mean + 3.0 * sd + 0.5).floor() as u64).min(patients);
        return (low, high);
    }
    let mut chance = vec![0.0; probabilities.len() + 1];
    chance[0] = 1.0;
    for (n, p) in probabilities.iter().enumerate() {
        for events in (0..=n + 1).rev() {
            let one_less = if events > 0 { chance[events - 1] } else { 0.0 };
            chance[events] = chance[events] * (1.0 - p) + one_less * p;
        }
    }
    let first_inside = |chances: &mut dyn Iterator<Item = &f64>| -> u64 {
        let mut sum = 0.0;
        for (place, chance) in chances.enumerate() {
            sum += chance;
            if sum >= TAIL {
                return place as u64;
            }
        }
        patients
    };
    let low = first_inside(&mut chance.iter());
    let high = patients - first_inside(&mut chance.iter().rev());
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_fishers_test() {
        // R: phyper(11, 20, 84, 24, lower.tail = FALSE): 12 or more of 24 when 20 of all 104 have it.
        assert!((at_least(12, 24, 8, 80) / 6.806_505_508_029_53e-5 - 1.0).abs() < 1e-9);
        // R: phyper(1, 31, 73, 24)
        assert!((at_most(1, 24, 30, 80) / 8.109_542_032_629_23e-4 - 1.0).abs() < 1e-9);
        assert_eq!(at_least(0, 24, 8, 80), 1.0);
    }

    #[test]
    fn limits_are_the_last_counts_that_are_not_surprising() {
        for (patients, of_reference, reference) in [
            (24, 8, 80),
            (30, 0, 100),
            (30, 100, 100),
            (400, 196, 404),
            (5, 1, 60),
        ] {
            let (low, high) = within(patients, of_reference, reference);
            let inside = |count: u64| {
                at_least(count, patients, of_reference, reference) >= TAIL
                    && at_most(count, patients, of_reference, reference) >= TAIL
            };
            for count in 0..=patients {
                assert_eq!(
                    (low..=high).contains(&count),
                    inside(count),
                    "{patients} {of_reference}/{reference}: {count} in {low}..={high}"
                );
            }
        }
    }

    #[test]
    fn a_large_reference_gives_the_limits_of_the_binomial_distribution() {
        // R: qbinom(c(0.001349898, 1 - 0.001349898), 100, 0.3)
        let (low, high) = within(100, 300_000_000, 1_000_000_000);
        assert_eq!((low, high), (17, 44));
        let (low, high) = of_probabilities(&[0.3; 100]);
        assert_eq!((low, high), (17, 44));
    }

    #[test]
    fn unequal_coins_are_added_exactly() {
        // 2 or 3 of three: 0.9 * 0.8 * 0.9 + ... ; nobody and everybody are both likelier than the tail.
        assert_eq!(of_probabilities(&[0.9, 0.8, 0.1]), (0, 3));
        // Six certain ones and one that is not: five or fewer would be a surprise.
        let (low, high) = of_probabilities(&[
            0.999_999, 0.999_999, 0.999_999, 0.999_999, 0.999_999, 0.999_999, 0.5,
        ]);
        assert_eq!((low, high), (6, 7));
        let many = of_probabilities(&vec![0.5; MOST_COINS + 1]);
        let exact = of_probabilities(&[0.5; MOST_COINS]);
        assert!(many.0.abs_diff(exact.0) <= 2 && many.1.abs_diff(exact.1) <= 2);
        assert_eq!(of_probabilities(&[]), (0, 0));
    }
}

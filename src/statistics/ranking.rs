//! How well a number ranks patients by outcome.

/// Patients that share a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// The number that ranks: a score or a probability.
    pub by: f64,
    /// With the outcome.
    pub events: f64,
    /// Without it.
    pub others: f64,
}

/// The probability that of one patient with the outcome and one without the first has the greater number; ties count half.
/// This is the area under the ROC curve and the c-index. NaN when either kind is missing.
pub fn c_index(groups: &[Ranked]) -> f64 {
    let (mut won, mut pairs) = (0.0, 0.0);
    for event in groups {
        for other in groups {
            let weight = event.events * other.others;
            pairs += weight;
            if event.by > other.by {
                won += weight;
            } else if event.by == other.by {
                won += weight / 2.0;
            }
        }
    }
    won / pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cut_gives_the_mean_of_sensitivity_and_specificity() {
        let groups = [
            Ranked {
                by: 1.0,
                events: 162.0,
                others: 11.0,
            },
            Ranked {
                by: 0.0,
                events: 61.0,
                others: 170.0,
            },
        ];
        // spec/clinical.md section 5, PET alone.
        assert!((c_index(&groups) - 0.832_842).abs() < 5e-7);
        assert!(c_index(&groups[..0]).is_nan());
    }
}

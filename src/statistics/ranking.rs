//! How well a number ranks patients by outcome. Everything that ranks works on groups of patients that share a number: sixteen
//! patterns, or a million groups of one.

/// Patients that share a number.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Ranked {
    /// The number that ranks: a score or a probability.
    pub by: f64,
    /// With the outcome.
    pub events: f64,
    /// Without it.
    pub others: f64,
}

/// Why patients cannot be ranked by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRanking {
    /// Nobody has the outcome.
    #[error("no patient has the outcome: there is nothing to tell apart")]
    NobodyWith,
    /// Everybody has it.
    #[error("every patient has the outcome: there is nothing to tell apart")]
    NobodyWithout,
    /// A number is none.
    #[error("a value to rank by is not a number: leave such patients out before")]
    NotANumber,
}

/// The patients with and without the outcome.
pub fn totals(groups: &[Ranked]) -> (f64, f64) {
    groups.iter().fold((0.0, 0.0), |(events, others), group| {
        (events + group.events, others + group.others)
    })
}

/// One group for each number, ascending; empty groups are left out.
///
/// # Errors
/// [`NoRanking`] when one of the two kinds of patients is missing, or a number is NaN.
pub fn ranked(mut groups: Vec<Ranked>) -> Result<Vec<Ranked>, NoRanking> {
    groups.retain(|group| group.events + group.others > 0.0);
    if groups.iter().any(|group| group.by.is_nan()) {
        return Err(NoRanking::NotANumber);
    }
    if !groups.is_sorted_by(|a, b| a.by < b.by) {
        if !groups.is_sorted_by(|a, b| a.by <= b.by) {
            groups.sort_unstable_by(|a, b| a.by.total_cmp(&b.by));
        }
        groups.dedup_by(|next, kept| {
            let same = next.by == kept.by;
            if same {
                kept.events += next.events;
                kept.others += next.others;
            }
            same
        });
    }
    match totals(&groups) {
        (events, _) if events <= 0.0 => Err(NoRanking::NobodyWith),
        (_, others) if others <= 0.0 => Err(NoRanking::NobodyWithout),
        _ => Ok(groups),
    }
}

/// Groups of single patients: the number of each, and whether the patient has the outcome.
pub fn of_patients(patients: impl IntoIterator<Item = (f64, bool)>) -> Vec<Ranked> {
    let group = |(by, with): (f64, bool)| Ranked {
        by,
        events: f64::from(u8::from(with)),
        others: f64::from(u8::from(!with)),
    };
    patients.into_iter().map(group).collect()
}

/// The probability that of one patient with the outcome and one without the first has the greater number; ties count half.
/// This is the area under the ROC curve and the c-index. NaN when either kind is missing or a number is NaN.
pub fn c_index(groups: &[Ranked]) -> f64 {
    ranked(groups.to_vec()).map_or(f64::NAN, |groups| c_index_of_ranked(&groups))
}

/// [`c_index`] of groups that [`ranked`] has put in order. Linear; without an allocation.
pub fn c_index_of_ranked(groups: &[Ranked]) -> f64 {
    let (mut won, mut below, mut events) = (0.0, 0.0, 0.0);
    for group in groups {
        won += group.events * (below + group.others / 2.0);
        below += group.others;
        events += group.events;
    }
    won / (events * below)
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

    #[test]
    fn patients_that_share_a_number_become_one_group_and_what_cannot_be_ranked_is_said() {
        let patients = [(2.0, true), (-0.0, false), (2.0, false), (0.0, true)];
        let groups = ranked(of_patients(patients)).unwrap();
        assert_eq!(groups.iter().map(|g| g.by).collect::<Vec<_>>(), [0.0, 2.0]);
        assert_eq!(totals(&groups), (2.0, 2.0));
        assert_eq!(c_index_of_ranked(&groups), 0.5);
        let kinds = |patients: &[(f64, bool)]| ranked(of_patients(patients.to_vec()));
        assert_eq!(kinds(&[(1.0, true)]), Err(NoRanking::NobodyWithout));
        assert_eq!(kinds(&[(1.0, false)]), Err(NoRanking::NobodyWith));
        assert_eq!(kinds(&[]), Err(NoRanking::NobodyWith));
        let with_nan = [(f64::NAN, true), (1.0, false)];
        assert_eq!(kinds(&with_nan), Err(NoRanking::NotANumber));
    }
}

//! Numbers of `statistics` as figures of the report: nothing that is not finite gets through, and every interval names its method.

use super::result::{Figure, TwoByTwo};
use crate::statistics::calibration;
use crate::statistics::proportion::{self, Proportion, wilson};
use crate::statistics::ranking::Ranked;
use crate::statistics::roc::{self, Auc};
use crate::statistics::{Estimate, z95};

impl Figure {
    /// A number without an interval. None where it is not finite.
    pub(super) fn alone(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self {
            value,
            low: None,
            high: None,
            method: None,
            standard_error: None,
            bootstrap: None,
        })
    }

    /// A number with its limits. Without them where they are not finite.
    pub(super) fn within(
        value: f64,
        limits: Option<[f64; 2]>,
        method: &'static str,
    ) -> Option<Self> {
        let mut figure = Self::alone(value)?;
        if let Some([low, high]) = limits.filter(|limits| limits.iter().all(|l| l.is_finite())) {
            figure.low = Some(low);
            figure.high = Some(high);
            figure.method = Some(method);
        }
        Some(figure)
    }

    /// An estimate of `statistics`.
    pub(super) fn of(estimate: Estimate, method: &'static str) -> Option<Self> {
        Self::within(estimate.value, estimate.limits, method)
    }

    fn limits(&self) -> Option<[f64; 2]> {
        Some([self.low?, self.high?])
    }
}

/// A share with Wilson's interval. None of nobody.
pub fn share(events: u64, patients: u64) -> Option<Figure> {
    (patients > 0)
        .then(|| of_proportion(wilson(events as f64, patients as f64)))
        .flatten()
}

fn of_proportion(share: Proportion) -> Option<Figure> {
    Figure::within(share.value, Some([share.low, share.high]), "wilson")
}

/// A 2x2 table with what follows from it.
pub fn two_by_two(
    true_positive: u64,
    false_negative: u64,
    false_positive: u64,
    true_negative: u64,
) -> TwoByTwo {
    let measures = proportion::TwoByTwo {
        true_positive: true_positive as f64,
        false_negative: false_negative as f64,
        false_positive: false_positive as f64,
        true_negative: true_negative as f64,
    }
    .measures();
    let share = |share: Option<Proportion>| share.and_then(of_proportion);
    let of = |estimate: Option<Estimate>, method| estimate.and_then(|e| Figure::of(e, method));
    TwoByTwo {
        true_positive,
        false_negative,
        false_positive,
        true_negative,
        sensitivity: share(measures.sensitivity),
        specificity: share(measures.specificity),
        ppv: share(measures.positive_predictive_value),
        npv: share(measures.negative_predictive_value),
        accuracy: share(measures.accuracy),
        youden: of(measures.youden, "newcombe"),
        lr_positive: of(measures.positive_likelihood_ratio, "log"),
        lr_negative: of(measures.negative_likelihood_ratio, "log"),
    }
}

/// The table of a rule: groups by 0 (negative) and 1 (positive).
pub fn table_of(rule: &[Ranked]) -> TwoByTwo {
    table_at(rule, 0.5)
}

/// The table of a split: at or above is positive.
pub fn table_at(groups: &[Ranked], at_or_above: f64) -> TwoByTwo {
    let mut table = [0.0; 4];
    for group in groups {
        let negative = usize::from(group.by < at_or_above);
        table[negative] += group.events;
        table[2 + negative] += group.others;
    }
    // Whole patients.
    let [tp, fn_, fp, tn] = table.map(|patients| patients as u64);
    two_by_two(tp, fn_, fp, tn)
}

/// The area under the curve. None where one kind of patients is missing.
pub fn auc(groups: &[Ranked]) -> Option<Figure> {
    roc::auc(groups).ok().and_then(of_auc)
}

pub(super) fn of_auc(auc: Auc) -> Option<Figure> {
    let mut figure = Figure::within(auc.value, auc.limits, "delong")?;
    figure.standard_error = auc.standard_error;
    Some(figure)
}

/// Observed by expected. None where nobody is observed or expected.
pub fn observed_expected(groups: &[Ranked]) -> Option<Figure> {
    calibration::observed_to_expected(groups).and_then(|estimate| Figure::of(estimate, "log"))
}

/// A share less another one of other patients (Newcombe's hybrid interval from Wilson's).
pub fn difference_of_shares(first: &Figure, second: &Figure) -> Option<Figure> {
    let value = first.value - second.value;
    let limits = first.limits().zip(second.limits()).map(|(a, b)| {
        let below = (first.value - a[0]).hypot(b[1] - second.value);
        let above = (a[1] - first.value).hypot(second.value - b[0]);
        [(value - below).max(-1.0), (value + above).min(1.0)]
    });
    Figure::within(value, limits, "newcombe")
}

/// An area under the curve less another one of other patients.
pub fn difference_of_areas(first: &Figure, second: &Figure) -> Option<Figure> {
    let value = first.value - second.value;
    let error = first.standard_error?.hypot(second.standard_error?);
    let mut figure = Figure::of(Estimate::wald(value, error), "wald")?;
    figure.standard_error = Some(error);
    Some(figure)
}

/// A ratio by another one of other patients; both with intervals on the log scale.
pub fn ratio_of_ratios(first: &Figure, second: &Figure) -> Option<Figure> {
    let value = first.value / second.value;
    let error = |limits: [f64; 2]| (limits[1] / limits[0]).ln() / (2.0 * z95());
    let limits = first.limits().zip(second.limits()).map(|(a, b)| {
        let half = z95() * error(a).hypot(error(b));
        [value * (-half).exp(), value * half.exp()]
    });
    Figure::within(value, limits, "log")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_other_patients_have_intervals() {
        // Newcombe 1998 (Statistics in Medicine 17:873), table II, 56/70 - 48/80, his method 10.
        let difference =
            difference_of_shares(&share(56, 70).unwrap(), &share(48, 80).unwrap()).unwrap();
        for (got, expected) in [
            (difference.value, 0.2),
            (difference.low.unwrap(), 0.0524),
            (difference.high.unwrap(), 0.3339),
        ] {
            assert!((got - expected).abs() < 5.1e-5, "{got} {expected}");
        }
        // Two ratios with an error of 0.3 and 0.4 on the log scale: 0.5 together.
        let ratio = |value: f64, error: f64| {
            let half = z95() * error;
            let limits = [value * (-half).exp(), value * half.exp()];
            Figure::within(value, Some(limits), "log").unwrap()
        };
        let both = ratio_of_ratios(&ratio(3.0, 0.3), &ratio(2.0, 0.4)).unwrap();
        let expected = ratio(1.5, 0.5);
        assert!((both.low.unwrap() - expected.low.unwrap()).abs() < 1e-12);
        assert!((both.high.unwrap() - expected.high.unwrap()).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_finite_is_no_figure() {
        assert_eq!(Figure::alone(f64::NAN), None);
        assert_eq!(share(0, 0), None);
        let figure = Figure::within(1.0, Some([0.5, f64::INFINITY]), "log").unwrap();
        assert_eq!((figure.low, figure.high, figure.method), (None, None, None));
    }
}

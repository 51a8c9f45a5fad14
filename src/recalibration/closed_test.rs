//! The closed testing procedure of Vergouwe et al. (Stat Med 2017;36:4529): the least update that the data do not speak against.
//!
//! The largest step that the gates allow is tested against the model as it is, then against the update of the intercept, then
//! against that of intercept and slope; the first test that does not reach the level ends the procedure with the smaller step.
//! With all gates open the tests have 5, 4 and 3 degrees of freedom. Every test is at the full level: by the closed testing
//! principle the level of the whole procedure is that of one test.

use super::update::Likelihoods;
use super::{LikelihoodRatio, Step};
use crate::statistics::chi_squared_p;

/// The tests and what they say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tested {
    pub tests: Vec<LikelihoodRatio>,
    pub step: Step,
    pub because: String,
}

fn test(likelihoods: &Likelihoods, smaller: Step, larger: Step, decides: bool) -> LikelihoodRatio {
    let of = |values: &[f64; 4], step: Step| values[step as usize];
    let statistic =
        2.0 * (of(&likelihoods.log_likelihood, larger) - of(&likelihoods.log_likelihood, smaller));
    let parameters = |step: Step| likelihoods.parameters[step as usize];
    let degrees_of_freedom = parameters(larger).saturating_sub(parameters(smaller));
    let statistic = statistic.max(0.0);
    LikelihoodRatio {
        smaller,
        larger,
        degrees_of_freedom,
        statistic,
        p: if degrees_of_freedom == 0 {
            1.0
        } else {
            chi_squared_p(statistic, f64::from(degrees_of_freedom))
        },
        decides,
    }
}

/// Which step the procedure takes, `largest` being the greatest that may be taken.
pub(super) fn chosen(likelihoods: &Likelihoods, largest: Step, alpha: f64) -> Step {
    Step::ALL
        .into_iter()
        .filter(|smaller| *smaller < largest)
        .find(|smaller| test(likelihoods, *smaller, largest, true).p >= alpha)
        .unwrap_or(largest)
}

/// The same with every test in words and numbers; tests beyond the procedure are for information.
pub(super) fn closed_test(likelihoods: &Likelihoods, largest: Step, alpha: f64) -> Tested {
    let step = chosen(likelihoods, largest, alpha);
    let mut tests = Vec::new();
    for (place, smaller) in Step::ALL.into_iter().enumerate() {
        for larger in Step::ALL.into_iter().skip(place + 1) {
            // The procedure looks no further than the step that it takes.
            let decides = larger == largest && smaller <= step;
            tests.push(test(likelihoods, smaller, larger, decides));
        }
    }
    let said = |test: &LikelihoodRatio| {
        format!(
            "likelihood ratio {:.2} on {} df, p {}",
            test.statistic,
            test.degrees_of_freedom,
            p_value(test.p)
        )
    };
    let because = if largest == Step::None {
        "the cohort allows no update".to_owned()
    } else if step < largest {
        let last = test(likelihoods, step, largest, true);
        let what = match step {
            Step::None => "the model as it is".to_owned(),
            step => format!("the update {}", step.name()),
        };
        format!(
            "{} does not fit better than {what} ({})",
            largest.name(),
            said(&last)
        )
    } else {
        let smaller = Step::ALL[largest as usize - 1];
        let last = test(likelihoods, smaller, largest, true);
        format!(
            "{} fits better than every smaller step; than {}: {}",
            largest.name(),
            smaller.name(),
            said(&last)
        )
    };
    Tested {
        tests,
        step,
        because,
    }
}

/// A p value for people.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 {
        "under 0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likelihoods(log_likelihood: [f64; 4]) -> Likelihoods {
        Likelihoods {
            log_likelihood,
            parameters: [0, 1, 2, 5],
            separated: false,
        }
    }

    /// Critical values of chi-squared at 0.05: 3.84, 5.99, 7.81, 9.49, 11.07 with 1 to 5 df.
    #[test]
    fn the_first_test_below_the_level_ends_the_procedure() {
        for (log_likelihood, largest, expected) in [
            // 11.0 on 5 df.
            ([-5.5, -5.0, -5.0, 0.0], Step::Revision, Step::None),
            // 11.2 on 5 df, 9.4 on 4 df.
            ([-5.6, -4.7, -4.7, 0.0], Step::Revision, Step::Intercept),
            // 9.6 on 4 df, 7.8 on 3 df.
            (
                [-5.6, -4.8, -3.9, 0.0],
                Step::Revision,
                Step::InterceptAndSlope,
            ),
            ([-5.6, -4.8, -3.95, 0.0], Step::Revision, Step::Revision),
            // Closed: a strong slope is not looked at when the whole does not reach the level.
            ([-5.5, -5.5, -0.1, 0.0], Step::Revision, Step::None),
            // The gates allow less: 6.2 on 2 df, then 3.8 on 1 df.
            (
                [-3.1, -1.9, 0.0, 9.0],
                Step::InterceptAndSlope,
                Step::Intercept,
            ),
            (
                [-3.1, -2.0, 0.0, 9.0],
                Step::InterceptAndSlope,
                Step::InterceptAndSlope,
            ),
            ([-1.9, 0.0, 5.0, 9.0], Step::Intercept, Step::None),
            ([-2.0, 0.0, 5.0, 9.0], Step::Intercept, Step::Intercept),
            ([-9.0, 0.0, 5.0, 9.0], Step::None, Step::None),
        ] {
            let tested = closed_test(&likelihoods(log_likelihood), largest, 0.05);
            assert_eq!(tested.step, expected, "{log_likelihood:?} {largest:?}");
            assert_eq!(tested.tests.len(), 6);
            let decides = tested.tests.iter().filter(|test| test.decides).count();
            let looked_at = (expected as usize + 1).min(largest as usize);
            assert_eq!(decides, looked_at, "{log_likelihood:?} {largest:?}");
        }
    }
}

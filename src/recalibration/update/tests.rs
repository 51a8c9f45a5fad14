//! The updates by hand and by fitting anew.

use super::*;
use crate::cohort::PatternCounts;

/// The published margins: a table of 404 patients that has them, and the model of the study.
fn study() -> (Cells, Base) {
    let counts = PatternCounts {
        refractory: [21, 20, 7, 6, 5, 2, 4, 3, 40, 48, 12, 15, 11, 13, 6, 10],
        not_refractory: [99, 51, 8, 5, 5, 2, 1, 1, 5, 3, 1, 0, 0, 0, 0, 0],
    };
    let base = Base {
        coefficients: [-1.88056, 0.677082, 1.29701, 1.84607, 3.46662],
        covariance: Some([
            [0.0662402, -0.0559568, -0.0268275, -0.0327784, -0.0338954],
            [-0.0559568, 0.114819, 0.000936251, -0.0024521, 0.00606987],
            [-0.0268275, 0.000936251, 0.137203, -0.0141945, 0.0000604367],
            [-0.0327784, -0.0024521, -0.0141945, 0.213852, 0.0162554],
            [-0.0338954, 0.00606987, 0.0000604367, 0.0162554, 0.134427],
        ]),
    };
    (Cells::of(&counts), base)
}

/// How the new coefficients move with the original ones, by fitting anew: what the covariance takes from formulas.
#[test]
fn the_covariance_follows_the_original_coefficients_as_fitting_anew_does() {
    let (cells, base) = study();
    let s = base.covariance.unwrap();
    for step in [Step::Intercept, Step::InterceptAndSlope, Step::Revision] {
        let told = update(&cells, &base, step).unwrap();
        let alone = Base {
            covariance: None,
            ..base.clone()
        };
        let sampling = update(&cells, &alone, step).unwrap().covariance.unwrap();
        let mut j = [[0.0; SIZE]; SIZE];
        for k in 0..SIZE {
            let moved = |by: f64| {
                let mut base = base.clone();
                base.coefficients[k] += by;
                update(&cells, &base, step).unwrap().coefficients
            };
            let (up, down) = (moved(1e-4), moved(-1e-4));
            for i in 0..SIZE {
                j[i][k] = (up[i] - down[i]) / 2e-4;
            }
        }
        let expected = with_original(sampling, &j, Some(&s));
        for (got, expected) in told
            .covariance
            .unwrap()
            .iter()
            .flatten()
            .zip(expected.iter().flatten())
        {
            assert!((got - expected).abs() < 1e-6, "{step:?}: {got} {expected}");
        }
    }
}

#[test]
fn an_intercept_says_least_where_the_cohort_is_and_nothing_of_the_coefficients() {
    let (cells, base) = study();
    let told = update(&cells, &base, Step::Intercept).unwrap();
    assert_eq!(told.coefficients[1..], base.coefficients[1..]);
    let (new, old) = (told.covariance.unwrap(), base.covariance.unwrap());
    for i in 1..SIZE {
        assert!((new[i][i] - old[i][i]).abs() < 1e-12);
    }
    let far = Pattern([true; 4]);
    assert!(variance(&new, far) > variance(&new, Pattern::default()));
}

#[test]
fn a_revision_of_a_large_cohort_is_that_of_maximum_likelihood_and_of_a_small_one_the_original() {
    let (cells, base) = study();
    let times = |by: f64| Cells {
        events: cells.events.map(|n| n * by),
        others: cells.others.map(|n| n * by),
    };
    let large = times(1e4);
    let rows = large.by_predictors(&[0.0; SIZE], &[0, 1, 2, 3]);
    let free = fit(&rows, Penalty::None).unwrap();
    let revised = update(&large, &base, Step::Revision).unwrap();
    for (got, expected) in revised.coefficients.iter().zip(&free.coefficients) {
        assert!((got - expected).abs() < 1e-3, "{got} {expected}");
    }
    // Nothing of a predictor that is the same for all: its coefficient stays.
    let mut same = cells.clone();
    for pattern in Pattern::all().filter(|pattern| pattern.0[1]) {
        same.events[pattern.index()] = 0.0;
        same.others[pattern.index()] = 0.0;
    }
    let revised = update(&same, &base, Step::Revision).unwrap();
    assert_eq!(revised.coefficients[2], base.coefficients[2]);
    assert_eq!(
        Likelihoods::of(&same, &base).unwrap().parameters,
        [0, 1, 2, 4]
    );
}

#[test]
fn separation_is_finite_in_a_revision_and_said_by_the_likelihoods() {
    let (mut cells, base) = study();
    // Nobody with FDG uptake is well.
    for pattern in Pattern::all().filter(|pattern| pattern.0[3]) {
        cells.others[pattern.index()] = 0.0;
    }
    let likelihoods = Likelihoods::of(&cells, &base).unwrap();
    assert!(likelihoods.separated);
    assert!(likelihoods.log_likelihood.iter().all(|l| l.is_finite()));
    let revised = update(&cells, &base, Step::Revision).unwrap();
    assert!(revised.coefficients[4] > base.coefficients[4] && revised.coefficients[4] < 15.0);
}

#[test]
fn a_model_that_ranks_the_wrong_way_is_refused() {
    let (cells, base) = study();
    let swapped = Cells {
        events: cells.others,
        others: cells.events,
    };
    let refused = update(&swapped, &base, Step::InterceptAndSlope);
    assert!(matches!(refused, Err(NoUpdate::WrongWay(slope)) if slope < 0.0));
    let one = Cells {
        others: [0.0; Pattern::COUNT],
        ..cells
    };
    assert!(update(&one, &base, Step::Intercept).is_err());
}

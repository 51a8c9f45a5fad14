//! Cohorts that the method cannot work on, or not well: a clear text, never a panic, never a figure that is not there.

use super::source_study::no_nulls;
use rrdtc::cohort::{Cohort, Outcome, Values, Variable};
use rrdtc::derivation::{Derivation, Options, derive, text};
use rrdtc::domain::score::State;

/// Patients by outcome, and numbers by column.
fn cohort(outcomes: &[u8], columns: &[(&str, Vec<Option<f64>>)]) -> Cohort {
    Cohort {
        states: vec![[State::Unknown; 4]; outcomes.len()],
        outcomes: outcomes
            .iter()
            .map(|outcome| match outcome {
                0 => Outcome::NotRefractory,
                1 => Outcome::Refractory,
                _ => Outcome::Undetermined,
            })
            .collect(),
        variables: columns
            .iter()
            .map(|(name, values)| Variable {
                name: (*name).to_owned(),
                values: Values::Numbers(values.clone()),
            })
            .collect(),
        ..Cohort::default()
    }
}

fn numbers(values: impl IntoIterator<Item = u32>) -> Vec<Option<f64>> {
    values
        .into_iter()
        .map(|value| Some(f64::from(value)))
        .collect()
}

fn options() -> Options {
    Options {
        bootstrap: 20,
        ..Options::default()
    }
}

fn codes(derivation: &Derivation) -> Vec<&str> {
    derivation
        .warnings
        .iter()
        .map(|warning| warning.code)
        .collect()
}

fn why<'a>(derivation: &'a Derivation, what: &str) -> &'a str {
    let withheld = derivation.withheld.iter().find(|w| w.what.contains(what));
    &withheld
        .unwrap_or_else(|| panic!("{what} is not withheld"))
        .why
}

/// Derived, drawn and written: none of it may panic or write a null.
fn derived(cohort: &Cohort, options: &Options) -> Derivation {
    let derivation = derive(cohort, options).unwrap();
    assert!(!text(&derivation).contains("NaN"));
    no_nulls(&serde_json::to_value(&derivation).unwrap());
    derivation
}

#[test]
fn what_cannot_be_derived_is_said() {
    let x = || ("x", numbers(0..6));
    let refuse = |cohort: &Cohort, change: &dyn Fn(&mut Options), expected: &str| {
        let mut options = options();
        change(&mut options);
        let problem = derive(cohort, &options).unwrap_err().to_string();
        assert!(problem.contains(expected), "{problem}");
    };
    let some = cohort(
        &[0, 1, 0, 1, 0, 1],
        &[x(), ("three", numbers([1, 2, 3, 1, 2, 3]))],
    );
    refuse(&cohort(&[], &[]), &|_| (), "no patients");
    refuse(
        &cohort(&[2; 6], &[x()]),
        &|_| (),
        "none of 6 patients has a known outcome",
    );
    refuse(
        &cohort(&[1; 6], &[x()]),
        &|_| (),
        "all 6 patients with a known outcome have the same",
    );
    refuse(
        &cohort(&[0, 1], &[]),
        &|_| (),
        "no column that could predict",
    );
    let names = |names: &[&str]| Some(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
    refuse(
        &some,
        &|o| o.candidates = names(&["y"]),
        "no column y; it has ageAtDiagnosis",
    );
    refuse(
        &some,
        &|o| o.outcome = Some("three".to_owned()),
        "exactly two categories",
    );
    refuse(
        &some,
        &|o| o.outcome = Some("none".to_owned()),
        "no column none",
    );
    refuse(
        &some,
        &|o| {
            o.outcome = Some("x".to_owned());
            o.candidates = names(&["x"]);
        },
        "two categories",
    );
    refuse(&some, &|o| o.entry_p = 0.2, "limits of p");
    refuse(&some, &|o| o.univariable_p = f64::NAN, "limits of p");
}

#[test]
fn a_column_that_says_nothing_has_no_test() {
    let columns = [
        ("same", numbers([7; 12])),
        ("nobody", vec![None; 12]),
        (
            "once",
            vec![Some(1.0); 1]
                .into_iter()
                .chain(vec![None; 11])
                .collect(),
        ),
        ("x", numbers([1, 5, 2, 6, 1, 7, 3, 5, 2, 8, 4, 3])),
    ];
    let derivation = derived(&cohort(&[0, 1].repeat(6), &columns), &options());
    assert!(why(&derivation, "test of same").contains("the same number in all"));
    assert!(why(&derivation, "test of once").contains("fewer than two"));
    // Known in nobody: asked for by name it is said, otherwise it is no candidate.
    assert!(!derivation.method.candidates.contains(&"nobody".to_owned()));
    let named = Options {
        candidates: Some(vec!["nobody".to_owned(), "x".to_owned()]),
        ..options()
    };
    let derivation = derived(&cohort(&[0, 1].repeat(6), &columns), &named);
    assert!(why(&derivation, "test of nobody").contains("known in nobody"));
    assert!(codes(&derivation).contains(&"missing-over-5-percent"));
}

#[test]
fn separation_is_named_and_firth_is_offered() {
    let outcomes = [[0; 12], [1; 12]].concat();
    let separating = numbers([[0; 12], [1; 12]].concat());
    let derivation = derived(
        &cohort(&outcomes, &[("marker", separating.clone())]),
        &options(),
    );
    assert!(derivation.entered.is_none() && derivation.score.is_none());
    assert!(why(&derivation, "entered model").contains("marker (1 against 0) separates"));
    assert!(codes(&derivation).contains(&"separation"));
    let firth = Options {
        firth: true,
        ..options()
    };
    let derivation = derived(&cohort(&outcomes, &[("marker", separating)]), &firth);
    let odds_ratio = derivation.entered.as_ref().unwrap().coefficients[0].odds_ratio;
    // Half a patient in each cell.
    assert!((odds_ratio.value - (12.5_f64 / 0.5).powi(2)).abs() < 1e-3);
    assert!(odds_ratio.low.unwrap() > 1.0 && odds_ratio.high.unwrap() > odds_ratio.value);
    assert_eq!(derivation.score.as_ref().unwrap().auc.value, 1.0);
    assert!(!codes(&derivation).contains(&"separation"));
}

#[test]
fn ten_patients_are_few() {
    let x = numbers([1, 9, 2, 8, 7, 3, 2, 9, 5, 6]);
    let derivation = derived(&cohort(&[0, 1].repeat(5), &[("x", x)]), &options());
    assert!(codes(&derivation).contains(&"few-patients"));
    let row = &derivation.univariable[0];
    assert_eq!(row.tests.len(), 3, "ties: no exact test");
    assert_eq!(derivation.flow.events, 5);
}

#[test]
fn missing_values_are_counted_and_not_filled_in() {
    let outcomes: Vec<u8> = (0..80)
        .map(|i| u8::from(i % 10 < if i < 40 { 7 } else { 3 }))
        .collect();
    let known = numbers((0..80).map(|i| u32::from(i < 40)));
    let other: Vec<_> = (0..80_u32)
        .map(|i| {
            (i % 8 != 0).then(|| f64::from(u8::from(outcomes[i as usize] == 1) * 4 + (i % 9) as u8))
        })
        .collect();
    let mut outcomes = outcomes;
    outcomes.push(2);
    let column = |mut values: Vec<Option<f64>>| {
        values.push(Some(1.0));
        values
    };
    let columns = [("early", column(known)), ("gaps", column(other))];
    let derivation = derived(&cohort(&outcomes, &columns), &options());
    assert_eq!(derivation.flow.outcome_not_known, 1);
    assert_eq!(derivation.flow.complete, 70);
    assert_eq!(
        derivation
            .univariable
            .iter()
            .map(|u| u.missing)
            .collect::<Vec<_>>(),
        [0, 10]
    );
    assert_eq!(derivation.entered.as_ref().unwrap().patients, 70.0);
    for code in [
        "complete-cases",
        "missing-over-5-percent",
        "outcome-not-known",
        "few-patients",
    ] {
        assert!(codes(&derivation).contains(&code), "{code}");
    }
}

#[test]
fn a_variable_that_others_make_redundant_is_removed_again() {
    // Two causes, and their noisy sum, which alone is better than either.
    let mut state = 1_u64;
    let mut noise = || {
        // The sum of twelve uniform numbers: near enough to normal.
        (0..12)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 40) as f64 / (1_u64 << 24) as f64
            })
            .sum::<f64>()
            - 6.0
    };
    let (mut first, mut second, mut both, mut outcomes) = (vec![], vec![], vec![], vec![]);
    for _ in 0..400 {
        let (a, b) = (noise(), noise());
        outcomes.push(u8::from(1.5 * (a + b) + noise() > 0.0));
        both.push(Some(a + b + noise()));
        first.push(Some(a));
        second.push(Some(b));
    }
    let columns = [("first", first), ("second", second), ("both", both)];
    let derivation = derived(&cohort(&outcomes, &columns), &options());
    let steps: Vec<(&str, &str)> = derivation
        .steps
        .iter()
        .map(|step| (step.action, step.variable.as_str()))
        .collect();
    assert_eq!(steps[0], ("entered", "both"));
    assert_eq!(steps.last(), Some(&("removed", "both")));
    let selected = derivation.selected.as_ref().unwrap();
    let names: Vec<&str> = selected
        .coefficients
        .iter()
        .map(|c| c.variable.as_str())
        .collect();
    assert!(names.len() == 2 && !names.contains(&"both"));
    assert!(derivation.steps.last().unwrap().test.p > 0.1);
}

#[test]
fn low_numbers_may_speak_for_the_outcome() {
    let x = numbers((0..60).map(|i| if i % 2 == 0 { 40 + i % 13 } else { 34 + i % 11 }));
    let derivation = derived(&cohort(&[0, 1].repeat(30), &[("x", x)]), &options());
    let cut = &derivation.cut_offs[0];
    assert!(!cut.at_or_above && cut.criterion == format!("x <= {}", cut.at));
    assert!(cut.auc.value > 0.5);
    let item = &derivation.score.as_ref().unwrap().items[0];
    assert!(item.criterion.starts_with("x <=") && item.odds_ratio > 1.0);
    let curve = derivation
        .curves
        .iter()
        .find(|curve| curve.of == "x")
        .unwrap();
    assert!(
        curve
            .points
            .iter()
            .filter_map(|point| point.cut_off)
            .all(|at| at > 0.0)
    );
    // Entered as it is scored, the odds ratio is that of the criterion.
    let cut = Options {
        numbers_cut: true,
        ..options()
    };
    let x = numbers((0..60).map(|i| if i % 2 == 0 { 40 + i % 13 } else { 34 + i % 11 }));
    let derivation = derived(&cohort(&[0, 1].repeat(30), &[("x", x)]), &cut);
    if let Some(score) = &derivation.score {
        assert!(score.items[0].odds_ratio > item.odds_ratio);
    }
}

#[test]
fn another_outcome_can_be_asked_for() {
    let outcomes = [0, 1].repeat(20);
    let died = numbers((0..40).map(|i| u32::from(i % 3 == 0)));
    let x = numbers((0..40).map(|i| u32::from(i % 3 == 0) * 5 + i % 7));
    let named = Options {
        outcome: Some("died".to_owned()),
        ..options()
    };
    let derivation = derived(&cohort(&outcomes, &[("died", died), ("x", x)]), &named);
    assert_eq!(
        (
            derivation.method.outcome.as_str(),
            derivation.method.event.as_str()
        ),
        ("died", "1")
    );
    assert_eq!(derivation.method.candidates, ["x"]);
    assert_eq!(derivation.flow.events, 14);
}

//! The method on synthetic patients of the source study: what must come back within sampling error, and what cannot.
//!
//! What comes back is what the four predictors and the outcome say together: the score of the published points (Table 3), each
//! predictor alone (Table 4), and the four-factor regression. The points themselves do not: they are odds ratios of a model of nine
//! variables, and the joint distribution of all nine is not published.

use rrdtc::cohort::Cohort;
use rrdtc::cohort::synthetic::Population;
use rrdtc::derivation::{Derivation, Options, derive};
use rrdtc::domain::score::{Pattern, Predictor};
use rrdtc::model::margins::Margins;
use rrdtc::model::published::Published;
use rrdtc::statistics::ranking::Ranked;
use rrdtc::statistics::regression::{Penalty, Rows, fit};
use rrdtc::statistics::roc::auc;
use serde_json::Value;
use std::sync::LazyLock;

const PUBLISHED: &str = include_str!("../../../cds-hooks/models/liu-2022-published.json");
const MARGINS: &str = include_str!("../../../cds-hooks/models/liu-2022-margins.json");
const PATIENTS: u64 = 40_000;
/// Standard errors that a figure may be off.
const ERRORS: f64 = 4.0;
/// Patients of the paper by predictor: with the outcome of 223, without it of 181.
const TABLE_1: [(Predictor, f64, f64); 4] = [
    (Predictor::AgeAtDiagnosis, 129.0, 67.0),
    (Predictor::Recurrence, 92.0, 20.0),
    (Predictor::MultiSiteMetastasis, 80.0, 11.0),
    (Predictor::FdgUptake, 162.0, 11.0),
];
const POINTS: [u64; 4] = [1, 7, 4, 40];

fn population(with_variables: bool) -> Population {
    let published = Published::read("published", PUBLISHED).unwrap();
    let margins = Margins::read("margins", MARGINS).unwrap();
    Population::new(&published, &margins, with_variables).unwrap()
}

fn options(candidates: Option<&[&str]>, bootstrap: usize) -> Options {
    Options {
        candidates: candidates.map(|c| c.iter().map(|name| (*name).to_owned()).collect()),
        bootstrap,
        ..Options::default()
    }
}

/// Population, cohort and what the method finds in it with the four predictors as candidates.
static FOUR: LazyLock<(Population, Cohort, Derivation)> = LazyLock::new(|| {
    let population = population(false);
    let cohort = population.cohort(PATIENTS, 11);
    let names = Predictor::ALL.map(Predictor::name);
    let derivation = derive(&cohort, &options(Some(&names), 0)).unwrap();
    (population, cohort, derivation)
});

#[track_caller]
fn near(got: f64, expected: f64, error: f64, printed: f64) {
    assert!(
        (got - expected).abs() <= ERRORS * error + printed,
        "{got} instead of {expected}, standard error {error}"
    );
}

fn share_error(share: f64, patients: f64) -> f64 {
    (share * (1.0 - share) / patients).sqrt()
}

#[test]
fn the_score_of_the_published_points_comes_back() {
    let counts = FOUR.1.counts().complete();
    let score = |pattern: Pattern| -> f64 {
        let points = Predictor::ALL.into_iter().zip(POINTS);
        points
            .filter(|(p, _)| pattern.has(*p))
            .map(|(_, points)| points as f64)
            .sum()
    };
    let groups: Vec<Ranked> = Pattern::all()
        .map(|pattern| Ranked {
            by: score(pattern),
            events: counts.refractory[pattern.index()] as f64,
            others: counts.not_refractory[pattern.index()] as f64,
        })
        .collect();
    // Text of the paper: mean (SD) 33.96 (18.80) and 3.82 (10.09); 169 of 223 and 13 of 181 at or above 10; AUC 0.898.
    type Size = fn(&Ranked) -> f64;
    let classes: [(Size, [f64; 3]); 2] = [
        (|g| g.events, [33.96, 18.80, 169.0 / 223.0]),
        (|g| g.others, [3.82, 10.09, 13.0 / 181.0]),
    ];
    for (size, [mean, sd, at_or_above]) in classes {
        let moment = |of: &dyn Fn(f64) -> f64| {
            let all: f64 = groups.iter().map(size).sum();
            groups.iter().map(|g| size(g) * of(g.by)).sum::<f64>() / all
        };
        let patients: f64 = groups.iter().map(size).sum();
        let got = moment(&|score| score);
        let variance = moment(&|score| (score - got).powi(2));
        let fourth = moment(&|score| (score - got).powi(4));
        near(got, mean, (variance / patients).sqrt(), 0.005);
        // The standard error of a standard deviation.
        let error = ((fourth - variance * variance) / patients).sqrt() / (2.0 * variance.sqrt());
        // Printed with n - 1 of about 200.
        near(variance.sqrt(), sd, error, 0.06);
        let above = moment(&|score| f64::from(score >= 10.0));
        near(above, at_or_above, share_error(above, patients), 0.0);
    }
    let auc = auc(&groups).unwrap();
    near(auc.value, 0.898, auc.standard_error.unwrap(), 5e-4);
}

#[test]
fn every_predictor_alone_comes_back() {
    let (_, _, derivation) = &*FOUR;
    for (predictor, with, without) in TABLE_1 {
        let name = format!("{}: present", predictor.name());
        let row = derivation
            .performance
            .iter()
            .find(|row| row.test == name)
            .unwrap();
        let (sensitivity, specificity) = (with / 223.0, 1.0 - without / 181.0);
        let events = (row.true_positive + row.false_negative) as f64;
        let others = (row.false_positive + row.true_negative) as f64;
        let error = [
            share_error(sensitivity, events),
            share_error(specificity, others),
        ];
        near(row.sensitivity.value, sensitivity, error[0], 0.0);
        near(row.specificity.value, specificity, error[1], 0.0);
        near(
            row.youden,
            sensitivity + specificity - 1.0,
            error[0].hypot(error[1]),
            0.0,
        );
        // Of one cut the area is the mean of the two.
        assert!((row.auc.value - (row.youden + 1.0) / 2.0).abs() < 1e-12);
    }
}

#[test]
fn the_four_factor_regression_comes_back() {
    let (population, _, derivation) = &*FOUR;
    let joint = population.joint();
    let mut rows = Rows::new(4);
    for pattern in Pattern::all() {
        let x = Predictor::ALL.map(|predictor| f64::from(pattern.has(predictor)));
        rows.push(&x, joint[0][pattern.index()], joint[1][pattern.index()]);
    }
    let truth = fit(&rows, Penalty::None).unwrap();
    let model = &derivation.nomogram.as_ref().unwrap().model;
    near(
        model.intercept,
        truth.coefficients[0],
        model.intercept_standard_error,
        0.0,
    );
    for (place, predictor) in Predictor::ALL.into_iter().enumerate() {
        let name = format!("{}: present", predictor.name());
        let got = model
            .coefficients
            .iter()
            .find(|c| c.variable == name)
            .unwrap();
        near(
            got.coefficient,
            truth.coefficients[place + 1],
            got.standard_error,
            0.0,
        );
    }
    let auc = derivation.score.as_ref().unwrap().auc;
    let error = (auc.high.unwrap() - auc.low.unwrap()) / 3.92;
    near(
        model.c_index,
        truth_auc(&joint, &truth.coefficients),
        error,
        0.0,
    );
}

fn truth_auc(joint: &[[f64; Pattern::COUNT]; 2], coefficients: &[f64]) -> f64 {
    let groups: Vec<Ranked> = Pattern::all()
        .map(|pattern| Ranked {
            by: Predictor::ALL
                .into_iter()
                .zip(&coefficients[1..])
                .filter(|(predictor, _)| pattern.has(*predictor))
                .map(|(_, b)| b)
                .sum(),
            events: joint[0][pattern.index()],
            others: joint[1][pattern.index()],
        })
        .collect();
    rrdtc::statistics::ranking::c_index(&groups)
}

#[test]
fn points_of_four_variables_are_not_those_of_nine() {
    let (_, _, derivation) = &*FOUR;
    let score = derivation.score.as_ref().unwrap();
    assert_eq!(score.points_from, "entered");
    let entered = derivation.entered.as_ref().unwrap();
    for (predictor, published) in Predictor::ALL.into_iter().zip(POINTS) {
        let item = score
            .items
            .iter()
            .find(|item| item.variable == predictor.name())
            .unwrap();
        let of = entered
            .coefficients
            .iter()
            .find(|c| c.variable == predictor.name())
            .unwrap();
        assert_eq!(item.points, of.odds_ratio.value.round() as u64);
        // The published odds ratio lies outside of the interval: it is not that of these four.
        let (low, high) = (of.odds_ratio.low.unwrap(), of.odds_ratio.high.unwrap());
        let published = published as f64;
        assert!(
            published < low || published > high,
            "{} {published}",
            predictor.name()
        );
    }
    // What the points are for is much the same: the area under the curve, and that PET alone is enough.
    assert!((score.auc.value - 0.898).abs() < 0.01);
    let pet = score
        .items
        .iter()
        .find(|i| i.variable == Predictor::FdgUptake.name())
        .unwrap();
    assert!(pet.points >= score.cut_off);
    let codes: Vec<&str> = derivation.warnings.iter().map(|w| w.code).collect();
    assert!(codes.contains(&"odds-ratios-as-points") && codes.contains(&"same-patients"));
    assert!(
        derivation
            .nomogram
            .as_ref()
            .unwrap()
            .use_of_it
            .contains("the four predictors of the service")
    );
}

#[test]
fn numbers_come_back_with_their_cut_offs() {
    let cohort = population(true).cohort(4_000, 5);
    let names = [
        "ageYears",
        "monthsToRadioiodine",
        "tumourDiameterCm",
        "operations",
    ];
    let derivation = derive(&cohort, &options(Some(&names), 0)).unwrap();
    // Cut-offs of the paper with sensitivity and specificity in per cent: 48 years 58, 63; 16 months 23, 91.
    for (name, sensitivity, specificity) in [
        ("ageYears", 129.0 / 223.0, 114.0 / 181.0),
        ("monthsToRadioiodine", 52.0 / 223.0, 165.0 / 181.0),
    ] {
        let cut = derivation
            .cut_offs
            .iter()
            .find(|cut| cut.variable == name)
            .unwrap();
        // The greatest index of a sample is not below that of the population's best cut-off but for its error.
        assert!(cut.at_or_above && cut.youden > sensitivity + specificity - 1.0 - 0.07);
    }
    let operations = derivation
        .univariable
        .iter()
        .find(|u| u.variable == "operations")
        .unwrap();
    let more = operations
        .levels
        .iter()
        .find(|level| level.name == "more")
        .unwrap();
    let events = derivation.flow.events as f64;
    near(
        more.events as f64 / events,
        61.0 / 223.0,
        share_error(61.0 / 223.0, events),
        0.0,
    );
    let codes: Vec<&str> = derivation.warnings.iter().map(|w| w.code).collect();
    assert!(codes.contains(&"cut-offs-from-the-data") && codes.contains(&"points-of-a-unit"));
}

#[test]
fn a_number_and_the_predictor_cut_from_it_are_one_candidate() {
    let cohort = population(true).cohort(404, 1);
    let derivation = derive(&cohort, &options(None, 0)).unwrap();
    let candidates = &derivation.method.candidates;
    assert!(candidates.contains(&"ageYears".to_owned()));
    assert!(!candidates.contains(&"ageAtDiagnosis".to_owned()));
    assert!(
        derivation
            .notes
            .iter()
            .any(|note| note.contains("ageAtDiagnosis is ageYears cut"))
    );
    // Histology and stage separate the outcome in so few patients: said, and nothing made up.
    let codes: Vec<&str> = derivation.warnings.iter().map(|w| w.code).collect();
    assert_eq!(derivation.entered.is_none(), codes.contains(&"separation"));
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let cohort = population(true).cohort(404, 2);
    let names = [
        "ageYears",
        "recurrence",
        "multiSiteMetastasis",
        "fdgUptake",
        "operations",
    ];
    let run = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let options = Options {
            seed,
            ..options(Some(&names), 30)
        };
        pool.install(|| serde_json::to_string(&derive(&cohort, &options).unwrap()).unwrap())
    };
    let one = run(1, 1);
    assert_eq!(one, run(3, 1));
    let other = run(2, 2);
    assert_ne!(one, other);
    let (one, other): (Value, Value) = (
        serde_json::from_str(&one).unwrap(),
        serde_json::from_str(&other).unwrap(),
    );
    assert_eq!(one["score"], other["score"]);
    assert_ne!(one["calibration"], other["calibration"]);
    no_nulls(&one);
    // The optimism of the whole method takes off what the same patients gave.
    let auc = &one["optimism"]["auc"];
    assert!(auc["corrected"].as_f64().unwrap() < auc["apparent"].as_f64().unwrap());
}

pub(super) fn no_nulls(value: &Value) {
    match value {
        Value::Null => panic!("a null"),
        Value::Array(all) => all.iter().for_each(no_nulls),
        Value::Object(all) => all.values().for_each(no_nulls),
        _ => {}
    }
}

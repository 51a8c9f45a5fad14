//! Synthetic cohorts come back to what they are drawn from.

use rrdtc::cohort::synthetic::{PREFIX, Population};
use rrdtc::cohort::{Outcome, Values};
use rrdtc::domain::score::{Pattern, Predictor};
use rrdtc::model::margins::Margins;
use rrdtc::model::published::{Class, Published, Quantity, Role};
use rrdtc::statistics::logistic::{Group, fit};
use std::collections::HashMap;

const PUBLISHED: &str = include_str!("../../../cds-hooks/models/liu-2022-published.json");
const MARGINS: &str = include_str!("../../../cds-hooks/models/liu-2022-margins.json");
const MODEL: &str = include_str!("../../../cds-hooks/models/liu-2022.json");

fn published() -> Published {
    Published::read("published", PUBLISHED).unwrap()
}

fn margins() -> Margins {
    Margins::read("margins", MARGINS).unwrap()
}

fn population(with_variables: bool) -> Population {
    Population::new(&published(), &margins(), with_variables).unwrap()
}

fn table(population: &Population, patients: u64, seed: u64) -> Vec<u8> {
    let mut text = Vec::new();
    population
        .write(&mut text, patients, seed, &|_| ())
        .unwrap();
    text
}

/// The four-factor logistic model of a joint distribution, coefficients and standard errors for so many patients.
fn four_factors(joint: &[[f64; Pattern::COUNT]; 2], patients: f64) -> ([f64; 5], [f64; 5]) {
    let groups: Vec<Group<5>> = Pattern::all()
        .map(|pattern| {
            let [refractory, others] = [0, 1].map(|class: usize| joint[class][pattern.index()]);
            let mut row = [1.0; 5];
            for (x, present) in row[1..].iter_mut().zip(pattern.0) {
                *x = f64::from(u8::from(present));
            }
            Group {
                row,
                events: refractory * patients,
                patients: (refractory + others) * patients,
            }
        })
        .collect();
    let fit = fit(&groups).unwrap();
    let errors = std::array::from_fn(|i| fit.covariance[i][i].sqrt());
    (fit.coefficients, errors)
}

#[test]
fn the_joint_distribution_has_every_published_margin_and_comes_near_the_models_fit() {
    let joint = population(false).joint();
    for figure in published().figures {
        let share = |class: Class, condition: &dyn Fn(Pattern) -> bool| -> f64 {
            let patterns = Pattern::all().filter(|pattern| condition(*pattern));
            patterns.map(|p| joint[class as usize][p.index()]).sum()
        };
        let value = match figure.quantity {
            Quantity::Patients(class) => share(class, &|_| true),
            Quantity::Present(class, predictor) => share(class, &|p| p.has(predictor)),
            Quantity::AtOrAboveWithoutPet(class) => share(class, &|p| {
                !p.has(Predictor::FdgUptake)
                    && p.has(Predictor::Recurrence)
                    && p.has(Predictor::MultiSiteMetastasis)
            }),
            _ => continue,
        };
        assert_eq!(figure.role, Role::Constraint);
        assert!(
            (value * 404.0 - figure.published).abs() < 1e-9,
            "{}: {}",
            figure.id,
            value * 404.0
        );
    }
    // The medians of the model file are over tables; the fit of the mean table is not the same, but near.
    let (coefficients, errors) = four_factors(&joint, 404.0);
    let model: serde_json::Value = serde_json::from_str(MODEL).unwrap();
    let nomogram = &model["nomogram"];
    let mut expected = vec![nomogram["intercept"].as_f64().unwrap()];
    for predictor in Predictor::ALL {
        expected.push(nomogram["coefficients"][predictor.name()].as_f64().unwrap());
    }
    for ((coefficient, error), expected) in coefficients.iter().zip(errors).zip(expected) {
        assert!(
            (coefficient - expected).abs() < 0.25 * error,
            "{coefficient} (SE {error}) instead of {expected}"
        );
    }
}

#[test]
fn many_patients_come_back_to_the_joint_distributions_own_fit() {
    let population = population(false);
    let joint = population.joint();
    let patients = 1_000_000;
    let complete = population.cohort(patients, 7).counts().complete();
    assert_eq!(complete.patients(), patients);
    let drawn = [complete.refractory, complete.not_refractory]
        .map(|class| class.map(|count| count as f64 / patients as f64));
    let (expected, errors) = four_factors(&joint, patients as f64);
    let (coefficients, _) = four_factors(&drawn, patients as f64);
    for ((coefficient, expected), error) in coefficients.iter().zip(expected).zip(errors) {
        assert!(
            (coefficient - expected).abs() < 4.0 * error,
            "{coefficient} instead of {expected}, standard error {error}"
        );
    }
    for (drawn, expected) in drawn.iter().flatten().zip(joint.iter().flatten()) {
        let error = (expected * (1.0 - expected) / patients as f64).sqrt();
        assert!((drawn - expected).abs() <= 4.5 * error + 1e-12);
    }
}

#[test]
fn every_variable_has_its_margin_and_age_agrees_with_its_predictor() {
    let cohort = population(true).cohort(100_000, 11);
    let margins = margins();
    assert_eq!(
        cohort.variables.len(),
        margins.variables.len(),
        "every published variable is drawn"
    );
    for margin in &margins.variables {
        let drawn = &cohort.variable(&margin.name).unwrap().values;
        for class in Class::ALL {
            let outcome = match class {
                Class::Refractory => Outcome::Refractory,
                Class::NotRefractory => Outcome::NotRefractory,
            };
            let mut counts: HashMap<String, f64> = HashMap::new();
            let mut patients = 0.0;
            for (patient, own) in cohort.outcomes.iter().enumerate() {
                if *own != outcome {
                    continue;
                }
                patients += 1.0;
                let value = match drawn {
                    Values::Numbers(numbers) => {
                        let number = numbers[patient].unwrap();
                        let all = margin.numbers.as_ref().unwrap();
                        let at = all.iter().position(|x| *x == number).unwrap();
                        margin.values[at].clone()
                    }
                    Values::Categories { levels, of } => {
                        levels[usize::from(of[patient].unwrap())].clone()
                    }
                };
                *counts.entry(value).or_default() += 1.0;
            }
            for (value, share) in margin.values.iter().zip(margin.of(class)) {
                let drawn = counts.get(value).copied().unwrap_or(0.0) / patients;
                let error = (share * (1.0 - share) / patients).sqrt();
                assert!(
                    (drawn - share).abs() <= 5.0 * error + 5.0 / patients,
                    "{} {value}: {drawn} instead of {share}",
                    margin.name
                );
            }
        }
    }
    let Values::Numbers(years) = &cohort.variable("ageYears").unwrap().values else {
        panic!("ages are numbers");
    };
    let age = Predictor::AgeAtDiagnosis as usize;
    for (years, states) in years.iter().zip(&cohort.states) {
        let present = states[age] == rrdtc::domain::score::State::Present;
        assert_eq!(years.unwrap() >= 48.0, present);
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let population = population(true);
    let with = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| table(&population, 10_000, seed))
    };
    let one = with(1, 1);
    assert_eq!(one, with(3, 1));
    assert_ne!(one, with(1, 2));
    // More patients of the same seed begin with the same ones.
    let fewer = table(&population, 5_000, 1);
    assert_eq!(fewer, one[..fewer.len()]);
}

#[test]
fn every_row_says_that_it_is_synthetic() {
    let text = String::from_utf8(table(&population(true), 20, 1)).unwrap();
    let mut lines = text.lines();
    assert!(lines.next().unwrap().starts_with(
        "patient,ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome,ageYears,sex,"
    ));
    assert_eq!(lines.clone().count(), 20);
    assert!(lines.all(|line| line.starts_with(PREFIX)));
    let bare = String::from_utf8(table(&population(false), 1, 1)).unwrap();
    assert!(bare.starts_with(
        "patient,ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome\nsynthetic-1,"
    ));
    assert_eq!(
        table(&population(false), 0, 1)
            .iter()
            .filter(|b| **b == b'\n')
            .count(),
        1
    );
}

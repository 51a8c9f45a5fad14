//! The pages of an evaluation and of what follows from it: what they say, from cohorts that are made here.

use rrdtc::cohort::{Cohort, InputFile, Origin, Outcome, Values, Variable};
use rrdtc::domain::model::Model;
use rrdtc::domain::nomogram::inverse_logit;
use rrdtc::domain::score::State;
use rrdtc::model::file::ModelFile;
use rrdtc::report::{Block, Page};
use rrdtc::validation::{self, Request, Validation, evaluate};
use std::sync::LazyLock;

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let text = include_str!("../../cds-hooks/models/liu-2022.json");
    ModelFile::read("liu-2022.json", text).unwrap().model
});

/// Numbers from 0 to 1 that look random and are always the same.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Patients in whom the four predictors act much as in the source study. One in twelve has no PET, one in twenty no outcome.
pub fn cohort(patients: usize) -> Cohort {
    let mut draws = Draws(7);
    let mut cohort = Cohort::default();
    let (mut given, mut age, mut sex) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..patients {
        let mut states = [0.48, 0.28, 0.22, 0.43].map(|share| match draws.next() < share {
            true => State::Present,
            false => State::Absent,
        });
        let effects = [0.3, 1.9, 1.6, 3.6];
        let log_odds = states
            .iter()
            .zip(effects)
            .map(|(state, effect)| match state {
                State::Present => effect,
                _ => 0.0,
            });
        let probability = inverse_logit(-1.6 + log_odds.sum::<f64>());
        let outcome = match (draws.next() < 0.05, draws.next() < probability) {
            (true, _) => Outcome::Undetermined,
            (_, true) => Outcome::Refractory,
            _ => Outcome::NotRefractory,
        };
        if draws.next() < 0.08 {
            states[3] = State::Unknown;
        }
        cohort.states.push(states);
        cohort.outcomes.push(outcome);
        given.push(Some(
            (probability + 0.2 * (draws.next() - 0.5)).clamp(0.01, 0.99),
        ));
        age.push((draws.next() > 0.03).then(|| (20.0 + 55.0 * draws.next()).floor()));
        sex.push(Some(u16::from(draws.next() < 0.35)));
    }
    cohort.probabilities = Some(given);
    cohort.variables = vec![
        Variable {
            name: "ageYears".to_owned(),
            values: Values::Numbers(age),
        },
        Variable {
            name: "sex".to_owned(),
            values: Values::Categories {
                levels: vec!["female".to_owned(), "male".to_owned()],
                of: sex,
            },
        },
    ];
    cohort.origin = Origin {
        files: vec![InputFile {
            name: "cohort.csv".to_owned(),
            sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
            rows: patients as u64,
        }],
        ..Origin::default()
    };
    cohort
}

pub fn evaluated(patients: usize, all_figures: bool) -> Validation {
    let request = Request {
        bootstrap: 50,
        seed: 1,
        subgroups: vec!["sex".to_owned(), "ageYears:45,60".to_owned()],
        all_figures,
        horizon: Some("24 months".to_owned()),
        date: "2026-11-25".parse().unwrap(),
    };
    evaluate(&cohort(patients), &MODEL, request).unwrap()
}

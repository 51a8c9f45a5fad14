//! The probability that the input gives for each patient: of another model, or of an earlier version of this one.
//!
//! Its patients are those who have one and a known outcome; they need not have four known predictors. Only the comparisons with
//! score, PET and the model hold the patients who have both.

use super::calibrated::{Probabilities, calibration};
use super::decided::decision;
use super::gate::{self, Needs, Size};
use super::markers::{Named, comparison, marker};
use super::population;
use super::resamples;
use super::result::{Calibration, Comparison, DecisionCurve, Marker, Withheld};
use super::{CLASS, MODEL, PET, Request, SCORE};
use crate::cohort::{Cohort, Outcome, PatternCounts};
use crate::domain::model::Model;
use crate::domain::score::{Pattern, Predictor};
use crate::statistics::ranking::{Ranked, totals};
use crate::statistics::roc::Paired;

const NAME: &str = "givenProbability";
const LABEL: &str = "Probability given in the input";

/// What there is to say about the given probabilities.
pub struct Evaluated {
    /// Discrimination.
    pub marker: Marker,
    /// Against PET, score and the model, on the patients who have both.
    pub comparisons: Vec<Comparison>,
    /// Calibration.
    pub calibration: Calibration,
    /// Net benefit, on the patients who have both.
    pub decision: Option<DecisionCurve>,
    /// What the gates withhold.
    pub withheld: Vec<Withheld>,
}

/// None where the input has no probabilities of patients with a known outcome.
pub fn evaluate(cohort: &Cohort, model: &Model, request: &Request) -> Option<Evaluated> {
    let given = population::given(cohort)?;
    let all = request.all_figures;
    let (events, others) = totals(&given.groups);
    let size = Size::of(events as u64, others as u64, all);
    let named = Named {
        name: NAME,
        label: LABEL,
        cutoff: None,
    };
    let probabilities = Probabilities {
        name: NAME,
        label: LABEL,
        groups: &given.groups,
        patterns: &[],
    };
    let mut markers = [marker(named, &given.groups, all)];
    let mut calibrations = [calibration(probabilities, all)];
    // Below the first gate no figure is shown that an interval could belong to.
    if size.shows(Needs::Fifty) {
        resamples::of_given(&given, request.seed, request.bootstrap).mark(
            &mut markers,
            &mut [],
            &mut calibrations,
        );
    }
    drop(given);
    let both = Both::of(cohort);
    let [marker] = markers;
    let [calibration] = calibrations;
    Some(Evaluated {
        marker,
        calibration,
        comparisons: both.comparisons(model, all),
        decision: both.decision(model, all),
        withheld: size
            .withheld(&gate::OF_GIVEN)
            .chain(both.size(all).withheld(&gate::OF_BOTH))
            .collect(),
    })
}

/// Patients with a probability, four known predictors and a known outcome.
struct Both {
    patients: Vec<(f64, Pattern, bool)>,
}

impl Both {
    fn of(cohort: &Cohort) -> Self {
        let given = cohort.probabilities.iter().flatten();
        let patients = given.zip(&cohort.states).zip(&cohort.outcomes);
        let both = patients.filter_map(|((p, states), outcome)| {
            let is_refractory = match outcome {
                Outcome::Refractory => true,
                Outcome::NotRefractory => false,
                Outcome::Undetermined => return None,
            };
            Some(((*p)?, population::pattern(states)?, is_refractory))
        });
        Self {
            patients: both.collect(),
        }
    }

    fn size(&self, all: bool) -> Size {
        let patients = self.patients.iter();
        let refractory = patients
            .filter(|(_, _, is_refractory)| *is_refractory)
            .count();
        let others = self.patients.len() - refractory;
        Size::of(refractory as u64, others as u64, all)
    }

    fn comparisons(&self, model: &Model, all: bool) -> Vec<Comparison> {
        let paired = |second: &dyn Fn(Pattern) -> f64| {
            let patients = self
                .patients
                .iter()
                .map(|(p, pattern, is_refractory)| Paired {
                    first: *p,
                    second: second(*pattern),
                    events: f64::from(u8::from(*is_refractory)),
                    others: f64::from(u8::from(!is_refractory)),
                });
            patients.collect::<Vec<_>>()
        };
        let by_pet = |pattern: Pattern| f64::from(u8::from(pattern.has(Predictor::FdgUptake)));
        let by_score = |pattern: Pattern| f64::from(pattern.score(model));
        let mut found = vec![
            comparison(NAME, PET, &paired(&by_pet), all),
            comparison(NAME, SCORE, &paired(&by_score), all),
        ];
        if let Some(nomogram) = &model.nomogram {
            let by_model = |pattern: Pattern| nomogram.of(pattern).estimate;
            found.push(comparison(NAME, MODEL, &paired(&by_model), all));
        }
        found.into_iter().flatten().collect()
    }

    fn decision(&self, model: &Model, all: bool) -> Option<DecisionCurve> {
        if !self.size(all).shows(Needs::Hundred) {
            return None;
        }
        let mut counts = PatternCounts::default();
        let mut groups = Vec::with_capacity(self.patients.len());
        for (by, pattern, is_refractory) in &self.patients {
            let counted = match is_refractory {
                true => &mut counts.refractory,
                false => &mut counts.not_refractory,
            };
            counted[pattern.index()] += 1;
            groups.push(Ranked {
                by: *by,
                events: f64::from(u8::from(*is_refractory)),
                others: f64::from(u8::from(!is_refractory)),
            });
        }
        let class = population::by_class(&counts, model);
        let pet = population::by_pet(&counts);
        let own = population::by_model(&counts, model);
        let mut rules: Vec<(&'static str, &'static str, &[Ranked])> = vec![(NAME, LABEL, &groups)];
        if let Some(own) = &own {
            rules.push((MODEL, "Probability of the model", own));
        }
        rules.push((CLASS, "Class (at or above the cut-off)", &class));
        rules.push((PET, "PET alone", &pet));
        decision(&rules)
    }
}

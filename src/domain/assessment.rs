//! Everything that one answer says about one patient: applicability, four findings, score interval and class.

use super::facts::{Facts, SiteGroup, Sources, SuvMax};
use super::interval::Interval;
use super::model::Model;
use super::nomogram::Probability;
use super::rules::{
    Context, Finding, Settings, age_at_diagnosis, applicability, fdg_uptake, metastasis_sites,
    recurrence,
};
use super::score::{self, Classification, Predictor, States};
use age_at_diagnosis::Years;
use applicability::Applicability;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// The answer of the model to one chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// Whether the model applies, and why.
    pub applicability: Applicability,
    /// The score, only when it applies.
    pub scored: Option<Scored>,
    /// Where the records came from.
    pub sources: Sources,
}

/// The part of an assessment that exists only when the model applies.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The four findings in the order of [`Predictor::ALL`].
    pub predictors: [PredictorResult; Predictor::COUNT],
    /// Age at diagnosis in completed years, where known.
    pub years: Option<Years>,
    /// Site groups found.
    pub sites: BTreeSet<SiteGroup>,
    /// Greatest SUVmax (body weight, g/mL) of the deciding PET, where known.
    pub suv_max: Option<SuvMax>,
    /// Least and greatest sum.
    pub score: Interval<u32>,
    /// Class.
    pub classification: Classification,
    /// Probability by the nomogram, where the model has one.
    pub probability: Option<Probability>,
}

/// One predictor with its share of the score.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictorResult {
    /// State and what it rests on.
    pub finding: Finding,
    /// Points, least and greatest.
    pub points: Interval<u32>,
    /// Whether knowing it could settle the class.
    pub decisive: bool,
}

impl Scored {
    /// Puts another finding in the place of one predictor's; score, class and probability follow.
    pub fn replace(&mut self, predictor: Predictor, finding: Finding, model: &Model) {
        self.predictors[predictor as usize].finding = finding;
        let states: States = std::array::from_fn(|i| self.predictors[i].finding.state);
        for predictor in Predictor::ALL {
            let result = &mut self.predictors[predictor as usize];
            result.points = score::points(model, predictor, states[predictor as usize]);
            result.decisive = score::decisive(model, &states, predictor);
        }
        self.score = score::score(model, &states);
        self.classification = score::classify(model, self.score);
        self.probability = model
            .nomogram
            .as_ref()
            .map(|nomogram| nomogram.probability(&states));
    }

    /// The result of one predictor.
    pub fn predictor(&self, predictor: Predictor) -> &PredictorResult {
        &self.predictors[predictor as usize]
    }
}

/// Assesses a chart on a day. Pure: the same facts, model, settings and day give the same answer.
pub fn assess(mut facts: Facts, model: &Model, settings: Settings, today: Date) -> Assessment {
    let context = Context {
        model,
        settings,
        today,
    };
    facts.set_aside_what_follows(today);
    let facts = &facts;
    let (age, years) = age_at_diagnosis::decide(facts, context);
    let applicability = applicability::decide(facts, years, context);
    if !applicability.applies() {
        return Assessment {
            applicability,
            scored: None,
            sources: facts.sources,
        };
    }
    let recurrence = recurrence::decide(facts, context);
    let (metastasis, sites) = metastasis_sites::decide(facts, context);
    let (fdg, suv_max) = fdg_uptake::decide(facts, context);
    let findings = [age, recurrence, metastasis, fdg];
    let states: States = std::array::from_fn(|i| findings[i].state);
    let mut findings = findings.into_iter();
    let predictors = Predictor::ALL.map(|predictor| PredictorResult {
        // `findings` and `Predictor::ALL` both have four members.
        finding: findings.next().expect("one finding per predictor"),
        points: score::points(model, predictor, states[predictor as usize]),
        decisive: score::decisive(model, &states, predictor),
    });
    let score = score::score(model, &states);
    let scored = Scored {
        predictors,
        years,
        sites,
        suv_max,
        score,
        classification: score::classify(model, score),
        probability: model
            .nomogram
            .as_ref()
            .map(|nomogram| nomogram.probability(&states)),
    };
    Assessment {
        applicability,
        scored: Some(scored),
        sources: facts.sources,
    }
}

//! Net benefit of acting on the model, on the class, on PET alone, always and never; and from which threshold to which each is
//! best.

use super::result::{BestRange, DecisionCurve, Strategy};
use crate::statistics::decision::{NetBenefit, curve, thresholds, treat_all, treat_none};
use crate::statistics::ranking::{Ranked, totals};

/// Net benefits nearer to each other than this are the same.
const SAME: f64 = 1e-12;

/// Curves of rules: name, words, patients by probability (or by 0 and 1). All of the same patients.
pub fn decision(rules: &[(&'static str, &'static str, &[Ranked])]) -> Option<DecisionCurve> {
    let (_, _, patients) = rules.first()?;
    let (events, others) = totals(patients);
    if events + others <= 0.0 {
        return None;
    }
    let thresholds = thresholds();
    let mut strategies: Vec<Strategy> = rules
        .iter()
        .map(|(name, label, groups)| strategy(name, label, curve(groups, &thresholds)))
        .collect();
    strategies.push(strategy(
        "treatAll",
        "Treat all",
        treat_all(patients, &thresholds),
    ));
    strategies.push(strategy(
        "treatNone",
        "Treat none",
        treat_none(patients, &thresholds),
    ));
    Some(DecisionCurve {
        patients: (events + others) as u64,
        best: best(&thresholds, &strategies),
        thresholds,
        strategies,
        given: None,
    })
}

fn strategy(name: &'static str, label: &'static str, points: Vec<NetBenefit>) -> Strategy {
    Strategy {
        name,
        label,
        net_benefit: points.iter().map(|point| point.net_benefit).collect(),
        // Every threshold is above 0.
        net_intervention_avoided: points
            .iter()
            .filter_map(|point| point.interventions_avoided)
            .collect(),
    }
}

fn best(thresholds: &[f64], strategies: &[Strategy]) -> Vec<BestRange> {
    let mut ranges: Vec<BestRange> = Vec::new();
    for (place, threshold) in thresholds.iter().enumerate() {
        let worth = |strategy: &Strategy| strategy.net_benefit[place];
        let greatest = strategies
            .iter()
            .map(worth)
            .fold(f64::NEG_INFINITY, f64::max);
        let names: Vec<&'static str> = strategies
            .iter()
            .filter(|strategy| worth(strategy) >= greatest - SAME)
            .map(|strategy| strategy.name)
            .collect();
        match ranges.last_mut() {
            Some(range) if range.strategies == names => range.to = *threshold,
            _ => ranges.push(BestRange {
                from: *threshold,
                to: *threshold,
                strategies: names,
            }),
        }
    }
    ranges
}

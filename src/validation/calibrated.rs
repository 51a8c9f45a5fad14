//! Calibration: are the probabilities right?

use super::figures::{observed_expected, share};
use super::gate::{Needs, Size};
use super::markers::bins;
use super::result::{
    Calibration, CalibrationGroup, Curve, CurvePoint, Figure, Named, Package, Test,
};
use crate::statistics::calibration::{self as statistics, ValProb};
use crate::statistics::ranking::{Ranked, totals};
use crate::statistics::smooth::lowess;

/// Points of a curve that are told at most; more cannot be told apart on paper.
const MOST_POINTS: usize = 200;

/// Probabilities by name.
#[derive(Debug, Clone, Copy)]
pub struct Probabilities<'a> {
    /// Name in the report.
    pub name: &'static str,
    /// In words.
    pub label: &'static str,
    /// Ascending, one group for each probability.
    pub groups: &'a [Ranked],
    /// What each group is called; empty where a probability is that of no pattern.
    pub patterns: &'a [String],
}

/// Calibration as far as the gates allow.
pub fn calibration(probabilities: Probabilities<'_>, all_figures: bool) -> Calibration {
    let groups = probabilities.groups;
    let (events, others) = totals(groups);
    let size = Size::of(events as u64, others as u64, all_figures);
    let mut found = Calibration {
        name: probabilities.name,
        label: probabilities.label,
        patients: (events + others) as u64,
        refractory: events as u64,
        expected: groups.iter().map(|g| g.by * (g.events + g.others)).sum(),
        observed_expected: None,
        in_the_large: None,
        brier: None,
        brier_null: None,
        brier_scaled: None,
        slope: None,
        spiegelhalter: None,
        distances: Vec::new(),
        curves: Vec::new(),
        groups: told_groups(&probabilities),
        spikes: bins(groups),
        packages: Vec::new(),
    };
    if groups.is_empty() {
        return found;
    }
    if size.shows(Needs::Fifty) {
        let brier = statistics::brier(groups);
        found.observed_expected = observed_expected(groups);
        found.in_the_large = statistics::in_the_large(groups)
            .ok()
            .and_then(|intercept| Figure::of(intercept, "wald"));
        found.brier = Figure::alone(brier.score);
        found.brier_null = Some(brier.null);
        found.brier_scaled = brier.scaled.and_then(Figure::alone);
    }
    if size.shows(Needs::Hundred) {
        found.slope = statistics::recalibrate(groups)
            .ok()
            .and_then(|fit| Figure::of(fit.slope(), "wald"));
        found.spiegelhalter = statistics::spiegelhalter(groups)
            .filter(|(z, p)| z.is_finite() && p.is_finite())
            .map(|(z, p)| Test { z, p });
    }
    if size.shows(Needs::Hundred)
        && let Ok(figures) = statistics::val_prob(groups)
    {
        let with_curve = size.shows(Needs::TwoHundred);
        found.packages.push(val_prob(&figures, with_curve));
        if with_curve {
            found.distances = [
                ("Emax", figures.distances.e_max),
                ("E90", figures.distances.e_90),
                ("Eavg", figures.distances.e_average),
            ]
            .into_iter()
            .filter_map(|(name, value)| named(name, Some(value)))
            .collect();
            found.curves.push(curve(groups));
        }
    }
    found
}

fn told_groups(probabilities: &Probabilities<'_>) -> Vec<CalibrationGroup> {
    if probabilities.patterns.is_empty() {
        return Vec::new();
    }
    let labels = probabilities.patterns.iter();
    probabilities
        .groups
        .iter()
        .zip(labels)
        .filter_map(|(group, label)| {
            let (refractory, patients) =
                (group.events as u64, (group.events + group.others) as u64);
            Some(CalibrationGroup {
                label: Some(label.clone()),
                predicted: group.by,
                patients,
                refractory,
                observed: share(refractory, patients)?,
            })
        })
        .collect()
}

fn named(name: &'static str, value: Option<f64>) -> Option<Named> {
    let value = value.filter(|value| value.is_finite())?;
    Some(Named { name, value })
}

fn val_prob(figures: &ValProb, with_curve: bool) -> Package {
    let of_curve = |value: f64| with_curve.then_some(value);
    let all = [
        ("Dxy", Some(figures.dxy)),
        ("C (ROC)", Some(figures.c)),
        ("R2", Some(figures.r2)),
        ("D", Some(figures.d)),
        ("D:Chi-sq", Some(figures.d_chi_squared)),
        ("D:p", Some(figures.d_p)),
        ("U", figures.u),
        ("U:Chi-sq", figures.u_chi_squared),
        ("U:p", figures.u_p),
        ("Q", figures.q),
        ("Brier", Some(figures.brier)),
        ("Intercept", figures.intercept),
        ("Slope", figures.slope),
        ("Emax", of_curve(figures.distances.e_max)),
        ("E90", of_curve(figures.distances.e_90)),
        ("Eavg", of_curve(figures.distances.e_average)),
        ("S:z", figures.s_z),
        ("S:p", figures.s_p),
    ];
    Package {
        name: "rms::val.prob",
        remark: "Intercept and Slope come from one fit together: this Intercept is not calibration-in-the-large. Emax, E90 and Eavg are distances from lowess(iter = 0) at the observed probabilities.",
        figures: all
            .into_iter()
            .filter_map(|(name, value)| named(name, value))
            .collect(),
    }
}

fn curve(groups: &[Ranked]) -> Curve {
    let smooth = lowess(groups);
    let step = groups.len().div_ceil(MOST_POINTS).max(1);
    let last = groups.len() - 1;
    let kept = groups.iter().zip(smooth).enumerate();
    Curve {
        method: "lowess",
        points: kept
            .filter(|(place, (_, smooth))| {
                (place % step == 0 || *place == last) && smooth.is_finite()
            })
            .map(|(_, (group, smooth))| CurvePoint {
                predicted: group.by,
                observed: smooth,
                low: None,
                high: None,
            })
            .collect(),
    }
}

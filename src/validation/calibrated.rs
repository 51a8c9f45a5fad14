//! Calibration: are the probabilities right?

use super::figures::{observed_expected, share};
use super::gate::{Needs, Size};
use super::markers::bins;
use super::result::{
    Calibration, CalibrationGroup, Curve, CurvePoint, Figure, Named, Package, Test,
};
use crate::statistics::calibration::{self as statistics, Distances, Flexible, ValProb};
use crate::statistics::chi_squared_p;
use crate::statistics::loess::Loess;
use crate::statistics::ranking::{Ranked, totals};
use crate::statistics::smooth::lowess;

/// Points of a curve that are told at most; more cannot be told apart on paper.
const MOST_POINTS: usize = 100;
/// A column with more values has no groups.
const MOST_GROUPS: usize = 20;

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
        zero_or_one: groups
            .iter()
            .filter(|group| group.by <= 0.0 || group.by >= 1.0)
            .map(|group| (group.events + group.others) as u64)
            .sum(),
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
        let flexible = with_curve
            .then(|| statistics::flexible(groups).ok())
            .flatten();
        found.packages.push(val_prob(&figures, with_curve));
        found
            .packages
            .extend(calibration_curves(groups, &figures, flexible.as_ref()));
        if with_curve {
            found.distances = distances(&figures.distances, flexible.as_ref());
            found.curves.push(lowess_curve(groups));
            found
                .curves
                .extend(flexible.map(|flexible| loess_curve(groups, &flexible.curve)));
        }
    }
    found
}

/// By pattern, or by value where a column has few: never deciles.
fn told_groups(probabilities: &Probabilities<'_>) -> Vec<CalibrationGroup> {
    let groups = probabilities.groups;
    if groups.len() > MOST_GROUPS {
        return Vec::new();
    }
    let told = |(place, group): (usize, &Ranked)| {
        let (refractory, patients) = (group.events as u64, (group.events + group.others) as u64);
        Some(CalibrationGroup {
            label: probabilities.patterns.get(place).cloned(),
            predicted: group.by,
            patients,
            refractory,
            observed: share(refractory, patients)?,
        })
    };
    groups.iter().enumerate().filter_map(told).collect()
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

/// What `val.prob.ci.2` prints: D, R2 and Q belong to the recalibrated probabilities, the Intercept has the slope fixed at 1.
fn calibration_curves(
    groups: &[Ranked],
    figures: &ValProb,
    flexible: Option<&Flexible>,
) -> Option<Package> {
    let fit = statistics::recalibrate(groups).ok()?;
    let in_the_large = statistics::in_the_large(groups).ok()?;
    let (events, others) = totals(groups);
    let n = events + others - figures.left_out;
    let chi_squared = figures.d_chi_squared + figures.u_chi_squared?;
    let null = fit.log_likelihood - chi_squared / 2.0;
    let d = (chi_squared - 1.0) / n;
    let u = figures.u?;
    let all = [
        ("Dxy", Some(figures.dxy)),
        ("C (ROC)", Some(figures.c)),
        (
            "R2",
            Some((1.0 - (-chi_squared / n).exp()) / (1.0 - (2.0 * null / n).exp())),
        ),
        ("D", Some(d)),
        ("D:Chi-sq", Some(chi_squared)),
        ("D:p", Some(chi_squared_p(chi_squared, 1.0))),
        ("U", Some(u)),
        ("U:Chi-sq", figures.u_chi_squared),
        ("U:p", figures.u_p),
        ("Q", Some(d - u)),
        ("Brier", Some(figures.brier)),
        ("Intercept", Some(in_the_large.value)),
        ("Slope", Some(fit.slope)),
        ("Emax", Some(fit.e_max())),
        ("Brier scaled", statistics::brier(groups).scaled),
        ("Eavg", flexible.map(|f| f.distances.e_average)),
        ("ECI", flexible.map(|f| f.eci)),
    ];
    Some(Package {
        name: "CalibrationCurves::val.prob.ci.2",
        remark: "Intercept is calibration-in-the-large (slope fixed at 1). D, R2 and Q belong to the recalibrated probabilities. Emax comes from the logistic curve between 0 and 1, Eavg and ECI from loess of degree 2. The package's own interval of C (pepe) is not given; that of the AUC here is DeLong's.",
        figures: all
            .into_iter()
            .filter_map(|(name, value)| named(name, value))
            .collect(),
    })
}

fn distances(of_lowess: &Distances, flexible: Option<&Flexible>) -> Vec<Named> {
    let of_loess = |of: fn(&Flexible) -> f64| flexible.map(of);
    [
        ("Emax (lowess)", Some(of_lowess.e_max)),
        ("E90 (lowess)", Some(of_lowess.e_90)),
        ("Eavg (lowess)", Some(of_lowess.e_average)),
        ("ICI (loess)", of_loess(|f| f.distances.e_average)),
        ("E50 (loess)", of_loess(|f| f.distances.e_50)),
        ("E90 (loess)", of_loess(|f| f.distances.e_90)),
        ("Emax (loess)", of_loess(|f| f.distances.e_max)),
        ("ECI (loess)", of_loess(|f| f.eci)),
    ]
    .into_iter()
    .filter_map(|(name, value)| named(name, value))
    .collect()
}

fn lowess_curve(groups: &[Ranked]) -> Curve {
    let smooth = lowess(groups);
    let last = groups.len() - 1;
    let step = groups.len().div_ceil(MOST_POINTS).max(1);
    let kept = groups.iter().zip(smooth).enumerate();
    Curve {
        method: "lowess",
        points: kept
            .filter(|(place, (_, smooth))| {
                (place % step == 0 || *place == last) && smooth.is_finite()
            })
            .map(|(_, (group, smooth))| CurvePoint {
                predicted: group.by,
                observed: smooth.clamp(0.0, 1.0),
                low: None,
                high: None,
            })
            .collect(),
    }
}

/// At equal distances between the least and the greatest probability.
fn loess_curve(groups: &[Ranked], curve: &Loess) -> Curve {
    let (first, last) = (groups[0].by, groups[groups.len() - 1].by);
    let at = |step: usize| first + (last - first) * step as f64 / MOST_POINTS as f64;
    let cut = |share: f64| Some(share.clamp(0.0, 1.0)).filter(|share| share.is_finite());
    Curve {
        method: "loess",
        points: (0..=MOST_POINTS)
            .filter_map(|step| {
                let predicted = at(step).min(last);
                let point = curve.at(predicted)?;
                let [low, high] = point.limits();
                Some(CurvePoint {
                    predicted,
                    observed: cut(point.value)?,
                    low: cut(low),
                    high: cut(high),
                })
            })
            .collect(),
    }
}

//! What could not be had, and why: nothing is missing from the report in silence.

use super::result::{Note, Refit, TwoByTwo, Validation};
use crate::cohort::SetAsideColumn;
use crate::domain::model::Model;
use crate::statistics::logistic::NoFit;

/// With fewer bootstrap replicates the limits of a percentile interval are unsteady.
const STEADY: u32 = 200;

/// Everything that a reader must know beside the figures.
pub fn notes(
    v: &Validation,
    columns_set_aside: &[SetAsideColumn],
    model: &Model,
    refit: Option<&Result<Refit, NoFit>>,
) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut add = |about: &str, text: String| {
        notes.push(Note {
            about: about.to_owned(),
            text,
        });
    };
    if model.nomogram.is_none() {
        add(
            "calibration",
            "The model file has no nomogram: there is no probability of the model to evaluate."
                .to_owned(),
        );
    }
    if let Some(text) = one_class(v) {
        add("flow", text);
    }
    if v.flow.bad_rows > 0 {
        add(
            "flow.badRows",
            format!(
                "{} rows could not be read and are in no figure. If they are not a chance selection, the figures are biased.",
                v.flow.bad_rows
            ),
        );
    }
    for column in columns_set_aside {
        add(
            &format!("cohort.variables.{}", column.name),
            format!("Set aside: {}", column.reason),
        );
    }
    for marker in &v.markers {
        if let Some(table) = &marker.at_cutoff {
            for text in without_denominator(table) {
                add(
                    &format!("markers.{}.atCutoff", marker.name),
                    text.to_owned(),
                );
            }
        }
        if let Some(auc) = &marker.auc
            && auc.standard_error == Some(0.0)
        {
            add(
                &format!("markers.{}.auc", marker.name),
                "DeLong's standard error is 0 here (complete separation, or one value for everybody): the interval is a point and says nothing about the uncertainty.".to_owned(),
            );
        }
        if marker.auc.as_ref().is_some_and(|auc| auc.low.is_none()) {
            add(
                &format!("markers.{}.auc", marker.name),
                "No interval: it takes two patients of each outcome.".to_owned(),
            );
        }
        if marker.name == "givenProbability"
            && marker.cutoffs.iter().all(|c| c.midpoint.is_none())
            && marker.cutoffs.len() > 1
        {
            add(
                "markers.givenProbability.cutoffs",
                "More than 100 different values: cut-offs are told at every hundredth; the greatest Youden index was looked for among all values.".to_owned(),
            );
        }
    }
    for calibration in &v.calibration {
        if calibration.zero_or_one > 0 && calibration.brier.is_some() {
            add(
                &format!("calibration.{}", calibration.name),
                format!(
                    "{} patients have a probability of exactly 0 or 1: it has no log odds, so they are left out of intercept and slope. Such a probability cannot be right.",
                    calibration.zero_or_one
                ),
            );
        }
        if calibration.in_the_large.is_none() && calibration.brier.is_some() {
            add(
                &format!("calibration.{}.inTheLarge", calibration.name),
                "No intercept: all patients have the same outcome.".to_owned(),
            );
        }
        if calibration.slope.is_none() && calibration.spiegelhalter.is_some() {
            add(
                &format!("calibration.{}.slope", calibration.name),
                "No slope: the probabilities separate the outcome completely, do not differ, or all patients have the same outcome.".to_owned(),
            );
        }
    }
    match refit {
        Some(Err(problem)) => add("refit", format!("No refit: {problem}.")),
        Some(Ok(refit)) if refit.failed > 0 => add(
            "refit",
            format!(
                "In {} of the replicates the model had no finite fit (a predictor separated the outcome or did not vary); they are left out, which makes the optimism look smaller than it is.",
                refit.failed
            ),
        ),
        _ => {}
    }
    let replicates = v.provenance.options.bootstrap;
    if replicates == 0 {
        add(
            "provenance.options.bootstrap",
            "No bootstrap: there are no percentile intervals and no optimism.".to_owned(),
        );
    } else if replicates < STEADY {
        add(
            "provenance.options.bootstrap",
            format!(
                "With {replicates} replicates the limits of percentile intervals depend on the seed; 500 are the default."
            ),
        );
    }
    for subgroup in &v.subgroups {
        if subgroup
            .cut
            .as_deref()
            .is_some_and(|cut| cut.starts_with("at the median"))
        {
            add(
                &format!("subgroups.{}", subgroup.variable),
                format!(
                    "Cut at the median of these patients because no cut was named; another cohort has another one. Name one: --subgroup {}:CUT.",
                    subgroup.variable
                ),
            );
        }
        if subgroup.missing > 0 {
            add(
                &format!("subgroups.{}", subgroup.variable),
                format!(
                    "{} analysed patients have no value and are in no level.",
                    subgroup.missing
                ),
            );
        }
    }
    if v.subgroups.len() > 1 {
        add(
            "subgroups",
            "Several subgroups were looked at: of twenty intervals one is expected to leave out the truth by chance alone.".to_owned(),
        );
    }
    notes
}

fn one_class(v: &Validation) -> Option<String> {
    let all = match (v.flow.refractory, v.flow.not_refractory) {
        (0, 0) => {
            return Some(
                "No patient has a known outcome and four known predictors: there is no main analysis. What can be said is in the part on unknown predictors.".to_owned(),
            );
        }
        (0, _) => "No analysed patient turned out refractory",
        (_, 0) => "Every analysed patient turned out refractory",
        _ => return None,
    };
    Some(format!(
        "{all}: areas under the curve, intercept, slope and whatever compares the two outcomes cannot be computed."
    ))
}

fn without_denominator(table: &TwoByTwo) -> Vec<&'static str> {
    [
        (
            table.sensitivity.is_none(),
            "No sensitivity: no analysed patient turned out refractory.",
        ),
        (
            table.specificity.is_none(),
            "No specificity: every analysed patient turned out refractory.",
        ),
        (table.ppv.is_none(), "No PPV: nobody is positive."),
        (table.npv.is_none(), "No NPV: nobody is negative."),
        (
            table.lr_positive.is_none() && table.specificity.is_some(),
            "No LR+: nobody is falsely positive (it is infinite), or nobody turned out refractory.",
        ),
        (
            table.lr_negative.is_none() && table.specificity.is_some(),
            "No LR-: nobody is truly negative (it is infinite), or nobody turned out refractory.",
        ),
    ]
    .into_iter()
    .filter_map(|(is_missing, text)| is_missing.then_some(text))
    .collect()
}

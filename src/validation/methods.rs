//! What the report says in words: what it is, what limits it, and how each kind of figure is computed.

use super::result::{Calibration, Flow, Method};

/// What this is and what it is not.
pub const STATEMENT: &str = "Local evaluation of a prediction model on the patients of one cohort. It tells how the model did there; it does not make the model valid elsewhere, and it is no approval.";

/// What no figure can repair.
pub fn limits(flow: &Flow, horizon: Option<&str>) -> Vec<String> {
    let mut limits = vec![
        match horizon {
            Some(horizon) => format!(
                "Outcome horizon as stated: {horizon}. That it and the definition of the outcome were fixed before anybody looked at the figures cannot be seen from the data."
            ),
            None => "No horizon was stated (--horizon). Definition and horizon of the outcome must be fixed before looking; without them the figures cannot be compared with others.".to_owned(),
        },
        "The outcome must be adjudicated without knowledge of score, class and probability. Reading PET and outcome from the same images makes the model look better than it is.".to_owned(),
        "Time zero is the first radioiodine treatment. A predictor that was found later, PET above all, leaks the future into the prediction.".to_owned(),
        "Patients must be consecutive. Patients who had a PET are not like those who had none: the main analysis holds only patients with all four predictors.".to_owned(),
    ];
    if flow.without_pet > 0 {
        limits.push(format!(
            "{} patients with a known outcome have no usable PET: they are in no figure of the main analysis and are reported on their own.",
            flow.without_pet
        ));
    }
    if flow.outcome_undetermined > 0 {
        limits.push(format!(
            "{} patients without a known outcome are in no figure. If they differ from the others, every figure is biased.",
            flow.outcome_undetermined
        ));
    }
    limits
}

/// How each kind of figure is computed: those that the report can hold.
pub fn methods(calibration: &[Calibration]) -> Vec<Method> {
    let mut methods: Vec<Method> = ALWAYS
        .iter()
        .map(|(name, text)| Method { name, text })
        .collect();
    if !calibration.is_empty() {
        methods.extend(
            OF_PROBABILITIES
                .iter()
                .map(|(name, text)| Method { name, text }),
        );
    }
    methods
}

const ALWAYS: [(&str, &str); 11] = [
    (
        "main analysis",
        "Patients with a known outcome and four known predictors. Nothing is imputed; unknown and conflicting are not absent. What that could change is in the part on unknown predictors.",
    ),
    (
        "wilson",
        "Wilson's 95 % interval of a share, without continuity correction (R: prop.test(correct = FALSE)).",
    ),
    ("log", "95 % Wald interval of a ratio on the log scale."),
    (
        "wald",
        "95 % Wald interval: value plus or minus 1.96 standard errors.",
    ),
    (
        "delong",
        "Area under the ROC curve (ties count half) with DeLong's variance; Wald interval on the raw scale cut to 0 to 1, as pROC::ci.auc; paired test as pROC::roc.test.",
    ),
    (
        "newcombe",
        "Difference of two independent shares: Newcombe's hybrid interval from two Wilson intervals, without continuity correction.",
    ),
    (
        "percentile",
        "Bootstrap of the analysed patients with the model kept as it is: 2.5 % and 97.5 % quantile (type 7) over the replicates in which the figure can be computed.",
    ),
    (
        "cutoffs",
        "A patient is positive at or above the value. The midpoint is the threshold that pROC prints. A cut-off that is chosen where these patients do best is optimistic.",
    ),
    (
        "decision curve",
        "Definitions of dcurves: positive is a probability at or above the threshold t; net benefit = TP/n - FP/n * t/(1 - t); interventions avoided against treating all = (net benefit - net benefit of treating all) / (t/(1 - t)). Class and PET are rules without a probability: the same patients are positive at every threshold.",
    ),
    (
        "refit",
        "Logistic model on the four predictors fitted to these patients by maximum likelihood; optimism by Harrell's bootstrap with the indexes of rms::validate; corrected c = 0.5 + Dxy / 2. It tells what a local model could do at best; it is not the model in use.",
    ),
    (
        "completions",
        "Each unknown or conflicting predictor is completed in every possible way, each patient's on its own. All figures listed move one way when one patient's value rises, so the limits are exact. They are no confidence interval: chance comes on top.",
    ),
];

const OF_PROBABILITIES: [(&str, &str); 8] = [
    (
        "calibration-in-the-large",
        "Intercept of a logistic model with the log odds of the probability as offset (slope fixed at 1), as CalibrationCurves. The Intercept of rms::val.prob comes from one fit with the slope and is another figure.",
    ),
    (
        "slope",
        "Slope of the log odds of the probability in a logistic model with a free intercept. Probabilities of exactly 0 or 1 have no log odds: they are left out of slope and intercept and counted in a note.",
    ),
    (
        "observed by expected",
        "Number of events by the sum of the probabilities.",
    ),
    (
        "Brier",
        "Mean squared difference of probability and outcome; scaled: 1 - Brier / Brier of the observed share for everybody.",
    ),
    (
        "Spiegelhalter",
        "Spiegelhalter's z test of calibration, two-sided (S:z and S:p of rms::val.prob).",
    ),
    (
        "lowess",
        "lowess of the outcome on the probability without robustness iterations, R's lowess(iter = 0): Emax, E90 and Eavg of rms::val.prob are distances from it.",
    ),
    (
        "loess",
        "loess of degree 2 and span 0.75 on the same vertices as R's, with a pointwise 95 % band (exact degrees of freedom), cut to 0 to 1. ICI, E50, E90 and Emax are those of Austin and Steyerberg, ECI that of CalibrationCurves (mean squared distance by 100). With as few values as 16 patterns the curve mostly joins them: look at the groups.",
    ),
    (
        "groups",
        "By pattern or by value, never by deciles and no Hosmer-Lemeshow test: 16 patterns have at most 16 probabilities.",
    ),
];

//! What is said about a recalibration: warnings for whoever signs, and the methods.

use super::closed_test::{Tested, p_value};
use super::recalibrate::{Method, Options, names};
use super::update::{Base, Likelihoods, Updated};
use super::{Chosen, CohortSummary, Step};

/// A step in a sentence.
pub(super) fn in_words(step: Step) -> &'static str {
    match step {
        Step::None => "no update",
        Step::Intercept => "an update of the intercept",
        Step::InterceptAndSlope => "an update of intercept and slope",
        Step::Revision => "a revision",
    }
}

/// What follows from the cohort and the new coefficients.
pub(super) fn warnings(
    summary: &CohortSummary,
    chosen: &Chosen,
    base: &Base,
    updated: &Updated,
    smaller_class: u64,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if chosen.below_gate {
        warnings.push(format!(
            "The smaller class has {smaller_class} patients, {} needs {}: the update may fit chance. It was allowed by hand.",
            in_words(chosen.step),
            chosen.step.needed()
        ));
    }
    if smaller_class < Step::Intercept.needed() && !chosen.below_gate {
        warnings.push(format!(
            "The smaller class has {smaller_class} patients: below 50 only counts and intervals mean something."
        ));
    }
    let with_outcome = summary.patients - summary.undetermined;
    if summary.incomplete * 20 > with_outcome {
        warnings.push(format!(
            "{} of {with_outcome} patients with an outcome are left out because a predictor is unknown or conflicting: the rest may be other patients than those who are to come.",
            summary.incomplete
        ));
    }
    if summary.undetermined * 20 > summary.patients {
        warnings.push(format!(
            "{} of {} patients have no determined outcome and are left out.",
            summary.undetermined, summary.patients
        ));
    }
    if summary.from.is_none() {
        warnings.push("The cohort has no days of time zero: its first and last day are as they were told, not as they were read.".into());
    }
    for (name, (before, after)) in names()
        .into_iter()
        .zip(base.coefficients.iter().zip(&updated.coefficients))
        .skip(1)
    {
        if *after < 0.0 && *before >= 0.0 {
            warnings.push(format!(
                "The updated coefficient of {name} is negative ({after}): with it the probability falls. The study found the opposite; look for an error of coding before this is used."
            ));
        }
    }
    if base.covariance.is_none() && updated.step != Step::None {
        warnings.push("The file of the original model gives no covariance of its coefficients: the bands hold the sampling error of the update only and are too narrow.".into());
    }
    warnings
}

/// What follows from the tests.
pub(super) fn of_tests(
    tested: &Tested,
    likelihoods: &Likelihoods,
    chosen: &Chosen,
    allowed: Step,
    options: &Options,
) -> Vec<String> {
    let mut warnings = Vec::new();
    let beyond = tested
        .tests
        .iter()
        .find(|test| test.smaller == chosen.step && test.larger == Step::Revision);
    if let Some(test) = beyond
        && allowed < Step::Revision
        && test.p < options.alpha
    {
        warnings.push(format!(
            "A revision would fit better than the step that was taken (p {}), and the cohort is too small for it: the model may be wrong in a way that this update does not mend.",
            p_value(test.p)
        ));
    }
    if options.method != Method::Auto && tested.step != chosen.step {
        warnings.push(format!(
            "The closed test would have taken another step: {}.",
            tested.step.name()
        ));
    }
    if likelihoods.separated {
        warnings.push("In this cohort the outcome is separated: some likelihoods have no maximum, and their tests use the limit. The revision is penalised and stays finite.".into());
    }
    let estimated = likelihoods.parameters[Step::Revision as usize];
    if estimated < 5 {
        warnings.push(format!(
            "{} of the four predictors cannot be told apart in this cohort (the same for all, or following from the others) and keep their coefficients.",
            5 - estimated
        ));
    }
    warnings
}

/// The methods, in sentences.
pub(super) fn notes(step: Step, has_covariance: bool) -> Vec<String> {
    let mut notes: Vec<String> = vec![
        "Complete cases: patients with a determined outcome and four known predictors. Nothing is imputed.".into(),
        "The score, its points and its cut-off are not touched: only the nomogram is updated.".into(),
        "Tests: likelihood ratio by maximum likelihood. Closed testing procedure (Vergouwe et al., Stat Med 2017;36:4529): the largest step that the gates allow is tested against each smaller one; the first test that does not reach the level ends it.".into(),
        "Optimism: the procedure, with the choice of the step, is repeated in bootstrap resamples of the analysed patients (Harrell); corrected = apparent - (training - test). It holds for patients as these are, not for another hospital or a later year.".into(),
        "Figures after the update are those of the patients that made it: read them beside their corrected values.".into(),
    ];
    match step {
        Step::None => {}
        Step::Revision => notes.push("Revision: the four coefficients are the original ones plus a change that is shrunk by a ridge penalty on standardised columns, from 25 penalties (0.01 to 10,000) the one with the best corrected AIC.".into()),
        _ => notes.push("Intercept and slope are estimated by maximum likelihood on the original log odds.".into()),
    }
    if step != Step::None {
        let original = if has_covariance {
            " and what is uncertain in the original coefficients (their covariance in the file, taken as independent of this cohort)"
        } else {
            ""
        };
        notes.push(format!("95 % bands: normal on the log odds, from the sampling error of the update{original}; they take the step as given."));
    }
    notes
}

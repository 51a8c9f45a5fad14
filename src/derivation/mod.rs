//! The method of the paper on any cohort: tests of one variable at a time, cut-offs by the ROC curve, logistic regression with
//! forward selection, points from odds ratios, a cut-off of the score, a nomogram and its calibration.
//!
//! Knows no files; [`page`] alone knows pictures. The method is repeated as it is, also where it is weak; every weakness that applies is said in
//! [`Derivation::warnings`]. A derived score is a report: the service loads only models of its own four predictors. Read
//! [`derive()`] first, then [`Derivation`].

mod analysis;
mod candidate;
mod cutoff;
mod nomogram;
mod optimism;
mod page;
mod result;
mod score;
mod selection;
mod text;
mod univariable;
mod warning;

pub use page::page;
pub use result::*;
pub use text::text;

use crate::cohort::Cohort;
use crate::domain::score::Predictor;
use analysis::{Analysis, analyse, penalty};
use candidate::{Study, StudyNotes};

/// How to derive.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// A column of two categories to take as the outcome; none for the outcome of the cohort.
    pub outcome: Option<String>,
    /// The candidates by name; none for the four predictors and every other column.
    pub candidates: Option<Vec<String>>,
    /// A variable goes on to the regression when its test gives less (0 to 1).
    pub univariable_p: f64,
    /// A variable enters when its likelihood ratio test gives less (0 to 1).
    pub entry_p: f64,
    /// A variable is removed when its likelihood ratio test gives more; not less than `entry_p`.
    pub removal_p: f64,
    /// Firth's penalty instead of maximum likelihood.
    pub firth: bool,
    /// Numbers enter the regressions cut in two, not as measured.
    pub numbers_cut: bool,
    /// Resamples of the calibration, and of the whole method.
    pub bootstrap: usize,
    /// Seed of the resamples.
    pub seed: u64,
}

impl Default for Options {
    /// The paper's: 0.05 in, 0.1 out, numbers as measured, 100 resamples.
    fn default() -> Self {
        Self {
            outcome: None,
            candidates: None,
            univariable_p: 0.05,
            entry_p: 0.05,
            removal_p: 0.1,
            firth: false,
            numbers_cut: false,
            bootstrap: 100,
            seed: 1,
        }
    }
}

/// Why nothing can be derived.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CannotDerive {
    /// Nobody.
    #[error("the cohort has no patients")]
    NoPatients,
    /// Nobody has an outcome.
    #[error("none of {patients} patients has a known outcome")]
    NoOutcome {
        /// Patients.
        patients: usize,
    },
    /// All have the same outcome.
    #[error(
        "all {patients} patients with a known outcome have the same: a derivation needs patients of both kinds"
    )]
    OneClass {
        /// Patients with a known outcome.
        patients: usize,
    },
    /// A column that is not there.
    #[error("the cohort has no column {name}; it has {}", .columns.join(", "))]
    NoSuchColumn {
        /// As it was asked for.
        name: String,
        /// Those that there are.
        columns: Vec<String>,
    },
    /// An outcome that is not yes or no.
    #[error("{name} cannot be the outcome: it does not have exactly two categories")]
    OutcomeNotTwo {
        /// The column.
        name: String,
    },
    /// The outcome predicts itself.
    #[error("{name} is the outcome and cannot be a candidate")]
    OutcomeAsCandidate {
        /// The column.
        name: String,
    },
    /// Nothing to derive from.
    #[error("the cohort has no column that could predict: name some with --candidates")]
    NoCandidates,
    /// A limit that is no probability.
    #[error(
        "the limits of p must lie between 0 and 1, and that of removal not below that of entry"
    )]
    LimitsOfP,
}

/// Derives a score from a cohort.
///
/// # Errors
/// [`CannotDerive`]: where there is nothing to derive from, or what was asked for is not there. What fails later is left out of the
/// result and said in [`Derivation::withheld`].
pub fn derive(cohort: &Cohort, options: &Options) -> Result<Derivation, CannotDerive> {
    let is_p = |p: f64| p > 0.0 && p < 1.0;
    if !(is_p(options.univariable_p)
        && is_p(options.entry_p)
        && is_p(options.removal_p)
        && options.removal_p >= options.entry_p)
    {
        return Err(CannotDerive::LimitsOfP);
    }
    if cohort.is_empty() {
        return Err(CannotDerive::NoPatients);
    }
    let (study, notes) = candidate::study(cohort, options)?;
    let analysis = analyse(&study, options);
    let mut derivation = report(cohort, &study, &notes, &analysis, options);
    derivation.warnings = warning::warnings(&study, &analysis, &derivation, options);
    Ok(derivation)
}

fn report(
    cohort: &Cohort,
    study: &Study,
    notes: &StudyNotes,
    analysis: &Analysis,
    options: &Options,
) -> Derivation {
    let mut withheld = analysis.selection.withheld.clone();
    let mut withhold = |what: &str, why: String| {
        withheld.push(Withheld {
            what: what.to_owned(),
            why,
        });
    };
    for row in analysis.univariable.iter().filter(|row| row.p.is_none()) {
        withhold(&format!("test of {}", row.variable), row.why.clone());
    }
    let pairs = || study.candidates.iter().zip(&analysis.cuttings);
    let mut curves: Vec<Curve> = pairs()
        .filter_map(|(candidate, cutting)| cutting.as_ref()?.curve(candidate))
        .collect();
    let design = &analysis.design;
    let entered = match &analysis.entered {
        Ok(fitted) => fitted
            .model(design)
            .map_err(|why| design.why(&why, &fitted.terms)),
        Err(why) => Err(why.clone()),
    };
    let entered = entered.map_err(|why| withhold("entered model", why)).ok();
    let selected = match &analysis.selection.fitted {
        Some(fitted) => fitted
            .model(design)
            .map_err(|why| design.why(&why, &fitted.terms)),
        None => Err("no variable entered".to_owned()),
    };
    let selected = selected.map_err(|why| withhold("selected model", why)).ok();
    let score = score::score(study, &analysis.rules, analysis.points_from)
        .filter(|_| !analysis.rules.is_empty());
    let (mut performance, mut nomogram, mut calibration, mut optimism) =
        (Vec::new(), None, None, None);
    match &score {
        None => withhold(
            "score, performance, nomogram and calibration",
            if analysis.rules.is_empty() {
                "no variable was selected".to_owned()
            } else {
                "all patients with a score are of one class or have the same score".to_owned()
            },
        ),
        Some(score) => {
            let (rows, of_score) = score::performance(study, &analysis.rules, score);
            performance = rows;
            curves.extend(of_score);
            match fitted_nomogram(study, analysis, options) {
                Ok((found, calibrated)) => {
                    nomogram = Some(found);
                    calibration = calibrated.map_err(|why| withhold("calibration", why)).ok();
                }
                Err(why) => withhold("nomogram and calibration", why),
            }
            optimism = if options.bootstrap == 0 {
                withhold("optimism", "no resamples were asked for".to_owned());
                None
            } else {
                optimism::optimism(study, analysis, options)
                    .map_err(|why| withhold("optimism", why))
                    .ok()
            };
        }
    }
    let scored = (0..study.is_event.len())
        .filter(|patient| score::score_of(study, &analysis.rules, *patient).is_some())
        .count();
    Derivation {
        software: concat!("rrdtc ", env!("CARGO_PKG_VERSION")).to_owned(),
        method: method(study, notes, options),
        inputs: cohort.origin.files.clone(),
        flow: Flow {
            bad_rows: cohort.origin.bad_rows,
            patients: cohort.len(),
            outcome_not_known: cohort.len() - study.is_event.len(),
            events: study.with_events(true),
            others: study.with_events(false),
            complete: design.patients,
            complete_events: design.events,
            scored: if analysis.rules.is_empty() { 0 } else { scored },
        },
        univariable: analysis.univariable.clone(),
        cut_offs: pairs()
            .filter_map(|(candidate, cutting)| Some(cutting.as_ref()?.report(candidate)))
            .collect(),
        entered,
        steps: analysis.selection.steps.clone(),
        selected,
        score,
        performance,
        curves,
        nomogram,
        calibration,
        optimism,
        warnings: Vec::new(),
        withheld,
        notes: remarks(notes),
    }
}

type Calibrated = Result<Calibration, String>;

fn fitted_nomogram(
    study: &Study,
    analysis: &Analysis,
    options: &Options,
) -> Result<(Nomogram, Calibrated), String> {
    let criteria = nomogram::criteria(study, &analysis.rules);
    let (design, fitted) = nomogram::nomogram(&criteria, penalty(options))?;
    let model = fitted
        .model(&design)
        .map_err(|why| design.why(&why, &fitted.terms))?;
    let greatest = model
        .coefficients
        .iter()
        .fold(0.0_f64, |most, c| most.max(c.coefficient.abs()));
    let of_service = Predictor::ALL.map(Predictor::name);
    let names: Vec<&str> = analysis
        .rules
        .iter()
        .map(|rule| study.candidates[rule.candidate].name.as_str())
        .collect();
    let is_of_service =
        names.len() == of_service.len() && of_service.iter().all(|name| names.contains(name));
    let use_of_it = if is_of_service {
        "The criteria are the four predictors of the service. This is a report all the same: a model file for the service is made by recalibration."
    } else {
        "The criteria are not the four predictors of the service: this is a report, and no model that the service could load."
    };
    let calibrated = if options.bootstrap == 0 {
        Err("no resamples were asked for".to_owned())
    } else {
        nomogram::calibrate(&design.rows, &fitted.fit, options)
    };
    let nomogram = Nomogram {
        points: model
            .coefficients
            .iter()
            .map(|c| 100.0 * c.coefficient.abs() / greatest)
            .collect(),
        model,
        use_of_it: use_of_it.to_owned(),
    };
    Ok((nomogram, calibrated))
}

fn method(study: &Study, notes: &StudyNotes, options: &Options) -> Method {
    Method {
        outcome: options
            .outcome
            .clone()
            .unwrap_or_else(|| "outcome".to_owned()),
        event: notes.event.clone(),
        candidates: study.candidates.iter().map(|c| c.name.clone()).collect(),
        univariable_p: options.univariable_p,
        entry_p: options.entry_p,
        removal_p: options.removal_p,
        fit: if options.firth {
            "Firth"
        } else {
            "maximum likelihood"
        }
        .to_owned(),
        numbers_cut: options.numbers_cut,
        bootstrap: options.bootstrap,
        seed: options.seed,
    }
}

fn remarks(notes: &StudyNotes) -> Vec<String> {
    let mut remarks = vec![
        "Tests of one variable use the patients in whom it is known. Welch's t-test decides for numbers, Wilcoxon's where a class is skewed; chi-squared without correction for categories, Fisher's test where cells are nearly empty. The paper names the tests and not the rule.".to_owned(),
        "Selection enters and removes by likelihood ratio tests. SPSS, which the paper used, enters by the score test and removes by the likelihood ratio; the two rarely differ in what they select.".to_owned(),
        "Points are the odds ratios of the entered model for the variables that were selected, rounded; where the entered model has no fit, those of the selected model.".to_owned(),
        "Intervals: odds ratios by Wald (by profile of the penalised likelihood with Firth's penalty), proportions by Wilson, areas under the curve by DeLong.".to_owned(),
        "Calibration follows rms::calibrate: lowess curves, and the mean optimism of the resamples taken off.".to_owned(),
    ];
    for (predictor, number) in &notes.twins {
        remarks.push(format!(
            "{predictor} is {number} cut in two, so that only {number} is a candidate; --candidates chooses otherwise."
        ));
    }
    remarks
}

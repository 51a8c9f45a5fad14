//! Two models side by side: what differs in their files, and what that means on a cohort.
//!
//! No net reclassification improvement (NRI) and no integrated discrimination improvement (IDI): both can grow when a useless
//! predictor or a wrong calibration is added. The table of who changes sides, by outcome, and the net benefit say it honestly.

use super::cells::{Cells, SIZE};
use super::figures::{Probabilities, calibration, groups, probabilities};
use super::optimism::resample;
use super::recalibrate::{name, names, present, software, summary, values};

use super::{
    ByOutcome, Comparison, Estimate, ModelDiff, NetBenefit, PairedAuc, PatternDifference,
    PointsRow, Reclassification, ValueDifference,
};
use crate::cohort::Cohort;
use crate::domain::model::Model;
use crate::domain::score::{Classification, Pattern, Predictor, classify, score};
use crate::model::file::ModelFile;
use crate::statistics::bootstrap::{percentile_interval, replicate};
use crate::statistics::calibration::brier;
use crate::statistics::decision::{curve, treat_all};
use crate::statistics::roc::{self, Paired};

/// Why two models cannot be compared on a cohort.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CannotCompare {
    /// There is no probability to compare.
    #[error("the model {0} has no nomogram: only what the files say can be compared")]
    NoNomogram(String),
    /// The states of the cohort were decided by one threshold.
    #[error(
        "the models decide a predictor by different thresholds, and a cohort holds the predictors as decided: a comparison on a cohort is not possible"
    )]
    OtherThresholds,
    /// Nobody is left.
    #[error("no patient of the cohort has a determined outcome and four known predictors")]
    Nobody,
}

/// What differs in the files.
pub fn model_diff(first: &ModelFile, second: &ModelFile) -> ModelDiff {
    let (a, b) = (&first.model, &second.model);
    let row = |name: &str, of: &dyn Fn(&Model) -> u32| PointsRow {
        name: name.to_owned(),
        first: of(a),
        second: of(b),
    };
    let mut points: Vec<PointsRow> = Predictor::ALL
        .into_iter()
        .map(|predictor| row(predictor.name(), &|model| model.points(predictor)))
        .collect();
    points.push(row("maximum", &Model::maximum));
    points.push(row("cutoff", &|model| model.cutoff));
    let mut rows = vec![
        ValueDifference {
            name: "ageAtDiagnosis.thresholdYears".into(),
            first: Some(f64::from(a.age_years)),
            second: Some(f64::from(b.age_years)),
        },
        ValueDifference {
            name: "fdgUptake.thresholdSuvMax".into(),
            first: Some(a.suv_max),
            second: Some(b.suv_max),
        },
    ];
    let coefficients = |model: &Model| model.nomogram.as_ref().map(values);
    let (of_first, of_second) = (coefficients(a), coefficients(b));
    for (i, name) in names().into_iter().enumerate() {
        rows.push(ValueDifference {
            name: format!("nomogram.{name}"),
            first: of_first.map(|values| values[i]),
            second: of_second.map(|values| values[i]),
        });
    }
    let mut patterns: Vec<Pattern> = Pattern::all().collect();
    patterns.sort_by_key(|pattern| pattern.score(a));
    let mut notes = Vec::new();
    for model in [a, b].into_iter().filter(|model| model.nomogram.is_none()) {
        notes.push(format!(
            "{} {} has no nomogram: no probabilities of it.",
            model.id, model.version
        ));
    }
    ModelDiff {
        software: software(),
        first: name(first),
        second: name(second),
        points,
        values: rows,
        order_changes: order_changes(a, b, &patterns),
        patterns: patterns.into_iter().map(|p| pattern_row(a, b, p)).collect(),
        comparison: None,
        notes,
    }
}

fn pattern_row(a: &Model, b: &Model, pattern: Pattern) -> PatternDifference {
    let above = |model: &Model| {
        classify(model, score(model, &pattern.states())) == Classification::AtOrAboveCutoff
    };
    let banded = |model: &Model| {
        let nomogram = model.nomogram.as_ref()?;
        let banded = nomogram.of(pattern);
        Some(Estimate {
            low: banded.low,
            value: banded.estimate,
            high: banded.high,
        })
    };
    PatternDifference {
        present: present(pattern),
        scores: [pattern.score(a), pattern.score(b)],
        at_or_above_cutoff: [above(a), above(b)],
        first: banded(a),
        second: banded(b),
    }
}

/// Pairs whose probabilities the two nomograms put in opposite order; the score of the first model names a pattern.
fn order_changes(a: &Model, b: &Model, patterns: &[Pattern]) -> Vec<[u32; 2]> {
    let (Some(first), Some(second)) = (&a.nomogram, &b.nomogram) else {
        return Vec::new();
    };
    let mut changes = Vec::new();
    for (place, one) in patterns.iter().enumerate() {
        for other in &patterns[place + 1..] {
            let before = first
                .of(*one)
                .estimate
                .total_cmp(&first.of(*other).estimate);
            let after = second
                .of(*one)
                .estimate
                .total_cmp(&second.of(*other).estimate);
            if before.is_ne() && after.is_ne() && before != after {
                changes.push([one.score(a), other.score(a)]);
            }
        }
    }
    changes
}

/// Two nomograms on the complete cases of a cohort.
///
/// # Errors
/// [`CannotCompare`] says what is missing.
pub fn compare(
    cohort: &Cohort,
    first: &ModelFile,
    second: &ModelFile,
    thresholds: &[f64],
    bootstrap: u32,
    seed: u64,
) -> Result<Comparison, CannotCompare> {
    let of = |model: &ModelFile| {
        let nomogram = model.model.nomogram.as_ref();
        nomogram
            .map(values)
            .ok_or_else(|| CannotCompare::NoNomogram(model.model.id.clone()))
    };
    let (a, b): ([f64; SIZE], [f64; SIZE]) = (of(first)?, of(second)?);
    if first.model.age_years != second.model.age_years
        || first.model.suv_max.total_cmp(&second.model.suv_max).is_ne()
    {
        return Err(CannotCompare::OtherThresholds);
    }
    let (cells, summary) = summary(cohort);
    if summary.analysed == 0 {
        return Err(CannotCompare::Nobody);
    }
    let (p, q) = (probabilities(&a), probabilities(&b));
    let difference =
        |cells: &Cells| brier(&groups(cells, &q)).score - brier(&groups(cells, &p)).score;
    let resampled = replicate(seed, bootstrap as usize, |_, stream| {
        difference(&resample(&cells, stream))
    });
    let value = difference(&cells);
    let brier_difference =
        percentile_interval(&resampled).map(|[low, high]| Estimate { low, value, high });
    Ok(Comparison {
        first: calibration(&cells, &a),
        second: calibration(&cells, &b),
        auc: paired(&cells, &p, &q),
        brier_difference,
        bootstrap,
        seed,
        reclassification: thresholds
            .iter()
            .map(|threshold| reclassification(&cells, &p, &q, *threshold))
            .collect(),
        net_benefit: net_benefit(&cells, &p, &q, thresholds),
        cohort: summary,
    })
}

/// DeLong's test, second less first.
fn paired(cells: &Cells, first: &Probabilities, second: &Probabilities) -> Option<PairedAuc> {
    let patients: Vec<Paired> = (0..Pattern::COUNT)
        .map(|at| Paired {
            first: second[at],
            second: first[at],
            events: cells.events[at],
            others: cells.others[at],
        })
        .collect();
    let told = roc::compare(&patients).ok()?;
    let [low, high] = told.limits?;
    Some(PairedAuc {
        difference: Estimate {
            low,
            value: told.difference,
            high,
        },
        z: told.z,
        p: told.p,
    })
}

fn reclassification(
    cells: &Cells,
    first: &Probabilities,
    second: &Probabilities,
    threshold: f64,
) -> Reclassification {
    let count = |patients: &[f64; Pattern::COUNT]| {
        let mut told = ByOutcome::default();
        for at in 0..Pattern::COUNT {
            let place = match (first[at] >= threshold, second[at] >= threshold) {
                (false, false) => &mut told.below,
                (false, true) => &mut told.up,
                (true, false) => &mut told.down,
                (true, true) => &mut told.above,
            };
            *place += patients[at] as u64;
        }
        told
    };
    Reclassification {
        threshold,
        refractory: count(&cells.events),
        not_refractory: count(&cells.others),
    }
}

fn net_benefit(
    cells: &Cells,
    first: &Probabilities,
    second: &Probabilities,
    thresholds: &[f64],
) -> Vec<NetBenefit> {
    let (first, second) = (groups(cells, first), groups(cells, second));
    let at = |threshold: &f64| {
        let one = std::slice::from_ref(threshold);
        Some(NetBenefit {
            threshold: *threshold,
            first: curve(&first, one).first()?.net_benefit,
            second: curve(&second, one).first()?.net_benefit,
            all: treat_all(&first, one).first()?.net_benefit,
        })
    };
    thresholds.iter().filter_map(at).collect()
}

/// What a comparison is made with, for its notes.
pub fn methods() -> Vec<String> {
    vec![
        "Complete cases: patients with a determined outcome and four known predictors.".into(),
        "Differences are second less first. AUC: DeLong's paired test. Brier score: percentile interval of the bootstrap.".into(),
        "Net reclassification improvement (NRI) and integrated discrimination improvement (IDI) are not given: both can grow when a model gets worse. The table of who changes sides and the net benefit are.".into(),
        "A model looks better on the patients that it was updated on: compare on others where that can be done.".into(),
    ]
}

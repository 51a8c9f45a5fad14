//! The 16 patterns by outcome: all that there is to know about a score of four yes-or-no predictors.

use super::figures::share;
use super::result::{ModelEstimate, PatternRow};
use crate::cohort::PatternCounts;
use crate::domain::model::Model;
use crate::domain::score::{Pattern, Predictor};

/// The patterns by ascending score.
pub fn table(counts: &PatternCounts, model: &Model) -> Vec<PatternRow> {
    by_score(model)
        .into_iter()
        .map(|pattern| {
            let refractory = counts.refractory[pattern.index()];
            let patients = refractory + counts.not_refractory[pattern.index()];
            let score = pattern.score(model);
            PatternRow {
                present: Predictor::ALL
                    .into_iter()
                    .filter(|predictor| pattern.has(*predictor))
                    .map(Predictor::name)
                    .collect(),
                label: pattern.to_string(),
                score,
                at_or_above_cutoff: score >= model.cutoff,
                patients,
                refractory,
                observed: share(refractory, patients),
                model: model.nomogram.as_ref().map(|nomogram| {
                    let banded = nomogram.of(pattern);
                    ModelEstimate {
                        low: banded.low,
                        estimate: banded.estimate,
                        high: banded.high,
                    }
                }),
            }
        })
        .collect()
}

/// All 16 by ascending score; of equal scores by index.
pub(super) fn by_score(model: &Model) -> Vec<Pattern> {
    let mut patterns: Vec<Pattern> = Pattern::all().collect();
    patterns.sort_by_key(|pattern| pattern.score(model));
    patterns
}

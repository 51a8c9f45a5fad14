//! The whole method on resamples: how much better the score looks on the patients that it was made from.

use super::analysis::{Analysis, analyse};
use super::candidate::Study;
use super::score::{cut_offs, distribution, groups, table_at};
use super::{Corrected, Optimism, Options, Selected};
use crate::statistics::bootstrap::replicate;
use crate::statistics::ranking::ranked;
use crate::statistics::roc::auc_of_ranked;
use rand::Rng;
use std::collections::BTreeMap;

/// Patients times candidates times resamples; what is more takes minutes.
const MOST_WORK: usize = 10_000_000;

/// The method on each resample; the error says why it was not done.
pub(super) fn optimism(
    study: &Study,
    analysis: &Analysis,
    options: &Options,
) -> Result<Optimism, String> {
    let patients = study.is_event.len();
    let work = patients * study.candidates.len() * options.bootstrap;
    if work > MOST_WORK {
        return Err(format!(
            "{} resamples of {patients} patients with {} candidates take too long: ask for fewer resamples or candidates",
            options.bootstrap,
            study.candidates.len()
        ));
    }
    let cut_off = |study: &Study, analysis: &Analysis| {
        cut_offs(&distribution(study, &analysis.rules))
            .first()
            .copied()
    };
    let Some([auc, youden]) =
        cut_off(study, analysis).and_then(|cut_off| figures(study, analysis, cut_off))
    else {
        return Err("there is no score".to_owned());
    };
    let results = replicate(options.seed, options.bootstrap, |_, stream| {
        let drawn: Vec<usize> = (0..patients)
            .map(|_| stream.random_range(0..patients))
            .collect();
        let resample = study.of_patients(&drawn);
        let analysis = analyse(&resample, options);
        let cut_off = cut_off(&resample, &analysis)?;
        let training = figures(&resample, &analysis, cut_off)?;
        let test = figures(study, &analysis, cut_off)?;
        let mut selected: Vec<usize> = analysis.rules.iter().map(|r| r.candidate).collect();
        selected.dedup();
        Some((training, test, selected))
    });
    let scored: Vec<_> = results.into_iter().flatten().collect();
    if scored.is_empty() {
        return Err(format!(
            "none of {} resamples gave a score",
            options.bootstrap
        ));
    }
    let corrected = |figure: usize, apparent: f64| {
        let differences = scored
            .iter()
            .map(|(training, test, _)| training[figure] - test[figure]);
        let optimism = differences.sum::<f64>() / scored.len() as f64;
        Corrected {
            apparent,
            optimism,
            corrected: apparent - optimism,
        }
    };
    let mut times = BTreeMap::<usize, usize>::new();
    for candidate in scored.iter().flat_map(|(_, _, selected)| selected) {
        *times.entry(*candidate).or_default() += 1;
    }
    let mut selected: Vec<Selected> = times
        .into_iter()
        .map(|(candidate, times)| Selected {
            variable: study.candidates[candidate].name.clone(),
            times,
        })
        .collect();
    selected.sort_by_key(|selected| std::cmp::Reverse(selected.times));
    Ok(Optimism {
        resamples: options.bootstrap,
        scored: scored.len(),
        auc: corrected(0, auc),
        youden: corrected(1, youden),
        selected,
    })
}

/// AUC of the score, and Youden index at a cut-off, on a study that need not be the one it was made from.
fn figures(study: &Study, analysis: &Analysis, cut_off: u64) -> Option<[f64; 2]> {
    if analysis.rules.is_empty() {
        return None;
    }
    let distribution = distribution(study, &analysis.rules);
    let groups = ranked(groups(&distribution)).ok()?;
    let youden = table_at(&distribution, cut_off).youden();
    youden
        .is_finite()
        .then(|| [auc_of_ranked(&groups).value, youden])
}

//! The method from the tests of one variable to the points, in one go: once on the cohort, and again on each resample.

use super::candidate::Study;
use super::cutoff::{Cutting, cutting};
use super::score::{Rule, rules};
use super::selection::{Design, Fitted, Selection, forward};
use super::univariable::univariable;
use super::{Options, Univariable};
use crate::statistics::regression::Penalty;
use rayon::prelude::*;

/// What the method comes to.
pub(super) struct Analysis {
    /// One for each candidate.
    pub univariable: Vec<Univariable>,
    /// One for each candidate; none for categories.
    pub cuttings: Vec<Option<Cutting>>,
    /// Of the variables that went on.
    pub design: Design,
    /// With all of them; the error says why there is no fit.
    pub entered: Result<Fitted, String>,
    pub selection: Selection,
    /// Empty where nothing was selected.
    pub rules: Vec<Rule>,
    /// Which regression the odds ratios of the rules came from.
    pub points_from: &'static str,
}

pub(super) fn penalty(options: &Options) -> Penalty {
    if options.firth {
        Penalty::Firth
    } else {
        Penalty::None
    }
}

/// Runs the method.
pub(super) fn analyse(study: &Study, options: &Options) -> Analysis {
    let (univariable, cuttings): (Vec<Univariable>, Vec<Option<Cutting>>) = study
        .candidates
        .par_iter()
        .map(|candidate| {
            (
                univariable(study, candidate, options.univariable_p),
                cutting(study, candidate),
            )
        })
        .unzip();
    let passed: Vec<usize> = (0..univariable.len())
        .filter(|candidate| univariable[*candidate].entered)
        .collect();
    let design = if options.numbers_cut {
        Design::new(&cut(study, &cuttings), &passed)
    } else {
        Design::new(study, &passed)
    };
    let all: Vec<usize> = (0..design.terms.len()).collect();
    let entered = if all.is_empty() {
        Err("no variable passed the tests of one variable".to_owned())
    } else {
        Fitted::new(&design, &all, penalty(options)).map_err(|why| design.why(&why, &all))
    };
    let selection = forward(&design, penalty(options), options);
    let (rules, points_from) = match (&selection.fitted, &entered) {
        (None, _) => (Vec::new(), "selected"),
        (Some(selected), Ok(entered)) => (
            rules(&design, selected, entered, &cuttings, options.numbers_cut),
            "entered",
        ),
        (Some(selected), Err(_)) => (
            rules(&design, selected, selected, &cuttings, options.numbers_cut),
            "selected",
        ),
    };
    Analysis {
        univariable,
        cuttings,
        design,
        entered,
        selection,
        rules,
        points_from,
    }
}

/// The study with its numbers cut in two.
fn cut(study: &Study, cuttings: &[Option<Cutting>]) -> Study {
    let candidates = study.candidates.iter().zip(cuttings);
    Study {
        is_event: study.is_event.clone(),
        candidates: candidates
            .map(|(candidate, cutting)| match cutting {
                Some(cutting) => candidate.cut(cutting.criterion),
                None => candidate.clone(),
            })
            .collect(),
    }
}

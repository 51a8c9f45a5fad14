//! What unknown predictors could change: bounds over every completion, the class where it is fixed all the same, and the
//! patients without PET on their own.
//!
//! Every figure here moves one way when one patient's score (or probability) rises, and each patient can be completed without
//! regard to the others. So the limits are reached when every patient with the outcome has the least value that is possible and
//! every other one the greatest, or the reverse; no search is needed, and the limits are exact.

use super::figures::{share, two_by_two};
use super::result::{Bound, Unknowns, WithoutPet};
use crate::cohort::{Counts, PatternCounts};
use crate::domain::model::Model;
use crate::domain::nomogram::Nomogram;
use crate::domain::score::{self, Classification, Pattern, Predictor, States};
use crate::statistics::ranking::{Ranked, c_index};

/// Patients that share what is known of their predictors.
struct Kind {
    states: States,
    refractory: u64,
    not_refractory: u64,
    class: Classification,
}

/// What the unknown predictors could change. Nobody is left out whose outcome is known.
pub fn unknowns(counts: &Counts, model: &Model, shows_rates: bool) -> Unknowns {
    let class_of = |states: &States| score::classify(model, score::score(model, states));
    let kinds: Vec<Kind> = counts
        .iter()
        .map(|(states, [refractory, not_refractory, _])| Kind {
            states,
            refractory,
            not_refractory,
            class: class_of(&states),
        })
        .collect();
    let of_class =
        |class: Classification| outcomes(kinds.iter().filter(|kind| kind.class == class));
    let above = of_class(Classification::AtOrAboveCutoff);
    let below = of_class(Classification::BelowCutoff);
    let open = |kind: &&Kind| kind.states.iter().any(|state| state.is_open());
    let [refractory, not_refractory] = outcomes(kinds.iter());
    let mut undetermined = [0; 3];
    for (states, [_, _, patients]) in counts.iter() {
        undetermined[match class_of(&states) {
            Classification::AtOrAboveCutoff => 0,
            Classification::BelowCutoff => 1,
            Classification::Indeterminate => 2,
        }] += patients;
    }
    Unknowns {
        patients: refractory + not_refractory,
        incomplete: outcomes(kinds.iter().filter(open)).iter().sum(),
        determinate_class: two_by_two(above[0], below[0], above[1], below[1]),
        indeterminate: of_class(Classification::Indeterminate),
        bounds: bounds(&kinds, &counts.complete(), model, shows_rates),
        without_pet: without_pet(&kinds),
        undetermined,
    }
}

fn outcomes<'a>(kinds: impl Iterator<Item = &'a Kind>) -> [u64; 2] {
    kinds.fold([0, 0], |[refractory, not_refractory], kind| {
        [
            refractory + kind.refractory,
            not_refractory + kind.not_refractory,
        ]
    })
}

fn without_pet(kinds: &[Kind]) -> WithoutPet {
    let pet_is_open = |kind: &&Kind| kind.states[Predictor::FdgUptake as usize].is_open();
    let without = || kinds.iter().filter(pet_is_open);
    let [refractory, not_refractory] = outcomes(without());
    let [with_refractory, with_not] = outcomes(kinds.iter().filter(|kind| !pet_is_open(kind)));
    let of = |class| outcomes(without().filter(|kind| kind.class == class));
    WithoutPet {
        patients: refractory + not_refractory,
        refractory,
        observed: share(refractory, refractory + not_refractory),
        observed_with_pet: share(with_refractory, with_refractory + with_not),
        at_or_above: of(Classification::AtOrAboveCutoff),
        indeterminate: of(Classification::Indeterminate),
    }
}

/// Least and greatest value of each figure. `shows_rates` is false where the gate keeps back what is no share.
fn bounds(
    kinds: &[Kind],
    complete: &PatternCounts,
    model: &Model,
    shows_rates: bool,
) -> Vec<Bound> {
    let complete: Vec<Kind> = Pattern::all()
        .map(|pattern| Kind {
            states: pattern.states(),
            refractory: complete.refractory[pattern.index()],
            not_refractory: complete.not_refractory[pattern.index()],
            class: Classification::Indeterminate,
        })
        .collect();
    let mut figures: Vec<(&'static str, Limits)> = Vec::new();
    let worst_and_best = |figure: &dyn Fn(&[Kind], Towards) -> f64| Limits {
        complete: figure(&complete, Towards::Worse),
        least: figure(kinds, Towards::Worse),
        greatest: figure(kinds, Towards::Better),
    };
    let reached = |pattern: Pattern| pattern.score(model) >= model.cutoff;
    for (name, of_table) in [
        ("sensitivity", sensitivity as fn([f64; 4]) -> f64),
        ("specificity", specificity),
        ("ppv", ppv),
        ("npv", npv),
        ("accuracy", accuracy),
    ] {
        figures.push((
            name,
            worst_and_best(&|kinds, towards| {
                of_table(table(kinds, towards, |pattern| {
                    f64::from(u8::from(reached(pattern)))
                }))
            }),
        ));
    }
    if shows_rates {
        let by_score = |pattern: Pattern| f64::from(pattern.score(model));
        figures.push((
            "auc",
            worst_and_best(&|kinds, towards| c_index(&ranked(kinds, towards, by_score))),
        ));
    }
    if let (Some(nomogram), true) = (&model.nomogram, shows_rates) {
        let of = |pattern: Pattern| nomogram.of(pattern).estimate;
        figures.push((
            "modelAuc",
            worst_and_best(&|kinds, towards| c_index(&ranked(kinds, towards, of))),
        ));
        figures.push((
            "observedExpected",
            observed_expected(kinds, &complete, nomogram),
        ));
        let brier = worst_and_best(&|kinds, towards| brier(kinds, towards, of));
        // The worse Brier score is the greater one.
        figures.push((
            "brier",
            Limits {
                least: brier.greatest,
                greatest: brier.least,
                ..brier
            },
        ));
    }
    figures
        .into_iter()
        .filter(|(_, limits)| limits.least.is_finite() && limits.greatest.is_finite())
        .map(|(figure, limits)| Bound {
            figure,
            complete: Some(limits.complete).filter(|value| value.is_finite()),
            least: limits.least,
            greatest: limits.greatest,
            exact: true,
        })
        .collect()
}

struct Limits {
    complete: f64,
    least: f64,
    greatest: f64,
}

/// Which completion: the one that serves the model worst, or best.
#[derive(Clone, Copy, PartialEq)]
enum Towards {
    Worse,
    Better,
}

/// The value that serves the model worst or best: low for a patient with the outcome is worse, for another one better.
fn chosen(kind: &Kind, is_refractory: bool, towards: Towards, of: impl Fn(Pattern) -> f64) -> f64 {
    let values = Pattern::completions(&kind.states).map(of);
    if is_refractory == (towards == Towards::Worse) {
        values.fold(f64::INFINITY, f64::min)
    } else {
        values.fold(f64::NEG_INFINITY, f64::max)
    }
}

fn ranked(kinds: &[Kind], towards: Towards, of: impl Fn(Pattern) -> f64) -> Vec<Ranked> {
    let group = |kind: &Kind, is_refractory: bool| {
        let patients = if is_refractory {
            kind.refractory
        } else {
            kind.not_refractory
        } as f64;
        Ranked {
            by: chosen(kind, is_refractory, towards, &of),
            events: if is_refractory { patients } else { 0.0 },
            others: if is_refractory { 0.0 } else { patients },
        }
    };
    kinds
        .iter()
        .flat_map(|kind| [group(kind, true), group(kind, false)])
        .filter(|group| group.events + group.others > 0.0)
        .collect()
}

/// True positive, false negative, false positive, true negative of a rule that is 0 or 1.
fn table(kinds: &[Kind], towards: Towards, rule: impl Fn(Pattern) -> f64) -> [f64; 4] {
    let mut table = [0.0; 4];
    for group in ranked(kinds, towards, rule) {
        let is_positive = group.by > 0.5;
        table[usize::from(!is_positive)] += group.events;
        table[2 + usize::from(!is_positive)] += group.others;
    }
    table
}

fn sensitivity([tp, fn_, _, _]: [f64; 4]) -> f64 {
    tp / (tp + fn_)
}

fn specificity([_, _, fp, tn]: [f64; 4]) -> f64 {
    tn / (fp + tn)
}

fn ppv([tp, _, fp, _]: [f64; 4]) -> f64 {
    tp / (tp + fp)
}

fn npv([_, fn_, _, tn]: [f64; 4]) -> f64 {
    tn / (fn_ + tn)
}

fn accuracy([tp, fn_, fp, tn]: [f64; 4]) -> f64 {
    (tp + tn) / (tp + fn_ + fp + tn)
}

/// The observed number does not change; the expected one is least when every probability is.
fn observed_expected(kinds: &[Kind], complete: &[Kind], nomogram: &Nomogram) -> Limits {
    let ratio = |kinds: &[Kind], fold: fn(f64, f64) -> f64, from: f64| {
        let [refractory, _] = outcomes(kinds.iter());
        let expected: f64 = kinds
            .iter()
            .map(|kind| {
                let patients = (kind.refractory + kind.not_refractory) as f64;
                let estimates = Pattern::completions(&kind.states).map(|p| nomogram.of(p).estimate);
                patients * estimates.fold(from, fold)
            })
            .sum();
        refractory as f64 / expected
    };
    Limits {
        complete: ratio(complete, f64::max, 0.0),
        least: ratio(kinds, f64::max, 0.0),
        greatest: ratio(kinds, f64::min, 1.0),
    }
}

fn brier(kinds: &[Kind], towards: Towards, of: impl Fn(Pattern) -> f64) -> f64 {
    let (mut sum, mut patients) = (0.0, 0.0);
    for group in ranked(kinds, towards, of) {
        sum += group.events * (1.0 - group.by).powi(2) + group.others * group.by.powi(2);
        patients += group.events + group.others;
    }
    sum / patients
}

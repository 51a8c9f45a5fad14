//! Percentile intervals: the figures of the model as it is, in resamples of the analysed patients.
//!
//! A resample of the 16 patterns is 32 counts, however many patients. A resample of a column of probabilities is how often each
//! patient was drawn; the column is sorted once, and each thread has one scratch buffer.

mod column;

use super::population::{self, Given};
use super::refit::flat;
use super::result::{Calibration, Comparison, Figure, Marker, Percentile, TwoByTwo};
use crate::cohort::PatternCounts;
use crate::domain::model::Model;
use crate::domain::score::Pattern;
use crate::statistics::bootstrap::{counts_into, percentile_interval, replicate};
use crate::statistics::calibration;
use crate::statistics::proportion;
use crate::statistics::ranking::{Ranked, c_index_of_ranked, ranked};

/// Intervals by the name of what they belong to and of the figure.
#[derive(Debug, Clone, Default)]
pub struct Percentiles(Vec<(&'static str, &'static str, Percentile)>);

impl Percentiles {
    fn of(&self, whose: &str, figure: &str) -> Option<Percentile> {
        let found = self.0.iter().find(|(w, f, _)| *w == whose && *f == figure);
        found.map(|(_, _, percentile)| *percentile)
    }

    fn add(&mut self, whose: &'static str, figure: &'static str, values: &[f64]) {
        let finite = values.iter().filter(|value| value.is_finite()).count();
        if let Some([low, high]) = percentile_interval(values) {
            let replicates = finite as u32;
            self.0.push((
                whose,
                figure,
                Percentile {
                    low,
                    high,
                    replicates,
                },
            ));
        }
    }

    /// Puts the intervals where they belong.
    pub fn mark(
        &self,
        markers: &mut [Marker],
        comparisons: &mut [Comparison],
        calibration: &mut [Calibration],
    ) {
        let set = |figure: &mut Option<Figure>, whose: &str, name: &str| {
            if let Some(figure) = figure {
                figure.bootstrap = self.of(whose, name);
            }
        };
        for marker in markers {
            set(&mut marker.auc, marker.name, "auc");
            // The split of the score is the class.
            let whose = if marker.name == "score" {
                "class"
            } else {
                marker.name
            };
            if let Some(table) = &mut marker.at_cutoff {
                for (name, figure) in split_figures(table) {
                    set(figure, whose, name);
                }
            }
        }
        for pair in comparisons {
            pair.difference.bootstrap = self.of(pair.first, pair.second);
        }
        for probabilities in calibration {
            let name = probabilities.name;
            set(
                &mut probabilities.observed_expected,
                name,
                "observedExpected",
            );
            set(&mut probabilities.in_the_large, name, "inTheLarge");
            set(&mut probabilities.slope, name, "slope");
            set(&mut probabilities.brier, name, "brier");
            set(&mut probabilities.brier_scaled, name, "brierScaled");
        }
    }
}

fn split_figures(table: &mut TwoByTwo) -> [(&'static str, &mut Option<Figure>); 8] {
    [
        ("sensitivity", &mut table.sensitivity),
        ("specificity", &mut table.specificity),
        ("ppv", &mut table.ppv),
        ("npv", &mut table.npv),
        ("accuracy", &mut table.accuracy),
        ("youden", &mut table.youden),
        ("lrPositive", &mut table.lr_positive),
        ("lrNegative", &mut table.lr_negative),
    ]
}

const OF_SPLIT: [&str; 8] = [
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "accuracy",
    "youden",
    "lrPositive",
    "lrNegative",
];
const OF_PROBABILITY: [&str; 6] = [
    "auc",
    "observedExpected",
    "inTheLarge",
    "slope",
    "brier",
    "brierScaled",
];

/// What is computed in one resample of the patterns.
struct Drawn {
    class: [f64; 8],
    pet: [f64; 8],
    /// Areas of score, class and PET.
    areas: [f64; 3],
    probability: [f64; 6],
}

/// Percentile intervals of score, class, PET and the probability of the model.
pub fn of_patterns(
    counts: &PatternCounts,
    model: &Model,
    seed: u64,
    replicates: u32,
) -> Percentiles {
    let groups = flat(counts);
    let drawn = replicate(seed, replicates as usize, |_, stream| {
        let mut drawn = [0; 2 * Pattern::COUNT];
        counts_into(&groups, &mut drawn, stream);
        let (refractory, not_refractory) = drawn.split_at(Pattern::COUNT);
        let mut counts = PatternCounts::default();
        counts.refractory.copy_from_slice(refractory);
        counts.not_refractory.copy_from_slice(not_refractory);
        in_resample(&counts, model)
    });
    let mut found = Percentiles::default();
    let mut add = |whose, figure, of: &dyn Fn(&Drawn) -> f64| {
        let values: Vec<f64> = drawn.iter().map(of).collect();
        found.add(whose, figure, &values);
    };
    for (at, figure) in OF_SPLIT.into_iter().enumerate() {
        add("class", figure, &|drawn| drawn.class[at]);
        add("petAlone", figure, &|drawn| drawn.pet[at]);
    }
    for (at, whose) in ["score", "class", "petAlone"].into_iter().enumerate() {
        add(whose, "auc", &|drawn| drawn.areas[at]);
    }
    add("score", "petAlone", &|drawn| {
        drawn.areas[0] - drawn.areas[2]
    });
    add("class", "petAlone", &|drawn| {
        drawn.areas[1] - drawn.areas[2]
    });
    if model.nomogram.is_some() {
        for (at, figure) in OF_PROBABILITY.into_iter().enumerate() {
            add("modelProbability", figure, &|drawn| drawn.probability[at]);
        }
        add("modelProbability", "petAlone", &|drawn| {
            drawn.probability[0] - drawn.areas[2]
        });
        add("modelProbability", "score", &|drawn| {
            drawn.probability[0] - drawn.areas[0]
        });
    }
    found
}

fn in_resample(counts: &PatternCounts, model: &Model) -> Drawn {
    let area = |groups: Vec<Ranked>| ranked(groups).map_or(f64::NAN, |g| c_index_of_ranked(&g));
    let class = population::by_class(counts, model);
    let pet = population::by_pet(counts);
    Drawn {
        class: of_split(&class),
        pet: of_split(&pet),
        areas: [
            area(population::by_score(counts, model)),
            area(class),
            area(pet),
        ],
        probability: population::by_model(counts, model)
            .map_or([f64::NAN; 6], |groups| of_probability(&groups)),
    }
}

fn of_split(rule: &[Ranked]) -> [f64; 8] {
    let mut table = proportion::TwoByTwo::default();
    for group in rule {
        if group.by > 0.5 {
            table.true_positive += group.events;
            table.false_positive += group.others;
        } else {
            table.false_negative += group.events;
            table.true_negative += group.others;
        }
    }
    let proportion::TwoByTwo {
        true_positive: tp,
        false_positive: fp,
        false_negative: fn_,
        true_negative: tn,
    } = table;
    let (sensitivity, specificity) = (tp / (tp + fn_), tn / (fp + tn));
    [
        sensitivity,
        specificity,
        tp / (tp + fp),
        tn / (fn_ + tn),
        (tp + tn) / table.patients(),
        table.youden(),
        sensitivity / (1.0 - specificity),
        (1.0 - sensitivity) / specificity,
    ]
}

/// Figures of probabilities in ascending order.
fn of_probability(groups: &[Ranked]) -> [f64; 6] {
    let brier = calibration::brier(groups);
    [
        ranked(groups.to_vec()).map_or(f64::NAN, |groups| c_index_of_ranked(&groups)),
        calibration::observed_to_expected(groups).map_or(f64::NAN, |ratio| ratio.value),
        calibration::in_the_large(groups).map_or(f64::NAN, |intercept| intercept.value),
        calibration::recalibrate(groups).map_or(f64::NAN, |fit| fit.slope),
        brier.score,
        brier.scaled.unwrap_or(f64::NAN),
    ]
}

/// With no more different probabilities than this, resamples are counts.
const FEW: usize = 2000;
/// Percentile intervals of the probability that the input gives.
pub fn of_given(given: &Given, seed: u64, replicates: u32) -> Percentiles {
    let values = if given.groups.len() <= FEW {
        by_counts(&given.groups, seed, replicates)
    } else {
        column::Column::of(given).by_weights(seed, replicates)
    };
    let mut found = Percentiles::default();
    for (at, figure) in OF_PROBABILITY.into_iter().enumerate() {
        let of_one: Vec<f64> = values.iter().map(|drawn| drawn[at]).collect();
        found.add("givenProbability", figure, &of_one);
    }
    found
}

fn by_counts(groups: &[Ranked], seed: u64, replicates: u32) -> Vec<[f64; 6]> {
    // Whole patients.
    let cells: Vec<u64> = groups
        .iter()
        .flat_map(|group| [group.events as u64, group.others as u64])
        .collect();
    replicate(seed, replicates as usize, |_, stream| {
        let mut drawn = vec![0; cells.len()];
        counts_into(&cells, &mut drawn, stream);
        let resample: Vec<Ranked> = groups
            .iter()
            .zip(drawn.chunks_exact(2))
            .filter(|(_, drawn)| drawn[0] + drawn[1] > 0)
            .map(|(group, drawn)| Ranked {
                by: group.by,
                events: drawn[0] as f64,
                others: drawn[1] as f64,
            })
            .collect();
        of_probability(&resample)
    })
}

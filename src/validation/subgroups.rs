//! The analysed patients by one column: which column, which levels, and how the model does in each.

use super::describe::{FEWEST, SMALL_LEVELS};
use super::figures::{
    self, auc, difference_of_areas, difference_of_shares, observed_expected, ratio_of_ratios,
};
use super::gate::{Needs, Size};
use super::population;
use super::result::{Figure, Level, LevelDifference, Subgroup};
use crate::cohort::{Cohort, Outcome, PatternCounts, Values};
use crate::domain::model::Model;
use crate::domain::score::{Predictor, State};
use crate::statistics::quantile;

/// A column of numbers with no more different values is taken as it is; one with more is cut.
const MOST_NUMBERS: usize = 6;

/// Why a subgroup is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSubgroup {
    /// No such column.
    #[error("there is no column {name} for --subgroup; there are: {columns}")]
    NoColumn {
        /// As it was asked for.
        name: String,
        /// Columns that can be.
        columns: String,
    },
    /// Cuts of a column that holds no numbers.
    #[error("{name} cannot be cut at a number: its values are categories. Name it without a cut")]
    NotNumbers {
        /// Column.
        name: String,
    },
    /// A cut that is no number.
    #[error("{text} is no list of numbers to cut {name} at; write {name}:45 or {name}:45,65")]
    NotACut {
        /// Column.
        name: String,
        /// What stands there.
        text: String,
    },
}

/// Levels, and the level of each patient.
struct Levels {
    names: Vec<String>,
    of: Vec<Option<u16>>,
    cut: Option<String>,
}

/// The analysed patients by a column: `name`, or `name:cut,cut` for numbers.
///
/// # Errors
/// [`NoSubgroup`] when the column is not there or cannot be cut so.
pub fn subgroup(
    cohort: &Cohort,
    model: &Model,
    asked: &str,
    all_figures: bool,
) -> Result<Subgroup, NoSubgroup> {
    let (name, levels) = levels(cohort, asked)?;
    let mut counted = vec![PatternCounts::default(); levels.names.len()];
    let mut missing = 0;
    let patients = cohort.states.iter().zip(&cohort.outcomes).zip(&levels.of);
    for ((states, outcome), level) in patients {
        let Some(pattern) = population::pattern(states) else {
            continue;
        };
        if *outcome == Outcome::Undetermined {
            continue;
        }
        let Some(counts) = level.and_then(|level| counted.get_mut(usize::from(level))) else {
            missing += 1;
            continue;
        };
        match outcome {
            Outcome::Refractory => counts.refractory[pattern.index()] += 1,
            _ => counts.not_refractory[pattern.index()] += 1,
        }
    }
    let levels_found: Vec<Level> = merged(levels.names, counted)
        .into_iter()
        .map(|(level, counts)| describe(level, &counts, model, all_figures))
        .collect();
    Ok(Subgroup {
        differences: differences(&levels_found),
        variable: name,
        cut: levels.cut,
        missing,
        levels: levels_found,
    })
}

/// Levels with too few patients to be named become one; levels without any analysed patient are none.
fn merged(names: Vec<String>, counts: Vec<PatternCounts>) -> Vec<(String, PatternCounts)> {
    let mut kept = Vec::new();
    let mut small = PatternCounts::default();
    for (name, counts) in names.into_iter().zip(counts) {
        if counts.patients() >= FEWEST {
            kept.push((name, counts));
        } else {
            for at in 0..counts.refractory.len() {
                small.refractory[at] += counts.refractory[at];
                small.not_refractory[at] += counts.not_refractory[at];
            }
        }
    }
    if small.patients() > 0 {
        kept.push((SMALL_LEVELS.to_owned(), small));
    }
    kept
}

fn describe(level: String, counts: &PatternCounts, model: &Model, all_figures: bool) -> Level {
    let size = Size::of(counts.refractory(), counts.not_refractory(), all_figures);
    let shows = size.shows(Needs::Fifty);
    let class = figures::table_of(&population::by_class(counts, model));
    Level {
        level,
        patients: counts.patients(),
        refractory: counts.refractory(),
        sensitivity: class.sensitivity,
        specificity: class.specificity,
        auc: shows
            .then(|| auc(&population::by_score(counts, model)))
            .flatten(),
        observed_expected: shows
            .then(|| observed_expected(&population::by_model(counts, model)?))
            .flatten(),
        below_gate: !size.reaches(Needs::Fifty),
    }
}

/// Each level against the one with most patients; of several, the first.
fn differences(levels: &[Level]) -> Vec<LevelDifference> {
    let mut reference = 0;
    for (at, level) in levels.iter().enumerate() {
        if level.patients > levels[reference].patients {
            reference = at;
        }
    }
    type Of = fn(&Level) -> &Option<Figure>;
    type Between = fn(&Figure, &Figure) -> Option<Figure>;
    let figures: [(&'static str, Of, Between); 4] = [
        (
            "sensitivity",
            |level| &level.sensitivity,
            difference_of_shares,
        ),
        (
            "specificity",
            |level| &level.specificity,
            difference_of_shares,
        ),
        ("auc", |level| &level.auc, difference_of_areas),
        (
            "observedExpected",
            |level| &level.observed_expected,
            ratio_of_ratios,
        ),
    ];
    let mut found = Vec::new();
    for (what, of, between) in figures {
        for (at, level) in levels.iter().enumerate() {
            let (Some(first), Some(second)) = (of(level), of(&levels[reference])) else {
                continue;
            };
            if at == reference {
                continue;
            }
            found.extend(between(first, second).map(|difference| LevelDifference {
                what,
                level: level.level.clone(),
                reference: levels[reference].level.clone(),
                difference,
            }));
        }
    }
    found
}

fn levels(cohort: &Cohort, asked: &str) -> Result<(String, Levels), NoSubgroup> {
    // A name may hold a colon: the whole text first.
    if let Some(levels) = whole(cohort, asked) {
        return Ok((asked.to_owned(), levels));
    }
    let (name, cuts) = match asked.rsplit_once(':') {
        Some((name, cuts)) if cohort.variable(name).is_some() => (name, cuts),
        _ => {
            return Err(NoSubgroup::NoColumn {
                name: asked.split(':').next().unwrap_or(asked).to_owned(),
                columns: columns(cohort),
            });
        }
    };
    let Some(Values::Numbers(values)) = cohort.variable(name).map(|variable| &variable.values)
    else {
        return Err(NoSubgroup::NotNumbers {
            name: name.to_owned(),
        });
    };
    let parsed: Option<Vec<f64>> = cuts
        .split(',')
        .map(|cut| cut.trim().parse().ok().filter(|cut: &f64| cut.is_finite()))
        .collect();
    let Some(mut parsed) = parsed else {
        return Err(NoSubgroup::NotACut {
            name: name.to_owned(),
            text: cuts.to_owned(),
        });
    };
    parsed.sort_by(f64::total_cmp);
    parsed.dedup();
    Ok((name.to_owned(), cut(values, &parsed, "as asked")))
}

fn columns(cohort: &Cohort) -> String {
    let mut names: Vec<&str> = Predictor::ALL.into_iter().map(Predictor::name).collect();
    if cohort.time_zero.is_some() {
        names.push("timeZero");
    }
    names.extend(
        cohort
            .variables
            .iter()
            .map(|variable| variable.name.as_str()),
    );
    names.join(", ")
}

/// A column taken as it is, or cut at its median where it must be cut.
fn whole(cohort: &Cohort, name: &str) -> Option<Levels> {
    if let Some(predictor) = Predictor::ALL.into_iter().find(|p| p.name() == name) {
        let level = |state: &State| match state {
            State::Present => Some(0),
            State::Absent => Some(1),
            State::Unknown | State::Conflicting => None,
        };
        let states = cohort.states.iter();
        return Some(Levels {
            names: vec!["present".to_owned(), "absent".to_owned()],
            of: states
                .map(|states| level(&states[predictor as usize]))
                .collect(),
            cut: None,
        });
    }
    if let ("timeZero", Some(days)) = (name, &cohort.time_zero) {
        let years = days.iter().flatten().map(|day| day.year());
        let first = years.clone().min().unwrap_or(0);
        let last = years.max().unwrap_or(first);
        let place = |year: i16| u16::try_from(year - first).ok();
        return Some(Levels {
            names: (first..=last).map(|year| year.to_string()).collect(),
            of: days
                .iter()
                .map(|day| day.and_then(|day| place(day.year())))
                .collect(),
            cut: Some("by calendar year".to_owned()),
        });
    }
    match &cohort.variable(name)?.values {
        Values::Categories { levels, of } => Some(Levels {
            names: levels.clone(),
            of: of.clone(),
            cut: None,
        }),
        Values::Numbers(values) => Some(of_numbers(values)),
    }
}

fn of_numbers(values: &[Option<f64>]) -> Levels {
    let mut known: Vec<f64> = values.iter().flatten().copied().collect();
    known.sort_by(f64::total_cmp);
    let mut different = known.clone();
    different.dedup();
    if different.len() > MOST_NUMBERS {
        return cut(
            values,
            &[three_digits(quantile(&known, 0.5))],
            "at the median of these patients, three significant digits",
        );
    }
    let place = |value: f64| different.iter().position(|other| *other == value);
    Levels {
        names: different.iter().map(f64::to_string).collect(),
        of: values
            .iter()
            .map(|value| value.and_then(place).and_then(|at| u16::try_from(at).ok()))
            .collect(),
        cut: None,
    }
}

/// A cut that is no patient's own value to the last digit.
fn three_digits(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

fn cut(values: &[Option<f64>], cuts: &[f64], how: &str) -> Levels {
    let mut names = vec![format!("below {}", cuts[0])];
    for pair in cuts.windows(2) {
        names.push(format!("{} to below {}", pair[0], pair[1]));
    }
    names.push(format!("at least {}", cuts[cuts.len() - 1]));
    let place = |value: f64| u16::try_from(cuts.iter().filter(|cut| value >= **cut).count()).ok();
    Levels {
        names,
        of: values.iter().map(|value| value.and_then(place)).collect(),
        cut: Some(how.to_owned()),
    }
}

//! Shares by month with control limits.

use super::limits::within;
use super::trail::Answer;
use super::{Chart, Period, Point};
use crate::cohort::Counts;
use crate::domain::model::Model;
use crate::domain::score::{Classification, Predictor, State, States, classify, score};
use crate::model::published::Published;

/// With what the months are compared.
#[derive(Debug, Clone)]
pub enum Against<'a> {
    /// Each month with all others.
    OtherMonths,
    /// What the source study publishes.
    Derivation(&'a Published),
    /// Months of the trail itself.
    Period(Period),
    /// A cohort that was read.
    Cohort(&'a Counts),
}

impl Against<'_> {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::OtherMonths => "other-months",
            Self::Derivation(_) => "derivation",
            Self::Period(_) => "period",
            Self::Cohort(_) => "cohort",
        }
    }
}

/// A share that is followed.
pub(super) struct Share {
    pub id: String,
    pub title: String,
    /// With it, and all, by month.
    pub by_month: Vec<(u64, u64)>,
    /// The same of a reference outside the trail, where that tells it.
    pub outside: Option<(u64, u64)>,
}

/// Whether a patient has it; none where the share says nothing of a patient.
type Has<'a> = dyn Fn(&Answer) -> Option<bool> + 'a;

/// A share that is not yet counted.
struct Wanted<'a> {
    id: String,
    title: String,
    of: Box<Has<'a>>,
    /// As in [`Share`].
    outside: Option<(u64, u64)>,
}

/// The shares of the trail itself.
pub(super) fn shares(
    months: &[(String, Vec<&Answer>)],
    model: &Model,
    against: &Against<'_>,
) -> Vec<Share> {
    let mut wanted = Vec::new();
    wanted.push(Wanted {
        id: "applicable".into(),
        title: "The model applies".into(),
        of: Box::new(|answer| Some(answer.applicable)),
        outside: None,
    });
    for predictor in Predictor::ALL {
        let at = predictor as usize;
        wanted.push(Wanted {
            id: format!("{}-unknown", predictor.name()),
            title: format!("{}: unknown or conflicting", predictor.name()),
            of: Box::new(move |answer| answer.states.map(|states| states[at].is_open())),
            outside: outside(against, |states| Some(states[at].is_open())),
        });
        wanted.push(Wanted {
            id: format!("{}-present", predictor.name()),
            title: format!("{}: present, of those known", predictor.name()),
            of: Box::new(move |answer| {
                let state = answer.states?[at];
                (!state.is_open()).then_some(state == State::Present)
            }),
            outside: match against {
                Against::Derivation(published) => derivation(published, predictor),
                _ => outside(against, |states| {
                    (!states[at].is_open()).then_some(states[at] == State::Present)
                }),
            },
        });
    }
    for (class, name, title) in [
        (
            Classification::AtOrAboveCutoff,
            "at-or-above-cutoff",
            "Class: at or above the cut-off",
        ),
        (
            Classification::Indeterminate,
            "indeterminate",
            "Class: indeterminate",
        ),
    ] {
        let study = &model.study;
        wanted.push(Wanted {
            id: name.into(),
            title: title.into(),
            of: Box::new(move |answer| answer.class.as_ref().map(|class| class == name)),
            outside: match (against, class) {
                // Of a study without unknowns only the known class can be compared.
                (Against::Derivation(_), Classification::AtOrAboveCutoff) => Some((
                    u64::from(study.at_or_above.patients),
                    u64::from(study.patients),
                )),
                (Against::Derivation(_), _) => None,
                _ => outside(against, |states| {
                    Some(classify(model, score(model, states)) == class)
                }),
            },
        });
    }
    wanted.push(Wanted {
        id: "caveat".into(),
        title: "At least one caveat".into(),
        of: Box::new(|answer| answer.applicable.then_some(!answer.caveats.is_empty())),
        outside: None,
    });
    wanted.push(Wanted {
        id: "shown".into(),
        title: "Card shown, of those to whom the model applies".into(),
        of: Box::new(|answer| answer.applicable.then(|| answer.display == "shown")),
        outside: None,
    });
    let share = |wanted: Wanted<'_>| Share {
        by_month: months
            .iter()
            .map(|(_, answers)| {
                let told = answers.iter().filter_map(|answer| (wanted.of)(answer));
                told.fold((0, 0), |(with, all), has| (with + u64::from(has), all + 1))
            })
            .collect(),
        id: wanted.id,
        title: wanted.title,
        outside: wanted.outside,
    };
    wanted.into_iter().map(share).collect()
}

/// A share of a cohort that was read.
fn outside(against: &Against<'_>, of: impl Fn(&States) -> Option<bool>) -> Option<(u64, u64)> {
    let Against::Cohort(counts) = against else {
        return None;
    };
    let mut sum = (0, 0);
    for (states, patients) in counts.iter() {
        if let Some(has) = of(&states) {
            let patients: u64 = patients.iter().sum();
            sum.0 += if has { patients } else { 0 };
            sum.1 += patients;
        }
    }
    Some(sum)
}

/// How many of the study's patients had a predictor.
fn derivation(published: &Published, predictor: Predictor) -> Option<(u64, u64)> {
    let figure = |id: &str| {
        let found = published.figures.iter().find(|figure| figure.id == id)?;
        Some(found.published as u64)
    };
    let short = match predictor {
        Predictor::AgeAtDiagnosis => "age",
        Predictor::Recurrence => "recurrence",
        Predictor::MultiSiteMetastasis => "multi-site",
        Predictor::FdgUptake => "fdg",
    };
    let with =
        figure(&format!("{short}-refractory"))? + figure(&format!("{short}-not-refractory"))?;
    let all = figure("patients-refractory")? + figure("patients-not-refractory")?;
    Some((with, all))
}

/// What is needed to judge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needed {
    pub count: u64,
    pub reference: u64,
}

/// Puts limits on a share. Months whose name is in a reference period are not judged.
pub(super) fn chart(
    share: Share,
    months: &[String],
    against: &Against<'_>,
    needed: Needed,
) -> Chart {
    let in_reference = |month: &str| match against {
        Against::Period(period) => (period.from.as_str()..=period.to.as_str()).contains(&month),
        _ => false,
    };
    let sum = |of: &dyn Fn(usize) -> bool| {
        let months = share.by_month.iter().enumerate();
        months
            .filter(|(place, _)| of(*place))
            .fold((0, 0), |sum, (_, (with, all))| (sum.0 + with, sum.1 + all))
    };
    // One reference for all months, or each month's own.
    let fixed = match against {
        Against::Period(_) => Some(sum(&|place| in_reference(&months[place]))),
        _ => share.outside,
    };
    let mut judged = false;
    let mut points = Vec::with_capacity(months.len());
    for (place, month) in months.iter().enumerate() {
        let (count, patients) = share.by_month[place];
        let (of_reference, reference) = fixed.unwrap_or_else(|| sum(&|other| other != place));
        let limits =
            (!in_reference(month) && patients >= needed.count && reference >= needed.reference)
                .then(|| within(patients, of_reference, reference));
        judged |= limits.is_some();
        let part = |count: u64| count as f64 / patients as f64;
        points.push(Point {
            month: month.clone(),
            count,
            patients,
            share: (patients > 0).then(|| part(count)),
            low: limits.map(|(low, _)| part(low)),
            high: limits.map(|(_, high)| part(high)),
            state: match limits {
                _ if in_reference(month) => "reference",
                None => "too-few",
                Some((low, _)) if count < low => "below",
                Some((_, high)) if count > high => "above",
                Some(_) => "within",
            },
        });
    }
    let not_judged = (!judged).then(|| {
        let most = share.by_month.iter().map(|(_, all)| *all).max().unwrap_or(0);
        match fixed {
            Some((_, reference)) if reference < needed.reference => format!(
                "the reference has {reference} patients, {} are needed",
                needed.reference
            ),
            _ if most < needed.count => format!(
                "no month has {} patients; the largest has {most}",
                needed.count
            ),
            _ => format!(
                "the months have too few patients to be compared with each other: {} are needed beside a month",
                needed.reference
            ),
        }
    });
    Chart {
        centre: fixed
            .filter(|(_, all)| *all > 0)
            .map(|(with, all)| with as f64 / all as f64),
        reference: if fixed.is_some() {
            against.name()
        } else {
            Against::OtherMonths.name()
        },
        reference_patients: fixed.map(|(_, all)| all),
        id: share.id,
        title: share.title,
        points,
        not_judged,
    }
}

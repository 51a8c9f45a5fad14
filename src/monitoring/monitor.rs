//! The whole look: months, charts, feedback, outcomes, and what it comes to.

use super::charts::{Against, Needed, Share, chart, shares};
use super::limits::TAIL;
use super::months::{counted, month};
use super::outcomes::{Outcomes, Rules, UnusableOutcomes, calibration};
use super::trail::{Answer, Card, Trail};
use super::{
    Calibration, Chart, FeedbackSummary, Monitoring, MonitoringSettings, Reference, TrailSummary,
    Verdict,
};
use crate::domain::model::Model;
use crate::store::CardFeedback;
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};

/// Share of the patients that a note speaks of when it is lost.
const MANY: f64 = 0.05;

/// What is asked for.
#[derive(Debug)]
pub struct Options<'a> {
    /// With what the months are compared.
    pub against: Against<'a>,
    /// Fewest patients of a month that are judged.
    pub minimum_count: u64,
    /// Fewest patients of a reference.
    pub minimum_reference: u64,
    /// Months that must have passed after an assessment before its outcome counts.
    pub horizon_months: Option<u32>,
    /// The day of the look.
    pub today: Date,
}

/// Looks at a trail.
///
/// # Errors
/// [`UnusableOutcomes`] when a patient has two outcomes.
pub fn monitor(
    trail: &Trail,
    model: &Model,
    feedback: Option<&[CardFeedback]>,
    outcomes: Option<&Outcomes>,
    options: &Options<'_>,
) -> Result<Monitoring, UnusableOutcomes> {
    let mut by_month: BTreeMap<String, Vec<&Answer>> = BTreeMap::new();
    for ((name, _), answer) in &trail.answers {
        by_month.entry(name.clone()).or_default().push(answer);
    }
    let by_month: Vec<(String, Vec<&Answer>)> = by_month.into_iter().collect();
    let names: Vec<String> = by_month.iter().map(|(name, _)| name.clone()).collect();
    let needed = Needed {
        count: options.minimum_count,
        reference: options.minimum_reference,
    };
    let mut followed = shares(&by_month, model, &options.against);
    let feedback = feedback.map(|items| {
        let (summary, shares) = became(trail, items, &names);
        followed.extend(shares);
        summary
    });
    let charts: Vec<Chart> = followed
        .into_iter()
        .map(|share| chart(share, &names, &options.against, needed))
        .collect();
    let rules = Rules {
        today: options.today,
        horizon_months: options.horizon_months,
        minimum_count: options.minimum_count,
    };
    let calibration = match (outcomes, &model.nomogram) {
        (Some(outcomes), Some(nomogram)) => Some(calibration(trail, outcomes, nomogram, rules)?),
        _ => None,
    };
    let signals = signals(&charts, calibration.as_ref());
    let insufficient = insufficient(&charts, calibration.as_ref(), outcomes, model);
    let verdict = if !signals.is_empty() {
        Verdict::Signal
    } else if insufficient.is_empty() {
        Verdict::InControl
    } else {
        Verdict::Insufficient
    };
    let tests = tests(&charts, calibration.as_ref());
    let summary = trail.told();
    Ok(Monitoring {
        software: format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
        model: [
            model.id.clone(),
            model.version.clone(),
            model.sha256.clone(),
        ],
        verdict,
        signals,
        insufficient,
        settings: MonitoringSettings {
            minimum_count: options.minimum_count,
            minimum_reference: options.minimum_reference,
            horizon_months: options.horizon_months,
            tail: TAIL,
            tests,
            expected_false_signals: tests as f64 * 2.0 * TAIL,
        },
        reference: reference(&options.against, &charts, model),
        months: by_month
            .iter()
            .map(|(name, answers)| month(name, answers))
            .collect(),
        warnings: warnings(&summary, model, calibration.as_ref(), options),
        notes: notes(calibration.is_some()),
        trail: summary,
        charts,
        feedback,
        calibration,
    })
}

/// What became of the cards that were shown, and the two shares of it by month.
fn became(
    trail: &Trail,
    items: &[CardFeedback],
    months: &[String],
) -> (FeedbackSummary, Vec<Share>) {
    let mut cards: HashMap<&Card, (bool, bool)> = HashMap::new();
    let mut others = 0;
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    for item in items {
        let card = Card {
            client: item.tenant.client.clone(),
            tenant: item.tenant.tenant.clone().unwrap_or_default(),
            card: item.card.to_string(),
        };
        let Some((card, _)) = trail.shown.get_key_value(&card) else {
            others += 1;
            continue;
        };
        let (accepted, overridden) = cards.entry(card).or_default();
        *accepted |= item.accepted;
        *overridden |= !item.accepted;
        if !item.accepted {
            let code = match &item.reason {
                Some(reason) => printable(&format!("{}|{}", reason.system, reason.code)),
                None => "no reason given".to_owned(),
            };
            *reasons.entry(code).or_default() += 1;
        }
    }
    let count =
        |of: &dyn Fn(&(bool, bool)) -> bool| cards.values().filter(|b| of(b)).count() as u64;
    let summary = FeedbackSummary {
        shown: trail.shown.len() as u64,
        accepted: count(&|became| became.0),
        overridden: count(&|became| became.1),
        reasons: counted(reasons),
        of_other_cards: others,
    };
    let by_month = |of: &dyn Fn(&(bool, bool)) -> bool| {
        let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for (card, month) in &trail.shown {
            let sum = sums.entry(month).or_default();
            sum.0 += u64::from(cards.get(card).is_some_and(of));
            sum.1 += 1;
        }
        let of_month = |month: &String| sums.get(month.as_str()).copied().unwrap_or_default();
        months.iter().map(of_month).collect::<Vec<_>>()
    };
    let shares = vec![
        Share {
            id: "accepted".into(),
            title: "A suggestion taken, of the cards shown".into(),
            by_month: by_month(&|became| became.0),
            outside: None,
        },
        Share {
            id: "overridden".into(),
            title: "Overridden, of the cards shown".into(),
            by_month: by_month(&|became| became.1),
            outside: None,
        },
    ];
    (summary, shares)
}

/// Codes come from clients: no control character of theirs reaches a terminal.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "?")
}

fn signals(charts: &[Chart], calibration: Option<&Calibration>) -> Vec<String> {
    let per_cent = |share: Option<f64>| 100.0 * share.unwrap_or(f64::NAN);
    let mut signals = Vec::new();
    for chart in charts {
        for point in &chart.points {
            if point.state == "above" || point.state == "below" {
                signals.push(format!(
                    "{}, {}: {} of {} ({:.1} %), {} the limits {:.1} to {:.1} %",
                    chart.title,
                    point.month,
                    point.count,
                    point.patients,
                    per_cent(point.share),
                    point.state,
                    per_cent(point.low),
                    per_cent(point.high)
                ));
            }
        }
    }
    let rows = calibration
        .iter()
        .flat_map(|c| c.months.iter().chain([&c.total]));
    for row in rows.filter(|row| row.state == "above" || row.state == "below") {
        signals.push(format!(
            "Calibration, {}: {} refractory of {}, {:.1} expected, {} the limits {} to {}",
            row.month,
            row.observed,
            row.patients,
            row.expected,
            row.state,
            row.low.unwrap_or(0),
            row.high.unwrap_or(0)
        ));
    }
    signals
}

fn insufficient(
    charts: &[Chart],
    calibration: Option<&Calibration>,
    outcomes: Option<&Outcomes>,
    model: &Model,
) -> Vec<String> {
    let of_charts = charts.iter().filter_map(|chart| {
        let why = chart.not_judged.as_ref()?;
        Some(format!("{}: {why}", chart.title))
    });
    let mut all: Vec<String> = of_charts.collect();
    if let Some(why) = calibration.and_then(|c| c.not_judged.as_ref()) {
        all.push(format!("Calibration: {why}"));
    }
    if outcomes.is_some() && model.nomogram.is_none() {
        all.push(
            "Calibration: the model in use has no nomogram, so it promises no probability".into(),
        );
    }
    all
}

/// Points that were judged.
fn tests(charts: &[Chart], calibration: Option<&Calibration>) -> u64 {
    let points = charts.iter().flat_map(|chart| &chart.points);
    let rows = calibration
        .iter()
        .flat_map(|c| c.months.iter().chain([&c.total]));
    (points.filter(|point| point.low.is_some()).count()
        + rows.filter(|row| row.low.is_some()).count()) as u64
}

fn reference(against: &Against<'_>, charts: &[Chart], model: &Model) -> Reference {
    let (text, period, patients) = match against {
        Against::OtherMonths => ("each month against all other months".to_owned(), None, None),
        Against::Derivation(_) => (
            format!(
                "the {} patients of the study that the model comes from, where it tells a share; else each month against all other months",
                model.study.patients
            ),
            None,
            Some(u64::from(model.study.patients)),
        ),
        Against::Period(period) => (
            format!("the months {} to {} of the trail", period.from, period.to),
            Some(period.clone()),
            charts.first().and_then(|chart| chart.reference_patients),
        ),
        Against::Cohort(counts) => {
            let patients = counts.iter().map(|(_, n)| n.iter().sum::<u64>()).sum();
            (
                "a cohort, where it tells a share; else each month against all other months"
                    .to_owned(),
                None,
                Some(patients),
            )
        }
    };
    Reference {
        kind: against.name().into(),
        text,
        period,
        patients,
    }
}

fn warnings(
    summary: &TrailSummary,
    model: &Model,
    calibration: Option<&Calibration>,
    options: &Options<'_>,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if !summary.verified {
        warnings.push(
            "The chain of the trail was not checked: lines may have been edited, removed or added."
                .into(),
        );
    }
    if summary.not_recorded > 0 {
        warnings.push(format!(
            "{} entries are missing from the trail, as it says itself.",
            summary.not_recorded
        ));
    }
    if summary.unreadable > 0 {
        warnings.push(format!(
            "{} lines or entries could not be read and are left out.",
            summary.unreadable
        ));
    }
    if summary.without_pseudonym > 0 {
        warnings.push(format!(
            "{} entries hold no pseudonym (the client has no pseudonym_key): each counts as a patient of its own, so patients who were assessed often count often.",
            summary.without_pseudonym
        ));
    }
    let others: u64 = summary
        .models
        .iter()
        .filter(|counted| counted.name != model.sha256)
        .map(|counted| counted.count)
        .sum();
    if others > 0 {
        warnings.push(format!(
            "{others} entries were answered by another model than the one in use ({} different models in all). Expected outcomes are those of the model in use on the states as they were found.",
            summary.models.len()
        ));
    }
    if summary.settings.len() > 1 {
        warnings.push(format!(
            "The settings changed {} times or more in this time: a share can move because of that.",
            summary.settings.len() - 1
        ));
    }
    if let Some(calibration) = calibration {
        let told = &calibration.outcomes;
        let of = |part: u64, all: u64| part as f64 > MANY * all as f64;
        if options.horizon_months.is_none() {
            warnings.push("Outcomes count however young they are (no --horizon-months): refractory disease is noticed before its absence can be, so recent months look worse than they are.".into());
        }
        if of(told.without_outcome, told.without_outcome + told.counted) {
            warnings.push(format!(
                "{} patients to whom the model applied have no outcome: those who have one may be others.",
                told.without_outcome
            ));
        }
        if of(told.incomplete, told.incomplete + told.counted) {
            warnings.push(format!(
                "{} patients with an outcome had an open predictor, hence no single probability, and are left out.",
                told.incomplete
            ));
        }
        if told.unmatched > 0 {
            warnings.push(format!(
                "{} rows of the outcomes fit no assessment of this time to whom the model applied.",
                told.unmatched
            ));
        }
    }
    warnings
}

fn notes(has_calibration: bool) -> Vec<String> {
    let mut notes: Vec<String> = vec![
        "Months are calendar months in UTC, by the instant of the entry. A patient counts once a month, with the last entry. Months that are not over count as they are.".into(),
        "Limits are exact: Fisher's test of a month against its reference, 0.135 % on each side, which is three standard deviations of a normal distribution; with small numbers less. A small reference widens them.".into(),
        "Every month of every chart is a test of its own and no correction is made for their number: settings tell how many false signals are to be expected. A single signal is a reason to look, not a finding.".into(),
    ];
    notes.push(if has_calibration {
        "Observed against expected: the limits are those of a sum of unequal coins with the probabilities of the model in use, 0.135 % on each side. A patient counts once, with the last assessment to whom the model applied.".into()
    } else {
        "Without outcomes nothing is said about calibration.".into()
    });
    notes
}

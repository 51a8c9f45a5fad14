//! Points from odds ratios, the score, its cut-off, and how well all of it tells the classes apart (Tables 3 and 4 of the paper).

use super::candidate::{Candidate, Criterion, Study};
use super::cutoff::{Cutting, curve, interval};
use super::selection::{Design, Fitted, points};
use super::univariable::summary;
use super::{Curve, Interval, Item, Performance, Score, ScoreCount};
use crate::statistics::hypothesis::Class;
use crate::statistics::proportion::{Proportion, TwoByTwo};
use crate::statistics::ranking::{Ranked, ranked};
use crate::statistics::roc::{auc_of_ranked, best, coordinates};

/// A criterion with its points, ready to be asked of any patient.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub candidate: usize,
    pub criterion: Criterion,
    pub odds_ratio: f64,
    pub points: u64,
}

/// The criteria of the selected variables, worded so that each raises the odds: a number is cut where [`Cutting`] says, of
/// categories the one with the lowest odds has no points.
pub(super) fn rules(
    design: &Design,
    selected: &Fitted,
    odds_ratios: &Fitted,
    cuttings: &[Option<Cutting>],
    numbers_cut: bool,
) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut push = |candidate: usize, criterion, log_odds_ratio: f64| {
        let odds_ratio = log_odds_ratio.exp();
        rules.push(Rule {
            candidate,
            criterion,
            odds_ratio,
            points: points(odds_ratio),
        });
    };
    for term in &selected.terms {
        let candidate = design.terms[*term].candidate;
        let Some((coefficients, term)) = odds_ratios
            .coefficients(design, candidate)
            .or_else(|| selected.coefficients(design, candidate))
        else {
            continue;
        };
        match (&design.terms[term].levels, &cuttings[candidate]) {
            (_, Some(cutting)) => {
                // Of a number as measured the coefficient is that of a unit more; of a cut one that of the criterion.
                let falls = matches!(cutting.criterion, Criterion::AtOrBelow(_));
                let sign = if falls && !numbers_cut { -1.0 } else { 1.0 };
                push(candidate, cutting.criterion, sign * coefficients[0]);
            }
            (Some((reference, levels)), None) => {
                let all = levels.iter().copied().zip(coefficients.iter().copied());
                let all: Vec<(u16, f64)> = [(*reference, 0.0)].into_iter().chain(all).collect();
                let lowest = all.iter().map(|(_, b)| *b).fold(f64::INFINITY, f64::min);
                for (level, coefficient) in all {
                    if coefficient > lowest {
                        push(candidate, Criterion::Level(level), coefficient - lowest);
                    }
                }
            }
            (None, None) => {}
        }
    }
    rules
}

/// The score of a patient; none where a criterion is not known.
pub(super) fn score_of(study: &Study, rules: &[Rule], patient: usize) -> Option<u64> {
    let mut sum = 0_u64;
    for rule in rules {
        if study.candidates[rule.candidate].meets(patient, rule.criterion)? {
            sum = sum.saturating_add(rule.points);
        }
    }
    Some(sum)
}

/// How many patients have each score.
pub(super) fn distribution(study: &Study, rules: &[Rule]) -> Vec<ScoreCount> {
    let mut counts = std::collections::BTreeMap::<u64, [u64; 2]>::new();
    for (patient, event) in study.is_event.iter().enumerate() {
        if let Some(score) = score_of(study, rules, patient) {
            counts.entry(score).or_default()[usize::from(!event)] += 1;
        }
    }
    counts
        .into_iter()
        .map(|(score, [events, others])| ScoreCount {
            score,
            events,
            others,
        })
        .collect()
}

pub(super) fn groups(distribution: &[ScoreCount]) -> Vec<Ranked> {
    let group = |count: &ScoreCount| Ranked {
        by: count.score as f64,
        events: count.events as f64,
        others: count.others as f64,
    };
    distribution.iter().map(group).collect()
}

/// The two-by-two table at a cut-off of the score.
pub(super) fn table_at(distribution: &[ScoreCount], cut_off: u64) -> TwoByTwo {
    let mut table = TwoByTwo::default();
    for count in distribution {
        let (events, others) = (count.events as f64, count.others as f64);
        if count.score >= cut_off {
            table.true_positive += events;
            table.false_positive += others;
        } else {
            table.false_negative += events;
            table.true_negative += others;
        }
    }
    table
}

/// The scores that cut best, ascending. The cut-off is the lowest whole number that parts the two scores around it in the same way
/// as the ROC curve does: the middle, rounded up, as the paper's 10 lies between 8 and 11.
pub(super) fn cut_offs(distribution: &[ScoreCount]) -> Vec<u64> {
    let Ok(cuts) = coordinates(&groups(distribution)) else {
        return Vec::new();
    };
    let finite = best(&cuts)
        .into_iter()
        .filter(|cut| cut.threshold.is_finite());
    finite.map(|cut| cut.threshold.ceil() as u64).collect()
}

/// The score as it is reported; none where the patients who have one are of one class or have one score.
pub(super) fn score(study: &Study, rules: &[Rule], points_from: &'static str) -> Option<Score> {
    let distribution = distribution(study, rules);
    let groups = ranked(groups(&distribution)).ok()?;
    let cut_offs = cut_offs(&distribution);
    let (cut_off, equally_good) = cut_offs.split_first()?;
    let class = |is_event: bool| {
        let patients = distribution.iter().flat_map(|count| {
            let times = if is_event { count.events } else { count.others };
            std::iter::repeat_n(count.score as f64, times as usize)
        });
        summary(&Class::of(&patients.collect::<Vec<_>>()))
    };
    let item = |rule: &Rule| {
        let candidate = &study.candidates[rule.candidate];
        Item {
            variable: candidate.name.clone(),
            criterion: candidate.describe(rule.criterion),
            odds_ratio: rule.odds_ratio,
            points: rule.points,
        }
    };
    // Only one category of a variable can be met.
    let mut most = std::collections::BTreeMap::<usize, u64>::new();
    for rule in rules {
        let most = most.entry(rule.candidate).or_default();
        *most = rule.points.max(*most);
    }
    Some(Score {
        points_from,
        items: rules.iter().map(item).collect(),
        total: most.values().fold(0, |sum, most| sum.saturating_add(*most)),
        cut_off: *cut_off,
        equally_good: equally_good.to_vec(),
        auc: interval(&auc_of_ranked(&groups)),
        events: class(true),
        others: class(false),
        distribution,
    })
}

/// Each criterion alone, then the score (Table 4), with their curves.
pub(super) fn performance(
    study: &Study,
    rules: &[Rule],
    score: &Score,
) -> (Vec<Performance>, Vec<Curve>) {
    let (mut rows, mut curves) = (Vec::new(), Vec::new());
    for rule in rules {
        let candidate: &Candidate = &study.candidates[rule.candidate];
        let mut table = TwoByTwo::default();
        for (patient, event) in study.is_event.iter().enumerate() {
            let cell = match (candidate.meets(patient, rule.criterion), event) {
                (Some(true), true) => &mut table.true_positive,
                (Some(true), false) => &mut table.false_positive,
                (Some(false), true) => &mut table.false_negative,
                (Some(false), false) => &mut table.true_negative,
                (None, _) => continue,
            };
            *cell += 1.0;
        }
        let groups = [
            Ranked {
                by: 0.0,
                events: table.false_negative,
                others: table.true_negative,
            },
            Ranked {
                by: 1.0,
                events: table.true_positive,
                others: table.false_positive,
            },
        ];
        let name = candidate.describe(rule.criterion);
        curves.extend(curve(&name, "criterion", &groups));
        rows.extend(row(name, &table, &groups));
    }
    let groups = groups(&score.distribution);
    curves.extend(curve("score", "score", &groups));
    let table = table_at(&score.distribution, score.cut_off);
    rows.extend(row(format!("score >= {}", score.cut_off), &table, &groups));
    (rows, curves)
}

fn row(test: String, table: &TwoByTwo, groups: &[Ranked]) -> Option<Performance> {
    let measures = table.measures();
    let groups = ranked(groups.to_vec()).ok()?;
    let within = |proportion: Proportion| Interval {
        value: proportion.value,
        low: Some(proportion.low),
        high: Some(proportion.high),
    };
    Some(Performance {
        test,
        true_positive: table.true_positive as u64,
        false_positive: table.false_positive as u64,
        false_negative: table.false_negative as u64,
        true_negative: table.true_negative as u64,
        sensitivity: measures.sensitivity.map(within)?,
        specificity: measures.specificity.map(within)?,
        positive_predictive_value: measures.positive_predictive_value.map(within),
        negative_predictive_value: measures.negative_predictive_value.map(within),
        accuracy: measures.accuracy.map(within)?,
        youden: table.youden(),
        auc: interval(&auc_of_ranked(&groups)),
    })
}

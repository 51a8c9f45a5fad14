//! Where the method is weak on this cohort. Every sentence says what follows from it.

use super::analysis::Analysis;
use super::candidate::{Coding, Study};
use super::{Derivation, Options, Warning};

/// Share of missing values that a reader must know of.
const MOST_MISSING: f64 = 0.05;
/// Patients of the smaller class under which figures are little more than counts.
const FEW: usize = 50;

pub(super) fn warnings(
    study: &Study,
    analysis: &Analysis,
    derivation: &Derivation,
    options: &Options,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |code, text: String| warnings.push(Warning { code, text });
    let flow = &derivation.flow;
    let smaller = flow.events.min(flow.others);
    if smaller < FEW {
        warn(
            "few-patients",
            format!(
                "The smaller class has {smaller} patients. With fewer than {FEW}, figures say little beyond the counts and their intervals."
            ),
        );
    }
    for (name, model) in [
        ("entered", &derivation.entered),
        ("selected", &derivation.selected),
    ] {
        let Some(model) = model else { continue };
        let per = model.events_per_coefficient;
        let limit = match per {
            per if per < 10.0 => 10,
            per if per < 20.0 => 20,
            _ => continue,
        };
        warn(
            if limit == 10 {
                "events-per-variable-below-10"
            } else {
                "events-per-variable-below-20"
            },
            format!(
                "The {name} model has {per:.1} patients of the smaller class for each coefficient, fewer than {limit}: odds ratios lean away from 1 and the selection is unsteady."
            ),
        );
    }
    let separated = |why: &str| why.contains("separates");
    let mut reasons = derivation.withheld.iter().map(|withheld| &withheld.why);
    if !options.firth && reasons.any(|why| separated(why)) {
        warn(
            "separation",
            "A variable separates the outcome: it has no finite odds ratio by maximum likelihood. It was left out, or the model withheld; --firth gives every variable a finite one.".to_owned(),
        );
    }
    let tested = derivation
        .univariable
        .iter()
        .filter(|row| row.p.is_some())
        .count();
    if tested > 0 {
        warn(
            "univariable-screening",
            format!(
                "{tested} variables were tested one by one to decide what enters. A variable that matters only beside others is lost, and with {tested} tests about {:.1} pass by chance alone.",
                tested as f64 * options.univariable_p
            ),
        );
    }
    if !derivation.cut_offs.is_empty() {
        warn(
            "cut-offs-from-the-data",
            "Cut-offs were chosen at the greatest Youden index of these patients and judged on the same patients: their sensitivity, specificity and p are too good, and other patients would give other cut-offs.".to_owned(),
        );
    }
    let tied = derivation
        .cut_offs
        .iter()
        .filter(|cut| !cut.equally_good.is_empty());
    for cut in tied {
        warn(
            "cut-off-not-unique",
            format!(
                "{}: {} other cut-offs are equally good; the lowest is used.",
                cut.variable,
                cut.equally_good.len()
            ),
        );
    }
    if let Some(score) = &derivation.score {
        warn(
            "odds-ratios-as-points",
            "Points are odds ratios rounded, the rule of the paper. Odds ratios multiply and points add: the log odds ratio would be right. A large odds ratio drowns the others, and one below 1.5 becomes a single point.".to_owned(),
        );
        let per_unit = |rule: &&super::score::Rule| {
            let values = &study.candidates[rule.candidate].values;
            matches!(values, Coding::Numbers(_)) && !options.numbers_cut
        };
        for rule in analysis.rules.iter().filter(per_unit) {
            let name = &study.candidates[rule.candidate].name;
            warn(
                "points-of-a-unit",
                format!(
                    "{name}: the odds ratio is that of one unit more, the points are given for the cut-off. They do not belong together (so it is in the paper); --cut enters the variable as it is scored."
                ),
            );
        }
        for item in score.items.iter().filter(|item| item.odds_ratio < 1.0) {
            warn(
                "odds-ratio-below-one",
                format!(
                    "{}: the odds ratio beside the other variables is {:.3}, below 1, though alone it speaks for the outcome. Rounding cannot say this.",
                    item.criterion, item.odds_ratio
                ),
            );
        }
        if score.items.iter().all(|item| item.points == 0) || score.total == 0 {
            warn(
                "no-points",
                "No criterion has a point: the score tells nothing apart.".to_owned(),
            );
        }
        warn(
            "same-patients",
            "The score was made from these patients and judged on them: Table 4 is too good. The optimism of the whole method, by resampling, says about how much.".to_owned(),
        );
    }
    for row in &derivation.univariable {
        let all = row.known + row.missing;
        let share = row.missing as f64 / all as f64;
        if share > MOST_MISSING {
            warn(
                "missing-over-5-percent",
                format!(
                    "{} is missing in {} of {all} patients ({:.1} %).",
                    row.variable,
                    row.missing,
                    100.0 * share
                ),
            );
        }
    }
    let known = flow.events + flow.others;
    if flow.complete < known {
        warn(
            "complete-cases",
            format!(
                "The regressions use the {} of {known} patients in whom every entered variable is known. Where values are not missing by chance this shifts the odds ratios; nothing was filled in.",
                flow.complete
            ),
        );
    }
    if flow.outcome_not_known > 0 {
        warn(
            "outcome-not-known",
            format!(
                "{} patients have no outcome and are used for nothing.",
                flow.outcome_not_known
            ),
        );
    }
    warnings
}

//! Two models side by side as a page.

use super::super::{ByOutcome, Comparison, ModelDiff};
use super::fit::calibrations;
use super::patients::{files, flow};
use super::{band, estimate, figure_name, pattern};
use crate::plot::charts::{self, Curve};
use crate::report::words::{fixed, p_value, share, thousands, three, with_interval};
use crate::report::{Block, Page, Section, Table};

/// The report of a comparison.
pub fn page(diff: &ModelDiff) -> Page {
    let [first, second] =
        [&diff.first, &diff.second].map(|model| format!("{} {}", model.id, model.version));
    let mut sections = vec![
        files_of_models(diff, [&first, &second]),
        patterns(diff, [&first, &second]),
    ];
    if let Some(comparison) = &diff.comparison {
        sections.push(Section::new("Flow of patients", flow(&comparison.cohort)));
        sections.push(on_cohort(comparison, [&first, &second]));
        sections.push(decisions(comparison, [&first, &second]));
        let facts = vec![
            (
                "Bootstrap resamples".to_owned(),
                thousands(u64::from(comparison.bootstrap)),
            ),
            ("Seed".to_owned(), comparison.seed.to_string()),
        ];
        let blocks = vec![Block::Facts(facts), Block::Table(files(&comparison.cohort))];
        sections.push(Section::new("What went in", blocks));
    }
    if !diff.notes.is_empty() {
        sections.push(Section::new(
            "How it was computed",
            vec![Block::List(diff.notes.clone())],
        ));
    }
    Page {
        title: format!("{first} and {second} compared"),
        made_by: format!("{} {}", diff.software.name, diff.software.version),
        lead: vec![Block::paragraph(
            "What two model files hold, what they say about each of the 16 patterns, and, with a cohort, which of them fits it better.",
        )],
        sections,
        closing: "Not a certified medical device; no figure of this page says what to do for one patient.".to_owned(),
    }
}

fn files_of_models(diff: &ModelDiff, names: [&String; 2]) -> Section {
    let mut table = Table::new("What the files hold", &["What", names[0], names[1]]);
    for row in &diff.points {
        let name = format!("Points: {}", figure_name(&row.name));
        table.row([name, row.first.to_string(), row.second.to_string()]);
    }
    let value = |value: Option<f64>| value.map_or("no nomogram".to_owned(), three);
    for row in &diff.values {
        table.row([
            figure_name(&row.name).to_owned(),
            value(row.first),
            value(row.second),
        ]);
    }
    let facts = [&diff.first, &diff.second].map(|model| {
        let name = format!("SHA-256 of {} {}", model.id, model.version);
        (name, model.sha256.clone())
    });
    Section::new(
        "The two files",
        vec![Block::Facts(facts.to_vec()), Block::Table(table)],
    )
}

fn patterns(diff: &ModelDiff, names: [&String; 2]) -> Section {
    let score = |name: &String| format!("Score in {name}");
    let probability = |name: &String| format!("Probability in {name} (95 % band)");
    let columns = [
        "Pattern".to_owned(),
        score(names[0]),
        score(names[1]),
        probability(names[0]),
        probability(names[1]),
    ];
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut table = Table::new("The 16 patterns", &columns);
    for row in &diff.patterns {
        let scores = row.scores.iter().zip(row.at_or_above_cutoff);
        let [first, second] = [0, 1].map(|place| {
            let (score, above) = scores.clone().nth(place).unwrap_or((&0, false));
            let class = if above { "at or above" } else { "below" };
            format!("{score}, {class}")
        });
        let of = |estimate: &Option<super::Estimate>| {
            estimate.as_ref().map_or("no nomogram".to_owned(), band)
        };
        table.row([
            pattern(&row.present),
            first,
            second,
            of(&row.first),
            of(&row.second),
        ]);
    }
    let order = match diff.order_changes.is_empty() {
        true => "Both nomograms put the patterns into the same order.".to_owned(),
        false => {
            let pairs = diff
                .order_changes
                .iter()
                .map(|[a, b]| format!("{a} and {b}"));
            format!(
                "The nomograms order these pairs of patterns differently (scores in the first model): {}.",
                pairs.collect::<Vec<_>>().join("; ")
            )
        }
    };
    Section::new(
        "Patterns",
        vec![Block::Table(table), Block::paragraph(order)],
    )
}

fn on_cohort(comparison: &Comparison, names: [&String; 2]) -> Section {
    let table = calibrations(
        "Both models on the same patients",
        [names[0], names[1]],
        [&comparison.first, &comparison.second],
    );
    let mut facts = Vec::new();
    if let Some(auc) = &comparison.auc {
        let difference = &auc.difference;
        let mut text = with_interval(difference.value, difference.low, difference.high, share);
        if let Some(p) = auc.p {
            text.push_str(&format!(", p {}", p_value(p)));
        }
        facts.push((
            "Difference of the areas, second less first (paired DeLong)".to_owned(),
            text,
        ));
    }
    if comparison.brier_difference.is_some() {
        facts.push((
            "Difference of the Brier scores, second less first (bootstrap percentile interval)"
                .to_owned(),
            estimate(&comparison.brier_difference, three),
        ));
    }
    let mut blocks = vec![Block::Table(table)];
    if !facts.is_empty() {
        blocks.push(Block::Facts(facts));
    }
    Section::new("On the cohort", blocks)
}

fn decisions(comparison: &Comparison, names: [&String; 2]) -> Section {
    let columns = [
        "Threshold",
        "Outcome",
        "Below in both",
        "Up in the second",
        "Down in the second",
        "At or above in both",
    ];
    let mut moved = Table::new("Who changes sides", &columns).with_words(&[1]);
    let row = |threshold: f64, outcome: &str, by: &ByOutcome| {
        let mut cells = vec![fixed(threshold, 2), outcome.to_owned()];
        cells.extend([by.below, by.up, by.down, by.above].map(thousands));
        cells
    };
    for at in &comparison.reclassification {
        moved.row(row(at.threshold, "refractory", &at.refractory));
        moved.row(row(at.threshold, "not refractory", &at.not_refractory));
    }
    let mut blocks = vec![Block::Table(moved)];
    let benefit = &comparison.net_benefit;
    let mut table = Table::new(
        "Net benefit per patient",
        &["Threshold", names[0], names[1], "Treat all"],
    );
    for at in benefit {
        let mut cells = vec![fixed(at.threshold, 2)];
        cells.extend([at.first, at.second, at.all].map(|value| fixed(value, 4)));
        table.row(cells);
    }
    // Two points or three are no curve: the table tells them.
    if benefit.len() > 5 {
        let curve = |name: &str, of: fn(&super::super::NetBenefit) -> f64| Curve {
            name: name.to_owned(),
            points: benefit.iter().map(|at| (at.threshold, of(at))).collect(),
        };
        let figure = charts::decision(
            "Decision curves of both models",
            "Net benefit of both models against the threshold probability; the numbers are in the table.",
            &[
                curve(names[0], |at| at.first),
                curve(names[1], |at| at.second),
                curve("Treat all", |at| at.all),
                Curve {
                    name: "Treat none".to_owned(),
                    points: vec![(0.0, 0.0), (1.0, 0.0)],
                },
            ],
        );
        blocks.push(Block::picture("decision-curve", figure, "Net benefit against the threshold probability. Values under \u{2212}0.1 are not drawn."));
    }
    blocks.push(Block::Table(table));
    Section::new("Decisions", blocks)
}

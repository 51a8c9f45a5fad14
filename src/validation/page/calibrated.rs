//! Whether probabilities are right, what decisions by them would bring, and what a local model could do.

use super::numbers::{Measure, measures, percent_shown, with_interval};
use super::patients::predictor;
use crate::plot::Point;
use crate::plot::charts::{self, Calibration as Plot};
use crate::report::words::{fixed, interval, p_value, percent, share, thousands, three};
use crate::report::{Block, Section, Table};
use crate::validation::result::{Calibration, DecisionCurve, Refit, Validation};

pub fn calibration(v: &Validation, column: &Calibration) -> Section {
    let mut blocks = vec![
        Block::Facts(vec![
            ("Patients".to_owned(), thousands(column.patients)),
            (
                "Turned out refractory".to_owned(),
                thousands(column.refractory),
            ),
            (
                "Expected by the probabilities".to_owned(),
                fixed(column.expected, 1),
            ),
        ]),
        figure(column),
    ];
    let rows = [
        (
            "Observed by expected (right: 1)",
            &column.observed_expected,
            three as fn(f64) -> String,
        ),
        (
            "Calibration-in-the-large, log odds (right: 0)",
            &column.in_the_large,
            share,
        ),
        ("Calibration slope (right: 1)", &column.slope, three),
        ("Brier score", &column.brier, share),
        ("Scaled Brier score", &column.brier_scaled, share),
    ];
    let rows = rows.map(|(name, figure, write)| Measure {
        name,
        figure,
        write,
    });
    let mut table = measures(&format!("{}: calibration", column.label), &rows);
    table.note = "Observed by expected above 1: the probabilities are too low. Slope below 1: they are too extreme.".to_owned();
    blocks.push(Block::Table(table));
    let mut facts = Vec::new();
    if let Some(test) = &column.spiegelhalter {
        facts.push((
            "Spiegelhalter's test".to_owned(),
            format!("z {}, p {}", fixed(test.z, 2), p_value(test.p)),
        ));
    }
    facts.extend(
        column
            .distances
            .iter()
            .map(|distance| (distance.name.to_owned(), share(distance.value))),
    );
    if !facts.is_empty() {
        blocks.push(Block::Facts(facts));
    }
    if !column.groups.is_empty() {
        let mut table = Table::new(
            &format!("{}: by group", column.label),
            &[
                "Group",
                "Predicted",
                "Patients",
                "Refractory",
                "Observed share (Wilson 95 %)",
            ],
        );
        for group in &column.groups {
            table.row([
                group
                    .label
                    .clone()
                    .unwrap_or_else(|| "same probability".to_owned()),
                percent(group.predicted),
                thousands(group.patients),
                thousands(group.refractory),
                percent_shown(&Some(group.observed.clone())),
            ]);
        }
        blocks.push(Block::Table(table));
    }
    if !column.packages.is_empty() {
        blocks.push(Block::Table(packages(column)));
    }
    let title = match v.calibration.len() {
        1 => "Calibration".to_owned(),
        _ => format!("Calibration: {}", column.label),
    };
    Section::new(&title, blocks)
}

/// The packages side by side: the same name is not always the same figure.
fn packages(column: &Calibration) -> Table {
    let mut columns = vec!["Name"];
    columns.extend(column.packages.iter().map(|package| package.name));
    let caption = format!("{}: as packages print it", column.label);
    let mut table = Table::new(&caption, &columns);
    let mut names: Vec<&str> = Vec::new();
    for figure in column.packages.iter().flat_map(|package| &package.figures) {
        if !names.contains(&figure.name) {
            names.push(figure.name);
        }
    }
    for name in names {
        let mut cells = vec![name.to_owned()];
        cells.extend(column.packages.iter().map(|package| {
            let found = package.figures.iter().find(|figure| figure.name == name);
            found.map_or("not printed".to_owned(), |figure| {
                match name.ends_with(":p") {
                    true => p_value(figure.value),
                    false => three(figure.value),
                }
            })
        }));
        table.row(cells);
    }
    let remarks = column
        .packages
        .iter()
        .map(|package| format!("{}: {}", package.name, package.remark));
    table.note = remarks.collect::<Vec<_>>().join(" ");
    table
}

fn figure(column: &Calibration) -> Block {
    // The curve that has a band, where one has; else the first.
    let curve = column
        .curves
        .iter()
        .find(|curve| curve.points.iter().any(|point| point.low.is_some()))
        .or(column.curves.first());
    let points = curve.into_iter().flat_map(|curve| &curve.points);
    let points = points.map(|point| charts::CurvePoint {
        predicted: point.predicted,
        observed: point.observed,
        band: point.low.zip(point.high),
    });
    // A group of one or two patients has an interval from end to end and tells nothing: its size is in the table.
    let groups = column.groups.iter().map(|group| {
        let point = Point::new(group.predicted, group.observed.value);
        match (group.observed.low, group.observed.high) {
            (Some(low), Some(high)) => point.with_interval(low, high),
            _ => point,
        }
    });
    let spikes = |of: fn(&crate::validation::result::Bar) -> u64| {
        let bars = column.spikes.iter();
        // Bins of 0.01: the spike stands in the middle.
        bars.map(|bar| (bar.value + 0.005, of(bar) as f64))
            .collect()
    };
    let method = curve.map_or(String::new(), |curve| {
        format!(" The flexible curve is {}.", curve.method)
    });
    let groups_in_words = column.groups.iter().map(|group| {
        format!(
            "predicted {}, observed {} of {}",
            percent(group.predicted),
            thousands(group.refractory),
            thousands(group.patients)
        )
    });
    let groups_in_words: Vec<String> = groups_in_words.collect();
    let description = format!(
        "Observed share against predicted probability, with the diagonal as ideal. Observed {} patients, expected {}. {}",
        thousands(column.refractory),
        fixed(column.expected, 1),
        match groups_in_words.is_empty() {
            true => String::new(),
            false => format!("Groups: {}.", groups_in_words.join("; ")),
        }
    );
    let shown = Plot {
        curve: points.collect(),
        logistic: logistic(column),
        groups: groups.collect(),
        groups_name: "Groups with the same probability, Wilson 95 % intervals".to_owned(),
        with_outcome: spikes(|bar| bar.refractory),
        without_outcome: spikes(|bar| bar.not_refractory),
        outcome_names: ["Turned out refractory".to_owned(), "Did not".to_owned()],
    };
    let title = format!("Calibration of: {}", column.label);
    let caption = format!(
        "Share that turned out refractory against the predicted probability. On the dashed diagonal predictions are right; above it they are too low.{method} Below: how many patients have which probability (bins of 0.01)."
    );
    let name = match column.name {
        "givenProbability" => "calibration-given",
        _ => "calibration",
    };
    Block::picture(
        name,
        charts::calibration(&title, &description, &shown),
        &caption,
    )
}

/// The curve of the logistic recalibration, over the predictions that occur.
fn logistic(column: &Calibration) -> Vec<(f64, f64)> {
    let rms = column
        .packages
        .iter()
        .find(|package| package.name == "rms::val.prob");
    let value = |name: &str| {
        let figures = rms.into_iter().flat_map(|package| &package.figures);
        figures
            .filter(|figure| figure.name == name)
            .map(|figure| figure.value)
            .next()
    };
    let (Some(intercept), Some(slope)) = (value("Intercept"), value("Slope")) else {
        return Vec::new();
    };
    let occurring = column.spikes.iter().map(|bar| bar.value);
    let (low, high) = occurring.fold((1.0, 0.0), |(low, high): (f64, f64), value| {
        (low.min(value), high.max(value + 0.01))
    });
    let points = (1..=199).map(|step| f64::from(step) / 200.0);
    points
        .filter(|p| (low..=high).contains(p))
        .map(|p| {
            let log_odds = intercept + slope * (p / (1.0 - p)).ln();
            (p, 1.0 / (1.0 + (-log_odds).exp()))
        })
        .collect()
}

/// Ranges of thresholds in a table.
const MOST_RANGES: usize = 12;

/// Thresholds whose net benefit is in the table.
const THRESHOLDS: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

pub fn decision(v: &Validation) -> Section {
    let mut blocks = Vec::new();
    match &v.decision {
        None => blocks.push(Block::paragraph(
            "No decision curve is shown; the reason stands under Withheld and under Notes.",
        )),
        Some(curve) => {
            blocks.extend(decision_blocks(curve, "decision-curve", "Decision curves"));
            if let Some(given) = &curve.given {
                blocks.push(Block::Heading("Probabilities of the input".to_owned()));
                blocks.extend(decision_blocks(
                    given,
                    "decision-curve-given",
                    "Decision curves with the probabilities of the input",
                ));
            }
        }
    }
    Section::new("Decision curve", blocks)
}

fn decision_blocks(curve: &DecisionCurve, name: &str, title: &str) -> Vec<Block> {
    let curves: Vec<charts::Curve> = curve
        .strategies
        .iter()
        .map(|strategy| charts::Curve {
            name: strategy.label.to_owned(),
            points: curve
                .thresholds
                .iter()
                .copied()
                .zip(strategy.net_benefit.iter().copied())
                .collect(),
        })
        .collect();
    let label = |name: &&str| {
        let found = curve
            .strategies
            .iter()
            .find(|strategy| strategy.name == *name);
        found.map_or((*name).to_owned(), |strategy| strategy.label.to_owned())
    };
    let mut best = Table::new(
        "Which strategy has the greatest net benefit",
        &["Threshold probability", "Strategy"],
    )
    .with_words(&[1]);
    for range in &curve.best {
        let names: Vec<String> = range.strategies.iter().map(label).collect();
        let thresholds = match range.from == range.to {
            true => fixed(range.from, 2),
            false => interval(range.from, range.to, |at| fixed(at, 2)),
        };
        best.row([thresholds, names.join(", ")]);
    }
    if best.rows.len() > MOST_RANGES {
        best.note = format!(
            "The lead changes {} times, by chance more than by merit; the first {MOST_RANGES} ranges are shown, the JSON has all.",
            best.rows.len() - 1
        );
        best.rows.truncate(MOST_RANGES);
    }
    let ranges: Vec<String> = best
        .rows
        .iter()
        .map(|row| format!("{}: {}", row[0], row[1]))
        .collect();
    let description = format!(
        "Net benefit against the threshold probability. The greatest net benefit has, from threshold to threshold, {}.",
        ranges.join("; ")
    );
    let mut columns = vec!["Threshold"];
    columns.extend(curve.strategies.iter().map(|strategy| strategy.label));
    let mut numbers = Table::new(&format!("{title}: net benefit"), &columns);
    for threshold in THRESHOLDS {
        let place = curve
            .thresholds
            .iter()
            .position(|at| (at - threshold).abs() < 1e-9);
        if let Some(place) = place {
            let mut cells = vec![fixed(threshold, 2)];
            cells.extend(curve.strategies.iter().map(|strategy| {
                strategy
                    .net_benefit
                    .get(place)
                    .map_or("none".to_owned(), |value| fixed(*value, 4))
            }));
            numbers.row(cells);
        }
    }
    let figure = charts::decision(title, &description, &curves);
    vec![
        Block::picture_with_numbers(
            name,
            figure,
            "Net benefit per patient: true positives less false positives weighted by the odds of the threshold. A strategy is worth using only where its curve is the highest. Values under \u{2212}0.1 are not drawn.",
            numbers,
        ),
        Block::Table(best),
    ]
}

pub fn refit(refit: &Refit) -> Section {
    let mut blocks = vec![Block::paragraph(
        "The four predictors fitted to these patients by logistic regression. It tells what a local model could do at best; it is not the model in use.",
    )];
    let mut facts = vec![(
        "c-index on the same patients".to_owned(),
        share(refit.c_apparent),
    )];
    if let Some(corrected) = refit.c_corrected {
        facts.push(("Corrected for optimism".to_owned(), share(corrected)));
        facts.push((
            "Bootstrap replicates".to_owned(),
            refit.replicates.to_string(),
        ));
        facts.push((
            "Replicates without a finite fit, left out".to_owned(),
            refit.failed.to_string(),
        ));
    }
    blocks.push(Block::Facts(facts));
    let mut table = Table::new(
        "Coefficients: log odds ratios, the intercept log odds",
        &["Term", "Fitted here (95 % interval)", "Model in use"],
    );
    for row in &refit.coefficients {
        table.row([
            predictor(row.term).to_owned(),
            with_interval(&row.log_odds, three),
            row.model.map_or("none".to_owned(), three),
        ]);
    }
    blocks.push(Block::Table(table));
    if !refit.rows.is_empty() {
        let columns = [
            "Index",
            "Original",
            "Training",
            "Test",
            "Optimism",
            "Corrected",
            "n",
        ];
        let mut table = Table::new(
            "Optimism by bootstrap, as rms::validate prints it",
            &columns,
        );
        for row in &refit.rows {
            let mut cells = vec![row.name.to_owned()];
            let values = [
                row.index_orig,
                row.training,
                row.test,
                row.optimism,
                row.index_corrected,
            ];
            cells.extend(values.map(|value| fixed(value, 4)));
            cells.push(row.n.to_string());
            table.row(cells);
        }
        blocks.push(Block::Table(table));
    }
    Section::new("The four predictors fitted here", blocks)
}

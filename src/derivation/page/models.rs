//! Regressions, the score, the nomogram and its calibration: the paper's Tables 2 and 3, Figs 4, 7 and 8.

use super::super::{Calibration, Derivation, Model, Nomogram, Optimism, Score};
use super::{count, interval};
use crate::plot::charts::{self, Calibration as Plot};
use crate::plot::{Axis, Figure, Forest, ForestRow, Layer, Series, Step};
use crate::report::words::{fixed, p_value, share, thousands, three};
use crate::report::{Block, Section, Table};

pub fn regressions(d: &Derivation) -> Vec<Section> {
    let mut sections = Vec::new();
    if let Some(model) = &d.entered {
        let caption = "All variables that went on to the regression (as the paper's Table 2)";
        sections.push(Section::new(
            "Regression with every variable",
            regression(model, caption, "odds-ratios"),
        ));
    }
    let mut blocks = Vec::new();
    if !d.steps.is_empty() {
        let columns = [
            "Step",
            "Action",
            "Variable",
            "Statistic",
            "p",
            "Log likelihood after it",
        ];
        let mut table =
            Table::new("Forward selection by likelihood ratio", &columns).with_words(&[1, 2]);
        for step in &d.steps {
            table.row([
                step.step.to_string(),
                step.action.to_owned(),
                step.variable.clone(),
                step.test.statistic.map_or("none".to_owned(), three),
                p_value(step.test.p),
                fixed(step.log_likelihood, 3),
            ]);
        }
        blocks.push(Block::Table(table));
    }
    if let Some(model) = &d.selected {
        blocks.extend(regression(
            model,
            "The variables that were selected",
            "odds-ratios-selected",
        ));
    }
    if !blocks.is_empty() {
        sections.push(Section::new("Selection", blocks));
    }
    sections
}

fn regression(model: &Model, caption: &str, name: &str) -> Vec<Block> {
    let columns = [
        "Variable",
        "Contrast",
        "Coefficient",
        "Standard error",
        "Odds ratio (95 % interval)",
        "p",
        "Points",
    ];
    let mut table = Table::new(caption, &columns).with_words(&[1]);
    table.note = format!("Intervals and p: {}.", model.interval_method);
    for row in &model.coefficients {
        table.row([
            row.variable.clone(),
            row.contrast.clone(),
            three(row.coefficient),
            three(row.standard_error),
            interval(&row.odds_ratio, three),
            p_value(row.p),
            thousands(row.points),
        ]);
    }
    let test = &model.likelihood_ratio;
    let facts = vec![
        ("Patients".to_owned(), fixed(model.patients, 0)),
        ("With the outcome".to_owned(), fixed(model.events, 0)),
        (
            "Patients of the smaller class per coefficient".to_owned(),
            fixed(model.events_per_coefficient, 1),
        ),
        (
            "Intercept (standard error)".to_owned(),
            format!(
                "{} ({})",
                three(model.intercept),
                three(model.intercept_standard_error)
            ),
        ),
        (
            "Likelihood ratio test of the whole".to_owned(),
            format!(
                "{}, p {}",
                test.statistic.map_or("none".to_owned(), three),
                p_value(test.p)
            ),
        ),
        (
            "c-index on the same patients".to_owned(),
            share(model.c_index),
        ),
    ];
    let mut blocks = vec![Block::Table(table), Block::Facts(facts)];
    if let Some(forest) = forest(model, caption) {
        blocks.push(Block::picture(name, forest, &format!("{caption}: odds ratios with 95 % intervals, on a scale of ratios. An arrow goes on beyond the axis.")));
    }
    blocks
}

fn forest(model: &Model, title: &str) -> Option<Forest> {
    let rows: Vec<ForestRow> = model
        .coefficients
        .iter()
        .map(|row| {
            let ratio = &row.odds_ratio;
            ForestRow {
                name: format!("{}, {}", row.variable, row.contrast),
                estimate: ratio
                    .low
                    .zip(ratio.high)
                    .map(|(low, high)| (ratio.value, low, high)),
                numbers: interval(ratio, three),
                ..ForestRow::default()
            }
        })
        .collect();
    let words: Vec<String> = rows
        .iter()
        .map(|row| format!("{}: {}", row.name, row.numbers))
        .collect();
    if !rows.iter().any(|row| row.estimate.is_some()) {
        return None;
    }
    let ends = rows.iter().filter_map(|row| row.estimate);
    let (low, high) = ends.fold((1.0, 1.0), |(low, high): (f64, f64), (_, from, to)| {
        (low.min(from), high.max(to))
    });
    Some(Forest {
        title: format!("Odds ratios: {title}"),
        description: format!("{}.", words.join("; ")),
        axis: Axis {
            // An interval without end must not press the others together.
            range: Some(((low / 1.2).max(0.01), (high * 1.2).min(1_000.0))),
            ..Axis::new("Odds ratio, scale of ratios").log()
        },
        reference: Some(1.0),
        counts_head: String::new(),
        numbers_head: "Odds ratio (95 % interval)".to_owned(),
        rows,
    })
}

pub fn score(d: &Derivation, score: &Score) -> Section {
    let mut table = Table::new(
        "Points (as the paper's Table 3)",
        &["Criterion", "Odds ratio", "Points"],
    );
    for item in &score.items {
        table.row([
            item.criterion.clone(),
            three(item.odds_ratio),
            thousands(item.points),
        ]);
    }
    table.note = format!(
        "The odds ratio rounded to a whole number, of the {} regression.",
        match score.points_from {
            "entered" => "first",
            _ => "selected",
        }
    );
    let with_sd = |class: &super::super::ClassSummary| match class.sd {
        Some(sd) => format!("{} ({})", three(class.mean), three(sd)),
        None => three(class.mean),
    };
    let others: Vec<String> = score.equally_good.iter().map(u64::to_string).collect();
    let facts = vec![
        ("Greatest score".to_owned(), thousands(score.total)),
        ("Cut-off".to_owned(), format!("{} and above", score.cut_off)),
        (
            "Equally good cut-offs".to_owned(),
            if others.is_empty() {
                "none".to_owned()
            } else {
                others.join(", ")
            },
        ),
        (
            "Area under the ROC curve".to_owned(),
            interval(&score.auc, share),
        ),
        (
            "Mean (SD) with the outcome".to_owned(),
            with_sd(&score.events),
        ),
        ("Mean (SD) without it".to_owned(), with_sd(&score.others)),
    ];
    let rows = score.distribution.iter();
    let rows: Vec<(String, f64, f64)> = rows
        .map(|row| (row.score.to_string(), row.events as f64, row.others as f64))
        .collect();
    let words: Vec<String> = score
        .distribution
        .iter()
        .map(|row| {
            format!(
                "score {}: {} with, {} without",
                row.score, row.events, row.others
            )
        })
        .collect();
    let cut = score
        .distribution
        .iter()
        .position(|row| row.score >= score.cut_off);
    let name = format!("cut-off {}", score.cut_off);
    let figure = charts::distribution(
        "Score by outcome",
        &format!("Number of patients at each score. {}.", words.join("; ")),
        ["Score (points)", "Patients"],
        ["With the outcome", "Without it"],
        &rows,
        cut.map(|place| (place, name.as_str())),
    );
    let caption = format!(
        "Patients at each value of the score, with and without the outcome: {} (as the paper's Fig. 4).",
        d.method.event
    );
    Section::new(
        "The score",
        vec![
            Block::Table(table),
            Block::Facts(facts),
            Block::picture("score-distribution", figure, &caption),
        ],
    )
}

pub fn nomogram(nomogram: &Nomogram) -> Section {
    let mut table = Table::new(
        "Points of the nomogram (as the paper's Fig. 7)",
        &[
            "Variable",
            "Odds ratio (95 % interval)",
            "Points of the nomogram",
        ],
    )
    .with_note("As rms::nomogram draws them: the greatest coefficient is 100 points.");
    for (row, points) in nomogram.model.coefficients.iter().zip(&nomogram.points) {
        table.row([
            row.variable.clone(),
            interval(&row.odds_ratio, three),
            three(*points),
        ]);
    }
    let words: Vec<String> = table
        .rows
        .iter()
        .map(|row| format!("{}: {} points", row[0], row[2]))
        .collect();
    let points = nomogram
        .points
        .iter()
        .enumerate()
        .map(|(place, points)| crate::plot::Bar {
            x: (place as f64 - 0.3, place as f64 + 0.3),
            from: 0.0,
            to: *points,
        });
    let names = nomogram
        .model
        .coefficients
        .iter()
        .map(|row| row.variable.clone());
    let figure = Figure {
        title: "Points of the nomogram".to_owned(),
        description: format!("{}.", words.join("; ")),
        x: Axis::categories("Criterion", names),
        y: Axis::between("Points", 0.0, 100.0),
        layers: vec![Layer::Bars {
            name: String::new(),
            series: Series::new(1),
            bars: points.collect(),
        }],
        ..Figure::default()
    };
    let caption = format!(
        "Points of each criterion; c-index on the same patients {}.",
        share(nomogram.model.c_index)
    );
    Section::new(
        "The nomogram",
        vec![
            Block::paragraph(nomogram.use_of_it.clone()),
            Block::picture("nomogram-points", figure, &caption),
            Block::Table(table),
        ],
    )
}

pub fn calibration(c: &Calibration) -> Section {
    let spikes = |of: fn(&super::super::Predicted) -> u64| {
        let predicted = c.predicted.iter();
        predicted
            .map(|row| (row.probability, of(row) as f64))
            .collect()
    };
    let mut figure = charts::calibration(
        "Calibration of the nomogram",
        &format!(
            "Observed share against predicted probability, apparent and corrected for optimism. Mean absolute error {}.",
            share(c.mean_absolute_error)
        ),
        &Plot {
            with_outcome: spikes(|row| row.events),
            without_outcome: spikes(|row| row.others),
            outcome_names: ["With the outcome".to_owned(), "Without it".to_owned()],
            ..Plot::default()
        },
    );
    let lines = [
        (
            "Apparent",
            c.points
                .iter()
                .map(|point| (point.predicted, point.apparent))
                .collect::<Vec<_>>(),
        ),
        (
            "Corrected for optimism",
            c.points
                .iter()
                .map(|point| (point.predicted, point.corrected.unwrap_or(f64::NAN)))
                .collect(),
        ),
    ];
    for (number, (name, points)) in lines.into_iter().enumerate() {
        figure.layers.insert(
            1 + number,
            Layer::Line {
                name: name.to_owned(),
                series: Series::new(number + 1),
                step: Step::Straight,
                points,
            },
        );
    }
    let facts = vec![
        (
            "Mean absolute error".to_owned(),
            share(c.mean_absolute_error),
        ),
        ("Mean squared error".to_owned(), three(c.mean_squared_error)),
        (
            "0.9 quantile of the absolute error".to_owned(),
            share(c.ninetieth_percentile),
        ),
        ("Resamples".to_owned(), count(c.resamples)),
        ("Resamples that had a fit".to_owned(), count(c.fitted)),
    ];
    Section::new(
        "Calibration of the nomogram",
        vec![
            Block::picture(
                "calibration",
                figure,
                "Observed share against predicted probability (as the paper's Fig. 8, by rms::calibrate). On the dashed diagonal predictions are right. Below: how many patients have which probability.",
            ),
            Block::Facts(facts),
        ],
    )
}

pub fn optimism(o: &Optimism) -> Section {
    let mut table = Table::new("The whole method on resamples", &["Figure", "Apparent", "Optimism", "Corrected"])
        .with_note("Tests, cut-offs, selection, points and cut-off of the score are made anew in each resample.");
    for (name, row) in [
        ("Area under the ROC curve of the score", &o.auc),
        ("Youden index of the score at its cut-off", &o.youden),
    ] {
        let mut cells = vec![name.to_owned()];
        cells.extend([row.apparent, row.optimism, row.corrected].map(|value| fixed(value, 3)));
        table.row(cells);
    }
    let mut selected = Table::new(
        "How often each variable was selected",
        &["Variable", "Resamples"],
    );
    for row in &o.selected {
        selected.row([row.variable.clone(), count(row.times)]);
    }
    selected.note = format!(
        "{} of {} resamples gave a score.",
        count(o.scored),
        count(o.resamples)
    );
    Section::new(
        "Corrected for optimism",
        vec![Block::Table(table), Block::Table(selected)],
    )
}

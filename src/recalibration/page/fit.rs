//! How well two models fit the same patients.

use super::estimate;
use crate::plot::Point;
use crate::plot::charts::{self, Calibration as Plot};
use crate::recalibration::{Calibration, Estimate, PatternRow, Recalibration};
use crate::report::words::{percent, share, thousands, three};
use crate::report::{Block, Section, Table};

/// A part of a calibration.
type Part<T> = fn(&Calibration) -> &T;

/// Rows of a table that holds two calibrations side by side.
pub fn calibrations(caption: &str, names: [&str; 2], [first, second]: [&Calibration; 2]) -> Table {
    let mut table = Table::new(caption, &["Figure", names[0], names[1]]);
    let plain_share = |value: Option<f64>| value.map_or("not shown".to_owned(), share);
    let mut interval_row = |name: &str, of: Part<Option<Estimate>>, write: fn(f64) -> String| {
        let cells = [first, second].map(|model| estimate(of(model), write));
        table.row([name.to_owned()].into_iter().chain(cells));
    };
    interval_row(
        "Observed by expected (right: 1)",
        |of| &of.observed_by_expected,
        three,
    );
    interval_row(
        "Calibration-in-the-large, log odds (right: 0)",
        |of| &of.intercept,
        share,
    );
    interval_row("Calibration slope (right: 1)", |of| &of.slope, three);
    interval_row("Area under the ROC curve", |of| &of.auc, share);
    let mut row = |name: &str, of: Part<Option<f64>>| {
        let cells = [first, second].map(|model| plain_share(*of(model)));
        table.row([name.to_owned()].into_iter().chain(cells));
    };
    row("Brier score", |of| &of.brier);
    row("Scaled Brier score", |of| &of.scaled_brier);
    row(
        "Mean difference of probability and observed share, by pattern",
        |of| &of.mean_difference_by_pattern,
    );
    table
}

pub fn fit(r: &Recalibration) -> Section {
    let table = calibrations(
        "Before and after, on the same patients",
        ["Before", "After"],
        [&r.before, &r.after],
    )
    .with_note("95 % intervals: DeLong (area), log scale (observed by expected), Wald (intercept, slope). After the update the figures flatter: see Corrected for optimism.");
    let plot = |name: &str, title: &str, of: fn(&PatternRow) -> Estimate| {
        let seen = r.patterns.iter().filter(|row| row.patients > 0);
        let points = seen.clone().filter_map(|row| {
            let observed = row.observed?;
            Some(
                Point::new(of(row).value, observed.value)
                    .with_interval(observed.low, observed.high),
            )
        });
        let words = seen.clone().map(|row| {
            format!(
                "predicted {}, observed {} of {}",
                percent(of(row).value),
                thousands(row.refractory),
                thousands(row.patients)
            )
        });
        let words: Vec<String> = words.collect();
        let shown = Plot {
            groups: points.collect(),
            groups_name: "Patterns, Wilson 95 % intervals".to_owned(),
            with_outcome: seen
                .clone()
                .map(|row| (of(row).value, row.refractory as f64))
                .collect(),
            without_outcome: seen
                .clone()
                .map(|row| {
                    (
                        of(row).value,
                        row.patients.saturating_sub(row.refractory) as f64,
                    )
                })
                .collect(),
            outcome_names: ["Turned out refractory".to_owned(), "Did not".to_owned()],
            ..Plot::default()
        };
        let description = format!(
            "Observed share against predicted probability by pattern. {}.",
            words.join("; ")
        );
        let figure = charts::calibration(title, &description, &shown);
        let caption = format!(
            "{title}: the observed share of each of the 16 patterns that occur against its probability. On the dashed diagonal predictions are right; above it they are too low."
        );
        Block::picture(name, figure, &caption)
    };
    let mut blocks = vec![Block::Table(table)];
    if r.patterns.iter().any(|row| row.patients > 0) {
        blocks.push(plot(
            "calibration-before",
            "Calibration before the update",
            |row| row.before,
        ));
        blocks.push(plot(
            "calibration-after",
            "Calibration after the update",
            |row| row.after,
        ));
    }
    Section::new("Before and after", blocks)
}

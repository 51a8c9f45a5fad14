//! Figures with their intervals as people read them.

use crate::report::Table;
use crate::report::words::{self, interval};
use crate::validation::result::{Figure, Percentile};

/// For a figure that is not there; why, the page says under Withheld or under its notes.
pub const NOT_SHOWN: &str = "not shown";

/// "0.843 (0.809 to 0.877)"; without limits the value alone.
pub fn with_interval(figure: &Figure, write: impl Fn(f64) -> String) -> String {
    match (figure.low, figure.high) {
        (Some(low), Some(high)) => words::with_interval(figure.value, low, high, write),
        _ => write(figure.value),
    }
}

/// The same, or that it is not shown.
pub fn shown(figure: &Option<Figure>, write: impl Fn(f64) -> String) -> String {
    match figure {
        Some(figure) => with_interval(figure, write),
        None => NOT_SHOWN.to_owned(),
    }
}

/// A share as a percentage: "24.3 % (19.1 to 30.4)".
pub fn percent_shown(figure: &Option<Figure>) -> String {
    match figure {
        Some(Figure {
            value,
            low: Some(low),
            high: Some(high),
            ..
        }) => words::percent_with_interval(*value, *low, *high),
        figure => shown(figure, words::percent),
    }
}

/// A row of [`measures`].
pub struct Measure<'a> {
    pub name: &'a str,
    pub figure: &'a Option<Figure>,
    pub write: fn(f64) -> String,
}

/// A table of figures, each with its interval, how that was computed, and its bootstrap interval.
pub fn measures(caption: &str, rows: &[Measure<'_>]) -> Table {
    let has_bootstrap = rows.iter().any(|row| {
        row.figure
            .as_ref()
            .is_some_and(|figure| figure.bootstrap.is_some())
    });
    let mut columns = vec!["Measure", "Estimate", "95 % interval", "Interval by"];
    if has_bootstrap {
        columns.push("Bootstrap percentile interval");
    }
    let mut table = Table::new(caption, &columns).with_words(&[3]);
    for row in rows {
        let write = row.write;
        let mut cells = vec![row.name.to_owned()];
        match row.figure {
            None => cells.extend([NOT_SHOWN, NOT_SHOWN, NOT_SHOWN].map(str::to_owned)),
            Some(figure) => {
                cells.push(write(figure.value));
                cells.push(match (figure.low, figure.high) {
                    (Some(low), Some(high)) => interval(low, high, write),
                    _ => "none".to_owned(),
                });
                cells.push(figure.method.unwrap_or("none").to_owned());
            }
        }
        if has_bootstrap {
            let bootstrap = row.figure.as_ref().and_then(|figure| figure.bootstrap);
            cells.push(
                bootstrap.map_or("none".to_owned(), |Percentile { low, high, .. }| {
                    interval(low, high, write)
                }),
            );
        }
        table.row(cells);
    }
    table
}

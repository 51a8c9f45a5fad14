//! A derivation as plain text for a terminal: the tables of the paper, one under the other.

use super::{Derivation, Interval, Model, Univariable};
use std::fmt::Write;

/// The whole derivation.
pub fn text(derivation: &Derivation) -> String {
    let mut out = String::new();
    let d = derivation;
    let flow = &d.flow;
    heading(&mut out, "Patients");
    let mut rows = vec![
        ["in the cohort".to_owned(), flow.patients.to_string()],
        [
            "outcome not known, not used".to_owned(),
            flow.outcome_not_known.to_string(),
        ],
        [
            format!("{} ({})", d.method.outcome, d.method.event),
            flow.events.to_string(),
        ],
        ["without it".to_owned(), flow.others.to_string()],
        [
            "complete, in the regressions".to_owned(),
            flow.complete.to_string(),
        ],
        ["with a score".to_owned(), flow.scored.to_string()],
    ];
    if flow.bad_rows > 0 {
        let bad = [
            "rows that could not be read".to_owned(),
            flow.bad_rows.to_string(),
        ];
        rows.insert(0, bad);
    }
    table(&mut out, &rows);

    heading(&mut out, "One variable at a time");
    let mut rows =
        vec![["variable", "with", "without", "missing", "p", "test", ""].map(str::to_owned)];
    for row in &d.univariable {
        rows.extend(univariable(row));
    }
    table(&mut out, &rows);

    if !d.cut_offs.is_empty() {
        heading(&mut out, "Cut-offs of numbers (greatest Youden index)");
        let mut rows =
            vec![["criterion", "AUC", "sensitivity", "specificity", "Youden"].map(str::to_owned)];
        for cut in &d.cut_offs {
            rows.push([
                cut.criterion.clone(),
                interval(&cut.auc),
                per_cent(cut.sensitivity),
                per_cent(cut.specificity),
                number(cut.youden),
            ]);
        }
        table(&mut out, &rows);
    }
    if let Some(entered) = &d.entered {
        heading(&mut out, "All variables that passed");
        model(&mut out, entered);
    }
    if !d.steps.is_empty() {
        heading(&mut out, "Forward selection");
        let mut rows = vec![["", "variable", "likelihood ratio", "p"].map(str::to_owned)];
        for step in &d.steps {
            rows.push([
                format!("{} {}", step.step, step.action),
                step.variable.clone(),
                number(step.test.statistic.unwrap_or(f64::NAN)),
                p(step.test.p),
            ]);
        }
        table(&mut out, &rows);
    }
    if let Some(selected) = &d.selected {
        heading(&mut out, "Selected variables");
        model(&mut out, selected);
    }
    if let Some(score) = &d.score {
        heading(&mut out, "Score");
        let mut rows = vec![["criterion", "odds ratio", "points"].map(str::to_owned)];
        for item in &score.items {
            rows.push([
                item.criterion.clone(),
                number(item.odds_ratio),
                item.points.to_string(),
            ]);
        }
        table(&mut out, &rows);
        let mean = |class: &super::ClassSummary| match class.sd {
            Some(sd) => format!("{} (SD {})", number(class.mean), number(sd)),
            None => number(class.mean),
        };
        let _ = writeln!(
            out,
            "0 to {}; cut-off >= {}; AUC {}; mean {} with the outcome, {} without; points from the {} model",
            score.total,
            score.cut_off,
            interval(&score.auc),
            mean(&score.events),
            mean(&score.others),
            score.points_from
        );
    }
    if !d.performance.is_empty() {
        heading(&mut out, "On the same patients");
        let header = [
            "test",
            "TP",
            "FP",
            "FN",
            "TN",
            "sensitivity",
            "specificity",
            "Youden",
            "AUC",
        ];
        let mut rows = vec![header.map(str::to_owned)];
        for row in &d.performance {
            rows.push([
                row.test.clone(),
                row.true_positive.to_string(),
                row.false_positive.to_string(),
                row.false_negative.to_string(),
                row.true_negative.to_string(),
                per_cent(row.sensitivity.value),
                per_cent(row.specificity.value),
                number(row.youden),
                interval(&row.auc),
            ]);
        }
        table(&mut out, &rows);
    }
    if let Some(optimism) = &d.optimism {
        let _ = writeln!(
            out,
            "The whole method on {} resamples ({} gave a score): AUC {} less {} is {}, Youden {} less {} is {}",
            optimism.resamples,
            optimism.scored,
            number(optimism.auc.apparent),
            number(optimism.auc.optimism),
            number(optimism.auc.corrected),
            number(optimism.youden.apparent),
            number(optimism.youden.optimism),
            number(optimism.youden.corrected),
        );
    }
    if let Some(nomogram) = &d.nomogram {
        heading(
            &mut out,
            "Nomogram: regression on the criteria of the score",
        );
        model(&mut out, &nomogram.model);
        let _ = writeln!(out, "{}", nomogram.use_of_it);
    }
    if let Some(calibration) = &d.calibration {
        let _ = writeln!(
            out,
            "Calibration, corrected by {} resamples: mean absolute error {}, 0.9 quantile {}",
            calibration.fitted,
            number(calibration.mean_absolute_error),
            number(calibration.ninetieth_percentile)
        );
    }
    list(
        &mut out,
        "Weak here",
        d.warnings.iter().map(|w| w.text.clone()),
    );
    let withheld = d.withheld.iter().map(|w| format!("{}: {}", w.what, w.why));
    list(&mut out, "Left out", withheld);
    list(&mut out, "How it was done", d.notes.iter().cloned());
    out
}

fn univariable(row: &Univariable) -> Vec<[String; 7]> {
    let tail = || {
        [
            row.missing.to_string(),
            row.p.map_or_else(|| "-".to_owned(), p),
            row.decides.unwrap_or("no test").to_owned(),
            if row.entered { "passes" } else { "" }.to_owned(),
        ]
    };
    let head = |name: &str, with: String, without: String| {
        let [missing, p, test, passes] = tail();
        [name.to_owned(), with, without, missing, p, test, passes]
    };
    if row.kind == "numbers" {
        let class = |place: usize| {
            row.classes.get(place).map_or_else(
                || "-".to_owned(),
                |class| {
                    let sd = class.sd.map_or_else(|| "-".to_owned(), number);
                    format!("{} ({sd})", number(class.mean))
                },
            )
        };
        return vec![head(&row.variable, class(0), class(1))];
    }
    let mut rows = vec![head(&row.variable, String::new(), String::new())];
    for level in &row.levels {
        let mut cells = [const { String::new() }; 7];
        cells[0] = format!("  {}", level.name);
        cells[1] = level.events.to_string();
        cells[2] = level.others.to_string();
        rows.push(cells);
    }
    rows
}

fn model(out: &mut String, model: &Model) {
    let mut rows = vec![
        [
            "variable",
            "",
            "log odds",
            "SE",
            "odds ratio",
            "p",
            "points",
        ]
        .map(str::to_owned),
    ];
    for c in &model.coefficients {
        rows.push([
            c.variable.clone(),
            c.contrast.clone(),
            number(c.coefficient),
            number(c.standard_error),
            interval(&c.odds_ratio),
            p(c.p),
            c.points.to_string(),
        ]);
    }
    rows.push([
        "intercept".to_owned(),
        String::new(),
        number(model.intercept),
        number(model.intercept_standard_error),
        String::new(),
        String::new(),
        String::new(),
    ]);
    table(out, &rows);
    let _ = writeln!(
        out,
        "{} patients, {} with the outcome; {} of the smaller class for each coefficient; c-index {}; intervals: {}",
        model.patients,
        model.events,
        number(model.events_per_coefficient),
        number(model.c_index),
        model.interval_method
    );
}

fn heading(out: &mut String, title: &str) {
    let gap = if out.is_empty() { "" } else { "\n" };
    let _ = writeln!(out, "{gap}{title}");
}

fn list(out: &mut String, title: &str, items: impl Iterator<Item = String>) {
    let mut items = items.peekable();
    if items.peek().is_some() {
        heading(out, title);
    }
    for item in items {
        let _ = writeln!(out, "- {item}");
    }
}

/// Columns as wide as their widest cell, two spaces apart.
fn table<const N: usize>(out: &mut String, rows: &[[String; N]]) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or(0));
    for row in rows {
        let mut line = String::from("  ");
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

/// Three digits that count.
fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "-".to_owned()
    } else if size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else if size >= 1.0 || size == 0.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}

fn per_cent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn p(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}

fn interval(interval: &Interval) -> String {
    let limit = |limit: Option<f64>| limit.map_or_else(|| "none".to_owned(), number);
    match (interval.low, interval.high) {
        (None, None) => number(interval.value),
        (low, high) => format!(
            "{} ({} to {})",
            number(interval.value),
            limit(low),
            limit(high)
        ),
    }
}

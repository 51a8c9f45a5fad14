//! The result for a terminal.

use super::{Counted, Monitoring, Verdict};
use std::fmt::Write;

/// The result as text.
pub fn text(result: &Monitoring) -> String {
    let mut text = String::new();
    // A String takes everything.
    let _ = write(&mut text, result);
    text
}

fn write(out: &mut String, result: &Monitoring) -> std::fmt::Result {
    let [id, version, _] = &result.model;
    writeln!(out, "model in use: {id} {version}")?;
    let trail = &result.trail;
    writeln!(
        out,
        "trail of {}: {} entries, {} patient-months ({} entries repeated, {} outside the time, {} of others)",
        trail.instances.join(", "),
        trail.entries,
        trail.counted,
        trail.repeated,
        trail.outside_period,
        trail.of_others
    )?;
    writeln!(out, "compared with {}", result.reference.text)?;
    writeln!(
        out,
        "\n{:<10} {:>8} {:>10}  classes",
        "month", "patients", "applicable"
    )?;
    let list = |of: &[Counted]| {
        let parts: Vec<String> = of
            .iter()
            .map(|c| format!("{} {}", c.name, c.count))
            .collect();
        parts.join(", ")
    };
    for month in &result.months {
        writeln!(
            out,
            "{:<10} {:>8} {:>10}  {}",
            month.month,
            month.patients,
            month.applicable,
            list(&month.classes)
        )?;
    }
    writeln!(
        out,
        "\n{:<50} {:<8} {:>11} {:>7}  limits",
        "share", "month", "patients", "share"
    )?;
    for chart in &result.charts {
        for point in &chart.points {
            let per_cent =
                |share: Option<f64>| share.map_or("-".into(), |s| format!("{:.1} %", 100.0 * s));
            writeln!(
                out,
                "{:<50} {:<8} {:>11} {:>7}  {} to {}  {}",
                chart.title,
                point.month,
                format!("{} of {}", point.count, point.patients),
                per_cent(point.share),
                per_cent(point.low),
                per_cent(point.high),
                point.state
            )?;
        }
    }
    if let Some(feedback) = &result.feedback {
        writeln!(
            out,
            "\ncards shown {}, a suggestion taken {}, overridden {} ({}); feedback on other cards {}",
            feedback.shown,
            feedback.accepted,
            feedback.overridden,
            list(&feedback.reasons),
            feedback.of_other_cards
        )?;
    }
    if let Some(calibration) = &result.calibration {
        let told = &calibration.outcomes;
        writeln!(
            out,
            "\noutcomes: {} rows; {} undetermined, {} unmatched, {} with an open predictor, {} too recent; {} patients count, {} have none",
            told.rows,
            told.undetermined,
            told.unmatched,
            told.incomplete,
            told.too_recent,
            told.counted,
            told.without_outcome
        )?;
        for row in calibration.months.iter().chain([&calibration.total]) {
            let limit = |of: Option<u64>| of.map_or("-".to_owned(), |of| of.to_string());
            writeln!(
                out,
                "{:<10} observed {:>5}, expected {:>8.1} of {:>6}, limits {} to {}  {}",
                row.month,
                row.observed,
                row.expected,
                row.patients,
                limit(row.low),
                limit(row.high),
                row.state
            )?;
        }
    }
    writeln!(out)?;
    for warning in &result.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    for why in &result.insufficient {
        writeln!(out, "insufficient: {why}")?;
    }
    for signal in &result.signals {
        writeln!(out, "SIGNAL: {signal}")?;
    }
    let settings = &result.settings;
    writeln!(
        out,
        "{} points judged (months of {} patients or more), at most {:.2} false signals to be expected among them",
        settings.tests, settings.minimum_count, settings.expected_false_signals
    )?;
    writeln!(
        out,
        "verdict: {}",
        match result.verdict {
            Verdict::InControl => "in control",
            Verdict::Signal => "signal",
            Verdict::Insufficient =>
                "insufficient: no signal, and not enough data to say that all is in control",
        }
    )
}

//! The report in one screen of text, for a terminal. Everything else is in the JSON and in the HTML report.

use super::result::{Calibration, Figure, Marker, Validation};
use std::fmt::Write;

/// The summary, with a line feed at its end.
pub fn text(validation: &Validation) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write(&mut text, validation);
    text
}

fn write(out: &mut String, v: &Validation) -> std::fmt::Result {
    let model = &v.provenance.model;
    let flow = &v.flow;
    writeln!(
        out,
        "Local evaluation of {} {} (sha256 {:.12})",
        model.id, model.version, model.sha256
    )?;
    writeln!(
        out,
        "rows {}: {} unreadable, {} without a known outcome, {} with an unknown predictor ({} of them without PET), {} analysed",
        flow.rows,
        flow.bad_rows,
        flow.outcome_undetermined,
        flow.incomplete,
        flow.without_pet,
        flow.analysed
    )?;
    writeln!(
        out,
        "analysed: {} turned out refractory, {} did not\n{}",
        flow.refractory, flow.not_refractory, v.gate.meaning
    )?;
    writeln!(
        out,
        "\nscore  refractory/patients  observed              model  pattern"
    )?;
    for row in v.patterns.iter().filter(|row| row.patients > 0) {
        let model = row
            .model
            .map_or(String::new(), |model| per_cent(model.estimate));
        writeln!(
            out,
            "{:>5}  {:>19}  {:<20}  {:>5}  {}",
            row.score,
            format!("{}/{}", row.refractory, row.patients),
            row.observed.as_ref().map_or(String::new(), share),
            model,
            row.label
        )?;
    }
    for marker in &v.markers {
        writeln!(out)?;
        discrimination(out, marker)?;
    }
    if !v.comparisons.is_empty() {
        writeln!(out)?;
    }
    for pair in &v.comparisons {
        writeln!(
            out,
            "{} against {}: difference of the areas {}{}",
            pair.first,
            pair.second,
            number(&pair.difference),
            pair.p
                .map_or(String::new(), |p| format!(", p {}", p_value(p)))
        )?;
    }
    for calibration in &v.calibration {
        writeln!(out)?;
        calibrated(out, calibration)?;
    }
    if let Some(decision) = &v.decision {
        writeln!(out, "\ngreatest net benefit")?;
        for range in &decision.best {
            writeln!(
                out,
                "  threshold {:.2} to {:.2}: {}",
                range.from,
                range.to,
                range.strategies.join(", ")
            )?;
        }
    }
    if let Some(refit) = &v.refit {
        writeln!(
            out,
            "\nfour-factor model fitted here: c {:.3}{}",
            refit.c_apparent,
            refit.c_corrected.map_or(String::new(), |c| format!(
                ", corrected for optimism {c:.3} ({} replicates)",
                refit.replicates
            ))
        )?;
    }
    for subgroup in &v.subgroups {
        writeln!(
            out,
            "\nby {}{}",
            subgroup.variable,
            subgroup
                .cut
                .as_ref()
                .map_or(String::new(), |cut| format!(" ({cut})"))
        )?;
        for level in &subgroup.levels {
            write!(
                out,
                "  {}: {}/{}",
                level.level, level.refractory, level.patients
            )?;
            for (name, figure) in [
                ("sensitivity", &level.sensitivity),
                ("specificity", &level.specificity),
                ("AUC", &level.auc),
                ("O/E", &level.observed_expected),
            ] {
                if let Some(figure) = figure {
                    write!(out, ", {name} {}", number(figure))?;
                }
            }
            writeln!(out)?;
        }
    }
    if v.unknowns.incomplete > 0 {
        writeln!(
            out,
            "\nunknown predictors: over every completion of {} patients",
            v.unknowns.incomplete
        )?;
        for bound in &v.unknowns.bounds {
            writeln!(
                out,
                "  {}: {:.3} to {:.3}",
                bound.figure, bound.least, bound.greatest
            )?;
        }
        writeln!(
            out,
            "  class fixed all the same: sensitivity {}, specificity {}; open: {} refractory, {} not",
            v.unknowns
                .determinate_class
                .sensitivity
                .as_ref()
                .map_or("-".to_owned(), number),
            v.unknowns
                .determinate_class
                .specificity
                .as_ref()
                .map_or("-".to_owned(), number),
            v.unknowns.indeterminate[0],
            v.unknowns.indeterminate[1]
        )?;
    }
    list(
        out,
        "\nwithheld",
        v.withheld.iter().map(|item| {
            let shown = if item.shown {
                " (shown all the same)"
            } else {
                ""
            };
            format!(
                "{}{shown}: {} more patients in the smaller class needed",
                item.what, item.missing
            )
        }),
    )?;
    list(
        out,
        "\nnotes",
        v.notes
            .iter()
            .map(|note| format!("{}: {}", note.about, note.text)),
    )?;
    list(out, "\nlimits", v.limits.iter().cloned())
}

fn discrimination(out: &mut String, marker: &Marker) -> std::fmt::Result {
    write!(out, "{}", marker.label)?;
    if let Some(auc) = &marker.auc {
        write!(out, ": AUC {}", number(auc))?;
    }
    writeln!(out)?;
    let Some(table) = marker.at_cutoff.as_ref().filter(|_| marker.name != "score") else {
        // The split of the score is the class.
        return Ok(());
    };
    writeln!(
        out,
        "  TP {} FN {} FP {} TN {}",
        table.true_positive, table.false_negative, table.false_positive, table.true_negative
    )?;
    for (name, figure) in [
        ("sensitivity", &table.sensitivity),
        ("specificity", &table.specificity),
        ("PPV", &table.ppv),
        ("NPV", &table.npv),
        ("accuracy", &table.accuracy),
    ] {
        if let Some(figure) = figure {
            writeln!(out, "  {name:<12} {}", share(figure))?;
        }
    }
    for (name, figure) in [
        ("Youden", &table.youden),
        ("LR+", &table.lr_positive),
        ("LR-", &table.lr_negative),
    ] {
        if let Some(figure) = figure {
            writeln!(out, "  {name:<12} {}", number(figure))?;
        }
    }
    Ok(())
}

fn calibrated(out: &mut String, calibration: &Calibration) -> std::fmt::Result {
    writeln!(
        out,
        "{}: {} observed, {:.1} expected",
        calibration.label, calibration.refractory, calibration.expected
    )?;
    for (name, figure) in [
        ("O/E", &calibration.observed_expected),
        ("in the large", &calibration.in_the_large),
        ("slope", &calibration.slope),
        ("Brier", &calibration.brier),
        ("scaled Brier", &calibration.brier_scaled),
    ] {
        if let Some(figure) = figure {
            writeln!(out, "  {name:<12} {}", number(figure))?;
        }
    }
    for distance in &calibration.distances {
        writeln!(out, "  {:<12} {:.3}", distance.name, distance.value)?;
    }
    Ok(())
}

fn list(out: &mut String, title: &str, items: impl Iterator<Item = String>) -> std::fmt::Result {
    let mut items = items.peekable();
    if items.peek().is_some() {
        writeln!(out, "{title}")?;
    }
    for item in items {
        writeln!(out, "  - {item}")?;
    }
    Ok(())
}

fn per_cent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn share(figure: &Figure) -> String {
    match (figure.low, figure.high) {
        (Some(low), Some(high)) => format!(
            "{:.1} % ({:.1} to {:.1})",
            figure.value * 100.0,
            low * 100.0,
            high * 100.0
        ),
        _ => per_cent(figure.value),
    }
}

fn number(figure: &Figure) -> String {
    match (figure.low, figure.high) {
        (Some(low), Some(high)) => format!("{:.3} ({low:.3} to {high:.3})", figure.value),
        _ => format!("{:.3}", figure.value),
    }
}

fn p_value(p: f64) -> String {
    if p < 0.001 {
        "under 0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}

//! A recalibration and a comparison of two models as pages for people. Compute nothing. Read [`page`] first.

mod compared;
mod fit;
mod patients;

pub use compared::page as diff_page;

use super::{Estimate, Recalibration, Step};
use crate::report::words::{
    fixed, p_value, percent_with_interval, plain, thousands, three, with_interval,
};
use crate::report::{Block, Page, Section, Table};
use fit::fit;
use patients::{files, flow};

/// The report of a recalibration.
pub fn page(r: &Recalibration) -> Page {
    let original = format!("{} {}", r.original.id, r.original.version);
    let mut made_by = format!("{} {}", r.software.name, r.software.version);
    for part in [&r.date, &r.site].into_iter().flatten() {
        made_by.push_str(&format!(", {part}"));
    }
    let mut lead = vec![
        Block::paragraph(format!(
            "What a local cohort says about the probabilities of {original}, and an updated model that fits it better. A local fit: it holds for patients like these, and a new version needs a signature of its own."
        )),
        Block::Facts(vec![
            ("Taken".to_owned(), step_name(r.chosen.step).to_owned()),
            ("Because".to_owned(), r.chosen.because.clone()),
            (
                "Observed by expected, before and after".to_owned(),
                pair(
                    &r.before.observed_by_expected,
                    &r.after.observed_by_expected,
                    three,
                ),
            ),
            (
                "Calibration slope, before and after".to_owned(),
                pair(&r.before.slope, &r.after.slope, three),
            ),
        ]),
    ];
    lead.extend(r.warnings.iter().cloned().map(Block::Warning));
    let mut sections = vec![
        Section::new("Flow of patients", flow(&r.cohort)),
        choice(r),
        fit(r),
        coefficients(r),
        patterns(r),
    ];
    if let Some(optimism) = &r.optimism {
        let mut table = Table::new(
            "Optimism of the whole procedure",
            &[
                "Figure",
                "Apparent",
                "Training",
                "Test",
                "Optimism",
                "Corrected",
                "Resamples",
            ],
        );
        for row in &optimism.figures {
            let mut cells = vec![figure_name(&row.name).to_owned()];
            let values = [
                row.apparent,
                row.training,
                row.test,
                row.optimism,
                row.corrected,
            ];
            cells.extend(values.map(|value| fixed(value, 4)));
            cells.push(thousands(u64::from(row.n)));
            table.row(cells);
        }
        let mut taken = Table::new(
            "How often each step was taken in the resamples",
            &["Step", "Resamples"],
        );
        for (step, times) in Step::ALL.iter().zip(optimism.chosen) {
            taken.row([step_name(*step).to_owned(), thousands(u64::from(times))]);
        }
        taken.note = format!(
            "{} resamples asked for, {} without a fit left out.",
            thousands(u64::from(optimism.replicates)),
            thousands(u64::from(optimism.failed))
        );
        sections.push(Section::new(
            "Corrected for optimism",
            vec![Block::Table(table), Block::Table(taken)],
        ));
    }
    if !r.notes.is_empty() {
        sections.push(Section::new(
            "How it was computed",
            vec![Block::List(r.notes.clone())],
        ));
    }
    sections.push(sources(r));
    Page {
        title: format!("Recalibration of {original}"),
        made_by,
        lead,
        sections,
        closing: "Figures of one cohort. Not a certified medical device; no figure of this page says what to do for one patient."
            .to_owned(),
    }
}

fn estimate(of: &Option<Estimate>, write: fn(f64) -> String) -> String {
    match of {
        Some(of) => with_interval(of.value, of.low, of.high, write),
        None => "not shown".to_owned(),
    }
}

fn pair(before: &Option<Estimate>, after: &Option<Estimate>, write: fn(f64) -> String) -> String {
    format!("{}; {}", estimate(before, write), estimate(after, write))
}

/// A step as people call it.
fn step_name(step: Step) -> &'static str {
    match step {
        Step::None => "no update",
        Step::Intercept => "intercept",
        Step::InterceptAndSlope => "intercept and slope",
        Step::Revision => "revision of all coefficients",
    }
}

/// A term or a figure as people call it.
fn figure_name(name: &str) -> &str {
    match name {
        "auc" => "Area under the ROC curve",
        "intercept" => "Intercept",
        "slope" => "Slope",
        "brier" => "Brier score",
        "meanDifferenceByPattern" => "Mean difference by pattern",
        "ageAtDiagnosis" => "Age at diagnosis",
        "recurrence" => "Recurrence",
        "multiSiteMetastasis" => "Metastases at several sites",
        "fdgUptake" => "FDG uptake",
        other => other,
    }
}

fn choice(r: &Recalibration) -> Section {
    let mut gates = Table::new(
        "Sizes that the steps need, in the smaller outcome class",
        &["Step", "Needed", "There are", "Allowed"],
    )
    .with_words(&[3]);
    for gate in &r.gates {
        gates.row([
            step_name(gate.step).to_owned(),
            thousands(gate.needed),
            thousands(gate.has),
            if gate.open { "yes" } else { "no" }.to_owned(),
        ]);
    }
    let mut blocks = vec![
        Block::paragraph(format!(
            "Taken: {} ({}), because: {}.",
            step_name(r.chosen.step),
            match r.chosen.by.as_str() {
                "closed-test" => "by the closed testing procedure",
                _ => "chosen by hand",
            },
            r.chosen.because
        )),
        Block::Table(gates),
    ];
    if !r.tests.is_empty() {
        let columns = [
            "Smaller model",
            "Larger model",
            "Degrees of freedom",
            "Statistic",
            "p",
            "Decides",
        ];
        let mut table = Table::new("Likelihood ratio tests", &columns).with_words(&[1, 5]);
        for test in &r.tests {
            table.row([
                step_name(test.smaller).to_owned(),
                step_name(test.larger).to_owned(),
                test.degrees_of_freedom.to_string(),
                three(test.statistic),
                p_value(test.p),
                if test.decides {
                    "yes"
                } else {
                    "for information"
                }
                .to_owned(),
            ]);
        }
        blocks.push(Block::Table(table));
    }
    Section::new("Which update", blocks)
}

fn coefficients(r: &Recalibration) -> Section {
    let columns = [
        "Term",
        "Original",
        "Updated",
        "Standard error of the updated",
    ];
    let mut table = Table::new(
        "Coefficients: log odds ratios, the intercept log odds",
        &columns,
    );
    for row in &r.coefficients {
        table.row([
            figure_name(&row.name).to_owned(),
            three(row.original),
            three(row.updated),
            row.standard_error.map_or("not known".to_owned(), three),
        ]);
    }
    let mut facts = Vec::new();
    let named = [
        ("Slope of the update", r.slope),
        ("Ridge penalty", r.penalty),
        (
            "Effective degrees of freedom",
            r.effective_degrees_of_freedom,
        ),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            facts.push((name.to_owned(), three(value)));
        }
    }
    let mut blocks = vec![Block::Table(table)];
    if !facts.is_empty() {
        blocks.push(Block::Facts(facts));
    }
    Section::new("Coefficients", blocks)
}

/// The predictors of a pattern in words.
fn pattern(present: &[String]) -> String {
    match present.is_empty() {
        true => "none of the four".to_owned(),
        false => {
            let names = present.iter().map(|name| figure_name(name));
            names.collect::<Vec<_>>().join(" + ")
        }
    }
}

fn band(of: &Estimate) -> String {
    percent_with_interval(of.value, of.low, of.high)
}

fn patterns(r: &Recalibration) -> Section {
    let columns = [
        "Pattern",
        "Score",
        "Refractory of patients",
        "Observed share (Wilson 95 %)",
        "Before (95 % band)",
        "After (95 % band)",
    ];
    let mut table = Table::new("The 16 patterns", &columns);
    for row in &r.patterns {
        table.row([
            pattern(&row.present),
            row.score.to_string(),
            format!(
                "{} of {}",
                thousands(row.refractory),
                thousands(row.patients)
            ),
            row.observed.as_ref().map_or("no patients".to_owned(), band),
            band(&row.before),
            band(&row.after),
        ]);
    }
    Section::new("Patterns", vec![Block::Table(table)])
}

fn sources(r: &Recalibration) -> Section {
    let mut facts = vec![
        (
            "Software".to_owned(),
            format!("{} {}", r.software.name, r.software.version),
        ),
        (
            "Original model".to_owned(),
            format!(
                "{} {}, SHA-256 {}",
                r.original.id, r.original.version, r.original.sha256
            ),
        ),
    ];
    facts.push((
        "Updated model".to_owned(),
        match &r.updated {
            Some(model) => format!("{} {}, SHA-256 {}", model.id, model.version, model.sha256),
            None => "no file was written".to_owned(),
        },
    ));
    if let Some(by) = &r.by {
        facts.push(("Answers for it".to_owned(), by.clone()));
    }
    let settings = &r.settings;
    facts.extend([
        ("Method asked for".to_owned(), settings.method.clone()),
        ("Level of each test".to_owned(), plain(settings.alpha)),
        (
            "Bootstrap resamples".to_owned(),
            thousands(u64::from(settings.bootstrap)),
        ),
        ("Seed".to_owned(), settings.seed.to_string()),
        (
            "Steps below their gate".to_owned(),
            if settings.below_gate {
                "allowed by hand"
            } else {
                "not allowed"
            }
            .to_owned(),
        ),
    ]);
    Section::new(
        "What went in",
        vec![Block::Facts(facts), Block::Table(files(&r.cohort))],
    )
}

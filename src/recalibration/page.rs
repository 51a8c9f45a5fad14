//! A recalibration and a comparison of two models as pages for people. Compute nothing. Read [`page`] first.

mod compared;

pub use compared::page as diff_page;

use super::{Calibration, CohortSummary, Estimate, Recalibration, Step};
use crate::plot::charts::{self, Calibration as Plot};
use crate::plot::{Flow, FlowStep, Picture, Point};
use crate::report::words::{
    fixed, p_value, part, percent, percent_with_interval, plain, share, thousands, three,
    with_interval,
};
use crate::report::{Block, Page, Section, Table};

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

fn flow(cohort: &CohortSummary) -> Vec<Block> {
    let step = |name: &str, count: u64, left_out: &[(&str, u64)]| FlowStep {
        name: name.to_owned(),
        count,
        left_out: left_out
            .iter()
            .map(|(why, count)| ((*why).to_owned(), *count))
            .collect(),
    };
    let picture = Flow {
        title: "Flow of patients".to_owned(),
        description: format!(
            "Of {} patients {} have no determined outcome and {} an unknown or conflicting predictor. {} were analysed: {} turned out refractory, {} did not.",
            thousands(cohort.patients),
            thousands(cohort.undetermined),
            thousands(cohort.incomplete),
            thousands(cohort.analysed),
            thousands(cohort.refractory),
            thousands(cohort.not_refractory)
        ),
        steps: vec![
            step(
                "Rows of data",
                cohort.patients + cohort.bad_rows,
                &[("could not be read", cohort.bad_rows)],
            ),
            step(
                "Patients",
                cohort.patients,
                &[
                    ("outcome undetermined", cohort.undetermined),
                    ("a predictor unknown or conflicting", cohort.incomplete),
                ],
            ),
            step("Analysed", cohort.analysed, &[]),
        ],
    };
    let mut facts = vec![
        (
            "Turned out refractory".to_owned(),
            part(cohort.refractory, cohort.analysed),
        ),
        (
            "Did not".to_owned(),
            part(cohort.not_refractory, cohort.analysed),
        ),
    ];
    if let (Some(from), Some(to)) = (&cohort.from, &cohort.to) {
        facts.push((
            "First radioiodine treatment".to_owned(),
            format!("{from} to {to}"),
        ));
    }
    vec![
        Block::picture(
            "flow",
            picture,
            "From the rows of the input to the patients of the analysis. Nobody was imputed.",
        ),
        Block::Facts(facts),
    ]
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

/// A part of a calibration.
type Part<T> = fn(&Calibration) -> &T;

/// Rows of a table that holds two calibrations side by side.
fn calibrations(caption: &str, names: [&str; 2], [first, second]: [&Calibration; 2]) -> Table {
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

fn fit(r: &Recalibration) -> Section {
    let table = calibrations(
        "Before and after, on the same patients",
        ["Before", "After"],
        [&r.before, &r.after],
    )
    .with_note("95 % intervals: DeLong (area), log scale (observed by expected), Wald (intercept, slope). After the update the figures flatter: see Corrected for optimism.");
    let plot = |name: &str, title: &str, of: fn(&super::PatternRow) -> Estimate| {
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
        Block::picture(name, Picture::from(figure), &caption)
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

/// The files of a cohort.
fn files(cohort: &CohortSummary) -> Table {
    let mut table = Table::new("Input", &["File", "SHA-256", "Rows"]).with_words(&[1]);
    for file in &cohort.files {
        table.row([file.file.clone(), file.sha256.clone(), thousands(file.rows)]);
    }
    table
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

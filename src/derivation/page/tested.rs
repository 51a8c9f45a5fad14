//! Variables and criteria alone: the paper's Tables 1 and 4, and the cut-offs of its text.

use super::super::{ClassSummary, Derivation, Univariable};
use super::{count, index, interval};
use crate::report::words::{p_value, part, plain, share, thousands, three};
use crate::report::{Block, Section, Table};

pub fn univariable(d: &Derivation) -> Section {
    let columns = [
        "Variable",
        "Level or summary",
        "With the outcome",
        "Without it",
        "Test that decides",
        "p",
        "To the regression",
    ];
    let mut table = Table::new("One variable at a time (as the paper's Table 1)", &columns)
        .with_words(&[1, 4, 6])
        .with_note("Share of a level: of the patients with (or without) the outcome in whom the variable is known.");
    for variable in &d.univariable {
        rows(&mut table, variable);
    }
    let mut tests = Table::new(
        "Every test that was done",
        &["Variable", "Test", "Statistic", "Degrees of freedom", "p"],
    )
    .with_words(&[1]);
    for variable in &d.univariable {
        for test in &variable.tests {
            tests.row([
                variable.variable.clone(),
                test.test.to_owned(),
                test.statistic.map_or("none".to_owned(), three),
                test.degrees_of_freedom.map_or("none".to_owned(), degrees),
                p_value(test.p),
            ]);
        }
    }
    let reasons = d.univariable.iter().map(|variable| {
        let text = format!(
            "{} ({} known, {} not)",
            variable.why,
            count(variable.known),
            count(variable.missing)
        );
        (variable.variable.clone(), text)
    });
    Section::new(
        "Variables alone",
        vec![
            Block::Table(table),
            Block::Heading("Why each test".to_owned()),
            Block::Facts(reasons.collect()),
            Block::Table(tests),
        ],
    )
}

/// Whole ones without decimals; Welch's test has others.
fn degrees(of: f64) -> String {
    match of.fract() == 0.0 {
        true => plain(of),
        false => three(of),
    }
}

fn rows(table: &mut Table, variable: &Univariable) {
    let decided = |is_first: bool| match is_first {
        true => [
            variable.decides.unwrap_or("none").to_owned(),
            variable.p.map_or("none".to_owned(), p_value),
            if variable.entered { "yes" } else { "no" }.to_owned(),
        ],
        // Said once for each variable.
        false => ["as above", "as above", "as above"].map(str::to_owned),
    };
    if let [with, without] = variable.classes.as_slice() {
        let mean = |class: &ClassSummary| match class.sd {
            Some(sd) => format!("{} ({})", three(class.mean), three(sd)),
            None => three(class.mean),
        };
        let median = |class: &ClassSummary| {
            let [low, middle, high] = class.quartiles;
            format!("{} ({} to {})", three(middle), three(low), three(high))
        };
        let kinds = [
            ("mean (SD)", mean as fn(&ClassSummary) -> String),
            ("median (quartiles)", median),
        ];
        for (number, (name, write)) in kinds.into_iter().enumerate() {
            let mut cells = vec![
                variable.variable.clone(),
                name.to_owned(),
                write(with),
                write(without),
            ];
            cells.extend(decided(number == 0));
            table.row(cells);
        }
    }
    let all = |of: fn(&super::super::Level) -> u64| variable.levels.iter().map(of).sum::<u64>();
    let (events, others) = (all(|level| level.events), all(|level| level.others));
    for (number, level) in variable.levels.iter().enumerate() {
        let mut cells = vec![
            variable.variable.clone(),
            level.name.clone(),
            part(level.events, events),
            part(level.others, others),
        ];
        cells.extend(decided(number == 0));
        table.row(cells);
    }
}

pub fn cut_offs(d: &Derivation) -> Section {
    let columns = [
        "Criterion",
        "AUC (95 % interval)",
        "Sensitivity",
        "Specificity",
        "Youden",
        "p",
        "Equally good",
    ];
    let mut table = Table::new("Numbers cut in two at the greatest Youden index", &columns)
        .with_note("The p values are too small: each cut-off was chosen on the same patients.");
    for cut in &d.cut_offs {
        let others: Vec<String> = cut.equally_good.iter().map(|value| three(*value)).collect();
        table.row([
            cut.criterion.clone(),
            interval(&cut.auc, share),
            share(cut.sensitivity),
            share(cut.specificity),
            index(cut.youden),
            cut.p.map_or("none".to_owned(), p_value),
            if others.is_empty() {
                "none".to_owned()
            } else {
                others.join(", ")
            },
        ]);
    }
    Section::new("Cut-offs of numbers", vec![Block::Table(table)])
}

pub fn performance(d: &Derivation) -> Section {
    let columns = [
        "Test",
        "TP",
        "FP",
        "FN",
        "TN",
        "Sensitivity",
        "Specificity",
        "Accuracy",
        "Youden",
        "AUC",
    ];
    let mut table = Table::new("Each criterion alone, and the score (as the paper's Table 4)", &columns).with_note(
        "95 % intervals: Wilson for shares, DeLong for areas. TP true positive, FP false positive, FN false negative, TN true negative.",
    );
    for row in &d.performance {
        let mut cells = vec![row.test.clone()];
        let counts = [
            row.true_positive,
            row.false_positive,
            row.false_negative,
            row.true_negative,
        ];
        cells.extend(counts.map(thousands));
        cells.extend(
            [&row.sensitivity, &row.specificity, &row.accuracy].map(|of| interval(of, share)),
        );
        cells.push(index(row.youden));
        cells.push(interval(&row.auc, share));
        table.row(cells);
    }
    Section::new("How well each does", vec![Block::Table(table)])
}

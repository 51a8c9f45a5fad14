//! How well the score, the class, PET alone and the probabilities separate the two outcomes.

use super::numbers::{Measure, measures, shown, with_interval};
use super::patients::cut;
use super::{CLASS, SCORE, marker};
use crate::plot::Point;
use crate::plot::charts::{self, Curve};
use crate::report::words::{fixed, p_value, share, thousands, three};
use crate::report::{Block, Section, Table};
use crate::validation::result::{Marker, TwoByTwo, Validation};

/// Rows of a table of cut-offs beyond which it is thinned: a probability has as many as it has values.
const MOST_ROWS: usize = 60;

pub fn rules(v: &Validation) -> Section {
    let mut blocks = Vec::new();
    for marker in v.markers.iter().filter(|marker| marker.name != SCORE) {
        let Some(table) = &marker.at_cutoff else {
            continue;
        };
        let name = match marker.name {
            CLASS => format!(
                "{}: {} points and above",
                marker.label, v.provenance.model.cutoff
            ),
            _ => marker.label.to_owned(),
        };
        blocks.push(Block::Heading(name.clone()));
        blocks.push(Block::Table(two_by_two(&name, table)));
        blocks.push(Block::Table(of_table(&name, table)));
    }
    if let Some(score) = marker(v, SCORE) {
        blocks.push(Block::Heading(
            "Every possible cut-off of the score".to_owned(),
        ));
        blocks.extend(cutoffs(score));
    }
    Section::new("At the cut-off", blocks)
}

fn two_by_two(name: &str, table: &TwoByTwo) -> Table {
    let mut rows = Table::new(
        &format!("{name}: patients"),
        &["", "Turned out refractory", "Did not", "All"],
    );
    let row = |name: &str, yes: u64, no: u64| {
        [
            name.to_owned(),
            thousands(yes),
            thousands(no),
            thousands(yes + no),
        ]
    };
    rows.columns[0].title = "Result".to_owned();
    rows.row(row("Positive", table.true_positive, table.false_positive));
    rows.row(row("Negative", table.false_negative, table.true_negative));
    rows.row(row(
        "All",
        table.true_positive + table.false_negative,
        table.false_positive + table.true_negative,
    ));
    rows
}

/// The measures of a 2x2 table.
pub fn of_table(name: &str, table: &TwoByTwo) -> Table {
    let rows = [
        (
            "Sensitivity",
            &table.sensitivity,
            share as fn(f64) -> String,
        ),
        ("Specificity", &table.specificity, share),
        ("Positive predictive value", &table.ppv, share),
        ("Negative predictive value", &table.npv, share),
        ("Accuracy", &table.accuracy, share),
        ("Youden index", &table.youden, share),
        (
            "Likelihood ratio of a positive result",
            &table.lr_positive,
            three,
        ),
        (
            "Likelihood ratio of a negative result",
            &table.lr_negative,
            three,
        ),
    ];
    let rows = rows.map(|(name, figure, write)| Measure {
        name,
        figure,
        write,
    });
    measures(&format!("{name}: measures"), &rows)
}

fn cutoffs(marker: &Marker) -> Vec<Block> {
    let columns = [
        "At or above",
        "TP",
        "FN",
        "FP",
        "TN",
        "Sensitivity",
        "Specificity",
        "PPV",
        "NPV",
        "Accuracy",
        "Youden",
    ];
    let mut table = Table::new(&format!("{}: every cut-off", marker.label), &columns);
    let value = |figure: &Option<crate::validation::result::Figure>| match figure {
        Some(figure) => share(figure.value),
        None => "none".to_owned(),
    };
    for row in marker.cutoffs.iter().take(MOST_ROWS) {
        let t = &row.table;
        let mut cells = vec![cut(row.at_or_above)];
        cells.extend(
            [
                t.true_positive,
                t.false_negative,
                t.false_positive,
                t.true_negative,
            ]
            .map(thousands),
        );
        cells.extend(
            [
                &t.sensitivity,
                &t.specificity,
                &t.ppv,
                &t.npv,
                &t.accuracy,
                &t.youden,
            ]
            .map(value),
        );
        table.row(cells);
    }
    let best: Vec<String> = marker
        .youden_optimum
        .iter()
        .map(|value| cut(*value))
        .collect();
    let mut note = "TP true positive, FN false negative, FP false positive, TN true negative, PPV and NPV positive and negative predictive value. Intervals stand in the JSON.".to_owned();
    if !best.is_empty() {
        note.push_str(&format!(
            " On these patients Youden's index is greatest at {}; chosen here it would be optimistic.",
            best.join(" and ")
        ));
    }
    table.note = note;
    vec![Block::Table(table)]
}

pub fn roc(v: &Validation) -> Section {
    let drawn: Vec<&Marker> = v
        .markers
        .iter()
        .filter(|marker| !marker.roc.is_empty() && marker.name != CLASS)
        .collect();
    let mut blocks = Vec::new();
    if drawn.is_empty() {
        blocks.push(Block::paragraph(
            "No ROC curve is shown; the reason stands under Withheld and under Notes.",
        ));
    } else {
        blocks.push(roc_figure(v, &drawn));
    }
    let columns = [
        "What",
        "Patients",
        "Refractory",
        "AUC (95 % interval, DeLong)",
        "Bootstrap percentile interval",
    ];
    let mut table = Table::new("Areas under the ROC curve", &columns)
        .with_note("0.5 is no better than chance, 1 is perfect. Ties count one half. For the class and for PET alone, which split patients in two, the area is the mean of sensitivity and specificity.");
    for marker in &v.markers {
        let bootstrap = marker.auc.as_ref().and_then(|auc| auc.bootstrap);
        table.row([
            marker.label.to_owned(),
            thousands(marker.patients),
            thousands(marker.refractory),
            shown(&marker.auc, share),
            bootstrap.map_or("none".to_owned(), |interval| {
                crate::report::words::interval(interval.low, interval.high, share)
            }),
        ]);
    }
    blocks.push(Block::Table(table));
    if !v.comparisons.is_empty() {
        let columns = [
            "First",
            "Second",
            "Patients",
            "First AUC",
            "Second AUC",
            "Difference (95 % interval)",
            "z",
            "p",
        ];
        let mut table = Table::new("Paired comparisons of areas (DeLong)", &columns).with_words(&[1]).with_note(
            "The first row is the key comparison: what the score adds to PET alone. p is two-sided.",
        );
        let label =
            |name: &str| marker(v, name).map_or(name.to_owned(), |marker| marker.label.to_owned());
        for pair in &v.comparisons {
            table.row([
                label(pair.first),
                label(pair.second),
                thousands(pair.patients),
                share(pair.first_auc),
                share(pair.second_auc),
                with_interval(&pair.difference, share),
                pair.z.map_or("none".to_owned(), |z| fixed(z, 2)),
                pair.p.map_or("none".to_owned(), p_value),
            ]);
        }
        blocks.push(Block::Table(table));
    }
    Section::new("Discrimination", blocks)
}

fn roc_figure(v: &Validation, drawn: &[&Marker]) -> Block {
    let name = |marker: &Marker| match &marker.auc {
        Some(auc) => format!("{}: AUC {}", marker.label, with_interval(auc, share)),
        None => marker.label.to_owned(),
    };
    let curves: Vec<Curve> = drawn
        .iter()
        .map(|marker| Curve {
            name: name(marker),
            points: marker
                .roc
                .iter()
                .map(|point| (point.false_positive_rate, point.true_positive_rate))
                .collect(),
        })
        .collect();
    let class = marker(v, CLASS).and_then(|marker| marker.at_cutoff.as_ref());
    let at_cutoff = class.and_then(|table| {
        let (sensitivity, specificity) = (table.sensitivity.as_ref()?, table.specificity.as_ref()?);
        Some((sensitivity.value, specificity.value))
    });
    let marked = at_cutoff.map(|(sensitivity, specificity)| {
        let label = format!("cut-off {}", v.provenance.model.cutoff);
        Point::new(1.0 - specificity, sensitivity).labelled(&label)
    });
    let mut description = format!(
        "Sensitivity against 1 minus specificity at every cut-off. {}.",
        drawn
            .iter()
            .map(|marker| name(marker))
            .collect::<Vec<_>>()
            .join("; ")
    );
    if let Some((sensitivity, specificity)) = at_cutoff {
        description.push_str(&format!(
            " At the cut-off of {} points the sensitivity is {} and the specificity {}.",
            v.provenance.model.cutoff,
            share(sensitivity),
            share(specificity)
        ));
    }
    let figure = charts::roc(
        "ROC curves",
        &description,
        &curves,
        marked.into_iter().collect(),
    );
    Block::picture(
        "roc",
        figure,
        "Sensitivity against 1 minus specificity. The higher a curve, the better it separates the patients; the dashed diagonal is chance. The mark is the cut-off of the score.",
    )
}

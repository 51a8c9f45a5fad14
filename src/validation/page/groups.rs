//! Subgroups, and what unknown predictors could change.

use super::discrimination::of_table;
use super::numbers::{NOT_SHOWN, percent_shown, shown, with_interval};
use crate::plot::{Axis, Forest, ForestRow};
use crate::report::words::{share, thousands, three};
use crate::report::{Block, Section, Table};
use crate::validation::result::{Figure, Level, Validation};

/// A figure of a level: name, where it is, how it is written, where it is on the axis.
struct Shown {
    title: &'static str,
    name: &'static str,
    of: fn(&Level) -> &Option<Figure>,
    write: fn(f64) -> String,
    axis: fn() -> Axis,
    reference: Option<f64>,
}

const SHOWN: [Shown; 4] = [
    Shown {
        title: "Sensitivity by subgroup",
        name: "subgroups-sensitivity",
        of: |level| &level.sensitivity,
        write: share,
        axis: || Axis::between("Sensitivity of the class", 0.0, 1.0),
        reference: None,
    },
    Shown {
        title: "Specificity by subgroup",
        name: "subgroups-specificity",
        of: |level| &level.specificity,
        write: share,
        axis: || Axis::between("Specificity of the class", 0.0, 1.0),
        reference: None,
    },
    Shown {
        title: "Area under the ROC curve by subgroup",
        name: "subgroups-auc",
        of: |level| &level.auc,
        write: share,
        axis: || Axis::between("Area under the ROC curve of the score", 0.5, 1.0),
        reference: None,
    },
    Shown {
        title: "Observed by expected by subgroup",
        name: "subgroups-observed-expected",
        of: |level| &level.observed_expected,
        write: three,
        axis: || Axis::new("Observed by expected, scale of ratios").log(),
        reference: Some(1.0),
    },
];

pub fn subgroups(v: &Validation) -> Section {
    let mut blocks = vec![Block::paragraph(
        "Each level on its own. Small levels show counts only. With many subgroups some differ by chance alone.",
    )];
    blocks.extend(SHOWN.iter().filter_map(|shown| forest(v, shown)));
    for subgroup in &v.subgroups {
        let cut = subgroup
            .cut
            .as_ref()
            .map_or(String::new(), |cut| format!(" ({cut})"));
        let columns = [
            "Level",
            "Patients",
            "Refractory",
            "Sensitivity",
            "Specificity",
            "AUC of the score",
            "Observed by expected",
        ];
        let mut table = Table::new(&format!("By {}{cut}", subgroup.variable), &columns);
        for level in &subgroup.levels {
            let marked = match level.below_gate && v.gate.all_figures {
                true => format!("{} (below its gate)", level.level),
                false => level.level.clone(),
            };
            table.row([
                marked,
                thousands(level.patients),
                thousands(level.refractory),
                shown(&level.sensitivity, share),
                shown(&level.specificity, share),
                shown(&level.auc, share),
                shown(&level.observed_expected, three),
            ]);
        }
        if subgroup.missing > 0 {
            table.note = format!(
                "{} analysed patients without a value.",
                thousands(subgroup.missing)
            );
        }
        blocks.push(Block::Table(table));
        if !subgroup.differences.is_empty() {
            let columns = [
                "Figure",
                "Level",
                "Reference",
                "Difference or ratio (95 % interval)",
            ];
            let mut table = Table::new(&format!("Differences by {}", subgroup.variable), &columns)
                .with_words(&[1, 2])
                .with_note("Level less reference; for observed by expected, level by reference. No correction for the number of comparisons.");
            for row in &subgroup.differences {
                table.row([
                    figure_name(row.what).to_owned(),
                    row.level.clone(),
                    row.reference.clone(),
                    with_interval(
                        &row.difference,
                        match row.what {
                            "observedExpected" => three,
                            _ => share,
                        },
                    ),
                ]);
            }
            blocks.push(Block::Table(table));
        }
    }
    Section::new("Subgroups", blocks)
}

fn forest(v: &Validation, shown: &Shown) -> Option<Block> {
    let mut rows = Vec::new();
    let mut words = Vec::new();
    for subgroup in &v.subgroups {
        rows.push(ForestRow {
            name: subgroup.variable.clone(),
            is_heading: true,
            ..ForestRow::default()
        });
        for level in &subgroup.levels {
            let figure = (shown.of)(level).as_ref();
            let numbers = figure.map_or(NOT_SHOWN.to_owned(), |figure| {
                with_interval(figure, shown.write)
            });
            if figure.is_some() {
                words.push(format!("{} {}: {numbers}", subgroup.variable, level.level));
            }
            rows.push(ForestRow {
                name: level.level.clone(),
                counts: format!(
                    "{} of {}",
                    thousands(level.refractory),
                    thousands(level.patients)
                ),
                estimate: figure.and_then(|figure| Some((figure.value, figure.low?, figure.high?))),
                numbers,
                is_heading: false,
            });
        }
    }
    if !rows.iter().any(|row| row.estimate.is_some()) {
        return None;
    }
    let forest = Forest {
        title: shown.title.to_owned(),
        description: format!("{}.", words.join("; ")),
        axis: (shown.axis)(),
        reference: shown.reference,
        counts_head: "Refractory of all".to_owned(),
        numbers_head: "Estimate (95 % interval)".to_owned(),
        rows,
    };
    let caption = format!("{} with 95 % intervals.", shown.title);
    Some(Block::picture(shown.name, forest, &caption))
}

/// A figure as people call it.
fn figure_name(name: &str) -> &str {
    match name {
        "sensitivity" => "Sensitivity of the class",
        "specificity" => "Specificity of the class",
        "ppv" => "Positive predictive value of the class",
        "npv" => "Negative predictive value of the class",
        "accuracy" => "Accuracy of the class",
        "auc" => "Area under the ROC curve of the score",
        "modelAuc" => "Area under the ROC curve of the model's probability",
        "observedExpected" => "Observed by expected",
        "brier" => "Brier score",
        other => other,
    }
}

pub fn unknowns(v: &Validation) -> Section {
    let unknowns = &v.unknowns;
    let mut blocks = Vec::new();
    if unknowns.incomplete == 0 {
        blocks.push(Block::paragraph(
            "Every patient with a known outcome has all four predictors: nothing could change.",
        ));
    } else {
        blocks.push(Block::paragraph(format!(
            "{} of {} patients with a known outcome have an unknown or conflicting predictor. The main analysis leaves them out. Here each figure is given with its least and greatest value over every way to complete them. These are no confidence intervals: chance comes on top.",
            thousands(unknowns.incomplete),
            thousands(unknowns.patients)
        )));
        let columns = [
            "Figure",
            "Complete patients",
            "Least",
            "Greatest",
            "Limits are",
        ];
        let mut table = Table::new("Bounds over every completion", &columns).with_words(&[4]);
        for bound in &unknowns.bounds {
            table.row([
                figure_name(bound.figure).to_owned(),
                bound.complete.map_or(NOT_SHOWN.to_owned(), share),
                share(bound.least),
                share(bound.greatest),
                match bound.exact {
                    true => "reached".to_owned(),
                    false => "not always reached".to_owned(),
                },
            ]);
        }
        blocks.push(Block::Table(table));
        blocks.push(Block::Heading(
            "Patients whose class is fixed in spite of what is unknown".to_owned(),
        ));
        blocks.push(Block::paragraph(format!(
            "The class of {} refractory and {} other patients depends on what is unknown; they are not in this table.",
            thousands(unknowns.indeterminate[0]),
            thousands(unknowns.indeterminate[1])
        )));
        blocks.push(Block::Table(of_table(
            "Class that is fixed",
            &unknowns.determinate_class,
        )));
    }
    let pet = &unknowns.without_pet;
    if pet.patients > 0 {
        blocks.push(Block::Heading("Patients without a usable PET".to_owned()));
        let mut facts = vec![
            (
                "Patients with a known outcome".to_owned(),
                thousands(pet.patients),
            ),
            (
                "Turned out refractory".to_owned(),
                thousands(pet.refractory),
            ),
        ];
        if pet.observed.is_some() {
            facts.push(("Share of them".to_owned(), percent_shown(&pet.observed)));
        }
        if pet.observed_with_pet.is_some() {
            facts.push((
                "Share of the patients with a PET".to_owned(),
                percent_shown(&pet.observed_with_pet),
            ));
        }
        let pair =
            |[yes, no]: [u64; 2]| format!("{} refractory, {} not", thousands(yes), thousands(no));
        facts.push((
            "At or above the cut-off without PET".to_owned(),
            pair(pet.at_or_above),
        ));
        facts.push(("Class open".to_owned(), pair(pet.indeterminate)));
        blocks.push(Block::Facts(facts));
    }
    let [above, below, open] = unknowns.undetermined;
    if above + below + open > 0 {
        blocks.push(Block::Heading(
            "Patients without a known outcome".to_owned(),
        ));
        blocks.push(Block::Facts(vec![
            ("At or above the cut-off".to_owned(), thousands(above)),
            ("Below".to_owned(), thousands(below)),
            ("Class open".to_owned(), thousands(open)),
        ]));
    }
    Section::new("Unknown predictors", blocks)
}

//! Who was looked at, and in which files.

use crate::plot::{Flow, FlowStep};
use crate::recalibration::CohortSummary;
use crate::report::words::{part, thousands};
use crate::report::{Block, Table};

pub fn flow(cohort: &CohortSummary) -> Vec<Block> {
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
            FlowStep::new(
                "Rows of data",
                cohort.patients + cohort.bad_rows,
                &[("could not be read", cohort.bad_rows)],
            ),
            FlowStep::new(
                "Patients",
                cohort.patients,
                &[
                    ("outcome undetermined", cohort.undetermined),
                    ("a predictor unknown or conflicting", cohort.incomplete),
                ],
            ),
            FlowStep::new("Analysed", cohort.analysed, &[]),
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

/// The files of a cohort.
pub fn files(cohort: &CohortSummary) -> Table {
    let mut table = Table::new("Input", &["File", "SHA-256", "Rows"]).with_words(&[1]);
    for file in &cohort.files {
        table.row([file.file.clone(), file.sha256.clone(), thousands(file.rows)]);
    }
    table
}

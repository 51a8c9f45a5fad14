//! The flow diagram and the missingness of an extraction as a page.

use super::flow::{Exclusion, Flow};
use crate::plot::{self, FlowStep};
use crate::report::words::thousands;
use crate::report::{Block, Page, Section, Table};

/// The boxes of the diagram: who is counted, and the first reason that leaves after that box.
const BOXES: [(&str, Exclusion); 3] = [
    ("Patients of the data", Exclusion::NoThyroidCancer),
    (
        "Thyroid cancer possible, chart readable",
        Exclusion::NoRadioiodine,
    ),
    (
        "First radioiodine treatment dated: time zero",
        Exclusion::HistologyNotDated,
    ),
];

/// Who is in the table and who is not, and what is known of those who are.
pub fn page(flow: &Flow) -> Page {
    let settings = &flow.settings;
    Page {
        title: "Patients of a cohort".to_owned(),
        made_by: format!("rrdtc {}, FHIR {}", settings.software, settings.fhir_version),
        lead: vec![Block::paragraph(format!(
            "{} of {} patients are in the table. Every predictor is as the rules of the hook find it on the day of the first radioiodine treatment.",
            thousands(flow.included.patients),
            thousands(flow.patients)
        ))],
        sections: vec![
            Section::new("Who is in the table", vec![diagram(flow), outcomes(flow)]),
            Section::new("What is known of them", vec![missingness(flow)]),
            Section::new("How they were read", settings_and_input(flow)),
        ],
        closing: "Numbers of patients of a small hospital can point to persons: share this page as you would share the table.".to_owned(),
    }
}

fn diagram(flow: &Flow) -> Block {
    let about = |code: &str| {
        let mut known = Exclusion::ALL.into_iter();
        known
            .find(|exclusion| exclusion.as_str() == code)
            .map_or(code, |exclusion| exclusion.about())
            .to_owned()
    };
    let mut steps: Vec<FlowStep> = Vec::new();
    let mut left = flow.patients;
    for excluded in &flow.excluded {
        let opens = BOXES
            .iter()
            .find(|(_, first)| first.as_str() == excluded.reason);
        if let Some((name, _)) = opens {
            steps.push(FlowStep::new(name, left, &[]));
        }
        if let Some(step) = steps.last_mut() {
            step.left_out
                .push((about(&excluded.reason), excluded.patients));
        }
        left = excluded.remaining;
    }
    steps.push(FlowStep::new("In the table", flow.included.patients, &[]));
    let mut numbers = Table::new("Left out, in this order", &["Why", "Patients", "Left"]);
    for excluded in &flow.excluded {
        numbers.row([
            about(&excluded.reason),
            thousands(excluded.patients),
            thousands(excluded.remaining),
        ]);
    }
    let told: Vec<String> = flow
        .excluded
        .iter()
        .filter(|excluded| excluded.patients > 0)
        .map(|excluded| {
            format!(
                "{}: {}",
                about(&excluded.reason),
                thousands(excluded.patients)
            )
        })
        .collect();
    let picture = plot::Flow {
        title: "Flow of patients".to_owned(),
        description: format!(
            "Of {} patients {} are in the table. Left out: {}.",
            thousands(flow.patients),
            thousands(flow.included.patients),
            match told.is_empty() {
                true => "nobody".to_owned(),
                false => told.join("; "),
            }
        ),
        steps,
    };
    let caption = "A patient who is left out counts at the first reason that applies.";
    Block::picture_with_numbers("flow", picture, caption, numbers)
}

fn outcomes(flow: &Flow) -> Block {
    let included = &flow.included;
    Block::Facts(vec![
        (
            "Turned out refractory".to_owned(),
            thousands(included.refractory),
        ),
        ("Did not".to_owned(), thousands(included.not_refractory)),
        ("Not known".to_owned(), thousands(included.undetermined)),
    ])
}

fn missingness(flow: &Flow) -> Block {
    let columns = [
        "What",
        "State",
        "Reason",
        "Refractory",
        "Not refractory",
        "Outcome not known",
    ];
    let mut table = Table::new("States of the predictors, and reasons", &columns)
        .with_words(&[1, 2])
        .with_note("Unknown is never absent. The reasons are the codes of the answer's evidence.");
    for row in flow.missingness.rows() {
        table.row([
            row.variable.clone(),
            row.state.clone(),
            row.reason.clone().unwrap_or_else(|| "none".to_owned()),
            thousands(row.refractory),
            thousands(row.not_refractory),
            thousands(row.undetermined),
        ]);
    }
    Block::Table(table)
}

fn settings_and_input(flow: &Flow) -> Vec<Block> {
    let (settings, input) = (&flow.settings, &flow.input);
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let mut blocks = vec![Block::Facts(vec![
        fact(
            "Model",
            format!("{}, sha256 {}", settings.model, settings.model_sha256),
        ),
        fact("Terminology, sha256", settings.terminology_sha256.clone()),
        fact(
            "PET counts up to, days after time zero",
            settings.pet_days_after.to_string(),
        ),
        fact(
            "Recorded later with an earlier onset",
            settings.recorded_later.clone(),
        ),
        fact(
            "Silence about recurrence",
            settings.undocumented_recurrence.clone(),
        ),
        fact("Outcomes from", settings.outcomes.clone()),
        fact("Files", thousands(input.files)),
        fact("Lines", thousands(input.lines)),
        fact("Broken lines", thousands(input.broken_lines.lines)),
    ])];
    if input.broken_lines.of_anybody > input.broken_lines.accepted {
        blocks.push(Block::Warning(format!(
            "{} broken lines name no patient: nothing was concluded from the absence of records of their types.",
            thousands(input.broken_lines.of_anybody - input.broken_lines.accepted)
        )));
    }
    if !input.broken_lines.listed.is_empty() {
        let mut table = Table::new("The first broken lines", &["File", "Line", "What is wrong"])
            .with_words(&[2]);
        for line in &input.broken_lines.listed {
            table.row([
                line.file.clone(),
                line.line.to_string(),
                line.reason.clone(),
            ]);
        }
        blocks.push(Block::Table(table));
    }
    blocks
}

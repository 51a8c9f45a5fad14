//! Who was looked at: the flow, the predictors, the other columns, the 16 patterns.

use super::numbers::percent_shown;
use crate::plot::{Flow, FlowStep};
use crate::report::words::{
    part, percent_with_interval, plain, share, thousands, three, with_interval,
};
use crate::report::{Block, Section, Table};
use crate::validation::result::{ByOutcome, Numbers, Validation, VariableDescription};

pub fn flow(v: &Validation) -> Section {
    let flow = &v.flow;
    let without_pet = match flow.without_pet {
        0 => String::new(),
        count => format!(" ({} without a usable PET)", thousands(count)),
    };
    let incomplete = format!("a predictor unknown or conflicting{without_pet}");
    let picture = Flow {
        title: "Flow of patients".to_owned(),
        description: format!(
            "Of {} rows {} could not be read. Of {} patients {} have no known outcome and {} an unknown or conflicting predictor. {} were analysed: {} turned out refractory, {} did not.",
            thousands(flow.rows),
            thousands(flow.bad_rows),
            thousands(flow.patients),
            thousands(flow.outcome_undetermined),
            thousands(flow.incomplete),
            thousands(flow.analysed),
            thousands(flow.refractory),
            thousands(flow.not_refractory)
        ),
        steps: vec![
            FlowStep::new(
                "Rows of data",
                flow.rows,
                &[("could not be read", flow.bad_rows)],
            ),
            FlowStep::new(
                "Patients",
                flow.patients,
                &[("outcome not known", flow.outcome_undetermined)],
            ),
            FlowStep::new(
                "Outcome known",
                flow.patients.saturating_sub(flow.outcome_undetermined),
                &[(&incomplete, flow.incomplete)],
            ),
            FlowStep::new(
                "Analysed: outcome and four predictors known",
                flow.analysed,
                &[],
            ),
        ],
    };
    let mut blocks = vec![Block::picture(
        "flow",
        picture,
        "From the rows of the input to the patients of the main analysis. Nobody was imputed; what those left out could change stands under Unknown predictors.",
    )];
    let mut facts = vec![
        (
            "Turned out refractory".to_owned(),
            part(flow.refractory, flow.analysed),
        ),
        (
            "Did not".to_owned(),
            part(flow.not_refractory, flow.analysed),
        ),
    ];
    if let Some(count) = flow.with_given_probability {
        facts.push((
            "With a given probability and a known outcome".to_owned(),
            thousands(count),
        ));
    }
    blocks.push(Block::Facts(facts));
    let bad = &v.provenance.bad_rows;
    if !bad.is_empty() {
        let mut table = Table::new(
            "Rows that could not be read",
            &["File", "Line", "Column", "Reason"],
        )
        .with_words(&[2, 3]);
        if (bad.len() as u64) < flow.bad_rows {
            table.note = format!("The first {} of {}.", bad.len(), thousands(flow.bad_rows));
        }
        for row in bad {
            table.row([
                row.file.clone(),
                row.line.to_string(),
                row.column.clone().unwrap_or_else(|| "whole row".to_owned()),
                row.reason.clone(),
            ]);
        }
        blocks.push(Block::Table(table));
    }
    Section::new("Flow of patients", blocks)
}

pub fn description(v: &Validation) -> Section {
    let mut blocks = Vec::new();
    if let Some(months) = &v.cohort.time_zero {
        let missing = match months.missing {
            0 => String::new(),
            count => format!("; {} patients without a day", thousands(count)),
        };
        let span = format!("{} to {}{missing}", months.from, months.to);
        blocks.push(Block::Facts(vec![(
            "First radioiodine treatment".to_owned(),
            span,
        )]));
    }
    let columns = [
        "Predictor",
        "State",
        "Refractory",
        "Not refractory",
        "Outcome not known",
    ];
    let mut table = Table::new("The four predictors, all patients", &columns)
        .with_words(&[1])
        .with_note("Unknown: not recorded. Conflicting: the record contradicts itself. Neither counts as absent.");
    for counts in &v.cohort.predictors {
        let states = [
            ("present", counts.present),
            ("absent", counts.absent),
            ("unknown", counts.unknown),
            ("conflicting", counts.conflicting),
        ];
        for (state, by) in states {
            table.row([
                predictor(counts.predictor).to_owned(),
                state.to_owned(),
                thousands(by.refractory),
                thousands(by.not_refractory),
                thousands(by.undetermined),
            ]);
        }
    }
    blocks.push(Block::Table(table));
    let columns = [
        "Column",
        "What",
        "Refractory",
        "Not refractory",
        "Outcome not known",
    ];
    let mut table = Table::new("The other columns of the input", &columns).with_words(&[1]);
    for variable in &v.cohort.variables {
        variable_rows(&mut table, variable);
    }
    if !table.rows.is_empty() {
        blocks.push(Block::Table(table));
    }
    Section::new("Who the patients are", blocks)
}

fn variable_rows(table: &mut Table, variable: &VariableDescription) {
    let numbers = |of: &Option<Numbers>, write: fn(&Numbers) -> String| match of {
        Some(numbers) => write(numbers),
        None => "nobody".to_owned(),
    };
    if variable.refractory.is_some() || variable.not_refractory.is_some() {
        let mean = |numbers: &Numbers| match numbers.standard_deviation {
            Some(deviation) => format!("{} ({})", three(numbers.mean), three(deviation)),
            None => three(numbers.mean),
        };
        let median = |numbers: &Numbers| {
            let [low, middle, high] = numbers.quartiles;
            with_interval(middle, low, high, three)
        };
        let kinds = [
            ("mean (SD)", mean as fn(&Numbers) -> String),
            ("median (quartiles)", median),
        ];
        for (what, write) in kinds {
            table.row([
                variable.name.clone(),
                what.to_owned(),
                numbers(&variable.refractory, write),
                numbers(&variable.not_refractory, write),
                "not counted".to_owned(),
            ]);
        }
    }
    for level in &variable.levels {
        table.row(counts(&variable.name, &level.level, &level.patients));
    }
    table.row(counts(&variable.name, "missing", &variable.missing));
}

fn counts(name: &str, what: &str, by: &ByOutcome) -> [String; 5] {
    [
        name.to_owned(),
        what.to_owned(),
        thousands(by.refractory),
        thousands(by.not_refractory),
        thousands(by.undetermined),
    ]
}

/// A predictor as people call it.
pub fn predictor(name: &str) -> &str {
    match name {
        "ageAtDiagnosis" => "Age at diagnosis",
        "recurrence" => "Recurrence",
        "multiSiteMetastasis" => "Metastases at several sites",
        "fdgUptake" => "FDG uptake",
        "intercept" => "Intercept",
        other => other,
    }
}

pub fn patterns(v: &Validation) -> Section {
    let has_model = v.patterns.iter().any(|row| row.model.is_some());
    let mut columns = vec![
        "Pattern",
        "Score",
        "Class",
        "Patients",
        "Refractory",
        "Observed share (Wilson 95 %)",
    ];
    if has_model {
        columns.push("Model (its 95 % band)");
    }
    let mut table = Table::new("The 16 patterns of the four predictors", &columns).with_words(&[2]);
    for row in &v.patterns {
        let mut cells = vec![
            row.label.clone(),
            row.score.to_string(),
            class(row.at_or_above_cutoff).to_owned(),
            thousands(row.patients),
            thousands(row.refractory),
            match row.patients {
                0 => "no patients".to_owned(),
                _ => percent_shown(&row.observed),
            },
        ];
        if has_model {
            cells.push(match row.model {
                Some(model) => percent_with_interval(model.estimate, model.low, model.high),
                None => "none".to_owned(),
            });
        }
        table.row(cells);
    }
    let seen: Vec<_> = v.patterns.iter().filter(|row| row.patients > 0).collect();
    let rows: Vec<(String, f64, f64)> = v
        .patterns
        .iter()
        .map(|row| {
            let others = row.patients.saturating_sub(row.refractory);
            (row.score.to_string(), row.refractory as f64, others as f64)
        })
        .collect();
    let cut = v.patterns.iter().position(|row| row.at_or_above_cutoff);
    let name = format!("cut-off {}", v.provenance.model.cutoff);
    let description = seen.iter().map(|row| {
        let others = row.patients.saturating_sub(row.refractory);
        format!(
            "score {}: {} refractory, {} not",
            row.score, row.refractory, others
        )
    });
    let description: Vec<String> = description.collect();
    let figure = crate::plot::charts::distribution(
        "Score by outcome",
        &format!(
            "Number of patients at each value of the score. {}.",
            description.join("; ")
        ),
        ["Score (points)", "Patients"],
        ["Turned out refractory", "Did not"],
        &rows,
        cut.map(|place| (place, name.as_str())),
    );
    let caption = format!(
        "Every value that the score can take, with the patients who turned out refractory and those who did not. The dashed line is the cut-off: at or above {} points the score points to radioiodine-refractory disease.",
        v.provenance.model.cutoff
    );
    let share_above = {
        let above = seen.iter().filter(|row| row.at_or_above_cutoff);
        above.map(|row| row.patients).sum::<u64>()
    };
    Section::new(
        "Patterns and scores",
        vec![
            Block::picture("score-distribution", figure, &caption),
            Block::paragraph(format!(
                "At or above the cut-off: {}.",
                part(share_above, v.flow.analysed)
            )),
            Block::Table(table),
        ],
    )
}

/// The class in words; never a risk.
pub fn class(at_or_above: bool) -> &'static str {
    match at_or_above {
        true => "at or above",
        false => "below",
    }
}

/// A value of a marker as its cut-off: points are whole, probabilities have three decimals.
pub fn cut(value: f64) -> String {
    match value == 0.0 || value.abs() >= 1.0 {
        true => plain(value),
        false => share(value),
    }
}

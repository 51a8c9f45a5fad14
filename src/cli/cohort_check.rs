//! `rrdtc cohort check`: what a table is read as, before anything is computed from it.

use super::Failure;
use super::cohort_input::CohortInput;
use crate::cohort::table::{outcome_code, state_code};
use crate::cohort::{Cohort, Outcome, Values};
use crate::domain::score::{Predictor, State};
use clap::Args;
use serde_json::{Value, json};

/// Arguments of `cohort check`.
#[derive(Debug, Args)]
pub struct CheckTable {
    #[command(flatten)]
    cohort: CohortInput,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// How many patients have something, by name.
type Counts = Vec<(&'static str, u64)>;

impl CheckTable {
    pub(super) fn run(self) -> Result<(), Failure> {
        let cohort = self.cohort.read()?;
        if self.json {
            println!("{}", as_json(&cohort));
        } else {
            print(&cohort);
        }
        Ok(())
    }
}

fn outcomes(cohort: &Cohort) -> Counts {
    let all = [
        Outcome::Refractory,
        Outcome::NotRefractory,
        Outcome::Undetermined,
    ];
    let of = |outcome| {
        cohort
            .outcomes
            .iter()
            .filter(|own| **own == outcome)
            .count() as u64
    };
    all.map(|outcome| (outcome_code(outcome), of(outcome)))
        .to_vec()
}

fn states(cohort: &Cohort, predictor: Predictor) -> Counts {
    let of = |state| {
        let mut counts = 0;
        for states in &cohort.states {
            counts += u64::from(states[predictor as usize] == state);
        }
        counts
    };
    State::ALL
        .map(|state| (state_code(state), of(state)))
        .to_vec()
}

/// Kind of a column, its levels where it has any, and patients without a value.
fn kind(values: &Values) -> (&'static str, Option<usize>, usize) {
    match values {
        Values::Numbers(numbers) => {
            let missing = numbers.iter().filter(|number| number.is_none()).count();
            ("numbers", None, missing)
        }
        Values::Categories { levels, of } => {
            let missing = of.iter().filter(|level| level.is_none()).count();
            ("categories", Some(levels.len()), missing)
        }
    }
}

fn as_json(cohort: &Cohort) -> Value {
    let origin = &cohort.origin;
    let object = |counts: Counts| -> Value {
        let members = counts.into_iter();
        members
            .map(|(name, n)| (name.to_owned(), Value::from(n)))
            .collect()
    };
    let mut told = json!({
        "patients": cohort.len(),
        "files": origin.files.iter().map(|file| json!({ "name": file.name, "sha256": file.sha256, "rows": file.rows })).collect::<Vec<_>>(),
        "badRows": origin.bad_rows,
        "listedBadRows": origin.listed.iter().map(|row| {
            let mut listed = json!({ "file": row.file, "line": row.line, "reason": row.reason });
            if let Some(column) = &row.column {
                listed["column"] = column.as_str().into();
            }
            listed
        }).collect::<Vec<_>>(),
        "outcome": object(outcomes(cohort)),
        "predictors": Predictor::ALL.into_iter().map(|p| (p.name().to_owned(), object(states(cohort, p)))).collect::<Value>(),
        "variables": cohort.variables.iter().map(|variable| {
            let (kind, levels, missing) = kind(&variable.values);
            let mut told = json!({ "name": variable.name, "kind": kind, "missing": missing });
            if let Some(levels) = levels {
                told["levels"] = levels.into();
            }
            told
        }).collect::<Vec<_>>(),
        "columnsSetAside": origin.columns_set_aside.iter().map(|column| json!({ "name": column.name, "reason": column.reason })).collect::<Vec<_>>(),
    });
    if let Some(probabilities) = &cohort.probabilities {
        told["probability"] = json!({ "given": probabilities.iter().flatten().count() });
    }
    if let Some(days) = &cohort.time_zero {
        let mut known = json!({ "given": days.iter().flatten().count() });
        if let (Some(first), Some(last)) =
            (days.iter().flatten().min(), days.iter().flatten().max())
        {
            known["first"] = first.to_string().into();
            known["last"] = last.to_string().into();
        }
        told["timeZero"] = known;
    }
    told
}

fn print(cohort: &Cohort) {
    println!("{} patients", cohort.len());
    let line = |name: &str, counts: Counts| {
        let counts = counts.into_iter().filter(|(_, n)| *n > 0);
        let counts: Vec<String> = counts.map(|(what, n)| format!("{n} {what}")).collect();
        println!("  {name:<22} {}", counts.join(", "));
    };
    for predictor in Predictor::ALL {
        line(predictor.name(), states(cohort, predictor));
    }
    line("outcome", outcomes(cohort));
    if let Some(probabilities) = &cohort.probabilities {
        let given = probabilities.iter().flatten().count();
        println!("  {:<22} {given} given", "probability");
    }
    if let Some(days) = &cohort.time_zero {
        let known = || days.iter().flatten();
        let span = known().min().zip(known().max());
        let span = span.map_or(String::new(), |(from, to)| format!(", {from} to {to}"));
        println!("  {:<22} {} given{span}", "timeZero", known().count());
    }
    for variable in &cohort.variables {
        let (kind, levels, missing) = kind(&variable.values);
        let levels = levels.map_or(String::new(), |levels| format!(", {levels} levels"));
        println!("  {:<22} {kind}{levels}, {missing} missing", variable.name);
    }
}

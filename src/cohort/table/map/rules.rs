//! What a map says of one column: codes, a measurement, the kind of a variable.

use super::place::{Mistake, inside, known_keys, place, text, texts};
use super::{PredictorRule, VariableMap};
use crate::cohort::table::coding::Coding;
use crate::cohort::table::column::Column;
use crate::cohort::table::growing::{Asked, VariableRule};
use crate::domain::score::{Predictor, State};
use toml_edit::{Item, TableLike};

const OF_VARIABLE: &[&str] = &["column", "kind", "missing", "labels"];

pub(super) fn predictor_rule(
    predictor: Predictor,
    table: &dyn TableLike,
    path: &str,
) -> Result<Option<PredictorRule>, Mistake> {
    let meanings = [
        ("present", State::Present),
        ("absent", State::Absent),
        ("unknown", State::Unknown),
        ("conflicting", State::Conflicting),
    ];
    let codes = codes(table, &meanings, path)?;
    let Some(item) = table.get("measurement") else {
        return Ok(codes.map(PredictorRule::Codes));
    };
    let at = place(table, "measurement");
    let wrong = |problem: String| Err(Mistake { at, problem });
    if codes.is_some() {
        return wrong(format!("{path}: a measurement has no codes"));
    }
    match (predictor, text(item, at, "measurement")?.as_str()) {
        (Predictor::AgeAtDiagnosis, "years") => Ok(Some(PredictorRule::Years)),
        (Predictor::FdgUptake, "SUVmax") => Ok(Some(PredictorRule::SuvMax)),
        (Predictor::AgeAtDiagnosis, _) => wrong(format!("{path}.measurement: expected \"years\"")),
        (Predictor::FdgUptake, _) => wrong(format!("{path}.measurement: expected \"SUVmax\"")),
        _ => wrong(format!(
            "{path}.measurement: only ageAtDiagnosis (years) and fdgUptake (SUVmax) can be measured"
        )),
    }
}

/// The codes of a column, where the map gives any. They take the place of the documented ones.
pub(super) fn codes<T: Copy + PartialEq>(
    table: &dyn TableLike,
    meanings: &[(&str, T)],
    path: &str,
) -> Result<Option<Coding<T>>, Mistake> {
    let mut given: Vec<(String, T)> = Vec::new();
    for (key, meaning) in meanings {
        if let Some(item) = table.get(key) {
            let at = place(table, key);
            given.extend(
                texts(item, at, key)?
                    .into_iter()
                    .map(|code| (code, *meaning)),
            );
        }
    }
    if given.is_empty() {
        return Ok(None);
    }
    let given: Vec<(&str, T)> = given.iter().map(|(c, m)| (c.as_str(), *m)).collect();
    Coding::new(&given).map(Some).map_err(|code| Mistake {
        at: place(table, meanings[0].0),
        problem: format!("{path}: the code {code:?} has two meanings"),
    })
}

pub(super) fn variable(name: &str, item: &Item, at: usize) -> Result<VariableMap, Mistake> {
    if Column::of(name).is_some() {
        return Err(Mistake {
            at,
            problem: format!(
                "variables.{name}: this column has a meaning of its own: [columns.{name}]"
            ),
        });
    }
    let path = format!("variables.{name}");
    let table = inside(item, at, &path)?;
    known_keys(table, OF_VARIABLE, &format!("{path}."))?;
    let mut variable = VariableMap {
        name: name.to_owned(),
        column: name.to_owned(),
        rule: VariableRule::default(),
    };
    for (key, item) in table.iter() {
        let at = place(table, key);
        match key {
            "column" => variable.column = text(item, at, key)?,
            "kind" => {
                variable.rule.kind = Some(match text(item, at, key)?.as_str() {
                    "numbers" => Asked::Numbers,
                    "categories" => Asked::Categories,
                    _ => {
                        return Err(Mistake {
                            at,
                            problem: format!("{path}.kind: expected \"numbers\" or \"categories\""),
                        });
                    }
                });
            }
            "missing" => variable.rule.missing = texts(item, at, key)?,
            _ => {
                let labels = inside(item, at, "labels")?;
                for (code, label) in labels.iter() {
                    let label = text(label, at, "labels")?;
                    variable.rule.labels.push((code.to_owned(), label));
                }
            }
        }
    }
    if !variable.rule.labels.is_empty() {
        if variable.rule.kind == Some(Asked::Numbers) {
            return Err(Mistake {
                at,
                problem: format!("{path}: numbers have no labels"),
            });
        }
        variable.rule.kind = Some(Asked::Categories);
    }
    Ok(variable)
}

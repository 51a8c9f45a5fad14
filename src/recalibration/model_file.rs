//! The model file of a recalibration: the original file with another nomogram, its own name, and what was done.
//!
//! Everything that is not the nomogram stays as it is. Beside `localValidation`, which cards quote, the file holds
//! `recalibration`: method, tests, gates, figures before and after, software, seed, SHA-256 of what went in, warnings. The
//! `recalibration` of a file that is recalibrated again goes to the front of `earlier`, with its `localValidation`.

use super::recalibrate::names;
use super::{Chosen, ModelName, Recalibration, Step};
use crate::domain::score::Predictor;
use crate::model::file::{ModelFile, UnusableModel};
use crate::model::{number, pretty};
use serde_json::{Map, Value, json};

/// Longest name that a person is asked to read on a card.
const LONGEST_NAME: usize = 200;

/// What whoever signs gives: nothing of it follows from the cohort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Short name of the new model.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Hospital.
    pub site: String,
    /// Who answers for it.
    pub by: String,
    /// Day of the report.
    pub date: String,
    /// First day of the cohort; none: its first time zero.
    pub from: Option<String>,
    /// Last day of the cohort; none: its last time zero.
    pub to: Option<String>,
}

/// Why no file can be written.
#[derive(Debug, thiserror::Error)]
pub enum CannotSign {
    /// A name that nobody can read on a card.
    #[error("{0} must have 1 to {LONGEST_NAME} characters and no control characters")]
    Name(&'static str),
    /// The same name as the original.
    #[error(
        "the new model must not have id and version of the original ({0} {1}): give another --version"
    )]
    SameName(String, String),
    /// When?
    #[error(
        "the cohort has no days of time zero: give --from and --to, the first and the last day of the cohort"
    )]
    NoDays,
    /// More patients than a file can hold.
    #[error("a model file holds at most 4,294,967,295 patients")]
    TooMany,
    /// An error of this program.
    #[error("what was done cannot be written as JSON: {0}")]
    NoJson(#[from] serde_json::Error),
    /// The file would not be one: an error of this program, or numbers beyond what a model may hold.
    #[error("the updated model cannot be used: {0}")]
    Unusable(#[from] UnusableModel),
}

/// The text of the new file; `recalibration` learns who signed and the name of the new model.
///
/// # Errors
/// [`CannotSign`] says what to give.
pub fn model_file(
    original: &ModelFile,
    recalibration: &mut Recalibration,
    signed: &Signed,
) -> Result<String, CannotSign> {
    for (what, name) in [
        ("--id", &signed.id),
        ("--version", &signed.version),
        ("--site", &signed.site),
        ("--by", &signed.by),
    ] {
        let length = name.chars().count();
        if name.trim().is_empty() || length > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(CannotSign::Name(what));
        }
    }
    if signed.id == original.model.id && signed.version == original.model.version {
        return Err(CannotSign::SameName(
            signed.id.clone(),
            signed.version.clone(),
        ));
    }
    let cohort = &recalibration.cohort;
    let days = (
        signed.from.as_ref().or(cohort.from.as_ref()),
        signed.to.as_ref().or(cohort.to.as_ref()),
    );
    let (Some(from), Some(to)) = days else {
        return Err(CannotSign::NoDays);
    };
    let count = |n: u64| u32::try_from(n).map_err(|_| CannotSign::TooMany);
    let local = json!({
        "site": signed.site,
        "patients": count(cohort.analysed)?,
        "refractory": count(cohort.refractory)?,
        "from": from,
        "to": to,
        "date": signed.date,
        "by": signed.by,
    });
    let mut file = original.json.clone();
    let nomogram = nomogram(&original.json["nomogram"], recalibration, signed);
    let provenance = provenance(recalibration, earlier(&original.json))?;
    // A file that was read is an object.
    if let Some(file) = file.as_object_mut() {
        file.insert("id".into(), signed.id.as_str().into());
        file.insert("version".into(), signed.version.as_str().into());
        file.insert("nomogram".into(), nomogram);
        file.insert("localValidation".into(), local);
        file.insert("recalibration".into(), provenance);
    }
    let text = pretty(&file);
    let read = ModelFile::read(&format!("{} {}", signed.id, signed.version), &text)?;
    recalibration.site = Some(signed.site.clone());
    recalibration.by = Some(signed.by.clone());
    recalibration.date = Some(signed.date.clone());
    recalibration.updated = Some(ModelName {
        id: read.model.id,
        version: read.model.version,
        sha256: read.model.sha256,
    });
    Ok(text)
}

/// What the probabilities rest on: every card shows it.
fn basis(recalibration: &Recalibration, signed: &Signed) -> String {
    let original = &recalibration.original;
    let Chosen {
        step, below_gate, ..
    } = recalibration.chosen;
    let whom = format!(
        "{} patients ({} refractory) of {}, {}",
        recalibration.cohort.analysed, recalibration.cohort.refractory, signed.site, signed.date
    );
    let model = format!("{} {}", original.id, original.version);
    let band = if recalibration
        .warnings
        .iter()
        .any(|w| w.contains("no covariance"))
    {
        "95 % band: sampling error of the update only"
    } else {
        "95 % band: sampling error of the update and of the original coefficients"
    };
    let mut basis = match step {
        Step::None => format!("{model}, unchanged after a look at {whom}; 95 % band of that model"),
        Step::Intercept => format!("{model}, intercept updated on {whom}; {band}"),
        Step::InterceptAndSlope => {
            format!("{model}, intercept and slope updated on {whom}; {band}")
        }
        Step::Revision => format!("{model}, coefficients revised on {whom}; {band}"),
    };
    if below_gate {
        let smaller = recalibration
            .cohort
            .refractory
            .min(recalibration.cohort.not_refractory);
        basis.push_str(&format!(
            "; too few patients for this update: {smaller} of the {} that the smaller class needs",
            step.needed()
        ));
    }
    basis
}

fn nomogram(original: &Value, recalibration: &Recalibration, signed: &Signed) -> Value {
    let basis = basis(recalibration, signed);
    if recalibration.chosen.step == Step::None {
        let mut same = original.clone();
        same["basis"] = basis.into();
        return same;
    }
    let six = |value: f64| number(value, 6);
    let coefficient = |name: &str| {
        let row = recalibration.coefficients.iter().find(|c| c.name == name);
        row.map_or(Value::Null, |row| six(row.updated))
    };
    let by_predictor: Map<String, Value> = Predictor::ALL
        .into_iter()
        .map(|p| (p.name().to_owned(), coefficient(p.name())))
        .collect();
    let patterns = recalibration.patterns.iter().map(|row| {
        let mut pattern = Map::new();
        for predictor in Predictor::ALL {
            let present = row.present.iter().any(|name| name == predictor.name());
            pattern.insert(predictor.name().into(), present.into());
        }
        pattern.insert("score".into(), row.score.into());
        for (name, value) in [
            ("low", row.after.low),
            ("estimate", row.after.value),
            ("high", row.after.high),
        ] {
            pattern.insert(name.into(), number(value, 12));
        }
        Value::Object(pattern)
    });
    let mut nomogram = json!({
        "basis": basis,
        "method": method(recalibration),
        "intercept": coefficient("intercept"),
        "coefficients": by_predictor,
    });
    if let Some(covariance) = &recalibration.covariance {
        let rows = covariance
            .iter()
            .map(|row| Value::Array(row.iter().map(|v| six(*v)).collect()));
        nomogram["covariance"] = json!({
            "order": names(),
            "total": rows.collect::<Vec<_>>(),
        });
    }
    nomogram["patterns"] = patterns.collect();
    nomogram
}

fn method(recalibration: &Recalibration) -> String {
    format!(
        "Update of {} {}: {}; {} ({}). {}",
        recalibration.original.id,
        recalibration.original.version,
        recalibration.chosen.step.name(),
        recalibration.chosen.because,
        recalibration.chosen.by,
        recalibration.notes.join(" ")
    )
}

/// What was done, for whoever reads the file.
fn provenance(recalibration: &Recalibration, earlier: Vec<Value>) -> Result<Value, CannotSign> {
    let all = serde_json::to_value(recalibration)?;
    let files = recalibration
        .cohort
        .files
        .iter()
        // Names of files are the hospital's own.
        .map(|file| json!({ "sha256": file.sha256, "rows": file.rows }));
    let mut provenance = json!({
        "method": recalibration.chosen.step.name(),
        "chosen": all["chosen"],
        "original": all["original"],
        "software": all["software"],
        "settings": all["settings"],
        "inputs": files.collect::<Vec<_>>(),
    });
    for name in [
        "gates",
        "tests",
        "slope",
        "penalty",
        "effectiveDegreesOfFreedom",
    ] {
        if !all[name].is_null() {
            provenance[name] = all[name].clone();
        }
    }
    let mut cohort = all["cohort"].clone();
    if let Some(cohort) = cohort.as_object_mut() {
        cohort.shift_remove("files");
    }
    provenance["cohort"] = cohort;
    let patterns = recalibration.patterns.iter().map(
        |row| json!({ "score": row.score, "patients": row.patients, "refractory": row.refractory }),
    );
    let mut validation = json!({
        "before": all["before"],
        "after": all["after"],
        "patterns": patterns.collect::<Vec<_>>(),
    });
    if !all["optimism"].is_null() {
        validation["optimism"] = all["optimism"].clone();
    }
    provenance["validation"] = validation;
    provenance["warnings"] = all["warnings"].clone();
    if !earlier.is_empty() {
        provenance["earlier"] = earlier.into();
    }
    Ok(six_digits(provenance))
}

/// The recalibrations that the original went through, the last one first.
fn earlier(original: &Value) -> Vec<Value> {
    let Some(last) = original["recalibration"].as_object() else {
        return Vec::new();
    };
    let mut last = last.clone();
    let before = last.shift_remove("earlier");
    let name = json!({ "id": original["id"], "version": original["version"] });
    last.insert("model".into(), name);
    if !original["localValidation"].is_null() {
        last.insert(
            "localValidation".into(),
            original["localValidation"].clone(),
        );
    }
    let mut all = vec![Value::Object(last)];
    if let Some(Value::Array(before)) = before {
        all.extend(before);
    }
    all
}

/// Fractions with as many digits as mean something.
fn six_digits(value: Value) -> Value {
    match value {
        Value::Number(number_) if !(number_.is_u64() || number_.is_i64()) => number_
            .as_f64()
            .map_or(Value::Null, |value| number(value, 6)),
        Value::Array(items) => items.into_iter().map(six_digits).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, six_digits(value)))
            .collect(),
        other => other,
    }
}

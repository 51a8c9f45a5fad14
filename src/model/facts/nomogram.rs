//! The nomogram as it is told: coefficients with their uncertainty, and how they were found, where the file says so.

use super::content::{merge, round};
use crate::domain::nomogram::Nomogram;
use crate::domain::score::Predictor;
use crate::statistics::proportion::normal_quantile;
use serde_json::{Value, json};

const INTERCEPT: &str = "intercept";

/// What the reconstruction leaves in a file beside the coefficients.
const OF_RECONSTRUCTION: [&str; 6] = [
    "method",
    "figures",
    "statements",
    "priors",
    "parts",
    "reconstruction",
];

/// Whether the file tells of a reconstruction that gave other coefficients: somebody changed them and left the rest.
fn tells_of_another(nomogram: &Nomogram, said: &Value) -> bool {
    let coefficients = nomogram.coefficients();
    let value = |name: &str| {
        let mut all = Predictor::ALL.into_iter();
        let predictor = all.find(|predictor| predictor.name() == name);
        predictor.map_or(coefficients.intercept, |p| {
            coefficients.log_odds_ratios[p as usize]
        })
    };
    let medians = &said["priors"][0]["medians"];
    medians.is_object()
        && coefficient_names().any(|name| {
            let median = medians[name].as_f64();
            median.is_none_or(|median| (median - value(name)).abs() > 1e-9)
        })
}

pub(super) fn nomogram(nomogram: &Nomogram, said: &Value) -> Value {
    let tells_of_another = tells_of_another(nomogram, said);
    let mut said = said.clone();
    if tells_of_another {
        for name in OF_RECONSTRUCTION {
            said[name] = Value::Null;
        }
        // A matrix in parts is of the reconstruction too.
        if said["covariance"].get("withinTable").is_some() {
            said["covariance"] = Value::Null;
        }
    }
    let order = || said["covariance"]["order"].as_array();
    let variance = |name: &str| {
        let at = order()?.iter().position(|other| other == name)?;
        let variance = said["covariance"]["total"][at][at].as_f64()?;
        (variance > 0.0).then_some(variance)
    };
    let z = normal_quantile(0.975);
    let coefficients = nomogram.coefficients();
    let values = std::iter::once((INTERCEPT, coefficients.intercept)).chain(
        Predictor::ALL
            .into_iter()
            .map(|p| (p.name(), coefficients.log_odds_ratios[p as usize])),
    );
    let coefficients: Vec<Value> = values
        .map(|(name, value)| {
            let error = variance(name).map(f64::sqrt);
            let odds_ratio = |side: f64| error.map(|error| round((value + side * z * error).exp()));
            let is_intercept = name == INTERCEPT;
            json!({
                "name": name,
                "value": value,
                "standardError": error.map(round),
                "oddsRatio": (!is_intercept).then(|| round(value.exp())),
                "low": odds_ratio(-1.0).filter(|_| !is_intercept),
                "high": odds_ratio(1.0).filter(|_| !is_intercept),
            })
        })
        .collect();
    json!({
        "basis": nomogram.basis_of_one(),
        "tellsOfAnother": tells_of_another,
        "method": said["method"],
        "coefficients": coefficients,
        "covariance": covariance(&said["covariance"]),
        "figures": figures(&said["figures"]),
        "statements": rows(&said["statements"], statement()),
        "priors": said["priors"].as_array().map(|priors| priors.iter().map(prior).collect::<Vec<_>>()),
        "convergence": convergence(&said["priors"]),
        "parts": by_rising_score(rows(&said["parts"], part())),
        "reconstruction": reconstruction(&said["reconstruction"]),
    })
}

/// A list of a file, each row with all its members; none where the file has none.
fn rows(said: &Value, row: Value) -> Value {
    let Some(rows) = said.as_array() else {
        return Value::Null;
    };
    let complete = rows.iter().map(|said| {
        let mut row = row.clone();
        merge(&mut row, said);
        row
    });
    Value::Array(complete.collect())
}

fn banded() -> Value {
    json!({ "score": null, "low": null, "estimate": null, "high": null })
}

fn statement() -> Value {
    let mut side = banded();
    side["holds"] = Value::Null;
    side["neededOddsRatio"] = Value::Null;
    json!({ "says": null, "withoutFdgUptake": side, "withFdgUptake": side })
}

fn part() -> Value {
    json!({
        "score": null, "withinTableLow": null, "withinTableHigh": null, "betweenTablesLow": null,
        "betweenTablesHigh": null,
    })
}

fn reconstruction(said: &Value) -> Value {
    if !said.is_object() {
        return Value::Null;
    }
    let mut complete = json!({
        "published": { "file": null, "sha256": null }, "seed": null, "chains": null, "draws": null, "converged": null,
    });
    merge(&mut complete, said);
    complete
}

/// A covariance matrix with the order of its rows, where the file gives both.
fn covariance(said: &Value) -> Value {
    let order = said["order"].as_array();
    let is_square = |matrix: &Value, n: usize| {
        let is_row = |row: &Value| {
            row.as_array()
                .is_some_and(|row| row.len() == n && row.iter().all(Value::is_number))
        };
        matrix
            .as_array()
            .is_some_and(|rows| rows.len() == n && rows.iter().all(is_row))
    };
    match order {
        Some(order)
            if order.iter().all(Value::is_string) && is_square(&said["total"], order.len()) =>
        {
            said.clone()
        }
        _ => Value::Null,
    }
}

/// The published figures beside what the reconstruction gives, and how many of each role are met.
fn figures(said: &Value) -> Value {
    let figure = json!({
        "id": null, "role": null, "published": null, "low": null, "median": null, "high": null, "met": null,
        "place": null,
    });
    let rows = rows(said, figure);
    let Some(rows) = rows.as_array() else {
        return Value::Null;
    };
    let of = |role: &str| {
        let of_role = || rows.iter().filter(|row| row["role"] == role);
        json!({ "met": of_role().filter(|row| row["met"] == true).count(), "of": of_role().count() })
    };
    let missed = rows.iter().filter(|row| row["met"] != true);
    json!({
        "constraints": of("constraint"),
        "checks": of("check"),
        "notMet": missed.collect::<Vec<_>>(),
        "rows": rows,
    })
}

fn coefficient_names() -> impl Iterator<Item = &'static str> {
    std::iter::once(INTERCEPT).chain(Predictor::ALL.map(Predictor::name))
}

/// Rows of a file in the order of the score that each names.
fn by_rising_score(mut rows: Value) -> Value {
    if let Some(rows) = rows.as_array_mut() {
        rows.sort_by_key(|row| row["score"].as_u64());
    }
    rows
}

fn prior(said: &Value) -> Value {
    let coefficients: Vec<Value> = coefficient_names()
        .map(|name| {
            json!({
                "name": name,
                "median": said["medians"][name],
                "rHat": said["rHat"][name],
                "effectiveSampleSize": said["effectiveSampleSize"][name],
            })
        })
        .collect();
    json!({
        "prior": said["prior"],
        "statement": said["statement"],
        "coefficients": coefficients,
        "patterns": by_rising_score(rows(&said["patterns"], banded())),
    })
}

fn convergence(priors: &Value) -> Value {
    let all = |list: &str| -> Vec<f64> {
        let priors = priors.as_array().into_iter().flatten();
        let values = priors.filter_map(|prior| prior[list].as_object());
        let values =
            values.flat_map(|values| values.iter().filter_map(|(_, value)| value.as_f64()));
        values.collect()
    };
    let greatest = all("rHat").into_iter().reduce(f64::max);
    let least = all("effectiveSampleSize").into_iter().reduce(f64::min);
    match (greatest, least) {
        (Some(greatest), Some(least)) => {
            json!({ "greatestRHat": greatest, "leastEffectiveSampleSize": least })
        }
        _ => Value::Null,
    }
}

//! `rrdtc model diff`.

use super::{cohort, place, recalibrate};
use crate::operations::process::Place;
use serde_json::{Value, json};

const BUILT_IN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/cds-hooks/models/liu-2022.json"
);

fn diff(place: &Place, more: &[&str]) -> (i32, Value, String) {
    let mut arguments = vec!["model", "diff", BUILT_IN];
    arguments.extend(more);
    arguments.push("--json");
    // No configuration: the files are named.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rrdtc"))
        .args(&arguments)
        .current_dir(place.path("work"))
        .output()
        .unwrap();
    let result = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (
        output.status.code().unwrap(),
        result,
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// A recalibrated file and the cohort that it was made of.
fn recalibrated(place: &Place, of: impl Fn(usize, f64) -> f64) -> (String, String) {
    let out = place.path("ours.json").to_str().unwrap().to_owned();
    let (code, _, said) = recalibrate(
        place,
        &cohort(3, of),
        &[
            "--out",
            &out,
            "--id",
            "ours",
            "--version",
            "1",
            "--site",
            "Here",
            "--by",
            "Me",
            "--bootstrap",
            "0",
        ],
    );
    assert_eq!(code, 0, "{said}");
    (out, place.path("cohort.csv").to_str().unwrap().to_owned())
}

#[test]
fn a_model_does_not_differ_from_itself() {
    let place = place();
    let (_, cohort) = recalibrated(&place, |_, log_odds| log_odds);
    let (code, result, said) = diff(&place, &[BUILT_IN, &cohort]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(result["first"], result["second"]);
    assert_eq!(result["orderChanges"], json!([]));
    let comparison = &result["comparison"];
    assert_eq!(comparison["first"], comparison["second"]);
    assert_eq!(comparison["auc"]["difference"]["value"].as_f64(), Some(0.0));
    assert_eq!(comparison["auc"]["p"].as_f64(), Some(1.0));
    for limit in ["low", "value", "high"] {
        assert_eq!(comparison["brierDifference"][limit].as_f64(), Some(0.0));
    }
    for row in comparison["reclassification"].as_array().unwrap() {
        for outcome in ["refractory", "notRefractory"] {
            assert_eq!(
                (&row[outcome]["up"], &row[outcome]["down"]),
                (&json!(0), &json!(0))
            );
        }
    }
}

#[test]
fn an_update_shows_in_the_file_and_on_the_cohort() {
    let place = place();
    let (ours, cohort) = recalibrated(&place, |_, log_odds| log_odds - 0.8);
    let (code, result, said) = diff(&place, &[&ours, &cohort, "--thresholds", "0.5,0.9"]);
    assert_eq!(code, 0, "{said}");
    let points = result["points"].as_array().unwrap();
    assert!(points.iter().all(|row| row["first"] == row["second"]));
    let values = result["values"].as_array().unwrap();
    let changed: Vec<&Value> = values
        .iter()
        .filter(|row| row["first"] != row["second"])
        .map(|row| &row["name"])
        .collect();
    assert_eq!(changed, [&json!("nomogram.intercept")]);
    assert_eq!(result["patterns"].as_array().unwrap().len(), 16);
    assert_eq!(result["orderChanges"], json!([]));
    let comparison = &result["comparison"];
    // The order stays, so the curve does; the probabilities fit better.
    assert_eq!(comparison["first"]["auc"], comparison["second"]["auc"]);
    let brier = &comparison["brierDifference"];
    assert!(brier["high"].as_f64().unwrap() < 0.0, "{brier}");
    let [first, second] =
        ["first", "second"].map(|which| comparison[which]["brier"].as_f64().unwrap());
    assert!((second - first - brier["value"].as_f64().unwrap()).abs() < 1e-12);
    // Everybody is in the table once, and with a lower intercept nobody goes up.
    let (refractory, others) = (
        &comparison["cohort"]["refractory"],
        &comparison["cohort"]["notRefractory"],
    );
    let sum = |of: &Value| {
        ["below", "up", "down", "above"]
            .iter()
            .map(|name| of[*name].as_u64().unwrap())
            .sum::<u64>()
    };
    let rows = comparison["reclassification"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(json!(sum(&row["refractory"])), *refractory);
        assert_eq!(json!(sum(&row["notRefractory"])), *others);
        assert_eq!(row["notRefractory"]["up"], 0);
    }
    let moved: u64 = rows
        .iter()
        .map(|row| row["notRefractory"]["down"].as_u64().unwrap())
        .sum();
    assert!(moved > 0);
    assert_eq!(comparison["netBenefit"].as_array().unwrap().len(), 2);
    assert!(result["notes"].to_string().contains("NRI"));
    assert!(!result.to_string().contains("null"), "{result}");
    // For people, without a cohort.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rrdtc"))
        .args(["model", "diff", BUILT_IN, &ours])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && text.contains("nomogram.intercept: -1.88056 -> "),
        "{text}"
    );
}

#[test]
fn another_order_of_the_patterns_is_listed() {
    let place = place();
    // Recurrence speaks strongly: 7 and 8 points overtake 4 and 5.
    let (ours, cohort) = recalibrated(
        &place,
        |at, log_odds| if at & 2 > 0 { log_odds + 2.0 } else { log_odds },
    );
    let (code, result, said) = diff(&place, &[&ours, &cohort]);
    assert_eq!(code, 0, "{said}");
    let changes = result["orderChanges"].as_array().unwrap();
    assert!(changes.contains(&json!([4, 7])), "{changes:?}");
    let auc = &result["comparison"]["auc"];
    assert!(
        auc["difference"]["value"].as_f64().unwrap() > 0.0 && auc["p"].as_f64().unwrap() < 0.05,
        "{auc}"
    );
}

#[test]
fn points_and_classes_that_differ_are_told_and_thresholds_that_differ_are_not_compared() {
    let place = place();
    let text = std::fs::read_to_string(BUILT_IN).unwrap();
    let mut model: Value = serde_json::from_str(&text).unwrap();
    model["id"] = json!("stricter");
    model["score"]["cutoff"] = json!(12);
    for vector in model["score"]["vectors"].as_array_mut().unwrap() {
        vector["atOrAboveCutoff"] = json!(vector["score"].as_u64().unwrap() >= 12);
    }
    let other = place.path("other.json");
    std::fs::write(&other, model.to_string()).unwrap();
    let other = other.to_str().unwrap().to_owned();
    let (code, result, said) = diff(&place, &[&other]);
    assert_eq!(code, 0, "{said}");
    let row = result["patterns"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["scores"] == json!([11, 11]))
        .unwrap();
    assert_eq!(row["atOrAboveCutoff"], json!([true, false]));
    assert!(result.get("comparison").is_none());
    model["score"]["predictors"]["ageAtDiagnosis"]["thresholdYears"] = json!(55);
    std::fs::write(&other, model.to_string()).unwrap();
    let (_, cohort) = recalibrated(&place, |_, log_odds| log_odds);
    let (code, _, said) = diff(&place, &[&other, &cohort]);
    assert!(code == 1 && said.contains("different thresholds"), "{said}");
    let (code, _, said) = diff(&place, &["/nowhere.json"]);
    assert!(code == 1 && said.contains("cannot be read"), "{said}");
}

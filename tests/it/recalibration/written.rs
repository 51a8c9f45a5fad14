//! The file that is written: it is loaded, named and told of everywhere, and it keeps what was done before.

use super::{cohort, place, recalibrate, sized};
use crate::operations::process::{Place, Process, client};
use crate::support::{Chart, SNOMED, condition, lesion, status};
use serde_json::{Value, json};

const SITE: &str = "St. Example";

/// Arguments that sign.
fn signed<'a>(out: &'a str, version: &'a str) -> Vec<&'a str> {
    vec![
        "--out",
        out,
        "--id",
        "ours",
        "--version",
        version,
        "--site",
        SITE,
        "--by",
        "M. Physicist",
        "--date",
        "2026-11-20",
        "--bootstrap",
        "20",
    ]
}

fn file(place: &Place, name: &str) -> (String, Value) {
    let text = place.text(name);
    let json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (place.path(name).to_str().unwrap().to_owned(), json)
}

fn write(place: &Place, name: &str, text: &str, version: &str, more: &[&str]) -> (Value, Value) {
    let out = place.path(name);
    let mut arguments = signed(out.to_str().unwrap(), version);
    arguments.extend(more);
    let (code, result, said) = recalibrate(place, text, &arguments);
    assert_eq!(code, 0, "{said}");
    (result, file(place, name).1)
}

fn built_in() -> Value {
    serde_json::from_str(&std::fs::read_to_string("cds-hooks/models/liu-2022.json").unwrap())
        .unwrap()
}

#[test]
fn the_new_model_is_in_use_and_every_card_names_it() {
    let place = place();
    place.configure(&format!(
        "external_url = \"https://cds.test\"\n{}",
        client("ehr", "")
    ));
    let (result, model) = write(
        &place,
        "ours.json",
        &cohort(3, |_, log_odds| log_odds - 0.8),
        "1.0.0",
        &[],
    );
    let (path, _) = file(&place, "ours.json");
    let variables = [("RRDTC_MODEL", path.as_str())];
    let (code, said) = place.run(&["check"], &variables);
    assert_eq!(code, 0, "{said}");

    // The command line.
    let chart = Chart::basic()
        .with(status("status", "58899004", "2026-06-01"))
        .with(condition("bone", SNOMED, "94222008", "2023-02-01"))
        .with(lesion("pet", 6.1, "2026-10-05"));
    let bundle = json!({
        "resourceType": "Bundle", "type": "collection",
        "entry": std::iter::once(&chart.patient).chain(&chart.records).map(|r| json!({ "resource": r })).collect::<Vec<_>>(),
    });
    std::fs::write(place.path("patient.json"), bundle.to_string()).unwrap();
    let patient = place.path("patient.json");
    let (code, told) = place.run(
        &[
            "assess",
            "--json",
            "--as-of",
            crate::support::AS_OF,
            patient.to_str().unwrap(),
        ],
        &variables,
    );
    assert_eq!(code, 0, "{told}");
    let assessed: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(assessed["model"]["id"], "ours");
    assert_eq!(assessed["model"]["sha256"], result["updated"]["sha256"]);
    let row = model["nomogram"]["patterns"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["score"] == 45)
        .unwrap();
    assert_eq!(assessed["probability"]["estimate"], row["estimate"]);
    let basis = assessed["probability"]["basis"].as_str().unwrap();
    assert!(
        basis.starts_with("liu-2022 2.0.0, intercept updated on 1212 patients ("),
        "{basis}"
    );
    assert!(
        basis.contains(SITE) && !basis.contains("not validated here"),
        "{basis}"
    );

    // The service.
    let process = Process::start(&place, &[], &variables);
    let answer = process.call("ehr", "rr-dtc-patient-view", &chart.call());
    let detail = answer.json()["cards"][0]["detail"]
        .as_str()
        .unwrap()
        .to_owned();
    for words in [
        "ours 1.0.0",
        SITE,
        "intercept updated",
        "2026-11-20",
        &result["updated"]["sha256"].as_str().unwrap()[..12],
    ] {
        assert!(detail.contains(words), "{words}: {detail}");
    }
    let facts = process.server.get("/model?format=markdown").body;
    for words in [SITE, "M. Physicist", "intercept updated"] {
        assert!(facts.contains(words), "{words}");
    }
    assert!(
        !facts.contains("Markov chain"),
        "tells of the reconstruction of other coefficients"
    );
}

#[test]
fn the_file_keeps_the_score_and_tells_what_was_done() {
    let place = place();
    let (result, model) = write(
        &place,
        "ours.json",
        &cohort(3, |_, log_odds| 0.6 * log_odds),
        "1.0.0",
        &[],
    );
    let original = built_in();
    for same in [
        "title",
        "citation",
        "score",
        "cohort",
        "outcome",
        "performance",
        "printedRegression",
    ] {
        assert_eq!(model[same], original[same], "{same}");
    }
    let local = &model["localValidation"];
    assert_eq!(
        (&local["site"], &local["by"], &local["date"]),
        (&json!(SITE), &json!("M. Physicist"), &json!("2026-11-20"))
    );
    assert_eq!(
        (&local["patients"], &local["refractory"]),
        (
            &result["cohort"]["analysed"],
            &result["cohort"]["refractory"]
        )
    );
    // Days of time zero in the cohort.
    assert_eq!(
        (&local["from"], &local["to"]),
        (&json!("2019-01-01"), &json!("2019-12-28"))
    );
    let told = &model["recalibration"];
    assert_eq!(
        (&told["method"], &told["original"]["id"]),
        (&json!("intercept-and-slope"), &json!("liu-2022"))
    );
    assert_eq!(told["original"]["sha256"], result["original"]["sha256"]);
    assert_eq!(
        told["inputs"][0]["sha256"],
        result["cohort"]["files"][0]["sha256"]
    );
    assert_eq!(told["inputs"][0]["rows"], 1212);
    assert_eq!(told["settings"]["seed"], 2022);
    for name in ["software", "gates", "tests", "slope"] {
        assert!(!told[name].is_null(), "{name}");
    }
    assert!(
        told["validation"]["before"]["slope"]["value"]
            .as_f64()
            .unwrap()
            < 0.7
    );
    assert!(told["validation"]["optimism"]["figures"].is_array());
    // No path of this machine, no patient.
    let text = place.text("ours.json");
    assert!(
        !text.contains("cohort.csv") && !text.contains("tmp"),
        "a path"
    );
    // Six digits, and twelve where the table must follow from the coefficients.
    let digits = |value: &Value| {
        value
            .to_string()
            .trim_start_matches(['-', '0', '.'])
            .replace('.', "")
            .len()
    };
    let nomogram = &model["nomogram"];
    for row in nomogram["patterns"].as_array().unwrap() {
        assert!(
            digits(&row["low"]) <= 6 && digits(&row["estimate"]) <= 12,
            "{row}"
        );
    }
    assert!(digits(&nomogram["intercept"]) <= 6);
    assert_eq!(nomogram["covariance"]["total"].as_array().unwrap().len(), 5);
}

#[test]
fn none_records_what_was_seen_and_changes_no_probability() {
    let place = place();
    let (result, model) = write(
        &place,
        "ours.json",
        &sized(30, 20),
        "1.0.0",
        &["--method", "none"],
    );
    assert_eq!(result["chosen"]["step"], "none");
    let original = built_in();
    for same in [
        "intercept",
        "coefficients",
        "patterns",
        "covariance",
        "priors",
    ] {
        assert_eq!(
            model["nomogram"][same], original["nomogram"][same],
            "{same}"
        );
    }
    let basis = model["nomogram"]["basis"].as_str().unwrap();
    assert!(
        basis.contains("unchanged after a look at 50 patients (30 refractory) of St. Example"),
        "{basis}"
    );
    assert_eq!(model["localValidation"]["patients"], 50);
    assert!(
        result["warnings"]
            .to_string()
            .contains("below 50 only counts")
    );
}

#[test]
fn an_update_below_its_gate_says_so_on_every_card() {
    let place = place();
    let (result, model) = write(
        &place,
        "ours.json",
        &sized(60, 40),
        "1.0.0",
        &["--method", "intercept-and-slope", "--below-gate"],
    );
    assert_eq!(result["chosen"]["belowGate"], true);
    let basis = model["nomogram"]["basis"].as_str().unwrap();
    assert!(
        basis.ends_with(
            "too few patients for this update: 40 of the 100 that the smaller class needs"
        ),
        "{basis}"
    );
    assert_eq!(model["recalibration"]["chosen"]["belowGate"], true);
}

#[test]
fn a_recalibrated_file_recalibrated_again_keeps_the_chain() {
    let place = place();
    let (_, first) = write(
        &place,
        "one.json",
        &cohort(3, |_, log_odds| log_odds - 0.8),
        "1.0.0",
        &[],
    );
    let (path, _) = file(&place, "one.json");
    place.configure(&format!("model = \"{path}\"\n"));
    let (result, second) = write(
        &place,
        "two.json",
        &cohort(3, |_, log_odds| log_odds - 1.6),
        "2.0.0",
        &[],
    );
    assert_eq!(result["original"]["version"], "1.0.0");
    let told = &second["recalibration"];
    assert_eq!(told["original"]["version"], "1.0.0");
    let earlier = told["earlier"].as_array().unwrap();
    assert_eq!(earlier.len(), 1);
    assert_eq!(earlier[0]["original"]["id"], "liu-2022");
    assert_eq!(
        earlier[0]["model"],
        json!({ "id": "ours", "version": "1.0.0" })
    );
    assert_eq!(earlier[0]["localValidation"], first["localValidation"]);
    assert_eq!(
        earlier[0]["validation"],
        first["recalibration"]["validation"]
    );
    // The second update starts from the first: half of the way is left.
    let shift = |model: &Value| model["nomogram"]["intercept"].as_f64().unwrap();
    assert!((shift(&first) - shift(&built_in()) + 0.8).abs() < 0.1);
    assert!((shift(&second) - shift(&first) + 0.8).abs() < 0.1);
    let (path, _) = file(&place, "two.json");
    place.configure(&format!("model = \"{path}\"\n"));
    let (_, third) = write(
        &place,
        "three.json",
        &cohort(3, |_, log_odds| log_odds - 1.6),
        "3.0.0",
        &[],
    );
    let versions = third["recalibration"]["earlier"].as_array().unwrap();
    let versions: Vec<&Value> = versions
        .iter()
        .map(|told| &told["model"]["version"])
        .collect();
    assert_eq!(versions, [&json!("2.0.0"), &json!("1.0.0")]);
    assert!(
        third["recalibration"]["earlier"][0]
            .get("earlier")
            .is_none()
    );
}

//! `rrdtc validate` as a script sees it: exit codes, JSON, the same bytes, what is never told.

use crate::command_line::rrdtc;
use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Output;

const SOURCE: &str = "tests/oracle/cohorts/source.csv";

fn validate(arguments: &[&str]) -> Output {
    let mut all = vec!["validate", "--date", "2026-11-25"];
    all.extend(arguments);
    rrdtc(&all, None)
}

fn report(arguments: &[&str]) -> Value {
    let mut all = vec!["--json"];
    all.extend(arguments);
    let output = validate(&all);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn written(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_json_names_everything_that_it_was_made_from() {
    let report = report(&[
        SOURCE,
        "--seed",
        "11",
        "--bootstrap",
        "20",
        "--horizon",
        "24 months",
    ]);
    let provenance = &report["provenance"];
    assert_eq!(provenance["software"]["name"], "rrdtc");
    assert_eq!(provenance["model"]["id"], "liu-2022");
    assert_eq!(provenance["model"]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(provenance["inputs"][0]["name"], SOURCE);
    assert_eq!(provenance["inputs"][0]["rows"], 404);
    // sha256sum tests/oracle/cohorts/source.csv
    use sha2::{Digest, Sha256};
    let expected: String = Sha256::digest(std::fs::read(SOURCE).unwrap())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(provenance["inputs"][0]["sha256"], expected.as_str());
    assert_eq!(provenance["options"]["seed"], 11);
    assert_eq!(provenance["options"]["horizon"], "24 months");
    assert_eq!(provenance["date"], "2026-11-25");
    let names: Vec<&str> = report["methods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["name"].as_str().unwrap())
        .collect();
    // Every interval names a method that is explained.
    fn intervals<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| intervals(item, found)),
            Value::Object(members) => {
                if members.contains_key("low") && members.contains_key("value") {
                    found.push(members["method"].as_str().unwrap());
                }
                members.values().for_each(|member| intervals(member, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    intervals(&report, &mut found);
    assert!(found.len() > 50);
    for method in found {
        assert!(names.contains(&method), "{method} is not explained");
    }
    let limits = report["limits"].to_string();
    assert!(limits.contains("24 months"), "{limits}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let on = |threads: &str| validate(&["--json", SOURCE, "--threads", threads]).stdout;
    let one = on("1");
    assert!(!one.is_empty());
    assert_eq!(one, on("4"));
}

#[test]
fn exit_codes_tell_the_cohort_from_the_command_from_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let header = "patient,ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome\n";
    let file = |name: &str, text: &str| written(folder.path(), name, text).display().to_string();
    let small = file("small.csv", &format!("{header}a,1,0,0,1,1\nb,0,0,0,0,0\n"));
    let no_outcome = file("open.csv", &format!("{header}a,1,0,0,1,\n"));
    let empty = file("empty.csv", "");
    let only_header = file("header.csv", header);
    for (arguments, code, said) in [
        // Far too small: a report all the same, and what it withholds.
        (vec![small.as_str()], 0, ""),
        (vec!["no-such-file.csv"], 1, "no-such-file.csv"),
        (vec![&empty], 1, "empty.csv"),
        (vec![&only_header], 1, "no patients"),
        (vec![&no_outcome], 1, "known outcome"),
        (vec![], 2, "FILE"),
        (vec![&small, "--subgroup", "sx"], 2, "there is no column sx"),
        (vec![&small, "--bootstrap", "many"], 2, "bootstrap"),
        (vec![&small, "--threads", "0"], 2, "threads"),
        (vec![&small, "--date", "yesterday"], 2, "date"),
    ] {
        let output = validate(&arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
    let model = written(folder.path(), "model.json", "{}");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rrdtc"))
        .args(["validate", &small])
        .env("RRDTC_MODEL", model)
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(3),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_summary_says_what_is_withheld_and_never_too_much() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome\n".to_owned();
    for at in 0..80 {
        let positive = at % 2;
        writeln!(
            text,
            "{},0,0,{positive},{}",
            at % 3 / 2,
            i32::from(at % 4 > 0 && positive == 1)
        )
        .unwrap();
    }
    let path = written(folder.path(), "few.csv", &text)
        .display()
        .to_string();
    let output = validate(&[&path]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("Local evaluation of liu-2022"), "{text}");
    assert!(
        text.contains("withheld") && text.contains("more patients in the smaller class needed")
    );
    assert!(text.contains("No horizon was stated"));
    assert!(!text.contains("AUC"), "{text}");
    for word in ["validated", "low risk", "no risk"] {
        assert!(!text.contains(word), "{word}");
    }
}

#[test]
fn no_patient_is_in_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "patient,timeZero,ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome,surname,village,weight,sex\n".to_owned();
    for at in 0..300 {
        let (f, r) = (at % 2, i32::from(at % 5 > 1));
        writeln!(
            text,
            "MRN-{at},2019-0{}-1{},{},0,{},{f},{},Surname{at},Village{},{}.377,{}",
            1 + at % 9,
            at % 9,
            at % 3 / 2,
            at % 7 / 6,
            if at % 4 == 0 { f } else { r },
            at / 3,
            50 + at % 60,
            ["f", "m"][usize::try_from(at % 2).unwrap()]
        )
        .unwrap();
    }
    // A row that cannot be used.
    text.push_str("MRN-BAD,2019-01-01,7,0,0,1,1,Badname,Badvillage,1,f\n");
    let path = written(folder.path(), "cohort.csv", &text)
        .display()
        .to_string();
    for arguments in [vec!["--json"], vec![]] {
        let mut all = vec![
            path.as_str(),
            "--subgroup",
            "sex",
            "--subgroup",
            "village",
            "--subgroup",
            "weight",
            "--subgroup",
            "timeZero",
        ];
        all.extend(arguments);
        let output = validate(&all);
        let told = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{told}");
        for secret in [
            "MRN",
            "Surname",
            "Badname",
            "Village0",
            "Badvillage",
            ".377",
            "2019-01-1",
        ] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
    }
}

#[test]
fn an_unknown_predictor_is_bounded_and_pet_less_patients_stand_apart() {
    let folder = tempfile::tempdir().unwrap();
    let source = std::fs::read_to_string(SOURCE).unwrap();
    let mut text = String::new();
    for (at, line) in source.lines().enumerate() {
        let mut cells: Vec<&str> = line.split(',').take(6).collect();
        if at > 0 && at % 20 == 0 {
            cells[4] = "";
        }
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    let path = written(folder.path(), "petless.csv", &text)
        .display()
        .to_string();
    let report = report(&[&path, "--bootstrap", "0"]);
    assert_eq!(report["flow"]["withoutPet"], 20);
    assert_eq!(report["flow"]["analysed"], 384);
    assert_eq!(report["unknowns"]["withoutPet"]["patients"], 20);
    let bounds = report["unknowns"]["bounds"].as_array().unwrap();
    for bound in bounds {
        let of = |name: &str| bound[name].as_f64().unwrap();
        assert!(of("least") < of("greatest"), "{bound}");
        assert_eq!(bound["exact"], true);
    }
    // What is true of everybody lies within.
    let sensitivity = &bounds[0];
    let whole = 169.0 / 223.0;
    assert!(
        sensitivity["least"].as_f64().unwrap() <= whole
            && whole <= sensitivity["greatest"].as_f64().unwrap()
    );
    let notes = report["notes"].to_string();
    assert!(notes.contains("No bootstrap"), "{notes}");
}

#[test]
fn two_level_probabilities_of_the_source_study() {
    let folder = tempfile::tempdir().unwrap();
    let source = std::fs::read_to_string(SOURCE).unwrap();
    let mut text = String::new();
    for (at, line) in source.lines().enumerate() {
        let cells: Vec<&str> = line.split(',').take(6).collect();
        let above = cells[4] == "1" || (cells[2] == "1" && cells[3] == "1");
        let probability = if above { 169.0 / 182.0 } else { 54.0 / 222.0 };
        let told = match at {
            0 => "probability".to_owned(),
            _ => format!("{probability}"),
        };
        writeln!(text, "{},{told}", cells.join(",")).unwrap();
    }
    let path = written(folder.path(), "two.csv", &text)
        .display()
        .to_string();
    let report = report(&[&path, "--bootstrap", "0"]);
    let calibration = &report["calibration"][1];
    assert_eq!(calibration["name"], "givenProbability");
    let close = |value: &Value, expected: f64, by: f64| {
        let value = value.as_f64().unwrap();
        assert!((value - expected).abs() < by, "{value} {expected}");
    };
    // spec/clinical.md section 5, test vectors.
    close(&calibration["brier"]["value"], 0.131030, 5.1e-7);
    close(&calibration["brierNull"], 0.247298, 5.1e-7);
    close(&calibration["brierScaled"]["value"], 0.470152, 5.1e-7);
    close(&calibration["observedExpected"]["value"], 1.0, 1e-9);
    close(&calibration["inTheLarge"]["value"], 0.0, 1e-9);
    close(&calibration["slope"]["value"], 1.0, 1e-9);
    assert_eq!(calibration["groups"].as_array().unwrap().len(), 2);
    let class = &report["markers"][1];
    close(&class["atCutoff"]["lrPositive"]["value"], 10.55157, 5.1e-6);
    close(&class["auc"]["standardError"], 0.017299, 5.1e-7);
    let given = &report["decision"]["given"]["strategies"][0];
    assert_eq!(given["name"], "givenProbability");
    // A probability is a rule only between its two values: at 0.5 it is the class, at 0.2 everybody is treated.
    close(&given["netBenefit"][49], 0.3861, 5.1e-5);
    close(&given["netBenefit"][19], 0.4400, 5.1e-5);
}

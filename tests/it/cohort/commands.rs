//! `rrdtc cohort` as scripts use it.

use crate::command_line::rrdtc;
use serde_json::Value;
use std::path::Path;
use std::process::Output;

const HEADER: &str = "patient,ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome";

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

#[test]
fn a_synthetic_cohort_is_read_as_it_was_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let [table, again, description] =
        ["a.csv", "b.csv", "a.json"].map(|name| path(folder.path(), name));
    let drawn = rrdtc(
        &[
            "cohort",
            "synthesize",
            "--patients",
            "5000",
            "--seed",
            "3",
            "--out",
            &table,
            "--describe",
            &description,
            "--threads",
            "1",
        ],
        None,
    );
    assert!(drawn.status.success(), "{}", stderr(&drawn));
    assert!(stderr(&drawn).contains("5000 synthetic patients, seed 3"));
    assert!(stderr(&drawn).contains("independent given the outcome"));
    let drawn = rrdtc(
        &["cohort", "synthesize", "--patients", "5000", "--seed", "3"],
        None,
    );
    std::fs::write(&again, &drawn.stdout).unwrap();
    assert!(std::fs::read(&table).unwrap() == drawn.stdout);

    let told: Value =
        serde_json::from_str(&std::fs::read_to_string(&description).unwrap()).unwrap();
    assert_eq!(told["synthetic"], true);
    assert_eq!(told["seed"].as_u64(), Some(3));
    let shares = told["jointDistribution"]["patterns"].as_array().unwrap();
    let sum: f64 = shares
        .iter()
        .flat_map(|row| [&row["refractory"], &row["notRefractory"]])
        .map(|share| share.as_f64().unwrap())
        .sum();
    assert!((sum - 1.0).abs() < 1e-9);
    let independent = told["independentGivenTheOutcome"]["variables"]
        .as_array()
        .unwrap();
    assert_eq!(independent.len(), 16);

    let read = rrdtc(&["cohort", "check", "--json", &table], None);
    assert!(read.status.success(), "{}", stderr(&read));
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(read["patients"].as_u64(), Some(5000));
    assert_eq!(read["badRows"].as_u64(), Some(0));
    assert_eq!(read["files"][0]["rows"].as_u64(), Some(5000));
    let variables = read["variables"].as_array().unwrap();
    assert_eq!(variables.len(), 16);
    for variable in variables {
        let is_number = [
            "ageYears",
            "tumourDiameterCm",
            "positiveNodes",
            "monthsToRadioiodine",
        ]
        .contains(&variable["name"].as_str().unwrap());
        let kind = if is_number { "numbers" } else { "categories" };
        assert_eq!(variable["kind"], kind, "{variable}");
        assert_eq!(variable["missing"].as_u64(), Some(0));
    }
    let refractory = read["outcome"]["refractory"].as_f64().unwrap();
    assert!((refractory / 5000.0 - 223.0 / 404.0).abs() < 0.03);
}

#[test]
fn rows_that_are_set_aside_are_told_and_listed_and_never_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let [table, list] = ["t.csv", "bad.csv"].map(|name| path(folder.path(), name));
    let rows: String = (0..25)
        .map(|n| format!("secret-{n},quark,0,0,0,1\n"))
        .collect();
    std::fs::write(&table, format!("{HEADER}\ngood,1,0,0,0,1\n{rows}")).unwrap();
    let output = rrdtc(&["cohort", "check", "--bad-rows", &list, &table], None);
    assert!(output.status.success());
    let told = stderr(&output);
    assert!(told.contains("25 of 26 rows are set aside"), "{told}");
    assert_eq!(told.matches(", column ageAtDiagnosis: ").count(), 20);
    let listed = std::fs::read_to_string(&list).unwrap();
    assert_eq!(listed.lines().count(), 26);
    assert!(listed.starts_with("file,line,column,reason\n"));
    assert!(listed.contains("t.csv,27,ageAtDiagnosis,"));
    for text in [
        &told,
        &listed,
        &String::from_utf8_lossy(&output.stdout).into_owned(),
    ] {
        assert!(
            !text.contains("quark") && !text.contains("secret"),
            "{text}"
        );
    }
    let strict = rrdtc(&["cohort", "check", "--strict", &table], None);
    assert_eq!(strict.status.code(), Some(1));
    assert!(stderr(&strict).contains("line 3, column ageAtDiagnosis"));
    assert!(!stderr(&strict).contains("quark"));
}

#[test]
fn tables_come_from_standard_input_and_through_a_map() {
    let folder = tempfile::tempdir().unwrap();
    let map = path(folder.path(), "map.toml");
    std::fs::write(
        &map,
        "decimal = \",\"\n[columns.fdgUptake]\ncolumn = \"SUV\"\nmeasurement = \"SUVmax\"\n[columns.ageAtDiagnosis]\ncolumn = \"age\"\nmeasurement = \"years\"\n",
    )
    .unwrap();
    let table = "age;recurrence;multiSiteMetastasis;SUV;outcome\n48;0;0;2,5;1\n47;0;0;2,4;0\n";
    let arguments = [
        "cohort",
        "check",
        "--json",
        "--map",
        &map,
        "--delimiter",
        ";",
        "-",
    ];
    let output = rrdtc(&arguments, Some(table));
    assert!(output.status.success(), "{}", stderr(&output));
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read["files"][0]["name"], "standard input");
    for name in ["ageAtDiagnosis", "fdgUptake"] {
        let counts = &read["predictors"][name];
        assert_eq!(counts["present"].as_u64(), Some(1), "{name}");
        assert_eq!(counts["absent"].as_u64(), Some(1), "{name}");
    }
    std::fs::write(&map, "decimals = \",\"\n").unwrap();
    let output = rrdtc(&arguments, Some(table));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean decimal?"));
    // Without a delimiter: what to do.
    let output = rrdtc(&["cohort", "check", "-"], Some(table));
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("--delimiter \";\""));
    assert_eq!(rrdtc(&["cohort", "check"], None).status.code(), Some(2));
}

#[test]
fn help_teaches_with_examples() {
    for arguments in [
        &["cohort", "--help"][..],
        &["cohort", "check", "--help"],
        &["cohort", "synthesize", "--help"],
    ] {
        let output = rrdtc(arguments, None);
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(help.contains("Examples:\n  rrdtc cohort "), "{help}");
    }
}

//! `rrdtc derive` on the command line.

use crate::command_line::rrdtc;
use serde_json::Value;

fn synthetic(folder: &std::path::Path, patients: &str) -> String {
    let file = folder.join("cohort.csv").display().to_string();
    let made = rrdtc(
        &[
            "cohort",
            "synthesize",
            "--patients",
            patients,
            "--seed",
            "3",
            "--out",
            &file,
        ],
        None,
    );
    assert!(made.status.success());
    file
}

const FOUR: &str = "ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake";

#[test]
fn tables_for_people_and_json_for_machines() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path(), "404");
    let told = rrdtc(
        &["derive", &file, "--candidates", FOUR, "--bootstrap", "20"],
        None,
    );
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    let text = String::from_utf8(told.stdout).unwrap();
    for part in [
        "One variable at a time",
        "Forward selection",
        "fdgUptake: present",
        "Weak here",
    ] {
        assert!(text.contains(part), "{part}");
    }
    // No patient is named.
    assert!(!text.contains("synthetic-"));
    let arguments = [
        "derive",
        &file,
        "--candidates",
        FOUR,
        "--bootstrap",
        "20",
        "--json",
    ];
    let json: Value = serde_json::from_slice(&rrdtc(&arguments, None).stdout).unwrap();
    assert_eq!(json["flow"]["patients"].as_u64(), Some(404));
    assert_eq!(json["inputs"][0]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(
        json["score"]["items"].as_array().unwrap().len(),
        json["performance"].as_array().unwrap().len() - 1
    );
    assert_eq!(
        rrdtc(&arguments, None).stdout,
        rrdtc(&arguments, None).stdout
    );
}

#[test]
fn what_is_wrong_has_a_text_and_an_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path(), "40");
    for (arguments, code, expected) in [
        (vec!["derive", "nowhere.csv"], 1, "nowhere.csv"),
        (
            vec!["derive", &file, "--candidates", "shoeSize"],
            1,
            "no column shoeSize",
        ),
        (vec!["derive", &file, "--in", "0.5"], 2, "limits of p"),
        (
            vec!["derive", &file, "--outcome", "stage"],
            1,
            "exactly two categories",
        ),
    ] {
        let refused = rrdtc(&arguments, None);
        assert_eq!(refused.status.code(), Some(code), "{arguments:?}");
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(text.contains(expected), "{text}");
        assert!(refused.stdout.is_empty());
    }
}

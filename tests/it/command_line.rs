//! The command line as scripts use it: exit codes, JSON, NDJSON, standard input.

use crate::support::{AS_OF, Chart, lesion};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Output, Stdio};

pub fn rrdtc(arguments: &[&str], input: Option<&str>) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rrdtc"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    if let Some(input) = input {
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
    }
    child.wait_with_output().unwrap()
}

pub fn ndjson(chart: &Chart) -> String {
    std::iter::once(&chart.patient)
        .chain(&chart.records)
        .map(|resource| format!("{resource}\n"))
        .collect()
}

/// As `rrdtc ... | head` does.
#[test]
fn a_reader_who_had_enough_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rrdtc"))
        .args(["model", "facts", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stderr), "");
    assert!(done.status.success());
}

#[test]
fn exit_codes_mean_something() {
    let chart = ndjson(&Chart::basic());
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("rrdtc.toml");
    std::fs::write(&config, "undocumented_recurrence = \"perhaps\"").unwrap();
    let unknown = folder.path().join("unknown.toml");
    std::fs::write(&unknown, "no_such_setting = 1").unwrap();
    let paged = json!({ "resourceType": "Bundle", "link": [{ "relation": "next", "url": "x" }], "entry": [{ "resource": { "resourceType": "Patient", "id": "p" } }] });
    for (arguments, input, code, message) in [
        (vec!["assess", "-"], chart.as_str(), 0, ""),
        (
            vec!["assess", "no-such-file.json"],
            "",
            1,
            "no-such-file.json",
        ),
        (vec!["assess", "-"], "not json", 1, "not JSON"),
        (vec!["assess", "-"], "", 1, "empty"),
        (vec!["assess", "-"], "[1]", 1, "no FHIR"),
        (vec!["assess"], "", 2, "FILE"),
        (
            vec!["assess", "--as-of", "yesterday", "-"],
            "",
            2,
            "instant",
        ),
        (vec!["serve"], "", 2, "--open"),
        (
            vec!["assess", "--config", config.to_str().unwrap(), "-"],
            &chart,
            3,
            "undocumented_recurrence",
        ),
        (
            vec!["check", "--config", unknown.to_str().unwrap()],
            "",
            3,
            "no_such_setting",
        ),
        (
            vec!["assess", "-"],
            r#"{"resourceType":"Observation","id":"o"}"#,
            4,
            "no Patient",
        ),
        (
            vec!["assess", "--patient", "nobody", "-"],
            &chart,
            4,
            "no Patient of this id",
        ),
        (vec!["assess", "-"], &paged.to_string(), 4, "incomplete"),
        (vec!["check"], "", 0, ""),
        (vec!["--help"], "", 0, ""),
    ] {
        let output = rrdtc(&arguments, Some(input));
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(error.contains(message), "{arguments:?}: {error}");
    }
}

#[test]
fn several_patients_need_a_choice_and_stay_apart() {
    let first = Chart::basic().with(lesion("pet", 6.1, "2026-10-05"));
    let second = ndjson(&Chart::basic())
        .replace("p-1", "p-2")
        .replace("\"dtc\"", "\"dtc-2\"")
        .replace("\"op\"", "\"op-2\"")
        .replace("\"lung\"", "\"lung-2\"");
    let both = format!("{}{second}", ndjson(&first));
    let refused = rrdtc(&["assess", "-"], Some(&both));
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--all"));

    let all = rrdtc(&["assess", "--all", "--as-of", AS_OF, "-"], Some(&both));
    let lines: Vec<Value> = String::from_utf8(all.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["predictors"]["fdgUptake"]["state"], "present");
    assert_eq!(lines[1]["predictors"]["fdgUptake"]["state"], "unknown");
    assert!(
        lines
            .iter()
            .all(|line| line["predictors"]["fdgUptake"].get("setAside").is_none())
    );

    let one = rrdtc(
        &["assess", "--patient", "p-2", "--as-of", AS_OF, "-"],
        Some(&both),
    );
    assert_eq!(
        serde_json::from_slice::<Value>(&one.stdout).unwrap(),
        lines[1]
    );
}

#[test]
fn the_command_line_agrees_with_the_service() {
    let chart = Chart::basic().with(lesion("pet", 6.1, "2026-10-05"));
    let output = rrdtc(
        &["assess", "--json", "--as-of", AS_OF, "-"],
        Some(&ndjson(&chart)),
    );
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["resultId"], chart.assess()["resultId"]);
    assert_eq!(printed["assessedAt"], AS_OF);
}

#[test]
fn check_ranks_unmapped_codes_with_a_ready_row() {
    let mut text = ndjson(&Chart::basic());
    for (id, code) in [("a", "M-LUNG"), ("b", "M-LUNG"), ("c", "M-BONE")] {
        let record = json!({
            "resourceType": "Condition", "id": id, "subject": { "reference": "Patient/p-1" },
            "code": { "coding": [{ "system": "https://hospital.example/codes", "code": code }], "text": "metastasis" },
        });
        text.push_str(&format!("{record}\n"));
    }
    let output = rrdtc(&["check", "--json", "-"], Some(&text));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["unmapped"][0]["code"], "M-LUNG");
    assert_eq!(report["unmapped"][0]["count"], 2);
    assert_eq!(report["unmapped"][0]["row"]["element"][0]["code"], "M-LUNG");
    assert_eq!(report["coverage"]["Condition"]["used"], 5);
}

#[test]
fn the_printed_default_configuration_is_accepted() {
    let printed = rrdtc(&["check", "--print-config"], None);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("rrdtc.toml");
    std::fs::write(&config, &printed.stdout).unwrap();
    assert_eq!(
        rrdtc(&["check", "--config", config.to_str().unwrap()], None)
            .status
            .code(),
        Some(0)
    );
}

/// Terminology, model, services and texts are in the binary: it needs no checkout, no configuration and no variable.
#[test]
fn the_binary_runs_outside_the_checkout() {
    let elsewhere = tempfile::tempdir().unwrap();
    for (arguments, told) in [
        (
            vec!["--version"],
            concat!("rrdtc ", env!("CARGO_PKG_VERSION")),
        ),
        (vec!["check"], "rr-dtc-patient-view"),
        (vec!["model", "facts"], "52"),
        (vec!["assess", "-"], "52"),
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rrdtc"))
            .args(&arguments)
            .current_dir(&elsewhere)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads nothing may have ended.
        let _ = child
            .stdin
            .take()
            .unwrap()
            .write_all(ndjson(&Chart::basic()).as_bytes());
        let done = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(
            done.status.success() && said.contains(told),
            "{arguments:?}: {said}{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
}

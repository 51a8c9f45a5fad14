//! Lines that are no resource: counted, listed, and of consequence for what may be concluded.

use super::*;

fn with_ned() -> Chart {
    treated().with(status("ned", "58899004", "2022-02-01"))
}

#[test]
fn a_broken_line_of_nobody_leaves_no_absent_of_its_type() {
    let base = of(&with_ned().with(lesion("pet", 1.1, "2022-02-20")), "p-1");
    for (line, reason, recurrence, sites, fdg) in [
        ("", "", "absent", "absent", "absent"),
        (
            r#"{"resourceType":"Observation","id":"#,
            "not JSON",
            "unknown source-incomplete",
            "unknown source-incomplete",
            "unknown source-incomplete",
        ),
        (
            r#"{"resourceType":"Condition","id":"x","code":{"text":"ab"#,
            "not JSON",
            "unknown source-incomplete",
            "unknown source-incomplete",
            "absent",
        ),
        (
            r#"{"resourceType":"DiagnosticReport","#,
            "not JSON",
            "absent",
            "absent",
            "unknown source-incomplete",
        ),
        // No rule reads these.
        (
            r#"{"resourceType":"Encounter","#,
            "not JSON",
            "absent",
            "absent",
            "absent",
        ),
        (
            "garbage",
            "not JSON",
            "unknown source-incomplete",
            "unknown source-incomplete",
            "unknown source-incomplete",
        ),
        (
            "[1]",
            "no resource",
            "unknown source-incomplete",
            "unknown source-incomplete",
            "unknown source-incomplete",
        ),
        (
            r#"{"resourceType":"Bundle","entry":[]}"#,
            "a Bundle",
            "unknown source-incomplete",
            "unknown source-incomplete",
            "unknown source-incomplete",
        ),
        (
            r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error"}]}"#,
            "an OperationOutcome",
            "unknown source-incomplete",
            "unknown source-incomplete",
            "unknown source-incomplete",
        ),
        (
            r#"{"resourceType":"Observation","subject":{"reference":"Patient/somebody-else"},"#,
            "not JSON",
            "absent",
            "absent",
            "absent",
        ),
    ] {
        let lines = format!("{base}{line}\n");
        let mut run = Run::on(&lines);
        let extraction = run.extract().unwrap();
        let broken = &extraction.flow.input.broken_lines;
        assert_eq!(broken.lines, u64::from(!reason.is_empty()), "{line}");
        if let Some(listed) = broken.listed.first() {
            assert_eq!(listed.line, base.lines().count() as u64 + 1);
            assert!(listed.reason.starts_with(reason), "{}", listed.reason);
        }
        let expected = [
            ("recurrence", recurrence),
            ("multiSiteMetastasis", sites),
            ("fdgUptake", fdg),
        ];
        for (predictor, state) in expected {
            assert_eq!(run.state(predictor), state, "{predictor}: {line}");
        }
        run.options.accept_broken = 1;
        assert_eq!(run.state("fdgUptake"), "absent", "accepted: {line}");
        run.options.strict = true;
        let stopped = run.extract().err().map(|error| error.to_string());
        assert_eq!(stopped.is_some(), !reason.is_empty());
        let text = stopped.unwrap_or_default();
        assert!(!text.contains("somebody"), "{text}");
    }
}

#[test]
fn a_broken_line_of_one_patient_concerns_only_that_patient() {
    let cut = |id: &str, kind: &str| {
        format!(
            r#"{{"resourceType":"{kind}","id":"x","subject":{{"reference":"Patient/{id}"}},"co"#
        )
    };
    let lines = of(&with_ned(), "p-1") + &of(&with_ned(), "p-2");
    let states = |line: String| {
        let lines = format!("{line}\n{lines}");
        let extraction = Run::on(&lines).extract().unwrap();
        let states: Vec<String> = extraction
            .rows
            .iter()
            .map(|row| row.predictors().nth(1).unwrap().1.to_owned())
            .collect();
        let excluded = excluded(&extraction)
            .iter()
            .map(|(reason, n)| format!("{reason} {n}"))
            .collect::<Vec<_>>();
        (states, excluded)
    };
    let (observed, nobody) = states(cut("p-2", "Observation"));
    assert_eq!(observed, ["absent", "unknown"]);
    assert!(nobody.is_empty());
    // An earlier course of radioiodine may stand in it: no time zero.
    for kind in ["Procedure", "MedicationAdministration", "Condition"] {
        let (others, gone) = states(cut("p-2", kind));
        assert_eq!(others, ["absent"], "{kind}");
        assert_eq!(gone, ["records-broken 1"], "{kind}");
    }
}

#[test]
fn what_is_broken_inside_a_resource_is_set_aside_by_the_chart() {
    // JSON, but no Condition that could be read: it could be any metastasis of this patient.
    let odd = json!({
        "resourceType": "Condition", "id": "odd", "subject": { "reference": "Patient/p-1" }, "code": "cancer",
    });
    let untyped = json!({ "id": "untyped", "subject": { "reference": "Patient/p-1" } });
    for record in [odd, untyped] {
        let lines = of(&treated().with(record), "p-1");
        let run = Run::on(&lines);
        assert_eq!(run.state("multiSiteMetastasis"), "unknown unreadable");
        assert_eq!(run.extract().unwrap().flow.input.broken_lines.lines, 0);
    }
}

#[test]
fn inputs_that_hold_nothing_say_so() {
    for text in ["", "\n\n"] {
        let error = Run::on(text).extract().unwrap_err();
        assert!(matches!(error, UnusableBulk::Empty), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| {
        let path = folder.path().join(name);
        Files::open(&[path], folder.path()).unwrap_err().to_string()
    };
    assert!(open("missing.ndjson").contains("cannot be read"));
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    assert!(open("empty").contains("holds no files"));
    std::fs::write(folder.path().join("zipped"), [0x1f, 0x8b, 8, 0]).unwrap();
    assert!(open("zipped").contains("gzip -d"));
}

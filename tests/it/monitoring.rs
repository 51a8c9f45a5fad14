//! `rrdtc monitor`: over trails that a server wrote, and over trails of many months that are written here by the documented format.

mod outcomes;
mod served;

use crate::operations::process::{AUDIT_KEY, Place};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::fs;

const VIEW: &str = "rr-dtc-patient-view";

/// A place with a trail of many months.
fn place() -> Place {
    let place = Place::new();
    place.configure("");
    fs::create_dir(place.path("log")).unwrap();
    place
}

/// SHA-256 of the built-in model.
fn model() -> String {
    use sha2::Digest;
    let text = fs::read("cds-hooks/models/liu-2022.json").unwrap();
    format!("{:x}", Sha256::digest(&text))
}

/// What the service would write of a patient to whom the model applies; `states` in the order of the score.
fn entry(number: usize, states: [&str; 4]) -> Value {
    let [age, recurrence, sites, fdg] = states;
    let points = |state: &str, points: u32| match state {
        "present" => [points, points],
        "absent" => [0, 0],
        _ => [0, points],
    };
    let all = [
        points(age, 1),
        points(recurrence, 7),
        points(sites, 4),
        points(fdg, 40),
    ];
    let (low, high) = all
        .iter()
        .fold((0, 0), |(low, high), [a, b]| (low + a, high + b));
    let class = match (low >= 10, high < 10) {
        (true, _) => "at-or-above-cutoff",
        (_, true) => "below-cutoff",
        _ => "indeterminate",
    };
    json!({
        "resultId": format!("result-{number}"), "applicable": true, "reasons": [], "caveats": [],
        "states": { "ageAtDiagnosis": age, "fdgUptake": fdg, "multiSiteMetastasis": sites, "recurrence": recurrence },
        "score": [low, high], "class": class, "display": "shown", "card": uuid::Uuid::from_u128(number as u128).to_string(),
        "service": VIEW, "client": "ehr", "patient": format!("{number:032x}"), "user": "0".repeat(32),
        "model": model(), "settings": "s", "latencyUs": 900,
    })
}

/// Writes a chain by its documentation: one line an entry, with the instant of each.
fn write_trail(place: &Place, instance: &str, entries: &[(String, Value)]) {
    let mut prev = "0".repeat(64);
    let mut text = String::new();
    let header = json!({ "format": "rrdtc-audit/1", "instance": instance, "number": 1 });
    let first = (entries[0].0.clone(), "file", header);
    let rest = entries
        .iter()
        .map(|(at, entry)| (at.clone(), "entry", entry.clone()));
    for (number, (at, member, value)) in std::iter::once(first).chain(rest).enumerate() {
        let seq = number + 1;
        let body = format!(r#"{{"seq":{seq},"at":"{at}","prev":"{prev}","{member}":{value}"#);
        let mut mac = Hmac::<Sha256>::new_from_slice(AUDIT_KEY.as_bytes()).unwrap();
        mac.update(format!("{body}}}").as_bytes());
        prev = format!("{:x}", mac.finalize().into_bytes());
        text += &format!("{body},\"mac\":\"{prev}\"}}\n");
    }
    fs::write(
        place
            .path("log")
            .join(format!("audit-{instance}-000001.jsonl")),
        text,
    )
    .unwrap();
}

/// Patients of so many months of 2026, `each` a month, made by `of` from month and number in it.
fn months(
    count: usize,
    each: usize,
    of: impl Fn(usize, usize) -> [&'static str; 4],
) -> Vec<(String, Value)> {
    let mut entries = Vec::new();
    for month in 0..count {
        for number in 0..each {
            let at = format!(
                "2026-{:02}-{:02}T10:00:00.000000Z",
                month + 1,
                1 + number % 28
            );
            entries.push((at, entry(month * 1000 + number, of(month, number))));
        }
    }
    entries
}

/// About the shares of the study: 49 % of age, 28 % recurrence, 23 % several sites, 43 % PET; every tenth PET unknown.
fn as_in_the_study(number: usize) -> [&'static str; 4] {
    let is = |yes: bool| if yes { "present" } else { "absent" };
    let fdg = if number % 10 == 9 {
        "unknown"
    } else {
        is(number % 7 < 3)
    };
    [
        is(number.is_multiple_of(2)),
        is(number % 7 == 1 || number % 14 == 4),
        is(number % 9 < 2),
        fdg,
    ]
}

fn monitor(place: &Place, more: &[&str]) -> (i32, Value, String) {
    let (log, key) = (place.path("log"), place.path("audit.key"));
    let mut arguments = vec![
        "monitor",
        "--json",
        "--audit",
        log.to_str().unwrap(),
        "--key-file",
        key.to_str().unwrap(),
    ];
    arguments.extend(more);
    let output = place.command(&arguments).output().unwrap();
    let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (
        output.status.code().unwrap(),
        json,
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn chart<'a>(result: &'a Value, id: &str) -> &'a Value {
    let charts = result["charts"].as_array().unwrap();
    charts
        .iter()
        .find(|chart| chart["id"] == id)
        .unwrap_or_else(|| panic!("{id}"))
}

fn states_of(chart: &Value) -> Vec<&str> {
    chart["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["state"].as_str().unwrap())
        .collect()
}

#[test]
fn months_that_are_alike_are_in_control() {
    let place = place();
    write_trail(
        &place,
        "a",
        &months(6, 63, |_, number| as_in_the_study(number)),
    );
    let (code, result, said) = monitor(&place, &["--reference", "other-months"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(result["verdict"], "in-control", "{result}");
    assert_eq!(result["signals"], json!([]));
    assert_eq!(result["trail"]["verified"], true);
    assert_eq!(result["trail"]["counted"], 6 * 63);
    assert_eq!(result["months"].as_array().unwrap().len(), 6);
    for chart in result["charts"].as_array().unwrap() {
        assert_eq!(states_of(chart), ["within"; 6], "{chart}");
    }
    // Against the study the shares that it publishes are compared with it, the others with each other.
    let (code, result, _) = monitor(&place, &[]);
    assert_eq!(code, 0);
    let fdg = chart(&result, "fdgUptake-present");
    assert_eq!(
        (&fdg["reference"], &fdg["referencePatients"]),
        (&json!("derivation"), &json!(404))
    );
    assert_eq!(
        chart(&result, "fdgUptake-unknown")["reference"],
        "other-months"
    );
    assert_eq!(
        chart(&result, "at-or-above-cutoff")["centre"],
        json!(182.0 / 404.0)
    );
    assert!(result.to_string().find("null").is_none(), "{result}");
}

#[test]
fn a_month_that_moves_is_a_signal_with_its_own_exit_code() {
    let place = place();
    // In May nobody hands over PETs any more.
    let of = |month, number| {
        let mut states = as_in_the_study(number);
        if month == 4 {
            states[3] = "unknown";
        }
        states
    };
    write_trail(&place, "a", &months(6, 63, of));
    let (code, result, said) = monitor(&place, &["--reference", "2026-01..2026-03"]);
    assert_eq!(code, 5, "{said}");
    assert_eq!(result["verdict"], "signal");
    let unknown = chart(&result, "fdgUptake-unknown");
    assert_eq!(
        states_of(unknown),
        [
            "reference",
            "reference",
            "reference",
            "within",
            "above",
            "within"
        ]
    );
    assert_eq!(
        (&unknown["reference"], &unknown["referencePatients"]),
        (&json!("period"), &json!(189))
    );
    let signals = result["signals"].to_string();
    assert!(
        signals.contains("fdgUptake: unknown or conflicting, 2026-05"),
        "{signals}"
    );
    assert!(chart(&result, "indeterminate")["points"][4]["state"] == "above");
    // The same for people: the table, the verdict, and the reason on standard error.
    let (log, key) = (place.path("log"), place.path("audit.key"));
    let (code, text) = place.run(
        &[
            "monitor",
            "--audit",
            log.to_str().unwrap(),
            "--key-file",
            key.to_str().unwrap(),
            "--reference",
            "2026-01..2026-03",
        ],
        &[],
    );
    assert_eq!(code, 5, "{text}");
    assert!(
        text.contains("verdict: signal") && text.contains("lie outside their limits"),
        "{text}"
    );
}

#[test]
fn too_little_is_said_and_is_not_in_control() {
    let place = place();
    write_trail(
        &place,
        "a",
        &months(2, 12, |_, number| as_in_the_study(number)),
    );
    let (code, result, said) = monitor(&place, &[]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(result["verdict"], "insufficient");
    let why = result["insufficient"].to_string();
    assert!(
        why.contains("no month has 20 patients; the largest has 12"),
        "{why}"
    );
    assert_eq!(result["settings"]["tests"], 0);
    let (_, text) = place.run(
        &[
            "monitor",
            "--audit",
            place.path("log").to_str().unwrap(),
            "--no-verify",
        ],
        &[],
    );
    assert!(
        text.contains("verdict: insufficient") && text.contains("was not checked"),
        "{text}"
    );
    // A single month can be held against the study and against nothing else.
    write_trail(
        &place,
        "a",
        &months(1, 70, |_, number| as_in_the_study(number)),
    );
    let (code, result, _) = monitor(&place, &[]);
    assert_eq!((code, &result["verdict"]), (0, &json!("insufficient")));
    assert_eq!(states_of(chart(&result, "recurrence-present")), ["within"]);
    assert_eq!(states_of(chart(&result, "recurrence-unknown")), ["too-few"]);
}

#[test]
fn a_patient_counts_once_a_month_with_the_last_answer() {
    let place = place();
    let mut entries = Vec::new();
    for (day, number, fdg) in [
        (3, 1, "unknown"),
        (5, 1, "present"),
        (4, 1, "absent"),
        (6, 2, "unknown"),
    ] {
        let mut one = entry(number, ["present", "absent", "absent", fdg]);
        one["resultId"] = json!(format!("result-{day}"));
        entries.push((format!("2026-03-{day:02}T10:00:00.000000Z"), one));
    }
    // Another month, another tenant, and somebody without a pseudonym twice.
    entries.push((
        "2026-04-01T00:00:00.000000Z".into(),
        entry(1, ["present"; 4]),
    ));
    let mut elsewhere = entry(1, ["absent"; 4]);
    elsewhere["tenant"] = json!("other");
    entries.push(("2026-03-31T23:59:59.999999Z".into(), elsewhere));
    for result in ["x", "y"] {
        let mut nameless = entry(1, ["absent"; 4]);
        nameless.as_object_mut().unwrap().shift_remove("patient");
        nameless["resultId"] = json!(result);
        entries.push(("2026-03-30T10:00:00.000000Z".into(), nameless));
    }
    write_trail(&place, "a", &entries);
    let (_, result, _) = monitor(&place, &[]);
    let (march, april) = (&result["months"][0], &result["months"][1]);
    assert_eq!(
        (&march["month"], &march["patients"], &april["patients"]),
        (&json!("2026-03"), &json!(5), &json!(1))
    );
    let fdg = march["states"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["predictor"] == "fdgUptake")
        .unwrap();
    assert_eq!(
        (&fdg["present"], &fdg["absent"], &fdg["unknown"]),
        (&json!(1), &json!(3), &json!(1))
    );
    let trail = &result["trail"];
    assert_eq!(
        (
            &trail["entries"],
            &trail["repeated"],
            &trail["withoutPseudonym"]
        ),
        (&json!(8), &json!(2), &json!(2))
    );
    // No pseudonym, result or user leaves the trail.
    let text = result.to_string();
    for secret in [format!("{:032x}", 1), "result-5".into(), "0".repeat(32)] {
        assert!(!text.contains(&secret), "{secret}");
    }
    // Only a part of the time, and only some services.
    let (_, result, _) = monitor(&place, &["--since", "2026-03-31", "--until", "2026-03-31"]);
    assert_eq!(
        (
            &result["trail"]["outsidePeriod"],
            &result["trail"]["counted"]
        ),
        (&json!(7), &json!(1))
    );
    let (_, result, _) = monitor(&place, &["--client", "another"]);
    assert_eq!(
        (&result["trail"]["ofOthers"], &result["months"]),
        (&json!(8), &json!([]))
    );
}

#[test]
fn a_broken_trail_is_refused() {
    let place = place();
    write_trail(
        &place,
        "a",
        &months(2, 30, |_, number| as_in_the_study(number)),
    );
    let file = place.path("log").join("audit-a-000001.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        text.replacen("\"fdgUptake\":\"absent\"", "\"fdgUptake\":\"present\"", 1),
    )
    .unwrap();
    let (code, result, said) = monitor(&place, &[]);
    assert_eq!((code, result), (1, Value::Null));
    assert!(said.contains("is broken"), "{said}");
    // Without checking it is read, and the report says so.
    let log = place.path("log");
    let output = place
        .command(&[
            "monitor",
            "--json",
            "--no-verify",
            "--audit",
            log.to_str().unwrap(),
        ])
        .output()
        .unwrap();
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["trail"]["verified"], false);
    assert!(result["warnings"].to_string().contains("was not checked"));
    assert_eq!(result["trail"]["counted"], 60);
    // Neither a key nor the word that it is not wanted.
    let (code, text) = place.run(&["monitor", "--audit", log.to_str().unwrap()], &[]);
    assert_eq!(code, 2, "{text}");
    let (code, text) = place.run(&["monitor"], &[]);
    assert!(code == 2 && text.contains("--audit"), "{text}");
}

#[test]
fn a_cohort_can_be_the_reference() {
    let place = place();
    write_trail(
        &place,
        "a",
        &months(2, 63, |_, number| as_in_the_study(number)),
    );
    let cohort = place.path("cohort.csv");
    let mut text = "ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome\n".to_owned();
    for number in 0..200 {
        // Recurrence in four of five, where the trail has two of seven; never an unknown PET.
        text += &format!(
            "{},{},{},{},\n",
            number % 2,
            u8::from(number % 5 > 0),
            u8::from(number % 9 < 2),
            u8::from(number % 7 < 3)
        );
    }
    fs::write(&cohort, text).unwrap();
    let (code, result, said) = monitor(&place, &["--reference-cohort", cohort.to_str().unwrap()]);
    assert_eq!(code, 5, "{said}");
    assert_eq!(
        states_of(chart(&result, "recurrence-present")),
        ["below"; 2]
    );
    assert_eq!(chart(&result, "recurrence-present")["centre"], json!(0.8));
    assert_eq!(
        states_of(chart(&result, "ageAtDiagnosis-present")),
        ["within"; 2]
    );
    assert_eq!(result["reference"]["patients"], 200);
}

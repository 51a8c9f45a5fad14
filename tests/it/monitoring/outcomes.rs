//! Outcomes that arrive later, held against the model in use.

use super::{as_in_the_study, monitor, months, place, write_trail};
use serde_json::{Value, json};
use std::fs;

/// Rows of outcomes for the entries of a trail: refractory as the built-in model expects, `more` beyond it.
fn outcomes(
    entries: &[(String, Value)],
    by: &str,
    refractory: impl Fn(usize, f64) -> bool,
) -> String {
    let nomogram = crate::support::KNOWLEDGE.model.nomogram.clone().unwrap();
    let mut text = format!("{by},outcome\n");
    for (number, (_, entry)) in entries.iter().enumerate() {
        let state = |name: &str| match entry["states"][name].as_str().unwrap() {
            "present" => rrdtc::domain::score::State::Present,
            "absent" => rrdtc::domain::score::State::Absent,
            _ => rrdtc::domain::score::State::Unknown,
        };
        let states = rrdtc::domain::score::Predictor::ALL.map(|p| state(p.name()));
        let estimate = nomogram.probability(&states).estimate.unwrap_or(0.5);
        let outcome = u8::from(refractory(number, estimate));
        text += &format!("{},{outcome}\n", entry[by].as_str().unwrap());
    }
    text
}

#[test]
fn outcomes_are_held_against_the_model_in_use() {
    let place = place();
    let entries = months(4, 63, |_, number| as_in_the_study(number));
    write_trail(&place, "a", &entries);
    let file = place.path("outcomes.csv");
    let file = file.to_str().unwrap().to_owned();
    // A number that runs evenly from 0 to 1: about as many as expected are refractory.
    let even = |number: usize| (number as f64 * 0.618_033_988_75).fract();
    for by in ["patient", "resultId"] {
        fs::write(&file, outcomes(&entries, by, |number, p| even(number) < p)).unwrap();
        let (code, result, said) = monitor(&place, &["--outcomes", &file]);
        assert_eq!(code, 0, "{said} {}", result["signals"]);
        let calibration = &result["calibration"];
        let told = &calibration["outcomes"];
        assert_eq!(
            (&told["rows"], &told["unmatched"], &told["withoutOutcome"]),
            (&json!(252), &json!(0), &json!(0))
        );
        // Every tenth has no PET, and without it there is no single probability.
        assert_eq!(
            (&told["incomplete"], &told["counted"]),
            (&json!(24), &json!(228))
        );
        let total = &calibration["total"];
        let (observed, expected) = (
            total["observed"].as_f64().unwrap(),
            total["expected"].as_f64().unwrap(),
        );
        assert!((observed - expected).abs() < 6.0, "{total}");
        assert_eq!(total["state"], "within");
        assert_eq!(calibration["months"][3]["cumulative"], total["cumulative"]);
    }
    // Many more than the model says.
    fs::write(
        &file,
        outcomes(&entries, "patient", |number, p| even(number) < p + 0.3),
    )
    .unwrap();
    let (code, result, _) = monitor(&place, &["--outcomes", &file]);
    assert_eq!(
        (code, &result["calibration"]["total"]["state"]),
        (5, &json!("above"))
    );
    assert!(
        result["signals"].to_string().contains("Calibration, all"),
        "{}",
        result["signals"]
    );
    // Too young to count: none of them was assessed 24 months before the end of 2026.
    let (code, result, _) = monitor(
        &place,
        &[
            "--outcomes",
            &file,
            "--horizon-months",
            "24",
            "--date",
            "2026-12-31",
        ],
    );
    assert_eq!(
        (code, &result["calibration"]["outcomes"]["tooRecent"]),
        (0, &json!(252))
    );
    assert_eq!(result["verdict"], "insufficient");
    let (_, result, _) = monitor(
        &place,
        &[
            "--outcomes",
            &file,
            "--horizon-months",
            "9",
            "--date",
            "2026-12-05",
        ],
    );
    let counted = result["calibration"]["months"].as_array().unwrap().len();
    assert_eq!(counted, 3, "January, February, and the first days of March");
}

#[test]
fn outcomes_that_cannot_be_used_are_refused_without_their_values() {
    let place = place();
    write_trail(
        &place,
        "a",
        &months(1, 30, |_, number| as_in_the_study(number)),
    );
    let file = place.path("outcomes.csv");
    let patient = format!("{:032x}", 3);
    for (text, expected) in [
        ("patient,result\nsecret-1,1\n".to_owned(), "need a header"),
        ("outcome\n1\n".to_owned(), "need a header"),
        (
            "patient,outcome\nsecret-1,maybe\n".to_owned(),
            "line 2, column outcome",
        ),
        (
            "patient,outcome\n,1\n".to_owned(),
            "line 2, column resultId",
        ),
        ("patient,outcome\nsecret-1\n".to_owned(), "line 2"),
        (
            format!("patient,outcome\n{patient},1\n{patient},0\n"),
            "lines 2 and 3: one patient with two outcomes",
        ),
    ] {
        fs::write(&file, &text).unwrap();
        let (code, _, said) = monitor(&place, &["--outcomes", file.to_str().unwrap()]);
        assert_eq!(code, 1, "{text}");
        assert!(said.contains(expected), "{text}: {said}");
        assert!(
            !said.contains("secret") && !said.contains(&patient) && !said.contains("maybe"),
            "{said}"
        );
    }
    // Unknown patients, undetermined outcomes and the same outcome twice are counted.
    fs::write(
        &file,
        format!("patient,outcome\nnobody,1\n{patient},\n{patient},1\n{patient},1\n"),
    )
    .unwrap();
    let (code, result, _) = monitor(&place, &["--outcomes", file.to_str().unwrap()]);
    let told = &result["calibration"]["outcomes"];
    assert_eq!(
        (
            code,
            &told["unmatched"],
            &told["undetermined"],
            &told["counted"]
        ),
        (0, &json!(1), &json!(1), &json!(1))
    );
    assert!(!result.to_string().contains("nobody"));
}

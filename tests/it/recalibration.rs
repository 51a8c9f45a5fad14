//! `rrdtc recalibrate` and `rrdtc model diff`: through the binary, against R, and with the new file in use.

mod diff;
mod refusals;
mod written;

use crate::operations::process::Place;
use rrdtc::domain::score::Pattern;
use serde_json::Value;
use std::collections::BTreeMap;

/// Patients of the 16 patterns, in the order of their index: with the margins of the study, so that its model fits.
pub const PATIENTS: [u64; 16] = [120, 71, 15, 11, 10, 4, 5, 4, 45, 51, 13, 15, 11, 13, 6, 10];

/// What the built-in model gives for each pattern.
pub fn estimates() -> [f64; 16] {
    let nomogram = crate::support::KNOWLEDGE.model.nomogram.clone().unwrap();
    let mut all = [0.0; 16];
    for pattern in Pattern::all() {
        all[pattern.index()] = nomogram.of(pattern).estimate;
    }
    all
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

/// A cohort whose patients are refractory as these log odds say, made of the model's: one for each of `times` the patients.
pub fn cohort(times: u64, of: impl Fn(usize, f64) -> f64) -> String {
    let mut text =
        "patient,timeZero,ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome\n"
            .to_owned();
    let estimates = estimates();
    let mut number = 0;
    for pattern in Pattern::all() {
        let at = pattern.index();
        let p = 1.0 / (1.0 + (-of(at, logit(estimates[at]))).exp());
        let patients = PATIENTS[at] * times;
        let refractory = (patients as f64 * p).round() as u64;
        for place in 0..patients {
            number += 1;
            let [age, recurrence, sites, fdg] = pattern.0.map(u8::from);
            let outcome = u8::from(place < refractory);
            let day = 1 + number % 28;
            text += &format!(
                "{number},2019-{:02}-{day:02},{age},{recurrence},{sites},{fdg},{outcome}\n",
                1 + number % 12
            );
        }
    }
    text
}

/// So many patients, the first `refractory` of whom are so; all patterns occur in both.
pub fn sized(refractory: usize, others: usize) -> String {
    let mut text =
        "timeZero,ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome\n".to_owned();
    for (outcome, patients, positive) in [(1, refractory, 3), (0, others, 1)] {
        for number in 0..patients {
            // Predictors are likelier in those who turn out refractory, and each is seen in both: digits of a multiplied number.
            let digits = (number as u64 + 1) * 2_654_435_761;
            let has = |step: u32| u8::from(digits / 10_u64.pow(step + 1) % 5 < positive);
            text += &format!(
                "2020-01-01,{},{},{},{},{outcome}\n",
                has(1),
                has(2),
                has(3),
                has(4)
            );
        }
    }
    text
}

/// Runs `recalibrate` on the text of a cohort: exit code, result, what was said.
pub fn recalibrate(place: &Place, cohort: &str, more: &[&str]) -> (i32, Value, String) {
    let file = place.path("cohort.csv");
    std::fs::write(&file, cohort).unwrap();
    let mut arguments = vec!["recalibrate", file.to_str().unwrap(), "--json"];
    arguments.extend(more);
    let output = place.command(&arguments).output().unwrap();
    let result = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), result, said)
}

pub fn place() -> Place {
    let place = Place::new();
    place.configure("");
    place
}

/// The likelihood ratio test of two steps.
fn test<'a>(result: &'a Value, larger: &str, smaller: &str) -> &'a Value {
    let tests = result["tests"].as_array().unwrap();
    let is = |test: &&Value| test["larger"] == larger && test["smaller"] == smaller;
    tests.iter().find(is).unwrap()
}

#[test]
fn the_least_update_that_the_data_ask_for_is_taken() {
    let place = place();
    let free = ["--bootstrap", "0"];
    for (name, text, expected) in [
        ("fits", cohort(3, |_, log_odds| log_odds), "none"),
        (
            "shifted",
            cohort(3, |_, log_odds| log_odds - 0.8),
            "intercept",
        ),
        (
            "too extreme",
            cohort(3, |_, log_odds| 0.5 * log_odds + 0.3),
            "intercept-and-slope",
        ),
        // Recurrence and several sites change their parts.
        (
            "other",
            cohort(3, |at, log_odds| {
                log_odds + [0.0, 0.0, 2.0, 2.0, -2.0, -2.0, 0.0, 0.0][at % 8]
            }),
            "revision",
        ),
    ] {
        let (code, result, said) = recalibrate(&place, &text, &free);
        assert_eq!(code, 0, "{said}");
        assert_eq!(
            result["chosen"]["step"], expected,
            "{name} {}",
            result["tests"]
        );
        assert_eq!(result["chosen"]["by"], "closed-test");
        // Five, four and three degrees of freedom, as far as the procedure went.
        let decides = result["tests"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|test| test["decides"] == true);
        let degrees: Vec<u64> = decides
            .map(|test| test["degreesOfFreedom"].as_u64().unwrap())
            .collect();
        let steps = ["none", "intercept", "intercept-and-slope", "revision"];
        let place = steps.iter().position(|step| *step == expected).unwrap();
        assert_eq!(degrees, [5, 4, 3][..(place + 1).min(3)], "{name}");
        // What is mended is mended, and what was not broken stays.
        let after = &result["after"];
        let value = |name: &str| after[name]["value"].as_f64().unwrap();
        if expected != "none" {
            assert!(value("intercept").abs() < 0.05, "{name} {after}");
            assert!(
                (value("observedByExpected") - 1.0).abs() < 0.01,
                "{name} {after}"
            );
        }
        if place > 1 {
            assert!((value("slope") - 1.0).abs() < 0.1, "{name} {after}");
        }
        let before = &result["before"];
        assert_eq!(
            before["auc"]["value"] == after["auc"]["value"],
            expected != "revision",
            "{name}"
        );
        assert!(!result.to_string().contains("null"), "{result}");
    }
}

/// Steps, numbers and errors of tests/oracle/recalibration.R.
#[test]
fn every_step_is_that_of_r() {
    let place = place();
    let mut expected: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    let text = std::fs::read_to_string("tests/oracle/expected/recalibration.csv").unwrap();
    for line in text
        .lines()
        .filter(|line| !line.starts_with(['#', 'c']) || line.starts_with("continuous"))
    {
        let [cohort, statistic, value] = line.split(',').collect::<Vec<_>>().try_into().unwrap();
        expected
            .entry(cohort.into())
            .or_default()
            .insert(statistic.into(), value.parse().unwrap());
    }
    assert_eq!(expected.len(), 4);
    let mut compared = 0;
    for (name, told) in expected {
        let mut text = std::fs::read_to_string(format!(
            "tests/oracle/cohorts/{}.csv",
            if name == "turned" { "source" } else { &name }
        ))
        .unwrap();
        if name == "turned" {
            // As the script: of each third one age alone decides.
            let turn = |(number, line): (usize, &str)| {
                let mut cells: Vec<&str> = line.split(',').collect();
                if number > 0 && number % 3 == 0 {
                    cells[5] = cells[1];
                }
                cells.join(",") + "\n"
            };
            text = text.lines().enumerate().map(turn).collect();
        }
        let mut check = |statistic: &str, got: f64, tolerance: f64| {
            let expected = told[statistic];
            compared += 1;
            assert!(
                (got - expected).abs() <= tolerance * expected.abs().max(1e-3),
                "{name} {statistic}: R {expected}, here {got}"
            );
        };
        for (method, short) in [
            ("intercept", "intercept"),
            ("intercept-and-slope", "slope"),
            ("revision", "revision"),
        ] {
            let by_hand = ["--method", method, "--below-gate", "--bootstrap", "0"];
            let (code, result, said) = recalibrate(&place, &text, &by_hand);
            if name == "extremes" && method == "intercept-and-slope" {
                assert!(
                    code == 1 && said.contains("ranks patients the wrong way"),
                    "{said}"
                );
                continue;
            }
            assert_eq!(code, 0, "{name}: {said}");
            for test in result["tests"].as_array().unwrap() {
                let name = |part: &str| {
                    format!(
                        "lr.{}.{}.{part}",
                        test["larger"].as_str().unwrap(),
                        test["smaller"].as_str().unwrap()
                    )
                };
                check(
                    &name("statistic"),
                    test["statistic"].as_f64().unwrap(),
                    1e-6,
                );
                check(&name("df"), test["degreesOfFreedom"].as_f64().unwrap(), 0.0);
                check(&name("p"), test["p"].as_f64().unwrap(), 1e-6);
            }
            for (number, row) in result["coefficients"]
                .as_array()
                .unwrap()
                .iter()
                .enumerate()
            {
                // Coefficients are rounded to six digits, as the file holds them.
                check(
                    &format!("{short}.b{number}"),
                    row["updated"].as_f64().unwrap(),
                    5.1e-6,
                );
                check(
                    &format!("{short}.se{number}"),
                    row["standardError"].as_f64().unwrap(),
                    1e-6,
                );
            }
            if let Some(slope) = result["slope"].as_f64() {
                check("slope", slope, 1e-6);
            }
            if method == "revision" {
                check(
                    "revision.penalty",
                    result["penalty"].as_f64().unwrap(),
                    1e-9,
                );
                check(
                    "revision.df",
                    result["effectiveDegreesOfFreedom"].as_f64().unwrap(),
                    1e-6,
                );
            }
        }
    }
    assert!(compared > 250);
}

#[test]
fn a_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let place = place();
    let file = place.path("cohort.csv");
    std::fs::write(&file, cohort(1, |_, log_odds| 0.7 * log_odds)).unwrap();
    let run = |threads: &str, seed: &str| {
        let arguments = [
            "recalibrate",
            file.to_str().unwrap(),
            "--json",
            "--bootstrap",
            "60",
            "--seed",
            seed,
        ];
        let mut command = place.command(&arguments);
        let output = command.env("RAYON_NUM_THREADS", threads).output().unwrap();
        assert!(output.status.success());
        output.stdout
    };
    let told = run("1", "7");
    assert_eq!(told, run("3", "7"));
    // Another seed draws other resamples of the same patients.
    let optimism = |told: &[u8]| {
        let result: Value = serde_json::from_slice(told).unwrap();
        result["optimism"].clone()
    };
    assert_ne!(optimism(&told), optimism(&run("1", "8")));
}

/// The choice of the step is repeated in each resample, and a model looks better on the patients that made it.
#[test]
fn optimism_is_that_of_the_whole_procedure() {
    let place = place();
    let text = cohort(1, |_, log_odds| log_odds - 0.45);
    let (code, result, said) = recalibrate(&place, &text, &["--bootstrap", "200"]);
    assert_eq!(code, 0, "{said}");
    let optimism = &result["optimism"];
    let chosen: Vec<u64> = optimism["chosen"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_u64().unwrap())
        .collect();
    assert_eq!(
        chosen.iter().sum::<u64>() + optimism["failed"].as_u64().unwrap(),
        200
    );
    assert!(chosen.iter().filter(|n| **n > 0).count() > 1, "{chosen:?}");
    let figures = optimism["figures"].as_array().unwrap();
    let names: Vec<&str> = figures
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["auc", "intercept", "slope", "brier"]);
    for row in figures {
        let value = |name: &str| row[name].as_f64().unwrap();
        assert!((value("training") - value("test") - value("optimism")).abs() < 1e-12);
        assert!((value("apparent") - value("optimism") - value("corrected")).abs() < 1e-12);
    }
    let brier = &figures[3];
    assert!(
        brier["optimism"].as_f64().unwrap() < 0.0
            && brier["corrected"].as_f64() > brier["apparent"].as_f64(),
        "{brier}"
    );
}

#[test]
fn bands_hold_what_the_cohort_leaves_open_and_what_the_original_does() {
    let place = place();
    let width = |result: &Value, score: u64| {
        let rows = result["patterns"].as_array().unwrap();
        let row = rows.iter().find(|row| row["score"] == score).unwrap();
        let limit = |name: &str| logit(row["after"][name].as_f64().unwrap());
        limit("high") - limit("low")
    };
    // Recurrence and several sites change their parts, so that a revision takes up what the cohort says.
    let other =
        |at: usize, log_odds: f64| log_odds + [0.0, 0.0, 2.0, 2.0, -2.0, -2.0, 0.0, 0.0][at % 8];
    let by = |times: u64, method: &str| {
        let (code, result, said) = recalibrate(
            &place,
            &cohort(times, other),
            &["--method", method, "--bootstrap", "0", "--below-gate"],
        );
        assert_eq!(code, 0, "{said}");
        result
    };
    // However many patients: an update of the intercept tells nothing about the coefficients.
    let (small, large) = (by(1, "intercept"), by(100, "intercept"));
    assert!(width(&large, 52) > 0.5 * width(&small, 52));
    // A revision does.
    let (small, large) = (by(1, "revision"), by(100, "revision"));
    assert!(width(&large, 52) < 0.3 * width(&small, 52));
    assert_eq!(test(&large, "revision", "none")["degreesOfFreedom"], 5);
}

//! The nomogram: the committed model file, what an answer says of it, and files that must be refused.

use crate::support::*;
use rrdtc::config::{Knowledge, Settings};
use rrdtc::domain::nomogram::{Rounding, percent};
use rrdtc::domain::score::{Pattern, Predictor, State};
use rrdtc::model::file::ModelFile;
use serde_json::{Value, json};

fn file(name: &str) -> Value {
    let text = std::fs::read_to_string(format!("cds-hooks/models/{name}")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

/// The predictors of a row that are present.
fn pattern(row: &Value) -> Pattern {
    Pattern(Predictor::ALL.map(|predictor| row[predictor.name()].as_bool().unwrap()))
}

/// A chart of each pattern: age by the birth date, everything else by records.
fn chart_of(pattern: Pattern) -> Chart {
    let mut chart = Chart::basic();
    if !pattern.has(Predictor::AgeAtDiagnosis) {
        chart.patient["birthDate"] = json!("1990-03-01");
    }
    chart = chart.with(if pattern.has(Predictor::Recurrence) {
        status("status", "263855007", "2024-06-01")
    } else {
        status("status", "58899004", "2026-06-01")
    });
    if pattern.has(Predictor::MultiSiteMetastasis) {
        chart = chart.with(condition("bone", SNOMED, "94222008", "2023-02-01"));
    }
    let suv_max = if pattern.has(Predictor::FdgUptake) {
        6.1
    } else {
        1.1
    };
    chart.with(lesion("pet", suv_max, "2026-10-05"))
}

fn detail(answer: &Value) -> String {
    answer["cards"][0]["detail"].as_str().unwrap().to_owned()
}

#[test]
fn the_table_of_the_committed_file_follows_from_its_coefficients() {
    let nomogram = &file("liu-2022.json")["nomogram"];
    let rows = nomogram["patterns"].as_array().unwrap();
    assert_eq!(rows.len(), 16);
    for row in rows {
        let mut log_odds = number(&nomogram["intercept"]);
        for predictor in Predictor::ALL {
            if row[predictor.name()] == true {
                log_odds += number(&nomogram["coefficients"][predictor.name()]);
            }
        }
        let (low, estimate, high) = (
            number(&row["low"]),
            number(&row["estimate"]),
            number(&row["high"]),
        );
        assert!(
            (estimate - 1.0 / (1.0 + (-log_odds).exp())).abs() < 1e-9,
            "{row}"
        );
        assert!(
            0.0 < low && low < estimate && estimate < high && high < 1.0,
            "{row}"
        );
        // More present, more likely.
        for other in rows {
            let (this, other_pattern) = (pattern(row), pattern(other));
            let is_within = this.0.iter().zip(other_pattern.0).all(|(a, b)| b || !a);
            if is_within && this != other_pattern {
                assert!(number(&other["estimate"]) > estimate, "{row} {other}");
            }
        }
    }
}

#[test]
fn the_committed_file_can_be_relied_on() {
    let model = file("liu-2022.json");
    let nomogram = &model["nomogram"];
    assert_eq!(nomogram["reconstruction"]["converged"], true);
    let priors = nomogram["priors"].as_array().unwrap();
    assert_eq!(priors.len(), 2);
    for prior in priors {
        for name in ["intercept"]
            .into_iter()
            .chain(Predictor::ALL.map(Predictor::name))
        {
            assert!(number(&prior["rHat"][name]) < 1.01, "{}", prior["prior"]);
            assert!(
                number(&prior["effectiveSampleSize"][name]) > 1000.0,
                "{}",
                prior["prior"]
            );
        }
        // The band is the wider of the two.
        for (row, of_prior) in nomogram["patterns"]
            .as_array()
            .unwrap()
            .iter()
            .zip(prior["patterns"].as_array().unwrap())
        {
            assert_eq!(row["score"], of_prior["score"]);
            assert!(number(&row["low"]) <= number(&of_prior["low"]));
            assert!(number(&row["high"]) >= number(&of_prior["high"]));
        }
    }
    for figure in nomogram["figures"].as_array().unwrap() {
        if figure["role"] == "constraint" {
            assert_eq!(figure["met"], true, "{figure}");
        }
    }
    let figure = |id: &str| {
        let figures = nomogram["figures"].as_array().unwrap();
        figures
            .iter()
            .find(|figure| figure["id"] == id)
            .unwrap()
            .clone()
    };
    let c_index = figure("c-index-nomogram");
    assert_eq!(c_index["role"], "check");
    assert!((number(&c_index["median"]) - 0.9).abs() < 0.01);
    // What the paper cannot mean both: the AUC of age as a yes or no is not the printed one.
    assert_eq!(figure("auc-age")["met"], false);
    // The two sentences hold with FDG uptake and not without.
    for statement in nomogram["statements"].as_array().unwrap() {
        assert_eq!(statement["withFdgUptake"]["holds"], true);
        assert_eq!(statement["withoutFdgUptake"]["holds"], false);
        assert!(number(&statement["withoutFdgUptake"]["neededOddsRatio"]) > 5.0);
    }
}

#[test]
fn the_score_is_that_of_the_published_file() {
    let (published, model) = (file("liu-2022-published.json"), file("liu-2022.json"));
    for section in [
        "id",
        "version",
        "citation",
        "score",
        "cohort",
        "performance",
    ] {
        assert_eq!(published[section], model[section], "{section}");
        assert!(!model[section].is_null(), "{section}");
    }
}

#[test]
fn every_combination_of_states_has_the_limits_of_its_completions() {
    let model = &KNOWLEDGE.model;
    let nomogram = model.nomogram.as_ref().unwrap();
    for index in 0..256usize {
        let states: [State; 4] = std::array::from_fn(|i| State::ALL[(index >> (2 * i)) & 3]);
        let possible: Vec<Pattern> = Pattern::all()
            .filter(|pattern| {
                (0..4).all(|i| match states[i] {
                    State::Present => pattern.0[i],
                    State::Absent => !pattern.0[i],
                    _ => true,
                })
            })
            .collect();
        let limit = |of: fn(f64, f64) -> f64, value: fn(&Pattern) -> f64| {
            possible.iter().map(value).reduce(of).unwrap()
        };
        let probability = nomogram.probability(&states);
        assert_eq!(
            probability.low,
            limit(f64::min, |p| row(*p).low),
            "{states:?}"
        );
        assert_eq!(
            probability.high,
            limit(f64::max, |p| row(*p).high),
            "{states:?}"
        );
        let expected = (possible.len() == 1).then(|| row(possible[0]).estimate);
        assert_eq!(probability.estimate, expected, "{states:?}");
        assert_eq!(
            nomogram.basis(&probability).contains("completion"),
            expected.is_none()
        );
    }
}

fn row(pattern: Pattern) -> rrdtc::domain::nomogram::Banded {
    *KNOWLEDGE.model.nomogram.as_ref().unwrap().of(pattern)
}

#[test]
fn every_pattern_is_answered_with_the_row_of_the_file() {
    for expected in file("liu-2022.json")["nomogram"]["patterns"]
        .as_array()
        .unwrap()
    {
        let answer = chart_of(pattern(expected)).answer();
        let assessment = &answer["extension"]["org.rrdtc.assessment"];
        assert_eq!(assessment["score"]["low"], expected["score"]);
        let probability = &assessment["probability"];
        for member in ["low", "estimate", "high"] {
            assert_eq!(
                number(&probability[member]),
                number(&expected[member]),
                "{expected}"
            );
        }
        assert!(
            probability["basis"]
                .as_str()
                .unwrap()
                .starts_with("reconstructed from published aggregates, not validated here")
        );
        // On the card with its band and basis.
        let detail = detail(&answer);
        let words = [
            percent(number(&expected["estimate"]), Rounding::Nearest),
            percent(number(&expected["low"]), Rounding::Down),
            percent(number(&expected["high"]), Rounding::Up),
        ];
        let sentence = format!(
            "**Nomogram: {}** (95 % band {} to {})",
            words[0], words[1], words[2]
        );
        assert!(detail.contains(&sentence), "{sentence}\n{detail}");
        assert!(detail.contains("reconstructed from published aggregates, not validated here"));
    }
}

#[test]
fn what_is_unknown_gives_limits_and_no_estimate() {
    let answer = chart_of(Pattern([true, false, false, true]))
        .without("pet")
        .answer();
    let probability = &answer["extension"]["org.rrdtc.assessment"]["probability"];
    let (without, with) = (
        row(Pattern([true, false, false, false])),
        row(Pattern([true, false, false, true])),
    );
    assert_eq!(number(&probability["low"]), without.low.min(with.low));
    assert_eq!(number(&probability["high"]), without.high.max(with.high));
    assert!(probability["estimate"].is_null());
    assert!(
        probability["basis"]
            .as_str()
            .unwrap()
            .contains("every completion")
    );
    let detail = detail(&answer);
    assert!(
        detail.contains("**Nomogram: between 6 % and 96 %**"),
        "{detail}"
    );
}

#[test]
fn score_and_nomogram_are_told_apart_where_they_disagree() {
    // Score 12 without FDG uptake is likelier by the nomogram than score 40 with nothing else.
    let all_but_pet = detail(&chart_of(Pattern([true, true, true, false])).answer());
    assert!(all_but_pet.contains("two models"), "{all_but_pet}");
    assert!(
        all_but_pet.contains("with score 40 the nomogram gives 83 %"),
        "{all_but_pet}"
    );
    let only_pet = detail(&chart_of(Pattern([false, false, false, true])).answer());
    assert!(
        only_pet.contains("with score 12 the nomogram gives 87 %"),
        "{only_pet}"
    );
    // Nobody disagrees about none and all.
    for alike in [[false; 4], [true; 4]] {
        assert!(!detail(&chart_of(Pattern(alike)).answer()).contains("two models"));
    }
    // And the rule itself, against all pairs.
    let model = &KNOWLEDGE.model;
    let nomogram = model.nomogram.as_ref().unwrap();
    for one in Pattern::all() {
        let disagrees = |other: &Pattern| {
            let points = i64::from(other.score(model)) - i64::from(one.score(model));
            (points as f64) * (row(*other).estimate - row(one).estimate) < 0.0
        };
        let found = nomogram.contradiction(model, one);
        assert_eq!(
            found.is_some(),
            Pattern::all().any(|other| disagrees(&other)),
            "{one}"
        );
        assert!(found.is_none_or(|other| disagrees(&other)), "{one}");
    }
}

#[test]
fn per_cents_are_never_impossible_certain_or_narrower_than_they_are() {
    for (probability, down, nearest, up) in [
        (0.0001, "under 1 %", "under 1 %", "1 %"),
        (0.0099, "under 1 %", "1 %", "1 %"),
        (0.0672, "6 %", "7 %", "7 %"),
        (0.5, "50 %", "50 %", "50 %"),
        (0.9537, "95 %", "95 %", "96 %"),
        (0.9901, "99 %", "99 %", "over 99 %"),
        (0.9999, "99 %", "over 99 %", "over 99 %"),
    ] {
        assert_eq!(percent(probability, Rounding::Down), down);
        assert_eq!(percent(probability, Rounding::Nearest), nearest);
        assert_eq!(percent(probability, Rounding::Up), up);
    }
}

#[test]
fn a_card_without_probability_leaves_it_in_the_answer() {
    let mut advice = settings().advice;
    advice.probability_on_card = false;
    let call = chart_of(Pattern([true; 4])).call();
    let bytes = rrdtc::server::answer::handle(
        call.to_string().as_bytes(),
        "rr-dtc-patient-view",
        &KNOWLEDGE,
        &advice,
        clock().now(),
    )
    .unwrap();
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    assert!(!detail(&answer).contains("Nomogram"));
    let probability = &answer["extension"]["org.rrdtc.assessment"]["probability"];
    assert!(probability["estimate"].is_number());
}

/// The answer for a chart by another model file.
fn answer_by(text: &str, chart: &Chart) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    std::fs::write(&path, text).unwrap();
    let settings = Settings::with("model", path.display().to_string()).unwrap();
    let knowledge = Knowledge::load(&settings.advice.content).unwrap();
    let bytes = rrdtc::server::answer::handle(
        chart.call().to_string().as_bytes(),
        "rr-dtc-patient-view",
        &knowledge,
        &settings.advice,
        clock().now(),
    )
    .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// A hospital's file: other coefficients, a table that follows from them, and its own patients.
fn recalibrated() -> Value {
    let mut model = file("liu-2022.json");
    model["id"] = json!("north-hospital-2026");
    model["version"] = json!("3.1.0");
    model["localValidation"] = json!({
        "site": "North Hospital", "patients": 412, "refractory": 151, "from": "2022-01-01", "to": "2025-12-31",
        "date": "2026-10-01", "by": "A. Physicist",
    });
    let old = model["nomogram"].clone();
    let intercept = number(&old["intercept"]) - 0.5;
    let mut patterns = Vec::new();
    for row in old["patterns"].as_array().unwrap() {
        let log_odds = Predictor::ALL
            .into_iter()
            .filter(|predictor| row[predictor.name()] == true)
            .fold(intercept, |sum, p| {
                sum + number(&old["coefficients"][p.name()])
            });
        let expit = |x: f64| 1.0 / (1.0 + (-x).exp());
        let mut row = row.clone();
        row["low"] = json!(expit(log_odds - 0.4));
        row["estimate"] = json!(expit(log_odds));
        row["high"] = json!(expit(log_odds + 0.4));
        patterns.push(row);
    }
    model["nomogram"] = json!({
        "basis": "recalibrated on 412 local patients",
        "intercept": intercept,
        "coefficients": old["coefficients"],
        "patterns": patterns,
    });
    model
}

#[test]
fn a_hospitals_file_replaces_the_model_and_says_so() {
    let chart = chart_of(Pattern([true, false, false, true]));
    let answer = answer_by(&recalibrated().to_string(), &chart);
    let assessment = &answer["extension"]["org.rrdtc.assessment"];
    assert_eq!(assessment["model"]["id"], "north-hospital-2026");
    assert_eq!(
        assessment["probability"]["basis"],
        "recalibrated on 412 local patients"
    );
    let log_odds = -1.88056 - 0.5 + 0.677082 + 3.46662;
    let estimate = number(&assessment["probability"]["estimate"]);
    let original = number(&chart.assess()["probability"]["estimate"]);
    assert!(estimate < original && (estimate - 1.0 / (1.0 + f64::exp(-log_odds))).abs() < 0.01);
    let detail = detail(&answer);
    for words in [
        "recalibrated on 412 local patients",
        "north-hospital-2026 3.1.0",
        "North Hospital, 412 patients",
    ] {
        assert!(detail.contains(words), "{words}\n{detail}");
    }
}

#[test]
fn a_file_without_a_nomogram_gives_no_probability() {
    let mut model = file("liu-2022.json");
    model.as_object_mut().unwrap().remove("nomogram");
    let answer = answer_by(&model.to_string(), &chart_of(Pattern([true; 4])));
    assert!(answer["extension"]["org.rrdtc.assessment"]["probability"].is_null());
    assert!(!detail(&answer).contains("Nomogram"));
}

#[test]
fn files_that_contradict_themselves_are_refused_with_the_reason() {
    let refused = |change: &dyn Fn(&mut Value), expected: &str| {
        let mut model = file("liu-2022.json");
        change(&mut model);
        let error = ModelFile::read("local.json", &model.to_string())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(expected) && error.contains("local.json"),
            "{expected}: {error}"
        );
    };
    refused(
        &|m| m["nomogram"]["reconstruction"]["converged"] = json!(false),
        "had not converged",
    );
    refused(
        &|m| m["nomogram"]["coefficients"]["recurrence"] = json!(1.3),
        "its coefficients give",
    );
    refused(
        &|m| m["nomogram"]["intercept"] = json!(-1.9),
        "none of the four",
    );
    refused(
        &|m| m["nomogram"]["intercept"] = Value::Null,
        "nomogram.intercept",
    );
    refused(
        &|m| m["nomogram"]["coefficients"]["fdgUptake"] = json!("3.4"),
        "fdgUptake",
    );
    refused(
        &|m| m["nomogram"]["patterns"][3]["estimate"] = json!(0.5),
        "age + recurrence",
    );
    refused(
        &|m| m["nomogram"]["patterns"][3]["low"] = json!(0.6),
        "band",
    );
    refused(
        &|m| m["nomogram"]["patterns"][3]["high"] = json!(1.0),
        "band",
    );
    refused(
        &|m| m["nomogram"]["patterns"][3]["low"] = json!(0.0),
        "band",
    );
    refused(
        &|m| m["nomogram"]["patterns"][3] = m["nomogram"]["patterns"][4].clone(),
        "15 different",
    );
    refused(
        &|m| {
            m["nomogram"]["patterns"].as_array_mut().unwrap().pop();
        },
        "15 different",
    );
    refused(&|m| m["nomogram"]["basis"] = json!(" "), "basis");
    refused(
        &|m| m["score"]["vectors"][5]["score"] = json!(46),
        "46 points",
    );
    refused(
        &|m| m["cohort"]["refractory"] = Value::Null,
        "cohort.refractory",
    );
    refused(
        &|m| m["performance"]["belowCutoff"]["patients"] = json!("many"),
        "belowCutoff",
    );
    // Beyond what a double can hold.
    let text = std::fs::read_to_string("cds-hooks/models/liu-2022.json").unwrap();
    let text = text.replacen("\"intercept\": -1.88056", "\"intercept\": -1e400", 1);
    assert!(text.contains("1e400"));
    assert!(ModelFile::read("local.json", &text).is_err());
}

#[test]
fn the_service_does_not_start_with_a_model_that_contradicts_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = file("liu-2022.json");
    model["nomogram"]["patterns"][0]["estimate"] = json!(0.9);
    std::fs::write(folder.path().join("model.json"), model.to_string()).unwrap();
    let config = folder.path().join("rrdtc.toml");
    let text = format!(
        "model = \"{}\"\n",
        folder.path().join("model.json").display()
    );
    std::fs::write(&config, text).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rrdtc"))
        .args(["check", "--config", config.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("coefficients give"), "{message}");
}

//! `rrdtc model reconstruct`: the same bytes from the same seed, the constraints, and what contradicts them. That the committed
//! model file is what the whole run writes is checked by `.ci/run` with the release binary.

use rrdtc::config::published;
use rrdtc::model::pretty;
use rrdtc::model::published::{Published, Role};
use rrdtc::model::reconstruct::{CannotReconstruct, Options, Reconstruction, reconstruct};
use serde_json::Value;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Far too short to rely on, long enough to be wrong.
const SHORT: Options = Options {
    seed: 1,
    chains: 2,
    draws: 8,
    threads: 1,
    recurrence: None,
};

fn built_in() -> Published {
    let (name, text) = published();
    Published::read(name, &text).unwrap()
}

fn changed(change: impl FnOnce(&mut Value)) -> Result<Reconstruction, CannotReconstruct> {
    let (name, text) = published();
    let mut json: Value = serde_json::from_str(&text).unwrap();
    change(&mut json);
    let published = Published::read(name, &json.to_string()).unwrap();
    reconstruct(&published, SHORT, &|| ())
}

fn rrdtc(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rrdtc"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let told = AtomicUsize::new(0);
    let run = |options: Options| {
        let result = reconstruct(&built_in(), options, &|| {
            told.fetch_add(1, Ordering::Relaxed);
        });
        pretty(&result.unwrap().model_file)
    };
    let one = run(SHORT);
    assert_eq!(told.load(Ordering::Relaxed), SHORT.work());
    let three = run(Options {
        threads: 3,
        ..SHORT
    });
    assert_eq!(one, three);
    let other = run(Options { seed: 2, ..SHORT });
    assert_ne!(one, other);
    // Too short, and said so.
    assert!(one.contains("\"converged\": false"));
}

#[test]
fn every_draw_meets_every_constraint_and_the_printed_recurrence_count_does_not() {
    let result = reconstruct(&built_in(), SHORT, &|| ()).unwrap();
    for figure in &result.diagnostics.comparisons {
        if figure.role == Role::Constraint {
            assert!(
                figure.met,
                "{}: {} to {}",
                figure.id, figure.low, figure.high
            );
        }
    }
    let printed = Options {
        recurrence: Some(56),
        ..SHORT
    };
    let result = reconstruct(&built_in(), printed, &|| ()).unwrap();
    let unmet: Vec<&str> = result
        .diagnostics
        .comparisons
        .iter()
        .filter(|figure| !figure.met)
        .map(|figure| figure.id.as_str())
        .collect();
    for id in [
        "mean-score-refractory",
        "sensitivity-recurrence",
        "auc-recurrence",
    ] {
        assert!(unmet.contains(&id), "{id}: {unmet:?}");
    }
    // It cannot be taken for the real one.
    assert_eq!(result.model_file["id"], "liu-2022-recurrence-56");
}

#[test]
fn the_command_says_how_far_its_result_can_be_relied_on() {
    let output = rrdtc(&[
        "model",
        "reconstruct",
        "--chains",
        "1",
        "--draws",
        "8",
        "--recurrence",
        "56",
    ]);
    assert!(output.status.success());
    let file: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(file["nomogram"]["patterns"].as_array().unwrap().len(), 16);
    let report = String::from_utf8(output.stderr).unwrap();
    for words in ["NOT CONVERGED", "mean-score-refractory", "NOT MET", "R-hat"] {
        assert!(report.contains(words), "{words}: {report}");
    }
    for (arguments, code, words) in [
        (vec!["--recurrence", "57"], 2, "92 and 56"),
        (vec!["--draws", "2"], 2, "8 draws"),
        (
            vec!["--published", "no-such-file.json"],
            1,
            "no-such-file.json",
        ),
        (vec!["--published", "cds-hooks/texts/card.json"], 3, "score"),
    ] {
        let output = rrdtc(&[&["model", "reconstruct"], arguments.as_slice()].concat());
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{message}");
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[test]
fn figures_that_contradict_each_other_are_an_error() {
    fn figure<'a>(json: &'a mut Value, id: &str) -> &'a mut Value {
        let figures = json["figures"].as_array_mut().unwrap();
        figures
            .iter_mut()
            .find(|figure| figure["id"] == id)
            .unwrap()
    }
    // More at or above the cut-off without PET than have recurrence at all.
    let result = changed(|json| {
        figure(json, "at-or-above-without-pet-not-refractory")["published"] = 21.into();
    });
    assert!(
        matches!(result, Err(CannotReconstruct::Contradiction)),
        "{result:?}"
    );
    let result = changed(|json| figure(json, "fdg-refractory")["published"] = 224.into());
    assert!(
        matches!(result, Err(CannotReconstruct::NoCount(_))),
        "{result:?}"
    );
    let result = changed(|json| figure(json, "auc-score")["role"] = "check".into());
    assert!(
        matches!(result, Err(CannotReconstruct::Missing(_))),
        "{result:?}"
    );
}

#[test]
fn the_table_is_printed_for_people_and_for_scripts() {
    let table = String::from_utf8(rrdtc(&["model", "table"]).stdout).unwrap();
    for words in [
        "0.830  0.70",
        "at-or-above-cutoff",
        "none of the four",
        "not validated here",
        "score 12 (age + recurrence + multi-site): 0.874, more than score 40 (FDG): 0.830",
    ] {
        assert!(table.contains(words), "{words}\n{table}");
    }
    let json: Value = serde_json::from_slice(&rrdtc(&["model", "table", "--json"]).stdout).unwrap();
    let rows = json["patterns"].as_array().unwrap();
    let scores: Vec<u64> = rows
        .iter()
        .map(|row| row["score"].as_u64().unwrap())
        .collect();
    assert_eq!(
        scores,
        [0, 1, 4, 5, 7, 8, 11, 12, 40, 41, 44, 45, 47, 48, 51, 52]
    );
    assert_eq!(rows[7]["orderContradictedBy"], 40);
    assert_eq!(
        rows[8]["probability"]["estimate"].to_string(),
        "0.830061050367"
    );
}

//! Lines of a Bulk Data export, through `cohort extract` and through `assess`.

use super::*;
use rrdtc::chart::Release;
use rrdtc::cohort::bulk::Files;
use rrdtc::cohort::extract::{self, Extraction, Judgement, Options, Outcomes};
use rrdtc::cohort::flow;
use rrdtc::json::{DEEPEST_NESTING, nests_deeper};
use serde_json::value::RawValue;
use std::path::PathBuf;

pub fn check(input: &[u8]) {
    check_extract(input);
    check_assess(input);
}

fn check_extract(input: &[u8]) {
    let Some(first) = extracted(input) else {
        return;
    };
    let told = |extraction: &Extraction| -> Vec<(String, String, Vec<_>)> {
        let rows = extraction.rows.iter();
        rows.map(|row| {
            (
                row.patient.clone(),
                row.time_zero.to_string(),
                row.predictors().collect(),
            )
        })
        .collect()
    };
    let rows = told(&first);
    assert_eq!(
        extracted(input).as_ref().map(told),
        Some(rows.clone()),
        "the same lines give the same rows"
    );
    for (_, _, predictors) in &rows {
        for (predictor, state, reason) in predictors {
            assert!(
                ["present", "absent", "unknown", "conflicting"].contains(state),
                "{predictor:?} is {state}"
            );
            assert_eq!(
                reason.is_some(),
                matches!(*state, "unknown" | "conflicting")
            );
        }
    }
    // A line that breaks off may be anybody's Observation.
    let mut more = input.to_vec();
    more.extend_from_slice(
        b"\n{\"resourceType\":\"Observation\",\"id\":\"cut\",\"subject\":{\"refer",
    );
    let Some(after) = extracted(&more) else {
        panic!("a broken line costs the whole export");
    };
    for (patient, _, predictors) in told(&after) {
        let Some((_, _, before)) = rows.iter().find(|(known, ..)| *known == patient) else {
            continue;
        };
        for ((predictor, after, _), (_, before, _)) in predictors.iter().zip(before) {
            assert!(
                *before == "absent" || *after != "absent",
                "a broken line turned {predictor:?} from {before} into absent"
            );
        }
    }
}

/// None for lines of which none is a resource.
fn extracted(input: &[u8]) -> Option<Extraction> {
    let folder = std::env::temp_dir();
    let thread = std::thread::current().id();
    let file: PathBuf = folder.join(format!(
        "rrdtc-fuzz-{}-{thread:?}.ndjson",
        std::process::id()
    ));
    std::fs::write(&file, input).expect("a temporary file");
    let judgement = Judgement {
        terminology: &KNOWLEDGE.terminology,
        model: &KNOWLEDGE.model,
        rules: SETTINGS.advice.rules,
    };
    let extraction = Files::open(std::slice::from_ref(&file), &folder).and_then(|files| {
        extract::extract(
            &files,
            judgement,
            Options::default(),
            &Outcomes::None,
            &|id| id.to_owned(),
            flow::Settings::default(),
            &|_| (),
        )
    });
    let _ = std::fs::remove_file(&file);
    match extraction {
        Ok(extraction) => Some(extraction),
        Err(error) => {
            let told = error.to_string();
            assert!(
                !told.is_empty() && !told.contains(FAMILY_NAME),
                "an error quotes a line"
            );
            None
        }
    }
}

fn check_assess(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if nests_deeper(text, DEEPEST_NESTING) {
        return;
    }
    let values: Vec<&RawValue> = serde_json::Deserializer::from_str(text)
        .into_iter::<&RawValue>()
        .map_while(Result::ok)
        .collect();
    for (_, assessment) in bundle::assessed(&values, Release::R4) {
        check_assessment(&assessment);
    }
}

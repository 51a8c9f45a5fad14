//! What must hold for every input of a fuzz target, whatever it is. One function of bytes for each target.
//!
//! The targets in `fuzz_targets/` and the test that replays the kept corpora (`tests/it/fuzz_corpora.rs`) call the same
//! functions. They know the public interfaces of the library and panic when a property does not hold. Read [`TARGETS`] first.

pub mod bundle;
pub mod configuration;
pub mod hook_request;
pub mod jwt;
pub mod ndjson;
pub mod partial_date;
pub mod unit_and_measure;

use jiff::Timestamp;
use rrdtc::config::{Knowledge, Settings};
use serde_json::Value;
use std::sync::LazyLock;

/// What must hold for any bytes; panics where it does not.
pub type Property = fn(&[u8]);

/// Every target by its name.
#[allow(dead_code)]
pub const TARGETS: [(&str, Property); 7] = [
    ("bundle", bundle::check),
    ("configuration", configuration::check),
    ("hook_request", hook_request::check),
    ("jwt", jwt::check),
    ("ndjson", ndjson::check),
    ("partial_date", partial_date::check),
    ("unit_and_measure", unit_and_measure::check),
];

pub static SETTINGS: LazyLock<Settings> =
    LazyLock::new(|| Settings::with("listen", "127.0.0.1:0").expect("the defaults"));

pub static KNOWLEDGE: LazyLock<Knowledge> =
    LazyLock::new(|| Knowledge::load(&SETTINGS.advice.content).expect("the built-in data"));

/// The assessment time of the fixtures.
pub fn now() -> Timestamp {
    rrdtc::config::FIXTURES_AS_OF.parse().expect("an instant")
}

pub const PREDICTORS: [&str; 4] = [
    "ageAtDiagnosis",
    "recurrence",
    "multiSiteMetastasis",
    "fdgUptake",
];

/// A family name in the seeds that no error text may quote.
pub const FAMILY_NAME: &str = "Zzyzx";

/// What an assessment as JSON must be, whatever it was made of.
pub fn check_assessment(assessment: &Value) {
    let status = assessment["applicability"]["status"].as_str();
    assert!(
        matches!(status, Some("applicable" | "not-applicable")),
        "an assessment says whether the model applies: {assessment}"
    );
    let Some(predictors) = assessment.get("predictors") else {
        assert!(assessment.get("score").is_none(), "{assessment}");
        return;
    };
    let (mut low, mut high) = (0, 0);
    for (name, points) in PREDICTORS.into_iter().zip([1, 7, 4, 40]) {
        match predictors[name]["state"].as_str() {
            Some("present") => {
                low += points;
                high += points;
            }
            Some("absent") => {}
            Some("unknown" | "conflicting") => high += points,
            other => panic!("{name} is {other:?}"),
        }
    }
    let score = &assessment["score"];
    assert_eq!(score["low"].as_u64(), Some(low), "{assessment}");
    assert_eq!(score["high"].as_u64(), Some(high), "{assessment}");
    assert!(low <= high && high <= 52);
    if let Some(probability) = assessment["probability"].as_object() {
        let number = |name: &str| probability.get(name).and_then(Value::as_f64);
        for name in ["low", "high", "estimate"] {
            if let Some(number) = number(name) {
                assert!((0.0..=1.0).contains(&number), "{name}: {assessment}");
            }
        }
        if let (Some(low), Some(high)) = (number("low"), number("high")) {
            assert!(low <= high, "{assessment}");
        }
    }
}

/// The states of an assessment in the order of [`PREDICTORS`]; none where the model does not apply.
pub fn states(assessment: &Value) -> Option<[String; 4]> {
    let predictors = assessment.get("predictors")?;
    Some(PREDICTORS.map(|name| {
        predictors[name]["state"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }))
}

/// What one more record that cannot be read may not do.
pub fn check_not_turned_absent(before: &Value, after: &Value) {
    let (Some(before), Some(after)) = (states(before), states(after)) else {
        return;
    };
    for (name, (before, after)) in PREDICTORS.iter().zip(before.iter().zip(&after)) {
        assert!(
            before == "absent" || after != "absent",
            "an unreadable record turned {name} from {before} into absent"
        );
    }
}

/// An Observation that names its patient and is about nothing that could be read.
pub const UNREADABLE: &str = r#"{"resourceType":"Observation","id":"unreadable","status":7,"code":{"coding":"none"},"valueQuantity":[[]]}"#;

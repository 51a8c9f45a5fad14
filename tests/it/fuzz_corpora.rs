//! The kept corpora of the fuzz targets, through the same properties, without a nightly toolchain.

#[path = "../../fuzz/properties/mod.rs"]
mod properties;

use properties::TARGETS;
use std::path::{Path, PathBuf};

/// Inputs of one target that are tried, evenly taken from all of them: the test is to take seconds.
const MOST: usize = 400;
/// What an input of a kept corpus may have, bytes.
const LARGEST: usize = 64 << 10;

fn inputs(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn replay(target: &str) {
    let (_, check) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let files = inputs(target);
    assert!(!files.is_empty(), "{target} has no corpus");
    for file in files.iter().step_by(files.len().div_ceil(MOST)) {
        let input = std::fs::read(file).unwrap();
        assert!(input.len() <= LARGEST, "{}", file.display());
        check(&input);
    }
}

macro_rules! replays {
    ($($target:ident)*) => {
        $(#[test]
        fn $target() {
            replay(stringify!($target));
        })*

        #[test]
        fn every_target_is_replayed() {
            let replayed = [$(stringify!($target)),*];
            assert_eq!(TARGETS.map(|(name, _)| name), replayed);
        }
    };
}

replays!(bundle configuration hook_request jwt ndjson partial_date unit_and_measure);

/// The name was taken apart at its brackets, and the mistake had no place.
#[test]
fn a_setting_with_brackets_in_its_name_is_told_with_its_line() {
    properties::configuration::check(b"\"[0]\" = 1");
}

/// The name was taken apart at its dots; and what else is wrong was not told.
#[test]
fn a_setting_with_dots_in_its_name_is_told_with_its_line_and_so_are_the_others() {
    for text in ["\".ab\" = 1", "\"a.b/c~\" = 1", "[log]\n\".x.\" = 1"] {
        properties::configuration::check(text.as_bytes());
    }
    let text = "\"log.x/y\" = 1\nother = 2\n[log]\n\"..\" = 3\n";
    let error = rrdtc::config::Settings::of_text(Path::new("rrdtc.toml"), text).unwrap_err();
    let rrdtc::config::InvalidConfiguration::Mistakes(mistakes) = error else {
        panic!("{error}");
    };
    let mut told: Vec<_> = mistakes
        .iter()
        .map(|mistake| {
            let line = mistake.place.as_ref().map(|(_, line)| *line);
            (line, mistake.setting.as_str())
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            (Some(1), "log.x/y"),
            (Some(2), "other"),
            (Some(4), "log...")
        ]
    );
}

#[test]
fn a_good_token_is_believed() {
    properties::jwt::check_one_is_believed();
}

#[test]
fn what_json_cannot_write_as_a_number_is_no_measure() {
    use crate::support::{Chart, SNOMED, condition};
    for value in [".5", "5.", "+5", "NaN", "inf", "0x10", " 5"] {
        let mut cancer = condition("dtc", SNOMED, "255029007", "2021-01-05");
        cancer.as_object_mut().unwrap().remove("onsetDateTime");
        cancer["onsetAge"] = serde_json::json!({ "value": value, "unit": "a" });
        let chart = Chart::basic().without("dtc").with(cancer);
        let age = &chart.assess()["predictors"]["ageAtDiagnosis"]["state"];
        assert!(
            age != "absent" && age != "present",
            "{value:?} makes the age {age}"
        );
    }
}

#[test]
fn a_setting_without_a_value_is_told_in_words() {
    let file = Path::new("rrdtc.toml");
    let error = rrdtc::config::Settings::of_text(file, "listen = ").unwrap_err();
    assert_eq!(
        error.to_string(),
        "configuration file rrdtc.toml:1: expected a value, or another name or table"
    );
}

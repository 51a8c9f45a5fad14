//! A Bundle, a resource or anything else, as `rrdtc assess` takes it from a file.

use super::*;
use rrdtc::cds_hooks::display::DisplayReason;
use rrdtc::cds_hooks::response::assessment;
use rrdtc::chart::Release;
use rrdtc::chart::input::Resources;
use rrdtc::domain::assessment::assess;
use rrdtc::fhir::bundle::{Content, split};
use rrdtc::fhir::peek::Peek;
use rrdtc::json::{DEEPEST_NESTING, nests_deeper};
use serde_json::value::RawValue;

/// Patients of one input that are assessed.
const PATIENTS: usize = 3;

pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if nests_deeper(text, DEEPEST_NESTING) {
        return;
    }
    let Ok(json) = serde_json::from_str::<&RawValue>(text) else {
        return;
    };
    check_split(json);
    // The release is not said in a Bundle: the length chooses, so that each is tried.
    let release = [Release::R4, Release::R4, Release::R4B, Release::R5][text.len() % 4];
    for (id, before) in assessed(&[json], release) {
        check_assessment(&before);
        let unreadable: &RawValue = serde_json::from_str(UNREADABLE).expect("JSON");
        for (other, after) in assessed(&[json, unreadable], release) {
            if other == id {
                check_not_turned_absent(&before, &after);
            }
        }
    }
}

/// What is cut out of a Bundle stands in it.
fn check_split(json: &RawValue) {
    let Content::Bundle(bundle) = split(json) else {
        return;
    };
    assert!(bundle.has_next || bundle.next.is_none());
    let whole = json.get().as_bytes().as_ptr_range();
    for entry in &bundle.entries {
        let part = entry.json.get().as_bytes().as_ptr_range();
        assert!(whole.start <= part.start && part.end <= whole.end);
        let peek = Peek::at(entry.json);
        assert_eq!(peek.type_name(), Peek::at(entry.json).type_name());
    }
    // Duplicate members make a Bundle unreadable, so that the last one, which Value keeps, is the only one.
    let value: Value = serde_json::from_str(json.get()).expect("a RawValue is JSON");
    let entries = value["entry"].as_array().map_or(0, Vec::len);
    assert!(bundle.entries.len() + bundle.unreadable <= entries);
}

/// Every patient's assessment.
pub fn assessed(values: &[&RawValue], release: Release) -> Vec<(String, Value)> {
    let mut resources = Resources::written_in(release);
    for value in values {
        if !resources.add(value) {
            return Vec::new();
        }
    }
    let ids: Vec<String> = resources
        .patients()
        .take(PATIENTS)
        .map(str::to_owned)
        .collect();
    let mut found = Vec::new();
    for id in ids {
        let input = resources.of(&id).expect("a patient that was listed");
        let Ok(chart) = rrdtc::chart::read(input, &KNOWLEDGE.terminology) else {
            continue;
        };
        let today = rrdtc::server::answer::day(now());
        let result = assess(chart.facts, &KNOWLEDGE.model, SETTINGS.advice.rules, today);
        let at = rrdtc::server::answer::instant(now());
        let json = assessment(&result, &KNOWLEDGE.model, &at, DisplayReason::Shown);
        found.push((id, json.value()));
    }
    found
}

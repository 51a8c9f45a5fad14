//! Who the patient is, for the banner of the page: read from the Patient resource, shown, and never logged.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// Longest text of the banner, characters. Longer ones are cut, with a mark.
const LONGEST: usize = 200;

/// What tells a clinician whose assessment this is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatientBanner {
    /// Name as one would say it.
    pub name: Option<String>,
    /// Birth date as recorded.
    pub birth_date: Option<String>,
    /// Administrative gender as recorded.
    pub sex: Option<String>,
    /// The hospital's number, or the first there is.
    pub identifier: Option<String>,
}

// By hand: it is about a patient.
impl fmt::Debug for PatientBanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientBanner(...)")
    }
}

impl PatientBanner {
    /// From a Patient of any release. What is not there, or not as it should be, is left out.
    pub fn read(patient_json: &str) -> Self {
        let patient: Value = serde_json::from_str(patient_json).unwrap_or_default();
        let text = |value: &Value| value.as_str().and_then(shown);
        Self {
            name: name(&patient["name"]),
            birth_date: text(&patient["birthDate"]),
            sex: text(&patient["gender"]),
            identifier: identifier(&patient["identifier"]),
        }
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// The official name, else the usual one, else the first that is not of the past.
fn name(names: &Value) -> Option<String> {
    let rank = |name: &Value| match name["use"].as_str() {
        Some("official") => 0,
        Some("usual") => 1,
        None => 2,
        Some("old" | "maiden") => 4,
        Some(_) => 3,
    };
    let mut names: Vec<&Value> = items(names).collect();
    names.sort_by_key(|name| rank(name));
    names.into_iter().find_map(|name| {
        if let Some(text) = name["text"].as_str().and_then(shown) {
            return Some(text);
        }
        let given = items(&name["given"]).filter_map(Value::as_str);
        let parts: Vec<&str> = given.chain(name["family"].as_str()).collect();
        shown(&parts.join(" "))
    })
}

/// The medical record number (HL7 v2 table 0203, `MR`), else the first that is in use.
fn identifier(identifiers: &Value) -> Option<String> {
    let is_record_number = |identifier: &Value| {
        items(&identifier["type"]["coding"]).any(|coding| coding["code"] == "MR")
    };
    let mut identifiers: Vec<&Value> = items(identifiers)
        .filter(|identifier| identifier["use"] != "old")
        .collect();
    identifiers.sort_by_key(|identifier| !is_record_number(identifier));
    identifiers
        .into_iter()
        .find_map(|identifier| identifier["value"].as_str().and_then(shown))
}

/// Text for the banner: without control characters and without marks that turn the direction of what follows, and cut.
fn shown(text: &str) -> Option<String> {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain: String = text
        .chars()
        .filter(|c| !turns(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let plain = plain.trim();
    let mut shown: String = plain.chars().take(LONGEST).collect();
    if shown.len() < plain.len() {
        shown.push('\u{2026}');
    }
    (!shown.is_empty()).then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::PatientBanner;
    use serde_json::{Value, json};

    fn banner(patient: Value) -> [Option<String>; 4] {
        let banner = PatientBanner::read(&patient.to_string());
        [
            banner.name,
            banner.birth_date,
            banner.sex,
            banner.identifier,
        ]
    }

    #[test]
    fn the_banner_says_what_the_record_says_and_no_more() {
        let some = |text: &str| Some(text.to_owned());
        let long = "x".repeat(10_000);
        for (patient, expected) in [
            (json!({}), [None, None, None, None]),
            (
                json!({
                    "name": [{ "use": "old", "text": "Former" }, { "use": "official", "family": "Doe", "given": ["Ann", "B."] }],
                    "birthDate": "1970-03", "gender": "female",
                    "identifier": [
                        { "use": "old", "value": "0" }, { "value": "1" },
                        { "type": { "coding": [{ "code": "MR" }] }, "value": "2" },
                    ],
                }),
                [
                    some("Ann B. Doe"),
                    some("1970-03"),
                    some("female"),
                    some("2"),
                ],
            ),
            (
                json!({ "name": [{ "text": "a\u{202e}b\u{7}c\n" }], "birthDate": 7, "gender": [], "identifier": {} }),
                [some("ab c"), None, None, None],
            ),
            (
                json!({ "name": [{ "family": "" }, { "family": long }], "identifier": [{ "value": " " }] }),
                [
                    Some(format!("{}\u{2026}", "x".repeat(200))),
                    None,
                    None,
                    None,
                ],
            ),
            (json!("no object"), [None, None, None, None]),
        ] {
            assert_eq!(banner(patient.clone()), expected, "{patient}");
        }
        assert_eq!(PatientBanner::read("no JSON").name, None);
    }
}

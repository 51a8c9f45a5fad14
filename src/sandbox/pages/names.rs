//! A patient as lists and banners name them.

use crate::sandbox::page::encode;
use crate::sandbox::store::Stored;
use serde_json::Value;
use serde_json::value::RawValue;

/// Who a patient is.
#[derive(Debug, Clone, Default)]
pub struct Named {
    /// Id, as it may be shown.
    pub id: String,
    /// Address of the chart.
    pub chart: String,
    /// Id as a part of an address.
    pub encoded: String,
    /// Given and family name; the id where there is none.
    pub name: String,
    /// As recorded, else "not recorded".
    pub birth_date: String,
    /// As recorded, else "not recorded".
    pub gender: String,
    /// When, or that, the patient died.
    pub died: Option<String>,
}

impl Named {
    /// Whether every word of a search is in the name or id.
    pub fn matches(&self, search: &str) -> bool {
        let text = format!("{} {}", self.name, self.id).to_lowercase();
        search
            .to_lowercase()
            .split_whitespace()
            .all(|word| text.contains(word))
    }
}

/// Text of a record as it may be shown: characters that would turn the text around them are marked, control characters are
/// blanks, and no more than so many characters.
pub fn visible(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most).map(visible_character).collect();
    if text.chars().nth(most).is_some() {
        shown.push_str("...");
    }
    shown
}

/// One character as it may be shown.
fn visible_character(c: char) -> char {
    match c {
        c if turns_text(c) => '\u{fffd}',
        c if c.is_control() => ' ',
        c => c,
    }
}

/// Marks and controls of writing direction (Unicode Standard Annex 9, table 4).
pub fn turns_text(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters of a name, id or date that are shown.
const LONGEST_NAME: usize = 120;

/// Of a Patient that is kept.
pub fn named(patient: &Stored) -> Named {
    read(&patient.id, &patient.json)
}

/// Of a Patient's JSON.
pub fn read(id: &str, patient: &RawValue) -> Named {
    let value: Value = serde_json::from_str(patient.get()).unwrap_or_default();
    let name = &value["name"][0];
    let given = name["given"].as_array().into_iter().flatten();
    let mut words: Vec<&str> = given.filter_map(Value::as_str).collect();
    words.extend(name["family"].as_str());
    let mut full = words.join(" ").trim().to_owned();
    if full.is_empty() {
        full = name["text"].as_str().unwrap_or(id).to_owned();
    }
    let text = |member: &str| {
        value[member].as_str().map_or_else(
            || "not recorded".to_owned(),
            |text| visible(text, LONGEST_NAME),
        )
    };
    let died = match (&value["deceasedDateTime"], &value["deceasedBoolean"]) {
        (Value::String(date), _) => Some(visible(date, LONGEST_NAME)),
        (_, Value::Bool(true)) => Some("date not recorded".to_owned()),
        _ => None,
    };
    Named {
        id: visible(id, LONGEST_NAME),
        chart: format!("/patients/{}", encode(id)),
        encoded: encode(id),
        name: visible(&full, LONGEST_NAME),
        birth_date: text("birthDate"),
        gender: text("gender"),
        died,
    }
}

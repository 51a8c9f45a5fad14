//! From text to resources that can be kept: Bundles taken apart, references to their patients resolved, what is searched for
//! looked up.

use super::store::Stored;
use crate::fhir::bundle::{Content, split};
use crate::fhir::peek::Peek;
use crate::fhir::reference::type_and_id;
use crate::json::{DEEPEST_NESTING, nests_deeper};
use serde_json::value::RawValue;

/// A Bundle's resources before they are kept, references within the Bundle resolved.
#[derive(Debug, Default)]
pub struct Incoming(Vec<Stored>);

impl Incoming {
    /// Reads a Bundle, a resource, or several of them (NDJSON); none when the text is none of these.
    pub fn read(text: &str) -> Option<Self> {
        if nests_deeper(text, DEEPEST_NESTING) {
            return None;
        }
        let values: Vec<&RawValue> = serde_json::Deserializer::from_str(text)
            .into_iter::<&RawValue>()
            .map_while(Result::ok)
            .collect();
        // A `urn:uuid:` reference of a Bundle means the entry of that fullUrl.
        let mut urls: Vec<(String, String)> = Vec::new();
        for value in &values {
            if let Content::Bundle(bundle) = split(value) {
                for entry in &bundle.entries {
                    let peek = Peek::at(entry.json);
                    if let (Some(url), Some(id), "Patient") =
                        (&entry.full_url, &peek.id, peek.type_name())
                    {
                        urls.push((url.clone().into_owned(), id.as_str().to_owned()));
                    }
                }
            }
        }
        let mut any = false;
        let mut read = Self::default();
        for value in values {
            match split(value) {
                Content::Bundle(bundle) => {
                    any = true;
                    for entry in bundle.entries {
                        read.0.push(stored(entry.json, &urls));
                    }
                }
                Content::Resource { .. } => {
                    any = true;
                    read.0.push(stored(value, &urls));
                }
                Content::OperationOutcome | Content::Null => {}
                Content::NotAResource => return None,
            }
        }
        any.then_some(read)
    }

    /// Ids of the patients.
    pub fn patients(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|stored| stored.resource_type == "Patient")
            .map(|stored| stored.id.as_str())
    }

    /// How many resources.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Bytes of their JSON.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|stored| stored.json.get().len()).sum()
    }

    /// The resources, in their order.
    pub fn into_resources(self) -> Vec<Stored> {
        self.0
    }
}

/// A resource as it is kept, without a number yet. `urls` are the fullUrls of the Bundle's patients with their ids.
pub fn stored(json: &RawValue, urls: &[(String, String)]) -> Stored {
    let peek = Peek::at(json);
    let id = peek
        .id
        .as_ref()
        .map_or(String::new(), |id| id.as_str().to_owned());
    let resource_type = peek.type_name().to_owned();
    let patient = if resource_type == "Patient" {
        Some(id.clone())
    } else {
        let subject = peek
            .subject
            .as_ref()
            .or(peek.patient.as_ref())
            .and_then(|subject| subject.reference.as_ref());
        subject.and_then(|subject| {
            let subject = subject.as_str();
            urls.iter()
                .find(|(url, _)| url == subject)
                .map(|(_, id)| id.clone())
                .or_else(|| {
                    type_and_id(subject)
                        .filter(|(name, _)| *name == "Patient")
                        .map(|(_, id)| id.to_owned())
                })
        })
    };
    let value: serde_json::Value = serde_json::from_str(json.get()).unwrap_or_default();
    let date = [
        "effectiveDateTime",
        "performedDateTime",
        "onsetDateTime",
        "recordedDate",
        "birthDate",
    ]
    .iter()
    .find_map(|name| value[*name].as_str())
    .unwrap_or_default()
    .to_owned();
    let mut codes = Vec::new();
    let mut add_codes = |parameter: &'static str, concept: &serde_json::Value| {
        for coding in concept["coding"].as_array().into_iter().flatten() {
            let text = |name: &str| coding[name].as_str().unwrap_or_default().to_owned();
            codes.push((parameter, text("system"), text("code")));
        }
    };
    add_codes("code", &value["code"]);
    add_codes("code", &value["medicationCodeableConcept"]);
    match &value["category"] {
        serde_json::Value::Array(categories) => categories
            .iter()
            .for_each(|category| add_codes("category", category)),
        category => add_codes("category", category),
    }
    Stored {
        number: 0,
        resource_type,
        id,
        patient,
        codes,
        date,
        json: resolved(json, urls),
        added: false,
    }
}

/// The JSON as it came, but for `urn:` references to a patient of the Bundle: as a FHIR server does with a transaction, since
/// nobody can follow them outside of the Bundle.
fn resolved(json: &RawValue, urls: &[(String, String)]) -> Box<RawValue> {
    let mut text = json.get().to_owned();
    if text.contains("\"urn:") {
        for (url, id) in urls.iter().filter(|(url, _)| url.starts_with("urn:")) {
            let reference = serde_json::Value::from(format!("Patient/{id}")).to_string();
            text = text.replace(&format!("\"{url}\""), &reference);
        }
    }
    // What was JSON and got a string for a string still is.
    RawValue::from_string(text).unwrap_or_else(|_| json.to_owned())
}

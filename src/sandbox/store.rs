//! The resources of the sandbox, kept as they came: what a fixture has wrong with it must reach the service unchanged.

use crate::config::fixtures;
use crate::fhir::bundle::{Content, split};
use crate::fhir::peek::Peek;
use crate::fhir::reference::type_and_id;
use serde_json::value::RawValue;
use std::path::{Path, PathBuf};

/// One resource.
#[derive(Debug, Clone)]
pub struct Stored {
    /// `resourceType`.
    pub resource_type: String,
    /// `id`, empty when it has none.
    pub id: String,
    /// Id of the patient that it is about.
    pub patient: Option<String>,
    /// `system|code` of its code and category.
    pub codes: Vec<(&'static str, String, String)>,
    /// What it is sorted by: clinical date, else empty.
    pub date: String,
    /// The JSON.
    pub json: Box<RawValue>,
}

/// All resources.
#[derive(Debug, Default)]
pub struct Store {
    resources: Vec<Stored>,
}

/// Data that the sandbox cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum UnusableData {
    /// A file or folder cannot be read.
    #[error("{0} cannot be read: {1}")]
    Io(PathBuf, std::io::Error),
    /// Not FHIR JSON.
    #[error("{0} is neither a FHIR Bundle or resource in JSON nor NDJSON of such")]
    NotFhir(PathBuf),
    /// No patient at all.
    #[error("{0} holds no Patient")]
    NoPatient(PathBuf),
}

impl Store {
    /// The synthetic patients that come with the program.
    pub fn synthetic() -> Self {
        let mut store = Self::default();
        for (_, text) in fixtures() {
            store.add_text(text);
        }
        store
    }

    /// Adds every `.json` and `.ndjson` file of a folder.
    pub fn add_folder(&mut self, folder: &Path) -> Result<(), UnusableData> {
        let before = self.patients().count();
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
            .and_then(|entries| {
                entries
                    .map(|entry| entry.map(|entry| entry.path()))
                    .collect()
            })
            .map_err(|error| UnusableData::Io(folder.to_owned(), error))?;
        paths.sort();
        for path in paths {
            let is_data = path
                .extension()
                .is_some_and(|e| e == "json" || e == "ndjson")
                && !path
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().ends_with(".expected.json"));
            if is_data {
                let text = std::fs::read_to_string(&path)
                    .map_err(|error| UnusableData::Io(path.clone(), error))?;
                if !self.add_text(&text) {
                    return Err(UnusableData::NotFhir(path));
                }
            }
        }
        if self.patients().count() == before {
            return Err(UnusableData::NoPatient(folder.to_owned()));
        }
        Ok(())
    }

    /// Adds a Bundle, a resource or NDJSON of them; false when the text is none of these.
    fn add_text(&mut self, text: &str) -> bool {
        if crate::cds_hooks::request::nesting(text) > crate::cds_hooks::request::DEEPEST_NESTING {
            return false;
        }
        let values: Vec<&RawValue> = serde_json::Deserializer::from_str(text)
            .into_iter::<&RawValue>()
            .map_while(Result::ok)
            .collect();
        let mut any = false;
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
        for value in values {
            match split(value) {
                Content::Bundle(bundle) => {
                    any = true;
                    for entry in bundle.entries {
                        self.add(entry.json, &urls);
                    }
                }
                Content::Resource { .. } => {
                    any = true;
                    self.add(value, &urls);
                }
                Content::OperationOutcome | Content::Null => {}
                Content::NotAResource => return false,
            }
        }
        any
    }

    fn add(&mut self, json: &RawValue, urls: &[(String, String)]) {
        let peek = Peek::at(json);
        let id = peek
            .id
            .as_ref()
            .map_or(String::new(), |id| id.as_str().to_owned());
        let resource_type = peek.type_name().to_owned();
        let subject = peek
            .subject
            .as_ref()
            .or(peek.patient.as_ref())
            .and_then(|subject| subject.reference.as_ref());
        let patient = subject.and_then(|subject| {
            let subject = subject.as_str();
            urls.iter()
                .find(|(url, _)| url == subject)
                .map(|(_, id)| id.clone())
                .or_else(|| {
                    type_and_id(subject)
                        .filter(|(name, _)| *name == "Patient")
                        .map(|(_, id)| id.to_owned())
                })
        });
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
        self.resources.push(Stored {
            resource_type,
            id,
            patient,
            codes,
            date,
            json: json.to_owned(),
        });
    }

    /// All resources of a type.
    pub fn of_type<'s>(&'s self, resource_type: &'s str) -> impl Iterator<Item = &'s Stored> {
        self.resources
            .iter()
            .filter(move |stored| stored.resource_type == resource_type)
    }

    /// All patients.
    pub fn patients(&self) -> impl Iterator<Item = &Stored> {
        self.of_type("Patient")
    }

    /// The resource types held, in alphabetical order.
    pub fn types(&self) -> Vec<&str> {
        let mut types: Vec<&str> = self
            .resources
            .iter()
            .map(|stored| stored.resource_type.as_str())
            .filter(|name| !name.is_empty())
            .collect();
        types.sort_unstable();
        types.dedup();
        types
    }
}

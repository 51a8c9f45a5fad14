//! The resources of the sandbox, kept as they came: what a fixture has wrong with it must reach the service unchanged.
//!
//! [`Store`] is the type to read first. Charts can be edited, within [`limits`](MOST_ADDED_BYTES), and put back as they were; each
//! change gives the chart a new version. Knows where resources are, and nothing of what they mean.

use super::incoming::{Incoming, stored};
use crate::config::fixtures;
use crate::fhir::peek::Peek;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Records that users may add to one chart.
pub const MOST_ADDED_TO_CHART: usize = 200;

/// Patients that users may paste.
pub const MOST_PASTED_PATIENTS: usize = 100;

/// Bytes that users may add, all together.
pub const MOST_ADDED_BYTES: usize = 32 << 20;

/// One resource.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Names it within the sandbox: a resource may lack an id, or share it with another.
    pub number: u64,
    /// `resourceType`.
    pub resource_type: String,
    /// `id`, empty when it has none.
    pub id: String,
    /// Id of the patient that it is about; of a Patient its own.
    pub patient: Option<String>,
    /// `system|code` of its code and category.
    pub codes: Vec<(&'static str, String, String)>,
    /// What it is sorted by: clinical date, else empty.
    pub date: String,
    /// The JSON.
    pub json: Box<RawValue>,
    /// Added by a user of the sandbox.
    pub added: bool,
}

/// All resources.
#[derive(Debug, Default)]
pub struct Store {
    /// In the order in which they came.
    resources: BTreeMap<u64, Arc<Stored>>,
    patients: BTreeSet<u64>,
    by_patient: HashMap<String, BTreeSet<u64>>,
    by_reference: HashMap<String, BTreeSet<u64>>,
    /// What edited charts were before.
    originals: HashMap<String, Vec<Arc<Stored>>>,
    versions: HashMap<String, u64>,
    next_number: u64,
    added_bytes: usize,
    pasted_patients: usize,
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

/// The memory that users may fill is full. Reset patients, or start the sandbox again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// One chart.
    #[error(
        "a chart takes at most {MOST_ADDED_TO_CHART} added records; remove some, or reset the patient"
    )]
    Chart,
    /// Pasted patients.
    #[error(
        "the sandbox takes at most {MOST_PASTED_PATIENTS} pasted patients; start it again to be rid of them"
    )]
    Patients,
    /// All together.
    #[error(
        "the sandbox takes at most {} MB of added data; reset patients, or start it again",
        MOST_ADDED_BYTES >> 20
    )]
    Bytes,
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

    fn add_text(&mut self, text: &str) -> bool {
        let Some(incoming) = Incoming::read(text) else {
            return false;
        };
        for stored in incoming.into_resources() {
            self.insert(stored);
        }
        true
    }

    /// Keeps what a user pasted: whole or not at all.
    pub fn paste(&mut self, incoming: Incoming) -> Result<(), Full> {
        let patients = incoming.patients().count();
        if self.pasted_patients + patients > MOST_PASTED_PATIENTS {
            return Err(Full::Patients);
        }
        self.take_room(incoming.bytes())?;
        self.pasted_patients += patients;
        for stored in incoming.into_resources() {
            let patient = stored.patient.clone();
            self.insert(Stored {
                added: true,
                ..stored
            });
            if let Some(patient) = patient {
                self.changed(&patient);
            }
        }
        Ok(())
    }

    /// Adds a record to a chart.
    pub fn add_record(&mut self, patient: &str, json: &RawValue) -> Result<u64, Full> {
        self.remember_original(patient);
        let kept = self.originals.get(patient).map_or(0, Vec::len);
        if self.of_patient(patient).count() >= kept + MOST_ADDED_TO_CHART {
            return Err(Full::Chart);
        }
        self.take_room(json.get().len())?;
        let number = self.insert(Stored {
            patient: Some(patient.to_owned()),
            added: true,
            ..stored(json, &[])
        });
        self.changed(patient);
        Ok(number)
    }

    /// Removes a record of a chart; never the Patient. False when there is none of this number.
    pub fn remove_record(&mut self, patient: &str, number: u64) -> bool {
        let is_record = self.resources.get(&number).is_some_and(|stored| {
            stored.resource_type != "Patient" && stored.patient.as_deref() == Some(patient)
        });
        if is_record {
            self.remember_original(patient);
            self.take_out(number);
            self.changed(patient);
        }
        is_record
    }

    /// Puts another version of a record in its place; false when there is no such record. The record is found by type and id.
    pub fn replace_record(&mut self, patient: &str, json: &RawValue) -> Result<bool, Full> {
        let peek = Peek::at(json);
        let id = peek.id.as_ref().map_or("", |id| id.as_str());
        let Some(number) = self.find(patient, peek.type_name(), id) else {
            return Ok(false);
        };
        self.take_room(json.get().len())?;
        self.remember_original(patient);
        self.take_out(number);
        self.index(Arc::new(Stored {
            number,
            patient: Some(patient.to_owned()),
            added: true,
            ..stored(json, &[])
        }));
        self.changed(patient);
        Ok(true)
    }

    /// The number of a record of a chart.
    pub fn find(&self, patient: &str, resource_type: &str, id: &str) -> Option<u64> {
        self.by_reference
            .get(&format!("{resource_type}/{id}"))?
            .iter()
            .copied()
            .find(|number| {
                self.resources
                    .get(number)
                    .is_some_and(|stored| stored.patient.as_deref() == Some(patient))
            })
    }

    /// Puts a chart back as it was before it was edited.
    pub fn reset(&mut self, patient: &str) {
        let Some(original) = self.originals.remove(patient) else {
            return;
        };
        let now: Vec<u64> = self
            .by_patient
            .get(patient)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        for number in now {
            self.take_out(number);
        }
        for stored in original {
            if stored.added {
                self.added_bytes += stored.json.get().len();
            }
            self.index(stored);
        }
        self.changed(patient);
    }

    /// Whether a chart is not as it was at first.
    pub fn is_edited(&self, patient: &str) -> bool {
        self.originals.contains_key(patient)
    }

    /// Changes with each change of a chart.
    pub fn version(&self, patient: &str) -> u64 {
        self.versions.get(patient).copied().unwrap_or_default()
    }

    fn changed(&mut self, patient: &str) {
        *self.versions.entry(patient.to_owned()).or_default() += 1;
    }

    fn take_room(&mut self, bytes: usize) -> Result<(), Full> {
        if self.added_bytes + bytes > MOST_ADDED_BYTES {
            return Err(Full::Bytes);
        }
        self.added_bytes += bytes;
        Ok(())
    }

    fn remember_original(&mut self, patient: &str) {
        if !self.originals.contains_key(patient) {
            let original = self.of_patient(patient).cloned().collect();
            self.originals.insert(patient.to_owned(), original);
        }
    }

    fn insert(&mut self, stored: Stored) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        self.index(Arc::new(Stored { number, ..stored }));
        number
    }

    fn index(&mut self, stored: Arc<Stored>) {
        let number = stored.number;
        if stored.resource_type == "Patient" {
            self.patients.insert(number);
        }
        if let Some(patient) = &stored.patient {
            let of_patient = self.by_patient.entry(patient.clone()).or_default();
            of_patient.insert(number);
        }
        if !stored.id.is_empty() {
            let reference = format!("{}/{}", stored.resource_type, stored.id);
            self.by_reference
                .entry(reference)
                .or_default()
                .insert(number);
        }
        self.resources.insert(number, stored);
    }

    fn take_out(&mut self, number: u64) {
        let Some(stored) = self.resources.remove(&number) else {
            return;
        };
        if stored.added {
            self.added_bytes = self.added_bytes.saturating_sub(stored.json.get().len());
        }
        self.patients.remove(&number);
        if let Some(of_patient) = stored
            .patient
            .as_ref()
            .and_then(|patient| self.by_patient.get_mut(patient))
        {
            of_patient.remove(&number);
        }
        let reference = format!("{}/{}", stored.resource_type, stored.id);
        if let Some(same) = self.by_reference.get_mut(&reference) {
            same.remove(&number);
        }
    }

    fn numbered<'s>(
        &'s self,
        numbers: impl Iterator<Item = &'s u64>,
    ) -> impl Iterator<Item = &'s Arc<Stored>> {
        numbers.filter_map(|number| self.resources.get(number))
    }

    /// All resources of a type.
    pub fn of_type<'s>(&'s self, resource_type: &'s str) -> impl Iterator<Item = &'s Arc<Stored>> {
        self.resources
            .values()
            .filter(move |stored| stored.resource_type == resource_type)
    }

    /// All resources about a patient, the Patient among them.
    pub fn of_patient<'s>(&'s self, patient: &str) -> impl Iterator<Item = &'s Arc<Stored>> {
        self.numbered(self.by_patient.get(patient).into_iter().flatten())
    }

    /// The resource of a type and id; of several with the same the first.
    pub fn by_reference(&self, resource_type: &str, id: &str) -> Option<&Arc<Stored>> {
        let numbers = self.by_reference.get(&format!("{resource_type}/{id}"))?;
        self.numbered(numbers.iter()).next()
    }

    /// All patients.
    pub fn patients(&self) -> impl Iterator<Item = &Arc<Stored>> {
        self.numbered(self.patients.iter())
    }

    /// The Patient of an id.
    pub fn patient(&self, id: &str) -> Option<&Arc<Stored>> {
        self.by_reference("Patient", id)
    }

    /// The resource types held, in alphabetical order.
    pub fn types(&self) -> Vec<&str> {
        let types: BTreeSet<&str> = self
            .resources
            .values()
            .map(|stored| stored.resource_type.as_str())
            .filter(|name| !name.is_empty())
            .collect();
        types.into_iter().collect()
    }
}

//! The resources of a chart at a glance: which could matter to a rule, which record lists which, whose they are.

use super::Incoming;
use crate::domain::codes::SetAsideCode;
use crate::domain::facts::Topic;
use crate::fhir::peek::{Concept, Peek, Reference, Str};
use crate::fhir::reference::type_and_id;
use crate::terminology::{Meaning, Role, Terminology, normalise};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// One resource.
#[derive(Debug)]
pub struct Item<'a> {
    /// `Type/id`, `Type/id#contained`, or the fullUrl.
    pub reference: String,
    /// The JSON.
    pub json: &'a RawValue,
    /// The first look.
    pub peek: Peek<'a>,
    /// The record that lists this one.
    pub parent: Option<usize>,
    /// What it could bear on.
    pub topics: Vec<Topic>,
    /// A treatment that may be radioiodine.
    pub may_be_radioiodine: bool,
}

impl Item<'_> {
    /// `resourceType`.
    pub fn resource_type(&self) -> &str {
        self.peek.type_name()
    }

    /// Whether some rule can use it.
    pub fn may_matter(&self) -> bool {
        !self.topics.is_empty()
    }

    /// A Procedure or a medication.
    pub fn is_treatment(&self) -> bool {
        matches!(
            self.resource_type(),
            "Procedure" | "MedicationAdministration" | "MedicationStatement"
        )
    }
}

/// All resources of a chart.
#[derive(Debug)]
pub struct Items<'a> {
    items: Vec<Item<'a>>,
    by_reference: HashMap<String, usize>,
    /// References that mean the patient: `Patient/id`, fullUrl.
    patient: Vec<String>,
}

impl<'a> Items<'a> {
    /// Looks at every resource.
    pub fn collect(
        records: &[Incoming<'a>],
        terminology: &Terminology,
        patient: &str,
        patient_url: Option<&str>,
    ) -> Self {
        let mut glance = Glance {
            terminology,
            texts: HashMap::new(),
        };
        let mut items: Vec<Item<'a>> = Vec::with_capacity(records.len());
        let mut by_reference: HashMap<String, usize> = HashMap::new();
        for record in records {
            let peek = Peek::at(record.json);
            if !is_read(peek.type_name()) && peek.resource_type.is_some() {
                continue;
            }
            let reference = match (&peek.id, &record.full_url) {
                (Some(id), _) => format!("{}/{}", peek.type_name(), id.as_str()),
                (None, Some(url)) => url.clone(),
                (None, None) => anonymous(peek.type_name(), record.json),
            };
            let index = items.len();
            match by_reference.get(&reference) {
                Some(&earlier) => match newer(&peek, &items[earlier].peek) {
                    Some(true) => {
                        items[earlier] = Item {
                            reference,
                            json: record.json,
                            peek,
                            parent: None,
                            topics: Vec::new(),
                            may_be_radioiodine: false,
                        };
                        continue;
                    }
                    Some(false) => continue,
                    None => {}
                },
                None => {
                    by_reference.insert(reference.clone(), index);
                }
            }
            if let Some(url) = &record.full_url {
                by_reference.entry(url.clone()).or_insert(index);
            }
            items.push(Item {
                reference,
                json: record.json,
                peek,
                parent: None,
                topics: Vec::new(),
                may_be_radioiodine: false,
            });
        }
        for index in 0..items.len() {
            let contained = items[index].peek.contained.take().unwrap_or_default();
            for json in contained {
                let peek = Peek::at(json);
                if !matches!(peek.type_name(), "Observation" | "Medication") {
                    continue;
                }
                let Some(id) = &peek.id else { continue };
                let reference = format!(
                    "{}#{}",
                    items[index].reference,
                    id.as_str().trim_start_matches('#')
                );
                by_reference.entry(reference.clone()).or_insert(items.len());
                items.push(Item {
                    reference,
                    json,
                    peek,
                    parent: Some(index),
                    topics: Vec::new(),
                    may_be_radioiodine: false,
                });
            }
        }
        let mut all = Self {
            items,
            by_reference,
            patient: vec![patient.to_owned()],
        };
        all.patient.extend(patient_url.map(str::to_owned));
        all.link_members();
        for index in 0..all.items.len() {
            let (topics, may_be_radioiodine) = glance.topics(&all, &all.items[index]);
            all.items[index].topics = topics;
            all.items[index].may_be_radioiodine = may_be_radioiodine;
        }
        all.add_groups();
        all
    }

    /// Every resource of a type that rules read, Medications aside.
    pub fn iter(&self) -> impl Iterator<Item = &Item<'a>> {
        self.items
            .iter()
            .filter(|item| item.resource_type() != "Medication")
    }

    /// The resource that a reference of `from` means.
    pub fn resolve(&self, from: &Item<'_>, reference: &str) -> Option<&Item<'a>> {
        self.index_of(&from.reference, reference)
            .map(|index| &self.items[index])
    }

    fn index_of(&self, from: &str, reference: &str) -> Option<usize> {
        let find = |key: &str| self.by_reference.get(key).copied();
        if reference.starts_with('#') {
            let container = from.split('#').next().unwrap_or(from);
            return find(&format!("{container}{reference}"));
        }
        find(reference).or_else(|| {
            let (resource_type, id) = type_and_id(reference)?;
            find(&format!("{resource_type}/{id}"))
        })
    }

    /// The records that list this one, nearest first.
    pub fn ancestors(&self, item: &Item<'_>) -> Vec<&Item<'a>> {
        let mut found: Vec<&Item<'a>> = Vec::new();
        let mut next = item.parent;
        while let Some(index) = next {
            let parent = &self.items[index];
            // A circle of records that list each other ends here.
            if parent.reference == item.reference
                || found.iter().any(|seen| seen.reference == parent.reference)
            {
                break;
            }
            found.push(parent);
            next = parent.parent;
        }
        found
    }

    /// Whether some record names this one as the one that lists it.
    pub fn has_members_that_matter(&self, item: &Item<'_>) -> bool {
        self.items.iter().any(|member| {
            member.may_matter()
                && member
                    .parent
                    .is_some_and(|parent| self.items[parent].reference == item.reference)
        })
    }

    /// Why a record is not the patient's, if so. A member without subject takes that of the record that lists it.
    pub fn subject_problem(&self, item: &Item<'_>) -> Option<SetAsideCode> {
        let own = |item: &Item<'_>| {
            let subject: Option<&Reference<'_>> =
                item.peek.subject.as_ref().or(item.peek.patient.as_ref());
            subject
                .and_then(|subject| subject.reference.as_ref())
                .map(|reference| reference.as_str().to_owned())
        };
        let subject = own(item).or_else(|| self.ancestors(item).into_iter().find_map(own));
        match subject {
            None => Some(SetAsideCode::NoSubject),
            Some(subject) if self.is_patient(&subject) => None,
            Some(subject) if subject.starts_with('#') => Some(SetAsideCode::NoSubject),
            Some(_) => Some(SetAsideCode::ForeignSubject),
        }
    }

    fn is_patient(&self, reference: &str) -> bool {
        self.patient.iter().any(|patient| patient == reference)
            || type_and_id(reference).is_some_and(|(resource_type, id)| {
                self.patient
                    .iter()
                    .any(|patient| type_and_id(patient) == Some((resource_type, id)))
            })
    }

    fn link_members(&mut self) {
        let mut links = Vec::new();
        for (index, item) in self.items.iter().enumerate() {
            for member in item
                .peek
                .has_member
                .iter()
                .flatten()
                .chain(item.peek.result.iter().flatten())
            {
                let reference = member.reference.as_ref().map_or("", Str::as_str);
                if let Some(child) = self.index_of(&item.reference, reference) {
                    links.push((child, index));
                }
            }
        }
        // The same parent whatever the order in which the records came: the one with the least reference.
        links.sort_by(|a, b| self.items[b.1].reference.cmp(&self.items[a.1].reference));
        for (child, parent) in links {
            if child != parent {
                self.items[child].parent = Some(parent);
            }
        }
    }

    /// A record that only lists records that matter gives them date, subject and tracer: it is read too.
    fn add_groups(&mut self) {
        let mut groups = Vec::new();
        for item in self
            .items
            .iter()
            .filter(|item| item.topics.contains(&Topic::FdgUptake))
        {
            let mut next = item.parent;
            let mut steps = 0;
            while let (Some(index), true) = (next, steps < 8) {
                groups.push(index);
                next = self.items[index].parent;
                steps += 1;
            }
        }
        for index in groups {
            let group = &mut self.items[index];
            if matches!(group.resource_type(), "Observation") && group.topics.is_empty() {
                group.topics.push(Topic::FdgUptake);
            }
        }
    }
}

fn is_read(resource_type: &str) -> bool {
    matches!(
        resource_type,
        "Condition"
            | "Observation"
            | "DiagnosticReport"
            | "Procedure"
            | "MedicationAdministration"
            | "MedicationStatement"
            | "Medication"
            | "ServiceRequest"
            | "MedicationRequest"
    )
}

fn anonymous(resource_type: &str, json: &RawValue) -> String {
    let digest = Sha256::digest(json.get().as_bytes());
    let short: String = digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let name = if resource_type.is_empty() {
        "Resource"
    } else {
        resource_type
    };
    format!("{name} without id, sha256 {short}")
}

/// Whether `a` is certainly newer (or certainly older) than `b`; none when that cannot be told.
fn newer(a: &Peek<'_>, b: &Peek<'_>) -> Option<bool> {
    let instant = |peek: &Peek<'_>| -> Option<jiff::Timestamp> {
        peek.meta
            .as_ref()?
            .last_updated
            .as_ref()?
            .as_str()
            .parse()
            .ok()
    };
    let (a, b) = (instant(a)?, instant(b)?);
    (a != b).then_some(a > b)
}

/// Decides from codes and words what a resource could bear on. Texts repeat a lot in real charts: each is read once.
struct Glance<'t> {
    terminology: &'t Terminology,
    texts: HashMap<String, Words>,
}

#[derive(Clone, Copy, Default)]
struct Words {
    fdg: bool,
    metastasis: bool,
    thyroid_cancer: bool,
    radioiodine: bool,
}

impl Glance<'_> {
    fn words(&mut self, text: &str) -> Words {
        if let Some(words) = self.texts.get(text) {
            return *words;
        }
        let normalised = normalise(text);
        let lists = &self.terminology.words;
        let words = Words {
            fdg: lists.speaks_of_fdg(&normalised),
            metastasis: lists.metastasis.occur_in(&normalised),
            thyroid_cancer: lists.speaks_of_thyroid_cancer(&normalised),
            radioiodine: lists.radioiodine.occur_in(&normalised),
        };
        self.texts.insert(text.to_owned(), words);
        words
    }

    fn concept(&mut self, concept: &Concept<'_>) -> (Vec<Meaning>, Words) {
        let mut meanings = Vec::new();
        let mut words = concept
            .text
            .as_ref()
            .map_or(Words::default(), |text| self.words(text.as_str()));
        for coding in concept.coding.iter().flatten() {
            if let (Some(system), Some(code)) = (&coding.system, &coding.code) {
                meanings.extend(self.terminology.meaning(system.as_str(), code.as_str()));
            }
            if let Some(display) = &coding.display {
                let found = self.words(display.as_str());
                words.fdg |= found.fdg;
                words.metastasis |= found.metastasis;
                words.thyroid_cancer |= found.thyroid_cancer;
                words.radioiodine |= found.radioiodine;
            }
        }
        (meanings, words)
    }

    fn topics(&mut self, items: &Items<'_>, item: &Item<'_>) -> (Vec<Topic>, bool) {
        let peek = &item.peek;
        let code_hidden = peek.malformed && peek.code.is_none();
        let mut topics = Vec::new();
        let mut add = |topic: Topic, when: bool| {
            if when && !topics.contains(&topic) {
                topics.push(topic);
            }
        };
        let any = |meanings: &[Meaning], roles: &[Role]| {
            meanings
                .iter()
                .any(|meaning| roles.iter().any(|role| meaning.is(*role)))
        };
        match item.resource_type() {
            "Condition" => {
                let (meanings, words) = peek
                    .code
                    .as_ref()
                    .map_or_else(Default::default, |code| self.concept(code));
                let known = !meanings.is_empty();
                add(
                    Topic::Applicability,
                    code_hidden
                        || any(&meanings, &CONDITION_APPLICABILITY)
                        || (!known && words.thyroid_cancer),
                );
                add(
                    Topic::MetastasisSites,
                    code_hidden
                        || meanings.iter().any(|meaning| meaning.metastasis.is_some())
                        || any(
                            &meanings,
                            &[
                                Role::MetastasisFromThyroid,
                                Role::MetastasisFromOtherOrgan,
                                Role::NeuroendocrineMetastasis,
                            ],
                        )
                        || (!known && words.metastasis),
                );
                add(
                    Topic::Recurrence,
                    code_hidden
                        || any(
                            &meanings,
                            &[
                                Role::ThyroidCancerRecurrence,
                                Role::GenericRecurrence,
                                Role::DiseaseStatusWorsened,
                            ],
                        ),
                );
            }
            "Observation" => {
                let (mut meanings, mut words) = peek
                    .code
                    .as_ref()
                    .map_or_else(Default::default, |code| self.concept(code));
                for component in peek.component.iter().flatten() {
                    if let Some(code) = &component.code {
                        let (more, spoken) = self.concept(code);
                        meanings.extend(more);
                        words.fdg |= spoken.fdg;
                    }
                }
                let value = peek
                    .value_codeable_concept
                    .as_ref()
                    .map_or_else(Default::default, |value| self.concept(value))
                    .0;
                add(
                    Topic::Recurrence,
                    code_hidden || any(&meanings, &[Role::DiseaseStatusObservation]),
                );
                add(
                    Topic::MetastasisSites,
                    code_hidden
                        || any(&meanings, &[Role::MetastasisSiteObservation])
                        || any(&meanings, &STAGING)
                        || any(&value, &STAGING),
                );
                add(
                    Topic::FdgUptake,
                    code_hidden || words.fdg || any(&meanings, &PET),
                );
            }
            "DiagnosticReport" => {
                let (meanings, words) = peek
                    .code
                    .as_ref()
                    .map_or_else(Default::default, |code| self.concept(code));
                add(
                    Topic::FdgUptake,
                    code_hidden || words.fdg || any(&meanings, &[Role::FdgPetStudy]),
                );
            }
            "Procedure" => {
                let (mut meanings, words) = peek
                    .code
                    .as_ref()
                    .map_or_else(Default::default, |code| self.concept(code));
                for used in peek.used_code.iter().flatten() {
                    meanings.extend(self.concept(used).0);
                }
                let radioiodine = code_hidden || any(&meanings, &RADIOIODINE) || words.radioiodine;
                add(
                    Topic::Applicability,
                    radioiodine || any(&meanings, &OPERATION),
                );
                return (topics, radioiodine);
            }
            "MedicationAdministration" | "MedicationStatement" => {
                let (meanings, words) = peek
                    .medication_codeable_concept
                    .as_ref()
                    .map_or_else(Default::default, |code| self.concept(code));
                let by_reference = match &peek.medication_reference {
                    None => false,
                    Some(reference) => {
                        let display = reference
                            .display
                            .as_ref()
                            .map_or(Words::default(), |text| self.words(text.as_str()));
                        let medication = reference
                            .reference
                            .as_ref()
                            .and_then(|r| items.resolve(item, r.as_str()));
                        display.radioiodine
                            || match medication {
                                // The agent of a medication that is not there cannot be told.
                                None => {
                                    reference.display.is_none()
                                        && item.resource_type() == "MedicationAdministration"
                                }
                                Some(medication) => match &medication.peek.code {
                                    // The code may stand in its ingredients.
                                    None => true,
                                    Some(code) => {
                                        let (meanings, words) = self.concept(code);
                                        any(&meanings, &RADIOIODINE)
                                            || words.radioiodine
                                            || meanings.is_empty()
                                    }
                                },
                            }
                    }
                };
                let hidden = peek.malformed
                    && peek.medication_codeable_concept.is_none()
                    && peek.medication_reference.is_none();
                let radioiodine =
                    hidden || by_reference || any(&meanings, &RADIOIODINE) || words.radioiodine;
                add(Topic::Applicability, radioiodine);
                return (topics, radioiodine);
            }
            "ServiceRequest" | "MedicationRequest" => {
                let code = peek
                    .code
                    .as_ref()
                    .or(peek.medication_codeable_concept.as_ref());
                let meanings = code
                    .map_or_else(Default::default, |code| self.concept(code))
                    .0;
                add(
                    Topic::Applicability,
                    any(
                        &meanings,
                        &[
                            Role::RadioiodineTherapy,
                            Role::RadioiodineAgent,
                            Role::RadionuclideTherapyGeneric,
                        ],
                    ),
                );
            }
            "Medication" => {}
            // No readable type: it could be anything.
            _ => {
                add(Topic::Applicability, true);
                add(Topic::MetastasisSites, true);
                add(Topic::Recurrence, true);
                add(Topic::FdgUptake, true);
            }
        }
        (topics, false)
    }
}

const CONDITION_APPLICABILITY: [Role; 11] = [
    Role::DifferentiatedThyroidCancer,
    Role::OncocyticThyroidCancer,
    Role::ThyroidCancerHistologyNotStated,
    Role::ThyroidCancerHistory,
    Role::ExcludedThyroidHistology,
    Role::NotThyroidCancer,
    Role::OtherPrimaryCancer,
    Role::RadioiodineSequela,
    Role::IrradiationHistory,
    Role::ThyroidectomyExtentNotStated,
    Role::ThyroidSite,
];
const STAGING: [Role; 2] = [Role::StagingRegionalNodes, Role::StagingDistantMetastasis];
const PET: [Role; 5] = [
    Role::FdgPetStudy,
    Role::FdgTracer,
    Role::Suv,
    Role::SuvMax,
    Role::NotSuvMax,
];
const OPERATION: [Role; 7] = [
    Role::TotalThyroidectomy,
    Role::CompletionThyroidectomy,
    Role::LeftThyroidLobectomy,
    Role::RightThyroidLobectomy,
    Role::ThyroidectomyExtentNotStated,
    Role::PartialThyroidectomy,
    Role::NeckOperation,
];
const RADIOIODINE: [Role; 5] = [
    Role::RadioiodineTherapy,
    Role::RadioiodineAgent,
    Role::RadionuclideTherapyGeneric,
    Role::RadioiodineBenign,
    Role::RadioiodineDiagnostic,
];

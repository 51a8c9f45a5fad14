//! The resources of a chart at a glance: which could matter to a rule, which record lists which, whose they are.

use super::Incoming;
use crate::domain::codes::SetAsideCode;
use crate::domain::facts::Topic;
use crate::fhir::peek::{Concept, Peek, Reference};
use crate::fhir::reference::type_and_id;
use crate::fhir::release::Release;
use crate::terminology::{Meaning, Role, Terminology, normalise};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::sync::Arc;

/// The resource types that rules read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Condition,
    Observation,
    DiagnosticReport,
    Procedure,
    MedicationAdministration,
    MedicationStatement,
    /// Read only where an administration refers to it.
    Medication,
    /// ServiceRequest or MedicationRequest: an order is no treatment.
    Request,
    /// No readable type: it could be anything.
    Unknown,
}

impl Kind {
    /// The kind of a resource; none when no rule reads its type.
    pub fn of(peek: &Peek<'_>) -> Option<Self> {
        Some(match peek.type_name() {
            "Condition" => Self::Condition,
            "Observation" => Self::Observation,
            "DiagnosticReport" => Self::DiagnosticReport,
            "Procedure" => Self::Procedure,
            "MedicationAdministration" => Self::MedicationAdministration,
            "MedicationStatement" => Self::MedicationStatement,
            "Medication" => Self::Medication,
            "ServiceRequest" | "MedicationRequest" => Self::Request,
            _ if peek.resource_type.is_none() => Self::Unknown,
            _ => return None,
        })
    }

    /// Name for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Condition => "Condition",
            Self::Observation => "Observation",
            Self::DiagnosticReport => "DiagnosticReport",
            Self::Procedure => "Procedure",
            Self::MedicationAdministration => "MedicationAdministration",
            Self::MedicationStatement => "MedicationStatement",
            Self::Medication => "Medication",
            Self::Request => "Request",
            Self::Unknown => "without type",
        }
    }
}

/// A set of topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Topics(u8);

impl Topics {
    const ALL: [Topic; 4] = [
        Topic::Applicability,
        Topic::Recurrence,
        Topic::MetastasisSites,
        Topic::FdgUptake,
    ];

    fn add(&mut self, topic: Topic, when: bool) {
        self.0 |= u8::from(when) << topic as u8;
    }

    /// Whether a topic is in.
    pub fn contains(self, topic: Topic) -> bool {
        self.0 & (1 << topic as u8) != 0
    }

    /// Every topic that is in.
    pub fn iter(self) -> impl Iterator<Item = Topic> {
        Self::ALL
            .into_iter()
            .filter(move |topic| self.contains(*topic))
    }

    /// No topic is in.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// One resource that could matter, or that lists others.
#[derive(Debug)]
pub struct Item<'a> {
    /// `Type/id`, `Type/id#contained`, or the fullUrl.
    pub reference: Arc<str>,
    /// The JSON.
    pub json: &'a RawValue,
    /// Its type.
    pub kind: Kind,
    /// What it could bear on.
    pub topics: Topics,
    /// A treatment that may be radioiodine.
    pub may_be_radioiodine: bool,
    /// Some record that matters names this one as the one that lists it.
    pub lists_findings: bool,
    /// The record that lists this one.
    parent: Option<usize>,
    /// `subject.reference`.
    subject: Option<Cow<'a, str>>,
}

impl Item<'_> {
    /// Whether some rule can use it.
    pub fn may_matter(&self) -> bool {
        !self.topics.is_empty()
    }

    /// A Procedure or a medication.
    pub fn is_treatment(&self) -> bool {
        matches!(
            self.kind,
            Kind::Procedure | Kind::MedicationAdministration | Kind::MedicationStatement
        )
    }
}

/// How many records of a type there were, and how many a rule looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coverage {
    /// All.
    pub records: usize,
    /// Those that a rule looked at.
    pub used: usize,
}

/// The resources of a chart that could matter.
#[derive(Debug)]
pub struct Items<'a> {
    items: Vec<Item<'a>>,
    by_reference: HashMap<Arc<str>, usize>,
    /// References that mean the patient: `Patient/id`, fullUrl.
    patient: Vec<String>,
    /// By type.
    pub coverage: BTreeMap<Kind, Coverage>,
}

/// The version of a resource that counts so far; an irrelevant one has no index.
struct Version<'a> {
    index: Option<usize>,
    /// `meta.lastUpdated`, read only when the resource is there twice.
    updated: Option<Cow<'a, str>>,
}

impl Version<'_> {
    fn updated(&self) -> Option<jiff::Timestamp> {
        self.updated.as_ref()?.parse().ok()
    }
}

/// Records that list each other are followed this far.
const DEEPEST_LIST: usize = 8;

impl<'a> Items<'a> {
    /// Looks at every resource and keeps those that could matter. The others leave no trace but their number.
    pub fn collect(
        records: &[Incoming<'a>],
        release: Release,
        terminology: &Terminology,
        patient: &str,
        patient_url: Option<&str>,
    ) -> Self {
        let mut glance = Glance::new(terminology);
        let mut all = Self {
            items: Vec::new(),
            by_reference: HashMap::new(),
            patient: vec![patient.to_owned()],
            coverage: BTreeMap::new(),
        };
        all.patient.extend(patient_url.map(str::to_owned));
        let hasher = std::hash::RandomState::new();
        let mut versions: HashMap<u64, Version<'_>> = HashMap::new();
        // Reference of each member with the index of the record that lists it.
        let mut links: Vec<(usize, String)> = Vec::new();
        let mut medications: Vec<(usize, Option<String>, bool)> = Vec::new();
        for record in records {
            let peek = Peek::written_in(release, record.json);
            let Some(kind) = Kind::of(&peek) else {
                continue;
            };
            all.coverage.entry(kind).or_default().records += 1;
            let (topics, may_be_radioiodine) = glance.topics(kind, &peek);
            let has_reference = matches!(
                kind,
                Kind::MedicationAdministration | Kind::MedicationStatement
            ) && peek.medication_reference.is_some();
            let lists = peek.has_member.is_some() || peek.result.is_some();
            let keep = !topics.is_empty() || lists || has_reference || kind == Kind::Medication;
            let index = all.items.len();
            if let Some(id) = &peek.id {
                let key = hasher.hash_one((kind as u8, id.as_str()));
                let version = Version {
                    index: keep.then_some(index),
                    updated: last_updated(&peek),
                };
                if let Some(earlier) = versions.get(&key) {
                    match (version.updated(), earlier.updated()) {
                        (Some(this), Some(that)) if this < that => continue,
                        (Some(this), Some(that)) if this > that => {
                            if let Some(index) = earlier.index {
                                all.items[index].topics = Topics::default();
                                all.items[index].kind = Kind::Medication;
                            }
                            let reference = format!("{}/{}", peek.type_name(), id.as_str());
                            all.by_reference.remove(reference.as_str());
                            medications.retain(|(index, ..)| Some(*index) != earlier.index);
                            links.retain(|(index, _)| Some(*index) != earlier.index);
                            versions.insert(key, version);
                        }
                        // Which one counts cannot be told: both.
                        _ => {}
                    }
                } else {
                    versions.insert(key, version);
                }
            }
            if !keep {
                continue;
            }
            let reference: Arc<str> = match (&peek.id, &record.full_url) {
                (Some(id), _) => format!("{}/{}", peek.type_name(), id.as_str()).into(),
                (None, Some(url)) => url.as_ref().into(),
                (None, None) => {
                    let reference: Arc<str> = anonymous(peek.type_name(), record.json).into();
                    // The same content again, and nothing that would tell the copies apart.
                    if all.by_reference.contains_key(&reference) {
                        continue;
                    }
                    reference
                }
            };
            all.by_reference.entry(reference.clone()).or_insert(index);
            if let Some(url) = &record.full_url {
                all.by_reference.entry(url.as_ref().into()).or_insert(index);
            }
            for member in peek
                .has_member
                .iter()
                .flatten()
                .chain(peek.result.iter().flatten())
            {
                links.extend(
                    member
                        .reference
                        .as_ref()
                        .map(|reference| (index, reference.as_str().to_owned())),
                );
            }
            if has_reference {
                let target = peek
                    .medication_reference
                    .as_ref()
                    .and_then(|r| r.reference.as_ref())
                    .map(|r| r.as_str().to_owned());
                let display = peek
                    .medication_reference
                    .as_ref()
                    .and_then(|r| r.display.as_ref());
                let speaks = display.is_some_and(|text| glance.words(text.as_str()).radioiodine);
                medications.push((
                    index,
                    target.filter(|_| !speaks),
                    (display.is_some() && !speaks) || names_medication(&peek),
                ));
            }
            all.items.push(Item {
                json: record.json,
                kind,
                topics,
                may_be_radioiodine,
                lists_findings: false,
                parent: None,
                subject: subject(&peek),
                reference,
            });
            for json in peek.contained.into_iter().flatten() {
                all.add_contained(json, index, release, &mut glance);
            }
        }
        all.link_members(links);
        all.read_medications(medications, &mut glance);
        all.add_groups();
        all
    }

    fn add_contained(
        &mut self,
        json: &'a RawValue,
        container: usize,
        release: Release,
        glance: &mut Glance<'_>,
    ) {
        let peek = Peek::written_in(release, json);
        let Some(kind @ (Kind::Observation | Kind::Medication)) = Kind::of(&peek) else {
            return;
        };
        let Some(id) = &peek.id else { return };
        let reference: Arc<str> = format!(
            "{}#{}",
            self.items[container].reference,
            id.as_str().trim_start_matches('#')
        )
        .into();
        let (topics, may_be_radioiodine) = glance.topics(kind, &peek);
        self.by_reference
            .entry(reference.clone())
            .or_insert(self.items.len());
        let subject = subject(&peek);
        self.items.push(Item {
            reference,
            json,
            kind,
            topics,
            may_be_radioiodine,
            lists_findings: false,
            parent: Some(container),
            subject,
        });
    }

    /// Every resource that could matter.
    pub fn iter(&self) -> impl Iterator<Item = &Item<'a>> {
        self.items
            .iter()
            .filter(|item| item.kind != Kind::Medication && item.may_matter())
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
        while let (Some(index), true) = (next, found.len() < DEEPEST_LIST) {
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

    /// Why a record is not the patient's, if so. A member without subject takes that of the record that lists it.
    pub fn subject_problem(&self, item: &Item<'_>) -> Option<SetAsideCode> {
        let inherited = || {
            self.ancestors(item)
                .into_iter()
                .find_map(|ancestor| ancestor.subject.as_deref())
        };
        match item.subject.as_deref().or_else(inherited) {
            None => Some(SetAsideCode::NoSubject),
            Some(subject) if self.is_patient(subject) => None,
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

    fn link_members(&mut self, links: Vec<(usize, String)>) {
        let mut resolved: Vec<(usize, usize)> = links
            .iter()
            .filter_map(|(parent, reference)| {
                Some((
                    self.index_of(&self.items[*parent].reference, reference)?,
                    *parent,
                ))
            })
            .filter(|(child, parent)| child != parent)
            .collect();
        // The same parent whatever the order in which the records came: the one with the least reference.
        resolved.sort_by(|a, b| self.items[b.1].reference.cmp(&self.items[a.1].reference));
        for (child, parent) in resolved {
            self.items[child].parent = Some(parent);
        }
    }

    /// A medication given by reference is read when the Medication, or its absence, leaves room for radioiodine.
    fn read_medications(
        &mut self,
        medications: Vec<(usize, Option<String>, bool)>,
        glance: &mut Glance<'_>,
    ) {
        let mut known: HashMap<usize, bool> = HashMap::new();
        for (index, target, is_named) in medications {
            let Some(target) = target else {
                // Its display speaks of radioiodine, or there is nothing to resolve.
                if !is_named {
                    self.mark_radioiodine(index);
                }
                continue;
            };
            let may_be = match self.index_of(&self.items[index].reference, &target) {
                // The agent of a medication that is not there cannot be told.
                None => !is_named && self.items[index].kind == Kind::MedicationAdministration,
                Some(medication) => *known.entry(medication).or_insert_with(|| {
                    // `Medication.code` is the same in every release.
                    glance.medication_may_be_radioiodine(&Peek::at(self.items[medication].json))
                }),
            };
            if may_be {
                self.mark_radioiodine(index);
            }
        }
    }

    fn mark_radioiodine(&mut self, index: usize) {
        self.items[index].may_be_radioiodine = true;
        self.items[index].topics.add(Topic::Applicability, true);
    }

    /// A record that only lists records that matter gives them date, subject and tracer: it is read too.
    fn add_groups(&mut self) {
        for index in 0..self.items.len() {
            if !self.items[index].topics.contains(Topic::FdgUptake) {
                continue;
            }
            let mut next = self.items[index].parent;
            for step in 0..DEEPEST_LIST {
                let Some(parent) = next else { break };
                self.items[parent].lists_findings |= step == 0;
                next = self.items[parent].parent;
            }
        }
        for index in 0..self.items.len() {
            if self.items[index].lists_findings && self.items[index].kind == Kind::Observation {
                self.items[index].topics.add(Topic::FdgUptake, true);
            }
        }
        for item in self.items.iter().filter(|item| item.may_matter()) {
            self.coverage.entry(item.kind).or_default().used += 1;
        }
    }
}

/// `subject.reference`, or that of `patient`.
pub fn subject<'a>(peek: &Peek<'a>) -> Option<Cow<'a, str>> {
    let subject: Option<&Reference<'a>> = peek.subject.as_ref().or(peek.patient.as_ref());
    subject
        .and_then(|subject| subject.reference.as_ref())
        .map(|reference| reference.clone().into_cow())
}

/// Whether the resource itself says which medication it is about.
fn names_medication(peek: &Peek<'_>) -> bool {
    let concept = peek.medication_codeable_concept.as_ref();
    concept.is_some_and(|concept| !concept.is_empty())
}

fn last_updated<'a>(peek: &Peek<'a>) -> Option<Cow<'a, str>> {
    let updated = peek.meta.as_ref()?.last_updated.as_ref()?;
    Some(updated.clone().into_cow())
}

fn is_laboratory(peek: &Peek<'_>) -> bool {
    let codings = peek
        .category
        .iter()
        .flatten()
        .flat_map(|category| category.coding.iter().flatten());
    codings.into_iter().any(|coding| {
        coding
            .code
            .as_ref()
            .is_some_and(|code| code.as_str().eq_ignore_ascii_case("laboratory"))
    })
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

/// Decides from codes and words what a resource could bear on. Texts repeat a lot in real charts: each is read once.
pub struct Glance<'t> {
    terminology: &'t Terminology,
    texts: HashMap<String, Words>,
}

/// What a text speaks of.
#[derive(Clone, Copy, Default)]
pub struct Words {
    fdg: bool,
    metastasis: bool,
    /// Thyroid cancer.
    pub thyroid_cancer: bool,
    radioiodine: bool,
}

impl<'t> Glance<'t> {
    /// With nothing remembered.
    pub fn new(terminology: &'t Terminology) -> Self {
        Self {
            terminology,
            texts: HashMap::new(),
        }
    }

    /// Forgets the texts when there are more than so many.
    pub fn forget_beyond(&mut self, texts: usize) {
        if self.texts.len() > texts {
            self.texts.clear();
        }
    }

    fn medication_may_be_radioiodine(&mut self, medication: &Peek<'_>) -> bool {
        // Without a known code the agent may stand in the ingredients.
        let Some(code) = &medication.code else {
            return true;
        };
        let (meanings, words) = self.concept(code);
        words.radioiodine
            || meanings.is_empty()
            || meanings
                .iter()
                .any(|meaning| RADIOIODINE.iter().any(|role| meaning.is(*role)))
    }

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

    /// What a concept means, and what its texts speak of.
    pub fn concept(&mut self, concept: &Concept<'_>) -> (Vec<Meaning>, Words) {
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

    /// What a resource could bear on, and whether it is a treatment that may be radioiodine.
    pub fn topics(&mut self, kind: Kind, peek: &Peek<'_>) -> (Topics, bool) {
        let code_hidden = peek.malformed && peek.code.is_none();
        let mut topics = Topics::default();
        let mut add = |topic: Topic, when: bool| topics.add(topic, when);
        let any = |meanings: &[Meaning], roles: &[Role]| {
            meanings
                .iter()
                .any(|meaning| roles.iter().any(|role| meaning.is(*role)))
        };
        match kind {
            Kind::Condition => {
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
            Kind::Observation => {
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
                    code_hidden || (words.fdg || any(&meanings, &PET)) && !is_laboratory(peek),
                );
            }
            Kind::DiagnosticReport => {
                let (meanings, words) = peek
                    .code
                    .as_ref()
                    .map_or_else(Default::default, |code| self.concept(code));
                add(
                    Topic::FdgUptake,
                    code_hidden || words.fdg || any(&meanings, &[Role::FdgPetStudy]),
                );
            }
            Kind::Procedure => {
                let (mut meanings, words) = peek
                    .code
                    .as_ref()
                    .map_or_else(Default::default, |code| self.concept(code));
                for used in peek.used_code.iter().flatten() {
                    meanings.extend(self.concept(used).0);
                }
                let hidden = code_hidden || peek.used.is_some();
                let radioiodine = hidden || any(&meanings, &RADIOIODINE) || words.radioiodine;
                add(
                    Topic::Applicability,
                    radioiodine || any(&meanings, &OPERATION),
                );
                return (topics, radioiodine);
            }
            Kind::MedicationAdministration | Kind::MedicationStatement => {
                let (meanings, words) = peek
                    .medication_codeable_concept
                    .as_ref()
                    .map_or_else(Default::default, |code| self.concept(code));
                // An administration that does not say of what; a medication as another release of FHIR would write it.
                let hidden = peek.medication.is_some()
                    || (peek.malformed || kind == Kind::MedicationAdministration)
                        && !names_medication(peek)
                        && peek.medication_reference.is_none();
                let radioiodine = hidden || any(&meanings, &RADIOIODINE) || words.radioiodine;
                add(Topic::Applicability, radioiodine);
                return (topics, radioiodine);
            }
            Kind::Request => {
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
            Kind::Medication => {}
            Kind::Unknown => {
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

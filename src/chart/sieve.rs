//! One resource at a time, out of many patients' data: whose is it, and could a rule use it?
//!
//! The same glance that [`super::read`] takes at every resource, for whoever must choose from more than fits in memory. What
//! the sieve leaves out no rule would look at; what it keeps, [`super::read`] judges. Read [`Sieve`] first.

use super::items::{Glance, Kind, subject};
use crate::fhir::peek::{Concept, Peek};
use crate::fhir::reference::type_and_id;
use crate::fhir::release::Release;
use crate::terminology::{Role, Terminology};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Texts whose meaning is remembered. Texts of patients differ without end; those that repeat come back soon.
const REMEMBERED_TEXTS: usize = 4096;

/// Looks at resources.
pub struct Sieve<'t> {
    glance: Glance<'t>,
    release: Release,
}

/// What a glance tells about one resource.
#[derive(Debug)]
pub struct Seen<'a> {
    /// `resourceType`; empty when there is none.
    pub resource_type: Cow<'a, str>,
    /// `id`.
    pub id: Option<Cow<'a, str>>,
    /// Id of the Patient that it is about; none without such a subject.
    pub patient: Option<Cow<'a, str>>,
    /// A rule could use it, alone or with the records that it names.
    pub may_matter: bool,
    /// A Condition that could be the diagnosis of thyroid cancer.
    pub may_be_thyroid_cancer: bool,
    /// Records that it lists or rests on, as they are referred to: members, results, the medication.
    pub names: Vec<Cow<'a, str>>,
    /// System and code of what it is about and of its value.
    pub codings: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'t> Sieve<'t> {
    /// For resources of this release.
    pub fn new(terminology: &'t Terminology, release: Release) -> Self {
        Self {
            glance: Glance::new(terminology),
            release,
        }
    }

    /// Looks at a resource.
    pub fn look<'a>(&mut self, json: &'a RawValue) -> Seen<'a> {
        self.glance.forget_beyond(REMEMBERED_TEXTS);
        let peek = Peek::written_in(self.release, json);
        let patient = patient(&peek);
        let mut seen = Seen {
            resource_type: Cow::Borrowed(""),
            id: None,
            patient,
            may_matter: false,
            may_be_thyroid_cancer: false,
            names: Vec::new(),
            codings: Vec::new(),
        };
        if let Some(kind) = Kind::of(&peek) {
            let (topics, _) = self.glance.topics(kind, &peek);
            let lists = peek.has_member.is_some() || peek.result.is_some();
            let by_reference = matches!(
                kind,
                Kind::MedicationAdministration | Kind::MedicationStatement
            ) && peek.medication_reference.is_some();
            // An order changes no state.
            seen.may_matter = kind != Kind::Request
                && (!topics.is_empty() || lists || by_reference || kind == Kind::Medication);
            seen.may_be_thyroid_cancer =
                kind == Kind::Condition && self.may_be_thyroid_cancer(&peek);
        }
        for concept in [&peek.code, &peek.value_codeable_concept]
            .into_iter()
            .flatten()
        {
            codings(concept, &mut seen.codings);
        }
        let listed = peek
            .has_member
            .into_iter()
            .flatten()
            .chain(peek.result.into_iter().flatten())
            .chain(peek.medication_reference);
        seen.names = listed
            .filter_map(|reference| Some(reference.reference?.into_cow()))
            .collect();
        seen.resource_type = peek
            .resource_type
            .map_or(Cow::Borrowed(""), |text| text.into_cow());
        seen.id = peek.id.map(|text| text.into_cow());
        seen
    }

    fn may_be_thyroid_cancer(&mut self, peek: &Peek<'_>) -> bool {
        let Some(code) = &peek.code else {
            return peek.malformed;
        };
        let (meanings, words) = self.glance.concept(code);
        if meanings.is_empty() {
            return words.thyroid_cancer;
        }
        meanings
            .iter()
            .any(|meaning| THYROID_CANCER.iter().any(|role| meaning.is(*role)))
    }
}

/// Roles without one of which no Condition makes a diagnosis of thyroid cancer: the histology counts only beside a site.
const THYROID_CANCER: [Role; 8] = [
    Role::DifferentiatedThyroidCancer,
    Role::OncocyticThyroidCancer,
    Role::ThyroidCancerHistologyNotStated,
    Role::ThyroidCancerHistory,
    Role::ExcludedThyroidHistology,
    Role::ThyroidSite,
    Role::MetastasisFromThyroid,
    Role::ThyroidCancerRecurrence,
];

fn patient<'a>(peek: &Peek<'a>) -> Option<Cow<'a, str>> {
    match subject(peek)? {
        Cow::Borrowed(text) => patient_id(text).map(Cow::Borrowed),
        Cow::Owned(text) => patient_id(&text).map(|id| Cow::Owned(id.to_owned())),
    }
}

fn patient_id(reference: &str) -> Option<&str> {
    type_and_id(reference)
        .filter(|(resource_type, _)| *resource_type == "Patient")
        .map(|(_, id)| id)
}

fn codings<'a>(concept: &Concept<'a>, found: &mut Vec<(Cow<'a, str>, Cow<'a, str>)>) {
    for coding in concept.coding.iter().flatten() {
        if let (Some(system), Some(code)) = (&coding.system, &coding.code) {
            found.push((system.clone().into_cow(), code.clone().into_cow()));
        }
    }
}

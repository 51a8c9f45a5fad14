//! From prefetched values or files to the resources of one patient, with what is known about their completeness.

use super::{ClinicalStatus, Incoming, Input, Release};
use crate::domain::facts::{From, Source, Sources};
use crate::fhir::bundle::{Bundle, Content, split};
use crate::fhir::peek::Peek;
use crate::fhir::reference::type_and_id;
use serde_json::value::RawValue;

/// One prefetch key of a service with what the client sent for it, and what was read from its FHIR server.
#[derive(Debug)]
pub struct Prefetched<'a> {
    /// The key.
    pub key: &'a str,
    /// The resource type that its template asks for.
    pub resource_type: &'a str,
    /// The value; none when the client left the key out.
    content: Option<Content<'a>>,
    /// Read from the FHIR server: everything for an absent key, the pages that follow for a paged one.
    pub fetched: Option<Fetched<'a>>,
}

/// What of a key is not in the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lacking {
    /// Everything: the key was not sent.
    Everything,
    /// The pages after this link.
    PagesAfter(String),
}

impl<'a> Prefetched<'a> {
    /// What the client sent for a key; none when it left the key out.
    pub fn new(key: &'a str, resource_type: &'a str, content: Option<Content<'a>>) -> Self {
        Self {
            key,
            resource_type,
            content,
            fetched: None,
        }
    }

    /// What could be read from the client's FHIR server. A key that holds an error is not among it: the client's own try
    /// failed, and the same one again is pointless.
    pub fn lacking(&self) -> Option<Lacking> {
        match &self.content {
            None => Some(Lacking::Everything),
            Some(Content::Bundle(bundle)) => bundle
                .next
                .as_ref()
                .map(|next| Lacking::PagesAfter(next.clone().into_owned())),
            Some(_) => None,
        }
    }
}

/// What was read from a FHIR server for one key.
#[derive(Debug, Clone)]
pub struct Fetched<'a> {
    /// A resource, or the pages of a search in their order.
    pub pages: Vec<&'a RawValue>,
    /// Why something is missing; none when everything is there.
    pub failure: Option<&'static str>,
}

/// Why prefetched data cannot be assessed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnusableInput {
    /// Data without which no answer is possible: 412.
    #[error("prefetch key \"{key}\" is required and {why}")]
    Missing {
        /// The key.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// A resource of another type where the Patient is due: 422.
    #[error("prefetch key \"{key}\" must hold a Patient")]
    NotAPatient {
        /// The key.
        key: String,
    },
    /// The Patient is not the one of the context: 422.
    #[error("prefetch key \"{key}\" holds another patient than context.patientId names")]
    AnotherPatient {
        /// The key.
        key: String,
    },
}

/// Collects the resources of a hook call, written in this release. Absent, null, empty, failed and paged are five different
/// things.
pub fn from_prefetch<'a>(
    patient_id: &str,
    keys: Vec<Prefetched<'a>>,
    release: Release,
) -> Result<Input<'a>, UnusableInput> {
    let mut sources = Sources::default();
    let mut records = Vec::new();
    let mut patient = None;
    for mut key in keys {
        if key.resource_type == "Patient" {
            let (incoming, from) = prefetched_patient(patient_id, key)?;
            patient = Some(incoming);
            sources.patient = Source::complete(from);
            continue;
        }
        let source = collect(&mut key, &mut records);
        if key.resource_type == "Condition" && !source.complete {
            let failure = key.fetched.as_ref().and_then(|fetched| fetched.failure);
            let why = match (failure, source.from) {
                (Some(failure), _) => not_readable(failure),
                (None, From::Absent) => "was not sent".into(),
                (None, From::Failed) => "holds an error instead of data".into(),
                (None, _) => "is incomplete: pages or entries are missing".into(),
            };
            return Err(UnusableInput::Missing {
                key: key.key.into(),
                why,
            });
        }
        if let Some(slot) = slot(&mut sources, key.resource_type) {
            *slot = source;
        }
    }
    let patient = patient.ok_or_else(|| UnusableInput::Missing {
        key: "patient".into(),
        why: "is not asked for by this service".into(),
    })?;
    Ok(Input {
        patient,
        records,
        sources,
        release,
        clinical_status: ClinicalStatus::Current,
    })
}

fn not_readable(failure: &str) -> String {
    format!("could not be read from the FHIR server ({failure})")
}

fn prefetched_patient<'a>(
    patient_id: &str,
    key: Prefetched<'a>,
) -> Result<(Incoming<'a>, From), UnusableInput> {
    let missing = |why: &str| UnusableInput::Missing {
        key: key.key.into(),
        why: why.into(),
    };
    let (content, from) = match (key.content, &key.fetched) {
        (Some(content), _) => (content, From::Prefetch),
        (None, Some(fetched)) => match (fetched.pages.first(), fetched.failure) {
            (Some(json), None) => (split(json), From::Fetched),
            (_, failure) => return Err(missing(&not_readable(failure.unwrap_or("no answer")))),
        },
        (None, None) => return Err(missing("was not sent")),
    };
    let candidate = match content {
        Content::Null => return Err(missing("is null: the client found no such patient")),
        Content::OperationOutcome => return Err(missing("holds an error instead of data")),
        Content::NotAResource => {
            return Err(UnusableInput::NotAPatient {
                key: key.key.into(),
            });
        }
        Content::Resource { json, .. } => Incoming {
            full_url: None,
            json,
        },
        Content::Bundle(bundle) => {
            let mut patients: Vec<Incoming<'a>> = bundle
                .entries
                .into_iter()
                .map(|entry| Incoming {
                    full_url: entry.full_url,
                    json: entry.json,
                })
                .filter(|incoming| Peek::at(incoming.json).type_name() == "Patient")
                .collect();
            match patients.len() {
                0 => return Err(missing("holds no Patient")),
                1 => patients.remove(0),
                _ => {
                    let own = |incoming: &Incoming<'a>| {
                        Peek::at(incoming.json)
                            .id
                            .is_some_and(|id| id.as_str() == patient_id)
                    };
                    patients
                        .into_iter()
                        .find(own)
                        .ok_or_else(|| UnusableInput::AnotherPatient {
                            key: key.key.into(),
                        })?
                }
            }
        }
    };
    let peek = Peek::at(candidate.json);
    if peek.type_name() != "Patient" {
        return Err(UnusableInput::NotAPatient {
            key: key.key.into(),
        });
    }
    match &peek.id {
        Some(id) if id.as_str() == patient_id => Ok((candidate, from)),
        _ => Err(UnusableInput::AnotherPatient {
            key: key.key.into(),
        }),
    }
}

fn collect<'a>(key: &mut Prefetched<'a>, records: &mut Vec<Incoming<'a>>) -> Source {
    let content = key.content.take();
    let is_sent = content.is_some();
    let is_followed = key.fetched.is_some();
    let mut take = |content, from| take(content, key.resource_type, is_followed, from, records);
    let mut source = match content {
        Some(content) => take(content, From::Prefetch),
        None => Source {
            from: From::Absent,
            pages: 0,
            complete: false,
        },
    };
    if let Some(fetched) = &key.fetched {
        if !is_sent {
            source = Source {
                from: From::Fetched,
                pages: 0,
                complete: true,
            };
        }
        for json in &fetched.pages {
            let page = take(split(json), From::Fetched);
            source.pages += page.pages;
            source.complete &= page.complete;
        }
        source.complete &= fetched.failure.is_none();
        if source.pages == 0 && !source.complete {
            source.from = From::Failed;
        }
    }
    source
}

/// The resources of one prefetched value or one page.
fn take<'a>(
    content: Content<'a>,
    expected: &str,
    is_followed: bool,
    from: From,
    records: &mut Vec<Incoming<'a>>,
) -> Source {
    let failed = Source {
        from: From::Failed,
        pages: 0,
        complete: false,
    };
    match content {
        Content::Null => Source::complete(from),
        Content::OperationOutcome | Content::NotAResource => failed,
        Content::Resource {
            resource_type,
            json,
        } => {
            records.push(Incoming {
                full_url: None,
                json,
            });
            if resource_type == expected {
                Source::complete(from)
            } else {
                failed
            }
        }
        Content::Bundle(bundle) => {
            // Whether a page that was announced is missing, only whoever followed the links can tell.
            let complete = is_complete(&bundle) || (is_followed && has_all_entries(&bundle));
            let failed = bundle.has_error && bundle.entries.is_empty();
            add(bundle, records);
            Source {
                from: if failed { From::Failed } else { from },
                pages: u32::from(!failed),
                complete,
            }
        }
    }
}

fn has_all_entries(bundle: &Bundle<'_>) -> bool {
    !bundle.has_error && bundle.unreadable == 0
}

fn is_complete(bundle: &Bundle<'_>) -> bool {
    !bundle.has_next && has_all_entries(bundle)
}

fn add<'a>(bundle: Bundle<'a>, records: &mut Vec<Incoming<'a>>) {
    records.extend(bundle.entries.into_iter().map(|entry| Incoming {
        full_url: entry.full_url,
        json: entry.json,
    }));
}

fn slot<'s>(sources: &'s mut Sources, resource_type: &str) -> Option<&'s mut Source> {
    match resource_type {
        "Patient" => Some(&mut sources.patient),
        "Condition" => Some(&mut sources.conditions),
        "Observation" => Some(&mut sources.observations),
        "Procedure" => Some(&mut sources.procedures),
        "MedicationAdministration" => Some(&mut sources.medication_administrations),
        "DiagnosticReport" => Some(&mut sources.diagnostic_reports),
        _ => None,
    }
}

/// The resources of files, before they are told apart by patient. FHIR R4 unless told otherwise.
#[derive(Debug, Default)]
pub struct Resources<'a> {
    patients: Vec<(String, Incoming<'a>)>,
    records: Vec<Incoming<'a>>,
    incomplete: bool,
    release: Release,
}

impl<'a> Resources<'a> {
    /// None yet; those to come are written in this release.
    pub fn written_in(release: Release) -> Self {
        Self {
            release,
            ..Self::default()
        }
    }

    /// Adds a Bundle, a resource, or nothing; false when the value is no FHIR at all.
    pub fn add(&mut self, json: &'a RawValue) -> bool {
        match split(json) {
            Content::NotAResource => return false,
            Content::Null => {}
            Content::OperationOutcome => self.incomplete = true,
            Content::Resource { .. } => self.add_resource(Incoming {
                full_url: None,
                json,
            }),
            Content::Bundle(bundle) => {
                self.incomplete |= !is_complete(&bundle);
                for entry in bundle.entries {
                    // A Bundle of searchsets, as a batch answers.
                    if Peek::at(entry.json).type_name() == "Bundle" {
                        self.add(entry.json);
                    } else {
                        self.add_resource(Incoming {
                            full_url: entry.full_url,
                            json: entry.json,
                        });
                    }
                }
            }
        }
        true
    }

    fn add_resource(&mut self, incoming: Incoming<'a>) {
        let peek = Peek::at(incoming.json);
        if peek.type_name() == "Patient" {
            let id = peek
                .id
                .as_ref()
                .map(|id| id.as_str().to_owned())
                .or_else(|| incoming.full_url.clone().map(std::borrow::Cow::into_owned))
                .unwrap_or_default();
            if !self.patients.iter().any(|(known, _)| *known == id) {
                self.patients.push((id, incoming));
            }
        } else {
            self.records.push(incoming);
        }
    }

    /// The ids of the patients, in order.
    pub fn patients(&self) -> impl Iterator<Item = &str> {
        self.patients.iter().map(|(id, _)| id.as_str())
    }

    /// Everything about one patient. Records of another patient of the same input are left out, they are that one's.
    pub fn of(&self, patient_id: &str) -> Option<Input<'a>> {
        let (_, patient) = self.patients.iter().find(|(id, _)| id == patient_id)?;
        let belongs_to_another = |record: &Incoming<'a>| {
            let peek = Peek::at(record.json);
            let subject = peek
                .subject
                .as_ref()
                .or(peek.patient.as_ref())
                .and_then(|subject| subject.reference.as_ref());
            subject.is_some_and(|subject| {
                let subject = subject.as_str();
                self.patients.iter().any(|(id, other)| {
                    id != patient_id
                        && (other.full_url.as_deref() == Some(subject)
                            || type_and_id(subject) == Some(("Patient", id.as_str())))
                })
            })
        };
        let records: Vec<Incoming<'a>> = if self.patients.len() == 1 {
            self.records.clone()
        } else {
            self.records
                .iter()
                .filter(|r| !belongs_to_another(r))
                .cloned()
                .collect()
        };
        let source = Source {
            from: From::Input,
            pages: 1,
            complete: !self.incomplete,
        };
        let sources = Sources {
            patient: source,
            conditions: source,
            observations: source,
            procedures: source,
            medication_administrations: source,
            diagnostic_reports: source,
        };
        Some(Input {
            patient: patient.clone(),
            records,
            sources,
            release: self.release,
            clinical_status: ClinicalStatus::Current,
        })
    }

    /// Whether pages or entries of the input are missing.
    pub fn incomplete(&self) -> bool {
        self.incomplete
    }
}

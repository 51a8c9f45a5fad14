//! From prefetched values or files to the resources of one patient, with what is known about their completeness.

use super::{Incoming, Input, Release};
use crate::domain::facts::{From, Source, Sources};
use crate::fhir::bundle::{Bundle, Content, split};
use crate::fhir::peek::Peek;
use crate::fhir::reference::type_and_id;
use serde_json::value::RawValue;

/// One prefetch key of a service with what the client sent for it.
#[derive(Debug, Clone, Copy)]
pub struct Prefetched<'a> {
    /// The key.
    pub key: &'a str,
    /// The resource type that its template asks for.
    pub resource_type: &'a str,
    /// The value; none when the client left the key out.
    pub json: Option<&'a RawValue>,
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
        why: &'static str,
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
    keys: &[Prefetched<'a>],
    release: Release,
) -> Result<Input<'a>, UnusableInput> {
    let mut sources = Sources::default();
    let mut records = Vec::new();
    let mut patient = None;
    for key in keys {
        if key.resource_type == "Patient" {
            patient = Some(prefetched_patient(patient_id, key)?);
            sources.patient = Source::complete(From::Prefetch);
            continue;
        }
        let source = collect(key, &mut records);
        if key.resource_type == "Condition" && !source.complete {
            let why = match (source.from, source.pages) {
                (From::Absent, _) => "was not sent",
                (From::Failed, _) => "holds an error instead of data",
                _ => "is incomplete: pages or entries are missing",
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
        why: "is not asked for by this service",
    })?;
    Ok(Input {
        patient,
        records,
        sources,
        release,
    })
}

fn prefetched_patient<'a>(
    patient_id: &str,
    key: &Prefetched<'a>,
) -> Result<Incoming<'a>, UnusableInput> {
    let missing = |why| UnusableInput::Missing {
        key: key.key.into(),
        why,
    };
    let candidate = match key.json.map(split) {
        None => return Err(missing("was not sent")),
        Some(Content::Null) => return Err(missing("is null: the client found no such patient")),
        Some(Content::OperationOutcome) => return Err(missing("holds an error instead of data")),
        Some(Content::NotAResource) => {
            return Err(UnusableInput::NotAPatient {
                key: key.key.into(),
            });
        }
        Some(Content::Resource { json, .. }) => Incoming {
            full_url: None,
            json,
        },
        Some(Content::Bundle(bundle)) => {
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
        Some(id) if id.as_str() == patient_id => Ok(candidate),
        _ => Err(UnusableInput::AnotherPatient {
            key: key.key.into(),
        }),
    }
}

fn collect<'a>(key: &Prefetched<'a>, records: &mut Vec<Incoming<'a>>) -> Source {
    let from = From::Prefetch;
    match key.json.map(split) {
        None => Source {
            from: From::Absent,
            pages: 0,
            complete: false,
        },
        Some(Content::Null) => Source::complete(from),
        Some(Content::OperationOutcome | Content::NotAResource) => Source {
            from: From::Failed,
            pages: 0,
            complete: false,
        },
        Some(Content::Resource {
            resource_type,
            json,
        }) => {
            records.push(Incoming {
                full_url: None,
                json,
            });
            if resource_type == key.resource_type {
                Source::complete(from)
            } else {
                Source {
                    from: From::Failed,
                    pages: 0,
                    complete: false,
                }
            }
        }
        Some(Content::Bundle(bundle)) => {
            let complete = is_complete(&bundle);
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

fn is_complete(bundle: &Bundle<'_>) -> bool {
    !bundle.has_next && !bundle.has_error && bundle.unreadable == 0
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
        })
    }

    /// Whether pages or entries of the input are missing.
    pub fn incomplete(&self) -> bool {
        self.incomplete
    }
}

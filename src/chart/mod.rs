//! From FHIR resources to [`Facts`], with everything that could not be used listed beside them.
//!
//! [`read`] looks at type, subject and code of every resource, reads fully only those that a rule can use, and never fails
//! on a single one: an unreadable resource costs only itself. Only the Patient must be readable.

mod code;
mod condition;
pub mod input;
mod items;
mod observation;
pub mod orders;
mod pet;
pub mod sieve;
mod treatment;

use crate::domain::codes::{SetAsideCode, Standing};
use crate::domain::date::PartialDate;
use crate::domain::facts::{
    Deceased, Facts, Metastasis, MetastasisSource, PatientFacts, PetFinding, PetRecord, Record,
    Recurrence, RecurrenceSource, SetAside, Sources, Topic,
};
use crate::fhir::element::{self, Resource, Unreadable, View};
use crate::fhir::peek::Peek;
pub use crate::fhir::release::Release;
use crate::terminology::Terminology;
use code::{Decoded, decode};
pub use items::Coverage;
use items::{Item, Items, Kind};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// A resource as it arrived.
#[derive(Debug, Clone)]
pub struct Incoming<'a> {
    /// `fullUrl` of its Bundle entry.
    pub full_url: Option<Cow<'a, str>>,
    /// The resource.
    pub json: &'a RawValue,
}

/// What a `clinicalStatus` is worth. It has no date: it says how things stood when the chart was written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClinicalStatus {
    /// The chart is read as of the day it was written: the status holds.
    #[default]
    Current,
    /// The chart is read as of an earlier day, of which the status says nothing - but that a Condition had ended, where
    /// `abatementDateTime` lies wholly on or before that day.
    AsOf(jiff::civil::Date),
}

/// Everything that is known about one patient.
#[derive(Debug)]
pub struct Input<'a> {
    /// The Patient.
    pub patient: Incoming<'a>,
    /// All other resources, in any order.
    pub records: Vec<Incoming<'a>>,
    /// Where they came from.
    pub sources: Sources,
    /// The release of FHIR that all of them are written in.
    pub release: Release,
    /// What the clinical status of a Condition is worth.
    pub clinical_status: ClinicalStatus,
}

/// Why no chart can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusablePatient {
    /// Not a Patient, or not readable.
    #[error("the Patient resource cannot be read in the FHIR release that was stated")]
    Unreadable,
    /// `modifierExtension` or `implicitRules`.
    #[error(
        "the Patient resource carries a modifierExtension or implicitRules, which may change its meaning"
    )]
    Modified,
}

/// A chart as read.
#[derive(Debug)]
pub struct Chart {
    /// What the rules may use.
    pub facts: Facts,
    /// Records by type: how many there were and how many a rule looked at.
    pub coverage: Vec<(&'static str, Coverage)>,
    /// Codings of records set aside as `unmapped-code`: system, code, topic.
    pub unmapped: Vec<(String, String, Topic)>,
}

/// Reads a chart.
pub fn read(input: Input<'_>, terminology: &Terminology) -> Result<Chart, UnusablePatient> {
    let Input {
        patient: incoming,
        records,
        sources,
        release,
        clinical_status,
    } = input;
    let (patient, reference) = patient(&incoming, release)?;
    let items = Items::collect(
        &records,
        release,
        terminology,
        &reference,
        incoming.full_url.as_deref(),
    );
    // There may be 100,000, and those that matter are in `items`.
    drop(records);
    let mut reader = Reader {
        terminology,
        release,
        clinical_status,
        items: &items,
        listings: RefCell::default(),
        chart: Chart {
            facts: Facts {
                patient,
                sources,
                ..Facts::default()
            },
            coverage: items
                .coverage
                .iter()
                .map(|(kind, coverage)| (kind.name(), *coverage))
                .collect(),
            unmapped: Vec::new(),
        },
    };
    for item in items.iter() {
        if let Err(Unreadable) = reader.item(item) {
            reader.unreadable(item);
        }
    }
    Ok(reader.chart)
}

fn patient(
    incoming: &Incoming<'_>,
    release: Release,
) -> Result<(PatientFacts, String), UnusablePatient> {
    let keep = ["birthDate", "deceasedBoolean", "deceasedDateTime"];
    let resource =
        element::read(incoming.json, &keep, release).map_err(|_| UnusablePatient::Unreadable)?;
    if resource.is_modified {
        return Err(UnusablePatient::Modified);
    }
    let view = resource.view();
    let facts = || -> Result<(PatientFacts, String), Unreadable> {
        if view.text("resourceType")? != Some("Patient") {
            return Err(Unreadable);
        }
        let reference = match view.text("id")? {
            Some(id) => format!("Patient/{id}"),
            None => incoming.full_url.as_deref().ok_or(Unreadable)?.to_owned(),
        };
        let deceased = match view.choice("deceased")? {
            Some("deceasedBoolean") => view
                .boolean("deceasedBoolean")?
                .filter(|dead| *dead)
                .map(|_| Deceased::Undated),
            Some(_) => date(view.text("deceasedDateTime")?)?.map(Deceased::On),
            None => None,
        };
        let birth = date(view.text("birthDate")?)?;
        Ok((
            PatientFacts {
                reference: reference.clone(),
                birth,
                deceased,
            },
            reference,
        ))
    };
    facts().map_err(|_| UnusablePatient::Unreadable)
}

struct Reader<'a> {
    terminology: &'a Terminology,
    release: Release,
    clinical_status: ClinicalStatus,
    items: &'a Items<'a>,
    chart: Chart,
    /// Records that others refer to, each read once however many refer to it.
    listings: RefCell<HashMap<Arc<str>, Option<Rc<Listing>>>>,
}

/// What a record says for those that it lists, or that refer to it.
struct Listing {
    date: Option<PartialDate>,
    code: Decoded,
    /// A code or, of a Medication, an ingredient says what it is.
    is_named: bool,
    value: Decoded,
    readings: pet::Readings,
    sites: Decoded,
}

impl<'a> Reader<'a> {
    /// A record that others refer to; none when it cannot be read.
    fn listing(&self, item: &Item<'a>) -> Option<Rc<Listing>> {
        if let Some(known) = self.listings.borrow().get(&item.reference) {
            return known.clone();
        }
        let listing = self.read_listing(item).ok().map(Rc::new);
        self.listings
            .borrow_mut()
            .insert(item.reference.clone(), listing.clone());
        listing
    }

    fn read_listing(&self, item: &Item<'a>) -> Result<Listing, Unreadable> {
        let keep = [
            "code",
            "effectiveDateTime",
            "effectivePeriod",
            "effectiveInstant",
            "valueCodeableConcept",
            "valueBoolean",
            "interpretation",
            "bodySite",
            "ingredient",
        ];
        let resource = self.read_members(item, &keep)?;
        let view = resource.view();
        let own = view.concept("code")?.unwrap_or_default();
        let mut is_named = !own.is_empty();
        let mut code = decode(self.terminology, &own);
        for ingredient in view.many("ingredient")? {
            if let Some(substance) = ingredient.concept("itemCodeableConcept")? {
                is_named |= !substance.is_empty();
                code = code.and(&decode(self.terminology, &substance));
            }
        }
        let value = decode(
            self.terminology,
            &view.concept("valueCodeableConcept")?.unwrap_or_default(),
        );
        let mut sites = Decoded::default();
        for site in view.concepts("bodySite")? {
            sites = sites.and(&decode(self.terminology, &site));
        }
        let readings = self.readings(view, &value)?;
        Ok(Listing {
            date: effective(view)?,
            code,
            is_named,
            value,
            readings,
            sites,
        })
    }

    fn item(&mut self, item: &Item<'a>) -> Result<(), Unreadable> {
        if let Some(code) = self.items.subject_problem(item) {
            for topic in item.topics.iter() {
                self.set_aside(topic, self.record(item, None), code);
            }
            return Ok(());
        }
        match item.kind {
            Kind::Condition => self.condition(item),
            Kind::Observation => self.observation(item),
            Kind::DiagnosticReport => self.report(item),
            Kind::Procedure => self.procedure(item),
            Kind::MedicationAdministration | Kind::MedicationStatement => self.medication(item),
            Kind::Request => {
                self.set_aside(
                    Topic::Applicability,
                    self.record(item, None),
                    SetAsideCode::NotGiven,
                );
                Ok(())
            }
            Kind::Medication | Kind::Unknown => Err(Unreadable),
        }
    }

    fn read_members(&self, item: &Item<'_>, keep: &[&str]) -> Result<Resource, Unreadable> {
        element::read(item.json, keep, self.release)
    }

    fn record(&self, item: &Item<'_>, date: Option<PartialDate>) -> Record {
        Record {
            reference: item.reference.clone(),
            date,
        }
    }

    fn set_aside(&mut self, topic: Topic, record: Record, code: SetAsideCode) {
        self.chart
            .facts
            .set_aside
            .insert((topic, SetAside { record, code }));
    }

    /// A resource that cannot be read could be anything that its type and, where it shows, its code allow.
    fn unreadable(&mut self, item: &Item<'_>) {
        self.open(item, SetAsideCode::Unreadable);
    }

    /// Sets a record aside as open wherever its type and code could matter.
    fn open(&mut self, item: &Item<'_>, code: SetAsideCode) {
        let record = self.record(item, None);
        for topic in item.topics.iter() {
            let record = record.clone();
            match topic {
                Topic::Applicability => {
                    if item.is_treatment() && item.may_be_radioiodine {
                        self.chart
                            .facts
                            .radioiodine
                            .push(crate::domain::facts::Radioiodine {
                                record: record.clone(),
                                course: crate::domain::facts::Course::Uncertain,
                            });
                    }
                    self.set_aside(topic, record, code);
                }
                Topic::Recurrence => self.chart.facts.recurrences.push(Recurrence {
                    record,
                    what: RecurrenceSource::Unknown,
                    standing: Standing::Open(code),
                }),
                Topic::MetastasisSites => self.chart.facts.metastases.push(Metastasis {
                    record,
                    onset: None,
                    groups: BTreeSet::new(),
                    source: MetastasisSource::Site,
                    standing: Standing::Open(code),
                }),
                Topic::FdgUptake => self.chart.facts.pet.push(PetRecord {
                    study: None,
                    record,
                    tracer_presumed: false,
                    is_final: true,
                    forms_study: false,
                    has_free_text: false,
                    findings: vec![PetFinding::SetAside(code)],
                }),
            }
        }
    }

    fn unmapped(&mut self, item: &Item<'_>, topic: Topic) {
        let peek = Peek::written_in(self.release, item.json);
        let concepts = peek.code.iter().chain(&peek.medication_codeable_concept);
        for coding in concepts.flat_map(|concept| concept.coding.iter().flatten()) {
            let text = |part: &Option<crate::fhir::peek::Str<'_>>| {
                part.as_ref()
                    .map_or(String::new(), |s| s.as_str().to_owned())
            };
            self.chart
                .unmapped
                .push((text(&coding.system), text(&coding.code), topic));
        }
    }
}

/// Where an Observation or report stands by its status.
fn finality(status: Option<&str>, is_report: bool) -> Result<bool, SetAsideCode> {
    match status {
        Some("final" | "amended" | "corrected") => Ok(true),
        Some("appended") if is_report => Ok(true),
        Some("entered-in-error") => Err(SetAsideCode::EnteredInError),
        _ => Ok(false),
    }
}

/// A date, or an error when the text is none.
fn date(text: Option<&str>) -> Result<Option<PartialDate>, Unreadable> {
    text.map(|text| PartialDate::parse(text).map_err(|_| Unreadable))
        .transpose()
}

/// `effectiveDateTime`, `effectiveInstant`, or the start of `effectivePeriod`.
fn effective(view: View<'_>) -> Result<Option<PartialDate>, Unreadable> {
    match view.choice("effective")? {
        Some("effectivePeriod") => view
            .one("effectivePeriod")?
            .map_or(Ok(None), |period| date(period.text("start")?)),
        Some(name @ ("effectiveDateTime" | "effectiveInstant")) => date(view.text(name)?),
        _ => Ok(None),
    }
}

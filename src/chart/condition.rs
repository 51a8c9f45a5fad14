//! Conditions: thyroid cancer, its spread and return, other cancers, traces of earlier treatment.

use super::code::{Decoded, Site, decode};
use super::items::Item;
use super::{ClinicalStatus, Reader, date};
use crate::domain::codes::{Hint, SetAsideCode, Standing};
use crate::domain::date::PartialDate;
use crate::domain::facts::{
    Cancer, CancerKind, Course, DiagnosedAt, Diagnosis, Extent, Metastasis, MetastasisSource,
    Operation, Radioiodine, Record, Recurrence, RecurrenceSource, SiteGroup, Topic,
};
use crate::fhir::element::{Concept, Unreadable, View};
use crate::terminology::Role;
use std::collections::BTreeSet;

const KEEP: [&str; 11] = [
    "clinicalStatus",
    "verificationStatus",
    "code",
    "bodySite",
    "onsetDateTime",
    "onsetPeriod",
    "onsetAge",
    "onsetString",
    "onsetRange",
    "recordedDate",
    "extension",
];
const HISTOLOGY: &str =
    "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-histology-morphology-behavior";
/// Clinical statuses of what is over.
const ENDED: [&str; 3] = ["inactive", "remission", "resolved"];
const ASSERTED_DATE: &str = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate";

/// Onset as far as it is read.
struct Onset {
    date: Option<PartialDate>,
    age: Option<DiagnosedAt>,
}

impl<'a> Reader<'a> {
    pub(super) fn condition(&mut self, item: &Item<'a>) -> Result<(), Unreadable> {
        let resource = self.read_members(item, &KEEP)?;
        let view = resource.view();
        let code = decode(self.terminology, &view.concept("code")?.unwrap_or_default());
        let verification = status(view.concept("verificationStatus")?);
        let clinical = match self.clinical_status {
            ClinicalStatus::Current => status(view.concept("clinicalStatus")?),
            ClinicalStatus::AsOf(day) => self.ended_by(item, day),
        };
        let onset = onset(view)?;
        let recorded = date(view.text("recordedDate")?)?;
        let asserted = match view.extension(ASSERTED_DATE)? {
            Some(extension) => date(extension.text("valueDateTime")?)?,
            None => None,
        };

        let closed = match verification.as_deref() {
            Some("entered-in-error") => Some(SetAsideCode::EnteredInError),
            Some("refuted") => Some(SetAsideCode::Refuted),
            _ => None,
        };
        let event = onset.date.clone().or_else(|| recorded.clone());
        if let Some(closed) = closed {
            for topic in item.topics.iter() {
                self.set_aside(topic, self.record(item, event.clone()), closed);
            }
            return Ok(());
        }
        let standing = if resource.is_modified {
            Standing::Open(SetAsideCode::ModifierExtension)
        } else if verification
            .as_deref()
            .is_none_or(|status| status == "confirmed")
        {
            Standing::Counts
        } else {
            Standing::Open(SetAsideCode::NotConfirmed)
        };
        let current = !clinical
            .as_deref()
            .is_some_and(|clinical| ENDED.contains(&clinical));
        let came_back = matches!(clinical.as_deref(), Some("recurrence" | "relapse"));

        let histology = match view.extension(HISTOLOGY)? {
            Some(extension) => decode(
                self.terminology,
                &extension
                    .concept("valueCodeableConcept")?
                    .unwrap_or_default(),
            ),
            None => Decoded::default(),
        };
        let histology = histology.and(&code);
        let diagnosis = |from: &Onset| -> Option<Diagnosis> {
            let when = from
                .age
                .clone()
                .or_else(|| from.date.clone().map(DiagnosedAt::Date))
                .or_else(|| asserted.clone().map(DiagnosedAt::Date));
            match when {
                Some(when) => Some(Diagnosis {
                    when,
                    from_record_date: false,
                }),
                None => recorded.clone().map(|date| Diagnosis {
                    when: DiagnosedAt::Date(date),
                    from_record_date: true,
                }),
            }
        };

        if let Some(kind) = kind(&code, &histology) {
            if kind == Kind::NotDtc {
                self.set_aside(
                    Topic::Applicability,
                    self.record(item, event.clone()),
                    SetAsideCode::NotDtc,
                );
            } else {
                let (kind, diagnosis) = match kind {
                    Kind::Primary(kind) => (kind, diagnosis(&onset)),
                    Kind::History => (CancerKind::History, None),
                    Kind::Spread => (CancerKind::ImpliedBySpread, None),
                    Kind::NotDtc => (CancerKind::Excluded, None),
                };
                let primary = matches!(
                    kind,
                    CancerKind::Differentiated
                        | CancerKind::Oncocytic
                        | CancerKind::HistologyNotStated
                );
                let dated = match diagnosis.as_ref().map(|diagnosis| &diagnosis.when) {
                    Some(DiagnosedAt::Date(date)) => Some(date.clone()),
                    _ => event.clone(),
                };
                self.chart.facts.cancers.push(Cancer {
                    record: self.record(item, dated),
                    kind,
                    diagnosis,
                    standing,
                });
                if primary && came_back {
                    self.chart.facts.recurrences.push(Recurrence {
                        record: self.record(item, None),
                        what: RecurrenceSource::ClinicalStatus,
                        standing,
                    });
                }
            }
        }
        self.recurrence_condition(item, &code, view, &event, standing)?;
        self.metastasis_condition(item, &code, view, &onset, &event, standing, current)?;
        self.other_conditions(item, &code, &event, standing, current);
        Ok(())
    }

    /// The clinical status of a Condition that had ended by this day; none when it had not, or when that cannot be told.
    fn ended_by(&self, item: &Item<'a>, day: jiff::civil::Date) -> Option<String> {
        let resource = self
            .read_members(item, &["clinicalStatus", "abatementDateTime"])
            .ok()?;
        let view = resource.view();
        let end = date(view.text("abatementDateTime").ok()?).ok()??;
        let clinical = status(view.concept("clinicalStatus").ok()?)?;
        (end.days().high <= day && ENDED.contains(&clinical.as_str())).then_some(clinical)
    }

    fn recurrence_condition(
        &mut self,
        item: &Item<'a>,
        code: &Decoded,
        view: View<'_>,
        event: &Option<PartialDate>,
        standing: Standing,
    ) -> Result<(), Unreadable> {
        let standing = if code.is(Role::ThyroidCancerRecurrence) {
            standing
        } else if code.is(Role::GenericRecurrence) {
            let sites = view.concepts("bodySite")?;
            let thyroid = sites
                .iter()
                .any(|site| decode(self.terminology, site).is(Role::ThyroidSite));
            // Recurrence of a cancer that is not named: may well be this one.
            if thyroid || standing != Standing::Counts {
                standing
            } else {
                Standing::Open(SetAsideCode::UnmappedCode)
            }
        } else {
            return Ok(());
        };
        self.chart.facts.recurrences.push(Recurrence {
            record: self.record(item, event.clone()),
            what: RecurrenceSource::Condition,
            standing,
        });
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    fn metastasis_condition(
        &mut self,
        item: &Item<'a>,
        code: &Decoded,
        view: View<'_>,
        onset: &Onset,
        event: &Option<PartialDate>,
        standing: Standing,
        current: bool,
    ) -> Result<(), Unreadable> {
        if !item.topics.contains(Topic::MetastasisSites) {
            return Ok(());
        }
        let record = self.record(item, event.clone());
        if code.is_any(&[
            Role::MetastasisFromOtherOrgan,
            Role::NeuroendocrineMetastasis,
        ]) {
            self.set_aside(Topic::MetastasisSites, record, SetAsideCode::OtherCancer);
            return Ok(());
        }
        if !current {
            self.set_aside(Topic::MetastasisSites, record, SetAsideCode::NotCurrent);
            return Ok(());
        }
        let mut standing = standing;
        let mut site_missing = false;
        let groups: BTreeSet<SiteGroup> =
            match code.site(self.terminology, |meaning| meaning.metastasis) {
                Some(Site::Group(group)) => BTreeSet::from([SiteGroup(group)]),
                Some(Site::Contradictory) => BTreeSet::new(),
                Some(Site::Generic) => self.body_sites(view, &mut site_missing)?,
                None if code.is(Role::MetastasisFromThyroid) => {
                    self.body_sites(view, &mut site_missing)?
                }
                None if code.known => return Ok(()),
                None => {
                    // The text speaks of metastasis and no code is known.
                    if standing == Standing::Counts {
                        standing = Standing::Open(SetAsideCode::UnmappedCode);
                        self.unmapped(item, Topic::MetastasisSites);
                    }
                    BTreeSet::new()
                }
            };
        let onset = match (&onset.date, &onset.age) {
            (Some(date), _) => Some(date.clone()),
            (None, Some(age)) => self.date_of_age(age),
            (None, None) => None,
        };
        if site_missing && !groups.is_empty() {
            let (record, onset) = (record.clone(), onset.clone());
            self.chart.facts.metastases.push(Metastasis {
                record,
                onset,
                groups: BTreeSet::new(),
                source: MetastasisSource::Site,
                standing,
            });
        }
        self.chart.facts.metastases.push(Metastasis {
            record,
            onset,
            groups,
            source: MetastasisSource::Site,
            standing,
        });
        Ok(())
    }

    /// The groups of all body sites. A body site that is not known is one more metastasis without a site.
    fn body_sites(
        &self,
        view: View<'_>,
        site_missing: &mut bool,
    ) -> Result<BTreeSet<SiteGroup>, Unreadable> {
        let mut groups = BTreeSet::new();
        for site in view.concepts("bodySite")? {
            match decode(self.terminology, &site).site(self.terminology, |meaning| {
                meaning.body_site.or(meaning.metastasis)
            }) {
                Some(Site::Group(group)) => {
                    groups.insert(SiteGroup(group));
                }
                _ => *site_missing = true,
            }
        }
        Ok(groups)
    }

    fn date_of_age(&self, age: &DiagnosedAt) -> Option<PartialDate> {
        let DiagnosedAt::Age {
            low,
            high: Some(high),
        } = age
        else {
            return None;
        };
        let birth = self.chart.facts.patient.birth.as_ref()?.days();
        let add = |day: jiff::civil::Date, years: i32| {
            day.checked_add(jiff::Span::new().years(i64::from(years)))
                .ok()
        };
        let days = crate::domain::interval::Interval {
            low: add(birth.low, *low)?,
            high: add(birth.high, *high + 1)?,
        };
        Some(PartialDate::derived(format!("age {low}"), days))
    }

    fn other_conditions(
        &mut self,
        item: &Item<'a>,
        code: &Decoded,
        event: &Option<PartialDate>,
        standing: Standing,
        current: bool,
    ) {
        let record = self.record(item, event.clone());
        let counts = standing == Standing::Counts;
        if code.is(Role::DiseaseStatusWorsened) && counts {
            self.chart
                .facts
                .hints
                .insert((record.clone(), Hint::DiseaseWorsened));
        }
        if code.is_any(&[Role::OtherPrimaryCancer, Role::MetastasisFromOtherOrgan])
            && counts
            && current
        {
            self.chart.facts.other_primary_cancers.push(record.clone());
        }
        let traces = [
            Role::RadioiodineSequela,
            Role::IrradiationHistory,
            Role::ThyroidectomyExtentNotStated,
        ];
        if code.is_any(&traces) {
            match standing {
                Standing::Open(code) => self.set_aside(Topic::Applicability, record, code),
                Standing::Counts => self.trace(item, code, record),
            }
        }
        let speaks = self.terminology.words.speaks_of_thyroid_cancer(&code.words);
        if !code.known && speaks && item.topics.contains(Topic::Applicability) {
            match standing {
                Standing::Open(code) => {
                    self.set_aside(Topic::Applicability, self.record(item, event.clone()), code)
                }
                Standing::Counts if current => {
                    self.set_aside(
                        Topic::Applicability,
                        self.record(item, event.clone()),
                        SetAsideCode::UnmappedCode,
                    );
                    self.unmapped(item, Topic::Applicability);
                }
                Standing::Counts => {}
            }
        }
    }

    fn trace(&mut self, item: &Item<'a>, code: &Decoded, record: Record) {
        if code.is(Role::RadioiodineSequela) {
            self.chart.facts.radioiodine.push(Radioiodine {
                record: record.clone(),
                course: Course::Uncertain,
            });
        }
        if code.is(Role::IrradiationHistory) {
            self.chart.facts.irradiation.push(record);
        }
        if code.is(Role::ThyroidectomyExtentNotStated) {
            // "History of thyroidectomy": its onset is not the date of the operation.
            self.chart.facts.operations.push(Operation {
                record: self.record(item, None),
                extent: Extent::NotStated,
            });
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Primary(CancerKind),
    History,
    Spread,
    NotDtc,
}

fn kind(code: &Decoded, histology: &Decoded) -> Option<Kind> {
    let thyroid = code.is_any(&[
        Role::DifferentiatedThyroidCancer,
        Role::OncocyticThyroidCancer,
        Role::ThyroidCancerHistologyNotStated,
        Role::ThyroidSite,
    ]);
    if code.is(Role::ExcludedThyroidHistology) || (thyroid && histology.is(Role::HistologyExcluded))
    {
        Some(Kind::Primary(CancerKind::Excluded))
    } else if code.is(Role::NotThyroidCancer) || (thyroid && histology.is(Role::HistologyNotCancer))
    {
        Some(Kind::NotDtc)
    } else if code.is(Role::OncocyticThyroidCancer)
        || (thyroid && histology.is(Role::HistologyOncocytic))
    {
        Some(Kind::Primary(CancerKind::Oncocytic))
    } else if code.is(Role::DifferentiatedThyroidCancer)
        || (thyroid && histology.is(Role::HistologyDifferentiated))
    {
        Some(Kind::Primary(CancerKind::Differentiated))
    } else if code.is(Role::ThyroidCancerHistologyNotStated)
        || (thyroid && histology.is(Role::HistologyNotStated))
    {
        Some(Kind::Primary(CancerKind::HistologyNotStated))
    } else if code.is(Role::ThyroidCancerHistory) {
        Some(Kind::History)
    } else if code.is_any(&[Role::MetastasisFromThyroid, Role::ThyroidCancerRecurrence]) {
        Some(Kind::Spread)
    } else {
        None
    }
}

/// A status by its code, else by its text, in lower case.
fn status(concept: Option<Concept<'_>>) -> Option<String> {
    let concept = concept?;
    let code = concept
        .codings
        .iter()
        .map(|coding| coding.code)
        .find(|code| !code.is_empty())
        .unwrap_or(concept.text);
    (!code.is_empty()).then(|| code.trim().to_lowercase())
}

fn onset(view: View<'_>) -> Result<Onset, Unreadable> {
    let mut onset = Onset {
        date: None,
        age: None,
    };
    match view.choice("onset")? {
        Some("onsetDateTime") => onset.date = date(view.text("onsetDateTime")?)?,
        Some("onsetPeriod") => {
            if let Some(period) = view.one("onsetPeriod")? {
                onset.date = date(period.text("start")?)?;
            }
        }
        Some("onsetAge") => onset.age = age(view)?,
        _ => {}
    }
    Ok(onset)
}

/// `onsetAge` in completed years; a comparator makes it a bound.
fn age(view: View<'_>) -> Result<Option<DiagnosedAt>, Unreadable> {
    let Some(quantity) = view.quantity("onsetAge")? else {
        return Ok(None);
    };
    let Some(value) = &quantity.value else {
        return Ok(None);
    };
    let value: f64 = value.parse().map_err(|_| Unreadable)?;
    let unit = if quantity.code.is_empty() {
        quantity.unit
    } else {
        quantity.code
    };
    let years = match unit {
        "a" | "year" | "years" => value,
        "mo" | "month" | "months" => value / 12.0,
        "wk" | "week" | "weeks" => value * 7.0 / 365.25,
        "d" | "day" | "days" => value / 365.25,
        _ => return Err(Unreadable),
    };
    if !(years.is_finite() && (0.0..=1000.0).contains(&years)) {
        return Err(Unreadable);
    }
    let floor = years.floor() as i32;
    Ok(Some(match quantity.comparator {
        None => DiagnosedAt::Age {
            low: floor,
            high: Some(floor),
        },
        Some("<") => DiagnosedAt::Age {
            low: 0,
            high: Some(if years == f64::from(floor) {
                floor - 1
            } else {
                floor
            }),
        },
        Some("<=") => DiagnosedAt::Age {
            low: 0,
            high: Some(floor),
        },
        Some(">" | ">=") => DiagnosedAt::Age {
            low: floor,
            high: None,
        },
        Some(_) => return Err(Unreadable),
    }))
}

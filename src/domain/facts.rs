//! What a chart can tell the rules: diagnosis, operation, radioiodine, recurrence, metastasis, PET - each fact with the
//! record that it comes from, and beside them the records that no rule may use, each with a code.
//!
//! [`Facts`] is filled by `chart` and read by [`super::rules`]. It holds no FHIR: a fact is already decoded.

use super::codes::{Hint, SetAsideCode, Standing};
use super::date::PartialDate;
use super::interval::Interval;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The record that a fact comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    /// `Type/id`, `Type/id#contained`, or the fullUrl of a resource without id.
    pub reference: Arc<str>,
    /// The date that the rule reads, as recorded.
    pub date: Option<PartialDate>,
}

/// A record that a rule must not use, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SetAside {
    /// The record.
    pub record: Record,
    /// Why.
    pub code: SetAsideCode,
}

/// Which part of the answer a record bears on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Diagnosis, operation, radioiodine.
    Applicability,
    /// Recurrence between operation and first iodine-131.
    Recurrence,
    /// Metastases and their sites.
    MetastasisSites,
    /// 18F-FDG PET.
    FdgUptake,
}

/// Everything that one chart tells about one patient.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The Patient.
    pub patient: PatientFacts,
    /// Thyroid cancer in every form that applicability asks for.
    pub cancers: Vec<Cancer>,
    /// Confirmed current primary cancers of another organ.
    pub other_primary_cancers: Vec<Record>,
    /// Operations that remove the whole gland or a lobe of it.
    pub operations: Vec<Operation>,
    /// Iodine-131 given, or perhaps given, for treatment.
    pub radioiodine: Vec<Radioiodine>,
    /// Records of earlier irradiation of any kind.
    pub irradiation: Vec<Record>,
    /// Statements that the cancer came back.
    pub recurrences: Vec<Recurrence>,
    /// Statements that no disease is present.
    pub no_disease: Vec<Record>,
    /// Metastases.
    pub metastases: Vec<Metastasis>,
    /// 18F-FDG PET findings, one per record.
    pub pet: Vec<PetRecord>,
    /// Operations on the neck other than on the thyroid.
    pub neck_operations: Vec<Record>,
    /// What a clinician may want to look at, other than free text of a PET.
    pub hints: BTreeSet<(Record, Hint)>,
    /// Records set aside whatever the rules find.
    pub set_aside: BTreeSet<(Topic, SetAside)>,
    /// Where the records came from and whether they are all there.
    pub sources: Sources,
}

/// What the Patient resource tells.
#[derive(Debug, Clone, Default)]
pub struct PatientFacts {
    /// `Patient/id`.
    pub reference: String,
    /// Birth date.
    pub birth: Option<PartialDate>,
    /// Whether, or when, the patient died.
    pub deceased: Option<Deceased>,
}

/// Death as recorded.
#[derive(Debug, Clone)]
pub enum Deceased {
    /// `deceasedBoolean` true.
    Undated,
    /// `deceasedDateTime`.
    On(PartialDate),
}

/// A Condition about thyroid cancer.
#[derive(Debug, Clone)]
pub struct Cancer {
    /// The Condition; its date is the date of diagnosis.
    pub record: Record,
    /// What it says about the histology.
    pub kind: CancerKind,
    /// When the cancer was diagnosed; none for history, recurrence and metastasis records.
    pub diagnosis: Option<Diagnosis>,
    /// Whether it counts.
    pub standing: Standing,
}

/// What a thyroid cancer record says about the kind of cancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CancerKind {
    /// Papillary, follicular or mixed.
    Differentiated,
    /// Oncocytic (Huerthle cell): differentiated, but not in the cohort's histology table.
    Oncocytic,
    /// Thyroid cancer without histology: presumed differentiated.
    HistologyNotStated,
    /// "History of" thyroid cancer: makes eligible only beside a current metastasis.
    History,
    /// A metastasis or a local recurrence coded as coming from the thyroid, without a primary.
    ImpliedBySpread,
    /// Medullary, anaplastic, poorly differentiated, lymphoma.
    Excluded,
}

/// When and from which element a diagnosis is dated.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// Date or age.
    pub when: DiagnosedAt,
    /// The date is only that of the record.
    pub from_record_date: bool,
}

/// A diagnosis is dated by calendar or by age.
#[derive(Debug, Clone)]
pub enum DiagnosedAt {
    /// A date.
    Date(PartialDate),
    /// Completed years of age at onset; `high` none means no upper bound.
    Age {
        /// Least age in years.
        low: i32,
        /// Greatest age in years.
        high: Option<i32>,
    },
}

/// An operation on the thyroid that counts as, or towards, a total thyroidectomy.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The Procedure, with the end of the operation.
    pub record: Record,
    /// What was removed.
    pub extent: Extent,
}

/// What an operation removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Total or near-total thyroidectomy.
    Total,
    /// Completion thyroidectomy.
    Completion,
    /// Left lobe.
    LeftLobe,
    /// Right lobe.
    RightLobe,
    /// Thyroidectomy, extent not said: counts, with a caveat.
    NotStated,
}

/// A record of iodine-131 treatment.
#[derive(Debug, Clone)]
pub struct Radioiodine {
    /// The record, with the start of the treatment.
    pub record: Record,
    /// How sure it is that this was a course of radioiodine for thyroid cancer.
    pub course: Course,
}

/// How sure a radioiodine record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// A course, unless it precedes the cancer.
    Given,
    /// A generic radionuclide therapy: a course when it follows the operation.
    GivenIfAfterOperation,
    /// Coded for hyperthyroidism.
    ForBenignDisease,
    /// May have been a course.
    Uncertain,
}

/// A statement that the cancer came back.
#[derive(Debug, Clone)]
pub struct Recurrence {
    /// The record; a record without date is a current, undated statement.
    pub record: Record,
    /// What it is.
    pub what: RecurrenceSource,
    /// Whether it counts.
    pub standing: Standing,
}

/// Which kind of record speaks of recurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecurrenceSource {
    /// A recurrence Condition.
    Condition,
    /// `clinicalStatus` of a DTC Condition.
    ClinicalStatus,
    /// A disease-status Observation.
    StatusObservation,
    /// A record that could not be read.
    Unknown,
}

/// A metastasis on record.
#[derive(Debug, Clone)]
pub struct Metastasis {
    /// The record.
    pub record: Record,
    /// Onset (not the date of recording).
    pub onset: Option<PartialDate>,
    /// Where it is; empty means that the site is not said.
    pub groups: BTreeSet<SiteGroup>,
    /// What kind of record.
    pub source: MetastasisSource,
    /// Whether it counts.
    pub standing: Standing,
}

/// The kind of record that a metastasis comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetastasisSource {
    /// A Condition, or an Observation of the site.
    Site,
    /// Stage N1: lymph nodes.
    StagingNodes,
    /// Stage M1: somewhere.
    StagingDistant,
}

/// A site group of domain.md section 3: `lung`, `bone`, `other:ovary`, ...
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteGroup(pub String);

impl SiteGroup {
    /// All lymph node stations.
    pub const LYMPH_NODE: &'static str = "lymph-node";
    /// Mediastinum, which may be nodes of the mediastinum.
    pub const MEDIASTINUM: &'static str = "mediastinum";
    /// Bone.
    pub const BONE: &'static str = "bone";
    /// Bone marrow.
    pub const BONE_MARROW: &'static str = "bone-marrow";
}

/// What one record says about an 18F-FDG PET.
#[derive(Debug, Clone)]
pub struct PetRecord {
    /// The record, with the date of the study.
    pub record: Record,
    /// The record that lists this one: where the date is no calendar day, the study that it belongs to. None: itself.
    pub study: Option<Arc<str>>,
    /// The tracer is not named.
    pub tracer_presumed: bool,
    /// Whether the record is final.
    pub is_final: bool,
    /// Whether the record shows that a study took place. An unmapped or unreadable one does not.
    pub forms_study: bool,
    /// Free text that speaks of the finding stands in the record.
    pub has_free_text: bool,
    /// What it holds.
    pub findings: Vec<PetFinding>,
}

/// One finding of a PET.
#[derive(Debug, Clone, PartialEq)]
pub enum PetFinding {
    /// A measured lesion.
    Lesion {
        /// Its SUVmax.
        suv_max: SuvMax,
        /// Its own visual reading.
        reading: Option<Reading>,
    },
    /// A reading of the whole study.
    StudyReading(Reading),
    /// Something that cannot be used.
    SetAside(SetAsideCode),
    /// Uptake below the threshold in the bed of the thyroid: listed, of no effect.
    ThyroidBedBelowThreshold,
}

/// A visual reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Discrete visible uptake.
    Positive,
    /// No such uptake.
    Negative,
}

/// A SUVmax by body weight (g/mL) as a number or as bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct SuvMax {
    /// The number as recorded.
    pub value: String,
    /// `<`, `<=`, `>=`, `>`, as recorded; a range shows its low end with `>=`.
    pub comparator: Option<&'static str>,
    /// Least possible value; the bound itself is possible unless `comparator` is `>`.
    pub low: f64,
    /// Greatest possible value; the bound itself is possible unless `comparator` is `<`.
    pub high: f64,
}

impl SuvMax {
    /// Compares with a threshold: `Some(true)` at or above, `Some(false)` below, `None` not decided. No rounding.
    pub fn at_or_above(&self, threshold: f64) -> Option<bool> {
        if self.low >= threshold {
            Some(true)
        } else if self.high < threshold || (self.high == threshold && self.comparator == Some("<"))
        {
            Some(false)
        } else {
            None
        }
    }
}

/// Where records came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum From {
    /// The `prefetch` of the request.
    Prefetch,
    /// Read from the FHIR server.
    Fetched,
    /// Files or standard input.
    Input,
    /// Nowhere: the key was not sent.
    #[default]
    Absent,
    /// An error stands in its place, or reading it failed.
    Failed,
}

impl From {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Prefetch,
        Self::Fetched,
        Self::Input,
        Self::Absent,
        Self::Failed,
    ];

    /// The name in answers and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prefetch => "prefetch",
            Self::Fetched => "fetched",
            Self::Input => "input",
            Self::Absent => "absent",
            Self::Failed => "failed",
        }
    }
}

/// One source of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Source {
    /// Where it came from.
    pub from: From,
    /// Pages read.
    pub pages: u32,
    /// Nothing is missing.
    pub complete: bool,
}

impl Source {
    /// A complete source of one page.
    pub fn complete(from: From) -> Self {
        Self {
            from,
            pages: 1,
            complete: true,
        }
    }
}

/// The sources of a chart, by resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sources {
    /// Patient.
    pub patient: Source,
    /// Conditions.
    pub conditions: Source,
    /// Observations.
    pub observations: Source,
    /// Procedures.
    pub procedures: Source,
    /// MedicationAdministrations.
    pub medication_administrations: Source,
    /// DiagnosticReports.
    pub diagnostic_reports: Source,
}

impl Sources {
    /// Each source with its name in answers, metrics and texts.
    pub fn by_name(&self) -> [(&'static str, Source); 6] {
        [
            ("patient", self.patient),
            ("conditions", self.conditions),
            ("observations", self.observations),
            ("procedures", self.procedures),
            ("medicationAdministrations", self.medication_administrations),
            ("diagnosticReports", self.diagnostic_reports),
        ]
    }
}

impl Facts {
    /// The window of every rule ends at the assessment: diagnoses, operations and traces of treatment dated wholly after it
    /// are set aside. Recurrences, metastases, PET and radioiodine are handled by their own rules.
    pub fn set_aside_what_follows(&mut self, today: jiff::civil::Date) {
        let is_later = |record: &Record| {
            record
                .date
                .as_ref()
                .is_some_and(|date| date.days().low > today)
        };
        let mut later: Vec<Record> = Vec::new();
        let mut keep = |record: &Record| {
            let keep = !is_later(record);
            if !keep {
                later.push(record.clone());
            }
            keep
        };
        self.cancers.retain(|cancer| keep(&cancer.record));
        self.operations.retain(|operation| keep(&operation.record));
        self.irradiation.retain(&mut keep);
        self.other_primary_cancers.retain(&mut keep);
        // The clinical status of a diagnosis that is set aside says nothing either.
        let references: std::collections::HashSet<Arc<str>> = later
            .iter()
            .map(|record| record.reference.clone())
            .collect();
        self.recurrences.retain(|recurrence| {
            recurrence.what != RecurrenceSource::ClinicalStatus
                || !references.contains(&recurrence.record.reference)
        });
        for record in later {
            self.set_aside.insert((
                Topic::Applicability,
                SetAside {
                    record,
                    code: SetAsideCode::AfterAssessment,
                },
            ));
        }
    }

    /// The operation date as rules use it: the earliest of the operations that count.
    pub fn operation(&self) -> OperationDate {
        let of = |extent: Extent| {
            self.operations
                .iter()
                .filter(move |operation| operation.extent == extent)
        };
        let mut known: Option<Interval<jiff::civil::Date>> = None;
        let mut recorded = false;
        let mut add = |date: Option<Interval<jiff::civil::Date>>| {
            recorded = true;
            if let Some(days) = date {
                known = Some(known.map_or(days, |so_far| so_far.earliest(days)));
            }
        };
        for operation in &self.operations {
            if !matches!(operation.extent, Extent::LeftLobe | Extent::RightLobe) {
                add(operation.record.date.as_ref().map(PartialDate::days));
            }
        }
        // Both lobes gone: the second of the two operations. The earliest pair decides.
        let earliest_lobe = |extent| {
            let mut dates: Option<Option<Interval<jiff::civil::Date>>> = None;
            for operation in of(extent) {
                let days = operation.record.date.as_ref().map(PartialDate::days);
                dates = Some(match (dates, days) {
                    (None, days) => days,
                    (Some(Some(a)), Some(b)) => Some(a.earliest(b)),
                    (Some(a), b) => a.or(b),
                });
            }
            dates
        };
        if let (Some(left), Some(right)) = (
            earliest_lobe(Extent::LeftLobe),
            earliest_lobe(Extent::RightLobe),
        ) {
            add(left.zip(right).map(|(left, right)| left.latest(right)));
        }
        match (recorded, known) {
            (false, _) => OperationDate::NotRecorded,
            (true, None) => OperationDate::Undated,
            (true, Some(days)) => OperationDate::On(days),
        }
    }
}

/// What is known about the date of the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationDate {
    /// No operation that counts.
    NotRecorded,
    /// An operation without a date.
    Undated,
    /// Within these days.
    On(Interval<jiff::civil::Date>),
}

//! Who is in the table and who is not, why, in which order: the flow diagram of a study, as counts that add up.
//!
//! Every patient is excluded at the first step that applies. Flows of shards that share no patient add up to the flow of the
//! whole: [`Flow::add`]. Read [`Flow`] first.

use super::Outcome;
use super::bulk::{Files, Found};
use super::missingness::Missingness;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What `format` says.
pub const FORMAT: &str = "rrdtc-cohort-flow/1";
/// Broken lines that are listed.
const LISTED: usize = 100;

/// Why a patient is not in the table. The order is that of the diagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exclusion {
    /// No Condition could be a diagnosis of thyroid cancer.
    NoThyroidCancer,
    /// Records name the patient, but there is no Patient.
    NoPatientResource,
    /// The Patient cannot be read, or carries a modifier.
    PatientUnreadable,
    /// A broken line names the patient: a diagnosis or an earlier treatment may be missing.
    RecordsBroken,
    /// No radioiodine treatment of thyroid cancer is recorded: no time zero.
    NoRadioiodine,
    /// The day of the first radioiodine treatment cannot be told.
    TimeZeroNotKnown,
    /// Recorded as having died before it.
    DiedBeforeTimeZero,
    /// An excluded histology of which it is not known whether it was known at time zero.
    HistologyNotDated,
    /// Medullary, anaplastic, poorly differentiated, lymphoma.
    ExcludedHistology,
    /// No differentiated thyroid cancer on record at time zero.
    NoDtcDiagnosis,
    /// Every metastasis is of a kind of which it is not known whether it was there at time zero.
    MetastasisNotDated,
    /// No metastasis on record at time zero.
    NoMetastasis,
}

impl Exclusion {
    /// All, in order.
    pub const ALL: [Self; 12] = [
        Self::NoThyroidCancer,
        Self::NoPatientResource,
        Self::PatientUnreadable,
        Self::RecordsBroken,
        Self::NoRadioiodine,
        Self::TimeZeroNotKnown,
        Self::DiedBeforeTimeZero,
        Self::HistologyNotDated,
        Self::ExcludedHistology,
        Self::NoDtcDiagnosis,
        Self::MetastasisNotDated,
        Self::NoMetastasis,
    ];

    /// The code in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoThyroidCancer => "no-thyroid-cancer",
            Self::NoPatientResource => "no-patient-resource",
            Self::PatientUnreadable => "patient-unreadable",
            Self::RecordsBroken => "records-broken",
            Self::NoRadioiodine => "no-radioiodine",
            Self::TimeZeroNotKnown => "time-zero-not-known",
            Self::DiedBeforeTimeZero => "died-before-time-zero",
            Self::HistologyNotDated => "histology-not-dated",
            Self::ExcludedHistology => "excluded-histology",
            Self::NoDtcDiagnosis => "no-dtc-diagnosis",
            Self::MetastasisNotDated => "metastasis-not-dated",
            Self::NoMetastasis => "no-metastasis-recorded",
        }
    }

    /// What stands in the diagram.
    pub fn about(self) -> &'static str {
        match self {
            Self::NoThyroidCancer => "no Condition that could be thyroid cancer",
            Self::NoPatientResource => "no Patient resource",
            Self::PatientUnreadable => "Patient resource not readable",
            Self::RecordsBroken => "a record of the patient is broken",
            Self::NoRadioiodine => "no radioiodine treatment recorded: no time zero",
            Self::TimeZeroNotKnown => "day of the first radioiodine treatment not known",
            Self::DiedBeforeTimeZero => "recorded as having died before the first radioiodine",
            Self::HistologyNotDated => "excluded histology without a usable date",
            Self::ExcludedHistology => "excluded histology",
            Self::NoDtcDiagnosis => "no differentiated thyroid cancer at time zero",
            Self::MetastasisNotDated => "metastasis without a usable date",
            Self::NoMetastasis => "no metastasis at time zero",
        }
    }
}

/// The flow diagram with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Flow {
    /// [`FORMAT`].
    pub format: String,
    /// How the patients were chosen and read. Shards must agree on it.
    pub settings: Settings,
    /// What was read.
    pub input: Input,
    /// Patients of the input.
    pub patients: u64,
    /// Who was excluded, step by step; every step is there.
    pub excluded: Vec<Excluded>,
    /// Who is in the table.
    pub included: Included,
    /// What is known of them.
    pub missingness: Missingness,
}

/// What every shard must have in common.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// Version of this program.
    pub software: String,
    /// Release of FHIR.
    pub fhir_version: String,
    /// Id and version of the model whose thresholds were used.
    pub model: String,
    /// SHA-256 of its file.
    pub model_sha256: String,
    /// SHA-256 of the terminology.
    pub terminology_sha256: String,
    /// Days after time zero up to which a PET counts.
    pub pet_days_after: u8,
    /// What becomes of recurrences and metastases that were recorded after time zero with an onset before it.
    pub recorded_later: String,
    /// A PET older than this many days at time zero is stale.
    pub max_pet_age_days: i32,
    /// A statement of no disease counts for this many days.
    pub max_negative_age_days: i32,
    /// `unknown` or `absent`: what silence about recurrence is taken for.
    pub undocumented_recurrence: String,
    /// Where outcomes come from: `none`, `table`, or `codes` with the SHA-256 of the map.
    pub outcomes: String,
    /// Tells keys apart, not what they are: pseudonyms of shards under different keys cannot be compared.
    pub pseudonym_key: String,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// Files; standard input is one.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
    /// Lines that hold something.
    pub lines: u64,
    /// Resources by type.
    pub resources: BTreeMap<String, u64>,
    /// Files of a folder taken for a manifest and not read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped_files: Vec<String>,
    /// Lines that are no resource.
    pub broken_lines: BrokenLines,
    /// Rows of the outcome table whose patient is not in the table. In a shard those of other shards are among them, so that
    /// no number is given for several shards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcomes_without_patient: Option<u64>,
}

/// Lines that are no resource.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BrokenLines {
    /// All.
    pub lines: u64,
    /// Those that may be anybody's: unless accepted, nothing is concluded from the absence of records of their types.
    pub of_anybody: u64,
    /// So many of those were declared to be nobody's in this cohort.
    pub accepted: u64,
    /// By reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_reason: BTreeMap<String, u64>,
    /// The first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listed: Vec<BrokenLine>,
}

/// A line that is no resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BrokenLine {
    /// File as given.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
}

/// One step of the diagram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Excluded {
    /// Code.
    pub reason: String,
    /// How many.
    pub patients: u64,
    /// How many are left after it.
    pub remaining: u64,
}

/// Who is in the table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Included {
    /// All.
    pub patients: u64,
    /// Turned out refractory.
    pub refractory: u64,
    /// Did not.
    pub not_refractory: u64,
    /// Not known.
    pub undetermined: u64,
}

/// Why flows do not add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnequalFlows {
    /// Another format.
    #[error("is no flow of this version of rrdtc (format {FORMAT})")]
    Format,
    /// The numbers were changed by hand, or it is damaged.
    #[error("does not add up in itself: it is damaged")]
    Damaged,
    /// Extracted in another way.
    #[error(
        "was extracted with other settings than the first one ({0}); extract all shards with the same"
    )]
    Settings(&'static str),
}

impl Flow {
    /// From counts of who was excluded why, and who was included with which outcome.
    pub(super) fn new(
        settings: Settings,
        input: Input,
        excluded: &BTreeMap<Exclusion, u64>,
        outcomes: [u64; 3],
        missingness: Missingness,
    ) -> Self {
        let included = Included {
            patients: outcomes.iter().sum(),
            refractory: outcomes[Outcome::Refractory as usize],
            not_refractory: outcomes[Outcome::NotRefractory as usize],
            undetermined: outcomes[Outcome::Undetermined as usize],
        };
        let patients = included.patients + excluded.values().sum::<u64>();
        let mut flow = Self {
            format: FORMAT.to_owned(),
            settings,
            input,
            patients,
            excluded: Exclusion::ALL
                .iter()
                .map(|reason| Excluded {
                    reason: reason.as_str().to_owned(),
                    patients: excluded.get(reason).copied().unwrap_or(0),
                    remaining: 0,
                })
                .collect(),
            included,
            missingness,
        };
        flow.count_down();
        flow
    }

    fn count_down(&mut self) {
        let mut remaining = self.patients;
        for step in &mut self.excluded {
            remaining = remaining.saturating_sub(step.patients);
            step.remaining = remaining;
        }
    }

    /// Reads what [`Flow::json`] wrote.
    pub fn read(text: &str) -> Result<Self, UnequalFlows> {
        let flow: Self = serde_json::from_str(text).map_err(|_| UnequalFlows::Format)?;
        let reasons = Exclusion::ALL.map(Exclusion::as_str);
        if flow.format != FORMAT
            || flow.excluded.len() != reasons.len()
            || !flow
                .excluded
                .iter()
                .zip(reasons)
                .all(|(step, reason)| step.reason == reason)
        {
            return Err(UnequalFlows::Format);
        }
        let included = &flow.included;
        let outcomes = included.refractory + included.not_refractory + included.undetermined;
        let excluded: u64 = flow.excluded.iter().map(|step| step.patients).sum();
        let mut counted = flow.clone();
        counted.count_down();
        let adds_up = outcomes == included.patients
            && excluded + included.patients == flow.patients
            && counted == flow
            && flow.missingness.is_of(included.patients);
        if adds_up {
            Ok(flow)
        } else {
            Err(UnequalFlows::Damaged)
        }
    }

    /// Adds the flow of another shard, which has no patient in common with this one.
    pub fn add(&mut self, other: Self) -> Result<(), UnequalFlows> {
        if let Some(differs) = self.settings.difference(&other.settings) {
            return Err(UnequalFlows::Settings(differs));
        }
        self.patients += other.patients;
        for (step, more) in self.excluded.iter_mut().zip(other.excluded) {
            step.patients += more.patients;
        }
        self.included.patients += other.included.patients;
        self.included.refractory += other.included.refractory;
        self.included.not_refractory += other.included.not_refractory;
        self.included.undetermined += other.included.undetermined;
        self.missingness.add(other.missingness);
        self.input.add(other.input);
        self.count_down();
        Ok(())
    }

    /// As JSON, with a line end.
    ///
    /// # Errors
    /// What cannot be written as JSON: an error of this program, never an empty diagram.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let widest = self.patients.to_string().len().max(5);
        let mut line = |patients: u64, indent: &str, what: &str| {
            let _ = writeln!(text, "{patients:>widest$} {indent}{what}");
        };
        line(self.patients, "", "patients");
        for (step, reason) in self.excluded.iter().zip(Exclusion::ALL) {
            if step.patients > 0 {
                line(step.patients, "    - ", reason.about());
                line(step.remaining, "", "left");
            }
        }
        line(self.included.patients, "", "in the table");
        line(self.included.refractory, "    ", "refractory");
        line(self.included.not_refractory, "    ", "not refractory");
        line(self.included.undetermined, "    ", "undetermined");
        let broken = &self.input.broken_lines;
        if broken.lines > 0 {
            let _ = writeln!(
                text,
                "{} broken lines, {} of which may be anybody's ({} accepted)",
                broken.lines, broken.of_anybody, broken.accepted
            );
            for bad in broken.listed.iter().take(20) {
                let _ = writeln!(text, "  {}, line {}: {}", bad.file, bad.line, bad.reason);
            }
        }
        text.push_str(&self.missingness.text());
        text
    }
}

impl Settings {
    /// The first setting that differs.
    fn difference(&self, other: &Self) -> Option<&'static str> {
        let same = [
            ("version of rrdtc", self.software == other.software),
            ("FHIR version", self.fhir_version == other.fhir_version),
            ("model", self.model_sha256 == other.model_sha256),
            (
                "terminology",
                self.terminology_sha256 == other.terminology_sha256,
            ),
            (
                "--pet-days-after",
                self.pet_days_after == other.pet_days_after,
            ),
            (
                "--recorded-later",
                self.recorded_later == other.recorded_later,
            ),
            ("outcomes", self.outcomes == other.outcomes),
            (
                "pseudonym key or tenant",
                self.pseudonym_key == other.pseudonym_key,
            ),
            ("rules of the configuration", self == other),
        ];
        same.into_iter()
            .find(|(_, same)| !same)
            .map(|(name, _)| name)
    }
}

impl Input {
    /// What was read of an export.
    pub(super) fn of(files: &Files, found: &Found, accepted: u64) -> Self {
        let bad = &found.bad;
        Self {
            files: files.len() as u64,
            bytes: files.bytes(),
            lines: found.lines,
            resources: found
                .resources
                .iter()
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect(),
            skipped_files: files.skipped().to_vec(),
            broken_lines: BrokenLines {
                lines: bad.lines,
                of_anybody: bad.of_anybody,
                accepted: accepted.min(bad.of_anybody),
                by_reason: bad.by_reason.clone(),
                listed: bad
                    .listed
                    .iter()
                    .map(|bad| BrokenLine {
                        file: files.name(bad.file).to_owned(),
                        line: bad.line,
                        reason: bad.reason.clone(),
                    })
                    .collect(),
            },
            outcomes_without_patient: None,
        }
    }

    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.lines += other.lines;
        for (name, count) in other.resources {
            *self.resources.entry(name).or_default() += count;
        }
        self.skipped_files.extend(other.skipped_files);
        let (broken, more) = (&mut self.broken_lines, other.broken_lines);
        broken.lines += more.lines;
        broken.of_anybody += more.of_anybody;
        broken.accepted += more.accepted;
        for (reason, lines) in more.by_reason {
            *broken.by_reason.entry(reason).or_default() += lines;
        }
        broken.listed.extend(more.listed);
        broken.listed.truncate(LISTED);
        self.outcomes_without_patient = None;
    }
}

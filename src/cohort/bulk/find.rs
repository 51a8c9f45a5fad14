//! The first time through: who may have thyroid cancer?

use super::bad_line::{BadLine, BadLines};
use super::files::{Block, Files, UnusableBulk};
use crate::chart::Release;
use crate::chart::sieve::Sieve;
use crate::fhir::peek::Str;
use crate::terminology::Terminology;
use memchr::memchr;
use rayon::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What the first time through found.
#[derive(Debug, Default)]
pub struct Found {
    /// Ids of the patients with a Condition that could be the diagnosis, with their places in order of id.
    pub(super) candidates: HashMap<Box<str>, u32>,
    /// Lines that hold something.
    pub lines: u64,
    /// Resources by type.
    pub resources: BTreeMap<&'static str, u64>,
    /// Lines that are no resource.
    pub bad: BadLines,
    /// Parts (by number) that hold resources without subject: they may belong to whatever names them.
    pub(super) loose: Vec<usize>,
}

impl Found {
    /// How many patients may have thyroid cancer.
    pub fn candidates(&self) -> usize {
        self.candidates.len()
    }

    /// Their ids, sorted.
    pub fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.candidates.keys().map(AsRef::as_ref).collect();
        ids.sort_unstable();
        ids
    }
}

/// Types that are counted by name. A name that the data give is never repeated.
const COUNTED: [&str; 9] = [
    "Patient",
    "Condition",
    "Observation",
    "DiagnosticReport",
    "Procedure",
    "MedicationAdministration",
    "MedicationStatement",
    "Medication",
    "OperationOutcome",
];

/// Parts whose findings are put together at once, so that they need no memory for the whole export.
const PARTS_AT_ONCE: usize = 1024;

/// What one part tells.
#[derive(Default)]
struct InPart {
    candidates: BTreeSet<Box<str>>,
    /// Line breaks, blank lines included: numbers of lines need them.
    line_ends: u64,
    lines: u64,
    resources: BTreeMap<&'static str, u64>,
    bad: BadLines,
    loose: bool,
}

/// Looks at every line. `progress` is told the bytes that were read.
pub fn find(
    files: &Files,
    terminology: &Terminology,
    release: Release,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Found, UnusableBulk> {
    let parts = files.parts();
    let mut all = Found::default();
    let mut ids: BTreeSet<Box<str>> = BTreeSet::new();
    let (mut file, mut first, mut number) = (0, 0, 0);
    for parts in parts.chunks(PARTS_AT_ONCE) {
        let found = parts
            .par_iter()
            .map_init(
                || (Sieve::new(terminology, release), Block::default()),
                |(sieve, block), part| {
                    *block = files.block(*part, std::mem::take(block))?;
                    progress(part.bytes());
                    Ok(in_block(block, sieve))
                },
            )
            .collect::<Result<Vec<InPart>, UnusableBulk>>()?;
        for (part, found) in parts.iter().zip(found) {
            if part.file != file {
                (file, first) = (part.file, 0);
            }
            all.bad.append(found.bad, first);
            first += found.line_ends;
            all.lines += found.lines;
            for (name, count) in found.resources {
                *all.resources.entry(name).or_default() += count;
            }
            ids.extend(found.candidates);
            if found.loose {
                all.loose.push(number);
            }
            number += 1;
        }
    }
    if all.lines == 0 {
        return Err(UnusableBulk::Empty);
    }
    all.candidates = ids.into_iter().zip(0..).collect();
    Ok(all)
}

/// The members that tell what a line is. Everything else is skipped, but must be JSON.
#[derive(Deserialize)]
struct Glimpse<'a> {
    #[serde(borrow, rename = "resourceType")]
    resource_type: Option<Str<'a>>,
    subject: Option<IgnoredAny>,
    patient: Option<IgnoredAny>,
}

fn in_block(block: &Block, sieve: &mut Sieve<'_>) -> InPart {
    let mut found = InPart::default();
    let mut counts = [0_u64; COUNTED.len() + 1];
    for (_, number, line) in block.lines() {
        found.line_ends += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        found.lines += 1;
        let mut bad = |reason: String, resource_type: Option<&str>| {
            let bad = BadLine {
                file: block.file,
                line: number + 1,
                reason,
            };
            found.bad.add(bad, line, resource_type);
        };
        let Ok(text) = std::str::from_utf8(line) else {
            bad("not UTF-8".into(), None);
            continue;
        };
        let (resource_type, has_subject) = match serde_json::from_str::<Glimpse<'_>>(text) {
            Ok(glimpse) => {
                let has_subject = glimpse.subject.is_some() || glimpse.patient.is_some();
                (glimpse.resource_type.map(Str::into_cow), has_subject)
            }
            Err(_) => match serde_json::from_str::<&RawValue>(text) {
                Err(error) => {
                    bad(format!("not JSON: column {}", error.column()), None);
                    continue;
                }
                Ok(json) if !json.get().starts_with('{') => {
                    bad("no resource: not a JSON object".into(), None);
                    continue;
                }
                // A member of an odd shape, or one that stands there twice: a second, slower look.
                Ok(json) => {
                    let seen = sieve.look(json);
                    let name = Some(seen.resource_type).filter(|name| !name.is_empty());
                    (name, seen.patient.is_some())
                }
            },
        };
        let Some(name) = resource_type else {
            // With a subject it is kept for that patient, as a record that could be anything.
            if !has_subject {
                bad("no resource: without resourceType".into(), Some(""));
            }
            continue;
        };
        let known = COUNTED.iter().position(|known| **known == *name);
        counts[known.unwrap_or(COUNTED.len())] += 1;
        match &*name {
            "Condition" => {
                let Ok(json) = serde_json::from_str::<&RawValue>(text) else {
                    continue;
                };
                let seen = sieve.look(json);
                if seen.may_be_thyroid_cancer
                    && let Some(patient) = &seen.patient
                    && !found.candidates.contains(patient.as_ref())
                {
                    found.candidates.insert(patient.as_ref().into());
                }
            }
            "Medication" => found.loose = true,
            "Observation" | "DiagnosticReport" if !has_subject => found.loose = true,
            "Bundle" => bad(
                "a Bundle: Bulk Data has one resource in each line".into(),
                Some("Bundle"),
            ),
            "OperationOutcome" if reports_an_error(text) => bad(
                "an OperationOutcome: the export reports an error".into(),
                Some("OperationOutcome"),
            ),
            _ => {}
        }
    }
    found.resources = COUNTED
        .into_iter()
        .chain(["other"])
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .collect();
    found
}

/// Whether an OperationOutcome says that something is missing.
fn reports_an_error(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Outcome<'a> {
        #[serde(borrow, default)]
        issue: Vec<Issue<'a>>,
    }
    #[derive(Deserialize)]
    struct Issue<'a> {
        #[serde(borrow)]
        severity: Option<Str<'a>>,
    }
    serde_json::from_str::<Outcome<'_>>(text).map_or(true, |outcome| {
        outcome.issue.iter().any(|issue| {
            !matches!(
                issue.severity.as_ref().map(Str::as_str),
                Some("warning" | "information" | "success")
            )
        })
    })
}

/// Where the line ends that begins or stands at `at`.
pub(super) fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end)
}

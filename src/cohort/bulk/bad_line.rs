//! Lines that are no resource: what is wrong, and whose record is missing because of it.
//!
//! A broken line may be a record that matters. Where its beginning still tells type and patient, what that patient lacks is
//! known; where it does not, every patient may lack it, and nothing that needs all records of the type may be concluded.

use memchr::memmem;
use std::collections::{BTreeMap, HashMap};

/// Bad lines that are listed; all are counted.
const LISTED: usize = 100;
/// Bad lines whose patient is remembered. Beyond that the input is no export.
const ATTRIBUTED: usize = 100_000;

/// Resource types that a broken line may have been of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Types(u8);

impl Types {
    /// Condition.
    pub const CONDITION: Self = Self(1);
    /// Observation.
    pub const OBSERVATION: Self = Self(2);
    /// Procedure.
    pub const PROCEDURE: Self = Self(4);
    /// MedicationAdministration, MedicationStatement, Medication.
    pub const MEDICATION: Self = Self(8);
    /// DiagnosticReport.
    pub const REPORT: Self = Self(16);
    /// Any.
    pub const ANY: Self = Self(31);

    /// Of a name; a type that no rule reads, and the Patient, is none of them.
    fn of(resource_type: &str) -> Self {
        match resource_type {
            "Condition" => Self::CONDITION,
            "Observation" => Self::OBSERVATION,
            "Procedure" => Self::PROCEDURE,
            "MedicationAdministration" | "MedicationStatement" | "Medication" => Self::MEDICATION,
            "DiagnosticReport" => Self::REPORT,
            "Bundle" | "OperationOutcome" | "" => Self::ANY,
            _ => Self(0),
        }
    }

    /// Both.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether they have one in common.
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// None at all.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A line that is no resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Number of the file.
    pub file: u32,
    /// Line, from 1.
    pub line: u64,
    /// What is wrong. Quotes nothing of the line.
    pub reason: String,
}

/// All bad lines.
#[derive(Debug, Clone, Default)]
pub struct BadLines {
    /// How many.
    pub lines: u64,
    /// The first of them, in the order of the input.
    pub listed: Vec<BadLine>,
    /// How many of them could be any patient's and of a type that matters.
    pub of_anybody: u64,
    anybody: Types,
    of: HashMap<Box<str>, Types>,
    /// By reason.
    pub by_reason: BTreeMap<String, u64>,
}

impl BadLines {
    /// Adds a line.
    pub(super) fn add(&mut self, bad: BadLine, text: &[u8], resource_type: Option<&str>) {
        let types = match resource_type {
            Some(name) => Types::of(name),
            None => leading_type(text).map_or(Types::ANY, Types::of),
        };
        self.lines += 1;
        let kind = bad.reason.split(':').next().unwrap_or_default().to_owned();
        *self.by_reason.entry(kind).or_default() += 1;
        if self.listed.len() < LISTED {
            self.listed.push(bad);
        }
        if types.is_empty() {
            return;
        }
        let patients = patients(text);
        if patients.is_empty() || self.of.len() >= ATTRIBUTED {
            self.of_anybody += 1;
            self.anybody = self.anybody.and(types);
            return;
        }
        for patient in patients {
            let known = self.of.entry(patient.into()).or_default();
            *known = known.and(types);
        }
    }

    /// Adds those of a later part, whose lines are numbered from `first`.
    pub(super) fn append(&mut self, later: Self, first: u64) {
        self.lines += later.lines;
        self.of_anybody += later.of_anybody;
        self.anybody = self.anybody.and(later.anybody);
        for (reason, lines) in later.by_reason {
            *self.by_reason.entry(reason).or_default() += lines;
        }
        for mut bad in later.listed {
            if self.listed.len() == LISTED {
                break;
            }
            bad.line += first;
            self.listed.push(bad);
        }
        for (patient, types) in later.of {
            let known = self.of.entry(patient).or_default();
            *known = known.and(types);
        }
    }

    /// Types of which records of this patient are known to be broken.
    pub fn of(&self, patient: &str) -> Types {
        self.of.get(patient).copied().unwrap_or_default()
    }

    /// Types of which there are broken lines that may be anybody's, unless as many were declared to be nobody's.
    pub fn of_anybody(&self, accepted: u64) -> Types {
        if self.of_anybody > accepted {
            self.anybody
        } else {
            Types::default()
        }
    }
}

/// The type, where the line begins with it. Later in the line it may be that of a contained resource.
fn leading_type(text: &[u8]) -> Option<&str> {
    let rest = text.trim_ascii_start().strip_prefix(b"{")?;
    let rest = rest.trim_ascii_start().strip_prefix(b"\"resourceType\"")?;
    let rest = rest.trim_ascii_start().strip_prefix(b":")?;
    let rest = rest.trim_ascii_start().strip_prefix(b"\"")?;
    let end = memchr::memchr(b'"', rest)?;
    let name = std::str::from_utf8(&rest[..end]).ok()?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_name.then_some(name)
}

/// Ids of the patients that the line names as its subject.
fn patients(text: &[u8]) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for member in [b"\"subject\"".as_slice(), b"\"patient\""] {
        for at in memmem::find_iter(text, member) {
            let rest = &text[at + member.len()..];
            let end = memchr::memchr(b'}', rest).unwrap_or(rest.len());
            let reference = &rest[..end];
            let Some(at) = memmem::find(reference, b"Patient/") else {
                continue;
            };
            let id = &reference[at + b"Patient/".len()..];
            // Without its end the id may be cut.
            let Some(end) = id.iter().position(|byte| matches!(byte, b'"' | b'/')) else {
                continue;
            };
            if let Ok(id) = std::str::from_utf8(&id[..end])
                && !id.is_empty()
                && !found.contains(&id)
            {
                found.push(id);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_line_tells_what_its_beginning_tells() {
        let cut = br#"{"resourceType":"Observation","id":"o","subject":{"reference":"https://ehr.example.org/Patient/p1"},"code":{"tex"#;
        assert_eq!(leading_type(cut), Some("Observation"));
        assert_eq!(patients(cut), ["p1"]);
        let contained =
            br#"{"contained":[{"resourceType":"Medication"}],"subject":{"reference":"Patient/p"#;
        assert_eq!(leading_type(contained), None);
        assert!(patients(contained).is_empty(), "an id that is cut is no id");
    }

    #[test]
    fn a_line_of_nobody_is_anybodys_unless_it_was_accepted() {
        let mut bad = BadLines::default();
        let line = BadLine {
            file: 0,
            line: 1,
            reason: "not JSON: column 3".into(),
        };
        bad.add(line.clone(), br#"{"resourceType":"Procedure","#, None);
        bad.add(line.clone(), br#"{"resourceType":"Encounter","#, None);
        let named = br#"{"resourceType":"Condition","subject":{"reference":"Patient/p1"},"#;
        bad.add(line, named, None);
        assert_eq!((bad.lines, bad.of_anybody), (3, 1));
        assert_eq!(bad.of_anybody(0), Types::PROCEDURE);
        assert!(bad.of_anybody(1).is_empty());
        assert_eq!(bad.of("p1"), Types::CONDITION);
        assert!(bad.of("p2").is_empty());
    }
}

//! The second time through: where are the records of the patients who may have thyroid cancer?
//!
//! Nearly every line is another patient's. A line can only be a patient's when it holds `Patient/` and the id, or when it is
//! the Patient itself: a search over the bytes finds those lines, and only they are parsed. JSON may also write a character as
//! an escape (`\u0050atient`, `Patient\/p1`): a line with such an escape is always parsed.

use super::files::{Block, Files, UnusableBulk};
use super::find::{Found, line_end};
use crate::chart::Release;
use crate::chart::sieve::{Seen, Sieve};
use crate::fhir::reference::type_and_id;
use crate::terminology::Terminology;
use memchr::{memchr_iter, memmem, memrchr};
use rayon::prelude::*;
use serde_json::value::RawValue;
use std::collections::{HashMap, HashSet};

/// Records that name each other are followed this far, as in a chart.
const DEEPEST_LIST: usize = 8;

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Number of the file.
    pub file: u32,
    /// Length without line end.
    pub bytes: u32,
    /// First byte.
    pub offset: u64,
}

/// Where the records of every patient stand who may have thyroid cancer.
#[derive(Debug)]
pub struct Records<'f> {
    files: &'f Files,
    /// Ids, sorted.
    ids: Vec<Box<str>>,
    places: Vec<Vec<Place>>,
    patients: Vec<Vec<Place>>,
}

/// What one line is to whom.
struct Kept {
    owner: u32,
    place: Place,
    is_patient: bool,
    names: Vec<Box<str>>,
}

/// Notes where the records stand that a rule could use, or that `also` asks for.
pub fn gather<'f>(
    files: &'f Files,
    found: &Found,
    terminology: &Terminology,
    release: Release,
    also: &(dyn Fn(&Seen<'_>) -> bool + Sync),
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Records<'f>, UnusableBulk> {
    let parts = files.parts();
    let mut ids: Vec<Box<str>> = vec!["".into(); found.candidates()];
    for (id, place) in &found.candidates {
        ids[*place as usize] = id.clone();
    }
    let mut records = Records {
        files,
        places: vec![Vec::new(); ids.len()],
        patients: vec![Vec::new(); ids.len()],
        ids,
    };
    let kept = parts
        .par_iter()
        .map_init(
            || (Sieve::new(terminology, release), Block::default()),
            |(sieve, block), part| {
                *block = files.block(*part, std::mem::take(block))?;
                let kept = in_block(files, block, found, sieve, also)?;
                progress(part.bytes());
                Ok(kept)
            },
        )
        .collect::<Result<Vec<Vec<Kept>>, UnusableBulk>>()?;
    // Named records that are not the patient's by their own subject: a Medication, a member of a panel.
    let mut wanted: HashMap<Box<str>, Vec<u32>> = HashMap::new();
    for kept in kept.into_iter().flatten() {
        records.keep(kept, &mut wanted);
    }
    let mut looked_up: HashSet<(Box<str>, u32)> = HashSet::new();
    for _ in 0..DEEPEST_LIST {
        wanted.retain(|name, owners| {
            owners.retain(|owner| looked_up.insert((name.clone(), *owner)));
            !owners.is_empty()
        });
        if wanted.is_empty() || found.loose.is_empty() {
            break;
        }
        let loose = found
            .loose
            .par_iter()
            .map_init(
                || Sieve::new(terminology, release),
                |sieve, number| {
                    let block = files.block(parts[*number], Block::default())?;
                    Ok(named_in_block(&block, &wanted, sieve))
                },
            )
            .collect::<Result<Vec<Vec<Kept>>, UnusableBulk>>()?;
        wanted = HashMap::new();
        for kept in loose.into_iter().flatten() {
            records.keep(kept, &mut wanted);
        }
    }
    for places in records.places.iter_mut().chain(&mut records.patients) {
        places.shrink_to_fit();
    }
    Ok(records)
}

impl Records<'_> {
    fn keep(&mut self, kept: Kept, wanted: &mut HashMap<Box<str>, Vec<u32>>) {
        let places = if kept.is_patient {
            &mut self.patients
        } else {
            &mut self.places
        };
        places[kept.owner as usize].push(kept.place);
        for name in kept.names {
            let owners = wanted.entry(name).or_default();
            if owners.last() != Some(&kept.owner) {
                owners.push(kept.owner);
            }
        }
    }

    /// How many patients there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Nobody.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Id of a patient.
    pub fn id(&self, patient: usize) -> &str {
        &self.ids[patient]
    }

    /// How many Patient resources these patients have.
    pub fn patient_lines(&self) -> usize {
        self.patients.iter().map(Vec::len).sum()
    }

    /// How many lines were kept.
    pub fn lines(&self) -> usize {
        let of = |places: &[Vec<Place>]| places.iter().map(Vec::len).sum::<usize>();
        of(&self.places) + of(&self.patients)
    }

    /// The lines of one patient: Patient resources, and all others.
    pub fn of(&self, patient: usize) -> Result<(Vec<String>, Vec<String>), UnusableBulk> {
        let read = |places: &[Place]| {
            places
                .iter()
                .map(|place| self.files.line(*place))
                .collect::<Result<Vec<String>, _>>()
        };
        Ok((read(&self.patients[patient])?, read(&self.places[patient])?))
    }

    /// The error for lines that are no longer what they were.
    pub fn changed(&self, patient: usize) -> UnusableBulk {
        let place = self.places[patient]
            .first()
            .or(self.patients[patient].first());
        self.files.changed(place.map_or(0, |place| place.file))
    }
}

fn in_block(
    files: &Files,
    block: &Block,
    found: &Found,
    sieve: &mut Sieve<'_>,
    also: &(dyn Fn(&Seen<'_>) -> bool + Sync),
) -> Result<Vec<Kept>, UnusableBulk> {
    let mut kept = Vec::new();
    for (start, end) in lines_to_look_at(block.bytes(), found) {
        let Ok(text) = std::str::from_utf8(&block.bytes()[start..end]) else {
            continue;
        };
        // Broken lines were counted the first time.
        let Ok(json) = serde_json::from_str::<&RawValue>(text) else {
            continue;
        };
        let seen = sieve.look(json);
        let is_patient = seen.resource_type == "Patient";
        let owner = if is_patient { &seen.id } else { &seen.patient };
        let Some(owner) = owner
            .as_deref()
            .and_then(|id| found.candidates.get(id))
            .copied()
        else {
            continue;
        };
        if is_patient || seen.may_matter || also(&seen) {
            let bytes = u32::try_from(end - start).map_err(|_| files.changed(block.file))?;
            kept.push(Kept {
                owner,
                place: Place {
                    file: block.file,
                    bytes,
                    offset: block.offset + start as u64,
                },
                is_patient,
                names: names(&seen),
            });
        }
    }
    Ok(kept)
}

/// `Type/id` of the records that this one names in its own server.
fn names(seen: &Seen<'_>) -> Vec<Box<str>> {
    seen.names
        .iter()
        .filter_map(|reference| type_and_id(reference))
        .map(|(resource_type, id)| format!("{resource_type}/{id}").into())
        .collect()
}

/// The lines that may be a candidate's, in order.
fn lines_to_look_at(bytes: &[u8], found: &Found) -> Vec<(usize, usize)> {
    let mut ends: Vec<usize> = Vec::new();
    let finder = memmem::Finder::new(b"Patient");
    let mut at = 0;
    while let Some(hit) = finder.find(&bytes[at..]) {
        let hit = at + hit;
        let after = hit + b"Patient".len();
        at = after;
        let may_be = match bytes.get(after) {
            Some(b'/') => {
                let rest = &bytes[after + 1..];
                let length = rest
                    .iter()
                    .position(|byte| matches!(byte, b'"' | b'/' | b'\\' | b'\n'))
                    .unwrap_or(rest.len());
                std::str::from_utf8(&rest[..length])
                    .is_ok_and(|id| found.candidates.contains_key(id))
            }
            Some(b'"') => is_resource_type(&bytes[..hit]),
            _ => false,
        };
        if may_be {
            at = line_end(bytes, after);
            ends.push(at);
        }
    }
    let mut known = 0;
    for escape in memchr_iter(b'\\', bytes) {
        if escape < known || !matches!(bytes.get(escape + 1), Some(b'u' | b'/')) {
            continue;
        }
        known = line_end(bytes, escape);
        ends.push(known);
    }
    ends.sort_unstable();
    ends.dedup();
    ends.into_iter()
        .map(|end| (memrchr(b'\n', &bytes[..end]).map_or(0, |at| at + 1), end))
        .collect()
}

/// Whether what stands before a text is `"resourceType": "`.
fn is_resource_type(before: &[u8]) -> bool {
    before
        .strip_suffix(b"\"")
        .map(<[u8]>::trim_ascii_end)
        .and_then(|before| before.strip_suffix(b":"))
        .is_some_and(|before| before.trim_ascii_end().ends_with(b"\"resourceType\""))
}

fn named_in_block(
    block: &Block,
    wanted: &HashMap<Box<str>, Vec<u32>>,
    sieve: &mut Sieve<'_>,
) -> Vec<Kept> {
    let mut kept = Vec::new();
    for (start, _, line) in block.lines() {
        let json = std::str::from_utf8(line)
            .ok()
            .and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
        let Some(json) = json else { continue };
        let seen = sieve.look(json);
        if seen.patient.is_some() {
            continue;
        }
        let Some(id) = &seen.id else { continue };
        let Some(owners) = wanted.get(format!("{}/{id}", seen.resource_type).as_str()) else {
            continue;
        };
        for owner in owners {
            kept.push(Kept {
                owner: *owner,
                place: Place {
                    file: block.file,
                    bytes: line.len() as u32,
                    offset: block.offset + start as u64,
                },
                is_patient: false,
                names: names(&seen),
            });
        }
    }
    kept
}

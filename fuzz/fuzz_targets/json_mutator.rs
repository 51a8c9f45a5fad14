//! Changes JSON as JSON: a value becomes another one of its kind or of another, a member goes, comes twice or is renamed.
//!
//! Bytes changed at random are seldom JSON any more, and what is none is refused in the first line of the reader. Every second
//! change is still one of bytes, so that the reader itself is tried.

use libfuzzer_sys::fuzzer_mutate;
use serde_json::Value;

const VALUES: [&str; 34] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-1",
    "2.5",
    "2.49999999999999999",
    "200",
    "200.1",
    "1e400",
    "1e-400",
    "-1e400",
    "2147483648",
    "-2147483649",
    "18446744073709551616",
    "0.1e1",
    "\"\"",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "\"2026-10-05\"",
    "\"2026\"",
    "\"2026-02-30\"",
    "\"0001-01-01\"",
    "\"9999-12-31T23:59:60+14:00\"",
    "\"Patient/p-1\"",
    "\"#a\"",
    "\"entered-in-error\"",
    "\"final\"",
    "\"FDG PET SUVmax\"",
    "{\"coding\":[{\"system\":\"http://snomed.info/sct\",\"code\":\"94222008\"}]}",
];

const NAMES: [&str; 30] = [
    "resourceType",
    "id",
    "status",
    "code",
    "coding",
    "system",
    "display",
    "text",
    "subject",
    "reference",
    "entry",
    "resource",
    "link",
    "relation",
    "component",
    "hasMember",
    "contained",
    "valueQuantity",
    "valueRange",
    "valueInteger",
    "valueCodeableConcept",
    "valueString",
    "effectiveDateTime",
    "onsetAge",
    "onsetDateTime",
    "abatementDateTime",
    "modifierExtension",
    "implicitRules",
    "verificationStatus",
    "bodySite",
];

/// A small generator, so that one seed always makes one change.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit.max(1)
    }
}

/// Changes one JSON value, or the one of a line.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32, by_line: bool) -> usize {
    let mut chance = Chance((u64::from(seed) << 16) | 0x9e37);
    if chance.below(2) == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let Some(changed) = changed(&data[..size], by_line, &mut chance) else {
        return fuzzer_mutate(data, size, max_size);
    };
    if changed.len() > max_size || changed.is_empty() {
        return fuzzer_mutate(data, size, max_size);
    }
    data[..changed.len()].copy_from_slice(&changed);
    changed.len()
}

fn changed(data: &[u8], by_line: bool, chance: &mut Chance) -> Option<Vec<u8>> {
    let (start, end) = if by_line {
        let starts: Vec<usize> = std::iter::once(0)
            .chain(
                data.iter()
                    .enumerate()
                    .filter(|(_, byte)| **byte == b'\n')
                    .map(|(at, _)| at + 1),
            )
            .collect();
        let start = starts[chance.below(starts.len())];
        let end = data[start..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(data.len(), |at| start + at);
        (start, end)
    } else {
        (0, data.len())
    };
    let mut value: Value = serde_json::from_slice(&data[start..end]).ok()?;
    let donor = nth(&value, &mut chance.below(count(&value)))?.clone();
    for _ in 0..=chance.below(3) {
        let mut at = chance.below(count(&value));
        change(&mut value, &mut at, &donor, chance);
    }
    let mut all = data[..start].to_vec();
    serde_json::to_writer(&mut all, &value).ok()?;
    if by_line && chance.below(8) == 0 {
        // The line once more.
        all.push(b'\n');
        all.extend_from_slice(&data[start..end]);
    }
    all.extend_from_slice(&data[end..]);
    Some(all)
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

fn nth<'v>(value: &'v Value, at: &mut usize) -> Option<&'v Value> {
    if *at == 0 {
        return Some(value);
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter().find_map(|item| nth(item, at)),
        Value::Object(members) => members.values().find_map(|member| nth(member, at)),
        _ => None,
    }
}

/// Changes the value that is reached when `at` is counted down.
fn change(value: &mut Value, at: &mut usize, donor: &Value, chance: &mut Chance) -> bool {
    if *at == 0 {
        change_here(value, donor, chance);
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| change(item, at, donor, chance)),
        Value::Object(members) => members
            .values_mut()
            .any(|member| change(member, at, donor, chance)),
        _ => false,
    }
}

fn change_here(value: &mut Value, donor: &Value, chance: &mut Chance) {
    let fresh: Value = serde_json::from_str(VALUES[chance.below(VALUES.len())]).unwrap_or_default();
    match value {
        Value::Object(members) if !members.is_empty() && chance.below(4) != 0 => {
            let name = members
                .keys()
                .nth(chance.below(members.len()))
                .cloned()
                .unwrap_or_default();
            match chance.below(4) {
                0 => {
                    members.shift_remove(&name);
                }
                1 => {
                    let moved = members.shift_remove(&name).unwrap_or_default();
                    members.insert(NAMES[chance.below(NAMES.len())].to_owned(), moved);
                }
                2 => {
                    members.insert(NAMES[chance.below(NAMES.len())].to_owned(), donor.clone());
                }
                _ => {
                    members.insert(name, fresh);
                }
            }
        }
        Value::Array(items) if !items.is_empty() && chance.below(4) != 0 => {
            let at = chance.below(items.len());
            match chance.below(4) {
                0 => {
                    items.remove(at);
                }
                1 => items.push(items[at].clone()),
                2 => {
                    let other = chance.below(items.len());
                    items.swap(at, other);
                }
                _ => items[at] = donor.clone(),
            }
        }
        _ => {
            *value = match chance.below(3) {
                0 => donor.clone(),
                1 => Value::Array(vec![value.clone()]),
                _ => fresh,
            }
        }
    }
}

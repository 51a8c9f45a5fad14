//! NDJSON: a JSON object on each line, a member for each column.

use super::UnusableTable;
use super::lines::Lines;
use super::rows::{Rows, Wrong};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The members of one object as they come.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfObject;
        impl<'de> Visitor<'de> for OfObject {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Vec<(Cow<str>, &RawValue)> = Vec::new();
                while let Some((Text(name), value)) = map.next_entry::<Text, &RawValue>()? {
                    if members.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom("a member twice"));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(OfObject)
    }
}

/// Reads a file.
pub(super) fn read(lines: &mut Lines, file: &str, rows: &mut Rows) -> Result<(), UnusableTable> {
    let unreadable = |error: std::io::Error| UnusableTable::unreadable(file, error.to_string());
    let mut line = Vec::new();
    let mut is_first = true;
    while let Some(number) = lines.next(&mut line).map_err(unreadable)? {
        let mut text = line.as_slice();
        if std::mem::take(&mut is_first) {
            text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
            if text.trim_ascii().starts_with(b"[") {
                return Err(UnusableTable::unreadable(
                    file,
                    "it is a JSON array; expected an object on each line (jq -c '.[]' makes it so)",
                ));
            }
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        match members(text) {
            Ok(members) => {
                // New columns first: a wrong one is the fault of the file, not of the row.
                let mut cells = vec![Cow::Borrowed(""); rows.header().len()];
                let mut wrong = None;
                for (name, value) in members.0 {
                    let known = rows.header().iter().position(|column| *column == name);
                    let place = match known {
                        Some(place) => place,
                        None => rows.add_column(&name)?,
                    };
                    cells.resize(cells.len().max(place + 1), Cow::Borrowed(""));
                    match cell(value) {
                        Some(text) => cells[place] = text,
                        None => wrong = Some(place),
                    }
                }
                let taken = match wrong {
                    None => rows.row(&|place| cells.get(place).map_or("", |c| c.trim_ascii())),
                    Some(place) => Err(Wrong::cell(
                        place,
                        "expected a text, a number, true, false or null",
                    )),
                };
                if let Err(wrong) = taken {
                    rows.bad_row(number, wrong)?;
                }
            }
            Err(wrong) => rows.bad_row(number, wrong)?,
        }
    }
    if is_first {
        return Err(UnusableTable::unreadable(
            file,
            "it is empty; expected a JSON object for each patient",
        ));
    }
    rows.check_required()
}

fn members(line: &[u8]) -> Result<Members<'_>, Wrong> {
    let text = std::str::from_utf8(line).map_err(|_| Wrong::row("it is not UTF-8"))?;
    serde_json::from_str(text).map_err(|error| {
        Wrong::row(match error.classify() {
            serde_json::error::Category::Data => {
                "expected a JSON object with each member once".to_owned()
            }
            _ => format!("not JSON from column {} on", error.column()),
        })
    })
}

/// A value as a cell; none for a list or an object.
fn cell(value: &RawValue) -> Option<Cow<'_, str>> {
    let text = value.get();
    match text.as_bytes().first()? {
        b'"' => serde_json::from_str(text).ok().map(|Text(text)| text),
        b'[' | b'{' => None,
        _ if text == "null" => Some(Cow::Borrowed("")),
        _ => Some(Cow::Borrowed(text)),
    }
}

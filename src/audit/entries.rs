//! Reads the entries of a chain, for whoever asks what was answered. Knows lines, not what an entry means.

use super::files::{file_name, numbers};
use super::line::{Line, Lines, Stretch};
use super::report::CannotVerify;
use super::{Head, Key};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// What a line says of its entry.
#[derive(Deserialize)]
struct Said<'a> {
    seq: u64,
    at: &'a str,
    #[serde(borrow, default)]
    entry: Option<&'a RawValue>,
}

/// Gives each entry of an instance's chain to `each`, in the order of the files, with the instant it was handed over. Lines
/// beyond `until` are left out: what a service that runs wrote after the chain was verified. With a key every line is checked
/// against its mac once more; without one the text is taken as it is. Returns how many lines could not be read.
///
/// # Errors
/// [`CannotVerify`] when the disk does not answer or there is no log.
pub fn entries(
    folder: &Path,
    instance: &str,
    key: Option<&Key>,
    until: Option<&Head>,
    each: &mut dyn FnMut(Timestamp, &RawValue),
) -> Result<u64, CannotVerify> {
    let disk = |path: &Path, error| CannotVerify::Disk(path.to_owned(), error);
    let numbers = numbers(folder, instance).map_err(|error| disk(folder, error))?;
    if numbers.is_empty() {
        return Err(CannotVerify::NoLog(instance.to_owned()));
    }
    let mut unreadable = 0;
    for number in numbers {
        let path = folder.join(file_name(instance, number));
        let file = File::open(&path).map_err(|error| disk(&path, error))?;
        let mut lines = Lines::new(BufReader::with_capacity(1 << 16, file));
        while let Some(stretch) = lines.next().map_err(|error| disk(&path, error))? {
            let text = match stretch {
                Stretch::Line(text) => text,
                Stretch::TooLong => {
                    unreadable += 1;
                    continue;
                }
                // Of a crash, or being written now: nobody was told that it was recorded.
                Stretch::Unfinished(_) => continue,
            };
            let genuine = key.is_none_or(|key| Line::read(text, key).is_some());
            let said = serde_json::from_slice::<Said<'_>>(text).ok();
            let Some(said) = said.filter(|_| genuine) else {
                unreadable += 1;
                continue;
            };
            if until.is_some_and(|until| said.seq > until.count) {
                continue;
            }
            match (said.entry, said.at.parse()) {
                (Some(entry), Ok(at)) => each(at, entry),
                (Some(_), Err(_)) => unreadable += 1,
                // The first line of a file, a gap, a torn line.
                (None, _) => {}
            }
        }
    }
    Ok(unreadable)
}

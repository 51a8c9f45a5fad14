//! One line of the log: how it is written, read and checked. Knows no files beyond a stream of bytes.

use super::Key;
use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Read, Write};

/// The format, named in the first line of each file.
pub(super) const FORMAT: &str = "rrdtc-audit/1";
/// `prev` of the first line of a chain.
pub(super) const NO_PREV: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Most bytes of a line; a reader never holds more.
pub(super) const MOST_LINE_BYTES: usize = 1 << 20;
/// Most bytes of an entry: a line without its other members.
pub(super) const MOST_ENTRY_BYTES: usize = MOST_LINE_BYTES - 1024;

const MAC_MEMBER: &[u8] = b",\"mac\":\"";
/// `,"mac":"`, 64 hex digits, `"}`.
const MAC_BYTES: usize = 8 + 64 + 2;

/// Where a chain ends: the next line continues here.
#[derive(Debug, Clone)]
pub(super) struct Tip {
    pub(super) seq: u64,
    pub(super) mac: String,
}

impl Tip {
    pub(super) fn start() -> Self {
        Self {
            seq: 0,
            mac: NO_PREV.to_owned(),
        }
    }

    /// Appends the next line, with its line feed, to `out`. `json` is the value of `member`, without a line feed.
    pub(super) fn append(
        &mut self,
        out: &mut Vec<u8>,
        key: &Key,
        at: Timestamp,
        member: &str,
        json: &[u8],
    ) -> std::io::Result<()> {
        let start = out.len();
        let (seq, prev) = (self.seq + 1, &self.mac);
        write!(
            out,
            r#"{{"seq":{seq},"at":"{at:.6}","prev":"{prev}","{member}":"#
        )?;
        out.extend_from_slice(json);
        let mac = key.mac(&[&out[start..], b"}"]);
        out.extend_from_slice(MAC_MEMBER);
        out.extend_from_slice(mac.as_bytes());
        out.extend_from_slice(b"\"}\n");
        *self = Self { seq, mac };
        Ok(())
    }
}

/// The `file` member: the first line of a file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FileHeader {
    pub(super) format: String,
    pub(super) instance: String,
    pub(super) number: u64,
}

/// Entries that are missing from the trail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Entries dropped because the queue was full (best-effort only).
    pub queue_full: u64,
    /// Entries that the disk refused (in required mode their callers were told).
    pub write_failed: u64,
}

impl Gap {
    /// How many in all.
    pub fn total(&self) -> u64 {
        self.queue_full + self.write_failed
    }
}

/// The `torn` member: bytes of an unfinished line that were moved aside.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SetAside {
    pub(super) file: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// What a genuine line says.
#[derive(Debug, Deserialize)]
pub(super) struct Line<'a> {
    pub(super) seq: u64,
    pub(super) at: &'a str,
    pub(super) prev: &'a str,
    pub(super) mac: &'a str,
    #[serde(default)]
    pub(super) file: Option<FileHeader>,
    #[serde(default)]
    pub(super) gap: Option<Gap>,
    #[serde(default)]
    pub(super) torn: Option<SetAside>,
    #[serde(default, rename = "entry")]
    _entry: IgnoredAny,
}

impl<'a> Line<'a> {
    /// Reads a line without its line feed; `None` when it is not exactly as somebody with the key wrote it.
    pub(super) fn read(bytes: &'a [u8], key: &Key) -> Option<Self> {
        let (body, member) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
        let mac = member.strip_prefix(MAC_MEMBER)?.strip_suffix(b"\"}")?;
        // Both are on this machine and nobody measures the time: a plain comparison is enough. As text, so that the
        // case of a digit counts.
        if key.mac(&[body, b"}"]).as_bytes() != mac {
            return None;
        }
        serde_json::from_slice(bytes).ok()
    }
}

/// A stretch of a log file.
pub(super) enum Stretch<'a> {
    /// A line, without its line feed.
    Line(&'a [u8]),
    /// A line with more bytes than any that was written.
    TooLong,
    /// So many bytes after the last line feed.
    Unfinished(u64),
}

/// Reads a file line by line with bounded memory.
pub(super) struct Lines<R> {
    source: R,
    buffer: Vec<u8>,
    /// Bytes up to and with the last line feed.
    pub(super) complete_bytes: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            complete_bytes: 0,
        }
    }

    /// The next stretch, `None` at the end.
    pub(super) fn next(&mut self) -> std::io::Result<Option<Stretch<'_>>> {
        let mut length = 0;
        loop {
            self.buffer.clear();
            let read = (&mut self.source)
                .take(MOST_LINE_BYTES as u64 + 1)
                .read_until(b'\n', &mut self.buffer)?;
            length += read as u64;
            if self.buffer.last() == Some(&b'\n') {
                break;
            }
            if read == 0 {
                return Ok((length > 0).then_some(Stretch::Unfinished(length)));
            }
        }
        self.complete_bytes += length;
        if length > self.buffer.len() as u64 {
            return Ok(Some(Stretch::TooLong));
        }
        self.buffer.pop();
        Ok(Some(Stretch::Line(&self.buffer)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_from_what_is_too_long_or_unfinished() {
        let long = "x".repeat(3 * MOST_LINE_BYTES);
        let text = format!("a\n\n{long}\nb\nrest");
        let mut lines = Lines::new(text.as_bytes());
        let mut seen = Vec::new();
        while let Some(stretch) = lines.next().unwrap() {
            seen.push(match stretch {
                Stretch::Line(line) => String::from_utf8(line.to_vec()).unwrap(),
                Stretch::TooLong => "too long".to_owned(),
                Stretch::Unfinished(bytes) => format!("{bytes} unfinished"),
            });
        }
        assert_eq!(seen, ["a", "", "too long", "b", "4 unfinished"]);
        assert_eq!(lines.complete_bytes, text.len() as u64 - 4);
    }
}

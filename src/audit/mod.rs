//! The audit trail: append-only JSON Lines, chained by HMAC. Start with [`Audit`]; [`verify`] checks what it wrote.
//!
//! It knows lines, files, a key and a head. It must not know what an entry means: callers give anything that
//! serialises, and see to it that no name, id or text of a patient is in it.
//!
//! # The format, so that somebody else can verify it
//!
//! Each instance of the service writes one chain: files `audit-<instance>-000001.jsonl`, `-000002`, ... in one folder.
//! Each line is JSON without blanks, ends with one line feed, and has exactly these members in this order:
//!
//! ```text
//! {"seq":7,"at":"2026-11-24T10:00:00.123456Z","prev":"<64 hex>","entry":{...},"mac":"<64 hex>"}
//! ```
//!
//! * `seq` counts from 1 without a gap, over all files. `at` is when the entry was handed over (UTC, microseconds).
//! * `mac` is HMAC-SHA256, in lower-case hex, over the exact bytes of the line with its mac member taken out: the
//!   line's bytes before `,"mac":"`, followed by one `}`. The key is the bytes of the key file without one line break
//!   at the end.
//! * `prev` is the `mac` of the line before, also across files; 64 zeros in the first line of the chain.
//! * Instead of `entry` a line can hold
//!   `file` (`{"format":"rrdtc-audit/1","instance":"a","number":1}`: the first line of every file, and only there),
//!   `gap` (`{"queue_full":3,"write_failed":0}`: so many entries are missing from the trail before this line, because
//!   the queue was full or because the disk refused them), or
//!   `torn` (`{"file":"...","bytes":31,"sha256":"..."}`: a crash left so many bytes of an unfinished line, which were
//!   moved into that file of the folder).
//! * The head is the number of lines and the `mac` of the last one, kept elsewhere ([`HeadStore`]).
//!
//! In Python, for all files in order of their names:
//!
//! ```text
//! prev, seq = "0" * 64, 0
//! for line in lines:                                        # bytes, without the line feed
//!     assert line[-74:-66] == b',"mac":"' and line[-2:] == b'"}'
//!     mac = hmac.new(key, line[:-74] + b"}", "sha256").hexdigest()
//!     seq += 1
//!     record = json.loads(line)
//!     assert line[-66:-2] == mac.encode() and record["prev"] == prev and record["seq"] == seq
//!     prev = mac
//! ```
//!
//! # What it protects, and what not
//!
//! Whoever can write the folder but does not have the key cannot edit, add, remove or reorder lines unseen. Lines cut
//! off at the end are seen only against the head. Whoever has the key can write a chain anew; the head then still
//! tells, as long as the store is out of reach. The text of the entries is not encrypted. Removing old files is
//! reported as missing files: move them together, as a whole chain, and start a new instance name.
//!
//! # After a crash
//!
//! Bytes after the last line feed are an unfinished line; nobody was told that it was recorded. On open they are
//! copied to `<log file>.<seq>.torn`, cut off the log, and recorded as line `seq`. A crash in between is made good by
//! the next open; the set-aside file can then hold the bytes twice, never less than once.
//! A complete line that does not fit the chain is never repaired: opening is refused.

mod entries;
mod files;
mod key;
mod line;
pub mod pseudonym;
mod report;
mod trail;
mod verify;
mod writer;

pub use entries::entries;
pub use files::UnusableAudit;
pub use key::{Key, UnusableKey};
pub use line::Gap;
pub use report::{Break, CannotVerify, Finding, Report};
pub use trail::{Audit, AuditMode, AuditSettings, AuditStatus, NotRecorded};
pub use verify::{instances, verify};

use futures_util::future::BoxFuture;

/// The end of a chain at some time.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Head {
    /// Number of lines, which is the `seq` of the last.
    pub count: u64,
    /// The `mac` of the last line: 64 lower-case hex digits.
    pub hash: String,
}

/// The text is no `COUNT:HASH`.
#[derive(Debug, thiserror::Error)]
#[error("expected COUNT:HASH, a number of lines and 64 lower-case hex digits")]
pub struct NotAHead;

impl std::str::FromStr for Head {
    type Err = NotAHead;

    fn from_str(text: &str) -> Result<Self, NotAHead> {
        let (count, hash) = text.split_once(':').ok_or(NotAHead)?;
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if hash.len() != 64 || !hash.bytes().all(is_hex) {
            return Err(NotAHead);
        }
        let count = count.parse().map_err(|_| NotAHead)?;
        Ok(Self {
            count,
            hash: hash.to_owned(),
        })
    }
}

impl std::fmt::Display for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.count, self.hash)
    }
}

/// Keeps the head of each chain out of reach of whoever can write the log folder.
pub trait HeadStore: Send + Sync {
    /// Keeps the head. Must never replace a greater count by a smaller one: a call that was given up can still arrive.
    fn put<'a>(
        &'a self,
        instance: &'a str,
        head: &'a Head,
    ) -> BoxFuture<'a, Result<(), HeadUnavailable>>;

    /// The head last kept, `None` for an unknown instance.
    fn get<'a>(&'a self, instance: &'a str)
    -> BoxFuture<'a, Result<Option<Head>, HeadUnavailable>>;
}

/// The store of heads does not answer. The text is for the operator; it holds no secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HeadUnavailable(pub String);

//! What a verification says: plain data. Knows nothing of how it is found out.

use super::Head;
use super::line::Gap;
use serde::Serialize;
use std::path::PathBuf;

/// Why nothing can be said about a chain.
#[derive(Debug, thiserror::Error)]
pub enum CannotVerify {
    /// Correct the name.
    #[error("there is no audit log of the instance {0:?} here, and no head to compare with")]
    NoLog(String),
    /// Correct the path or its permissions.
    #[error("cannot read {0}: {1}")]
    Disk(PathBuf, #[source] std::io::Error),
}

/// What was done to a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Break {
    /// A line is not as it was written, or somebody without the key added it.
    Edited,
    /// Lines are missing.
    Removed,
    /// A genuine line is not where it was written.
    Reordered,
    /// A genuine line is there again.
    Duplicated,
    /// A genuine line belongs to another place, file or instance.
    Misplaced,
    /// A genuine line does not follow the one before it: two histories were joined.
    Forked,
    /// Lines at the end are missing: the head knows more.
    TailTruncated,
    /// The last line of a file is unfinished.
    Torn,
    /// A file is missing.
    MissingFile,
    /// The line that the head names is another one.
    HeadMismatch,
    /// Bytes that a crash left were moved aside, and are not there as they were.
    SetAsideChanged,
    /// No line fits the key.
    WrongKey,
}

/// One thing that is wrong.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was done.
    pub what: Break,
    /// The name of the file.
    pub file: String,
    /// Counted from 1; `None` when the file as a whole is meant.
    pub line: Option<u64>,
    /// What it means, for a reader.
    pub meaning: String,
}

/// What a chain looks like.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whose chain.
    pub instance: String,
    /// Number of files.
    pub files: u64,
    /// Lines that fit the key.
    pub lines: u64,
    /// `at` of the first genuine line.
    pub from: Option<String>,
    /// `at` of the last genuine line.
    pub to: Option<String>,
    /// The last line, when it is genuine: the head of the chain as the files know it.
    pub end: Option<Head>,
    /// Whether a head was given. Without one, lines cut off at the end are not seen.
    pub compared_with_head: bool,
    /// Entries that the trail itself says are missing. No break of the chain.
    pub not_recorded: Gap,
    /// How often a crash left an unfinished line that was moved aside. No break of the chain.
    pub torn_and_moved_aside: u64,
    /// What is wrong; at most 100.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more_findings: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }
}

//! Checks a whole chain and says what is wrong where, and what it means. Reads only, line by line.

use super::files::{file_name, is_instance, list, numbers};
use super::line::{FORMAT, Gap, Line, Lines, NO_PREV, SetAside, Stretch};
use super::report::{Break, CannotVerify, Finding, Report};
use super::{Head, Key};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::Range;
use std::path::Path;

/// Most findings that are kept; the rest is counted.
const MOST_FINDINGS: usize = 100;

/// The instances that have a log in this folder, sorted.
pub fn instances(folder: &Path) -> Result<Vec<String>, CannotVerify> {
    let mut names: Vec<String> = list(folder)
        .map_err(|error| CannotVerify::Disk(folder.to_owned(), error))?
        .into_iter()
        .map(|(instance, _)| instance)
        .collect();
    names.dedup();
    Ok(names)
}

/// Checks the chain of one instance. Take `head` before calling: a service that is running writes on. `progress` is
/// called now and then with the bytes read and the bytes in all.
pub fn verify(
    folder: &Path,
    key: &Key,
    instance: &str,
    head: Option<&Head>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, CannotVerify> {
    let disk = |path: &Path, error| CannotVerify::Disk(path.to_owned(), error);
    let numbers = numbers(folder, instance).map_err(|error| disk(folder, error))?;
    if !is_instance(instance) || (numbers.is_empty() && head.is_none()) {
        return Err(CannotVerify::NoLog(instance.to_owned()));
    }
    let mut total = 0;
    for &number in &numbers {
        let path = folder.join(file_name(instance, number));
        total += path.metadata().map_err(|error| disk(&path, error))?.len();
    }
    let mut chain = Chain::new(folder, key, instance, head);
    let mut done = 0;
    for &number in &numbers {
        let path = folder.join(file_name(instance, number));
        chain
            .file(&path, number, |bytes| progress(done + bytes, total))
            .map_err(|error| disk(&path, error))?;
        done += path.metadata().map_err(|error| disk(&path, error))?.len();
    }
    progress(total, total);
    Ok(chain.finish())
}

/// Numbers that were not seen where they belong.
struct Absent {
    seqs: Range<u64>,
    /// Unreadable lines in the same place: some of the numbers may be theirs.
    unreadable: u64,
    /// Numbers that turned up later.
    found: BTreeSet<u64>,
    file: String,
    line: u64,
}

/// The state of a check.
struct Chain<'a> {
    folder: &'a Path,
    key: &'a Key,
    head: Option<&'a Head>,
    report: Report,
    /// The number that the next line should have.
    expected: u64,
    /// `mac` of the line before that.
    prev: String,
    /// Unreadable lines since the last genuine one.
    unreadable: u64,
    /// Lines that do not fit the key, in all.
    strangers: u64,
    /// A file is missing just before: a jump of the numbers is explained.
    after_missing_file: bool,
    absent: Vec<Absent>,
    file: String,
    line: u64,
    next_number: u64,
}

impl<'a> Chain<'a> {
    fn new(folder: &'a Path, key: &'a Key, instance: &str, head: Option<&'a Head>) -> Self {
        Self {
            folder,
            key,
            head,
            report: Report {
                instance: instance.to_owned(),
                files: 0,
                lines: 0,
                from: None,
                to: None,
                end: None,
                compared_with_head: head.is_some(),
                not_recorded: Gap::default(),
                torn_and_moved_aside: 0,
                findings: Vec::new(),
                more_findings: 0,
            },
            expected: 1,
            prev: NO_PREV.to_owned(),
            unreadable: 0,
            strangers: 0,
            after_missing_file: false,
            absent: Vec::new(),
            file: file_name(instance, 1),
            line: 0,
            next_number: 1,
        }
    }

    fn add(&mut self, finding: Finding) {
        if self.report.findings.len() < MOST_FINDINGS {
            self.report.findings.push(finding);
        } else {
            self.report.more_findings += 1;
        }
    }

    /// A finding about the current line.
    fn here(&mut self, what: Break, meaning: impl Into<String>) {
        self.add(Finding {
            what,
            file: self.file.clone(),
            line: Some(self.line),
            meaning: meaning.into(),
        });
    }

    /// A finding about a whole file.
    fn whole(&mut self, what: Break, file: String, meaning: impl Into<String>) {
        self.add(Finding {
            what,
            file,
            line: None,
            meaning: meaning.into(),
        });
    }

    fn file(
        &mut self,
        path: &Path,
        number: u64,
        mut progress: impl FnMut(u64),
    ) -> std::io::Result<()> {
        for missing in self.next_number..number {
            let name = file_name(&self.report.instance, missing);
            self.whole(
                Break::MissingFile,
                name,
                "the file is missing, with all its lines: removed, or kept elsewhere",
            );
            self.after_missing_file = true;
        }
        self.next_number = number + 1;
        self.report.files += 1;
        self.file = file_name(&self.report.instance, number);
        self.line = 0;
        if !path.symlink_metadata()?.is_file() {
            return Err(std::io::Error::other("not a regular file"));
        }
        let key = self.key;
        let mut lines = Lines::new(BufReader::with_capacity(1 << 16, File::open(path)?));
        let mut bytes = 0;
        while let Some(stretch) = lines.next()? {
            self.line += 1;
            match stretch {
                Stretch::Line(text) => {
                    bytes += text.len() as u64 + 1;
                    match Line::read(text, key) {
                        Some(line) => self.genuine(&line, number)?,
                        None => self.not_genuine(
                            "the line does not fit its mac: it was edited, or somebody without the key wrote it",
                        ),
                    }
                }
                Stretch::TooLong => {
                    self.not_genuine("the line is longer than any that the service writes");
                }
                Stretch::Unfinished(bytes) => self.here(
                    Break::Torn,
                    format!(
                        "{bytes} bytes without a line feed at the end: an unfinished line of a crash, or the end was cut off. If the service is writing now, look again; if it crashed, its next start moves them aside"
                    ),
                ),
            }
            if self.line.is_multiple_of(4096) {
                progress(bytes);
            }
        }
        if self.line == 0 {
            let name = self.file.clone();
            self.whole(
                Break::Torn,
                name,
                "the file is empty: a crash while it was made, or it was emptied",
            );
        }
        Ok(())
    }

    fn not_genuine(&mut self, meaning: &str) {
        self.unreadable += 1;
        self.strangers += 1;
        self.report.end = None;
        self.here(Break::Edited, meaning);
    }

    fn genuine(&mut self, line: &Line<'_>, number: u64) -> std::io::Result<()> {
        let seq = line.seq;
        self.report.lines += 1;
        self.report.from.get_or_insert_with(|| line.at.to_owned());
        self.report.to = Some(line.at.to_owned());
        if seq < self.expected {
            self.out_of_turn(seq);
            return Ok(());
        }
        self.header(line, number);
        let jump = seq - self.expected;
        if jump > self.unreadable {
            if !self.after_missing_file {
                self.absent.push(Absent {
                    seqs: self.expected..seq,
                    unreadable: self.unreadable,
                    found: BTreeSet::new(),
                    file: self.file.clone(),
                    line: self.line,
                });
            }
        } else if jump == 0 && line.prev != self.prev {
            self.here(
                Break::Forked,
                "the line was written with the key but does not follow the one before it: parts of two histories (a restored copy?) were joined",
            );
        }
        if let Some(head) = self.head
            && head.count == seq
            && head.hash != line.mac
        {
            self.here(
                Break::HeadMismatch,
                format!(
                    "the head names another line {seq}: the history was written anew by somebody with the key, or the head is of another log"
                ),
            );
        }
        self.expected = seq + 1;
        line.mac.clone_into(&mut self.prev);
        self.unreadable = 0;
        self.after_missing_file = false;
        self.report.end = Some(Head {
            count: seq,
            hash: line.mac.to_owned(),
        });
        if let Some(gap) = line.gap {
            self.report.not_recorded.queue_full += gap.queue_full;
            self.report.not_recorded.write_failed += gap.write_failed;
        }
        if let Some(torn) = &line.torn {
            self.report.torn_and_moved_aside += 1;
            self.set_aside(torn)?;
        }
        Ok(())
    }

    /// A genuine line whose number has already been passed.
    fn out_of_turn(&mut self, seq: u64) {
        let was_absent = self
            .absent
            .iter_mut()
            .any(|absent| absent.seqs.contains(&seq) && absent.found.insert(seq));
        if was_absent {
            self.here(
                Break::Reordered,
                format!("line {seq} of the chain stands behind later ones: lines changed places"),
            );
        } else {
            self.here(
                Break::Duplicated,
                format!("line {seq} of the chain is there again"),
            );
        }
    }

    /// The first line of a file, and only that, names the file.
    fn header(&mut self, line: &Line<'_>, number: u64) {
        match &line.file {
            Some(header) if header.format != FORMAT => {
                let format = header.format.clone();
                self.here(
                    Break::Misplaced,
                    format!("the file is of the format {format}, which this version does not know"),
                );
            }
            Some(header) if header.instance != self.report.instance || header.number != number => {
                let name = file_name(&header.instance, header.number);
                self.here(
                    Break::Misplaced,
                    format!("this is the first line of {name}: a file was renamed or joined"),
                );
            }
            Some(_) if self.line != 1 => {
                self.here(
                    Break::Misplaced,
                    "the first line of the file stands further down: lines were moved between files",
                );
            }
            None if self.line == 1 && line.seq == self.expected => {
                self.here(
                    Break::Misplaced,
                    "the file does not begin with the line that names it: lines were moved between files",
                );
            }
            _ => {}
        }
    }

    fn set_aside(&mut self, torn: &SetAside) -> std::io::Result<()> {
        let unchanged = match File::open(self.folder.join(&torn.file)) {
            Ok(file) => {
                let mut bytes = Vec::new();
                file.take(torn.bytes + 1).read_to_end(&mut bytes)?;
                bytes.len() as u64 == torn.bytes
                    && format!("{:x}", Sha256::digest(&bytes)) == torn.sha256
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if !unchanged {
            self.whole(
                Break::SetAsideChanged,
                torn.file.clone(),
                "the bytes of an unfinished line, moved here after a crash, are gone or were edited",
            );
        }
        Ok(())
    }

    fn finish(mut self) -> Report {
        for absent in std::mem::take(&mut self.absent) {
            let missing = (absent.seqs.end - absent.seqs.start)
                .saturating_sub(absent.unreadable + absent.found.len() as u64);
            if missing > 0 {
                let Range { start, end } = absent.seqs;
                self.add(Finding {
                    what: Break::Removed,
                    file: absent.file,
                    line: Some(absent.line),
                    meaning: if end - start == 1 {
                        format!("line {start} of the chain is missing before this line")
                    } else {
                        format!(
                            "{missing} of the lines {start} to {} of the chain are missing before this line",
                            end - 1
                        )
                    },
                });
            }
        }
        // Unreadable lines at the end may be those that the head knows.
        let known = self.expected - 1 + self.unreadable;
        if let Some(head) = self.head
            && known < head.count
        {
            let missing = head.count - known;
            self.here(
                Break::TailTruncated,
                format!(
                    "the head knows {} lines, the files end after {known}: {missing} at the end are missing",
                    head.count
                ),
            );
        }
        if self.report.lines == 0 && self.strangers > 0 {
            self.report.findings.clear();
            self.report.more_findings = 0;
            let name = self.file.clone();
            self.whole(
                Break::WrongKey,
                name,
                "no line fits the key: it is the wrong key file, or every line was changed",
            );
        }
        self.report
            .findings
            .sort_by(|a, b| (&a.file, a.line.unwrap_or(0)).cmp(&(&b.file, b.line.unwrap_or(0))));
        self.report
    }
}

//! The files of a chain: their names, the lock, and the end of an existing chain with what a crash left there.
//! Knows nothing of queues and callers.

use super::line::{Line, Lines, NO_PREV, SetAside, Stretch, Tip};
use super::{Head, HeadUnavailable, Key, UnusableKey};
use sha2::{Digest, Sha256};
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Why the trail cannot be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum UnusableAudit {
    /// Correct the key file.
    #[error(transparent)]
    Key(#[from] UnusableKey),
    /// Choose another name.
    #[error(
        "the instance name {0:?} must have 1 to 64 letters, digits, '.', '_' or '-' and begin with a letter or digit"
    )]
    Instance(String),
    /// Stop the other process, or give each its own instance name.
    #[error("{0} is in use by another process (or opened twice)")]
    InUse(PathBuf),
    /// Correct permissions or make room.
    #[error("cannot use {0}: {1}")]
    Disk(PathBuf, #[source] std::io::Error),
    /// Run `rrdtc audit verify`, keep the files as evidence, and continue under a new instance name.
    #[error(
        "{file} line {line} does not fit the chain (edited, or the key is another); look with `rrdtc audit verify`, keep the files, and continue under a new instance name"
    )]
    Broken {
        /// The file's name.
        file: String,
        /// Counted from 1.
        line: u64,
    },
    /// Find the missing lines, or continue under a new instance name.
    #[error(
        "the store knows {head} lines, the folder holds {found}: lines or files are missing at the end"
    )]
    ShorterThanHead {
        /// Lines by the files.
        found: u64,
        /// Lines by the store.
        head: u64,
    },
    /// Try again: the store of heads does not answer (required mode only).
    #[error("cannot compare with the head in the store: {0}")]
    Head(#[source] HeadUnavailable),
}

/// Whether `name` can be part of a file name everywhere.
pub(super) fn is_instance(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

/// The name of a log file; names sort as numbers do.
pub(super) fn file_name(instance: &str, number: u64) -> String {
    format!("audit-{instance}-{number:06}.jsonl")
}

/// Instance and number of a log file's name.
fn parse_name(name: &str) -> Option<(&str, u64)> {
    let (instance, digits) = name
        .strip_prefix("audit-")?
        .strip_suffix(".jsonl")?
        .rsplit_once('-')?;
    let number = digits.parse().ok()?;
    (is_instance(instance) && file_name(instance, number) == name).then_some((instance, number))
}

/// Instance and number of all log files of a folder, sorted.
pub(super) fn list(folder: &Path) -> std::io::Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        if let Some((instance, number)) = entry?.file_name().to_str().and_then(parse_name) {
            found.push((instance.to_owned(), number));
        }
    }
    found.sort();
    Ok(found)
}

/// Numbers of the log files of one instance, sorted.
pub(super) fn numbers(folder: &Path, instance: &str) -> std::io::Result<Vec<u64>> {
    let mut numbers = list(folder)?;
    numbers.retain(|(of, _)| of == instance);
    Ok(numbers.into_iter().map(|(_, number)| number).collect())
}

/// Device and inode: whether a path still leads to an opened file.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// A log file that is written.
#[derive(Debug)]
pub(super) struct LogFile {
    pub(super) path: PathBuf,
    pub(super) number: u64,
    /// Bytes of all lines that are on disk.
    pub(super) bytes: u64,
    /// A failed write may have left bytes after `bytes`.
    uncertain: bool,
    file: File,
    identity: (u64, u64),
}

impl LogFile {
    /// Opens a log file for appending; a new one when there is none. It must hold `bytes` bytes.
    pub(super) fn open(
        folder: &Path,
        instance: &str,
        number: u64,
        bytes: u64,
    ) -> std::io::Result<Self> {
        let path = folder.join(file_name(instance, number));
        // A link or device planted under the name would take the lines elsewhere.
        if let Ok(metadata) = path.symlink_metadata()
            && !metadata.is_file()
        {
            return Err(std::io::Error::other("not a regular file"));
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
        let file = options.open(&path)?;
        let identity = identity(&file.metadata()?);
        sync_folder(folder)?;
        let this = Self {
            path,
            number,
            bytes,
            uncertain: false,
            file,
            identity,
        };
        this.check()?;
        Ok(this)
    }

    /// Whether the path still leads to this file and nobody else changed its length.
    pub(super) fn check(&self) -> std::io::Result<()> {
        let metadata = self.path.metadata()?;
        if identity(&metadata) != self.identity {
            return Err(std::io::Error::other("the log file was replaced"));
        }
        if metadata.len() != self.bytes && !self.uncertain {
            return Err(std::io::Error::other("somebody else changed the log file"));
        }
        Ok(())
    }

    /// Appends and waits for the disk. After an error nothing of it counts as written.
    pub(super) fn append(&mut self, lines: &[u8]) -> std::io::Result<()> {
        self.check()?;
        if self.uncertain {
            // Bytes that nobody was told were written: a piece of a line, or lines that did not reach the disk.
            self.file.set_len(self.bytes)?;
        }
        self.uncertain = true;
        let written = (&self.file)
            .write_all(lines)
            .and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.bytes += lines.len() as u64,
            Err(error) => {
                if self.file.set_len(self.bytes).is_ok() {
                    self.uncertain = false;
                }
                return Err(error);
            }
        }
        self.uncertain = false;
        Ok(())
    }
}

/// A new name in a folder is on disk only when the folder is.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// A chain ready to be continued.
pub(super) struct Opened {
    pub(super) key: Key,
    pub(super) tip: Tip,
    pub(super) file: LogFile,
    pub(super) torn: Option<SetAside>,
    /// Held as long as the chain may be written.
    pub(super) lock: File,
}

/// Locks the instance's chain, checks its last file, and moves aside what a crash left.
pub(super) fn open(
    folder: &Path,
    key_file: &Path,
    instance: &str,
    head: Option<&Head>,
) -> Result<Opened, UnusableAudit> {
    if !is_instance(instance) {
        return Err(UnusableAudit::Instance(instance.to_owned()));
    }
    let disk = |error| UnusableAudit::Disk(folder.to_owned(), error);
    create_folder(folder).map_err(disk)?;
    let key = Key::read_outside(key_file, folder)?;
    let lock = lock(&folder.join(format!("audit-{instance}.lock")))?;
    let numbers = numbers(folder, instance).map_err(disk)?;

    // The last file ends the chain, unless a crash came between making it and its first line.
    let mut tip = Tip::start();
    let mut last_bytes = None;
    for &number in numbers.iter().rev().take(2) {
        let (end, bytes) = read_end(folder, instance, number, &key, head)?;
        last_bytes.get_or_insert(bytes);
        if let Some(end) = end {
            tip = end;
            break;
        }
    }
    if let Some(head) = head
        && tip.seq < head.count
    {
        return Err(UnusableAudit::ShorterThanHead {
            found: tip.seq,
            head: head.count,
        });
    }
    let number = numbers.last().copied().unwrap_or(1);
    let bytes = last_bytes.unwrap_or(0);
    let torn = set_aside(folder, &file_name(instance, number), tip.seq + 1, bytes).map_err(disk)?;
    let file = LogFile::open(folder, instance, number, bytes).map_err(disk)?;
    Ok(Opened {
        key,
        tip,
        file,
        torn,
        lock,
    })
}

fn create_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o750);
    builder.create(folder)
}

fn lock(path: &Path) -> Result<File, UnusableAudit> {
    let disk = |error| UnusableAudit::Disk(path.to_owned(), error);
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(disk)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(UnusableAudit::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(disk(error)),
    }
}

/// Checks one file: its last line (`None` without one) and the bytes of its complete lines.
fn read_end(
    folder: &Path,
    instance: &str,
    number: u64,
    key: &Key,
    head: Option<&Head>,
) -> Result<(Option<Tip>, u64), UnusableAudit> {
    let name = file_name(instance, number);
    let path = folder.join(&name);
    let disk = |error| UnusableAudit::Disk(path.clone(), error);
    if !path.symlink_metadata().map_err(disk)?.is_file() {
        return Err(disk(std::io::Error::other("not a regular file")));
    }
    let mut lines = Lines::new(BufReader::new(File::open(&path).map_err(disk)?));
    let mut tip: Option<Tip> = None;
    let mut count = 0;
    while let Some(stretch) = lines.next().map_err(disk)? {
        count += 1;
        let line = match stretch {
            Stretch::Unfinished(_) => break,
            Stretch::TooLong => None,
            Stretch::Line(bytes) => Line::read(bytes, key),
        };
        let fits = line.filter(|line| {
            let follows = match &tip {
                Some(tip) => line.seq == tip.seq + 1 && line.prev == tip.mac,
                None => {
                    (line.prev == NO_PREV) == (line.seq == 1)
                        && line
                            .file
                            .as_ref()
                            .is_some_and(|file| file.instance == instance && file.number == number)
                }
            };
            follows && head.is_none_or(|head| head.count != line.seq || head.hash == line.mac)
        });
        let Some(line) = fits else {
            return Err(UnusableAudit::Broken {
                file: name,
                line: count,
            });
        };
        tip = Some(Tip {
            seq: line.seq,
            mac: line.mac.to_owned(),
        });
    }
    Ok((tip, lines.complete_bytes))
}

/// Copies what follows `complete` bytes of a log file into its `.torn` file and cuts it off. Also finds the `.torn`
/// file of an earlier open that a crash kept from recording it.
fn set_aside(
    folder: &Path,
    name: &str,
    seq: u64,
    complete: u64,
) -> std::io::Result<Option<SetAside>> {
    let log = folder.join(name);
    let mut rest = Vec::new();
    if log.exists() {
        let mut file = File::open(&log)?;
        file.seek(SeekFrom::Start(complete))?;
        file.read_to_end(&mut rest)?;
    }
    let aside = format!("{name}.{seq}.torn");
    let path = folder.join(&aside);
    if !rest.is_empty() {
        let already = path.exists() && std::fs::read(&path)?.ends_with(&rest);
        if !already {
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(&rest)?;
            file.sync_all()?;
            sync_folder(folder)?;
        }
        let file = OpenOptions::new().write(true).open(&log)?;
        file.set_len(complete)?;
        file.sync_all()?;
    }
    if !path.exists() {
        return Ok(None);
    }
    let bytes = std::fs::read(&path)?;
    tracing::warn!(file = %path.display(), bytes = bytes.len(), "the audit log ended with an unfinished line; it was moved aside");
    Ok(Some(SetAside {
        file: aside,
        bytes: bytes.len() as u64,
        sha256: format!("{:x}", Sha256::digest(&bytes)),
    }))
}

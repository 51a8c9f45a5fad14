//! The files of an export, read in blocks of whole lines by any number of threads.

use memchr::memchr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Bytes of a block. Large enough that a thread is seldom asked for the next, small enough that all of them stay in cache.
const BLOCK_BYTES: u64 = 2 << 20;
/// Bytes asked for at once where the last line of a block is still open.
const REST_BYTES: usize = 64 << 10;

/// Why an export cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UnusableBulk {
    /// A file or folder that cannot be read.
    #[error("{file} cannot be read: {problem}")]
    Unreadable {
        /// As given.
        file: String,
        /// What the system says.
        problem: String,
    },
    /// Lines in it cannot be found.
    #[error("{0} is compressed; give it decompressed, for instance with gzip -d")]
    Compressed(String),
    /// A folder without files.
    #[error("{0} holds no files of resources (NDJSON)")]
    NoFiles(String),
    /// Not one resource.
    #[error("the input holds no resource; Bulk Data has one JSON resource in each line")]
    Empty,
    /// Somebody writes to the file.
    #[error("{0} changed while it was read; wait until the export is complete")]
    Changed(String),
    /// A broken line, and all were to be good.
    #[error("{0}; without --strict such lines are counted and listed")]
    BrokenLine(String),
}

/// The files of an export.
#[derive(Debug)]
pub struct Files {
    files: Vec<Source>,
    skipped: Vec<String>,
}

#[derive(Debug)]
struct Source {
    name: String,
    bytes: u64,
    file: Mutex<File>,
}

/// Whole lines of one file.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Which file.
    pub file: u32,
    /// Where the first line begins.
    pub offset: u64,
    /// What was read; the lines begin at `first`.
    read: Vec<u8>,
    first: usize,
}

/// A part of a file: the lines that begin in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub file: u32,
    start: u64,
    end: u64,
}

impl Part {
    /// Bytes of it, for progress.
    pub fn bytes(self) -> u64 {
        self.end - self.start
    }
}

impl Files {
    /// Opens files, the files of folders, and standard input (`-`), which cannot be read twice and is therefore written to a
    /// file without a name in `spool` that goes with the process.
    pub fn open(paths: &[PathBuf], spool: &Path) -> Result<Self, UnusableBulk> {
        let mut all = Self {
            files: Vec::new(),
            skipped: Vec::new(),
        };
        for path in paths {
            if path == Path::new("-") {
                let file = spooled(io::stdin().lock(), spool)
                    .map_err(|error| unreadable("standard input", &error))?;
                all.add("standard input".to_owned(), file)?;
            } else if path.is_dir() {
                all.add_folder(path)?;
            } else {
                all.add_path(path)?;
            }
        }
        Ok(all)
    }

    fn add_folder(&mut self, folder: &Path) -> Result<(), UnusableBulk> {
        let name = folder.display().to_string();
        let problem = |error: io::Error| unreadable(&name, &error);
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(problem)? {
            let path = entry.map_err(problem)?.path();
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            // `_SUCCESS` and `.part-0.crc` are what cluster engines leave beside their parts.
            if path.is_file() && !file_name.starts_with(['.', '_']) {
                paths.push(path);
            }
        }
        let is = |path: &Path, extension: &str| {
            path.extension()
                .is_some_and(|found| found.eq_ignore_ascii_case(extension))
        };
        // Beside NDJSON a `.json` is the manifest of the export.
        if paths.iter().any(|path| is(path, "ndjson")) {
            paths.retain(|path| {
                let is_manifest = is(path, "json");
                if is_manifest {
                    self.skipped.push(path.display().to_string());
                }
                !is_manifest
            });
        }
        if paths.is_empty() {
            return Err(UnusableBulk::NoFiles(name));
        }
        paths.sort();
        paths.iter().try_for_each(|path| self.add_path(path))
    }

    fn add_path(&mut self, path: &Path) -> Result<(), UnusableBulk> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
        let is_regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
        if !is_regular {
            let problem = "no regular file; give a pipe as - (standard input)";
            return Err(unreadable(&name, &io::Error::other(problem)));
        }
        self.add(name, file)
    }

    fn add(&mut self, name: String, mut file: File) -> Result<(), UnusableBulk> {
        let problem = |error: io::Error| unreadable(&name, &error);
        let mut magic = Vec::with_capacity(4);
        file.seek(SeekFrom::Start(0)).map_err(problem)?;
        (&mut file)
            .take(4)
            .read_to_end(&mut magic)
            .map_err(problem)?;
        let compressed: [&[u8]; 3] = [&[0x1f, 0x8b], b"PK\x03\x04", &[0x28, 0xb5, 0x2f, 0xfd]];
        if compressed.iter().any(|bytes| magic.starts_with(bytes)) {
            return Err(UnusableBulk::Compressed(name));
        }
        let bytes = file.seek(SeekFrom::End(0)).map_err(problem)?;
        self.files.push(Source {
            name,
            bytes,
            file: Mutex::new(file),
        });
        Ok(())
    }

    /// Name of a file as it was given.
    pub fn name(&self, file: u32) -> &str {
        self.files
            .get(file as usize)
            .map_or("?", |source| source.name.as_str())
    }

    /// How many files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|source| source.bytes).sum()
    }

    /// Files of a folder that were taken for a manifest and not read.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// All parts, file by file.
    pub(super) fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        for (file, source) in self.files.iter().enumerate() {
            let mut start = 0;
            while start < source.bytes {
                let end = (start + BLOCK_BYTES).min(source.bytes);
                parts.push(Part {
                    file: file as u32,
                    start,
                    end,
                });
                start = end;
            }
        }
        parts
    }

    /// The lines that begin in a part, read into the memory of an earlier block.
    pub(super) fn block(&self, part: Part, earlier: Block) -> Result<Block, UnusableBulk> {
        let source = &self.files[part.file as usize];
        let problem = |error: io::Error| unreadable(&source.name, &error);
        // The byte before tells whether a line begins with the part.
        let from = part.start.saturating_sub(1);
        let wanted = (part.end - from) as usize;
        let mut bytes = earlier.read;
        bytes.resize(wanted, 0);
        let mut file = source.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(from)).map_err(problem)?;
        file.read_exact(&mut bytes)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => UnusableBulk::Changed(source.name.clone()),
                _ => problem(error),
            })?;
        let first = match part.start {
            0 => 0,
            _ => match memchr(b'\n', &bytes[..wanted - 1]) {
                Some(line_end) => line_end + 1,
                None if bytes[wanted - 1] == b'\n' => wanted,
                // A line that begins before and ends after.
                None => wanted,
            },
        };
        while first < wanted && bytes.last() != Some(&b'\n') {
            let before = bytes.len();
            (&mut *file)
                .take(REST_BYTES as u64)
                .read_to_end(&mut bytes)
                .map_err(problem)?;
            if bytes.len() == before {
                break;
            }
            if let Some(line_end) = memchr(b'\n', &bytes[before..]) {
                bytes.truncate(before + line_end + 1);
            }
        }
        drop(file);
        Ok(Block {
            file: part.file,
            offset: from + first as u64,
            read: bytes,
            first,
        })
    }

    /// One line again, by its place.
    pub(super) fn line(&self, place: super::Place) -> Result<String, UnusableBulk> {
        let source = &self.files[place.file as usize];
        let mut bytes = vec![0; place.bytes as usize];
        let mut file = source.file.lock().unwrap_or_else(PoisonError::into_inner);
        let read = file
            .seek(SeekFrom::Start(place.offset))
            .and_then(|_| file.read_exact(&mut bytes));
        drop(file);
        match read {
            Ok(()) => {
                String::from_utf8(bytes).map_err(|_| UnusableBulk::Changed(source.name.clone()))
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(UnusableBulk::Changed(source.name.clone()))
            }
            Err(error) => Err(unreadable(&source.name, &error)),
        }
    }

    /// The file changed under our hands.
    pub(super) fn changed(&self, file: u32) -> UnusableBulk {
        UnusableBulk::Changed(self.name(file).to_owned())
    }
}

impl Block {
    /// The lines, the last perhaps without its line end.
    pub fn bytes(&self) -> &[u8] {
        &self.read[self.first..]
    }

    /// Every line that is not blank: where it begins in the block, its number from 0, its bytes without line end.
    pub fn lines(&self) -> impl Iterator<Item = (usize, u64, &[u8])> {
        let bytes = self.bytes();
        let mut start = 0;
        let mut number = 0;
        std::iter::from_fn(move || {
            let rest = bytes.get(start..).filter(|rest| !rest.is_empty())?;
            let length = memchr(b'\n', rest).unwrap_or(rest.len());
            let line = (start, number, &rest[..length]);
            start += length + 1;
            number += 1;
            Some(line)
        })
    }
}

fn unreadable(file: &str, error: &io::Error) -> UnusableBulk {
    UnusableBulk::Unreadable {
        file: file.to_owned(),
        problem: error.to_string(),
    }
}

/// Everything that comes, in a file that nobody else can open and that is gone when it is closed.
fn spooled(mut from: impl Read, folder: &Path) -> io::Result<File> {
    let mut file = tempfile::tempfile_in(folder)?;
    io::copy(&mut from, &mut file)?;
    file.flush()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(text: &str) -> Files {
        let mut all = Files {
            files: Vec::new(),
            skipped: Vec::new(),
        };
        let folder = std::env::temp_dir();
        all.add("text".into(), spooled(text.as_bytes(), &folder).unwrap())
            .unwrap();
        all
    }

    #[test]
    fn every_line_is_in_exactly_one_part_wherever_the_parts_are_cut() {
        for text in [
            "a\nbb\nccc\n",
            "a\nbb\nccc",
            "\n\na\n",
            "a",
            "",
            "long line here\n\nx\n",
        ] {
            let files = files(text);
            let expected: Vec<&str> = text.split_terminator('\n').collect();
            for cut in 1..=text.len().max(1) as u64 {
                let mut found = Vec::new();
                let mut start = 0;
                while start < text.len() as u64 {
                    let end = (start + cut).min(text.len() as u64);
                    let part = Part {
                        file: 0,
                        start,
                        end,
                    };
                    let block = files.block(part, Block::default()).unwrap();
                    for (at, _, line) in block.lines() {
                        let place = super::super::Place {
                            file: 0,
                            bytes: line.len() as u32,
                            offset: block.offset + at as u64,
                        };
                        assert_eq!(files.line(place).unwrap().as_bytes(), line);
                        found.push(String::from_utf8(line.to_vec()).unwrap());
                    }
                    start = end;
                }
                assert_eq!(found, expected, "{text:?} cut every {cut} bytes");
            }
        }
    }
}

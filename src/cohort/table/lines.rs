//! The lines of a file, one at a time in a buffer that is used again, while another thread computes the SHA-256 of what is read.

use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

/// A line longer than this is none of a table.
const LONGEST_LINE: u64 = 1 << 20;
/// Bytes read at once.
const BLOCK: usize = 1 << 18;
/// Blocks that may wait for the hash.
const WAITING: usize = 8;

/// The lines of an input.
pub(super) struct Lines<'a> {
    reader: BufReader<Hashed<'a>>,
    /// Lines that were read and are to be read again.
    again: VecDeque<(u64, Vec<u8>)>,
    number: u64,
}

impl<'a> Lines<'a> {
    /// `progress` is told the bytes of each block.
    pub fn new(input: Box<dyn Read + 'a>, progress: &'a dyn Fn(u64)) -> Self {
        Self {
            reader: BufReader::with_capacity(BLOCK, Hashed::new(input, progress)),
            again: VecDeque::new(),
            number: 0,
        }
    }

    /// Puts the next line, without its end, into `line` and returns its number, from 1; none at the end of the file.
    pub fn next(&mut self, line: &mut Vec<u8>) -> Result<Option<u64>> {
        if let Some((number, text)) = self.again.pop_front() {
            *line = text;
            return Ok(Some(number));
        }
        line.clear();
        let mut limited = (&mut self.reader).take(LONGEST_LINE);
        if limited.read_until(b'\n', line)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if line.pop_if(|last| *last == b'\n').is_none() && line.len() as u64 == LONGEST_LINE {
            return Err(Error::new(
                ErrorKind::InvalidData,
                format!("line {} is longer than 1 MB: this is no table", self.number),
            ));
        }
        line.pop_if(|last| *last == b'\r');
        Ok(Some(self.number))
    }

    /// Lines that the next calls return again.
    pub fn read_again(&mut self, lines: VecDeque<(u64, Vec<u8>)>) {
        for line in lines.into_iter().rev() {
            self.again.push_front(line);
        }
    }

    /// SHA-256 of everything that was read, hexadecimal.
    pub fn sha256(self) -> String {
        self.reader.into_inner().sha256()
    }
}

/// An input whose bytes go to a thread that hashes them.
struct Hashed<'a> {
    input: Box<dyn Read + 'a>,
    progress: &'a dyn Fn(u64),
    blocks: SyncSender<Vec<u8>>,
    /// Blocks that are free again.
    free: Receiver<Vec<u8>>,
    thread: JoinHandle<String>,
}

impl<'a> Hashed<'a> {
    fn new(input: Box<dyn Read + 'a>, progress: &'a dyn Fn(u64)) -> Self {
        let (blocks, to_hash) = sync_channel::<Vec<u8>>(WAITING);
        let (hashed, free) = channel();
        let thread = std::thread::spawn(move || {
            let mut hash = Sha256::new();
            for block in to_hash {
                hash.update(&block);
                // Nobody may be there to use it again.
                let _ = hashed.send(block);
            }
            hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
        });
        Self {
            input,
            progress,
            blocks,
            free,
            thread,
        }
    }

    fn sha256(self) -> String {
        drop(self.blocks);
        self.thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.input.read(buffer)?;
        if read > 0 {
            let mut block = self.free.try_recv().unwrap_or_default();
            block.clear();
            block.extend_from_slice(&buffer[..read]);
            self.blocks
                .send(block)
                .map_err(|_| Error::other("the thread that hashes the file has ended"))?;
            (self.progress)(read as u64);
        }
        Ok(read)
    }
}

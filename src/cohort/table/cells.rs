//! Lines of text with a delimiter (RFC 4180) to rows of cells, without an allocation for each.
//!
//! A quoted cell may go over several lines. A quotation mark that is never closed must not swallow the rest of the file: where no
//! usable row comes of it, its line alone is bad, and the lines after it are read again.

use super::UnusableTable;
use super::lines::Lines;
use super::rows::{Rows, Wrong};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use std::collections::VecDeque;

/// A cell goes over no more lines than this.
const MOST_LINES: usize = 100;

/// The cells of one row.
struct Cells {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// How much of both is in use.
    bytes: usize,
    cells: usize,
}

impl Cells {
    fn new(delimiter: u8) -> Self {
        Self {
            reader: ReaderBuilder::new()
                .delimiter(delimiter)
                .terminator(Terminator::Any(b'\n'))
                .build(),
            text: vec![0; 1024],
            ends: vec![0; 64],
            bytes: 0,
            cells: 0,
        }
    }

    fn start(&mut self) {
        self.reader.reset();
        (self.bytes, self.cells) = (0, 0);
    }

    /// Splits one line with its end. False when a quotation mark is still open.
    fn add(&mut self, mut line: &[u8]) -> bool {
        loop {
            let (result, read, bytes, cells) = self.reader.read_record(
                line,
                &mut self.text[self.bytes..],
                &mut self.ends[self.cells..],
            );
            line = &line[read..];
            self.bytes += bytes;
            self.cells += cells;
            match result {
                ReadRecordResult::Record => return true,
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return false,
                ReadRecordResult::OutputFull => self.text.resize(2 * self.text.len(), 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
            }
        }
    }

    /// All cells as one text.
    fn text(&self) -> Result<&str, Wrong> {
        let wrong = || Wrong::row("it is not UTF-8: save the table as UTF-8");
        let text = std::str::from_utf8(&self.text[..self.bytes]).map_err(|_| wrong())?;
        let mut ends = self.ends[..self.cells].iter();
        if !text.is_ascii() && !ends.all(|end| text.is_char_boundary(*end)) {
            return Err(wrong());
        }
        Ok(text)
    }

    /// A cell of the text, without blanks around it.
    fn cell<'t>(&self, text: &'t str, place: usize) -> &'t str {
        let from = match place {
            0 => 0,
            place => self.ends.get(place - 1).copied().unwrap_or(0),
        };
        let to = self.ends.get(place).copied().unwrap_or(0);
        text.get(from..to).unwrap_or("").trim_ascii()
    }
}

/// Reads a file with a header.
pub(super) fn read(
    lines: &mut Lines,
    delimiter: u8,
    file: &str,
    rows: &mut Rows,
) -> Result<(), UnusableTable> {
    let unreadable = |error: std::io::Error| UnusableTable::unreadable(file, error.to_string());
    let mut cells = Cells::new(delimiter);
    let mut line = Vec::new();
    loop {
        if lines.next(&mut line).map_err(unreadable)?.is_none() {
            return Err(UnusableTable::unreadable(
                file,
                "it is empty; expected a header and a row for each patient",
            ));
        }
        if !line.trim_ascii().is_empty() {
            break;
        }
    }
    header(&mut cells, &line, delimiter, rows, file)?;
    let width = rows.header().len();
    let mut more = Vec::new();
    while let Some(number) = lines.next(&mut line).map_err(unreadable)? {
        if line.trim_ascii().is_empty() {
            continue;
        }
        line.push(b'\n');
        cells.start();
        let mut is_whole = cells.add(&line);
        let mut held = VecDeque::new();
        while !is_whole && held.len() < MOST_LINES {
            let Some(number) = lines.next(&mut more).map_err(unreadable)? else {
                break;
            };
            held.push_back((number, more.clone()));
            more.push(b'\n');
            is_whole = cells.add(&more);
        }
        let taken = if is_whole {
            take(&cells, width, rows)
        } else {
            Err(Wrong::row("a quotation mark is opened and never closed"))
        };
        if let Err(wrong) = taken {
            let wrong = match held.len() {
                0 => wrong,
                _ if !is_whole => wrong,
                lines => Wrong::row(format!(
                    "a quotation mark is opened and closed {lines} lines later, which makes no row"
                )),
            };
            rows.bad_row(number, wrong)?;
            lines.read_again(held);
        }
    }
    Ok(())
}

fn header(
    cells: &mut Cells,
    line: &[u8],
    delimiter: u8,
    rows: &mut Rows,
    file: &str,
) -> Result<(), UnusableTable> {
    let unreadable = |problem: &str| Err(UnusableTable::unreadable(file, problem));
    let mut line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).to_vec();
    if line.contains(&b'\r') {
        return unreadable("its lines end in carriage returns alone: save it with usual line ends");
    }
    line.push(b'\n');
    cells.start();
    if !cells.add(&line) {
        return unreadable("a quotation mark in the header is never closed");
    }
    let Ok(text) = cells.text() else {
        return unreadable("its header is not UTF-8: save the table as UTF-8");
    };
    if cells.cells == 1 {
        let other = [(b';', ";"), (b'\t', "tab"), (b',', ","), (b'|', "|")];
        let other = other
            .into_iter()
            .find(|(byte, _)| *byte != delimiter && text.as_bytes().contains(byte));
        if let Some((_, name)) = other {
            return unreadable(&format!(
                "its header is a single column; if the delimiter is another, say so: --delimiter \"{name}\"{}",
                if name == ";" {
                    " (where commas are decimal signs, a map says decimal = \",\")"
                } else {
                    ""
                }
            ));
        }
    }
    for place in 0..cells.cells {
        rows.add_column(cells.cell(text, place))?;
    }
    rows.check_header()
}

fn take(cells: &Cells, width: usize, rows: &mut Rows) -> Result<(), Wrong> {
    let text = cells.text()?;
    if cells.cells != width {
        return Err(Wrong::row(format!(
            "{} cells instead of {width}",
            cells.cells
        )));
    }
    if text.trim_ascii().is_empty() {
        return Err(Wrong::row("every cell is empty"));
    }
    rows.row(&|place| cells.cell(text, place))
}

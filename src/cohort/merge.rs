//! Shards to one table: the rows of all, in order of pseudonym, as one run over all of them would have written it.
//!
//! Exact or refused: a patient in two shards is an error, and so are shards with other columns or made with other settings.

use super::flow::{Flow, UnequalFlows};
use std::path::{Path, PathBuf};

/// One shard: its table, and its flow where there is one.
#[derive(Debug, Clone)]
pub struct Shard {
    /// Table as `cohort extract` wrote it.
    pub table: PathBuf,
    /// Flow as `cohort extract` wrote it.
    pub flow: Option<PathBuf>,
}

/// Shards put together.
#[derive(Debug)]
pub struct Merged {
    /// Comma-separated values.
    pub table: Vec<u8>,
    /// Patients in it.
    pub patients: u64,
    /// The flow, where every shard came with one.
    pub flow: Option<Flow>,
    /// Shards whose columns stood in another order and were put in that of the first.
    pub aligned: Vec<PathBuf>,
}

/// Why shards cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum UnusableShards {
    /// A file.
    #[error("{file} cannot be read: {problem}")]
    Unreadable {
        /// File.
        file: PathBuf,
        /// Why.
        problem: String,
    },
    /// Columns.
    #[error(
        "{file} has other columns than {first}: {columns}; extract all shards with the same options"
    )]
    Columns {
        /// The shard.
        file: PathBuf,
        /// The first shard.
        first: PathBuf,
        /// Names of columns that only one of them has.
        columns: String,
    },
    /// No column `patient`.
    #[error("{0} has no column \"patient\"")]
    NoPatients(PathBuf),
    /// The same pseudonym twice.
    #[error(
        "the patient of {file}, line {line}, is also in {other}, line {other_line}; split the shards by patient, so that each patient is in one of them"
    )]
    TwiceSeen {
        /// The later shard.
        file: PathBuf,
        /// Line in it.
        line: u64,
        /// The earlier shard.
        other: PathBuf,
        /// Line in it.
        other_line: u64,
    },
    /// Flow.
    #[error("{file} {problem}")]
    Flow {
        /// File.
        file: PathBuf,
        /// What is wrong.
        problem: UnequalFlows,
    },
    /// Flow of something else.
    #[error("{flow} counts {counted} patients in the table, {table} has {rows}")]
    OtherFlow {
        /// Flow.
        flow: PathBuf,
        /// Patients in it.
        counted: u64,
        /// Table.
        table: PathBuf,
        /// Its rows.
        rows: u64,
    },
}

struct Row {
    patient: Vec<u8>,
    record: csv::ByteRecord,
    shard: usize,
    line: u64,
}

/// Puts shards together.
pub fn merge(shards: &[Shard]) -> Result<Merged, UnusableShards> {
    let mut header: Option<csv::ByteRecord> = None;
    let mut rows: Vec<Row> = Vec::new();
    let mut aligned = Vec::new();
    let mut flow: Option<Flow> = None;
    for (number, shard) in shards.iter().enumerate() {
        let before = rows.len();
        let columns = read(number, shard, header.as_ref(), shards, &mut rows)?;
        if columns.reordered {
            aligned.push(shard.table.clone());
        }
        header.get_or_insert(columns.header);
        let Some(path) = &shard.flow else { continue };
        let one = read_flow(path)?;
        let count = (rows.len() - before) as u64;
        if one.included.patients != count {
            return Err(UnusableShards::OtherFlow {
                flow: path.clone(),
                counted: one.included.patients,
                table: shard.table.clone(),
                rows: count,
            });
        }
        match &mut flow {
            None => flow = Some(one),
            Some(all) => all.add(one).map_err(|problem| UnusableShards::Flow {
                file: path.clone(),
                problem,
            })?,
        }
    }
    rows.sort_by(|a, b| (&a.patient, a.shard, a.line).cmp(&(&b.patient, b.shard, b.line)));
    if let Some([earlier, later]) = rows
        .array_windows()
        .find(|[a, b]: &&[Row; 2]| a.patient == b.patient)
    {
        return Err(UnusableShards::TwiceSeen {
            file: shards[later.shard].table.clone(),
            line: later.line,
            other: shards[earlier.shard].table.clone(),
            other_line: earlier.line,
        });
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = header
        .iter()
        .chain(rows.iter().map(|row| &row.record))
        .try_for_each(|record| writer.write_byte_record(record));
    let table = written
        .and_then(|()| {
            writer
                .into_inner()
                .map_err(|error| error.into_error().into())
        })
        .map_err(|error| UnusableShards::Unreadable {
            file: PathBuf::from("the merged table"),
            problem: error.to_string(),
        })?;
    Ok(Merged {
        table,
        patients: rows.len() as u64,
        flow,
        aligned,
    })
}

struct Columns {
    header: csv::ByteRecord,
    reordered: bool,
}

fn read(
    number: usize,
    shard: &Shard,
    first: Option<&csv::ByteRecord>,
    shards: &[Shard],
    rows: &mut Vec<Row>,
) -> Result<Columns, UnusableShards> {
    let file = &shard.table;
    let unreadable = |error: csv::Error| UnusableShards::Unreadable {
        file: file.clone(),
        problem: without_values(&error),
    };
    let mut reader = csv::Reader::from_path(file).map_err(unreadable)?;
    let header = reader.byte_headers().map_err(unreadable)?.clone();
    let wanted = first.unwrap_or(&header);
    let place = |column: &[u8]| header.iter().position(|known| known == column);
    let order: Option<Vec<usize>> = wanted.iter().map(place).collect();
    let Some(order) = order.filter(|order| order.len() == header.len()) else {
        let only = |a: &csv::ByteRecord, b: &csv::ByteRecord| -> Vec<String> {
            a.iter()
                .filter(|column| !b.iter().any(|known| known == *column))
                .map(|column| String::from_utf8_lossy(column).into_owned())
                .collect()
        };
        let mut columns = only(&header, wanted);
        columns.extend(only(wanted, &header));
        return Err(UnusableShards::Columns {
            file: file.clone(),
            first: shards[0].table.clone(),
            columns: columns.join(", "),
        });
    };
    let patient = place(b"patient").ok_or_else(|| UnusableShards::NoPatients(file.clone()))?;
    let reordered = order.iter().enumerate().any(|(to, from)| to != *from);
    for record in reader.byte_records() {
        let record = record.map_err(unreadable)?;
        rows.push(Row {
            patient: record.get(patient).unwrap_or_default().to_vec(),
            shard: number,
            line: record.position().map_or(0, csv::Position::line),
            record: if reordered {
                order
                    .iter()
                    .map(|from| record.get(*from).unwrap_or_default())
                    .collect()
            } else {
                record
            },
        });
    }
    Ok(Columns { header, reordered })
}

fn read_flow(path: &Path) -> Result<Flow, UnusableShards> {
    let text = std::fs::read_to_string(path).map_err(|error| UnusableShards::Unreadable {
        file: path.to_owned(),
        problem: error.to_string(),
    })?;
    Flow::read(&text).map_err(|problem| UnusableShards::Flow {
        file: path.to_owned(),
        problem,
    })
}

/// What is wrong with a row, without anything that stands in it.
fn without_values(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => format!(
            "line {} has {len} cells, the header {expected_len}",
            pos.as_ref().map_or(0, csv::Position::line)
        ),
        _ => error.to_string(),
    }
}

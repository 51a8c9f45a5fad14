//! Arguments of every command that takes a cohort.

use super::Failure;
use crate::cohort::{Cohort, table};
use clap::Args;
use std::path::PathBuf;

/// Where the cohort is.
#[derive(Debug, Args)]
pub(super) struct CohortInput {
    /// The cohort: comma-separated values with a header.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl CohortInput {
    /// Reads the cohort.
    pub fn read(&self) -> Result<Cohort, Failure> {
        table::read(&self.file).map_err(|error| Failure::Input(error.to_string()))
    }
}

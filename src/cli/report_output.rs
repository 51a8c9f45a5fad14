//! Arguments of every command that can write a report for people.

use super::Failure;
use crate::report::Page;
use clap::Args;
use std::path::{Path, PathBuf};

/// Where the report goes, and its figures.
#[derive(Debug, Args)]
pub(super) struct ReportOutput {
    /// Write the report as one self-contained HTML page.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Write each figure of the report into this folder as an SVG file.
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
}

impl ReportOutput {
    /// Whether anything was asked for.
    pub fn is_wanted(&self) -> bool {
        self.report.is_some() || self.figures.is_some()
    }

    /// Writes what was asked for. The page is made only then.
    ///
    /// # Errors
    /// [`Failure::Input`] when a file or the folder cannot be written.
    pub fn write(&self, page: impl FnOnce() -> Page) -> Result<(), Failure> {
        if !self.is_wanted() {
            return Ok(());
        }
        let page = page();
        if let Some(path) = &self.report {
            write(path, &page.html())?;
        }
        if let Some(folder) = &self.figures {
            std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
            for (name, svg) in page.figures() {
                write(&folder.join(format!("{name}.svg")), &svg)?;
            }
        }
        Ok(())
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Input(format!("{} cannot be written: {error}", path.display()))
}

//! The method of the paper on any cohort: against R, on synthetic patients of the source study, and where it cannot work.

mod command;
mod degenerate;
mod oracle;
mod source_study;

//! Cohorts: tables in, and synthetic ones out.

mod commands;
mod synthetic;
mod tables;

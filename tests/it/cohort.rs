//! Cohorts: tables in, and synthetic ones out.

mod commands;
mod forms;
mod maps;
mod synthetic;
mod tables;

//! Cohorts: tables in, and synthetic ones out.

mod synthetic;

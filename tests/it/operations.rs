//! The service as it is operated: the real binary with a configuration file, watched, audited, reloaded and stopped.

mod audited;
mod configuration;
mod faults;
mod health;
mod limits;
mod metrics;
mod no_patient_data;
pub mod process;
mod signals;

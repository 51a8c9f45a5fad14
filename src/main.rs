//! Arguments in, exit code out. Everything else is in the library.
#![forbid(unsafe_code)]

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match rrdtc::cli::run(rrdtc::cli::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("rrdtc: {failure}");
            failure.exit_code()
        }
    }
}

//! Arguments in, exit code out. Everything else is in the library.
#![forbid(unsafe_code)]

use clap::Parser;
use rrdtc::cli::Failure;
use std::io::ErrorKind;
use std::process::ExitCode;

fn main() -> ExitCode {
    end_quietly_when_nobody_reads();
    match rrdtc::cli::run(rrdtc::cli::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Io(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("rrdtc: {failure}");
            failure.exit_code()
        }
    }
}

/// `rrdtc ... | head` closes our output before we are done. Standard output then panics, which is no fault of ours and no news for
/// whoever closed it.
fn end_quietly_when_nobody_reads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or_default();
        if text.starts_with("failed printing to stdout") && text.contains("os error 32") {
            std::process::exit(0);
        }
        usual(panic);
    }));
}

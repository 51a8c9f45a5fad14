//! A row of the table for each fault, and the page that is kept.

use std::any::Any;
use std::fmt::Write;
use std::process::Command;
use std::time::Duration;

enum Verdict {
    Kept,
    Failed,
    Skipped,
}

/// What a fault led to.
pub struct Row {
    verdict: Verdict,
    /// Name and finding, in order.
    lines: Vec<(&'static str, String)>,
}

impl Row {
    pub fn new() -> Self {
        Self {
            verdict: Verdict::Kept,
            lines: Vec::new(),
        }
    }

    pub fn skipped(why: &str) -> Self {
        let mut row = Self::new();
        row.verdict = Verdict::Skipped;
        row.tell("skipped", why);
        row
    }

    pub fn failed(why: &str) -> Self {
        let mut row = Self::new();
        row.must(false, why);
        row
    }

    pub fn tell(&mut self, name: &'static str, finding: impl Into<String>) {
        self.lines.push((name, finding.into()));
    }

    /// What is promised; the row fails where it does not hold.
    pub fn must(&mut self, holds: bool, promise: &str) {
        if !holds {
            self.verdict = Verdict::Failed;
            self.tell("BROKEN", promise);
        }
    }

    pub fn is_kept(&self) -> bool {
        !matches!(self.verdict, Verdict::Failed)
    }

    pub fn verdict(&self) -> &'static str {
        match self.verdict {
            Verdict::Kept => "kept",
            Verdict::Failed => "FAILED",
            Verdict::Skipped => "SKIPPED",
        }
    }

    pub fn text(&self) -> String {
        self.lines
            .iter()
            .fold(String::new(), |mut text, (name, finding)| {
                let _ = writeln!(text, "- {name}: {finding}");
                text
            })
    }
}

/// The words of a panic.
pub fn words_of(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "it ended without words".to_owned())
}

pub fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// The first line that a program prints; empty where it is not installed.
fn said(program: &str, arguments: &[&str]) -> String {
    let Ok(output) = Command::new(program).args(arguments).output() else {
        return String::new();
    };
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().unwrap_or_default().to_owned()
}

/// The whole page.
pub fn page(rows: &[(&str, Row)]) -> String {
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.lines().next().unwrap_or_default().to_owned();
    let build = match cfg!(debug_assertions) {
        true => "debug",
        false => "release",
    };
    let versions = [
        said("rustc", &["--version"]),
        said("/usr/lib/postgresql/15/bin/postgres", &["--version"]),
        said("redis-server", &["--version"]),
    ];
    let mut page = format!(
        "# The service under faults\n\nWritten by `cargo test --test faults`; `-- --help` tells its options. The service is the binary of this build, started as \
         a process with a configuration file, on loopback. A row is *kept* when nothing that was acknowledged was lost and the \
         service did what is promised; else *FAILED*. SKIPPED says what was missing.\n\n\
         - Date: {}\n- Build: {build}, commit {}\n- Machine: {} cores, {}, kernel {}; other work ran on it at the same time\n- Versions: {}\n\n\
         | fault | verdict |\n|---|---|\n",
        jiff::Timestamp::now().strftime("%Y-%m-%d"),
        said("git", &["rev-parse", "--short", "HEAD"]),
        std::thread::available_parallelism().map_or(0, |n| n.get()),
        memory.split_whitespace().collect::<Vec<_>>().join(" "),
        said("uname", &["-r"]),
        versions
            .iter()
            .filter(|version| !version.is_empty())
            .map(|version| version.split(" sha=").next().unwrap_or(version))
            .collect::<Vec<_>>()
            .join("; "),
    );
    for (name, row) in rows {
        let _ = writeln!(page, "| {name} | {} |", row.verdict());
    }
    for (name, row) in rows {
        let _ = write!(page, "\n## {name}\n\n{}", row.text());
    }
    page
}

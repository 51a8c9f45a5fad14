//! A disk that is full, that turns read-only, and a file that is taken away.

use crate::Options;
use crate::caller::{Caller, Ended, until};
use crate::killed::lost;
use crate::matrix::{Row, seconds};
use crate::process::{Place, Process, client};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use uuid::Uuid;

/// Each audit mode with its line in the table and what a hook call hears that cannot be audited.
const MODES: [(&str, &str, u16); 2] = [
    ("required", "audit mode `required`", 503),
    ("best-effort", "audit mode `best-effort`", 200),
];

/// A file system mounted for a fault, and unmounted after it.
struct Mounted(PathBuf);

impl Mounted {
    fn at(folder: PathBuf, arguments: &[&str]) -> Option<Self> {
        fs::create_dir_all(&folder).unwrap();
        let done = Command::new("mount")
            .args(arguments)
            .arg(&folder)
            .stderr(Stdio::null())
            .status();
        done.ok()?.success().then(|| Self(folder))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A place whose store and trail are in its folder `disk`.
fn configure(place: &Place, mode: &str) -> String {
    // Where the commands of a place look for its trail.
    std::os::unix::fs::symlink(place.path("disk/log"), place.path("log")).unwrap();
    let url = format!("sqlite:{}", place.path("disk/rrdtc.db").display());
    place.configure(&format!(
        "external_url = \"https://cds.test\"\nstore_url = \"{url}\"\n[audit]\nmode = \"{mode}\"\nfolder = \"{}\"\nkey_file = \"{}\"\n[log]\nlevel = \"error\"\n{}",
        place.path("disk/log").display(),
        place.path("audit.key").display(),
        client("ehr", "")
    ));
    url
}

fn fill(folder: &Path) {
    let mut file = File::create(folder.join("filler")).unwrap();
    for size in [4096, 512, 1] {
        while file.write_all(&vec![b'x'; size]).is_ok() {}
    }
}

/// What twenty calls of each kind heard.
fn twenty(caller: &Caller, acknowledged: &mut Vec<Uuid>) -> (Vec<Ended>, Vec<Ended>) {
    let (mut hooks, mut feedback) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        hooks.push(caller.hook());
        let (card, ended) = caller.feedback();
        if ended.is(200) {
            acknowledged.push(card);
        }
        feedback.push(ended);
    }
    (hooks, feedback)
}

fn text(ended: &[Ended]) -> String {
    let mut tally = crate::caller::Tally::default();
    for one in ended {
        tally.add(one);
    }
    tally.text()
}

fn all(ended: &[Ended], status: u16) -> bool {
    ended.iter().all(|one| one.is(status))
}

/// Answers whose card has no line. The last block of a full disk still takes some lines.
fn without_line(place: &Place, answers: &[Ended]) -> usize {
    let trail: String = place.entries().iter().map(|e| e.to_string()).collect();
    answers
        .iter()
        .filter(|one| one.is(200))
        .filter(|one| !one.card().is_some_and(|card| trail.contains(&card)))
        .count()
}

fn lines(process: &Process) -> String {
    let lost = process.metric("rrdtc_audit_failed_total", &["disk"])
        + process.metric("rrdtc_audit_failed_total", &["queue-full"]);
    format!(
        "{} on disk, {lost} counted as failed",
        process.metric("rrdtc_audit_lines_total", &[])
    )
}

pub fn full(_: &Options) -> Row {
    let mut row = Row::new();
    row.tell(
        "done",
        "store and audit trail on a tmpfs of 2 MB, which is filled to the last byte; 20 hook calls and 20 feedback; then the filler is removed",
    );
    for (mode, heading, answer) in MODES {
        let place = Place::new();
        let Some(disk) = Mounted::at(
            place.path("disk"),
            &["-t", "tmpfs", "-o", "size=2m", "tmpfs"],
        ) else {
            return Row::skipped("a tmpfs cannot be mounted; it needs root");
        };
        let url = configure(&place, mode);
        let process = place.serve(&[]);
        let caller = Caller::of(&process);
        let mut acknowledged = Vec::new();
        let before = twenty(&caller, &mut acknowledged);
        row.must(
            all(&before.0, 200) && all(&before.1, 200),
            "all is well before",
        );
        fill(&disk.0);
        let meanwhile = twenty(&caller, &mut acknowledged);
        let ready = process.watch("/health/ready").status;
        fs::remove_file(disk.0.join("filler")).unwrap();
        let well = until(30, || caller.hook().is(200) && caller.feedback().1.is(200));
        let _ = twenty(&caller, &mut acknowledged);
        let counted = lines(&process);
        let stopped = process.stop();
        let lost = lost(&url, &acknowledged);
        let (code, said) = place.verify();
        row.tell(
            heading,
            format!(
                "hook calls {}; feedback {}; readiness {ready}; after space was given back well in {} without a restart; {} feedback acknowledged, {lost} lost; audit \
                 lines: {counted}; verify exits with {code}; exit code {}",
                text(&meanwhile.0),
                text(&meanwhile.1),
                well.map_or("NEVER".to_owned(), seconds),
                acknowledged.len(),
                stopped.code().unwrap_or(-1),
            ),
        );
        row.must(lost == 0, "acknowledged feedback was lost");
        row.must(well.is_some(), "well again without a restart");
        row.must(
            meanwhile.0.iter().any(|one| one.is(answer))
                && meanwhile.0.iter().all(|one| one.is(answer) || one.is(200)),
            "`required` refuses what does not fit, `best-effort` answers",
        );
        let unwritten = without_line(&place, &meanwhile.0);
        row.must(
            mode == "best-effort" || unwritten == 0,
            "`required` answers only with a line on disk",
        );
        row.must(code == 0, &format!("the trail is intact: {said}"));
    }
    row
}

pub fn read_only(_: &Options) -> Row {
    let mut row = Row::new();
    row.tell(
        "done",
        "store and audit trail on ext4 (loop device), which is made to abort (`mount -o remount,abort`: what the kernel does after an error of the disk); 20 hook calls and 20 feedback; then a restart on the repaired file system",
    );
    for (mode, heading, answer) in MODES {
        let place = Place::new();
        let image = place.path("image");
        File::create(&image).unwrap().set_len(16 << 20).unwrap();
        let made = Command::new("mkfs.ext4").arg("-q").arg(&image).status();
        let image = image.to_str().unwrap().to_owned();
        let mount = || Mounted::at(place.path("disk"), &["-o", "loop", &image]);
        let (true, Some(disk)) = (made.is_ok_and(|made| made.success()), mount()) else {
            return Row::skipped("an ext4 image cannot be mounted; it needs root and loop devices");
        };
        let url = configure(&place, mode);
        let process = place.serve(&[]);
        let caller = Caller::of(&process);
        let mut acknowledged = Vec::new();
        let before = twenty(&caller, &mut acknowledged);
        row.must(
            all(&before.0, 200) && all(&before.1, 200),
            "all is well before",
        );
        let aborted = Command::new("mount")
            .args(["-o", "remount,abort"])
            .arg(&disk.0)
            .status();
        row.must(aborted.is_ok_and(|done| done.success()), "it is aborted");
        let meanwhile = twenty(&caller, &mut acknowledged);
        let ready = process.watch("/health/ready").status;
        let counted = lines(&process);
        drop(process);
        drop(disk);
        let _ = Command::new("e2fsck")
            .args(["-p", &image])
            .stdout(Stdio::null())
            .status();
        let _disk = mount().unwrap();
        let process = place.serve(&[]);
        let caller = Caller::of(&process);
        let well = caller.hook().is(200) && caller.feedback().1.is(200);
        let lost = lost(&url, &acknowledged);
        let (code, said) = place.verify();
        drop(process);
        row.tell(
            heading,
            format!(
                "hook calls {}; feedback {}; readiness {ready}; audit lines: {counted}; {} feedback acknowledged, {lost} lost; verify after the restart exits with {code}",
                text(&meanwhile.0),
                text(&meanwhile.1),
                acknowledged.len(),
            ),
        );
        row.must(lost == 0, "acknowledged feedback was lost");
        row.must(well, "well after the restart");
        row.must(
            all(&meanwhile.0, answer) && all(&meanwhile.1, 503),
            "feedback is refused; `required` refuses, `best-effort` answers",
        );
        row.must(code == 0, &format!("the trail is intact: {said}"));
    }
    row.tell(
        "not reached",
        "a file system that comes back under the running process: it cannot be unmounted while the process has its files open",
    );
    row
}

pub fn removed_file(_: &Options) -> Row {
    let place = Place::new();
    fs::create_dir(place.path("disk")).unwrap();
    let url = configure(&place, "best-effort");
    let process = place.serve(&[]);
    let caller = Caller::of(&process);
    let mut acknowledged = Vec::new();
    let _ = twenty(&caller, &mut acknowledged);
    let aside = place.path("disk/aside.db");
    fs::rename(place.path("disk/rrdtc.db"), &aside).unwrap();
    let meanwhile = twenty(&caller, &mut acknowledged);
    fs::rename(&aside, place.path("disk/rrdtc.db")).unwrap();
    let well = until(30, || caller.feedback().1.is(200));
    let lost = lost(&url, &acknowledged);
    let mut row = Row::new();
    row.tell(
        "done",
        "the SQLite file is moved away under the running service, 20 hook calls and 20 feedback, then it is put back",
    );
    row.tell("hook calls meanwhile", text(&meanwhile.0));
    row.tell("feedback meanwhile", text(&meanwhile.1));
    row.tell(
        "acknowledged and lost",
        format!("{} feedback, {lost} lost", acknowledged.len()),
    );
    row.tell(
        "well again without a restart",
        well.map_or("never".to_owned(), seconds),
    );
    row.must(lost == 0, "acknowledged feedback was lost");
    row.must(
        all(&meanwhile.0, 200) && all(&meanwhile.1, 503),
        "feedback is refused, calls are answered",
    );
    row.must(well.is_some(), "well once it is put back");
    row
}

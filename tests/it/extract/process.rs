//! The command line: folders, a filter, shards of two processes, pseudonyms, what is never printed.

use super::*;
use crate::command_line::rrdtc;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ID: &str = "secret-patient";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("key", &"k".repeat(32));
        folder.write("other-key", &"o".repeat(32));
        folder
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(
            &path,
            <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600),
        )
        .unwrap();
        path
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn run(&self, arguments: &[&str], input: Option<&str>) -> Output {
        let mut all = vec!["cohort"];
        all.extend(arguments);
        rrdtc(&all, input)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Charts of `patients`, of several kinds.
fn charts(patients: std::ops::Range<u32>) -> String {
    patients
        .map(|n| {
            let chart = match n % 4 {
                0 => treated().with(lesion("pet", 6.1, "2022-02-20")),
                1 => treated(),
                2 => Chart::basic(),
                _ => Chart::empty(),
            };
            of(&chart, &format!("{ID}-{n}"))
        })
        .collect()
}

#[test]
fn a_folder_of_an_export_by_type_unordered() {
    let folder = Folder::new();
    let lines = charts(0..8);
    let of_type = |name: &str| -> String {
        lines
            .lines()
            .filter(|line| line.contains(&format!(r#""resourceType":"{name}""#)))
            .map(|line| format!("{line}\n"))
            .collect()
    };
    folder.write("export/1.Procedure.ndjson", &of_type("Procedure"));
    folder.write("export/Observation.000.ndjson", &of_type("Observation"));
    folder.write("export/z.Condition.ndjson", &of_type("Condition"));
    folder.write("export/Patient.ndjson", &of_type("Patient"));
    folder.write("export/manifest.json", "{\"output\":\n[]}");
    folder.write("export/_SUCCESS", "");
    let key = folder.path("key");
    let export = folder.path("export");
    let (out, flow) = (folder.path("cohort.csv"), folder.path("flow.json"));
    let done = folder.run(
        &[
            "extract",
            &export,
            "--pseudonym-key-file",
            &key,
            "--out",
            &out,
            "--flow",
            &flow,
            "--report",
            &folder.path("report.html"),
        ],
        None,
    );
    assert!(done.status.success(), "{}", text(&done.stderr));
    let report = folder.read("report.html");
    for said in [
        "4 of 8 patients are in the table",
        "no radioiodine treatment recorded",
        "<svg",
    ] {
        assert!(report.contains(said), "{said}: {report}");
    }
    assert!(!report.contains(ID));
    let table = folder.read("cohort.csv");
    assert_eq!(table.lines().count(), 5, "{table}");
    assert!(table.starts_with("patient,timeZero,ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome,outcomeReason,ageAtDiagnosisReason"));
    assert!(
        table.contains(
            ",2022-03,present,unknown,absent,present,undetermined,not-recorded,,not-recorded,,,"
        ),
        "{table}"
    );
    let flow: Value = serde_json::from_str(&folder.read("flow.json")).unwrap();
    assert_eq!(flow["patients"], 8);
    assert_eq!(flow["included"]["patients"], 4);
    assert_eq!(flow["input"]["files"], 4);
    assert!(
        flow["input"]["skippedFiles"][0]
            .as_str()
            .unwrap()
            .ends_with("manifest.json")
    );
    let told = text(&done.stderr);
    assert!(told.contains("in the table"), "{told}");
    for said in [&table, &told, &flow.to_string()] {
        assert!(!said.contains(ID), "{said}");
    }
}

#[test]
fn the_table_is_read_as_a_cohort() {
    let folder = Folder::new();
    let (key, out) = (folder.path("key"), folder.path("cohort.csv"));
    let done = folder.run(
        &[
            "extract",
            "-",
            "--pseudonym-key-file",
            &key,
            "--out",
            &out,
            "--dates",
            "--values",
        ],
        Some(&charts(0..4)),
    );
    assert!(done.status.success(), "{}", text(&done.stderr));
    let cohort = rrdtc::cohort::table::read(Path::new(&out)).unwrap();
    assert_eq!(cohort.len(), 2);
    let day = TIME_ZERO.parse().unwrap();
    assert_eq!(cohort.time_zero, Some(vec![Some(day); 2]));
    assert!(cohort.variable("fdgUptakeReason").is_some());
    assert!(cohort.variable("ageYears").is_some());
    assert!(folder.read("cohort.csv").contains(",50,6.1,lung"));
}

#[test]
fn two_processes_over_shards_and_a_merge_give_the_bytes_of_one_run() {
    let folder = Folder::new();
    let key = folder.path("key");
    let (first, second) = (charts(0..8), charts(8..20));
    let whole = folder.write("whole/a.ndjson", &first);
    folder.write("whole/b.ndjson", &second);
    let shards: Vec<_> = [("a", &whole), ("b", &whole.with_file_name("b.ndjson"))]
        .into_iter()
        .map(|(name, shard)| {
            let out = std::fs::File::create(folder.path(&format!("{name}.csv"))).unwrap();
            let flow = std::fs::File::create(folder.path(&format!("{name}.json"))).unwrap();
            Command::new(env!("CARGO_BIN_EXE_rrdtc"))
                .args(["cohort", "extract", "--pseudonym-key-file", &key])
                .stdin(std::fs::File::open(shard).unwrap())
                .stdout(out)
                .stderr(flow)
                .spawn()
                .unwrap()
        })
        .collect();
    for mut shard in shards {
        assert!(shard.wait().unwrap().success());
    }
    let merge = |tables: [&str; 2], flows: [&str; 2], out: &str| {
        let paths = [tables, flows].concat();
        let paths: Vec<String> = paths.iter().map(|name| folder.path(name)).collect();
        let out = (
            folder.path(&format!("{out}.csv")),
            folder.path(&format!("{out}.json")),
        );
        folder.run(
            &[
                "merge", &paths[0], &paths[1], "--flows", &paths[2], &paths[3], "--out", &out.0,
                "--flow", &out.1,
            ],
            None,
        )
    };
    let merged = merge(["b.csv", "a.csv"], ["b.json", "a.json"], "merged");
    assert!(merged.status.success(), "{}", text(&merged.stderr));
    let export = folder.path("whole");
    let (out, flow) = (folder.path("one.csv"), folder.path("one.json"));
    let one = folder.run(
        &[
            "extract",
            &export,
            "--pseudonym-key-file",
            &key,
            "--out",
            &out,
            "--flow",
            &flow,
        ],
        None,
    );
    assert!(one.status.success(), "{}", text(&one.stderr));
    assert_eq!(folder.read("merged.csv"), folder.read("one.csv"));
    assert_eq!(folder.read("merged.json"), folder.read("one.json"));
    assert_eq!(folder.read("one.csv").lines().count(), 11);

    // The flow of another table.
    let swapped = merge(["a.csv", "b.csv"], ["b.json", "a.json"], "swapped");
    assert_eq!(swapped.status.code(), Some(1));
    assert!(
        text(&swapped.stderr).contains("counts"),
        "{}",
        text(&swapped.stderr)
    );
    // Once more the same shard.
    let twice = merge(["a.csv", "a.csv"], ["a.json", "a.json"], "twice");
    assert_eq!(twice.status.code(), Some(1));
    let told = text(&twice.stderr);
    assert!(told.contains("a.csv, line 2, is also in"), "{told}");
    let pseudonym = folder.read("a.csv").lines().nth(1).unwrap()[..32].to_owned();
    assert!(!told.contains(&pseudonym), "{told}");
    assert!(!Path::new(&folder.path("twice.csv")).exists());
}

#[test]
fn shards_that_were_made_differently_are_refused_or_aligned() {
    let folder = Folder::new();
    folder.write("a.csv", "patient,outcome,x\nb,1,2\n");
    folder.write("b.csv", "x,patient,outcome\n3,a,0\n");
    folder.write("c.csv", "patient,outcome,y\nd,1,2\n");
    let merge = |second: &str| {
        folder.run(
            &["merge", &folder.path("a.csv"), &folder.path(second)],
            None,
        )
    };
    let aligned = merge("b.csv");
    assert_eq!(text(&aligned.stdout), "patient,outcome,x\na,0,3\nb,1,2\n");
    assert!(text(&aligned.stderr).contains("put in the order of"));
    let refused = merge("c.csv");
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("other columns"));
    assert!(refused.stdout.is_empty());

    let extract = |key: &str, name: &str, input: &str| {
        let (key, flow, out) = (
            folder.path(key),
            folder.path(&format!("{name}.json")),
            folder.path(&format!("{name}.csv")),
        );
        let done = folder.run(
            &[
                "extract",
                "--pseudonym-key-file",
                &key,
                "--flow",
                &flow,
                "--out",
                &out,
            ],
            Some(input),
        );
        assert!(done.status.success());
    };
    extract("key", "one", &charts(0..2));
    extract("other-key", "two", &charts(0..2));
    let paths = ["one.csv", "two.csv", "one.json", "two.json"].map(|name| folder.path(name));
    let refused = folder.run(
        &[
            "merge", &paths[0], &paths[1], "--flows", &paths[2], &paths[3],
        ],
        None,
    );
    assert_eq!(refused.status.code(), Some(1));
    let told = text(&refused.stderr);
    assert!(told.contains("pseudonym key"), "{told}");
}

#[test]
fn pseudonyms_are_keyed_and_stable_and_those_of_the_audit_trail() {
    let folder = Folder::new();
    let patient = |key: &str, tenant: &str, lines: &str| {
        let key = folder.path(key);
        let done = folder.run(
            &["extract", "--pseudonym-key-file", &key, "--tenant", tenant],
            Some(lines),
        );
        let table = text(&done.stdout);
        let row = table
            .lines()
            .nth(1)
            .unwrap_or_else(|| panic!("{}", text(&done.stderr)));
        row.split(',').next().unwrap().to_owned()
    };
    let lines = charts(0..1);
    let one = patient("key", "north", &lines);
    assert_eq!(
        one,
        patient(
            "key",
            "north",
            &charts(0..3)
                .lines()
                .rev()
                .map(|line| format!("{line}\n"))
                .collect::<String>()
        )
        .replace(&patient("key", "north", &charts(1..2)), &one)
    );
    assert_ne!(one, patient("other-key", "north", &lines));
    assert_ne!(one, patient("key", "south", &lines));
    let key = rrdtc::audit::Key::read(Path::new(&folder.path("key"))).unwrap();
    let trail = rrdtc::audit::pseudonym::Pseudonyms::new(key);
    assert_eq!(one, trail.patient("north", &format!("{ID}-0")));
}

#[test]
fn mistakes_on_the_command_line_are_told() {
    let folder = Folder::new();
    let key = folder.path("key");
    for (arguments, code, message) in [
        (vec!["extract"], 2, "--pseudonym-key-file"),
        (
            vec!["extract", "--pseudonym-key-file", "/nonexistent/key"],
            3,
            "key file",
        ),
        (
            vec![
                "extract",
                "--pseudonym-key-file",
                &key,
                "--pet-days-after",
                "8",
            ],
            2,
            "8",
        ),
        (
            vec![
                "extract",
                "--pseudonym-key-file",
                &key,
                "--outcome-code",
                "RR",
            ],
            2,
            "SYSTEM|CODE",
        ),
        (
            vec!["extract", "--pseudonym-key-file", &key, "--strict"],
            1,
            "line 1: not JSON",
        ),
        (vec!["merge"], 2, "FILE"),
        (
            vec!["merge", "/nonexistent/a.csv"],
            1,
            "a.csv cannot be read",
        ),
    ] {
        let done = folder.run(&arguments, Some("broken secret\n"));
        assert_eq!(done.status.code(), Some(code), "{arguments:?}");
        let told = text(&done.stderr);
        assert!(told.contains(message), "{arguments:?}: {told}");
        assert!(!told.contains("secret"), "{told}");
    }
}

#[test]
fn an_empty_shard_has_a_header_so_that_it_can_be_merged() {
    let folder = Folder::new();
    let key = folder.path("key");
    let done = folder.run(
        &["extract", "--pseudonym-key-file", &key],
        Some(&charts(3..4)),
    );
    assert!(done.status.success());
    assert_eq!(text(&done.stdout).lines().count(), 1);
    let flow: Value = serde_json::from_slice(&done.stderr).unwrap();
    assert_eq!(flow["included"]["patients"], 0);
    assert_eq!(flow["excluded"][0]["patients"], 1);
}

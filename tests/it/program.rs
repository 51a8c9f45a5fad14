//! The real program in operation: signals, limits, TLS, configuration, and that nothing of a patient stays behind.

use crate::misbehaving::{Misbehaving, Reply};
use crate::support::{Chart, SERVICE, Server, lesion};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// `rrdtc serve` as a process of its own.
struct Program {
    child: Child,
    server: Server,
    address: String,
    log: std::thread::JoinHandle<String>,
}

impl Program {
    fn start(file: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rrdtc"))
            .args(["serve", "--port", "0", "--config"])
            .arg(file)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut errors = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text);
            text
        });
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = |start: &str| {
            let mut text = String::new();
            while !text.starts_with(start) {
                text.clear();
                assert!(
                    output.read_line(&mut text).unwrap() > 0,
                    "no line {start:?}"
                );
            }
            text.trim_start_matches(start).trim().to_owned()
        };
        let address = line("listening on ");
        let metrics = line("metrics and readiness on ");
        // Somebody must read what follows.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        Self {
            child,
            server: Server {
                url: format!("http://{address}"),
                metrics: Some(format!("http://{metrics}")),
            },
            address,
            log,
        }
    }

    fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(done.success());
    }

    fn metrics(&self) -> String {
        self.server
            .get(&format!(
                "{}/metrics",
                self.server.metrics.as_deref().unwrap()
            ))
            .body
    }

    /// Ends it as an operator would, and gives exit code and log.
    fn stop(mut self) -> (Option<i32>, String) {
        self.signal("TERM");
        let code = self.child.wait().unwrap().code();
        (code, self.log.join().unwrap())
    }
}

fn file(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join("rrdtc.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn positive() -> Chart {
    Chart::basic().with(lesion("pet", 9.0, "2026-11-01"))
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(15);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_reload_is_one_swap_and_a_bad_file_keeps_the_old() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "cds_hooks_version = \"2.0.1\"\n");
    let program = Program::start(&path, &["--open"]);
    let version = || program.server.get("/cds-services").json()["services"][0]["version"].clone();
    assert_eq!(version(), "2.0.1");
    file(folder.path(), "cds_hooks_version = \"3.0.0\"\n");
    program.signal("HUP");
    until("the new version is in force", || version() == "3.0.0");
    file(folder.path(), "cds_hooks_version = \"x\"\nlisten = 7\n");
    program.signal("HUP");
    until("the refusal is counted", || {
        program
            .metrics()
            .contains("rrdtc_reloads_total{result=\"refused\"} 1")
    });
    assert_eq!(version(), "3.0.0");
    let (code, log) = program.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(
        log.contains("the configuration stays as it was") && log.contains("listen"),
        "{log}"
    );
}

#[test]
fn a_call_in_flight_is_finished_when_the_program_is_told_to_stop() {
    let chart = positive();
    let patient = chart.patient.clone();
    let stub = Misbehaving::start(move |request| {
        if request.target.contains("/Patient/") {
            let reply = Reply::json(&patient);
            return Reply::After(Duration::from_millis(700), Box::new(reply));
        }
        Reply::status(404)
    });
    let folder = tempfile::tempdir().unwrap();
    let path = file(
        folder.path(),
        &format!(
            "external_url = \"https://cds.example.org\"\nstore_url = \"sqlite:{0}/rrdtc.db\"\n[[clients]]\nname = \"ehr\"\nissuer = \"https://ehr.example.org\"\njwks = '{1}'\nallow_http = true\nallow_private_networks = [\"127.0.0.0/8\"]\nanonymous_fhir = true\nfhir_bases = [\"{2}\"]\n",
            folder.path().display(),
            crate::auth::forge::key_set(&[&crate::auth::forge::P384]),
            stub.base(),
        ),
    );
    let program = Program::start(&path, &[]);
    let mut call = chart.call();
    call["prefetch"].as_object_mut().unwrap().remove("patient");
    call["fhirServer"] = stub.base().as_str().into();
    let server = Server {
        url: program.server.url.clone(),
        metrics: None,
    };
    let token = crate::hospital::token(&format!("https://cds.example.org{SERVICE}"), json!({}));
    let calling = std::thread::spawn(move || {
        server.send(
            "POST",
            SERVICE,
            &[
                ("content-type", "application/json"),
                ("authorization", &token),
            ],
            Some(call.to_string().into_bytes()),
        )
    });
    until("the FHIR server is asked", || {
        stub.received()
            .iter()
            .any(|r| r.target.contains("/Patient/"))
    });
    let (code, log) = program.stop();
    let answer = calling.join().unwrap();
    assert_eq!(
        (code, answer.status),
        (Some(0), 200),
        "{log}\n{}",
        answer.body
    );
    let report = Command::new(env!("CARGO_BIN_EXE_rrdtc"))
        .args(["feedback", "report", "--json", "--config"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&report.stdout).contains("\"shownAtLeast\":1"),
        "{report:?}"
    );
}

#[test]
fn more_calls_than_allowed_are_told_to_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(
        folder.path(),
        "max_concurrent_calls = 1\nclient_timeout_seconds = 2\n",
    );
    let program = Program::start(&path, &["--open"]);
    // One call whose body does not come.
    let mut slow = TcpStream::connect(&program.address).unwrap();
    write!(slow, "POST {SERVICE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{").unwrap();
    until("the slow call is in flight", || {
        program.metrics().contains("rrdtc_calls_in_flight 1")
    });
    let refused = program.server.post(SERVICE, &positive().call());
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (503, Some("1")),
        "{}",
        refused.body
    );
    // It is cut off, and the place is free again.
    let mut answer = String::new();
    slow.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let _ = slow.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_eq!(program.server.post(SERVICE, &positive().call()).status, 200);
    // A head that does not come is cut off too.
    let mut silent = TcpStream::connect(&program.address).unwrap();
    silent.write_all(b"POST ").unwrap();
    silent
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut rest = Vec::new();
    silent.read_to_end(&mut rest).unwrap();
    program.stop();
}

/// Whether the server shows this certificate of `localhost`.
fn shows(address: &str, certificate: &[u8]) -> bool {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.to_vec().into()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let connection = rustls::ClientConnection::new(config.into(), name).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    if stream
        .write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .is_err()
    {
        return false;
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer.starts_with(b"HTTP/1.1 200")
}

#[test]
fn tls_in_the_process_takes_a_new_certificate_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let write = || {
        let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("cert.pem"), signed.cert.pem()).unwrap();
        std::fs::write(
            folder.path().join("key.pem"),
            signed.signing_key.serialize_pem(),
        )
        .unwrap();
        signed.cert.der().to_vec()
    };
    let first = write();
    let path = file(
        folder.path(),
        &format!(
            "[tls]\ncertificate_file = \"{0}/cert.pem\"\nkey_file = \"{0}/key.pem\"\n",
            folder.path().display()
        ),
    );
    let program = Program::start(&path, &["--open"]);
    assert!(shows(&program.address, &first));
    let second = write();
    assert!(!shows(&program.address, &second));
    // With a configuration that is refused the old certificate stays too.
    let right = std::fs::read_to_string(&path).unwrap();
    file(folder.path(), &format!("deadline_ms = 0\n{right}"));
    program.signal("HUP");
    until("the refusal is counted", || {
        program
            .metrics()
            .contains("rrdtc_reloads_total{result=\"refused\"} 1")
    });
    assert!(shows(&program.address, &first));
    file(folder.path(), &right);
    program.signal("HUP");
    until("the new certificate is shown", || {
        shows(&program.address, &second)
    });
    // No plain HTTP on this port.
    let mut plain = TcpStream::connect(&program.address).unwrap();
    plain
        .write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    program.stop();
}

#[test]
fn every_mistake_of_a_configuration_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(
        folder.path(),
        r#"listen = "nowhere"
deadline_ms = 0
unknown = 1
[log]
format = "xml"
[[clients]]
name = "a b"
issuer = "https://ehr.example.org"
jku = "ftp://x"
fhir_version = "STU3"
pseudonym_key = "secret-sentinel"
pseudonym_key_file = "/etc/secret"
"#,
    );
    let check = |path: &Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_rrdtc"))
            .args(["check", "--config"])
            .arg(path)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (code, text) = check(&path);
    assert_eq!(code, Some(3));
    assert!(
        text.contains("rrdtc.toml:3: unknown: unknown field"),
        "{text}"
    );
    // With the name right, the meanings are looked at.
    let right = std::fs::read_to_string(&path)
        .unwrap()
        .replace("unknown = 1\n", "");
    let path = file(folder.path(), &right);
    let (code, text) = check(&path);
    assert_eq!(code, Some(3));
    for expected in [
        "rrdtc.toml:1: listen: expected an address and port",
        "rrdtc.toml:2: deadline_ms: expected at least 1",
        "rrdtc.toml:4: log.format: expected \"text\" or \"json\"",
        "external_url: required with clients",
        "rrdtc.toml:6: clients.0.name: expected up to 64 letters",
        "rrdtc.toml:8: clients.0.jku: expected an https:// address",
        "rrdtc.toml:9: clients.0.fhir_version: expected \"R4\", \"R4B\" or \"R5\"",
        "rrdtc.toml:10: clients.0.pseudonym_key: give the value or",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(!text.contains("secret-sentinel"), "{text}");
    let no_toml = file(folder.path(), "listen = \n");
    assert!(check(&no_toml).1.contains("rrdtc.toml:1: "));
}

#[test]
fn defaults_file_environment_and_flags_come_in_this_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "cds_hooks_version = \"x\"\n");
    let with = |environment: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rrdtc"));
        command.args(["check", "--config"]).arg(&path);
        if let Some(value) = environment {
            command.env("RRDTC_CDS_HOOKS_VERSION", value);
        }
        command.output().unwrap().status.code()
    };
    assert_eq!((with(None), with(Some("3.0.0"))), (Some(3), Some(0)));
    for (arguments, code) in [
        (vec!["serve", "--port", "0"], 2),
        (
            vec!["serve", "--port", "0", "--as-of", "2026-11-20T12:00:00Z"],
            2,
        ),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_rrdtc"))
            .args(&arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    }
}

/// Words that stand for a patient, a user and secrets; none may be found anywhere after every path was taken.
const SENTINELS: [&str; 7] = [
    "sentinelpatient",
    "Sentinelname",
    "sentineluser",
    "sentineltoken",
    "Sentinelcomment",
    "sentinelquery",
    "Sentineltext",
];

#[test]
fn nothing_of_a_patient_or_a_token_stays_behind() {
    let stub = Misbehaving::start(|request| match request.target.split(['/', '?']).nth(2) {
        Some("Observation") => Reply::status(403),
        Some("Procedure") => Reply::text("text/html", "<p>Sentinelname</p>"),
        Some("DiagnosticReport") => Reply::text("application/fhir+json", "{\"Sentinelname"),
        _ => Reply::status(404),
    });
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    std::fs::write(
        folder.path().join("audit.key"),
        "0123456789abcdef0123456789abcdef",
    )
    .unwrap();
    let path = file(
        folder.path(),
        &format!(
            "external_url = \"https://cds.example.org\"\nstore_url = \"sqlite:{place}/rrdtc.db\"\n[log]\nformat = \"json\"\nlevel = \"debug\"\n[audit]\nfolder = \"{place}/audit\"\nkey_file = \"{place}/audit.key\"\nmode = \"required\"\n[[clients]]\nname = \"ehr\"\nissuer = \"https://ehr.example.org\"\njwks = '{}'\nallow_http = true\nallow_private_networks = [\"127.0.0.0/8\"]\nfhir_bases = [\"{}\"]\npseudonym_key = \"0123456789abcdef0123456789abcdef\"\nonce_within_days = 3\n",
            crate::auth::forge::key_set(&[&crate::auth::forge::P384]),
            stub.base(),
        ),
    );
    let program = Program::start(&path, &[]);
    let mut bodies = String::new();
    let mut send = |path: &str, body: Vec<u8>, claims: Value, kind: &str| {
        let token = crate::hospital::token(
            &format!("https://cds.example.org{}", path.split('?').next().unwrap()),
            claims,
        );
        let answer = program.server.send(
            "POST",
            path,
            &[("content-type", kind), ("authorization", &token)],
            Some(body),
        );
        if answer.status != 200 {
            bodies += &answer.body;
        }
        answer.status
    };
    let mut chart = positive();
    chart.patient["id"] = "sentinelpatient".into();
    chart.patient["name"] = json!([{ "family": "Sentinelname" }]);
    for record in &mut chart.records {
        record["subject"]["reference"] = "Patient/sentinelpatient".into();
        record["note"] = json!([{ "text": "Sentineltext" }]);
    }
    let mut call = chart.call();
    call["context"]["userId"] = "Practitioner/sentineluser".into();
    call["fhirServer"] = stub.base().as_str().into();
    call["fhirAuthorization"] = json!({ "access_token": "sentineltoken", "token_type": "Bearer", "expires_in": 300, "scope": "x", "subject": "sentineluser" });
    let json_type = "application/json";
    let bytes = |value: &Value| value.to_string().into_bytes();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut changed = call.clone();
        change(&mut changed);
        bytes(&changed)
    };
    assert_eq!(send(SERVICE, bytes(&call), json!({}), json_type), 200);
    assert_eq!(
        send(
            &format!("{SERVICE}?patient=sentinelquery"),
            bytes(&call),
            json!({}),
            json_type
        ),
        200
    );
    assert_eq!(
        send(
            SERVICE,
            with(&|c| c["prefetch"]["conditions"] = Value::Null),
            json!({}),
            json_type
        ),
        200
    );
    let lacking: fn(&mut Value) = |c| {
        for key in ["observations", "procedures", "diagnosticReports"] {
            c["prefetch"].as_object_mut().unwrap().remove(key);
        }
    };
    assert_eq!(send(SERVICE, with(&lacking), json!({}), json_type), 200);
    for (status, body) in [
        (412, with(&|c| c["prefetch"] = json!({}))),
        (400, with(&|c| c["hook"] = "Sentinelname".into())),
        (
            400,
            with(&|c| c["context"]["patientId"] = json!(["sentinelpatient"])),
        ),
        (
            400,
            with(&|c| c["fhirAuthorization"] = json!({ "access_token": "sentineltoken" })),
        ),
        (400, b"{\"Sentinelname".to_vec()),
        (
            422,
            with(&|c| c["prefetch"]["patient"]["resourceType"] = "Basic".into()),
        ),
        (
            422,
            with(&|c| c["prefetch"]["patient"]["id"] = "other".into()),
        ),
        (
            413,
            format!("\"{}\"", "Sentineltext".repeat(1_500_000)).into_bytes(),
        ),
    ] {
        assert_eq!(send(SERVICE, body, json!({}), json_type), status);
    }
    assert_eq!(
        send(
            SERVICE,
            bytes(&call),
            json!({}),
            "text/plain; x=Sentineltext"
        ),
        415
    );
    assert_eq!(
        send(
            SERVICE,
            bytes(&call),
            json!({ "iss": "Sentinelname" }),
            json_type
        ),
        401
    );
    assert_eq!(
        send(
            "/cds-services/sentinelpatient",
            bytes(&call),
            json!({}),
            json_type
        ),
        404
    );
    assert_eq!(
        send("/sentinelpatient", bytes(&call), json!({}), json_type),
        404
    );
    let feedback = |outcome: &str| {
        json!({ "feedback": [{ "card": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "outcome": outcome, "outcomeTimestamp": "2026-11-20T12:00:00Z",
            "overrideReason": { "userComment": "Sentinelcomment" } }] })
    };
    let path = format!("{SERVICE}/feedback");
    assert_eq!(
        send(&path, bytes(&feedback("overridden")), json!({}), json_type),
        200
    );
    assert_eq!(
        send(
            &path,
            bytes(&feedback("Sentinelcomment")),
            json!({}),
            json_type
        ),
        400
    );

    let mut found = bodies + &program.metrics();
    let (code, log) = program.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(
        log.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "{log}"
    );
    // The issuer of a refused token is what an operator needs to know: the one thing that is told.
    found += &log.replace("Sentinelname", "");
    let mut folders = vec![folder.path().to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found += &String::from_utf8_lossy(&std::fs::read(path).unwrap());
            }
        }
    }
    assert!(
        found.contains("\"resultId\""),
        "the audit trail was searched"
    );
    for sentinel in SENTINELS {
        assert!(!found.contains(sentinel), "{sentinel} in {found}");
    }
}

#[test]
fn metrics_do_not_grow_with_what_callers_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "");
    let program = Program::start(&path, &["--open"]);
    let round = |number: usize| {
        let mut call = positive().call();
        call["context"]["patientId"] = format!("p{number}").into();
        program
            .server
            .post(&format!("/cds-services/unknown-{number}"), &call);
        program.server.post(SERVICE, &call);
        program.server.get(&format!("/nothing/{number}"));
    };
    round(0);
    let before = program.metrics().lines().count();
    (1..60).for_each(round);
    assert_eq!(program.metrics().lines().count(), before);
    program.stop();
}

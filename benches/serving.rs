//! The release binary under load on loopback: calls per second with and without tokens and audit, memory after many calls,
//! and what fetching adds to the slowest FHIR answer. Run with `cargo bench --bench serving`.
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod bodies;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const URL: &str = "https://cds.example.org";
const PATH: &str = "/cds-services/rr-dtc-patient-view";
/// Connections that call at the same time.
const CONNECTIONS: usize = 4;

struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(folder: &Path, settings: &str, open: bool) -> Self {
        let file = folder.join("rrdtc.toml");
        std::fs::write(&file, settings).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_rrdtc"));
        command
            .args(["serve", "--port", "0", "--config"])
            .arg(&file);
        if open {
            command.arg("--open");
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let address = line.trim().trim_start_matches("listening on ").to_owned();
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        Self { child, address }
    }

    /// Resident memory in bytes.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            * 1024
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One call on an open connection; panics on anything but 200.
fn call(stream: &mut BufReader<TcpStream>, body: &[u8], token: Option<&str>) {
    let mut head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    if let Some(token) = token {
        head += &format!("Authorization: Bearer {token}\r\n");
    }
    head += "\r\n";
    let mut request = head.into_bytes();
    request.extend_from_slice(body);
    stream.get_mut().write_all(&request).unwrap();
    let mut line = String::new();
    let mut length = 0;
    let mut is_first = true;
    loop {
        line.clear();
        stream.read_line(&mut line).unwrap();
        if is_first {
            assert!(line.starts_with("HTTP/1.1 200"), "{line}");
            is_first = false;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).unwrap();
}

/// Makes `count` calls over all connections; calls per second.
fn load(program: &Program, body: &[u8], tokens: Option<&[String]>, count: usize) -> f64 {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let address = &program.address;
            scope.spawn(move || {
                let stream = TcpStream::connect(address).unwrap();
                stream.set_nodelay(true).unwrap();
                let mut stream = BufReader::new(stream);
                for number in (connection..count).step_by(CONNECTIONS) {
                    call(
                        &mut stream,
                        body,
                        tokens.map(|tokens| tokens[number].as_str()),
                    );
                }
            });
        }
    });
    count as f64 / start.elapsed().as_secs_f64()
}

fn sign(key: &EncodingKey, number: usize) -> String {
    let now = jiff::Timestamp::now().as_second();
    let mut header = Header::new(Algorithm::ES384);
    header.kid = Some("bench".into());
    let claims = json!({
        "iss": "https://ehr.example.org", "aud": format!("{URL}{PATH}"), "iat": now, "exp": now + 3000, "jti": format!("{number}"),
    });
    encode(&header, &claims, key).unwrap()
}

/// A FHIR server that answers every search with nothing after this time.
fn slow_fhir(after: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                // Else the answer waits for an acknowledgement, and that is what would be measured.
                let _ = stream.set_nodelay(true);
                let mut stream = BufReader::new(stream);
                let mut line = String::new();
                loop {
                    let mut is_metadata = false;
                    loop {
                        line.clear();
                        if stream.read_line(&mut line).unwrap_or(0) == 0 {
                            return;
                        }
                        is_metadata |= line.contains("metadata");
                        if line == "\r\n" {
                            break;
                        }
                    }
                    if !is_metadata {
                        std::thread::sleep(after);
                    }
                    let body = r#"{"resourceType":"Bundle","type":"searchset"}"#;
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    let _ = stream.get_mut().write_all(answer.as_bytes());
                }
            });
        }
    });
    format!("http://{address}/fhir")
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() {
    let (_, body) = bodies::all().remove(0);
    let body = body.to_string();
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let key = EncodingKey::from_ec_der(pair.serialized_der());
    let mut jwk =
        serde_json::to_value(Jwk::from_encoding_key(&key, Algorithm::ES384).unwrap()).unwrap();
    jwk["kid"] = "bench".into();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("audit.key"),
        "0123456789abcdef0123456789abcdef",
    )
    .unwrap();
    let quiet = "[log]\nlevel = \"error\"\n";
    let client = |more: &str| {
        format!(
            "[[clients]]\nname = \"ehr\"\nissuer = \"https://ehr.example.org\"\njwks = '{}'\n{more}\n",
            json!({ "keys": [jwk.clone()] })
        )
    };
    let audit = |mode: &str, name: &str| {
        format!(
            "[audit]\nfolder = \"{0}/{name}\"\nkey_file = \"{0}/audit.key\"\nmode = \"{mode}\"\n",
            folder.path().display()
        )
    };
    let external = format!("external_url = \"{URL}\"\n");
    let mut tokens: Vec<String> = (0..9_000).map(|number| sign(&key, number)).collect();

    println!(
        "typical request, {} kB, {CONNECTIONS} connections; the caller shares the two cores",
        body.len() / 1000
    );
    let mut off = Vec::new();
    let mut on = Vec::new();
    for round in 0..3 {
        let program = Program::start(folder.path(), quiet, true);
        load(&program, body.as_bytes(), None, 500);
        off.push(load(&program, body.as_bytes(), None, 2_500));
        drop(program);
        let settings = format!(
            "{external}{quiet}{}{}",
            audit("best-effort", &format!("b{round}")),
            client("")
        );
        let program = Program::start(folder.path(), &settings, false);
        let rest = tokens.split_off(3_000.min(tokens.len()));
        load(&program, body.as_bytes(), Some(&tokens[..500]), 500);
        on.push(load(
            &program,
            body.as_bytes(),
            Some(&tokens[500..]),
            tokens.len() - 500,
        ));
        tokens = rest;
    }
    off.sort_by(f64::total_cmp);
    on.sort_by(f64::total_cmp);
    println!("- no token, no audit: {:.0} calls/s", off[1]);
    println!(
        "- ES384, strict jti, audit best-effort: {:.0} calls/s, {:.0} %",
        on[1],
        100.0 * on[1] / off[1]
    );
    let settings = format!("{quiet}{}", audit("required", "r"));
    let program = Program::start(folder.path(), &settings, true);
    load(&program, body.as_bytes(), None, 200);
    println!(
        "- no token, audit required: {:.0} calls/s",
        load(&program, body.as_bytes(), None, 1_000)
    );
    drop(program);
    let mut file = std::fs::File::create(folder.path().join("fsync")).unwrap();
    let fsync = (0..200)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[0; 420]).unwrap();
            file.sync_data().unwrap();
            start.elapsed()
        })
        .collect();
    println!(
        "- one fdatasync of this disk: {:.0} us",
        median(fsync).as_secs_f64() * 1e6
    );

    let token = sign(&key, 0);
    let (message, signature) = token.rsplit_once('.').unwrap();
    let public: Jwk = serde_json::from_value(jwk.clone()).unwrap();
    let public = jsonwebtoken::DecodingKey::from_jwk(&public).unwrap();
    let verify = (0..500)
        .map(|_| {
            let start = Instant::now();
            assert!(
                jsonwebtoken::crypto::verify(
                    signature,
                    message.as_bytes(),
                    &public,
                    Algorithm::ES384
                )
                .unwrap()
            );
            start.elapsed()
        })
        .collect();
    println!(
        "- one ES384 verification: {:.0} us",
        median(verify).as_secs_f64() * 1e6
    );

    let after = Duration::from_millis(50);
    let base = slow_fhir(after);
    let settings = format!(
        "{external}{quiet}{}",
        client(&format!(
            "replay = \"allow\"\nallow_http = true\nallow_private_networks = [\"127.0.0.0/8\"]\nanonymous_fhir = true\nfhir_bases = [\"{base}\"]"
        ))
    );
    let program = Program::start(folder.path(), &settings, false);
    let mut lacking: Value = serde_json::from_str(&body).unwrap();
    lacking["fhirServer"] = base.into();
    let token = sign(&key, 1);
    let mut stream = BufReader::new(TcpStream::connect(&program.address).unwrap());
    stream.get_ref().set_nodelay(true).unwrap();
    for keys in [1, 4] {
        for key in [
            "diagnosticReports",
            "medicationAdministrations",
            "procedures",
            "observations",
        ]
        .iter()
        .take(keys)
        {
            lacking["prefetch"].as_object_mut().unwrap().remove(*key);
        }
        let text = lacking.to_string();
        let times = (0..40)
            .map(|_| {
                let start = Instant::now();
                call(&mut stream, text.as_bytes(), Some(&token));
                start.elapsed()
            })
            .collect();
        let over = median(times).as_secs_f64() - after.as_secs_f64();
        println!(
            "- {keys} keys fetched, each answered after 50 ms: {:.1} ms more than that (median)",
            over * 1e3
        );
    }
    drop(program);

    let program = Program::start(folder.path(), quiet, true);
    load(&program, body.as_bytes(), None, 1_000);
    let first = program.memory();
    load(&program, body.as_bytes(), None, 99_000);
    let last = program.memory();
    println!(
        "- resident memory after 1,000 calls {:.1} MB, after 100,000 calls {:.1} MB",
        first as f64 / 1e6,
        last as f64 / 1e6
    );
}

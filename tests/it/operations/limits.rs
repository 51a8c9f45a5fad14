//! Too many calls, clients that are slow on purpose, TLS in the process, and the headers of answers.

use super::process::{Place, Process, base_of, client, eventually, reads_from, to_fetch, token};
use crate::auth::forge::bearer;
use crate::misbehaving::{Authority, Misbehaving, Reply};
use crate::support::{Answer, Chart};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

const VIEW: &str = "rr-dtc-patient-view";

#[test]
fn above_the_limit_calls_are_told_to_come_again() {
    let stub = Misbehaving::start(|_| Reply::Never);
    let place = Place::new();
    place.configure(&format!(
        "external_url = \"https://cds.test\"\nmax_concurrent_calls = 2\ndeadline_ms = 3000\n{}",
        client("ehr", &reads_from(&base_of(&stub))),
    ));
    let process = place.serve(&[]);
    let chart = Chart::basic();
    let mut held = to_fetch(&chart, &base_of(&stub));
    // What is required is there; the rest never comes.
    let whole = chart.prefetch();
    held["prefetch"] = json!({ "patient": whole["patient"], "conditions": whole["conditions"] });
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| process.call("ehr", VIEW, &held)))
            .collect();
        eventually("both are in flight", || {
            process.metric("rrdtc_calls_in_flight", &[]) == 2.0
        });
        let refused = process.call("ehr", VIEW, &chart.call());
        assert_eq!(refused.status, 503, "{}", refused.body);
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert_eq!(refused.json()["resourceType"], "OperationOutcome");
        assert_eq!(process.server.get("/health/live").status, 200);
        assert_eq!(process.watch("/health/ready").status, 200);
        for call in calls {
            assert_eq!(call.join().unwrap().status, 200);
        }
    });
    assert_eq!(process.call("ehr", VIEW, &chart.call()).status, 200);
    assert_eq!(
        process.metric("rrdtc_calls_total", &["status=\"503\""]),
        1.0
    );
    assert_eq!(process.metric("rrdtc_calls_in_flight", &[]), 0.0);
}

/// What comes until the server closes; at most ten seconds.
fn rest(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    let mut some = [0; 4096];
    while let Ok(n @ 1..) = stream.read(&mut some) {
        bytes.extend_from_slice(&some[..n]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn start_of(mut stream: impl Read) -> String {
    let mut some = [0; 64];
    let n = stream.read(&mut some).unwrap();
    String::from_utf8_lossy(&some[..n]).into_owned()
}

fn connect(process: &Process) -> TcpStream {
    let stream = TcpStream::connect(process.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream
}

#[test]
fn slow_clients_are_cut_off_and_hold_nobody_up() {
    let place = Place::new();
    place.configure("client_timeout_seconds = 1\nmax_concurrent_calls = 4\n");
    let process = place.serve(&["--open"]);
    let head = format!(
        "POST /cds-services/{VIEW} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    );
    for (what, said) in [
        ("nothing", String::new()),
        ("half a line", head[..20].to_owned()),
        ("half a head", head.clone()),
        ("no body", format!("{head}Content-Length: 1000\r\n\r\n")),
        (
            "half a body",
            format!("{head}Content-Length: 1000\r\n\r\n{{\"hook\":"),
        ),
        (
            "an unwanted body",
            format!(
                "{}Content-Length: 1000\r\n\r\n",
                head.replace("json", "pdf")
            ),
        ),
        (
            "half a chunk",
            format!("{head}Transfer-Encoding: chunked\r\n\r\n100\r\nabc"),
        ),
    ] {
        let mut stream = connect(&process);
        stream.write_all(said.as_bytes()).unwrap();
        let began = Instant::now();
        let answer = rest(&stream);
        assert!(
            began.elapsed() < Duration::from_secs(6),
            "{what}: {:?}",
            began.elapsed()
        );
        let status = answer.split(' ').nth(1);
        if what == "an unwanted body" {
            assert_eq!(status, Some("415"), "{what}: {answer}");
            continue;
        }
        assert!(matches!(status, Some("408") | None), "{what}: {answer}");
        if what.contains("body") || what.contains("chunk") {
            assert_eq!(status, Some("408"), "{what}: {answer}");
        }
    }
    // A drop now and then does not help.
    let mut stream = connect(&process);
    stream
        .write_all(format!("{head}Content-Length: 1000\r\n\r\n").as_bytes())
        .unwrap();
    let mut reader = stream.try_clone().unwrap();
    let began = Instant::now();
    let dripping = std::thread::spawn(move || {
        while began.elapsed() < Duration::from_secs(8) && stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    let first = start_of(&mut reader);
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert!(first.contains("408"), "{first}");
    drop(reader);
    dripping.join().unwrap();

    // An idle connection is not kept, and a bad head is no call.
    let mut stream = connect(&process);
    stream
        .write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let began = Instant::now();
    assert!(rest(&stream).contains("200 OK"));
    assert!(began.elapsed() < Duration::from_secs(6));
    let mut stream = connect(&process);
    let _ = stream
        .write_all(format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(1 << 20)).as_bytes());
    assert!(!rest(&stream).contains("200 OK"));
    assert_eq!(process.metric("rrdtc_calls_in_flight", &[]), 0.0);
    assert_eq!(
        process
            .server
            .post(&format!("/cds-services/{VIEW}"), &Chart::basic().call())
            .status,
        200
    );
}

/// Slow bodies do not take the places of calls, and there are not endlessly many of them either.
#[test]
fn bodies_that_come_slowly_keep_no_call_out() {
    let place = Place::new();
    place.configure("client_timeout_seconds = 5\nmax_concurrent_calls = 2\n");
    let process = place.serve(&["--open"]);
    let body = Chart::basic().call();
    let call = || {
        process
            .server
            .post(&format!("/cds-services/{VIEW}"), &body)
            .status
    };
    let dribble = || {
        let mut stream = connect(&process);
        let head = format!(
            "POST /cds-services/{VIEW} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let mut held: Vec<_> = (0..7).map(|_| dribble()).collect();
    for _ in 0..3 {
        assert_eq!(call(), 200, "seven bodies are coming");
    }
    held.push(dribble());
    eventually("eight bodies are coming", || call() == 503);
    drop(held);
    eventually("they are gone", || call() == 200);
}

/// What is left of a body is not awaited: a caller who was refused holds no connection.
#[test]
fn a_connection_is_closed_when_its_request_is_answered_before_its_body_was_read() {
    let place = Place::new();
    place.configure(&format!(
        "external_url = \"https://cds.test\"\nclient_timeout_seconds = 1\n{}",
        client("ehr", "")
    ));
    let process = place.serve(&[]);
    for (what, path, status) in [
        ("no token", format!("/cds-services/{VIEW}"), "401"),
        ("nothing there", "/nothing".to_owned(), "404"),
        ("a method that is none", "/health/live".to_owned(), "405"),
    ] {
        for length in ["Transfer-Encoding: chunked", "Content-Length: 100000"] {
            let mut stream = connect(&process);
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            let mut reader = stream.try_clone().unwrap();
            let dripping = std::thread::spawn(move || {
                let began = Instant::now();
                while began.elapsed() < Duration::from_secs(8)
                    && stream.write_all(b"1\r\n \r\n").is_ok()
                {
                    std::thread::sleep(Duration::from_millis(100));
                }
                began.elapsed()
            });
            let answer = rest(&mut reader);
            assert_eq!(answer.split(' ').nth(1), Some(status), "{what}, {length}");
            assert!(
                answer.to_ascii_lowercase().contains("connection: close"),
                "{what}, {length}: {answer}"
            );
            drop(reader);
            let held = dripping.join().unwrap();
            assert!(held < Duration::from_secs(6), "{what}, {length}: {held:?}");
        }
    }
    // A chunked body that is read to its end leaves the connection open.
    let mut stream = connect(&process);
    let body = Chart::basic().call().to_string();
    for connection in ["keep-alive", "close"] {
        let request = format!(
            "POST /cds-services/{VIEW} HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\nAuthorization: {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            bearer(&token("ehr", VIEW)),
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
    }
    assert_eq!(rest(&stream).matches("HTTP/1.1 200 OK").count(), 2);
}

/// A request over TLS, and the certificate that was shown.
fn over_tls(
    process: &Process,
    trusting: &Arc<ClientConfig>,
    request: &str,
) -> Result<(String, Vec<u8>), std::io::Error> {
    let connection =
        ClientConnection::new(trusting.clone(), ServerName::try_from("cds.test").unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, connect(process));
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    let text = rest(&mut stream);
    let shown = stream.conn.peer_certificates().unwrap()[0].to_vec();
    Ok((text, shown))
}

#[test]
fn tls_works_refuses_plain_http_and_takes_a_new_certificate() {
    let place = Place::new();
    let authority = Authority::new();
    let (certificate, key) = (place.path("cds.pem"), place.path("cds.key"));
    authority.write_server(&["cds.test"], &certificate, &key);
    let text = format!(
        "external_url = \"https://cds.test\"\n[tls]\ncertificate_file = {:?}\nkey_file = {:?}\n{}",
        certificate.display().to_string(),
        key.display().to_string(),
        client("ehr", ""),
    );
    place.configure(&text);
    let process = place.serve(&[]);
    // Anew each time: a resumed session does not look at the certificate again.
    let trusting = || authority.trusting();
    let live = "GET /health/live HTTP/1.1\r\nHost: cds.test\r\nConnection: close\r\n\r\n";
    let (answer, first) = over_tls(&process, &trusting(), live).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let body = Chart::basic().call().to_string();
    let call = || {
        format!(
            "POST /cds-services/{VIEW} HTTP/1.1\r\nHost: cds.test\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n{body}",
            bearer(&token("ehr", VIEW)),
            body.len()
        )
    };
    let (answer, _) = over_tls(&process, &trusting(), &call()).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("org.rrdtc.assessment"),
        "{answer}"
    );

    let mut plain = connect(&process);
    plain.write_all(live.as_bytes()).unwrap();
    assert!(!rest(&plain).contains("HTTP/1.1 2"));
    assert!(
        over_tls(&process, &Authority::new().trusting(), live).is_err(),
        "another authority"
    );

    // A broken file, or one beside a configuration at fault, keeps the certificate.
    let refused = || process.metric("rrdtc_reloads_total", &["refused"]);
    let good_key = std::fs::read(&key).unwrap();
    std::fs::write(&key, "no key").unwrap();
    process.signal("-HUP");
    eventually("refused", || refused() == 1.0);
    assert_eq!(over_tls(&process, &trusting(), live).unwrap().1, first);
    std::fs::write(&key, good_key).unwrap();

    authority.write_server(&["cds.test"], &certificate, &key);
    place.configure(&text.replace("\"kty\":\"EC\"", "\"kty\":\"XX\""));
    process.signal("-HUP");
    eventually("refused", || refused() == 2.0);
    assert_eq!(
        over_tls(&process, &trusting(), live).unwrap().1,
        first,
        "all or nothing"
    );

    place.configure(&text);
    process.signal("-HUP");
    eventually("taken", || {
        process.metric("rrdtc_reloads_total", &["taken"]) == 1.0
    });
    let (answer, second) = over_tls(&process, &trusting(), &call()).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_ne!(first, second);
}

#[test]
fn answers_of_every_status_have_only_headers_of_the_list() {
    const ALLOWED: [&str; 13] = [
        "content-type",
        "content-length",
        "date",
        "vary",
        "cache-control",
        "x-content-type-options",
        "x-request-id",
        "www-authenticate",
        "retry-after",
        "allow",
        "connection",
        "transfer-encoding",
        "content-encoding",
    ];
    let place = Place::new();
    place.configure(&format!(
        "external_url = \"https://cds.test\"\nmax_body_bytes = 20000\nclient_timeout_seconds = 1\n{}[cors]\norigins = [\"https://ehr.test\"]\n{}{}",
        place.store_and_audit("required"),
        client("ehr", ""),
        client("signs", "services = [\"rr-dtc-order-sign\"]"),
    ));
    let process = place.serve(&[]);
    let chart = Chart::basic();
    let mut answers: Vec<Answer> = Vec::new();
    let url = format!("/cds-services/{VIEW}");
    let send = |client: &str, method: &str, path: &str, more: &[(&str, &str)], body: String| {
        let bearer = bearer(&token(client, path));
        let mut headers = vec![
            ("origin", "https://ehr.test"),
            ("authorization", bearer.as_str()),
        ];
        headers.extend(more);
        let path = format!("/cds-services/{path}");
        process.server.send(
            method,
            path.trim_end_matches('/'),
            &headers,
            Some(body.into_bytes()),
        )
    };
    let json_type = [
        ("content-type", "application/json"),
        ("accept-encoding", "gzip"),
    ];
    let good = chart.call().to_string();
    let without = |key: &str| {
        let mut call = chart.call();
        call["prefetch"].as_object_mut().unwrap().remove(key);
        call.to_string()
    };
    let mut another = chart.call();
    another["prefetch"]["patient"]["id"] = json!("other");
    for (client, path, body) in [
        ("ehr", VIEW, good.clone()),
        ("ehr", VIEW, "{}".into()),
        ("nobody", VIEW, good.clone()),
        ("signs", VIEW, good.clone()),
        ("ehr", "nothing", good.clone()),
        ("ehr", VIEW, without("patient")),
        ("ehr", VIEW, another.to_string()),
        ("ehr", VIEW, " ".repeat(30_000)),
        (
            "ehr",
            &format!("{VIEW}/feedback"),
            "{\"feedback\":[]}".into(),
        ),
    ] {
        answers.push(send(client, "POST", path, &json_type, body));
    }
    answers.push(send(
        "ehr",
        "POST",
        VIEW,
        &[("content-type", "text/plain")],
        good.clone(),
    ));
    answers.push(send("ehr", "PUT", VIEW, &json_type, good.clone()));
    answers.push(send("ehr", "GET", "", &[], String::new()));
    answers.push(process.server.get("/"));
    answers.push(process.server.get("/health/live"));
    let preflight = [
        ("origin", "https://ehr.test"),
        ("access-control-request-method", "POST"),
    ];
    answers.push(process.server.send("OPTIONS", &url, &preflight, None));
    let stranger = [
        ("origin", "https://evil.test"),
        ("access-control-request-method", "POST"),
    ];
    answers.push(process.server.send("OPTIONS", &url, &stranger, None));
    std::fs::rename(place.path("log"), place.path("away")).unwrap();
    std::fs::write(place.path("log"), "a file instead").unwrap();
    answers.push(send("ehr", "POST", VIEW, &json_type, good));
    let mut slow = connect(&process);
    slow.write_all(format!("POST {url} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n", bearer(&token("ehr", VIEW))).as_bytes()).unwrap();
    answers.push(parsed(&rest(&slow)));
    let mut no_http = connect(&process);
    no_http.write_all(b"NONSENSE\r\n\r\n").unwrap();
    answers.push(parsed(&rest(&no_http)));

    let statuses: std::collections::BTreeSet<u16> =
        answers.iter().map(|answer| answer.status).collect();
    for status in [200, 400, 401, 403, 404, 405, 408, 412, 413, 415, 422, 503] {
        assert!(statuses.contains(&status), "no {status} among {statuses:?}");
    }
    for answer in &answers {
        for (name, value) in &answer.headers {
            let is_allowed =
                ALLOWED.contains(&name.as_str()) || name.starts_with("access-control-");
            assert!(is_allowed, "{}: {name}: {value}", answer.status);
        }
        let has = |name: &str| answer.header(name).is_some();
        assert_eq!(has("www-authenticate"), answer.status == 401);
        assert_eq!(has("allow"), answer.status == 405);
        assert_eq!(has("retry-after"), answer.status == 503);
        if !answer.body.starts_with("HTTP/1.1 4") && has("x-request-id") {
            assert_eq!(
                answer.header("cache-control"),
                Some("no-store"),
                "{}",
                answer.status
            );
            assert_eq!(
                answer.header("x-content-type-options"),
                Some("nosniff"),
                "{}",
                answer.status
            );
        }
    }
}

/// An answer as it came over the wire.
fn parsed(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    Answer {
        status: status.parse().unwrap(),
        headers: lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
        body: body.to_owned(),
    }
}

//! A FHIR server for one test at a time: it answers as the test says and remembers what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Path and query.
    pub target: String,
    pub authorization: Option<String>,
}

/// Status and body.
pub type Answer = (u16, String);
type Answering = Box<dyn Fn(&Asked) -> Answer + Send>;

#[derive(Default)]
struct Shared {
    answering: Option<Answering>,
    asked: Vec<Asked>,
}

/// The server.
pub struct FhirServer {
    pub base: String,
    shared: Arc<Mutex<Shared>>,
    turn: Mutex<()>,
}

/// The server while one test has it.
pub struct Turn<'a> {
    pub base: &'a str,
    shared: &'a Mutex<Shared>,
    _turn: MutexGuard<'a, ()>,
}

impl FhirServer {
    pub fn listen(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let base = format!("http://{}/fhir", listener.local_addr().unwrap());
        let shared: Arc<Mutex<Shared>> = Arc::default();
        let server = Self {
            base,
            shared: shared.clone(),
            turn: Mutex::new(()),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        server
    }

    /// Takes the server for a test; others wait.
    pub fn take(&self, answering: impl Fn(&Asked) -> Answer + Send + 'static) -> Turn<'_> {
        let turn = self
            .turn
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        let mut shared = lock(&self.shared);
        shared.asked.clear();
        shared.answering = Some(Box::new(answering));
        drop(shared);
        Turn {
            base: &self.base,
            shared: &self.shared,
            _turn: turn,
        }
    }
}

impl Turn<'_> {
    /// Everything that was asked of the data, in order.
    pub fn asked(&self) -> Vec<Asked> {
        let asked = lock(self.shared).asked.clone();
        // What a server says of itself is no data.
        asked
            .into_iter()
            .filter(|asked| !asked.target.contains("/metadata"))
            .collect()
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(|broken| broken.into_inner())
}

fn serve(stream: TcpStream, shared: &Mutex<Shared>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let target = line.split(' ').nth(1)?.to_owned();
        let (mut authorization, mut length) = (None, 0);
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim_end().split_once(": ") else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "authorization" => authorization = Some(value.to_owned()),
                "content-length" => length = value.parse().ok()?,
                _ => {}
            }
        }
        std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink()).ok()?;
        let asked = Asked {
            target,
            authorization,
        };
        let (status, body) = {
            let mut shared = lock(shared);
            shared.asked.push(asked.clone());
            match (&shared.answering, asked.target.contains("/metadata")) {
                (_, true) => (
                    200,
                    r#"{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1"}"#.into(),
                ),
                (Some(answering), _) => answering(&asked),
                (None, _) => (404, String::new()),
            }
        };
        write!(
            stream,
            "HTTP/1.1 {status} -\r\nContent-Type: application/fhir+json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .ok()?;
    }
}

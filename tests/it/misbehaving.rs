//! A server that misbehaves on purpose, over raw sockets: it stalls, drips, resets and lies, and remembers what it was asked.
//! With it a certificate authority for TLS and a proxy.

// By path, because the fault matrix takes this file in, too.
#[path = "misbehaving/authority.rs"]
mod authority;
#[path = "misbehaving/proxy.rs"]
mod proxy;

pub use authority::Authority;
pub use proxy::ConnectProxy;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use url::Url;

/// Nothing here waits longer for a peer that has gone.
const GONE: Duration = Duration::from_secs(20);

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    /// As in the request line: path with query, or the whole URL when we are taken for a proxy.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(header, _)| header == name);
        header.map(|(_, value)| value.as_str())
    }

    /// Value of a field of a form.
    pub fn form(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(&self.body)
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Answers like any server.
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// Says nothing and keeps the connection.
    Never,
    /// Sends a header now and then, and never the last.
    SlowHeaders,
    /// Sends half of the body and keeps the connection.
    StalledBody(Vec<u8>),
    /// Sends a byte of the body at a time.
    Drip(Vec<u8>, Duration),
    /// Sends half of the body and closes.
    CutBody(Vec<u8>),
    /// Sends the body in chunks without stating its length.
    Chunked(Vec<u8>),
    /// Resets the connection without an answer.
    Reset,
    /// Does it later.
    After(Duration, Box<Reply>),
}

impl Reply {
    pub fn json(value: &Value) -> Self {
        Self::text("application/fhir+json", value.to_string())
    }

    pub fn text(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Answer {
            status: 200,
            headers: Vec::new(),
            body: body.into(),
        }
        .with("Content-Type", content_type)
    }

    pub fn status(status: u16) -> Self {
        let outcome = json!({ "resourceType": "OperationOutcome",
            "issue": [{ "severity": "error", "code": "processing" }] });
        match Self::json(&outcome) {
            Self::Answer { headers, body, .. } => Self::Answer {
                status,
                headers,
                body,
            },
            other => other,
        }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The body compressed by gzip.
    pub fn gzip(content_type: &str, body: &[u8]) -> Self {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(body).unwrap();
        Self::text(content_type, encoder.finish().unwrap()).with("Content-Encoding", "gzip")
    }
}

/// A searchset of these resources; `next` is the link to the next page.
pub fn searchset(resources: &[Value], next: Option<&str>) -> Value {
    let entries: Vec<Value> = resources
        .iter()
        .map(|resource| json!({ "resource": resource }))
        .collect();
    let mut bundle = json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries });
    if let Some(next) = next {
        bundle["link"] = json!([{ "relation": "next", "url": next }]);
    }
    bundle
}

/// A running server on a free port of loopback; it stops when dropped.
pub struct Misbehaving {
    pub address: SocketAddr,
    is_tls: bool,
    received: Arc<Mutex<Vec<Received>>>,
    stopped: Arc<AtomicBool>,
}

impl Misbehaving {
    pub fn start(reply: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(None, reply)
    }

    /// With TLS, see [`Authority::server`].
    pub fn start_tls(
        tls: Arc<ServerConfig>,
        reply: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(Some(tls), reply)
    }

    fn start_with(
        tls: Option<Arc<ServerConfig>>,
        reply: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let is_tls = tls.is_some();
        let received = Arc::new(Mutex::new(Vec::new()));
        let reply = Arc::new(reply);
        let log = received.clone();
        let (address, stopped) = listen(move |stream| match &tls {
            None => serve(stream, &log, reply.as_ref()),
            Some(tls) => {
                let connection = ServerConnection::new(tls.clone()).unwrap();
                serve(StreamOwned::new(connection, stream), &log, reply.as_ref());
            }
        });
        Self {
            address,
            is_tls,
            received,
            stopped,
        }
    }

    /// URL of a path by a host name that leads here.
    pub fn url(&self, host: &str, path: &str) -> Url {
        let scheme = if self.is_tls { "https" } else { "http" };
        let url = format!("{scheme}://{host}:{}{path}", self.address.port());
        url.parse().unwrap()
    }

    /// The FHIR base, by address.
    pub fn base(&self) -> Url {
        self.url("127.0.0.1", "/fhir")
    }

    /// Everything that was asked, in the order of arrival.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for Misbehaving {
    fn drop(&mut self) {
        stop(self.address, &self.stopped);
    }
}

fn stop(address: SocketAddr, stopped: &AtomicBool) {
    stopped.store(true, Ordering::SeqCst);
    // Wakes the thread that accepts.
    let _ = TcpStream::connect(address);
}

/// A thread that accepts, and one for each connection.
fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> (SocketAddr, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stopped = Arc::new(AtomicBool::new(false));
    let is_stopped = stopped.clone();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            if is_stopped.load(Ordering::SeqCst) {
                return;
            }
            let stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(Some(GONE)).unwrap();
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream));
        }
    });
    (address, stopped)
}

/// Requests of one connection, until it ends. A peer that goes away ends it, whatever we were about to say.
fn serve<S: Read + Write>(
    mut stream: S,
    received: &Mutex<Vec<Received>>,
    reply: &(dyn Fn(&Received) -> Reply + Send + Sync),
) {
    while let Some((request, unread)) = read_request(&mut stream) {
        received.lock().unwrap().push(request.clone());
        let mut reply = reply(&request);
        while let Reply::After(wait, later) = reply {
            std::thread::sleep(wait);
            reply = *later;
        }
        if matches!(reply, Reply::Reset) {
            // A socket that is closed with something unread in it is reset.
            return;
        }
        if unread && stream.read_exact(&mut [0]).is_err() {
            return;
        }
        if !matches!(say(&mut stream, reply), Ok(true)) {
            return;
        }
    }
}

/// Reads a request; of one without a body the last byte is left unread, which [`Reply::Reset`] needs.
fn read_request(stream: &mut impl Read) -> Option<(Received, bool)> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let mut line = lines.next()?.split(' ');
    let mut request = Received {
        method: line.next()?.to_owned(),
        target: line.next()?.to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: Vec::new(),
    };
    let length = request
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    if length > 0 {
        stream.read_exact(&mut byte).ok()?;
        request.body = vec![0; length];
        stream.read_exact(&mut request.body).ok()?;
    }
    Some((request, length == 0))
}

/// Says it; true when the connection can be used again.
fn say<S: Read + Write>(stream: &mut S, reply: Reply) -> std::io::Result<bool> {
    let ok = |length: usize| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    // Until the peer goes away.
    let hold = |stream: &mut S| stream.read(&mut [0]).map(|_| false);
    match reply {
        Reply::Answer {
            status,
            headers,
            body,
        } => {
            let mut head = format!("HTTP/1.1 {status} Status\r\n");
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
            let mut answer = head.into_bytes();
            answer.extend(body);
            stream.write_all(&answer)?;
            stream.flush()?;
            Ok(true)
        }
        Reply::Never => hold(stream),
        Reply::SlowHeaders => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            loop {
                stream.write_all(b"X-Wait: a\r\n")?;
                stream.flush()?;
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Reply::StalledBody(body) => {
            stream.write_all(ok(body.len()).as_bytes())?;
            stream.write_all(&body[..body.len() / 2])?;
            stream.flush()?;
            hold(stream)
        }
        Reply::Drip(body, pause) => {
            stream.write_all(ok(body.len()).as_bytes())?;
            for byte in body {
                stream.write_all(&[byte])?;
                stream.flush()?;
                std::thread::sleep(pause);
            }
            Ok(true)
        }
        Reply::CutBody(body) => {
            stream.write_all(ok(body.len()).as_bytes())?;
            stream.write_all(&body[..body.len() / 2])?;
            stream.flush()?;
            Ok(false)
        }
        Reply::Chunked(body) => {
            stream.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n",
            )?;
            for chunk in body.chunks(1 << 16) {
                stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes())?;
                stream.write_all(chunk)?;
                stream.write_all(b"\r\n")?;
            }
            stream.write_all(b"0\r\n\r\n")?;
            stream.flush()?;
            Ok(true)
        }
        Reply::Reset | Reply::After(..) => unreachable!("done before"),
    }
}

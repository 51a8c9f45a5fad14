//! The binary as a process with its folder: configuration, logs, whatever it writes. And callers with tokens.

use crate::auth::forge::{KeyPair, bearer, key_set, signed};
use crate::misbehaving::{Misbehaving, Reply, searchset};
use crate::support::{Answer, Chart, Server};
use rrdtc::store::{Store, Tenant};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How callers name the service, wherever it listens.
pub const EXTERNAL_URL: &str = "https://cds.test";
/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// The key of the audit trail.
pub const AUDIT_KEY: &str = "audit-key-audit-key-audit-key-32";

static KEYS: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::elliptic("ops", &rcgen::PKCS_ECDSA_P384_SHA384, "ES384"));

/// Waits until something holds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A temporary folder with everything of one service in it.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for folder in ["work", "tmp"] {
            fs::create_dir(place.path(folder)).unwrap();
        }
        fs::write(place.path("audit.key"), AUDIT_KEY).unwrap();
        fs::set_permissions(place.path("audit.key"), fs::Permissions::from_mode(0o600)).unwrap();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub fn configure(&self, text: &str) {
        fs::write(self.path("rrdtc.toml"), text).unwrap();
    }

    /// Lines for a store and an audit trail in this place.
    pub fn store_and_audit(&self, mode: &str) -> String {
        format!(
            "store_url = \"sqlite:{}\"\n[audit]\nmode = \"{mode}\"\nfolder = \"{}\"\nkey_file = \"{}\"\n",
            self.path("rrdtc.db").display(),
            self.path("log").display(),
            self.path("audit.key").display()
        )
    }

    /// A command of the binary with this place's configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rrdtc"));
        command
            .args(arguments)
            .arg("--config")
            .arg(self.path("rrdtc.toml"))
            .current_dir(self.path("work"))
            .env("TMPDIR", self.path("tmp"));
        command
    }

    /// Runs a command that ends by itself: exit code, everything that it printed.
    pub fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
        let Output {
            status,
            stdout,
            stderr,
        } = self
            .command(arguments)
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let printed = [stdout, stderr].concat();
        (
            status.code().unwrap(),
            String::from_utf8_lossy(&printed).into_owned(),
        )
    }

    pub fn serve(&self, arguments: &[&str]) -> Process {
        Process::start(self, arguments, &[])
    }

    /// The files of the audit trail, oldest first.
    pub fn trail(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = fs::read_dir(self.path("log"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
            .collect();
        files.sort();
        files
    }

    /// Lines of the audit trail that hold an entry.
    pub fn entries(&self) -> Vec<Value> {
        self.trail()
            .iter()
            .flat_map(|path| {
                let text = fs::read_to_string(path).unwrap();
                text.lines()
                    .map(|line| serde_json::from_str::<Value>(line).unwrap()["entry"].clone())
                    .filter(|entry| !entry.is_null())
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// `rrdtc audit verify`: exit code and text.
    pub fn verify(&self) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_rrdtc"))
            .args(["audit", "verify", "--folder"])
            .arg(self.path("log"))
            .arg("--key-file")
            .arg(self.path("audit.key"))
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    /// The cards that are kept.
    pub fn report(&self) -> String {
        let (code, text) = self.run(&["feedback", "report", "--json"], &[]);
        assert_eq!(code, 0, "{text}");
        text
    }

    /// Every file below, with its bytes.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push((path.clone(), fs::read(&path).unwrap()));
                }
            }
        }
        found
    }
}

/// The cards with feedback in a store, while the service runs.
pub fn kept(url: &str) -> HashSet<Uuid> {
    let url = url.to_owned().into();
    actix_web::rt::System::new().block_on(async {
        let store = Store::open_existing(&url).await.unwrap();
        let rows = store
            .latest_feedback(&Tenant::new("ehr", None), u32::MAX)
            .await
            .unwrap();
        store.close().await;
        rows.into_iter().map(|row| row.item.card).collect()
    })
}

const SERVE: [&str; 5] = ["serve", "--port", "0", "--metrics-listen", "127.0.0.1:0"];

/// A running `rrdtc serve`.
pub struct Process {
    child: Child,
    pub server: Server,
    stderr: PathBuf,
    stdout: PathBuf,
}

impl Process {
    pub fn start(place: &Place, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = place.command(&SERVE);
        Self::spawn(
            place,
            command.args(arguments).envs(variables.iter().copied()),
        )
    }

    /// From now on no file of the process may grow beyond so many bytes, as on a full disk; or any, again.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let bytes = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        let done = Command::new("prlimit")
            .args(["--pid", &self.id().to_string()])
            .arg(format!("--fsize={bytes}:unlimited"))
            .status();
        assert!(done.unwrap().success());
    }

    /// Runs `rrdtc serve` so that a file which must not grow is an error and not its end. See [`Process::limit_files`].
    pub fn start_with_limited_files(place: &Place) -> Self {
        let serve = place.command(&SERVE);
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(serve.get_program())
            .args(serve.get_args())
            .current_dir(place.path("work"));
        Self::spawn(place, &mut command)
    }

    fn spawn(place: &Place, command: &mut Command) -> Self {
        let (stdout, stderr) = (place.path("stdout"), place.path("stderr"));
        let mut child = command
            .stdout(Stdio::from(File::create(&stdout).unwrap()))
            .stderr(Stdio::from(File::create(&stderr).unwrap()))
            .spawn()
            .unwrap();
        let after = |what: &str| {
            let file = File::open(&stdout).unwrap();
            BufReader::new(file)
                .lines()
                .map_while(Result::ok)
                .find_map(|line| Some(line.strip_prefix(what)?.to_owned()))
        };
        let deadline = Instant::now() + PATIENCE;
        let (address, metrics) = loop {
            if let (Some(address), Some(metrics)) =
                (after("listening on "), after("metrics and readiness on "))
            {
                break (address, metrics);
            }
            let ended = child.try_wait().unwrap();
            let said = fs::read_to_string(&stderr).unwrap();
            assert!(ended.is_none(), "{ended:?}: {said}");
            if Instant::now() > deadline {
                let _ = child.kill();
                panic!("never listened: {said}");
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        Self {
            child,
            server: Server {
                url: format!("http://{address}"),
                metrics: Some(format!("http://{metrics}")),
            },
            stderr,
            stdout,
        }
    }

    pub fn address(&self) -> &str {
        self.server.url.split("://").nth(1).unwrap()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap()
    }

    pub fn printed(&self) -> String {
        fs::read_to_string(&self.stdout).unwrap()
    }

    /// A route of the metrics listener.
    pub fn watch(&self, path: &str) -> Answer {
        let url = format!("{}{path}", self.server.metrics.as_ref().unwrap());
        self.server.send("GET", &url, &[], None)
    }

    /// The sum of a metric's samples whose text holds all of these.
    pub fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        self.watch("/metrics")
            .body
            .lines()
            .filter(|line| {
                line.strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with(['{', ' ']))
            })
            .filter(|line| labels.iter().all(|label| line.contains(label)))
            .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
            .sum()
    }

    /// Its number in the operating system.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let done = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(done.success());
    }

    /// Waits for the end.
    pub fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "never ended: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn stop(mut self) -> ExitStatus {
        self.signal("-TERM");
        self.ended()
    }

    /// A call with a fresh token of this client.
    pub fn call(&self, client: &str, service: &str, body: &Value) -> Answer {
        post(&self.server, client, service, body)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn post(server: &Server, client: &str, path: &str, body: &Value) -> Answer {
    let token = token(client, path);
    server.send(
        "POST",
        &format!("/cds-services/{path}"),
        &[
            ("content-type", "application/json"),
            ("authorization", &bearer(&token)),
        ],
        Some(body.to_string().into_bytes()),
    )
}

/// Configuration of a client whose tokens [`token`] makes; `more` are lines of it.
pub fn client(name: &str, more: &str) -> String {
    format!(
        "\n[[clients]]\nname = \"{name}\"\nissuer = \"https://{name}.test\"\njwks = '''{}'''\npseudonym_key = \"pseudonyms-of-{name}-0123456789-0123456789\"\n{more}\n",
        key_set(&[&KEYS])
    )
}

/// Lines of a client that reads from this server.
pub fn reads_from(base: &str) -> String {
    format!(
        "fhir_bases = [\"{base}\"]\nallow_http = true\nallow_private_networks = [\"127.0.0.0/8\"]\n"
    )
}

/// The key set of all clients here.
pub fn keys() -> String {
    key_set(&[&KEYS])
}

/// A fresh token of a client for a route below `/cds-services`.
pub fn token(client: &str, path: &str) -> String {
    token_with(client, path, json!({}))
}

/// The same with other claims.
pub fn token_with(client: &str, path: &str, more: Value) -> String {
    let now = jiff::Timestamp::now().as_second();
    let path = if path.is_empty() {
        String::new()
    } else {
        format!("/{path}")
    };
    let mut claims = json!({
        "iss": format!("https://{client}.test"), "aud": format!("{EXTERNAL_URL}/cds-services{path}"),
        "exp": now + 300, "iat": now, "jti": uuid::Uuid::new_v4().to_string(),
    });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    signed(&KEYS, claims)
}

/// A FHIR server that knows one chart and answers at once.
pub fn fhir(chart: Chart) -> Misbehaving {
    Misbehaving::start(move |received| Reply::json(&found(&chart, &received.target)))
}

/// What a FHIR server with this chart answers to a read or search below `/fhir/`.
pub fn found(chart: &Chart, target: &str) -> Value {
    let kind = target.trim_start_matches("/fhir/");
    let kind = kind.split(['?', '/']).next().unwrap_or_default();
    if kind == "Patient" {
        return chart.patient.clone();
    }
    let of_kind = |record: &&Value| record["resourceType"] == kind;
    let found: Vec<Value> = chart.records.iter().filter(of_kind).cloned().collect();
    searchset(&found, None)
}

/// A call without the data, for which this server is to be asked.
pub fn to_fetch(chart: &Chart, base: &str) -> Value {
    let mut call = chart.call();
    call["prefetch"] = json!({});
    call["fhirServer"] = json!(base);
    call["fhirAuthorization"] = json!({
        "access_token": "some-opaque-token", "token_type": "Bearer", "expires_in": 300,
        "scope": "patient/*.read", "subject": "rrdtc",
    });
    call
}

pub fn base_of(server: &Misbehaving) -> String {
    server.base().to_string()
}

/// The assessment of an answer.
pub fn assessment(answer: &Answer) -> Value {
    answer.json()["extension"]["org.rrdtc.assessment"].clone()
}

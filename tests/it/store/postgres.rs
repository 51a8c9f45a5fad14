//! A PostgreSQL of Debian's packages for the tests: one per test process, on a free port of loopback, gone with the process.
//!
//! The server is started by a shell that reads a pipe from this process. The pipe closes when the process ends, however it
//! ends; then the shell stops the server and removes its folder.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Set where PostgreSQL must be there: its tests then fail instead of being skipped.
const REQUIRE: &str = "TEST_REQUIRES_POSTGRES";

pub const PASSWORD: &str = "s3cret-of-postgres";

/// Arguments: folder of the programs, port. Reads the password, then waits for the end of its input.
const SCRIPT: &str = r#"
set -u
read -r password
folder=$(mktemp -d "${TMPDIR:-/tmp}/rrdtc-postgres.XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
printf '%s' "$password" > password
"$1/initdb" -D data -U postgres -A scram-sha-256 --pwfile=password -E UTF8 --no-sync > log 2>&1 || { cat log >&2; exit 1; }
"$1/postgres" -D "$folder/data" -p "$2" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off >> log 2>&1 < /dev/null &
server=$!
tries=0
until "$1/pg_isready" -q -h 127.0.0.1 -p "$2"; do
  tries=$((tries + 1))
  kill -0 "$server" 2> /dev/null && [ "$tries" -lt 300 ] || { cat log >&2; kill -QUIT "$server" 2> /dev/null; exit 1; }
  sleep 0.1
done
echo ready
cat > /dev/null
kill -QUIT "$server"
wait "$server"
"#;

struct Server {
    port: u16,
    /// Never dropped: its standard input is the pipe that keeps the server alive.
    _watchdog: Child,
}

/// `postgres://user:password@127.0.0.1:port` of the running server; none, said by name, when PostgreSQL is not installed.
pub fn server(test: &str) -> Option<String> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        let Some(programs) = programs() else {
            assert!(
                std::env::var_os(REQUIRE).is_none(),
                "PostgreSQL is required ({REQUIRE}) and not installed"
            );
            return None;
        };
        // Another process may take the free port before the server does.
        let started = (0..3).find_map(|_| start(&programs));
        Some(started.expect("PostgreSQL is installed and must start"))
    });
    match server {
        Some(server) => Some(format!(
            "postgres://postgres:{PASSWORD}@127.0.0.1:{}",
            server.port
        )),
        None => {
            eprintln!("skipped: {test}: PostgreSQL is not installed");
            None
        }
    }
}

fn programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .filter(|programs| programs.join("initdb").exists() && programs.join("postgres").exists())
        .collect();
    versions.sort();
    versions.pop()
}

fn start(programs: &PathBuf) -> Option<Server> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    // PostgreSQL refuses to run as root.
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args([
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
            "sh",
        ]);
        command
    } else {
        Command::new("sh")
    };
    let mut watchdog = command
        .args(["-c", SCRIPT, "rrdtc-postgres"])
        .arg(programs)
        .arg(port.to_string())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // A signal from the terminal reaches the tests; the shell then sees the pipe close.
        .process_group(0)
        .spawn()
        .unwrap();
    let pipe = watchdog.stdin.as_mut().unwrap();
    // When the shell is gone already, the line below is missing.
    let _ = pipe.write_all(format!("{PASSWORD}\n").as_bytes());
    let mut line = String::new();
    BufReader::new(watchdog.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    if line != "ready\n" {
        let _ = watchdog.wait();
        return None;
    }
    Some(Server {
        port,
        _watchdog: watchdog,
    })
}

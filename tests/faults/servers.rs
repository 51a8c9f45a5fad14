//! PostgreSQL and Redis that can be stopped, killed and started again at the same address.

use crate::caller::until;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A program on a port; it ends with this value.
pub struct Program {
    command: Box<dyn Fn() -> Command>,
    child: Option<Child>,
    pub port: u16,
    /// Kept for as long as the program runs.
    _folder: tempfile::TempDir,
}

impl Program {
    pub fn start(&mut self) {
        let child = (self.command)()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let port = self.port;
        until(30, || TcpStream::connect(("127.0.0.1", port)).is_ok()).expect("it must listen");
    }

    /// Ends it by a signal and waits for its end.
    pub fn end(&mut self, signal: &str) {
        if let Some(mut child) = self.child.take() {
            let _ = Command::new("kill")
                .args([signal, &child.id().to_string()])
                .status();
            let _ = child.wait();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end("-INT");
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// As the user `postgres`: PostgreSQL refuses root.
fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(program)
        .current_dir("/");
    command
}

/// With the URL of its database.
pub fn postgres() -> Option<(Program, String)> {
    let programs = Path::new("/usr/lib/postgresql/15/bin");
    if !programs.join("postgres").exists() {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let owned = Command::new("chown")
        .arg("postgres")
        .arg(folder.path())
        .status();
    assert!(owned.unwrap().success());
    let data = folder.path().join("data");
    let made = as_postgres(&programs.join("initdb"))
        .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "-D"])
        .arg(&data)
        .stdout(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    let port = free_port();
    let server = programs.join("postgres");
    let mut program = Program {
        command: Box::new(move || {
            let mut command = as_postgres(&server);
            command.arg("-D").arg(&data).args([
                "-p",
                &port.to_string(),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
            ]);
            command
        }),
        child: None,
        port,
        _folder: folder,
    };
    program.start();
    Some((
        program,
        format!("postgres://postgres@127.0.0.1:{port}/postgres"),
    ))
}

/// With its URL.
pub fn redis() -> Option<(Program, String)> {
    Command::new("redis-server")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .ok()?;
    let folder = tempfile::tempdir().unwrap();
    let (port, dir) = (free_port(), folder.path().to_owned());
    let mut program = Program {
        command: Box::new(move || {
            let mut command = Command::new("redis-server");
            command
                .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
                .args(["--appendonly", "yes", "--appendfsync", "always", "--dir"])
                .arg(&dir);
            command
        }),
        child: None,
        port,
        _folder: folder,
    };
    program.start();
    Some((program, format!("redis://127.0.0.1:{port}")))
}

//! Very many idle and very many slow connections beside one caller who behaves well.

use crate::Options;
use crate::caller::{Caller, VIEW, until};
use crate::matrix::{Row, seconds};
use crate::process::{Place, Process, client, token};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const IDLE: usize = 10_000;
const SLOW: usize = 1_000;

fn open_files(process: &Process) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", process.id())).map_or(0, Iterator::count)
}

/// Resident memory in MiB.
fn memory(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()));
    let status = status.unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1024
}

/// Median and slowest of so many calls one after the other, and how many were not 200.
fn latency(caller: &Caller, calls: usize) -> (Duration, Duration, usize) {
    let mut times = Vec::new();
    let mut failed = 0;
    for _ in 0..calls {
        let ended = caller.hook();
        failed += usize::from(!ended.is(200));
        times.push(ended.took);
    }
    times.sort();
    (times[times.len() / 2], times[times.len() - 1], failed)
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn start(place: &Place, timeout: u64) -> Process {
    place.configure(&format!(
        "external_url = \"https://cds.test\"\nclient_timeout_seconds = {timeout}\n[log]\nlevel = \"error\"\n{}",
        client("ehr", "")
    ));
    place.serve(&[])
}

/// The quiet and the loud side by side, and what was given back.
fn tell(row: &mut Row, quiet: (Duration, Duration, usize), loud: (Duration, Duration, usize)) {
    row.tell(
        "a well-behaved caller",
        format!(
            "quiet: median {}, slowest {}; beside them: median {}, slowest {}; {} of its calls were not answered with 200",
            ms(quiet.0),
            ms(quiet.1),
            ms(loud.0),
            ms(loud.1),
            loud.2
        ),
    );
    row.must(loud.2 == 0, "a well-behaved caller is answered");
}

fn given_back(row: &mut Row, process: &Process, before: (usize, u64), during: (usize, u64)) {
    let back = until(60, || open_files(process) <= before.0 + 5);
    row.tell(
        "files and memory of the service",
        format!(
            "{} files and {} MiB before, {} and {} MiB at the height, {} and {} MiB after ({})",
            before.0,
            before.1,
            during.0,
            during.1,
            open_files(process),
            memory(process),
            back.map_or("files NOT given back within 60 s".to_owned(), |time| {
                format!("files given back {} after the end", seconds(time))
            })
        ),
    );
    row.must(back.is_some(), "files are given back");
}

pub fn idle(_: &Options) -> Row {
    let place = Place::new();
    // Long enough that the first one is still there when the last one is opened.
    let timeout = 90;
    let process = start(&place, timeout);
    let caller = Caller::of(&process);
    latency(&caller, 20);
    let quiet = latency(&caller, 100);
    let before = (open_files(&process), memory(&process));
    let mut held = Vec::new();
    let mut refused = 0;
    let began = Instant::now();
    while held.len() + refused < IDLE {
        match TcpStream::connect(process.address()) {
            Ok(stream) => held.push(stream),
            Err(_) => refused += 1,
        }
    }
    let opened = began.elapsed();
    let _ = until(20, || open_files(&process) >= before.0 + held.len());
    let during = (open_files(&process), memory(&process));
    let loud = latency(&caller, 100);
    let after_calls = open_files(&process);
    let mut row = Row::new();
    row.tell(
        "done",
        format!(
            "{} connections that say nothing, opened in {} ({refused} could not be opened); client_timeout_seconds = {timeout}; {after_calls} files were open at the end of the calls beside them",
            held.len(),
            seconds(opened)
        ),
    );
    row.must(after_calls >= IDLE, "all are open at once");
    tell(&mut row, quiet, loud);
    let closed = until(timeout + 30, || open_files(&process) <= before.0 + 5);
    row.tell(
        "let go by the service, while the clients hold on",
        closed.map_or("NEVER".to_owned(), seconds),
    );
    row.must(closed.is_some(), "idle connections are let go");
    drop(held);
    given_back(&mut row, &process, before, during);
    row
}

pub fn slow(_: &Options) -> Row {
    let place = Place::new();
    let timeout = 10;
    let process = start(&place, timeout);
    let caller = Caller::of(&process);
    latency(&caller, 20);
    let quiet = latency(&caller, 100);
    let before = (open_files(&process), memory(&process));
    let is_done = AtomicBool::new(false);
    let (timeouts, gone, wrong) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let head = |authorization: &str, length: &str| {
        format!(
            "POST /cds-services/{VIEW} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {authorization}\r\n{length}\r\n"
        )
    };
    // Each a third: in the head, in a body of known length, in chunks.
    let ways: Vec<(Vec<u8>, &[u8])> = (0..SLOW)
        .map(|n| match n % 3 {
            0 => (b"POST / HTTP/1.1\r\nX: ".to_vec(), b"a" as &[u8]),
            1 => (
                head(&token("ehr", VIEW), "Content-Length: 100000\r\n").into_bytes(),
                b" " as &[u8],
            ),
            _ => (
                head(&token("ehr", VIEW), "Transfer-Encoding: chunked\r\n").into_bytes(),
                b"1\r\n \r\n" as &[u8],
            ),
        })
        .collect();
    let began = Instant::now();
    let (mut loud, mut during, mut most) = (Default::default(), Default::default(), 0);
    let longest = std::sync::Mutex::new(Duration::ZERO);
    std::thread::scope(|scope| {
        let address = process.address();
        // Ten threads with a hundred connections each, a drop on each twice a second.
        for ways in ways.chunks(SLOW / 10) {
            let (is_done, timeouts, gone, wrong, longest) =
                (&is_done, &timeouts, &gone, &wrong, &longest);
            scope.spawn(move || {
                let mut held: Vec<(TcpStream, &[u8])> = Vec::new();
                for (head, drop) in ways {
                    let mut stream = TcpStream::connect(address).unwrap();
                    let _ = stream.write_all(head);
                    stream.set_nonblocking(true).unwrap();
                    held.push((stream, drop));
                }
                while !is_done.load(Ordering::SeqCst) && !held.is_empty() {
                    held.retain_mut(|(stream, drop)| {
                        let mut some = [0; 2048];
                        let is_gone = match stream.read(&mut some) {
                            Ok(0) => true,
                            Ok(n) => {
                                let text = String::from_utf8_lossy(&some[..n]).into_owned();
                                match text.contains(" 408 ") {
                                    true => timeouts.fetch_add(1, Ordering::SeqCst),
                                    false => wrong.fetch_add(1, Ordering::SeqCst),
                                };
                                false
                            }
                            Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
                        };
                        let is_gone = is_gone || stream.write_all(drop).is_err();
                        if is_gone {
                            gone.fetch_add(1, Ordering::SeqCst);
                            let mut longest = longest.lock().unwrap();
                            *longest = longest.max(began.elapsed());
                        }
                        !is_gone
                    });
                    std::thread::sleep(Duration::from_millis(500));
                }
            });
        }
        let _ = until(8, || open_files(&process) >= before.0 + SLOW);
        during = (open_files(&process), memory(&process));
        loud = latency(&caller, 100);
        most = gone.load(Ordering::SeqCst);
        let _ = until(timeout * 4, || gone.load(Ordering::SeqCst) == SLOW);
        is_done.store(true, Ordering::SeqCst);
    });
    let gone = gone.into_inner();
    let mut row = Row::new();
    row.tell(
        "done",
        format!(
            "{SLOW} connections on which a drop comes twice a second: a third each in the head, in a body of known length, in chunks; client_timeout_seconds = {timeout}"
        ),
    );
    tell(&mut row, quiet, loud);
    row.tell(
        "what the slow ones heard",
        format!(
            "{} were told 408, {} something else; {gone} of {SLOW} were closed, the last {} after the first was opened ({most} before the calls beside them had ended)",
            timeouts.into_inner(),
            wrong.into_inner(),
            seconds(longest.into_inner().unwrap())
        ),
    );
    row.must(gone == SLOW, "slow connections are closed");
    given_back(&mut row, &process, before, during);
    row
}

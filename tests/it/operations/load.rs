//! Memory after many calls, and what authentication and audit cost. Ignored: they take minutes and print figures.
//!
//! ```sh
//! cargo test --release --test it operations::load -- --ignored --nocapture --test-threads 1
//! ```

#[path = "../../../benches/bodies.rs"]
mod bodies;

use super::process::{EXTERNAL_URL, Place, Process, client, keys, token};
use crate::auth::forge::bearer;
use rrdtc::auth::{Authenticator, JwksSource, JwksUnavailable, Keys, TrustedClient, UsedTokens};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use url::Url;

const VIEW: &str = "rr-dtc-patient-view";
const CALLERS: usize = 4;

fn typical() -> Vec<u8> {
    let (_, body) = bodies::all()
        .into_iter()
        .find(|(name, _)| *name == "typical")
        .unwrap();
    body.to_string().into_bytes()
}

/// Makes calls over connections that are kept, each with its own token where there are some.
fn calls(process: &Process, body: &[u8], count: usize, tokens: &[String]) -> Duration {
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                let agent: ureq::Agent = ureq::Agent::config_builder()
                    .http_status_as_error(false)
                    .build()
                    .into();
                let url = format!("{}/cds-services/{VIEW}", process.server.url);
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        break;
                    }
                    let mut request = agent.post(&url).header("content-type", "application/json");
                    if let Some(token) = tokens.get(n) {
                        request = request.header("authorization", bearer(token));
                    }
                    let mut answer = request.send(body).unwrap();
                    assert_eq!(answer.status().as_u16(), 200);
                    answer.body_mut().read_to_vec().unwrap();
                }
            });
        }
    });
    began.elapsed()
}

fn resident_kb(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[ignore = "takes minutes; prints figures"]
fn resident_memory_after_1_000_and_after_100_000_calls() {
    let place = Place::new();
    place.configure(&format!(
        "{}[log]\nlevel = \"warn\"\n",
        place.store_and_audit("best-effort")
    ));
    let process = place.serve(&["--open"]);
    let body = typical();
    calls(&process, &body, 1_000, &[]);
    let before = resident_kb(&process);
    calls(&process, &body, 99_000, &[]);
    let after = resident_kb(&process);
    println!("RSS after 1,000 calls {before} kB, after 100,000 {after} kB");
    assert!(after < before + 5_000, "{before} kB, then {after} kB");
}

#[test]
#[ignore = "prints figures"]
fn calls_per_second_with_and_without_tokens_and_audit() {
    const CALLS: usize = 8_000;
    let body = typical();
    let run = |config: &dyn Fn(&Place) -> String, arguments: &[&str], with_tokens: bool| {
        let place = Place::new();
        place.configure(&config(&place));
        let process = place.serve(arguments);
        let more = if with_tokens { CALLS + 200 } else { 0 };
        let tokens: Vec<String> = (0..more).map(|_| token("ehr", VIEW)).collect();
        let (warm, measured) = tokens.split_at(tokens.len().min(200));
        calls(&process, &body, 200, warm);
        CALLS as f64 / calls(&process, &body, CALLS, measured).as_secs_f64()
    };
    let log = "[log]\nlevel = \"warn\"\n";
    let with = |mode: &'static str| {
        move |place: &Place| {
            let clients = client("ehr", "");
            let kept = place.store_and_audit(mode);
            let audit = &kept[kept.find("[audit]").unwrap()..];
            format!("external_url = {EXTERNAL_URL:?}\n{audit}{log}{clients}")
        }
    };
    for round in 1..=3 {
        let off = run(&|_: &Place| log.to_owned(), &["--open"], false);
        let on = run(&with("best-effort"), &[], true);
        let required = run(&with("required"), &[], true);
        println!(
            "round {round}: both off {off:.0}/s, ES384 strict and audit best-effort {on:.0}/s ({:.0} %), audit required {required:.0}/s ({:.0} %)",
            100.0 * on / off,
            100.0 * required / off
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let mut file = std::fs::File::create(folder.path().join("line")).unwrap();
    let began = Instant::now();
    for _ in 0..200 {
        std::io::Write::write_all(&mut file, &[b'x'; 700]).unwrap();
        file.sync_data().unwrap();
    }
    println!(
        "fsync of the disk: {} us",
        began.elapsed().as_micros() / 200
    );
}

/// All keys are given.
struct Nowhere;

impl JwksSource for Nowhere {
    fn fetch<'a>(
        &'a self,
        _: &'a Url,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, JwksUnavailable>> + Send + 'a>> {
        Box::pin(async { Err(JwksUnavailable("not asked".into())) })
    }
}

#[tokio::test]
#[ignore = "prints figures"]
async fn microseconds_of_one_verification() {
    const TOKENS: usize = 2_000;
    let client = TrustedClient::new("ehr", "https://ehr.test", Keys::Static(keys()));
    let used = UsedTokens::in_memory(10 * TOKENS);
    let authenticator = Authenticator::new(vec![client], Arc::new(Nowhere), used).unwrap();
    let endpoint = format!("{EXTERNAL_URL}/cds-services/{VIEW}");
    let tokens: Vec<String> = (0..TOKENS).map(|_| bearer(&token("ehr", VIEW))).collect();
    let began = Instant::now();
    for token in &tokens {
        let now = jiff::Timestamp::now();
        authenticator
            .authenticate(Some(token), &endpoint, now)
            .await
            .unwrap();
    }
    println!(
        "one ES384 token, jti strict in memory: {} us",
        began.elapsed().as_micros() / TOKENS as u128
    );
}

//! `serde_json::Value` of the measured bodies in a package without fhirbolt: the floor that its features cost.

use serde_json::Value;
use std::time::{Duration, Instant};

#[path = "../../bodies.rs"]
mod bodies;

fn main() {
    println!("| body | kB | Value alone ms |");
    println!("|---|---|---|");
    for (name, body) in bodies::all() {
        let body = body.to_string().into_bytes();
        let started = Instant::now();
        let mut times = Vec::new();
        while times.len() < 15 || (started.elapsed() < Duration::from_secs(2) && times.len() < 2000) {
            let start = Instant::now();
            drop(std::hint::black_box(serde_json::from_slice::<Value>(&body).expect("the body is JSON")));
            times.push(start.elapsed());
        }
        times.sort_unstable();
        println!("| {name} | {:.0} | {:.3} |", body.len() as f64 / 1e3, times[times.len() / 2].as_secs_f64() * 1e3);
    }
}

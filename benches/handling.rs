//! The whole handling of a hook call (request bytes in, response bytes out) beside plain parsing of the same body.
//!
//! `cargo bench --bench handling` prints one table: time against `serde_json::Value` of the same body in this build (with the
//! `arbitrary_precision` and `preserve_order` that fhirbolt switches on), Element over everything, and the peak heap beyond the
//! body. `benches/value-alone` is the same `Value` in a package without fhirbolt. The last columns are the floor: one pass over the body
//! that splits it into resources, and Element over the resources that the answer names.
//!
//! `cargo bench --bench handling -- --write DIR` writes the bodies and their floors to files instead, for `benches/peers`;
//! `-- --profile NAME` handles one body for ten seconds and nothing else, for a profiler.
#![allow(clippy::unwrap_used)]

use rrdtc::config::{Knowledge, Settings};
use rrdtc::server::{Clock, answer};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

#[path = "bodies.rs"]
mod bodies;
#[path = "heap.rs"]
mod heap;

fn median(mut run: impl FnMut()) -> Duration {
    let started = Instant::now();
    let mut times = Vec::new();
    while times.len() < 15 || (started.elapsed() < Duration::from_secs(2) && times.len() < 2000) {
        let start = Instant::now();
        run();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

fn elements(body: &[u8]) -> usize {
    use fhirbolt::FhirReleases;
    use fhirbolt::element::Element;
    let body: Value = serde_json::from_slice(body).unwrap();
    let mut read = 0;
    for bundle in body["prefetch"].as_object().unwrap().values() {
        for entry in bundle["entry"].as_array().into_iter().flatten() {
            read += usize::from(
                fhirbolt::json::from_json_value::<Element<{ FhirReleases::R4 }>>(
                    entry["resource"].clone(),
                    None,
                )
                .is_ok(),
            );
        }
    }
    read
}

/// A body split into resources in one pass, nothing read inside them.
#[derive(Deserialize)]
struct Split<'a> {
    #[serde(borrow)]
    prefetch: BTreeMap<&'a str, Answer<'a>>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    entry: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    resource: &'a RawValue,
}

/// What no handling through fhirbolt can be cheaper than.
struct Floor {
    scan: Duration,
    /// Element over the used resources.
    element: Duration,
    used: usize,
}

impl Floor {
    fn of(body: &[u8], answer: &Value) -> Self {
        use fhirbolt::FhirReleases;
        use fhirbolt::element::Element;
        let mut named = BTreeSet::new();
        references(answer, &mut named);
        let split: Split = serde_json::from_slice(body).unwrap();
        let whole: Value = serde_json::from_slice(body).unwrap();
        let mut used = vec![whole["prefetch"]["patient"].to_string()];
        for entry in split.prefetch.values().flat_map(|answer| &answer.entry) {
            let resource: Value = serde_json::from_str(entry.resource.get()).unwrap();
            let text = |name: &str| resource[name].as_str().unwrap();
            if named.contains(&format!("{}/{}", text("resourceType"), text("id"))) {
                used.push(entry.resource.get().to_owned());
            }
        }
        // The Patient's members come in the order of the body; Element wants the type first, which it is there.
        Self {
            scan: median(|| {
                drop(std::hint::black_box(
                    serde_json::from_slice::<Split>(body).unwrap(),
                ))
            }),
            element: median(|| {
                for resource in &used {
                    drop(std::hint::black_box(
                        fhirbolt::json::from_str::<Element<{ FhirReleases::R4 }>>(resource, None)
                            .unwrap(),
                    ));
                }
            }),
            used: used.len(),
        }
    }
}

/// Every `reference` in the answer: evidence, what was set aside, hints.
fn references(answer: &Value, into: &mut BTreeSet<String>) {
    match answer {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == "reference" => {
                        into.insert(text.clone());
                    }
                    _ => references(value, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, into)),
        _ => {}
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn main() {
    let start = Instant::now();
    let settings = Settings::load(None).unwrap();
    let knowledge = Knowledge::load(&settings.advice.content).unwrap();
    let loading = start.elapsed();
    let clock = Clock::Fixed("2026-11-20T12:00:00Z".parse().unwrap());
    let handle = |body: &[u8]| {
        answer::handle(
            body,
            "rr-dtc-patient-view",
            &knowledge,
            &settings.advice,
            clock.now(),
        )
        .unwrap()
    };
    let mut arguments = std::env::args().skip_while(|argument| argument != "--write");
    if let Some(folder) = arguments.nth(1) {
        return write(Path::new(&folder), handle);
    }
    let mut arguments = std::env::args().skip_while(|argument| argument != "--profile");
    if let Some(wanted) = arguments.nth(1) {
        let body = bodies::all().into_iter().find(|(name, _)| *name == wanted);
        let body = body.expect("typical, heavy or worst").1.to_string();
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            drop(std::hint::black_box(handle(body.as_bytes())));
        }
        return;
    }
    println!(
        "loading terminology, model, services and texts: {:.1} ms",
        loading.as_secs_f64() * 1e3
    );
    println!(
        "| body | kB | handling ms | Value ms | handling/Value | Element over everything ms | peak heap beyond the body, x body | scan ms | used resources | Element over those ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (name, body) in bodies::all() {
        let body = body.to_string().into_bytes();
        let answer: Value = serde_json::from_slice(&handle(&body)).unwrap();
        assert_eq!(
            answer["cards"].as_array().unwrap().len(),
            1,
            "{name}: {answer}"
        );
        assert_ne!(
            answer["extension"]["org.rrdtc.assessment"]["predictors"]["fdgUptake"]["state"],
            json!("unknown"),
            "{name}"
        );
        let ours = median(|| drop(std::hint::black_box(handle(&body))));
        let value = median(|| {
            drop(std::hint::black_box(
                serde_json::from_slice::<Value>(&body).unwrap(),
            ))
        });
        let element = median(|| {
            std::hint::black_box(elements(&body));
        });
        let (_, _, heap) = heap::measured(|| drop(std::hint::black_box(handle(&body))));
        let floor = Floor::of(&body, &answer);
        println!(
            "| {name} | {:.0} | {:.3} | {:.3} | {:.2} | {:.2} | {:.2} | {:.3} | {} | {:.3} |",
            body.len() as f64 / 1e3,
            ours.as_secs_f64() * 1e3,
            value.as_secs_f64() * 1e3,
            ours.as_secs_f64() / value.as_secs_f64(),
            element.as_secs_f64() * 1e3,
            heap as f64 / body.len() as f64,
            milliseconds(floor.scan),
            floor.used,
            milliseconds(floor.element),
        );
    }
    for (name, body) in bodies::hostile() {
        let body = body.into_bytes();
        let start = Instant::now();
        let (_, _, heap) = heap::measured(|| {
            drop(std::hint::black_box(answer::handle(
                &body,
                "rr-dtc-patient-view",
                &knowledge,
                &settings.advice,
                clock.now(),
            )))
        });
        println!(
            "hostile: {name}, {:.1} MB: {:.0} ms, peak heap {:.2} x body",
            body.len() as f64 / 1e6,
            start.elapsed().as_secs_f64() * 1e3,
            heap as f64 / body.len() as f64
        );
    }
}

/// Writes `NAME.json` for each body, and `floor.json` with what each costs at least (milliseconds).
fn write(folder: &Path, handle: impl Fn(&[u8]) -> Vec<u8>) {
    std::fs::create_dir_all(folder).unwrap();
    let mut floors = serde_json::Map::new();
    for (name, body) in bodies::all() {
        let body = body.to_string();
        let answer: Value = serde_json::from_slice(&handle(body.as_bytes())).unwrap();
        let floor = Floor::of(body.as_bytes(), &answer);
        floors.insert(
            name.to_owned(),
            json!({
                "bytes": body.len(), "scanMs": milliseconds(floor.scan), "usedResources": floor.used,
                "elementMs": milliseconds(floor.element), "handlingMs": milliseconds(median(|| drop(std::hint::black_box(handle(body.as_bytes()))))),
            }),
        );
        std::fs::write(folder.join(format!("{name}.json")), body).unwrap();
    }
    std::fs::write(folder.join("floor.json"), Value::from(floors).to_string()).unwrap();
}

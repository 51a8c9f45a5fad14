//! Bulk Data to a cohort beside serde_json skipping over the same lines, for 2 %, 20 % and 100 % used resources; and what
//! patients cost in memory.
//!
//! `cargo bench --bench bulk`. Everything runs on one thread. *Skipping* is `serde_json::from_slice::<IgnoredAny>`
//! of every line, read from the same file in blocks; both find the file in the cache of the system.
#![allow(clippy::unwrap_used)]

use rrdtc::chart::Release;
use rrdtc::cohort::bulk::{self, Files};
use rrdtc::cohort::extract::{self, Judgement, Options, Outcomes};
use rrdtc::cohort::flow;
use rrdtc::config::{Knowledge, Settings};
use rrdtc::domain::rules;
use serde::de::IgnoredAny;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Instant;

#[path = "heap.rs"]
mod heap;

/// What servers add to every resource.
const FRAME: &str = r#""meta":{"versionId":"3","lastUpdated":"2024-03-01T10:11:12.123Z","source":"urn:source:laboratory","profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core"]},"#;

/// Lines of a patient with everything that a rule uses.
fn eligible(text: &mut String, id: usize) {
    let subject = format!(r#""subject":{{"reference":"Patient/p{id}"}}"#);
    let snomed = |code: &str| {
        format!(
            r#""code":{{"coding":[{{"system":"http://snomed.info/sct","code":"{code}","display":"something in words that a server adds"}}]}}"#
        )
    };
    for (number, (kind, code, member)) in [
        ("Condition", "255029007", r#""onsetDateTime":"2021-01-05""#),
        ("Condition", "94391008", r#""onsetDateTime":"2022-01-05""#),
        ("Condition", "94222008", r#""onsetDateTime":"2022-01-15""#),
        (
            "Procedure",
            "24443003",
            r#""status":"completed","performedDateTime":"2021-02-05""#,
        ),
        (
            "Procedure",
            "228698009",
            r#""status":"completed","performedDateTime":"2022-03-01""#,
        ),
        (
            "Procedure",
            "228698009",
            r#""status":"completed","performedDateTime":"2022-09-01""#,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let code = snomed(code);
        writeln!(
            text,
            r#"{{"resourceType":"{kind}","id":"{id}-{number}",{FRAME}{code},{subject},{member},"encounter":{{"reference":"Encounter/e{id}-{number}"}},"note":[{{"text":"as told by the patient, who was seen in the afternoon"}}]}}"#
        )
        .unwrap();
    }
    for number in 0..4 {
        writeln!(
            text,
            r#"{{"resourceType":"Observation","id":"{id}-s{number}",{FRAME}"status":"final","code":{{"text":"FDG PET SUVmax"}},{subject},"effectiveDateTime":"2022-02-1{number}","valueQuantity":{{"value":{number}.5,"unit":"g/mL","system":"http://unitsofmeasure.org","code":"g/mL"}},"performer":[{{"reference":"Practitioner/17"}}]}}"#
        )
        .unwrap();
    }
}

/// A laboratory result, as most lines of an export are.
fn laboratory(text: &mut String, id: usize, number: usize) {
    writeln!(
        text,
        r#"{{"resourceType":"Observation","id":"{id}-l{number}",{FRAME}"status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"2345-7","display":"Glucose [Mass/volume] in Serum or Plasma"}}],"text":"Glucose"}},"subject":{{"reference":"Patient/p{id}"}},"encounter":{{"reference":"Encounter/e{id}-{number}"}},"effectiveDateTime":"2022-02-10T08:15:00+01:00","issued":"2022-02-10T09:00:00.000+01:00","valueQuantity":{{"value":{number}.25,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}},"referenceRange":[{{"low":{{"value":70,"unit":"mg/dL"}},"high":{{"value":100,"unit":"mg/dL"}}}}]}}"#
    )
    .unwrap();
}

/// About `lines` lines of which `used` per cent are an eligible patient's and of use.
fn export(lines: usize, used: usize) -> String {
    let mut text = String::new();
    let mut id = 0;
    let mut written = 0;
    while written < lines {
        writeln!(
            text,
            r#"{{"resourceType":"Patient","id":"p{id}",{FRAME}"name":[{{"family":"Example","given":["One"]}}],"gender":"female","birthDate":"1970-03-01"}}"#
        )
        .unwrap();
        // Eleven lines of an eligible patient beside so many of others, twenty for each.
        eligible(&mut text, id);
        written += 11;
        id += 1;
        let others = 11 * (100 - used) / used;
        for number in 0..others {
            if number % 20 == 0 {
                id += 1;
                writeln!(
                    text,
                    r#"{{"resourceType":"Patient","id":"p{id}",{FRAME}"birthDate":"1980-03-01"}}"#
                )
                .unwrap();
                writeln!(
                    text,
                    r#"{{"resourceType":"Condition","id":"{id}-c",{FRAME}"code":{{"coding":[{{"system":"http://snomed.info/sct","code":"44054006","display":"Diabetes mellitus type 2"}}]}},"subject":{{"reference":"Patient/p{id}"}},"onsetDateTime":"2015-01-01"}}"#
                )
                .unwrap();
            } else {
                laboratory(&mut text, id, number);
            }
        }
        written += others;
        id += 1;
    }
    text
}

fn skip(path: &Path) -> u64 {
    let mut reader = BufReader::with_capacity(2 << 20, std::fs::File::open(path).unwrap());
    let mut line = Vec::new();
    let mut lines = 0;
    while reader.read_until(b'\n', &mut line).unwrap() > 0 {
        serde_json::from_slice::<IgnoredAny>(&line).unwrap();
        line.clear();
        lines += 1;
    }
    lines
}

/// Time that the processor spent for this process, in seconds, in steps of 10 ms; where the system does not tell, 0.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in parentheses: user and system time are the 12th and 13th.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

/// The least time of several runs, in seconds: of the processor, so that other work on the machine matters little.
fn quickest(mut run: impl FnMut()) -> f64 {
    (0..5)
        .map(|_| {
            let (start, before) = (Instant::now(), processor());
            run();
            let spent = processor() - before;
            if spent > 0.0 {
                spent
            } else {
                start.elapsed().as_secs_f64()
            }
        })
        .fold(f64::INFINITY, f64::min)
}

fn on(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap()
}

fn main() {
    let settings = Settings::load(None).unwrap();
    let knowledge = Knowledge::load(&settings.advice.content).unwrap();
    let judgement = Judgement {
        terminology: &knowledge.terminology,
        model: &knowledge.model,
        rules: rules::Settings::default(),
    };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let whole = |path: &Path| {
        let files = Files::open(&[path.to_owned()], folder.path()).unwrap();
        extract::extract(
            &files,
            judgement,
            Options::default(),
            &Outcomes::None,
            &str::to_owned,
            flow::Settings::default(),
            &|_| (),
        )
        .unwrap()
    };

    println!(
        "| used % | MB | skipping MB/s | both passes MB/s | ratio | whole extraction MB/s | ratio | patients in the table |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for used in [2, 20, 100] {
        let text = export(150_000, used);
        let path = write("export.ndjson", &text);
        let megabytes = text.len() as f64 / 1e6;
        drop(text);
        let skipping = megabytes / quickest(|| assert!(skip(&path) > 0));
        let pool = on(1);
        let passes = megabytes
            / quickest(|| {
                pool.install(|| {
                    let files = Files::open(std::slice::from_ref(&path), folder.path()).unwrap();
                    let (terminology, release) = (&knowledge.terminology, Release::R4);
                    let found = bulk::find(&files, terminology, release, &|_| ()).unwrap();
                    let nothing = |_: &rrdtc::chart::sieve::Seen<'_>| false;
                    let records =
                        bulk::gather(&files, &found, terminology, release, &nothing, &|_| ())
                            .unwrap();
                    assert!(!records.is_empty());
                });
            });
        let mut patients = 0;
        let all = megabytes / quickest(|| patients = pool.install(|| whole(&path).rows.len()));
        println!(
            "| {used} | {megabytes:.0} | {skipping:.0} | {passes:.0} | {:.2} | {all:.0} | {:.2} | {patients} |",
            passes / skipping,
            all / skipping
        );
    }

    // What is live after both passes, beyond what is live before.
    let live = |text: &str| {
        let path = write("memory.ndjson", text);
        let files = Files::open(&[path], folder.path()).unwrap();
        on(1).install(|| {
            let ((_, records), live, peak) = heap::measured(|| {
                let (terminology, release) = (&knowledge.terminology, Release::R4);
                let found = bulk::find(&files, terminology, release, &|_| ()).unwrap();
                let nothing = |_: &rrdtc::chart::sieve::Seen<'_>| false;
                let records =
                    bulk::gather(&files, &found, terminology, release, &nothing, &|_| ()).unwrap();
                (found, records)
            });
            (live, peak, records.len())
        })
    };
    let mut others = String::new();
    for id in 0..20_000 {
        laboratory(&mut others, 1_000_000 + id, 1);
    }
    let mut few = others.clone();
    (0..1_000).for_each(|id| eligible(&mut few, id));
    let mut many = others.clone();
    (0..5_000).for_each(|id| eligible(&mut many, id));
    let mut more_others = few.clone();
    for id in 0..200_000 {
        laboratory(&mut more_others, 2_000_000 + id, 1);
    }
    let (a, b, c) = (live(&few), live(&many), live(&more_others));
    println!(
        "live after both passes: {} bytes for each patient who may be eligible (10 records each)",
        (b.0 - a.0) / (b.2 - a.2)
    );
    println!(
        "200,000 patients more who are not: {} bytes more live, {:.1} MB more at the peak (blocks being read)",
        c.0 as i64 - a.0 as i64,
        (c.1 as f64 - a.1 as f64) / 1e6
    );
}

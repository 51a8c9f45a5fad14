//! How long the model takes: to be made again from the paper, to be asked at the time of a request, and to be shown on the page
//! of an assessment.
//!
//! `cargo bench --bench model`
#![allow(clippy::unwrap_used)]

use rrdtc::config::{Knowledge, Settings, published};
use rrdtc::domain::score::{Pattern, State};
use rrdtc::model::figure;
use rrdtc::model::published::Published;
use rrdtc::model::reconstruct::{Options, reconstruct};
use rrdtc::page::{PageInput, PatientBanner, assets, render};
use rrdtc::server::answer;
use std::time::{Duration, Instant};

#[path = "bodies.rs"]
#[allow(dead_code)]
mod bodies;

fn main() {
    let (name, text) = published();
    let figures = Published::read(name, &text).unwrap();
    let options = Options::default();
    let start = Instant::now();
    let result = reconstruct(&figures, options, &|| ()).unwrap();
    println!(
        "reconstruction, default run on one thread ({} draws): {:.1} s; R-hat at most {:.4}, effective sample size at least {:.0}",
        options.work(),
        start.elapsed().as_secs_f64(),
        result.diagnostics.r_hat,
        result.diagnostics.effective_sample_size,
    );
    let other = Options {
        seed: options.seed + 1,
        ..options
    };
    let other = reconstruct(&figures, other, &|| ()).unwrap();
    let rows = |file: &serde_json::Value| -> Vec<f64> {
        let rows = file["nomogram"]["patterns"].as_array().unwrap();
        rows.iter()
            .flat_map(|row| ["low", "estimate", "high"].map(|limit| row[limit].as_f64().unwrap()))
            .collect()
    };
    let difference = rows(&result.model_file)
        .iter()
        .zip(rows(&other.model_file))
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max);
    println!(
        "another seed: estimates and limits of all 16 patterns differ by at most {difference:.4}"
    );

    let settings = Settings::load(None).unwrap();
    let knowledge = Knowledge::load(&settings.advice.content).unwrap();
    let nomogram = knowledge.model.nomogram.as_ref().unwrap();
    let states: Vec<[State; 4]> = (0..256usize)
        .map(|index| std::array::from_fn(|i| State::ALL[(index >> (2 * i)) & 3]))
        .collect();
    let mut asked = 0_u32;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        for states in &states {
            std::hint::black_box(nomogram.probability(std::hint::black_box(states)));
            asked += 1;
        }
    }
    println!(
        "probability of one patient, mean over all 256 combinations of states: {:.0} ns",
        start.elapsed().as_secs_f64() * 1e9 / f64::from(asked)
    );

    let body = bodies::all()[0].1.to_string().into_bytes();
    let now = "2026-11-20T12:00:00Z".parse().unwrap();
    let service = "rr-dtc-patient-view";
    let answer = answer::handle(&body, service, &knowledge, &settings.advice, now).unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    let assessment = &answer["extension"]["org.rrdtc.assessment"];
    let banner = PatientBanner::default();
    let page = || {
        let states = Pattern([true; 4]).states();
        let picture = figure::svg(&knowledge.model, Some(&states), &knowledge.figure_words);
        let input = PageInput {
            banner: &banner,
            assessment,
            model: &knowledge.model,
            texts: &knowledge.texts,
            action: "/page",
            end_action: None,
            what_if: Vec::new(),
            changed_since_card: false,
            model_facts: None,
            synthetic: false,
            assets: "/assets/",
            nomogram: picture.as_deref(),
        };
        render(&input).unwrap()
    };
    let mut made = 0_u32;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        std::hint::black_box(page());
        made += 1;
    }
    let of_assets: usize = assets().iter().map(|asset| asset.bytes.len()).sum();
    println!(
        "page of an assessment with its nomogram, typical patient: {:.2} ms, {:.0} kB with style and script",
        start.elapsed().as_secs_f64() * 1e3 / f64::from(made),
        (page().len() + of_assets) as f64 / 1e3
    );
}

//! How long the model takes: to be made again from the paper, and to be asked at the time of a request.
//!
//! `cargo bench --bench model`
#![allow(clippy::unwrap_used)]

use rrdtc::config::{Knowledge, Settings, published};
use rrdtc::domain::score::State;
use rrdtc::model::published::Published;
use rrdtc::model::reconstruct::{Options, reconstruct};
use std::time::{Duration, Instant};

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
    let nomogram = knowledge.model.nomogram.unwrap();
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
}

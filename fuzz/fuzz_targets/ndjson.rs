#![no_main]

mod json_mutator;
#[path = "../properties/mod.rs"]
mod properties;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|data: &[u8]| properties::ndjson::check(data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    json_mutator::mutate(data, size, max_size, seed, true)
});

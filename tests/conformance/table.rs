//! `docs/conformance.md`: for each rule, the test that holds it, or where it is met. Made from `requirements.txt` and the names of
//! the tests; `UPDATE_CONFORMANCE=1` writes it again.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Id, level, rule in short, and a note for what no test from outside can show.
fn requirements() -> Vec<[String; 4]> {
    let text = std::fs::read_to_string("tests/conformance/requirements.txt").unwrap();
    text.lines()
        .map(|line| {
            let cells: Vec<String> = line.split('|').map(str::to_owned).collect();
            <[String; 4]>::try_from(cells).expect("four cells")
        })
        .collect()
}

/// The ids that a test's name begins with: `p9_and_p16_...`, `i5_to_i7_...`.
fn ids(name: &str) -> Vec<String> {
    let parts: Vec<&str> = name.split('_').collect();
    let is_id = |part: &str| {
        let digits = part.trim_start_matches(|c: char| c.is_ascii_lowercase());
        part.len() == digits.len() + 1
            && !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let upper = |part: &str| part.to_ascii_uppercase();
    match parts.as_slice() {
        [first, "and", second, ..] if is_id(first) && is_id(second) => {
            vec![upper(first), upper(second)]
        }
        [first, "to", last, ..] if is_id(first) && is_id(last) => {
            let number = |part: &str| part[1..].parse::<u32>().unwrap();
            (number(first)..=number(last))
                .map(|n| format!("{}{n}", upper(&first[..1])))
                .collect()
        }
        [first, ..] if is_id(first) => vec![upper(first)],
        _ => Vec::new(),
    }
}

fn tests_by_id() -> BTreeMap<String, Vec<String>> {
    let mut tests: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in std::fs::read_dir("tests/conformance").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let module = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        for after in text.split("#[test]\nfn ").skip(1) {
            let name = after.split('(').next().unwrap();
            for id in ids(name) {
                tests
                    .entry(id)
                    .or_default()
                    .push(format!("{module}::{name}"));
            }
        }
    }
    tests.values_mut().for_each(|names| names.sort());
    tests
}

#[test]
fn the_documented_table_is_that_of_the_tests() {
    let tests = tests_by_id();
    let mut text = String::from(
        "# CDS Hooks, rule by rule\n\n\
         Every rule of CDS Hooks 2.0.1 (and of the 3.0 ballot, where it only adds) that binds a service, with the test that holds it. \
         The ids are our own; I1 to I14 are the checks of Inferno's server suite that belong to no use case of its own. Made by \
         `UPDATE_CONFORMANCE=1 cargo test --test conformance table`; checked by every run.\n\n\
         The suite knows nothing but HTTP and runs against any service: `RRDTC_BASE=https://cds.example.org cargo test --test \
         conformance`; `tests/conformance/main.rs` tells what else it can be given.\n\n\
         | id | level | rule | met: by which test |\n|---|---|---|---|\n",
    );
    let requirements = requirements();
    for [id, level, rule, note] in &requirements {
        let names: Vec<String> = tests
            .get(id)
            .into_iter()
            .flatten()
            .map(|name| format!("`{name}`"))
            .collect();
        assert!(
            !names.is_empty() || !note.is_empty(),
            "{id} has neither a test nor a note"
        );
        let separator = if names.is_empty() || note.is_empty() {
            ""
        } else {
            ". "
        };
        writeln!(
            text,
            "| {id} | {level} | {rule} | {}{separator}{note} |",
            names.join(", ")
        )
        .unwrap();
    }
    for id in tests.keys() {
        assert!(
            requirements.iter().any(|[known, ..]| known == id),
            "{id} is no rule"
        );
    }
    let file = Path::new("docs/conformance.md");
    if std::env::var_os("UPDATE_CONFORMANCE").is_some() {
        std::fs::write(file, &text).unwrap();
    }
    let written = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        written == text,
        "docs/conformance.md is not up to date: UPDATE_CONFORMANCE=1 cargo test --test conformance table"
    );
}

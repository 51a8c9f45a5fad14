//! Rules about the source itself: who may use whom, no paths of a machine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Module to the modules that it may use, from the table of ARCHITECTURE.md.
fn map() -> BTreeMap<String, BTreeSet<String>> {
    let page = std::fs::read_to_string("ARCHITECTURE.md").unwrap();
    let table = page.split("## The map").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let names = |cell: &str| -> Vec<String> {
        let parts = cell.split('`').skip(1).step_by(2);
        parts.map(str::to_owned).collect()
    };
    let mut map = BTreeMap::new();
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let [module, _, may_use] = cells.as_slice() else {
            panic!("a row of the map has three cells: {row}");
        };
        let used = names(may_use);
        assert_eq!(used.is_empty(), may_use.trim() == "nothing", "{row}");
        let module = names(module).remove(0);
        let earlier = map.insert(module.clone(), used.into_iter().collect());
        assert!(earlier.is_none(), "{module} is there twice");
    }
    map
}

/// The module of a file below src.
fn module_of(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap();
    inside.split(['/', '.']).next().unwrap()
}

/// The modules that a text names by `crate::`, one by one or in braces.
fn uses(text: &str) -> BTreeSet<String> {
    let name = |text: &str| -> String {
        let letters = text.trim_start().chars();
        letters
            .take_while(|c| c.is_ascii_lowercase() || *c == '_')
            .collect()
    };
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => {
                found.insert(name(rest));
            }
            Some(list) => {
                let list = list.split(';').next().unwrap();
                let mut depth = 0;
                let mut begins = true;
                for (at, c) in list.char_indices() {
                    if depth == 0 && begins && c.is_ascii_alphabetic() {
                        found.insert(name(&list[at..]));
                        begins = false;
                    }
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' if depth == 0 => begins = true,
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push((
                path.display().to_string(),
                std::fs::read_to_string(&path).unwrap(),
            ));
        }
    }
}

#[test]
fn uses_are_found_in_every_spelling() {
    let text = "use crate::fhir::bundle;\nlet x = crate::model::read();\nuse crate::{\n    chart::{Chart, input},\n    domain as rules,\n};";
    let expected = ["chart", "domain", "fhir", "model"].map(str::to_owned);
    assert_eq!(uses(text), BTreeSet::from(expected));
}

/// Each module uses what the map allows, and the map allows nothing that nobody uses.
#[test]
fn modules_use_what_the_map_says() {
    let map = map();
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in &files {
        let module = module_of(path);
        if matches!(module, "main" | "lib") {
            continue;
        }
        let allowed = map
            .get(module)
            .unwrap_or_else(|| panic!("{path}: add {module} to the map in ARCHITECTURE.md"));
        for used in uses(text).into_iter().filter(|used| used != module) {
            assert!(
                allowed.contains(&used),
                "{path} uses crate::{used}, which the map in ARCHITECTURE.md does not allow"
            );
            found.entry(module.to_owned()).or_default().insert(used);
        }
        found.entry(module.to_owned()).or_default();
    }
    assert_eq!(found, map, "left: the code, right: the map");
}

#[test]
fn the_map_has_no_circle() {
    let map = map();
    fn below(map: &BTreeMap<String, BTreeSet<String>>, module: &str, way: &mut Vec<String>) {
        assert!(
            !way.iter().any(|earlier| earlier == module),
            "a circle: {way:?} {module}"
        );
        way.push(module.to_owned());
        for used in &map[module] {
            below(map, used, way);
        }
        way.pop();
    }
    for module in map.keys() {
        below(&map, module, &mut Vec::new());
    }
}

#[test]
fn the_domain_is_pure() {
    let mut files = Vec::new();
    sources(Path::new("src/domain"), &mut files);
    for (path, text) in files {
        for forbidden in [
            "serde",
            "actix",
            "fhirbolt",
            "std::fs",
            "std::net",
            "Timestamp::now",
            "SystemTime",
        ] {
            assert!(
                !text.contains(forbidden),
                "{path}: the domain must stay pure, found {forbidden}"
            );
        }
    }
}

#[test]
fn fhirbolts_typed_model_and_xml_are_never_used() {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    for (path, text) in files {
        for forbidden in ["fhirbolt::model", "fhirbolt::xml", "fhirbolt_model"] {
            assert!(!text.contains(forbidden), "{path} uses {forbidden}");
        }
    }
}

//! Rules about the source itself: who may use whom, no paths of a machine.

use std::path::Path;

/// Module to the modules that it may use. `domain` uses nothing.
const ALLOWED: [(&str, &[&str]); 27] = [
    ("domain", &[]),
    ("statistics", &[]),
    ("model", &["domain", "statistics"]),
    (
        "cohort",
        &[
            "chart",
            "fhir",
            "terminology",
            "domain",
            "model",
            "plot",
            "report",
        ],
    ),
    ("plot", &[]),
    ("report", &["plot"]),
    (
        "validation",
        &["cohort", "domain", "statistics", "model", "plot", "report"],
    ),
    (
        "recalibration",
        &[
            "validation",
            "cohort",
            "domain",
            "statistics",
            "model",
            "plot",
            "report",
        ],
    ),
    (
        "derivation",
        &["cohort", "domain", "statistics", "model", "plot", "report"],
    ),
    (
        "monitoring",
        &[
            "cohort",
            "domain",
            "statistics",
            "model",
            "plot",
            "report",
            "audit",
            "store",
        ],
    ),
    ("json", &[]),
    ("terminology", &[]),
    ("texts", &[]),
    ("outbound", &[]),
    ("replicas", &[]),
    ("auth", &["replicas"]),
    ("store", &[]),
    ("audit", &[]),
    ("fhir", &["outbound", "json"]),
    ("smart", &["outbound", "fhir", "replicas"]),
    ("cds_hooks", &["domain", "texts", "json"]),
    ("page", &["domain", "texts", "cds_hooks"]),
    ("chart", &["fhir", "terminology", "domain"]),
    (
        "config",
        &[
            "terminology",
            "domain",
            "model",
            "cds_hooks",
            "texts",
            "smart",
            "fhir",
        ],
    ),
    (
        "server",
        &[
            "cds_hooks",
            "chart",
            "config",
            "domain",
            "model",
            "auth",
            "store",
            "audit",
            "fhir",
            "outbound",
            "page",
            "smart",
            "terminology",
        ],
    ),
    (
        "sandbox",
        &[
            "server",
            "cds_hooks",
            "chart",
            "config",
            "domain",
            "fhir",
            "store",
            "json",
        ],
    ),
    (
        "cli",
        &[
            "server",
            "sandbox",
            "store",
            "audit",
            "auth",
            "cds_hooks",
            "chart",
            "config",
            "domain",
            "model",
            "cohort",
            "validation",
            "recalibration",
            "derivation",
            "monitoring",
            "plot",
            "report",
            "terminology",
            "fhir",
            "json",
        ],
    ),
];

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
fn modules_use_only_what_the_map_allows() {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    for (path, text) in files {
        let module = path
            .strip_prefix("src/")
            .unwrap()
            .split(['/', '.'])
            .next()
            .unwrap()
            .to_owned();
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
            assert!(
                matches!(module.as_str(), "main" | "lib"),
                "{path}: add the module to the map"
            );
            continue;
        };
        for (at, _) in text.match_indices("crate::") {
            let used: String = text[at + 7..]
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            assert!(
                used == module || allowed.contains(&used.as_str()),
                "{path} uses crate::{used}, which the map in lib.rs forbids"
            );
        }
        if module == "domain" {
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

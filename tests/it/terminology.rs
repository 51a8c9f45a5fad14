//! Terminology as data: what is shipped, local additions, refusals at the start.

use crate::support::*;
use rrdtc::config::Knowledge;
use rrdtc::terminology::Role;
use serde_json::json;
use std::collections::HashSet;

#[test]
fn spellings_aliases_and_versions_find_the_same_code() {
    let terminology = &KNOWLEDGE.terminology;
    let dtc = |system: &str, code: &str| {
        terminology
            .meaning(system, code)
            .is_some_and(|meaning| meaning.is(Role::DifferentiatedThyroidCancer))
    };
    for system in [
        SNOMED,
        "urn:oid:2.16.840.1.113883.6.96",
        "SCT",
        "http://snomed.info/sct/731000124108/version/20240901",
        "http://snomed.info/sct|2024",
        " http://snomed.info/sct ",
    ] {
        assert!(dtc(system, "255029007"), "{system}");
    }
    assert!(dtc(SNOMED, "255029007:363698007=272673000"));
    assert!(!dtc("http://snomed.info/srt", "255029007"));
    assert!(!dtc("", "255029007"));
    let lung = |system: &str, code: &str| {
        terminology
            .meaning(system, code)
            .and_then(|m| m.metastasis)
            .map(|id| terminology.group(id).to_owned())
    };
    for code in ["C78.01", "C7801", "c78.01", " C78.0 "] {
        assert_eq!(
            lung("http://hl7.org/fhir/sid/icd-10-cm", code).as_deref(),
            Some("lung"),
            "{code}"
        );
    }
    assert_eq!(
        lung("http://hl7.org/fhir/sid/icd-10-cm", "C78.39").as_deref(),
        Some("larynx-trachea")
    );
    assert_eq!(
        lung("http://hl7.org/fhir/sid/icd-10-cm", "C80.0").as_deref(),
        Some("unspecified")
    );
    assert_eq!(
        lung("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "C80.0"),
        None
    );
}

#[test]
fn shipped_sets_hold_no_descriptor_of_cpt_and_no_code_twice() {
    for entry in std::fs::read_dir("cds-hooks/terminology").unwrap() {
        let path = entry.unwrap().path();
        let file: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let mut seen = HashSet::new();
        for include in file["compose"]["include"].as_array().into_iter().flatten() {
            for concept in include["concept"].as_array().into_iter().flatten() {
                assert!(
                    seen.insert((include["system"].clone(), concept["code"].clone())),
                    "{}: {concept} twice",
                    path.display()
                );
                let licensed = [
                    "http://www.ama-assn.org/go/cpt",
                    "http://terminology.hl7.org/CodeSystem/icd-o-3",
                ];
                assert!(
                    !licensed.contains(&include["system"].as_str().unwrap())
                        || concept.get("display").is_none(),
                    "{concept}"
                );
            }
        }
    }
}

fn with_local(name: &str, content: &str) -> Result<Knowledge, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), content).unwrap();
    let mut settings = settings();
    settings.advice.content.terminology_folder = Some(folder.path().to_owned());
    Knowledge::load(&settings.advice.content).map_err(|error| error.to_string())
}

#[test]
fn a_site_adds_its_own_codes_by_dropping_files() {
    let map = json!({
        "resourceType": "ConceptMap", "url": "https://rrdtc.org/fhir/ConceptMap/metastasis-site",
        "group": [{ "source": "https://hospital.example/codes", "element": [{ "code": "LM", "target": [{ "code": "lung" }] }] }],
    });
    let knowledge = with_local("ours.json", &map.to_string()).unwrap();
    let mut chart = Chart::basic().without("lung").with(condition(
        "local",
        "https://hospital.example/codes",
        "LM",
        "2022-01-01",
    ));
    chart.records.last_mut().unwrap()["code"]["text"] = json!("lung metastasis");
    let assess = |knowledge: &Knowledge| -> serde_json::Value {
        let bytes = rrdtc::server::answer::handle(
            chart.call().to_string().as_bytes(),
            "rr-dtc-patient-view",
            knowledge,
            &settings().advice,
            clock().now(),
        )
        .unwrap();
        serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()["extension"]["org.rrdtc.assessment"].clone()
    };
    assert_eq!(
        assess(&knowledge)["predictors"]["multiSiteMetastasis"]["sites"],
        json!(["lung"])
    );
    // Without the row the record is not lost: it is listed.
    let unmapped = assess(&KNOWLEDGE);
    assert_eq!(
        unmapped["applicability"]["reasons"],
        json!(["no-metastasis-recorded"])
    );
    assert!(has_code(
        &unmapped["applicability"]["setAside"],
        "unmapped-code"
    ));

    let set = json!({
        "resourceType": "ValueSet", "url": "https://rrdtc.org/fhir/ValueSet/suvmax",
        "compose": { "include": [{ "system": "https://hospital.example/codes", "concept": [{ "code": "PET-031" }] }] },
    });
    let knowledge = with_local("suv.json", &set.to_string()).unwrap();
    assert!(
        knowledge
            .terminology
            .meaning("https://hospital.example/codes", "PET-031")
            .unwrap()
            .is(Role::SuvMax)
    );
}

#[test]
fn the_start_is_refused_with_a_clear_message() {
    let url = "https://rrdtc.org/fhir/ValueSet/neck-operation";
    for (content, expected) in [
        ("{".to_owned(), "cannot be read"),
        (json!({ "resourceType": "ValueSet", "url": url }).to_string(), "holds no codes"),
        (json!({ "resourceType": "ValueSet", "url": url, "compose": { "include": [] } }).to_string(), "holds no codes"),
        (json!({ "resourceType": "ValueSet", "url": "https://example.org/x", "compose": { "include": [] } }).to_string(), "no rule uses"),
        (json!({ "resourceType": "Patient" }).to_string(), "expected ValueSet or ConceptMap"),
        (
            json!({ "resourceType": "ValueSet", "url": url, "compose": { "include": [{ "system": SNOMED, "filter": [{ "property": "concept", "op": "is-a", "value": "1" }] }] } }).to_string(),
            "only filter understood",
        ),
    ] {
        let error = with_local("broken.json", &content).unwrap_err();
        assert!(error.contains(expected) && error.contains("broken.json"), "{error}");
    }
    let mut settings = settings();
    settings.advice.content.terminology_folder = Some("does/not/exist".into());
    assert!(
        Knowledge::load(&settings.advice.content)
            .unwrap_err()
            .to_string()
            .contains("does/not/exist")
    );
}

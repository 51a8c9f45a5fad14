//! What must hold for every chart, tried on charts put together at random from records of every kind.

use crate::support::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const ICD: &str = "http://hl7.org/fhir/sid/icd-10-cm";

/// Records of every kind that rules read.
fn pool() -> Vec<Value> {
    let mut unconfirmed = condition("unconfirmed", SNOMED, "94222008", "2022-05-01");
    unconfirmed["verificationStatus"] = json!({ "coding": [{ "code": "provisional" }] });
    let mut local = condition(
        "local",
        "https://hospital.example/codes",
        "M1",
        "2022-05-01",
    );
    local["code"]["text"] = json!("bone metastasis");
    let mut undated = lesion("undated", 5.0, "2026-10-05");
    undated.as_object_mut().unwrap().remove("effectiveDateTime");
    let mut preliminary = lesion("preliminary", 5.0, "2026-10-20");
    preliminary["status"] = json!("preliminary");
    vec![
        condition("node", SNOMED, "94397007", "2022-02-01"),
        condition("bone", ICD, "C79.51", "2023-02-01"),
        condition("somewhere", ICD, "C79.9", "2023-02-01"),
        unconfirmed,
        local,
        condition("recurrence", SNOMED, "314953008", "2023-06-01"),
        status("worse", "271299001", "2024-01-01"),
        status("clean", "58899004", "2026-06-01"),
        status("relapse", "263855007", "2024-06-01"),
        lesion("hot", 6.1, "2026-10-05"),
        lesion("cold", 1.1, "2026-10-05"),
        lesion("earlier", 9.0, "2026-07-05"),
        reading("negative", "260385009", "2026-10-05"),
        reading("positive", "10828004", "2026-10-05"),
        undated,
        preliminary,
        procedure("neck", SNOMED, "234246002", "2023-03-01"),
        procedure(
            "scan",
            "http://www.cms.gov/Medicare/Coding/ICD10",
            "CG12GZZ",
            "2023-03-01",
        ),
    ]
}

fn charts() -> impl Strategy<Value = Chart> {
    proptest::sample::subsequence(pool(), 0..=pool().len()).prop_map(|records| {
        let mut chart = Chart::basic();
        chart.records.extend(records);
        chart
    })
}

/// Records that are in no code list.
fn irrelevant() -> Vec<Value> {
    vec![
        condition("hypertension", SNOMED, "38341003", "2010-01-01"),
        json!({ "resourceType": "Observation", "id": "tg", "status": "final", "subject": { "reference": "Patient/p-1" },
            "category": [{ "coding": [{ "code": "laboratory" }] }],
            "code": { "coding": [{ "system": "http://loinc.org", "code": "3013-6", "display": "Thyroglobulin" }] }, "effectiveDateTime": "2026-10-05",
            "valueQuantity": { "value": 12.5, "unit": "ng/mL" } }),
        json!({ "resourceType": "Observation", "id": "crp", "status": "preliminary", "subject": { "reference": "Patient/other" }, "code": { "text": "CRP" } }),
        procedure("appendix", SNOMED, "80146002", "2001-01-01"),
        json!({ "resourceType": "AllergyIntolerance", "id": "a", "patient": { "reference": "Patient/p-1" } }),
    ]
}

fn width(assessment: &Value) -> u64 {
    assessment["score"]["high"].as_u64().unwrap() - assessment["score"]["low"].as_u64().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn order_duplicates_and_other_records_change_nothing(chart in charts(), seed in any::<u64>(), twice in any::<prop::sample::Index>()) {
        let expected = chart.assess();
        let mut shuffled = chart.clone();
        shuffled.records.push(chart.records[twice.index(chart.records.len())].clone());
        shuffled.records.extend(irrelevant());
        let mut state = seed | 1;
        for i in (1..shuffled.records.len()).rev() {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            shuffled.records.swap(i, (state >> 33) as usize % (i + 1));
        }
        prop_assert_eq!(shuffled.assess(), expected);
    }

    #[test]
    fn the_score_bounds_are_those_of_the_states(chart in charts()) {
        let assessment = chart.assess();
        let (mut low, mut high) = (0, 0);
        for (name, points) in [("ageAtDiagnosis", 1), ("recurrence", 7), ("multiSiteMetastasis", 4), ("fdgUptake", 40)] {
            let predictor = &assessment["predictors"][name];
            match predictor["state"].as_str().unwrap() {
                "present" => { low += points; high += points; }
                "absent" => {}
                _ => high += points,
            }
            let open = matches!(predictor["state"].as_str().unwrap(), "unknown" | "conflicting");
            prop_assert_eq!(predictor.get("reason").is_some(), open);
        }
        prop_assert_eq!(&assessment["score"], &json!({ "low": low, "high": high, "maximum": 52, "cutoff": 10 }));
    }

    #[test]
    fn a_predictor_without_records_is_unknown_never_absent(chart in charts()) {
        let mut bare = chart.clone();
        bare.records.retain(|record| record["resourceType"] != "Observation" && record["id"] != "recurrence");
        let assessment = bare.assess();
        for name in ["recurrence", "fdgUptake"] {
            prop_assert_eq!(&assessment["predictors"][name]["state"], "unknown");
        }
        let mut no_sites = chart.clone();
        no_sites.records.retain(|record| record["resourceType"] != "Condition" || record["id"] == "dtc");
        let assessment = no_sites.assess();
        prop_assert_eq!(&assessment["applicability"]["status"], "not-applicable");
        prop_assert!(has_code(&assessment["applicability"]["reasons"], "no-metastasis-recorded"));
    }

    #[test]
    fn more_evidence_never_widens_the_interval(
        base in proptest::sample::subsequence(vec![0usize, 1, 5, 8, 9], 0..=5),
        added in proptest::sample::select(vec![0usize, 1, 5, 8, 9]),
    ) {
        // Neither open nor unspecified nor of a newer PET.
        let pool = pool();
        let mut chart = Chart::basic();
        chart.records.extend(base.iter().map(|i| pool[*i].clone()));
        let before = width(&chart.assess());
        let after = width(&chart.with(pool[added].clone()).assess());
        prop_assert!(after <= before, "{before} to {after}");
    }
}

#[test]
fn the_result_id_depends_on_content_alone() {
    let chart = Chart::basic().with(lesion("pet", 6.1, "2026-10-05"));
    let at = |instant: &str, body: &Value| {
        let clock = rrdtc::server::Clock::Fixed(instant.parse().unwrap());
        let bytes = rrdtc::server::answer::handle(
            body.to_string().as_bytes(),
            "rr-dtc-patient-view",
            &KNOWLEDGE,
            &settings().advice,
            clock.now(),
        )
        .unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()["extension"]["org.rrdtc.assessment"]
            .clone()
    };
    let first = at("2026-11-20T12:00:00Z", &chart.call());
    let later = at("2026-11-25T07:30:00Z", &chart.call());
    assert_ne!(first["assessedAt"], later["assessedAt"]);
    assert_eq!(first["resultId"], later["resultId"]);
    // Null and an empty Bundle are the same content.
    let mut null = chart.call();
    null["prefetch"]["diagnosticReports"] = Value::Null;
    assert_eq!(
        at("2026-11-20T12:00:00Z", &null)["resultId"],
        first["resultId"]
    );
    let other = at(
        "2026-11-20T12:00:00Z",
        &Chart::basic().with(lesion("pet", 6.2, "2026-10-05")).call(),
    );
    assert_ne!(other["resultId"], first["resultId"]);
}

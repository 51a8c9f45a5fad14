//! What one tenant sets for itself changes its answers and nobody else's.

use super::*;

const LOCAL: &str = "https://hospital.example/codes";

fn tenants(setting: &str) -> String {
    format!("[[clients.tenants]]\nid = \"own\"\n{setting}\n[[clients.tenants]]\nid = \"plain\"\n")
}

#[test]
fn a_tenants_settings_are_its_own() {
    let map = json!({
        "resourceType": "ConceptMap", "url": "https://rrdtc.org/fhir/ConceptMap/metastasis-site",
        "group": [{ "source": LOCAL, "element": [{ "code": "LM", "target": [{ "code": "lung" }] }] }],
    })
    .to_string();
    let model = std::fs::read_to_string("cds-hooks/models/liu-2022.json").unwrap();
    let mut other: Value = serde_json::from_str(&model).unwrap();
    other["version"] = json!("2.0.1");
    let other = other.to_string();
    let files = [
        ("terms/ours.json", map.as_str()),
        ("model.json", other.as_str()),
    ];
    let aged = Chart::basic().with(lesion("pet", 1.5, "2026-04-01"));
    let local = Chart::basic()
        .without("lung")
        .with(condition("local", LOCAL, "LM", "2022-01-05"));
    for (setting, chart, pointer, own, plain) in [
        (
            "max_pet_age_days = 365",
            &aged,
            "/predictors/fdgUptake/state",
            json!("absent"),
            json!("unknown"),
        ),
        (
            "undocumented_recurrence = \"absent\"",
            &Chart::basic(),
            "/predictors/recurrence/state",
            json!("absent"),
            json!("unknown"),
        ),
        (
            "terminology_folder = \"FOLDER/terms\"",
            &local,
            "/applicability/status",
            json!("applicable"),
            json!("not-applicable"),
        ),
        (
            "model = \"FOLDER/model.json\"",
            &Chart::basic(),
            "/model/version",
            json!("2.0.1"),
            json!("2.0.0"),
        ),
    ] {
        let site = Site::with_files("", &tenants(setting), &files);
        let answers =
            ["own", "plain"].map(|tenant| assessment(&site.call_as(tenant, &chart.call())));
        let found = answers.each_ref().map(|answer| answer.pointer(pointer));
        assert_eq!(found, [Some(&own), Some(&plain)], "{setting}");
        assert_ne!(answers[0]["resultId"], answers[1]["resultId"], "{setting}");
        // The plain tenant is answered as if there were no other.
        assert_eq!(
            answers[1]["resultId"],
            chart.assess()["resultId"],
            "{setting}"
        );

        // What the client sets holds for its tenants, unless they say otherwise.
        let site = Site::with_files("", &format!("{setting}\n{}", tenants("")), &files);
        let answer = assessment(&site.call_as("plain", &chart.call()));
        assert_eq!(answer.pointer(pointer), Some(&own), "{setting}");
    }
    let client = format!(
        "max_pet_age_days = 365\n{}",
        tenants("max_pet_age_days = 100")
    );
    let site = Site::new("", &client);
    for (tenant, expected) in [("own", "unknown stale"), ("plain", "absent")] {
        let answer = assessment(&site.call_as(tenant, &aged.call()));
        assert_eq!(state(&answer, "fdgUptake"), expected, "{tenant}");
    }
}

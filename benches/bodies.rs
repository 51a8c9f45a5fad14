//! The bodies that are measured: typical, heavy, worst, and some that mean harm.

use serde_json::{Value, json};

const SNOMED: &str = "http://snomed.info/sct";

fn subject() -> Value {
    json!({ "reference": "Patient/p-1", "display": "Synthetic, Ada" })
}

fn meta(n: usize) -> Value {
    json!({ "versionId": "1", "lastUpdated": "2026-10-06T10:00:00.000+00:00", "source": format!("#source{n}"), "profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab"] })
}

fn condition(n: usize, code: &str, display: &str) -> Value {
    json!({
        "resourceType": "Condition", "id": format!("c{n}"), "meta": meta(n),
        "clinicalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active" }] },
        "verificationStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "confirmed" }] },
        "category": [{ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": "problem-list-item", "display": "Problem List Item" }] }],
        "code": { "coding": [{ "system": SNOMED, "code": code, "display": display }], "text": display },
        "subject": subject(), "encounter": { "reference": format!("Encounter/e{n}") }, "onsetDateTime": "2022-01-05", "recordedDate": "2022-01-06",
    })
}

fn procedure(n: usize, code: &str, display: &str) -> Value {
    json!({
        "resourceType": "Procedure", "id": format!("p{n}"), "meta": meta(n), "status": "completed",
        "code": { "coding": [{ "system": SNOMED, "code": code, "display": display }], "text": display },
        "subject": subject(), "encounter": { "reference": format!("Encounter/e{n}") }, "performedPeriod": { "start": "2021-02-05T08:00:00+01:00", "end": "2021-02-05T10:00:00+01:00" },
    })
}

fn laboratory(n: usize) -> Value {
    let names = [
        "Thyroglobulin",
        "Thyrotropin",
        "Calcium",
        "Creatinine",
        "Hemoglobin",
        "Leukocytes",
        "Platelets",
        "Sodium",
        "Potassium",
        "Glucose",
    ];
    let name = names[n % names.len()];
    json!({
        "resourceType": "Observation", "id": format!("lab{n}"), "meta": meta(n), "status": "final",
        "category": [{ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory", "display": "Laboratory" }] }],
        "code": { "coding": [{ "system": "http://loinc.org", "code": format!("{}-{}", 1000 + n % 90, n % 10), "display": format!("{name} [Mass/volume] in Serum or Plasma") }], "text": name },
        "subject": subject(), "encounter": { "reference": format!("Encounter/e{n}") }, "effectiveDateTime": "2026-10-05T07:30:00+01:00", "issued": "2026-10-05T09:12:11.000+01:00",
        "valueQuantity": { "value": 12.5, "unit": "ng/mL", "system": "http://unitsofmeasure.org", "code": "ng/mL" },
        "referenceRange": [{ "low": { "value": 3.5, "unit": "ng/mL" }, "high": { "value": 77.0, "unit": "ng/mL" } }],
    })
}

fn lesion(n: usize) -> Value {
    json!({
        "resourceType": "Observation", "id": format!("pet{n}"), "meta": meta(n), "status": "final",
        "category": [{ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "imaging", "display": "Imaging" }] }],
        "code": { "text": "FDG PET SUVmax" }, "subject": subject(), "effectiveDateTime": "2026-10-05T07:30:00+01:00",
        "bodySite": { "coding": [{ "system": SNOMED, "code": "81105003", "display": "Cervical lymph node" }] },
        "interpretation": [{ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "code": "POS" }] }],
        "valueQuantity": { "value": 6.1, "unit": "g/mL", "system": "http://unitsofmeasure.org", "code": "g/mL" },
    })
}

fn medication(n: usize, code: &str, display: &str, dose: f64) -> Value {
    json!({
        "resourceType": "MedicationAdministration", "id": format!("m{n}"), "meta": meta(n), "status": "completed",
        "medicationCodeableConcept": { "coding": [{ "system": SNOMED, "code": code, "display": display }], "text": display },
        "subject": subject(), "effectiveDateTime": "2022-03-01", "dosage": { "dose": { "value": dose, "unit": "MBq" } },
    })
}

fn call(
    conditions: Vec<Value>,
    procedures: Vec<Value>,
    observations: Vec<Value>,
    medications: Vec<Value>,
) -> Value {
    let bundle = |resources: Vec<Value>| {
        let entries: Vec<Value> = resources
            .into_iter()
            .map(|resource| {
                let url = format!(
                    "https://ehr.example.org/fhir/{}/{}",
                    resource["resourceType"].as_str().unwrap_or_default(),
                    resource["id"].as_str().unwrap_or_default()
                );
                json!({ "fullUrl": url, "resource": resource, "search": { "mode": "match" } })
            })
            .collect();
        json!({ "resourceType": "Bundle", "type": "searchset", "total": entries.len(), "entry": entries })
    };
    json!({
        "hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": { "userId": "Practitioner/example", "patientId": "p-1" },
        "prefetch": {
            "patient": { "resourceType": "Patient", "id": "p-1", "birthDate": "1970-03-01", "name": [{ "family": "Synthetic", "given": ["Ada"] }] },
            "conditions": bundle(conditions), "procedures": bundle(procedures), "observations": bundle(observations),
            "medicationAdministrations": bundle(medications), "diagnosticReports": bundle(Vec::new()),
        },
    })
}

fn base() -> (Vec<Value>, Vec<Value>, Vec<Value>) {
    let mut conditions = vec![
        condition(0, "255029007", "Papillary thyroid carcinoma"),
        condition(1, "94391008", "Metastasis to lung"),
        condition(2, "94222008", "Metastasis to bone"),
        condition(3, "94397007", "Metastasis to lymph nodes of neck"),
    ];
    conditions.extend((4..20).map(|n| condition(n, "38341003", "Hypertensive disorder")));
    let mut procedures = vec![
        procedure(0, "24443003", "Total thyroidectomy"),
        procedure(1, "234246002", "Neck dissection"),
    ];
    procedures.extend((2..12).map(|n| procedure(n, "80146002", "Appendectomy")));
    let medications = vec![
        medication(0, "67690002", "Iodine-123", 185.0),
        medication(1, "387207008", "Ibuprofen", 1.0),
    ];
    (conditions, procedures, medications)
}

fn with_observations(used: usize, other: usize) -> Value {
    let (conditions, procedures, medications) = base();
    let mut observations: Vec<Value> = (0..used).map(lesion).collect();
    observations.extend((0..other).map(laboratory));
    call(conditions, procedures, observations, medications)
}

/// Typical, heavy and worst, as the project defines them.
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("typical", with_observations(5, 20)),
        ("heavy", with_observations(6, 1494)),
        ("worst", with_observations(1500, 0)),
    ]
}

/// Bodies of up to 16 MB that mean harm.
#[allow(dead_code)]
pub fn hostile() -> Vec<(&'static str, String)> {
    let text = with_observations(5, 20).to_string();
    let insert =
        |what: &str| text.replacen("\"hook\"", &format!("\"extension\":{what},\"hook\""), 1);
    let entries = |entry: &str, count: usize| {
        let list = vec![entry; count].join(",");
        text.replacen("\"entry\":[", &format!("\"entry\":[{list},"), 1)
    };
    let numbered = |count: usize, entry: fn(usize) -> String| {
        let list: Vec<String> = (0..count).map(entry).collect();
        text.replacen("\"entry\":[", &format!("\"entry\":[{},", list.join(",")), 1)
    };
    vec![
        (
            "100,000 levels deep",
            insert(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
        ),
        (
            "70,000 values of 100 levels",
            insert(&format!(
                "[{}]",
                vec![format!("{}{}", "[".repeat(100), "]".repeat(100)); 70_000].join(",")
            )),
        ),
        ("100,000 empty entries", entries("{}", 100_000)),
        (
            "100,000 PET records",
            numbered(100_000, |n| {
                format!(
                    r#"{{"resource":{{"resourceType":"Observation","id":"{n}","status":"final","code":{{"text":"FDG SUVmax"}},"subject":{{"reference":"Patient/p-1"}}}}}}"#
                )
            }),
        ),
        (
            "110,000 PET records that cannot be read",
            numbered(110_000, |n| {
                format!(
                    r#"{{"resource":{{"resourceType":"Observation","id":"{n}","status":7,"code":{{"text":"FDG SUVmax"}}}}}}"#
                )
            }),
        ),
        (
            "a panel of 60,000 members",
            numbered(60_001, |n| match n {
                60_000 => {
                    let members: Vec<String> = (0..60_000)
                        .map(|n| format!(r#"{{"reference":"Observation/{n}"}}"#))
                        .collect();
                    format!(
                        r#"{{"resource":{{"resourceType":"Observation","id":"panel","status":"final","code":{{"text":"FDG PET"}},"effectiveDateTime":"2026-10","subject":{{"reference":"Patient/p-1"}},"hasMember":[{}]}}}}"#,
                        members.join(",")
                    )
                }
                n => format!(
                    r#"{{"resource":{{"resourceType":"Observation","id":"{n}","status":"final","code":{{"text":"SUVmax"}},"valueQuantity":{{"value":3}},"subject":{{"reference":"Patient/p-1"}}}}}}"#
                ),
            }),
        ),
        (
            "60,000 PET records of 10,000 days",
            numbered(60_000, |n| {
                format!(
                    r#"{{"resource":{{"resourceType":"Observation","id":"{n}","status":"final","code":{{"text":"FDG SUVmax"}},"effectiveDateTime":"{}-{:02}-{:02}","valueQuantity":{{"value":{}}},"subject":{{"reference":"Patient/p-1"}}}}}}"#,
                    1990 + n % 36,
                    n % 12 + 1,
                    n % 28 + 1,
                    n % 9
                )
            }),
        ),
        (
            "60,000 versions of one PET record",
            numbered(60_000, |n| {
                format!(
                    r#"{{"resource":{{"resourceType":"Observation","id":"x","meta":{{"lastUpdated":"2020-01-01T00:00:00.{n:06}Z"}},"status":"final","code":{{"text":"FDG SUVmax"}},"valueQuantity":{{"value":{n}}},"subject":{{"reference":"Patient/p-1"}}}}}}"#
                )
            }),
        ),
        ("one number of 15 MB", insert(&"9".repeat(15_000_000))),
        (
            "a million duplicate keys",
            insert(&format!("{{{}}}", vec!["\"a\":1"; 1_000_000].join(","))),
        ),
    ]
}

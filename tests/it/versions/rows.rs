//! What R5 renamed, each written in both releases, and a writer of R5 for whole charts.

use crate::support::SNOMED;
use serde_json::{Map, Value, json};

/// A resource of R4 as a server of R5 would write it.
pub fn r5(resource: &Value) -> Value {
    let Some(members) = resource.as_object() else {
        return resource.clone();
    };
    let resource_type = resource["resourceType"].as_str().unwrap_or_default();
    let mut written = Map::new();
    let push = |written: &mut Map<String, Value>, name: &str, part: &str, value: &Value| {
        let list = written
            .entry(name)
            .or_insert_with(|| json!([]))
            .as_array_mut()
            .unwrap();
        let values = value.as_array().cloned().unwrap_or(vec![value.clone()]);
        list.extend(values.into_iter().map(|value| json!({ part: value })));
    };
    for (name, value) in members {
        match (resource_type, name.as_str()) {
            ("Procedure", name) if name.starts_with("performed") => {
                written.insert(name.replace("performed", "occurrence"), value.clone());
            }
            ("MedicationAdministration", name) if name.starts_with("effective") => {
                written.insert(name.replace("effective", "occurence"), value.clone());
            }
            ("Procedure", "usedCode") => push(&mut written, "used", "concept", value),
            (_, "reasonCode") => push(&mut written, "reason", "concept", value),
            (_, "reasonReference") => push(&mut written, "reason", "reference", value),
            (_, "medicationCodeableConcept") => {
                written.insert("medication".into(), json!({ "concept": value }));
            }
            (_, "medicationReference") => {
                written.insert("medication".into(), json!({ "reference": value }));
            }
            ("ServiceRequest", "code") => {
                written.insert("code".into(), json!({ "concept": value }));
            }
            ("MedicationStatement", "status") if value == "not-taken" => {
                written.insert("status".into(), json!("recorded"));
                written.insert(
                    "adherence".into(),
                    json!({ "code": { "coding": [{ "code": "not-taking" }] } }),
                );
            }
            ("Medication", "ingredient") => {
                let items = value.as_array().unwrap().iter().map(|ingredient| {
                    json!({ "item": { "concept": ingredient["itemCodeableConcept"] } })
                });
                written.insert("ingredient".into(), items.collect());
            }
            ("Bundle", "entry") => {
                let entries = value.as_array().unwrap().iter().map(|entry| {
                    let mut entry = entry.clone();
                    entry["resource"] = r5(&entry["resource"]);
                    entry
                });
                written.insert("entry".into(), entries.collect());
            }
            (_, "contained") => {
                written.insert(
                    name.clone(),
                    value.as_array().unwrap().iter().map(r5).collect(),
                );
            }
            _ => {
                written.insert(name.clone(), value.clone());
            }
        }
    }
    Value::Object(written)
}

pub fn record(resource_type: &str, id: &str, status: &str, members: Value) -> Value {
    let mut record = json!({
        "resourceType": resource_type, "id": id, "status": status, "subject": { "reference": "Patient/p-1" },
    });
    let all = record.as_object_mut().unwrap();
    all.extend(members.as_object().unwrap().clone());
    record
}

pub fn snomed(code: &str) -> Value {
    json!({ "coding": [{ "system": SNOMED, "code": code }] })
}

/// One rename, both ways of writing it, and what it decides.
pub struct Row {
    pub what: &'static str,
    pub r4: Vec<Value>,
    pub r5: Vec<Value>,
}

pub fn rows() -> Vec<Row> {
    let iodine = snomed("111160004");
    let cancer = snomed("255029007");
    let gbq = json!({ "dose": { "value": 3.7, "unit": "GBq" } });
    let administration = |members: Value| {
        vec![record(
            "MedicationAdministration",
            "m",
            "completed",
            members,
        )]
    };
    let procedure = |members: Value| vec![record("Procedure", "m", "completed", members)];
    let statement =
        |status: &str, members: Value| vec![record("MedicationStatement", "m", status, members)];
    let medication = |members: Value| {
        let mut medication = json!({ "resourceType": "Medication", "id": "capsule" });
        let all = medication.as_object_mut().unwrap();
        all.extend(members.as_object().unwrap().clone());
        medication
    };
    let with = |mut records: Vec<Value>, more: Value| {
        records.push(more);
        records
    };
    let capsule = json!({ "reference": "Medication/capsule" });
    let inside = json!({ "reference": "#capsule" });
    vec![
        Row {
            what: "Procedure.performedDateTime",
            r4: procedure(json!({ "code": snomed("24443003"), "performedDateTime": "2023-01-02" })),
            r5: procedure(
                json!({ "code": snomed("24443003"), "occurrenceDateTime": "2023-01-02" }),
            ),
        },
        Row {
            what: "Procedure.performedPeriod",
            r4: procedure(
                json!({ "code": snomed("228698009"), "performedPeriod": { "start": "2023-01-02", "end": "2023-01-04" } }),
            ),
            r5: procedure(
                json!({ "code": snomed("228698009"), "occurrencePeriod": { "start": "2023-01-02", "end": "2023-01-04" } }),
            ),
        },
        Row {
            what: "Procedure.usedCode",
            r4: procedure(
                json!({ "code": { "text": "nuclide" }, "category": snomed("108290001"), "usedCode": [iodine, snomed("999")], "performedDateTime": "2023-01-02" }),
            ),
            r5: procedure(
                json!({ "code": { "text": "nuclide" }, "category": [snomed("108290001")], "used": [{ "concept": iodine }, { "concept": snomed("999") }], "occurrenceDateTime": "2023-01-02" }),
            ),
        },
        Row {
            what: "Procedure.reasonCode",
            r4: procedure(
                json!({ "code": { "coding": [{ "system": "http://www.ama-assn.org/go/cpt", "code": "79005" }] }, "reasonCode": [cancer] }),
            ),
            r5: procedure(
                json!({ "code": { "coding": [{ "system": "http://www.ama-assn.org/go/cpt", "code": "79005" }] }, "reason": [{ "concept": cancer }] }),
            ),
        },
        Row {
            what: "MedicationAdministration.reasonReference",
            r4: administration(
                json!({ "medicationCodeableConcept": iodine, "reasonReference": [{ "reference": "Condition/dtc" }] }),
            ),
            r5: administration(
                json!({ "medication": { "concept": iodine }, "reason": [{ "reference": { "reference": "Condition/dtc" } }] }),
            ),
        },
        Row {
            what: "MedicationAdministration.effectiveDateTime",
            r4: administration(
                json!({ "medicationCodeableConcept": iodine, "dosage": gbq, "effectiveDateTime": "2019-01-02" }),
            ),
            r5: administration(
                json!({ "medication": { "concept": iodine }, "dosage": gbq, "occurenceDateTime": "2019-01-02" }),
            ),
        },
        Row {
            what: "MedicationAdministration.effectivePeriod",
            r4: administration(
                json!({ "medicationCodeableConcept": iodine, "dosage": gbq, "effectivePeriod": { "start": "2023-01-02" } }),
            ),
            r5: administration(
                json!({ "medication": { "concept": iodine }, "dosage": gbq, "occurencePeriod": { "start": "2023-01-02" } }),
            ),
        },
        Row {
            what: "MedicationAdministration.medicationReference to Medication.ingredient",
            r4: with(
                administration(json!({ "medicationReference": capsule, "dosage": gbq })),
                medication(json!({ "ingredient": [{ "itemCodeableConcept": iodine }] })),
            ),
            r5: with(
                administration(json!({ "medication": { "reference": capsule }, "dosage": gbq })),
                medication(json!({ "ingredient": [{ "item": { "concept": iodine } }] })),
            ),
        },
        Row {
            what: "MedicationAdministration.medicationReference to a contained Medication",
            r4: administration(
                json!({ "medicationReference": inside, "dosage": gbq, "contained": [medication(json!({ "code": iodine }))] }),
            ),
            r5: administration(
                json!({ "medication": { "reference": inside }, "dosage": gbq, "contained": [medication(json!({ "code": iodine }))] }),
            ),
        },
        Row {
            what: "MedicationAdministration of a medication that is not in the chart",
            r4: administration(json!({ "medicationReference": capsule })),
            r5: administration(json!({ "medication": { "reference": capsule } })),
        },
        Row {
            what: "MedicationStatement, taken or not is not known",
            r4: statement(
                "completed",
                json!({ "medicationCodeableConcept": iodine, "effectiveDateTime": "2023-01-02" }),
            ),
            r5: statement(
                "recorded",
                json!({ "medication": { "concept": iodine }, "effectiveDateTime": "2023-01-02" }),
            ),
        },
        Row {
            what: "MedicationStatement, not taken",
            r4: statement("not-taken", json!({ "medicationCodeableConcept": iodine })),
            r5: statement(
                "recorded",
                json!({ "medication": { "concept": iodine }, "adherence": { "code": { "coding": [{ "system": "http://hl7.org/fhir/CodeSystem/medication-statement-adherence", "code": "not-taking" }] } } }),
            ),
        },
        Row {
            what: "MedicationStatement, stopped",
            r4: statement("stopped", json!({ "medicationCodeableConcept": iodine })),
            r5: statement(
                "recorded",
                json!({ "medication": { "concept": iodine }, "adherence": { "code": { "coding": [{ "code": "stopped" }] } } }),
            ),
        },
        Row {
            what: "MedicationStatement in draft",
            r4: statement("unknown", json!({ "medicationCodeableConcept": iodine })),
            r5: statement(
                "draft",
                json!({ "medication": { "concept": iodine }, "adherence": { "code": { "coding": [{ "code": "not-taking" }] } } }),
            ),
        },
        Row {
            what: "MedicationRequest.medicationCodeableConcept",
            r4: vec![record(
                "MedicationRequest",
                "m",
                "active",
                json!({ "medicationCodeableConcept": iodine }),
            )],
            r5: vec![record(
                "MedicationRequest",
                "m",
                "active",
                json!({ "medication": { "concept": iodine } }),
            )],
        },
        Row {
            what: "ServiceRequest.code",
            r4: vec![record(
                "ServiceRequest",
                "m",
                "active",
                json!({ "code": snomed("228698009") }),
            )],
            r5: vec![record(
                "ServiceRequest",
                "m",
                "active",
                json!({ "code": { "concept": snomed("228698009") } }),
            )],
        },
    ]
}

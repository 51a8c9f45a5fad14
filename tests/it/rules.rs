//! Single rules of domain.md section 3, each as small as it can be shown.

use crate::support::*;
use serde_json::{Value, json};

fn quantity(chart: Chart, quantity: Value) -> Chart {
    let mut pet = lesion("pet", 1.0, "2026-10-05");
    pet["valueQuantity"] = quantity;
    chart.with(pet)
}

#[test]
fn comparators_are_bounds_and_nothing_is_rounded() {
    for (value, comparator, expected) in [
        (2.5, None, "present"),
        (2.49, None, "absent"),
        (2.4999999, None, "absent"),
        (2.5, Some("<"), "absent"),
        (2.5, Some("<="), "unknown threshold-not-decided"),
        (2.5, Some(">="), "present"),
        (2.5, Some(">"), "present"),
        (3.0, Some(">="), "present"),
        (2.0, Some(">"), "unknown threshold-not-decided"),
        (2.4, Some(">="), "unknown threshold-not-decided"),
        (2.4, Some("<="), "absent"),
        (3.0, Some("<"), "unknown threshold-not-decided"),
        (0.0, None, "unknown implausible-value"),
        (-1.0, None, "unknown implausible-value"),
        (200.0, None, "present"),
        (200.1, None, "unknown implausible-value"),
    ] {
        let mut measured = json!({ "value": value, "unit": "g/mL" });
        if let Some(comparator) = comparator {
            measured["comparator"] = json!(comparator);
        }
        assert_eq!(
            quantity(Chart::basic(), measured).state("fdgUptake"),
            expected,
            "{comparator:?} {value}"
        );
    }
}

#[test]
fn units_are_read_with_their_annotations() {
    for (code, unit, expected) in [
        ("g/mL", "", "present"),
        ("", "g / ml", "present"),
        ("g/ml{SUVbw}", "", "present"),
        ("{SUVbw}g/ml", "", "present"),
        ("", "SUV", "present"),
        ("1", "", "present"),
        ("", "", "present"),
        ("g/ml{SUVlbm}", "", "unknown not-recorded"),
        ("g/mL", "{SUVlbm}g/ml", "unknown not-recorded"),
        ("%", "", "unknown not-recorded"),
        ("kBq/mL", "", "unknown not-recorded"),
        ("furlong", "", "unknown unit-not-understood"),
        ("{-}g/ml", "", "unknown unit-not-understood"),
    ] {
        let mut measured = json!({ "value": 6.1 });
        if !code.is_empty() {
            measured["code"] = json!(code);
            measured["system"] = json!("http://unitsofmeasure.org");
        }
        if !unit.is_empty() {
            measured["unit"] = json!(unit);
        }
        assert_eq!(
            quantity(Chart::basic(), measured).state("fdgUptake"),
            expected,
            "code {code:?} unit {unit:?}"
        );
    }
}

#[test]
fn names_of_the_measure() {
    for (name, expected) in [
        ("SUVmax", "present"),
        ("FDG SUV max", "present"),
        ("SUV(max) lesion 1", "present"),
        ("Maximum standardised uptake value", "present"),
        ("SUVmean", "unknown not-recorded"),
        ("FDG SUVpeak", "unknown not-recorded"),
        ("SULmax", "unknown not-recorded"),
        ("SUVmax/liver ratio", "unknown not-recorded"),
        ("SUVmax blood pool", "unknown not-recorded"),
        ("SUVmax liver", "unknown not-recorded"),
        ("SUVmax liver metastasis", "present"),
        ("SUVmax thyroid bed", "unknown thyroid-bed"),
        ("NaF SUVmax", "unknown not-recorded"),
        ("PSMA-1007 SUVmax", "unknown not-recorded"),
        ("FDG SUV", "unknown unmapped-code"),
    ] {
        let mut pet = lesion("pet", 6.1, "2026-10-05");
        pet["code"]["text"] = json!(name);
        assert_eq!(
            Chart::basic().with(pet).state("fdgUptake"),
            expected,
            "{name}"
        );
    }
}

#[test]
fn the_age_of_a_pet_counts_days() {
    for (date, state, caveat) in [
        ("2026-11-20", "absent", false),
        ("2026-08-22", "absent", false),
        ("2026-08-21", "absent", true),
        ("2026-05-24", "absent", true),
        ("2026-05-23", "unknown stale", false),
        ("2026-05", "unknown order-not-known", true),
        ("2026", "unknown order-not-known", true),
        ("2026-11-21", "unknown not-recorded", false),
        ("2021-01-01", "unknown not-recorded", false),
    ] {
        let assessment = Chart::basic()
            .with(reading("pet", "260385009", date))
            .assess();
        assert_eq!(
            crate::support::state(&assessment, "fdgUptake"),
            state,
            "{date}"
        );
        let caveats = &assessment["predictors"]["fdgUptake"]["caveats"];
        assert_eq!(
            has_code(caveats, "pet-older-than-90-days"),
            caveat,
            "{date}"
        );
    }
}

#[test]
fn recurrence_window() {
    let chart = || {
        Chart::basic()
            .without("lung")
            .with(condition("lung", SNOMED, "94391008", "2020-12-01"))
    };
    for (record, expected) in [
        (condition("r", SNOMED, "314953008", "2022-01-01"), "present"),
        (
            condition("r", SNOMED, "314953008", "2021-02-05"),
            "unknown not-recorded",
        ),
        (
            condition("r", SNOMED, "314953008", "2021"),
            "unknown order-not-known",
        ),
        (
            condition("r", SNOMED, "314953008", "2027-01-01"),
            "unknown not-recorded",
        ),
        (
            condition("r", SNOMED, "1259237005", "2022-01-01"),
            "unknown unmapped-code",
        ),
        (status("r", "255227004", "2022-01-01"), "present"),
        (status("r", "58899004", "2026-01-01"), "absent"),
        (status("r", "58899004", "2025-11-20"), "absent"),
        (
            status("r", "58899004", "2025-11-19"),
            "unknown negative-too-old",
        ),
        (status("r", "58899004", "2025"), "unknown order-not-known"),
        (
            status("r", "58899004", "2021-02-05"),
            "unknown not-recorded",
        ),
        (
            status("r", "271299001", "2026-01-01"),
            "unknown not-recorded",
        ),
    ] {
        assert_eq!(
            chart().with(record.clone()).state("recurrence"),
            expected,
            "{record}"
        );
    }
    // A positive and a later negative: one occurred.
    let both = chart()
        .with(condition("r", SNOMED, "314953008", "2022-01-01"))
        .with(status("n", "58899004", "2026-01-01"));
    assert_eq!(both.state("recurrence"), "present");
    // A metastasis after the statement of no disease.
    let later = chart()
        .with(status("n", "58899004", "2026-01-01"))
        .with(condition("bone", SNOMED, "94222008", "2026-02-01"));
    assert_eq!(
        later.state("recurrence"),
        "unknown metastasis-after-negative"
    );
}

#[test]
fn sites() {
    let icd = "http://hl7.org/fhir/sid/icd-10-cm";
    let chart = |codes: &[(&str, &str)]| {
        let mut chart = Chart::basic().without("lung");
        for (i, (system, code)) in codes.iter().enumerate() {
            chart = chart.with(condition(&format!("m{i}"), system, code, "2022-01-01"));
        }
        chart
    };
    for (codes, expected) in [
        (
            vec![(icd, "C77.0"), (icd, "C77.1"), (icd, "c778")],
            "absent",
        ),
        (vec![(icd, "C78.01"), (icd, "C7802")], "absent"),
        (vec![(icd, "C78.01"), (icd, "C78.2")], "present"),
        (vec![(icd, "C79.51"), (icd, "C79.52")], "present"),
        (
            vec![(icd, "C78.1"), (icd, "C77.1")],
            "unknown mediastinum-or-node",
        ),
        (
            vec![(icd, "C78.1"), (icd, "C77.1"), (icd, "C78.7")],
            "present",
        ),
        (vec![(icd, "C79.9")], "unknown site-not-recorded"),
        (
            vec![(icd, "C79.9"), (icd, "C78.00")],
            "unknown site-not-recorded",
        ),
        (
            vec![(icd, "C79.9"), (icd, "C78.00"), (icd, "C77.0")],
            "present",
        ),
        (vec![(SNOMED, "94370000"), (SNOMED, "94641004")], "absent"),
        (vec![(icd, "C78.00"), (icd, "C7B.02")], "absent"),
        (vec![(icd, "C78.00"), (SNOMED, "314996003")], "absent"),
    ] {
        assert_eq!(
            chart(&codes).state("multiSiteMetastasis"),
            expected,
            "{codes:?}"
        );
    }
}

#[test]
fn radioiodine() {
    let administration = |activity: Option<(f64, &str)>| {
        let mut record = json!({
            "resourceType": "MedicationAdministration", "id": "rai", "status": "completed", "subject": { "reference": "Patient/p-1" },
            "medicationCodeableConcept": { "coding": [{ "system": SNOMED, "code": "111160004" }] }, "effectiveDateTime": "2022-06-01",
        });
        if let Some((value, unit)) = activity {
            record["dosage"] = json!({ "dose": { "value": value, "unit": unit } });
        }
        record
    };
    for (record, given, uncertain) in [
        (administration(Some((3.7, "GBq"))), true, false),
        (administration(Some((100.0, "mCi"))), true, false),
        (administration(Some((5.0, "mCi"))), false, false),
        (administration(Some((0.7, "GBq"))), false, true),
        (administration(Some((3.7, "bananas"))), false, true),
        (administration(None), false, true),
        (
            procedure("rai", SNOMED, "228698009", "2022-06-01"),
            true,
            false,
        ),
        (
            procedure("rai", SNOMED, "431588009", "2022-06-01"),
            false,
            false,
        ),
        (
            procedure(
                "rai",
                "http://www.ama-assn.org/go/cpt",
                "79005",
                "2022-06-01",
            ),
            true,
            false,
        ),
        (
            procedure(
                "rai",
                "http://www.ama-assn.org/go/cpt",
                "79005",
                "2020-06-01",
            ),
            false,
            false,
        ),
        (
            procedure(
                "rai",
                "http://www.cms.gov/Medicare/Coding/ICD10",
                "CW7GGZZ",
                "2019-01-01",
            ),
            false,
            false,
        ),
        (
            procedure(
                "rai",
                "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
                "A9528",
                "2022-06-01",
            ),
            false,
            false,
        ),
    ] {
        let assessment = Chart::basic().with(record.clone()).assess();
        let applicability = &assessment["applicability"];
        assert_eq!(
            has_code(&applicability["reasons"], "radioiodine-already-given"),
            given,
            "{record}: {applicability}"
        );
        assert_eq!(
            has_code(&applicability["caveats"], "radioiodine-uncertain"),
            uncertain,
            "{record}: {applicability}"
        );
    }
}

#[test]
fn age() {
    for (birth, onset, expected) in [
        ("1973-01-05", "2021-01-05", "present"),
        ("1973-01-06", "2021-01-05", "absent"),
        ("1973", "2021", "unknown age-on-the-boundary"),
        ("1972", "2021", "present"),
        ("1974", "2021", "absent"),
        ("2022", "2021", "conflicting onset-before-birth"),
        ("1880", "2021", "conflicting age-implausible"),
    ] {
        let mut chart =
            Chart::basic()
                .without("dtc")
                .with(condition("dtc", SNOMED, "255029007", onset));
        chart.patient["birthDate"] = json!(birth);
        assert_eq!(chart.state("ageAtDiagnosis"), expected, "{birth} {onset}");
    }
    let mut chart = Chart::basic();
    chart.patient.as_object_mut().unwrap().remove("birthDate");
    assert_eq!(chart.state("ageAtDiagnosis"), "unknown no-birth-date");
    for (value, unit, comparator, expected) in [
        (48.0, "a", None, "present"),
        (47.9, "a", None, "absent"),
        (575.0, "mo", None, "absent"),
        (576.0, "mo", None, "present"),
        (48.0, "a", Some("<"), "absent"),
        (40.0, "a", Some(">"), "unknown age-on-the-boundary"),
    ] {
        let mut dtc = condition("dtc", SNOMED, "255029007", "2021");
        dtc.as_object_mut().unwrap().remove("onsetDateTime");
        dtc["onsetAge"] =
            json!({ "value": value, "code": unit, "system": "http://unitsofmeasure.org" });
        if let Some(comparator) = comparator {
            dtc["onsetAge"]["comparator"] = json!(comparator);
        }
        let mut chart = Chart::basic().without("dtc").with(dtc);
        chart.patient.as_object_mut().unwrap().remove("birthDate");
        assert_eq!(
            chart.state("ageAtDiagnosis"),
            expected,
            "{value} {unit} {comparator:?}"
        );
    }
}

#[test]
fn a_record_sent_twice_counts_as_it_was_last_updated() {
    let version = |status: &str, updated: Option<&str>| {
        let mut pet = lesion("pet", 6.1, "2026-10-05");
        pet["status"] = json!(status);
        if let Some(updated) = updated {
            pet["meta"] = json!({ "lastUpdated": updated });
        }
        pet
    };
    let old = version("final", Some("2026-10-06T10:00:00Z"));
    let new = version("entered-in-error", Some("2026-10-06T12:30:00+02:00"));
    for chart in [
        Chart::basic().with(old.clone()).with(new.clone()),
        Chart::basic().with(new).with(old),
    ] {
        assert_eq!(chart.state("fdgUptake"), "unknown not-recorded");
    }
}

#[test]
fn a_local_recurrence_setting_acts_only_on_silence() {
    let mut settings = settings();
    settings.advice.rules.undocumented_recurrence_is_absent = true;
    let assess = |chart: Chart| {
        let bytes = rrdtc::server::answer::handle(
            chart.call().to_string().as_bytes(),
            "rr-dtc-patient-view",
            &KNOWLEDGE,
            &settings.advice,
            clock().now(),
        )
        .unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()["extension"]["org.rrdtc.assessment"]
            .clone()
    };
    let silent = assess(Chart::basic());
    assert_eq!(crate::support::state(&silent, "recurrence"), "absent");
    assert!(has_code(
        &silent["predictors"]["recurrence"]["caveats"],
        "recurrence-assumed-absent"
    ));
    let hint = assess(Chart::basic().with(status("s", "271299001", "2026-01-01")));
    assert_eq!(
        crate::support::state(&hint, "recurrence"),
        "unknown not-recorded"
    );
    let no_operation = assess(Chart::basic().without("op"));
    assert_eq!(
        crate::support::state(&no_operation, "recurrence"),
        "unknown operation-not-recorded"
    );
}

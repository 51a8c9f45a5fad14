//! Hooks with draft orders: when the service speaks, which drafts count, and what a malformed one costs. And that a hook is a
//! file.

use crate::support::*;
use rrdtc::cds_hooks::display::DisplayReason;
use rrdtc::cds_hooks::request::parse;
use rrdtc::cds_hooks::response::{InResponse, assessment};
use rrdtc::cds_hooks::service::Service;
use rrdtc::chart::input::{Prefetched, from_prefetch};
use rrdtc::domain::assessment::assess;
use rrdtc::server::answer;
use secrecy::ExposeSecret;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

const ATC: &str = "http://www.whocc.no/atc";
const HCPCS: &str = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets";
const LOCAL: &str = "https://hospital.example.org/orders";

fn code(system: &str, code: &str) -> Value {
    json!({ "coding": [{ "system": system, "code": code }] })
}

fn service_request(id: &str, code: Value) -> Value {
    json!({
        "resourceType": "ServiceRequest", "id": id, "status": "draft", "intent": "order",
        "subject": { "reference": "Patient/p-1" }, "code": code,
    })
}

fn medication_request(id: &str, member: &str, medication: Value) -> Value {
    json!({
        "resourceType": "MedicationRequest", "id": id, "status": "draft", "intent": "order",
        "subject": { "reference": "Patient/p-1" }, member: medication,
    })
}

fn radioiodine(id: &str) -> Value {
    service_request(id, code(SNOMED, "228698009"))
}

fn scan(id: &str) -> Value {
    service_request(id, code(HCPCS, "A9528"))
}

fn with_dose(mut order: Value, value: f64, unit: &str) -> Value {
    order["dosageInstruction"] =
        json!([{ "doseAndRate": [{ "doseQuantity": { "value": value, "unit": unit } }] }]);
    order
}

fn with(mut order: Value, member: &str, value: Value) -> Value {
    order[member] = value;
    order
}

fn bundle(resources: &[Value]) -> Value {
    let entries: Vec<Value> = resources.iter().map(|r| json!({ "resource": r })).collect();
    json!({ "resourceType": "Bundle", "type": "collection", "entry": entries })
}

fn sign(chart: &Chart, drafts: Value) -> Value {
    let mut call = chart.call();
    call["hook"] = json!("order-sign");
    call["context"]["draftOrders"] = drafts;
    call
}

fn select(chart: &Chart, drafts: Value, selections: Value) -> Value {
    let mut call = sign(chart, drafts);
    call["hook"] = json!("order-select");
    call["context"]["selections"] = selections;
    call
}

fn ask(call: &Value) -> Result<Value, rrdtc::server::Problem> {
    let id = format!("rr-dtc-{}", call["hook"].as_str().unwrap());
    answer::handle(
        call.to_string().as_bytes(),
        &id,
        &KNOWLEDGE,
        &settings().advice,
        clock().now(),
    )
    .map(|bytes| serde_json::from_slice(&bytes).unwrap())
}

/// The display reason, after a look at whether the cards agree with it.
fn display(call: &Value) -> String {
    let answer = ask(call).unwrap_or_else(|problem| panic!("{problem:?}: {call}"));
    let display = &answer["extension"]["org.rrdtc.assessment"]["display"];
    let reason = display["reason"].as_str().unwrap();
    let cards = answer["cards"].as_array().unwrap().len();
    assert_eq!(cards, usize::from(reason == "shown"), "{display}");
    assert_eq!(display["shown"], reason == "shown");
    reason.to_owned()
}

fn signed(drafts: &[Value]) -> String {
    display(&sign(&Chart::basic(), bundle(drafts)))
}

#[test]
fn every_form_of_a_radioiodine_order_gets_the_card() {
    let capsule =
        json!({ "resourceType": "Medication", "id": "capsule", "code": code(ATC, "V10XA01") });
    let iodide = json!({
        "resourceType": "Medication", "id": "capsule",
        "ingredient": [{ "itemCodeableConcept": code(SNOMED, "111160004") }],
    });
    let by_reference = |reference: &str| {
        medication_request(
            "m",
            "medicationReference",
            json!({ "reference": reference }),
        )
    };
    let agent = || medication_request("m", "medicationCodeableConcept", code(SNOMED, "111160004"));
    let cancer = json!([code(SNOMED, "255029007")]);
    let url = "urn:uuid:0c5e1f5e-6a55-4d3e-9d3b-4a2b2a1f0001";
    let full = "https://ehr.example.org/fhir/Medication/capsule";
    let entry = |full_url: &str, resource: &Value| {
        json!({ "resourceType": "Bundle", "entry": [
        { "resource": by_reference(full_url) },
        { "fullUrl": full_url, "resource": resource },
    ] })
    };
    let anonymous = json!({ "resourceType": "Medication", "code": code(HCPCS, "A9517") });
    let cases = [
        ("ServiceRequest", bundle(&[radioiodine("s")])),
        (
            "MedicationRequest with a code",
            bundle(&[medication_request(
                "m",
                "medicationCodeableConcept",
                code(ATC, "V10XA01"),
            )]),
        ),
        (
            "contained Medication",
            bundle(&[with(
                by_reference("#capsule"),
                "contained",
                json!([capsule]),
            )]),
        ),
        (
            "Medication of the Bundle, relative, after the order",
            bundle(&[by_reference("Medication/capsule"), capsule.clone()]),
        ),
        (
            "Medication of the Bundle, absolute reference, relative entry",
            bundle(&[by_reference(full), capsule.clone()]),
        ),
        (
            "Medication of the Bundle by fullUrl",
            entry(full, &anonymous),
        ),
        (
            "Medication of the Bundle by urn:uuid",
            entry(url, &anonymous),
        ),
        (
            "ingredient with the activity of a treatment",
            bundle(&[
                with_dose(by_reference("Medication/capsule"), 3.7, "GBq"),
                iodide.clone(),
            ]),
        ),
        (
            "agent with an activity in mCi",
            bundle(&[with_dose(agent(), 100.0, "mCi")]),
        ),
        (
            "agent for thyroid cancer by code, one capsule",
            bundle(&[with_dose(
                with(agent(), "reasonCode", cancer.clone()),
                1.0,
                "capsule",
            )]),
        ),
        (
            "agent for thyroid cancer by reference",
            bundle(&[with(
                agent(),
                "reasonReference",
                json!([{ "reference": "Condition/dtc" }]),
            )]),
        ),
        (
            "dose where STU3 has it",
            bundle(&[with(
                agent(),
                "dosageInstruction",
                json!([{ "doseQuantity": { "value": 3700, "code": "MBq" } }]),
            )]),
        ),
        (
            "generic radionuclide therapy after the operation",
            bundle(&[service_request(
                "s",
                code("http://www.ama-assn.org/go/cpt", "79005"),
            )]),
        ),
        (
            "R5 ServiceRequest",
            bundle(&[service_request(
                "s",
                json!({ "concept": code(SNOMED, "228698009") }),
            )]),
        ),
        (
            "R5 MedicationRequest with a concept",
            bundle(&[medication_request(
                "m",
                "medication",
                json!({ "concept": code(ATC, "V10XA01") }),
            )]),
        ),
        (
            "R5 MedicationRequest with a reference",
            bundle(&[
                medication_request(
                    "m",
                    "medication",
                    json!({ "reference": { "reference": "Medication/capsule" } }),
                ),
                capsule.clone(),
            ]),
        ),
        (
            "beside other orders",
            bundle(&[
                scan("a"),
                radioiodine("s"),
                service_request("b", code(LOCAL, "radioiodine")),
            ]),
        ),
        (
            "signed again",
            bundle(&[with(radioiodine("s"), "status", json!("active"))]),
        ),
    ];
    for (name, drafts) in cases {
        assert_eq!(display(&sign(&Chart::basic(), drafts)), "shown", "{name}");
    }
}

#[test]
fn orders_of_anything_else_get_no_card() {
    let text =
        |text: &str| medication_request("m", "medicationCodeableConcept", json!({ "text": text }));
    let agent = || medication_request("m", "medicationCodeableConcept", code(SNOMED, "1368003"));
    let foreign = json!({ "reference": "Patient/somebody-else" });
    for (name, order) in [
        ("diagnostic", scan("s")),
        (
            "diagnostic iodide",
            medication_request("m", "medicationCodeableConcept", code(ATC, "V09FX03")),
        ),
        (
            "therapy code with the activity of a scan",
            with_dose(
                medication_request("m", "medicationCodeableConcept", code(ATC, "V10XA01")),
                185.0,
                "MBq",
            ),
        ),
        (
            "agent with the activity of a scan",
            with_dose(agent(), 4.0, "mCi"),
        ),
        (
            "for hyperthyroidism",
            service_request("s", code(SNOMED, "64978007")),
        ),
        (
            "MIBG by code",
            medication_request(
                "m",
                "medicationCodeableConcept",
                json!({ "coding": [{ "system": ATC, "code": "V10XA02", "display": "iobenguane (131I)" }] }),
            ),
        ),
        ("MIBG by name", text("I-131 MIBG therapy")),
        ("something else", text("levothyroxine 100 ug")),
        (
            "somebody else's",
            with(radioiodine("s"), "subject", foreign.clone()),
        ),
        (
            "somebody else's, DSTU2",
            with(
                with(radioiodine("s"), "subject", Value::Null),
                "patient",
                foreign,
            ),
        ),
        (
            "not to be done",
            with(radioiodine("s"), "doNotPerform", json!(true)),
        ),
        (
            "revoked",
            with(radioiodine("s"), "status", json!("revoked")),
        ),
        (
            "no order at all",
            with(radioiodine("s"), "resourceType", json!("Procedure")),
        ),
    ] {
        assert_eq!(signed(&[order]), "no-radioiodine-order", "{name}");
    }
    assert_eq!(signed(&[]), "no-radioiodine-order");
}

#[test]
fn an_order_that_may_be_radioiodine_but_does_not_say_so_by_code_is_unmapped() {
    let local = |text: Value| service_request("s", text);
    let agent = medication_request("m", "medicationCodeableConcept", code(SNOMED, "111160004"));
    let modifier = json!([{ "url": "https://hospital.example.org/negated", "valueBoolean": true }]);
    for (name, order) in [
        ("text", local(json!({ "text": "Radioiodine therapy" }))),
        (
            "display",
            local(
                json!({ "coding": [{ "system": LOCAL, "code": "17", "display": "Radiojodtherapie" }] }),
            ),
        ),
        (
            "medication text",
            medication_request(
                "m",
                "medicationCodeableConcept",
                json!({ "text": "sodium iodide I-131 capsule" }),
            ),
        ),
        (
            "display of the reference",
            medication_request(
                "m",
                "medicationReference",
                json!({ "reference": "Medication/elsewhere", "display": "Iodine-131" }),
            ),
        ),
        (
            "name of the contained Medication",
            with(
                medication_request("m", "medicationReference", json!({ "reference": "#c" })),
                "contained",
                json!([{ "resourceType": "Medication", "id": "c", "code": { "text": "Iodine-131 3.7 GBq" } }]),
            ),
        ),
        ("agent without activity and reason", agent),
        (
            "modifierExtension",
            with(radioiodine("s"), "modifierExtension", modifier),
        ),
        (
            "no type",
            with(radioiodine("s"), "resourceType", Value::Null),
        ),
    ] {
        assert_eq!(
            signed(std::slice::from_ref(&order)),
            "unmapped-order",
            "{name}"
        );
        assert_eq!(
            signed(&[scan("a"), order.clone()]),
            "unmapped-order",
            "{name} beside a scan"
        );
        assert_eq!(
            signed(&[order, radioiodine("b")]),
            "shown",
            "{name} beside a certain one"
        );
    }
    // A generic code is radioiodine only where an operation came before.
    let generic = service_request("s", code("http://www.ama-assn.org/go/cpt", "79005"));
    let chart = Chart::basic().without("op");
    assert_eq!(display(&sign(&chart, bundle(&[generic]))), "unmapped-order");
}

#[test]
fn a_model_that_does_not_apply_is_the_reason_whatever_is_ordered() {
    let chart = Chart::basic().without("dtc").without("lung");
    for drafts in [
        vec![radioiodine("s")],
        vec![scan("s")],
        vec![service_request(
            "s",
            json!({ "text": "radioiodine for Graves" }),
        )],
    ] {
        assert_eq!(display(&sign(&chart, bundle(&drafts))), "not-applicable");
    }
}

#[test]
fn without_a_card_the_whole_assessment_is_there() {
    let chart = Chart::basic().with(lesion("pet", 6.1, "2026-10-05"));
    let with_card = chart.assess();
    let without = ask(&sign(&chart, bundle(&[scan("s")]))).unwrap();
    let assessment = &without["extension"]["org.rrdtc.assessment"];
    for member in [
        "model",
        "applicability",
        "predictors",
        "score",
        "classification",
        "sources",
    ] {
        assert_eq!(assessment[member], with_card[member], "{member}");
    }
}

#[test]
fn only_selected_orders_count() {
    let drafts = bundle(&[scan("a"), radioiodine("temp-1")]);
    for (selections, expected) in [
        (json!(["ServiceRequest/temp-1"]), "shown"),
        (
            json!(["ServiceRequest/a", "ServiceRequest/temp-1"]),
            "shown",
        ),
        (
            json!(["https://ehr.example.org/fhir/ServiceRequest/temp-1"]),
            "shown",
        ),
        (json!(["ServiceRequest/temp-1/_history/2"]), "shown"),
        (json!(["temp-1"]), "shown"),
        (json!(["ServiceRequest/a"]), "no-radioiodine-order"),
        (json!(["MedicationRequest/temp-1"]), "no-radioiodine-order"),
        (json!(["ServiceRequest/unknown"]), "no-radioiodine-order"),
        (json!([]), "no-radioiodine-order"),
    ] {
        let call = select(&Chart::basic(), drafts.clone(), selections);
        assert_eq!(
            display(&call),
            expected,
            "{}",
            call["context"]["selections"]
        );
    }
    // Temporary orders may have nothing but the fullUrl of their entry.
    let url = "urn:uuid:0c5e1f5e-6a55-4d3e-9d3b-4a2b2a1f0002";
    let mut order = radioiodine("");
    order.as_object_mut().unwrap().remove("id");
    let drafts =
        json!({ "resourceType": "Bundle", "entry": [{ "fullUrl": url, "resource": order }] });
    let call = select(&Chart::basic(), drafts, json!([url]));
    assert_eq!(display(&call), "shown");
    // A Medication that is not selected still says what the selected order is for.
    let drafts = bundle(&[
        medication_request(
            "m",
            "medicationReference",
            json!({ "reference": "Medication/capsule" }),
        ),
        json!({ "resourceType": "Medication", "id": "capsule", "code": code(ATC, "V10XA01") }),
    ]);
    let call = select(&Chart::basic(), drafts, json!(["MedicationRequest/m"]));
    assert_eq!(display(&call), "shown");
}

#[test]
fn the_subject_may_be_written_in_every_way_that_means_the_patient() {
    let url = "urn:uuid:0c5e1f5e-6a55-4d3e-9d3b-4a2b2a1f0003";
    for reference in [
        "Patient/p-1",
        "https://ehr.example.org/fhir/Patient/p-1",
        "Patient/p-1/_history/3",
        url,
    ] {
        let order = with(
            radioiodine("s"),
            "subject",
            json!({ "reference": reference }),
        );
        let mut call = sign(&Chart::basic(), bundle(&[order]));
        let patient = call["prefetch"]["patient"].clone();
        call["prefetch"]["patient"] =
            json!({ "resourceType": "Bundle", "entry": [{ "fullUrl": url, "resource": patient }] });
        assert_eq!(display(&call), "shown", "{reference}");
    }
    let order = with(radioiodine("s"), "subject", json!({ "reference": url }));
    assert_eq!(
        signed(&[order]),
        "no-radioiodine-order",
        "an unknown fullUrl"
    );
}

#[test]
fn a_malformed_draft_costs_only_itself() {
    let no_intent = {
        let mut order = medication_request("m", "medicationCodeableConcept", Value::Null);
        order.as_object_mut().unwrap().remove("intent");
        order
    };
    let category = with(
        no_intent.clone(),
        "category",
        json!({ "text": "outpatient" }),
    );
    for (name, draft) in [
        ("no intent, no medication", no_intent),
        ("category as object", category),
        (
            "empty coding",
            service_request("s", json!({ "coding": [{}] })),
        ),
        ("code as text", service_request("s", json!("radio"))),
        (
            "coding as object",
            service_request("s", json!({ "coding": { "code": 17 } })),
        ),
        (
            "MedicationOrder of DSTU2",
            json!({
                "resourceType": "MedicationOrder", "id": "o", "patient": { "reference": "Patient/p-1" },
                "medicationCodeableConcept": { "text": "aspirin" }, "dosageInstruction": [{ "doseQuantity": { "value": 1, "unit": "{tablet}" } }],
            }),
        ),
        (
            "wrong types everywhere",
            json!({
                "resourceType": "ServiceRequest", "id": 5, "status": [], "subject": [[]], "code": [[[]]],
                "contained": 1, "reasonCode": "x", "reasonReference": [1], "dosageInstruction": [null],
            }),
        ),
        ("no members", json!({})),
        ("a number", json!(5)),
        ("null", Value::Null),
        ("nested", json!({ "resourceType": "Bundle", "entry": [] })),
    ] {
        assert_eq!(
            signed(std::slice::from_ref(&draft)),
            "no-radioiodine-order",
            "{name}"
        );
        assert_eq!(
            signed(&[draft.clone(), radioiodine("s")]),
            "shown",
            "{name}"
        );
        let call = select(
            &Chart::basic(),
            bundle(&[draft, radioiodine("s")]),
            json!(["ServiceRequest/s"]),
        );
        assert_eq!(display(&call), "shown", "{name}, selected");
    }
    let order = radioiodine("s");
    for (name, drafts, expected) in [
        (
            "no Bundle.type",
            json!({ "resourceType": "Bundle", "entry": [{ "resource": order }] }),
            "shown",
        ),
        (
            "no resourceType",
            json!({ "entry": [{ "resource": order }] }),
            "shown",
        ),
        (
            "entry as object",
            json!({ "entry": { "resource": order } }),
            "shown",
        ),
        (
            "entries of other shapes",
            json!({ "entry": [null, 1, {}, { "resource": order, "fullUrl": 1 }] }),
            "shown",
        ),
        (
            "coding as object",
            bundle(&[service_request(
                "s",
                json!({ "coding": { "system": SNOMED, "code": "228698009" } }),
            )]),
            "shown",
        ),
        (
            "category as object",
            bundle(&[with(radioiodine("s"), "category", json!({}))]),
            "shown",
        ),
        (
            "no subject",
            bundle(&[with(radioiodine("s"), "subject", Value::Null)]),
            "shown",
        ),
        (
            "MedicationOrder of DSTU2",
            bundle(&[with(
                medication_request("m", "medicationCodeableConcept", code(ATC, "V10XA01")),
                "resourceType",
                json!("MedicationOrder"),
            )]),
            "shown",
        ),
        (
            "no entry",
            json!({ "resourceType": "Bundle" }),
            "no-radioiodine-order",
        ),
        (
            "entry as text",
            json!({ "entry": "none" }),
            "no-radioiodine-order",
        ),
    ] {
        assert_eq!(display(&sign(&Chart::basic(), drafts)), expected, "{name}");
    }
}

#[test]
fn what_the_hook_requires_is_asked_for_by_its_path() {
    let good = select(
        &Chart::basic(),
        bundle(&[radioiodine("s")]),
        json!(["ServiceRequest/s"]),
    );
    assert_eq!(display(&good), "shown");
    for (path, value) in [
        ("draftOrders", None),
        ("draftOrders", Some(json!([]))),
        ("draftOrders", Some(json!("none"))),
        ("selections", None),
        ("selections", Some(json!("ServiceRequest/s"))),
        ("selections", Some(json!([1]))),
        ("userId", None),
    ] {
        let mut call = good.clone();
        let context = call["context"].as_object_mut().unwrap();
        match &value {
            Some(value) => drop(context.insert(path.into(), value.clone())),
            None => drop(context.remove(path)),
        }
        let problem = ask(&call).unwrap_err();
        assert_eq!(problem.status.as_u16(), 400, "{path} {value:?}");
        let text = format!("{problem:?}");
        assert!(text.contains(&format!("\"context.{path}\"")), "{text}");
    }
    // order-sign has no selections.
    assert_eq!(signed(&[radioiodine("s")]), "shown");
}

#[test]
fn an_order_is_never_a_treatment_that_was_given() {
    let chart = Chart::basic();
    let alone = chart.assess();
    let order = radioiodine("s");
    let mut call = sign(&chart, bundle(std::slice::from_ref(&order)));
    let answer = ask(&call).unwrap();
    let assessment = &answer["extension"]["org.rrdtc.assessment"];
    assert_eq!(answer["cards"].as_array().unwrap().len(), 1);
    assert_eq!(assessment["resultId"], alone["resultId"]);

    // The same order among the records of the chart.
    call["prefetch"]["procedures"]["entry"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "resource": order }));
    let answer = ask(&call).unwrap();
    let assessment = &answer["extension"]["org.rrdtc.assessment"];
    assert_eq!(answer["cards"].as_array().unwrap().len(), 1);
    assert_eq!(assessment["applicability"]["status"], "applicable");
    assert!(has_code(
        &assessment["applicability"]["setAside"],
        "not-given"
    ));

    // And a treatment that was given ends it, though one is ordered.
    let treated = Chart::basic().with(procedure("rai", SNOMED, "228698009", "2022-06-01"));
    let answer = ask(&sign(&treated, bundle(&[radioiodine("s")]))).unwrap();
    assert_eq!(answer["cards"], json!([]));
    assert!(has_code(
        &answer["extension"]["org.rrdtc.assessment"]["applicability"]["reasons"],
        "radioiodine-already-given"
    ));
}

#[test]
fn many_orders_of_one_medication_are_answered() {
    let mut drafts: Vec<Value> = (0..5_000)
        .map(|i| {
            medication_request(
                &format!("m{i}"),
                "medicationReference",
                json!({ "reference": "Medication/big" }),
            )
        })
        .collect();
    let ingredients: Vec<Value> = (0..5_000)
        .map(|i| json!({ "itemCodeableConcept": code(LOCAL, &i.to_string()) }))
        .collect();
    drafts.push(json!({ "resourceType": "Medication", "id": "big", "ingredient": ingredients }));
    // Read once per order these would be 25 million ingredients.
    assert_eq!(signed(&drafts), "no-radioiodine-order");
}

#[test]
fn the_ready_requests_show_what_their_names_say() {
    for (name, expected) in [
        ("order-sign-radioiodine", "shown"),
        ("order-sign-unmapped", "unmapped-order"),
        ("order-select-radioiodine", "shown"),
        ("order-select-another-selected", "no-radioiodine-order"),
    ] {
        let path = format!("fixtures/requests/{name}.200.json");
        let call: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(display(&call), expected, "{name}");
    }
}

fn service(hook: &str) -> Service {
    KNOWLEDGE
        .services
        .iter()
        .find(|service| service.hook == hook)
        .unwrap()
        .clone()
}

#[test]
fn the_request_carries_the_fhir_server_and_its_authorization() {
    let mut call = Chart::basic().call();
    call["context"]["encounterId"] = json!("e-1");
    call["fhirServer"] = json!("https://ehr.example.org/fhir");
    call["fhirAuthorization"] = json!({
        "access_token": "secret-token", "token_type": "bearer", "expires_in": 300,
        "scope": "user/Patient.rs", "subject": "rrdtc", "patient": "p-1",
    });
    let service = service("patient-view");
    let body = call.to_string();
    let request = parse(body.as_bytes(), &service, |walk| walk.skip()).unwrap();
    assert_eq!(request.user_id.as_deref(), Some("Practitioner/example"));
    assert_eq!(request.encounter_id.as_deref(), Some("e-1"));
    assert_eq!(
        request.fhir_server.as_deref(),
        Some("https://ehr.example.org/fhir")
    );
    assert!(request.orders.is_none());
    let authorization = request.fhir_authorization.as_ref().unwrap();
    assert_eq!(authorization.access_token.expose_secret(), "secret-token");
    assert_eq!(authorization.expires_in, 300);
    assert_eq!(authorization.scope, "user/Patient.rs");
    assert_eq!(authorization.subject, "rrdtc");
    assert_eq!(authorization.patient.as_deref(), Some("p-1"));
    assert!(!format!("{request:?}").contains("secret-token"));

    for (member, values) in [
        ("access_token", vec![Value::Null, json!(""), json!(1)]),
        ("token_type", vec![Value::Null, json!("mac"), json!(1)]),
        (
            "expires_in",
            vec![Value::Null, json!("300"), json!(-1), json!(0.5)],
        ),
        ("scope", vec![Value::Null, json!([])]),
        ("subject", vec![Value::Null, json!("")]),
        ("patient", vec![json!(1)]),
    ] {
        for value in values {
            let mut call = call.clone();
            call["fhirAuthorization"][member] = value.clone();
            let error =
                parse(call.to_string().as_bytes(), &service, |walk| walk.skip()).unwrap_err();
            let path = format!("fhirAuthorization.{member}");
            assert_eq!(error.path.as_deref(), Some(path.as_str()), "{value}");
            assert!(!error.problem.contains("secret-token"));
        }
    }
    let mut without = call.clone();
    without["fhirAuthorization"]
        .as_object_mut()
        .unwrap()
        .remove("patient");
    let body = without.to_string();
    let request = parse(body.as_bytes(), &service, |walk| walk.skip()).unwrap();
    assert_eq!(request.fhir_authorization.unwrap().patient, None);
}

#[test]
fn shadow_mode_says_which_result_it_was_and_nothing_of_it() {
    let chart = Chart::basic();
    let prefetch = chart.prefetch();
    let service = service("patient-view");
    let raw: Vec<_> = service
        .prefetch
        .iter()
        .map(|(key, template)| (key, template, to_raw_value(&prefetch[key]).unwrap()))
        .collect();
    let keys: Vec<Prefetched<'_>> = raw
        .iter()
        .map(|(key, template, json)| {
            let resource_type = rrdtc::cds_hooks::service::resource_type(template);
            Prefetched::new(key, resource_type, Some(rrdtc::fhir::bundle::split(json)))
        })
        .collect();
    let read = rrdtc::chart::read(
        from_prefetch("p-1", keys, rrdtc::chart::Release::R4).unwrap(),
        &KNOWLEDGE.terminology,
    )
    .unwrap();
    let result = assess(
        read.facts,
        &KNOWLEDGE.model,
        settings().advice.rules,
        "2026-11-20".parse().unwrap(),
    );
    for reason in DisplayReason::ALL {
        let json = assessment(&result, &KNOWLEDGE.model, AS_OF, reason);
        let answer = serde_json::to_value(InResponse(json)).unwrap();
        assert_eq!(answer["display"]["reason"], reason.as_str());
        assert_eq!(answer["display"]["shown"], reason == DisplayReason::Shown);
        let members: Vec<&String> = answer.as_object().unwrap().keys().collect();
        if reason == DisplayReason::Shadow {
            assert_eq!(members, ["resultId", "model", "software", "display"]);
        } else {
            assert_eq!(answer["score"], chart.assess()["score"]);
        }
    }
}

/// The binary at work; it ends with the test, however that ends.
struct Serving {
    child: Child,
    address: String,
    /// Kept: a program whose output nobody reads any more may end.
    _output: BufReader<ChildStdout>,
}

impl Serving {
    /// With the services of one folder.
    fn start(services: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rrdtc"))
            .args(["serve", "--open", "--port", "0", "--as-of", AS_OF])
            .env("RRDTC_SERVICES_FOLDER", services)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        output.read_line(&mut first).unwrap();
        let address = first.trim().trim_start_matches("listening on ").to_owned();
        Self {
            child,
            address,
            _output: output,
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_hook_is_a_file() {
    let call = std::fs::read_to_string("fixtures/requests/fdg-only.200.json").unwrap();
    for (hook, context) in [
        (
            "encounter-start",
            json!({ "userId": "Practitioner/1", "patientId": "textbook-fdg-only", "encounterId": "e-1" }),
        ),
        (
            "a-hook-of-tomorrow",
            json!({ "patientId": "textbook-fdg-only" }),
        ),
    ] {
        let mut definition = serde_json::to_value(service("patient-view")).unwrap();
        definition["hook"] = json!(hook);
        definition["id"] = json!("only-one");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("only-one.json"), definition.to_string()).unwrap();
        let serving = Serving::start(folder.path());
        let server = Server {
            url: format!("http://{}", serving.address),
            metrics: None,
        };

        let services = server.get("/cds-services").json()["services"].clone();
        assert_eq!(services.as_array().unwrap().len(), 1);
        assert_eq!(services[0]["hook"], hook);
        let mut call: Value = serde_json::from_str(&call).unwrap();
        call["hook"] = json!(hook);
        call["context"] = context;
        let answer = server.post("/cds-services/only-one", &call);
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(
            answer.json()["cards"].as_array().unwrap().len(),
            1,
            "{hook}"
        );
        if hook == "encounter-start" {
            call["context"]
                .as_object_mut()
                .unwrap()
                .remove("encounterId");
            let answer = server.post("/cds-services/only-one", &call);
            assert_eq!(
                answer.status, 400,
                "the hook requires its encounter: {}",
                answer.body
            );
        }
    }
}

//! What fhirbolt 0.4.0's generic Element does, pinned: `fhir::element` is built on each of these.

use fhirbolt::FhirReleases;
use fhirbolt::element::Element;
use fhirbolt::serde::{DeserializationConfig, DeserializationMode};

type R4 = Element<{ FhirReleases::R4 }>;

fn strict(json: &str) -> Result<String, String> {
    read(json, DeserializationMode::Strict)
}

fn lax(json: &str) -> Result<String, String> {
    read(json, DeserializationMode::Lax)
}

fn read(json: &str, mode: DeserializationMode) -> Result<String, String> {
    let config = DeserializationConfig { mode };
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    fhirbolt::json::from_json_value::<R4>(value, Some(config))
        .map(|element| format!("{element:?}"))
        .map_err(|e| e.to_string())
}

#[test]
fn resource_type_must_come_first() {
    assert!(strict(r#"{"status":"final","resourceType":"Observation"}"#).is_err());
    assert!(strict(r#"{"resourceType":"Observation","contained":[{"id":"a","resourceType":"Observation"}]}"#).is_err());
    assert!(strict(r#"{"resourceType":"Observation","status":"final"}"#).is_ok());
}

#[test]
fn unknown_members_are_refused_when_strict_and_scalars_even_when_lax() {
    assert!(strict(r#"{"resourceType":"Observation","foo":"x"}"#).is_err());
    assert!(lax(r#"{"resourceType":"Observation","foo":"x"}"#).is_ok());
    assert!(lax(r#"{"resourceType":"Observation","foo":1}"#).is_err());
    assert!(lax(r#"{"resourceType":"Observation","code":null}"#).is_err());
}

#[test]
fn integers_beyond_32_bits_wrap_silently() {
    let element = strict(r#"{"resourceType":"Observation","valueInteger":99999999999}"#).unwrap();
    assert!(element.contains("Integer(1215752191)"), "{element}");
}

#[test]
fn decimals_keep_their_digits() {
    let element =
        strict(r#"{"resourceType":"Observation","valueQuantity":{"value":1.50}}"#).unwrap();
    assert!(element.contains(r#"Decimal("1.50")"#), "{element}");
    assert!(strict(r#"{"resourceType":"Observation","valueQuantity":{"value":1e400}}"#).is_ok());
}

#[test]
fn two_values_of_one_choice_are_both_kept() {
    let element =
        strict(r#"{"resourceType":"Observation","valueString":"a","valueInteger":1}"#).unwrap();
    assert!(
        element.contains("valueString") && element.contains("valueInteger"),
        "{element}"
    );
}

#[test]
fn an_object_where_an_array_is_due_becomes_an_array_and_empty_arrays_pass() {
    let element = strict(r#"{"resourceType":"Observation","category":{"text":"x"}}"#).unwrap();
    assert!(element.contains("category: ["), "{element}");
    assert!(strict(r#"{"resourceType":"Observation","category":[]}"#).is_ok());
}

#[test]
fn extensions_of_a_primitive_are_merged_into_it() {
    let json = r#"{"resourceType":"Observation","status":"final","_status":{"extension":[{"url":"u","valueCode":"c"}]}}"#;
    let element = strict(json).unwrap();
    assert!(
        element.contains(r#"value: String("final"), extension"#),
        "{element}"
    );
}

#[test]
fn codes_dates_and_cardinalities_are_not_checked() {
    assert!(
        strict(
            r#"{"resourceType":"Observation","status":"nonsense","effectiveDateTime":"yesterday"}"#
        )
        .is_ok()
    );
    assert!(strict(r#"{"resourceType":"Observation","status":["final"]}"#).is_ok());
}

//! FHIR R5 in the shape of R4, which is what the one mapping in `chart` reads.
//!
//! Compared member by member with the definitions of 4.0.1, 4.3.0 and 5.0.0 (those that fhirbolt carries). **R4B** differs
//! from R4 in nothing that is read. **R5** differs in these; everything else that is read is the same, nested too:
//!
//! | resource | R5 | read as |
//! |---|---|---|
//! | Procedure | `occurrence[x]` | `performed[x]`; the new `occurrenceTiming` is no date |
//! | Procedure, MedicationAdministration, MedicationStatement | `reason`, CodeableReference | `reasonCode`, `reasonReference` |
//! | Procedure | `used`, CodeableReference | `usedCode`; its reference is not read, as `usedReference` is not |
//! | MedicationAdministration | `occurence[x]`, so spelled | `effective[x]`; the new `occurenceTiming` is no date |
//! | MedicationAdministration, -Statement, -Request | `medication`, CodeableReference | `medicationCodeableConcept`, `medicationReference`, or both |
//! | MedicationStatement | `adherence` with `status` `recorded` | code `not-taking`: status `not-taken`; see below |
//! | Medication | `ingredient.item`, CodeableReference | `ingredient.itemCodeableConcept`, `ingredient.itemReference` |
//! | ServiceRequest | `code`, CodeableReference | `code`, CodeableConcept |
//!
//! **MedicationStatement.** R5 moved what was `active`, `completed`, `not-taken`, ... from the status to the adherence. Only
//! "not taking" itself says that nothing was given; those below it (`stopped`, `on-hold`) may follow a dose, and so may
//! `draft`: they stay what no rule knows, which makes radioiodine uncertain and never excludes it.
//!
//! **New in R5 and not read**: Observation `bodyStructure`, `triggeredBy`, `valueReference`, `valueAttachment`;
//! DiagnosticReport `note`, `study`, `composition`; statuses such as `modified` of a report or `unknown` of a Condition,
//! which count as any other status that no rule knows.
//!
//! **A chart in another release than was said.** The names on either side of this table are handed to fhirbolt, which refuses
//! those that the stated release does not know: such a resource is unreadable and listed, never read without its date, drug
//! or reason.

use super::element::{R4Element, View};
use super::peek::{self, Peek};
use fhirbolt::element::{Element, Primitive, Value};
use fhirbolt::{FhirRelease, FhirReleases};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The R4 members that an R5 member is read as; none when it is not renamed.
pub(super) fn r4_names(name: &str) -> &'static [&'static str] {
    match name {
        "occurrenceDateTime" => &["performedDateTime"],
        "occurrencePeriod" => &["performedPeriod"],
        "occurrenceString" => &["performedString"],
        "occurrenceAge" => &["performedAge"],
        "occurrenceRange" => &["performedRange"],
        "occurenceDateTime" => &["effectiveDateTime"],
        "occurencePeriod" => &["effectivePeriod"],
        "medication" => &["medicationCodeableConcept", "medicationReference"],
        "reason" => &["reasonCode", "reasonReference"],
        "used" => &["usedCode", "usedReference"],
        "item" => &["itemCodeableConcept", "itemReference"],
        "adherence" => &["status"],
        _ => &[],
    }
}

/// The same element, told apart by nothing but its type.
pub(super) fn same<const R: FhirRelease>(element: Element<R>) -> R4Element {
    let value = |value| match value {
        Value::Element(element) => Value::Element(same(element)),
        Value::Sequence(items) => Value::Sequence(items.into_iter().map(same).collect()),
        Value::Primitive(primitive) => Value::Primitive(primitive),
    };
    element
        .into_iter()
        .map(|(name, member)| (name, value(member)))
        .collect()
}

/// An R5 resource with its members named as in R4.
pub(super) fn as_r4(resource: Element<{ FhirReleases::R5 }>) -> R4Element {
    let mut resource = same(resource);
    if is_not_taken(View(&resource)) {
        let not_taken = Primitive::String("not-taken".to_owned());
        resource.insert("status".to_owned(), Value::Primitive(not_taken));
    }
    resource.shift_remove("adherence");
    let mut resource = renamed(resource);
    if let Some(Value::Sequence(ingredients)) = resource.get_mut("ingredient") {
        for ingredient in ingredients {
            *ingredient = renamed(std::mem::take(ingredient));
        }
    }
    resource
}

fn renamed(element: R4Element) -> R4Element {
    let mut renamed = R4Element::with_capacity(element.len() + 1);
    for (name, value) in element {
        match (r4_names(&name), value) {
            ([concept, reference], Value::Element(both)) => {
                let (code, target) = parts(both);
                renamed.extend(code.map(|code| ((*concept).to_owned(), Value::Element(code))));
                renamed.extend(target.map(|to| ((*reference).to_owned(), Value::Element(to))));
            }
            ([concept, reference], Value::Sequence(all)) => {
                let (codes, targets): (Vec<_>, Vec<_>) = all.into_iter().map(parts).unzip();
                for (name, found) in [(concept, codes), (reference, targets)] {
                    let found: Vec<R4Element> = found.into_iter().flatten().collect();
                    if !found.is_empty() {
                        renamed.insert((*name).to_owned(), Value::Sequence(found));
                    }
                }
            }
            ([r4], value) => {
                renamed.insert((*r4).to_owned(), value);
            }
            (_, value) => {
                renamed.insert(name, value);
            }
        }
    }
    renamed
}

/// Concept and reference of a CodeableReference.
fn parts(mut both: R4Element) -> (Option<R4Element>, Option<R4Element>) {
    let mut part = |name| match both.shift_remove(name) {
        Some(Value::Element(part)) => Some(part),
        _ => None,
    };
    (part("concept"), part("reference"))
}

/// Whether a MedicationStatement, the only resource with an adherence, says that nothing is taken. What is not readable says
/// nothing.
fn is_not_taken(statement: View<'_>) -> bool {
    let adherence = statement.one("adherence").ok().flatten();
    let code = adherence.and_then(|adherence| adherence.concept("code").ok().flatten());
    let mut codings = code.into_iter().flat_map(|code| code.codings);
    statement.text("status") == Ok(Some("recorded"))
        && codings.any(|coding| coding.code == "not-taking")
}

/// A glance at an R5 resource with its members named as in R4.
pub(super) fn peek_as_r4<'a>(peek: &mut Peek<'a>, json: &'a RawValue) {
    if let Some(medication) = peek.medication.take() {
        peek.medication_codeable_concept = medication.concept;
        peek.medication_reference = medication.reference;
    }
    if let Some(used) = peek.used.take() {
        peek.used_code = Some(used.into_iter().filter_map(|used| used.concept).collect());
    }
    if peek.type_name() == "ServiceRequest" {
        #[derive(Deserialize)]
        struct Ordered<'a> {
            #[serde(borrow)]
            code: Option<peek::CodeableReference<'a>>,
        }
        let ordered = serde_json::from_str::<Ordered<'a>>(json.get()).ok();
        if let Some(concept) = ordered
            .and_then(|ordered| ordered.code)
            .and_then(|code| code.concept)
        {
            peek.code = Some(concept);
        }
    }
}

//! Draft orders: do they ask for therapeutic radioiodine for this patient? (domain.md section 7, last sentence.)
//!
//! Codes, activity and reason are weighed as for treatment that was given (`treatment`), but an order never becomes
//! a fact of the chart. Drafts are unfinished and often malformed: they are read member by member, in the shapes of R4 and R5,
//! and whatever cannot be read costs only itself.

use super::code::{Decoded, decode};
use super::treatment::{Activity, Outcome, THYROID_CANCER, activity_of, outcome};
use crate::domain::codes::Standing;
use crate::domain::facts::{CancerKind, Course, Facts, OperationDate};
use crate::fhir::element::{Coding, Concept, Quantity};
use crate::fhir::peek::Peek;
use crate::fhir::reference::type_and_id;
use crate::terminology::{Role, Roles, Terminology};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{HashMap, HashSet};

/// What the draft orders ask for: of several orders the greatest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ordered {
    /// No radioiodine, or not to treat cancer.
    NoRadioiodine,
    /// It may be radioiodine to treat cancer: the text says so and no code is known, or the codes leave it open.
    Unmapped,
    /// Radioiodine to treat cancer.
    Radioiodine,
}

/// The draft orders of a hook's context.
#[derive(Debug, Clone, Copy)]
pub struct Drafts<'a> {
    /// The Bundle.
    pub json: &'a RawValue,
    /// References of the orders that count; none when all do.
    pub selections: Option<&'a [String]>,
    /// Id of the patient asked about.
    pub patient_id: &'a str,
    /// `fullUrl` of the Patient, where known.
    pub patient_url: Option<&'a str>,
}

/// Resource types of orders, those of earlier releases too.
const ORDERS: [&str; 4] = [
    "ServiceRequest",
    "MedicationRequest",
    "ProcedureRequest",
    "MedicationOrder",
];
/// An order of such a status asks for nothing any more.
const CLOSED: [&str; 6] = [
    "entered-in-error",
    "cancelled",
    "revoked",
    "stopped",
    "completed",
    "ended",
];

/// Reads draft orders. `facts` are those of the patient's chart: they say whether a reason is the thyroid cancer and whether
/// an operation came before.
pub fn read(drafts: Drafts<'_>, facts: &Facts, terminology: &Terminology, today: Date) -> Ordered {
    let entries = entries(drafts.json);
    let mut reader = Reader {
        terminology,
        patient_id: drafts.patient_id,
        patient_urls: drafts.patient_url.map(str::to_owned).into_iter().collect(),
        medications: HashMap::new(),
        cancers: facts
            .cancers
            .iter()
            .filter(|cancer| {
                cancer.standing == Standing::Counts && cancer.kind != CancerKind::Excluded
            })
            .map(|cancer| &*cancer.record.reference)
            .collect(),
        // What a generic code of radionuclide therapy means, it means for an order of today.
        follows_operation: matches!(facts.operation(), OperationDate::On(days) if days.high < today),
    };
    let selected = drafts.selections.map(keys_of);
    let mut orders = Vec::new();
    for entry in &entries {
        let peek = Peek::at(entry.resource);
        let id = peek.id.as_ref().map(|id| id.as_str());
        let keys = entry.keys(peek.type_name(), id);
        match peek.type_name() {
            "Medication" => reader.add_medication(entry.resource, keys),
            "Patient" if id == Some(drafts.patient_id) => reader.patient_urls.extend(keys),
            name if name.is_empty() || ORDERS.contains(&name) => {
                let is_selected = selected.as_ref().is_none_or(|selected| {
                    keys.iter().any(|key| selected.contains(key))
                        || id.is_some_and(|id| selected.contains(id))
                });
                if is_selected {
                    orders.push(entry.resource);
                }
            }
            _ => {}
        }
    }
    // Only now: an order may stand before the Medication that it refers to.
    orders
        .into_iter()
        .filter_map(|order| serde_json::from_str(order.get()).ok())
        .map(|order| reader.order(&order))
        .max()
        .unwrap_or(Ordered::NoRadioiodine)
}

/// Selections as keys: as written, and as `Type/id`.
fn keys_of(selections: &[String]) -> HashSet<String> {
    let as_type_and_id = |selection: &String| {
        type_and_id(selection).map(|(resource_type, id)| format!("{resource_type}/{id}"))
    };
    selections
        .iter()
        .filter_map(as_type_and_id)
        .chain(selections.iter().cloned())
        .collect()
}

struct Draft<'a> {
    full_url: Option<String>,
    resource: &'a RawValue,
}

impl Draft<'_> {
    /// What references to the resource look like: `Type/id` and the fullUrl.
    fn keys(&self, resource_type: &str, id: Option<&str>) -> Vec<String> {
        let url = self.full_url.as_deref();
        let in_url = url
            .and_then(type_and_id)
            .map(|(resource_type, id)| format!("{resource_type}/{id}"));
        id.map(|id| format!("{resource_type}/{id}"))
            .into_iter()
            .chain(in_url)
            .chain(self.full_url.clone())
            .collect()
    }
}

/// The resources of the Bundle, whatever else is wrong with it.
fn entries(json: &RawValue) -> Vec<Draft<'_>> {
    #[derive(Deserialize)]
    struct Bundle<'a> {
        #[serde(borrow)]
        entry: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Entry<'a> {
        #[serde(borrow)]
        full_url: Option<&'a RawValue>,
        #[serde(borrow)]
        resource: Option<&'a RawValue>,
    }
    let Ok(Bundle {
        entry: Some(entries),
    }) = serde_json::from_str(json.get())
    else {
        return Vec::new();
    };
    serde_json::from_str::<Vec<&RawValue>>(entries.get())
        .unwrap_or_else(|_| vec![entries])
        .into_iter()
        .filter_map(|entry| {
            let entry: Entry<'_> = serde_json::from_str(entry.get()).ok()?;
            Some(Draft {
                full_url: entry
                    .full_url
                    .and_then(|url| serde_json::from_str(url.get()).ok()),
                resource: entry.resource?,
            })
        })
        .collect()
}

struct Reader<'a> {
    terminology: &'a Terminology,
    patient_id: &'a str,
    patient_urls: HashSet<String>,
    /// Medications of the Bundle, by every reference that means them.
    medications: HashMap<String, Named>,
    /// References of the Conditions that are the thyroid cancer.
    cancers: HashSet<&'a str>,
    /// The patient was operated on, certainly before today.
    follows_operation: bool,
}

/// What codes and texts name.
#[derive(Clone, Copy, Default)]
struct Named {
    roles: Roles,
    /// Some code is known.
    known: bool,
    /// The text names radioiodine.
    radioiodine: bool,
    /// The text names another drug labelled with iodine-131.
    other_drug: bool,
}

impl Named {
    fn and(self, other: Self) -> Self {
        Self {
            roles: self.roles.union(other.roles),
            known: self.known || other.known,
            radioiodine: self.radioiodine || other.radioiodine,
            other_drug: self.other_drug || other.other_drug,
        }
    }
}

impl Reader<'_> {
    fn add_medication(&mut self, json: &RawValue, keys: Vec<String>) {
        let Ok(medication) = serde_json::from_str(json.get()) else {
            return;
        };
        let named = self.medication(&medication);
        self.medications
            .extend(keys.into_iter().map(|key| (key, named)));
    }

    fn order(&self, order: &Value) -> Ordered {
        let is_closed = CLOSED.contains(&text(&order["status"]));
        if is_closed || order["doNotPerform"] == true || !self.is_for_patient(order) {
            return Ordered::NoRadioiodine;
        }
        let named = [
            "code",
            "medicationCodeableConcept",
            "medication",
            "orderDetail",
        ]
        .into_iter()
        .map(|member| self.concepts(&order[member]))
        .chain(
            [
                &order["medicationReference"],
                &order["medication"]["reference"],
            ]
            .map(|reference| self.referenced(order, reference)),
        )
        .fold(Named::default(), Named::and);
        match self.meaning(named, order) {
            // It may mean something else than it says.
            Ordered::Radioiodine if order["resourceType"].is_null() || is_modified(order) => {
                Ordered::Unmapped
            }
            meaning => meaning,
        }
    }

    fn meaning(&self, named: Named, order: &Value) -> Ordered {
        if named.other_drug && !named.roles.contains(Role::RadioiodineTherapy) {
            return Ordered::NoRadioiodine;
        }
        let reason = self.reason_is_thyroid_cancer(order);
        match outcome(named.roles, &self.activity(order), reason) {
            Some(Outcome::Course(Course::Given)) => Ordered::Radioiodine,
            Some(Outcome::Course(Course::GivenIfAfterOperation)) => {
                if self.follows_operation && !self.cancers.is_empty() {
                    Ordered::Radioiodine
                } else {
                    Ordered::Unmapped
                }
            }
            Some(Outcome::Course(Course::Uncertain)) => Ordered::Unmapped,
            Some(Outcome::Course(Course::ForBenignDisease) | Outcome::Diagnostic) => {
                Ordered::NoRadioiodine
            }
            None if named.radioiodine && !named.known => Ordered::Unmapped,
            None => Ordered::NoRadioiodine,
        }
    }

    /// A draft without a subject is the patient's: the hook is called for one patient.
    fn is_for_patient(&self, order: &Value) -> bool {
        ["subject", "patient"]
            .into_iter()
            .flat_map(|member| each(&order[member]))
            .filter_map(|subject| subject["reference"].as_str())
            .all(|subject| {
                type_and_id(subject) == Some(("Patient", self.patient_id))
                    || self.patient_urls.contains(subject)
            })
    }

    /// The medication that an order refers to: contained, or in the same Bundle; else what the reference says of it.
    fn referenced(&self, order: &Value, reference: &Value) -> Named {
        let display = self.named(Concept {
            codings: Vec::new(),
            text: text(&reference["display"]),
        });
        let target = text(&reference["reference"]);
        let medication = if let Some(id) = target.strip_prefix('#') {
            each(&order["contained"])
                .find(|contained| text(&contained["id"]).trim_start_matches('#') == id)
                .map(|contained| self.medication(contained))
        } else {
            self.medications.get(target).copied().or_else(|| {
                let (resource_type, id) = type_and_id(target)?;
                self.medications
                    .get(&format!("{resource_type}/{id}"))
                    .copied()
            })
        };
        display.and(medication.unwrap_or_default())
    }

    fn medication(&self, medication: &Value) -> Named {
        let code = self.concepts(&medication["code"]);
        each(&medication["ingredient"])
            .flat_map(|ingredient| [&ingredient["itemCodeableConcept"], &ingredient["item"]])
            .map(|item| self.concepts(item))
            .fold(code, Named::and)
    }

    fn concepts(&self, member: &Value) -> Named {
        concepts(member)
            .map(|concept| self.named(concept))
            .fold(Named::default(), Named::and)
    }

    fn named(&self, concept: Concept<'_>) -> Named {
        let Decoded {
            roles,
            known,
            words,
            ..
        } = decode(self.terminology, &concept);
        Named {
            roles,
            known,
            radioiodine: self.terminology.words.radioiodine.occur_in(&words),
            other_drug: self.terminology.words.other_iodine_drug.occur_in(&words),
        }
    }

    fn reason_is_thyroid_cancer(&self, order: &Value) -> bool {
        let coded = ["reasonCode", "reasonCodeableConcept", "reason"]
            .into_iter()
            .flat_map(|member| concepts(&order[member]))
            .any(|reason| decode(self.terminology, &reason).is_any(&THYROID_CANCER));
        let mut references = each(&order["reasonReference"])
            .chain(each(&order["reason"]).map(|reason| &reason["reference"]))
            .map(|reference| text(&reference["reference"]));
        coded
            || references.any(|reference| {
                self.cancers.contains(reference)
                    || type_and_id(reference).is_some_and(|(resource_type, id)| {
                        self.cancers
                            .contains(format!("{resource_type}/{id}").as_str())
                    })
            })
    }

    /// The activity ordered: least and greatest of all quantities in units of activity. "1 capsule" is none.
    fn activity(&self, order: &Value) -> Activity {
        let mut quantities = Vec::new();
        collect_quantities(&order["dosageInstruction"], &mut quantities);
        collect_quantities(&order["quantityQuantity"], &mut quantities);
        quantities
            .into_iter()
            .map(|quantity| activity_of(self.terminology, &quantity))
            .filter_map(|activity| match activity {
                Activity::Between { low, high } => Some((low, high)),
                Activity::NotStated | Activity::NotUnderstood => None,
            })
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
            .map_or(Activity::NotStated, |(low, high)| Activity::Between {
                low,
                high,
            })
    }
}

/// Every Quantity at or below a member, wherever a release of FHIR puts the dose.
fn collect_quantities<'v>(value: &'v Value, found: &mut Vec<Quantity<'v>>) {
    match value {
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_quantities(item, found)),
        Value::Object(members) => {
            if let Some(Value::Number(number)) = members.get("value") {
                found.push(Quantity {
                    value: Some(number.to_string()),
                    comparator: value["comparator"].as_str(),
                    unit: text(&value["unit"]),
                    system: text(&value["system"]),
                    code: text(&value["code"]),
                });
            }
            members
                .values()
                .for_each(|member| collect_quantities(member, found));
        }
        _ => {}
    }
}

/// `modifierExtension` anywhere, or `implicitRules`.
fn is_modified(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(is_modified),
        Value::Object(members) => members.iter().any(|(name, member)| {
            matches!(name.as_str(), "modifierExtension" | "implicitRules") && !member.is_null()
                || is_modified(member)
        }),
        _ => false,
    }
}

/// The concepts of a member: one or several, bare (R4) or in a CodeableReference (R5).
fn concepts(member: &Value) -> impl Iterator<Item = Concept<'_>> {
    each(member)
        .map(|item| item.get("concept").unwrap_or(item))
        .map(|concept| Concept {
            codings: each(&concept["coding"])
                .map(|coding| Coding {
                    system: text(&coding["system"]),
                    code: text(&coding["code"]),
                    display: text(&coding["display"]),
                })
                .collect(),
            text: text(&concept["text"]),
        })
}

/// The items of an array; a lone item counts, some clients send it.
fn each(value: &Value) -> std::slice::Iter<'_, Value> {
    match value {
        Value::Null => [].iter(),
        Value::Array(items) => items.iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

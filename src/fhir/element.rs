//! One resource read through fhirbolt's generic `Element`, and views on it.
//!
//! Only the members that a rule reads are kept before fhirbolt sees the resource; nulls and empty arrays are dropped, whole
//! numbers are checked. What fhirbolt does not check (shapes of primitives, two values of one choice) the views check.

use super::peek::Str;
use super::r5;
use super::release::Release;
use fhirbolt::element::{Element, Primitive, Value};
use fhirbolt::serde::{DeserializationConfig, DeserializationMode};
use fhirbolt::{FhirRelease, FhirReleases};
use serde_json::value::RawValue;

/// An element of FHIR R4, and of the other releases in its shape.
pub type R4Element = Element<{ FhirReleases::R4 }>;

/// A resource that was read.
#[derive(Debug)]
pub struct Resource {
    root: R4Element,
    /// `modifierExtension` or `implicitRules` stands on the resource or on an element that is read.
    pub is_modified: bool,
}

/// The resource, or an element of it, has not the shape that FHIR gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the resource cannot be read in the FHIR release that was stated")]
pub struct Unreadable;

/// Members that no rule reads but that change what a resource means: never dropped.
const ALWAYS_KEPT: [&str; 4] = ["resourceType", "id", "modifierExtension", "implicitRules"];

/// Reads the named members of a resource, named as in R4 whatever its release. What the stated release does not know under one
/// of these names, or under the name that another release has for it, makes the resource unreadable.
pub fn read(json: &RawValue, keep: &[&str], release: Release) -> Result<Resource, Unreadable> {
    let mut is_modified = false;
    let mut deserializer = serde_json::Deserializer::from_str(json.get());
    let kept = serde::Deserializer::deserialize_map(
        &mut deserializer,
        Kept {
            keep,
            is_modified: &mut is_modified,
        },
    )
    .map_err(|_| Unreadable)?;
    let root = match release {
        Release::R4 => element(kept)?,
        Release::R4B => r5::same(element::<{ FhirReleases::R4B }>(kept)?),
        Release::R5 => r5::as_r4(element(kept)?),
    };
    Ok(Resource { root, is_modified })
}

fn element<const R: FhirRelease>(
    kept: serde_json::Map<String, serde_json::Value>,
) -> Result<Element<R>, Unreadable> {
    let config = DeserializationConfig {
        mode: DeserializationMode::Strict,
    };
    fhirbolt::json::from_json_value(serde_json::Value::Object(kept), Some(config))
        .map_err(|_| Unreadable)
}

/// Collects the members to keep, pruned, `resourceType` first. A kept member that occurs twice makes the resource ambiguous.
struct Kept<'k> {
    keep: &'k [&'k str],
    is_modified: &'k mut bool,
}

impl<'de> serde::de::Visitor<'de> for Kept<'_> {
    type Value = serde_json::Map<String, serde_json::Value>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a resource")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        use serde::de::{Error, IgnoredAny};
        let mut kept = serde_json::Map::new();
        kept.insert("resourceType".to_owned(), serde_json::Value::Null);
        while let Some(name) = map.next_key::<Str<'de>>()? {
            let name = name.as_str();
            let is_kept = ALWAYS_KEPT.contains(&name)
                || self.keep.contains(&name)
                || r5::r4_names(name).iter().any(|r4| self.keep.contains(r4));
            if !is_kept {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let mut value: serde_json::Value = map.next_value()?;
            let wraps = |number: &serde_json::Value| {
                number
                    .as_i64()
                    .is_none_or(|number| i32::try_from(number).is_err())
            };
            if name == "valueInteger" && !value.is_null() && wraps(&value) {
                return Err(A::Error::custom("an integer beyond 32 bits"));
            }
            if !prune(&mut value, self.is_modified) {
                continue;
            }
            if matches!(name, "modifierExtension" | "implicitRules") {
                *self.is_modified = true;
            } else if kept
                .insert(name.to_owned(), value)
                .is_some_and(|earlier| !earlier.is_null())
            {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        Ok(kept)
    }
}

/// Drops nulls, empty arrays and objects, and comments of old servers; false when nothing is left.
fn prune(value: &mut serde_json::Value, is_modified: &mut bool) -> bool {
    match value {
        serde_json::Value::Null => false,
        serde_json::Value::Array(items) => {
            items.retain_mut(|item| prune(item, is_modified));
            !items.is_empty()
        }
        serde_json::Value::Object(members) => {
            members.retain(|name, member| {
                let keep = prune(member, is_modified);
                match name.as_str() {
                    "modifierExtension" => {
                        *is_modified |= keep;
                        false
                    }
                    "fhir_comments" => false,
                    _ => keep,
                }
            });
            !members.is_empty()
        }
        _ => true,
    }
}

impl Resource {
    /// The resource as a view.
    pub fn view(&self) -> View<'_> {
        View(&self.root)
    }
}

/// A look at one element. Every accessor tells "not there" (`None`) from "there, but not readable" (`Err`).
#[derive(Debug, Clone, Copy)]
pub struct View<'a>(pub(super) &'a R4Element);

impl<'a> View<'a> {
    /// Whether a member is there.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A single element; an array of one counts, some servers send it.
    pub fn one(&self, name: &str) -> Result<Option<View<'a>>, Unreadable> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Element(element)) => Ok(Some(View(element))),
            Some(Value::Sequence(items)) if items.len() == 1 => Ok(Some(View(&items[0]))),
            Some(_) => Err(Unreadable),
        }
    }

    /// A repeating element; a single object counts, some servers send it.
    pub fn many(&self, name: &str) -> Result<Vec<View<'a>>, Unreadable> {
        match self.0.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Element(element)) => Ok(vec![View(element)]),
            Some(Value::Sequence(items)) => Ok(items.iter().map(View).collect()),
            Some(Value::Primitive(_)) => Err(Unreadable),
        }
    }

    fn primitive(&self, name: &str) -> Result<Option<&'a Primitive>, Unreadable> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Primitive(primitive)) => Ok(Some(primitive)),
            Some(Value::Element(element)) => match element.get("value") {
                Some(Value::Primitive(primitive)) => Ok(Some(primitive)),
                // An element with nothing but extensions, such as data-absent-reason.
                None => Ok(None),
                Some(_) => Err(Unreadable),
            },
            Some(Value::Sequence(_)) => Err(Unreadable),
        }
    }

    /// A string, code, uri, date.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, Unreadable> {
        match self.primitive(name)? {
            None => Ok(None),
            Some(Primitive::String(text)) => Ok(Some(text)),
            Some(_) => Err(Unreadable),
        }
    }

    /// A boolean.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Unreadable> {
        match self.primitive(name)? {
            None => Ok(None),
            Some(Primitive::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(Unreadable),
        }
    }

    /// A number as text, as recorded: a decimal keeps its digits.
    pub fn number(&self, name: &str) -> Result<Option<String>, Unreadable> {
        match self.primitive(name)? {
            None => Ok(None),
            // A string in the place of a number comes as a decimal too, whatever it says.
            Some(Primitive::Decimal(text)) if text.parse::<serde_json::Number>().is_err() => {
                Err(Unreadable)
            }
            Some(Primitive::Decimal(text)) => Ok(Some(text.clone())),
            Some(Primitive::Integer(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(Unreadable),
        }
    }

    /// The members of a choice (`value[x]`) that are there; two of them contradict each other.
    pub fn choice(&self, stem: &str) -> Result<Option<&'a str>, Unreadable> {
        let mut names = self.0.keys().filter(|name| {
            name.strip_prefix(stem)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
        });
        match (names.next(), names.next()) {
            (None, _) => Ok(None),
            (Some(name), None) => Ok(Some(name)),
            _ => Err(Unreadable),
        }
    }

    /// `reference` of a Reference member.
    pub fn reference(&self, name: &str) -> Result<Option<&'a str>, Unreadable> {
        self.one(name)?
            .map_or(Ok(None), |reference| reference.text("reference"))
    }

    /// The value of an extension by its url.
    pub fn extension(&self, url: &str) -> Result<Option<View<'a>>, Unreadable> {
        for extension in self.many("extension")? {
            if extension.text("url")? == Some(url) {
                return Ok(Some(extension));
            }
        }
        Ok(None)
    }

    /// A CodeableConcept.
    pub fn concept(&self, name: &str) -> Result<Option<Concept<'a>>, Unreadable> {
        self.one(name)?
            .map(|concept| concept.as_concept())
            .transpose()
    }

    /// Repeated CodeableConcepts.
    pub fn concepts(&self, name: &str) -> Result<Vec<Concept<'a>>, Unreadable> {
        self.many(name)?.iter().map(View::as_concept).collect()
    }

    fn as_concept(&self) -> Result<Concept<'a>, Unreadable> {
        let mut codings = Vec::new();
        for coding in self.many("coding")? {
            codings.push(Coding {
                system: coding.text("system")?.unwrap_or(""),
                code: coding.text("code")?.unwrap_or(""),
                display: coding.text("display")?.unwrap_or(""),
            });
        }
        Ok(Concept {
            codings,
            text: self.text("text")?.unwrap_or(""),
        })
    }

    /// A Quantity.
    pub fn quantity(&self, name: &str) -> Result<Option<Quantity<'a>>, Unreadable> {
        self.one(name)?
            .map(|quantity| quantity.as_quantity())
            .transpose()
    }

    fn as_quantity(&self) -> Result<Quantity<'a>, Unreadable> {
        Ok(Quantity {
            value: self.number("value")?,
            comparator: self.text("comparator")?,
            unit: self.text("unit")?.unwrap_or(""),
            system: self.text("system")?.unwrap_or(""),
            code: self.text("code")?.unwrap_or(""),
        })
    }
}

/// A CodeableConcept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Concept<'a> {
    /// Codings in order.
    pub codings: Vec<Coding<'a>>,
    /// `text`, empty when not there.
    pub text: &'a str,
}

impl Concept<'_> {
    /// Whether it says nothing: no code, no display, no text.
    pub fn is_empty(&self) -> bool {
        let says_nothing =
            |coding: &Coding<'_>| coding.code.is_empty() && coding.display.is_empty();
        self.text.is_empty() && self.codings.iter().all(says_nothing)
    }
}

/// A Coding; empty strings where a part is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coding<'a> {
    /// `system`.
    pub system: &'a str,
    /// `code`.
    pub code: &'a str,
    /// `display`.
    pub display: &'a str,
}

/// A Quantity; empty strings where a part is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity<'a> {
    /// Digits as recorded.
    pub value: Option<String>,
    /// `comparator`.
    pub comparator: Option<&'a str>,
    /// `unit`.
    pub unit: &'a str,
    /// `system`.
    pub system: &'a str,
    /// `code`.
    pub code: &'a str,
}

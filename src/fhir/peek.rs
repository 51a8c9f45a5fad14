//! A first look at a resource: type, id, subject, codes, members. Borrowed from the JSON, nothing else is parsed.

use super::r5;
use super::release::Release;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A string that borrows from the JSON where no escape stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Str<'a>(Cow<'a, str>);

impl<'a> Str<'a> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, still borrowed where it was.
    pub fn into_cow(self) -> Cow<'a, str> {
        self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Str<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Str(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Str(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// What a resource is about, as far as a glance tells.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Peek<'a> {
    /// `resourceType`.
    #[serde(borrow, default)]
    pub resource_type: Option<Str<'a>>,
    /// `id`.
    #[serde(borrow, default)]
    pub id: Option<Str<'a>>,
    /// `meta`.
    #[serde(borrow, default)]
    pub meta: Option<Meta<'a>>,
    /// `subject`.
    #[serde(borrow, default)]
    pub subject: Option<Reference<'a>>,
    /// `patient`.
    #[serde(borrow, default)]
    pub patient: Option<Reference<'a>>,
    /// `code`.
    #[serde(borrow, default)]
    pub code: Option<Concept<'a>>,
    /// `medicationCodeableConcept`.
    #[serde(borrow, default)]
    pub medication_codeable_concept: Option<Concept<'a>>,
    /// `medicationReference`.
    #[serde(borrow, default)]
    pub medication_reference: Option<Reference<'a>>,
    /// `valueCodeableConcept`.
    #[serde(borrow, default)]
    pub value_codeable_concept: Option<Concept<'a>>,
    /// `category`.
    #[serde(borrow, default)]
    pub category: Option<Vec<Concept<'a>>>,
    /// `component`, codes only.
    #[serde(borrow, default)]
    pub component: Option<Vec<Component<'a>>>,
    /// `usedCode`.
    #[serde(borrow, default)]
    pub used_code: Option<Vec<Concept<'a>>>,
    /// `medication` of R5. Still there after [`Peek::written_in`] only when the resource is not of the release that was said.
    #[serde(borrow, default)]
    pub medication: Option<CodeableReference<'a>>,
    /// `used` of R5, as `medication`.
    #[serde(borrow, default)]
    pub used: Option<Vec<CodeableReference<'a>>>,
    /// `hasMember`.
    #[serde(borrow, default)]
    pub has_member: Option<Vec<Reference<'a>>>,
    /// `result`.
    #[serde(borrow, default)]
    pub result: Option<Vec<Reference<'a>>>,
    /// `contained`.
    #[serde(borrow, default)]
    pub contained: Option<Vec<&'a RawValue>>,
    /// The glance met a member of an unexpected shape: `code` and the others may be missing though they are there.
    #[serde(skip)]
    pub malformed: bool,
}

/// `meta`.
#[derive(Debug, Deserialize)]
pub struct Meta<'a> {
    /// `lastUpdated`.
    #[serde(borrow, default, rename = "lastUpdated")]
    pub last_updated: Option<Str<'a>>,
}

/// A reference.
#[derive(Debug, Deserialize)]
pub struct Reference<'a> {
    /// `reference`.
    #[serde(borrow, default)]
    pub reference: Option<Str<'a>>,
    /// `display`.
    #[serde(borrow, default)]
    pub display: Option<Str<'a>>,
}

/// A CodeableConcept.
#[derive(Debug, Deserialize)]
pub struct Concept<'a> {
    /// `coding`.
    #[serde(borrow, default)]
    pub coding: Option<Vec<Coding<'a>>>,
    /// `text`.
    #[serde(borrow, default)]
    pub text: Option<Str<'a>>,
}

/// A CodeableReference, which R5 brought.
#[derive(Debug, Deserialize)]
pub struct CodeableReference<'a> {
    /// `concept`.
    #[serde(borrow, default)]
    pub concept: Option<Concept<'a>>,
    /// `reference`.
    #[serde(borrow, default)]
    pub reference: Option<Reference<'a>>,
}

/// A Coding.
#[derive(Debug, Deserialize)]
pub struct Coding<'a> {
    /// `system`.
    #[serde(borrow, default)]
    pub system: Option<Str<'a>>,
    /// `code`.
    #[serde(borrow, default)]
    pub code: Option<Str<'a>>,
    /// `display`.
    #[serde(borrow, default)]
    pub display: Option<Str<'a>>,
}

/// A component of an Observation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Component<'a> {
    /// `code`.
    #[serde(borrow, default)]
    pub code: Option<Concept<'a>>,
    /// `valueCodeableConcept`.
    #[serde(borrow, default)]
    pub value_codeable_concept: Option<Concept<'a>>,
}

impl Concept<'_> {
    /// Whether it says nothing: no code, no display, no text.
    pub fn is_empty(&self) -> bool {
        let parts = |coding: &Coding<'_>| [&coding.code, &coding.display].map(is_empty);
        is_empty(&self.text)
            && self
                .coding
                .iter()
                .flatten()
                .flat_map(parts)
                .all(|none| none)
    }
}

fn is_empty(text: &Option<Str<'_>>) -> bool {
    text.as_ref().is_none_or(|text| text.as_str().is_empty())
}

impl<'a> Peek<'a> {
    /// Looks at a resource as R4 names it: enough for what is the same in every release (type, id, subject, `meta`, what it
    /// contains and lists). A member of an unexpected shape costs only itself and sets [`Peek::malformed`].
    pub fn at(json: &'a RawValue) -> Self {
        serde_json::from_str(json.get()).unwrap_or_else(|_| Self::member_by_member(json.get()))
    }

    /// The same for a resource of this release, with its members named as in R4.
    pub fn written_in(release: Release, json: &'a RawValue) -> Self {
        let mut peek = Self::at(json);
        if release == Release::R5 {
            r5::peek_as_r4(&mut peek, json);
        }
        peek
    }

    fn member_by_member(text: &'a str) -> Self {
        let mut peek = Self {
            malformed: true,
            ..Self::default()
        };
        let Ok(members) =
            serde_json::from_str::<std::collections::HashMap<Name<'a>, &'a RawValue>>(text)
        else {
            return peek;
        };
        fn member<'a, T: Deserialize<'a>>(
            members: &std::collections::HashMap<Name<'a>, &'a RawValue>,
            name: &str,
        ) -> Option<T> {
            members
                .iter()
                .find(|(key, _)| key.0.as_str() == name)
                .and_then(|(_, raw)| serde_json::from_str(raw.get()).ok())
        }
        peek.resource_type = member(&members, "resourceType");
        peek.id = member(&members, "id");
        peek.meta = member(&members, "meta");
        peek.subject = member(&members, "subject");
        peek.patient = member(&members, "patient");
        peek.code = member(&members, "code");
        peek.medication_codeable_concept = member(&members, "medicationCodeableConcept");
        peek.medication_reference = member(&members, "medicationReference");
        peek.value_codeable_concept = member(&members, "valueCodeableConcept");
        peek.category = member(&members, "category");
        peek.component = member(&members, "component");
        peek.used_code = member(&members, "usedCode");
        peek.medication = member(&members, "medication");
        peek.used = member(&members, "used");
        peek.has_member = member(&members, "hasMember");
        peek.result = member(&members, "result");
        peek.contained = member(&members, "contained");
        peek
    }

    /// `resourceType` as text.
    pub fn type_name(&self) -> &str {
        self.resource_type.as_ref().map_or("", Str::as_str)
    }
}

#[derive(PartialEq, Eq, Deserialize)]
struct Name<'a>(#[serde(borrow)] Str<'a>);

impl std::hash::Hash for Name<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.as_str().hash(state);
    }
}

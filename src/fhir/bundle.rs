//! Bundles cut into resources without parsing them.

use super::peek::Str;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What stands where a resource or a Bundle is due.
#[derive(Debug)]
pub enum Content<'a> {
    /// `null`: asked, nothing found.
    Null,
    /// A Bundle.
    Bundle(Bundle<'a>),
    /// An OperationOutcome: the one who asked got an error.
    OperationOutcome,
    /// A resource of this type.
    Resource {
        /// `resourceType`.
        resource_type: String,
        /// The JSON.
        json: &'a RawValue,
    },
    /// No resource at all.
    NotAResource,
}

/// The entries of a Bundle.
#[derive(Debug, Default)]
pub struct Bundle<'a> {
    /// Resources, in order. Entries that only say how a search went are left out.
    pub entries: Vec<Entry<'a>>,
    /// Entries without a readable resource.
    pub unreadable: usize,
    /// There is a next page.
    pub has_next: bool,
    /// Where the next page is, as the server wrote it; none where it wrote nothing readable.
    pub next: Option<Cow<'a, str>>,
    /// An entry holds an OperationOutcome that reports an error.
    pub has_error: bool,
}

/// One entry of a Bundle.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// `fullUrl`.
    pub full_url: Option<Cow<'a, str>>,
    /// The resource.
    pub json: &'a RawValue,
}

#[derive(Deserialize)]
struct RawBundle<'a> {
    #[serde(borrow, rename = "resourceType")]
    resource_type: Option<Str<'a>>,
    #[serde(borrow)]
    entry: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    link: Option<Vec<Link<'a>>>,
}

/// The same with its entries read in one go: the common case.
#[derive(Deserialize)]
struct WholeBundle<'a> {
    #[serde(borrow, rename = "resourceType")]
    resource_type: Option<Str<'a>>,
    #[serde(borrow)]
    entry: Option<Entries<'a>>,
    #[serde(borrow)]
    link: Option<Vec<Link<'a>>>,
}

#[derive(Deserialize)]
struct Link<'a> {
    #[serde(borrow)]
    relation: Option<Str<'a>>,
    // Raw, so that a value of another shape costs only itself.
    #[serde(borrow)]
    url: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawEntry<'a> {
    #[serde(borrow, rename = "fullUrl")]
    full_url: Option<Str<'a>>,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    #[serde(borrow)]
    search: Option<Search<'a>>,
}

#[derive(Deserialize)]
struct Search<'a> {
    #[serde(borrow)]
    mode: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Outcome<'a> {
    #[serde(borrow, rename = "resourceType")]
    resource_type: Option<Str<'a>>,
    #[serde(borrow, default)]
    issue: Vec<Issue<'a>>,
}

#[derive(Deserialize)]
struct Issue<'a> {
    #[serde(borrow)]
    severity: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct TypeOnly<'a> {
    #[serde(borrow, rename = "resourceType")]
    resource_type: Option<Str<'a>>,
}

/// Says what a JSON value is and cuts a Bundle into its resources. Never fails: what cannot be read is counted.
pub fn split(json: &RawValue) -> Content<'_> {
    let text = json.get();
    if text == "null" {
        return Content::Null;
    }
    match serde_json::from_str::<WholeBundle<'_>>(text) {
        Ok(WholeBundle {
            resource_type: Some(name),
            entry,
            link,
        }) if name.as_str() == "Bundle" => {
            let mut bundle = entry.map(|entries| entries.0).unwrap_or_default();
            bundle.set_next(link);
            return Content::Bundle(bundle);
        }
        Ok(WholeBundle {
            resource_type: Some(name),
            ..
        }) => return resource(name.as_str(), json),
        // Some entry is malformed: entry by entry, so that it costs only itself.
        _ => {}
    }
    let Ok(raw) = serde_json::from_str::<RawBundle<'_>>(text) else {
        // A resource other than a Bundle may use the names `entry` and `link` for something else.
        return match serde_json::from_str::<TypeOnly<'_>>(text) {
            Ok(TypeOnly {
                resource_type: Some(name),
            }) if name.as_str() != "Bundle" => resource(name.as_str(), json),
            _ => Content::NotAResource,
        };
    };
    match raw.resource_type {
        Some(name) if name.as_str() == "Bundle" => {
            let mut bundle = Bundle::default();
            bundle.set_next(raw.link);
            for entry in raw.entry.into_iter().flatten() {
                match serde_json::from_str(entry.get()) {
                    Ok(entry) => bundle.add(entry),
                    Err(_) => bundle.unreadable += 1,
                }
            }
            Content::Bundle(bundle)
        }
        Some(name) => resource(name.as_str(), json),
        None => Content::NotAResource,
    }
}

/// The entries as they come: those without a resource leave nothing behind.
struct Entries<'a>(Bundle<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> serde::de::Visitor<'de> for Collect {
            type Value = Bundle<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("entries of a Bundle")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut items: A,
            ) -> Result<Self::Value, A::Error> {
                let mut bundle = Bundle::default();
                while let Some(entry) = items.next_element::<RawEntry<'de>>()? {
                    bundle.add(entry);
                }
                Ok(bundle)
            }
        }
        deserializer.deserialize_seq(Collect).map(Entries)
    }
}

fn resource<'a>(name: &str, json: &'a RawValue) -> Content<'a> {
    match name {
        "OperationOutcome" => Content::OperationOutcome,
        name => Content::Resource {
            resource_type: name.to_owned(),
            json,
        },
    }
}

impl<'a> Bundle<'a> {
    fn set_next(&mut self, links: Option<Vec<Link<'a>>>) {
        let is_next = |link: &Link<'a>| {
            link.relation
                .as_ref()
                .is_some_and(|relation| relation.as_str() == "next")
        };
        if let Some(link) = links.into_iter().flatten().find(is_next) {
            self.has_next = true;
            self.next = link
                .url
                .and_then(|url| serde_json::from_str::<Str<'a>>(url.get()).ok())
                .map(Str::into_cow);
        }
    }

    fn add(&mut self, entry: RawEntry<'a>) {
        let outcome_mode = entry
            .search
            .and_then(|search| search.mode)
            .is_some_and(|mode| mode.as_str() == "outcome");
        let Some(json) = entry.resource else {
            // A response or request entry without resource carries no record.
            return;
        };
        if outcome_mode
            || memchr::memmem::find(json.get().as_bytes(), b"\"OperationOutcome\"").is_some()
        {
            match serde_json::from_str::<Outcome<'_>>(json.get()) {
                Ok(outcome)
                    if outcome
                        .resource_type
                        .as_ref()
                        .is_some_and(|name| name.as_str() == "OperationOutcome") =>
                {
                    self.has_error |= outcome.issue.iter().any(|issue| {
                        issue
                            .severity
                            .as_ref()
                            .is_some_and(|s| matches!(s.as_str(), "error" | "fatal"))
                    });
                    return;
                }
                _ => {}
            }
        }
        self.entries.push(Entry {
            full_url: entry.full_url.map(Str::into_cow),
            json,
        });
    }
}

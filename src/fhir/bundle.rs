//! Bundles cut into resources without parsing them.

use super::peek::Str;
use crate::json::{Member, Unfit, Walk};
use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::LazyLock;

/// Most entries are no outcome; this tells without parsing them.
static OUTCOME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"OperationOutcome\""));

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
struct Link<'a> {
    #[serde(borrow)]
    relation: Option<Str<'a>>,
    // Raw, so that a value of another shape costs only itself.
    #[serde(borrow)]
    url: Option<&'a RawValue>,
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

/// Says what a JSON value is and cuts a Bundle into its resources. Never fails: what cannot be read is counted.
pub fn split(json: &RawValue) -> Content<'_> {
    // What a RawValue holds is JSON.
    split_next(&mut Walk::new(json.get())).unwrap_or(Content::NotAResource)
}

/// The same for the value that comes next in a text, in one pass.
pub fn split_next<'a>(walk: &mut Walk<'a>) -> Result<Content<'a>, Unfit> {
    walk.peek();
    let start = walk.clone();
    if !walk.enter(b'{') {
        return Ok(match walk.skip()? {
            "null" => Content::Null,
            _ => Content::NotAResource,
        });
    }
    let mut resource_type = Member::Absent;
    let mut entries = Member::Absent;
    let mut links = Member::Absent;
    while let Some(name) = walk.name()? {
        match &*name {
            "resourceType" => resource_type.set(walk.value::<Option<Str<'a>>>()?),
            "entry" => entries.set(cut(walk)?),
            "link" => links.set(walk.value::<Option<Vec<Link<'a>>>>()?),
            _ => {
                walk.skip()?;
            }
        }
    }
    let Ok(Some(name)) = resource_type.read() else {
        return Ok(Content::NotAResource);
    };
    if name.as_str() != "Bundle" {
        // Another resource may use the names `entry` and `link` for something else.
        let json = serde_json::from_str(walk.since(&start)).map_err(|_| Unfit::NotJson)?;
        return Ok(resource(name.as_str(), json));
    }
    let (Ok(entries), Ok(links)) = (entries.read(), links.read()) else {
        return Ok(Content::NotAResource);
    };
    let mut bundle = entries.unwrap_or_default();
    bundle.set_next(links);
    Ok(Content::Bundle(bundle))
}

/// The entries as they come: those without a resource leave nothing behind, a malformed one costs only itself.
fn cut<'a>(walk: &mut Walk<'a>) -> Result<Option<Option<Bundle<'a>>>, Unfit> {
    if !walk.enter(b'[') {
        return Ok((walk.skip()? == "null").then_some(None));
    }
    let mut bundle = Bundle::default();
    while walk.item()? {
        if !walk.enter(b'{') {
            walk.skip()?;
            bundle.unreadable += 1;
            continue;
        }
        let (mut full_url, mut resource, mut search) =
            (Member::Absent, Member::Absent, Member::Absent);
        while let Some(name) = walk.name()? {
            match &*name {
                "fullUrl" => full_url.set(walk.value::<Option<Str<'a>>>()?),
                "resource" => resource.set(walk.value::<Option<&'a RawValue>>()?),
                "search" => search.set(walk.value::<Option<Search<'a>>>()?),
                _ => {
                    walk.skip()?;
                }
            }
        }
        match (full_url.read(), resource.read(), search.read()) {
            (Ok(full_url), Ok(resource), Ok(search)) => bundle.add(full_url, resource, search),
            _ => bundle.unreadable += 1,
        }
    }
    Ok(Some(Some(bundle)))
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

    fn add(
        &mut self,
        full_url: Option<Str<'a>>,
        resource: Option<&'a RawValue>,
        search: Option<Search<'a>>,
    ) {
        let outcome_mode = search
            .and_then(|search| search.mode)
            .is_some_and(|mode| mode.as_str() == "outcome");
        let Some(json) = resource else {
            // A response or request entry without resource carries no record.
            return;
        };
        if outcome_mode || OUTCOME.find(json.get().as_bytes()).is_some() {
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
            full_url: full_url.map(Str::into_cow),
            json,
        });
    }
}

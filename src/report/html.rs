//! Writes a [`Page`] as HTML through the template `page.html`.

use super::{Block, Illustration, Page, Section, Table};
use crate::plot::{Picture, Shape, style};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What the page adds to the style of its pictures.
const STYLE: &str = include_str!("page.css");

#[derive(Template)]
#[template(path = "report/page.html")]
struct Document<'a> {
    page: &'a Page,
    /// With their anchors.
    sections: Vec<(String, &'a Section)>,
    style: String,
    policy: String,
}

pub(super) fn write(page: &Page) -> String {
    let style = format!("{}\n{STYLE}", style::page_sheet());
    let hash = STANDARD.encode(Sha256::digest(style.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'"
    );
    let mut taken = BTreeMap::new();
    let sections = page.sections.iter();
    let document = Document {
        page,
        sections: sections
            .map(|section| (anchor(&section.title, &mut taken), section))
            .collect(),
        style,
        policy,
    };
    // Nothing in the template can fail: it writes texts to a String.
    document
        .render()
        .unwrap_or_else(|error| format!("the page cannot be written: {error}"))
}

/// An id from a heading; a second one of the same words gets a number.
fn anchor(title: &str, taken: &mut BTreeMap<String, usize>) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let name = match words.is_empty() {
        true => "section".to_owned(),
        false => words.join("-"),
    };
    let count = taken.entry(name.clone()).or_default();
    *count += 1;
    match count {
        1 => name,
        count => format!("{name}-{count}"),
    }
}

impl Illustration {
    /// How wide it may become.
    fn class(&self) -> &'static str {
        match &self.picture {
            Picture::Figure(figure) => match figure.shape {
                Shape::Square => "square",
                Shape::Wide => "",
            },
            Picture::Forest(_) | Picture::Flow(_) => "wide",
            Picture::Given { .. } => "given",
        }
    }

    /// Ids of the picture: those of two pictures of a page must differ, so the place is in them.
    fn prefix(&self, section: &str, place: &usize) -> String {
        format!("{section}-picture-{place}")
    }
}

impl Table {
    /// A cell as it is shown.
    fn shown<'a>(&self, cell: &'a str) -> &'a str {
        match cell {
            "" => "not given",
            cell => cell,
        }
    }

    fn class(&self, place: &usize) -> &'static str {
        match self
            .columns
            .get(*place)
            .is_some_and(|column| column.is_number)
        {
            true => " class=\"number\"",
            false => "",
        }
    }
}

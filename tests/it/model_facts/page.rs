//! The HTML: whole, usable by a screen reader, a keyboard, a printer and a phone, and with nothing that runs.

use super::*;
use sha2::{Digest, Sha256};

/// One tag.
#[derive(Debug)]
pub struct Tag {
    pub name: String,
    pub attributes: String,
    pub closes: bool,
}

/// The tags of a page in their order; the style and the doctype are left out.
pub fn tags(html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest
            .find('>')
            .unwrap_or_else(|| panic!("a tag does not end: {rest:.80}"));
        let inside = &rest[..end];
        rest = &rest[end + 1..];
        if inside.starts_with('!') {
            continue;
        }
        let closes = inside.starts_with('/');
        let inside = inside.trim_start_matches('/').trim_end_matches('/');
        let (name, attributes) = inside.split_once([' ', '\n']).unwrap_or((inside, ""));
        assert!(
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()),
            "no tag: {inside:?}"
        );
        if name == "style" && !closes {
            let end = rest.find("</style>").unwrap();
            rest = &rest[end..];
        }
        found.push(Tag {
            name: name.to_owned(),
            attributes: attributes.to_owned(),
            closes,
        });
    }
    found
}

const VOID: [&str; 4] = ["meta", "br", "hr", "link"];

/// Every element ends, in the order in which it began; nothing runs and nothing carries a style; tables can be read.
pub fn assert_well_formed(html: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut ids = BTreeSet::new();
    let mut targets = Vec::new();
    let mut cells: Vec<usize> = Vec::new();
    let value = |attributes: &str, name: &str| -> Option<String> {
        let at = format!(" {attributes}").find(&format!(" {name}=\""))? + name.len() + 2;
        attributes[at..].split('"').next().map(str::to_owned)
    };
    for tag in tags(html) {
        let attributes = &tag.attributes;
        if tag.closes {
            assert_eq!(open.pop().as_ref(), Some(&tag.name), "{open:?}");
            if tag.name == "table" {
                assert!(
                    cells.windows(2).all(|pair| pair[0] == pair[1]),
                    "cells: {cells:?}"
                );
            }
            continue;
        }
        assert_ne!(tag.name, "script");
        assert!(value(attributes, "style").is_none(), "{tag:?}");
        assert!(!format!(" {attributes}").contains(" on"), "{tag:?}");
        match tag.name.as_str() {
            "table" => cells.clear(),
            "tr" => cells.push(0),
            "th" | "td" => *cells.last_mut().unwrap() += 1,
            _ => {}
        }
        if tag.name == "th" {
            let scope = value(attributes, "scope");
            assert!(matches!(scope.as_deref(), Some("col" | "row")), "{tag:?}");
        }
        if let Some(id) = value(attributes, "id") {
            assert!(ids.insert(id), "an id twice: {tag:?}");
        }
        if let Some(target) = value(attributes, "href") {
            targets.push(target);
        }
        for name in ["src", "srcset", "data", "action"] {
            assert!(value(attributes, name).is_none(), "self-contained: {tag:?}");
        }
        if !VOID.contains(&tag.name.as_str()) {
            open.push(tag.name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    for target in targets {
        match target.strip_prefix('#') {
            Some(id) => assert!(ids.contains(id), "leads nowhere: #{id}"),
            None => assert!(target.starts_with("https://"), "{target}"),
        }
    }
}

#[test]
fn every_page_is_whole_and_has_its_landmarks() {
    for model in [model(), recalibrated()] {
        let facts = facts(&model);
        for kind in Kind::ALL {
            let document = facts.document(kind);
            let html = document.text(Format::Html);
            assert_well_formed(html);
            assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"));
            let count = |tag: &str| {
                tags(html)
                    .iter()
                    .filter(|t| t.name == tag && !t.closes)
                    .count()
            };
            for tag in ["title", "header", "nav", "main", "footer", "h1", "style"] {
                assert_eq!(count(tag), 1, "{kind:?}: {tag}");
            }
            assert!(html.contains("name=\"viewport\" content=\"width=device-width"));
            // No level of heading is left out.
            let levels: Vec<u32> = tags(html)
                .iter()
                .filter(|tag| !tag.closes && tag.name.len() == 2 && tag.name.starts_with('h'))
                .filter_map(|tag| tag.name[1..].parse().ok())
                .collect();
            assert_eq!(levels[0], 1);
            assert!(
                levels.windows(2).all(|pair| pair[1] <= pair[0] + 1),
                "{levels:?}"
            );
            // Every section is in the table of contents.
            assert_eq!(
                html.matches("<li><a href=\"#").count(),
                html.matches("<h2 id=").count()
            );
        }
    }
}

#[test]
fn the_policy_lets_the_one_style_through_and_nothing_else() {
    let facts = facts(&model());
    for kind in Kind::ALL {
        let document = facts.document(kind);
        let html = document.text(Format::Html);
        let style = html
            .split_once("<style>")
            .unwrap()
            .1
            .split_once("</style>")
            .unwrap()
            .0;
        let policy = &document.content_security_policy;
        let hash = policy
            .split_once("'sha256-")
            .unwrap()
            .1
            .split_once('\'')
            .unwrap()
            .0;
        let digest = Sha256::digest(style.as_bytes());
        assert_eq!(base64(&digest), hash);
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

/// RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let group = u32::from_be_bytes(group);
        for place in 0..4 {
            text.push(if place <= chunk.len() {
                LETTERS[(group >> (18 - 6 * place) & 63) as usize] as char
            } else {
                '='
            });
        }
    }
    text
}

/// WCAG 2.2, success criterion 1.4.3: at least 4.5 to 1.
#[test]
fn text_stands_out_from_its_ground() {
    let css = text_of("style.css").unwrap();
    let colour = |name: &str| -> [f64; 3] {
        let at = css.find(&format!("--{name}: #")).unwrap() + name.len() + 5;
        let number = u32::from_str_radix(&css[at..at + 6], 16).unwrap();
        [16, 8, 0].map(|shift| f64::from(number >> shift & 255) / 255.0)
    };
    let luminance = |colour: [f64; 3]| {
        let linear = colour.map(|c| {
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    };
    let white = [1.0; 3];
    for (text, ground) in [
        ("ink", white),
        ("soft", white),
        ("link", white),
        ("ink", colour("tint")),
        ("link", colour("tint")),
    ] {
        let ratio = (luminance(ground) + 0.05) / (luminance(colour(text)) + 0.05);
        assert!(ratio >= 4.5, "{text}: {ratio}");
    }
    // These are all colours that there are.
    let written = css.matches('#').count();
    assert_eq!(written, 5 + css.matches("#fff").count());
    assert!(css.contains("@media print") && css.contains("@media (max-width: 40rem)"));
}

//! Words for what an answer says in codes: the same on cards and pages. What has no words is shown as it is.
//!
//! Knows the shape of an answer and the lists of keys in `cds-hooks/texts/<language>/codes.ftl`.

use crate::domain::codes::WhatPart;
use crate::domain::nomogram::{Nomogram, Percent, Rounding};
use crate::texts::Texts;

/// A probability between 0 and 1.
pub fn percent(texts: &Texts, probability: f64, rounding: Rounding) -> String {
    match Percent::of(probability, rounding) {
        Percent::UnderOne => texts.get("percent-under-one").to_owned(),
        Percent::Whole(whole) => texts.with("percent", [("whole", whole.to_string().into())]),
        Percent::OverNinetyNine => texts.get("percent-over-ninety-nine").to_owned(),
    }
}

/// What a probability rests on; `is_range` where it is the limits of several patterns.
pub fn basis(texts: &Texts, nomogram: &Nomogram, is_range: bool) -> String {
    let basis = texts.translate("basis-built-in", nomogram.basis_of_one());
    if is_range {
        texts.with("basis-of-range", [("basis", basis.into())])
    } else {
        basis.to_owned()
    }
}

/// Least and greatest points or score: `47`, `8-48`.
pub fn range(low: u32, high: u32) -> String {
    if low == high {
        low.to_string()
    } else {
        format!("{low}-{high}")
    }
}

/// A site group.
pub fn site<'a>(texts: &'a Texts, group: &'a str) -> &'a str {
    // No key of Fluent holds a colon.
    let key = format!("site-{}", group.replace(':', "-"));
    texts.find(&key).unwrap_or(group)
}

/// What a record shows: the `what` of evidence.
pub fn what(texts: &Texts, what: &str) -> String {
    if let Some(sites) = what.strip_prefix(WhatPart::Metastasis.as_str()) {
        let sites: Vec<_> = sites.split(", ").map(|group| site(texts, group)).collect();
        let sites = sites.join(texts.get("list-separator"));
        return texts.with("what-metastasis", [("sites", sites.into())]);
    }
    if let Some(findings) = what.strip_prefix(WhatPart::Pet.as_str()) {
        let findings: Vec<_> = findings
            .split("; ")
            .map(|finding| pet_finding(texts, finding))
            .collect();
        let findings = findings.join(texts.get("clause-separator"));
        return texts.with("what-fdg-pet", [("findings", findings.into())]);
    }
    fixed(texts, what)
}

fn pet_finding(texts: &Texts, finding: &str) -> String {
    let Some(value) = finding.strip_prefix(WhatPart::SuvMax.as_str()) else {
        return fixed(texts, finding);
    };
    let read = |part: WhatPart| value.strip_suffix(part.as_str());
    let (key, value) = match (read(WhatPart::ReadPositive), read(WhatPart::ReadNegative)) {
        (Some(value), _) => ("what-suvmax-read-positive", value),
        (_, Some(value)) => ("what-suvmax-read-negative", value),
        _ => ("what-suvmax", value),
    };
    texts.with(key, [("value", value.into())])
}

/// The text whose key is made of the English words.
fn fixed(texts: &Texts, english: &str) -> String {
    texts.find(&key_of(english)).unwrap_or(english).to_owned()
}

/// `stage N1: lymph-node` to `what-stage-n1-lymph-node`.
fn key_of(english: &str) -> String {
    let mut key = "what".to_owned();
    let words = english.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words.filter(|word| !word.is_empty()) {
        key.push('-');
        key.push_str(&word.to_ascii_lowercase());
    }
    key
}

//! The documents about a model: what they say follows from the file, whatever is in it, and the page works for everybody.

use rrdtc::config::published;
use rrdtc::model::facts::{Facts, Format, InvalidFacts, Kind};
use rrdtc::model::file::ModelFile;
use rrdtc::model::published::Published;
use serde_json::{Value, json};
use std::collections::BTreeSet;

mod page;
mod texts;

const TEXTS: &str = "cds-hooks/texts/en/facts";

fn model() -> Value {
    let text = std::fs::read_to_string("cds-hooks/models/liu-2022.json").unwrap();
    serde_json::from_str(&text).unwrap()
}

fn text_of(name: &str) -> Option<String> {
    std::fs::read_to_string(format!("{TEXTS}/{name}")).ok()
}

fn make(
    model: &Value,
    file: impl Fn(&str) -> Option<String>,
    figure: Option<&str>,
) -> Result<Facts, InvalidFacts> {
    let (name, text) = published();
    let published = Published::read(name, &text).unwrap();
    let file_of_model = ModelFile::read("model.json", &model.to_string()).unwrap();
    Facts::make(&file_of_model, &published, file, figure)
}

fn facts(model: &Value) -> Facts {
    make(model, text_of, None).unwrap()
}

fn markdown(model: &Value) -> String {
    facts(model)
        .document(Kind::Facts)
        .text(Format::Markdown)
        .to_owned()
}

fn structured(model: &Value) -> Value {
    let facts = facts(model);
    serde_json::from_str(facts.document(Kind::Facts).text(Format::Json)).unwrap()
}

/// What stands below a heading of the second level.
fn section<'a>(markdown: &'a str, title: &str) -> &'a str {
    let start = markdown.find(&format!("\n## {title}\n"));
    let start = start.unwrap_or_else(|| panic!("no section {title}")) + 4;
    let rest = &markdown[start..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

/// The whole numbers and decimals of a text.
fn numbers(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    text.split(|c| !is_part(c))
        .map(|number| number.trim_matches('.').to_owned())
        .filter(|number| !number.is_empty())
        .collect()
}

/// Another intercept and other coefficients, with the table that follows from them.
fn with_coefficients(mut model: Value, intercept: f64, log_odds_ratios: [f64; 4]) -> Value {
    let names = [
        "ageAtDiagnosis",
        "recurrence",
        "multiSiteMetastasis",
        "fdgUptake",
    ];
    let nomogram = &mut model["nomogram"];
    nomogram["intercept"] = json!(intercept);
    for (name, value) in names.iter().zip(log_odds_ratios) {
        nomogram["coefficients"][name] = json!(value);
    }
    for row in nomogram["patterns"].as_array_mut().unwrap() {
        let present = names.iter().zip(log_odds_ratios);
        let present = present.filter(|(name, _)| row[**name] == true);
        let log_odds: f64 = intercept + present.map(|(_, value)| value).sum::<f64>();
        let estimate = 1.0 / (1.0 + (-log_odds).exp());
        row["estimate"] = json!(estimate);
        row["low"] = json!(estimate * 0.9);
        row["high"] = json!(1.0 - (1.0 - estimate) * 0.9);
    }
    model
}

/// A hospital's own: what only the reconstruction has is gone, and a validation is recorded.
fn recalibrated() -> Value {
    let mut model = with_coefficients(model(), -1.25, [0.5, 1.5, 1.25, 2.75]);
    model["id"] = json!("north-hospital");
    model["version"] = json!("1.4.0");
    let nomogram = model["nomogram"].as_object_mut().unwrap();
    for name in [
        "figures",
        "statements",
        "parts",
        "priors",
        "reconstruction",
        "method",
        "covariance",
    ] {
        nomogram.remove(name).unwrap();
    }
    nomogram["basis"] = json!("recalibrated on patients of North Hospital");
    model["localValidation"] = json!({
        "site": "North Hospital", "patients": 120, "refractory": 48, "from": "2022-01-01",
        "to": "2025-12-31", "date": "2026-03-01", "by": "Dr. Example",
    });
    model
}

/// Each number of the cohort and of the performance is replaced by one that stands nowhere else.
#[test]
fn cohort_and_performance_are_those_of_the_file() {
    fn replace(value: &mut Value, next: &mut u64, new: &mut Vec<String>, old: &mut Vec<String>) {
        match value {
            Value::Number(number) => {
                *next += 1;
                old.push(number.to_string());
                let is_whole = number.as_u64().is_some();
                *value = if is_whole {
                    json!(*next)
                } else {
                    json!(*next as f64 + 0.25)
                };
                new.push(next.to_string());
            }
            Value::Array(items) => items
                .iter_mut()
                .for_each(|item| replace(item, next, new, old)),
            Value::Object(members) => {
                members
                    .values_mut()
                    .for_each(|item| replace(item, next, new, old));
            }
            _ => {}
        }
    }
    let mut model = model();
    let (mut next, mut new, mut old) = (70_000, Vec::new(), Vec::new());
    replace(&mut model["cohort"], &mut next, &mut new, &mut old);
    replace(&mut model["performance"], &mut next, &mut new, &mut old);
    assert!(new.len() >= 45, "{new:?}");
    let text = markdown(&model);
    let told = numbers(&text);
    for number in &new {
        let is_told = told
            .iter()
            .any(|told| told.split('.').next() == Some(number));
        assert!(is_told, "{number} is not told");
    }
    // And the old ones are not told any more, where cohort and performance are.
    for title in ["Derivation cohort", "Apparent performance"] {
        let told = numbers(section(&text, title));
        for number in old.iter().filter(|number| number.len() > 2) {
            assert!(!told.contains(number), "{title} still tells {number}");
        }
    }
    // Who was below the cut-off is told from the file wherever it is told.
    let below = &model["performance"]["belowCutoff"];
    let sentence = format!(
        "{} of {} such patients",
        below["refractory"], below["patients"]
    );
    assert!(text.split("\n## ").next().unwrap().contains(&sentence));
}

#[test]
fn coefficients_and_patterns_are_those_of_the_file() {
    let original = markdown(&model());
    let changed = with_coefficients(model(), -1.5, [0.25, 1.75, 2.25, 3.125]);
    let text = markdown(&changed);
    let row = |text: &str, begins: &str| -> String {
        let row = text.lines().find(|line| line.starts_with(begins));
        row.unwrap_or_else(|| panic!("no row {begins}")).to_owned()
    };
    let nomogram = section(&text, "The nomogram");
    for (begins, expected) in [
        ("| intercept |", "-1.50000"),
        ("| age |", "0.25000"),
        ("| recurrence |", "1.75000"),
        ("| several sites |", "2.25000"),
        // e to the power of 3.125.
        (
            "| FDG uptake |",
            "| 3.12500 | not given | 22.76 | not given |",
        ),
    ] {
        let row = row(nomogram, begins);
        assert!(row.contains(expected), "{row}");
    }
    // -1.5 + 3.125 is a probability of 0.8355, and the band is the one that was written.
    let patterns = section(&text, "The 16 patterns");
    assert_eq!(
        row(patterns, "| 40 |"),
        "| 40 | at or above | 83.5 % | 75.1 % to 85.2 % | FDG uptake |"
    );
    assert_ne!(patterns, section(&original, "The 16 patterns"));
    // The sentence about patients without FDG uptake is held against this nomogram: -1.5 + 0.25 + 1.75 is 0.6225.
    assert!(section(&text, "Known errors of the paper").contains("gives 62.2 %"));
    let told = structured(&changed);
    assert_eq!(told["nomogram"]["coefficients"][0]["value"], json!(-1.5));
    // How the other coefficients were found is not told of these.
    assert!(
        nomogram.contains("whose coefficients are not these"),
        "{nomogram}"
    );
    assert!(!section(&text, "How the nomogram was checked").contains("17 of 17"));
    assert!(section(&original, "How the nomogram was checked").contains("17 of 17"));
}

#[test]
fn the_score_is_that_of_the_file() {
    let mut model = model();
    model["score"]["predictors"]["fdgUptake"]["thresholdSuvMax"] = json!(3.75);
    model["score"]["predictors"]["ageAtDiagnosis"]["thresholdYears"] = json!(53);
    let text = markdown(&model);
    assert!(section(&text, "The score").contains("SUVmax (body weight) of 3.75 or more"));
    assert!(section(&text, "The score").contains("53 completed years or more"));
    // Another cut-off: the class of 11 and 12 points changes, and so does what leads to it.
    let mut model = self::model();
    model["score"]["cutoff"] = json!(13);
    for row in model["score"]["vectors"].as_array_mut().unwrap() {
        row["atOrAboveCutoff"] = json!(row["score"].as_u64().unwrap() >= 13);
    }
    let text = markdown(&model);
    assert!(section(&text, "How it works").contains("at or above the cut-off with FDG uptake."));
    assert!(section(&text, "The 16 patterns").contains("| 12 | below |"));
    assert!(text.contains("At the cut-off of 13"));
}

/// A digit in the words stands in a name, or it is a number that somebody typed.
#[test]
fn no_number_is_typed_into_the_words() {
    const NAMES: [&str; 22] = [
        "18F-FDG",
        "iodine-131",
        "HTI-1",
        "45 CFR 170.315(b)(11)(iv)(B)",
        "31 source attributes",
        "27 items",
        "BMJ 2024",
        "10.1136/bmj-2023-078378",
        "SHA-256",
        "16 patterns",
        "95 %",
        "Table 1",
        "Table 2",
        "Table 4",
        "Fig. 2",
        "Guidelines of 2025",
        ") / 2 =",
        "between 0 and",
        "from 0 to",
        // Markup.
        "h1",
        "h2",
        "utf-8",
    ];
    fn prose(value: &Value, found: &mut String) {
        match value {
            Value::String(text) => *found += &format!("{text}\n"),
            Value::Array(items) => items.iter().for_each(|item| prose(item, found)),
            Value::Object(members) => {
                let members = members.iter().filter(|(name, _)| *name != "item");
                members.for_each(|(_, item)| prose(item, found));
            }
            _ => {}
        }
    }
    let mut files = 0;
    for entry in std::fs::read_dir(TEXTS).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".css") {
            continue;
        }
        files += 1;
        let mut text = text_of(&name).unwrap();
        if name.ends_with(".json") {
            let json = serde_json::from_str(&text).unwrap();
            text.clear();
            prose(&json, &mut text);
        }
        // Without what is filled in.
        for (opens, closes) in [("{{", "}}"), ("{%", "%}")] {
            while let Some(start) = text.find(opens) {
                let end = start + text[start..].find(closes).unwrap() + 2;
                text.replace_range(start..end, " ");
            }
        }
        for known in NAMES {
            text = text.replace(known, " ");
        }
        let typed = text.lines().filter(|line| {
            let line = line.replace("initial-scale=1", "");
            line.contains(|c: char| c.is_ascii_digit())
        });
        assert_eq!(typed.collect::<Vec<_>>(), Vec::<&str>::new(), "{name}");
    }
    assert_eq!(files, 11);
}

#[test]
fn where_score_and_nomogram_disagree_every_pair_is_told() {
    let told = structured(&model());
    let pairs: Vec<(u64, u64)> = told["contradictions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| {
            let score = |which: &str| pair[which]["score"].as_u64().unwrap();
            (score("lowerScore"), score("higherScore"))
        })
        .collect();
    // Twelve points without PET against forty with nothing else: domain.md section 6.
    assert!(pairs.contains(&(12, 40)), "{pairs:?}");
    for pair in told["contradictions"].as_array().unwrap() {
        let estimate = |which: &str| pair[which]["estimate"].as_f64().unwrap();
        assert!(estimate("lowerScore") > estimate("higherScore"));
    }
    // Weights in the order of the points: nothing to tell.
    let orderly = with_coefficients(model(), -2.0, [0.1, 0.7, 0.4, 4.0]);
    assert_eq!(structured(&orderly)["contradictions"], json!([]));
    let text = markdown(&orderly);
    assert!(section(&text, "Where score and nomogram disagree").contains("Nowhere"));
}

#[test]
fn each_document_names_model_version_and_hash() {
    let text = std::fs::read_to_string("cds-hooks/models/liu-2022.json").unwrap();
    let sha256 = rrdtc::model::file::sha256(&text);
    let (name, published_text) = published();
    let published = Published::read(name, &published_text).unwrap();
    let file = ModelFile::read("model.json", &text).unwrap();
    let facts = Facts::make(&file, &published, text_of, None).unwrap();
    for kind in Kind::ALL {
        for format in Format::ALL {
            let document = facts.document(kind).text(format);
            for expected in [
                "liu-2022",
                &file.model.version,
                &sha256,
                env!("CARGO_PKG_VERSION"),
            ] {
                assert!(
                    document.contains(expected),
                    "{kind:?} {format:?}: {expected}"
                );
            }
        }
        let json: Value = serde_json::from_str(facts.document(kind).text(Format::Json)).unwrap();
        assert_eq!(json["document"], kind.name());
        assert_eq!(json["model"]["sha256"], json!(sha256));
        assert_eq!(json["software"]["version"], env!("CARGO_PKG_VERSION"));
    }
}

#[test]
fn all_31_attributes_and_all_27_items_are_answered() {
    let facts = facts(&model());
    let json = |kind: Kind| -> Value {
        serde_json::from_str(facts.document(kind).text(Format::Json)).unwrap()
    };
    let rows = |groups: &Value, name: &str| -> Vec<Value> {
        let groups = groups.as_array().unwrap().iter();
        groups
            .flat_map(|group| group[name].as_array().unwrap().clone())
            .collect()
    };
    let whole = json(Kind::Facts);

    let own = json(Kind::SourceAttributes)["sourceAttributes"].clone();
    assert_eq!(own, whole["sourceAttributes"]);
    let attributes = rows(&own, "attributes");
    let listed: Vec<u64> = attributes
        .iter()
        .map(|row| row["number"].as_u64().unwrap())
        .collect();
    assert_eq!(listed, (1..=31).collect::<Vec<_>>());
    for row in &attributes {
        let (available, answer) = (
            row["available"].as_str().unwrap(),
            row["answer"].as_str().unwrap(),
        );
        assert!(["yes", "partly", "no"].contains(&available), "{row}");
        assert!(answer.len() > 10, "{row}");
        if available == "no" {
            assert!(answer.contains("Not available"), "{row}");
        }
    }

    let own = json(Kind::TripodAi)["tripodAi"].clone();
    assert_eq!(own, whole["tripodAi"]);
    let items = rows(&own, "items");
    let listed: Vec<&str> = items
        .iter()
        .map(|row| row["item"].as_str().unwrap())
        .collect();
    // Items with parts, and how many parts each has (TRIPOD+AI, BMJ 2024;385:e078378, table 2).
    let parts = [
        (3, 3),
        (5, 2),
        (6, 3),
        (8, 3),
        (9, 3),
        (12, 7),
        (18, 6),
        (20, 3),
        (23, 2),
        (27, 3),
    ];
    let mut expected = Vec::new();
    for item in 1..=27 {
        match parts.iter().find(|(with_parts, _)| *with_parts == item) {
            None => expected.push(item.to_string()),
            Some((_, count)) => {
                expected.extend((0..*count).map(|part| format!("{item}{}", (b'a' + part) as char)));
            }
        }
    }
    assert_eq!(listed, expected);
    for row in &items {
        let paper = row["paper"].as_str().unwrap();
        let known = [
            "reported",
            "partly",
            "not-reported",
            "not-found",
            "not-applicable",
        ];
        assert!(known.contains(&paper), "{row}");
        if ["reported", "partly"].contains(&paper) {
            assert!(!row["where"].as_str().unwrap().is_empty(), "{row}");
        }
    }

    // On the page and in the text as well.
    for format in [Format::Markdown, Format::Html] {
        for (kind, rows, name) in [
            (Kind::SourceAttributes, &attributes, "attribute"),
            (Kind::TripodAi, &items, "asks"),
        ] {
            for kind in [kind, Kind::Facts] {
                let text = facts.document(kind).text(format);
                for row in rows {
                    assert!(
                        text.contains(row[name].as_str().unwrap()),
                        "{kind:?} {format:?}: {row}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_recalibrated_file_has_its_own_facts() {
    let model = recalibrated();
    let text = markdown(&model);
    assert!(text.contains("# Model facts: north-hospital 1.4.0"));
    assert!(text.contains("Basis: recalibrated on patients of North Hospital."));
    let nomogram = section(&text, "The nomogram");
    assert!(
        nomogram.contains("does not say that the nomogram was reconstructed"),
        "{nomogram}"
    );
    assert!(
        nomogram.contains("| recurrence | 1.50000 | not given | 4.48 | not given |"),
        "{nomogram}"
    );
    assert!(
        nomogram.contains("does not give their covariance"),
        "{nomogram}"
    );
    let checked = section(&text, "How the nomogram was checked");
    assert!(
        checked.contains("The model file does not say."),
        "{checked}"
    );
    assert!(
        !checked.contains('|'),
        "no table without its data: {checked}"
    );
    let local = section(&text, "Local validation");
    assert!(
        local.contains("North Hospital looked at 120 of its own patients, 48 of them refractory (40 %, 95 % interval 32 % to 49 %)"),
        "{local}"
    );
    assert!(
        local.contains("Report of 2026-03-01, answered for by Dr. Example"),
        "{local}"
    );
    // The paper is the same; its sentences are held against the nomogram of this file.
    assert!(section(&text, "Known errors of the paper").contains("Only 92 fits Table 4"));
    let told = structured(&model);
    assert_eq!(
        told["localValidation"]["refractoryShare"]["value"],
        json!(0.4)
    );
    let answers: Vec<&Value> = told["sourceAttributes"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|group| group["attributes"].as_array().unwrap())
        .filter(|row| [18, 27].contains(&row["number"].as_u64().unwrap()))
        .collect();
    for row in answers {
        assert_ne!(row["available"], "no", "{row}");
    }

    // Without a nomogram there is no probability anywhere, and every section that would tell one says why.
    let mut without = model;
    without.as_object_mut().unwrap().remove("nomogram").unwrap();
    let text = markdown(&without);
    for title in [
        "The 16 patterns",
        "The nomogram",
        "How the nomogram was checked",
        "Where score and nomogram disagree",
    ] {
        assert!(
            section(&text, title).contains("holds no nomogram"),
            "{title}"
        );
    }
    assert!(section(&text, "The 16 patterns").contains("| 40 | at or above | FDG uptake |"));
    assert_eq!(structured(&without)["nomogram"], Value::Null);
    assert!(structured(&without)["score"]["patterns"][3]["probability"].is_null());
}

#[test]
fn another_source_has_no_known_errors_of_this_paper() {
    let mut model = recalibrated();
    model["citation"]["doi"] = json!("10.1000/another");
    assert_eq!(structured(&model)["paperErrors"], Value::Null);
    let text = markdown(&model);
    let errors = section(&text, "Known errors of the paper");
    assert!(errors.contains("names another source"), "{errors}");
    assert!(!errors.contains("56"), "{errors}");
}

/// Whatever a model file may leave out, alone or with everything else that it may leave out: the documents are made, and
/// hold no number in the place of what is not there.
#[test]
fn whatever_a_file_leaves_out_the_documents_are_made() {
    fn paths(value: &Value, path: &str, found: &mut Vec<String>) {
        // Of a list, the members of its first row.
        if let Some(first) = value.as_array().and_then(|items| items.first()) {
            paths(first, &format!("{path}/0"), found);
        }
        for (name, value) in value.as_object().into_iter().flatten() {
            let path = format!("{path}/{name}");
            paths(value, &path, found);
            found.push(path);
        }
    }
    let remove = |model: &mut Value, path: &str| {
        let (parent, name) = path.rsplit_once('/').unwrap();
        let parent = model.pointer_mut(parent).and_then(Value::as_object_mut);
        parent.and_then(|parent| parent.remove(name)).is_some()
    };
    let (name, text) = published();
    let published = Published::read(name, &text).unwrap();
    let usable = |model: &Value| ModelFile::read("model.json", &model.to_string()).ok();
    let mut all = Vec::new();
    let complete = model();
    paths(&complete, "", &mut all);
    let mut bare = complete.clone();
    let mut optional = 0;
    for path in &all {
        let mut model = complete.clone();
        assert!(remove(&mut model, path));
        let Some(file) = usable(&model) else { continue };
        optional += 1;
        if let Err(error) = Facts::make(&file, &published, text_of, None) {
            panic!("without {path}: {error}");
        }
        remove(&mut bare, path);
    }
    assert!(optional >= 60, "{optional} members are optional");
    let facts = facts(&bare);
    let text = facts.document(Kind::Facts).text(Format::Markdown);
    assert!(text.contains("not given"));
    for nothing in ["none to", "null", "NaN", "undefined"] {
        assert!(!text.contains(nothing), "{nothing}");
    }
    // Said to be nothing is the same as not said.
    let mut nulls = complete.clone();
    for name in [
        "citation",
        "outcome",
        "printedRegression",
        "localValidation",
        "nomogram",
        "title",
    ] {
        nulls[name] = Value::Null;
    }
    self::facts(&nulls);
}

#[test]
fn a_text_of_a_model_file_is_shown_and_never_obeyed() {
    let hostile = "<script>alert(1)</script> | x | [y](javascript:alert(1)) **b** `c` {{ model.id }} \n\n# head\n- item";
    let mut model = recalibrated();
    model["nomogram"]["method"] = json!("as ever");
    let plain_facts = facts(&model);
    let plain = structured(&model);
    model["title"] = json!(hostile);
    model["id"] = json!(hostile);
    model["version"] = json!(hostile);
    model["nomogram"]["basis"] = json!(hostile);
    model["nomogram"]["method"] = json!(hostile);
    for name in ["site", "from", "to", "date", "by"] {
        model["localValidation"][name] = json!(hostile);
    }
    for name in ["authors", "title", "journal"] {
        model["citation"][name] = json!(hostile);
    }
    model["citation"]["url"] = json!("javascript:alert(1)");
    model["cohort"]["site"] = json!(hostile);
    model["outcome"]["criteria"][0] = json!(hostile);
    model["performance"]["aucScore"]["source"] = json!(hostile);
    let hostile_facts = facts(&model);
    for kind in Kind::ALL {
        let (html, plain) = (
            hostile_facts.document(kind).text(Format::Html),
            plain_facts.document(kind).text(Format::Html),
        );
        assert!(
            html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
            "{kind:?}"
        );
        assert!(
            html.contains("{{ model.id }}"),
            "{kind:?}: no template of its own"
        );
        assert!(!html.contains("href=\"javascript"), "{kind:?}");
        let markdown = hostile_facts.document(kind).text(Format::Markdown);
        assert!(markdown.contains("&lt;script"), "{kind:?}");
        assert!(!markdown.contains("<script"), "{kind:?}");
        page::assert_well_formed(html);
        // The same elements in the same order, but for the link of the paper.
        let elements = |html: &str| -> Vec<String> {
            let tags = page::tags(html).into_iter().map(|tag| tag.name);
            tags.filter(|name| name != "a").collect()
        };
        let (got, expected) = (elements(html), elements(plain));
        let differ = got.iter().zip(&expected).position(|(a, b)| a != b);
        assert_eq!((differ, got.len()), (None, expected.len()), "{kind:?}");
    }
    // Data stay data in JSON, and are told as they are.
    let told: Value =
        serde_json::from_str(hostile_facts.document(Kind::Facts).text(Format::Json)).unwrap();
    assert_eq!(told["localValidation"]["by"], json!(hostile));
    let members = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(members(&told), members(&plain));
}

#[test]
fn the_picture_stands_on_the_page_of_the_facts_and_nowhere_else() {
    let svg = "<svg role=\"img\"><title>Nomogram</title></svg>";
    let facts = make(&model(), text_of, Some(svg)).unwrap();
    let html = facts.document(Kind::Facts).text(Format::Html);
    let at = html.find("<figure>").unwrap();
    assert!(
        html[at..]
            .trim_start_matches("<figure>")
            .trim_start()
            .starts_with(svg)
    );
    assert_eq!(
        html[..at].rfind("<h2 id=\"the-nomogram\">"),
        html[..at].rfind("<h2")
    );
    for (kind, format) in [
        (Kind::Facts, Format::Markdown),
        (Kind::TripodAi, Format::Html),
        (Kind::SourceAttributes, Format::Html),
    ] {
        assert!(
            !facts.document(kind).text(format).contains("<svg"),
            "{kind:?}"
        );
    }
}

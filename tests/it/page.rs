//! The page of an assessment: complete in every language, true to the answer, inert, small.

use crate::support::*;
use rrdtc::cds_hooks::words;
use rrdtc::config::{languages, texts};
use rrdtc::domain::codes::*;
use rrdtc::domain::facts::From;
use rrdtc::domain::nomogram::Rounding;
use rrdtc::domain::score::{Predictor, State, classify, score};
use rrdtc::page::{CSP, PageInput, PatientBanner, assets, render, what_if};
use rrdtc::texts::Texts;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

const ASSETS: &str = "assets/";

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| in_language("en"));
static CHINESE: LazyLock<Texts> = LazyLock::new(|| in_language("zh"));

fn in_language(language: &str) -> Texts {
    texts(&settings().advice.content, language).unwrap()
}

fn banner() -> PatientBanner {
    PatientBanner {
        name: "Ada Example".into(),
        birth_date: Some("1970-03-01".into()),
        sex: Some("female".into()),
        identifier: Some("MRN-0042".into()),
    }
}

/// Every assessment to look at: of the synthetic patients, of incomplete sources, of much and of little.
fn assessments() -> Vec<(String, Value)> {
    let mut calls = patients();
    let mut incomplete = Chart::basic().call();
    for key in ["observations", "procedures", "diagnosticReports"] {
        incomplete["prefetch"].as_object_mut().unwrap().remove(key);
    }
    calls.push(("incomplete-sources".into(), incomplete));
    calls
        .into_iter()
        .map(|(id, call)| {
            (
                id,
                answer(&call)["extension"]["org.rrdtc.assessment"].clone(),
            )
        })
        .collect()
}

fn input<'a>(banner: &'a PatientBanner, assessment: &'a Value, texts: &'a Texts) -> PageInput<'a> {
    PageInput {
        banner,
        assessment,
        model: &KNOWLEDGE.model,
        texts,
        action: "/smart/a",
        end_action: Some("/smart/end"),
        what_if: Vec::new(),
        changed_since_card: false,
        model_facts: Some("https://cds.example.org/model"),
        synthetic: true,
        assets: ASSETS,
        nomogram: None,
    }
}

fn page(assessment: &Value, texts: &Texts) -> String {
    render(&input(&banner(), assessment, texts)).unwrap()
}

/// Writes the pages of all synthetic patients, to look at them in a browser:
/// `RRDTC_PAGES=/tmp/pages cargo test --test it page::write -- --ignored`.
#[test]
#[ignore = "for looking at pages"]
fn write_pages() {
    let folder = std::path::PathBuf::from(std::env::var("RRDTC_PAGES").unwrap());
    std::fs::create_dir_all(folder.join(ASSETS)).unwrap();
    for asset in assets() {
        std::fs::write(folder.join(ASSETS).join(&asset.path), asset.bytes).unwrap();
    }
    let nomogram =
        std::env::var("RRDTC_NOMOGRAM").map(|path| std::fs::read_to_string(path).unwrap());
    for language in languages(&settings().advice.content) {
        let texts = in_language(&language);
        let mut all = assessments();
        let (_, victim) = all
            .iter()
            .find(|(id, _)| id == "completion-after-lobectomy")
            .unwrap();
        let hostile = poisoned(
            victim,
            &format!("T12:00:00.000000000+02:00 {}", "x".repeat(10_000)),
            "",
        );
        all.push(("hostile".into(), hostile));
        for (id, assessment) in all {
            let banner = banner();
            let mut input = input(&banner, &assessment, &texts);
            input.nomogram = nomogram.as_deref().ok();
            let name = format!("{id}.{language}.html");
            std::fs::write(folder.join(name), render(&input).unwrap()).unwrap();
            let all = Predictor::ALL.map(|p| (format!("whatif-{}", p.name()), "yes"));
            let all = all.iter().map(|(name, value)| (name.as_str(), *value));
            input.what_if = what_if(&assessment, all);
            if !input.what_if.is_empty() {
                input.changed_since_card = true;
                let name = format!("{id}.{language}.whatif.html");
                std::fs::write(folder.join(name), render(&input).unwrap()).unwrap();
            }
        }
    }
}

/// A tag: its name and attributes, `/name` for the end of an element.
type Tag = (String, BTreeMap<String, String>);

/// The tags of a page. Everything from a record is escaped, so a `<` begins a tag.
fn tags(html: &str) -> Vec<Tag> {
    html.split('<')
        .skip(1)
        .filter(|rest| !rest.starts_with('!'))
        .map(|rest| {
            let inside = rest.split('>').next().unwrap();
            let name: String = inside
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '/')
                .collect();
            let mut attributes = BTreeMap::new();
            let mut rest = &inside[name.len()..];
            while let Some((attribute, more)) = rest.split_once('=') {
                let attribute = attribute.split_whitespace().last().unwrap().to_owned();
                let (value, more) = more.strip_prefix('"').unwrap().split_once('"').unwrap();
                attributes.insert(attribute, value.to_owned());
                rest = more;
            }
            (name, attributes)
        })
        .collect()
}

/// What a page says, without its tags.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    for rest in html.split('<') {
        text.push_str(rest.split_once('>').map_or(rest, |(_, text)| text));
        text.push(' ');
    }
    for (escaped, plain) in [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ] {
        text = text.replace(escaped, plain);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// From the tag that is written so to the end of its section.
fn section(html: &str, class: &str) -> String {
    let start = format!("class=\"{class}\">");
    let (_, rest) = html
        .split_once(&start)
        .unwrap_or_else(|| panic!("no {class} on the page"));
    let mut depth = 1;
    let mut end = 0;
    for (at, _) in rest.match_indices('<') {
        if rest[at..].starts_with("<section") {
            depth += 1;
        } else if rest[at..].starts_with("</section") {
            depth -= 1;
            if depth == 0 {
                end = at;
                break;
            }
        }
    }
    rest[..end].to_owned()
}

fn codes(list: &Value) -> Vec<&str> {
    let items = list.as_array().into_iter().flatten();
    items
        .map(|item| item["code"].as_str().or(item.as_str()).unwrap())
        .collect()
}

fn range(low: &Value, high: &Value) -> String {
    words::range(low.as_u64().unwrap() as u32, high.as_u64().unwrap() as u32)
}

#[test]
fn every_code_of_an_answer_has_words_in_every_language() {
    fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
        all.iter().map(|code| name(*code)).collect()
    }
    let from = [
        From::Prefetch,
        From::Fetched,
        From::Input,
        From::Absent,
        From::Failed,
    ];
    for texts in [&*ENGLISH, &*CHINESE] {
        for (list, codes) in [
            ("set-aside", names(SetAsideCode::ALL, SetAsideCode::as_str)),
            ("hint", names(Hint::ALL, Hint::as_str)),
            (
                "not-applicable",
                names(NotApplicable::ALL, NotApplicable::as_str),
            ),
            ("from", names(&from, From::as_str)),
        ] {
            for code in codes {
                let key = format!("{list}-{code}");
                assert!(texts.find(&key).is_some(), "{}: {key}", texts.language());
            }
        }
    }
}

#[test]
fn every_patient_is_shown_with_all_that_the_answer_says() {
    let mut seen = BTreeSet::new();
    for (id, assessment) in assessments() {
        for texts in [&*ENGLISH, &*CHINESE] {
            let html = page(&assessment, texts);
            let text = text_of(&html);
            let mut says = |list: &str, code: &str| {
                let words = texts.word(list, code);
                assert!(text.contains(words), "{id}: {list}-{code} is not said");
                seen.insert(format!("{list}-{code}"));
            };
            let applicability = &assessment["applicability"];
            for code in codes(&applicability["reasons"]) {
                says("not-applicable", code);
            }
            for code in codes(&applicability["caveats"]) {
                says("caveat", code);
            }
            for code in codes(&applicability["setAside"]) {
                says("set-aside", code);
            }
            for (_, found) in assessment["predictors"].as_object().into_iter().flatten() {
                says("state", found["state"].as_str().unwrap());
                if let Some(reason) = found["reason"].as_str() {
                    says("reason", reason);
                }
                for (list, member) in [
                    ("caveat", "caveats"),
                    ("set-aside", "setAside"),
                    ("hint", "hints"),
                ] {
                    for code in codes(&found[member]) {
                        says(list, code);
                    }
                }
                for evidence in found["evidence"].as_array().into_iter().flatten() {
                    let what = words::what(texts, evidence["what"].as_str().unwrap());
                    assert!(text.contains(&what), "{id}: {what}");
                    assert!(text.contains(evidence["reference"].as_str().unwrap()));
                    if let Some(date) = evidence["date"].as_str() {
                        assert!(text.contains(date), "{id}: {date}");
                    }
                }
            }
            for (_, source) in assessment["sources"].as_object().unwrap() {
                says("from", source["from"].as_str().unwrap());
            }
            for part in [
                &assessment["resultId"],
                &assessment["assessedAt"],
                &assessment["model"]["sha256"],
            ] {
                assert!(text.contains(part.as_str().unwrap()), "{id}");
            }
            // Nothing stands there that should have been put into words or filled in.
            for gap in ["{ $", "{$", "{{", "page-", "**", "\u{2068}"] {
                assert!(!text.contains(gap), "{id}: {gap}");
            }
            assert_eq!(
                html.contains("translation not clinically reviewed"),
                texts.language() == "zh"
            );
        }
    }
    assert!(seen.len() >= 80, "{}", seen.len());
}

#[test]
fn chinese_pages_hold_no_english_of_ours() {
    let allowed = [
        "Ada",
        "Example",
        "MRN",
        "UTC",
        "rrdtc",
        "liu",
        "DTC",
        "PET",
        "FDG",
        "CT",
        "SUVmax",
        "SUV",
        "SHA",
        "FHIR",
        "translation",
        "not",
        "clinically",
        "reviewed",
    ];
    for (id, assessment) in assessments() {
        let html = page(&assessment, &CHINESE);
        // References, ids and dates are the record's.
        let mut rest = String::new();
        let mut inside = html.as_str();
        while let Some((before, after)) = inside.split_once("<bdi>") {
            rest.push_str(before);
            inside = after.split_once("</bdi>").unwrap().1;
        }
        rest.push_str(inside);
        for name in ["resultId", "model"] {
            let value = assessment[name].as_str();
            let value = value.or(assessment[name]["sha256"].as_str()).unwrap();
            rest = rest.replace(value, "");
        }
        let text = text_of(rest.split_once("<body").unwrap().1);
        let english: Vec<_> = text
            .split(|c: char| !c.is_ascii_alphabetic())
            .filter(|word| word.len() > 1 && !allowed.contains(word))
            .collect();
        assert!(english.is_empty(), "{id}: {english:?}");
    }
}

#[test]
fn numbers_are_those_of_the_answer() {
    let percent =
        |value: &Value, rounding| words::percent(&ENGLISH, value.as_f64().unwrap(), rounding);
    let mut with_estimate = 0;
    for (id, assessment) in assessments() {
        let html = page(&assessment, &ENGLISH);
        if assessment["applicability"]["status"] != "applicable" {
            for part in ["class=\"score\"", "class=\"probability\"", "<svg", "whatif"] {
                assert!(!html.contains(part), "{id}: {part}");
            }
            assert!(text_of(&html).contains("That says nothing about the risk"));
            continue;
        }
        let total = &assessment["score"];
        let score = range(&total["low"], &total["high"]);
        let shown = text_of(&section(&html, "score"));
        assert!(
            shown.starts_with(&format!("Score {score} of {}", total["maximum"])),
            "{id}: {shown}"
        );
        let rows = section(&html, "predictors");
        let rows: Vec<&str> = rows.split("<tr>").collect();
        for predictor in Predictor::ALL {
            let found = &assessment["predictors"][predictor.name()];
            let name = ENGLISH.word("predictor", predictor.name());
            let row = rows
                .iter()
                .find(|row| row.contains("class=\"number\"") && row.contains(name))
                .unwrap();
            let points = range(&found["points"]["low"], &found["points"]["high"]);
            assert!(row.contains(&format!("<td class=\"number\">{points}</td>")));
            let state = ENGLISH.word("state", found["state"].as_str().unwrap());
            assert!(row.contains(&format!(">{state}</span>")), "{id}: {row}");
            if let Some(value) = found["suvMax"].get("value") {
                let comparator = found["suvMax"]["comparator"].as_str().unwrap_or_default();
                let shown = format!("Greatest SUVmax: {comparator}{value}");
                assert!(text_of(&html).contains(&shown), "{id}: {shown}");
            }
            if let Some(low) = found["years"].get("low") {
                assert!(text_of(&html).contains(&format!("Age at diagnosis: {low}")));
            }
        }
        let probability = &assessment["probability"];
        let shown = text_of(&section(&html, "probability"));
        let limits = (
            percent(&probability["low"], Rounding::Down),
            percent(&probability["high"], Rounding::Up),
        );
        let expected = match probability.get("estimate") {
            Some(estimate) => {
                with_estimate += 1;
                let estimate = percent(estimate, Rounding::Nearest);
                format!("{estimate} (95 % band {} to {})", limits.0, limits.1)
            }
            None => format!("between {} and {}", limits.0, limits.1),
        };
        assert!(shown.contains(&expected), "{id}: {expected} in {shown}");
        assert!(shown.contains(probability["basis"].as_str().unwrap()));
        // Below is never called low.
        if assessment["classification"] == "below-cutoff" {
            assert!(
                text_of(&html).contains(
                    "Below the cut-off is not \"low risk\": in the source study 54 of 222"
                )
            );
        }
    }
    assert!(with_estimate >= 5, "{with_estimate}");
}

#[test]
fn score_and_nomogram_that_disagree_are_told() {
    // With 12 points the nomogram gives more than with 40.
    let chart = Chart::basic()
        .with(condition("bone", SNOMED, "94222008", "2022-02-05"))
        .with(condition("recurrence", SNOMED, "314953008", "2022-03-01"))
        .with(reading("pet", "260385009", "2026-10-05"));
    let assessment = chart.assess();
    assert_eq!(assessment["score"]["low"], 12);
    let text = text_of(&page(&assessment, &ENGLISH));
    assert!(text.contains("with score 40 the nomogram gives"), "{text}");
}

#[test]
fn a_what_if_stands_beside_the_records_own_answer_and_never_changes_it() {
    let model = &KNOWLEDGE.model;
    let mut tried = 0;
    for (id, assessment) in assessments() {
        let banner = banner();
        let mut input = input(&banner, &assessment, &ENGLISH);
        let plain = render(&input).unwrap();
        let states =
            Predictor::ALL.map(
                |predictor| match assessment["predictors"][predictor.name()]["state"].as_str() {
                    Some("present") => State::Present,
                    Some("absent") => State::Absent,
                    _ => State::Unknown,
                },
            );
        // Every predictor is asked for; only what the record leaves open is taken.
        for choice in 0..16 {
            let fields: Vec<(String, &str)> = Predictor::ALL
                .into_iter()
                .map(|predictor| {
                    let value = if choice >> predictor as usize & 1 == 1 {
                        "yes"
                    } else {
                        "no"
                    };
                    (format!("whatif-{}", predictor.name()), value)
                })
                .collect();
            let query = fields.iter().map(|(name, value)| (name.as_str(), *value));
            input.what_if = what_if(&assessment, query);
            let html = render(&input).unwrap();
            let Some((before, rest)) = plain.split_once("<section aria-labelledby=\"whatif\"")
            else {
                // Nothing is open, or nothing is scored.
                assert!(input.what_if.is_empty());
                assert_eq!(html, plain);
                continue;
            };
            let after = rest.split_once("</section>").unwrap().1;
            assert!(html.starts_with(before) && html.ends_with(after), "{id}");
            let mut completed = states;
            for (predictor, is_present) in &input.what_if {
                assert!(states[*predictor as usize].is_open(), "{id}");
                completed[*predictor as usize] = if *is_present {
                    State::Present
                } else {
                    State::Absent
                };
            }
            let score = score(model, &completed);
            assert_eq!(score.low, score.high, "{id}: everything open was chosen");
            let outcome = section(&html, "whatif");
            let (_, outcome) = outcome.split_once("class=\"hypothetical\"").unwrap();
            let text = text_of(outcome);
            assert!(text.contains("Hypothetical:"), "{text}");
            let own = range(&assessment["score"]["low"], &assessment["score"]["high"]);
            let expected = format!("Score {own} of 52 {} of 52", score.low);
            assert!(text.contains(&expected), "{id}: {expected} in {text}");
            let class = rrdtc::cds_hooks::response::classification(classify(model, score));
            let class = ENGLISH.with(
                &format!("page-class-{class}"),
                [("cutoff", model.cutoff.into())],
            );
            assert!(
                text.contains(&format!("{class} Probability")),
                "{id}: {text}"
            );
            let estimate = model.nomogram.as_ref().unwrap().probability(&completed);
            let estimate = words::percent(&ENGLISH, estimate.estimate.unwrap(), Rounding::Nearest);
            assert!(text.contains(&estimate), "{id}: {text}");
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}

#[test]
fn a_query_is_read_for_what_is_open_and_nothing_else() {
    let assessment = Chart::basic().assess();
    assert_eq!(
        assessment["predictors"]["ageAtDiagnosis"]["state"],
        "present"
    );
    let read = |query: &[(&str, &str)]| what_if(&assessment, query.iter().copied());
    let pet = Predictor::FdgUptake;
    for (query, expected) in [
        (vec![("whatif-fdgUptake", "yes")], vec![(pet, true)]),
        (vec![("whatif-fdgUptake", "no")], vec![(pet, false)]),
        (vec![("whatif-fdgUptake", "")], vec![]),
        (vec![("whatif-fdgUptake", "maybe")], vec![]),
        (
            vec![("whatif-fdgUptake", "yes"), ("whatif-fdgUptake", "no")],
            vec![(pet, false)],
        ),
        // Recorded: not to be assumed otherwise.
        (vec![("whatif-ageAtDiagnosis", "no")], vec![]),
        (
            vec![
                ("fdgUptake", "yes"),
                ("whatif-", "yes"),
                ("whatif-x", "yes"),
            ],
            vec![],
        ),
    ] {
        assert_eq!(read(&query), expected, "{query:?}");
    }
    // A page that is given more all the same takes only what is open.
    let banner = banner();
    let mut input = input(&banner, &assessment, &ENGLISH);
    let plain = render(&input).unwrap();
    input.what_if = vec![(Predictor::AgeAtDiagnosis, false)];
    assert_eq!(render(&input).unwrap(), plain);
}

#[test]
fn with_another_model_nothing_is_tried_out_and_nothing_of_it_is_told() {
    let mut assessment = Chart::basic().assess();
    assessment["model"]["sha256"] = json!("0".repeat(64));
    let banner = banner();
    let mut input = input(&banner, &assessment, &ENGLISH);
    input.what_if = vec![(Predictor::FdgUptake, true)];
    let text = text_of(&render(&input).unwrap());
    assert!(text.contains("The model has changed since this assessment"));
    assert!(!text.contains("In the source study") && !text.contains("404 patients"));
    assert!(!text.contains("Hypothetical:"));
}

/// Every text in the JSON is replaced, but for those that a page cannot do without.
fn poisoned(value: &Value, poison: &str, path: &str) -> Value {
    match value {
        Value::String(_) if path.ends_with("status") => value.clone(),
        Value::String(text) => json!(format!("{text}{poison}")),
        Value::Array(items) => items
            .iter()
            .map(|item| poisoned(item, poison, path))
            .collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), poisoned(member, poison, name)))
            .collect(),
        other => other.clone(),
    }
}

#[test]
fn hostile_texts_come_out_inert() {
    let assessment = assessments()
        .into_iter()
        .find(|(id, _)| id == "completion-after-lobectomy")
        .unwrap()
        .1;
    let names_of = |html: &str| -> Vec<String> {
        let tags = tags(html);
        tags.into_iter()
            .map(|(name, attributes)| {
                let attributes: Vec<String> = attributes.into_keys().collect();
                format!("{name} {}", attributes.join(" "))
            })
            .collect()
    };
    let long = "x".repeat(10_000);
    for poison in [
        "<script>alert(1)</script>",
        "\" onmouseover=\"alert(1)",
        "' onfocus='alert(1)' autofocus x='",
        "</td></table><img src=x onerror=alert(1)>",
        "[a](javascript:alert(1)) ![b](https://evil.example/x.png) <https://evil.example>",
        "\u{202e}gnp.exe\u{2066}\u{200f}\u{061c}",
        "\0\u{1b}[31m\r\nSet-Cookie: a=b",
        "{{ self.texts }} {% include \"x\" %} { $score }",
        long.as_str(),
    ] {
        let bad = poisoned(&assessment, poison, "");
        let banner = PatientBanner {
            name: format!("Ada {poison}"),
            birth_date: Some(format!("1970{poison}")),
            sex: Some(format!("female{poison}")),
            identifier: Some(format!("1{poison}")),
        };
        let html = render(&input(&banner, &bad, &ENGLISH)).unwrap();
        // Codes of an answer decide which parts there are; what comes from a record adds no tag and no attribute.
        let mut harmless = poisoned(&assessment, "y", "");
        harmless["model"] = bad["model"].clone();
        let as_it_should = render(&input(
            &PatientBanner {
                name: "Ada".into(),
                birth_date: Some("1970".into()),
                sex: Some("x".into()),
                identifier: Some("1".into()),
            },
            &harmless,
            &ENGLISH,
        ))
        .unwrap();
        assert_eq!(names_of(&html), names_of(&as_it_should), "{poison:.60}");
        for (name, attributes) in tags(&html) {
            for (attribute, value) in attributes {
                let is_link = attribute == "href" || attribute == "src" || attribute == "action";
                assert!(!is_link || !value.contains("evil"), "{name} {value}");
                assert!(!attribute.starts_with("on"), "{name} {attribute}");
            }
        }
        let marks = |c: char| {
            matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200f}' | '\u{061c}')
                || (c.is_control() && c != '\n')
        };
        assert!(!html.contains(marks), "{poison:.60}");
        let longest = html
            .split(['<', '>', ' ', '\n'])
            .map(str::len)
            .max()
            .unwrap();
        assert!(longest < 800, "{longest}");
        assert!(html.len() < 60_000, "{}", html.len());
    }
}

#[test]
fn a_record_without_end_makes_a_small_page() {
    let mut assessment = Chart::basic().assess();
    let record = |i: usize| json!({ "reference": format!("Observation/{i}"), "code": "not-final", "date": "2026-01-01" });
    let evidence = |i: usize| json!({ "reference": format!("Observation/{i}"), "what": "FDG PET: SUVmax 3.1", "date": "2026-01-01" });
    let found = &mut assessment["predictors"]["fdgUptake"];
    found["setAside"] = (0..20_000).map(record).collect();
    found["evidence"] = (0..20_000).map(evidence).collect();
    found["hints"] = (0..20_000).map(record).collect();
    let html = page(&assessment, &ENGLISH);
    assert!(html.contains("and 19988 more") && html.contains("and 19996 more"));
    let of_assets: usize = assets().iter().map(|asset| asset.bytes.len()).sum();
    let all = html.len() + of_assets;
    assert!(
        all < 60_000,
        "{all}: the nomogram needs room below 150 kB too"
    );
}

#[test]
fn the_structure_is_one_that_assistive_technology_can_use() {
    let heading = |name: &str| name.strip_prefix('h').and_then(|n| n.parse::<u32>().ok());
    for (id, assessment) in assessments() {
        let banner = banner();
        let mut input = input(&banner, &assessment, &ENGLISH);
        input.nomogram = Some("<svg></svg>");
        input.what_if = what_if(&assessment, [("whatif-fdgUptake", "yes")]);
        let html = render(&input).unwrap();
        let tags = tags(&html);
        let count = |wanted: &str| tags.iter().filter(|(name, _)| name == wanted).count();
        for once in ["h1", "main", "header", "title", "footer"] {
            assert_eq!(count(once), 1, "{id}: {once}");
        }
        assert_eq!(count("table"), count("caption"), "{id}");
        let ids: Vec<&String> = tags.iter().filter_map(|(_, a)| a.get("id")).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{id}");
        let mut level = 0;
        for (name, attributes) in &tags {
            if let Some(next) = heading(name) {
                assert!(next <= level + 1, "{id}: h{next} after h{level}");
                level = next;
            }
            if name == "th" {
                assert!(attributes.contains_key("scope"), "{id}");
            }
            for reference in ["aria-labelledby", "aria-describedby", "for"] {
                if let Some(target) = attributes.get(reference) {
                    assert!(ids.contains(&target), "{id}: {target}");
                }
            }
            if let Some(target) = attributes.get("href").and_then(|h| h.strip_prefix('#')) {
                assert!(ids.iter().any(|id| *id == target), "{id}: #{target}");
            }
            if name == "svg" && attributes.contains_key("class") {
                // Its size is known before it is drawn: nothing moves.
                assert!(attributes.contains_key("height") && attributes.contains_key("aria-label"));
            }
        }
        assert_eq!(tags[0].1["lang"], "en");
    }
    let chinese = page(&Chart::basic().assess(), &CHINESE);
    assert_eq!(tags(&chinese)[0].1["lang"], "zh-Hans");

    let folder = tempfile::tempdir().unwrap();
    let local = folder.path().join("en");
    std::fs::create_dir_all(&local).unwrap();
    std::fs::write(local.join("ours.ftl"), "language-direction = rtl\n").unwrap();
    let mut content = settings().advice.content;
    content.texts_folder = Some(folder.path().to_owned());
    let turned = page(&Chart::basic().assess(), &texts(&content, "en").unwrap());
    assert_eq!(tags(&turned)[0].1["dir"], "rtl");
}

#[test]
fn nothing_is_inline_and_nothing_is_loaded_from_elsewhere() {
    for directive in CSP.split("; ") {
        assert!(
            !directive.contains("unsafe") && !directive.contains('*'),
            "{directive}"
        );
    }
    assert!(CSP.starts_with("default-src 'none'"));
    let assessment = Chart::basic().assess();
    let html = page(&assessment, &ENGLISH);
    let served: Vec<String> = assets()
        .iter()
        .map(|a| format!("{ASSETS}{}", a.path))
        .collect();
    let mut loaded = Vec::new();
    for (name, attributes) in tags(&html) {
        assert_ne!(name, "style");
        for (attribute, value) in &attributes {
            assert!(
                attribute != "style" && !attribute.starts_with("on"),
                "{name} {attribute}"
            );
            let loads = (name == "link" && attribute == "href") || attribute == "src";
            if loads {
                loaded.push(value.clone());
            }
            if attribute == "href" && !loads {
                let is_ours = value.starts_with(['#', '/']);
                assert!(
                    is_ours || value == "https://cds.example.org/model",
                    "{value}"
                );
            }
        }
        if name == "script" {
            assert!(attributes.contains_key("src"));
        }
    }
    assert_eq!(loaded, served);
    assert!(!html.contains("<script>") && html.matches("<script").count() == 1);
    for asset in assets() {
        let text = std::str::from_utf8(asset.bytes).unwrap();
        for outside in ["http:", "https:", "//", "@import", "url("] {
            // A comment of the script begins with two slashes.
            let is_comment = outside == "//" && asset.path.ends_with(".js");
            assert!(
                is_comment || !text.contains(outside),
                "{}: {outside}",
                asset.path
            );
        }
        assert!(!text.contains("eval") && !text.contains("innerHTML") && !text.contains("torage"));
    }
}

#[test]
fn assets_are_named_by_their_content() {
    use sha2::{Digest, Sha256};
    let kinds: Vec<_> = assets().iter().map(|asset| asset.content_type).collect();
    assert_eq!(
        kinds,
        ["text/css; charset=utf-8", "text/javascript; charset=utf-8"]
    );
    for asset in assets() {
        let digest = Sha256::digest(asset.bytes);
        let hash: String = digest
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert!(asset.path.contains(&hash), "{}", asset.path);
    }
}

#[test]
fn notices_stand_where_they_belong() {
    let assessment = Chart::basic().assess();
    let banner = banner();
    let text = |change: &dyn Fn(&mut PageInput<'_>)| {
        let mut input = input(&banner, &assessment, &ENGLISH);
        change(&mut input);
        render(&input).unwrap()
    };
    let plain = text(&|_| ());
    assert!(plain.contains("Synthetic data - not for care") && plain.contains("method=\"post\""));
    assert!(!plain.contains("The record has changed"));
    assert!(text(&|input| input.changed_since_card = true).contains("The record has changed"));
    let real = text(&|input| {
        input.synthetic = false;
        input.end_action = None;
        input.model_facts = None;
    });
    assert!(!real.contains("Synthetic") && !real.contains("<footer"));
    assert!(!real.contains("Model facts"));
    // The banner stands before everything else, whoever it is.
    let nameless = render(&input(&PatientBanner::default(), &assessment, &ENGLISH)).unwrap();
    assert!(nameless.contains("no name recorded"));
    for html in [plain, nameless] {
        assert!(html.find("class=\"patient\"").unwrap() < html.find("<main").unwrap());
    }
}

#[test]
fn what_is_no_assessment_makes_no_page_and_tells_nothing() {
    let whole = Chart::basic().assess();
    let secret = "Condition/secret-of-the-patient";
    let without = |member: &str| {
        let mut value = whole.clone();
        value.as_object_mut().unwrap().remove(member);
        value
    };
    let mut odd = whole.clone();
    odd["predictors"]["recurrence"]["points"] = json!(secret);
    for (assessment, place) in [
        (
            json!({ "resultId": "x", "model": whole["model"], "software": whole["software"], "display": { "shown": false, "reason": "shadow" } }),
            "assessedAt",
        ),
        (without("applicability"), "applicability"),
        (without("score"), "score"),
        (without("predictors"), "score"),
        (odd, "predictors.recurrence.points"),
        (json!(null), ""),
    ] {
        let banner = banner();
        let error = render(&input(&banner, &assessment, &ENGLISH))
            .unwrap_err()
            .to_string();
        assert!(error.contains(place), "{place}: {error}");
        assert!(!error.contains(secret), "{error}");
    }
    let banner = banner();
    assert!(!format!("{banner:?} {:?}", input(&banner, &whole, &ENGLISH)).contains("Ada"));
}

fn style() -> &'static str {
    std::str::from_utf8(assets()[0].bytes).unwrap()
}

#[test]
fn colours_have_contrast() {
    let colour = |name: &str| -> [f64; 3] {
        let start = format!("--{name}: #");
        let hex = style().split_once(&start).unwrap().1;
        std::array::from_fn(|i| {
            let value = u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap();
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        })
    };
    let luminance = |c: [f64; 3]| 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
    let contrast = |a: &str, b: &str| {
        let (a, b) = (luminance(colour(a)), luminance(colour(b)));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    };
    for (text, ground) in [
        ("ink", "paper"),
        ("ink", "ground"),
        ("ink", "open-ground"),
        ("quiet", "paper"),
        ("quiet", "ground"),
        ("link", "paper"),
        ("high", "high-ground"),
        ("low", "low-ground"),
        ("open", "open-ground"),
        ("hypothetical", "paper"),
    ] {
        let contrast = contrast(text, ground);
        assert!(contrast >= 4.5, "{text} on {ground}: {contrast:.2}");
    }
    // What a control or a scale is drawn with.
    assert!(contrast("edge", "paper") >= 3.0);
}

#[test]
fn the_sheet_of_paper_holds_the_records_answer_and_nothing_hypothetical() {
    let (_, print) = style().split_once("@media print {").unwrap();
    assert!(style().contains("@page { size: A4;"));
    let hidden = print.split_once("display: none").unwrap().0;
    for part in [".whatif", ".print", ".skip", "footer"] {
        assert!(hidden.contains(part), "{part}");
    }
    for part in [
        ".score",
        ".probability",
        ".predictors,",
        ".missing",
        ".banner",
        ".applies",
    ] {
        assert!(!hidden.contains(&format!("{part},")), "{part}");
    }
    let Some(chromium) = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok())
    else {
        eprintln!("skipped: pages are not printed, because no Chromium is installed");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(ASSETS)).unwrap();
    for asset in assets() {
        std::fs::write(folder.path().join(ASSETS).join(&asset.path), asset.bytes).unwrap();
    }
    let longest = assessments()
        .into_iter()
        .max_by_key(|(_, assessment)| page(assessment, &ENGLISH).len())
        .unwrap();
    // As much as one patient can have: every caveat, and four predictors open.
    let mut worst = Chart::basic()
        .with(lesion("pet", 6.1, "2026-10-05"))
        .assess();
    let all: Vec<&str> = ApplicabilityCaveat::ALL
        .iter()
        .map(|c| c.as_str())
        .collect();
    worst["applicability"]["caveats"] = json!(all);
    let every: Vec<&str> = Caveat::ALL.iter().map(|c| c.as_str()).collect();
    worst["predictors"]["fdgUptake"]["caveats"] = json!(every);
    for (name, assessment) in [longest, ("worst".to_owned(), worst)] {
        for texts in [&*ENGLISH, &*CHINESE] {
            let pages = printed_pages(chromium, folder.path(), &page(&assessment, texts));
            assert_eq!(pages, 1, "{name} {}", texts.language());
        }
    }
}

fn printed_pages(chromium: &str, folder: &Path, html: &str) -> usize {
    let (file, pdf) = (folder.join("page.html"), folder.join("page.pdf"));
    std::fs::write(&file, html).unwrap();
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-pdf-header-footer",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .arg(format!("--print-to-pdf={}", pdf.display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let pdf = std::fs::read(&pdf)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let text = String::from_utf8_lossy(&pdf);
    text.matches("/Type /Page\n").count()
}

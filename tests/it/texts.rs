//! Texts in every language: complete, checked at the start, replaceable by a folder, and on the card as before.

use crate::support::*;
use pulldown_cmark::{Event, Options, Parser};
use rrdtc::config::{Content, Knowledge, Settings, UnusableContent, languages, texts};
use rrdtc::domain::codes::*;
use rrdtc::domain::facts::{From, Sources};
use rrdtc::domain::score::Predictor;
use rrdtc::server::{Application, CannotStart, Startup};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

fn content(language: &str) -> Content {
    Content {
        language: language.to_owned(),
        ..settings().advice.content
    }
}

fn with_folder(language: &str, folder: &Path) -> Content {
    Content {
        texts_folder: Some(folder.to_owned()),
        ..content(language)
    }
}

/// The built-in texts of a language as files in a folder, changed.
fn copied(from: &str, to: &Path, change: impl Fn(&str, String) -> String) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(format!("cds-hooks/texts/{from}")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "ftl") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = change(name, std::fs::read_to_string(&path).unwrap());
        std::fs::write(to.join(name), text).unwrap();
    }
}

fn without_key(text: &str, key: &str) -> String {
    let start = format!("{key} = ");
    text.lines()
        .filter(|line| !line.starts_with(&start))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn rrdtc(command: &str, folder: &Path, language: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rrdtc"))
        .arg(command)
        .env("RRDTC_TEXTS_FOLDER", folder)
        .env("RRDTC_LANGUAGE", language)
        .output()
        .unwrap()
}

fn answer_in(knowledge: &Knowledge, call: &Value) -> Value {
    let bytes = rrdtc::server::answer::handle(
        call.to_string().as_bytes(),
        "rr-dtc-patient-view",
        knowledge,
        &settings().advice,
        clock().now(),
    )
    .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Calls that show every synthetic patient, and one whose sources are incomplete.
fn calls() -> Vec<(String, Value)> {
    let mut calls = patients();
    let mut incomplete = Chart::basic().call();
    for key in ["observations", "procedures", "diagnosticReports"] {
        incomplete["prefetch"].as_object_mut().unwrap().remove(key);
    }
    calls.push(("incomplete".into(), incomplete));
    calls
}

/// What a detail shows, without its markup.
fn shown(detail: &str) -> String {
    Parser::new_ext(detail, Options::ENABLE_TABLES)
        .map(|event| match event {
            Event::Text(text) | Event::Code(text) => text.into_string(),
            Event::Html(html) | Event::InlineHtml(html) => panic!("{html}"),
            _ => " ".to_owned(),
        })
        .collect()
}

/// Every list of codes that an answer uses, with the beginning of its keys.
fn lists() -> Vec<(&'static str, Vec<&'static str>)> {
    fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
        all.iter().map(|code| name(*code)).collect()
    }
    let caveats = names(ApplicabilityCaveat::ALL, ApplicabilityCaveat::as_str);
    let of_predictors = names(Caveat::ALL, Caveat::as_str);
    vec![
        ("predictor", Predictor::ALL.map(Predictor::name).to_vec()),
        ("state", vec!["present", "absent", "unknown", "conflicting"]),
        ("reason", Reason::all().map(Reason::as_str).collect()),
        ("caveat", [caveats, of_predictors].concat()),
        (
            "source",
            Sources::default().by_name().map(|(name, _)| name).to_vec(),
        ),
    ]
}

#[test]
fn every_code_has_words_in_every_language() {
    assert_eq!(languages(&content("en")), ["en", "zh"]);
    for language in languages(&content("en")) {
        let texts = texts(&content(&language), &language).unwrap();
        for (list, codes) in lists() {
            for code in codes {
                let words = texts.find(&format!("{list}-{code}"));
                assert!(words.is_some(), "{language}: {list}-{code}");
            }
        }
        for what in What::ALL {
            let words = rrdtc::cds_hooks::words::what(&texts, what.as_str());
            assert_eq!(words == what.as_str(), language == "en", "{what:?} {words}");
        }
    }
    // From is an enumeration without a list: each of its names is a word of the page.
    assert_eq!(From::default().as_str(), "absent");
}

/// Beginnings of keys that a code completes.
const OF_CODES: [&str; 15] = [
    "predictor-",
    "state-",
    "reason-",
    "caveat-",
    "source-",
    "what-",
    "site-",
    "set-aside-",
    "hint-",
    "not-applicable-",
    "from-",
    "sex-",
    "summary-",
    "risk-",
    "page-class-",
];

#[test]
fn every_text_is_used_and_every_text_that_is_used_is_there() {
    fn files(folder: &Path, all: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                files(&path, all);
            } else if name.ends_with(".rs") || name.ends_with(".html") {
                all.push(std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut sources = vec![std::fs::read_to_string("cds-hooks/texts/detail.md").unwrap()];
    for module in ["texts", "cds_hooks", "page"] {
        files(&Path::new("src").join(module), &mut sources);
    }
    let used = |key: &str| {
        let literal = format!("\"{key}\"");
        sources.iter().any(|source| source.contains(&literal))
    };
    let mut keys = Vec::new();
    for name in ["language", "codes", "card", "page"] {
        let text = std::fs::read_to_string(format!("cds-hooks/texts/en/{name}.ftl")).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with(['#', ' ']));
        keys.extend(lines.filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())));
    }
    assert!(keys.len() > 250);
    for key in &keys {
        let is_of_a_code = OF_CODES.iter().any(|prefix| key.starts_with(prefix));
        let is_made = key.starts_with("override-")
            || ["draft-pet-", "record-assessment-", "score-"]
                .iter()
                .any(|prefix| key.starts_with(prefix));
        assert!(
            is_of_a_code || is_made || used(key) || key == "language-name",
            "nothing uses {key}"
        );
    }
    // The other way: what is asked for by a literal is there.
    for source in &sources {
        for call in [".get(\"", "self.t(\"", ".with(\n", "text(\""] {
            for (at, _) in source.match_indices(call) {
                let rest = source[at + call.len()..]
                    .trim_start()
                    .trim_start_matches('"');
                let key: String = rest
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
                    .collect();
                // A key that a code completes ends with a hyphen, or is made by format!.
                let is_whole = rest[key.len()..].starts_with('"') && !key.ends_with('-');
                if is_whole && key.contains('-') {
                    assert!(keys.contains(&key), "{call}{key} is asked for");
                }
            }
        }
    }
}

#[test]
fn english_evidence_reads_as_in_the_answer() {
    let texts = texts(&content("en"), "en").unwrap();
    for what in [
        "metastasis: lung, lymph-node, other:peritoneum, other:spleen",
        "FDG PET: SUVmax <=2.5, read positive; SUVmax 1.0; SUVmax >3, read negative; study read positive; study read negative",
        "stage N1: lymph-node",
        "a statement that nobody has written yet",
    ] {
        assert_eq!(rrdtc::cds_hooks::words::what(&texts, what), what);
    }
}

#[test]
fn a_missing_key_stops_the_start_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    copied("en", &folder.path().join("de"), |name, text| match name {
        "card.ftl" => without_key(&text, "missing-decisive"),
        _ => text,
    });
    for command in ["check", "sandbox"] {
        let output = rrdtc(command, folder.path(), "de");
        assert_eq!(output.status.code(), Some(3), "{command}");
        let told = String::from_utf8_lossy(&output.stderr);
        for part in ["\"de\"", "missing-decisive", "card.ftl"] {
            assert!(told.contains(part), "{command}: {told}");
        }
    }
    // A folder that replaces only some texts of a built-in language is complete.
    let local = folder.path().join("en");
    std::fs::create_dir_all(&local).unwrap();
    std::fs::write(local.join("ours.ftl"), "state-present = yes\n").unwrap();
    assert!(Knowledge::load(&with_folder("en", folder.path())).is_ok());
}

#[test]
fn a_key_that_nothing_uses_is_told_by_check() {
    let folder = tempfile::tempdir().unwrap();
    let local = folder.path().join("en");
    std::fs::create_dir_all(&local).unwrap();
    std::fs::write(local.join("ours.ftl"), "state-presnt = yes\n").unwrap();
    let output = rrdtc("check", folder.path(), "en");
    assert_eq!(output.status.code(), Some(0));
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        told.contains("state-presnt") && told.contains("ours.ftl"),
        "{told}"
    );
    let clean = rrdtc("check", Path::new(""), "en");
    assert!(!String::from_utf8_lossy(&clean.stdout).contains("nothing uses"));
}

#[test]
fn texts_of_a_folder_come_before_ours_and_may_lay_the_card_out_anew() {
    let folder = tempfile::tempdir().unwrap();
    let local = folder.path().join("en");
    std::fs::create_dir_all(&local).unwrap();
    std::fs::write(
        local.join("ours.ftl"),
        "predictor-fdgUptake = PET\nour-line = *Ward 7*, { $score }\noverride-local = As in our guideline\n",
    )
    .unwrap();
    std::fs::write(
        folder.path().join("detail.md"),
        "{{ text(\"our-line\", score=score ~ \"*\") }} {% for row in rows %}{{ row.name }} {% endfor %}",
    )
    .unwrap();
    std::fs::write(
        folder.path().join("card.json"),
        r#"{"sourceUrl":"https://a.example","paperUrl":"https://b.example","overrideReasons":[{"code":"local","system":"https://c.example"}]}"#,
    )
    .unwrap();
    let knowledge = Knowledge::load(&with_folder("en", folder.path())).unwrap();
    let card = &answer_in(&knowledge, &Chart::basic().call())["cards"][0];
    let detail = card["detail"].as_str().unwrap();
    // The text's own markup stays, that of what is put in is escaped.
    assert!(detail.starts_with("*Ward 7*, 1-48\\*"), "{detail}");
    assert!(detail.ends_with(" PET"), "{detail}");
    assert_eq!(
        card["overrideReasons"],
        json!([{ "code": "local", "system": "https://c.example", "display": "As in our guideline" }])
    );
    assert_eq!(knowledge.unknown_texts().count(), 0);
}

#[test]
fn a_template_that_names_a_text_that_is_not_there_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let detail = folder.path().join("detail.md");
    for (template, key) in [
        ("{{ text(\"socre-line\") }}", "socre-line"),
        ("{{ text(\"study-\" ~ classification) }}", "study-*"),
    ] {
        std::fs::write(&detail, template).unwrap();
        let error = Knowledge::load(&with_folder("en", folder.path())).unwrap_err();
        let told = error.to_string();
        assert!(told.contains(key) && told.contains("detail.md"), "{told}");
    }
}

#[test]
fn texts_that_could_show_a_gap_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let local = folder.path().join("en");
    std::fs::create_dir_all(&local).unwrap();
    let long = format!("summary-below-cutoff = {} {{ $score }}", "x".repeat(136));
    for (text, told) in [
        (
            "state-present = { $state }",
            vec!["$state", "state-present", "none"],
        ),
        (
            "limits-study = { $patiens }",
            vec!["$patiens", "limits-study", "$patients"],
        ),
        (
            "state-present = { state-presnt }",
            vec!["state-presnt", "does not exist"],
        ),
        (
            "state-present = { -brand }",
            vec!["-brand", "does not exist"],
        ),
        (
            "state-present = { NUMBER(1) }",
            vec!["NUMBER()", "does not exist"],
        ),
        ("\n\nstate-present { broken\n", vec!["ours.ftl:3"]),
        (
            "state-present = a\nstate-present = b",
            vec!["state-present", "twice"],
        ),
        (
            "translation-reviewed = perhaps",
            vec!["translation-reviewed", "yes or no"],
        ),
        (
            "language-direction = down",
            vec!["language-direction", "ltr or rtl"],
        ),
        (
            long.as_str(),
            vec!["summary-below-cutoff", "fewer than 140"],
        ),
    ] {
        std::fs::write(local.join("ours.ftl"), text).unwrap();
        let error = Knowledge::load(&with_folder("en", folder.path())).unwrap_err();
        let error = error.to_string();
        for part in told {
            assert!(error.contains(part), "{text}: {error}");
        }
    }
    // What English says may be said with a term and a selector.
    std::fs::write(
        local.join("ours.ftl"),
        "-score = score\nset-aside-count = { $count ->\n    [one] One record, { -score }.\n   *[other] { $count } records, { -score }.\n }\n",
    )
    .unwrap();
    let texts = texts(&with_folder("en", folder.path()), "en").unwrap();
    let say = |count: u32| texts.with("set-aside-count", [("count", count.into())]);
    assert_eq!(
        (say(1), say(2000)),
        (
            "One record, score.".into(),
            "2000 records, score.".to_owned()
        )
    );
}

#[test]
fn a_language_is_added_by_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    copied("en", &folder.path().join("de"), |_, text| {
        text.replace("language-tag = en", "language-tag = de-CH")
            .replace("state-unknown = unknown", "state-unknown = nicht bekannt")
    });
    let mut settings = settings();
    settings.advice.content = with_folder("de", folder.path());
    let server = Server::serve(settings);
    let card = server.post(SERVICE, &Chart::basic().call()).json()["cards"][0].clone();
    let detail = card["detail"].as_str().unwrap();
    assert!(detail.contains("**nicht bekannt**"), "{detail}");

    let nothing = Knowledge::load(&with_folder("fr", folder.path())).unwrap_err();
    let told = nothing.to_string();
    assert!(told.contains("\"fr\"") && told.contains("de, en, zh"));
    for language in ["../en", "en/..", ""] {
        let error = Knowledge::load(&with_folder(language, folder.path())).unwrap_err();
        assert!(
            matches!(
                error,
                UnusableContent::Language { .. } | UnusableContent::Texts { .. }
            ),
            "{error}"
        );
    }
}

#[test]
fn a_translation_that_nobody_reviewed_is_refused_until_enabled() {
    let build = |settings: Settings| {
        actix_web::rt::System::new().block_on(async move {
            Application::build(Startup::new(settings, clock()))
                .await
                .map(drop)
        })
    };
    let mut chinese = settings();
    chinese.advice.content.language = "zh".into();
    let refused = build(chinese.clone()).unwrap_err();
    assert!(matches!(&refused, CannotStart::Unreviewed(language) if language == "zh"));
    assert!(refused.to_string().contains("unreviewed_translations"));
    assert!(rrdtc::server::check(&chinese).is_err());
    chinese.unreviewed_translations = true;
    assert!(rrdtc::server::check(&chinese).is_ok());
    build(chinese).unwrap();

    // A client's language is looked at like the one at the top.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rrdtc.toml");
    let text = "external_url = \"https://cds.example.org\"\n[[clients]]\nname = \"a\"\nissuer = \"https://a\"\n\
        jku = \"https://a/jwks\"\nlanguage = \"zh\"\n";
    std::fs::write(&file, text).unwrap();
    let check = |settings: &Settings| rrdtc::server::check(settings).map_err(|e| e.to_string());
    let told = check(&Settings::load(Some(&file)).unwrap()).unwrap_err();
    assert!(told.contains("\"zh\""), "{told}");
    std::fs::write(&file, format!("unreviewed_translations = true\n{text}")).unwrap();
    check(&Settings::load(Some(&file)).unwrap()).unwrap();

    // The sandbox holds no patients: it shows the translation, which says what it is.
    let server = Server::run(async || {
        let mut settings = settings();
        settings.advice.content.language = "zh".into();
        rrdtc::sandbox::build(settings, clock(), rrdtc::sandbox::Store::synthetic()).await
    });
    let card = server.post(SERVICE, &Chart::basic().call()).json()["cards"][0].clone();
    let detail = card["detail"].as_str().unwrap();
    assert!(
        detail.contains("translation not clinically reviewed"),
        "{detail}"
    );
}

/// Words that are no English in a Chinese text: names, units, abbreviations.
const NAMES: [&str; 24] = [
    "RR",
    "DTC",
    "PET",
    "FDG",
    "SUVmax",
    "SUV",
    "CT",
    "N",
    "M",
    "liu",
    "Liu",
    "Wang",
    "Zhang",
    "EJNMMI",
    "Research",
    "rrdtc",
    "F",
    "Draft",
    "ServiceRequest",
    "EHR",
    "translation",
    "not",
    "clinically",
    "reviewed",
];

fn english_words(text: &str, allowed: &[&str]) -> Vec<String> {
    text.split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| word.len() > 1 && !allowed.contains(word))
        .map(str::to_owned)
        .collect()
}

#[test]
fn chinese_cards_hold_no_english_of_ours() {
    let knowledge = Knowledge::load(&content("zh")).unwrap();
    let sha256 = &knowledge.model.sha256[..12];
    let mut cards = 0;
    for (id, call) in calls() {
        for card in answer_in(&knowledge, &call)["cards"].as_array().unwrap() {
            cards += 1;
            let detail = card["detail"].as_str().unwrap().replace(sha256, "");
            let summary = card["summary"].as_str().unwrap();
            let labels = [&card["links"][0]["label"], &card["source"]["label"]];
            let reasons = card["overrideReasons"].as_array().unwrap().iter();
            let more = reasons.map(|reason| &reason["display"]).chain(labels);
            let more: Vec<&str> = more.map(|value| value.as_str().unwrap()).collect();
            for text in [shown(&detail).as_str(), summary, &more.join(" ")] {
                let english = english_words(text, &NAMES);
                assert!(english.is_empty(), "{id}: {english:?} in {text}");
            }
        }
    }
    assert!(cards >= 40, "{cards}");
}

#[test]
fn cards_of_every_language_show_the_same_numbers_and_no_stray_markup() {
    let numbers = |text: &str| {
        let mut numbers: Vec<String> = text
            .split(|c: char| !(c.is_ascii_digit() || c == '.'))
            .map(|number| number.trim_matches('.').to_owned())
            .filter(|number| !number.is_empty())
            .collect();
        numbers.sort();
        numbers
    };
    let english = Knowledge::load(&content("en")).unwrap();
    let chinese = Knowledge::load(&content("zh")).unwrap();
    for (id, call) in calls() {
        let (ours, theirs) = (answer_in(&english, &call), answer_in(&chinese, &call));
        assert_eq!(ours["extension"], theirs["extension"], "{id}");
        for (ours, theirs) in ours["cards"]
            .as_array()
            .unwrap()
            .iter()
            .zip(theirs["cards"].as_array().unwrap())
        {
            for member in ["summary", "detail"] {
                let (ours, theirs) = (
                    ours[member].as_str().unwrap(),
                    theirs[member].as_str().unwrap(),
                );
                assert_eq!(numbers(ours), numbers(theirs), "{id}: {ours}\n{theirs}");
                for text in [ours, theirs] {
                    let text = shown(text);
                    assert!(
                        !text.contains("**") && !text.contains('$') && !text.contains('{'),
                        "{id}: {text}"
                    );
                    // Marks that set text apart from its surroundings are no Markdown.
                    assert!(!text.contains(['\u{2068}', '\u{2069}']), "{id}: {text}");
                }
            }
            assert_eq!(ours["uuid"], theirs["uuid"]);
            assert!(theirs["summary"].as_str().unwrap().chars().count() < 140);
        }
    }
}

/// One card to the letter: what changes here changes what clinicians read.
#[test]
fn the_english_card_to_the_letter() {
    let chart = Chart::basic()
        .with(lesion("pet", 6.1, "2026-10-05"))
        .with(condition("bone", SNOMED, "94222008", "2022-02-05"));
    let card = &chart.answer()["cards"][0];
    assert_eq!(
        card["summary"],
        "RR-DTC score 45-52/52 (cut-off 10): at or above. Unvalidated research score, not a diagnosis; for team discussion."
    );
    let model = &KNOWLEDGE.model;
    let name = format!("{} {}, {}", model.id, model.version, &model.sha256[..12]);
    let expected = CARD.trim().replace("MODEL", &name);
    assert_eq!(card["detail"].as_str().unwrap(), expected);
}

const CARD: &str = r#"
| Predictor | State | Points | Rests on | Date |
|---|---|---|---|---|
| Age at diagnosis 48 or more | **present** | 1 | diagnosis of differentiated thyroid cancer; birth date | 2021-01-05, 1970-03-01 |
| Recurrence before first radioiodine | **unknown** | 0-7 | not recorded |  |
| Metastases at more than one site | **present** | 4 | metastasis: bone; metastasis: lung | 2022-02-05, 2022-01-05 |
| FDG PET positive, SUVmax 2.5 or more | **present** | 40 | FDG PET: SUVmax 6.1 | 2026-10-05 |

**Score 45-52 of 52**, cut-off 10: at or above.
In the source study 162 of 173 patients at or above the cut-off with a positive PET were later called refractory.

**Nomogram: between 93 % and over 99 %** that the disease turns out refractory. Basis: reconstructed from published aggregates, not validated here; 95 % band: sampling error of the fit and what the aggregates leave open, the wider of two priors; least and greatest limit over every completion of what is not known.

**Missing**
- Recurrence before first radioiodine: not recorded - would not change the class

**Caveats**
- No visual reading is recorded for a lesion at or above 2.5.

*Research score from one centre (404 patients with metastatic DTC), no external validation. It does not diagnose refractory disease and does not by itself change the indication for radioiodine. Model MODEL.*
"#;

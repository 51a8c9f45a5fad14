//! The nomogram as a picture: read back from its SVG, and made by the command line.

use crate::command_line::{ndjson, rrdtc};
use crate::support::{AS_OF, Chart, KNOWLEDGE, lesion};
use rrdtc::domain::model::Model;
use rrdtc::domain::nomogram::{Rounding, inverse_logit, percent};
use rrdtc::domain::score::{Pattern, Predictor, State};
use rrdtc::model::figure::svg;
use rrdtc::model::file::ModelFile;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An element of the picture with the text directly in it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
}

impl Element {
    fn number(&self, attribute: &str) -> f64 {
        let text = &self.attributes[attribute];
        text.parse().unwrap_or_else(|_| panic!("{self:?}: {text}"))
    }

    fn is(&self, name: &str, fill: &str) -> bool {
        self.name == name && self.attributes.get("fill").is_some_and(|is| is == fill)
    }
}

/// Reads the part of XML that a picture of ours may use, and refuses everything else.
fn parse(text: &str) -> Vec<Element> {
    let unescape = |text: &str| -> String {
        assert!(!text.contains(['<', '>']), "markup in {text:?}");
        let forbidden = |c: char| (c < ' ' && c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}');
        assert!(!text.contains(forbidden), "forbidden character in {text:?}");
        let (first, rest) = text
            .split_once('&')
            .map_or((text, None), |(a, b)| (a, Some(b)));
        let mut plain = first.to_owned();
        for part in rest.into_iter().flat_map(|rest| rest.split('&')) {
            let (name, rest) = part.split_once(';').expect("an entity ends with ;");
            plain.push_str(match name {
                "amp" => "&",
                "lt" => "<",
                "gt" => ">",
                "quot" => "\"",
                "#39" => "'",
                other => panic!("entity {other}"),
            });
            plain.push_str(rest);
        }
        plain
    };
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut parts = text.split('<');
    assert_eq!(parts.next(), Some(""), "text before the root");
    for part in parts {
        let (tag, after) = part.split_once('>').expect("a tag ends with >");
        assert!(!open.is_empty() || elements.is_empty(), "a second root");
        if let Some(name) = tag.strip_prefix('/') {
            let closed = open.pop().expect("something is open");
            assert_eq!(elements[closed].name, name);
        } else {
            let is_empty = tag.ends_with('/');
            let tag = tag.strip_suffix('/').unwrap_or(tag);
            let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
            let mut element = Element {
                name: name.to_owned(),
                ..Element::default()
            };
            while !rest.is_empty() {
                let (attribute, after) = rest.split_once("=\"").expect("a value in quotes");
                let (value, after) = after.split_once('"').expect("a closing quote");
                let before = element
                    .attributes
                    .insert(attribute.trim().to_owned(), unescape(value));
                assert_eq!(before, None, "{attribute} twice");
                rest = after;
            }
            elements.push(element);
            if !is_empty {
                open.push(elements.len() - 1);
            }
        }
        match open.last() {
            Some(&parent) => elements[parent].text.push_str(&unescape(after)),
            None => assert_eq!(after.trim(), "", "text after the root"),
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
    elements
}

/// The committed model, changed; the table of patterns follows when the coefficients are given.
fn model(coefficients: Option<(f64, [f64; 4])>, change: impl Fn(&mut Value)) -> Model {
    ModelFile::read("test.json", &model_text(coefficients, change))
        .unwrap()
        .model
}

fn model_text(coefficients: Option<(f64, [f64; 4])>, change: impl Fn(&mut Value)) -> String {
    let text = std::fs::read_to_string("cds-hooks/models/liu-2022.json").unwrap();
    let mut file: Value = serde_json::from_str(&text).unwrap();
    if let Some((intercept, ratios)) = coefficients {
        let nomogram = &mut file["nomogram"];
        nomogram["intercept"] = json!(intercept);
        for (predictor, ratio) in Predictor::ALL.into_iter().zip(ratios) {
            nomogram["coefficients"][predictor.name()] = json!(ratio);
        }
        for row in nomogram["patterns"].as_array_mut().unwrap() {
            let present = Predictor::ALL.map(|p| row[p.name()] == json!(true));
            let log_odds = (0..4).filter(|i| present[*i]).map(|i| ratios[i]);
            let log_odds = intercept + log_odds.sum::<f64>();
            row["estimate"] = json!(inverse_logit(log_odds));
            row["low"] = json!(inverse_logit(log_odds - 1.2));
            row["high"] = json!(inverse_logit(log_odds + 2.5));
        }
    }
    change(&mut file);
    file.to_string()
}

const HOSTILE: &str = "</text><script>alert(1)</script> & \"quotes\" 'too' \u{0}\u{1b}]]>";

fn hostile(file: &mut Value) {
    file["id"] = json!(format!("x{HOSTILE}"));
    file["version"] = json!("{sha256}<b>");
    file["nomogram"]["basis"] = json!(format!("{HOSTILE} {}", "w".repeat(300)));
}

/// Models that are drawn with difficulty, by name.
fn models() -> Vec<(&'static str, Model)> {
    let with = |intercept, ratios| model(Some((intercept, ratios)), |_| {});
    vec![
        ("committed", KNOWLEDGE.model.clone()),
        ("one effect is negative", with(0.3, [-0.4, 0.1, 0.15, 3.2])),
        (
            "all effects are negative",
            with(2.0, [-1.0, -2.0, -0.01, -0.5]),
        ),
        ("no effect", with(-1.0, [0.0; 4])),
        ("one effect", with(-1.0, [0.0, 0.0, 5.0, 0.0])),
        ("equal and small", with(-3.0, [0.01; 4])),
        ("large", with(-12.0, [6.0, 7.0, 8.0, 9.0])),
        ("hostile texts", model(None, hostile)),
    ]
}

fn all_states() -> impl Iterator<Item = [State; 4]> {
    (0..256usize).map(|index| std::array::from_fn(|i| State::ALL[(index >> (2 * i)) & 3]))
}

fn draw(model: &Model, states: Option<&[State; 4]>) -> (String, Vec<Element>) {
    let picture = svg(model, states, &KNOWLEDGE.figure_words).unwrap();
    let elements = parse(&picture);
    (picture, elements)
}

fn named<'a>(elements: &'a [Element], name: &'a str) -> impl Iterator<Item = &'a Element> {
    elements.iter().filter(move |element| element.name == name)
}

fn only<'a>(elements: &'a [Element], name: &'a str) -> &'a Element {
    let found: Vec<_> = named(elements, name).collect();
    assert_eq!(found.len(), 1, "{name}");
    found[0]
}

/// Left, top, right, bottom of what a person must be able to tell apart.
fn extent(element: &Element) -> Option<[f64; 4]> {
    match element.name.as_str() {
        "text" => {
            let size = element.number("font-size");
            let bold = if element.attributes.contains_key("font-weight") {
                1.08
            } else {
                1.0
            };
            let ems = |c: char| match c {
                'm' | 'w' | 'M' | 'W' | '%' => 0.9,
                c if " iljtfr.,:;'()|".contains(c) => 0.33,
                c if c.is_ascii_uppercase() => 0.7,
                _ => 0.56,
            };
            let width = element.text.chars().map(ems).sum::<f64>() * size * bold;
            let x = element.number("x");
            let left = match element.attributes.get("text-anchor").map(String::as_str) {
                Some("middle") => x - width / 2.0,
                None => x,
                other => panic!("{other:?}"),
            };
            let y = element.number("y");
            Some([left, y - 0.75 * size, left + width, y + 0.2 * size])
        }
        "circle" => {
            let (x, y, r) = (
                element.number("cx"),
                element.number("cy"),
                element.number("r"),
            );
            Some([x - r, y - r, x + r, y + r])
        }
        "polygon" => {
            let numbers: Vec<f64> = element.attributes["points"]
                .split([' ', ','])
                .map(|number| number.parse().unwrap())
                .collect();
            let (x, y): (Vec<f64>, Vec<f64>) = numbers.chunks(2).map(|c| (c[0], c[1])).unzip();
            let least = |v: &[f64]| v.iter().copied().fold(f64::INFINITY, f64::min);
            let most = |v: &[f64]| v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            Some([least(&x), least(&y), most(&x), most(&y)])
        }
        _ => None,
    }
}

fn assert_legible(name: &str, elements: &[Element]) {
    let view_box: Vec<f64> = elements[0].attributes["viewBox"]
        .split(' ')
        .map(|number| number.parse().unwrap())
        .collect();
    let [_, _, width, height] = view_box[..] else {
        panic!("{view_box:?}")
    };
    let marks: Vec<(&Element, [f64; 4])> = elements
        .iter()
        .filter_map(|element| Some((element, extent(element)?)))
        .collect();
    for (number, (element, a)) in marks.iter().enumerate() {
        assert!(
            a[0] >= 0.0 && a[1] >= 0.0 && a[2] <= width && a[3] <= height,
            "{name}: outside the picture: {element:?} {a:?}"
        );
        if element.name != "text" {
            continue;
        }
        let pixels = element.number("font-size") * 700.0 / width;
        assert!(pixels >= 11.0, "{name}: {element:?}");
        let others = marks
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != number);
        for (_, (other, b)) in others {
            let touches = a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
            assert!(!touches, "{name}: {element:?} on {other:?}");
        }
    }
}

#[test]
fn every_picture_is_legible_and_says_what_it_shows() {
    let words = &KNOWLEDGE.figure_words;
    for (name, model) in &models() {
        let nomogram = model.nomogram.as_ref().unwrap();
        let patients = all_states().map(Some);
        for states in std::iter::once(None).chain(patients) {
            let (picture, elements) = draw(model, states.as_ref());
            assert_legible(name, &elements);

            let root = &elements[0].attributes;
            assert_eq!(root["xmlns"], "http://www.w3.org/2000/svg");
            assert_eq!(
                (root["role"].as_str(), root["lang"].as_str()),
                ("img", "en")
            );
            let (title, desc) = (only(&elements, "title"), only(&elements, "desc"));
            let ids = [&title.attributes["id"], &desc.attributes["id"]];
            assert_eq!(root["aria-labelledby"], format!("{} {}", ids[0], ids[1]));

            // A strict content security policy holds, and nothing is loaded.
            for element in &elements {
                assert!(
                    [
                        "svg", "title", "desc", "rect", "line", "text", "circle", "polygon"
                    ]
                    .contains(&element.name.as_str()),
                    "{element:?}"
                );
                for attribute in element.attributes.keys() {
                    let is_active = attribute.starts_with("on") || attribute.contains("href");
                    assert!(!is_active && attribute != "style" && attribute != "class");
                }
            }
            for impossible in [" 0 %", " 100 %", ">0 %", ">100 %", "NaN", "inf", "-0"] {
                assert!(!picture.contains(impossible), "{name}: {impossible}");
            }
            if let Some(states) = &states {
                let probability = nomogram.probability(states);
                let mut told = vec![
                    percent(probability.low, Rounding::Down),
                    percent(probability.high, Rounding::Up),
                ];
                if let Some(estimate) = probability.estimate {
                    told.push(percent(estimate, Rounding::Nearest));
                }
                let visible: Vec<&str> = named(&elements, "text").map(|t| &*t.text).collect();
                for told in &told {
                    assert!(
                        title.text.contains(told) && desc.text.contains(told),
                        "{told}"
                    );
                    assert!(visible.join(" ").contains(told), "{told}");
                }
                for (predictor, state) in Predictor::ALL.into_iter().zip(states) {
                    let state = match state {
                        State::Present => &words.states.present,
                        State::Absent => &words.states.absent,
                        State::Unknown => &words.states.unknown,
                        State::Conflicting => &words.states.conflicting,
                    };
                    assert!(desc.text.contains(&format!(": {state}, ")), "{predictor:?}");
                    assert!(visible.contains(&state.as_str()), "{predictor:?}");
                }
            }
        }
    }
}

/// Where the axis of the probability has its ticks: x by log odds. The labels are per cents below the lowest axis.
fn probability_axis(elements: &[Element]) -> impl Fn(f64) -> f64 {
    let label = |text: &str| {
        let with_text = named(elements, "text").filter(|t| t.text == text);
        let lowest = with_text.max_by(|a, b| a.number("y").total_cmp(&b.number("y")));
        lowest.unwrap().number("x")
    };
    let log_odds = |p: f64| (p / (1.0 - p)).ln();
    let (low, high) = (label("20"), label("99"));
    let per_unit = (high - low) / (log_odds(0.99) - log_odds(0.2));
    move |probability| low + (log_odds(probability) - log_odds(0.2)) * per_unit
}

#[test]
fn estimate_and_band_stand_where_the_axis_says() {
    let model = &KNOWLEDGE.model;
    let nomogram = model.nomogram.as_ref().unwrap();
    for pattern in Pattern::all() {
        let (_, elements) = draw(model, Some(&pattern.states()));
        let x = probability_axis(&elements);
        let row = nomogram.of(pattern);
        // The first of each belongs to the figure, the second to the legend.
        let diamond = elements.iter().find(|e| e.is("polygon", "black")).unwrap();
        let [left, _, right, _] = extent(diamond).unwrap();
        let bar = elements.iter().find(|e| e.is("rect", "#bbbbbb")).unwrap();
        let (low, width) = (bar.number("x"), bar.number("width"));
        for (is, should) in [
            ((left + right) / 2.0, x(row.estimate)),
            (low, x(row.low)),
            (low + width, x(row.high)),
        ] {
            assert!((is - should).abs() < 0.3, "{pattern}: {is} {should}");
        }
    }
}

#[test]
fn what_is_not_known_is_a_range_without_an_estimate() {
    let model = &KNOWLEDGE.model;
    for open in [State::Unknown, State::Conflicting] {
        let states = [State::Present, State::Absent, State::Absent, open];
        let (_, elements) = draw(model, Some(&states));
        let discs = |fill| elements.iter().filter(|e| e.is("circle", fill)).count();
        // Three levels and the legend; both ends of the predictor, of the sum and of the legend.
        assert_eq!((discs("black"), discs("white")), (4, 6));
        assert_eq!(named(&elements, "polygon").count(), 0, "no estimate");
        assert!(!elements.iter().any(|e| e.is("rect", "#bbbbbb")), "no band");
        let x = probability_axis(&elements);
        let probability = model.nomogram.as_ref().unwrap().probability(&states);
        let bars = elements.iter().filter(|e| {
            e.name == "rect"
                && e.attributes.contains_key("stroke-dasharray")
                && e.number("height") > 6.0
        });
        let bar = bars.into_iter().next().unwrap();
        assert!((bar.number("x") - x(probability.low)).abs() < 0.3);
        assert!((bar.number("x") + bar.number("width") - x(probability.high)).abs() < 0.3);
        let title = &only(&elements, "title").text;
        assert!(title.contains("no estimate"), "{title}");
        let desc = &only(&elements, "desc").text;
        assert!(
            desc.contains("0 to 100 points. Total: 19.5 to 119.5 points."),
            "{desc}"
        );
    }
}

#[test]
fn below_the_figure_stands_what_it_rests_on() {
    let model = &KNOWLEDGE.model;
    let nomogram = model.nomogram.as_ref().unwrap();
    let open = [State::Unknown; 4];
    for states in [None, Some(&open)] {
        let (picture, elements) = draw(model, states);
        let texts: Vec<&str> = named(&elements, "text").map(|t| &*t.text).collect();
        let text = texts.join(" ");
        let basis = match states {
            None => nomogram.basis_of_one(),
            Some(states) => nomogram.basis(&nomogram.probability(states)),
        };
        assert!(text.contains(basis), "{text}");
        assert!(text.contains(&format!("{} {}", model.id, model.version)));
        assert!(text.contains(&model.sha256[..12]) && !picture.contains(&model.sha256));
        assert!(text.contains("52-point score"), "{text}");
    }
    // Without a patient there is no band, but a word on how to come to one.
    let (_, elements) = draw(model, None);
    assert!(named(&elements, "text").any(|t| t.text.contains("95 % band")));
    assert_eq!(named(&elements, "circle").count(), 0);
    let without = self::model(None, |file| {
        file.as_object_mut().unwrap().remove("nomogram");
    });
    assert_eq!(svg(&without, None, &KNOWLEDGE.figure_words), None);
}

#[test]
fn thresholds_and_points_are_those_of_the_model() {
    let local = model(Some((0.3, [-0.5, 1.0, 2.0, 1.5])), |file| {
        file["score"]["predictors"]["ageAtDiagnosis"]["thresholdYears"] = json!(55);
        file["score"]["predictors"]["fdgUptake"]["thresholdSuvMax"] = json!(3.5);
    });
    let (_, elements) = draw(&local, None);
    let desc = &only(&elements, "desc").text;
    for expected in [
        "55 years or more: no 25 points, yes 0 points.",
        "SUVmax 3.5 or more: no 0 points, yes 75 points.",
        // 0.3 - 0.5 = -0.2 at 0 points; 25 + 50 + 100 + 75 points: 0.3 + 4.5 = 4.8 without -0.5.
        "0 points in total stand for a probability of 45 %, 250 for 99 %.",
    ] {
        assert!(desc.contains(expected), "{expected}: {desc}");
    }
}

#[test]
fn the_command_draws_what_assess_reads() {
    let whole = rrdtc(&["model", "nomogram"], None);
    assert_eq!(whole.status.code(), Some(0));
    let picture = String::from_utf8(whole.stdout).unwrap();
    assert_eq!(picture, draw(&KNOWLEDGE.model, None).0);

    let chart = Chart::basic().with(lesion("pet", 6.1, "2026-10-05"));
    let input = ndjson(&chart);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reading.svg");
    let file_name = file.to_str().unwrap();
    let arguments = ["model", "nomogram", "--patient", "-", "--as-of", AS_OF];
    let marked = rrdtc(&arguments, Some(&input));
    assert_eq!(marked.status.code(), Some(0));
    let marked = String::from_utf8(marked.stdout).unwrap();
    let states = [
        State::Present,
        State::Unknown,
        State::Absent,
        State::Present,
    ];
    assert_eq!(marked, draw(&KNOWLEDGE.model, Some(&states)).0);
    let probability = &chart.assess()["probability"];
    let low = percent(probability["low"].as_f64().unwrap(), Rounding::Down);
    assert!(only(&parse(&marked), "title").text.contains(&low));

    let written = rrdtc(
        &[&arguments[..], &["--out", file_name]].concat(),
        Some(&input),
    );
    assert_eq!((written.status.code(), written.stdout.len()), (Some(0), 0));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), marked);
    assert!(
        !marked.contains("p-1") && !marked.contains("1970"),
        "nothing of the record"
    );

    // A year later the PET is too old.
    let later = [
        "model",
        "nomogram",
        "--patient",
        "-",
        "--as-of",
        "2027-11-20T12:00:00Z",
    ];
    let stale = String::from_utf8(rrdtc(&later, Some(&input)).stdout).unwrap();
    let states = [
        State::Present,
        State::Unknown,
        State::Absent,
        State::Unknown,
    ];
    assert_eq!(stale, draw(&KNOWLEDGE.model, Some(&states)).0);
}

#[test]
fn where_there_is_nothing_to_draw_no_picture_comes_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let without = model_text(None, |file| {
        file.as_object_mut().unwrap().remove("nomogram");
    });
    std::fs::write(path("without.json"), without).unwrap();
    std::fs::write(
        path("without.toml"),
        format!("model = {:?}", path("without.json")),
    )
    .unwrap();
    let out = path("picture.svg");
    let applies = ndjson(&Chart::basic());
    let second = applies
        .replace("p-1", "p-2")
        .replace("\"id\":\"", "\"id\":\"second-");
    let both = format!("{applies}{second}");
    let no_metastasis = ndjson(&Chart::basic().without("lung"));
    let patient = ["--patient", "-", "--as-of", AS_OF];
    let without = path("without.toml");
    for (arguments, input, code, message) in [
        (
            &patient[..],
            no_metastasis.as_str(),
            1,
            "no-metastasis-recorded",
        ),
        (&["--config", &without], "", 1, "no nomogram"),
        (&patient, "not json", 1, "not JSON"),
        (
            &["--patient", "no-such-file.json"],
            "",
            1,
            "no-such-file.json",
        ),
        (&patient, both.as_str(), 2, "--id"),
        (&["--id", "p-1"], "", 2, "--patient"),
        (&["--as-of", AS_OF], "", 2, "--patient"),
        (&["--fhir-version", "R5"], "", 2, "--patient"),
        (
            &["--patient", "-", "--id", "nobody"],
            &applies,
            4,
            "no Patient of this id",
        ),
        (
            &patient,
            r#"{"resourceType":"Observation","id":"o"}"#,
            4,
            "no Patient",
        ),
    ] {
        let arguments = [&["model", "nomogram", "--out", &out], arguments].concat();
        let output = rrdtc(&arguments, Some(input));
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(error.contains(message), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty() && !std::path::Path::new(&out).exists());
    }
    let chosen = [&["model", "nomogram", "--id", "p-1"], &patient[..]].concat();
    let chosen = rrdtc(&chosen, Some(&both));
    assert_eq!(chosen.status.code(), Some(0));
    parse(&String::from_utf8(chosen.stdout).unwrap());
}

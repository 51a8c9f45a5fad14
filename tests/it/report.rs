//! The HTML page of a report: whole, usable by a screen reader, a keyboard, a printer and a phone, and with nothing that runs
//! or comes from elsewhere.

use crate::browser::{Options, in_browser, validator_is_missing};
use crate::command_line::rrdtc;
use crate::plot::gallery;
use rrdtc::plot::Picture;
use rrdtc::report::{Block, Page, Section, Table, Withheld};
use sha2::{Digest, Sha256};
use std::process::Command;

/// A page with everything that a page can hold.
fn page() -> Page {
    let mut table = Table::new(
        "Measures at the cut-off",
        &["Measure", "Estimate", "95 % interval"],
    )
    .with_note("Wilson intervals.");
    table.row(["Sensitivity", "0.758", "0.698 to 0.809"]);
    table.row(["Specificity <at> the \"cut-off\" & above", "0.928", ""]);
    let pictures = gallery().into_iter().map(|(name, picture)| {
        let mut numbers = Table::new(&format!("Numbers of {name}"), &["Point", "Value"]);
        numbers.row(["first", "1"]);
        Block::picture_with_numbers(name, picture, "What it shows & how to read it.", numbers)
    });
    Page {
        title: "Local evaluation <of> a model".to_owned(),
        made_by: "rrdtc 0.1.0, 2026-11-25".to_owned(),
        lead: vec![Block::Warning("Few patients.".to_owned())],
        sections: vec![
            Section::new("Figures", pictures.collect()),
            Section::new(
                "Measures",
                vec![
                    Block::Heading("At the cut-off".to_owned()),
                    Block::paragraph("A paragraph with <b>markup</b> that is shown."),
                    Block::List(vec!["one".to_owned(), "two".to_owned()]),
                    Block::Table(table),
                    Block::Withheld(vec![Withheld {
                        what: "Calibration slope".to_owned(),
                        why: "at least 100 patients of each outcome are needed; 38 more".to_owned(),
                    }]),
                ],
            ),
            Section::new(
                "Figures?",
                vec![Block::Facts(vec![(
                    "SHA-256".to_owned(),
                    "0123456789abcdef".repeat(4),
                )])],
            ),
        ],
        closing: "Not a certified medical device.".to_owned(),
    }
}

#[test]
fn the_same_page_is_the_same_bytes() {
    assert_eq!(page().html(), page().html());
}

#[test]
fn texts_are_shown_not_obeyed() {
    let html = page().html();
    assert!(!html.contains("<b>"));
    assert!(html.contains("&#60;b&#62;markup"), "the paragraph is there");
    assert!(
        html.contains("<td class=\"number\">not given</td>"),
        "an empty cell is said to be empty"
    );
}

#[test]
fn nothing_comes_from_elsewhere_and_nothing_runs() {
    let html = page().html();
    for forbidden in [
        "<script",
        "<link",
        "<img",
        "src=",
        "@import",
        "javascript:",
        " style=",
        " on",
    ] {
        let mut tags = html
            .split('<')
            .skip(1)
            .map(|part| part.split('>').next().unwrap());
        let found = tags.find(|tag| format!("<{tag}").contains(forbidden));
        assert_eq!(found, None, "{forbidden}");
    }
    let html = html.replace("http://www.w3.org/2000/svg", "");
    assert!(
        !html.contains("http:") && !html.contains("https:") && !html.contains("//"),
        "an address"
    );
}

#[test]
fn the_policy_allows_the_style_of_the_page_alone() {
    let html = page().html();
    let style = html
        .split_once("<style>")
        .unwrap()
        .1
        .split_once("</style>")
        .unwrap()
        .0;
    use base64::Engine;
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style));
    let html = html.replace("&#39;", "'");
    assert!(html.contains(&format!("style-src 'sha256-{hash}'")));
    assert!(html.contains("default-src 'none'"));
    assert_eq!(
        html.matches("<style").count(),
        1,
        "pictures bring no style of their own"
    );
}

#[test]
fn ids_are_unique_and_every_link_leads_somewhere() {
    let html = page().html();
    let values = |name: &str| -> Vec<String> {
        let start = format!(" {name}=\"");
        let parts = html.split(&start).skip(1);
        parts
            .map(|part| part.split('"').next().unwrap().to_owned())
            .collect()
    };
    let ids = values("id");
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "an id twice: {ids:?}");
    assert!(ids.iter().any(|id| id == "figures-2"), "{ids:?}");
    let targets = values("href")
        .into_iter()
        .map(|href| href.trim_start_matches('#').to_owned());
    let named = values("aria-labelledby");
    let named = named
        .iter()
        .flat_map(|ids| ids.split(' '))
        .map(str::to_owned);
    let used = html
        .split("url(#")
        .skip(1)
        .map(|part| part.split(')').next().unwrap().to_owned());
    for target in targets.chain(named).chain(used) {
        assert!(ids.contains(&target), "{target} leads nowhere");
    }
}

#[test]
fn every_figure_of_the_page_is_a_file_too() {
    let figures = page().figures();
    assert_eq!(figures.len(), gallery().len());
    for ((name, svg), (expected, picture)) in figures.iter().zip(gallery()) {
        assert_eq!(name, expected);
        assert!(svg.starts_with("<svg"), "{name}");
        if !matches!(picture, Picture::Given { .. }) {
            assert!(svg.contains("<style>"), "{name} has its style in it");
        }
    }
}

/// Every page that the commands write, and the one with everything.
fn every_page() -> Vec<(&'static str, Page)> {
    let mut pages = crate::pages::all();
    pages.push(("everything", page()));
    pages
}

#[test]
fn markup_of_every_page() {
    if validator_is_missing("markup_of_every_page") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, page) in every_page() {
        let file = folder
            .path()
            .join(format!("{}.html", name.replace(' ', "-")));
        std::fs::write(file, page.html()).unwrap();
    }
    let output = Command::new("node")
        .arg("tests/browser/validate.mjs")
        .arg(folder.path())
        .output()
        .unwrap();
    let found = String::from_utf8_lossy(&output.stdout);
    let failure = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{found}{failure}");
}

#[test]
fn pages_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let pages = every_page();
    let files: Vec<_> = pages
        .iter()
        .enumerate()
        .map(|(number, (name, page))| {
            let file = folder.path().join(format!("{number}.html"));
            std::fs::write(&file, page.html()).unwrap();
            (*name, format!("file://{}", file.display()))
        })
        .collect();
    for size in [(1280, 1000), (360, 740)] {
        let options = Options {
            size,
            ..Options::default()
        };
        in_browser("pages_in_a_browser", options, async |browser| {
            for (name, url) in &files {
                browser.open(url).await;
                browser.check_with_axe(name).await;
                let widths = browser
                    .run("return [document.documentElement.scrollWidth, document.documentElement.clientWidth];")
                    .await;
                assert!(
                    widths[0].as_u64() <= widths[1].as_u64(),
                    "{name} is wider than the screen: {widths}"
                );
            }
        });
    }
}

#[test]
fn a_command_writes_the_page_and_its_figures_beside_its_summary() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (cohort, report, figures) = (path("cohort.csv"), path("report.html"), path("figures"));
    let made = rrdtc(
        &[
            "cohort",
            "synthesize",
            "--patients",
            "404",
            "--out",
            &cohort,
        ],
        None,
    );
    assert!(made.status.success(), "{made:?}");
    let validate = |report: &str| {
        let arguments = [
            "validate",
            &cohort,
            "--bootstrap",
            "20",
            "--date",
            "2026-11-25",
        ];
        rrdtc(
            &[&arguments[..], &["--report", report, "--figures", &figures]].concat(),
            None,
        )
    };
    let answer = validate(&report);
    assert!(answer.status.success(), "{answer:?}");
    assert!(
        !answer.stdout.is_empty(),
        "the summary is there all the same"
    );
    let html = std::fs::read_to_string(&report).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"));
    for figure in ["flow", "roc", "score-distribution", "nomogram"] {
        let svg = std::fs::read_to_string(format!("{figures}/{figure}.svg")).unwrap();
        assert!(svg.starts_with("<svg"), "{figure}");
        assert!(html.contains("class=\"plot\""));
    }
    let refused = validate(&path("no/such/folder/report.html"));
    assert_eq!(refused.status.code(), Some(1));
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(error.contains("report.html cannot be written"), "{error}");
}

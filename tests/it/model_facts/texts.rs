//! Where the texts of the documents come from, and how they are had on the command line.

use super::*;
use rrdtc::config::{Settings, UnusableContent};
use std::process::Command;

#[test]
fn texts_that_do_not_work_are_told_with_their_file() {
    let broken = |file: &'static str, from: &'static str, to: &'static str| {
        move |name: &str| {
            let text = text_of(name)?;
            Some(if name == file {
                assert!(text.contains(from), "{file}: {from}");
                text.replace(from, to)
            } else {
                text
            })
        }
    };
    for (file, from, to, problem) in [
        (
            "model-facts.md",
            "{{ score.maximum }}",
            "{{ score.maximun }}",
            "undefined",
        ),
        ("model-facts.md", "{% endmacro %}", "", "model-facts.md"),
        (
            "statements.json",
            "{{ score.maximum }}",
            "{{ score.maximum | fixd(1) }}",
            "fixd",
        ),
        (
            "statements.json",
            "{{ score.maximum }}",
            "{{ model.id | fixed(1) }}",
            "expected a number",
        ),
        (
            "statements.json",
            "\"notGiven\"",
            "\"notgiven\"",
            "notGiven",
        ),
        ("tripod-ai.json", "[", "", "tripod-ai.json"),
        (
            "paper-errors.json",
            "\"recurrence-count\"",
            "\"recurrence-counts\"",
            "recurrence-count is missing",
        ),
        // A value that the file may leave out, without asking for it first.
        (
            "model-facts.md",
            "{{ cohort.site | given }}",
            "{{ localValidation }}",
            "not there",
        ),
    ] {
        let error = make(&model(), broken(file, from, to), None)
            .unwrap_err()
            .to_string();
        assert!(error.contains(file) && error.contains(problem), "{error}");
    }
    let missing = make(
        &model(),
        |name| text_of(name).filter(|_| name != "style.css"),
        None,
    );
    assert_eq!(
        missing.unwrap_err().to_string(),
        "facts/style.css is missing"
    );
}

#[test]
fn a_folder_replaces_single_texts_and_a_language_without_facts_has_the_english_ones() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let load = |language: &str| {
        let mut settings = Settings::with("language", language).unwrap();
        settings.advice.content.texts_folder = Some(folder.path().to_owned());
        rrdtc::config::Knowledge::load(&settings.advice.content)
    };
    let layout = text_of("layout.html").unwrap();
    write(
        "en/facts/layout.html",
        &layout.replace("Not a certified medical device", "Ask Dr. Example"),
    );
    let html = load("en")
        .unwrap()
        .facts
        .document(Kind::Facts)
        .text(Format::Html)
        .to_owned();
    assert!(html.contains("Ask Dr. Example"));
    assert!(html.contains("What it never says"));

    for entry in std::fs::read_dir("cds-hooks/texts/en").unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            write(
                &format!("de/{name}"),
                &std::fs::read_to_string(path).unwrap(),
            );
        }
    }
    let html = load("de")
        .unwrap()
        .facts
        .document(Kind::Facts)
        .text(Format::Html)
        .to_owned();
    assert!(html.contains("What it never says") && html.contains("<html lang=\"en\">"));

    write("en/facts/identity.md", "{{ model.name }}");
    let error = load("en").unwrap_err();
    assert!(matches!(error, UnusableContent::Facts { .. }));
    let error = error.to_string();
    assert!(
        error.contains("\"en\"") && error.contains("facts/"),
        "{error}"
    );
}

#[test]
fn the_command_line_gives_every_document_in_every_format() {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rrdtc"));
        command
            .env_remove("RRDTC_MODEL")
            .arg("model")
            .args(arguments);
        command.output().unwrap()
    };
    let facts = &crate::support::KNOWLEDGE.facts;
    let folder = tempfile::tempdir().unwrap();
    for (command, kind) in [
        ("facts", Kind::Facts),
        ("source-attributes", Kind::SourceAttributes),
        ("tripod-ai", Kind::TripodAi),
    ] {
        for (arguments, format) in [
            (&[][..], Format::Markdown),
            (&["--format", "markdown"], Format::Markdown),
            (&["--format", "html"], Format::Html),
            (&["--format", "json"], Format::Json),
            (&["--json"], Format::Json),
        ] {
            let output = run(&[&[command], arguments].concat());
            assert!(output.status.success());
            assert_eq!(
                String::from_utf8(output.stdout).unwrap(),
                facts.document(kind).text(format),
                "{command} {arguments:?}"
            );
        }
        let path = folder.path().join(command);
        let output = run(&[command, "--format", "html", "--out", path.to_str().unwrap()]);
        assert!(output.status.success() && output.stdout.is_empty());
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            facts.document(kind).text(Format::Html)
        );
        let help = String::from_utf8(run(&[command, "--help"]).stdout).unwrap();
        assert!(help.contains("Examples:"), "{help}");
    }
    let refused = run(&["facts", "--format", "pdf"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("markdown, html, json"));
    let nowhere = folder.path().join("no/such/folder/facts.md");
    let refused = run(&["facts", "--out", nowhere.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));

    // The facts of the file that is configured.
    let own = folder.path().join("own.json");
    std::fs::write(&own, recalibrated().to_string()).unwrap();
    let config = folder.path().join("rrdtc.toml");
    std::fs::write(&config, format!("model = {:?}", own.to_str().unwrap())).unwrap();
    let output = run(&["facts", "--config", config.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("# Model facts: north-hospital 1.4.0\n"),
        "{text:.100}"
    );
}

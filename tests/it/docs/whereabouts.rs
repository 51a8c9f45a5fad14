//! What documents point at is there: anchors, files of this repository, commands with their flags.

use super::{documents, prose, spans};
use clap::CommandFactory;
use std::path::Path;

/// Folders at the top of the repository that documents speak of.
const FOLDERS: [&str; 9] = [
    ".ci/",
    "benches/",
    "cds-hooks/",
    "deploy/",
    "docs/",
    "fixtures/",
    "src/",
    "templates/",
    "tests/",
];

/// The anchor that a heading gets on the pages of a forge: small letters, digits, `-` and `_`, blanks as `-`.
fn anchor(heading: &str) -> String {
    heading
        .trim()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .flat_map(char::to_lowercase)
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn anchors(text: &str) -> Vec<String> {
    prose(text)
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect()
}

#[test]
fn anchors_of_links_exist() {
    assert_eq!(
        anchor(" What `x_y` is, in 3 - words"),
        "what-x_y-is-in-3---words"
    );
    for (path, text) in documents() {
        for rest in prose(&text).split("](").skip(1) {
            let target = rest.split(')').next().unwrap();
            let Some((file, wanted)) = target.split_once('#') else {
                continue;
            };
            if target.contains("://") || !(file.is_empty() || file.ends_with(".md")) {
                continue;
            }
            let there = match file {
                "" => anchors(&text),
                file => {
                    let leads_to = path.parent().unwrap_or(Path::new("")).join(file);
                    anchors(&std::fs::read_to_string(leads_to).unwrap())
                }
            };
            assert!(
                there.iter().any(|a| a == wanted),
                "{}: {target}",
                path.display()
            );
        }
    }
}

/// Blocks of shell commands, a command a line.
fn shell_lines(text: &str) -> Vec<String> {
    let blocks = text.split("```").skip(1).step_by(2);
    blocks
        .filter_map(|block| block.strip_prefix("sh\n"))
        .flat_map(|block| {
            let joined = block.replace("\\\n", " ");
            joined.lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

/// Whether a path is there; `*` stands for any part of a name, and what follows that name is not looked at.
fn is_there(path: &str) -> bool {
    let Some((before, after)) = path.split_once('*') else {
        return Path::new(path).exists();
    };
    let (folder, begins) = before.rsplit_once('/').unwrap_or((".", before));
    let ends = after.split('/').next().unwrap_or_default();
    std::fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.any(|entry| {
            let name = entry.unwrap().file_name().display().to_string();
            name.starts_with(begins) && name.ends_with(ends)
        })
    })
}

#[test]
fn files_that_documents_name_exist() {
    let mut seen = 0;
    for (path, text) in documents() {
        for code in spans(&text).into_iter().chain(shell_lines(&text)) {
            for word in code.split([' ', '"', '\'', '=', ',', ';', ':', '(', ')']) {
                let word = word.trim_end_matches('.');
                if FOLDERS.iter().any(|folder| word.starts_with(folder))
                    && !word.contains(['<', '{', '$'])
                {
                    seen += 1;
                    assert!(is_there(word), "{}: {word}", path.display());
                }
            }
        }
    }
    assert!(seen >= 20, "{seen}");
}

/// `rrdtc` and its words up to the end of the command, wherever a line calls it.
fn calls(line: &str) -> Vec<Vec<&str>> {
    let starts = line.match_indices("rrdtc ").filter(|(at, _)| {
        let before = line[..*at].chars().next_back();
        before.is_none_or(|c| matches!(c, ' ' | '\'' | '('))
    });
    starts
        .map(|(at, name)| {
            let rest = &line[at + name.len()..];
            let end = [" | ", " || ", " && ", ";", " #"].into_iter();
            let end = end.filter_map(|mark| rest.find(mark)).min();
            rest[..end.unwrap_or(rest.len())]
                .split_whitespace()
                .collect()
        })
        .collect()
}

#[test]
fn commands_that_documents_name_exist() {
    let mut seen = 0;
    for (path, text) in documents() {
        for line in spans(&text).into_iter().chain(shell_lines(&text)) {
            for words in calls(&line) {
                let mut root = rrdtc::cli::Arguments::command();
                root.build();
                let mut command = &root;
                let mut words = words.into_iter().peekable();
                while command.has_subcommands()
                    && let Some(name) = words.next_if(|word| !word.starts_with('-'))
                {
                    command = command
                        .find_subcommand(name)
                        .unwrap_or_else(|| panic!("{}: {line}: no command {name}", path.display()));
                    seen += 1;
                }
                for word in words.filter(|word| word.starts_with("--")) {
                    let flag: String = word[2..]
                        .chars()
                        .take_while(|c| c.is_ascii_lowercase() || *c == '-')
                        .collect();
                    let known = command
                        .get_arguments()
                        .any(|argument| argument.get_long() == Some(&flag));
                    assert!(known, "{}: {line}: no flag --{flag}", path.display());
                    seen += 1;
                }
            }
        }
    }
    assert!(seen >= 100, "{seen}");
}

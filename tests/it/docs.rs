//! The documents say what is so: the example configuration, links, names of settings, metrics and tests.

mod whereabouts;

use rrdtc::config::{DEFAULTS, Settings, client_settings};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml_edit::{DocumentMut, Item};

fn example() -> String {
    std::fs::read_to_string("rrdtc.example.toml").unwrap()
}

fn parsed(text: &str) -> DocumentMut {
    text.parse().unwrap()
}

/// The example with what is commented out put in: settings and headers of tables, not the prose.
fn in_full() -> String {
    example()
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if is_setting(rest) || is_header(rest) => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect()
}

fn is_header(line: &str) -> bool {
    line.starts_with('[') && line.ends_with(']') && line.parse::<DocumentMut>().is_ok()
}

fn is_setting(line: &str) -> bool {
    line.split_once(" = ")
        .is_some_and(|(name, _)| is_name(name))
        && line.parse::<DocumentMut>().is_ok()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// Names of settings by table; "" is the top.
type Names = BTreeMap<String, BTreeSet<String>>;

fn names(table: &str, item: &Item, found: &mut Names) {
    if let Some(tables) = item.as_array_of_tables() {
        for one in tables {
            names(table, &Item::Table(one.clone()), found);
        }
    }
    for (name, item) in item.as_table_like().into_iter().flat_map(|t| t.iter()) {
        if item.is_table() || item.is_array_of_tables() {
            let inner = match table {
                "" => name.to_owned(),
                outer => format!("{outer}.{name}"),
            };
            names(&inner, item, found);
        } else {
            found
                .entry(table.to_owned())
                .or_default()
                .insert(name.to_owned());
        }
    }
}

fn all_settings() -> Names {
    let mut all = Names::new();
    names("", parsed(DEFAULTS).as_item(), &mut all);
    for (table, settings) in client_settings() {
        // Tables within a client have names of their own.
        let of_table = settings.into_iter().filter(|name| {
            !["backend_services", "smart", "suggestions", "tenants"].contains(&&**name)
        });
        all.insert(table.to_owned(), of_table.collect());
    }
    all
}

/// Loads a configuration whose files are made in a folder of its own.
fn load(text: &str) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    let etc = folder.path().display().to_string();
    for (at, _) in text.match_indices("\"/etc/rrdtc/") {
        let path: String = text[at + "\"/etc/rrdtc/".len()..]
            .chars()
            .take_while(|c| *c != '"')
            .collect();
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let secret = match path.file_name().and_then(|name| name.to_str()) {
            Some("proxy") => "http://proxy.example.org:3128".to_owned(),
            _ => "x".repeat(32),
        };
        std::fs::write(&path, secret).unwrap();
    }
    let file = folder.path().join("rrdtc.toml");
    std::fs::write(&file, text.replace("/etc/rrdtc", &etc)).unwrap();
    Settings::load(Some(&file)).unwrap()
}

#[test]
fn the_example_configuration_is_accepted() {
    let settings = load(&example());
    assert_eq!(settings.clients.len(), 1);
    // And with everything that it shows commented out, but for two of the three ways to give keys and one of two to be known.
    let full: String = in_full()
        .lines()
        .filter(|line| !line.starts_with("jwks") && !line.starts_with("client_secret_file"))
        .map(|line| format!("{line}\n"))
        .collect();
    let client = load(&full).clients.remove(0);
    assert!(client.fetching.backend.is_some());
    assert!(client.smart.is_some());
    assert!(client.tenants[0].pseudonym_key.is_some());
}

#[test]
fn the_example_configuration_shows_every_setting() {
    let mut shown = Names::new();
    names("", parsed(&in_full()).as_item(), &mut shown);
    assert_eq!(shown, all_settings());
}

#[test]
fn the_example_configuration_shows_the_defaults() {
    fn values(item: &Item) -> BTreeMap<String, String> {
        item.as_table_like()
            .into_iter()
            .flat_map(|table| table.iter())
            .filter(|(_, item)| item.is_value())
            .map(|(name, item)| {
                let value = item.clone().into_value().unwrap().decorated("", "");
                (name.to_owned(), value.to_string())
            })
            .collect()
    }
    let (example_file, defaults) = (parsed(&example()), parsed(DEFAULTS));
    let tables = defaults.iter().filter(|(_, item)| item.is_table());
    let tables: Vec<_> = tables.map(|(name, _)| name).collect();
    let here = |name: &str| name != "external_url" && !name.ends_with("url_file");
    let mut top = values(example_file.as_item());
    let mut expected = values(defaults.as_item());
    for values in [&mut top, &mut expected] {
        values.retain(|name, _| here(name) && name != "proxy_file");
    }
    assert_eq!(top, expected);
    for table in tables {
        assert_eq!(
            values(&example_file[table]),
            values(&defaults[table]),
            "{table}"
        );
    }

    // A client of which only the required is said, and what the example adds as an illustration.
    let bare = "external_url = \"https://cds.example.org\"\n[[clients]]\nname = \"example-ehr\"\n\
        issuer = \"https://ehr.example.org\"\njku = \"https://ehr.example.org/.well-known/jwks.json\"\n\
        fhir_bases = [\"https://ehr.example.org/fhir/r4\"]\n[[clients.tenants]]\nid = \"north-hospital\"\n";
    assert_eq!(
        format!("{:#?}", load(&example()).clients),
        format!("{:#?}", load(bare).clients)
    );
}

/// What stands at the top and everything in docs: path and text.
fn documents() -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    for folder in [".", "docs", "docs/proof"] {
        for entry in std::fs::read_dir(folder).unwrap() {
            paths.push(entry.unwrap().path());
        }
    }
    paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

/// The document without its blocks of code.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// What stands in backticks.
fn spans(text: &str) -> Vec<String> {
    prose(text)
        .lines()
        .flat_map(|line| {
            let parts: Vec<String> = line
                .split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect();
            parts
        })
        .collect()
}

#[test]
fn relative_links_lead_somewhere() {
    let mut links = 0;
    for (path, text) in documents() {
        for (at, _) in prose(&text).match_indices("](") {
            let prose = prose(&text);
            let target: String = prose[at + 2..].chars().take_while(|c| *c != ')').collect();
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || target.contains("://") {
                continue;
            }
            links += 1;
            let leads_to = path.parent().unwrap_or(Path::new("")).join(file);
            assert!(leads_to.exists(), "{}: {target}", path.display());
        }
    }
    assert!(links >= 5, "README links the documents");
}

#[test]
fn settings_that_documents_name_exist() {
    let known: BTreeSet<String> = all_settings()
        .into_iter()
        .flat_map(|(table, settings)| {
            settings.into_iter().flat_map(move |name| {
                let dotted = format!("{table}.{name}");
                [name, dotted]
            })
        })
        .collect();
    let mut seen = 0;
    for (path, text) in documents() {
        for span in spans(&text) {
            let Some((name, _)) = span.split_once(" = ") else {
                continue;
            };
            if name.split('.').all(is_name) {
                seen += 1;
                assert!(known.contains(name), "{}: {span}", path.display());
            }
        }
    }
    assert!(seen >= 5);
}

#[test]
fn metrics_that_documents_name_exist() {
    let metrics = std::fs::read_to_string("src/server/metrics.rs").unwrap();
    let mut seen = BTreeSet::new();
    for (path, text) in documents() {
        for (at, _) in text.match_indices("rrdtc_") {
            let name: String = text[at..]
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            let name = name
                .trim_end_matches("_bucket")
                .trim_end_matches("_count")
                .trim_end_matches("_sum");
            assert!(
                metrics.contains(&format!("\"{name}\"")),
                "{}: {name}",
                path.display()
            );
            seen.insert(name.to_owned());
        }
    }
    // And the other way: every metric is told of.
    let described = metrics.match_indices("\"rrdtc_").map(|(at, _)| {
        let name = metrics[at + 1..].split('"').next();
        name.unwrap_or_default().to_owned()
    });
    assert_eq!(seen, described.collect());
}

#[test]
fn tests_that_the_security_model_names_exist() {
    fn sources(folder: &Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|e| e == "rs") {
                *all += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    let mut all = String::new();
    sources(Path::new("tests/it"), &mut all);
    sources(Path::new("src"), &mut all);
    let text = std::fs::read_to_string("docs/security.md").unwrap();
    let mut seen = 0;
    for span in spans(&text) {
        if let Some((_, name)) = span.rsplit_once("::")
            && is_name(name)
        {
            seen += 1;
            assert!(all.contains(&format!("fn {name}(")), "{span}");
        }
    }
    assert!(seen >= 20);
}

/// Each recipe is followed as it stands.
#[test]
fn the_recipes_of_contributing_work() {
    let text = std::fs::read_to_string("CONTRIBUTING.md").unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_rrdtc"));
    let path = format!(
        "{}:{}",
        binary.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let mut recipes = 0;
    for recipe in text.split("```sh\n").skip(1) {
        let commands = recipe.split("```").next().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let done = std::process::Command::new("bash")
            .args(["-euo", "pipefail", "-c", commands])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("REPO", env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{commands}\n{said}");
        recipes += 1;
    }
    assert_eq!(recipes, 4);
}

/// The card that README shows is the one that the sandbox answers.
#[test]
fn the_card_in_the_readme_is_the_card() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let quoted: Vec<&str> = readme
        .split("## A card")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix('>'))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .filter(|line| !line.is_empty())
        .collect();
    let server = crate::support::Server::sandbox();
    let call = server.get("/requests/textbook-fdg-only").json();
    let card = &server.post(crate::support::SERVICE, &call).json()["cards"][0];
    let summary = card["summary"].as_str().unwrap();
    let indicator = card["indicator"].as_str().unwrap();
    let first = format!("**{summary}** ({indicator})");
    let detail = card["detail"].as_str().unwrap();
    let mut expected = vec![first.as_str()];
    expected.extend(detail.lines().filter(|line| !line.is_empty()));
    assert_eq!(quoted, expected);
}

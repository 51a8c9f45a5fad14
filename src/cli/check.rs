//! `rrdtc check`.

use super::assess::{assess_patient, read_files, values};
use super::{Common, Failure};
use crate::chart::Release;
use crate::chart::input::Resources;
use crate::config::{Content, DEFAULTS, Knowledge, Settings};
use crate::domain::facts::Topic;
use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    common: Common,
    /// FHIR files whose coverage to report: Bundles, resources or NDJSON; `-` is standard input.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The FHIR release of the files: R4, R4B or R5.
    #[arg(long, value_name = "RELEASE", default_value_t = Release::R4)]
    fhir_version: Release,
    /// The report as JSON.
    #[arg(long)]
    json: bool,
    /// Print every setting with its default and stop.
    #[arg(long)]
    print_config: bool,
}

/// What became of the records of one type.
#[derive(Debug, Default, serde::Serialize)]
struct Counts {
    records: usize,
    used: usize,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.print_config {
            print!("{DEFAULTS}");
            return Ok(());
        }
        let (settings, knowledge) = self.common.load()?;
        crate::server::check(&settings)?;
        let texts: Vec<serde_json::Value> = contents(&settings)
            .into_iter()
            .map(texts)
            .collect::<Result<_, _>>()?;
        let mut report = json!({
            "model": { "id": knowledge.model.id, "version": knowledge.model.version, "sha256": knowledge.model.sha256 },
            "services": knowledge.services.iter().map(|service| &service.id).collect::<Vec<_>>(),
            "texts": texts,
            "terminology": {
                "sha256": knowledge.terminology.sha256(),
                "sets": knowledge.terminology.counts().iter().map(|(name, rows)| json!({ "id": name, "rows": rows })).collect::<Vec<_>>(),
            },
        });
        if !self.files.is_empty() {
            let texts = read_files(&self.files)?;
            let mut resources = Resources::written_in(self.fhir_version);
            for (file, value) in values(&texts)? {
                if !resources.add(value) {
                    return Err(Failure::Input(format!(
                        "{} is no FHIR Bundle or resource",
                        file.display()
                    )));
                }
            }
            if resources.patients().next().is_none() {
                return Err(Failure::MissingData("the input holds no Patient".into()));
            }
            let mut coverage: BTreeMap<&str, Counts> = BTreeMap::new();
            let mut unmapped: BTreeMap<(String, String, &str), usize> = BTreeMap::new();
            for id in resources.patients() {
                let (_, chart) =
                    assess_patient(&resources, id, &knowledge, &settings, Timestamp::now())?;
                for (name, counts) in chart.coverage {
                    let entry = coverage.entry(name).or_default();
                    entry.records += counts.records;
                    entry.used += counts.used;
                }
                for (system, code, topic) in chart.unmapped {
                    *unmapped
                        .entry((system, code, topic_name(topic)))
                        .or_default() += 1;
                }
            }
            let mut ranked: Vec<_> = unmapped.into_iter().collect();
            ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            report["coverage"] = json!(coverage);
            report["unmapped"] = ranked
                .into_iter()
                .map(|((system, code, topic), count)| {
                    json!({ "system": system, "code": code, "about": topic, "count": count, "row": row(&system, &code, topic) })
                })
                .collect();
        }
        if self.json {
            println!("{report}");
        } else {
            print_report(&report);
        }
        Ok(())
    }
}

/// The files in use: of everybody, of clients and of tenants, each once.
fn contents(settings: &Settings) -> Vec<&Content> {
    let clients = settings.clients.iter().flat_map(|client| {
        let tenants = client.tenants.iter().map(|tenant| &tenant.advice.content);
        std::iter::once(&client.advice.content).chain(tenants)
    });
    let mut contents = vec![&settings.advice.content];
    for content in clients {
        if !contents
            .iter()
            .any(|known| known.language == content.language)
        {
            contents.push(content);
        }
    }
    contents
}

fn texts(content: &Content) -> Result<serde_json::Value, Failure> {
    let knowledge = Knowledge::load(content)?;
    let unknown: Vec<_> = knowledge
        .unknown_texts()
        .map(|unknown| json!({ "file": unknown.file, "key": unknown.key }))
        .collect();
    Ok(json!({
        "language": content.language,
        "count": knowledge.texts.count(),
        "reviewed": knowledge.texts.is_reviewed(),
        "unknown": unknown,
    }))
}

fn topic_name(topic: Topic) -> &'static str {
    match topic {
        Topic::Applicability => "applicability",
        Topic::Recurrence => "recurrence",
        Topic::MetastasisSites => "multiSiteMetastasis",
        Topic::FdgUptake => "fdgUptake",
    }
}

/// A ConceptMap group ready for the site's terminology folder; the target is for a human to fill in.
fn row(system: &str, code: &str, topic: &str) -> serde_json::Value {
    match topic {
        "multiSiteMetastasis" => json!({
            "source": system,
            "target": "https://rrdtc.org/fhir/CodeSystem/site-group",
            "element": [{ "code": code, "target": [{ "code": "unspecified", "equivalence": "wider" }] }],
        }),
        "fdgUptake" => {
            json!({ "valueSet": "https://rrdtc.org/fhir/ValueSet/suvmax", "system": system, "concept": [{ "code": code }] })
        }
        _ => json!({ "system": system, "concept": [{ "code": code }] }),
    }
}

fn print_report(report: &serde_json::Value) {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    println!("configuration  ok");
    println!(
        "model          {} {} sha256 {}",
        text(&report["model"]["id"]),
        text(&report["model"]["version"]),
        text(&report["model"]["sha256"])
    );
    println!(
        "services       {}",
        report["services"]
            .as_array()
            .into_iter()
            .flatten()
            .map(text)
            .collect::<Vec<_>>()
            .join(", ")
    );
    let sets = report["terminology"]["sets"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let rows: u64 = sets.iter().filter_map(|set| set["rows"].as_u64()).sum();
    println!(
        "terminology    {} sets and maps, {rows} rows, sha256 {}",
        sets.len(),
        text(&report["terminology"]["sha256"])
    );
    for of_language in report["texts"].as_array().into_iter().flatten() {
        println!(
            "texts          {}, {} texts{}",
            text(&of_language["language"]),
            of_language["count"],
            if of_language["reviewed"] == true {
                ""
            } else {
                ", translation not clinically reviewed"
            }
        );
        for unknown in of_language["unknown"].as_array().into_iter().flatten() {
            println!(
                "               {}: nothing uses the key {}; a typing mistake?",
                text(&unknown["file"]),
                text(&unknown["key"])
            );
        }
    }
    if let Some(coverage) = report["coverage"].as_object() {
        println!("\nrecords a rule looked at");
        for (name, counts) in coverage {
            println!(
                "  {name:<26} {:>7} of {}",
                counts["used"], counts["records"]
            );
        }
        let unmapped = report["unmapped"].as_array().cloned().unwrap_or_default();
        println!(
            "\nunmapped codes: {}",
            if unmapped.is_empty() {
                "none"
            } else {
                "add each to a file of the terminology folder"
            }
        );
        for entry in unmapped {
            println!(
                "  {:>5} x {} {} ({})",
                entry["count"],
                text(&entry["system"]),
                text(&entry["code"]),
                text(&entry["about"])
            );
            println!("          {}", entry["row"]);
        }
    }
}

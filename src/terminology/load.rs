//! Reads ValueSets, ConceptMaps, `systems.json` and `words.json`, and refuses to start on anything empty or unreadable.

use super::{GroupId, Meaning, Role, Roles, Spelling, SystemTable, Terminology, Words, spell};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

const VALUE_SET: &str = "https://rrdtc.org/fhir/ValueSet/";
const METASTASIS_MAP: &str = "https://rrdtc.org/fhir/ConceptMap/metastasis-site";
const BODY_SITE_MAP: &str = "https://rrdtc.org/fhir/ConceptMap/body-site";

/// A terminology file by name.
#[derive(Debug, Clone)]
pub struct TerminologyFile {
    /// File name, for messages.
    pub name: String,
    /// Content.
    pub text: String,
}

/// A terminology that the service must not start with.
#[derive(Debug, thiserror::Error)]
pub enum InvalidTerminology {
    /// Not readable as what it should be.
    #[error("terminology file {file} cannot be read: {problem}")]
    Unreadable {
        /// File name.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A set without codes would match nothing, or hide a truncated file.
    #[error(
        "terminology file {file}: {set} holds no codes; an empty set would silently match nothing"
    )]
    Empty {
        /// File name.
        file: String,
        /// Which set.
        set: String,
    },
    /// No rule asks for this set.
    #[error(
        "terminology file {file}: no rule uses {url}; known are {VALUE_SET}<one of {known}>, {METASTASIS_MAP} and {BODY_SITE_MAP}"
    )]
    Unknown {
        /// File name.
        file: String,
        /// Its url.
        url: String,
        /// Known ids.
        known: String,
    },
    /// A code of a system that `systems.json` does not list.
    #[error("terminology file {file}: code system {system} is not listed in systems.json")]
    UnknownSystem {
        /// File name.
        file: String,
        /// The system.
        system: String,
    },
    /// A set that a rule needs is not there.
    #[error("no value set {0} was loaded, and a rule needs it")]
    Missing(&'static str),
}

#[derive(Deserialize)]
struct Systems {
    systems: Vec<System>,
}

#[derive(Deserialize)]
struct System {
    system: String,
    #[serde(default)]
    aliases: Vec<String>,
    codes: String,
}

#[derive(Deserialize)]
struct AnyFile {
    #[serde(rename = "resourceType")]
    resource_type: Option<String>,
}

#[derive(Deserialize)]
struct ValueSet {
    url: String,
    compose: Option<Compose>,
}

#[derive(Deserialize)]
struct Compose {
    #[serde(default)]
    include: Vec<Include>,
}

#[derive(Deserialize)]
struct Include {
    system: String,
    #[serde(default)]
    concept: Vec<Concept>,
    #[serde(default)]
    filter: Vec<Filter>,
}

#[derive(Deserialize)]
struct Concept {
    code: String,
}

#[derive(Deserialize)]
struct Filter {
    op: String,
    value: String,
}

#[derive(Deserialize)]
struct ConceptMap {
    url: String,
    #[serde(default)]
    group: Vec<MapGroup>,
}

#[derive(Deserialize)]
struct MapGroup {
    source: String,
    #[serde(default)]
    element: Vec<MapElement>,
}

#[derive(Deserialize)]
struct MapElement {
    code: String,
    #[serde(default)]
    target: Vec<Concept>,
}

impl Terminology {
    /// Builds the tables from our files followed by a site's own. A site's file adds codes to a set of the same `url`; its
    /// rows of a map replace ours.
    pub fn load(
        ours: &[TerminologyFile],
        local: &[TerminologyFile],
    ) -> Result<Self, InvalidTerminology> {
        let unreadable = |file: &TerminologyFile, problem: String| InvalidTerminology::Unreadable {
            file: file.name.clone(),
            problem,
        };
        let named = |name: &str| {
            ours.iter().find(|file| file.name == name).ok_or_else(|| {
                InvalidTerminology::Unreadable {
                    file: name.into(),
                    problem: "the file is missing".into(),
                }
            })
        };
        let systems_file = named("systems.json")?;
        let systems: Systems = serde_json::from_str(&systems_file.text)
            .map_err(|e| unreadable(systems_file, e.to_string()))?;
        let words_file = named("words.json")?;
        let words: Words = serde_json::from_str(&words_file.text)
            .map_err(|e| unreadable(words_file, e.to_string()))?;
        let lists = [
            &words.suv_max,
            &words.suv,
            &words.not_suv_max,
            &words.fdg,
            &words.metastasis,
            &words.radioiodine,
            &words.other_iodine_drug,
        ];
        if lists.iter().any(|phrases| phrases.is_empty()) || words.thyroid_cancer.is_empty() {
            return Err(InvalidTerminology::Empty {
                file: words_file.name.clone(),
                set: "a list of words".into(),
            });
        }

        let mut hash = Sha256::new();
        let mut terminology = Self {
            systems: HashMap::new(),
            spellings: Vec::new(),
            tables: Vec::new(),
            groups: Vec::new(),
            words,
            counts: Vec::new(),
            sha256: String::new(),
        };
        for system in systems.systems {
            let spelling = match system.codes.as_str() {
                "plain" => Spelling::Plain,
                "snomed" => Spelling::Snomed,
                "icd" => Spelling::Icd,
                "icd-o-3" => Spelling::IcdO3,
                "ndc" => Spelling::Ndc,
                other => {
                    return Err(unreadable(
                        systems_file,
                        format!(
                            "{}: \"codes\" is {other}, expected plain, snomed, icd, icd-o-3 or ndc",
                            system.system
                        ),
                    ));
                }
            };
            let index = terminology.tables.len();
            terminology.tables.push(SystemTable::default());
            terminology.spellings.push(spelling);
            for name in system.aliases.into_iter().chain([system.system]) {
                terminology.systems.insert(name, index);
            }
        }
        let mut loaded = Roles::default();
        for file in ours.iter().chain(local) {
            hash.update(file.name.as_bytes());
            hash.update(file.text.as_bytes());
            if file.name == "systems.json" || file.name == "words.json" {
                continue;
            }
            let kind: AnyFile =
                serde_json::from_str(&file.text).map_err(|e| unreadable(file, e.to_string()))?;
            match kind.resource_type.as_deref() {
                Some("ValueSet") => {
                    let set: ValueSet = serde_json::from_str(&file.text)
                        .map_err(|e| unreadable(file, e.to_string()))?;
                    loaded = loaded.union(terminology.add_value_set(file, set)?);
                }
                Some("ConceptMap") => {
                    let map: ConceptMap = serde_json::from_str(&file.text)
                        .map_err(|e| unreadable(file, e.to_string()))?;
                    terminology.add_concept_map(file, map)?;
                }
                other => {
                    return Err(unreadable(
                        file,
                        format!(
                            "resourceType is {}, expected ValueSet or ConceptMap",
                            other.unwrap_or("missing")
                        ),
                    ));
                }
            }
        }
        if let Some(missing) = Role::ALL
            .iter()
            .find(|role| !role.may_be_missing() && !loaded.contains(**role))
        {
            return Err(InvalidTerminology::Missing(missing.id()));
        }
        if terminology.groups.is_empty() {
            return Err(InvalidTerminology::Missing("metastasis-site"));
        }
        terminology.sha256 = hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(terminology)
    }

    fn table(
        &mut self,
        file: &TerminologyFile,
        system: &str,
    ) -> Result<(&mut SystemTable, Spelling), InvalidTerminology> {
        let index = self
            .system(system)
            .ok_or_else(|| InvalidTerminology::UnknownSystem {
                file: file.name.clone(),
                system: system.into(),
            });
        match index {
            Ok(index) => Ok((&mut self.tables[index], self.spellings[index])),
            // A site's own code system: codes are compared as written.
            Err(_) if !file.name.is_empty() && !system.is_empty() => {
                self.tables.push(SystemTable::default());
                self.spellings.push(Spelling::Plain);
                let index = self.tables.len() - 1;
                self.systems.insert(system.to_owned(), index);
                Ok((&mut self.tables[index], Spelling::Plain))
            }
            Err(error) => Err(error),
        }
    }

    fn add_value_set(
        &mut self,
        file: &TerminologyFile,
        set: ValueSet,
    ) -> Result<Roles, InvalidTerminology> {
        let role = Role::ALL
            .iter()
            .copied()
            .find(|role| set.url.strip_prefix(VALUE_SET) == Some(role.id()))
            .ok_or_else(|| unknown(file, &set.url))?;
        let meaning = Meaning {
            roles: Roles::one(role),
            ..Meaning::default()
        };
        let mut rows = 0;
        for include in set.compose.into_iter().flat_map(|compose| compose.include) {
            let (table, spelling) = self.table(file, &include.system)?;
            for concept in &include.concept {
                rows += add(table, spelling, &concept.code, meaning);
            }
            for filter in &include.filter {
                let prefix = filter.value.strip_suffix(".*").filter(|prefix| {
                    filter.op == "regex"
                        && !prefix.is_empty()
                        && !prefix.contains(['*', '[', '(', '\\', '|', '?', '+', '^', '$'])
                });
                let Some(prefix) = prefix else {
                    return Err(InvalidTerminology::Unreadable {
                        file: file.name.clone(),
                        problem: format!(
                            "the only filter understood is op \"regex\" with a value \"<prefix>.*\"; found {} {}",
                            filter.op, filter.value
                        ),
                    });
                };
                rows += add(table, spelling, &format!("{prefix}*"), meaning);
            }
        }
        if rows == 0 {
            return Err(InvalidTerminology::Empty {
                file: file.name.clone(),
                set: role.id().into(),
            });
        }
        self.counts.push((role.id().into(), rows));
        Ok(Roles::one(role))
    }

    fn add_concept_map(
        &mut self,
        file: &TerminologyFile,
        map: ConceptMap,
    ) -> Result<(), InvalidTerminology> {
        let is_metastasis = match map.url.as_str() {
            METASTASIS_MAP => true,
            BODY_SITE_MAP => false,
            other => return Err(unknown(file, other)),
        };
        let mut rows = 0;
        for group in map.group {
            for element in group.element {
                let [target] = element.target.as_slice() else {
                    return Err(InvalidTerminology::Unreadable {
                        file: file.name.clone(),
                        problem: format!("code {} must have exactly one target", element.code),
                    });
                };
                let id = Some(self.group_id(&target.code));
                let meaning = if is_metastasis {
                    Meaning {
                        metastasis: id,
                        ..Meaning::default()
                    }
                } else {
                    Meaning {
                        body_site: id,
                        ..Meaning::default()
                    }
                };
                let (table, spelling) = self.table(file, &group.source)?;
                rows += add(table, spelling, &element.code, meaning);
            }
        }
        if rows == 0 {
            return Err(InvalidTerminology::Empty {
                file: file.name.clone(),
                set: map.url,
            });
        }
        self.counts.push((
            map.url.rsplit('/').next().unwrap_or_default().to_owned(),
            rows,
        ));
        Ok(())
    }

    fn group_id(&mut self, name: &str) -> GroupId {
        let index = self
            .groups
            .iter()
            .position(|group| group == name)
            .unwrap_or_else(|| {
                self.groups.push(name.to_owned());
                self.groups.len() - 1
            });
        GroupId(index as u16)
    }
}

fn unknown(file: &TerminologyFile, url: &str) -> InvalidTerminology {
    let known: Vec<&str> = Role::ALL.iter().map(|role| role.id()).collect();
    InvalidTerminology::Unknown {
        file: file.name.clone(),
        url: url.to_owned(),
        known: known.join(", "),
    }
}

fn add(table: &mut SystemTable, spelling: Spelling, code: &str, meaning: Meaning) -> usize {
    match code.strip_suffix('*') {
        Some(prefix) => {
            let prefix = if spelling == Spelling::IcdO3 {
                prefix.to_uppercase()
            } else {
                spell(spelling, prefix).into_owned()
            };
            table.prefixes.entry(prefix).or_default().merge(meaning);
        }
        None => table
            .exact
            .entry(spell(spelling, code).into_owned())
            .or_default()
            .merge(meaning),
    }
    1
}

//! What the service knows, as files: built into the binary, each part replaceable by a file or folder.

use super::Content;
use crate::cds_hooks::card::{InvalidTexts, Texts};
use crate::cds_hooks::response::hex;
use crate::cds_hooks::service::{InvalidService, Service};
use crate::domain::interval::Interval;
use crate::domain::model::{InvalidModel, Model, Pattern, Points};
use crate::terminology::{InvalidTerminology, Terminology, TerminologyFile};
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/cds-hooks");
static FIXTURES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/patients");

/// The assessment time that the synthetic patients are made for.
pub const FIXTURES_AS_OF: &str = "2026-11-20T12:00:00Z";

/// The synthetic patients: name and JSON of each Bundle.
pub fn fixtures() -> impl Iterator<Item = (&'static str, &'static str)> {
    FIXTURES.files().filter_map(|file| {
        let name = file.path().file_name()?.to_str()?;
        (name.ends_with(".json") && !name.ends_with(".expected.json"))
            .then_some((name, file.contents_utf8()?))
    })
}

/// Terminology, model, services and texts, all checked.
#[derive(Debug)]
pub struct Knowledge {
    /// Codes and words.
    pub terminology: Terminology,
    /// The score.
    pub model: Model,
    /// The services by file.
    pub services: Vec<Service>,
    /// The words of the card.
    pub texts: Texts,
}

/// Content that the program must not start with.
#[derive(Debug, thiserror::Error)]
pub enum UnusableContent {
    /// Terminology.
    #[error(transparent)]
    Terminology(#[from] InvalidTerminology),
    /// A service file.
    #[error(transparent)]
    Service(#[from] InvalidService),
    /// Texts.
    #[error("texts of language {language:?}: {error}")]
    Texts {
        /// Language.
        language: String,
        /// What is wrong.
        error: InvalidTexts,
    },
    /// The model contradicts itself.
    #[error("model file {file}: {problem}")]
    Model {
        /// File.
        file: String,
        /// What is wrong.
        problem: InvalidModel,
    },
    /// The model file has not the shape of one.
    #[error("model file {file} cannot be read: {problem}")]
    ModelUnreadable {
        /// File.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A folder or file cannot be read.
    #[error("{path} cannot be read: {error}")]
    Io {
        /// Path.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A folder without any file.
    #[error("{path} holds no .json file")]
    NoFiles {
        /// Folder.
        path: PathBuf,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModelFile {
    id: String,
    version: String,
    predictors: Predictors,
    maximum: u32,
    cutoff: u32,
    cohort: Cohort,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Predictors {
    age_at_diagnosis: AgePredictor,
    recurrence: PlainPredictor,
    multi_site_metastasis: PlainPredictor,
    fdg_uptake: FdgPredictor,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AgePredictor {
    points: u32,
    threshold_years: i32,
}

#[derive(Deserialize)]
struct PlainPredictor {
    points: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FdgPredictor {
    points: u32,
    threshold_suv_max: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cohort {
    age_years: AgeYears,
}

#[derive(Deserialize)]
struct AgeYears {
    low: i32,
    high: i32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    age_at_diagnosis: bool,
    recurrence: bool,
    multi_site_metastasis: bool,
    fdg_uptake: bool,
    score: u32,
    at_or_above_cutoff: bool,
}

impl Knowledge {
    /// Loads everything that is named.
    pub fn load(content: &Content) -> Result<Self, UnusableContent> {
        let ours = built_in_files("terminology");
        let local = match &content.terminology_folder {
            Some(folder) => folder_files(folder)?,
            None => Vec::new(),
        };
        let terminology = Terminology::load(&ours, &local)?;

        let (file, text) = match &content.model_file {
            Some(path) => (path.display().to_string(), read(path)?),
            None => (
                "liu-2022.json".to_owned(),
                built_in("models/liu-2022.json").unwrap_or_default(),
            ),
        };
        let model = model(&file, &text)?;

        let files = match &content.services_folder {
            Some(folder) => folder_files(folder)?,
            None => built_in_files("services"),
        };
        let mut services: Vec<Service> = Vec::new();
        for file in files {
            let service = Service::parse(&file.name, &file.text)?;
            if services
                .iter()
                .any(|other| other.id == service.id && other.hook == service.hook)
            {
                return Err(InvalidService::Twice {
                    id: service.id,
                    hook: service.hook,
                }
                .into());
            }
            services.push(service);
        }
        let study =
            serde_json::from_str(&text).map_err(|error| UnusableContent::ModelUnreadable {
                file: file.clone(),
                problem: error.to_string(),
            })?;
        let language = &content.language;
        let texts = Texts::new(
            |name| {
                // A folder may replace some of the files only.
                content
                    .texts_folder
                    .as_ref()
                    .and_then(|folder| {
                        std::fs::read_to_string(folder.join(language).join(name)).ok()
                    })
                    .or_else(|| built_in(&format!("texts/{language}/{name}")))
            },
            study,
        )
        .map_err(|error| UnusableContent::Texts {
            language: language.clone(),
            error,
        })?;
        Ok(Self {
            terminology,
            model,
            services,
            texts,
        })
    }

    /// The service to try by hand: the first that needs no draft orders.
    pub fn plain_service(&self) -> Option<&Service> {
        self.services
            .iter()
            .find(|service| !service.needs_orders())
            .or(self.services.first())
    }

    /// Reads a model from text, for tests and tools.
    pub fn model_of(file: &str, text: &str) -> Result<Model, UnusableContent> {
        model(file, text)
    }
}

fn model(file: &str, text: &str) -> Result<Model, UnusableContent> {
    let unreadable = |problem: String| UnusableContent::ModelUnreadable {
        file: file.into(),
        problem,
    };
    let content: ModelFile =
        serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
    let patterns: Vec<Pattern> = content
        .vectors
        .iter()
        .map(|vector| Pattern {
            present: [
                vector.age_at_diagnosis,
                vector.recurrence,
                vector.multi_site_metastasis,
                vector.fdg_uptake,
            ],
            score: vector.score,
            at_or_above_cutoff: vector.at_or_above_cutoff,
        })
        .collect();
    let model = Model {
        id: content.id,
        version: content.version,
        sha256: hex(&Sha256::digest(text.as_bytes())),
        points: Points {
            age_at_diagnosis: content.predictors.age_at_diagnosis.points,
            recurrence: content.predictors.recurrence.points,
            multi_site_metastasis: content.predictors.multi_site_metastasis.points,
            fdg_uptake: content.predictors.fdg_uptake.points,
        },
        cutoff: content.cutoff,
        age_years: content.predictors.age_at_diagnosis.threshold_years,
        suv_max: content.predictors.fdg_uptake.threshold_suv_max,
        age_range: Interval {
            low: content.cohort.age_years.low,
            high: content.cohort.age_years.high,
        },
    };
    Model::new(model, content.maximum, &patterns).map_err(|problem| UnusableContent::Model {
        file: file.into(),
        problem,
    })
}

fn built_in(path: &str) -> Option<String> {
    BUILT_IN
        .get_file(path)
        .and_then(|file| file.contents_utf8())
        .map(str::to_owned)
}

fn built_in_files(folder: &str) -> Vec<TerminologyFile> {
    let mut files: Vec<TerminologyFile> = BUILT_IN
        .get_dir(folder)
        .into_iter()
        .flat_map(|dir| dir.files())
        .filter_map(|file| {
            let name = file.path().file_name()?.to_str()?.to_owned();
            name.ends_with(".json")
                .then(|| {
                    Some(TerminologyFile {
                        name,
                        text: file.contents_utf8()?.to_owned(),
                    })
                })
                .flatten()
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn folder_files(folder: &Path) -> Result<Vec<TerminologyFile>, UnusableContent> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| UnusableContent::Io { path, error }
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io(folder))? {
        let path = entry.map_err(io(folder))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let name = path
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            files.push(TerminologyFile {
                name,
                text: read(&path)?,
            });
        }
    }
    if files.is_empty() {
        return Err(UnusableContent::NoFiles {
            path: folder.to_owned(),
        });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn read(path: &Path) -> Result<String, UnusableContent> {
    std::fs::read_to_string(path).map_err(|error| UnusableContent::Io {
        path: path.to_owned(),
        error,
    })
}

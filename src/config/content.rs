//! What the service knows, as files: built into the binary, each part replaceable by a file or folder.

use super::Content;
use crate::cds_hooks::card::{InvalidTexts, Texts};
use crate::cds_hooks::service::{InvalidService, Service};
use crate::domain::model::Model;
use crate::model::facts::{Facts, InvalidFacts};
use crate::model::figure;
use crate::model::file::{ModelFile, UnusableModel};
use crate::model::published::Published;
use crate::smart::words::{InvalidLaunchWords, LaunchWords};
use crate::terminology::{InvalidTerminology, Terminology, TerminologyFile};
use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/cds-hooks");
static FIXTURES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/patients");

/// File with the words of the nomogram's picture.
const FIGURE_WORDS: &str = "figure.json";

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

/// What the source study publishes, as built in: name and text of the file.
pub fn published() -> (&'static str, String) {
    let name = "liu-2022-published.json";
    (
        name,
        built_in(&format!("models/{name}")).unwrap_or_default(),
    )
}

/// Terminology, model with its facts, services and texts, all checked.
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
    /// The words of the nomogram's picture.
    pub figure_words: figure::Words,
    /// What is told about the model.
    pub facts: Facts,
    /// The words of pages about launches that failed.
    pub launch_words: LaunchWords,
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
    /// Words of the nomogram's picture.
    #[error("texts of language {language:?}: text file {FIGURE_WORDS}: {error}")]
    FigureWords {
        /// Language.
        language: String,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// Words about launches.
    #[error("texts of language {language:?}: {error}")]
    LaunchWords {
        /// Language.
        language: String,
        /// What is wrong.
        error: InvalidLaunchWords,
    },
    /// The model file.
    #[error(transparent)]
    Model(#[from] UnusableModel),
    /// The facts of the model.
    #[error("model facts, texts of language {language:?}: {error}")]
    Facts {
        /// Language.
        language: String,
        /// What is wrong.
        error: InvalidFacts,
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

impl Knowledge {
    /// Loads everything that is named.
    pub fn load(content: &Content) -> Result<Self, UnusableContent> {
        let ours = built_in_files("terminology");
        let local = match &content.terminology_folder {
            Some(folder) => folder_files(folder)?,
            None => Vec::new(),
        };
        let terminology = Terminology::load(&ours, &local)?;

        let (file, text) = match &content.model {
            Some(path) => (path.display().to_string(), read(path)?),
            None => (
                "liu-2022.json".to_owned(),
                built_in("models/liu-2022.json").unwrap_or_default(),
            ),
        };
        let model = ModelFile::read(&file, &text)?;

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
        let language = &content.language;
        // A folder may replace some of the files only.
        let text = |name: &str| {
            content
                .texts_folder
                .as_ref()
                .and_then(|folder| std::fs::read_to_string(folder.join(language).join(name)).ok())
                .or_else(|| built_in(&format!("texts/{language}/{name}")))
        };
        let figure_words =
            figure::Words::read(&text(FIGURE_WORDS).unwrap_or_default()).map_err(|error| {
                UnusableContent::FigureWords {
                    language: language.clone(),
                    error,
                }
            })?;
        let picture = figure::svg(&model.model, None, &figure_words);
        let facts = facts(content, &model, picture.as_deref())?;
        let texts = Texts::new(text, model.json).map_err(|error| UnusableContent::Texts {
            language: language.clone(),
            error,
        })?;
        // A language that lacks them has those of English: a page that is read beats none.
        let launch_words = text("launch.json")
            .or_else(|| built_in("texts/en/launch.json"))
            .unwrap_or_default();
        let launch_words =
            LaunchWords::read(&launch_words).map_err(|error| UnusableContent::LaunchWords {
                language: language.clone(),
                error,
            })?;
        Ok(Self {
            terminology,
            model: model.model,
            services,
            texts,
            figure_words,
            facts,
            launch_words,
        })
    }

    /// The service to try by hand: the first that needs no draft orders.
    pub fn plain_service(&self) -> Option<&Service> {
        self.services
            .iter()
            .find(|service| !service.needs_orders())
            .or(self.services.first())
    }
}

/// The documents about a model. Their texts are below those of the language; a language without them has the English ones.
fn facts(
    content: &Content,
    model: &ModelFile,
    picture: Option<&str>,
) -> Result<Facts, UnusableContent> {
    let language = &content.language;
    let (name, text) = published();
    let published = Published::read(name, &text)?;
    let file = |name: &str| {
        let folder = content.texts_folder.as_ref();
        folder
            .and_then(|folder| {
                let path = folder.join(language).join("facts").join(name);
                std::fs::read_to_string(path).ok()
            })
            .or_else(|| built_in(&format!("texts/{language}/facts/{name}")))
            .or_else(|| built_in(&format!("texts/en/facts/{name}")))
    };
    Facts::make(model, &published, file, picture).map_err(|error| UnusableContent::Facts {
        language: language.clone(),
        error,
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

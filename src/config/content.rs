//! What the service knows, as files: built into the binary, each part replaceable by a file or folder.

use super::Content;
use crate::cds_hooks::card::{InvalidLayout, Layout};
use crate::cds_hooks::service::{InvalidService, Service};
use crate::domain::model::Model;
use crate::model::facts::{Facts, InvalidFacts};
use crate::model::figure;
use crate::model::file::{ModelFile, UnusableModel};
use crate::model::published::Published;
use crate::smart::words::{InvalidLaunchWords, LaunchWords};
use crate::terminology::{InvalidTerminology, Terminology, TerminologyFile};
use crate::texts::{InvalidTexts, TextFile, Texts, Unknown};
use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// What the source study publishes of its other variables, as built in: name and text of the file.
pub fn margins() -> (&'static str, String) {
    let name = "liu-2022-margins.json";
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
    /// What people read, in the language of the settings.
    pub texts: Arc<Texts>,
    /// How a card is laid out.
    pub layout: Layout,
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
    /// A language of which there is nothing.
    #[error(
        "there are no texts of language {language:?}; known are {known}. A folder {language} in texts_folder with every text of English adds it"
    )]
    Language {
        /// Language.
        language: String,
        /// The others.
        known: String,
    },
    /// How cards are laid out.
    #[error("texts of language {language:?}: {error}")]
    Layout {
        /// Language.
        language: String,
        /// What is wrong.
        error: InvalidLayout,
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
        let texts = Arc::new(texts(content, language)?);
        let layout = Layout::new(|name| text_file(content, name), texts.clone(), &model.model)
            .map_err(|error| UnusableContent::Layout {
                language: language.clone(),
                error,
            })?;
        let figure_words =
            figure::Words::read(&language_file(content, FIGURE_WORDS)).map_err(|error| {
                UnusableContent::FigureWords {
                    language: language.clone(),
                    error,
                }
            })?;
        let picture = figure::svg(&model.model, None, &figure_words);
        let facts = facts(content, &model, picture.as_deref())?;
        let launch_words =
            LaunchWords::read(&language_file(content, "launch.json")).map_err(|error| {
                UnusableContent::LaunchWords {
                    language: language.clone(),
                    error,
                }
            })?;
        Ok(Self {
            terminology,
            model: model.model,
            services,
            texts,
            layout,
            figure_words,
            facts,
            launch_words,
        })
    }

    /// Keys of texts that nothing uses: typing mistakes, most likely.
    pub fn unknown_texts(&self) -> impl Iterator<Item = &Unknown> {
        let unknown = self.texts.unknown().iter();
        unknown.filter(|unknown| !self.layout.uses(&unknown.key))
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
        Some(language_file(content, &format!("facts/{name}"))).filter(|text| !text.is_empty())
    };
    Facts::make(model, &published, file, picture).map_err(|error| UnusableContent::Facts {
        language: language.clone(),
        error,
    })
}

/// The texts of a language: as built in, with what the texts folder adds or replaces.
///
/// # Errors
/// [`UnusableContent`] when there is no such language, or its texts are not complete.
pub fn texts(content: &Content, language: &str) -> Result<Texts, UnusableContent> {
    let own = built_in_texts(language);
    let local = match &content.texts_folder {
        // A name with a path in it is no language; Texts::new says so.
        Some(folder) if !language.contains(['/', '\\', '.']) => {
            folder_texts(&folder.join(language))?
        }
        _ => Vec::new(),
    };
    if own.is_empty() && local.is_empty() {
        return Err(UnusableContent::Language {
            language: language.to_owned(),
            known: languages(content).join(", "),
        });
    }
    Texts::new(language, &built_in_texts("en"), &own, &local).map_err(|error| {
        UnusableContent::Texts {
            language: language.to_owned(),
            error,
        }
    })
}

/// The languages of which there are texts: built in, or in the texts folder.
pub fn languages(content: &Content) -> Vec<String> {
    let built_in = BUILT_IN.get_dir("texts").into_iter().flat_map(|texts| {
        texts.dirs().filter_map(|dir| {
            let name = dir.path().file_name()?.to_str()?;
            Some(name.to_owned())
        })
    });
    let local = content
        .texts_folder
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok().filter(|entry| entry.path().is_dir())?;
            entry.file_name().into_string().ok()
        });
    let mut languages: Vec<String> = built_in.chain(local).collect();
    languages.sort();
    languages.dedup();
    languages
}

/// A file of the language: the hospital's, else as built in, else the English one, for a text that is read beats none.
fn language_file(content: &Content, name: &str) -> String {
    let language = &content.language;
    let folder = content.texts_folder.as_ref();
    folder
        .and_then(|folder| std::fs::read_to_string(folder.join(language).join(name)).ok())
        .or_else(|| built_in(&format!("texts/{language}/{name}")))
        .or_else(|| built_in(&format!("texts/en/{name}")))
        .unwrap_or_default()
}

/// A file that is the same in every language, or a language's own in its folder.
fn text_file(content: &Content, name: &str) -> Option<String> {
    let language = &content.language;
    let local = content.texts_folder.as_ref().and_then(|folder| {
        let paths = [folder.join(language).join(name), folder.join(name)];
        paths
            .into_iter()
            .find_map(|path| std::fs::read_to_string(path).ok())
    });
    local.or_else(|| built_in(&format!("texts/{name}")))
}

fn built_in_texts(language: &str) -> Vec<TextFile> {
    let mut files: Vec<TextFile> = BUILT_IN
        .get_dir(format!("texts/{language}"))
        .into_iter()
        .flat_map(|dir| dir.files())
        .filter_map(|file| {
            let name = file.path().file_name()?.to_str()?.to_owned();
            let text = file.contents_utf8()?.to_owned();
            name.ends_with(".ftl").then_some(TextFile { name, text })
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// A hospital's own texts; a language that it has no folder for is not an error.
fn folder_texts(folder: &Path) -> Result<Vec<TextFile>, UnusableContent> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let files = files_of(folder, "ftl")?;
    let files = files.into_iter().map(|path| {
        Ok(TextFile {
            name: path.display().to_string(),
            text: read(&path)?,
        })
    });
    files.collect()
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
    let paths = files_of(folder, "json")?;
    if paths.is_empty() {
        return Err(UnusableContent::NoFiles {
            path: folder.to_owned(),
        });
    }
    let files = paths.into_iter().map(|path| {
        let name = path.file_name();
        Ok(TerminologyFile {
            name: name.map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            text: read(&path)?,
        })
    });
    files.collect()
}

/// The files of a folder whose name ends so, by name.
fn files_of(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, UnusableContent> {
    let io = |error| UnusableContent::Io {
        path: folder.to_owned(),
        error,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String, UnusableContent> {
    std::fs::read_to_string(path).map_err(|error| UnusableContent::Io {
        path: path.to_owned(),
        error,
    })
}

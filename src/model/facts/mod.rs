//! What whoever must approve the model has to know, as three documents made from the model file: the facts, the source
//! attributes of ONC HTI-1, and the TRIPOD+AI checklist. Each as Markdown, HTML and JSON.
//!
//! No number is typed: `content` takes them from the file or computes them, `paper_checks` holds the paper against itself,
//! and the words are templates in `texts/<language>/facts/` (`words`). HTML is made from the Markdown (`page`).
//! Read [`Facts::make`] first.

mod content;
mod nomogram;
mod page;
mod words;

use super::file::ModelFile;
use super::paper_checks::{MissingFigure, checks};
use super::published::Published;
use page::Page;
use serde_json::{Value, json};
use std::str::FromStr;
use words::{Words, shown};

/// The three documents of one model.
#[derive(Debug, Clone)]
pub struct Facts {
    facts: Document,
    source_attributes: Document,
    tripod_ai: Document,
}

/// Which document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Everything; the other two are its last sections.
    Facts,
    /// The 31 source attributes of ONC HTI-1 (45 CFR 170.315(b)(11)(iv)(B)).
    SourceAttributes,
    /// The TRIPOD+AI checklist (BMJ 2024;385:e078378).
    TripodAi,
}

impl Kind {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Facts, Self::SourceAttributes, Self::TripodAi];

    /// Name in files and templates.
    pub fn name(self) -> &'static str {
        match self {
            Self::Facts => "model-facts",
            Self::SourceAttributes => "source-attributes",
            Self::TripodAi => "tripod-ai",
        }
    }
}

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A page that needs nothing beside it.
    Html,
    /// GitHub-flavoured Markdown.
    Markdown,
    /// The content, structured.
    Json,
}

impl Format {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Html, Self::Markdown, Self::Json];

    /// As it is written on the command line and in queries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Json => "json",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Json => "application/json",
        }
    }
}

/// A name that is no format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected markdown, html or json")]
pub struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let mut all = Self::ALL.into_iter();
        all.find(|format| format.name() == text)
            .ok_or(UnknownFormat)
    }
}

/// One document in every format.
#[derive(Debug, Clone)]
pub struct Document {
    html: String,
    markdown: String,
    json: String,
    /// The `Content-Security-Policy` that the HTML needs and no more.
    pub content_security_policy: String,
}

impl Document {
    /// Its text.
    pub fn text(&self, format: Format) -> &str {
        match format {
            Format::Html => &self.html,
            Format::Markdown => &self.markdown,
            Format::Json => &self.json,
        }
    }
}

/// Texts or a model file from which no documents can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFacts {
    /// A file is not there.
    #[error("facts/{file} is missing")]
    Missing {
        /// File.
        file: String,
    },
    /// A file of words is no JSON, or lacks something.
    #[error("facts/{file}: {problem}")]
    Unreadable {
        /// File.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A template does not work with this model file.
    #[error("the template facts/{file} fails with this model file: {problem}")]
    Template {
        /// File.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The published figures are not complete.
    #[error(transparent)]
    Published(#[from] MissingFigure),
}

impl InvalidFacts {
    fn template(file: &str, error: &dyn std::fmt::Display) -> Self {
        Self::Template {
            file: file.to_owned(),
            problem: error.to_string(),
        }
    }

    fn unreadable(file: &str, problem: impl ToString) -> Self {
        Self::Unreadable {
            file: file.to_owned(),
            problem: problem.to_string(),
        }
    }
}

const STATEMENTS: &str = "statements.json";
const ERRORS: &str = "paper-errors.json";
const ATTRIBUTES: &str = "source-attributes.json";
const CHECKLIST: &str = "tripod-ai.json";
const STYLE: &str = "style.css";
const LAYOUT: &str = "layout.html";

/// Templates; those of [`Kind`] are named after it, the others are parts of them.
const TEMPLATES: [&str; 7] = [
    "model-facts.md",
    "source-attributes.md",
    "tripod-ai.md",
    "identity.md",
    "attributes.md",
    "checklist.md",
    LAYOUT,
];

impl Facts {
    /// Makes the documents of a model. `file` gives the texts by name. `figure` is the drawn nomogram: SVG of our own making,
    /// without `style` in any form, as the pages allow one style only.
    ///
    /// # Errors
    /// [`InvalidFacts`] where a text is missing, or a template fails with this model file.
    pub fn make(
        model: &ModelFile,
        published: &Published,
        file: impl Fn(&str) -> Option<String>,
        figure: Option<&str>,
    ) -> Result<Self, InvalidFacts> {
        let text = |name: &str| {
            file(name).ok_or_else(|| InvalidFacts::Missing {
                file: name.to_owned(),
            })
        };
        let json = |name: &str| -> Result<Value, InvalidFacts> {
            serde_json::from_str(&text(name)?)
                .map_err(|error| InvalidFacts::unreadable(name, error))
        };
        let statements = json(STATEMENTS)?;
        let Some(not_given) = statements["notGiven"].as_str() else {
            return Err(InvalidFacts::unreadable(STATEMENTS, "notGiven is missing"));
        };
        let words = Words::new(&TEMPLATES, &text, not_given)?;

        let mut content = content::content(model, published);
        // Short names of the predictors, for sentences about several of them.
        content["short"] = statements["short"].clone();
        content["statements"] = words.fill(STATEMENTS, &statements, &shown(&content))?;
        content["paperErrors"] = paper_errors(model, published, &words, &content, &json(ERRORS)?)?;
        let filled = |name: &str| words.fill(name, &json(name)?, &shown(&content));
        let (attributes, checklist) = (filled(ATTRIBUTES)?, filled(CHECKLIST)?);
        content["sourceAttributes"] = attributes;
        content["tripodAi"] = checklist;

        let style = text(STYLE)?;
        let context = shown(&content);
        let document = |kind: Kind| -> Result<Document, InvalidFacts> {
            let mut markdown = words.text(&format!("{}.md", kind.name()), &context)?;
            // What templates leave empty.
            while markdown.contains("\n\n\n") {
                markdown = markdown.replace("\n\n\n", "\n\n");
            }
            let mut layout = Page::new(&markdown).json();
            layout["style"] = style.clone().into();
            layout["figure"] = match kind {
                Kind::Facts => figure.into(),
                _ => Value::Null,
            };
            layout["document"] = kind.name().into();
            layout["software"] = content["software"].clone();
            layout["model"] = content["model"].clone();
            Ok(Document {
                html: words.text(LAYOUT, &shown(&layout))?,
                markdown,
                json: super::pretty(&structured(kind, &content)),
                content_security_policy: page::policy(&style),
            })
        };
        Ok(Self {
            facts: document(Kind::Facts)?,
            source_attributes: document(Kind::SourceAttributes)?,
            tripod_ai: document(Kind::TripodAi)?,
        })
    }

    /// One of the three.
    pub fn document(&self, kind: Kind) -> &Document {
        match kind {
            Kind::Facts => &self.facts,
            Kind::SourceAttributes => &self.source_attributes,
            Kind::TripodAi => &self.tripod_ai,
        }
    }
}

/// The known errors of the paper with their words; none where the model file names another source.
fn paper_errors(
    model: &ModelFile,
    published: &Published,
    words: &Words,
    content: &Value,
    errors: &Value,
) -> Result<Value, InvalidFacts> {
    let doi = |json: &Value| json["citation"]["doi"].as_str().map(str::to_owned);
    if doi(&model.json) != doi(&published.json) {
        return Ok(Value::Null);
    }
    let mut found = Vec::new();
    for check in checks(published, &model.model)? {
        let text = &errors[check.id];
        if !text.is_object() {
            let problem = format!("{} is missing", check.id);
            return Err(InvalidFacts::unreadable(ERRORS, problem));
        }
        let mut context = content.clone();
        context["figures"] = check.figures.clone();
        let mut error = words.fill(ERRORS, text, &shown(&context))?;
        error["id"] = check.id.into();
        error["figures"] = check.figures;
        found.push(error);
    }
    Ok(found.into())
}

/// The content as the JSON document of one kind.
fn structured(kind: Kind, content: &Value) -> Value {
    let mut json = json!({
        "document": kind.name(),
        "software": content["software"],
        "model": content["model"],
        "citation": content["citation"],
    });
    match kind {
        Kind::SourceAttributes => json["sourceAttributes"] = content["sourceAttributes"].clone(),
        Kind::TripodAi => json["tripodAi"] = content["tripodAi"].clone(),
        Kind::Facts => {
            let statements = &content["statements"];
            for name in ["intendedUse", "howItWorks", "predictors"] {
                json[name] = statements[name].clone();
            }
            for name in [
                "score",
                "contradictions",
                "nomogram",
                "outcome",
                "cohort",
                "performance",
                "paperErrors",
            ] {
                json[name] = content[name].clone();
            }
            json["riskOfBias"] = statements["riskOfBias"].clone();
            json["limits"] = json!({
                "doesNotKnow": statements["doesNotKnow"],
                "neverSays": statements["neverSays"],
            });
            json["localValidation"] = content["localValidation"].clone();
            json["localValidationStatement"] = statements["localValidation"].clone();
            json["publishedFigures"] = content["published"].clone();
            json["sourceAttributes"] = content["sourceAttributes"].clone();
            json["tripodAi"] = content["tripodAi"].clone();
        }
    }
    json
}

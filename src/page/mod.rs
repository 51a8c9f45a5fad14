//! The page of an assessment, as HTML: who the patient is, whether the model applies, the score and the probability with what they
//! rest on, what is missing, and what it would change.
//!
//! Pure: a [`PageInput`] in, a text out. Knows the answer's JSON, the model and the texts; no HTTP, no FHIR, no session. It
//! decides nothing: numbers and codes are those of the answer. Only the what-if computes, with `domain`, and what it says stands
//! beside the record's own answer under its own heading, never in its place.
//!
//! Everything that comes from a chart is plain text to the browser: escaped, its direction isolated, cut where it is too
//! long ([`inert`]). The page has no inline style or script, so [`CSP`] can be strict. Read [`render`] first.

mod answer;
mod assets;
mod bar;
pub mod inert;
mod outcome;
mod predictor;
mod probability;
mod view;
mod what_if;

pub use assets::{Asset, CSP, assets};
pub use what_if::what_if;

use crate::domain::model::Model;
use crate::domain::score::Predictor;
use crate::texts::Texts;
use answer::Answer;
use askama::Template;
use serde_json::Value;

/// Everything that a page is made of.
pub struct PageInput<'a> {
    /// Whose assessment it is.
    pub banner: &'a PatientBanner,
    /// `org.rrdtc.assessment`, as in a hook's response.
    pub assessment: &'a Value,
    /// The model that made it.
    pub model: &'a Model,
    /// The language of the page.
    pub texts: &'a Texts,
    /// Path of this page: the what-if form goes there with GET.
    pub action: &'a str,
    /// Path to which the session is ended with POST, where there is one.
    pub end_action: Option<&'a str>,
    /// What is tried out, from [`what_if`].
    pub what_if: Vec<(Predictor, bool)>,
    /// The record says something else than when the card was made.
    pub changed_since_card: bool,
    /// Address of the model facts, where they can be read.
    pub model_facts: Option<&'a str>,
    /// The patient is not real.
    pub synthetic: bool,
    /// Path below which [`assets`] are served, with a slash at its end.
    pub assets: &'a str,
    /// The nomogram as an SVG element of our own making, where the model has one.
    pub nomogram: Option<&'a str>,
}

/// Who the patient is, as recorded.
#[derive(Clone, Default)]
pub struct PatientBanner {
    /// Name as one would say it; empty where none is recorded.
    pub name: String,
    /// Birth date.
    pub birth_date: Option<String>,
    /// `male`, `female`, `other`, `unknown`, or what the record says.
    pub sex: Option<String>,
    /// The hospital's number.
    pub identifier: Option<String>,
}

// By hand: it is about a patient, and must not stand in a log.
impl std::fmt::Debug for PatientBanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PatientBanner(...)")
    }
}

impl std::fmt::Debug for PageInput<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PageInput(...)")
    }
}

/// A page that could not be made. Says nothing of the patient.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Not an assessment that can be shown: one of shadow mode, for instance, holds nothing but its id.
    #[error("not an assessment that can be shown: {0} is missing or not as expected")]
    NotAnAssessment(
        /// Place in the JSON.
        String,
    ),
    /// The template failed.
    #[error("the template of the page failed: {0}")]
    Template(#[from] askama::Error),
}

/// The page as HTML.
///
/// # Errors
/// [`PageError::NotAnAssessment`] when the JSON is not that of a whole assessment.
pub fn render(input: &PageInput<'_>) -> Result<String, PageError> {
    let answer = Answer::read(input.assessment)?;
    Ok(view::Page::new(input, &answer).render()?)
}

//! The pages of a launch as HTML: why there is no assessment, and a plain one for the assessment itself. No script, no style
//! in the page, everything of a record escaped.

use super::banner::PatientBanner;
use super::launch::LaunchId;
use super::problem::LaunchProblem;
use super::token::SinceCard;
use super::words::LaunchWords;
use minijinja::{AutoEscape, Environment, context};
use serde_json::Value;

/// The style of these pages, served beside them.
pub const STYLE: &str = include_str!("smart.css");

/// What a page about a problem offers to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// Nothing but words.
    None,
    /// To begin again at this address in a new tab.
    NewTab(String),
    /// To begin again at this address.
    Again(String),
    /// To go to the assessment at this address.
    Assessment(String),
}

/// A page about a problem. Says nothing of any patient.
#[derive(Debug, Clone)]
pub struct ProblemPage<'a> {
    /// What happened.
    pub problem: LaunchProblem,
    /// What can be done on the page.
    pub offer: Offer,
    /// Id of the request, as in the log.
    pub request_id: &'a str,
    /// Language of the words.
    pub language: &'a str,
    /// Address of [`STYLE`].
    pub style: &'a str,
}

/// Everything that the page of an assessment is made of.
#[derive(Debug)]
pub struct AssessmentPage<'a> {
    /// Whose it is.
    pub banner: &'a PatientBanner,
    /// `org.rrdtc.assessment`.
    pub assessment: &'a Value,
    /// How it stands to the card that the launch came from.
    pub since_card: SinceCard,
    /// Path to which it is ended.
    pub end_action: &'a str,
    /// Address of [`STYLE`].
    pub style: &'a str,
    /// Language.
    pub language: &'a str,
    /// The launch.
    pub launch: LaunchId,
}

/// A page could not be made.
#[derive(Debug, thiserror::Error)]
#[error("a page could not be made: {0}")]
pub struct PageError(#[from] minijinja::Error);

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment
}

/// The page about a problem.
pub fn problem(page: &ProblemPage<'_>, words: &LaunchWords) -> Result<String, PageError> {
    let of_problem = words.of(page.problem);
    let (link, label, is_new_tab) = match &page.offer {
        Offer::None => (None, None, false),
        Offer::NewTab(link) => (Some(link), Some(&words.new_tab), true),
        Offer::Again(link) => (Some(link), Some(&words.again), false),
        Offer::Assessment(link) => (Some(link), Some(&words.assessment), false),
    };
    Ok(environment().render_named_str(
        "problem.html",
        include_str!("problem.html"),
        context! {
            language => page.language,
            style => page.style,
            heading => words.heading,
            what => of_problem.map(|words| &words.what),
            toDo => of_problem.map(|words| &words.to_do),
            noConclusion => words.no_conclusion,
            link, label,
            isNewTab => is_new_tab,
            requestIdWords => words.request_id,
            requestId => page.request_id,
        },
    )?)
}

/// The page of an assessment, plain: it stands in for the one with evidence, nomogram and what-if.
pub fn assessment(page: &AssessmentPage<'_>) -> Result<String, PageError> {
    let text = |pointer: &str| {
        let value = page.assessment.pointer(pointer);
        value.map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        })
    };
    let predictors: Vec<_> = page.assessment["predictors"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, result)| context! { name => name, state => result["state"].as_str() })
        .collect();
    Ok(environment().render_named_str(
        "assessment.html",
        include_str!("assessment.html"),
        context! {
            language => page.language,
            style => page.style,
            name => page.banner.name,
            birthDate => page.banner.birth_date,
            sex => page.banner.sex,
            identifier => page.banner.identifier,
            hasChanged => matches!(page.since_card, SinceCard::Changed | SinceCard::NotComparable),
            status => text("/applicability/status"),
            classification => text("/classification"),
            low => text("/score/low"),
            high => text("/score/high"),
            resultId => text("/resultId"),
            assessedAt => text("/assessedAt"),
            predictors,
            endAction => page.end_action,
        },
    )?)
}

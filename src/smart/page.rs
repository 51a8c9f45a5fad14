//! The pages that tell why there is no assessment, as HTML: no script, no style in the page, everything escaped.

use super::problem::LaunchProblem;
use super::words::LaunchWords;
use minijinja::{AutoEscape, Environment, context};

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
    /// Address of [`STYLE`].
    pub style: &'a str,
}

/// A page could not be made.
#[derive(Debug, thiserror::Error)]
#[error("a page could not be made: {0}")]
pub struct PageError(#[from] minijinja::Error);

/// The page about a problem.
pub fn problem(page: &ProblemPage<'_>, words: &LaunchWords) -> Result<String, PageError> {
    let of_problem = words.of(page.problem);
    let heading = match page.problem {
        LaunchProblem::Ended => &words.ended_heading,
        _ => &words.heading,
    };
    let (link, label, is_new_tab) = match &page.offer {
        Offer::None => (None, None, false),
        Offer::NewTab(link) => (Some(link), Some(&words.new_tab), true),
        Offer::Again(link) => (Some(link), Some(&words.again), false),
        Offer::Assessment(link) => (Some(link), Some(&words.assessment), false),
    };
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    Ok(environment.render_named_str(
        "problem.html",
        include_str!("problem.html"),
        context! {
            language => words.language,
            style => page.style,
            heading => heading,
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

//! The words of the pages that tell why there is no assessment: `launch.json` of a language.

use super::problem::LaunchProblem;
use serde::Deserialize;
use std::collections::BTreeMap;

/// All words, checked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LaunchWords {
    /// Tag of the language that they are in.
    pub(super) language: String,
    pub(super) heading: String,
    pub(super) ended_heading: String,
    pub(super) no_conclusion: String,
    pub(super) request_id: String,
    pub(super) new_tab: String,
    pub(super) again: String,
    pub(super) assessment: String,
    problems: BTreeMap<String, ProblemWords>,
}

/// What happened, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProblemWords {
    pub what: String,
    #[serde(rename = "do")]
    pub to_do: String,
}

/// Words that the server must not start with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLaunchWords {
    /// No JSON of this shape.
    #[error("text file launch.json: {0}")]
    Unreadable(String),
    /// A problem has no words.
    #[error("text file launch.json: problems has no words for {0}")]
    Missing(&'static str),
}

impl LaunchWords {
    /// Reads the file and checks that every problem has words.
    pub fn read(text: &str) -> Result<Self, InvalidLaunchWords> {
        let words: Self = serde_json::from_str(text)
            .map_err(|error| InvalidLaunchWords::Unreadable(error.to_string()))?;
        for problem in LaunchProblem::ALL {
            words
                .of(problem)
                .ok_or(InvalidLaunchWords::Missing(problem.as_str()))?;
        }
        Ok(words)
    }

    pub(super) fn of(&self, problem: LaunchProblem) -> Option<&ProblemWords> {
        self.problems.get(problem.as_str())
    }
}

//! A plain page of an assessment. It stands in for the one with evidence, nomogram and what-if, and takes the same input.

use crate::domain::model::Model;
use crate::domain::score::Predictor;
use crate::smart::banner::PatientBanner;
use minijinja::{AutoEscape, Environment, context};
use serde_json::Value;

/// Everything that the page of an assessment is made of.
#[derive(Debug)]
pub(super) struct PageInput<'a> {
    /// Whose it is.
    pub banner: &'a PatientBanner,
    /// `org.rrdtc.assessment`.
    pub assessment: &'a Value,
    /// The model that made it.
    pub model: &'a Model,
    /// Language of the words.
    pub language: &'a str,
    /// Path of this page, for the form of what-if.
    pub action: &'a str,
    /// Path to which the assessment is ended.
    pub end_action: &'a str,
    /// Predictors that the user sets by way of trial.
    pub what_if: Vec<(Predictor, bool)>,
    /// The record has changed since the card was shown, or the card cannot be compared with it.
    pub changed_since_card: bool,
    /// Address of the model facts.
    pub model_facts: Option<&'a str>,
    /// Synthetic data, not for care.
    pub synthetic: bool,
    /// Path of the style.
    pub style: &'a str,
}

/// The page.
pub(super) fn render(input: &PageInput<'_>) -> Result<String, minijinja::Error> {
    let text = |pointer: &str| {
        let value = input.assessment.pointer(pointer)?;
        Some(
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned),
        )
    };
    let predictors: Vec<_> = Predictor::ALL
        .into_iter()
        .filter_map(|predictor| {
            let name = predictor.name();
            let state = input.assessment["predictors"][name]["state"].as_str()?;
            let trial = input.what_if.iter().find(|(other, _)| *other == predictor);
            Some(context! { name => name, state => state, trial => trial.map(|(_, is_present)| is_present) })
        })
        .collect();
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.render_named_str(
        "assessment.html",
        include_str!("stand_in.html"),
        context! {
            language => input.language,
            style => input.style,
            name => input.banner.name,
            birthDate => input.banner.birth_date,
            sex => input.banner.sex,
            identifier => input.banner.identifier,
            synthetic => input.synthetic,
            hasChanged => input.changed_since_card,
            status => text("/applicability/status"),
            classification => text("/classification"),
            low => text("/score/low"),
            high => text("/score/high"),
            maximum => input.model.maximum(),
            resultId => text("/resultId"),
            assessedAt => text("/assessedAt"),
            predictors,
            modelFacts => input.model_facts,
            action => input.action,
            endAction => input.end_action,
        },
    )
}

//! The what-if on the page: the form, and the hypothetical answer beside the record's own.

use super::PageInput;
use super::answer::{Answer, Score};
use super::probability::InWords;
use super::view::{class_words, score_of};
use super::what_if::{FIELD, Hypothetical, hypothetical};
use crate::cds_hooks::response::classification;
use crate::domain::score::{Predictor, States};
use crate::texts::Texts;

/// The form, and what came of it.
#[derive(Default)]
pub(super) struct WhatIfView {
    /// Nothing can be tried with another model than that of the answer.
    pub(super) is_offered: bool,
    pub(super) fields: Vec<FieldView>,
    pub(super) outcome: Option<OutcomeView>,
}

/// One predictor to choose a value for.
pub(super) struct FieldView {
    pub(super) name: String,
    pub(super) field: String,
    pub(super) chosen: Option<bool>,
}

/// The hypothetical answer beside the record's.
pub(super) struct OutcomeView {
    pub(super) assumptions: String,
    pub(super) rows: Vec<OutcomeRow>,
}

/// One line of both answers.
pub(super) struct OutcomeRow {
    pub(super) what: String,
    pub(super) record: String,
    pub(super) hypothetical: String,
}

/// The record's own answer, for the column beside the hypothetical one.
pub(super) struct Record {
    score: String,
    class: String,
    probability: Option<String>,
    cutoff: u32,
    maximum: u32,
}

impl Record {
    pub(super) fn new(texts: &Texts, answer: &Answer, class: &str, score: &Score) -> Self {
        Self {
            score: score_of(texts, score.low, score.high, score.maximum),
            class: class_words(texts, class, score.cutoff),
            probability: answer.probability.as_ref().map(|probability| {
                let (low, high) = (probability.low, probability.high);
                InWords::new(texts, low, high, probability.estimate).whole(texts)
            }),
            cutoff: score.cutoff,
            maximum: score.maximum,
        }
    }
}

impl WhatIfView {
    pub(super) fn new(input: &PageInput<'_>, states: States, record: Record) -> Self {
        let texts = input.texts;
        let open = Predictor::ALL
            .into_iter()
            .filter(|predictor| states[*predictor as usize].is_open());
        let chosen = |predictor: Predictor| {
            let chosen = input.what_if.iter().rev();
            let mut chosen = chosen.filter(|(named, _)| *named == predictor);
            chosen.next().map(|(_, value)| *value)
        };
        Self {
            is_offered: true,
            fields: open
                .map(|predictor| FieldView {
                    name: texts.word("predictor", predictor.name()).to_owned(),
                    field: format!("{FIELD}{}", predictor.name()),
                    chosen: chosen(predictor),
                })
                .collect(),
            outcome: hypothetical(input.model, states, &input.what_if)
                .map(|hypothetical| OutcomeView::new(texts, record, hypothetical)),
        }
    }
}

impl OutcomeView {
    fn new(texts: &Texts, record: Record, hypothetical: Hypothetical) -> Self {
        let assumptions: Vec<String> = hypothetical
            .assumptions
            .iter()
            .map(|(predictor, is_present)| {
                let value = match is_present {
                    true => texts.get("page-whatif-yes"),
                    false => texts.get("page-whatif-no"),
                };
                texts.with(
                    "page-whatif-assumption",
                    [
                        ("name", texts.word("predictor", predictor.name()).into()),
                        ("value", value.into()),
                    ],
                )
            })
            .collect();
        let assumptions = assumptions.join(texts.get("clause-separator"));
        let row = |key: &str, record: String, hypothetical: String| OutcomeRow {
            what: texts.get(key).to_owned(),
            record,
            hypothetical,
        };
        let score = hypothetical.score;
        let class = classification(hypothetical.class);
        let mut rows = vec![
            row(
                "page-score-title",
                record.score,
                score_of(texts, score.low, score.high, record.maximum),
            ),
            row(
                "page-whatif-class",
                record.class,
                class_words(texts, class, record.cutoff),
            ),
        ];
        if let (Some(recorded), Some(would_be)) = (record.probability, hypothetical.probability) {
            let would_be = InWords::new(texts, would_be.low, would_be.high, would_be.estimate);
            rows.push(row(
                "page-probability-title",
                recorded,
                would_be.whole(texts),
            ));
        }
        Self {
            assumptions: texts.with("page-whatif-if", [("assumptions", assumptions.into())]),
            rows,
        }
    }
}

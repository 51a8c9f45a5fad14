//! The page in words, ready for its template `assessment.html`: nothing is left to decide there.

use super::answer::{Answer, Score};
use super::bar::Bar;
use super::inert::{self, NAME, REFERENCE, clean};
use super::outcome::{Record, WhatIfView};
use super::predictor::{PredictorView, Records, SetAsideView, by_code};
use super::probability::ProbabilityView;
use super::what_if::states;
use super::{PageInput, PatientBanner, assets};
use crate::cds_hooks::words;
use crate::domain::model::Model;
use crate::domain::nomogram::Rounding;
use crate::domain::score::{Predictor, State};
use crate::texts::Texts;
use askama::Template;

/// The whole page.
#[derive(Template)]
#[template(path = "page/assessment.html")]
pub(super) struct Page<'a> {
    texts: &'a Texts,
    input: &'a PageInput<'a>,
    style: String,
    script: String,
    banner: BannerView,
    assessed: String,
    reasons: Vec<String>,
    caveats: Vec<CaveatView>,
    records: Records,
    set_aside: Vec<SetAsideView>,
    scored: Option<ScoredView>,
    model: ModelView,
    sources: Vec<SourceView>,
    result: ResultView,
}

struct BannerView {
    name: Option<String>,
    birth_date: Option<String>,
    sex: Option<String>,
    identifier: Option<String>,
}

struct CaveatView {
    /// The predictor that it is about.
    about: Option<String>,
    text: String,
}

/// What there is only where the model applies.
struct ScoredView {
    /// The score with its maximum.
    score: String,
    /// The score alone.
    points: String,
    class: String,
    class_words: String,
    bar: Bar,
    /// What the source study saw with such patients.
    study_title: Option<String>,
    study: Option<String>,
    probability: Option<ProbabilityView>,
    predictors: Vec<PredictorView>,
    what_if: WhatIfView,
}

struct ModelView {
    id: String,
    version: String,
    sha256: String,
    basis: Option<String>,
    validation: String,
    /// What the score comes from.
    study: Option<String>,
}

struct SourceView {
    name: String,
    from: String,
    pages: u32,
    complete: bool,
}

struct ResultView {
    id: String,
    software: String,
    assessed_at: String,
}

impl<'a> Page<'a> {
    pub(super) fn new(input: &'a PageInput<'a>, answer: &Answer) -> Self {
        let texts = input.texts;
        let (style, script) = assets::paths();
        let assessed_at = clean(&answer.assessed_at, REFERENCE);
        // The instant as a person reads it.
        let when = assessed_at.replace('T', " ").replace('Z', " UTC");
        let applicability = &answer.applicability;
        let reasons = applicability.reasons.iter();
        // What a model of another version saw is not told here as if it were this one's.
        let is_same_model = answer.model.sha256 == input.model.sha256;
        Self {
            texts,
            input,
            style: format!("{}{style}", input.assets),
            script: format!("{}{script}", input.assets),
            banner: BannerView::new(texts, input.banner),
            assessed: texts.with("page-assessed", [("when", when.into())]),
            reasons: reasons
                .map(|code| inert::words(texts, "not-applicable", code))
                .collect(),
            caveats: caveats(texts, answer),
            records: Records::new(texts, &applicability.evidence),
            set_aside: by_code(texts, "set-aside", &applicability.set_aside),
            scored: ScoredView::new(input, answer, is_same_model),
            model: ModelView::new(texts, answer, is_same_model.then_some(input.model)),
            sources: answer
                .sources
                .by_name()
                .map(|(name, source)| SourceView {
                    name: texts.word("source", name).to_owned(),
                    from: inert::words(texts, "from", &source.from),
                    pages: source.pages,
                    complete: source.complete,
                })
                .into(),
            result: ResultView {
                id: clean(&answer.result_id, REFERENCE),
                software: clean(
                    &format!("{} {}", answer.software.name, answer.software.version),
                    REFERENCE,
                ),
                assessed_at,
            },
        }
    }

    /// A text without variables.
    fn t<'k>(&'k self, key: &'k str) -> &'k str {
        self.texts.get(key)
    }

    /// A text about something with a name.
    fn about(&self, key: &str, name: &str) -> String {
        self.texts.with(key, [("name", name.into())])
    }
}

impl BannerView {
    fn new(texts: &Texts, banner: &PatientBanner) -> Self {
        let shown = |text: &Option<String>| {
            let text = text.as_ref().map(|text| clean(text, NAME));
            text.filter(|text| !text.is_empty())
        };
        Self {
            name: shown(&Some(banner.name.clone())),
            birth_date: shown(&banner.birth_date),
            sex: shown(&banner.sex).map(|sex| inert::words(texts, "sex", &sex)),
            identifier: shown(&banner.identifier),
        }
    }
}

fn caveats(texts: &Texts, answer: &Answer) -> Vec<CaveatView> {
    let caveat = |about: Option<&str>, code: &String| CaveatView {
        about: about.map(|name| texts.with("page-for-predictor", [("name", name.into())])),
        text: inert::words(texts, "caveat", code),
    };
    let of_all = answer.applicability.caveats.iter();
    let mut caveats: Vec<CaveatView> = of_all.map(|code| caveat(None, code)).collect();
    for (predictor, found) in Predictor::ALL
        .into_iter()
        .zip(answer.predictors.iter().flat_map(|all| all.all()))
    {
        let name = texts.word("predictor", predictor.name());
        caveats.extend(found.caveats.iter().map(|code| caveat(Some(name), code)));
    }
    let incomplete: Vec<&str> = answer
        .sources
        .by_name()
        .into_iter()
        .filter(|(_, source)| !source.complete)
        .map(|(name, _)| texts.word("source", name))
        .collect();
    if !incomplete.is_empty() {
        let sources = incomplete.join(texts.get("list-separator"));
        caveats.push(CaveatView {
            about: None,
            text: texts.with("not-complete", [("sources", sources.into())]),
        });
    }
    caveats
}

impl ScoredView {
    fn new(input: &PageInput<'_>, answer: &Answer, is_same_model: bool) -> Option<Self> {
        let texts = input.texts;
        let (predictors, score) = (answer.predictors.as_ref()?, answer.score.as_ref()?);
        let class = answer.classification.as_deref()?;
        let states = states(answer)?;
        let pet = states[Predictor::FdgUptake as usize];
        let study = is_same_model.then(|| study(texts, input.model, class, pet));
        let probability = answer.probability.as_ref();
        let predictors = Predictor::ALL
            .into_iter()
            .zip(predictors.all())
            .map(|(predictor, found)| {
                PredictorView::new(texts, predictor, found, class == "indeterminate")
            })
            .collect();
        let what_if = match is_same_model {
            true => WhatIfView::new(input, states, Record::new(texts, answer, class, score)),
            false => WhatIfView::default(),
        };
        Some(Self {
            score: score_of(texts, score.low, score.high, score.maximum),
            points: words::range(score.low, score.high),
            class: clean(class, REFERENCE),
            class_words: class_words(texts, class, score.cutoff),
            bar: score_bar(texts, score),
            study_title: (class == "below-cutoff")
                .then(|| texts.get("below-is-not-low").to_owned()),
            study: study.flatten(),
            probability: probability.map(|probability| {
                let model = is_same_model.then_some(input.model);
                ProbabilityView::new(texts, probability, model, &states)
            }),
            predictors,
            what_if,
        })
    }

    /// Predictors that the record leaves open.
    fn missing(&self) -> impl Iterator<Item = &PredictorView> {
        self.predictors.iter().filter(|predictor| predictor.is_open)
    }
}

pub(super) fn score_of(texts: &Texts, low: u32, high: u32, maximum: u32) -> String {
    let score = words::range(low, high);
    texts.with(
        "page-score-of",
        [("score", score.into()), ("maximum", maximum.into())],
    )
}

pub(super) fn class_words(texts: &Texts, class: &str, cutoff: u32) -> String {
    let key = format!("page-class-{class}");
    match texts.has(&key) {
        true => texts.with(&key, [("cutoff", cutoff.into())]),
        false => clean(class, REFERENCE),
    }
}

/// Two numbers on a scale need to be so far apart, as a share of it.
const MIN_APART: f64 = 0.1;

fn score_bar(texts: &Texts, score: &Score) -> Bar {
    let end = f64::from(score.maximum);
    let (low, high) = (f64::from(score.low), f64::from(score.high));
    let label = texts.with(
        "page-score-bar",
        [
            ("score", words::range(score.low, score.high).into()),
            ("maximum", score.maximum.into()),
            ("cutoff", score.cutoff.into()),
        ],
    );
    let cutoff = texts.with("page-cutoff", [("cutoff", score.cutoff.into())]);
    let mark = (score.low == score.high).then_some(low);
    let bar = Bar::new(label, end, (low, high), mark).line(f64::from(score.cutoff), end, cutoff);
    if high - low < MIN_APART * end {
        let both = words::range(score.low, score.high);
        return bar.tick((low + high) / 2.0, end, both);
    }
    bar.tick(low, end, score.low.to_string())
        .tick(high, end, score.high.to_string())
}

/// What the source study saw with patients of this class.
fn study(texts: &Texts, model: &Model, class: &str, pet: State) -> Option<String> {
    let study = &model.study;
    let (with, without) = (study.at_or_above_with_pet, study.at_or_above_without_pet);
    let below_share = words::percent(texts, study.below.probability(), Rounding::Nearest);
    Some(match (class, pet) {
        ("at-or-above-cutoff", State::Present) => texts.with(
            "study-with-pet",
            [
                ("refractory", with.refractory.into()),
                ("patients", with.patients.into()),
            ],
        ),
        ("at-or-above-cutoff", State::Absent) => texts.with(
            "study-without-pet",
            [
                ("refractory", without.refractory.into()),
                ("patients", without.patients.into()),
            ],
        ),
        ("at-or-above-cutoff", _) => texts.with(
            "study-pet-unknown",
            [
                ("withRefractory", with.refractory.into()),
                ("withPatients", with.patients.into()),
                ("withoutRefractory", without.refractory.into()),
                ("withoutPatients", without.patients.into()),
            ],
        ),
        ("below-cutoff", _) => texts.with(
            "study-below",
            [
                ("refractory", study.below.refractory.into()),
                ("patients", study.below.patients.into()),
                ("share", below_share.into()),
            ],
        ),
        ("indeterminate", _) => texts.with(
            "study-indeterminate",
            [
                ("belowRefractory", study.below.refractory.into()),
                ("belowPatients", study.below.patients.into()),
                ("belowShare", below_share.into()),
                ("aboveRefractory", study.at_or_above.refractory.into()),
                ("abovePatients", study.at_or_above.patients.into()),
            ],
        ),
        _ => return None,
    })
}

impl ModelView {
    fn new(texts: &Texts, answer: &Answer, model: Option<&Model>) -> Self {
        let local = model.and_then(|model| model.local_validation.as_ref());
        let validation = match local {
            Some(local) => texts.with(
                "limits-local",
                [
                    ("site", clean(&local.site, NAME).into()),
                    ("patients", local.patients.into()),
                    ("refractory", local.refractory.into()),
                    ("date", clean(&local.date, REFERENCE).into()),
                ],
            ),
            None => texts.get("page-model-not-validated").to_owned(),
        };
        let nomogram = model.and_then(|model| model.nomogram.as_ref());
        Self {
            id: clean(&answer.model.id, REFERENCE),
            version: clean(&answer.model.version, REFERENCE),
            sha256: clean(&answer.model.sha256, REFERENCE),
            basis: nomogram
                .filter(|_| answer.applies())
                .map(|nomogram| clean(&words::basis(texts, nomogram, false), 6 * REFERENCE)),
            validation,
            study: model.map(|model| {
                let patients = model.study.patients.into();
                texts.with("limits-study", [("patients", patients)])
            }),
        }
    }
}

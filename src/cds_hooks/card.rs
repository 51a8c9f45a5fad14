//! The one advisory card (domain.md section 7). Its words are data: texts by key, put in order by the files of
//! [`Layout`].

use super::display::DisplayReason;
pub use super::layout::{InvalidLayout, Layout};
use super::response::{AssessmentJson, InResponse, classification, state_name};
use super::service::{CardLink, Service};
pub use super::suggestion::Suggestions;
use super::suggestion::suggestions;
use super::words;
use crate::domain::assessment::{Assessment, Scored};
use crate::domain::facts::Sources;
use crate::domain::interval::Interval;
use crate::domain::model::{LocalValidation, Model, Share};
use crate::domain::nomogram::Rounding;
use crate::domain::rules::Finding;
use crate::domain::score::{Classification, Pattern, Predictor};
use crate::texts::Texts;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// The protocol's limit: a summary has fewer characters than this.
pub(super) const SUMMARY_LIMIT: usize = 140;

/// The call that a card answers.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The service called.
    pub service: &'a Service,
    /// Id of the call.
    pub hook_instance: Uuid,
    /// Id of the patient.
    pub patient_id: &'a str,
    /// What the client wants.
    pub suggestions: Suggestions,
    /// Whether the card tells the nomogram's probability.
    pub tells_probability: bool,
    /// Address of the model facts, where they can be read.
    pub model_facts: Option<&'a str>,
    /// Address at which the SMART app is launched, where the client has one.
    pub smart_launch: Option<&'a str>,
}

/// A card that could not be made: a fault of the text files.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// A template failed.
    #[error("the card template detail.md failed: {0}")]
    Template(#[from] minijinja::Error),
    /// A summary of 140 characters or more.
    #[error("a card summary has {0} characters; the protocol allows fewer than {SUMMARY_LIMIT}")]
    SummaryTooLong(usize),
}

/// The response to a hook call: at most one card, and the assessment whatever it is.
#[derive(Debug, Serialize)]
pub struct Response<'a> {
    cards: Vec<Value>,
    extension: Extension<'a>,
}

#[derive(Debug, Serialize)]
struct Extension<'a> {
    #[serde(rename = "org.rrdtc.assessment")]
    assessment: InResponse<'a>,
}

/// Makes the response. There is a card only where the assessment's own display reason is [`DisplayReason::Shown`]; in
/// shadow mode the extension does not say what was found either.
pub fn response<'a>(
    layout: &Layout,
    call: Call<'_>,
    assessment: &Assessment,
    model: &Model,
    json: AssessmentJson<'a>,
) -> Result<Response<'a>, CardError> {
    let cards = match &assessment.scored {
        Some(scored) if json.display() == DisplayReason::Shown => {
            vec![card(layout, call, assessment, scored, model, &json)?]
        }
        _ => Vec::new(),
    };
    Ok(Response {
        cards,
        extension: Extension {
            assessment: InResponse(json),
        },
    })
}

fn card(
    layout: &Layout,
    call: Call<'_>,
    assessment: &Assessment,
    scored: &Scored,
    model: &Model,
    json: &AssessmentJson<'_>,
) -> Result<Value, CardError> {
    let (texts, settings) = (&layout.texts, &layout.settings);
    let open = scored.predictors.iter();
    let open = open.filter(|result| result.finding.state.is_open()).count();
    let (_, summary) = summary(texts, model, scored.classification, scored.score, open);
    let length = summary.chars().count();
    if length >= SUMMARY_LIMIT {
        return Err(CardError::SummaryTooLong(length));
    }
    let detail = layout.detail(context(texts, call, assessment, scored, model))?;
    let indicator = match scored.classification {
        Classification::AtOrAboveCutoff => "warning",
        Classification::BelowCutoff | Classification::Indeterminate => "info",
    };
    let absolute =
        |label: &str, url: &str| json!({ "label": label, "url": url, "type": "absolute" });
    let links: Vec<Value> = call
        .service
        .card_links
        .iter()
        .filter_map(|link| match link {
            CardLink::Paper => Some(absolute(texts.get("paper-label"), &settings.paper_url)),
            CardLink::ModelFacts => call
                .model_facts
                .map(|url| absolute(texts.get("model-facts-label"), url)),
            CardLink::SmartApp => call.smart_launch.map(|url| {
                // JSON as a text: so the protocol wants it, and so it comes back with the token of the launch.
                let app_context = json!({ "resultId": json.result_id }).to_string();
                json!({
                    "label": texts.get("smart-label"), "url": url, "type": "smart", "appContext": app_context,
                })
            }),
        })
        .collect();
    let override_reasons: Vec<Value> = settings
        .override_reasons
        .iter()
        .map(|reason| {
            let display = texts.word("override", &reason.code);
            json!({ "code": reason.code, "system": reason.system, "display": display })
        })
        .collect();
    let mut card = json!({
        "uuid": uuid(call, &json.result_id, "card"),
        "summary": summary,
        "indicator": indicator,
        "detail": detail.trim(),
        "source": { "label": texts.get("source-label"), "url": settings.source_url },
        "overrideReasons": override_reasons,
    });
    if !links.is_empty() {
        card["links"] = Value::Array(links);
    }
    let suggestions = suggestions(layout, call, scored, model, json);
    if !suggestions.is_empty() {
        card["suggestions"] = Value::Array(suggestions);
        card["selectionBehavior"] = "any".into();
    }
    Ok(card)
}

/// The uuid of a card or suggestion: the same for a re-sent call, another for another call.
pub fn uuid(call: Call<'_>, result_id: &str, kind: &str) -> Uuid {
    let name = format!(
        "https://rrdtc.org/{kind}/{result_id}/{}/{}",
        call.service.id, call.hook_instance
    );
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
}

/// The summary, with the key of its text. `open`: how many predictors are unknown or conflicting.
pub(super) fn summary(
    texts: &Texts,
    model: &Model,
    class: Classification,
    score: Interval<u32>,
    open: usize,
) -> (String, String) {
    let key = format!("summary-{}", classification(class));
    let summary = texts.with(
        &key,
        [
            ("score", words::range(score.low, score.high).into()),
            ("maximum", model.maximum().into()),
            ("cutoff", model.cutoff.into()),
            ("refractory", model.study.below.refractory.into()),
            ("patients", model.study.below.patients.into()),
            ("missing", open.into()),
        ],
    );
    (key, summary)
}

/// What the template may use.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    score: String,
    maximum: u32,
    cutoff: u32,
    classification: &'a str,
    pet: &'a str,
    rows: Vec<Row<'a>>,
    missing: Vec<Missing<'a>>,
    caveats: Vec<&'a str>,
    incomplete: String,
    set_aside: usize,
    model: ModelWords<'a>,
    study: StudyWords,
    local_validation: Option<LocalWords<'a>>,
    probability: Option<ProbabilityWords>,
    translation_note: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    name: &'a str,
    state: &'a str,
    points: String,
    rests_on: String,
    reason: &'a str,
    dates: String,
}

#[derive(Serialize)]
struct Missing<'a> {
    name: &'a str,
    reason: &'a str,
    decisive: bool,
}

#[derive(Serialize)]
struct ModelWords<'a> {
    id: &'a str,
    version: &'a str,
    sha256: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StudyWords {
    patients: u32,
    at_or_above: ShareWords,
    with_pet: ShareWords,
    without_pet: ShareWords,
    below: ShareWords,
}

#[derive(Serialize)]
struct ShareWords {
    refractory: u32,
    patients: u32,
    share: String,
}

#[derive(Serialize)]
struct LocalWords<'a> {
    site: &'a str,
    patients: u32,
    refractory: u32,
    date: &'a str,
}

#[derive(Serialize)]
struct ProbabilityWords {
    low: String,
    high: String,
    estimate: Option<String>,
    basis: String,
    /// A patient whom score and nomogram put on different sides of this one.
    disagrees: Option<Disagreement>,
}

#[derive(Serialize)]
struct Disagreement {
    score: u32,
    estimate: String,
}

fn context(
    texts: &Texts,
    call: Call<'_>,
    assessment: &Assessment,
    scored: &Scored,
    model: &Model,
) -> minijinja::Value {
    let caveat = |code: &'static str| texts.word("caveat", code);
    let applicability = &assessment.applicability;
    let mut caveats: Vec<&str> = applicability
        .caveats
        .iter()
        .map(|code| caveat(code.as_str()))
        .collect();
    let mut set_aside = applicability.set_aside.len();
    let (mut rows, mut missing) = (Vec::new(), Vec::new());
    for predictor in Predictor::ALL {
        let result = scored.predictor(predictor);
        let finding = &result.finding;
        let name = texts.word("predictor", predictor.name());
        let reason = finding
            .reason
            .map_or("", |reason| texts.word("reason", reason.as_str()));
        rows.push(row(texts, name, reason, result.points, finding));
        if finding.state.is_open() {
            missing.push(Missing {
                name,
                reason,
                decisive: result.decisive,
            });
        }
        caveats.extend(finding.caveats.iter().map(|code| caveat(code.as_str())));
        set_aside += finding.set_aside.len();
    }
    let study = &model.study;
    let share = |share: Share| ShareWords {
        refractory: share.refractory,
        patients: share.patients,
        share: words::percent(texts, share.probability(), Rounding::Nearest),
    };
    let context = Context {
        score: words::range(scored.score.low, scored.score.high),
        maximum: model.maximum(),
        cutoff: model.cutoff,
        classification: classification(scored.classification),
        pet: state_name(scored.predictor(Predictor::FdgUptake).finding.state),
        rows,
        missing,
        caveats,
        incomplete: incomplete(texts, &assessment.sources),
        set_aside,
        model: ModelWords {
            id: &model.id,
            version: &model.version,
            sha256: &model.sha256,
        },
        study: StudyWords {
            patients: study.patients,
            at_or_above: share(study.at_or_above),
            with_pet: share(study.at_or_above_with_pet),
            without_pet: share(study.at_or_above_without_pet),
            below: share(study.below),
        },
        local_validation: model.local_validation.as_ref().map(
            |LocalValidation {
                 site,
                 patients,
                 refractory,
                 date,
             }| LocalWords {
                site,
                patients: *patients,
                refractory: *refractory,
                date,
            },
        ),
        probability: call
            .tells_probability
            .then(|| probability(texts, scored, model))
            .flatten(),
        translation_note: texts.translation_note(),
    };
    minijinja::Value::from_serialize(&context)
}

fn row<'a>(
    texts: &'a Texts,
    name: &'a str,
    reason: &'a str,
    points: Interval<u32>,
    finding: &Finding,
) -> Row<'a> {
    let (mut rests_on, mut dates): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for evidence in &finding.evidence {
        if !rests_on.contains(&evidence.what.as_str()) {
            rests_on.push(&evidence.what);
        }
        if let Some(date) = &evidence.record.date {
            let day = date.as_written().split('T').next().unwrap_or_default();
            if !dates.contains(&day) {
                dates.push(day);
            }
        }
    }
    Row {
        name,
        state: texts.word("state", state_name(finding.state)),
        points: words::range(points.low, points.high),
        rests_on: shorten(&rests_on, texts.get("clause-separator"), |what| {
            words::what(texts, what)
        }),
        reason,
        dates: shorten(&dates, texts.get("list-separator"), str::to_owned),
    }
}

/// The sources of which pages or everything is missing, in words.
fn incomplete(texts: &Texts, sources: &Sources) -> String {
    let missing: Vec<&str> = sources
        .by_name()
        .into_iter()
        .filter(|(_, source)| !source.complete)
        .map(|(name, _)| texts.word("source", name))
        .collect();
    missing.join(texts.get("list-separator"))
}

fn probability(texts: &Texts, scored: &Scored, model: &Model) -> Option<ProbabilityWords> {
    let (probability, nomogram) = (scored.probability.as_ref()?, model.nomogram.as_ref()?);
    let percent = |probability, rounding| words::percent(texts, probability, rounding);
    let estimate = probability.estimate;
    let disagrees = estimate.and_then(|_| {
        let states = Predictor::ALL.map(|predictor| scored.predictor(predictor).finding.state);
        let pattern = Pattern::completions(&states).next()?;
        let other = nomogram.contradiction(model, pattern)?;
        Some(Disagreement {
            score: other.score(model),
            estimate: percent(nomogram.of(other).estimate, Rounding::Nearest),
        })
    });
    Some(ProbabilityWords {
        low: percent(probability.low, Rounding::Down),
        high: percent(probability.high, Rounding::Up),
        estimate: estimate.map(|estimate| percent(estimate, Rounding::Nearest)),
        basis: words::basis(texts, nomogram, estimate.is_none()),
        disagrees,
    })
}

/// The first few of a list in words, and how many more.
fn shorten(items: &[&str], separator: &str, in_words: impl Fn(&str) -> String) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = items
        .iter()
        .take(SHOWN)
        .map(|item| in_words(item))
        .collect();
    let mut text = shown.join(separator);
    if items.len() > SHOWN {
        text.push_str(&format!(" (+{})", items.len() - SHOWN));
    }
    text
}

//! The one advisory card (domain.md section 7). Its words are data: `words.json` and the templates in `cds-hooks/texts/<language>/`.

use super::display::DisplayReason;
use super::response::{AssessmentJson, InResponse, classification, state_name};
use super::service::Service;
use crate::domain::assessment::{Assessment, Scored};
use crate::domain::facts::Sources;
use crate::domain::model::Model;
use crate::domain::nomogram::{Rounding, percent};
use crate::domain::score::{Classification, Pattern, Predictor, State};
use minijinja::{AutoEscape, Environment, Output};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The protocol's limit: a summary has fewer characters than this.
const SUMMARY_LIMIT: usize = 140;

/// The words of `words.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Words {
    source_label: String,
    source_url: String,
    paper_label: String,
    paper_url: String,
    model_facts_label: String,
    smart_label: String,
    predictors: BTreeMap<String, String>,
    states: BTreeMap<String, String>,
    reasons: BTreeMap<String, String>,
    caveats: BTreeMap<String, String>,
    set_aside: String,
    sources: BTreeMap<String, String>,
    not_complete: String,
    override_reasons: Vec<OverrideReason>,
    suggestions: SuggestionWords,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SuggestionWords {
    draft_pet: SuggestionText,
    record_assessment: SuggestionText,
    risk_outcome: String,
    pet_text: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SuggestionText {
    label: String,
    description: String,
}

/// Which suggestions a card may carry. None ever touches a radioiodine order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Suggestions {
    /// Draft a request for an FDG PET/CT when PET would decide the class.
    pub draft_pet: bool,
    /// Record the assessment as a RiskAssessment.
    pub record_assessment: bool,
}

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

#[derive(Debug, Clone, Serialize, Deserialize)]
struct OverrideReason {
    code: String,
    system: String,
    display: String,
}

/// All that a card says, checked.
#[derive(Debug)]
pub struct Texts {
    words: Words,
    templates: Environment<'static>,
    /// The study's figures that a card quotes: the model file as it is.
    model: Value,
}

/// Texts that the server must not start with.
#[derive(Debug, thiserror::Error)]
pub enum InvalidTexts {
    /// A file is missing or not readable.
    #[error("text file {file}: {problem}")]
    Unreadable {
        /// File.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A code has no words.
    #[error("text file words.json: {list} has no words for {code}")]
    Missing {
        /// Which list.
        list: &'static str,
        /// Code.
        code: String,
    },
}

/// A card that could not be made: a fault of the text files.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// A template failed.
    #[error("a card template failed: {0}")]
    Template(#[from] minijinja::Error),
    /// A summary of 140 characters or more.
    #[error("a card summary has {0} characters; the protocol allows fewer than {SUMMARY_LIMIT}")]
    SummaryTooLong(usize),
}

const TEMPLATES: [&str; 4] = [
    "at-or-above-cutoff.txt",
    "below-cutoff.txt",
    "indeterminate.txt",
    "detail.md",
];

impl Texts {
    /// The coding of an override reason that cards offer.
    pub fn override_reason(&self, code: &str) -> Option<(&str, &str)> {
        let reason = self
            .words
            .override_reasons
            .iter()
            .find(|r| r.code == code)?;
        Some((&reason.system, &reason.code))
    }

    /// Reads text files by name and checks that every code has words.
    pub fn new(file: impl Fn(&str) -> Option<String>, model: Value) -> Result<Self, InvalidTexts> {
        let get = |name: &str| {
            file(name).ok_or_else(|| InvalidTexts::Unreadable {
                file: name.into(),
                problem: "the file is missing".into(),
            })
        };
        let unreadable = |name: &str, problem: String| InvalidTexts::Unreadable {
            file: name.into(),
            problem,
        };
        let words: Words = serde_json::from_str(&get("words.json")?)
            .map_err(|error| unreadable("words.json", error.to_string()))?;
        words.check()?;
        let mut templates = Environment::new();
        templates.set_trim_blocks(true);
        templates.set_lstrip_blocks(true);
        templates.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        templates.set_auto_escape_callback(|name| {
            if name.ends_with(".md") {
                AutoEscape::Custom("markdown")
            } else {
                AutoEscape::None
            }
        });
        templates.set_formatter(|output, state, value| match state.auto_escape() {
            AutoEscape::Custom("markdown") if !value.is_safe() => {
                write_markdown(output, &value.to_string())
            }
            _ => write!(output, "{value}").map_err(|_| minijinja::ErrorKind::WriteFailure.into()),
        });
        for name in TEMPLATES {
            templates
                .add_template_owned(name, get(name)?)
                .map_err(|error| unreadable(name, error.to_string()))?;
        }
        Ok(Self {
            words,
            templates,
            model,
        })
    }
}

impl Words {
    fn check(&self) -> Result<(), InvalidTexts> {
        use crate::domain::codes::{ApplicabilityCaveat, Caveat, SetAsideCode};
        let missing = |list, code: &str| InvalidTexts::Missing {
            list,
            code: code.into(),
        };
        for predictor in Predictor::ALL.map(Predictor::name) {
            self.predictors
                .get(predictor)
                .ok_or_else(|| missing("predictors", predictor))?;
        }
        for state in State::ALL.map(state_name) {
            self.states
                .get(state)
                .ok_or_else(|| missing("states", state))?;
        }
        let caveats = Caveat::ALL
            .iter()
            .map(|c| c.as_str())
            .chain(ApplicabilityCaveat::ALL.iter().map(|c| c.as_str()));
        for caveat in caveats {
            self.caveats
                .get(caveat)
                .ok_or_else(|| missing("caveats", caveat))?;
        }
        for reason in SetAsideCode::ALL
            .iter()
            .filter(|code| code.is_open())
            .map(|code| code.as_str())
            .chain(REASONS)
        {
            self.reasons
                .get(reason)
                .ok_or_else(|| missing("reasons", reason))?;
        }
        Ok(())
    }
}

const REASONS: [&str; 17] = [
    "onset-before-birth",
    "age-implausible",
    "no-birth-date",
    "no-diagnosis-date",
    "age-on-the-boundary",
    "reading-contradicts-value",
    "order-not-known",
    "threshold-not-decided",
    "metastasis-after-negative",
    "negative-too-old",
    "operation-not-recorded",
    "site-not-recorded",
    "mediastinum-or-node",
    "not-final",
    "source-incomplete",
    "stale",
    "not-recorded",
];

/// Markdown that shows the text and nothing else: no markup, no HTML, no link.
fn write_markdown(output: &mut Output<'_>, text: &str) -> Result<(), minijinja::Error> {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    write!(output, "{escaped}").map_err(|_| minijinja::ErrorKind::WriteFailure.into())
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
    texts: &Texts,
    call: Call<'_>,
    assessment: &Assessment,
    model: &Model,
    json: AssessmentJson<'a>,
) -> Result<Response<'a>, CardError> {
    let cards = match &assessment.scored {
        Some(scored) if json.display() == DisplayReason::Shown => {
            vec![card(texts, call, assessment, scored, model, &json)?]
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
    texts: &Texts,
    call: Call<'_>,
    assessment: &Assessment,
    scored: &Scored,
    model: &Model,
    json: &AssessmentJson<'_>,
) -> Result<Value, CardError> {
    let class = classification(scored.classification);
    let context = context(texts, call, assessment, scored, model);
    let summary = texts
        .templates
        .get_template(&format!("{class}.txt"))?
        .render(&context)?
        .trim()
        .to_owned();
    let length = summary.chars().count();
    if length >= SUMMARY_LIMIT {
        return Err(CardError::SummaryTooLong(length));
    }
    let detail = texts
        .templates
        .get_template("detail.md")?
        .render(&context)?;
    let indicator = match scored.classification {
        Classification::AtOrAboveCutoff => "warning",
        Classification::BelowCutoff | Classification::Indeterminate => "info",
    };
    let absolute =
        |label: &str, url: &str| json!({ "label": label, "url": url, "type": "absolute" });
    let mut links = vec![absolute(&texts.words.paper_label, &texts.words.paper_url)];
    if let Some(url) = call.model_facts {
        links.push(absolute(&texts.words.model_facts_label, url));
    }
    if let Some(url) = call.smart_launch {
        // JSON as a text: so the protocol wants it, and so it comes back with the token of the launch.
        let app_context = json!({ "resultId": json.result_id }).to_string();
        links.push(json!({
            "label": texts.words.smart_label, "url": url, "type": "smart", "appContext": app_context,
        }));
    }
    let mut card = json!({
        "uuid": uuid(call, &json.result_id, "card"),
        "summary": summary,
        "indicator": indicator,
        "detail": detail.trim(),
        "source": { "label": texts.words.source_label, "url": texts.words.source_url },
        "links": links,
        "overrideReasons": texts.words.override_reasons,
    });
    let suggestions = suggestions(texts, call, scored, model, json);
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

fn suggestions(
    texts: &Texts,
    call: Call<'_>,
    scored: &Scored,
    model: &Model,
    json: &AssessmentJson<'_>,
) -> Vec<Value> {
    let words = &texts.words.suggestions;
    let subject = json!({ "reference": format!("Patient/{}", call.patient_id) });
    let suggestion = |text: &SuggestionText, kind: &str, resource: Value| {
        json!({
            "label": text.label,
            "uuid": uuid(call, &json.result_id, &format!("suggestion/{kind}")),
            "actions": [{ "type": "create", "description": text.description, "resource": resource }],
        })
    };
    let mut suggestions = Vec::new();
    if call.suggestions.draft_pet && scored.predictor(Predictor::FdgUptake).decisive {
        suggestions.push(suggestion(
            &words.draft_pet,
            "draft-pet",
            json!({
                "resourceType": "ServiceRequest", "status": "draft", "intent": "proposal", "subject": subject,
                "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "443271005" }], "text": words.pet_text },
                "note": [{ "text": words.draft_pet.description }],
            }),
        ));
    }
    if call.suggestions.record_assessment {
        let mut basis: Vec<&str> = Vec::new();
        for predictor in Predictor::ALL {
            for evidence in &scored.predictor(predictor).finding.evidence {
                if !basis.contains(&&*evidence.record.reference) {
                    basis.push(&evidence.record.reference);
                }
            }
        }
        let mut resource = json!({
            "resourceType": "RiskAssessment", "status": "preliminary", "subject": subject,
            "occurrenceDateTime": json.assessed_at,
            "method": { "text": texts.words.source_label },
            "prediction": [{
                "outcome": { "text": words.risk_outcome },
                "qualitativeRisk": { "text": classification(scored.classification) },
                "whenPeriod": follow_up(json.assessed_at, &texts.model),
                "rationale": format!("Score {} to {} of {}, cut-off {}; result {}", scored.score.low, scored.score.high, model.maximum(), model.cutoff, json.result_id),
            }],
        });
        if !basis.is_empty() {
            resource["basis"] = basis
                .into_iter()
                .map(|reference| json!({ "reference": reference }))
                .collect();
        }
        suggestions.push(suggestion(
            &words.record_assessment,
            "record-assessment",
            resource,
        ));
    }
    suggestions
}

/// The time that a prediction is about: from the assessment for as long as the source study looked. Left empty, FHIR takes it
/// for the whole life of the patient.
fn follow_up(assessed_at: &str, study: &Value) -> Value {
    let mut period = json!({ "start": assessed_at });
    let day = assessed_at.split('T').next().unwrap_or_default();
    let months = study["cohort"]["timeToRefractoryMonths"]["high"].as_i64();
    if let (Ok(day), Some(months)) = (day.parse::<jiff::civil::Date>(), months)
        && let Ok(span) = jiff::Span::new().try_months(months)
        && let Ok(end) = day.checked_add(span)
    {
        period["end"] = end.to_string().into();
    }
    period
}

/// The sources of which pages or everything is missing, in words.
fn incomplete(words: &Words, sources: &Sources) -> String {
    let missing: Vec<&str> = sources
        .by_name()
        .into_iter()
        .filter(|(_, source)| !source.complete)
        .map(|(name, _)| words.sources.get(name).map_or(name, String::as_str))
        .collect();
    missing.join(", ")
}

/// What the templates may use.
fn context(
    texts: &Texts,
    call: Call<'_>,
    assessment: &Assessment,
    scored: &Scored,
    model: &Model,
) -> minijinja::Value {
    let words = &texts.words;
    let word = |list: &BTreeMap<String, String>, code: &str| {
        list.get(code).cloned().unwrap_or_else(|| code.to_owned())
    };
    let range = |low: u32, high: u32| {
        if low == high {
            low.to_string()
        } else {
            format!("{low}-{high}")
        }
    };
    let mut rows = Vec::new();
    let mut missing = Vec::new();
    let mut caveats: Vec<String> = assessment
        .applicability
        .caveats
        .iter()
        .map(|c| word(&words.caveats, c.as_str()))
        .collect();
    let mut set_aside = assessment.applicability.set_aside.len();
    for predictor in Predictor::ALL {
        let result = scored.predictor(predictor);
        let finding = &result.finding;
        let name = word(&words.predictors, predictor.name());
        let mut rests_on: Vec<&str> = Vec::new();
        for evidence in &finding.evidence {
            if !rests_on.contains(&evidence.what.as_str()) {
                rests_on.push(&evidence.what);
            }
        }
        let mut dates: Vec<&str> = Vec::new();
        for date in finding
            .evidence
            .iter()
            .filter_map(|evidence| evidence.record.date.as_ref())
        {
            let day = date.as_written().split('T').next().unwrap_or_default();
            if !dates.contains(&day) {
                dates.push(day);
            }
        }
        let reason = finding
            .reason
            .map(|reason| word(&words.reasons, reason.as_str()));
        rows.push(json!({
            "name": name,
            "state": word(&words.states, state_name(finding.state)),
            "points": range(result.points.low, result.points.high),
            "restsOn": shorten(&rests_on, "; "),
            "reason": reason.clone().unwrap_or_default(),
            "dates": shorten(&dates, ", "),
        }));
        if finding.state.is_open() {
            missing.push(json!({ "name": name, "reason": reason.unwrap_or_default(), "decisive": result.decisive }));
        }
        caveats.extend(
            finding
                .caveats
                .iter()
                .map(|caveat| word(&words.caveats, caveat.as_str())),
        );
        set_aside += finding.set_aside.len();
    }
    let pet = scored.predictor(Predictor::FdgUptake).finding.state;
    let context = json!({
        "score": range(scored.score.low, scored.score.high),
        "maximum": model.maximum(),
        "cutoff": model.cutoff,
        "classification": classification(scored.classification),
        "pet": state_name(pet),
        "rows": rows,
        "missing": missing,
        "caveats": caveats,
        "incomplete": incomplete(words, &assessment.sources),
        "setAside": set_aside,
        "setAsideWords": words.set_aside,
        "notComplete": words.not_complete,
        "model": { "id": model.id, "version": model.version, "sha256": model.sha256 },
        "study": texts.model,
        "localValidation": texts.model["localValidation"],
        "probability": call.tells_probability.then(|| probability(scored, model)),
    });
    template_value(&context)
}

/// The probability in per cent, with its basis, and a patient whom score and nomogram put on different sides of this one.
fn probability(scored: &Scored, model: &Model) -> Value {
    let (Some(probability), Some(nomogram)) = (&scored.probability, &model.nomogram) else {
        return Value::Null;
    };
    let mut words = json!({
        "low": percent(probability.low, Rounding::Down),
        "high": percent(probability.high, Rounding::Up),
        "basis": nomogram.basis(probability),
        "estimate": null,
        "contradiction": null,
    });
    if let Some(estimate) = probability.estimate {
        words["estimate"] = percent(estimate, Rounding::Nearest).into();
        let states = Predictor::ALL.map(|predictor| scored.predictor(predictor).finding.state);
        let contradiction = Pattern::completions(&states)
            .next()
            .and_then(|pattern| nomogram.contradiction(model, pattern));
        if let Some(other) = contradiction {
            words["contradiction"] = json!({
                "score": other.score(model),
                "estimate": percent(nomogram.of(other).estimate, Rounding::Nearest),
            });
        }
    }
    words
}

/// A JSON value for a template. Its own serialisation would show numbers as serde_json's private structs, because fhirbolt
/// switches `arbitrary_precision` on.
fn template_value(value: &Value) -> minijinja::Value {
    match value {
        Value::Null => ().into(),
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            (None, None) => number.to_string().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(template_value).collect::<Vec<_>>().into(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), template_value(value)))
            .collect::<BTreeMap<_, _>>()
            .into(),
    }
}

/// The first few of a list, and how many more.
fn shorten(items: &[&str], separator: &str) -> String {
    const SHOWN: usize = 3;
    let mut text = items
        .iter()
        .take(SHOWN)
        .copied()
        .collect::<Vec<_>>()
        .join(separator);
    if items.len() > SHOWN {
        text.push_str(&format!(" (+{})", items.len() - SHOWN));
    }
    text
}

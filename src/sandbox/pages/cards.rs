//! A card as an EHR shows it, from the answer that the service gave.

use super::json_text::pretty;
use super::markdown::rendered;
use super::names::{turns_text, visible};
use crate::sandbox::asking::Asked;
use crate::sandbox::authorization::launch_address;
use crate::sandbox::{Ehr, Handled, Shown};
use crate::server::State;
use serde_json::Value;
use std::time::Instant;

/// A hook call with its cards, ready to be shown.
pub struct Exchange {
    /// Name of the hook.
    pub hook: &'static str,
    /// Its address.
    pub url: String,
    /// HTTP status.
    pub status: u16,
    /// The request, laid out.
    pub request: String,
    /// The answer, laid out.
    pub response: String,
    /// What went wrong.
    pub problem: Option<String>,
    /// The cards.
    pub cards: Vec<Card>,
    /// Why there is none, in words.
    pub silence: Option<Silence>,
}

/// Why there is no card.
pub struct Silence {
    /// `display.reason`.
    pub reason: String,
    /// In words.
    pub words: String,
}

/// A card.
pub struct Card {
    /// `uuid`; without one nobody can answer it.
    pub uuid: String,
    /// `info`, `warning`, `critical`.
    pub indicator: &'static str,
    /// The indicator in words.
    pub indicator_words: &'static str,
    /// Summary.
    pub summary: String,
    /// Detail as HTML.
    pub detail: String,
    /// Label of the source.
    pub source: String,
    /// Address of the source.
    pub source_url: Option<String>,
    /// Links.
    pub links: Vec<Link>,
    /// Suggestions.
    pub suggestions: Vec<Suggestion>,
    /// Reasons to dismiss it: index and text.
    pub reasons: Vec<(usize, String)>,
    /// Why it was dismissed, when it was.
    pub dismissed: Option<String>,
}

/// A link of a card.
pub struct Link {
    /// Label.
    pub label: String,
    /// Address.
    pub url: String,
    /// Opens an app with the patient.
    pub is_smart: bool,
}

/// A suggestion of a card.
pub struct Suggestion {
    /// `uuid`.
    pub uuid: String,
    /// Label.
    pub label: String,
    /// What its actions do.
    pub actions: Vec<String>,
    /// It was accepted.
    pub accepted: bool,
}

/// Where cards are shown.
pub struct Place<'a> {
    /// The patient.
    pub patient: &'a str,
    /// The patient is in our own charts: suggestions can be applied, apps launched.
    pub is_ours: bool,
    /// Address of the page.
    pub page: &'a str,
}

/// Makes the view of a call, and remembers its cards until they are answered.
pub fn exchange(
    ehr: &Ehr,
    state: &State,
    hook: &'static str,
    place: &Place<'_>,
    asked: Asked,
) -> Exchange {
    let result_id = asked.assessment()["resultId"].as_str().unwrap_or_default();
    let key = (place.patient.to_owned(), asked.service.clone());
    let handled = ehr
        .handled()
        .get(&key)
        .filter(|handled| place.is_ours && handled.result_id == result_id)
        .cloned()
        .unwrap_or_default();
    let mut cards = Vec::new();
    for card in asked.cards() {
        if let Some(uuid) = card["uuid"].as_str() {
            let shown = Shown {
                patient: place.is_ours.then(|| place.patient.to_owned()),
                service: asked.service.clone(),
                result_id: result_id.to_owned(),
                card: card.clone(),
                page: place.page.to_owned(),
            };
            ehr.cards().insert(uuid.to_owned(), shown, Instant::now());
        }
        cards.push(view(ehr, state, place, card, &handled));
    }
    let silence = (asked.problem.is_none() && cards.is_empty()).then(|| silence(&asked));
    Exchange {
        hook,
        url: asked.url,
        status: asked.status,
        request: pretty(&asked.request),
        response: pretty(&asked.response),
        problem: asked.problem,
        cards,
        silence,
    }
}

fn view(ehr: &Ehr, state: &State, place: &Place<'_>, card: &Value, handled: &Handled) -> Card {
    let text = |value: &Value| visible(value.as_str().unwrap_or_default(), 1_000);
    let detail = card["detail"].as_str().unwrap_or_default();
    let detail: String = detail.chars().filter(|c| !turns_text(*c)).collect();
    let (indicator, indicator_words) = match card["indicator"].as_str() {
        Some("critical") => ("critical", "Critical"),
        Some("warning") => ("warning", "Warning"),
        _ => ("info", "Information"),
    };
    let each = |member: &str| card[member].as_array().into_iter().flatten();
    let links = each("links")
        .filter_map(|link| {
            let is_smart = link["type"] == "smart";
            let url = link["url"].as_str()?;
            let url = if is_smart {
                let context = link["appContext"].as_str();
                place
                    .is_ours
                    .then(|| launch_address(ehr, state, url, place.patient, context))??
            } else {
                let is_web = url.starts_with("https://") || url.starts_with("http://");
                is_web.then(|| url.to_owned())?
            };
            Some(Link {
                label: text(&link["label"]),
                url,
                is_smart,
            })
        })
        .collect();
    let suggestions = each("suggestions")
        .map(|suggestion| {
            let label = text(&suggestion["label"]);
            Suggestion {
                uuid: text(&suggestion["uuid"]),
                accepted: handled.accepted.contains(&label),
                actions: suggestion["actions"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|action| text(&action["description"]))
                    .collect(),
                label,
            }
        })
        .collect();
    let source_url = card["source"]["url"].as_str();
    Card {
        uuid: text(&card["uuid"]),
        indicator,
        indicator_words,
        summary: text(&card["summary"]),
        detail: rendered(&detail),
        source: text(&card["source"]["label"]),
        source_url: source_url
            .filter(|url| url.starts_with("https://") || url.starts_with("http://"))
            .map(str::to_owned),
        links,
        suggestions,
        reasons: each("overrideReasons")
            .map(|reason| text(&reason["display"]))
            .enumerate()
            .collect(),
        dismissed: handled.dismissed.clone(),
    }
}

fn silence(asked: &Asked) -> Silence {
    let assessment = asked.assessment();
    let reason = assessment["display"]["reason"].as_str().unwrap_or_default();
    let because = |list: &Value| {
        let codes: Vec<&str> = list
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        codes.join(", ")
    };
    let words = match reason {
        "not-applicable" => format!(
            "The model does not apply to this patient: {}. That says nothing about the risk.",
            because(&assessment["applicability"]["reasons"])
        ),
        "no-radioiodine-order" => {
            "None of the orders is therapeutic radioiodine for this patient.".to_owned()
        }
        "unmapped-order" => "An order may be radioiodine, but its codes do not tell: a local code that nobody mapped, or iodine-131 without activity and reason.".to_owned(),
        other => format!("The service answered without a card: {other}."),
    };
    Silence {
        reason: reason.to_owned(),
        words,
    }
}

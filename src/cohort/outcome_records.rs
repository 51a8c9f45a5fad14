//! What the records of a chart say about the outcome, and when. Knows resources; which codes mean what is said by
//! [`super::outcome::OutcomeMap`].

use super::outcome::{OutcomeMap, Says};
use crate::chart::Release;
use crate::chart::sieve::Seen;
use crate::domain::date::PartialDate;
use crate::fhir::element::{self, Unreadable, View};
use crate::terminology::{Role, Terminology};
use serde_json::value::RawValue;

/// What a record says about the outcome by its codes. Refractory goes before not refractory, and both before follow-up.
pub(super) fn says(map: &OutcomeMap, seen: &Seen<'_>) -> Option<Says> {
    if !matches!(&*seen.resource_type, "Condition" | "Observation") {
        return None;
    }
    seen.codings
        .iter()
        .filter_map(|(system, code)| map.says(system, code))
        .min_by_key(|says| *says as u8)
}

/// The date of a Condition that counts; `None` when it does not count.
pub(super) fn dated_condition(
    json: &RawValue,
    release: Release,
) -> Result<Option<Option<PartialDate>>, Unreadable> {
    let keep = [
        "verificationStatus",
        "onsetDateTime",
        "onsetPeriod",
        "recordedDate",
    ];
    let resource = element::read(json, &keep, release)?;
    let view = resource.view();
    let verification = view.concept("verificationStatus")?;
    let codes = verification.iter().flat_map(|concept| &concept.codings);
    let counts = codes
        .map(|coding| coding.code)
        .all(|code| code == "confirmed");
    if !counts || resource.is_modified {
        return Ok(None);
    }
    let onset = match view.text("onsetDateTime")? {
        Some(text) => Some(text),
        None => period_start(view, "onsetPeriod")?,
    };
    let onset = onset.map(str::to_owned);
    let recorded = view.text("recordedDate")?.map(str::to_owned);
    Ok(Some(parse(onset.or(recorded))?))
}

/// The date of an Observation that counts; `None` when it does not count, or says that the finding is absent.
pub(super) fn dated_observation(
    json: &RawValue,
    release: Release,
    terminology: &Terminology,
) -> Result<Option<Option<PartialDate>>, Unreadable> {
    let keep = [
        "status",
        "effectiveDateTime",
        "effectivePeriod",
        "effectiveInstant",
        "valueBoolean",
        "valueCodeableConcept",
        "dataAbsentReason",
    ];
    let resource = element::read(json, &keep, release)?;
    let view = resource.view();
    let is_final = matches!(
        view.text("status")?,
        Some("final" | "amended" | "corrected")
    );
    let value = view.concept("valueCodeableConcept")?;
    let is_absent = value
        .iter()
        .flat_map(|concept| &concept.codings)
        .filter_map(|coding| terminology.meaning(coding.system, coding.code))
        .any(|meaning| meaning.is(Role::FindingAbsent) || meaning.is(Role::ReadingNegative));
    let denied =
        is_absent || view.boolean("valueBoolean")? == Some(false) || view.has("dataAbsentReason");
    if !is_final || denied || resource.is_modified {
        return Ok(None);
    }
    let text = match view.text("effectiveDateTime")? {
        Some(text) => Some(text),
        None => match view.text("effectiveInstant")? {
            Some(text) => Some(text),
            None => period_start(view, "effectivePeriod")?,
        },
    };
    Ok(Some(parse(text.map(str::to_owned))?))
}

fn period_start<'a>(view: View<'a>, name: &str) -> Result<Option<&'a str>, Unreadable> {
    match view.one(name)? {
        Some(period) => period.text("start"),
        None => Ok(None),
    }
}

fn parse(text: Option<String>) -> Result<Option<PartialDate>, Unreadable> {
    text.map(|text| PartialDate::parse(&text).map_err(|_| Unreadable))
        .transpose()
}

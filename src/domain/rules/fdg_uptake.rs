//! Positive 18F-FDG PET/CT (domain.md section 3, "FDG uptake"): discrete visible uptake and SUVmax >= 2.5 in the latest
//! final study. An older study never stands in for it.

use super::{Context, Finding, until_today};
use crate::domain::codes::{Caveat, Hint, Reason, SetAsideCode, What, WhatPart};
use crate::domain::date::days_between;
use crate::domain::facts::{Facts, OperationDate, PetFinding, PetRecord, Reading, SuvMax, Topic};
use crate::domain::interval::{Interval, Truth};
use crate::domain::score::State;
use jiff::civil::Date;
use std::collections::{BTreeSet, HashMap};

/// From this age on, in days, a usable PET carries a caveat.
const PET_CAVEAT_DAYS: i32 = 90;

/// The records of one study.
struct Study<'a> {
    days: Interval<Date>,
    records: Vec<&'a PetRecord>,
}

/// What one study says.
struct Verdict {
    state: State,
    reasons: Vec<Reason>,
    caveats: BTreeSet<Caveat>,
}

/// Decides the predictor; beside it the greatest SUVmax of the deciding study.
pub fn decide(facts: &Facts, context: Context<'_>) -> (Finding, Option<SuvMax>) {
    let mut finding = Finding::new();
    finding.set_aside.extend(
        facts
            .set_aside
            .iter()
            .filter(|(topic, _)| *topic == Topic::FdgUptake)
            .map(|(_, s)| s.clone()),
    );
    for record in facts.pet.iter().filter(|record| record.has_free_text) {
        finding
            .hints
            .insert((record.record.reference.clone(), Hint::ValueInFreeText));
    }

    let mut dated = Vec::new();
    let mut undated: Vec<&PetRecord> = Vec::new();
    for record in &facts.pet {
        match record
            .record
            .date
            .as_ref()
            .map(|date| until_today(date.days(), context.today))
        {
            None => undated.push(record),
            Some(None) => finding.set_aside(&record.record, SetAsideCode::AfterAssessment),
            Some(Some(days)) => dated.push((days, record)),
        }
    }
    let operation = facts.operation();
    if let OperationDate::On(operation) = operation {
        dated.retain(|(days, record)| {
            let before = days.high < operation.low;
            if before {
                finding.set_aside(&record.record, SetAsideCode::BeforeOperation);
            }
            !before
        });
    }

    let studies = studies(
        dated
            .iter()
            .filter(|(_, record)| record.is_final && record.forms_study && is_usable(record)),
    );
    // A study is the latest unless another one is certainly later.
    let latest_begin = studies.iter().map(|study| study.days.low).max();
    let is_older = |days: Interval<Date>| latest_begin.is_some_and(|begin| begin > days.high);
    let (older, latest): (Vec<_>, Vec<_>) = studies.iter().partition(|study| is_older(study.days));
    for record in older.iter().flat_map(|study| &study.records) {
        finding.set_aside(&record.record, SetAsideCode::OlderStudy);
    }
    let first_of_latest = latest.iter().map(|study| study.days.low).min();
    let certainly_older =
        |days: Interval<Date>| first_of_latest.is_some_and(|first| first > days.high);
    let first_end_of_latest = latest.iter().map(|study| study.days.high).min();

    // Records that are no study by themselves: not final, or open. They bear on the state unless they are certainly older.
    let mut open: Vec<SetAsideCode> = Vec::new();
    let mut not_final = false;
    for (days, record) in &dated {
        if !record.is_final {
            finding.set_aside(&record.record, SetAsideCode::NotFinal);
            if latest.is_empty() {
                not_final = true;
            } else if first_end_of_latest.is_some_and(|end| days.low > end) {
                finding.caveats.insert(Caveat::NewerPetNotFinal);
            } else if !certainly_older(*days) && is_usable(record) {
                open.push(SetAsideCode::NotFinal);
            }
        } else {
            let bears = !certainly_older(*days);
            let is_older_study = record.forms_study && is_usable(record) && is_older(*days);
            for (code, is_open) in set_aside_codes(record) {
                if !is_older_study {
                    finding.set_aside(&record.record, code);
                }
                if bears && is_open {
                    open.push(code);
                }
            }
        }
    }
    for record in undated {
        let codes: Vec<_> = set_aside_codes(record).collect();
        codes
            .iter()
            .for_each(|(code, _)| finding.set_aside(&record.record, *code));
        if !record.is_final {
            finding.set_aside(&record.record, SetAsideCode::NotFinal);
            open.push(SetAsideCode::NotFinal);
        } else if record.forms_study && is_usable(record) {
            finding.set_aside(&record.record, SetAsideCode::NoDate);
            open.push(SetAsideCode::NoDate);
        }
        open.extend(
            codes
                .into_iter()
                .filter(|(_, is_open)| *is_open)
                .map(|(code, _)| code),
        );
    }

    let mut reasons: Vec<Reason> = open.into_iter().map(Reason::Open).collect();
    if !(facts.sources.observations.complete && facts.sources.diagnostic_reports.complete) {
        reasons.push(Reason::SourceIncomplete);
    }
    if not_final {
        reasons.push(Reason::NotFinal);
    }

    // Age of the study. A limit holds only when it holds for every day that the study may have.
    let max_age = context.settings.max_pet_age_days;
    let age = |study: &Study<'_>| Interval {
        low: days_between(study.days.high, context.today),
        high: days_between(study.days.low, context.today),
    };
    let (stale, fresh): (Vec<&Study<'_>>, Vec<&Study<'_>>) = latest
        .iter()
        .copied()
        .partition(|study| age(study).low > max_age);
    for record in stale.iter().flat_map(|study| &study.records) {
        finding.set_aside(&record.record, SetAsideCode::Stale);
    }
    if fresh.is_empty() {
        if !stale.is_empty() {
            reasons.push(Reason::Stale);
        }
        finding.unknown(reasons);
        return (finding, None);
    }

    for study in &fresh {
        if age(study).high > max_age {
            reasons.push(Reason::OrderNotKnown);
        }
        if age(study).high > PET_CAVEAT_DAYS {
            finding.caveats.insert(Caveat::PetOlderThan90Days);
        }
        let follows_operation = match operation {
            OperationDate::NotRecorded => true,
            OperationDate::Undated => false,
            OperationDate::On(operation) => study.days.after(&operation) == Truth::Yes,
        };
        if !follows_operation {
            finding.caveats.insert(Caveat::PetMayPrecedeOperation);
        }
        if study.records.iter().any(|record| record.tracer_presumed) {
            finding.caveats.insert(Caveat::TracerPresumed);
        }
        for record in &study.records {
            finding.rests_on(&record.record, what(record));
        }
    }
    let age_not_known = reasons.contains(&Reason::OrderNotKnown);
    let verdicts: Vec<Verdict> = fresh
        .iter()
        .map(|study| verdict(study, context.model.suv_max))
        .collect();
    let states_differ = verdicts
        .iter()
        .any(|verdict| verdict.state != verdicts[0].state)
        || !stale.is_empty();
    finding.caveats.extend(
        verdicts
            .iter()
            .flat_map(|verdict| verdict.caveats.iter().copied()),
    );
    let suv_max = greatest(&fresh);

    if states_differ {
        reasons.push(Reason::OrderNotKnown);
        finding.unknown(reasons);
        return (finding, None);
    }
    if verdicts[0].reasons.contains(&Reason::SuvMaxNotRecorded) {
        for record in fresh.iter().flat_map(|study| &study.records) {
            if record
                .findings
                .contains(&PetFinding::StudyReading(Reading::Positive))
            {
                finding.set_aside(&record.record, SetAsideCode::SuvMaxNotRecorded);
            }
        }
    }
    {
        match verdicts[0].state {
            _ if age_not_known => finding.unknown(reasons),
            State::Present => finding.decide(State::Present),
            State::Conflicting => finding.conflicting(Reason::ReadingContradictsValue),
            State::Absent if reasons.is_empty() => finding.decide(State::Absent),
            State::Absent => finding.unknown(reasons),
            State::Unknown => {
                reasons.extend(verdicts.into_iter().flat_map(|verdict| verdict.reasons));
                finding.unknown(reasons);
            }
        }
    }
    (finding, suv_max)
}

/// Whether the record says anything that could matter: closed findings alone have no effect.
fn is_usable(record: &PetRecord) -> bool {
    record.findings.is_empty()
        || record.findings.iter().any(|finding| match finding {
            PetFinding::SetAside(code) => code.is_open(),
            PetFinding::ThyroidBedBelowThreshold => false,
            PetFinding::Lesion { .. } | PetFinding::StudyReading(_) => true,
        })
}

/// What cannot be used in a record, and whether it is open. A record that gave a lesion or a reading is not set aside for a
/// mean or a reference region beside it.
fn set_aside_codes(record: &PetRecord) -> impl Iterator<Item = (SetAsideCode, bool)> {
    let gave_something = record
        .findings
        .iter()
        .any(|f| matches!(f, PetFinding::Lesion { .. } | PetFinding::StudyReading(_)));
    record
        .findings
        .iter()
        .filter_map(|finding| match finding {
            PetFinding::SetAside(code) => Some((*code, code.is_open())),
            PetFinding::ThyroidBedBelowThreshold => Some((SetAsideCode::ThyroidBed, false)),
            PetFinding::Lesion { .. } | PetFinding::StudyReading(_) => None,
        })
        .filter(move |(_, is_open)| *is_open || !gave_something)
}

/// Findings of one calendar day, as written, are one study.
fn studies<'a, 'b: 'a>(
    records: impl Iterator<Item = &'a (Interval<Date>, &'b PetRecord)>,
) -> Vec<Study<'b>> {
    let mut studies: Vec<Study<'b>> = Vec::new();
    let mut known: HashMap<(&str, &str), usize> = HashMap::new();
    for (days, record) in records {
        let date = record.record.date.as_ref();
        let written = date.map_or("", |date| date.as_written());
        // A calendar day is a study whatever lists the record; a coarser date is one only within its report or panel.
        let key = match date.and_then(|date| date.day()) {
            Some(_) => ("", written.split('T').next().unwrap_or(written)),
            None => (
                record.study.as_deref().unwrap_or(&record.record.reference),
                written,
            ),
        };
        match known.get(&key) {
            Some(&index) => studies[index].records.push(record),
            None => {
                known.insert(key, studies.len());
                studies.push(Study {
                    days: *days,
                    records: vec![record],
                });
            }
        }
    }
    studies
}

fn verdict(study: &Study<'_>, threshold: f64) -> Verdict {
    let mut caveats = BTreeSet::new();
    let (mut positive, mut conflicting, mut negative, mut undecided, mut unread) =
        (false, false, false, false, false);
    let (mut read_positive, mut read_negative) = (false, false);
    for finding in study.records.iter().flat_map(|record| &record.findings) {
        match finding {
            PetFinding::Lesion { suv_max, reading } => {
                match (suv_max.at_or_above(threshold), reading) {
                    (Some(true), Some(Reading::Negative)) => conflicting = true,
                    (Some(true), reading) => {
                        positive = true;
                        unread |= reading.is_none();
                    }
                    (Some(false), reading) => {
                        negative = true;
                        if *reading == Some(Reading::Positive) {
                            caveats.insert(Caveat::VisibleUptakeBelowThreshold);
                        }
                    }
                    (None, _) => undecided = true,
                }
            }
            PetFinding::StudyReading(Reading::Positive) => read_positive = true,
            PetFinding::StudyReading(Reading::Negative) => read_negative = true,
            PetFinding::SetAside(_) | PetFinding::ThyroidBedBelowThreshold => {}
        }
    }
    let measured = positive || conflicting || negative || undecided;
    let mut reasons = Vec::new();
    let state = if positive && !read_negative {
        if unread {
            caveats.insert(Caveat::VisualReadingNotRecorded);
        }
        State::Present
    } else if positive || conflicting || (read_positive && read_negative) {
        State::Conflicting
    } else if undecided {
        reasons.push(Reason::ThresholdNotDecided);
        State::Unknown
    } else if negative || read_negative {
        if negative && read_positive {
            caveats.insert(Caveat::VisibleUptakeBelowThreshold);
        }
        State::Absent
    } else {
        if read_positive && !measured {
            reasons.push(Reason::SuvMaxNotRecorded);
        }
        State::Unknown
    };
    Verdict {
        state,
        reasons,
        caveats,
    }
}

fn greatest(studies: &[&Study<'_>]) -> Option<SuvMax> {
    studies
        .iter()
        .flat_map(|study| &study.records)
        .flat_map(|record| &record.findings)
        .filter_map(|finding| match finding {
            PetFinding::Lesion { suv_max, .. } => Some(suv_max),
            _ => None,
        })
        .max_by(|a, b| {
            a.low
                .total_cmp(&b.low)
                .then(a.high.total_cmp(&b.high))
                .then(a.value.cmp(&b.value))
        })
        .cloned()
}

fn what(record: &PetRecord) -> String {
    let mut parts: Vec<String> = Vec::new();
    for finding in &record.findings {
        let part = match finding {
            PetFinding::Lesion { suv_max, reading } => {
                let reading = match reading {
                    Some(Reading::Positive) => WhatPart::ReadPositive.as_str(),
                    Some(Reading::Negative) => WhatPart::ReadNegative.as_str(),
                    None => "",
                };
                format!(
                    "{}{}{}{reading}",
                    WhatPart::SuvMax.as_str(),
                    suv_max.comparator.unwrap_or(""),
                    suv_max.value
                )
            }
            PetFinding::StudyReading(Reading::Positive) => {
                WhatPart::StudyReadPositive.as_str().into()
            }
            PetFinding::StudyReading(Reading::Negative) => {
                WhatPart::StudyReadNegative.as_str().into()
            }
            PetFinding::SetAside(_) | PetFinding::ThyroidBedBelowThreshold => continue,
        };
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    if parts.is_empty() {
        What::PetWithoutResult.as_str().into()
    } else {
        format!("{}{}", WhatPart::Pet.as_str(), parts.join("; "))
    }
}

//! Time zero: the day of a patient's first radioiodine treatment, and what a chart that was written later could tell on that
//! day.
//!
//! A chart of today knows the future of that day. Whatever of it reaches a predictor makes the model look better than it is.
//! [`find`] finds the day, [`as_of`] takes out of the facts what may not have been known:
//!
//! * dated wholly after time zero: gone, or left to the rules, which set it aside;
//! * without a date, or with one that leaves open whether it was before (`2020` beside a May of 2020): it can neither be used
//!   nor be denied. A metastasis, a recurrence, a PET are *open* (`no-date`): they turn `absent` into `unknown`. What only
//!   makes a caveat is gone;
//! * written with hindsight: a recurrence or metastasis with an onset before time zero and a date of recording after it;
//! * death, but that before time zero, which contradicts it;
//! * the radioiodine of time zero itself and all that followed.
//!
//! The clinical status of Conditions is taken out before: [`crate::chart::ClinicalStatus::AsOf`].
//! The diagnosis and the operation come before radioiodine by their nature: without a date they count, as in the hook.

use crate::domain::codes::{SetAsideCode, Standing};
use crate::domain::date::PartialDate;
use crate::domain::facts::{
    CancerKind, Deceased, Facts, Metastasis, Record, Recurrence, RecurrenceSource, SetAside, Topic,
};
use crate::domain::rules::applicability::{Treatment, treatments};
use jiff::civil::Date;
use std::collections::HashSet;
use std::sync::Arc;

/// Why a patient has no time zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTimeZero {
    /// No radioiodine treatment of thyroid cancer is recorded.
    NoRadioiodine,
    /// One is, but the day of the first cannot be told.
    NotKnown,
    /// The Patient is recorded as having died before it.
    DiedBefore,
}

/// Where a date stands beside time zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// On or before it.
    Yes,
    /// After it.
    No,
    /// Not dated, or too coarsely.
    Unclear,
}

fn seen(date: Option<&PartialDate>, day: Date) -> Seen {
    match date.map(PartialDate::days) {
        Some(days) if days.high <= day => Seen::Yes,
        Some(days) if days.low > day => Seen::No,
        _ => Seen::Unclear,
    }
}

/// The day of the first radioiodine treatment.
pub fn find(facts: &Facts) -> Result<Date, NoTimeZero> {
    let given: Vec<Option<&PartialDate>> = treatments(facts, Date::MAX)
        .filter(|(_, treatment)| *treatment == Treatment::Given)
        .map(|(record, _)| record.date.as_ref())
        .collect();
    if given.is_empty() {
        return Err(NoTimeZero::NoRadioiodine);
    }
    let first = given
        .iter()
        .filter_map(|date| date.and_then(PartialDate::day))
        .min()
        .ok_or(NoTimeZero::NotKnown)?;
    // A treatment that may have been earlier leaves the first one open.
    let is_first = |date: &Option<&PartialDate>| date.is_some_and(|date| date.days().low >= first);
    if !given.iter().all(is_first) {
        return Err(NoTimeZero::NotKnown);
    }
    match &facts.patient.deceased {
        Some(Deceased::On(date)) if date.days().high < first => Err(NoTimeZero::DiedBefore),
        _ => Ok(first),
    }
}

/// What is known on a day, of facts that were recorded later. A PET is seen up to `last_pet`. `recorded_later` are the
/// Conditions that were recorded after the day.
pub fn as_of(facts: &mut Facts, day: Date, last_pet: Date, recorded_later: &HashSet<Arc<str>>) {
    let written_later = |record: &Record| recorded_later.contains(&record.reference);
    let in_time = |record: &Record| seen(record.date.as_ref(), day);

    facts.patient.deceased = None;
    let first_course_on = day;
    let earlier: HashSet<Arc<str>> = treatments(facts, Date::MAX)
        .filter(|(record, treatment)| {
            *treatment != Treatment::Given
                && record
                    .date
                    .as_ref()
                    .is_some_and(|date| date.days().high < first_course_on)
        })
        .map(|(record, _)| record.reference.clone())
        .collect();
    facts
        .radioiodine
        .retain(|radioiodine| earlier.contains(&radioiodine.record.reference));

    facts.cancers.retain(|cancer| {
        let by_spread = matches!(cancer.kind, CancerKind::ImpliedBySpread);
        !(by_spread && written_later(&cancer.record))
    });
    facts
        .irradiation
        .retain(|record| in_time(record) == Seen::Yes);
    facts
        .other_primary_cancers
        .retain(|record| in_time(record) == Seen::Yes && !written_later(record));
    facts
        .hints
        .retain(|(record, _)| in_time(record) == Seen::Yes && !written_later(record));
    facts
        .neck_operations
        .retain(|record| in_time(record) == Seen::Yes);

    facts.recurrences.retain(|recurrence| {
        // What a status says it says of the day the chart was written.
        recurrence.what != RecurrenceSource::ClinicalStatus && !written_later(&recurrence.record)
    });
    for Recurrence {
        record, standing, ..
    } in &mut facts.recurrences
    {
        if in_time(record) == Seen::Unclear {
            open(record, standing);
        }
    }
    let (negatives, unclear): (Vec<Record>, Vec<Record>) = std::mem::take(&mut facts.no_disease)
        .into_iter()
        .partition(|record| in_time(record) != Seen::Unclear);
    facts.no_disease = negatives;
    for record in unclear {
        let code = SetAsideCode::NoDate;
        facts
            .set_aside
            .insert((Topic::Recurrence, SetAside { record, code }));
    }
    facts
        .set_aside
        .retain(|(_, set_aside)| in_time(&set_aside.record) != Seen::No);

    facts
        .metastases
        .retain(|metastasis| !written_later(&metastasis.record));
    for Metastasis {
        record, standing, ..
    } in &mut facts.metastases
    {
        if in_time(record) == Seen::Unclear {
            open(record, standing);
        }
    }
    for pet in &mut facts.pet {
        if seen(pet.record.date.as_ref(), last_pet) == Seen::Unclear {
            pet.record.date = None;
        }
    }
}

/// A record of which it is not known whether it was there.
fn open(record: &mut Record, standing: &mut Standing) {
    record.date = None;
    if *standing == Standing::Counts {
        *standing = Standing::Open(SetAsideCode::NoDate);
    }
}

/// Whether an excluded histology is recorded of which it is not known whether it was known on the day.
pub fn histology_not_dated(facts: &Facts, day: Date) -> bool {
    facts.cancers.iter().any(|cancer| {
        cancer.kind == CancerKind::Excluded
            && cancer.standing == Standing::Counts
            && seen(cancer.record.date.as_ref(), day) == Seen::Unclear
    })
}

/// Whether a PET lies after the day, up to `last`.
pub fn has_pet_between(facts: &Facts, day: Date, last: Date) -> bool {
    facts.pet.iter().any(|pet| {
        let date = pet.record.date.as_ref();
        seen(date, day) == Seen::No && seen(date, last) == Seen::Yes
    })
}

//! Recurrence between the operation and the first iodine-131 treatment (domain.md section 3, "Recurrence").
//!
//! Silence of the chart is unknown. Absent needs an explicit statement that no disease is present, after the operation,
//! not too old, with nothing later that speaks against it.

use super::{Context, Finding, until_today};
use crate::domain::codes::{Caveat, Hint, Reason, SetAsideCode, Standing, What};
use crate::domain::date::days_between;
use crate::domain::facts::{Extent, Facts, OperationDate, Record, RecurrenceSource, Topic};
use crate::domain::interval::{Interval, Truth};
use crate::domain::score::State;
use jiff::civil::Date;

/// Disease that shows within this many days after the operation may never have been gone.
const PERSISTENT_DISEASE_DAYS: i32 = 90;

enum Positive {
    After,
    OrderNotKnown,
    Not,
}

/// Decides the predictor.
pub fn decide(facts: &Facts, context: Context<'_>) -> Finding {
    let mut finding = Finding::new();
    let operation = facts.operation();
    finding.set_aside.extend(
        facts
            .set_aside
            .iter()
            .filter(|(topic, _)| *topic == Topic::Recurrence)
            .map(|(_, s)| s.clone()),
    );
    let seen = |record: &Record| {
        let date = record.date.as_ref();
        date.is_none_or(|date| until_today(date.days(), context.today).is_some())
    };
    finding.hints = facts
        .hints
        .iter()
        .filter(|(record, _)| seen(record))
        .map(|(record, hint)| (record.reference.clone(), *hint))
        .collect();
    hint_at_operations(&mut finding, facts, operation, context.today);

    let mut order_not_known = false;
    let mut positive = false;
    let mut open: Vec<SetAsideCode> = Vec::new();
    for recurrence in &facts.recurrences {
        let record = &recurrence.record;
        if let Standing::Open(code) = recurrence.standing {
            // A record whose date makes it irrelevant is still listed with what is wrong with it.
            finding.set_aside(record, code);
            let dated = record.date.as_ref().map(|date| date.days());
            let relevant = match (dated, operation) {
                (Some(days), _) if days.low > context.today => false,
                (Some(days), OperationDate::On(operation)) => days.after(&operation) != Truth::No,
                _ => true,
            };
            if relevant {
                open.push(code);
            }
            continue;
        }
        match place(record, operation, context.today, &mut finding) {
            Positive::After => {
                positive = true;
                finding.rests_on(record, what(recurrence.what));
            }
            Positive::OrderNotKnown => {
                order_not_known = true;
                finding.rests_on(record, what(recurrence.what));
            }
            Positive::Not => {}
        }
    }

    if positive {
        finding.decide(State::Present);
        return finding;
    }
    finding.caveats.clear();

    let mut reasons: Vec<Reason> = open.into_iter().map(Reason::Open).collect();
    let sources = &facts.sources;
    if !(sources.conditions.complete
        && sources.observations.complete
        && sources.procedures.complete)
    {
        reasons.push(Reason::SourceIncomplete);
    }
    if order_not_known {
        reasons.push(Reason::OrderNotKnown);
    }
    let mut absent = false;
    match operation {
        OperationDate::NotRecorded => reasons.push(Reason::OperationNotRecorded),
        _ => {
            let onsets = Onsets::of(facts, context.today);
            for record in &facts.no_disease {
                match negative(record, &onsets, operation, context, &mut finding) {
                    Ok(true) => {
                        finding.rests_on(record, What::NoDisease.as_str());
                        absent = true;
                    }
                    Ok(false) => {}
                    Err(reason) => {
                        finding.rests_on(record, What::NoDisease.as_str());
                        reasons.push(reason);
                    }
                }
            }
        }
    }
    // Of several statements one that holds is enough; what is wrong with the others no longer matters.
    if absent {
        reasons.retain(|reason| matches!(reason, Reason::Open(_) | Reason::SourceIncomplete));
        if order_not_known {
            reasons.push(Reason::OrderNotKnown);
        }
        if reasons.is_empty() {
            finding.decide(State::Absent);
        } else {
            finding.unknown(reasons);
        }
    } else if reasons.is_empty() {
        finding.caveats.clear();
        let silent =
            finding.hints.is_empty() && !finding.set_aside.iter().any(|s| s.code.is_open());
        if context.settings.undocumented_recurrence_is_absent && silent {
            finding.decide(State::Absent);
            finding.caveats.insert(Caveat::RecurrenceAssumedAbsent);
        } else {
            finding.unknown([Reason::NotRecorded]);
        }
    } else {
        finding.caveats.clear();
        finding.unknown(reasons);
    }
    finding
}

fn what(source: RecurrenceSource) -> &'static str {
    match source {
        RecurrenceSource::Condition => What::Recurrence,
        RecurrenceSource::ClinicalStatus => What::RecurrenceByStatus,
        RecurrenceSource::StatusObservation => What::RecurrenceByObservation,
        RecurrenceSource::Unknown => What::Unreadable,
    }
    .as_str()
}

fn place(
    record: &Record,
    operation: OperationDate,
    today: Date,
    finding: &mut Finding,
) -> Positive {
    let days = match record
        .date
        .as_ref()
        .map(|date| until_today(date.days(), today))
    {
        Some(None) => {
            finding.set_aside(record, SetAsideCode::AfterAssessment);
            return Positive::Not;
        }
        Some(Some(days)) => Some(days),
        None => None,
    };
    if days.is_none() {
        finding.caveats.insert(Caveat::RecurrenceUndated);
    }
    match (operation, days) {
        (OperationDate::NotRecorded | OperationDate::Undated, _) => {
            finding.caveats.insert(Caveat::OperationUndated);
            Positive::After
        }
        (OperationDate::On(_), None) => Positive::After,
        (OperationDate::On(operation), Some(days)) => match days.after(&operation) {
            Truth::Yes => {
                if days_between(operation.high, days.low) <= PERSISTENT_DISEASE_DAYS {
                    finding.caveats.insert(Caveat::MayBePersistentDisease);
                }
                Positive::After
            }
            Truth::No => {
                finding.set_aside(record, SetAsideCode::BeforeOperation);
                Positive::Not
            }
            Truth::Unknown => Positive::OrderNotKnown,
        },
    }
}

/// The onsets of the metastases, ready to be compared with many statements.
struct Onsets {
    /// Sorted by first day; beside each the greatest last day so far.
    sorted: Vec<(Interval<Date>, Date)>,
    undated: bool,
}

impl Onsets {
    fn of(facts: &Facts, today: Date) -> Self {
        let current = facts
            .metastases
            .iter()
            .filter(|metastasis| metastasis.standing == Standing::Counts);
        let mut undated = false;
        let mut days: Vec<Interval<Date>> = Vec::new();
        for metastasis in current {
            match &metastasis.onset {
                Some(onset) => days.extend(until_today(onset.days(), today)),
                None => undated = true,
            }
        }
        days.sort_by_key(|days| days.low);
        let mut greatest = Date::MIN;
        let sorted = days
            .into_iter()
            .map(|days| {
                greatest = greatest.max(days.high);
                (days, greatest)
            })
            .collect();
        Self { sorted, undated }
    }

    /// Why a statement of no disease on these days does not hold: a metastasis came after it, or the order cannot be told.
    fn against(&self, statement: Interval<Date>) -> Option<Reason> {
        let begun = self
            .sorted
            .partition_point(|(onset, _)| onset.low <= statement.high);
        let order_open = begun > 0 && self.sorted[begun - 1].1 > statement.low;
        if order_open {
            Some(Reason::OrderNotKnown)
        } else {
            (begun < self.sorted.len()).then_some(Reason::MetastasisAfterNegative)
        }
    }
}

/// Does this statement of no disease hold today? `Ok(false)` when it is outside the window.
fn negative(
    record: &Record,
    onsets: &Onsets,
    operation: OperationDate,
    context: Context<'_>,
    finding: &mut Finding,
) -> Result<bool, Reason> {
    // The chart gives only dated statements: an undated one is set aside before.
    let Some(date) = &record.date else {
        return Ok(false);
    };
    let Some(days) = until_today(date.days(), context.today) else {
        finding.set_aside(record, SetAsideCode::AfterAssessment);
        return Ok(false);
    };
    let OperationDate::On(operation) = operation else {
        return Err(Reason::OrderNotKnown);
    };
    match days.after(&operation) {
        Truth::Yes => {}
        Truth::No => {
            finding.set_aside(record, SetAsideCode::BeforeOperation);
            return Ok(false);
        }
        Truth::Unknown => return Err(Reason::OrderNotKnown),
    }
    if days_between(days.high, context.today) > context.settings.max_negative_age_days {
        return Err(Reason::NegativeTooOld);
    }
    let mut reason = None;
    if days_between(days.low, context.today) > context.settings.max_negative_age_days {
        reason = Some(Reason::OrderNotKnown);
    }
    if onsets.undated {
        finding.caveats.insert(Caveat::MetastasisUndated);
    }
    reason = reason.into_iter().chain(onsets.against(days)).min();
    reason.map_or(Ok(true), Err)
}

fn hint_at_operations(finding: &mut Finding, facts: &Facts, operation: OperationDate, today: Date) {
    for operation in facts
        .operations
        .iter()
        .filter(|operation| operation.extent == Extent::Completion)
    {
        finding.hints.insert((
            operation.record.reference.clone(),
            Hint::CompletionThyroidectomy,
        ));
    }
    for record in &facts.neck_operations {
        let after = match (operation, record.date.as_ref().map(|date| date.days())) {
            (_, Some(days)) if days.low > today => false,
            (OperationDate::On(operation), Some(days)) => days.after(&operation) != Truth::No,
            (OperationDate::NotRecorded, _) => false,
            _ => true,
        };
        if after {
            finding
                .hints
                .insert((record.reference.clone(), Hint::SecondNeckOperation));
        }
    }
}

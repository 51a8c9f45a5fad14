//! Completed years of age at the diagnosis of DTC (domain.md section 3, "Age at diagnosis"): present from 48.

use super::{Context, Evidence, Finding};
use crate::domain::codes::{Caveat, Reason, Standing, What};
use crate::domain::date::completed_years;
use crate::domain::facts::{Cancer, DiagnosedAt, Facts};
use crate::domain::interval::Interval;
use crate::domain::score::State;

/// No one lived longer; a greater age is an error in the record.
const GREATEST_PLAUSIBLE_AGE: i32 = 120;

/// Age at diagnosis in completed years, where it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Years {
    /// Least age.
    pub low: i32,
    /// Greatest age; none when the record sets no upper bound.
    pub high: Option<i32>,
}

/// Decides the predictor.
pub fn decide(facts: &Facts, context: Context<'_>) -> (Finding, Option<Years>) {
    let mut finding = Finding::new();
    let diagnoses: Vec<_> = facts
        .cancers
        .iter()
        .filter(|cancer| cancer.standing == Standing::Counts)
        .filter_map(|cancer| Some((cancer, cancer.diagnosis.as_ref()?)))
        .collect();
    if diagnoses.is_empty() {
        finding.unknown([Reason::NoDiagnosisDate]);
        return (finding, None);
    }
    let birth = facts.patient.birth.as_ref();
    let ages: Vec<Option<Interval<i32>>> = diagnoses
        .iter()
        .map(|(_, diagnosis)| age(&diagnosis.when, birth.map(|date| date.days())))
        .collect();
    for ((cancer, diagnosis), age) in diagnoses.iter().zip(&ages) {
        finding.evidence.insert(Evidence {
            record: cancer.record.clone(),
            what: what(&diagnosis.when).into(),
        });
        let _ = age;
    }
    if let (Some(_), DiagnosedAt::Date(_)) = (birth, &diagnoses[0].1.when) {
        let record = crate::domain::facts::Record {
            reference: facts.patient.reference.as_str().into(),
            date: birth.cloned(),
        };
        finding.rests_on(&record, What::BirthDate.as_str());
    }
    // A dated diagnosis without a birth date may be the earliest one: nothing bounds the age from below.
    let not_computable = ages.iter().any(Option::is_none);
    let Some(mut years) = ages.iter().flatten().copied().reduce(Interval::earliest) else {
        finding.unknown([Reason::NoBirthDate]);
        return (finding, None);
    };
    if not_computable {
        years.low = 0;
    }
    set_record_date_caveat(&mut finding, &diagnoses, &ages, years);
    if years.high < 0 {
        finding.conflicting(Reason::OnsetBeforeBirth);
        return (finding, None);
    }
    years.low = years.low.max(0);
    let known = Years {
        low: years.low,
        high: (years.high != i32::MAX).then_some(years.high),
    };
    if years.low > GREATEST_PLAUSIBLE_AGE {
        finding.conflicting(Reason::AgeImplausible);
        return (finding, None);
    }
    if years.low >= context.model.age_years {
        finding.decide(State::Present);
    } else if years.high < context.model.age_years {
        finding.decide(State::Absent);
    } else if not_computable {
        finding.unknown([Reason::NoBirthDate]);
    } else {
        finding.unknown([Reason::AgeOnTheBoundary]);
    }
    (finding, Some(known))
}

fn what(when: &DiagnosedAt) -> &'static str {
    match when {
        DiagnosedAt::Date(_) => What::Diagnosis.as_str(),
        DiagnosedAt::Age { .. } => What::AgeAtOnset.as_str(),
    }
}

fn age(when: &DiagnosedAt, birth: Option<Interval<jiff::civil::Date>>) -> Option<Interval<i32>> {
    match when {
        DiagnosedAt::Age { low, high } => Some(Interval {
            low: *low,
            high: high.unwrap_or(i32::MAX),
        }),
        DiagnosedAt::Date(date) => {
            let birth = birth?;
            let diagnosed = date.days();
            Some(Interval {
                low: completed_years(birth.high, diagnosed.low),
                high: completed_years(birth.low, diagnosed.high),
            })
        }
    }
}

/// The date of recording may be late: say so when such a date sets an end of the interval and no better one sets it too.
fn set_record_date_caveat(
    finding: &mut Finding,
    diagnoses: &[(&Cancer, &crate::domain::facts::Diagnosis)],
    ages: &[Option<Interval<i32>>],
    years: Interval<i32>,
) {
    let sets = |end: fn(&Interval<i32>) -> i32, value: i32| {
        let mut by = diagnoses
            .iter()
            .zip(ages)
            .filter(|(_, age)| age.is_some_and(|age| end(&age) == value))
            .peekable();
        by.peek().is_some() && by.all(|((_, diagnosis), _)| diagnosis.from_record_date)
    };
    if sets(|age| age.low, years.low) || sets(|age| age.high, years.high) {
        finding.caveats.insert(Caveat::DiagnosisDateFromRecord);
    }
}

//! Does the model apply to this patient (domain.md section 4)? A patient with metastatic differentiated thyroid cancer,
//! before the first iodine-131 treatment.

use super::{Context, Evidence, until_today};
use crate::domain::codes::{ApplicabilityCaveat, NotApplicable, SetAsideCode, Standing, What};
use crate::domain::date::PartialDate;
use crate::domain::facts::{
    CancerKind, Course, Deceased, DiagnosedAt, Extent, Facts, OperationDate, Radioiodine, Record,
    SetAside, Topic,
};
use crate::domain::interval::{Interval, Truth};
use crate::domain::rules::age_at_diagnosis::Years;
use crate::domain::rules::metastasis_sites::current;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// The answer to "does it apply?" with what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Applicability {
    /// Why it does not; empty when it does.
    pub reasons: Vec<NotApplicable>,
    /// What limits the answer as a whole.
    pub caveats: BTreeSet<ApplicabilityCaveat>,
    /// The records that it rests on.
    pub evidence: BTreeSet<Evidence>,
    /// The records that it does not rest on.
    pub set_aside: BTreeSet<SetAside>,
}

impl Applicability {
    /// Whether the model applies.
    pub fn applies(&self) -> bool {
        self.reasons.is_empty()
    }

    fn rests_on(&mut self, record: &Record, what: What) {
        self.evidence.insert(Evidence {
            record: record.clone(),
            what: what.as_str().into(),
        });
    }

    fn set_aside(&mut self, record: &Record, code: SetAsideCode) {
        self.set_aside.insert(SetAside {
            record: record.clone(),
            code,
        });
    }
}

/// Decides applicability. `years` is the age at diagnosis, where known.
pub fn decide(facts: &Facts, years: Option<Years>, context: Context<'_>) -> Applicability {
    let mut answer = Applicability {
        reasons: Vec::new(),
        caveats: BTreeSet::new(),
        evidence: BTreeSet::new(),
        set_aside: facts
            .set_aside
            .iter()
            .filter(|(topic, _)| *topic == Topic::Applicability)
            .map(|(_, s)| s.clone())
            .collect(),
    };
    let metastatic = current(facts, context).next().is_some();
    let (dtc, excluded) = diagnosis(facts, metastatic, &mut answer);
    operation(facts, &mut answer);
    let given = radioiodine(facts, &mut answer, context);
    for record in &facts.irradiation {
        answer.rests_on(record, What::Irradiation);
        answer
            .caveats
            .insert(ApplicabilityCaveat::IrradiationHistory);
    }
    for record in &facts.other_primary_cancers {
        answer.rests_on(record, What::OtherPrimaryCancer);
        answer
            .caveats
            .insert(ApplicabilityCaveat::OtherPrimaryCancer);
    }
    let range = context.model.age_range;
    if years.is_some_and(|years| {
        years.low > range.high || years.high.is_some_and(|high| high < range.low)
    }) {
        answer
            .caveats
            .insert(ApplicabilityCaveat::AgeOutsideDerivationRange);
    }

    if excluded {
        answer.reasons.push(NotApplicable::ExcludedHistology);
        return answer;
    }
    if !dtc {
        answer.reasons.push(NotApplicable::NoDtcDiagnosis);
        // No predictor is answered: what was set aside there may be the diagnosis that is missing.
        for (topic, set_aside) in &facts.set_aside {
            if *topic == Topic::Recurrence {
                answer.set_aside.insert(set_aside.clone());
            }
        }
        for cancer in &facts.cancers {
            if let Standing::Open(code) = cancer.standing {
                answer.set_aside(&cancer.record, code);
            }
        }
        return answer;
    }
    // Silence means "none" only in a complete answer. (Incomplete Conditions never get this far: error 412.)
    if !metastatic && facts.sources.observations.complete {
        answer.reasons.push(NotApplicable::NoMetastasisRecorded);
        for (_, set_aside) in facts
            .set_aside
            .iter()
            .filter(|(topic, _)| *topic == Topic::MetastasisSites)
        {
            answer.set_aside.insert(set_aside.clone());
        }
        for metastasis in &facts.metastases {
            match metastasis.standing {
                Standing::Open(code) => answer.set_aside(&metastasis.record, code),
                Standing::Counts => {
                    answer.set_aside(&metastasis.record, SetAsideCode::AfterAssessment)
                }
            }
        }
    }
    if given {
        answer.reasons.push(NotApplicable::RadioiodineAlreadyGiven);
    }
    let died = match &facts.patient.deceased {
        Some(Deceased::Undated) => true,
        Some(Deceased::On(date)) => until_today(date.days(), context.today).is_some(),
        None => false,
    };
    if died {
        answer.reasons.push(NotApplicable::Deceased);
    }
    answer
}

/// Whether there is a DTC diagnosis, and whether an excluded histology.
fn diagnosis(facts: &Facts, metastatic: bool, answer: &mut Applicability) -> (bool, bool) {
    let (mut dtc, mut excluded, mut histology) = (false, false, false);
    let mut presumed = false;
    for cancer in &facts.cancers {
        if let Standing::Open(code) = cancer.standing {
            // Spread and recurrence are listed with their predictors.
            if cancer.kind != CancerKind::ImpliedBySpread {
                answer.set_aside(&cancer.record, code);
            }
            continue;
        }
        match cancer.kind {
            CancerKind::Differentiated => {
                (dtc, histology) = (true, true);
                answer.rests_on(&cancer.record, What::Differentiated);
            }
            CancerKind::Oncocytic => {
                (dtc, histology) = (true, true);
                answer.rests_on(&cancer.record, What::Oncocytic);
                answer
                    .caveats
                    .insert(ApplicabilityCaveat::HistologyOutsideCohort);
            }
            CancerKind::HistologyNotStated => {
                (dtc, presumed) = (true, true);
                answer.rests_on(&cancer.record, What::HistologyNotStated);
            }
            CancerKind::History if metastatic => {
                (dtc, presumed) = (true, true);
                answer.rests_on(&cancer.record, What::History);
            }
            CancerKind::History => {}
            CancerKind::ImpliedBySpread => {
                (dtc, presumed) = (true, true);
                answer.rests_on(&cancer.record, What::Spread);
            }
            CancerKind::Excluded => {
                excluded = true;
                answer.rests_on(&cancer.record, What::Excluded);
            }
        }
    }
    if presumed && !histology {
        answer
            .caveats
            .insert(ApplicabilityCaveat::HistologyPresumed);
    }
    (dtc, excluded)
}

fn operation(facts: &Facts, answer: &mut Applicability) {
    if facts.operation() == OperationDate::NotRecorded {
        answer
            .caveats
            .insert(ApplicabilityCaveat::ThyroidectomyNotRecorded);
        return;
    }
    let days = |record: &Record| record.date.as_ref().map(PartialDate::days);
    // The certain operation that is surely the earliest: an uncertain one that is no earlier no longer matters.
    let certain = facts
        .operations
        .iter()
        .filter(|operation| matches!(operation.extent, Extent::Total | Extent::Completion))
        .filter_map(|operation| days(&operation.record))
        .min_by_key(|days| days.high);
    for operation in &facts.operations {
        if operation.extent == Extent::NotStated {
            let covered = match (certain, days(&operation.record)) {
                (Some(certain), Some(uncertain)) => certain.after(&uncertain) == Truth::No,
                (Some(_), None) => true,
                (None, _) => false,
            };
            if !covered {
                answer
                    .caveats
                    .insert(ApplicabilityCaveat::ThyroidectomyExtentNotRecorded);
            }
        }
        let what = match operation.extent {
            Extent::Total => What::TotalThyroidectomy,
            Extent::Completion => What::CompletionThyroidectomy,
            Extent::LeftLobe => What::LeftLobectomy,
            Extent::RightLobe => What::RightLobectomy,
            Extent::NotStated => What::ExtentNotStated,
        };
        answer.rests_on(&operation.record, what);
    }
}

/// What a radioiodine record turns out to be, beside the diagnosis and the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// A course for thyroid cancer.
    Given,
    /// May have been one.
    Possible,
    /// Before the cancer, or coded for hyperthyroidism.
    ForBenignDisease,
    /// Dated wholly after the assessment.
    AfterAssessment,
}

/// Every radioiodine record with what it turns out to be on a day.
pub fn treatments(facts: &Facts, today: Date) -> impl Iterator<Item = (&Record, Treatment)> {
    let diagnosis = facts
        .cancers
        .iter()
        .filter(|cancer| cancer.standing == Standing::Counts)
        .filter_map(|cancer| match &cancer.diagnosis.as_ref()?.when {
            DiagnosedAt::Date(date) => Some(date.days()),
            DiagnosedAt::Age { low, high } => {
                let birth = facts.patient.birth.as_ref()?.days();
                Some(Interval {
                    low: birthday(birth.low, *low),
                    high: high.map_or(Date::MAX, |high| birthday(birth.high, high + 1)),
                })
            }
        })
        .reduce(Interval::earliest);
    let operation = facts.operation();
    let thyroid_cancer = facts
        .cancers
        .iter()
        .any(|cancer| cancer.standing == Standing::Counts);
    facts.radioiodine.iter().map(move |Radioiodine { record, course }| {
        let days = match record
            .date
            .as_ref()
            .map(|date| until_today(date.days(), today))
        {
            Some(None) => return (record, Treatment::AfterAssessment),
            Some(Some(days)) => Some(days),
            None => None,
        };
        let counts = match course {
            Course::Given => true,
            Course::GivenIfAfterOperation => {
                thyroid_cancer
                    && matches!((days, operation), (Some(days), OperationDate::On(operation)) if days.after(&operation) == Truth::Yes)
            }
            Course::Uncertain => false,
            Course::ForBenignDisease => return (record, Treatment::ForBenignDisease),
        };
        let before_the_cancer = match (days, diagnosis, operation) {
            (Some(days), Some(diagnosis), OperationDate::NotRecorded) => days.high < diagnosis.low,
            (Some(days), Some(diagnosis), OperationDate::On(operation)) => {
                days.high < diagnosis.low && days.high < operation.low
            }
            _ => false,
        };
        let treatment = match (before_the_cancer, counts) {
            (true, _) => Treatment::ForBenignDisease,
            (false, true) => Treatment::Given,
            (false, false) => Treatment::Possible,
        };
        (record, treatment)
    })
}

/// Whether a course of radioiodine was given.
fn radioiodine(facts: &Facts, answer: &mut Applicability, context: Context<'_>) -> bool {
    if !(facts.sources.procedures.complete && facts.sources.medication_administrations.complete) {
        answer
            .caveats
            .insert(ApplicabilityCaveat::RadioiodineNotChecked);
    }
    let mut given = false;
    for (record, treatment) in treatments(facts, context.today) {
        match treatment {
            Treatment::Given => {
                given = true;
                answer.rests_on(record, What::Radioiodine);
            }
            Treatment::Possible => {
                answer
                    .caveats
                    .insert(ApplicabilityCaveat::RadioiodineUncertain);
                answer.rests_on(record, What::PossibleRadioiodine);
            }
            Treatment::ForBenignDisease => {
                answer.set_aside(record, SetAsideCode::BenignRadioiodine);
                answer
                    .caveats
                    .insert(ApplicabilityCaveat::RadioiodineForBenignDisease);
            }
            Treatment::AfterAssessment => {
                answer.set_aside(record, SetAsideCode::AfterAssessment);
            }
        }
    }
    given
}

fn birthday(birth: Date, years: i32) -> Date {
    birth
        .checked_add(jiff::Span::new().years(i64::from(years).clamp(0, 200)))
        .unwrap_or(Date::MAX)
}

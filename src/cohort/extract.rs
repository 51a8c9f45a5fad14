//! A cohort from FHIR Bulk Data: every eligible patient through the evidence code of the hook, at that patient's own time zero.
//!
//! Nothing here decides a predictor. The chart is read by [`crate::chart::read`] and judged by [`assess`], as a request of the
//! hook is; [`super::time_zero`] only takes out what was not known on the day. Read [`extract`] first.

use super::Outcome;
use super::bulk::{self, Files, Found, Records, Types, UnusableBulk};
use super::flow::{self, Exclusion, Flow};
use super::missingness::{Missingness, state_name};
use super::outcome::{OutcomeMap, OutcomeReason, OutcomeRecord, OutcomeTable};
use super::outcome_records::{dated_condition, dated_observation, says};
pub use super::rows::{Columns, write};
use super::time_zero::{self, NoTimeZero};
use crate::chart::sieve::{Seen, Sieve};
use crate::chart::{self, Chart, ClinicalStatus, Incoming, Input, Release};
use crate::domain::assessment::{Assessment, assess};
use crate::domain::codes::{NotApplicable, SetAsideCode, Standing};
use crate::domain::date::PartialDate;
use crate::domain::facts::{Facts, From, Source, Sources};
use crate::domain::model::Model;
use crate::domain::rules::{self, Context, fdg_uptake};
use crate::domain::score::Predictor;
use crate::fhir::element::Unreadable;
use crate::fhir::peek::Peek;
use crate::terminology::Terminology;
use jiff::ToSpan;
use jiff::civil::Date;
use rayon::prelude::*;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// What judges.
#[derive(Debug, Clone, Copy)]
pub struct Judgement<'a> {
    /// Codes and words.
    pub terminology: &'a Terminology,
    /// Thresholds.
    pub model: &'a Model,
    /// The deployment's choices.
    pub rules: rules::Settings,
}

/// How to extract.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The release of FHIR.
    pub release: Release,
    /// Days after time zero up to which a PET counts, 0 to 7. The hook's rule is 0.
    pub pet_days_after: u8,
    /// Use recurrences and metastases that were recorded after time zero with an onset before it.
    pub use_recorded_later: bool,
    /// Broken lines of unknown patients that are known not to matter.
    pub accept_broken: u64,
    /// A broken line is an error.
    pub strict: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            release: Release::R4,
            pet_days_after: 0,
            use_recorded_later: false,
            accept_broken: 0,
            strict: false,
        }
    }
}

/// Where outcomes come from.
#[derive(Debug)]
pub enum Outcomes {
    /// Nowhere: all are undetermined.
    None,
    /// Records of the export.
    Map(OutcomeMap),
    /// A table.
    Table(OutcomeTable),
}

/// One patient of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// Pseudonym.
    pub patient: String,
    /// Day of the first radioiodine treatment.
    pub time_zero: Date,
    /// What the hook would have answered that day.
    pub assessment: Assessment,
    /// What became of the patient.
    pub outcome: Outcome,
    /// Why.
    pub outcome_reason: OutcomeReason,
}

/// A cohort with its flow.
#[derive(Debug)]
pub struct Extraction {
    /// Patients in order of pseudonym.
    pub rows: Vec<Row>,
    /// Who is in it and who is not.
    pub flow: Flow,
}

/// Extracts a cohort. `pseudonym` makes the pseudonym of a Patient's id; `settings` is what the flow says of the run;
/// `progress` is told the bytes read, twice those of the files in all.
pub fn extract(
    files: &Files,
    judgement: Judgement<'_>,
    options: Options,
    outcomes: &Outcomes,
    pseudonym: &(dyn Fn(&str) -> String + Sync),
    settings: flow::Settings,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Extraction, UnusableBulk> {
    let Judgement { terminology, .. } = judgement;
    let found = bulk::find(files, terminology, options.release, progress)?;
    if let (true, Some(bad)) = (options.strict, found.bad.listed.first()) {
        return Err(UnusableBulk::BrokenLine(format!(
            "{}, line {}: {}",
            files.name(bad.file),
            bad.line,
            bad.reason
        )));
    }
    let also = |seen: &Seen<'_>| match outcomes {
        Outcomes::Map(map) => says(map, seen).is_some(),
        Outcomes::None | Outcomes::Table(_) => false,
    };
    let records = bulk::gather(files, &found, terminology, options.release, &also, progress)?;
    let patients = Patients {
        records: &records,
        found: &found,
        judgement,
        options,
        outcomes,
        pseudonym,
    };
    let judged: Vec<Result<Row, Exclusion>> = (0..records.len())
        .into_par_iter()
        .map_init(
            || Sieve::new(terminology, options.release),
            |sieve, patient| patients.judge(patient, sieve),
        )
        .collect::<Result<_, UnusableBulk>>()?;

    let mut excluded: BTreeMap<Exclusion, u64> = BTreeMap::new();
    let mut rows = Vec::new();
    for one in judged {
        match one {
            Ok(row) => rows.push(row),
            Err(exclusion) => *excluded.entry(exclusion).or_default() += 1,
        }
    }
    // Patients of whom nothing but the number is kept: every Patient line but those of the candidates.
    let patient_lines = found.resources.get("Patient").copied().unwrap_or(0);
    let others = patient_lines.saturating_sub(records.patient_lines() as u64);
    excluded.insert(Exclusion::NoThyroidCancer, others);
    rows.sort_by(|a, b| a.patient.cmp(&b.patient));

    let mut missingness = Missingness::default();
    let mut by_outcome = [0_u64; 3];
    for row in &rows {
        by_outcome[row.outcome as usize] += 1;
        for (predictor, state, reason) in row.predictors() {
            missingness.count(predictor.name(), state, reason, row.outcome);
        }
        missingness.count_outcome(row.outcome, row.outcome_reason.as_str());
    }
    missingness.sort();
    let mut input = flow::Input::of(files, &found, options.accept_broken);
    if let Outcomes::Table(table) = outcomes {
        let used = (0..records.len())
            .filter(|patient| table.has(records.id(*patient)))
            .count();
        input.outcomes_without_patient = Some((table.len() - used) as u64);
    }
    let flow = Flow::new(settings, input, &excluded, by_outcome, missingness);
    Ok(Extraction { rows, flow })
}

impl Row {
    /// Predictor, state and the reason of an unknown or conflicting state.
    pub fn predictors(
        &self,
    ) -> impl Iterator<Item = (Predictor, &'static str, Option<&'static str>)> {
        self.assessment.scored.iter().flat_map(|scored| {
            Predictor::ALL.into_iter().map(|predictor| {
                let finding = &scored.predictor(predictor).finding;
                let reason = finding.reason.map(|reason| reason.as_str());
                (predictor, state_name(finding.state), reason)
            })
        })
    }
}

/// What all patients are judged with.
struct Patients<'a> {
    records: &'a Records<'a>,
    found: &'a Found,
    judgement: Judgement<'a>,
    options: Options,
    outcomes: &'a Outcomes,
    pseudonym: &'a (dyn Fn(&str) -> String + Sync),
}

impl Patients<'_> {
    fn judge(
        &self,
        patient: usize,
        sieve: &mut Sieve<'_>,
    ) -> Result<Result<Row, Exclusion>, UnusableBulk> {
        let id = self.records.id(patient);
        let (patients, lines) = self.records.of(patient)?;
        let parse = |lines: &[String]| -> Result<Vec<Box<RawValue>>, UnusableBulk> {
            let json = lines.iter().map(|line| serde_json::from_str(line));
            json.collect::<Result<_, _>>()
                .map_err(|_| self.records.changed(patient))
        };
        let (patients, resources) = (parse(&patients)?, parse(&lines)?);
        drop(lines);
        let Some(json) = newest(&patients) else {
            return Ok(Err(Exclusion::NoPatientResource));
        };
        let broken = self.found.bad.of(id);
        let lost = Types::CONDITION
            .and(Types::PROCEDURE)
            .and(Types::MEDICATION);
        let sources = sources(broken.and(self.found.bad.of_anybody(self.options.accept_broken)));
        let read = |day: Date| {
            let input = Input {
                patient: Incoming {
                    full_url: None,
                    json,
                },
                records: resources
                    .iter()
                    .map(|json| Incoming {
                        full_url: None,
                        json,
                    })
                    .collect(),
                sources,
                release: self.options.release,
                clinical_status: ClinicalStatus::AsOf(day),
            };
            chart::read(input, self.judgement.terminology)
        };
        let Ok(Chart { facts, .. }) = read(Date::MIN) else {
            return Ok(Err(Exclusion::PatientUnreadable));
        };
        if broken.meets(lost) {
            return Ok(Err(Exclusion::RecordsBroken));
        }
        let day = match time_zero::find(&facts) {
            Ok(day) => day,
            Err(none) => {
                return Ok(Err(match none {
                    NoTimeZero::NoRadioiodine => Exclusion::NoRadioiodine,
                    NoTimeZero::NotKnown => Exclusion::TimeZeroNotKnown,
                    NoTimeZero::DiedBefore => Exclusion::DiedBeforeTimeZero,
                }));
            }
        };
        // Only where a Condition ended can its status on the day differ from none.
        let ended = resources
            .iter()
            .any(|json| json.get().contains("abatementDateTime"));
        let facts = match ended.then(|| read(day)) {
            Some(Ok(chart)) => chart.facts,
            Some(Err(_)) => return Ok(Err(Exclusion::PatientUnreadable)),
            None => facts,
        };
        let recorded_later = match self.options.use_recorded_later {
            true => HashSet::new(),
            false => recorded_after(&resources, day),
        };
        let assessment = match self.assess(facts, day, &recorded_later) {
            Ok(assessment) => assessment,
            Err(exclusion) => return Ok(Err(exclusion)),
        };
        let (outcome, outcome_reason) = match self.outcomes {
            Outcomes::None => (Outcome::Undetermined, OutcomeReason::NotRecorded),
            Outcomes::Table(table) => table.decide(id, day),
            Outcomes::Map(map) => {
                let records: Vec<OutcomeRecord> = resources
                    .iter()
                    .filter_map(|json| self.outcome_record(map, json, sieve))
                    .collect();
                map.decide(&records, day)
            }
        };
        Ok(Ok(Row {
            patient: (self.pseudonym)(id),
            time_zero: day,
            assessment,
            outcome,
            outcome_reason,
        }))
    }

    /// The answer of the hook on the day.
    fn assess(
        &self,
        mut facts: Facts,
        day: Date,
        recorded_later: &HashSet<Arc<str>>,
    ) -> Result<Assessment, Exclusion> {
        let Judgement { model, rules, .. } = self.judgement;
        if time_zero::histology_not_dated(&facts, day) {
            return Err(Exclusion::HistologyNotDated);
        }
        let last_pet = day
            .checked_add(i64::from(self.options.pet_days_after).days())
            .unwrap_or(day);
        time_zero::as_of(&mut facts, day, last_pet, recorded_later);
        facts.set_aside_what_follows(day);
        let metastasis_not_dated = facts
            .metastases
            .iter()
            .any(|metastasis| metastasis.standing == Standing::Open(SetAsideCode::NoDate));
        let pet_after = (self.options.pet_days_after > 0
            && time_zero::has_pet_between(&facts, day, last_pet))
        .then(|| {
            let context = Context {
                model,
                settings: rules,
                today: last_pet,
            };
            fdg_uptake::decide(&facts, context)
        });
        let conditions_complete = facts.sources.conditions.complete;
        let mut assessment = assess(facts, model, rules, day);
        let Some(scored) = &mut assessment.scored else {
            let reason = assessment.applicability.reasons.first();
            return Err(match reason {
                Some(NotApplicable::ExcludedHistology) => Exclusion::ExcludedHistology,
                _ if !conditions_complete => Exclusion::RecordsBroken,
                Some(NotApplicable::NoDtcDiagnosis) => Exclusion::NoDtcDiagnosis,
                _ if metastasis_not_dated => Exclusion::MetastasisNotDated,
                _ => Exclusion::NoMetastasis,
            });
        };
        if let Some((finding, suv_max)) = pet_after {
            scored.replace(Predictor::FdgUptake, finding, model);
            scored.suv_max = suv_max;
        }
        Ok(assessment)
    }

    /// What a record says about the outcome, where it says something.
    fn outcome_record(
        &self,
        map: &OutcomeMap,
        json: &RawValue,
        sieve: &mut Sieve<'_>,
    ) -> Option<OutcomeRecord> {
        let seen = sieve.look(json);
        let says = says(map, &seen)?;
        let release = self.options.release;
        let read = match &*seen.resource_type {
            "Condition" => dated_condition(json, release),
            "Observation" => dated_observation(json, release, self.judgement.terminology),
            _ => Ok(None),
        };
        match read {
            Ok(Some(date)) => Some(OutcomeRecord { says, date }),
            Ok(None) => None,
            // It says something, and not when.
            Err(Unreadable) => Some(OutcomeRecord { says, date: None }),
        }
    }
}

/// Of several versions of the Patient the newest; where that cannot be told, the first.
fn newest(patients: &[Box<RawValue>]) -> Option<&RawValue> {
    let updated = |json: &RawValue| -> Option<jiff::Timestamp> {
        let peek = Peek::at(json);
        peek.meta?.last_updated?.as_str().parse().ok()
    };
    let mut newest: Option<&RawValue> = None;
    for json in patients {
        match newest {
            Some(known) if updated(json) <= updated(known) => {}
            _ => newest = Some(json),
        }
    }
    newest
}

/// Conditions that were recorded wholly after the day.
fn recorded_after(resources: &[Box<RawValue>], day: Date) -> HashSet<Arc<str>> {
    #[derive(serde::Deserialize)]
    struct Recorded {
        #[serde(rename = "resourceType")]
        resource_type: String,
        id: String,
        #[serde(rename = "recordedDate")]
        recorded_date: String,
    }
    resources
        .iter()
        .filter_map(|json| serde_json::from_str::<Recorded>(json.get()).ok())
        .filter(|recorded| recorded.resource_type == "Condition")
        .filter(|recorded| {
            PartialDate::parse(&recorded.recorded_date)
                .is_ok_and(|recorded| recorded.days().low > day)
        })
        .map(|recorded| format!("Condition/{}", recorded.id).into())
        .collect()
}

/// Complete, but for the types of which lines are broken.
fn sources(broken: Types) -> Sources {
    let source = |types: Types| Source {
        from: From::Input,
        pages: 1,
        complete: !broken.meets(types),
    };
    Sources {
        patient: Source::complete(From::Input),
        conditions: source(Types::CONDITION),
        observations: source(Types::OBSERVATION),
        procedures: source(Types::PROCEDURE),
        medication_administrations: source(Types::MEDICATION),
        diagnostic_reports: source(Types::REPORT),
    }
}

//! Procedures and medications: operations on the thyroid and neck, radioiodine.

use super::code::{Decoded, decode};
use super::items::{Item, Kind};
use super::{Reader, date, effective};
use crate::domain::codes::SetAsideCode;
use crate::domain::date::PartialDate;
use crate::domain::facts::{Course, Extent, Operation, Radioiodine, Topic};
use crate::fhir::element::{Quantity, Unreadable, View};
use crate::terminology::{Role, Roles, Terminology};

/// Up to this activity an iodine-131 dose is a scan, GBq (terminology.md section 3.3).
const SCAN_GBQ: f64 = 0.4;
/// From this activity on it is a treatment, GBq.
const TREATMENT_GBQ: f64 = 1.0;

pub(super) const THYROID_CANCER: [Role; 6] = [
    Role::DifferentiatedThyroidCancer,
    Role::OncocyticThyroidCancer,
    Role::ThyroidCancerHistologyNotStated,
    Role::ThyroidCancerHistory,
    Role::MetastasisFromThyroid,
    Role::ThyroidCancerRecurrence,
];
const RADIOIODINE: [Role; 5] = [
    Role::RadioiodineTherapy,
    Role::RadioiodineAgent,
    Role::RadionuclideTherapyGeneric,
    Role::RadioiodineBenign,
    Role::RadioiodineDiagnostic,
];

/// What a radioiodine record turns out to be.
pub(super) enum Outcome {
    Course(Course),
    Diagnostic,
}

/// Activity given, GBq.
#[derive(Clone, Copy)]
pub(super) enum Activity {
    NotStated,
    NotUnderstood,
    Between { low: f64, high: f64 },
}

impl<'a> Reader<'a> {
    pub(super) fn procedure(&mut self, item: &Item<'a>) -> Result<(), Unreadable> {
        let keep = [
            "status",
            "code",
            "performedDateTime",
            "performedPeriod",
            "performedString",
            "performedAge",
            "performedRange",
            "reasonCode",
            "reasonReference",
            "usedCode",
        ];
        let resource = self.read_members(item, &keep)?;
        let view = resource.view();
        if resource.is_modified {
            self.open(item, SetAsideCode::ModifierExtension);
            return Ok(());
        }
        let code = decode(self.terminology, &view.concept("code")?.unwrap_or_default());
        let status = view.text("status")?.unwrap_or("");
        let (start, end) = performed(view)?;
        self.operation(item, &code, status, end);

        let mut agents = Decoded::default();
        for used in view.concepts("usedCode")? {
            agents = agents.and(&decode(self.terminology, &used));
        }
        self.radioiodine(
            item,
            &code.and(&agents),
            status,
            start,
            Activity::NotStated,
            view,
        )
    }

    fn operation(
        &mut self,
        item: &Item<'a>,
        code: &Decoded,
        status: &str,
        date: Option<PartialDate>,
    ) {
        let extent = [
            (Role::TotalThyroidectomy, Extent::Total),
            (Role::CompletionThyroidectomy, Extent::Completion),
            (Role::LeftThyroidLobectomy, Extent::LeftLobe),
            (Role::RightThyroidLobectomy, Extent::RightLobe),
            (Role::ThyroidectomyExtentNotStated, Extent::NotStated),
        ]
        .into_iter()
        .find(|(role, _)| code.is(*role))
        .map(|(_, extent)| extent);
        let record = self.record(item, date);
        let concerns =
            extent.is_some() || code.is_any(&[Role::PartialThyroidectomy, Role::NeckOperation]);
        if !concerns {
            return;
        }
        match status {
            "completed" => {}
            "entered-in-error" => {
                return self.set_aside(Topic::Applicability, record, SetAsideCode::EnteredInError);
            }
            _ => return self.set_aside(Topic::Applicability, record, SetAsideCode::NotDone),
        }
        match extent {
            Some(extent) => self
                .chart
                .facts
                .operations
                .push(Operation { record, extent }),
            None if code.is(Role::PartialThyroidectomy) => {
                self.set_aside(
                    Topic::Applicability,
                    record,
                    SetAsideCode::PartialThyroidectomy,
                );
            }
            None => self.chart.facts.neck_operations.push(record),
        }
    }

    pub(super) fn medication(&mut self, item: &Item<'a>) -> Result<(), Unreadable> {
        let keep = [
            "status",
            "medicationCodeableConcept",
            "medicationReference",
            "effectiveDateTime",
            "effectivePeriod",
            "reasonCode",
            "reasonReference",
            "dosage",
        ];
        let resource = self.read_members(item, &keep)?;
        let view = resource.view();
        if resource.is_modified {
            self.open(item, SetAsideCode::ModifierExtension);
            return Ok(());
        }
        let concept = view
            .concept("medicationCodeableConcept")?
            .unwrap_or_default();
        let mut is_named = !concept.is_empty();
        let mut code = decode(self.terminology, &concept);
        if let Some(reference) = view.one("medicationReference")? {
            let display = crate::terminology::normalise(reference.text("display")?.unwrap_or(""));
            code.words.push(' ');
            code.words.push_str(&display);
            is_named |= !display.is_empty();
            if let Some(medication) = reference
                .text("reference")?
                .and_then(|reference| self.items.resolve(item, reference))
            {
                let medication = self.listing(medication).ok_or(Unreadable)?;
                is_named |= medication.is_named;
                code = code.and(&medication.code);
            }
        }
        let status = view.text("status")?.unwrap_or("");
        let start = effective(view)?;
        let activity = activity(self.terminology, view)?;
        if item.kind == Kind::MedicationStatement {
            let concerns = code.is_any(&[Role::RadioiodineTherapy, Role::RadioiodineAgent])
                || self.speaks_of_radioiodine(&code);
            if concerns {
                match status {
                    "entered-in-error" => self.set_aside(
                        Topic::Applicability,
                        self.record(item, start),
                        SetAsideCode::EnteredInError,
                    ),
                    "not-taken" => self.set_aside(
                        Topic::Applicability,
                        self.record(item, start),
                        SetAsideCode::NotDone,
                    ),
                    "intended" => self.set_aside(
                        Topic::Applicability,
                        self.record(item, start),
                        SetAsideCode::NotGiven,
                    ),
                    _ => self.course(item, start, Course::Uncertain),
                }
            }
            return Ok(());
        }
        // What was given is not said, or not in this chart: it may have been radioiodine.
        if !is_named && !matches!(status, "entered-in-error" | "not-done") {
            self.course(item, start, Course::Uncertain);
            return Ok(());
        }
        self.radioiodine(item, &code, status, start, activity, view)
    }

    fn speaks_of_radioiodine(&self, code: &Decoded) -> bool {
        !code.known && self.terminology.words.radioiodine.occur_in(&code.words)
    }

    fn course(&mut self, item: &Item<'a>, date: Option<PartialDate>, course: Course) {
        let record = self.record(item, date);
        self.chart
            .facts
            .radioiodine
            .push(Radioiodine { record, course });
    }

    fn radioiodine(
        &mut self,
        item: &Item<'a>,
        code: &Decoded,
        status: &str,
        date: Option<PartialDate>,
        activity: Activity,
        view: View<'_>,
    ) -> Result<(), Unreadable> {
        let speaks = self.speaks_of_radioiodine(code);
        if !code.is_any(&RADIOIODINE) && !speaks {
            return Ok(());
        }
        let record = self.record(item, date.clone());
        match status {
            "completed" | "in-progress" => {}
            "entered-in-error" => {
                self.set_aside(Topic::Applicability, record, SetAsideCode::EnteredInError);
                return Ok(());
            }
            "not-done" => {
                self.set_aside(Topic::Applicability, record, SetAsideCode::NotDone);
                return Ok(());
            }
            "preparation" | "intended" => {
                self.set_aside(Topic::Applicability, record, SetAsideCode::NotGiven);
                return Ok(());
            }
            _ => {
                if !matches!(
                    outcome(code.roles, &activity, false),
                    Some(Outcome::Diagnostic)
                ) {
                    self.course(item, date, Course::Uncertain);
                }
                return Ok(());
            }
        }
        if speaks {
            self.set_aside(Topic::Applicability, record, SetAsideCode::UnmappedCode);
            self.unmapped(item, Topic::Applicability);
            self.course(item, date, Course::Uncertain);
            return Ok(());
        }
        let reason = self.reason_is_thyroid_cancer(item, view)?;
        match outcome(code.roles, &activity, reason) {
            Some(Outcome::Course(course)) => self.course(item, date, course),
            Some(Outcome::Diagnostic) => self.set_aside(
                Topic::Applicability,
                record,
                SetAsideCode::DiagnosticRadioiodine,
            ),
            None => {}
        }
        Ok(())
    }

    fn reason_is_thyroid_cancer(
        &self,
        item: &Item<'a>,
        view: View<'_>,
    ) -> Result<bool, Unreadable> {
        for reason in view.concepts("reasonCode")? {
            if decode(self.terminology, &reason).is_any(&THYROID_CANCER) {
                return Ok(true);
            }
        }
        for reason in view.many("reasonReference")? {
            let Some(condition) = reason
                .text("reference")?
                .and_then(|reference| self.items.resolve(item, reference))
            else {
                continue;
            };
            if self
                .listing(condition)
                .is_some_and(|condition| condition.code.is_any(&THYROID_CANCER))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What a radioiodine record is, from its codes, activity and reason (domain.md section 3, "First RAI").
pub(super) fn outcome(
    roles: Roles,
    activity: &Activity,
    thyroid_cancer_reason: bool,
) -> Option<Outcome> {
    let is_scan = matches!(activity, Activity::Between { high, .. } if *high <= SCAN_GBQ);
    let is_treatment = matches!(activity, Activity::Between { low, .. } if *low >= TREATMENT_GBQ);
    let [therapy, agent, generic, benign, diagnostic] =
        RADIOIODINE.map(|role| roles.contains(role));
    Some(if benign {
        Outcome::Course(Course::ForBenignDisease)
    } else if therapy {
        match (is_scan, diagnostic) {
            (true, _) => Outcome::Diagnostic,
            (false, true) => Outcome::Course(Course::Uncertain),
            (false, false) => Outcome::Course(Course::Given),
        }
    } else if diagnostic {
        Outcome::Diagnostic
    } else if generic {
        if is_scan {
            Outcome::Diagnostic
        } else if agent || thyroid_cancer_reason {
            Outcome::Course(Course::Given)
        } else {
            Outcome::Course(Course::GivenIfAfterOperation)
        }
    } else if agent {
        match activity {
            _ if is_scan => Outcome::Diagnostic,
            _ if is_treatment => Outcome::Course(Course::Given),
            Activity::NotStated if thyroid_cancer_reason => Outcome::Course(Course::Given),
            _ => Outcome::Course(Course::Uncertain),
        }
    } else {
        return None;
    })
}

/// Start and end of a procedure.
fn performed(view: View<'_>) -> Result<(Option<PartialDate>, Option<PartialDate>), Unreadable> {
    match view.choice("performed")? {
        Some("performedDateTime") => {
            let day = date(view.text("performedDateTime")?)?;
            Ok((day.clone(), day))
        }
        Some("performedPeriod") => match view.one("performedPeriod")? {
            Some(period) => Ok((date(period.text("start")?)?, date(period.text("end")?)?)),
            None => Ok((None, None)),
        },
        _ => Ok((None, None)),
    }
}

/// The dose given, as activity.
fn activity(terminology: &Terminology, view: View<'_>) -> Result<Activity, Unreadable> {
    let Some(dosage) = view.one("dosage")? else {
        return Ok(Activity::NotStated);
    };
    Ok(dosage
        .quantity("dose")?
        .map_or(Activity::NotStated, |dose| activity_of(terminology, &dose)))
}

/// What a quantity says about activity.
pub(super) fn activity_of(terminology: &Terminology, dose: &Quantity<'_>) -> Activity {
    let Some(value) = &dose.value else {
        return Activity::NotStated;
    };
    let units = &terminology.words.activity_gigabecquerel;
    let factor = [dose.code, dose.unit].into_iter().find_map(|unit| {
        let unit = unit.trim();
        units.get(unit).or_else(|| {
            units
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(unit))
                .map(|(_, factor)| factor)
        })
    });
    let Some((value, factor)) = value
        .parse::<f64>()
        .ok()
        .filter(|value| value.is_finite() && *value > 0.0)
        .zip(factor)
    else {
        return Activity::NotUnderstood;
    };
    let gbq = value * factor;
    match dose.comparator {
        None => Activity::Between {
            low: gbq,
            high: gbq,
        },
        Some("<" | "<=") => Activity::Between {
            low: 0.0,
            high: gbq,
        },
        Some(">" | ">=") => Activity::Between {
            low: gbq,
            high: f64::INFINITY,
        },
        Some(_) => Activity::NotUnderstood,
    }
}

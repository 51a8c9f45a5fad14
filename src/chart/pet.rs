//! 18F-FDG PET: measured lesions, coded readings, reports (domain.md section 3, "FDG uptake": Measure, Unit, Value, Place,
//! Reading). What is written in free text is never read as a result, only pointed at.

use super::code::{Decoded, decode};
use super::items::{Item, Kind};
use super::{Reader, finality};
use crate::domain::codes::SetAsideCode;
use crate::domain::date::PartialDate;
use crate::domain::facts::{PetFinding, PetRecord, Reading, SuvMax, Topic};
use crate::fhir::element::{Quantity, Unreadable, View};
use crate::terminology::{Role, Terminology, normalise};

/// A SUVmax above this is an error in the record.
const GREATEST_PLAUSIBLE_SUV: f64 = 200.0;

/// Which number an Observation or component holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    SuvMax,
    NotSuvMax,
    StatisticNotStated,
    /// A local code whose text speaks of SUV without saying which.
    Unmapped,
    /// No SUV at all.
    None,
}

/// Where a finding was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Lesion,
    ThyroidBed,
    PhysiologicOrReference,
}

/// What the Observation says beside its numbers, with what the group that lists it says.
struct Surroundings {
    /// Labels, finding, and for groups their label.
    words: String,
    /// Body sites.
    sites: Decoded,
    /// Reading of the lesion.
    readings: Readings,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Readings {
    positive: bool,
    negative: bool,
}

impl Readings {
    fn of(code: &Decoded) -> Self {
        Self {
            positive: code.is(Role::ReadingPositive),
            negative: code.is_any(&[Role::ReadingNegative, Role::FindingAbsent]),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            positive: self.positive || other.positive,
            negative: self.negative || other.negative,
        }
    }

    fn any(self) -> bool {
        self.positive || self.negative
    }

    /// As the reading of one lesion: a reading that contradicts itself does not confirm a high value.
    fn of_lesion(self) -> Option<Reading> {
        match self {
            Self { negative: true, .. } => Some(Reading::Negative),
            Self { positive: true, .. } => Some(Reading::Positive),
            _ => None,
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn pet_open(
        &mut self,
        item: &Item<'a>,
        date: Option<PartialDate>,
        code: SetAsideCode,
    ) {
        self.pet(
            item,
            date,
            true,
            Pet {
                findings: vec![PetFinding::SetAside(code)],
                forms_study: false,
                ..Pet::default()
            },
        );
    }

    fn pet(&mut self, item: &Item<'a>, date: Option<PartialDate>, is_final: bool, mut pet: Pet) {
        // Most records have one finding, and there may be 100,000 of them.
        pet.findings.shrink_to_fit();
        let study = self
            .items
            .ancestors(item)
            .last()
            .map(|root| root.reference.clone());
        self.chart.facts.pet.push(PetRecord {
            record: self.record(item, date),
            study,
            tracer_presumed: pet.tracer_presumed,
            is_final,
            forms_study: pet.forms_study,
            has_free_text: pet.has_free_text,
            findings: pet.findings,
        });
    }

    pub(super) fn report(&mut self, item: &Item<'a>) -> Result<(), Unreadable> {
        let keep = [
            "status",
            "code",
            "effectiveDateTime",
            "effectivePeriod",
            "conclusion",
            "conclusionCode",
            "result",
        ];
        let resource = self.read_members(item, &keep)?;
        let view = resource.view();
        let date = self.date_of(item, view)?;
        let is_final = match finality(view.text("status")?, true) {
            Ok(is_final) => is_final,
            Err(code) => {
                self.set_aside(Topic::FdgUptake, self.record(item, date), code);
                return Ok(());
            }
        };
        if resource.is_modified {
            self.pet_open(item, date, SetAsideCode::ModifierExtension);
            return Ok(());
        }
        let code = decode(self.terminology, &view.concept("code")?.unwrap_or_default());
        let words = &self.terminology.words;
        if !code.is(Role::FdgPetStudy)
            && (code.is(Role::OtherTracer) || words.other_tracer.occur_in(&code.words))
            && !words.fdg.occur_in(&code.words)
        {
            self.set_aside(
                Topic::FdgUptake,
                self.record(item, date),
                SetAsideCode::NotFdg,
            );
            return Ok(());
        }
        let mut findings = Vec::new();
        for conclusion in view.concepts("conclusionCode")? {
            if decode(self.terminology, &conclusion).is(Role::ReportNegative) {
                findings.push(PetFinding::StudyReading(Reading::Negative));
            }
        }
        let has_free_text = view
            .text("conclusion")?
            .is_some_and(|text| !text.trim().is_empty());
        self.pet(
            item,
            date,
            is_final,
            Pet {
                findings,
                has_free_text,
                forms_study: true,
                tracer_presumed: false,
            },
        );
        Ok(())
    }

    pub(super) fn pet_observation(
        &mut self,
        item: &Item<'a>,
        view: View<'_>,
        code: &Decoded,
        date: Option<PartialDate>,
        is_final: bool,
    ) -> Result<(), Unreadable> {
        let words = &self.terminology.words;
        let components = view.many("component")?;
        let mut decoded_components = Vec::new();
        for component in &components {
            let code = decode(
                self.terminology,
                &component.concept("code")?.unwrap_or_default(),
            );
            let value = decode(
                self.terminology,
                &component
                    .concept("valueCodeableConcept")?
                    .unwrap_or_default(),
            );
            decoded_components.push((*component, code, value));
        }
        let method = decode(
            self.terminology,
            &view.concept("method")?.unwrap_or_default(),
        );
        let value = decode(
            self.terminology,
            &view.concept("valueCodeableConcept")?.unwrap_or_default(),
        );

        // Tracer: named here, or by the group, panel or report that lists this record.
        let mut tracer = code.clone().and(&method);
        for (_, code, value) in &decoded_components {
            tracer = tracer.and(code).and(value);
        }
        let ancestors = self.items.ancestors(item);
        let mut fdg_from_list = false;
        for listing in ancestors
            .iter()
            .filter_map(|ancestor| self.listing(ancestor))
        {
            let code = &listing.code;
            fdg_from_list |= code.is_any(&[Role::FdgPetStudy, Role::FdgTracer])
                || words.fdg.occur_in(&code.words);
            if code.is(Role::OtherTracer) {
                tracer.roles = tracer.roles.union(code.roles);
            }
            if words.other_tracer.occur_in(&code.words) {
                tracer.words.push(' ');
                tracer.words.push_str(&code.words);
            }
        }
        let own_fdg = tracer.is_any(&[Role::FdgPetStudy, Role::FdgTracer])
            || words.fdg.occur_in(&tracer.words);
        let fdg = own_fdg || fdg_from_list;
        if !fdg && (tracer.is(Role::OtherTracer) || words.other_tracer.occur_in(&tracer.words)) {
            self.set_aside(
                Topic::FdgUptake,
                self.record(item, date),
                SetAsideCode::NotFdg,
            );
            return Ok(());
        }

        let surroundings =
            self.surroundings(view, code, &value, &decoded_components, &ancestors)?;
        let mut pet = Pet {
            forms_study: true,
            tracer_presumed: !fdg,
            ..Pet::default()
        };
        pet.has_free_text = self.has_free_text(view)?;

        // The statistic may be said by a component of its own.
        let mut statistic = method.clone();
        for (_, code, value) in &decoded_components {
            if code.is(Role::StatisticMarker) {
                statistic = statistic.and(value);
            }
        }
        let mut measured = false;
        let own = self.measure(code, &statistic, view)?;
        if own != Measure::None {
            measured = true;
            self.lesion(own, view, &code.words, &surroundings, &mut pet)?;
        }
        for (component, code, _) in &decoded_components {
            if code.is(Role::StatisticMarker) {
                continue;
            }
            let measure = self.measure(code, &statistic, *component)?;
            if measure == Measure::None {
                continue;
            }
            measured = true;
            let mut readings = surroundings.readings;
            for interpretation in component.concepts("interpretation")? {
                readings = readings.and(Readings::of(&decode(self.terminology, &interpretation)));
            }
            let words = format!("{} {}", surroundings.words, code.words);
            let around = Surroundings {
                words,
                sites: surroundings.sites.clone(),
                readings,
            };
            self.lesion(measure, *component, &code.words, &around, &mut pet)?;
        }
        if measured {
            if pet
                .findings
                .contains(&PetFinding::SetAside(SetAsideCode::UnmappedCode))
            {
                self.unmapped(item, Topic::FdgUptake);
            }
            // A record that is not understood does not show that a study took place.
            pet.forms_study = pet
                .findings
                .iter()
                .any(|finding| *finding != PetFinding::SetAside(SetAsideCode::UnmappedCode));
            self.pet(item, date, is_final, pet);
            return Ok(());
        }
        self.reading_only(
            item,
            view,
            code,
            &value,
            fdg,
            own_fdg,
            &surroundings,
            date,
            is_final,
            pet,
        )
    }

    /// An Observation without a number: a reading of the study or of a lesion, a panel, free text, or nothing known.
    #[allow(clippy::too_many_arguments)]
    fn reading_only(
        &mut self,
        item: &Item<'a>,
        view: View<'_>,
        code: &Decoded,
        value: &Decoded,
        fdg: bool,
        own_fdg: bool,
        surroundings: &Surroundings,
        date: Option<PartialDate>,
        is_final: bool,
        mut pet: Pet,
    ) -> Result<(), Unreadable> {
        let readings = surroundings.readings;
        let has_site = view.has("bodySite");
        let lists_findings = item.lists_findings;
        if lists_findings && !code.is(Role::FdgPetStudy) {
            // A group: its reading, site and label are those of its members.
            return Ok(());
        }
        let speaks_of_fdg = own_fdg || (fdg && readings.any());
        if !speaks_of_fdg {
            return Ok(());
        }
        if readings.any() {
            if has_site {
                if readings.positive {
                    pet.findings
                        .push(PetFinding::SetAside(SetAsideCode::SuvMaxNotRecorded));
                }
            } else {
                if readings.positive {
                    pet.findings
                        .push(PetFinding::StudyReading(Reading::Positive));
                }
                if readings.negative {
                    pet.findings
                        .push(PetFinding::StudyReading(Reading::Negative));
                }
            }
        } else if view.has("dataAbsentReason") {
            pet.findings
                .push(PetFinding::SetAside(SetAsideCode::DataAbsent));
        } else {
            let understood = code.known || value.known || view.has("valueString") || lists_findings;
            if !understood && view.choice("value")?.is_some() {
                pet.forms_study = false;
                pet.findings
                    .push(PetFinding::SetAside(SetAsideCode::UnmappedCode));
                self.unmapped(item, Topic::FdgUptake);
            }
        }
        self.pet(item, date, is_final, pet);
        Ok(())
    }

    fn surroundings(
        &self,
        view: View<'_>,
        code: &Decoded,
        value: &Decoded,
        components: &[(View<'_>, Decoded, Decoded)],
        ancestors: &[&Item<'a>],
    ) -> Result<Surroundings, Unreadable> {
        let words = &self.terminology.words;
        let mut around = Surroundings {
            words: format!("{} {}", code.words, value.words),
            sites: Decoded::default(),
            readings: self.readings(view, value)?,
        };
        if code.is(Role::FindingAbsent) {
            around.readings.negative = true;
        }
        for site in view.concepts("bodySite")? {
            around.sites = around.sites.and(&decode(self.terminology, &site));
        }
        for (component, code, value) in components {
            let is_reading = words.fdg.occur_in(&code.words)
                || code.is(Role::FdgPetStudy)
                || words.fdg.occur_in(&around.words);
            if is_reading && !code.is(Role::StatisticMarker) {
                around.readings = around.readings.and(Readings::of(value));
                match component.boolean("valueBoolean")? {
                    Some(true) => around.readings.positive = true,
                    Some(false) => around.readings.negative = true,
                    None => {}
                }
            }
        }
        // The group that lists this record speaks for it, unless it is the study as a whole.
        let group = ancestors
            .first()
            .filter(|group| group.kind == Kind::Observation);
        if let Some(group) = group {
            // What an unreadable group says of its members is not known to be harmless.
            let group = self.listing(group).ok_or(Unreadable)?;
            if !group.code.is(Role::FdgPetStudy) {
                around.readings = around.readings.and(group.readings);
                // What the group is called says nothing about a single member ("lesions", and the liver for reference); what
                // it found does.
                around.words = format!("{} {}", around.words, group.value.words);
                around.sites = around.sites.and(&group.sites);
            }
        }
        Ok(around)
    }

    pub(super) fn readings(&self, view: View<'_>, value: &Decoded) -> Result<Readings, Unreadable> {
        let mut readings = Readings::of(value);
        match view.boolean("valueBoolean")? {
            Some(true) => readings.positive = true,
            Some(false) => readings.negative = true,
            None => {}
        }
        for interpretation in view.concepts("interpretation")? {
            readings = readings.and(Readings::of(&decode(self.terminology, &interpretation)));
        }
        Ok(readings)
    }

    fn has_free_text(&self, view: View<'_>) -> Result<bool, Unreadable> {
        if view
            .text("valueString")?
            .is_some_and(|text| !text.trim().is_empty())
        {
            return Ok(true);
        }
        for note in view.many("note")? {
            if note
                .text("text")?
                .is_some_and(|text| self.terminology.words.speaks_of_fdg(&normalise(text)))
            {
                return Ok(true);
            }
        }
        for component in view.many("component")? {
            if component
                .text("valueString")?
                .is_some_and(|text| !text.trim().is_empty())
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Which number this is, by its code, its name and the statistic said beside it.
    fn measure(
        &self,
        code: &Decoded,
        statistic: &Decoded,
        view: View<'_>,
    ) -> Result<Measure, Unreadable> {
        let words = &self.terminology.words;
        let named = words.suv_max.occur_in(&code.words) || code.is(Role::SuvMax);
        let suv = named || code.is(Role::Suv) || words.suv.occur_in(&code.words);
        if code.is(Role::NotSuvMax)
            || (words.not_suv_max.occur_in(&code.words) && self.looks_like_pet_number(view, suv)?)
        {
            return Ok(Measure::NotSuvMax);
        }
        if !suv {
            return Ok(Measure::None);
        }
        let said = statistic.clone().and(code);
        let text_of_method = words.suv_max.occur_in(&statistic.words);
        let unit_says_maximum = match view.quantity("valueQuantity")? {
            Some(quantity) => [quantity.code, quantity.unit]
                .iter()
                .any(|unit| squeeze(unit) == "{suvmax}"),
            None => false,
        };
        Ok(
            if statistic.is(Role::NotSuvMax)
                || said.is(Role::StatisticOther) && !said.is(Role::StatisticMaximum)
            {
                Measure::NotSuvMax
            } else if named
                || said.is(Role::StatisticMaximum)
                || text_of_method
                || unit_says_maximum
                || says_maximum(&said.words)
            {
                Measure::SuvMax
            } else if code.is(Role::Suv) {
                Measure::StatisticNotStated
            } else {
                Measure::Unmapped
            },
        )
    }

    fn looks_like_pet_number(&self, view: View<'_>, suv: bool) -> Result<bool, Unreadable> {
        Ok(suv || view.has("valueQuantity") || view.has("valueInteger") || view.has("valueRange"))
    }

    fn lesion(
        &self,
        measure: Measure,
        view: View<'_>,
        label: &str,
        around: &Surroundings,
        pet: &mut Pet,
    ) -> Result<(), Unreadable> {
        let set_aside = |code| PetFinding::SetAside(code);
        match measure {
            Measure::NotSuvMax => {
                pet.findings.push(set_aside(SetAsideCode::NotSuvMax));
                return Ok(());
            }
            Measure::StatisticNotStated => {
                pet.findings
                    .push(set_aside(SetAsideCode::StatisticNotStated));
                return Ok(());
            }
            Measure::Unmapped => {
                pet.findings.push(set_aside(SetAsideCode::UnmappedCode));
                return Ok(());
            }
            Measure::SuvMax | Measure::None => {}
        }
        let place = place(self.terminology, label, around);
        if place == Place::PhysiologicOrReference {
            pet.findings
                .push(set_aside(SetAsideCode::PhysiologicOrReference));
            return Ok(());
        }
        let reading = around.readings.of_lesion();
        let suv_max = match value(self.terminology, view)? {
            Value::SuvMax(suv_max) => suv_max,
            Value::SetAside(code) => {
                pet.findings.push(set_aside(code));
                return Ok(());
            }
            Value::FreeText => {
                pet.has_free_text = true;
                if reading == Some(Reading::Positive) {
                    pet.findings
                        .push(set_aside(SetAsideCode::SuvMaxNotRecorded));
                }
                return Ok(());
            }
        };
        // The threshold of the model decides whether uptake in the bed of the thyroid could matter; 2.5 g/mL there and here.
        if place == Place::ThyroidBed {
            pet.findings.push(match suv_max.at_or_above(2.5) {
                Some(false) => PetFinding::ThyroidBedBelowThreshold,
                _ => set_aside(SetAsideCode::ThyroidBed),
            });
            return Ok(());
        }
        pet.findings.push(PetFinding::Lesion { suv_max, reading });
        Ok(())
    }
}

/// A PET record in the making.
#[derive(Default)]
struct Pet {
    findings: Vec<PetFinding>,
    forms_study: bool,
    tracer_presumed: bool,
    has_free_text: bool,
}

fn place(terminology: &Terminology, label: &str, around: &Surroundings) -> Place {
    let words = &terminology.words;
    let site_words = &around.sites.words;
    let names_lesion = words.lesion.occur_in(&around.words) || words.lesion.occur_in(label);
    let reads_positive = around.readings.positive && !around.readings.negative;
    let any = |phrases: &crate::terminology::Words,
               pick: fn(&crate::terminology::Words) -> &crate::terminology::Phrases| {
        [&around.words, site_words]
            .iter()
            .any(|text| pick(phrases).occur_in(text))
            || pick(phrases).occur_in(label)
    };
    if any(words, |words| &words.reference) {
        Place::PhysiologicOrReference
    } else if around.sites.is(Role::ThyroidSite)
        || any(words, |words| &words.thyroid_bed)
        || words.thyroid.occur_in(site_words)
    {
        Place::ThyroidBed
    } else if words.liver.occur_in(&around.words) || words.liver.occur_in(label) {
        if names_lesion {
            Place::Lesion
        } else {
            Place::PhysiologicOrReference
        }
    } else if around.sites.is(Role::PhysiologicSite) || words.liver.occur_in(site_words) {
        if names_lesion || reads_positive {
            Place::Lesion
        } else {
            Place::PhysiologicOrReference
        }
    } else {
        Place::Lesion
    }
}

fn says_maximum(words: &str) -> bool {
    words
        .split(' ')
        .any(|token| matches!(token, "max" | "maximum"))
}

/// What the value of a SUVmax turns out to be.
enum Value {
    SuvMax(SuvMax),
    SetAside(SetAsideCode),
    FreeText,
}

fn value(terminology: &Terminology, view: View<'_>) -> Result<Value, Unreadable> {
    match view.choice("value")? {
        Some("valueQuantity") => {
            let Some(quantity) = view.quantity("valueQuantity")? else {
                return Ok(Value::SetAside(SetAsideCode::DataAbsent));
            };
            if let Some(refused) = unit(terminology, &quantity) {
                return Ok(Value::SetAside(refused));
            }
            let Some(text) = quantity.value else {
                return Ok(Value::SetAside(SetAsideCode::DataAbsent));
            };
            if text.parse::<f64>().is_err() {
                return Err(Unreadable);
            }
            let Some(number) = plausible(&text) else {
                return Ok(Value::SetAside(SetAsideCode::ImplausibleValue));
            };
            let (comparator, low, high) = match quantity.comparator {
                None => (None, number, number),
                Some("<") => (Some("<"), 0.0, number),
                Some("<=") => (Some("<="), 0.0, number),
                Some(">=") => (Some(">="), number, f64::INFINITY),
                Some(">") => (Some(">"), number, f64::INFINITY),
                Some(_) => return Err(Unreadable),
            };
            Ok(Value::SuvMax(SuvMax {
                value: text,
                comparator,
                low,
                high,
            }))
        }
        Some("valueInteger") => {
            let text = view.number("valueInteger")?.unwrap_or_default();
            Ok(match plausible(&text) {
                Some(number) => Value::SuvMax(SuvMax {
                    value: text,
                    comparator: None,
                    low: number,
                    high: number,
                }),
                None => Value::SetAside(SetAsideCode::ImplausibleValue),
            })
        }
        Some("valueRange") => range(terminology, view),
        Some("valueString") => Ok(Value::FreeText),
        None => Ok(Value::SetAside(SetAsideCode::DataAbsent)),
        Some(_) => Ok(Value::SetAside(SetAsideCode::UnitNotUnderstood)),
    }
}

fn range(terminology: &Terminology, view: View<'_>) -> Result<Value, Unreadable> {
    let Some(range) = view.one("valueRange")? else {
        return Ok(Value::SetAside(SetAsideCode::DataAbsent));
    };
    let (low, high) = (range.quantity("low")?, range.quantity("high")?);
    for bound in [&low, &high].into_iter().flatten() {
        if let Some(refused) = unit(terminology, bound) {
            return Ok(Value::SetAside(refused));
        }
    }
    let bound = |quantity: Option<Quantity<'_>>| quantity.and_then(|quantity| quantity.value);
    let (low, high) = (bound(low), bound(high));
    let numbers = (
        low.as_deref().map(plausible),
        high.as_deref().map(plausible),
    );
    Ok(match (low, high, numbers) {
        (None, None, _) => Value::SetAside(SetAsideCode::DataAbsent),
        (_, _, (Some(None), _) | (_, Some(None))) => {
            Value::SetAside(SetAsideCode::ImplausibleValue)
        }
        (_, _, (Some(Some(low)), Some(Some(high)))) if low > high => {
            Value::SetAside(SetAsideCode::ImplausibleValue)
        }
        (Some(text), _, (Some(Some(low)), high)) => Value::SuvMax(SuvMax {
            value: text,
            comparator: Some(">="),
            low,
            high: high.flatten().unwrap_or(f64::INFINITY),
        }),
        (_, Some(text), (_, Some(Some(high)))) => Value::SuvMax(SuvMax {
            value: text,
            comparator: Some("<="),
            low: 0.0,
            high,
        }),
        _ => Value::SetAside(SetAsideCode::DataAbsent),
    })
}

/// A finite number in (0, 200].
fn plausible(text: &str) -> Option<f64> {
    text.parse::<f64>()
        .ok()
        .filter(|number| number.is_finite() && *number > 0.0 && *number <= GREATEST_PLAUSIBLE_SUV)
}

/// Why the unit cannot be used, if so. The UCUM code decides, else the unit text; a refused unit in either place refuses.
/// Annotations are compared as text, before any thought of arithmetic: to UCUM `g/ml{SUVlbm}` and `g/ml{SUVbw}` are equal.
fn unit(terminology: &Terminology, quantity: &Quantity<'_>) -> Option<SetAsideCode> {
    let units = &terminology.words.units;
    let (code, text) = (squeeze(quantity.code), squeeze(quantity.unit));
    let is_ucum = quantity.system.is_empty()
        || quantity.system.trim() == "http://unitsofmeasure.org"
        || quantity.system == "urn:oid:2.16.840.1.113883.6.8";
    if [&code, &text]
        .iter()
        .any(|unit| units.refused.contains(unit))
    {
        return Some(SetAsideCode::NotSuvMax);
    }
    let deciding = if !code.is_empty() && (is_ucum || text.is_empty()) {
        code
    } else {
        text
    };
    (!deciding.is_empty() && !units.accepted.contains(&deciding))
        .then_some(SetAsideCode::UnitNotUnderstood)
}

/// Lower case, without blanks.
fn squeeze(unit: &str) -> String {
    unit.chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

//! Observations of disease status, metastasis site and stage. Those of a PET are read in [`super::pet`].

use super::code::{Decoded, Site, decode};
use super::items::Item;
use super::{Reader, effective, finality};
use crate::domain::codes::{Hint, SetAsideCode, Standing};
use crate::domain::date::PartialDate;
use crate::domain::facts::{
    Metastasis, MetastasisSource, Recurrence, RecurrenceSource, SiteGroup, Topic,
};
use crate::fhir::element::{Unreadable, View};
use crate::terminology::Role;
use std::collections::BTreeSet;

const KEEP: [&str; 20] = [
    "status",
    "code",
    "effectiveDateTime",
    "effectivePeriod",
    "effectiveInstant",
    "effectiveTiming",
    "valueQuantity",
    "valueCodeableConcept",
    "valueString",
    "valueBoolean",
    "valueInteger",
    "valueRange",
    "valueRatio",
    "valueDateTime",
    "dataAbsentReason",
    "interpretation",
    "note",
    "bodySite",
    "method",
    "component",
];

impl<'a> Reader<'a> {
    pub(super) fn observation(&mut self, item: &Item<'a>) -> Result<(), Unreadable> {
        let resource = self.read_members(item, &KEEP)?;
        let view = resource.view();
        let status = view.text("status")?;
        let date = self.date_of(item, view)?;
        let is_final = match finality(status, false) {
            Ok(is_final) => is_final,
            Err(code) => {
                for topic in item.topics.iter() {
                    self.set_aside(topic, self.record(item, date.clone()), code);
                }
                return Ok(());
            }
        };
        let standing = if resource.is_modified {
            Standing::Open(SetAsideCode::ModifierExtension)
        } else if is_final {
            Standing::Counts
        } else {
            Standing::Open(SetAsideCode::NotFinal)
        };
        let code = decode(self.terminology, &view.concept("code")?.unwrap_or_default());
        let value = decode(
            self.terminology,
            &view.concept("valueCodeableConcept")?.unwrap_or_default(),
        );
        view.choice("value")?;
        if item.topics.contains(Topic::Recurrence) {
            self.disease_status(item, &code, &value, view, &date, standing)?;
        }
        if item.topics.contains(Topic::MetastasisSites) {
            self.metastasis_observation(item, &code, &value, view, &date, standing)?;
        }
        if item.topics.contains(Topic::FdgUptake) {
            if resource.is_modified {
                self.pet_open(item, date, SetAsideCode::ModifierExtension);
            } else {
                self.pet_observation(item, view, &code, date, is_final)?;
            }
        }
        Ok(())
    }

    /// Its own date, or that of the record that lists it.
    pub(super) fn date_of(
        &self,
        item: &Item<'a>,
        view: View<'_>,
    ) -> Result<Option<PartialDate>, Unreadable> {
        if let Some(date) = effective(view)? {
            return Ok(Some(date));
        }
        let listings = self
            .items
            .ancestors(item)
            .into_iter()
            .filter_map(|ancestor| self.listing(ancestor));
        Ok(listings
            .into_iter()
            .find_map(|listing| listing.date.clone()))
    }

    fn disease_status(
        &mut self,
        item: &Item<'a>,
        code: &Decoded,
        value: &Decoded,
        view: View<'_>,
        date: &Option<PartialDate>,
        standing: Standing,
    ) -> Result<(), Unreadable> {
        let mut said = value.clone();
        let mut is_status = code.is(Role::DiseaseStatusObservation);
        for component in view.many("component")? {
            let code = decode(
                self.terminology,
                &component.concept("code")?.unwrap_or_default(),
            );
            is_status |= code.is(Role::DiseaseStatusObservation);
            said = said.and(&decode(
                self.terminology,
                &component
                    .concept("valueCodeableConcept")?
                    .unwrap_or_default(),
            ));
        }
        if !is_status {
            return Ok(());
        }
        let record = self.record(item, date.clone());
        if said.is(Role::DiseaseStatusWorsened) && standing == Standing::Counts {
            self.chart
                .facts
                .hints
                .insert((record.clone(), Hint::DiseaseWorsened));
        }
        let no_disease = said.is(Role::DiseaseStatusNoEvidence)
            || (said.is(Role::ObdsPrimaryNoDisease) && said.is(Role::ObdsNodesNoDisease));
        if said.is(Role::DiseaseStatusRecurrence) {
            let standing = match (standing, date) {
                (Standing::Counts, None) => Standing::Open(SetAsideCode::NoDate),
                (standing, _) => standing,
            };
            self.chart.facts.recurrences.push(Recurrence {
                record,
                what: RecurrenceSource::StatusObservation,
                standing,
            });
        } else if no_disease {
            match (standing, date) {
                (Standing::Counts, Some(_)) => self.chart.facts.no_disease.push(record),
                (Standing::Counts, None) => {
                    self.set_aside(Topic::Recurrence, record, SetAsideCode::NoDate)
                }
                (Standing::Open(code), _) => self.set_aside(Topic::Recurrence, record, code),
            }
        } else if let Standing::Open(code) = standing {
            // What it would say is not known to be harmless.
            if !said.known {
                self.chart.facts.recurrences.push(Recurrence {
                    record,
                    what: RecurrenceSource::StatusObservation,
                    standing: Standing::Open(code),
                });
            }
        }
        Ok(())
    }

    fn metastasis_observation(
        &mut self,
        item: &Item<'a>,
        code: &Decoded,
        value: &Decoded,
        view: View<'_>,
        date: &Option<PartialDate>,
        standing: Standing,
    ) -> Result<(), Unreadable> {
        let said_no = value.is_any(&[Role::ReadingNegative, Role::FindingAbsent])
            || view.boolean("valueBoolean")? == Some(false);
        let both = code.clone().and(value);
        let mut add =
            |source: MetastasisSource, groups: BTreeSet<SiteGroup>, standing: Standing| {
                self.chart.facts.metastases.push(Metastasis {
                    record: crate::domain::facts::Record {
                        reference: item.reference.clone(),
                        date: date.clone(),
                    },
                    onset: date.clone(),
                    groups,
                    source,
                    standing,
                });
            };
        if both.is(Role::StagingRegionalNodes) && !said_no {
            add(
                MetastasisSource::StagingNodes,
                BTreeSet::from([SiteGroup(SiteGroup::LYMPH_NODE.into())]),
                standing,
            );
        }
        if both.is(Role::StagingDistantMetastasis) && !said_no {
            add(MetastasisSource::StagingDistant, BTreeSet::new(), standing);
        }
        if code.is(Role::MetastasisSiteObservation) && !said_no {
            match value.site(self.terminology, |meaning| {
                meaning.body_site.or(meaning.metastasis)
            }) {
                Some(Site::Group(group)) => add(
                    MetastasisSource::Site,
                    BTreeSet::from([SiteGroup(group)]),
                    standing,
                ),
                Some(_) => add(MetastasisSource::Site, BTreeSet::new(), standing),
                None if view.has("dataAbsentReason") || view.choice("value")?.is_none() => {
                    let standing = match standing {
                        Standing::Counts => Standing::Open(SetAsideCode::DataAbsent),
                        open => open,
                    };
                    add(MetastasisSource::Site, BTreeSet::new(), standing);
                }
                None => add(MetastasisSource::Site, BTreeSet::new(), standing),
            }
        }
        Ok(())
    }
}

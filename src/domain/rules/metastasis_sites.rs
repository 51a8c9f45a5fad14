//! Metastases at more than one site (domain.md section 3, "Metastasis sites"): two or more site groups are present, one
//! group and nothing unspecified is absent.

use super::{Context, Finding};
use crate::domain::codes::{Caveat, Reason, SetAsideCode, Standing, What, WhatPart};
use crate::domain::facts::{Facts, Metastasis, MetastasisSource, SiteGroup, Topic};
use crate::domain::score::State;
use std::collections::BTreeSet;

/// The state before records that may not be used are thought of.
struct Tally {
    groups: BTreeSet<SiteGroup>,
    unspecified: bool,
}

impl Tally {
    fn of<'a>(metastases: impl Iterator<Item = &'a Metastasis>) -> Self {
        let mut tally = Self {
            groups: BTreeSet::new(),
            unspecified: false,
        };
        let mut stage_m1 = false;
        for metastasis in metastases {
            tally.groups.extend(metastasis.groups.iter().cloned());
            match metastasis.source {
                MetastasisSource::StagingDistant => stage_m1 = true,
                _ => tally.unspecified |= metastasis.groups.is_empty(),
            }
        }
        // M1 says "somewhere distant": beside a recorded distant site it says nothing new.
        let distant = tally
            .groups
            .iter()
            .any(|group| group.0 != SiteGroup::LYMPH_NODE);
        tally.unspecified |= stage_m1 && !distant;
        tally
    }

    fn state(&self) -> Result<State, Reason> {
        let is = |names: [&str; 2]| {
            self.groups.len() == 2
                && names
                    .iter()
                    .all(|name| self.groups.iter().any(|g| g.0 == *name))
        };
        match self.groups.len() {
            2 if is([SiteGroup::LYMPH_NODE, SiteGroup::MEDIASTINUM]) => {
                Err(Reason::MediastinumOrNode)
            }
            0 => Err(Reason::SiteNotRecorded),
            1 if self.unspecified => Err(Reason::SiteNotRecorded),
            1 => Ok(State::Absent),
            _ => Ok(State::Present),
        }
    }

    fn only_bone_and_marrow(&self) -> bool {
        self.groups.len() == 2
            && [SiteGroup::BONE, SiteGroup::BONE_MARROW]
                .iter()
                .all(|name| self.groups.iter().any(|g| g.0 == *name))
    }
}

/// Decides the predictor; beside it the site groups found.
pub fn decide(facts: &Facts, context: Context<'_>) -> (Finding, BTreeSet<SiteGroup>) {
    let mut finding = Finding::new();
    finding.set_aside.extend(
        facts
            .set_aside
            .iter()
            .filter(|(topic, _)| *topic == Topic::MetastasisSites)
            .map(|(_, s)| s.clone()),
    );
    for metastasis in current(facts, context) {
        finding.rests_on(&metastasis.record, what(metastasis));
        if metastasis.source != MetastasisSource::Site {
            finding.caveats.insert(Caveat::MetastasisFromStaging);
        }
    }
    for metastasis in &facts.metastases {
        if is_after_assessment(metastasis, context) {
            finding.set_aside(&metastasis.record, SetAsideCode::AfterAssessment);
        } else if let Standing::Open(code) = metastasis.standing {
            finding.set_aside(&metastasis.record, code);
        }
    }
    let tally = Tally::of(current(facts, context));
    let mut reasons = Vec::new();
    match tally.state() {
        Ok(State::Present) => {
            if tally.only_bone_and_marrow() {
                finding.caveats.insert(Caveat::BoneAndMarrowOnly);
            }
            finding.decide(State::Present);
            return (finding, tally.groups);
        }
        Ok(_) => {}
        Err(reason) => reasons.push(reason),
    }
    // Taken as positive, would an open record leave a single site?
    for open in facts
        .metastases
        .iter()
        .filter(|m| !is_after_assessment(m, context))
    {
        if let Standing::Open(code) = open.standing
            && Tally::of(current(facts, context).chain([open])).state() != Ok(State::Absent)
        {
            reasons.push(Reason::Open(code));
        }
    }
    let sources = &facts.sources;
    if !(sources.conditions.complete && sources.observations.complete) {
        reasons.push(Reason::SourceIncomplete);
    }
    if reasons.is_empty() {
        finding.decide(State::Absent);
    } else {
        finding.unknown(reasons);
    }
    (finding, tally.groups)
}

/// The metastases that count at the time of the assessment.
pub(super) fn current<'a>(
    facts: &'a Facts,
    context: Context<'a>,
) -> impl Iterator<Item = &'a Metastasis> {
    facts.metastases.iter().filter(move |metastasis| {
        metastasis.standing == Standing::Counts && !is_after_assessment(metastasis, context)
    })
}

fn is_after_assessment(metastasis: &Metastasis, context: Context<'_>) -> bool {
    metastasis
        .record
        .date
        .as_ref()
        .is_some_and(|date| date.days().low > context.today)
}

fn what(metastasis: &Metastasis) -> String {
    match metastasis.source {
        MetastasisSource::StagingNodes => What::StageN1.as_str().into(),
        MetastasisSource::StagingDistant => What::StageM1.as_str().into(),
        MetastasisSource::Site if metastasis.groups.is_empty() => {
            What::MetastasisWithoutSite.as_str().into()
        }
        MetastasisSource::Site => {
            let groups: Vec<&str> = metastasis
                .groups
                .iter()
                .map(|group| group.0.as_str())
                .collect();
            format!("{}{}", WhatPart::Metastasis.as_str(), groups.join(", "))
        }
    }
}

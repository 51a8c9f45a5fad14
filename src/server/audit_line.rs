//! One line of the audit trail: what was answered to whom, and nothing that names a patient.

use super::live::{Live, Tenancy};
use super::{State, metrics};
use crate::cds_hooks::response::{classification, state_name};
use crate::domain::assessment::Assessment;
use crate::domain::score::Predictor;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// A line that must be on disk is waited for this long.
const PATIENCE: Duration = Duration::from_secs(2);

/// The line is not on disk, and must be: the answer is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotRecorded;

/// Records a line, where there is a trail.
pub(super) async fn record(
    state: &State,
    live: &Live,
    line: &AuditLine<'_>,
) -> Result<(), NotRecorded> {
    let Some(audit) = &state.audit else {
        return Ok(());
    };
    let recorded = tokio::time::timeout(PATIENCE, audit.record(line)).await;
    let problem = match recorded {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the disk does not answer".to_owned(),
    };
    tracing::error!(problem, "an audit line is not on disk");
    match &live.settings.audit {
        Some(audit) if audit.required => {
            metrics::not_audited();
            Err(NotRecorded)
        }
        _ => Ok(()),
    }
}

/// A line.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditLine<'a> {
    /// Of the assessment.
    pub result_id: &'a str,
    /// What was found.
    #[serde(flatten)]
    pub found: Found,
    /// Why a card was shown or not.
    pub display: &'static str,
    /// The card, when it was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<Uuid>,
    /// Service.
    pub service: &'a str,
    /// Client.
    pub client: &'a str,
    /// Its tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<&'a str>,
    /// Pseudonym of the patient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<&'a str>,
    /// Pseudonym of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<&'a str>,
    /// SHA-256 of the model.
    pub model: &'a str,
    /// SHA-256 of the settings.
    pub settings: &'a str,
    /// From the head of the call until this line, microseconds.
    pub latency_us: u64,
}

/// The result in short.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    applicable: bool,
    reasons: Vec<&'static str>,
    caveats: Vec<&'static str>,
    states: BTreeMap<&'static str, &'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<[u32; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
}

impl Found {
    /// Of an assessment.
    pub fn of(assessment: &Assessment) -> Self {
        let applicability = &assessment.applicability;
        let scored = assessment.scored.as_ref();
        let mut caveats: Vec<_> = applicability.caveats.iter().map(|c| c.as_str()).collect();
        let mut states = BTreeMap::new();
        for (scored, predictor) in scored.iter().flat_map(|s| Predictor::ALL.map(|p| (s, p))) {
            let finding = &scored.predictor(predictor).finding;
            states.insert(predictor.name(), state_name(finding.state));
            caveats.extend(finding.caveats.iter().map(|c| c.as_str()));
        }
        Self {
            applicable: applicability.applies(),
            reasons: applicability.reasons.iter().map(|r| r.as_str()).collect(),
            caveats,
            states,
            score: scored.map(|scored| [scored.score.low, scored.score.high]),
            class: scored.map(|scored| classification(scored.classification)),
        }
    }
}

impl<'a> AuditLine<'a> {
    /// The members that follow from who is answered; the others are the call's.
    pub fn of_tenancy(tenancy: &'a Tenancy, found: Found) -> Self {
        Self {
            result_id: "",
            found,
            display: "",
            card: None,
            service: "",
            client: &tenancy.name.client,
            tenant: tenancy.name.tenant.as_deref(),
            patient: None,
            user: None,
            model: &tenancy.knowledge.model.sha256,
            settings: &tenancy.settings_sha256,
            latency_us: 0,
        }
    }
}

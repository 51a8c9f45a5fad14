//! What a server's `/metadata` says about its release.

use super::fetched::FailureReason;
use super::release::{Release, UnsupportedRelease};
use serde::Deserialize;

/// Why the release of a server is not known, or not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionProblem {
    /// The server says that it is of a release that cannot be read.
    #[error(transparent)]
    Unsupported(#[from] UnsupportedRelease),
    /// The server did not say.
    #[error("/metadata could not be read: {}", .0.as_str())]
    Unknown(FailureReason),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CapabilityStatement {
    fhir_version: String,
}

/// The release that the answer to `/metadata` states.
pub(super) fn stated(body: &[u8]) -> Result<Release, VersionProblem> {
    let statement: CapabilityStatement = serde_json::from_slice(body)
        .map_err(|_| VersionProblem::Unknown(FailureReason::NotFhirJson))?;
    Ok(Release::from_version(&statement.fhir_version)?)
}

//! FHIR releases, and what a server's `/metadata` says about its own.

use super::fetched::FailureReason;
use serde::Deserialize;
use std::fmt;

/// A release that this service reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FhirVersion {
    /// 4.0.x
    #[default]
    R4,
    /// 4.1.x and 4.3.x
    R4B,
    /// 5.0.x
    R5,
}

/// A release that this service does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("FHIR {release} ({version}) is not supported: only R4, R4B and R5 are")]
pub struct UnsupportedVersion {
    /// Its usual name, such as STU3.
    pub release: &'static str,
    /// `fhirVersion`, cut to digits, letters, dots and hyphens.
    pub version: String,
}

/// Why the release of a server is not known, or not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionProblem {
    /// The server says that it is of a release that cannot be read.
    #[error(transparent)]
    Unsupported(#[from] UnsupportedVersion),
    /// The server did not say.
    #[error("/metadata could not be read: {}", .0.as_str())]
    Unknown(FailureReason),
}

impl FhirVersion {
    /// The release of a `fhirVersion`.
    pub fn of(version: &str) -> Result<Self, UnsupportedVersion> {
        let mut parts = version.split('.');
        let release = match (parts.next(), parts.next()) {
            (Some("4"), Some("0")) => return Ok(Self::R4),
            (Some("4"), Some("1" | "3")) => return Ok(Self::R4B),
            (Some("5"), Some("0")) => return Ok(Self::R5),
            (Some("3"), Some("0")) => "STU3",
            (Some("1"), Some("0")) => "DSTU2",
            (Some("0"), _) => "DSTU1",
            _ => "of an unknown release",
        };
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        Err(UnsupportedVersion {
            release,
            version: version.chars().filter(is_plain).take(20).collect(),
        })
    }

    /// The name in settings and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::R4 => "R4",
            Self::R4B => "R4B",
            Self::R5 => "R5",
        }
    }
}

impl fmt::Display for FhirVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CapabilityStatement {
    fhir_version: String,
}

/// The release that the answer to `/metadata` states.
pub(super) fn stated(body: &[u8]) -> Result<FhirVersion, VersionProblem> {
    let statement: CapabilityStatement = serde_json::from_slice(body)
        .map_err(|_| VersionProblem::Unknown(FailureReason::NotFhirJson))?;
    Ok(FhirVersion::of(&statement.fhir_version)?)
}

#[cfg(test)]
mod tests {
    use super::FhirVersion;

    #[test]
    fn releases_are_told_apart() {
        for (version, expected) in [
            ("4.0.1", Ok(FhirVersion::R4)),
            ("4.0.0", Ok(FhirVersion::R4)),
            ("4.3.0", Ok(FhirVersion::R4B)),
            ("5.0.0", Ok(FhirVersion::R5)),
            ("3.0.2", Err("STU3")),
            ("1.0.2", Err("DSTU2")),
            ("0.0.82", Err("DSTU1")),
            ("6.0.0-ballot2", Err("of an unknown release")),
            ("40.0", Err("of an unknown release")),
            ("", Err("of an unknown release")),
        ] {
            let release = FhirVersion::of(version).map_err(|refusal| refusal.release);
            assert_eq!(release, expected, "{version}");
        }
    }
}

//! Which release of FHIR a chart is written in. What differs between them stands in `r5.rs`.

use std::fmt;
use std::str::FromStr;

/// A release of FHIR whose resources can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Release {
    /// 4.0.
    #[default]
    R4,
    /// 4.3.
    R4B,
    /// 5.0.
    R5,
}

/// A release of FHIR that cannot be read. Nothing of a chart in it may be guessed at: the caller refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedRelease {
    /// A release before R4: the server must offer a newer one.
    #[error("FHIR {0} is not supported; R4 (4.0.1), R4B (4.3.0) and R5 (5.0.0) are")]
    TooOld(&'static str),
    /// Neither a release that was ever published in full, nor one of those supported.
    #[error("no published FHIR release; R4 (4.0.1), R4B (4.3.0) and R5 (5.0.0) are supported")]
    NotPublished,
}

impl Release {
    /// The release of a version number as `CapabilityStatement.fhirVersion` gives it: `4.0.1`, `4.3.0`, `5.0.0`, or its first
    /// two parts as the `fhirVersion` parameter of a media type does. Ballots and previews (`5.0.0-ballot`, `4.6.0`) differ
    /// from what they became: refused, as DSTU2 and STU3 are.
    pub fn from_version(version: &str) -> Result<Self, UnsupportedRelease> {
        let mut parts = version.trim().split('.');
        let release = match (parts.next(), parts.next()) {
            (Some("4"), Some("0")) => Self::R4,
            (Some("4"), Some("3")) => Self::R4B,
            (Some("5"), Some("0")) => Self::R5,
            (Some("1"), Some("0")) => return Err(UnsupportedRelease::TooOld("DSTU2 (1.0.2)")),
            (Some("3"), Some("0")) => return Err(UnsupportedRelease::TooOld("STU3 (3.0.2)")),
            _ => return Err(UnsupportedRelease::NotPublished),
        };
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        match (parts.next(), parts.next()) {
            (None, _) => Ok(release),
            (Some(patch), None) if is_number(patch) => Ok(release),
            _ => Err(UnsupportedRelease::NotPublished),
        }
    }
}

/// `R4`, `R4B` or `R5`, in either case, or a version number.
impl FromStr for Release {
    type Err = UnsupportedRelease;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_uppercase().as_str() {
            "R4" => Ok(Self::R4),
            "R4B" => Ok(Self::R4B),
            "R5" => Ok(Self::R5),
            "DSTU2" | "R2" => Self::from_version("1.0.2"),
            "STU3" | "R3" => Self::from_version("3.0.2"),
            version => Self::from_version(version),
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::R4 => "R4",
            Self::R4B => "R4B",
            Self::R5 => "R5",
        })
    }
}

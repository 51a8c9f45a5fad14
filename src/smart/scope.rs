//! SMART scopes, in the grammar of version 1 (`patient/Condition.read`) and of version 2 (`patient/Condition.rs`).
//!
//! Source: SMART App Launch 1.0.0 and 2.2, "Scopes for requesting FHIR Resources".

use std::fmt;

/// A scope that we may ask for: reading a kind of resource, or who the user is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope(String);

/// A scope that we do not ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidScope {
    /// No grammar knows it.
    #[error(
        "expected scopes such as patient/Condition.rs (SMART v2) or patient/Condition.read (v1)"
    )]
    Grammar,
    /// The flow adds them itself.
    #[error("launch and launch/patient are added by the kind of launch: leave them out")]
    Launch,
    /// A token that outlives the launch.
    #[error(
        "the token is dropped after one reading: offline_access and online_access are never asked for"
    )]
    Refresh,
    /// More than reading.
    #[error("nothing is ever written: ask for .rs (SMART v2) or .read (v1)")]
    Writes,
    /// For servers, not users.
    #[error("system/ is for Backend Services; a launch has a user: patient/ or user/")]
    System,
    /// Part of the records.
    #[error("a scope with a filter would hide records, and what is hidden must not look absent")]
    Filtered,
}

/// What one scope of resources allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Resources<'a> {
    level: &'a str,
    /// A type, or `*`.
    resource_type: &'a str,
    reads: bool,
    searches: bool,
    writes: bool,
    /// Only some of them.
    is_filtered: bool,
}

/// What an authorization server granted, as far as it concerns resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted(Vec<String>);

impl Scope {
    /// Reads a scope of the configuration.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        match text {
            "openid" | "fhirUser" | "profile" => return Ok(Self(text.to_owned())),
            "offline_access" | "online_access" => return Err(InvalidScope::Refresh),
            _ if text == "launch" || text.starts_with("launch/") => {
                return Err(InvalidScope::Launch);
            }
            _ => {}
        }
        let resources = Resources::parse(text).ok_or(InvalidScope::Grammar)?;
        if resources.level == "system" {
            Err(InvalidScope::System)
        } else if resources.is_filtered {
            Err(InvalidScope::Filtered)
        } else if resources.writes {
            Err(InvalidScope::Writes)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// As it is asked for.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The scopes that are asked for where the configuration names none: reading of what the rules use, SMART v2.
pub fn default_scopes() -> Vec<String> {
    [
        "Patient",
        "Condition",
        "Observation",
        "Procedure",
        "MedicationAdministration",
        "DiagnosticReport",
    ]
    .map(|resource_type| format!("patient/{resource_type}.rs"))
    .into()
}

impl Granted {
    /// From the single scopes.
    pub fn new<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Self {
        Self(scopes.into_iter().map(str::to_owned).collect())
    }

    /// Whether **all** records of a type may be read and searched. A grant with a filter does not count: a search under it
    /// gives a part that looks like the whole.
    pub fn covers(&self, resource_type: &str) -> bool {
        let of_type = |resources: &Resources<'_>| {
            !resources.is_filtered && ["*", resource_type].contains(&resources.resource_type)
        };
        let granted = || {
            self.0
                .iter()
                .filter_map(|text| Resources::parse(text))
                .filter(of_type)
        };
        granted().any(|resources| resources.reads) && granted().any(|resources| resources.searches)
    }
}

impl<'a> Resources<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (level, rest) = text.split_once('/')?;
        if !["patient", "user", "system"].contains(&level) {
            return None;
        }
        let (resource_type, rest) = rest.split_once('.')?;
        let is_type = resource_type == "*"
            || resource_type.starts_with(|c: char| c.is_ascii_uppercase())
                && resource_type.bytes().all(|b| b.is_ascii_alphabetic());
        if !is_type {
            return None;
        }
        let (permissions, filter) = match rest.split_once('?') {
            Some((permissions, filter)) => (permissions, Some(filter)),
            None => (rest, None),
        };
        let resources = |reads, searches, writes| Self {
            level,
            resource_type,
            reads,
            searches,
            writes,
            is_filtered: filter.is_some(),
        };
        match permissions {
            // Version 1 knows no filters.
            "read" | "write" | "*" if filter.is_some() => None,
            "read" => Some(resources(true, true, false)),
            "write" => Some(resources(false, false, true)),
            "*" => Some(resources(true, true, true)),
            "" => None,
            _ => {
                // Some of c, r, u, d, s, in this order.
                let mut rest = "cruds".chars();
                permissions
                    .chars()
                    .all(|letter| rest.any(|known| known == letter))
                    .then(|| {
                        let has = |letter| permissions.contains(letter);
                        resources(has('r'), has('s'), has('c') || has('u') || has('d'))
                    })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Granted, InvalidScope, Scope, default_scopes};

    #[test]
    fn only_reading_is_asked_for_in_either_grammar() {
        use InvalidScope::*;
        for (text, expected) in [
            ("patient/Condition.rs", Ok(())),
            ("patient/Condition.read", Ok(())),
            ("user/*.rs", Ok(())),
            ("user/*.read", Ok(())),
            ("patient/Patient.r", Ok(())),
            ("openid", Ok(())),
            ("fhirUser", Ok(())),
            ("launch", Err(Launch)),
            ("launch/patient", Err(Launch)),
            ("offline_access", Err(Refresh)),
            ("online_access", Err(Refresh)),
            ("patient/Condition.write", Err(Writes)),
            ("patient/*.*", Err(Writes)),
            ("patient/Condition.cruds", Err(Writes)),
            ("patient/Condition.u", Err(Writes)),
            ("system/Condition.rs", Err(System)),
            ("patient/Observation.rs?category=laboratory", Err(Filtered)),
            ("patient/Condition.sr", Err(Grammar)),
            ("patient/Condition.rr", Err(Grammar)),
            ("patient/Condition.", Err(Grammar)),
            ("patient/Condition", Err(Grammar)),
            ("patient/condition.rs", Err(Grammar)),
            ("patient/Condition.read?x=y", Err(Grammar)),
            ("patient/.rs", Err(Grammar)),
            ("other/Condition.rs", Err(Grammar)),
            ("patient/Condition.rs patient/Patient.rs", Err(Grammar)),
            ("", Err(Grammar)),
        ] {
            assert_eq!(Scope::parse(text).map(|_| ()), expected, "{text}");
        }
        for text in default_scopes() {
            assert!(Scope::parse(&text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_grant_covers_a_type_only_as_a_whole() {
        for (granted, expected) in [
            ("patient/Condition.rs", true),
            ("patient/Condition.read", true),
            ("launch patient/*.read", true),
            ("user/*.cruds", true),
            ("patient/*.*", true),
            ("patient/Condition.r patient/Condition.s", true),
            ("patient/Condition.r", false),
            ("patient/Condition.s", false),
            ("patient/Condition.write", false),
            ("patient/Observation.rs", false),
            ("patient/Condition.rs?category=x", false),
            ("patient/Condition.rs?category=x user/Condition.rs", true),
            ("launch openid", false),
            ("", false),
        ] {
            let scopes = granted.split(' ');
            assert_eq!(
                Granted::new(scopes).covers("Condition"),
                expected,
                "{granted}"
            );
        }
    }
}

//! SMART scopes, in the grammar of version 1 (`patient/Observation.read`) and 2 (`patient/Observation.rs`): what of a request is
//! granted, and what a granted scope lets read. This FHIR server can only be read, so nothing else is ever granted.

/// Scopes that say which context a launch has.
const CONTEXT: [&str; 2] = ["launch", "launch/patient"];

/// What is granted of a request: known scopes, no wider than reading. None when nothing is left.
pub fn granted(requested: &str) -> Option<String> {
    let mut scopes: Vec<String> = Vec::new();
    for scope in requested.split_whitespace().take(100) {
        let granted = if CONTEXT.contains(&scope) {
            Some(scope.to_owned())
        } else {
            Resource::parse(scope).and_then(|resource| resource.reading_part())
        };
        if let Some(granted) = granted
            && !scopes.contains(&granted)
        {
            scopes.push(granted);
        }
    }
    (!scopes.is_empty()).then(|| scopes.join(" "))
}

/// Whether a scope of this name is among them.
pub fn holds(scopes: &str, name: &str) -> bool {
    scopes.split_whitespace().any(|scope| scope == name)
}

/// Whether some scope is about one patient.
pub fn are_about_a_patient(scopes: &str) -> bool {
    scopes.split_whitespace().any(|s| s.starts_with("patient/"))
}

/// A granted scope as a person reads it.
pub fn in_words(scope: &str) -> String {
    match scope {
        "launch" => "know the patient whose chart is open".into(),
        "launch/patient" => "know the patient whom you choose".into(),
        _ => Resource::parse(scope).map_or_else(String::new, |resource| {
            let what = match resource.resource_type {
                "*" => "all records",
                name => name,
            };
            match resource.context {
                "patient" => format!("read {what} of this patient"),
                _ => format!("read {what} of every patient that you may see"),
            }
        }),
    }
}

/// How far a token reaches for a resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Every patient.
    All,
    /// The patient of the launch.
    OnePatient,
}

/// How far granted scopes reach; none when they do not let this type be read (or searched).
pub fn reach(scopes: &str, resource_type: &str, is_search: bool) -> Option<Reach> {
    let mut reach = None;
    for resource in scopes.split_whitespace().filter_map(Resource::parse) {
        let is_type = resource.resource_type == "*" || resource.resource_type == resource_type;
        if is_type && resource.permits(if is_search { 's' } else { 'r' }) {
            match resource.context {
                "patient" => reach = reach.or(Some(Reach::OnePatient)),
                _ => reach = Some(Reach::All),
            }
        }
    }
    reach
}

/// `context/Type.permissions`.
struct Resource<'a> {
    context: &'a str,
    resource_type: &'a str,
    permissions: &'a str,
}

impl<'a> Resource<'a> {
    fn parse(scope: &'a str) -> Option<Self> {
        let (context, rest) = scope.split_once('/')?;
        let (resource_type, permissions) = rest.split_once('.')?;
        // A finer scope (`?category=...`) is not understood, and so not granted: never more than was asked for.
        let is_type = resource_type == "*"
            || (resource_type.starts_with(|c: char| c.is_ascii_uppercase())
                && resource_type.chars().all(|c| c.is_ascii_alphabetic()));
        let is_permission = matches!(permissions, "read" | "write" | "*")
            || (!permissions.is_empty() && permissions.chars().all(|c| "cruds".contains(c)));
        (matches!(context, "patient" | "user") && is_type && is_permission).then_some(Self {
            context,
            resource_type,
            permissions,
        })
    }

    fn permits(&self, permission: char) -> bool {
        matches!(self.permissions, "read" | "*") || self.permissions.contains(permission)
    }

    /// The part of it that reads, in the grammar that it is written in.
    fn reading_part(&self) -> Option<String> {
        let permissions = match self.permissions {
            "read" | "*" => "read".to_owned(),
            "write" => return None,
            letters => letters.chars().filter(|c| "rs".contains(*c)).collect(),
        };
        (!permissions.is_empty())
            .then(|| format!("{}/{}.{permissions}", self.context, self.resource_type))
    }
}

#[cfg(test)]
mod tests {
    use super::{Reach, granted, reach};

    #[test]
    fn only_reading_is_granted() {
        for (requested, expected) in [
            ("launch patient/*.rs", Some("launch patient/*.rs")),
            ("patient/*.cruds", Some("patient/*.rs")),
            ("patient/Observation.*", Some("patient/Observation.read")),
            ("patient/Observation.write", None),
            ("patient/Observation.cud", None),
            ("openid fhirUser offline_access", None),
            (
                "launch/patient launch/patient user/*.read",
                Some("launch/patient user/*.read"),
            ),
            ("system/*.rs", None),
            ("patient/Observation.rs?category=laboratory", None),
            ("patient/<script>.rs", None),
            ("", None),
        ] {
            assert_eq!(granted(requested).as_deref(), expected, "{requested}");
        }
    }

    #[test]
    fn a_scope_reaches_so_far() {
        for (scopes, name, is_search, expected) in [
            ("patient/*.rs", "Condition", true, Some(Reach::OnePatient)),
            ("patient/Condition.r", "Condition", true, None),
            (
                "patient/Condition.r",
                "Condition",
                false,
                Some(Reach::OnePatient),
            ),
            (
                "patient/Condition.read",
                "Condition",
                true,
                Some(Reach::OnePatient),
            ),
            ("patient/Condition.rs", "Observation", false, None),
            (
                "user/*.read patient/*.rs",
                "Condition",
                true,
                Some(Reach::All),
            ),
            ("launch", "Patient", false, None),
        ] {
            assert_eq!(reach(scopes, name, is_search), expected, "{scopes} {name}");
        }
    }
}

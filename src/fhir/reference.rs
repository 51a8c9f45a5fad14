//! References between resources: relative, absolute, `urn:uuid:` and `#contained`.

/// The last two segments of a literal reference, `Type/id`, without a version; none for `#x` and `urn:`.
pub fn type_and_id(reference: &str) -> Option<(&str, &str)> {
    let reference = reference
        .split_once("/_history/")
        .map_or(reference, |(before, _)| before);
    if reference.starts_with('#') || reference.starts_with("urn:") {
        return None;
    }
    let (rest, id) = reference.rsplit_once('/')?;
    let resource_type = rest.rsplit('/').next()?;
    (!id.is_empty()
        && resource_type
            .chars()
            .next()
            .is_some_and(|c| c.is_ascii_uppercase()))
    .then_some((resource_type, id))
}

#[cfg(test)]
mod tests {
    use super::type_and_id;

    #[test]
    fn the_last_two_segments_name_a_resource() {
        for (reference, expected) in [
            ("Patient/p1", Some(("Patient", "p1"))),
            (
                "https://ehr.example.org/fhir/Patient/p1",
                Some(("Patient", "p1")),
            ),
            ("Patient/p1/_history/3", Some(("Patient", "p1"))),
            ("urn:uuid:7f1d", None),
            ("#p1", None),
            ("p1", None),
            ("Patient/", None),
        ] {
            assert_eq!(type_and_id(reference), expected, "{reference}");
        }
    }
}

//! Prefetch templates filled with values of a call, so that a value never becomes more than a value.

use std::fmt::Write;

/// Fills `{{name}}` tokens. Whatever a value holds, it stays one value of one parameter or one segment of the path:
/// everything but RFC 3986's unreserved characters is percent-encoded, and what separates FHIR search values (`,`, `|`, `$`)
/// is escaped as FHIR says (R4 search, 3.1.1.3.2).
///
/// None when a token is not closed or has no value, when a value is empty (`patient=` would ask for every patient), or when
/// a segment of the path came out as `.` or `..`.
pub fn fill<'v>(template: &str, values: &dyn Fn(&str) -> Option<&'v str>) -> Option<String> {
    let mut filled = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (token, tail) = after.split_once("}}")?;
        filled.push_str(before);
        let value = values(token.trim()).filter(|value| !value.is_empty())?;
        encode(value, filled.contains('?'), &mut filled);
        rest = tail;
    }
    filled.push_str(rest);
    let path = filled.split('?').next().unwrap_or_default();
    let is_safe = path
        .split('/')
        .all(|segment| !matches!(segment, "." | ".."));
    is_safe.then_some(filled)
}

fn encode(value: &str, is_search_value: bool, filled: &mut String) {
    for byte in value.bytes() {
        if is_search_value && matches!(byte, b',' | b'|' | b'$' | b'\\') {
            filled.push_str("%5C");
        }
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            filled.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(filled, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fill;

    fn filled(template: &str, id: &'static str) -> Option<String> {
        fill(template, &|name| {
            (name == "context.patientId").then_some(id)
        })
    }

    #[test]
    fn a_value_stays_a_value() {
        const READ: &str = "Patient/{{context.patientId}}";
        const SEARCH: &str = "Condition?patient={{ context.patientId }}&_count=200";
        for (template, id, expected) in [
            (READ, "p-1", Some("Patient/p-1")),
            (SEARCH, "p-1", Some("Condition?patient=p-1&_count=200")),
            (
                SEARCH,
                "a&_id=b",
                Some("Condition?patient=a%26_id%3Db&_count=200"),
            ),
            (SEARCH, "a,b", Some("Condition?patient=a%5C%2Cb&_count=200")),
            (
                SEARCH,
                "a|b$c\\",
                Some("Condition?patient=a%5C%7Cb%5C%24c%5C%5C&_count=200"),
            ),
            (
                SEARCH,
                "a#b c",
                Some("Condition?patient=a%23b%20c&_count=200"),
            ),
            (
                SEARCH,
                "\u{fc}",
                Some("Condition?patient=%C3%BC&_count=200"),
            ),
            (
                SEARCH,
                "{{x}}",
                Some("Condition?patient=%7B%7Bx%7D%7D&_count=200"),
            ),
            (
                READ,
                "../Practitioner/x",
                Some("Patient/..%2FPractitioner%2Fx"),
            ),
            (READ, "a?b", Some("Patient/a%3Fb")),
            (READ, "%2e%2e", Some("Patient/%252e%252e")),
            (READ, "a\r\nHost: b", Some("Patient/a%0D%0AHost%3A%20b")),
            (READ, "..", None),
            (READ, ".", None),
            (READ, "", None),
            (SEARCH, "", None),
            (SEARCH, "..", Some("Condition?patient=..&_count=200")),
            ("Patient/{{context.patientId", "p-1", None),
            ("Patient/{{context.other}}", "p-1", None),
        ] {
            assert_eq!(
                filled(template, id).as_deref(),
                expected,
                "{template} {id:?}"
            );
        }
    }
}

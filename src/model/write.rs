//! JSON as a person would write it: what holds no lists or objects stands on one line, numbers have as many digits as are known.

use serde_json::{Number, Value};

/// The text of a value, ending with a line feed.
pub fn pretty(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, 0);
    text.push('\n');
    text
}

fn write(text: &mut String, value: &Value, depth: usize) {
    let is_plain = |value: &Value| !matches!(value, Value::Array(_) | Value::Object(_));
    let (open, close, space, items): (_, _, _, Vec<(String, &Value)>) = match value {
        Value::Array(items) => {
            let items = items.iter().map(|item| (String::new(), item));
            ('[', ']', "", items.collect())
        }
        Value::Object(members) => {
            let name = |name: &String| format!("{}: ", Value::from(name.as_str()));
            let items = members.iter().map(|(n, value)| (name(n), value));
            ('{', '}', " ", items.collect())
        }
        plain => return text.push_str(&plain.to_string()),
    };
    let on_one_line = items.iter().all(|(_, value)| is_plain(value));
    text.push(open);
    for (number, (name, item)) in items.iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        if !on_one_line {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', depth + 1));
        } else {
            text.push_str(if number > 0 { " " } else { space });
        }
        text.push_str(name);
        write(text, item, depth + 1);
    }
    if !on_one_line {
        text.push('\n');
        text.extend(std::iter::repeat_n(' ', depth));
    } else if !items.is_empty() {
        text.push_str(space);
    }
    text.push(close);
}

/// A number with so many significant digits.
pub(crate) fn digits(value: f64, significant: usize) -> f64 {
    format!("{value:.*e}", significant - 1)
        .parse()
        .unwrap_or(value)
}

/// The same as JSON; what is no number, as null.
pub(crate) fn number(value: f64, significant: usize) -> Value {
    let rounded = digits(value, significant);
    // Whole numbers without a point: a count is a count.
    if rounded.fract() == 0.0 && rounded.abs() < 1e15 {
        return (rounded as i64).into();
    }
    Number::from_f64(rounded).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_lists_stand_on_one_line_and_the_value_is_the_same() {
        let value = json!({ "a": [1.50, "x\"y"], "b": { "c": {}, "d": [] }, "e": [{ "f": null }] });
        let text = pretty(&value);
        assert_eq!(
            text,
            "{\n \"a\": [1.5, \"x\\\"y\"],\n \"b\": {\n  \"c\": {},\n  \"d\": []\n },\n \"e\": [\n  { \"f\": null }\n ]\n}\n"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}

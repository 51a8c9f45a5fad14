//! JSON laid out for reading, without changing anything of it: not a digit, not an order, not what occurs twice.

use super::names::turns_text;
use std::fmt::Write;

/// More than this is not laid out on a page.
pub const LONGEST: usize = 200_000;

/// JSON on several lines. What is longer than [`LONGEST`] is cut, and says so.
pub fn pretty(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    let mut characters = json.chars().peekable();
    while let Some(c) = characters.next() {
        if out.len() > LONGEST {
            out.push_str("\n... cut here: the rest is not shown on this page");
            return out;
        }
        if in_string {
            if turns_text(c) {
                // The same to JSON, and visible.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            } else {
                out.push(c);
            }
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while characters.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(close) = characters.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', depth.min(60)));
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn nothing_but_space_changes() {
        for (json, expected) in [
            (
                r#"{"a":1.50,"a":[],"b":{ }}"#,
                "{\n \"a\": 1.50,\n \"a\": [],\n \"b\": {}\n}",
            ),
            (r#"["x, \"{y}\\",2]"#, "[\n \"x, \\\"{y}\\\\\",\n 2\n]"),
            ("\"a\u{202e}b\"", "\"a\\u202eb\""),
            ("", ""),
        ] {
            assert_eq!(pretty(json), expected);
        }
    }
}

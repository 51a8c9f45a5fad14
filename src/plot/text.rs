//! Texts in a picture: how wide they are, where they are broken, what of them is markup. No font is known: widths are those
//! of a wide sans-serif.

/// About how wide a text is at a font size; rather too wide than too narrow.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(ems).sum::<f64>() * size
}

fn ems(c: char) -> f64 {
    match c {
        ' ' | 'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'I' => 0.32,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' | '"' => 0.40,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.92,
        'a'..='z' | '0'..='9' => 0.59,
        c if c.is_ascii() => 0.72,
        c if (c as u32) < 0x1100 => 0.66,
        // Chinese, Japanese, Korean: as wide as high.
        _ => 1.0,
    }
}

/// Lines no wider than this. A word that is wider by itself stands alone on its line, as a broken word is worse.
pub(super) fn wrap(text: &str, size: f64, most: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(word, size) + width(" ", size) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A text within XML: no markup, and no character that XML forbids.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                escaped.push(char::REPLACEMENT_CHARACTER);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// A count with commas: "1,234".
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_no_word_is_lost() {
        let text = "a calibration curve of the probability in words";
        let lines = wrap(text, 12.0, 100.0);
        assert!(lines.len() > 2);
        assert!(lines.iter().all(|line| width(line, 12.0) <= 100.0));
        assert_eq!(lines.join(" "), text);
        assert_eq!(wrap("immeasurable", 12.0, 10.0), ["immeasurable"]);
    }

    #[test]
    fn nothing_in_a_text_is_markup_or_forbidden() {
        assert_eq!(
            escape("<a b=\"c\" d='e'>&\u{0}\n\u{ffff}"),
            "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\u{fffd} \u{fffd}"
        );
    }

    #[test]
    fn counts_have_commas() {
        let texts = [0, 999, 1_000, 1_234_567].map(thousands);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
    }
}

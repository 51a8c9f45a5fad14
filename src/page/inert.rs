//! What a chart says, as text that does no harm: no control characters, no marks that turn the direction of what follows, not
//! longer than a page can bear. Escaping is the template's.

use crate::texts::Texts;

/// Longest text that is shown of a name, characters.
pub const NAME: usize = 120;
/// Longest reference or date, characters.
pub const REFERENCE: usize = 100;

/// The text without control characters and direction marks, cut to so many characters with an ellipsis.
pub fn clean(text: &str, longest: usize) -> String {
    let mut cleaned = String::new();
    let mut count = 0;
    for c in text.trim().chars() {
        let c = match c {
            // Embeddings, overrides, isolates and marks of direction; and what hides text.
            '\u{061c}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' => continue,
            '\u{2028}' | '\u{2029}' => ' ',
            c if c.is_control() => ' ',
            c => c,
        };
        if count == longest {
            cleaned.push('…');
            break;
        }
        cleaned.push(c);
        count += 1;
    }
    cleaned
}

/// The words of a code; a code without words is shown as it is, as harmless as any other text.
pub(super) fn words(texts: &Texts, list: &str, code: &str) -> String {
    match texts.find(&format!("{list}-{code}")) {
        Some(words) => words.to_owned(),
        None => clean(code, REFERENCE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_disturb_the_page_is_gone_and_the_rest_stays() {
        for (text, expected) in [
            ("Müller, 王小明", "Müller, 王小明"),
            ("a\u{202e}b\u{2066}c\u{200f}d\u{feff}", "abcd"),
            ("a\nb\0c\u{85}d\u{2028}e", "a b c d e"),
            ("  \u{202e} ", " "),
            // Joiners belong to the spelling of some languages.
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("<b>", "<b>"),
        ] {
            assert_eq!(clean(text, 100).trim(), expected.trim(), "{text:?}");
        }
        assert_eq!(clean(&"x".repeat(10_000), 5), "xxxxx…");
        assert_eq!(clean("xxxxx", 5), "xxxxx");
    }
}

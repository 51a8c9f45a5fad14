//! JSON, one level at a time: a member or item is read where it stands, as whatever the caller wants, in one pass over the text.
//!
//! serde_json reads each value; only the brackets and commas between them are read here. So an array of resources is cut without
//! a first pass that finds its end, and an item of another shape than expected costs only itself. [`Walk`] first. Knows no FHIR
//! and no hooks.

use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// serde_json reads 127 levels; deeper nesting is refused wherever it stands.
pub const DEEPEST_NESTING: usize = 127;

/// The text cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// No JSON.
    #[error("the text is not JSON")]
    NotJson,
    /// More levels than [`DEEPEST_NESTING`].
    #[error("the text nests deeper than {DEEPEST_NESTING} levels")]
    TooDeep,
}

/// A place in a JSON text.
#[derive(Debug, Clone)]
pub struct Walk<'a> {
    text: &'a str,
    at: usize,
    /// Arrays and objects that lie around it.
    depth: usize,
    /// An array or object was just entered: no comma is due.
    is_first: bool,
}

/// A member that an object may have once. Of two values either could be meant, so neither is taken.
#[derive(Debug, Default)]
pub enum Member<T> {
    /// Not there.
    #[default]
    Absent,
    /// There; none for null.
    Is(Option<T>),
    /// Another shape, or there twice.
    Unreadable,
}

/// A [`Member`] of another shape than expected, or one that is there twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a member has another shape than expected, or is there twice")]
pub struct UnreadableMember;

impl<T> Member<T> {
    /// Takes what was read; none for another shape.
    pub fn set(&mut self, read: Option<Option<T>>) {
        *self = match (&self, read) {
            (Self::Absent, Some(value)) => Self::Is(value),
            _ => Self::Unreadable,
        };
    }

    /// None for absent and null.
    ///
    /// # Errors
    /// Another shape, or there twice.
    pub fn read(self) -> Result<Option<T>, UnreadableMember> {
        match self {
            Self::Absent => Ok(None),
            Self::Is(value) => Ok(value),
            Self::Unreadable => Err(UnreadableMember),
        }
    }
}

impl<'a> Walk<'a> {
    /// Before the value that a text holds.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            is_first: false,
        }
    }

    /// The first byte of what comes next, after blanks.
    pub fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let blanks = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        self.at += blanks.count();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes into the object or array that comes next; false when it is none that opens with this byte.
    pub fn enter(&mut self, opening: u8) -> bool {
        let opens = self.peek() == Some(opening);
        self.at += usize::from(opens);
        self.depth += usize::from(opens);
        self.is_first = opens;
        opens
    }

    /// The name of the next member; none at the end of the object, which is left.
    pub fn name(&mut self) -> Result<Option<Cow<'a, str>>, Unfit> {
        if !self.next(b'}')? {
            return Ok(None);
        }
        if self.peek() != Some(b'"') {
            return Err(Unfit::NotJson);
        }
        let name = self.read::<Text<'a>>().map_err(|_| Unfit::NotJson)?.0;
        if self.peek() != Some(b':') {
            return Err(Unfit::NotJson);
        }
        self.at += 1;
        Ok(Some(name))
    }

    /// Whether there is another item; at the end of the array it is left.
    pub fn item(&mut self) -> Result<bool, Unfit> {
        self.next(b']')
    }

    fn next(&mut self, closing: u8) -> Result<bool, Unfit> {
        let is_first = std::mem::take(&mut self.is_first);
        match self.peek() {
            Some(byte) if byte == closing => {
                self.at += 1;
                self.depth = self.depth.saturating_sub(1);
                Ok(false)
            }
            Some(_) if is_first => Ok(true),
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            _ => Err(Unfit::NotJson),
        }
    }

    /// The value that comes next. `Ok(None)` when it has another shape; it is passed all the same.
    pub fn value<T: Deserialize<'a>>(&mut self) -> Result<Option<T>, Unfit> {
        let start = self.at;
        match self.read() {
            Ok(value) => self.is_shallow_since(start).map(|()| Some(value)),
            Err(_) => self.skip().map(|_| None),
        }
    }

    /// Passes the value that comes next, and gives its text.
    pub fn skip(&mut self) -> Result<&'a str, Unfit> {
        self.peek();
        let start = self.at;
        self.read::<IgnoredAny>().map_err(|_| Unfit::NotJson)?;
        self.is_shallow_since(start)?;
        Ok(&self.text[start..self.at])
    }

    fn is_shallow_since(&self, start: usize) -> Result<(), Unfit> {
        let levels = DEEPEST_NESTING.saturating_sub(self.depth);
        if nests_deeper(&self.text[start..self.at], levels) {
            return Err(Unfit::TooDeep);
        }
        Ok(())
    }

    /// What lies between an earlier place of the same text and this one.
    pub fn since(&self, earlier: &Self) -> &'a str {
        self.text.get(earlier.at..self.at).unwrap_or_default()
    }

    /// Whether nothing but blanks follows.
    pub fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    fn read<T: Deserialize<'a>>(&mut self) -> Result<T, serde_json::Error> {
        use serde::de::Error;
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter();
        let value = values
            .next()
            .unwrap_or_else(|| Err(serde_json::Error::custom("nothing follows")))?;
        self.at += values.byte_offset();
        Ok(value)
    }
}

/// A string, borrowed where no escape stands in the way.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Whether some array or object lies deeper than so many levels; brackets in strings do not count. serde_json passes over what
/// nobody reads without a limit, so this is looked at apart.
pub fn nests_deeper(json: &str, levels: usize) -> bool {
    let bytes = json.as_bytes();
    // Most values open fewer brackets than may lie in each other, and counting is fast.
    if memchr::memchr2_iter(b'{', b'[', bytes).count() <= levels {
        return false;
    }
    let mut depth = 0usize;
    let mut bytes = bytes.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => loop {
                match bytes.next() {
                    Some(b'\\') => {
                        bytes.next();
                    }
                    Some(b'"') | None => break,
                    Some(_) => {}
                }
            },
            b'{' | b'[' => {
                depth += 1;
                if depth > levels {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_counts_brackets_outside_strings() {
        for (json, depth) in [
            ("1", 0),
            ("[]", 1),
            (r#"{"a":[{"b":"[[[\"["}]}"#, 3),
            ("[[", 2),
            ("\"", 0),
            ("[],[],[]", 1),
        ] {
            assert!(!nests_deeper(json, depth), "{json}");
            assert!(depth == 0 || nests_deeper(json, depth - 1), "{json}");
        }
    }

    /// Every value of a text, walked to its leaves and written out again.
    fn rewritten(walk: &mut Walk<'_>) -> Result<String, Unfit> {
        let mut out = String::new();
        if walk.enter(b'{') {
            while let Some(name) = walk.name()? {
                out.push(if out.is_empty() { '{' } else { ',' });
                out += &format!("{}:{}", serde_json::json!(name), rewritten(walk)?);
            }
            out += if out.is_empty() { "{}" } else { "}" };
        } else if walk.enter(b'[') {
            while walk.item()? {
                out.push(if out.is_empty() { '[' } else { ',' });
                out += &rewritten(walk)?;
            }
            out += if out.is_empty() { "[]" } else { "]" };
        } else {
            out = walk.skip()?.to_owned();
        }
        Ok(out)
    }

    #[test]
    fn a_walk_finds_what_serde_json_finds() {
        for json in [
            r#" { "a" : [ 1 , -2.5e3 , "x\"]" , null , true , { } , [ ] ] , "\u0062" : { "c" : "d" } } "#,
            "[]",
            "7",
            r#"{"a":1,"a":2}"#,
        ] {
            let mut walk = Walk::new(json);
            let written = rewritten(&mut walk).unwrap();
            assert!(walk.is_at_end(), "{json}");
            let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert_eq!(read(&written), read(json), "{json}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused_wherever_it_breaks() {
        for json in [
            "",
            "{",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[1 2]",
            "[,1]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1 \"b\":2}",
            "{1:2}",
            "{a:1}",
            "\"",
            "01",
            "nul",
            "[1}",
            "{\"a\":1]",
            "\u{feff}1",
        ] {
            let mut walk = Walk::new(json);
            let refused = rewritten(&mut walk).is_err() || !walk.is_at_end();
            assert!(refused, "{json}");
            assert!(
                serde_json::from_str::<serde_json::Value>(json).is_err(),
                "{json}"
            );
        }
    }

    #[test]
    fn a_value_of_another_shape_is_passed() {
        let mut walk = Walk::new(r#"[{"a":[1,"]"]},"text"]"#);
        assert!(walk.enter(b'[') && walk.item().unwrap());
        assert_eq!(walk.value::<u8>(), Ok(None));
        assert_eq!(walk.item(), Ok(true));
        assert_eq!(walk.value::<String>(), Ok(Some("text".to_owned())));
        assert_eq!(walk.item(), Ok(false));
        assert!(walk.is_at_end());
    }

    #[test]
    fn a_value_that_nests_too_deep_is_refused_wherever_it_stands() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        for (levels, expected) in [
            (DEEPEST_NESTING, Ok(())),
            (DEEPEST_NESTING + 1, Err(Unfit::TooDeep)),
        ] {
            let whole = deep(levels);
            assert_eq!(Walk::new(&whole).skip().map(|_| ()), expected, "{levels}");
            let inside = deep(levels - 1);
            let member = format!("{{\"a\":{inside}}}");
            let mut walk = Walk::new(&member);
            assert!(walk.enter(b'{') && walk.name().unwrap().is_some());
            assert_eq!(walk.skip().map(|_| ()), expected, "{levels}");
            let wide = format!("[{}]", vec![deep(levels - 1); 3].join(","));
            assert_eq!(Walk::new(&wide).skip().map(|_| ()), expected, "{levels}");
        }
    }
}

//! Reads JSON in one pass over the bytes, keeping the place of every value.
//!
//! Intake must know more of a draft than a parser usually tells: the exact bytes of each value, how deep it is
//! nested, whether a `\u` escape is half of a pair, and each member's name in order, twice or not. Asking a general
//! parser for all that means reading every level again (`docs/decisions/0004-intake-json.md` has the figures), so this
//! is a small reader of its own: it accepts exactly the texts that JSON allows, less what would break a reader of
//! ours (nesting beyond [`JSON_DEPTH_MAX`], half surrogate pairs, numbers that no double holds).
//!
//! Objects and lists are here, strings and numbers in [`scan`].
//!
//! It never copies: what it hands out are slices of the text. Tests hold it against `serde_json`.

mod scan;

use super::fault::{Checked, Fault};
use crate::limits::JSON_DEPTH_MAX;
use std::borrow::Cow;

/// A place in a text, and how deep it is. Copying it is how one looks ahead or comes back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

/// A JSON string as it stands in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    /// With its quotes and escapes.
    pub(super) raw: &'a str,
    /// Whether it holds no escapes, so that its value is what stands between the quotes.
    plain: bool,
}

impl<'a> Text<'a> {
    /// Any value, only to be written again as it stands.
    pub(super) fn of_value(raw: &'a str) -> Self {
        Text { raw, plain: false }
    }

    /// What stands between the quotes.
    fn inside(self) -> &'a str {
        &self.raw[1..self.raw.len() - 1]
    }

    /// The string it stands for.
    #[inline]
    pub(super) fn value(self) -> Cow<'a, str> {
        if self.plain { Cow::Borrowed(self.inside()) } else { Cow::Owned(self.unescaped()) }
    }

    /// Escapes are rare, and the scan has made sure that they can be read.
    #[cold]
    fn unescaped(self) -> String {
        serde_json::from_str(self.raw).unwrap_or_default()
    }

    #[inline]
    pub(super) fn is(self, wanted: &str) -> bool {
        if self.plain { self.inside() == wanted } else { self.unescaped() == wanted }
    }
}

/// The next member of an object.
pub(super) enum Next<'a> {
    /// There is none.
    End,
    /// The one expected.
    Expected,
    /// Another one, of this name.
    Other(Text<'a>),
}

/// What a value is, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    List,
    Text,
    Number,
    Bool,
    Null,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Kind::Object => "an object",
            Kind::List => "a list",
            Kind::Text => "a string",
            Kind::Number => "a number",
            Kind::Bool => "true or false",
            Kind::Null => "null",
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Reader { text, at: 0, depth: 0 }
    }

    /// Reads something in which nesting is counted anew.
    pub(super) fn afresh<T>(&mut self, read: impl FnOnce(&mut Self) -> Checked<T>) -> Checked<T> {
        let outer = std::mem::replace(&mut self.depth, 0);
        let result = read(self);
        self.depth = outer;
        result
    }

    /// The text read since an earlier place.
    #[inline]
    pub(super) fn since(&self, start: Reader<'a>) -> &'a str {
        &self.text[start.at..self.at]
    }

    /// The next byte that is not blank.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        loop {
            let byte = *bytes.get(self.at)?;
            // Most bytes are above all blanks, and one comparison tells.
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Whether nothing but blanks is left.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// What the next value is. Leaves the place at its first byte.
    #[inline]
    pub(super) fn kind(&mut self) -> Checked<Kind> {
        match self.peek() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::List),
            Some(b'"') => Ok(Kind::Text),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            _ => Err(self.not_json("a value")),
        }
    }

    fn expect(&mut self, wanted: Kind) -> Checked<()> {
        let found = self.kind()?;
        if found == wanted { Ok(()) } else { Err(not_of_kind(wanted.words(), found)) }
    }

    /// Goes into an object. Its members then come from [`Reader::member`].
    pub(super) fn enter_object(&mut self) -> Checked<()> {
        self.expect(Kind::Object)?;
        self.enter()
    }

    /// Goes into a list. Its entries then come after [`Reader::entry`].
    pub(super) fn enter_list(&mut self) -> Checked<()> {
        self.expect(Kind::List)?;
        self.enter()
    }

    fn enter(&mut self) -> Checked<()> {
        if self.depth == JSON_DEPTH_MAX {
            return Err(Fault::new(format!("is nested deeper than {JSON_DEPTH_MAX} levels; flatten it")));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// The name of an object's next member, with the place at its value; none at the end of the object.
    pub(super) fn member(&mut self, first: &mut bool) -> Checked<Option<Text<'a>>> {
        if !self.next_of(b'}', "',' or '}'", first)? {
            return Ok(None);
        }
        if self.peek() != Some(b'"') {
            return Err(self.not_json("a member's name in quotes"));
        }
        self.name().map(Some)
    }

    /// Like [`Reader::member`], but where the next name is the expected one, that is told without a closer look at it.
    #[inline]
    pub(super) fn member_expecting(&mut self, expected: Option<&str>, first: &mut bool) -> Checked<Next<'a>> {
        if !self.next_of(b'}', "',' or '}'", first)? {
            return Ok(Next::End);
        }
        if self.peek() != Some(b'"') {
            return Err(self.not_json("a member's name in quotes"));
        }
        if let Some(expected) = expected
            && let Some(b':') = self.text.as_bytes().get(self.at + expected.len() + 2)
            && let Some(b'"') = self.text.as_bytes().get(self.at + expected.len() + 1)
            && self.text.as_bytes()[self.at + 1..].starts_with(expected.as_bytes())
        {
            self.at += expected.len() + 3;
            return Ok(Next::Expected);
        }
        self.name().map(Next::Other)
    }

    /// Reads a member's name, at whose opening quote the place is, and the colon after it.
    fn name(&mut self) -> Checked<Text<'a>> {
        let name = self.string()?;
        if self.peek() != Some(b':') {
            return Err(self.not_json("':'"));
        }
        self.at += 1;
        Ok(name)
    }

    /// Whether a list has a next entry; then the place is at it.
    pub(super) fn entry(&mut self, first: &mut bool) -> Checked<bool> {
        self.next_of(b']', "',' or ']'", first)
    }

    /// Whether an object or list goes on; if it ends here, goes out of it.
    fn next_of(&mut self, end: u8, wanted: &str, first: &mut bool) -> Checked<bool> {
        let next = self.peek();
        let was_first = std::mem::replace(first, false);
        if next == Some(end) {
            self.at += 1;
            self.depth = self.depth.saturating_sub(1);
            return Ok(false);
        }
        if !was_first {
            if next != Some(b',') {
                return Err(self.not_json(wanted));
            }
            self.at += 1;
        }
        Ok(true)
    }

    /// Reads a string.
    pub(super) fn text(&mut self) -> Checked<Text<'a>> {
        self.expect(Kind::Text)?;
        self.string()
    }

    /// Reads `true` or `false`.
    pub(super) fn boolean(&mut self) -> Checked<bool> {
        self.expect(Kind::Bool)?;
        let value = self.peek() == Some(b't');
        self.word(if value { "true" } else { "false" })?;
        Ok(value)
    }

    /// Reads `null`, if that is what comes.
    pub(super) fn null(&mut self) -> Checked<bool> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.word("null")?;
        Ok(true)
    }

    /// Reads any value and gives its bytes.
    pub(super) fn raw(&mut self) -> Checked<&'a str> {
        self.peek();
        let start = *self;
        self.skip()?;
        Ok(self.since(start))
    }

    /// Reads over any value. Recursion is bounded, because depth is.
    pub(super) fn skip(&mut self) -> Checked<()> {
        match self.kind()? {
            Kind::Object => {
                self.enter()?;
                let mut first = true;
                while let Some(name) = self.member(&mut first)? {
                    self.skip().map_err(|fault| fault.under(&name.value()))?;
                }
                Ok(())
            }
            Kind::List => {
                self.enter()?;
                let mut first = true;
                let mut index = 0;
                while self.entry(&mut first)? {
                    self.skip().map_err(|fault| fault.within(index))?;
                    index += 1;
                }
                Ok(())
            }
            Kind::Text => self.string().map(|_| ()),
            Kind::Number => self.digits().map(|_| ()),
            Kind::Bool => self.boolean().map(|_| ()),
            Kind::Null => self.word("null"),
        }
    }

    fn word(&mut self, word: &str) -> Checked<()> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.not_json("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    #[cold]
    fn not_json(&self, wanted: &str) -> Fault {
        let found = match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => format!("'{}'", found.escape_debug()),
            None => "the end".into(),
        };
        Fault::new(format!("is not JSON: {wanted} was expected at byte {}, not {found}", self.at))
    }
}

/// The fault of a value that is of another kind than wanted.
#[cold]
pub(super) fn not_of_kind(wanted: &str, found: Kind) -> Fault {
    Fault::new(format!("must be {wanted}, but is {}", found.words()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whether the text is one JSON value for this reader.
    fn reads(text: &str) -> bool {
        let mut reader = Reader::new(text);
        reader.skip().is_ok() && reader.is_at_end()
    }

    /// Whether it is one for `serde_json`. A value (not a skip) also checks escapes and the range of numbers.
    fn reads_elsewhere(text: &str) -> bool {
        serde_json::from_str::<serde_json::Value>(text).is_ok()
    }

    #[test]
    fn accepts_what_json_allows_and_nothing_else() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        for (text, good) in [
            (r#" {"a" : [1, -0.5e+3, true, false, null, "x\n\u00e9\ud83d\ude00"]} "#, true),
            ("[]", true),
            ("{}", true),
            ("-0", true),
            ("1E400", false),
            (&"9".repeat(400), false),
            ("01", false),
            ("1.", false),
            ("-", false),
            ("+1", false),
            ("1e", false),
            ("[1,]", false),
            ("{\"a\":1,}", false),
            ("{a:1}", false),
            ("{\"a\" 1}", false),
            ("[1 2]", false),
            ("\"\\x\"", false),
            ("\"\\u12g4\"", false),
            ("\"\\ud800\"", false),
            ("\"\\ud800\\u0041\"", false),
            ("\"\\udc00\"", false),
            ("\"a\nb\"", false),
            ("\"open", false),
            ("nul", false),
            ("truefalse", false),
            ("NaN", false),
            ("", false),
            ("1 2", false),
            (&deep(64), true),
        ] {
            assert_eq!(reads(text), good, "{text}");
            assert_eq!(reads_elsewhere(text), good, "{text}");
        }
        assert!(!reads(&deep(65)));
    }

    proptest! {
        #[test]
        fn agrees_with_another_parser(text in r#"[\[\]{},:"\\ue0-9.\-+a-f \n\u{1}é]{0,24}"#) {
            prop_assert_eq!(reads(&text), reads_elsewhere(&text));
        }

        #[test]
        fn strings_are_read_as_written(value in any::<String>()) {
            let text = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(Reader::new(&text).text().unwrap().value(), value);
        }
    }
}

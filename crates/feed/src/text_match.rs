//! Finding a text in a rendering: case does not count, and neither does how JSON spells a character.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::borrow::Cow;

/// A text looked for, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "SmolStr", into = "SmolStr")]
pub struct TextMatch {
    lower: SmolStr,
}

impl From<SmolStr> for TextMatch {
    fn from(text: SmolStr) -> Self {
        TextMatch::new(&text)
    }
}

impl From<TextMatch> for SmolStr {
    fn from(text: TextMatch) -> SmolStr {
        text.lower
    }
}

impl TextMatch {
    /// Looks for this text, whatever its case.
    pub fn new(text: &str) -> Self {
        TextMatch { lower: text.to_lowercase().into() }
    }

    /// The text, in lower case.
    pub fn as_str(&self) -> &str {
        &self.lower
    }

    /// Whether it stands anywhere in a rendering, whose `\u00e9` counts as `é`.
    pub fn is_in(&self, rendering: &[u8]) -> bool {
        let wanted = self.lower.as_bytes();
        // Nearly every rendering; nothing is copied then.
        if rendering.is_ascii() && !rendering.contains(&b'\\') {
            return contains_ascii(rendering, wanted);
        }
        unescaped(rendering).to_lowercase().contains(self.lower.as_str())
    }
}

fn contains_ascii(text: &[u8], wanted: &[u8]) -> bool {
    let Some((first, rest)) = wanted.split_first() else { return true };
    let Some(last) = text.len().checked_sub(wanted.len()) else { return false };
    let (lower, upper) = (*first, first.to_ascii_uppercase());
    text[..=last].iter().enumerate().any(|(at, byte)| {
        (*byte == lower || *byte == upper) && text[at + 1..=at + rest.len()].eq_ignore_ascii_case(rest)
    })
}

/// The characters that a JSON text stands for. What is no escape stays as it is.
fn unescaped(json: &[u8]) -> String {
    let text = String::from_utf8_lossy(json);
    let mut out = String::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (character, length) = escape(&rest[at..]);
        out.push_str(&character);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    out
}

/// What the escape at the front of a text stands for, and how long it is.
fn escape(text: &str) -> (Cow<'_, str>, usize) {
    let plain = match text.as_bytes().get(1) {
        Some(b'n') => "\n",
        Some(b't') => "\t",
        Some(b'r') => "\r",
        Some(b'b') => "\u{8}",
        Some(b'f') => "\u{c}",
        Some(b'"') => "\"",
        Some(b'\\') => "\\",
        Some(b'/') => "/",
        Some(b'u') => return unicode_escape(text),
        _ => return ("\\".into(), 1),
    };
    (plain.into(), 2)
}

fn unicode_escape(text: &str) -> (Cow<'_, str>, usize) {
    let unit = |at: usize| -> Option<u16> {
        let escape = text.get(at..at + 6)?;
        u16::from_str_radix(escape.strip_prefix("\\u")?, 16).ok()
    };
    let Some(first) = unit(0) else { return ("\\".into(), 1) };
    let pair = unit(6).map(|second| [first, second]);
    // Two halves make one character; half a one alone stands for none.
    let of = |units: &[u16]| char::decode_utf16(units.iter().copied()).next().and_then(Result::ok);
    if let Some(character) = of(&[first]) {
        return (character.to_string().into(), 6);
    }
    match pair.and_then(|pair| of(&pair)) {
        Some(character) => (character.to_string().into(), 12),
        None => ("\u{fffd}".into(), 6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str, rendering: &str) -> bool {
        TextMatch::new(text).is_in(rendering.as_bytes())
    }

    #[test]
    fn case_does_not_count() {
        assert!(found("Budget", r#"{"name":"BUDGET 2026.xlsx"}"#));
        assert!(found("ÜBERSICHT", r#"{"name":"übersicht.pdf"}"#));
        assert!(!found("budgets", r#"{"name":"Budget 2026"}"#));
        assert!(found("}", r#"{"name":"a"}"#) && !found("longer than it", "{}"));
    }

    #[test]
    fn neither_does_how_a_character_is_spelt() {
        assert!(found("übersicht", r#"{"name":"\u00dcbersicht"}"#));
        assert!(found("😀", r#"{"name":"\ud83d\ude00"}"#));
        assert!(found("a/b\"c\\d", r#"{"name":"a\/b\"c\\d"}"#));
        assert!(!found("u00dc", r#"{"name":"\u00dc"}"#));
        assert!(found("x", r#"{"name":"\ud83dx"}"#));
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_search_of_the_value(name in "[a-zA-ZäÖß\"\\\\/\n ]{0,20}", wanted in "[a-zA-Zö\" ]{1,3}") {
            let json = serde_json::to_string(&name).unwrap();
            let within = &json[1..json.len() - 1];
            let plain = name.to_lowercase().contains(&wanted.to_lowercase());
            prop_assert_eq!(TextMatch::new(&wanted).is_in(within.as_bytes()), plain);
        }

        #[test]
        fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = TextMatch::new("x").is_in(&bytes);
        }
    }
}
